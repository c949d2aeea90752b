package versions_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/versions"
)

// stood is how a document stood, as the plain model tells it.
type stood struct {
	shown        bool // it is among the rows
	number       int  // in force, 0 for none
	comes, ended time.Time
	gone         bool
}

// edges are the moments at which a history may change what holds, in order.
func edges(history []told) []time.Time {
	var all []time.Time
	for _, s := range history {
		all = append(all, s.from, s.to)
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.Compact(all)
}

// just is the moment before.
func just(t time.Time) time.Time { return t.Add(-time.Microsecond) }

// look tells how a document stood on a day, from nothing but what was said.
func look(history []told, day clock.Day, known time.Time, all bool) stood {
	at, end := day.Start(), day.Next().Start()
	s := stood{number: model(history, at, known), shown: all}
	first := map[int]time.Time{}
	for _, h := range history {
		if _, ok := first[h.version]; !ok {
			first[h.version] = h.at
		}
	}
	ever := false
	for _, t := range edges(history) {
		was, is := model(history, just(t), known), model(history, t, known)
		ever = ever || is != 0
		if is != 0 && is != was && t.After(at) && s.comes.IsZero() && first[is].Before(end) {
			s.comes = t
		}
		if was != 0 && is != was && !t.After(at) {
			s.ended = t
		}
	}
	for _, w := range withdrawals(history, known) {
		switch {
		case ever:
			s.gone = s.gone || w.from.Equal(s.ended)
		case !s.gone || w.from.Before(s.ended):
			s.gone, s.ended = true, w.from
		}
	}
	// what never held and was withdrawn from a day ahead had not happened yet
	s.shown = s.shown || s.number != 0 || !s.comes.IsZero() || !s.ended.IsZero() && !s.ended.After(at)
	return s
}

// withdrawals are those that stand: not said again before a new version was told.
func withdrawals(history []told, known time.Time) (list []told) {
	for i, w := range history {
		if w.version != 0 || w.at.After(known) {
			continue
		}
		stands, fresh := true, false
		highest := 0
		for _, h := range history[:i] {
			highest = max(highest, h.version)
		}
		for _, l := range history[i+1:] {
			fresh = fresh || l.version > highest
			if l.version == 0 && !l.at.After(known) && !fresh {
				stands = false
			}
		}
		if stands {
			list = append(list, w)
		}
	}
	return list
}

// spread moves what was said about a record's documents apart, to weeks of 2025
// and 2026, so that a past day lies between what was known on it and what was
// said later. What follows from it moves along.
func spread(t *testing.T, conn *pgx.Conn, record int64, all map[int64][]told) {
	t.Helper()
	for _, sql := range []string{
		`set session_replication_role = replica`,
		`alter table app.standing drop constraint if exists standing_one_truth`,
		`drop table if exists pg_temp.moved`,
		fmt.Sprintf(`create temp table moved as select s.id, s.document_id, s.said_at as was,
			timestamptz '2025-01-01 10:00Z' + row_number() over (partition by s.document_id order by s.said_at) * interval '61 days' + s.document_id %% 40 * interval '1 day' as told
			from app.statement s join app.document d on d.id = s.document_id where d.record_id = %d`, record),
		`update app.statement s set said_at = m.told from moved m where m.id = s.id`,
		`update app.standing s set known_from = m.told, known_to = coalesce((select o.told from moved o where o.document_id = s.document_id and o.was = s.known_to), s.known_to)
			from moved m where m.document_id = s.document_id and m.was = s.known_from`,
		`reset session_replication_role`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	rows, err := conn.Query(t.Context(), `select document_id, said_at from app.statement where document_id in (select document_id from moved) order by said_at`)
	must(t, err)
	var id int64
	var at time.Time
	n := map[int64]int{}
	_, err = pgx.ForEachRow(rows, []any{&id, &at}, func() error {
		all[id][n[id]].at = at
		n[id]++
		return nil
	})
	must(t, err)
}

// Random histories as in TestHistoriesAgreeWithThePlainModel, said over two
// years: what a record's page tells of a day, with what had ended, what was known
// to come and what was withdrawn, is what the plain model tells. Its versions in
// force are those of AsAt to the letter, its pages have neither gap nor repeat,
// and the strip of changes has each change once.
func TestLooksAgreeWithThePlainModel(t *testing.T) {
	t.Parallel()
	const perRecord = 100
	w := newWorld(t)
	conn, err := pgx.Connect(t.Context(), w.Super)
	must(t, err)
	defer conn.Close(context.Background())
	r := rand.New(rand.NewPCG(20261124, 3))
	var found [5]int
	asked := 0
	for n := 0; n < tried(400, 4_000); n += perRecord {
		library, err := people.Open(t.Context(), w.DB, w.Actors["manager"], people.NewRecord{Home: w.Homes["Larkfield House"], Kind: access.Library, Name: fmt.Sprintf("Library %d", n), Why: "test"})
		must(t, err)
		all := map[int64][]told{}
		for range perRecord {
			id, h := plantHistory(t, conn, r, library, int64(w.Actors["staff"].ID))
			all[id] = h
		}
		spread(t, conn, library, all)
		for range 20 {
			asked += perRecord
			w.looks(r, library, all, &found)
		}
		w.changes(r, library, all)
	}
	t.Logf("%d questions: in force, to come, ended, withdrawn, not there yet: %v", asked, found)
	for i, n := range found {
		if n < asked/100 {
			t.Errorf("%d of %d rows of kind %d prove little", n, asked, i)
		}
	}
}

// looks asks once, and compares every row.
func (w *world) looks(r *rand.Rand, library int64, all map[int64][]told, found *[5]int) {
	w.t.Helper()
	ctx, inspector := context.Background(), w.Actors["inspector"]
	q := versions.Look{Day: base.Plus(r.IntN(27)*30 - 30 + []int{-1, 0, 1, 12}[r.IntN(4)]), Titled: r.IntN(2) == 0, Limit: 7 + r.IntN(60)}
	known := forever
	if r.IntN(3) == 0 {
		known = base.Plus(r.IntN(700)).Start().Add(10 * time.Hour)
		q.Known = known
	}
	rows := map[int64]versions.Row{}
	var today clock.Day
	for {
		s, err := w.keeper.Look(ctx, inspector, library, q)
		must(w.t, err)
		today = s.Today
		for _, row := range s.Rows {
			if _, twice := rows[row.Document.ID]; twice {
				w.t.Fatalf("document %d is there twice", row.Document.ID)
			}
			rows[row.Document.ID] = row
			q.After = row.Document.ID
		}
		if len(s.Rows) < q.Limit {
			break
		}
	}
	answers, _, err := w.keeper.AsAt(ctx, inspector, library, versions.Question{At: q.Day.Start(), Known: q.Known, Limit: len(all) + 1})
	must(w.t, err)
	held := map[int64]versions.Answer{}
	for _, a := range answers {
		held[a.Document.ID] = a
	}
	for id, h := range all {
		want := look(h, q.Day, known, q.Known.IsZero() && !q.Day.Before(today))
		got, ok := rows[id]
		if why := differs(got, ok, want); why != "" {
			w.t.Fatalf("on %s known %s: %s: %+v, want %+v; said: %+v", q.Day, q.Known, why, got, want, h)
		}
		if a, there := held[id]; there != (got.Answer != nil) || there && gocmp.Diff(a, *got.Answer) != "" {
			w.t.Fatalf("on %s: as at: %+v; look: %+v", q.Day, a, got.Answer)
		}
		switch {
		case !ok:
			found[4]++
		case got.Answer != nil:
			found[0]++
		case got.Comes != nil:
			found[1]++
		case got.Gone:
			found[3]++
		case got.Ended != nil:
			found[2]++
		}
	}
}

// differs says how a row is another than the model's.
func differs(got versions.Row, ok bool, want stood) string {
	at := func(p *time.Time) time.Time {
		if p == nil {
			return time.Time{}
		}
		return *p
	}
	number := 0
	if got.Answer != nil {
		number = got.Answer.Version.Number
	}
	switch {
	case ok != want.shown:
		return "shown"
	case !ok:
		return ""
	case number != want.number:
		return "in force"
	case number != 0:
		return ""
	case !at(got.Comes).Equal(want.comes):
		return "to come"
	case !want.comes.IsZero():
		return ""
	case !at(got.Ended).Equal(want.ended):
		return "ended"
	case got.Gone != want.gone:
		return "withdrawn"
	}
	return ""
}

// changes compares the strips around some days.
func (w *world) changes(r *rand.Rand, library int64, all map[int64][]told) {
	w.t.Helper()
	type change struct {
		on       time.Time
		document int64
		number   int
	}
	var want []change
	for id, h := range all {
		for _, t := range edges(h) {
			was, is := model(h, just(t), forever), model(h, t, forever)
			if is != was && t.Before(forever) {
				want = append(want, change{t, id, is})
			}
		}
	}
	slices.SortFunc(want, func(a, b change) int { return cmp.Or(a.on.Compare(b.on), cmp.Compare(a.document, b.document)) })
	for range 10 {
		day := base.Plus(r.IntN(30)*30 - 60)
		from, to := day.Plus(-r.IntN(400)).Start(), day.Plus(r.IntN(400)).Start()
		within, before, after, err := w.keeper.Changes(context.Background(), w.Actors["inspector"], library, day, from, to)
		must(w.t, err)
		var some []change
		var last, next *change
		for _, c := range want {
			if !c.on.Before(from) && c.on.Before(to) {
				some = append(some, c)
			}
			if c.on.Before(day.Start()) && (last == nil || c.on.After(last.on)) {
				last = &c
			}
			if next == nil && !c.on.Before(day.Next().Start()) {
				next = &c
			}
		}
		var got []change
		for _, c := range within {
			got = append(got, change{c.On.UTC(), c.Document, c.Number})
			if c.Ended != (c.Number == 0) || c.Title != "a" || c.Kind != "procedure" {
				w.t.Errorf("%+v", c)
			}
		}
		if !slices.Equal(got, some) {
			w.t.Errorf("from %s to %s: %v, want %v", from, to, got, some)
		}
		for _, p := range []struct {
			got  *versions.Change
			want *change
		}{{before, last}, {after, next}} {
			if (p.got == nil) != (p.want == nil) || p.got != nil && (!p.got.On.Equal(p.want.on) || p.got.Document != p.want.document || p.got.Number != p.want.number) {
				w.t.Errorf("around %s: %+v, want %+v", day, p.got, p.want)
			}
		}
	}
}
