package versions

import (
	"context"
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
)

// Restore makes an earlier version the newest again, as a new version with the
// same content: nothing is turned back. It needs approval as any other version
// of its kind does. from is the day from which it holds, empty for today.
func (k *Keeper) Restore(ctx context.Context, actor access.Actor, t Target, from, why string) (Added, error) {
	if err := fault.Bad(fault.CheckLine("why", why)); err != nil {
		return Added{}, err
	}
	slot, err := k.BeginVersion(ctx, actor, t.Document)
	if err != nil {
		return Added{}, err
	}
	old, err := k.Open(ctx, actor, t, "")
	if err != nil {
		return Added{}, err
	}
	defer old.Close()
	if err := k.Room(ctx, actor, Sending{Document: t.Document, Bytes: old.Version.Size}); err != nil {
		return Added{}, err
	}
	// the content is sealed afresh: every version has an object and a key of its own
	written, err := k.keep(ctx, old)
	if err != nil {
		return Added{}, notStored(err)
	}
	v := old.Version
	if from == "" {
		from = clock.DayOf(time.Now()).String()
	}
	e := Entry{InForceFrom: from, Source: v.Source, LateReason: v.LateReason, Note: why, restored: &t.Number}
	if v.EventAt != nil {
		e.EventAt = v.EventAt.Format(time.RFC3339Nano)
	}
	if v.ReceivedOn != nil {
		e.ReceivedOn = v.ReceivedOn.Format(time.DateOnly)
	}
	if v.ReviewOn != nil {
		e.ReviewOn = v.ReviewOn.Format(time.DateOnly)
	}
	slot.kind.Event = false // it was recorded when it happened: bringing it back is not late
	r := &Received{FileName: v.FileName, MediaType: v.MediaType, written: written}
	return k.AddVersion(ctx, actor, slot, e, r, "restore "+strconv.FormatInt(v.ID, 10)+" "+from+" "+strconv.Itoa(slot.latest))
}

// action is the one under which a restored version is recorded.
func (e Entry) action(otherwise access.Action) access.Action {
	if e.restored != nil {
		return access.RestoreVersion
	}
	return otherwise
}
