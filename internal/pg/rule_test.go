package pg_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

// The rule is stated twice: in SQL, for every row, and in Go, for actions. Here
// random people hold random grants (expired, to come, ending this instant, on
// every scope, with every mix of rights, with shields in the way) over random
// records (with and without a home), and the two must agree on every case.
func TestTheRuleIsTheSameInSQLAndInGo(t *testing.T) {
	t.Parallel()
	const actors, documents = 60, 150
	d := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	r := rand.New(rand.NewPCG(20261122, 2))
	plantRule(t, conn, r, actors, documents)
	cases, allowed := 0, 0
	for a := range actors {
		n, yes := compare(t, conn, d.DB, access.ActorID(5000+a))
		cases, allowed = cases+n, allowed+yes
	}
	t.Logf("%d cases, %d allowed", cases, allowed)
	if cases < 20_000 || allowed < cases/100 || allowed > cases*9/10 {
		t.Errorf("%d cases with %d allowed prove little", cases, allowed)
	}
}

func plantRule(t *testing.T, conn *pgx.Conn, r *rand.Rand, actors, documents int) {
	t.Helper()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`alter table app.document disable trigger lodged`) // that what is restricted was lodged is another rule
	for p := range 3 {
		exec(`insert into app.provider (id, name) values ($1, 'p')`, 2000+p)
	}
	for h := range 9 {
		exec(`insert into app.home (id, provider_id, name, kind) values ($1, $2, 'h', 'childrens-home')`, 2100+h, 2000+h%3)
	}
	for i := range 40 {
		home := new(2100 + i%9)
		if i%7 == 0 {
			home = nil
		}
		exec(`insert into app.record (id, provider_id, home_id, kind, name, created_by) values ($1, $2, $3, $4, 'r', 1)`, 3000+i, 2000+(i%9)%3, home, r.IntN(5))
	}
	for i := range documents {
		record := 3000 + r.IntN(40)
		exec(`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select $1, id, provider_id, kind * 3 + $3, 'other', false, 't', now(), 1, now() from app.record where id = $2`, 4000+i, record, r.IntN(3))
	}
	periods := []string{"'-infinity', 'infinity'", "now() - interval '1 day', now() + interval '1 day'", "now() - interval '1 day', 'infinity'",
		"now() - interval '2 days', now() - interval '1 day'", "now() + interval '1 day', 'infinity'", "now(), now()"}
	for a := range actors {
		kind := []string{"person", "person", "service"}[r.IntN(3)]
		exec(`insert into app.actor (id, provider_id, kind, name, created_by) values ($1, $2, $3, 'a', 1)`, 5000+a, 2000+r.IntN(3), kind)
		for range 1 + r.IntN(6) {
			scope := r.IntN(4)
			at := []int{2000 + r.IntN(3), 2100 + r.IntN(9), 3000 + r.IntN(40), 4000 + r.IntN(documents)}[scope]
			exec(`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
				values ($1, $2, $3, $4, $5, 'role', 1, 'test', `+periods[r.IntN(len(periods))]+`)`, 5000+a, scope, at, 1+r.IntN(32767), 1+r.IntN(127))
		}
		for range r.IntN(3) {
			exec(`insert into app.shield (actor_id, record_id, why, given_by, valid_from, valid_until) values ($1, $2, 'test', 1, `+periods[r.IntN(len(periods))]+`)`, 5000+a, 3000+r.IntN(40))
		}
	}
}

// compare holds SQL against Go for one actor, on every document, for every right.
func compare(t *testing.T, conn *pgx.Conn, db *pg.DB, id access.ActorID) (cases, allowed int) {
	t.Helper()
	ctx := t.Context()
	actor := access.Actor{ID: id}
	if err := conn.QueryRow(ctx, `select kind from app.actor where id = $1`, id).Scan(&actor.Kind); err != nil {
		t.Fatal(err)
	}
	var rights access.Rights
	var visible, records []int64
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		if rights, err = tx.Rights(ctx); err != nil {
			return err
		}
		if visible, err = ids(tx, `select id from app.document`); err != nil {
			return err
		}
		records, err = ids(tx, `select id from app.record`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `select set_config('app.actor', $1, false)`, fmt.Sprint(id)); err != nil {
		t.Fatal(err)
	}
	for _, need := range []access.Right{access.Read, access.Add, access.Approve, access.Manage, access.Share, access.Disclose, access.Audit} {
		// as the superuser the rule itself is asked, past the policies; a service account's approval is refused by the decision's policy
		rows, err := conn.Query(ctx, `
			select id, record_id, provider_id, coalesce(home_id, 0), class,
				app.sees(provider_id, home_id, record_id, id, class, (select app.reach($1)), (select app.shields())) and ($1 <> 4 or app.my_kind() = 'person')
			from app.document`, need)
		if err != nil {
			t.Fatal(err)
		}
		var p access.Place
		var sql bool
		_, err = pgx.ForEachRow(rows, []any{&p.Document, &p.Record, &p.Provider, &p.Home, &p.Class, &sql}, func() error {
			_, ours := access.Decide(rights, access.Action{Name: "x.y", Needs: need}, p)
			if cases++; ours {
				allowed++
			}
			if ours != sql {
				t.Errorf("actor %d right %d at %+v: SQL %v, Go %v", id, need, p, sql, ours)
			}
			if need == access.Read && slices.Contains(visible, p.Document) != ours {
				t.Errorf("actor %d document %d: policy %v, Go %v", id, p.Document, !ours, ours)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	compareRecords(t, conn, rights, records)
	return cases, allowed
}

func compareRecords(t *testing.T, conn *pgx.Conn, rights access.Rights, visible []int64) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select id, provider_id, coalesce(home_id, 0), kind * 3 from app.record`)
	if err != nil {
		t.Fatal(err)
	}
	var p access.Place
	_, err = pgx.ForEachRow(rows, []any{&p.Record, &p.Provider, &p.Home, &p.Class}, func() error {
		if _, ours := access.DecideRecord(rights, access.ViewRecord, p); ours != slices.Contains(visible, p.Record) {
			t.Errorf("actor %d record %d: policy %v, Go %v", rights.Actor.ID, p.Record, !ours, ours)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ids(tx *pg.Tx, sql string) ([]int64, error) {
	rows, err := tx.Query(context.Background(), sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

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
	var open []string
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = 'app' and c.relkind in ('r', 'p', 'v', 'm') and c.relname not like '%schema_version' and not (c.relrowsecurity and c.relforcerowsecurity)`)
	if err != nil {
		t.Fatal(err)
	}
	if open, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(open) > 0 {
		t.Errorf("tables without forced row-level security: %v %v", open, err)
	}
}
