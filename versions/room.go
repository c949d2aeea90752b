package versions

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// theDay is the time within which nobody may add more than the limit of a day.
const theDay = 24 * time.Hour

// Sending is content that somebody is about to send.
type Sending struct {
	Record, Document int64  // where it is to go; a document for its next version
	Bytes            int64  // that it has at least; 0 where that is not known
	Key              string // of a request that may be sent again: what was carried out already needs no room
}

// Room asks whether somebody may send content now, before its first byte is
// taken. Who has sent as much as one person may within a day is refused (Spent),
// told from when there is room again, and leaves a footprint of it. Nothing is
// put by: whether there is room is asked again when the content is there.
func (k *Keeper) Room(ctx context.Context, actor access.Actor, s Sending) error {
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		if s.Key != "" {
			if done, err := audit.Known(ctx, tx, s.Key); err != nil || done {
				return err
			}
		}
		return k.room(ctx, tx, max(1, s.Bytes))
	})
	action := access.AddDocument
	if s.Document != 0 {
		action = access.AddVersion
	}
	return k.spent(ctx, actor, audit.Act{Action: action, Target: audit.Target{Record: s.Record, Document: s.Document}}, err)
}

// room refuses content of so many bytes where it would make more than one person
// may send within a day. What waits to be added counts for as long as it waits.
func (k *Keeper) room(ctx context.Context, tx *pg.Tx, bytes int64) error {
	if k.dayLimit == 0 {
		return nil
	}
	if bytes > k.dayLimit {
		return fault.New(fault.TooLarge, fmt.Sprintf("This is more than one person may add within 24 hours, which is %s. Send it in parts over several days, or ask your administrator to raise the limit.", size(k.dayLimit)))
	}
	var sent int64
	var again *time.Time
	// the oldest leave the day first: there is room from when enough of them have
	err := tx.QueryRow(ctx, `
		with sent as (
			select a.at, a.bytes from app.added_since(@since) a
			union all
			select h.at, h.size from app.held h join app.batch b on b.id = h.batch_id join app.upload u on u.object_name = h.object_name
			where b.actor_id = @actor and not u.abandoned),
		leaving as (select at, sum(bytes) over (order by at range unbounded preceding) as gone, sum(bytes) over () as total from sent)
		select coalesce((select sum(bytes) from sent), 0)::bigint, (select min(at) from leaving where total - gone + @bytes <= @most)`,
		pgx.NamedArgs{"since": tx.Now.Add(-theDay), "actor": tx.Actor.ID, "bytes": bytes, "most": k.dayLimit}).Scan(&sent, &again)
	if err != nil || sent+bytes <= k.dayLimit {
		return err
	}
	f := fault.New(fault.Spent, fmt.Sprintf("One person may add %s within 24 hours, and with this you would have sent more. There is room for it again from %s. Send it then, or ask a colleague to add it now. "+
		"If you often need more, ask your administrator to raise the limit.", size(k.dayLimit), moment(again.Add(theDay))))
	f.Again = again.Add(theDay)
	return f
}

// moment is a time as people read it, to the minute that is over by then.
func moment(t time.Time) string {
	return t.Add(time.Minute - time.Nanosecond).In(clock.London).Format("3.04pm on 2 January 2006")
}

// spent leaves the footprint of an act that was refused because its day is full.
func (k *Keeper) spent(ctx context.Context, actor access.Actor, about audit.Act, err error) error {
	if !fault.Is(err, fault.Spent) {
		return err
	}
	about.Detail = audit.Detail{"limit": k.dayLimit}
	if e := audit.Refuse(ctx, k.db, actor, about); e != nil {
		return e
	}
	return err
}
