package looks

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// Reason is one live grant that shows something to the reader.
type Reason struct {
	grants.Reason
	Why      string // as whoever gave it said
	Sections []access.Section
	Rights   access.Right
}

// Because is why the reader sees a record or a document: every grant of theirs
// that shows it.
type Because struct {
	Record  int64
	Kind    access.RecordKind
	Name    string // of the record, "" where the reader may not know it
	Title   string // of the document, "" for a record
	Section access.Section
	Reasons []Reason
}

// WhyRecord tells why the reader sees a record. Asking is recorded.
func WhyRecord(ctx context.Context, db *audit.DB, actor access.Actor, record int64) (Because, error) {
	b := Because{Record: record}
	about := audit.Act{Action: access.ViewReasons, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		place := access.Place{Record: record}
		err := tx.QueryRow(ctx, `select provider_id, coalesce(home_id, 0), kind, name from app.record where id = @id`, pgx.NamedArgs{"id": record}).
			Scan(&place.Provider, &place.Home, &b.Kind, &b.Name)
		if err = orNotThere(err); err != nil {
			return err
		}
		place.Class = access.ClassOf(b.Kind, access.General)
		tx.Record(about)
		return b.gather(ctx, tx.Reader(), func(g access.Rights) bool {
			for _, a := range []access.Action{access.ViewRecord, access.AuditRecord} {
				if _, ok := access.DecideRecord(g, a, place); ok {
					return true
				}
			}
			return false
		})
	})
	return b, err
}

// WhyDocument tells why the reader sees a document. Asking is recorded.
func WhyDocument(ctx context.Context, db *audit.DB, actor access.Actor, document int64) (Because, error) {
	var b Because
	about := audit.Act{Action: access.ViewReasons, Target: audit.Target{Document: document}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		place := access.Place{Document: document}
		err := tx.QueryRow(ctx, `
			select d.provider_id, coalesce(d.home_id, 0), d.record_id, d.class, d.title, coalesce(r.name, '')
			from app.document d left join app.record r on r.id = d.record_id where d.id = @id`, pgx.NamedArgs{"id": document}).
			Scan(&place.Provider, &place.Home, &place.Record, &place.Class, &b.Title, &b.Name)
		if err = orNotThere(err); err != nil {
			return err
		}
		b.Record, b.Kind, b.Section = place.Record, place.Class.Kind(), access.Section(place.Class%3)
		tx.Record(about)
		return b.gather(ctx, tx.Reader(), func(g access.Rights) bool {
			_, ok := access.Decide(g, access.ViewDocument, place)
			return ok
		})
	})
	return b, err
}

func orNotThere(err error) error {
	if pg.None(err) {
		return fault.NotThere()
	}
	return err
}

// gather asks of each live grant alone whether it shows the thing.
func (b *Because) gather(ctx context.Context, tx *pg.Tx, shows func(access.Rights) bool) error {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	for _, g := range rights.Grants {
		alone := rights
		alone.Grants = []access.Grant{g}
		if !shows(alone) {
			continue
		}
		r := Reason{Rights: g.Rights}
		if r.Reason, err = grants.ReasonOf(ctx, tx, g.ID); err != nil {
			return err
		}
		if err = tx.QueryRow(ctx, `select why from app.grants where id = @id`, pgx.NamedArgs{"id": g.ID}).Scan(&r.Why); err != nil {
			return err
		}
		for s := access.General; s <= access.Restricted; s++ {
			if g.Mask.Has(access.ClassOf(b.Kind, s)) {
				r.Sections = append(r.Sections, s)
			}
		}
		b.Reasons = append(b.Reasons, r)
	}
	return nil
}
