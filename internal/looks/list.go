package looks

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Subject is the record, document or person whose footprints are listed. Name is
// "" where the reader may not know it.
type Subject struct {
	ID         int64
	Kind       access.RecordKind
	Name       string // of the record or the person
	Home       string
	Record     int64  // of a document
	Title      string // of a document
	Everything bool   // the reader audits it; otherwise they see their own footprints
}

// OfRecord lists the footprints on a record, newest first. Whoever audits it sees
// all of them, whoever reads it their own. Looking is recorded.
func OfRecord(ctx context.Context, db *audit.DB, actor access.Actor, record int64, f Filter) (Subject, []Look, error) {
	s := Subject{ID: record}
	var list []Look
	about := audit.Act{Action: access.ViewFootprints, Target: audit.Target{Record: record}, Detail: f.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if err = s.findRecord(ctx, tx.Reader(), record); err != nil {
			return err
		}
		args := f.args()
		args["id"] = record
		list, err = collect(ctx, tx.Reader(), ofRecord, args)
		tx.Record(about)
		return err
	})
	return s, list, err
}

func (s *Subject) findRecord(ctx context.Context, tx *pg.Tx, record int64) error {
	var there bool
	err := tx.QueryRow(ctx, `
		select coalesce(r.kind, a.kind, 0::smallint), coalesce(r.name, ''), coalesce(h.name, a.home, ''), a.kind is not null, r.id is not null or a.kind is not null
		from (select) x left join app.record r on r.id = @record left join app.home h on h.id = r.home_id left join app.audited_record(@record) a on true`,
		pgx.NamedArgs{"record": record}).Scan(&s.Kind, &s.Name, &s.Home, &s.Everything, &there)
	if err == nil && !there {
		err = fault.NotThere()
	}
	return err
}

// OfDocument lists the footprints on a document, as OfRecord does.
func OfDocument(ctx context.Context, db *audit.DB, actor access.Actor, document int64, f Filter) (Subject, []Look, error) {
	s := Subject{ID: document}
	var list []Look
	about := audit.Act{Action: access.ViewFootprints, Target: audit.Target{Document: document}, Detail: f.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		var there bool
		err := tx.QueryRow(ctx, `
			select coalesce(d.record_id, a.record_id, 0), coalesce(d.title, ''), coalesce((d.class / 3)::smallint, a.kind, 0::smallint), coalesce(r.name, ''), a.kind is not null, d.id is not null or a.kind is not null
			from (select) x left join app.document d on d.id = @document left join app.audited_document(@document) a on true
			left join app.record r on r.id = coalesce(d.record_id, a.record_id)`,
			pgx.NamedArgs{"document": document}).Scan(&s.Record, &s.Title, &s.Kind, &s.Name, &s.Everything, &there)
		if err == nil && !there {
			err = fault.NotThere()
		}
		if err != nil {
			return err
		}
		args := f.args()
		args["id"] = document
		list, err = collect(ctx, tx.Reader(), ofDocument, args)
		tx.Record(about)
		return err
	})
	return s, list, err
}

// OfPerson lists what a person did, newest first: of what they left, what the
// reader audits. Everybody may list their own. Looking is recorded.
func OfPerson(ctx context.Context, db *audit.DB, actor access.Actor, person access.ActorID, f Filter) (Subject, []Look, error) {
	s := Subject{ID: int64(person), Everything: person != actor.ID}
	var list []Look
	f.Person = person
	about := audit.Act{Action: access.ViewFootprints, Detail: f.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if person != actor.ID {
			if err := needAudit(ctx, tx.Reader()); err != nil {
				return err
			}
		}
		err := tx.QueryRow(ctx, `select `+audit.ActorName+` from app.actor a where a.id = @id and a.provider_id = @provider and (a.id = app.me() or (select app.reach(64)) <> '{}')`, pgx.NamedArgs{"id": person, "provider": actor.Provider}).Scan(&s.Name)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		list, err = collect(ctx, tx.Reader(), ofPerson, f.args())
		tx.Record(about)
		return err
	})
	return s, list, err
}

// Everything lists all footprints that the reader may audit, newest first: also
// those about no record. Looking is recorded.
func Everything(ctx context.Context, db *audit.DB, actor access.Actor, f Filter) ([]Look, error) {
	var list []Look
	about := audit.Act{Action: access.ListLooks, Detail: f.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if err = needAudit(ctx, tx.Reader()); err != nil {
			return err
		}
		list, err = part(ctx, tx.Reader(), f)
		tx.Record(about)
		return err
	})
	return list, err
}

// part reads one part of all that may be audited.
func part(ctx context.Context, tx *pg.Tx, f Filter) ([]Look, error) {
	args := f.args()
	if f.Person != 0 {
		return collect(ctx, tx, ofPerson, args)
	}
	args["before_at"] = args["until"] // the walk begins there, and not at the newest
	if f.Before != 0 {
		var at any
		err := tx.QueryRow(ctx, `select at from app.footprint where id = @id`, pgx.NamedArgs{"id": f.Before}).Scan(&at)
		if err == nil {
			args["before_at"] = at
		} else if !pg.None(err) {
			return nil, err
		}
	}
	return collect(ctx, tx, everywhere, args)
}

// exported is how many footprints one part of an export holds: no transaction
// stays open while a part is sent.
const exported = 1000

// Export gives all footprints of a period that the reader may audit, newest
// first, a part at a time: memory does not grow with their number. Rights are
// asked anew for each part. That they were taken is recorded before the first.
func Export(ctx context.Context, db *audit.DB, actor access.Actor, f Filter, each func([]Look) error) error {
	about := audit.Act{Action: access.ExportLooks, Detail: f.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		tx.Record(about)
		if f.Until.IsZero() || f.Until.After(tx.Now) {
			f.Until = tx.Now // what comes meanwhile is not in it
		}
		return needAudit(ctx, tx.Reader())
	})
	if err != nil {
		return err
	}
	for f.Limit = exported; ; {
		var list []Look
		err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
			if err = needAudit(ctx, tx); err != nil {
				return err
			}
			list, err = part(ctx, tx, f)
			return err
		})
		if err != nil {
			return err
		}
		if err := each(list); err != nil || len(list) < exported {
			return err
		}
		f.Before = list[len(list)-1].ID
	}
}

// Get gives one footprint that the reader may see. It leaves no footprint: it is
// asked beside an act that does.
func Get(ctx context.Context, db *audit.DB, actor access.Actor, footprint int64) (Look, error) {
	var l Look
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		l, err = get(ctx, tx, footprint)
		return err
	})
	return l, err
}

func get(ctx context.Context, tx *pg.Tx, footprint int64) (Look, error) {
	list, err := collect(ctx, tx, ofIDs, pgx.NamedArgs{"ids": []int64{footprint}})
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return Look{}, err
	}
	return list[0], nil
}

// Begin tells whether the actor audits anything. It is for whoever does, or keeps
// staff files or people anywhere. Looking is recorded.
func Begin(ctx context.Context, db *audit.DB, actor access.Actor) (bool, error) {
	var may bool
	about := audit.Act{Action: access.ViewOversight}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if may, err = audits(ctx, tx.Reader()); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		if !may && !managesStaff(rights) {
			return fault.NotThere()
		}
		tx.Record(about)
		return nil
	})
	return may, err
}

func managesStaff(r access.Rights) bool {
	for _, g := range r.Grants {
		if g.Rights&access.Manage != 0 && g.Mask.Has(access.ClassOf(access.Staff, access.General)) {
			return true
		}
	}
	return false
}
