package people

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

const recordColumns = `r.id, r.kind, r.name, r.home_id, coalesce(h.name, '') as home, r.open, r.actor_id as person`

// Records lists the records of a kind that the actor may see, by name: those
// after the record with id after (0 for the first page), at most limit. Looking
// is recorded.
//
// The list is driven from the scopes at which the actor reads (1) or manages
// (8), one short index walk each;
// the policy only fences it. Driven from the table it would walk past every
// record of every provider.
func Records(ctx context.Context, db *pg.DB, actor access.Actor, kind access.RecordKind, after int64, limit int) ([]Record, error) {
	var list []Record
	about := audit.Act{Action: access.ListRecords, Detail: audit.Detail{"kind": kind.String()}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		name, id := "", int64(0)
		if after != 0 {
			err := tx.QueryRow(ctx, `select name, id from app.record where id = @id`, pgx.NamedArgs{"id": after}).Scan(&name, &id)
			if pg.None(err) {
				return fault.Bad([]fault.Field{{Name: "cursor", Problem: "This place in the list is no longer there. Start from the first page."}})
			}
			if err != nil {
				return err
			}
		}
		rows, err := tx.Query(ctx, `
			select `+recordColumns+`
			from (
				select distinct on (x.name, x.id) x.* from app.scopes(9) s cross join lateral (
					(select p.* from app.record p where s.scope = 0 and p.provider_id = s.scope_id and p.kind = @kind
						and (p.name, p.id) > (@name, @after) order by p.name, p.id limit @limit)
					union all
					(select p.* from app.record p where s.scope = 1 and p.home_id = s.scope_id and p.kind = @kind
						and (p.name, p.id) > (@name, @after) order by p.name, p.id limit @limit)
					union all
					(select p.* from app.record p where s.scope = 2 and p.id = s.scope_id and p.kind = @kind and (p.name, p.id) > (@name, @after))
				) x
				order by x.name, x.id limit @limit
			) r left join app.home h on h.id = r.home_id
			order by r.name, r.id`,
			pgx.NamedArgs{"kind": kind, "name": name, "after": id, "limit": limit})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Record])
		tx.Record(about)
		return err
	})
	return list, err
}

// Get gives a record and all that happened to it, oldest first. Looking is recorded.
func Get(ctx context.Context, db *pg.DB, actor access.Actor, record int64) (Record, []Event, error) {
	var r Record
	var events []Event
	about := audit.Act{Action: access.ViewRecord, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if r, _, err = find(ctx, tx.Reader(), record); err != nil {
			return err
		}
		events, err = eventsOf(ctx, tx.Reader(), record)
		tx.Record(about)
		return err
	})
	return r, events, err
}

// Events gives all that happened to a record, oldest first. It leaves no
// footprint: it is asked beside an act that does.
func Events(ctx context.Context, db *pg.DB, actor access.Actor, record int64) ([]Event, error) {
	var events []Event
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		events, err = eventsOf(ctx, tx, record)
		return err
	})
	return events, err
}

func eventsOf(ctx context.Context, tx *pg.Tx, record int64) ([]Event, error) {
	rows, err := tx.Query(ctx, `
		select e.what, e.on_date as "on", coalesce(h.name, '') as home, e.why, coalesce(a.name, '') as by, e.at
		from app.record_event e left join app.home h on h.id = e.home_id left join app.actor a on a.id = e.by_actor
		where e.record_id = @record order by e.id`, pgx.NamedArgs{"record": record})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Event])
}

// find gives a record that the actor may see, and where it lies.
func find(ctx context.Context, tx *pg.Tx, record int64) (Record, access.Place, error) {
	var r Record
	p := access.Place{Record: record}
	err := tx.QueryRow(ctx, `
		select `+recordColumns+`, r.provider_id from app.record r left join app.home h on h.id = r.home_id where r.id = @record`,
		pgx.NamedArgs{"record": record}).Scan(&r.ID, &r.Kind, &r.Name, &r.HomeID, &r.Home, &r.Open, &r.Person, &p.Provider)
	if pg.None(err) {
		return r, p, fault.NotThere()
	}
	if r.HomeID != nil {
		p.Home = *r.HomeID
	}
	p.Class = access.ClassOf(r.Kind, access.General)
	return r, p, err
}
