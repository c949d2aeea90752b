package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Look asks how a record stood on a day: a page of its documents, with the
// version of each that was in force.
type Look struct {
	Day    clock.Day // the zero day is today
	Known  time.Time // as the system knew it then; zero: as it knows now
	Titled bool      // by title; otherwise those that changed last come first
	After  int64     // the document of the record after which the page begins, 0 for the first page
	Limit  int
}

// Shelf is how a record stood on a day.
type Shelf struct {
	Where Where
	Day   clock.Day
	Today clock.Day
	Rows  []Row
}

// Row is one document as it stood on the day. Of Answer, Comes and Ended at
// most the first that is there counts. Whoever reads a document reads its
// versions that wait for approval too.
type Row struct {
	Document Document
	Answer   *Answer    // the version in force, nil for none
	Comes    *time.Time // from when a version holds that was told by the end of the day
	Ended    *time.Time // since when none held any more; where none ever did, from when it was withdrawn
	Gone     bool       // it ended by being withdrawn
	Waiting  int        // number of its newest version, where that waits for approval now; 0 otherwise, and for another day's knowledge
}

// Look gives how a record stood on a day. A past day shows what was in force,
// what had ended and what was known to come; today, and a day ahead, as known
// now, shows what waits as well. Looking is recorded: as a question about the
// day where one was asked by somebody who reads there.
func (k *Keeper) Look(ctx context.Context, actor access.Actor, record int64, q Look) (Shelf, error) {
	var s Shelf
	about := audit.Act{Action: access.ViewRecord, Target: audit.Target{Record: record}, Detail: audit.Detail{}}
	asked := !q.Day.IsZero() || !q.Known.IsZero()
	if asked {
		about.Action = access.AskAsAt
	}
	if !q.Day.IsZero() {
		about.Detail["date"] = q.Day.String()
	}
	if !q.Known.IsZero() {
		about.Detail["known"] = q.Known.UTC().Format(time.RFC3339Nano)
	}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if s.Where, err = where(ctx, tx.Reader(), record); err != nil {
			return err
		}
		s.Today = clock.DayOf(tx.Now)
		if s.Day = q.Day; s.Day.IsZero() {
			s.Day = s.Today
		}
		act := about
		if asked {
			act.Detail["date"] = s.Day.String()
		}
		if !s.Where.May.Read { // they are shown that it is there, and nothing that was in force
			act.Action = access.ViewRecord
		}
		tx.Record(act)
		if q.After != 0 {
			if d, err := document(ctx, tx.Reader(), q.After); fault.Is(err, fault.NotFound) || err == nil && d.Record != record {
				return fault.Bad([]fault.Field{{Name: "after", Problem: "This place in the list is no longer there. Start from the first page."}})
			} else if err != nil {
				return err
			}
		}
		s.Rows, err = shelf(ctx, tx.Reader(), record, s, q)
		return err
	})
	return s, err
}

// shelf reads the rows. How the documents stand is told by app.shelf_of, in which
// the rule is asked once for each of them. Of the standings that were known at one
// moment at most one holds at another.
func shelf(ctx context.Context, tx *pg.Tx, record int64, s Shelf, q Look) ([]Row, error) {
	known, now := q.Known, false
	if known.IsZero() || known.After(tx.Now) {
		known, now = unending, true
	}
	args := pgx.NamedArgs{"record": record, "at": s.Day.Start(), "end": s.Day.Next().Start(), "known": known, "limit": q.Limit,
		"waits": now && !s.Day.Before(s.Today), "after": q.After}
	order := `(@after::bigint = 0 or (d.latest_at, d.id) < (select p.latest_at, p.id from app.document p where p.id = @after)) order by d.latest_at desc, d.id desc`
	if q.Titled {
		order = `(@after::bigint = 0 or (d.title, d.id) > (select p.title, p.id from app.document p where p.id = @after)) order by d.title, d.id`
	}
	rows, err := tx.Query(ctx, `
		select `+documentColumns+`, s.version_id, nullif(s.in_from, 'infinity'), nullif(s.in_to, 'infinity'), s.known_from, s.comes,
			coalesce(s.ended, s.withdrawn), s.withdrawn is not null and (s.ended is null or s.withdrawal_ended), coalesce(s.waiting, 0)
		from app.shelf_of(@record, @at, @end, @known, @waits) s join app.document d on d.id = s.document_id
		where (@waits or s.version_id is not null or s.comes is not null or s.ended is not null or s.withdrawn <= @at) and `+order+` limit @limit`, args)
	if err != nil {
		return nil, err
	}
	list, ids, err := scanRows(rows)
	if err != nil {
		return nil, err
	}
	return list, fill(ctx, tx, list, ids)
}

func scanRows(rows pgx.Rows) ([]Row, map[int64]*Answer, error) {
	answers := map[int64]*Answer{}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Row, error) {
		var r Row
		var f found
		var version *int64
		var p Period
		var from, known *time.Time
		err := row.Scan(append(f.columns(), &version, &from, &p.To, &known, &r.Comes, &r.Ended, &r.Gone, &r.Waiting)...)
		r.Document = f.Document
		if version != nil && err == nil {
			p.From = *from
			r.Answer = &Answer{Document: f.Document, Period: p, Known: *known}
			answers[*version] = r.Answer
		}
		return r, err
	})
	return list, answers, err
}

// fill reads the versions that were found, with their approvals.
func fill(ctx context.Context, tx *pg.Tx, list []Row, answers map[int64]*Answer) error {
	if len(answers) == 0 {
		return nil
	}
	ids := make([]int64, 0, len(answers))
	for id := range answers {
		ids = append(ids, id)
	}
	rows, err := tx.Query(ctx, `
		select `+versionColumns+`, x.at, coalesce(x.post_title, ''), coalesce(x.note, ''), coalesce((select a.name from app.actor a where a.id = x.by_actor), '')
		from app.version v left join app.decision x on x.version_id = v.id and x.verdict = 'approved'
		where v.id = any (@ids)`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return err
	}
	var v Version
	var d Decision
	var at *time.Time
	_, err = pgx.ForEachRow(rows, append(v.columns(), &at, &d.PostTitle, &d.Note, &d.By), func() error {
		a := answers[v.ID]
		a.Version = v
		if at != nil {
			decision := d
			decision.At = *at
			a.Approval = &decision
		}
		v = Version{}
		return nil
	})
	return err
}

// Change is a day on which what was in force changed.
type Change struct {
	On       time.Time
	Document int64
	Title    string
	Kind     string
	Number   int  // of the version that came into force, 0 where none did
	Ended    bool // the document was withdrawn or ran out
}

// Changes gives what changed in a record between two moments, and the nearest
// changes before the day and after it, as known now. Taking the place of another
// version is one change. It leaves no footprint: it is asked beside Look, which
// does.
func (k *Keeper) Changes(ctx context.Context, actor access.Actor, record int64, day clock.Day, from, to time.Time) (within []Change, before, after *Change, err error) {
	err = pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.part, c.at, d.id, d.title, d.kind, coalesce(c.number, 0), c.number is null
			from app.changes_of(@record, @from, @to, @at, @end) c join app.document d on d.id = c.document_id
			order by c.part, c.at, d.title, d.id`,
			pgx.NamedArgs{"record": record, "from": from, "to": to, "at": day.Start(), "end": day.Next().Start()})
		if err != nil {
			return err
		}
		var c Change
		var part int
		_, err = pgx.ForEachRow(rows, []any{&part, &c.On, &c.Document, &c.Title, &c.Kind, &c.Number, &c.Ended}, func() error {
			found := c
			switch part {
			case 0:
				within = append(within, found)
			case 1:
				before = &found
			case 2:
				after = &found
			}
			return nil
		})
		return err
	})
	return within, before, after, err
}
