package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/pg"
)

// Shelf is where signed checkpoints are kept outside the database, so that
// whoever rules the database cannot replace them unseen.
type Shelf interface {
	PutMark(ctx context.Context, name string, text []byte) error
	Mark(ctx context.Context, name string) ([]byte, error)
	Marks(ctx context.Context) iter.Seq2[string, error]
}

// KeyFor gives the key for commitments about a record, or about a provider
// where record is 0, or about nobody where both are. With create it makes one
// that is not there; without, a key that is not there is found false.
type KeyFor func(ctx context.Context, provider, record int64, create bool) (key tree.Key, found bool, err error)

// How often checkpoints are signed, and how long a footprint may wait for its
// place before somebody is told.
const (
	EveryEvents = 1000
	EveryTime   = time.Minute
	MayWait     = 2 * time.Minute

	pace    = time.Second // between two looks for new footprints
	batch   = 50_000      // footprints that get their places in one transaction, at the most
	portion = 5000        // footprints that a check or an export reads at once
)

// TreeOptions is what a Tree stands on.
type TreeOptions struct {
	DB      *DB
	Keys    KeyFor
	Signer  *tree.Signer
	Shelf   Shelf
	Log     *slog.Logger
	Stamp   func(ctx context.Context, signed []byte) ([]byte, error) // a time-stamp service; nil: none
	StampIn time.Duration                                            // at least so long between two time-stamps
	Witness *tree.Witness                                            // nil: none
}

// Tree gives committed footprints their places in the tree, signs checkpoints,
// and checks what it signed. Several programs may have one on the same database:
// one at a time works, and any may go on where another stopped.
type Tree struct {
	o TreeOptions

	mu      sync.Mutex
	base    *tree.Checkpoint // the newest that the tree must continue; nil: not looked up yet
	stamped time.Time        // when a time-stamp was last asked for
	told    map[string]time.Time
	foot    struct {
		at   time.Time
		last *tree.Checkpoint
	}
	signing  sync.Mutex
	checking sync.Mutex // one check at a time: it reads everything
}

// NewTree makes a Tree. It does nothing until it is run or asked.
func NewTree(o TreeOptions) *Tree { return &Tree{o: o, told: map[string]time.Time{}} }

// Public is the key with which anybody checks what was signed.
func (t *Tree) Public() string { return t.o.Signer.Public() }

// ErrForked says that the tree in the database is not what was signed before:
// something was changed, or an older backup was restored. Nothing is signed
// until somebody has said that it may go on.
var ErrForked = errors.New("audit: the footprints in the database do not continue those of the newest signed checkpoint")

// Run keeps the tree up until ctx ends; then it gives what is settled its place
// and signs once more. Failures are logged and tried again.
func (t *Tree) Run(ctx context.Context) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		t.report(ctx, t.Grow(ctx, false))
		t.lag(ctx)
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			t.report(last, t.Grow(last, true))
			return
		case <-tick.C:
		}
	}
}

// report logs a failure, the same one once a minute at most.
func (t *Tree) report(ctx context.Context, err error) {
	if err == nil || ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.told[err.Error()]) < time.Minute {
		return
	}
	clear(t.told)
	t.told[err.Error()] = time.Now()
	t.o.Log.Error("footprints: the tree does not grow, or is not signed", "error", err, "alarm", true)
}

// lag tells when footprints wait too long: a transaction that stays open
// anywhere in the database server holds them all up.
func (t *Tree) lag(ctx context.Context) {
	s, err := State(ctx, t.o.DB)
	if err == nil && s.Late() {
		err = fmt.Errorf("footprints have waited for their place since %s; a transaction left open in the database server holds them up", s.Waits.UTC().Format(time.RFC3339))
	}
	t.report(ctx, err)
}

// Grow does all there is to do: places for what is settled, and checkpoints
// that are due. With all it signs the end of the tree even if none is due.
func (t *Tree) Grow(ctx context.Context, all bool) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	for {
		n, err := t.Sequence(ctx)
		if err != nil {
			return err
		}
		if n < batch {
			return t.sign(ctx, all)
		}
		if err := t.sign(ctx, false); err != nil {
			return err
		}
	}
}

// TreeState is how far the tree has come.
type TreeState struct {
	Size  int64
	Waits *time.Time // when the oldest footprint without a place was made, nil when none waits
	Now   time.Time
}

// Behind is for how long the oldest footprint without a place has waited.
func (s TreeState) Behind() time.Duration {
	if s.Waits == nil {
		return 0
	}
	return max(0, s.Now.Sub(*s.Waits))
}

// Late tells whether footprints have waited too long.
func (s TreeState) Late() bool { return s.Behind() > MayWait }

// State tells how far the tree has come, without its keys.
func State(ctx context.Context, db *DB) (s TreeState, err error) {
	err = pg.Read(ctx, db, access.Custodian(), func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `select coalesce((select size from app.tree_end()), 0), app.tree_waits(), clock_timestamp()`).Scan(&s.Size, &s.Waits, &s.Now)
	})
	return s, err
}

// Foot is the newest checkpoint, for the foot of every page; ok is false while
// there is none. It may be some seconds old.
func (t *Tree) Foot(ctx context.Context) (c tree.Checkpoint, ok bool, err error) {
	t.mu.Lock()
	at, last := t.foot.at, t.foot.last
	t.mu.Unlock()
	if time.Since(at) < 5*time.Second {
		if last == nil {
			return c, false, nil
		}
		return *last, true, nil
	}
	err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		var root []byte
		err := tx.QueryRow(ctx, `select epoch, size, root, at from app.newest_checkpoint()`).Scan(&c.Epoch, &c.Size, &root, &c.At)
		if pg.None(err) {
			return nil
		}
		ok = err == nil && copy(c.Root[:], root) == len(c.Root)
		return err
	})
	if err != nil {
		return c, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.foot.at, t.foot.last = time.Now(), nil; ok {
		t.foot.last = &c
	}
	return c, ok, nil
}

// stored reads hashes of the tree from the leaves that they were stored with.
func stored(ctx context.Context, tx *pg.Tx) func([]int64) ([]tree.Hash, error) {
	return func(indexes []int64) ([]tree.Hash, error) {
		places, nth := make([]int64, len(indexes)), make([]int, len(indexes))
		for i, x := range indexes {
			places[i], nth[i] = tree.LastOf(x)
		}
		rows, err := tx.Query(ctx, `select place, hashes from app.leaf where place = any(@places::bigint[])`, pgx.NamedArgs{"places": places})
		if err != nil {
			return nil, err
		}
		got := map[int64][]byte{}
		var place int64
		var hashes []byte
		if _, err := pgx.ForEachRow(rows, []any{&place, &hashes}, func() error { got[place] = append([]byte(nil), hashes...); return nil }); err != nil {
			return nil, err
		}
		out := make([]tree.Hash, len(indexes))
		for i := range indexes {
			from := nth[i] * len(out[i])
			if len(got[places[i]]) < from+len(out[i]) {
				return nil, fmt.Errorf("%w: a hash of place %d is gone", ErrForked, places[i])
			}
			copy(out[i][:], got[places[i]][from:])
		}
		return out, nil
	}
}
