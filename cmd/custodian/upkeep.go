package main

import (
	"context"
	"log/slog"
	"time"

	"custodian/internal/audit"
	"custodian/versions"
)

// upkeepEvery is how often the portal tidies up after itself.
const upkeepEvery = time.Hour

// upkeep removes what crashes leave behind and what is only kept for a while, until ctx ends. A failure is logged and tried
// again the next time: nothing that people rely on depends on it.
func upkeep(ctx context.Context, log *slog.Logger, db *audit.DB, keeper *versions.Keeper) {
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		if err := audit.ForgetOld(ctx, db); err != nil && ctx.Err() == nil {
			log.Warn("upkeep: old idempotency keys stay for now", "error", err)
		}
		switch n, err := keeper.Sweep(ctx, versions.KeptFor); {
		case err != nil && ctx.Err() == nil:
			log.Warn("upkeep: objects without a row stay for now", "error", err)
		case n > 0:
			log.Info("upkeep", "objects_without_a_row_removed", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
