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

// Lodged is a lodging as those who may read in the restricted section see it.
type Lodged struct {
	ID         int64
	Document   int64
	Title      string // of the document; "" where the reader may not know it
	Record     int64
	RecordName string
	RecordKind access.RecordKind
	HomeName   string
	Ground     string
	Reason     string
	Adviser    string
	Originator string
	Due        clock.Day // when it is looked at again
	By, Post   string    // who lodged it
	At         time.Time
	EndedAt    *time.Time // since when it lies there no more
	Today      clock.Day
	May        bool // the reader decides about it

	// The rest is there for one lodging alone.
	Events      []LodgingEvent
	Asked       []Consultation // of whoever told it, the newest first
	SubjectSees bool           // whom the record is about reads in it now, or is to
	Lacks       []Lack         // before it may be given to them
}

// Overdue tells whether its review is late.
func (l Lodged) Overdue() bool { return l.EndedAt == nil && l.Due.Before(l.Today) }

// LodgingEvent is something that was decided about a lodging.
type LodgingEvent struct {
	What      string // kept, shared, moved-out, withdrawn
	Why       string
	ReviewOn  *time.Time
	WithWhom  string
	ToSubject bool
	Despite   string
	By, Post  string
	At        time.Time
}

// Consultation is what whoever told it said about its being passed on, or which
// steps were taken to ask them.
type Consultation struct {
	Answer   string // agrees, objects, not-reached
	Words    string
	On       time.Time
	Despite  string // why it is given although they object, where that was said here
	By, Post string
	At       time.Time
}

// Lack is something that has to be done before a document that is, or was,
// restricted may be given to whom its record is about.
type Lack string

// What can be lacking.
const (
	LacksOriginator Lack = "originator" // whoever told it has not been asked
	LacksObjection  Lack = "objection"  // they object, and nobody has said why it is given all the same
)

// ReadyForRelease tells what is lacking before a document may be given to whom
// its record is about; nothing, for one that was never restricted. The answer does
// not depend on what the actor may see of its lodgings; to whoever does not work
// with the document it is not there.
func ReadyForRelease(ctx context.Context, tx *pg.Tx, document int64) ([]Lack, error) {
	var lacks []string
	err := tx.QueryRow(ctx, `select app.release_lacks(@document)`, pgx.NamedArgs{"document": document}).Scan(&lacks)
	if err == nil && lacks == nil {
		err = fault.NotThere()
	}
	list := make([]Lack, 0, len(lacks))
	for _, l := range lacks {
		list = append(list, Lack(l))
	}
	return list, err
}

const lodgedColumns = `l.id, l.document_id, coalesce(d.title, ''), l.record_id, r.name, r.kind, coalesce(h.name, ''), l.ground, l.reason,
		coalesce((select a.name from app.actor a where a.id = l.advised_by), ''), l.originator, due.on_date,
		coalesce((select a.name from app.actor a where a.id = l.lodged_by), ''), l.post_title, l.lodged_at, e.at,
		app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(8)), (select app.shields()))
	from app.lodging l join app.record r on r.id = l.record_id
	left join app.document d on d.id = l.document_id
	left join app.home h on h.id = r.home_id
	left join lateral (select x.at from app.lodging_event x where x.lodging_id = l.id and x.what in ('moved-out', 'withdrawn') limit 1) e on true
	cross join lateral (select coalesce((select x.review_on from app.lodging_event x where x.lodging_id = l.id and x.review_on is not null order by x.id desc limit 1), l.review_on) as on_date) due`

func scanLodged(tx *pg.Tx, rows pgx.Rows) ([]Lodged, error) {
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lodged, error) {
		l := Lodged{Today: clock.DayOf(tx.Now)}
		var due time.Time
		err := row.Scan(&l.ID, &l.Document, &l.Title, &l.Record, &l.RecordName, &l.RecordKind, &l.HomeName, &l.Ground, &l.Reason, &l.Adviser, &l.Originator, &due,
			&l.By, &l.Post, &l.At, &l.EndedAt, &l.May)
		l.Due = dayOfDate(due)
		l.May = l.May && tx.Actor.Kind == access.Person
		return l, err
	})
}

// dayOfDate is the day of a date as the database gives it.
func dayOfDate(t time.Time) clock.Day {
	d, _ := clock.ParseDay(t.Format(time.DateOnly))
	return d
}

// Lodging gives one lodging with all that was decided about it. Looking is recorded.
func (k *Keeper) Lodging(ctx context.Context, actor access.Actor, id int64) (Lodged, error) {
	var l Lodged
	about := audit.Act{Action: access.ViewLodgings, Detail: audit.Detail{"lodging": id}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if l, err = lodging(ctx, tx.Reader(), id); err != nil {
			return err
		}
		if err := l.gather(ctx, tx.Reader()); err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.ViewLodgings, Target: audit.Target{Document: l.Document}, Detail: about.Detail})
		return nil
	})
	return l, err
}

// lodging finds a lodging that the actor may see; NotFound otherwise.
func lodging(ctx context.Context, tx *pg.Tx, id int64) (Lodged, error) {
	rows, err := tx.Query(ctx, `select `+lodgedColumns+` where l.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Lodged{}, err
	}
	list, err := scanLodged(tx, rows)
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return Lodged{}, err
	}
	return list[0], nil
}

// gather reads what was decided and said about a lodging.
func (l *Lodged) gather(ctx context.Context, tx *pg.Tx) error {
	args := pgx.NamedArgs{"id": l.ID, "record": l.Record}
	rows, err := tx.Query(ctx, `
		select e.what, e.why, e.review_on, e.with_whom, e.to_subject, e.despite, coalesce((select a.name from app.actor a where a.id = e.by_actor), ''), e.post_title, e.at
		from app.lodging_event e where e.lodging_id = @id order by e.id desc`, args)
	if err != nil {
		return err
	}
	if l.Events, err = pgx.CollectRows(rows, pgx.RowToStructByPos[LodgingEvent]); err != nil {
		return err
	}
	rows, err = tx.Query(ctx, `
		select c.answer, c.words, c.on_date, c.despite, coalesce((select a.name from app.actor a where a.id = c.by_actor), ''), c.post_title, c.at
		from app.consultation c where c.lodging_id = @id order by c.id desc`, args)
	if err != nil {
		return err
	}
	if l.Asked, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Consultation]); err != nil {
		return err
	}
	if err = tx.QueryRow(ctx, `select coalesce(app.subject_reads(@record), true)`, args).Scan(&l.SubjectSees); err != nil {
		return err
	}
	l.Lacks, err = ReadyForRelease(ctx, tx, l.Document)
	return err
}

// LiveLodging gives the number of the lodging by which a document is restricted
// now, 0 where it is not or the actor may not see it. It leaves no footprint: it is
// asked beside the document's page.
func (k *Keeper) LiveLodging(ctx context.Context, actor access.Actor, document int64) (int64, error) {
	var id int64
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `
			select coalesce(max(l.id), 0) from app.lodging l where l.document_id = @document
				and not exists (select from app.lodging_event e where e.lodging_id = l.id and e.what in ('moved-out', 'withdrawn'))`,
			pgx.NamedArgs{"document": document}).Scan(&id)
	})
	return id, err
}

// LodgingToDecide gives a lodging to whoever decides about it, for the page on
// which they do; others are refused. Looking is recorded.
func (k *Keeper) LodgingToDecide(ctx context.Context, actor access.Actor, id int64) (Lodged, error) {
	l, err := k.Lodging(ctx, actor, id)
	if err == nil && !l.May {
		err = audit.Refuse(ctx, k.db, actor, audit.Act{Action: access.KeepLodging, Target: audit.Target{Document: l.Document}, Detail: audit.Detail{"lodging": id}})
		if err == nil {
			err = fault.New(fault.Forbidden, noDeciding)
		}
	}
	return l, err
}

// ReadsRestricted tells whether the actor may read in the restricted section of a
// record. It leaves no footprint: it is asked beside the record's page.
func (k *Keeper) ReadsRestricted(ctx context.Context, actor access.Actor, record int64) (bool, error) {
	var reads bool
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `
			select coalesce((select r.kind <> @library and not app.about_me(r.id) and app.sees(r.provider_id, r.home_id, r.id, 0, (r.kind * 3 + 2)::smallint, app.reach(1), app.shields())
				from app.record r where r.id = @record), false)`, pgx.NamedArgs{"record": record, "library": access.Library}).Scan(&reads)
	})
	return reads, err
}
