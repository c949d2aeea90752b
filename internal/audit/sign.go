package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// sign signs the checkpoints that are due: one for each thousand footprints,
// and one a minute for what came since. With all, also what is not due yet.
func (t *Tree) sign(ctx context.Context, all bool) error {
	t.signing.Lock()
	defer t.signing.Unlock()
	for {
		done, err := t.signNext(ctx, all)
		if err != nil || done {
			return err
		}
	}
}

// signNext signs the next checkpoint that is due, if it continues the one
// before; done says that none is due.
func (t *Tree) signNext(ctx context.Context, all bool) (done bool, err error) {
	base, err := t.continuing(ctx)
	if err != nil {
		return true, err
	}
	var size int64
	var root tree.Hash
	var epoch int32
	var now time.Time
	continues, timely := false, false
	err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		e, err := endOf(ctx, tx)
		if err != nil {
			return err
		}
		if base.Size > e.size {
			return fmt.Errorf("%w: it covers %d, and there are %d", ErrForked, base.Size, e.size)
		}
		err = tx.QueryRow(ctx, `select (select max(number) from app.epoch), clock_timestamp(),
			coalesce((select max(at) from app.checkpoint), '-infinity'::timestamptz) <= clock_timestamp() - @every::interval`,
			pgx.NamedArgs{"every": EveryTime}).Scan(&epoch, &now, &timely)
		if size = next(base.Size, e.size, timely || all); err != nil || size == 0 {
			return err
		}
		read := stored(ctx, tx)
		if root, err = tree.RootOf(size, read); err != nil {
			return err
		}
		continues, err = tree.Continues(size, root, base.Size, base.Root, read)
		return err
	})
	switch {
	case err != nil || size == 0:
		return true, err
	case !continues:
		return true, ErrForked
	}
	c, signed, err := t.o.Signer.Sign(size, root, epoch, now)
	if err != nil {
		return true, err
	}
	return false, t.publish(ctx, c, signed)
}

// next is the size of the next checkpoint, 0 when none is due.
func next(last, size int64, now bool) int64 {
	switch full := last - last%EveryEvents + EveryEvents; {
	case size >= full:
		return full
	case size > last && now:
		return size
	}
	return 0
}

// proof is what a witness asks for, worked out in a transaction of its own:
// nothing is held open while somebody outside thinks.
func (t *Tree) proof(ctx context.Context, size int64) func(earlier int64) ([]tree.Hash, error) {
	return func(earlier int64) (proof []tree.Hash, err error) {
		err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
			proof, err = tree.Consistency(size, earlier, stored(ctx, tx))
			return err
		})
		return proof, err
	}
}

// outside bounds how long a witness or a time-stamp service may take.
const outside = 15 * time.Second

// publish keeps a signed checkpoint: on the shelf first, then in the database.
func (t *Tree) publish(ctx context.Context, c tree.Checkpoint, signed []byte) error {
	if t.o.Witness != nil {
		within, cancel := context.WithTimeout(ctx, outside)
		both, err := t.o.Witness.Cosign(within, c, signed, t.proof(within, c.Size))
		cancel()
		if err != nil {
			t.o.Log.Warn("footprints: the witness did not sign", "size", c.Size, "error", err)
		} else {
			signed = both
		}
	}
	if err := t.o.Shelf.PutMark(ctx, c.Name(), signed); err != nil {
		// Another program signed the very same tree a moment ago: then its note counts.
		there, e := t.o.Shelf.Mark(ctx, c.Name())
		if e != nil {
			return fmt.Errorf("audit: keep checkpoint: %w", err)
		}
		if c, err = tree.OpenCheckpoint(there, t.Public()); err != nil {
			return fmt.Errorf("audit: what is kept as the checkpoint of %d: %w", c.Size, err)
		}
		signed = there
	}
	id, err := t.enter(ctx, c, signed)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.base, t.foot.at = &c, time.Time{}
	t.mu.Unlock()
	t.timeStamp(ctx, id, c, signed)
	return nil
}

// enter writes the row of a checkpoint, and gives its id.
func (t *Tree) enter(ctx context.Context, c tree.Checkpoint, signed []byte) (id int64, err error) {
	err = pg.Write(ctx, t.o.DB, access.Custodian(), func(tx *pg.WriteTx) error {
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `insert into app.checkpoint (id, epoch, size, root, at, note) values (@id, @epoch, @size, @root, @at, @note) on conflict do nothing`,
			pgx.NamedArgs{"id": id, "epoch": c.Epoch, "size": c.Size, "root": c.Root[:], "at": c.At, "note": string(signed)})
		if err == nil && tag.RowsAffected() == 0 {
			err = tx.QueryRow(ctx, `select id from app.checkpoint where epoch = @epoch and size = @size`, pgx.NamedArgs{"epoch": c.Epoch, "size": c.Size}).Scan(&id)
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("audit: checkpoint: %w", err)
	}
	return id, nil
}

// timeStamp has a checkpoint time-stamped, where a service is set and it is
// time again. What goes wrong is logged: the checkpoint stands without it.
func (t *Tree) timeStamp(ctx context.Context, id int64, c tree.Checkpoint, signed []byte) {
	if t.o.Stamp == nil || time.Since(t.stamped) < t.o.StampIn {
		return
	}
	t.stamped = time.Now()
	within, cancel := context.WithTimeout(ctx, outside)
	defer cancel()
	token, err := t.o.Stamp(within, signed)
	if err == nil {
		err = t.o.Shelf.PutMark(ctx, c.Name()+".tsr", token)
	}
	if err == nil {
		err = pg.Write(ctx, t.o.DB, access.Custodian(), func(tx *pg.WriteTx) error {
			_, err := tx.Exec(ctx, `insert into app.time_stamp (checkpoint_id, token) values (@id, @token) on conflict do nothing`, pgx.NamedArgs{"id": id, "token": token})
			return err
		})
	}
	if err != nil {
		t.o.Log.Warn("footprints: a checkpoint was not time-stamped", "size", c.Size, "error", err)
	}
}

// continuing gives the newest checkpoint that the tree must continue: of those
// on the shelf and in the database since an epoch was last accepted.
func (t *Tree) continuing(ctx context.Context) (tree.Checkpoint, error) {
	t.mu.Lock()
	base := t.base
	t.mu.Unlock()
	var least int32
	var c tree.Checkpoint
	err := pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		if err := tx.QueryRow(ctx, `select max(number) from app.epoch where accepted`).Scan(&least); err != nil {
			return err
		}
		var root []byte
		err := tx.QueryRow(ctx, `select epoch, size, root from app.checkpoint where epoch >= @least order by epoch desc, size desc limit 1`,
			pgx.NamedArgs{"least": least}).Scan(&c.Epoch, &c.Size, &root)
		if pg.None(err) {
			return nil
		}
		copy(c.Root[:], root)
		return err
	})
	if err != nil {
		return c, err
	}
	if base == nil {
		newest, err := t.newestOnShelf(ctx, least)
		if err != nil {
			return c, err
		}
		base = &newest
		t.mu.Lock()
		t.base = base
		t.mu.Unlock()
	}
	if base.Epoch >= least && later(*base, c) {
		return *base, nil
	}
	return c, nil
}

func later(a, b tree.Checkpoint) bool {
	return a.Epoch > b.Epoch || a.Epoch == b.Epoch && a.Size >= b.Size
}

// newestOnShelf goes by the names alone; what the newest says is read and must
// be signed by us.
func (t *Tree) newestOnShelf(ctx context.Context, least int32) (newest tree.Checkpoint, err error) {
	for name, err := range t.o.Shelf.Marks(ctx) {
		if err != nil {
			return newest, fmt.Errorf("audit: list checkpoints: %w", err)
		}
		if c, ok := tree.ParseName(name); ok && c.Origin == t.o.Signer.Name() && c.Epoch >= least && later(c, newest) {
			newest = c
		}
	}
	if newest.Size == 0 {
		return newest, nil
	}
	text, err := t.o.Shelf.Mark(ctx, newest.Name())
	if err != nil {
		return newest, fmt.Errorf("audit: read checkpoint: %w", err)
	}
	return tree.OpenCheckpoint(text, t.Public())
}

// Newest gives the newest signed checkpoint that is kept outside the database.
func (t *Tree) Newest(ctx context.Context) ([]byte, error) {
	c, err := t.newestOnShelf(ctx, 0)
	if err != nil {
		return nil, err
	}
	if c.Size == 0 {
		return nil, fault.New(fault.NotFound, "Nothing has been signed yet. The first checkpoint is signed within a minute of the first footprint while custodian serve runs.")
	}
	return t.o.Shelf.Mark(ctx, c.Name())
}
