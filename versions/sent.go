package versions

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Document is the document whose next version is to be added; the zero Document
// for a new one.
func (s Slot) Document() Document { return s.document }

// Latest is the number of that document's newest version; 0 for a new document.
func (s Slot) Latest() int { return s.latest }

// Check says everything that is wrong with an entry about a version of a
// document of this kind. A new document is asked for its title too.
func (e Entry) Check(kind Kind, isNew bool) []fault.Field {
	var bad []fault.Field
	if isNew {
		bad = fault.CheckLine("title", e.Title)
	}
	_, err := e.read(kind, time.Now())
	if f, ok := fault.Of(err); ok {
		bad = append(bad, f.Fields...)
	}
	return bad
}

// Late tells whether something that happened then is recorded late now, so that
// a reason is asked for.
func Late(happened, now time.Time) bool { return now.Sub(happened) > late }

// AddSent adds one file as it came with its facts. When it cannot be added, it
// waits in the batch that is given, with what was typed; when it can, no batch is
// left and 0 is given. The same form sent again, by the key it carries, gets what
// came of it the first time (Repeated). An empty key is not remembered.
func (k *Keeper) AddSent(ctx context.Context, actor access.Actor, s Slot, typed map[string]string, r *Received, c Claim, key string) (batch int64, added Added, err error) {
	place := s.place.Record
	if s.place.Document != 0 {
		place = s.place.Document
	}
	mark := c.fingerprint("form", place, r.SHA256())
	if batch, err = k.NewBatch(ctx, actor, s, typed, r); err != nil {
		return 0, Added{}, err
	}
	var held int64
	err = pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `select id from app.held where batch_id = @batch`, pgx.NamedArgs{"batch": batch}).Scan(&held)
	})
	if err != nil {
		return batch, Added{}, err
	}
	if key == "" {
		added, err = k.AddHeld(ctx, actor, batch, held, c)
	} else {
		// another file or other facts under the same key are another form, not a mistake
		added, err = k.addHeld(ctx, actor, batch, held, c, audit.Once{Key: "form " + key + " " + hex.EncodeToString(mark[:]), Fingerprint: mark})
	}
	if err != nil {
		return batch, added, err
	}
	if added.Repeated { // what came the second time still waits
		err = k.DropHeld(ctx, actor, batch, held)
	}
	return 0, added, err
}
