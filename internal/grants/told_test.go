package grants_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/sample"
)

// given is a grant as a plain model has it.
type given struct {
	id, actor   int64
	scope       access.Scope
	at          int64
	mask        access.Mask
	from, until time.Time
}

// lay is where a record lay from a moment on.
type lay struct {
	home int64
	from time.Time
}

// For any day it is told who could see what, as a plain model says it: random grants
// of every scope, some that never began, over records that moved; in the past, today
// and to come.
func TestAccessOnADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	conn, err := pgx.Connect(t.Context(), w.Super)
	w.must(err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `set session_replication_role = replica; delete from app.grants; delete from app.record_event where what = 'moved'`)
	w.must(err)
	r := rand.New(rand.NewPCG(20261124, 13))
	now := time.Now().Truncate(time.Microsecond)
	moment := func() time.Time { return now.Add(time.Duration(r.IntN(80*24*3600)-40*24*3600) * time.Second) }
	homes := []int64{w.Homes[sample.ChildrensHome], w.Homes[sample.FamilyCentre], w.Homes[sample.Supported]}
	records := map[int64]access.RecordKind{w.Records["Wren Sample"]: access.YoungPerson, w.Records["Heron Specimen"]: access.Parent, w.Records["Sam Example"]: access.Staff}
	var ids []int64
	lays := map[int64][]lay{}
	for id := range records {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		var home int64
		w.must(conn.QueryRow(t.Context(), `select home_id from app.record where id = $1`, id).Scan(&home))
		_, err = conn.Exec(t.Context(), `update app.record_event set at = now() - interval '60 days' where record_id = $1`, id)
		w.must(err)
		lays[id] = []lay{{home, time.Time{}}}
		times := []time.Time{moment(), moment()}
		slices.SortFunc(times, time.Time.Compare)
		for _, at := range times {
			to := homes[r.IntN(3)]
			_, err = conn.Exec(t.Context(), `insert into app.record_event (record_id, what, on_date, home_id, from_home_id, why, by_actor, at) values ($1, 'moved', ($2::timestamptz)::date, $3, $4, 'x', 1, $2)`, id, at, to, home)
			w.must(err)
			lays[id], home = append(lays[id], lay{to, at}), to
		}
	}
	actors := []int64{int64(w.Actors["staff"].ID), int64(w.Actors["other-staff"].ID), int64(w.Actors["auditor"].ID)}
	var all []given
	for i := range 300 {
		g := given{id: int64(700000 + i), actor: actors[r.IntN(3)], scope: access.Scope(r.IntN(3)), mask: access.Mask(1 + r.IntN(32767)), from: moment()}
		g.at = []int64{w.Provider, homes[r.IntN(3)], ids[r.IntN(3)]}[g.scope]
		if g.until = g.from.Add(time.Duration(r.IntN(30*24*3600)) * time.Second); i%7 == 0 {
			g.until = g.from
		}
		_, err := conn.Exec(t.Context(), `insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
			values ($1, $2, $3, $4, $5, 1, 'portal-link', 1, 'x', $6, $7)`, g.id, g.actor, g.scope, g.at, g.mask, g.from, g.until)
		w.must(err)
		all = append(all, g)
	}
	// whoever asks: an administrator of a sort that this test does not draw
	for id, actor := range map[int64]string{1: "admin", 2: "dpo"} {
		_, err = conn.Exec(t.Context(), `insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, $2, 0, $3, 32767, 72, 'role', 1, 'x', '2000-01-01')`,
			800000+id, int64(w.Actors[actor].ID), w.Provider)
		w.must(err)
	}
	told := 0
	for day := range 90 {
		d := clock.DayOf(now).Plus(day - 45)
		from, until := d.Start(), d.Next().Start()
		for _, who := range actors {
			list, err := grants.AccessOf(t.Context(), w.DB, w.Actors["admin"], access.ActorID(who), from, until)
			w.must(err)
			told += len(list)
			same(t, "access of", d, list, all, func(g given) bool { return g.actor == who && g.on(from, until) })
		}
		for _, id := range ids {
			list, err := grants.AccessTo(t.Context(), w.DB, w.Actors["dpo"], id, from, until)
			w.must(err)
			told += len(list)
			same(t, "access to", d, list, all, func(g given) bool {
				return g.on(from, until) && g.reaches(id, records[id], w.Provider, lays[id], from, until)
			})
		}
	}
	if told < 2000 {
		t.Errorf("%d lines prove little", told)
	}
}

func (g given) on(from, until time.Time) bool {
	return g.from.Before(g.until) && g.from.Before(until) && g.until.After(from)
}

// reaches tells whether a grant reached a record at some moment of a period.
func (g given) reaches(record int64, kind access.RecordKind, provider int64, lays []lay, from, until time.Time) bool {
	if !g.mask.Has(access.ClassOf(kind, access.General)) && !g.mask.Has(access.ClassOf(kind, access.Sensitive)) && !g.mask.Has(access.ClassOf(kind, access.Restricted)) {
		return false
	}
	switch g.scope {
	case access.AtProvider:
		return g.at == provider
	case access.AtRecord:
		return g.at == record
	}
	for i, l := range lays {
		ends := until.AddDate(100, 0, 0)
		if i+1 < len(lays) {
			ends = lays[i+1].from
		}
		if l.home == g.at && later(l.from, g.from, from).Before(earlier(ends, g.until, until)) {
			return true
		}
	}
	return false
}

func later(times ...time.Time) time.Time   { return slices.MaxFunc(times, time.Time.Compare) }
func earlier(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }

func same(t *testing.T, what string, d clock.Day, list []grants.Told, all []given, want func(given) bool) {
	t.Helper()
	got := map[int64]bool{}
	for _, g := range list {
		got[g.Grant] = true
	}
	for _, g := range all {
		if got[g.id] != want(g) {
			t.Errorf("%s on %s: grant %+v is told: %v", what, d, g, got[g.id])
		}
	}
}

// Who may ask: of a setting whoever keeps its people, of the provider administrators
// and those who audit; and nobody learns a name that they may not know.
func TestWhoAsksWhoSees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["staff"].ID, w.Records["Wren Sample"], "knows Wren best")
	w.must(err)
	from, until := days(0), days(1)
	of := func(by, who string) []grants.Told {
		t.Helper()
		list, err := grants.AccessOf(t.Context(), w.DB, w.Actors[by], w.Actors[who].ID, from, until)
		w.must(err)
		return list
	}
	for by, want := range map[string]int{"admin": 2, "manager": 2, "auditor": 2, "dpo": 2, "individual": 2, "staff": 2, "other-manager": 0, "staff2": 0, "inspector": 0, "front-door": 0, "young-person": 0} {
		list := of(by, "staff")
		if len(list) != want {
			t.Errorf("%s is told %d grants, want %d", by, len(list), want)
		}
		for _, g := range list {
			knows := by == "manager" || by == "dpo" || by == "individual" || by == "staff"
			if g.Basis == "key-worker" && (g.RecordName == "Wren Sample") != knows {
				t.Errorf("%s is told that the record is %q", by, g.RecordName)
			}
			if g.Basis == "key-worker" && !knows && g.Why != "" {
				t.Errorf("%s is told why, in words about somebody whom they may not know: %q", by, g.Why)
			}
		}
	}
	for by, may := range map[string]bool{"manager": true, "auditor": true, "dpo": true, "individual": true, "staff": false, "admin": false, "inspector": false, "other-manager": false, "visitor-44": false, "young-person": false} {
		list, err := grants.AccessTo(t.Context(), w.DB, w.Actors[by], w.Records["Wren Sample"], from, until)
		if may != (err == nil) || !may && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s asks who sees the record: %v", by, err)
		}
		names := map[string]bool{}
		for _, g := range list {
			names[g.Name] = true
		}
		if may && (!names["Sam Example"] || !names["Jules Example"] || !names["Frankie Example"] || names["Wren Sample"] == (by == "auditor") || names["Lindsay Example"] || names["Ollie Example"]) {
			t.Errorf("%s is told %v", by, names)
		}
	}
}
