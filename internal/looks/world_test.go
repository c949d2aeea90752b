package looks_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/looks"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a planted provider, with the footprints that a test leaves in it.
type world struct {
	pgtest.Database
	*sample.Planted
	t testing.TB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), t: t}
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	must(t, err)
	// what was planted began long ago, but for a shift, which is short
	w.back(`update app.role_held set from_at = now() - interval '2 years' where role <> 'shift-lead'`, `update app.grants set valid_from = now() - interval '2 years'`)
	return w
}

// back runs statements past the triggers that keep everything as it is.
func (w *world) back(sql ...string) {
	w.t.Helper()
	for _, s := range sql {
		w.Exec(w.t, `do $do$ begin set local session_replication_role = replica; `+s+`; end $do$`)
	}
}

// leave leaves a footprint of somebody on a record or a document, at a time.
func (w *world) leave(who, action string, record, document int64, at time.Time, outcome string) int64 {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.footprint (actor_id, action, outcome, record_id, document_id, sought) values ($1, $2, $3, nullif($4, 0), nullif($5, 0), case when $3 = 'done' then '' else 'record ' || $4 end) returning id`,
		[]any{int64(w.Actors[who].ID), action, outcome, record, document}, &id)
	if !at.IsZero() {
		w.Exec(w.t, `do $do$ begin set local session_replication_role = replica; update app.footprint set at = '`+at.UTC().Format(time.RFC3339Nano)+`' where id = `+number(id)+`; end $do$`)
	}
	return id
}

// document puts a document of a class on a record, without content: in the
// restricted section by a lodging.
func (w *world) document(record, title, kind string, section access.Section) int64 {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `with d as (insert into app.document (record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select r.id, r.provider_id, r.kind * 3 + $3, $4, false, $2, now(), 1, now() from app.record r where r.id = $1 returning id),
		l as (insert into app.lodging (document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by)
			select d.id, $1, 'serious-harm', 'x', (select a.id from app.actor a where app.advises(a.id, $1) order by a.id limit 1), 'x', current_date + 30, 1 from d where $3 = 2)
		select id from d`,
		[]any{w.Records[record], title, int16(section), kind}, &id)
	return id
}

// subject makes one of the people whom a record is about: they read its general section.
func (w *world) subject(who, record string) access.Actor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', $2, 1) returning id`, []any{w.Provider, who}, &id)
	a := access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	w.Actors[who] = a
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from)
		select $1, 2, r.id, 1 << (r.kind * 3), 1, 'data-subject', 1, 'it is about them', now() - interval '1 year' from app.record r where r.id = $2`, id, w.Records[record])
	return a
}

// outside makes somebody ask for access outside their role, from which so many
// grants followed: none, their own 24 hours, and what a manager approved.
func (w *world) outside(who string, record int64, at time.Time, grants int) {
	w.t.Helper()
	ids := make([]*int64, 2)
	for i := range grants {
		w.Scan(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
			values ($1, 2, $2, 7, 1, 'break-glass', 1, 'audit', $3, $3::timestamptz + interval '1 day') returning id`, []any{int64(w.Actors[who].ID), record, at}, &ids[i])
	}
	var id int64
	w.Scan(w.t, `insert into app.outside_access (record_id, actor_id, reason, section, wanted, grant_id) values ($1, $2, 'audit', 0, 'fortnight', $3) returning id`,
		[]any{record, int64(w.Actors[who].ID), ids[0]}, &id)
	w.Exec(w.t, `insert into app.outside_decision (access_id, approved, by_actor, why, grant_id) values ($1, $2::bigint is not null, 1, 'x', $2)`, id, ids[1])
	w.back(`update app.outside_access set asked_at = '` + at.UTC().Format(time.RFC3339Nano) + `' where id = ` + number(id))
}

func (w *world) all(who string, f looks.Filter) []looks.Look {
	w.t.Helper()
	if f.Limit == 0 {
		f.Limit = 1000
	}
	list, err := looks.Everything(w.t.Context(), w.DB, w.Actors[who], f)
	must(w.t, err)
	return list
}

func has(list []looks.Look, id int64) bool {
	for _, l := range list {
		if l.ID == id {
			return true
		}
	}
	return false
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
