package membership

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// Group is a live mapping: members of Group at the sign-in service hold Role.
type Group struct {
	ID     int64
	Issuer string // differs from the Keeper's where the service was changed: then it gives nothing
	Group  string
	Role   grants.Role
	HomeID *int64 // nil for the whole provider
	Home   string // name of the setting, "" for the whole provider
	From   time.Time
	By     string // who made it
	Why    string
}

// NewMapping is a mapping to be made. Home is 0 for a role of the whole provider.
type NewMapping struct {
	Group string
	Role  grants.Role
	Home  int64
	Why   string
}

// liveGroups are the live mappings of a provider, with the words for where and by whom.
const liveGroups = `
	select g.id, g.issuer, g.group_name as "group", g.role, g.home_id, coalesce(h.name, '') as home, g.from_at as "from", coalesce(a.name, '') as by, g.why
	from app.group_role g left join app.home h on h.id = g.home_id left join app.actor a on a.id = g.given_by
	where g.provider_id = @provider and g.until_at > now()`

// Groups lists the live mappings of the actor's provider, by group. It is for
// administrators.
func Groups(ctx context.Context, db *pg.DB, actor access.Actor) ([]Group, error) {
	var list []Group
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		if err := people.Administers(ctx, tx, access.ViewGroups); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, liveGroups+` order by g.group_name, g.id limit 1000`, pgx.NamedArgs{"provider": actor.Provider})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Group])
		return err
	})
	return list, err
}

// MapGroup lets a group of the sign-in service give a role, from each member's
// next sign-in on. It is for administrators. Its faults name the fields group,
// role, setting and why; a mapping that is there already is a Conflict.
func (k *Keeper) MapGroup(ctx context.Context, actor access.Actor, n NewMapping) (int64, error) {
	if k.issuer == "" {
		return 0, NotSetUp()
	}
	var id int64
	about := audit.Act{Action: access.MapGroup, Detail: audit.Detail{"role": n.Role, "home": n.Home}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if err := people.Administers(ctx, tx.Reader(), access.MapGroup); err != nil {
			return err
		}
		if err := n.check(ctx, tx, actor.Provider); err != nil {
			return err
		}
		id, err = mapIn(ctx, tx, actor.Provider, k.issuer, n)
		return err
	})
	return id, err
}

// check says all that is wrong with a mapping at once.
func (n NewMapping) check(ctx context.Context, tx *audit.Tx, provider int64) error {
	wrong := fault.CheckLine("group", n.Group)
	place, err := grants.WrongAt(ctx, tx, n.Role, provider, n.Home)
	if err != nil {
		return err
	}
	wrong = append(wrong, place...)
	return fault.Bad(append(wrong, fault.CheckLine("why", n.Why)...))
}

// mapIn writes a mapping that has been checked.
func mapIn(ctx context.Context, tx *audit.Tx, provider int64, issuer string, n NewMapping) (int64, error) {
	if err := tx.Lock(ctx, mappings, 0); err != nil {
		return 0, err
	}
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `
		insert into app.group_role (id, provider_id, issuer, group_name, role, home_id, from_at, given_by, why)
		values (@id, @provider, @issuer, @group, @role, @home, @from, @by, @why)`,
		pgx.NamedArgs{"id": id, "provider": provider, "issuer": issuer, "group": n.Group, "role": n.Role, "home": pg.Null(n.Home),
			"from": tx.Now, "by": tx.Actor.ID, "why": n.Why})
	if pg.Broke(err, "group_role_once") {
		return 0, fault.At(fault.Conflict, "group", "This group gives this role there already. Choose another group, or another role.")
	}
	tx.Record(audit.Act{Action: access.MapGroup, Target: audit.Target{Home: n.Home}, Detail: audit.Detail{"group_role": id, "role": n.Role, "home": n.Home}})
	return id, err
}
