package pg_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pgtest"
)

// plantFile plants two who manage and audit a setting, 5000 and 5001, and a third,
// 5002; the file of the first, with a document that is restricted in it, which the
// third approved of and looked at; and a second record, beside whose home is another.
func plantFile(t *testing.T, d pgtest.Database) {
	t.Helper()
	for _, sql := range []string{
		`insert into app.provider (id, name) values (2000, 'p')`,
		`insert into app.home (id, provider_id, name, kind) values (2100, 2000, 'h', 'childrens-home'), (2101, 2000, 'i', 'childrens-home')`,
		`insert into app.actor (id, provider_id, kind, name, issuer, subject, created_by) values (5000, 2000, 'person', 'a', 'https://one', 'a', 1), (5001, 2000, 'person', 'b', '', '', 1), (5002, 2000, 'person', 'c', '', '', 1)`,
		`insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) select 6000 + a, a, 1, 2100, 32767, 127, 'role', 1, 'test', now() from generate_series(5000, 5001) a`,
		`insert into app.record (id, provider_id, home_id, kind, name, created_by, actor_id) values (3000, 2000, 2100, 1, 'a', 1, 5000), (3001, 2000, 2100, 0, 'r', 1, null)`,
		`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at) values (4001, 3001, 2000, 0, 'other', false, 't', now(), 1, now())`,
		`with d as (insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at) values (4000, 3000, 2000, 5, 'other', false, 't', now(), 1, now()) returning id)
			insert into app.lodging (document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by) select id, 3000, 'police-ask', 'x', 5001, 'x', current_date + 30, 1 from d`,
		`insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
			values (4500, 4000, 1, sha256('x'), 1, 'text/plain', 'f', 'o', '', 5002, now(), now())`,
		`insert into app.statement (document_id, version_id, kind, in_from, said_by) values (4000, 4500, 'told', now(), 5002)`,
		`insert into app.footprint (id, actor_id, action, outcome, document_id) values (8000, 5002, 'document.viewed', 'done', 4000)`,
		`insert into app.concern (id, footprint_id, about_actor, provider_id, raised_by, wanted, goes_to, words) values (8500, 8000, 5002, 2000, 5001, 'manager', 'manager', 'x')`,
	} {
		d.Exec(t, sql)
	}
}

// What runs with its owner's rights leaves out what the policies leave out besides
// the rule: what is restricted in somebody's own file, and what was shielded.
func TestFunctionsAskWhatPoliciesAsk(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantFile(t, d)
	seen := func(actor string, want int, what string) {
		t.Helper()
		as(t, d.App, actor, func(conn *pgx.Conn) {
			for _, sql := range []string{
				`select count(*) from app.document where id = 4000`,
				`select count(distinct document_id) from app.changes_of(3000, '-infinity', 'infinity', clock_timestamp(), clock_timestamp())`,
				`select count(*) from app.footprint where id = 8000`,
				`select count(*) from app.how_seen('{8000}')`,
				`select count(*) from app.draw('-infinity', 'infinity', 8000, 1, 10)`,
				`select count(*) from app.audited_document(4000)`,
				`select app.handles(8500)::int`,
				`select count(*) from app.advisers(3000) where actor_id = 5001`,
				`select count(*) from app.unusual('2000-01-01', '2100-01-01', '00:00', '00:00', 1, 0, '{}', '{}', 3) where actor_id = 5002 and rule = 'volume'`,
			} {
				var n int
				if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != want {
					t.Errorf("%s: %s gives %d, %v; want %d", what, sql, n, err, want)
				}
			}
		})
	}
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) values (7000, 5002, 'staff', 2000, 2100, '2000-01-01', 1, 'x')`)
	seen("5001", 1, "who manages")
	seen("5000", 0, "whose file it is")
	d.Exec(t, `insert into app.circle (id, record_id, ground, why, given_by, valid_from) values (9000, 3000, 'other', 'x', 1, now())`)
	seen("5001", 0, "who is not in the circle")
}

// Of a shield its subject is told nothing, also where they ask what they could see;
// whoever keeps them is told, of a circle too.
func TestShieldsAreToldToOthers(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantFile(t, d)
	d.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5002, 2, 3001, 1, 1, 'portal-link', 1, 'test', now()), (5000, 0, 2000, 8, 72, 'role', 1, 'test', now())`)
	shielded := func(actor string) (is bool) {
		t.Helper()
		as(t, d.App, actor, func(conn *pgx.Conn) {
			if err := conn.QueryRow(t.Context(), `select shielded from app.access_of(5002, now() - interval '1 day', now() + interval '1 day') where scope = 2`).Scan(&is); err != nil {
				t.Fatal(err)
			}
		})
		return is
	}
	if shielded("5000") {
		t.Error("told before there was a shield")
	}
	d.Exec(t, `insert into app.circle (id, record_id, ground, why, given_by, valid_from) values (9000, 3001, 'other', 'x', 1, current_date)`)
	if !shielded("5000") {
		t.Error("whoever keeps them is not told of the circle")
	}
	if shielded("5002") {
		t.Error("the one it is about is told")
	}
	d.Exec(t, `insert into app.circle_member (circle_id, actor_id, why, given_by, valid_from) values (9000, 5002, 'x', 1, current_date)`)
	if shielded("5000") {
		t.Error("told of somebody who was in the circle all the time")
	}
}

// Whatever may have changed somebody's rights is told when it is committed.
func TestChangesOfRightsAreTold(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantFile(t, d)
	d.Exec(t, `insert into app.scim_user (id, provider_id, issuer, subject) values (7000, 2000, 'https://one', 'a')`)
	d.Exec(t, `insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (6900, 5002, 2, 3001, 1, 1, 'break-glass', 5002, 'audit', now(), now() + interval '1 day')`)
	d.Exec(t, `insert into app.outside_access (id, record_id, actor_id, reason, section, wanted, grant_id) values (9100, 3001, 5002, 'audit', 0, 'day', 6900)`)
	conn, err := pgx.Connect(t.Context(), d.App)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `listen custodian_rights`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ told, sql string }{
		{"5001", `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values (5001, 3001, 'x', 1, now())`},
		{"all", `insert into app.circle (id, record_id, ground, why, given_by, valid_from) values (9000, 3001, 'other', 'x', 5000, now())`},
		{"5002", `insert into app.circle_member (id, circle_id, actor_id, why, given_by, valid_from) values (9001, 9000, 5002, 'x', 1, now())`},
		{"5002", `insert into app.shield_ending (member_id, by_actor, why) values (9001, 1, 'x')`},
		{"5002", `insert into app.outside_ending (access_id, by_actor, why) values (9100, 1, 'x')`},
		{"5000", `insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values (7000, 2000, 'https://one', 'a', 'a', false, 1)`},
		{"5001", `insert into app.person_event (actor_id, what, from_at, why, by_actor) values (5001, 'left', now() + interval '1 day', 'x', 1)`},
		{"all", `insert into app.document_move (document_id, from_class, to_class, why, by_actor) values (4001, 0, 1, 'x', 1)`},
		{"all", `insert into app.record_event (record_id, what, on_date, home_id, why, by_actor) values (3001, 'moved', current_date, 2101, 'x', 1)`},
	} {
		d.Exec(t, c.sql)
		d.Exec(t, `notify custodian_rights, 'no more'`)
		var told []string
		for !slices.Contains(told, "no more") {
			n, err := conn.WaitForNotification(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			told = append(told, n.Payload)
		}
		if !slices.Contains(told, c.told) {
			t.Errorf("%s: told %q, want %s", c.sql, told, c.told)
		}
	}
}

// Whoever reads a record as the one whom it is about is not shown what is restricted
// in it, whatever other grants they come to hold.
func TestWhatIsRestrictedFromItsSubjectStaysSo(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantFile(t, d)
	for _, sql := range []string{
		`alter table app.document disable trigger lodged`,
		`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at) values (4002, 3001, 2000, 2, 'other', false, 't', now(), 1, now())`,
		`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (5000, 2, 3001, 7, 1, 'break-glass', 5000, 'test', now(), now() + interval '1 day')`,
	} {
		d.Exec(t, sql)
	}
	sees := func() (n int) {
		as(t, d.App, "5000", func(conn *pgx.Conn) {
			if err := conn.QueryRow(t.Context(), `select count(*) from app.document where id = 4002`).Scan(&n); err != nil {
				t.Error(err)
			}
		})
		return n
	}
	if n := sees(); n != 1 {
		t.Fatalf("a stranger to it who may reads %d", n)
	}
	d.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5000, 2, 3001, 3, 1, 'data-subject', 1, 'test', now())`)
	if n := sees(); n != 0 {
		t.Errorf("its subject reads %d", n)
	}
}
