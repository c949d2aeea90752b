package pg_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

// rightsOfApp is all that the application's role may do to tables: "r" reads,
// "a" adds, "d" deletes, "w(...)" changes these columns, "r(...)" reads only
// these. A table of a new migration is added here, with no more than it needs.
var rightsOfApp = map[string]string{
	"actor":            "r a",
	"batch":            "r a d w(files,typed)",
	"checkpoint":       "r a",
	"circle":           "r a",
	"circle_member":    "r a",
	"concern":          "r a",
	"concern_event":    "r a",
	"consent":          "r a w(until_at)",
	"consent_ending":   "r a",
	"consultation":     "r a",
	"decision":         "r a",
	"document":         "r a",
	"document_move":    "r a",
	"epoch":            "r a",
	"footprint":        "r a",
	"grant_ending":     "r a",
	"grants":           "r a w(valid_until)",
	"group_role":       "r a w(until_at)",
	"held":             "r a d",
	"home":             "r a",
	"idempotency":      "r a d",
	"leaf":             "r a",
	"lodging":          "r a",
	"lodging_event":    "r a",
	"lodging_note":     "r",
	"logout_told":      "r a",
	"look_answer":      "r a",
	"look_question":    "r a",
	"looked_into":      "r a",
	"outside_access":   "r a",
	"outside_decision": "r a",
	"outside_ending":   "r a",
	"outside_note":     "r a",
	"outside_review":   "r a",
	"person_event":     "r a",
	"provider":         "r a",
	"record":           "r a",
	"record_event":     "r a",
	"relative":         "r a",
	"relative_act":     "r a",
	"role_ending":      "r a",
	"role_held":        "r a w(until_at)",
	"safety_statement": "r a",
	"schema_version":   "r",
	"scim_group":       "r a",
	"scim_group_said":  "r a w(until_at)",
	"scim_member":      "r a w(until_at)",
	"scim_stop":        "r a",
	"scim_token":       "a w(revoked_at) r(actor_id,created_at,created_by,expires_at,id,label,provider_id,revoked_at)",
	"scim_use":         "r a w(last_at)",
	"scim_user":        "r a",
	"scim_user_said":   "r a w(until_at)",
	"session":          "a w(ended_at) r(actor_id,begun_at,browser,ended_at,expires_at,id,idle_seconds,provider_hint,sign_in_id)",
	"session_use":      "r a w(last_at)",
	"shield":           "r a",
	"shield_ending":    "r a",
	"sign_in":          "r a",
	"standing":         "r",
	"statement":        "r a",
	"time_stamp":       "r a",
	"token":            "a w(revoked_at) r(actor_id,created_at,created_by,expires_at,id,label,made_with,revoked_at)",
	"token_use":        "r a w(last_at)",
	"upload":           "r a d w(abandoned)",
	"version":          "r a",
}

// The application's role has the rights that are listed and no other. Nobody at
// large has any.
func TestRightsOfTheApplication(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `
		select c.relname, concat_ws(' ',
			case when has_table_privilege('custodian_app', c.oid, 'select') then 'r' end,
			case when has_table_privilege('custodian_app', c.oid, 'insert') then 'a' end,
			case when has_table_privilege('custodian_app', c.oid, 'delete') then 'd' end,
			case when has_table_privilege('custodian_app', c.oid, 'update') then 'w' end,
			case when has_table_privilege('custodian_app', c.oid, 'truncate, references, trigger') then 'more' end,
			(select 'w(' || string_agg(a.attname, ',' order by a.attname) || ')' from pg_attribute a
				where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege('custodian_app', c.oid, a.attnum, 'update') and not has_table_privilege('custodian_app', c.oid, 'update')),
			(select 'r(' || string_agg(a.attname, ',' order by a.attname) || ')' from pg_attribute a
				where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege('custodian_app', c.oid, a.attnum, 'select') and not has_table_privilege('custodian_app', c.oid, 'select'))),
			exists (select from aclexplode(c.relacl) x where x.grantee = 0)
		from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'app' and c.relkind in ('r', 'p', 'v', 'm', 'f')`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	var table, rights string
	var public bool
	_, err = pgx.ForEachRow(rows, []any{&table, &rights, &public}, func() error {
		got[table] = rights
		if public {
			t.Errorf("everybody has a right on %s", table)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rightsOfApp, got); diff != "" {
		t.Errorf("rights of custodian_app (-want +got):\n%s", diff)
	}
}

// plantOwn plants two people of one setting and one of another provider, each
// with a sign-in, a session that is in use, and an upload that waits.
func plantOwn(t *testing.T, d pgtest.Database) {
	t.Helper()
	for _, sql := range []string{
		`insert into app.provider (id, name) values (2000, 'p'), (2001, 'q')`,
		`insert into app.home (id, provider_id, name, kind) values (2100, 2000, 'h', 'childrens-home'), (2101, 2001, 'i', 'childrens-home')`,
		`insert into app.actor (id, provider_id, kind, name, created_by) values (5000, 2000, 'person', 'a', 1), (5001, 2000, 'person', 'b', 1), (5002, 2001, 'person', 'c', 1)`,
		`insert into app.record (id, provider_id, home_id, kind, name, created_by) values (3000, 2000, 2100, 0, 'r', 1), (3001, 2001, 2101, 0, 's', 1)`,
		`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			values (4000, 3000, 2000, 0, 'other', false, 't', now(), 1, now()), (4001, 3001, 2001, 0, 'other', false, 'u', now(), 1, now())`,
		`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values
			(5000, 1, 2100, 1, 3, 'role', 1, 'test', now()), (5001, 1, 2100, 1, 127, 'role', 1, 'test', now()), (5002, 0, 2001, 32767, 127, 'role', 1, 'test', now())`,
		`insert into app.group_role (id, provider_id, issuer, group_name, role, from_at, given_by, why) values (6000, 2000, 'https://one', 'g', 'staff', now(), 1, 'test'), (6001, 2001, 'https://two', 'g', 'staff', now(), 1, 'test')`,
		`insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, outcome) select 7000 + n, sha256(n::text::bytea), 5000 + n, case n when 2 then 2001 else 2000 end, 'https://one', n::text, 'done' from generate_series(0, 2) n`,
		`insert into app.sign_in (id, answer, issuer, subject, outcome) values (7009, sha256('x'), 'https://one', 'x', 'no-role')`,
		`insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, outcome) values (7100, sha256('new'), 5000, 2000, 'https://one', '0', 'done')`, // without a session yet
		`insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds) select 8000 + n, 5000 + n, 7000 + n, sha256(n::text::bytea), now() + interval '1 hour', 60 from generate_series(0, 2) n`,
		`insert into app.session_use (session_id, last_at) select id, now() from app.session`,
		`insert into app.upload (object_name) values ('0'), ('1'), ('2')`,
		`insert into app.batch (id, actor_id, record_id, files) values (9000, 5000, 3000, 1), (9001, 5001, 3000, 1), (9002, 5002, 3001, 1)`,
		`insert into app.held (id, batch_id, object_name, file_name, media_type, size, sha256, wrapped_key) select 9100 + n, 9000 + n, n::text, 'f', 'text/plain', 1, sha256('x'), 'x' from generate_series(0, 2) n`,
	} {
		d.Exec(t, sql)
	}
}

// as runs fn as the application's role for an actor, "" for none.
func as(t *testing.T, url, actor string, fn func(*pgx.Conn)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // and what was begun is undone
	if actor != "" {
		if _, err := conn.Exec(t.Context(), `select set_config('app.actor', $1, false)`, actor); err != nil {
			t.Fatal(err)
		}
	}
	fn(conn)
}

// Everybody has their own uploads, sessions and sign-ins; an administrator of the
// provider has its groups and sign-ins besides. Whoever acts for nobody has none of
// them, but for when sessions were used, which is written before anybody acts.
func TestOnesOwnRows(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantOwn(t, d)
	ids := map[string]string{"batch": "id", "held": "id", "session": "id", "session_use": "session_id", "sign_in": "id", "group_role": "id"}
	for actor, want := range map[string]map[string]string{
		"":     {"session_use": "8000 8001 8002"},
		"5000": {"batch": "9000", "held": "9100", "session": "8000", "session_use": "8000", "sign_in": "7000 7100"},
		"5001": {"batch": "9001", "held": "9101", "session": "8001", "session_use": "8001", "sign_in": "7001"},
		"5002": {"batch": "9002", "held": "9102", "session": "8002", "session_use": "8002", "sign_in": "7002", "group_role": "6001"},
		"1":    {"sign_in": "7000 7001 7002 7009 7100", "group_role": "6000 6001"}, // Custodian itself, which sets up
		"4":    {},
	} {
		as(t, d.App, actor, func(conn *pgx.Conn) {
			for _, table := range slices.Sorted(maps.Keys(ids)) {
				var got string
				err := conn.QueryRow(t.Context(), `select coalesce(string_agg(`+ids[table]+`::text, ' ' order by `+ids[table]+`), '') from app.`+table).Scan(&got)
				if err != nil || got != want[table] {
					t.Errorf("actor %q sees in %s: %q, %v; want %q", actor, table, got, err, want[table])
				}
			}
		})
	}
	// what was typed is kept for a week; the sweep acts for nobody, and meets what is older and nothing else
	d.Exec(t, `update app.batch set begun_at = now() - interval '8 days' where id = 9000`)
	as(t, d.App, "", func(conn *pgx.Conn) {
		tag, err := conn.Exec(t.Context(), `delete from app.batch`)
		if err != nil || tag.RowsAffected() != 1 {
			t.Errorf("swept %d, %v; want 1", tag.RowsAffected(), err)
		}
	})
}

// What nobody may write for another, or for nobody: refused, or no row is met.
func TestNobodyWritesForAnother(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantOwn(t, d)
	all := []string{"", "4", "5000", "5001", "5002"}
	for _, c := range []struct {
		sql string
		may []string // who may all the same
	}{
		{`insert into app.batch (id, actor_id, record_id, files) values (1, 5000, 3000, 1)`, []string{"5000"}},
		{`insert into app.batch (id, actor_id, record_id, files) values (1, 5000, 3001, 1)`, nil},
		{`insert into app.batch (id, actor_id, record_id, document_id, files) values (1, 5000, 3000, 4000, 1)`, []string{"5000"}},
		{`insert into app.batch (id, actor_id, record_id, document_id, files) values (1, 5000, 3000, 4001, 1)`, nil},
		{`insert into app.batch (id, actor_id, record_id, document_id, files) values (1, 5002, 3000, 4001, 1)`, nil},
		{`update app.batch set typed = '{"a":"b"}' where id = 9000`, []string{"5000"}},
		{`update app.batch set actor_id = 5001`, nil},
		{`delete from app.batch where id = 9000`, []string{"5000"}},
		{`insert into app.held (id, batch_id, file_name, media_type, size, sha256, wrapped_key) values (1, 9000, 'f', 'm', 1, sha256('x'), 'x')`, []string{"5000"}},
		{`update app.held set file_name = 'g'`, nil},
		{`delete from app.held where id = 9100`, []string{"5000"}},
		{`insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds) values (1, 5000, 7009, sha256('y'), now() + interval '1 hour', 60)`, nil},
		{`insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds) values (1, 5000, 7001, sha256('y'), now() + interval '1 hour', 60)`, nil},
		{`insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds) values (1, 5000, 7100, sha256('y'), now() + interval '1 hour', 60)`, []string{"5000"}},
		{`update app.session set ended_at = now() where id = 8000`, []string{"5000"}},
		{`update app.session set expires_at = 'infinity' where id = 8000`, nil},
		{`delete from app.session`, nil},
		{`select hash from app.session`, nil},
		{`insert into app.session_use (session_id, last_at) values (8000, now())`, nil},
		{`update app.session_use set last_at = now() where session_id = 8000`, []string{""}},
		{`delete from app.session_use`, nil},
		{`insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, outcome) values (1, sha256('z'), 5000, 2000, 'https://one', '0', 'done')`, nil},
		{`update app.sign_in set actor_id = 5000`, nil},
		{`delete from app.sign_in`, nil},
		{`insert into app.group_role (provider_id, issuer, group_name, role, from_at, given_by, why) values (2000, 'https://one', 'mine', 'administrator', now(), 5000, 'greed')`, nil},
		{`insert into app.group_role (provider_id, issuer, group_name, role, from_at, given_by, why) values (2001, 'https://one', 'ours', 'staff', now(), 5002, 'test')`, []string{"5002"}},
		{`update app.group_role set until_at = now() where id = 6000`, nil},
		{`update app.group_role set until_at = now() where id = 6001`, []string{"5002"}},
		{`update app.group_role set role = 'administrator'`, nil},
		{`delete from app.group_role`, nil},
		{`insert into app.role_held (id, actor_id, role, provider_id, from_at, given_by, why, group_role_id) values (1, 5002, 'manager', 2001, now(), 5002, 'test', 6001)`, nil},
		{`insert into app.role_held (id, actor_id, role, provider_id, from_at, given_by, why, group_role_id) values (1, 5002, 'staff', 2001, now(), 5002, 'test', 6001)`, []string{"5002"}},
	} {
		for _, actor := range all {
			as(t, d.App, actor, func(conn *pgx.Conn) {
				if _, err := conn.Exec(t.Context(), `begin`); err != nil {
					t.Fatal(err)
				}
				sql := c.sql
				tag, err := conn.Exec(t.Context(), sql)
				may := slices.Contains(c.may, actor)
				switch {
				case may && (err != nil || tag.RowsAffected() != 1):
					t.Errorf("actor %q: %s: %d rows, %v", actor, sql, tag.RowsAffected(), err)
				case !may && err == nil && tag.RowsAffected() > 0:
					t.Errorf("actor %q may: %s: %d rows", actor, sql, tag.RowsAffected())
				case !may && err != nil && !pg.Refused(err) && !strings.HasPrefix(sql, "insert into app.session_use"):
					t.Errorf("actor %q: %s: refused for another reason: %v", actor, sql, err)
				}
			})
		}
	}
}
