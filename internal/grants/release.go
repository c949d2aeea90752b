package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Unreleased is a lodging that has ended, at which something has to be said before
// whom its record is about comes to read what it was about.
type Unreleased struct {
	Lodging int64
	At      time.Time // when it was lodged
	Objects bool      // whoever told it objects; otherwise they have not been asked
}

// ToRelease lists the lodgings of a record at which something has to be said before
// somebody is let read it as their own, as far as the actor sees them, oldest first.
// It leaves no footprint: it is asked beside an act.
func ToRelease(ctx context.Context, db *pg.DB, actor access.Actor, record int64) (list []Unreleased, err error) {
	err = pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select l.id as lodging, l.lodged_at as at, c.answer is not null as objects from app.lodging l join app.document d on d.id = l.document_id and d.class % 3 <> 2
			left join lateral (select k.id, k.answer, k.despite from app.consultation k where k.lodging_id = l.id order by k.id desc limit 1) c on true
			where l.record_id = @record and (c.answer is null or c.answer = 'objects' and btrim(c.despite) = '' and not exists (
				select from app.lodging_event e where e.lodging_id = l.id and e.id > c.id and btrim(e.despite) <> ''))
			order by l.id`, pgx.NamedArgs{"record": record})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Unreleased])
		return err
	})
	return list, err
}

// toAsk says in plain words what is lacking before somebody is let read their own
// file. It is the database that refuses (trigger released).
func toAsk(ctx context.Context, db *pg.DB, actor access.Actor, record int64) error {
	list, err := ToRelease(ctx, db, actor, record)
	if err != nil {
		return err
	}
	asked, answered := true, true
	for _, l := range list {
		asked, answered = asked && l.Objects, answered && !l.Objects
	}
	const begins = "Something in this file was restricted from them once, and they would read it now. "
	switch {
	case len(list) == 0:
		return fault.At(fault.Conflict, "consulted", begins+"Before that, whoever told us is asked. Ask somebody who sees the restricted section of this file to record it on the lodging’s page.")
	case asked:
		return fault.At(fault.Conflict, "consulted", begins+"Whoever told us objects. Open the lodging’s page below, and write beside their answer why it is passed on all the same.")
	case answered:
		return fault.At(fault.Conflict, "consulted", begins+"Whoever told us has not been asked. Ask them first, and record on the lodging’s page below what they say, or the steps that were taken to ask them.")
	}
	return fault.At(fault.Conflict, "consulted", begins+"Of what is listed below, some of those who told us have not been asked, and some object. Open each lodging’s page, and record there what they say, or why it is passed on all the same.")
}
