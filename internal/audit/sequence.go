package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// treeLock names the lock that whoever works on the tree holds.
const treeLock = "tree of footprints"

// fact is a footprint as the database tells it for the tree.
type fact struct {
	tree.Facts
	tree.Words
}

// into is where the columns of app.leaf_facts go, in their order.
func (f *fact) into() []any {
	return append(f.bare(), &f.Name, &f.Post, &f.Words.Record, &f.Title, &f.Sought, &f.Detail)
}

// bare is where those go that hold no words.
func (f *fact) bare() []any {
	return []any{&f.ID, &f.At, &f.Facts.Actor, &f.Action, &f.Outcome, &f.Provider, &f.Home, &f.Facts.Record, &f.Document, &f.Version, &f.Class, &f.Request, &f.Epoch, &f.Xid}
}

const factColumns = `id, at, actor, action, outcome, provider, home, record, document, version, class, request, epoch, xid, name, post, record_name, title, sought, detail`

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
		n, err = t.place(ctx, tx, e, func(after end) ([]fact, error) { return toSequence(ctx, tx, after) })
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("audit: sequence: %w", err)
	}
	return n, nil
}

// toSequence gives the next footprints that are settled. What the many have in
// common, their people's and records' names, is asked for once.
func toSequence(ctx context.Context, tx *pg.WriteTx, after end) ([]fact, error) {
	rows, err := tx.Query(ctx, `select id, at, actor, action, outcome, provider, home, record, document, version, class, request, epoch, xid, sought, detail
		from app.to_sequence(@epoch, @xid, @id, @most)`, pgx.NamedArgs{"epoch": after.epoch, "xid": after.xid, "id": after.id, "most": atOnce})
	if err != nil {
		return nil, err
	}
	facts, err := collected(rows, func(f *fact) []any { return append(f.bare(), &f.Sought, &f.Detail) })
	if err != nil || len(facts) == 0 {
		return nil, err
	}
	return facts, name(ctx, tx, facts)
}

// name fills in the names of whoever and whatever footprints are about.
func name(ctx context.Context, tx *pg.WriteTx, facts []fact) error {
	actors, records, documents := map[int64][2]string{}, map[int64][2]string{}, map[int64][2]string{}
	for i := range facts {
		actors[facts[i].Facts.Actor] = [2]string{}
		if r := facts[i].Facts.Record; r != nil {
			records[*r] = [2]string{}
		}
		if d := facts[i].Document; d != nil {
			documents[*d] = [2]string{}
		}
	}
	kinds := []map[int64][2]string{actors, records, documents}
	rows, err := tx.Query(ctx, `select kind, id, name, post from app.tree_names(@actors, @records, @documents)`, pgx.NamedArgs{
		"actors": slices.Collect(maps.Keys(actors)), "records": slices.Collect(maps.Keys(records)), "documents": slices.Collect(maps.Keys(documents))})
	if err != nil {
		return err
	}
	var kind int
	var id int64
	var words [2]string
	if _, err := pgx.ForEachRow(rows, []any{&kind, &id, &words[0], &words[1]}, func() error { kinds[kind][id] = words; return nil }); err != nil {
		return err
	}
	for i := range facts {
		f := &facts[i]
		f.Name, f.Post = actors[f.Facts.Actor][0], actors[f.Facts.Actor][1]
		f.Words.Record, f.Title = records[valueOf(f.Facts.Record)][0], documents[valueOf(f.Document)][0]
	}
	return nil
}

// collected reads footprints.
func collected(rows pgx.Rows, into func(*fact) []any) ([]fact, error) {
	facts := make([]fact, 0, 64)
	var f fact
	_, err := pgx.ForEachRow(rows, into(&f), func() error {
		facts = append(facts, f)
		f.Provider, f.Home, f.Facts.Record, f.Document, f.Version, f.Class = nil, nil, nil, nil, nil, nil // the next row gets numbers of its own
		return nil
	})
	return facts, err
}

// place puts footprints behind the last place, at most batch of them. next gives
// those after one of them in the order of taking. While the database writes one
// part and looks for the part after the next, the next is worked out.
func (t *Tree) place(ctx context.Context, tx *pg.WriteTx, e end, next func(after end) ([]fact, error)) (int, error) {
	keys := t.ring(func(record int64) (fresh bool, err error) {
		return fresh, tx.QueryRow(ctx, `select app.never_keyed(@record)`, pgx.NamedArgs{"record": record}).Scan(&fresh)
	})
	var roll *tree.Roll
	var working chan leaves // the part that is being worked out
	defer func() {
		if working != nil {
			<-working // let it end, whatever happened
		}
	}()
	size, placed := e.size, 0
	for {
		var facts []fact
		var held []tree.Keys
		var err error
		if placed < batch {
			if facts, err = next(e); err == nil {
				held, err = keys.all(ctx, facts)
			}
			if err != nil {
				return 0, err
			}
		}
		if roll == nil && len(facts) > 0 {
			if roll, err = tree.Resume(size, stored(ctx, &tx.Tx)); err != nil {
				return 0, err
			}
		}
		var done leaves
		if working != nil {
			done = <-working
			working = nil
		}
		if n := len(facts); n > 0 {
			to := make(chan leaves, 1)
			working = to
			go func() { to <- leavesOf(roll, facts, held) }()
			last := &facts[n-1]
			e.epoch, e.xid, e.id = last.Epoch, last.Xid, last.ID
			placed += n
		}
		if len(done.ids) > 0 {
			if err := done.insert(ctx, tx, size); err != nil {
				return 0, err
			}
			size += int64(len(done.ids))
		}
		if working == nil {
			return placed, nil
		}
	}
}

// atOnce is how many footprints come from the database, and leaves go into it, in
// one statement.
const atOnce = 1000

// leaves are rows of app.leaf, column by column.
type leaves struct {
	ids, xids []int64
	epochs    []int32
	marks     []string
	hashes    [][]byte
}

// leavesOf makes the leaves of footprints, and adds them to the tree.
func leavesOf(roll *tree.Roll, facts []fact, held []tree.Keys) (l leaves) {
	n := len(facts)
	l.ids, l.xids, l.epochs, l.marks, l.hashes = make([]int64, n), make([]int64, n), make([]int32, n), make([]string, n), make([][]byte, n)
	var line []byte
	for i := range facts {
		f := &facts[i]
		l.ids[i], l.epochs[i], l.xids[i], l.marks[i] = f.ID, f.Epoch, f.Xid, tree.Commit(held[i], f.ID, f.Words).String()
		line = tree.AppendLeaf(line[:0], f.Facts, l.marks[i])
		l.hashes[i] = roll.Append(tree.LeafHash(line), make([]byte, 0, 2*len(tree.Hash{})))
	}
	return l
}

func (l leaves) insert(ctx context.Context, tx *pg.WriteTx, from int64) error {
	_, err := tx.Exec(ctx, `
		insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes)
		select @from + n - 1, id, epoch, xid::text::xid8, marks, hashes
		from unnest(@ids::bigint[], @epochs::int[], @xids::bigint[], @marks::text[], @hashes::bytea[]) with ordinality as u (id, epoch, xid, marks, hashes, n)`,
		pgx.NamedArgs{"from": from, "ids": l.ids, "epochs": l.epochs, "xids": l.xids, "marks": l.marks, "hashes": l.hashes})
	return err
}

// ring holds the keys of one batch, so that each is asked for once.
type ring struct {
	ask   KeyFor
	fresh func(record int64) (bool, error) // nil: no key is made
	held  map[[2]int64]*tree.Key           // nil for a key that is gone
}

func (t *Tree) ring(fresh func(int64) (bool, error)) *ring {
	return &ring{t.o.Keys, fresh, map[[2]int64]*tree.Key{}}
}

// all gives the keys of footprints that are to be placed.
func (r *ring) all(ctx context.Context, facts []fact) (held []tree.Keys, err error) {
	held = make([]tree.Keys, len(facts))
	for i := range facts {
		if held[i], err = r.of(ctx, &facts[i]); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// of gives the keys of a footprint that is to be placed.
func (r *ring) of(ctx context.Context, f *fact) (k tree.Keys, err error) {
	provider := valueOf(f.Provider)
	p, err := r.key(ctx, provider, 0, func() (bool, error) { return true, nil })
	if err != nil {
		return k, err
	}
	if p == nil {
		return k, fmt.Errorf("the key of provider %d is not in the keyring", provider)
	}
	k.Provider = *p
	if f.Facts.Record != nil {
		record := *f.Facts.Record
		k.Record, err = r.key(ctx, provider, record, func() (bool, error) { return r.fresh(record) })
	}
	return k, err
}

// key gives a key, made where may says so; nil when it is gone.
func (r *ring) key(ctx context.Context, provider, record int64, may func() (bool, error)) (*tree.Key, error) {
	id := [2]int64{provider, record}
	if k, ok := r.held[id]; ok {
		return k, nil
	}
	key, found, err := r.ask(ctx, provider, record, false)
	if err == nil && !found && r.fresh != nil {
		var make bool
		if make, err = may(); err == nil && make {
			key, found, err = r.ask(ctx, provider, record, true)
		}
	}
	if err != nil {
		return nil, err
	}
	if r.held[id] = nil; found {
		r.held[id] = &key
	}
	return r.held[id], nil
}

// again makes the leaf of a footprint that has its place, as it stands now. A
// commitment whose key is gone stays what it was; opened says that none did.
func (r *ring) again(ctx context.Context, f *fact, was string) (leaf []byte, opened bool, err error) {
	m, ok := tree.ParseMarks(was)
	if !ok {
		return tree.Leaf(f.Facts, tree.Marks{}), true, nil
	}
	never := func() (bool, error) { return false, nil }
	provider := valueOf(f.Provider)
	p, err := r.key(ctx, provider, 0, never)
	if err != nil {
		return nil, false, err
	}
	var record *tree.Key
	if m.OfRecord() && f.Facts.Record != nil {
		if record, err = r.key(ctx, provider, *f.Facts.Record, never); err != nil {
			return nil, false, err
		}
	}
	if p == nil {
		return tree.Leaf(f.Facts, m), false, nil
	}
	now := tree.Commit(tree.Keys{Provider: *p, Record: record}, f.ID, f.Words)
	if m.OfRecord() && record == nil {
		now = tree.Marks{Keyed: m.Keyed, Who: now.Who, About: m.About, Sought: m.Sought, Detail: m.Detail}
		return tree.Leaf(f.Facts, now), false, nil
	}
	return tree.Leaf(f.Facts, now), true, nil
}

func valueOf(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
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
		for {
			e, err := endOf(ctx, tx.Reader())
			if err != nil {
				return err
			}
			next := func(after end) ([]fact, error) {
				rows, err := tx.Query(ctx, `select `+factColumns+` from app.outstanding(@epoch, @xid, @id, @most)`,
					pgx.NamedArgs{"epoch": after.epoch, "xid": after.xid, "id": after.id, "most": atOnce})
				if err != nil {
					return nil, err
				}
				return collected(rows, (*fact).into)
			}
			if n, err := t.place(ctx, tx.WriteTx, end{size: e.size}, next); err != nil || n == 0 {
				if err != nil {
					return err
				}
				break
			}
		}
		tx.Record(act)
		_, err := tx.Exec(ctx, `insert into app.epoch (number, cluster, why, accepted)
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
