package audit

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/pg"
)

// part is what is placed in one statement: footprints, and the keys under which
// their words are committed to.
type part struct {
	facts []fact
	held  []tree.Keys
}

// place puts footprints behind the last place, at most so many (0: all), and
// says how many. next gives those after one of them in the order of taking. Three
// work at once: one reads in a transaction of its own, begun after the lock on the
// tree was taken, so that it sees all that was placed before; one works out; the
// third, in tx, writes.
func (t *Tree) place(ctx context.Context, tx *pg.WriteTx, e end, most int, next func(tx *pg.Tx, after end, into []fact) ([]fact, error)) (placed int, err error) {
	roll, err := tree.Resume(e.size, stored(ctx, &tx.Tx))
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	read, made, ended := make(chan part, 1), make(chan leaves, 1), make(chan error, 1)
	used, written := make(chan part, 3), make(chan leaves, 3) // whose room is taken again: as many as are on their way
	go func() {
		defer close(read)
		ended <- pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error { return t.ahead(ctx, tx, e, most, next, used, read) })
	}()
	go func() {
		defer close(made)
		for p := range read {
			made <- leavesOf(roll, p, taken(written))
			used <- p
		}
	}()
	for l := range made {
		if err == nil {
			err = l.insert(ctx, tx, e.size+int64(placed))
			placed += len(l.ids)
		}
		written <- l
		if err != nil {
			stop() // and take what is on its way, so that nobody waits
		}
	}
	stop()
	if readErr := <-ended; err == nil {
		err = readErr
	}
	return placed, err
}

// ahead reads the parts that are to be placed, until there is no more or most
// are read.
func (t *Tree) ahead(ctx context.Context, tx *pg.Tx, e end, most int, next func(tx *pg.Tx, after end, into []fact) ([]fact, error), used <-chan part, to chan<- part) error {
	keys := t.ring(func(record int64) (fresh bool, err error) {
		return fresh, tx.QueryRow(ctx, `select app.never_keyed(@record)`, pgx.NamedArgs{"record": record}).Scan(&fresh)
	})
	for n := 0; most == 0 || n < most; {
		p := taken(used)
		var err error
		if p.facts, err = next(tx, e, p.facts[:0]); err != nil || len(p.facts) == 0 {
			return err
		}
		if p.held, err = keys.all(ctx, p.facts, p.held[:0]); err != nil {
			return err
		}
		last := &p.facts[len(p.facts)-1]
		e.epoch, e.xid, e.id = last.Epoch, last.Xid, last.ID
		n += len(p.facts)
		select {
		case to <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// taken gives what lies ready to be filled again, or something new.
func taken[T any](from <-chan T) (t T) {
	select {
	case t = <-from:
	default:
	}
	return t
}

// atOnce is how many footprints come from the database, and leaves go into it, in
// one statement.
const atOnce = 1000

// leaves are rows of app.leaf, column by column. The marks stand one to a line and
// the hashes in one piece, each up to where it ends, since many small values take
// longer on their way than in the tree.
type leaves struct {
	ids, xids     []int64
	epochs, ends  []int32
	marks, hashes []byte
	line          []byte // room for one leaf
}

// leavesOf makes the leaves of footprints, in the room of others, and adds them to
// the tree.
func leavesOf(roll *tree.Roll, p part, l leaves) leaves {
	l.ids, l.xids, l.epochs, l.ends, l.marks, l.hashes = l.ids[:0], l.xids[:0], l.epochs[:0], l.ends[:0], l.marks[:0], l.hashes[:0]
	for i := range p.facts {
		f, was := &p.facts[i], len(l.marks)
		l.marks = tree.AppendMarks(l.marks, p.held[i], f.ID, f.Words)
		l.line = tree.AppendLeaf(l.line[:0], f.Facts, l.marks[was:])
		l.marks = append(l.marks, '\n')
		l.hashes = roll.Append(tree.LeafHash(l.line), l.hashes)
		l.ids, l.epochs, l.xids, l.ends = append(l.ids, f.ID), append(l.epochs, f.Epoch), append(l.xids, f.Xid), append(l.ends, int32(len(l.hashes)))
	}
	return l
}

func (l leaves) insert(ctx context.Context, tx *pg.WriteTx, from int64) error {
	_, err := tx.Exec(ctx, `
		insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes)
		select @from + n - 1, id, epoch, xid::text::xid8, marks, substring(@hashes::bytea from began + 1 for ended - began)
		from unnest(@ids::bigint[], @epochs::int[], @xids::bigint[], string_to_array(@marks::text, E'\n'), 0 || @ends::int[], @ends::int[])
			with ordinality as u (id, epoch, xid, marks, began, ended, n)
		where id is not null`,
		pgx.NamedArgs{"from": from, "ids": l.ids, "epochs": l.epochs, "xids": l.xids, "marks": l.marks, "hashes": l.hashes, "ends": l.ends})
	return err
}
