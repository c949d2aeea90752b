package versions

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// RegisterPlace is a place in the register of lodgings: behind the one that is due
// on this day with this number. The zero value is the beginning.
type RegisterPlace struct {
	Due clock.Day
	ID  int64
}

// Register lists the lodgings in place that the actor decides about or audits, the
// longest overdue first. Who does neither anywhere is told that there is no
// register. Who audits and may not read is told neither names nor titles nor
// reasons. Looking is recorded.
func (k *Keeper) Register(ctx context.Context, actor access.Actor, after RegisterPlace, limit int) ([]Lodged, error) {
	var list []Lodged
	about := audit.Act{Action: access.ListLodgings}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		switch {
		case anyRestricted(rights, access.Manage|access.Read), anyRestricted(rights, access.Audit|access.Read):
			list, err = due(ctx, tx.Reader(), access.Manage|access.Audit, after, clock.Last, limit)
		case anyRestricted(rights, access.Audit):
			list, err = dueUnread(ctx, tx.Reader(), after, limit)
		default:
			return fault.NotThere()
		}
		tx.Record(about)
		return err
	})
	return list, err
}

// anyRestricted tells whether a grant gives all these rights on any restricted section.
func anyRestricted(r access.Rights, need access.Right) bool {
	return slices.ContainsFunc(r.Grants, func(g access.Grant) bool {
		return g.Rights&need == need && slices.ContainsFunc(access.RecordKinds(), func(k access.RecordKind) bool { return g.Mask.Has(access.ClassOf(k, access.Restricted)) })
	})
}

// due lists the lodgings in place that are due by a day, on which the actor holds
// any of these rights: to manage, or to audit. It is driven from the places where
// they do, and walks the lodgings of the records there.
func due(ctx context.Context, tx *pg.Tx, anyOf access.Right, after RegisterPlace, by clock.Day, limit int) ([]Lodged, error) {
	args := pgx.NamedArgs{"any": anyOf, "audits": anyOf&access.Audit != 0, "id": after.ID, "due": clock.First.UTC(), "by": by.UTC(), "limit": limit}
	if after.ID != 0 {
		args["due"] = after.Due.UTC()
	}
	rows, err := tx.Query(ctx, `
		select `+lodgedColumns+`
		where l.record_id = any (array(
			select distinct x.id from app.scopes(@any) s cross join lateral (
				select r.id from app.record r where s.scope = 0 and r.provider_id = s.scope_id
				union all
				select r.id from app.record r where s.scope = 1 and r.home_id = s.scope_id
				union all
				select r.id from app.record r where s.scope = 2 and r.id = s.scope_id
			) x))
			and e.at is null and due.on_date <= @by::date and (due.on_date, l.id) > (@due::date, @id)
			and (app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(8)), (select app.shields()))
				or @audits and app.sees(r.provider_id, r.home_id, r.id, l.document_id, (r.kind * 3 + 2)::smallint, (select app.reach(64)), (select app.shields())))
		order by due.on_date, l.id limit @limit`, args)
	if err != nil {
		return nil, err
	}
	return scanLodged(tx, rows)
}

// dueUnread is the register for whoever audits what is restricted and reads none of it.
func dueUnread(ctx context.Context, tx *pg.Tx, after RegisterPlace, limit int) ([]Lodged, error) {
	from := clock.First
	if after.ID != 0 {
		from = after.Due
	}
	rows, err := tx.Query(ctx, `
		select id, document_id, record_id, kind, home, ground, lodged_by, post_title, lodged_at, due from app.restricted_register(@due::date, @id, @limit) order by due, id`,
		pgx.NamedArgs{"due": from.UTC(), "id": after.ID, "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lodged, error) {
		l := Lodged{Today: clock.DayOf(tx.Now)}
		var due time.Time
		err := row.Scan(&l.ID, &l.Document, &l.Record, &l.RecordKind, &l.HomeName, &l.Ground, &l.By, &l.Post, &l.At, &due)
		l.Due = dayOfDate(due)
		return l, err
	})
}

// DueLodgings lists the lodgings in place that the actor decides about, with a
// review overdue or due within the same time as other reviews. It leaves no
// footprint: it is asked beside Needs, which does.
func (k *Keeper) DueLodgings(ctx context.Context, actor access.Actor) ([]Lodged, error) {
	var list []Lodged
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		list, err = due(ctx, tx, access.Manage, RegisterPlace{}, clock.DayOf(tx.Now).Plus(soon), mostDue)
		return err
	})
	return slices.DeleteFunc(list, func(l Lodged) bool { return !l.May }), err
}

// mostDue is how many of them are told of; the register has the others.
const mostDue = 40
