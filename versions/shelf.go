package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/pg"
)

// Look asks how a record stood on a day: a page of its documents, with the
// version of each that was in force.
type Look struct {
	Day    clock.Day // the zero day is today
	Known  time.Time // as the system knew it then; zero: as it knows now
	Titled bool      // by title; otherwise those that changed last come first
	After  int64     // the document after which the page begins, 0 for the first page
	Limit  int
}

// Shelf is how a record stood on a day.
type Shelf struct {
	Where Where
	Day   clock.Day
	Today clock.Day
	Asked time.Time
	Rows  []Row
}

// Row is one document as it stood on the day. Of Answer, Comes and Ended at
// most the first that is there counts.
type Row struct {
	Document Document
	Answer   *Answer    // the version in force, nil for none
	Comes    *time.Time // from when a version was already known to hold
	Ended    *time.Time // since when none held any more
	Gone     bool       // it ended by being withdrawn
	Waiting  int        // number of its newest version, where that waits for approval now; 0 otherwise
}

// Look gives how a record stood on a day. A past day shows what was in force,
// what had ended and what was known to come; today shows what waits as well.
// Looking is recorded: as a question about the day where one was asked.
func (k *Keeper) Look(ctx context.Context, actor access.Actor, record int64, q Look) (Shelf, error) {
	var s Shelf
	about := audit.Act{Action: access.ViewRecord, Target: audit.Target{Record: record}}
	if !q.Day.IsZero() {
		about = audit.Act{Action: access.AskAsAt, Target: about.Target, Detail: audit.Detail{"date": q.Day.String()}}
	}
	if !q.Known.IsZero() {
		about.Detail = audit.Detail{"date": q.Day.String(), "known": q.Known.UTC().Format(time.RFC3339Nano)}
	}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if s.Where, err = where(ctx, tx.Reader(), record); err != nil {
			return err
		}
		s.Asked, s.Today = tx.Now, clock.DayOf(tx.Now)
		if s.Day = q.Day; s.Day.IsZero() {
			s.Day = s.Today
		}
		s.Rows, err = shelf(ctx, tx.Reader(), record, s, q)
		tx.Record(about)
		return err
	})
	return s, err
}

// shelf reads the rows. The lateral walks are those of AsAt.
func shelf(ctx context.Context, tx *pg.Tx, record int64, s Shelf, q Look) ([]Row, error) {
	at, known := s.Day.Start(), q.Known
	if known.IsZero() || known.After(tx.Now) {
		known = unending
	}
	args := pgx.NamedArgs{"record": record, "at": at, "end": s.Day.Next().Start(), "known": known, "limit": q.Limit,
		"today": !s.Day.Before(s.Today), "after": q.After}
	order := `(@after = 0 or (d.latest_at, d.id) < (select p.latest_at, p.id from app.document p where p.id = @after)) order by d.latest_at desc, d.id desc`
	if q.Titled {
		order = `(@after = 0 or (d.title, d.id) > (select p.title, p.id from app.document p where p.id = @after)) order by d.title, d.id`
	}
	rows, err := tx.Query(ctx, `
		select `+documentColumns+`, s.version_id, nullif(s.in_from, 'infinity'), nullif(s.in_to, 'infinity'), s.known_from, c.comes, e.ended,
			exists (select from app.statement w where w.document_id = d.id and w.kind = 'withdrawn' and w.in_from = e.ended),
			coalesce((select v.number from app.version v where d.needs_approval and v.document_id = d.id
				and not exists (select from app.version l join app.decision x on x.version_id = l.id where l.document_id = d.id and l.number >= v.number)
				order by v.number desc limit 1), 0)
		from app.document d
		left join lateral (
			select s.version_id, s.in_from, s.in_to, s.known_from from app.standing s
			where s.document_id = d.id and s.in_from <= @at and s.in_to > @at and s.known_from <= @known and s.known_to > @known
			order by s.in_from desc limit 1
		) s on true
		left join lateral (
			select min(s.in_from) as comes from app.standing s
			where s.document_id = d.id and s.in_from > @at and s.known_from <= @known and s.known_to > @known
				and exists (select from app.standing k where k.version_id = s.version_id and k.known_from < @end)
		) c on true
		left join lateral (
			select max(s.in_to) as ended from app.standing s
			where s.document_id = d.id and s.in_to <= @at and s.known_from <= @known and s.known_to > @known
		) e on true
		where d.record_id = @record and (@today or s.version_id is not null or c.comes is not null or e.ended is not null) and `+order+` limit @limit`, args)
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

// mostChanges is how many changes a strip shows.
const mostChanges = 400

// Changes gives what changed in a record between two moments, and the nearest
// changes before the day and after it, as known now. It leaves no footprint:
// it is asked beside Look, which does.
func (k *Keeper) Changes(ctx context.Context, actor access.Actor, record int64, day clock.Day, from, to time.Time) (within []Change, before, after *Change, err error) {
	err = pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		args := pgx.NamedArgs{"record": record, "from": from, "to": to, "at": day.Start(), "limit": mostChanges}
		if within, err = changes(ctx, tx, `c.at >= @from and c.at < @to order by c.at, c.title limit @limit`, args); err != nil {
			return err
		}
		args["limit"] = 1
		if before, err = one(changes(ctx, tx, `c.at <= @at order by c.at desc, c.title limit @limit`, args)); err != nil {
			return err
		}
		after, err = one(changes(ctx, tx, `c.at > @at order by c.at, c.title limit @limit`, args))
		return err
	})
	return within, before, after, err
}

// changes reads changes by a condition and an order of ours.
func changes(ctx context.Context, tx *pg.Tx, which string, args pgx.NamedArgs) ([]Change, error) {
	rows, err := tx.Query(ctx, `
		select c.at, c.document_id, c.title, c.kind, c.number, c.number = 0 from (
			select s.in_from as at, s.document_id, d.title, d.kind, v.number
			from app.document d join app.standing s on s.document_id = d.id and s.known_to = 'infinity' join app.version v on v.id = s.version_id
			where d.record_id = @record
			union all
			select s.in_to, s.document_id, d.title, d.kind, 0
			from app.document d join app.standing s on s.document_id = d.id and s.known_to = 'infinity' and s.in_to < 'infinity'
			where d.record_id = @record and not exists (
				select from app.standing n where n.document_id = d.id and n.known_to = 'infinity' and n.in_from = s.in_to)
		) c where `+which, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Change])
}

func one(list []Change, err error) (*Change, error) {
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}
