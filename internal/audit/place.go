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
func (t *Tree) place(ctx context.Context, tx *pg.WriteTx, e end, most int, next func(tx *pg.Tx, after end) ([]fact, error)) (placed int, err error) {
	roll, err := tree.Resume(e.size, stored(ctx, &tx.Tx))
	if err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	read, made, ended := make(chan part, 1), make(chan leaves, 1), make(chan error, 1)
	go func() {
		defer close(read)
		ended <- pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error { return t.ahead(ctx, tx, e, most, next, read) })
	}()
	go func() {
		defer close(made)
		for p := range read {
			made <- leavesOf(roll, p.facts, p.held)
		}
	}()
	for l := range made {
		if err == nil {
			err = l.insert(ctx, tx, e.size+int64(placed))
			placed += len(l.ids)
		}
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
func (t *Tree) ahead(ctx context.Context, tx *pg.Tx, e end, most int, next func(tx *pg.Tx, after end) ([]fact, error), to chan<- part) error {
	keys := t.ring(func(record int64) (fresh bool, err error) {
		return fresh, tx.QueryRow(ctx, `select app.never_keyed(@record)`, pgx.NamedArgs{"record": record}).Scan(&fresh)
	})
	for n := 0; most == 0 || n < most; {
		facts, err := next(tx, e)
		if err != nil || len(facts) == 0 {
			return err
		}
		held, err := keys.all(ctx, facts)
		if err != nil {
			return err
		}
		select {
		case to <- part{facts, held}:
		case <-ctx.Done():
			return ctx.Err()
		}
		last := &facts[len(facts)-1]
		e.epoch, e.xid, e.id = last.Epoch, last.Xid, last.ID
		n += len(facts)
	}
	return nil
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
}

// leavesOf makes the leaves of footprints, and adds them to the tree.
func leavesOf(roll *tree.Roll, facts []fact, held []tree.Keys) (l leaves) {
	n := len(facts)
	l.ids, l.xids, l.epochs, l.ends = make([]int64, n), make([]int64, n), make([]int32, n), make([]int32, n)
	l.marks, l.hashes = make([]byte, 0, 256*n), make([]byte, 0, (2*n+64)*len(tree.Hash{}))
	var line []byte
	for i := range facts {
		f, was := &facts[i], len(l.marks)
		l.marks = tree.AppendMarks(l.marks, held[i], f.ID, f.Words)
		line = tree.AppendLeaf(line[:0], f.Facts, l.marks[was:])
		l.marks = append(l.marks, '\n')
		l.hashes = roll.Append(tree.LeafHash(line), l.hashes)
		l.ids[i], l.epochs[i], l.xids[i], l.ends[i] = f.ID, f.Epoch, f.Xid, int32(len(l.hashes))
	}
	return l
}

func (l leaves) insert(ctx context.Context, tx *pg.WriteTx, from int64) error {
	_, err := tx.Exec(ctx, `
		insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes)
		select @from + n - 1, id, epoch, xid::text::xid8, marks, substring(@hashes::bytea from began + 1 for ended - began)
		from unnest(@ids::bigint[], @epochs::int[], @xids::bigint[], string_to_array(@marks, E'\n'), 0 || @ends::int[], @ends::int[])
			with ordinality as u (id, epoch, xid, marks, began, ended, n)
		where id is not null`,
		pgx.NamedArgs{"from": from, "ids": l.ids, "epochs": l.epochs, "xids": l.xids, "marks": string(l.marks), "hashes": l.hashes, "ends": l.ends})
	return err
}
