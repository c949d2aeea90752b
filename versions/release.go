package versions

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/pg"
)

// Release is something that may let somebody read a document who does not work here.
type Release struct {
	Document int64
	To       *access.Section // to which the document goes, nil where it stays
}

// OutsidersRead tells whoever approves or manages a document whether somebody outside
// reads, now or on a day to come, what lies where it lies or goes: whom the record is
// about, an inspector, an independent visitor. To others, and of a library, it says no.
// It leaves no footprint: it is asked before an act that does.
func (k *Keeper) OutsidersRead(ctx context.Context, actor access.Actor, r Release) (outside bool, err error) {
	err = pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `select app.outsiders_read(@document, @section)`, pgx.NamedArgs{"document": r.Document, "section": r.To}).Scan(&outside)
	})
	return outside, err
}
