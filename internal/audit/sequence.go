package audit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// treeLock names the lock that whoever works on the tree holds.
const treeLock = "tree of footprints"

// end is where the tree ends.
type end struct {
	size, xid, id int64
	epoch         int32
}

func endOf(ctx context.Context, tx *pg.Tx) (e end, err error) {
	err = tx.QueryRow(ctx, `select size, epoch, xid, id from app.tree_end()`).Scan(&e.size, &e.epoch, &e.xid, &e.id)
	if pg.None(err) {
		err = nil
	}
	return e, err
}

// Sequence gives the next footprints that are settled their places, in one
// transaction, and says how many. Settled is what no running transaction can
// come before any more; the order is by epoch, transaction and id, and fixed for
// ever. The footprints themselves are not touched.
func (t *Tree) Sequence(ctx context.Context) (n int, err error) {
	err = pg.Write(ctx, t.o.DB, access.Custodian(), func(tx *pg.WriteTx) error {
		// The next statement's snapshot is newer than the lock: read committed.
		if err := tx.Lock(ctx, treeLock, 0); err != nil {
			return err
		}
		e, err := endOf(ctx, &tx.Tx)
		if err != nil {
			return err
		}
		n, err = t.place(ctx, tx, e, batch, func(tx *pg.Tx, after end, into []fact) ([]fact, error) { return toSequence(ctx, tx, after, into) })
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("audit: sequence: %w", err)
	}
	return n, nil
}

// settle raises the epoch when the database has come into another cluster than
// the one it was in, where transactions are counted from anew.
func (t *Tree) settle(ctx context.Context) error {
	var moved bool
	err := pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `select (select e.cluster from app.epoch e order by e.number desc limit 1) <> (select system_identifier from pg_control_system())`).Scan(&moved)
	})
	if err != nil || !moved {
		return err
	}
	return t.raise(ctx, access.Custodian(), "the database was restored into another cluster", false)
}

// Accept begins a new epoch: what is in the database now is where the tree goes
// on from, although it does not continue what was signed before. Why is kept for
// ever, and is a footprint.
func (t *Tree) Accept(ctx context.Context, why string) error {
	if len(why) == 0 || len(why) > 2000 {
		return fault.New(fault.Invalid, "Say why, in at most 2,000 letters: which backup was restored, when, and by whom.")
	}
	return t.raise(ctx, access.Custodian(), why, true)
}

// raise waits until no footprint is being written, gives all that there are
// their places, and begins the next epoch, in one transaction.
func (t *Tree) raise(ctx context.Context, actor access.Actor, why string, accepted bool) error {
	act := Act{Action: access.RaiseEpoch}
	err := Do(ctx, t.o.DB, actor, act, func(tx *Tx) error {
		if err := tx.Lock(ctx, treeLock, 0); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `select app.hold_footprints()`); err != nil {
			return err
		}
		e, err := endOf(ctx, tx.Reader())
		if err != nil {
			return err
		}
		// from the first on: those that were restored may come before the last that has a place
		_, err = t.place(ctx, tx.WriteTx, end{size: e.size}, 0, func(tx *pg.Tx, after end, into []fact) ([]fact, error) {
			rows, err := tx.Query(ctx, `select `+factColumns+` from app.outstanding(@epoch, @xid, @id, @most)`,
				pgx.NamedArgs{"epoch": after.epoch, "xid": after.xid, "id": after.id, "most": atOnce})
			if err != nil {
				return nil, err
			}
			return collected(rows, into, (*fact).into)
		})
		if err != nil {
			return err
		}
		tx.Record(act)
		_, err = tx.Exec(ctx, `insert into app.epoch (number, cluster, why, accepted)
			select (select max(number) from app.epoch) + 1, system_identifier, @why, @accepted from pg_control_system()`, pgx.NamedArgs{"why": why, "accepted": accepted})
		return err
	})
	t.mu.Lock()
	t.base = nil
	t.mu.Unlock()
	if err == nil {
		t.o.Log.Warn("footprints: a new epoch has begun", "accepted", accepted)
	}
	return err
}
