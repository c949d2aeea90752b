package versions

import (
	"context"
	"slices"
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

// RestrictedSection is the restricted section of a record: what lies in it and
// what once did.
type RestrictedSection struct {
	Where    Where
	Lodgings []Lodged
	May      bool // the reader may lodge there
}

// RestrictedOf lists the lodgings of a record: those in place first, the earliest
// review leading. Who may not read in its restricted section is told that it is
// not there. Looking is recorded.
func (k *Keeper) RestrictedOf(ctx context.Context, actor access.Actor, record int64) (RestrictedSection, error) {
	var s RestrictedSection
	about := audit.Act{Action: access.ViewLodgings, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if s.Where, err = where(ctx, tx.Reader(), record); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		var provider int64
		var own, sees bool
		err = tx.QueryRow(ctx, `select provider_id, app.about_me(id), app.sees(provider_id, home_id, id, 0, (kind * 3 + 2)::smallint, (select app.reach(1)), (select app.shields()))
			from app.record where id = @record`, pgx.NamedArgs{"record": record}).Scan(&provider, &own, &sees)
		if err != nil {
			return err
		}
		place := access.Place{Provider: provider, Home: s.Where.Home, Record: record, Class: access.ClassOf(s.Where.Kind, access.Restricted)}
		if _, ok := access.Decide(rights, access.ViewLodgings, place); !ok || !sees || own || !slices.Contains(access.SectionsOf(s.Where.Kind), access.Restricted) {
			return fault.NotThere()
		}
		_, s.May = access.Decide(rights, access.AddDocument, place)
		rows, err := tx.Query(ctx, `select `+lodgedColumns+` where l.record_id = @record order by e.at desc nulls first, due.on_date, l.id`, pgx.NamedArgs{"record": record})
		if err != nil {
			return err
		}
		s.Lodgings, err = scanLodged(tx.Reader(), rows)
		tx.Record(about)
		return err
	})
	return s, err
}

// RegisterPlace is a place in the register of lodgings: behind the one that is due
// on this day with this number. The zero value is the beginning.
type RegisterPlace struct {
	Due clock.Day
	ID  int64
}

// Register lists the lodgings in place that the actor decides about or audits, the
// longest overdue first. Who does neither anywhere is told that there is no
// register. Who audits and may not read is told neither names nor titles nor
// reasons. Looking is recorded.
func (k *Keeper) Register(ctx context.Context, actor access.Actor, after RegisterPlace, limit int) ([]Lodged, error) {
	var list []Lodged
	about := audit.Act{Action: access.ListLodgings}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		switch {
		case anyRestricted(rights, access.Manage|access.Read), anyRestricted(rights, access.Audit|access.Read):
			list, err = due(ctx, tx.Reader(), access.Manage|access.Audit, after, clock.Last, limit)
		case anyRestricted(rights, access.Audit):
			list, err = dueUnread(ctx, tx.Reader(), after, limit)
		default:
			return fault.NotThere()
		}
		tx.Record(about)
		return err
	})
	return list, err
}

// anyRestricted tells whether a grant gives all these rights on any restricted section.
func anyRestricted(r access.Rights, need access.Right) bool {
	return slices.ContainsFunc(r.Grants, func(g access.Grant) bool {
		return g.Rights&need == need && slices.ContainsFunc(access.RecordKinds(), func(k access.RecordKind) bool { return g.Mask.Has(access.ClassOf(k, access.Restricted)) })
	})
}

// due lists the lodgings in place that are due by a day, on which the actor holds
// any of these rights: to manage, or to audit. It is driven from the places where
// they do, and walks the lodgings of the records there.
func due(ctx context.Context, tx *pg.Tx, anyOf access.Right, after RegisterPlace, by clock.Day, limit int) ([]Lodged, error) {
	args := pgx.NamedArgs{"any": anyOf, "audits": anyOf&access.Audit != 0, "id": after.ID, "due": clock.First.UTC(), "by": by.UTC(), "limit": limit}
	if after.ID != 0 {
		args["due"] = after.Due.UTC()
	}
	rows, err := tx.Query(ctx, `
		select `+lodgedColumns+`
		where l.record_id = any (array(
			select distinct x.id from app.scopes(@any) s cross join lateral (
				select r.id from app.record r where s.scope = 0 and r.provider_id = s.scope_id
				union all
				select r.id from app.record r where s.scope = 1 and r.home_id = s.scope_id
				union all
				select r.id from app.record r where s.scope = 2 and r.id = s.scope_id
			) x))
			and e.at is null and due.on_date <= @by::date and (due.on_date, l.id) > (@due::date, @id)
			and (app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(8)), (select app.shields()))
				or @audits and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(64)), (select app.shields())))
		order by due.on_date, l.id limit @limit`, args)
	if err != nil {
		return nil, err
	}
	return scanLodged(tx, rows)
}

// dueUnread is the register for whoever audits what is restricted and reads none of it.
func dueUnread(ctx context.Context, tx *pg.Tx, after RegisterPlace, limit int) ([]Lodged, error) {
	from := clock.First
	if after.ID != 0 {
		from = after.Due
	}
	rows, err := tx.Query(ctx, `
		select id, document_id, record_id, kind, home, ground, lodged_by, post_title, lodged_at, due from app.restricted_register(@due::date, @id, @limit) order by due, id`,
		pgx.NamedArgs{"due": from.UTC(), "id": after.ID, "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lodged, error) {
		l := Lodged{Today: clock.DayOf(tx.Now)}
		var due time.Time
		err := row.Scan(&l.ID, &l.Document, &l.Record, &l.RecordKind, &l.HomeName, &l.Ground, &l.By, &l.Post, &l.At, &due)
		l.Due = dayOfDate(due)
		return l, err
	})
}

// DueLodgings lists the lodgings in place that the actor decides about, with a
// review overdue or due within the same time as other reviews. It leaves no
// footprint: it is asked beside Needs, which does.
func (k *Keeper) DueLodgings(ctx context.Context, actor access.Actor) ([]Lodged, error) {
	var list []Lodged
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		list, err = due(ctx, tx, access.Manage, RegisterPlace{}, clock.DayOf(tx.Now).Plus(soon), mostDue)
		return err
	})
	return slices.DeleteFunc(list, func(l Lodged) bool { return !l.May }), err
}

// mostDue is how many of them are told of; the register has the others.
const mostDue = 40

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
