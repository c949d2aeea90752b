package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/pg"
)

// Looked is what whoever had an access outside a role did of one kind with one thing
// on the record while it lasted, but for what is about the access itself: the last
// such footprint, how many there are, and when the first was. What was looked at once
// stands beside what was looked at a thousand times, so that nothing can be buried.
// Whoever may not audit the record is told of none but their own.
type Looked struct {
	audit.Footprint
	Times int
	First time.Time
}

// mostLooked is how many different things are told beside an access. Of more there is
// the list of every single look.
const mostLooked = 500

// theirLooks is in SQL which footprints are meant.
const theirLooks = `f.record_id = @record and f.actor_id = @actor and f.at >= @from and f.at < @until and f.action not like 'outside-access.%'`

const lookedColumns = `f.id, f.at, f.actor_id, coalesce(a.name, '') as actor, coalesce(a.post_title, '') as post_title, f.action, f.outcome,
	f.document_id as document, coalesce(d.title, '') as title, v.number as version, f.detail`

const lookedTables = ` left join app.actor a on a.id = f.actor_id left join app.document d on d.id = f.document_id left join app.version v on v.id = f.version_id`

func (o Outside) theirs() pgx.NamedArgs {
	return pgx.NamedArgs{"record": o.Record, "actor": o.Actor, "from": *o.From, "until": *o.Until}
}

// look counts what was looked at during an access that has begun.
func (o *OutsideOne) look(ctx context.Context, tx *pg.Tx) error {
	args := o.theirs()
	args["limit"] = mostLooked + 1
	rows, err := tx.Query(ctx, `
		with kinds as (
			select max(f.id) as newest, count(*) as times, min(f.at) as first, sum(count(*)) over ()::bigint as looks
			from app.footprint f where `+theirLooks+` group by f.document_id, f.version_id, f.action, f.outcome)
		select `+lookedColumns+`, k.times, k.first, k.looks from kinds k join app.footprint f on f.id = k.newest`+lookedTables+` order by f.id desc limit @limit`, args)
	if err != nil {
		return err
	}
	type counted struct {
		Looked
		Looks int
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[counted])
	if err != nil {
		return err
	}
	if o.MoreLooked = len(list) > mostLooked; o.MoreLooked {
		list = list[:mostLooked]
	}
	for _, l := range list {
		o.Looks, o.Looked = l.Looks, append(o.Looked, l.Looked)
	}
	return nil
}

// OutsideLooks lists every single look and try during an access, newest first, those
// before the footprint with id before (0 for the first page), at most limit. Looking
// is recorded.
func OutsideLooks(ctx context.Context, db *pg.DB, actor access.Actor, id, before int64, limit int) (Outside, []audit.Footprint, error) {
	var o OutsideOne
	var list []audit.Footprint
	about := audit.Act{Action: access.ViewOutside, Detail: audit.Detail{"access": id, "looks": true}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if o, err = one(ctx, tx.Reader(), id); err != nil {
			return err
		}
		about.Target = audit.Target{Record: o.Record}
		tx.Record(about)
		if o.From == nil {
			return nil
		}
		args := o.theirs()
		args["before"], args["limit"] = before, limit
		rows, err := tx.Reader().Query(ctx, `select `+lookedColumns+` from app.footprint f`+lookedTables+` where `+theirLooks+` and (@before::bigint = 0 or f.id < @before) order by f.id desc limit @limit`, args)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[audit.Footprint])
		return err
	})
	return o.Outside, list, err
}
