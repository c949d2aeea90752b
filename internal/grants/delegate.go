package grants

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

// Delegable are the roles in which somebody can be stood in for. Their holder hands
// them on to another person, for some days; they end at the latest when the
// holder's own does, and are not handed on again.
func Delegable() []Role {
	return []Role{RegisteredManager, ResponsibleIndividual, DataProtectionOfficer}
}

// Gift is a role that somebody may give, and where.
type Gift struct {
	Role   Role
	Home   int64      // 0 for the whole provider
	Handed bool       // it is their own, which they hand on
	Until  *time.Time // no later than this; nil where nothing bounds it
}

// Gifts tells what the actor may give or hand on. all is true for whoever keeps the
// people of the whole provider: they give any role anywhere.
func Gifts(ctx context.Context, db *pg.DB, actor access.Actor) (list []Gift, all bool, err error) {
	err = pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		if all, err = administers(ctx, tx); err != nil || all {
			return err
		}
		homes, err := kept(ctx, tx)
		if err != nil {
			return err
		}
		for _, h := range homes {
			for _, r := range Roles() {
				if !r.Wide() && r != RegisteredManager && (r.Visits() == "" || r.Visits() == h.Kind) {
					list = append(list, Gift{Role: r, Home: h.ID, Until: h.Until})
				}
			}
		}
		own, err := handable(ctx, tx)
		list = append(list, own...)
		return err
	})
	return list, all, err
}

// kept are the settings whose people the actor keeps, and until when.
func kept(ctx context.Context, tx *pg.Tx) ([]keptHome, error) {
	rows, err := tx.Query(ctx, `
		select h.id, h.kind, nullif(k.until, 'infinity') as until from app.home h cross join lateral (select app.keeps_until(h.provider_id, h.id) as until) k
		where h.provider_id = @provider and k.until > now() order by h.name, h.id`, pgx.NamedArgs{"provider": tx.Actor.Provider})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[keptHome])
}

type keptHome struct {
	ID    int64
	Kind  string
	Until *time.Time
}

// handable are the actor's own roles that can be handed on.
func handable(ctx context.Context, tx *pg.Tx) ([]Gift, error) {
	rows, err := tx.Query(ctx, `
		select role, coalesce(home_id, 0) as home, true as handed, nullif(until_at, 'infinity') as until from app.role_held
		where actor_id = @me and role = any (@roles) and delegated_from is null and from_at <= now() and until_at > now() order by id`,
		pgx.NamedArgs{"me": tx.Actor.ID, "roles": Delegable()})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Gift])
}

// administers tells whether the actor keeps the people of the whole provider.
func administers(ctx context.Context, tx *pg.Tx) (bool, error) {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return false, err
	}
	_, ok := access.Decide(rights, access.GiveRole, access.Place{Provider: tx.Actor.Provider, Class: access.ClassOf(access.Staff, access.General)})
	if !ok {
		return false, nil
	}
	err = tx.QueryRow(ctx, `select app.manages(@provider, null, (select app.reach(8)))`, pgx.NamedArgs{"provider": tx.Actor.Provider}).Scan(&ok)
	return ok, err
}

// within refuses, for everybody but an administrator, to give more than one holds
// or for longer. A role of one's own is handed on. The database says the same
// (policies bounded), whatever is done here.
func (g *Giving) within(ctx context.Context, tx *audit.Tx) error {
	g.Handed = 0
	if all, err := administers(ctx, tx.Reader()); err != nil || all {
		return err
	}
	var own *int64
	var keeps *time.Time
	var may bool
	err := tx.QueryRow(ctx, `
		select app.own_role(@role, @provider, @home), case when k.until < 'infinity' then greatest(k.until, 'epoch') end, k.until > now()
		from (select app.keeps_until(@provider, @home) as until) k`,
		pgx.NamedArgs{"role": g.Role, "provider": g.Provider, "home": pg.Null(g.Home)}).Scan(&own, &keeps, &may)
	if err != nil {
		return err
	}
	b, _ := bundles(g.Role)
	switch {
	case own != nil && slices.Contains(Delegable(), g.Role):
		return g.handOn(ctx, tx, *own)
	case !may:
		return fault.NotThere()
	case b.wide || slices.Contains(Delegable(), g.Role):
		return fault.At(fault.Forbidden, "role", "This is not yours to give. Ask an administrator.")
	case keeps != nil && g.Until.IsZero():
		g.Until = *keeps
	case keeps != nil && g.Until.After(*keeps):
		return tooLong(*keeps)
	}
	for _, s := range b.shares {
		var holds bool
		err := tx.QueryRow(ctx, `select app.holds(@scope, @home, @mask, @rights, @until)`, pgx.NamedArgs{"scope": access.AtHome, "home": g.Home,
			"mask": s.mask, "rights": s.rights, "until": until(g.Until)}).Scan(&holds)
		if err != nil {
			return err
		}
		if !holds {
			return fault.At(fault.Forbidden, "role", "This role may do more there than you may, so it is not yours to give. Ask an administrator.")
		}
	}
	return nil
}

// handOn checks that a role of one's own goes to another person, for days that lie
// within one's own.
func (g *Giving) handOn(ctx context.Context, tx *audit.Tx, own int64) error {
	var ends *time.Time
	var person bool
	err := tx.QueryRow(ctx, `select nullif(h.until_at, 'infinity'), exists (select from app.actor a where a.id = @to and a.kind = 'person') from app.role_held h where h.id = @own`,
		pgx.NamedArgs{"own": own, "to": g.To}).Scan(&ends, &person)
	switch {
	case err != nil:
		return err
	case g.To == tx.Actor.ID || !person:
		return fault.At(fault.Forbidden, "role", "You hand your own role on to another person. Choose one.")
	case g.Until.IsZero():
		return fault.Bad([]fault.Field{{Name: "until", Problem: "Enter the last day on which this person stands in for you."}})
	case ends != nil && g.Until.After(*ends):
		return tooLong(*ends)
	}
	g.Handed = own
	return nil
}

func tooLong(ends time.Time) error {
	return fault.Bad([]fault.Field{{Name: "until", Problem: "You hold your own role until " + clock.DayOf(ends.Add(-time.Microsecond)).UTC().Format("2 January 2006") + ". Enter that day, or an earlier one."}})
}
