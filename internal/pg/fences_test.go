package pg_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

// The fences that hold whatever the program does.
func TestFences(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(t, `insert into app.provider (id, name) values (2000, 'p')`)
	d.Exec(t, `insert into app.home (id, provider_id, name, kind) values (2100, 2000, 'h', 'childrens-home')`)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (5000, 2000, 'person', 'a', 1)`)
	d.Exec(t, `insert into app.record (id, provider_id, home_id, kind, name, created_by) values (3000, 2000, 2100, 0, 'r', 1)`)
	d.Exec(t, `insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
		values (4000, 3000, 2000, 0, 'other', false, 't', now(), 1, now())`)
	d.Exec(t, `insert into app.footprint (actor_id, action, outcome) values (5000, 'a.b', 'done')`)
	d.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5000, 1, 2100, 32767, 127, 'role', 1, 'test', now())`)

	count := func(url, setup string) (n int) {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), setup); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(t.Context(), `select count(*) from app.document`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(d.Owner, `select set_config('app.actor', '5000', false)`); n != 0 {
		t.Errorf("the owner sees %d documents", n)
	}
	if n := count(d.App, `select 1`); n != 0 {
		t.Errorf("nobody sees %d documents", n)
	}
	if n := count(d.App, `select set_config('app.actor', '5000', false)`); n != 1 {
		t.Errorf("who holds the grant sees %d documents, want 1", n)
	}
	refused := func(who, url, sql string) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), `select set_config('app.actor', '5000', false)`); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), sql); !pg.Refused(err) {
			t.Errorf("%s: %s: %v", who, sql, err)
		}
	}
	for _, table := range []string{"footprint", "version", "decision", "statement", "record_event", "document", "record", "provider", "home", "actor"} {
		refused("app", d.App, `delete from app.`+table)
		refused("superuser", d.Super, `truncate app.`+table+` cascade`)
	}
	refused("superuser", d.Super, `update app.footprint set action = 'x.y'`)
	refused("superuser", d.Super, `delete from app.footprint`)
	refused("superuser", d.Super, `update app.document set title = 'other'`)
	refused("superuser", d.Super, `update app.grants set valid_until = valid_from, rights = 1`)
	refused("app", d.App, `insert into app.footprint (actor_id, action, outcome) values (1, 'a.b', 'done')`)
	refused("app", d.App, `update app.document set home_id = null`)
	refused("app", d.App, `insert into app.standing values (4000, 1, now(), 'infinity', now(), 'infinity')`)
	refused("app", d.App, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5000, 0, 2000, 32767, 127, 'role', 5000, 'greed', now())`)
	refused("app", d.App, `set role custodian_owner`)
	refused("app", d.App, `select hash from app.token`)
	// footprints of Custodian itself, which belongs to no provider, are nobody else's to see
	d.Exec(t, `insert into app.footprint (actor_id, action, outcome) values (1, 'a.b', 'done')`)
	seen, err := pgx.Connect(t.Context(), d.App)
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close(context.Background())
	if _, err := seen.Exec(t.Context(), `select set_config('app.actor', '5000', false)`); err != nil {
		t.Fatal(err)
	}
	var own, others int
	if err := seen.QueryRow(t.Context(), `select count(*) filter (where actor_id = 5000), count(*) filter (where actor_id = 1) from app.footprint`).Scan(&own, &others); err != nil || own != 1 || others != 0 {
		t.Errorf("footprints seen: %d own, %d of Custodian, %v", own, others, err)
	}
	// a grant ended stays ended
	d.Exec(t, `update app.grants set valid_until = now()`)
	refused("superuser", d.Super, `update app.grants set valid_until = now() + interval '1 day'`)
	if n := count(d.App, `select set_config('app.actor', '5000', false)`); n != 0 {
		t.Errorf("after the grant ended %d documents are seen", n)
	}
}
