package versions

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Slot is permission to add content somewhere, taken before the content is
// sent. It holds no lock; everything is checked again when the content is added.
type Slot struct {
	place  access.Place
	kind   Kind // of an existing document
	latest int  // number of the newest version then; 0 for a new document

	document Document         // that existing document
	sections []access.Section // of the record, to which the actor may add
}

// BeginDocument asks whether the actor may add documents to a record.
func (k *Keeper) BeginDocument(ctx context.Context, actor access.Actor, id int64) (Slot, error) {
	var s Slot
	about := audit.Act{Action: access.AddDocument, Target: audit.Target{Record: id}}
	err := k.check(ctx, actor, about, func(tx *pg.Tx) (err error) {
		s, err = slot(ctx, tx, id, 0)
		return err
	})
	return s, err
}

// BeginVersion asks whether the actor may add versions to a document, and notes
// which version is the newest now: if another has come by the time the content
// is there, adding it is a Conflict.
func (k *Keeper) BeginVersion(ctx context.Context, actor access.Actor, id int64) (Slot, error) {
	var s Slot
	about := audit.Act{Action: access.AddVersion, Target: audit.Target{Document: id}}
	err := k.check(ctx, actor, about, func(tx *pg.Tx) (err error) {
		s, err = slot(ctx, tx, 0, id)
		return err
	})
	return s, err
}

// slot asks whether the actor may add documents to a record, or versions to a
// document where that is not 0.
func slot(ctx context.Context, tx *pg.Tx, recordID, documentID int64) (Slot, error) {
	if documentID == 0 {
		p, open, err := record(ctx, tx, recordID)
		if err != nil {
			return Slot{}, err
		}
		s := Slot{place: p}
		s.sections, err = maySection(ctx, tx, p, open)
		return s, err
	}
	d, err := document(ctx, tx, documentID)
	if err != nil {
		return Slot{}, err
	}
	s := Slot{place: d.place, document: d.Document}
	s.kind, _ = KindOf(d.Kind)
	s.kind.Approval = d.NeedsApproval
	if err := mayAdd(ctx, tx, access.AddVersion, d.place, d.open); err != nil {
		return s, err
	}
	s.latest, err = newest(ctx, tx, documentID)
	return s, err
}

func mayAdd(ctx context.Context, tx *pg.Tx, a access.Action, p access.Place, open bool) error {
	if err := permit(ctx, tx, a, p, noAdding); err != nil {
		return err
	}
	if !open {
		return fault.New(fault.Conflict, closed)
	}
	return nil
}

// maySection lists the sections of a record to which the actor may add, and
// refuses where there is none.
func maySection(ctx context.Context, tx *pg.Tx, p access.Place, open bool) ([]access.Section, error) {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return nil, err
	}
	sections, err := openTo(ctx, tx, p.Record, access.MayIn(rights, access.AddDocument, p))
	switch {
	case err != nil:
	case len(sections) == 0:
		err = fault.New(fault.Forbidden, noAdding)
	case !open:
		err = fault.New(fault.Conflict, closed)
	}
	return sections, err
}

func newest(ctx context.Context, tx *pg.Tx, document int64) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `select coalesce(max(number), 0) from app.version where document_id = @id`, pgx.NamedArgs{"id": document}).Scan(&n)
	return n, err
}
