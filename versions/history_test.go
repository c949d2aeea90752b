package versions_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/versions"
)

// told is one thing said in a history, as the model remembers it.
type told struct {
	version  int // 0: withdrawn
	from, to time.Time
	at       time.Time
}

// model answers as-at questions the slow and plain way: it goes through
// everything said by then, and knows nothing of standings.
func model(history []told, at, known time.Time) int {
	best := told{}
	last := map[int]told{}       // the last word on each version
	first := map[int]time.Time{} // when each version was first told
	for _, s := range history {
		if s.at.After(known) || s.version == 0 {
			continue
		}
		if _, ok := first[s.version]; !ok {
			first[s.version] = s.at
		}
		last[s.version] = s
	}
	for n, s := range last {
		if at.Before(s.from) || !at.Before(s.to) {
			continue
		}
		if gone(history, first, first[n], at, known) {
			continue
		}
		if best.version == 0 || s.from.After(best.from) || s.from.Equal(best.from) && n > best.version {
			best = s
		}
	}
	return best.version
}

// gone tells whether a version first told at some moment is withdrawn. A
// withdrawal said again before any new version was told takes the place of the
// one before it.
func gone(history []told, first map[int]time.Time, toldAt, at, known time.Time) bool {
	for _, w := range history {
		if w.version != 0 || w.at.After(known) || !w.at.After(toldAt) {
			continue
		}
		replaced := false
		for _, l := range history {
			if l.version != 0 || l.at.After(known) || !l.at.After(w.at) {
				continue
			}
			between := false
			for _, f := range first {
				between = between || f.After(w.at) && f.Before(l.at)
			}
			replaced = replaced || !between
		}
		if !replaced && !at.Before(w.from) {
			return true
		}
	}
	return false
}

var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// tried is how many histories are tried: a sample, or all that was promised.
func tried(sample, all int) int {
	if os.Getenv("CUSTODIAN_DEEP") != "" {
		return all
	}
	return sample
}

// Random histories of one document each: versions told for days behind and
// ahead, bounded and unbounded, dates corrected, documents withdrawn and begun
// again. At every sampled day, as known at every sampled moment, the database
// must give what the plain model gives: never two, and never another.
func TestHistoriesAgreeWithThePlainModel(t *testing.T) {
	t.Parallel()
	const perRecord, walked = 200, 5
	histories := tried(1_000, 20_000)
	w := newWorld(t)
	conn, err := pgx.Connect(t.Context(), w.Super)
	must(t, err)
	defer conn.Close(context.Background())
	r := rand.New(rand.NewPCG(20261122, 1))
	asked, inForce := 0, 0
	for n := 0; n < histories; n += perRecord {
		library, err := people.Open(t.Context(), w.DB, w.Actors["manager"], people.NewRecord{Home: w.Homes["Larkfield House"], Kind: access.Library, Name: fmt.Sprintf("Library %d", n), Why: "test"})
		must(t, err)
		all := map[int64][]told{}
		for i := range perRecord {
			if i < walked {
				id, h := w.walk(r, library)
				all[id] = h
			} else {
				id, h := plantHistory(t, conn, r, library, int64(w.Actors["staff"].ID))
				all[id] = h
			}
		}
		a, f := w.ask(r, library, all)
		asked, inForce = asked+a, inForce+f
	}
	t.Logf("%d histories, %d questions, %d with a version in force", histories, asked, inForce)
	if inForce < asked/5 || inForce > asked*19/20 {
		t.Errorf("%d of %d questions had an answer: the histories prove little", inForce, asked)
	}
	var two int
	must(t, conn.QueryRow(t.Context(), `
		select count(*) from app.standing a join app.standing b on a.document_id = b.document_id and a.ctid < b.ctid
		where a.in_from < b.in_to and b.in_from < a.in_to and a.known_from < b.known_to and b.known_from < a.known_to`).Scan(&two))
	if two != 0 {
		t.Errorf("%d pairs of versions in force and known at once", two)
	}
}

var base = clock.DayOf(time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC))

// period draws a period that begins within two years and often has no end. Few
// distinct days, so that starts and ends often coincide.
func period(r *rand.Rand) (from, to time.Time) {
	d := base.Plus(r.IntN(24) * 30)
	if r.IntN(3) > 0 {
		return d.Start(), forever
	}
	return d.Start(), d.Plus(30 * (1 + r.IntN(6))).Start()
}

// draw draws what is said next in a history with so many versions told.
func draw(r *rand.Rand, versions int) told {
	from, to := period(r)
	switch x := r.IntN(10); {
	case versions == 0 || x < 5:
		return told{version: versions + 1, from: from, to: to}
	case x < 8:
		return told{version: 1 + r.IntN(versions), from: from, to: to}
	}
	return told{from: from, to: forever}
}

// plantHistory writes a history straight into the database.
func plantHistory(t *testing.T, conn *pgx.Conn, r *rand.Rand, library, author int64) (int64, []told) {
	t.Helper()
	ctx := t.Context()
	tx, err := conn.Begin(ctx) // each statement has its own time all the same
	must(t, err)
	var document int64
	must(t, tx.QueryRow(ctx, `
		insert into app.document (record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
		select id, provider_id, kind * 3, 'procedure', false, 'a', now(), $2, now() from app.record where id = $1 returning id`, library, author).Scan(&document))
	ids := map[int]int64{}
	var history []told
	for range 1 + r.IntN(8) {
		s := draw(r, len(ids))
		kind := "corrected"
		if s.version == len(ids)+1 {
			kind = "told"
			var id int64
			must(t, tx.QueryRow(ctx, `
				insert into app.version (document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
				values ($1, $2, sha256('x'), 1, 'text/plain', 'a', gen_random_uuid()::text, 'x', $3, now(), now()) returning id`, document, s.version, author).Scan(&id))
			ids[s.version] = id
		} else if s.version == 0 {
			kind = "withdrawn"
		}
		var version *int64
		if s.version > 0 {
			version = new(ids[s.version])
		}
		var to any = s.to
		if s.to.Equal(forever) {
			to = "infinity"
		}
		must(t, tx.QueryRow(ctx, `insert into app.statement (document_id, version_id, kind, in_from, in_to, said_by) values ($1, $2, $3, $4, $5, $6) returning said_at`,
			document, version, kind, s.from, to, author).Scan(&s.at))
		history = append(history, s)
	}
	must(t, tx.Commit(ctx))
	return document, history
}

// walk lives a history through the same methods that people use.
func (w *world) walk(r *rand.Rand, library int64) (int64, []told) {
	w.t.Helper()
	ctx := context.Background()
	var document int64
	var history []told
	count := 0
	for range 1 + r.IntN(5) {
		s := draw(r, count)
		e := versions.Entry{InForceFrom: clock.DayOf(s.from).String()}
		if !s.to.Equal(forever) {
			e.InForceTo = clock.DayOf(s.to).Plus(-1).String()
		}
		switch {
		case s.version == count+1:
			count++
			var slot versions.Slot
			var err error
			if document == 0 {
				e.Title, e.Kind = "A policy", "policy"
				slot, err = w.keeper.BeginDocument(ctx, w.Actors["staff"], library)
			} else {
				slot, err = w.keeper.BeginVersion(ctx, w.Actors["staff"], document)
			}
			must(w.t, err)
			received, err := w.keeper.Receive(ctx, "a.txt", strings.NewReader(fmt.Sprint("text ", count)))
			must(w.t, err)
			var a versions.Added
			if document == 0 {
				a, err = w.keeper.AddDocument(ctx, w.Actors["staff"], slot, e, received, "")
			} else {
				a, err = w.keeper.AddVersion(ctx, w.Actors["staff"], slot, e, received, "")
			}
			must(w.t, err)
			document = a.Document.ID
			must(w.t, w.approve("manager", document, count))
		case s.version == 0:
			must(w.t, w.keeper.Withdraw(ctx, w.Actors["manager"], document, e.InForceFrom, "over"))
		default:
			_, _, err := w.keeper.CorrectDate(ctx, w.Actors["manager"], versions.Target{Document: document, Number: s.version},
				versions.Correction{InForceFrom: e.InForceFrom, InForceTo: e.InForceTo, Why: "wrong"})
			must(w.t, err)
		}
		w.Scan(w.t, `select max(said_at) from app.statement where document_id = $1`, []any{document}, &s.at)
		history = append(history, s)
	}
	return document, history
}

// ask asks about random days as known at random moments, and at the very
// moments at which something was said or began.
func (w *world) ask(r *rand.Rand, library int64, all map[int64][]told) (asked, inForce int) {
	w.t.Helper()
	var moments []time.Time
	for _, h := range all {
		for _, s := range h {
			moments = append(moments, s.at)
		}
	}
	slices.SortFunc(moments, time.Time.Compare) // a map has no order, and the same seed asks the same
	for i := range 25 {
		at := base.Plus(r.IntN(27)*30 - 30).Start()
		switch r.IntN(3) {
		case 0:
			at = at.Add(-time.Microsecond)
		case 1:
			at = at.Add(time.Duration(r.IntN(30*24)) * time.Hour)
		}
		known := moments[r.IntN(len(moments))]
		if i%5 == 0 {
			known = time.Time{}
		} else if i%5 == 1 {
			known = known.Add(-time.Microsecond)
		}
		list, _, err := w.keeper.AsAt(context.Background(), w.Actors["inspector"], library, versions.Question{At: at, Known: known, Limit: len(all) + 1})
		must(w.t, err)
		got := map[int64]int{}
		for _, a := range list {
			got[a.Document.ID] = a.Version.Number
		}
		if known.IsZero() {
			known = forever
		}
		for id, h := range all {
			want := model(h, at, known)
			if asked++; want > 0 {
				inForce++
			}
			if got[id] != want {
				w.t.Errorf("at %s known %s: version %d, want %d; said: %v", at, known, got[id], want, h)
			}
		}
	}
	return asked, inForce
}
