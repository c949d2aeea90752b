package versions

import (
	"context"
	"sync"
	"time"

	"custodian/internal/pg"
	"custodian/storage"
)

// sweeper remembers which objects no row spoke of at the last look.
type sweeper struct {
	mu   sync.Mutex
	seen map[storage.Name]bool
}

func newSweeper() *sweeper { return &sweeper{seen: map[storage.Name]bool{}} }

// batch is how many objects are asked about at once.
const batch = 500

// Sweep removes objects that no row speaks of: what a crash between storing
// content and writing its row leaves behind. It works in two steps. An object
// is noted when it is older than age and has no row; it is removed when the
// next Sweep finds the same. age must be longer than any upload lasts. It gives
// how many were removed.
func (k *Keeper) Sweep(ctx context.Context, age time.Duration) (int, error) {
	k.swept.mu.Lock()
	defer k.swept.mu.Unlock()
	noted := map[storage.Name]bool{}
	removed := 0
	var names []string
	settle := func() error {
		orphans, err := pg.Unclaimed(ctx, k.db, names)
		names = names[:0]
		for _, n := range orphans {
			name := storage.Name(n)
			if !k.swept.seen[name] {
				noted[name] = true
			} else if err == nil {
				if err = k.sealed.Remove(ctx, name); err == nil {
					removed++
				}
			}
		}
		return err
	}
	for info, err := range k.sealed.List(ctx) {
		if err != nil {
			return removed, err
		}
		if time.Since(info.Modified) < age {
			continue
		}
		if names = append(names, string(info.Name)); len(names) == batch {
			if err := settle(); err != nil {
				return removed, err
			}
		}
	}
	err := settle()
	k.swept.seen = noted
	return removed, err
}
