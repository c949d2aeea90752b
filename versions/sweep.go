package versions

import (
	"context"
	"errors"
	"time"

	"custodian/internal/pg"
	"custodian/storage"
)

// sweptAtOnce is how many objects are swept in one go.
const sweptAtOnce = 500

// Sweep removes what a crash between storing content and writing its row has
// left behind: objects whose upload was noted before its first byte, began more
// than age ago, and never came to a row. Nothing else in the store is touched,
// so a database that was restored from a backup, or the wrong one, cannot sweep
// away what it does not know. age must be longer than any upload lasts. It gives
// how many were removed.
//
// An upload is given up first, which its own commit would notice, and removed
// second. Files that wait to be added go in the same way after their day, and
// what was typed about them after a week.
func (k *Keeper) Sweep(ctx context.Context, age time.Duration) (int, error) {
	removed := 0
	var failed error
	for failed == nil { // what cannot be removed now is tried again the next time, after all the others
		if err := pg.Keep(ctx, k.db, `update app.upload set abandoned = true where begun_at < now() - make_interval(secs => $1)`, age.Seconds()); err != nil {
			return removed, err
		}
		names, err := pg.Abandoned(ctx, k.db, sweptAtOnce)
		if err != nil {
			return removed, err
		}
		if len(names) == 0 {
			return removed, pg.Keep(ctx, k.db, `delete from app.batch where begun_at < now() - interval '7 days'`)
		}
		for _, n := range names {
			if err := k.sealed.Remove(ctx, storage.Name(n)); err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			if err := pg.Keep(ctx, k.db, `delete from app.upload where object_name = $1`, n); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, failed
}
