package audit

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Footprint is one look, change or refusal.
type Footprint struct {
	ID        int64
	At        time.Time
	ActorID   int64
	Actor     string // name of the actor; "" where the reader may not know it
	PostTitle string
	Action    string
	Outcome   string // done, refused, damaged
	Document  *int64
	Title     string // of the document; "" where the reader may not know it
	Version   *int32 // number of the version
	Detail    map[string]any
}

// ActorName is in SQL the name of the actor a, as the reader may know it: the name
// of whoever reads their own file is that of the file.
const ActorName = `case when exists (select from app.role_held own where own.actor_id = a.id and own.record_id is not null and own.actor_id <> app.me()
	and not exists (select from app.record its where its.id = own.record_id)) then 'The person whose file it is' else coalesce(a.name, '') end`

// OfRecord lists the footprints on a record, newest first, before the
// footprint with id before (0 for the first page), at most limit. Who may audit
// the record sees all of them, also where they may not see the record itself: then
// titles are "". Others see their own. Asking is itself recorded.
func OfRecord(ctx context.Context, db *pg.DB, actor access.Actor, record, before int64, limit int) ([]Footprint, error) {
	var list []Footprint
	about := Act{Action: access.ViewFootprints, Target: Target{Record: record}}
	err := Do(ctx, db, actor, about, func(tx *Tx) error {
		var seen bool
		err := tx.QueryRow(ctx, `select exists (select from app.record where id = @record) or app.may_ask_of(@record)`, pgx.NamedArgs{"record": record}).Scan(&seen)
		if err != nil {
			return err
		}
		if !seen {
			return fault.NotThere()
		}
		rows, err := tx.Query(ctx, `
			select f.id, f.at, f.actor_id, `+ActorName+` as actor, coalesce(a.post_title, '') as post_title, f.action, f.outcome,
				f.document_id as document, coalesce(d.title, '') as title, v.number as version, f.detail
			from app.footprint f
			left join app.actor a on a.id = f.actor_id
			left join app.document d on d.id = f.document_id
			left join app.version v on v.id = f.version_id
			where f.record_id = @record and (@before::bigint = 0 or f.id < @before)
			order by f.id desc limit @limit`,
			pgx.NamedArgs{"record": record, "before": before, "limit": limit})
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Footprint]); err != nil {
			return err
		}
		tx.Record(about)
		return nil
	})
	return list, err
}
