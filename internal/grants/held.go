package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Giving is a role to be given.
type Giving struct {
	To       access.ActorID
	Role     Role
	Provider int64
	Home     int64     // 0 for the roles that hold for the whole provider
	From     time.Time // zero: now
	Until    time.Time // zero: until ended
	Why      string
	Handed   int64  // the giver's own role that it is handed on from, 0 for none; set where it is given
	Own      int64  // the record that is the person's own, for a young person's or parent's role
	Checked  string // with Own: how it was made sure that it is them
	Group    int64  // the mapping of a sign-in service's group that it comes from, 0 when given by hand
}

// Check refuses a role that there is not, and one without the setting that it
// needs or with one that it does not. The fields are named role and setting.
func Check(r Role, home int64) error {
	b, ok := bundles(r)
	if r == "" {
		return fault.Bad([]fault.Field{{Name: "role", Problem: "Choose a role."}})
	}
	if !ok {
		return fault.Bad([]fault.Field{{Name: "role", Problem: "Choose a role."}})
	}
	if b.own {
		return fault.Bad([]fault.Field{{Name: "role", Problem: "This role is given on the person’s own record. Open the record, and let them read it there."}})
	}
	if b.wide != (home == 0) {
		return fault.Bad([]fault.Field{{Name: "setting", Problem: "This role is given " + map[bool]string{true: "for the whole provider, not for one setting. Choose the whole provider.", false: "at a setting. Choose which."}[b.wide]}})
	}
	return nil
}

// Give gives a role, with the grants that derive from it. Whoever manages the
// staff of the place may. Its faults name the fields role, setting, from, until
// and why; a role that somebody holds there already is a Conflict.
func Give(ctx context.Context, db *pg.DB, actor access.Actor, g Giving) (int64, error) {
	if err := Check(g.Role, g.Home); err != nil && actor.ID == access.System {
		return 0, err
	}
	var id int64
	err := audit.Do(ctx, db, actor, giving(g), func(tx *audit.Tx) (err error) {
		if actor.ID != access.System {
			if err := g.checkAll(ctx, tx); err != nil {
				return err
			}
		}
		id, err = GiveIn(ctx, tx, g)
		return err
	})
	return id, err
}

func giving(g Giving) audit.Act {
	a := audit.Act{Action: access.GiveRole, Detail: audit.Detail{"to": g.To, "role": g.Role, "home": g.Home}}
	if g.Group != 0 {
		a.Detail["group_role"] = g.Group
	}
	if g.Handed != 0 {
		a.Detail["handed_on_from"] = g.Handed
	}
	if g.Own != 0 {
		a.Target.Record = g.Own
	}
	return a
}

// longestShift is how long somebody is in charge of a shift at the most: the day on
// which it begins and the next. One that comes from a group, which says no end, is
// for a day, and is given again at the next sign-in.
const longestShift, usualShift = 2, 24 * time.Hour

// GiveIn is Give as a part of a larger act.
func GiveIn(ctx context.Context, tx *audit.Tx, g Giving) (int64, error) {
	if g.Own == 0 {
		if err := Check(g.Role, g.Home); err != nil {
			return 0, err
		}
	}
	b, _ := bundles(g.Role)
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	g.From = orElse(g.From, tx.Now)
	if g.Role == ShiftLead && g.Until.IsZero() {
		g.Until = g.From.Add(usualShift)
	}
	args := pgx.NamedArgs{"id": id, "to": g.To, "role": g.Role, "provider": g.Provider, "home": pg.Null(g.Home), "group": pg.Null(g.Group), "handed": pg.Null(g.Handed),
		"own": pg.Null(g.Own), "checked": g.Checked, "from": g.From, "until": until(g.Until), "by": tx.Actor.ID, "why": g.Why, "scope": access.AtHome, "scope_id": g.Home, "basis": "role"}
	if b.wide {
		args["scope"], args["scope_id"] = access.AtProvider, g.Provider
	}
	if b.own {
		args["scope"], args["scope_id"], args["basis"] = access.AtRecord, g.Own, "data-subject"
	}
	_, err = tx.Exec(ctx, `
		insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, group_role_id, delegated_from, record_id, identity_checked)
		values (@id, @to, @role, @provider, @home, @from, @until, @by, @why, @group, @handed, @own, @checked)`, args)
	if pg.Broke(err, "role_held_visits") {
		return 0, fault.Bad([]fault.Field{{Name: "setting", Problem: wrongVisit(g.Role)}})
	}
	if err != nil {
		return 0, err
	}
	for _, s := range b.shares {
		args["mask"], args["rights"] = s.mask, s.rights
		_, err = tx.Exec(ctx, `
			insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until)
			values (@to, @scope, @scope_id, @mask, @rights, @basis, @id, @by, @why, @from, @until)`, args)
		if err != nil {
			return 0, err
		}
	}
	tx.Record(giving(g))
	return id, nil
}

// End ends a role now, and the grants that derive from it with it; with the
// last role at a home go the grants that were given through that home. The last
// way to an administrator is not ended: that is a Conflict.
func End(ctx context.Context, db *pg.DB, actor access.Actor, held int64) error {
	return end(ctx, db, actor, held, "")
}

// EndBecause is End with the reason, which is kept beside the role.
func EndBecause(ctx context.Context, db *pg.DB, actor access.Actor, held int64, why string) error {
	if err := fault.Bad(fault.CheckLine("why", why)); err != nil {
		return err
	}
	return end(ctx, db, actor, held, why)
}

func end(ctx context.Context, db *pg.DB, actor access.Actor, held int64, why string) error {
	about := audit.Act{Action: access.EndRole, Detail: audit.Detail{"role_held": held}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		var role Role
		var provider int64
		err := tx.QueryRow(ctx, `select role, provider_id from app.role_held where id = @id and until_at > now()`, pgx.NamedArgs{"id": held}).Scan(&role, &provider)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		if role == Administrator && actor.ID != access.System {
			// two administrators who end one another at the same moment wait here
			if err := tx.Lock(ctx, "administrators", provider); err != nil {
				return err
			}
			// asked first: whoever ends their own role sees nobody else's afterwards
			if err := StillAdministered(ctx, tx, provider, "", held); err != nil {
				return err
			}
		}
		return EndIn(ctx, tx, held, why)
	})
}

// EndIn is End as a part of a larger act, which sees to it that an
// administrator is left. why is kept beside the role.
func EndIn(ctx context.Context, tx *audit.Tx, held int64, why string) error {
	// told first: whoever ends their own role may not tell of it afterwards
	tag, err := tx.Exec(ctx, `
		insert into app.role_ending (role_held_id, by_actor, why)
		select id, @by, @why from app.role_held where id = @id and until_at > now()`, pgx.NamedArgs{"id": held, "by": tx.Actor.ID, "why": why})
	if pg.Broke(err, "role_ending_pkey") || err == nil && tag.RowsAffected() == 0 {
		return fault.NotThere()
	}
	if err != nil {
		return err
	}
	// the grants end with it, by the table's trigger
	tag, err = tx.Exec(ctx, `update app.role_held set until_at = greatest(from_at, now()) where id = @id and until_at > now()`, pgx.NamedArgs{"id": held})
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return fault.NotThere()
	}
	tx.Record(audit.Act{Action: access.EndRole, Detail: audit.Detail{"role_held": held}})
	return nil
}

// StillAdministered refuses, as a Conflict, what would leave a provider without
// any way to an administrator: neither a person who can sign in and holds the
// role by hand, nor a group that gives it. issuer narrows both to one sign-in
// service; "" does not. but is a role that is about to end, 0 for none.
func StillAdministered(ctx context.Context, tx *audit.Tx, provider int64, issuer string, but int64) error {
	var left bool
	err := tx.QueryRow(ctx, `
		select exists (select from app.role_held h join app.actor a on a.id = h.actor_id
			where h.provider_id = @provider and h.role = @role and h.from_at <= clock_timestamp() and h.until_at > clock_timestamp() and h.group_role_id is null and h.id <> @but
				and a.kind = 'person' and a.subject <> '' and (@issuer = '' or a.issuer = @issuer))
		or exists (select from app.group_role g
			where g.provider_id = @provider and g.role = @role and g.from_at <= clock_timestamp() and g.until_at > clock_timestamp() and (@issuer = '' or g.issuer = @issuer))`,
		pgx.NamedArgs{"provider": provider, "role": Administrator, "issuer": issuer, "but": but}).Scan(&left)
	if err == nil && !left {
		err = audit.LastAdministrator()
	}
	return err
}

// Last tells whether the end of a role would leave its provider without an
// administrator who can sign in. Nobody ends another's before this is committed.
// The database refuses it as well, at the commit, whoever ends it.
func Last(ctx context.Context, tx *audit.Tx, provider, held int64) (bool, error) {
	if err := tx.Lock(ctx, "administrators", provider); err != nil {
		return false, err
	}
	var last bool
	err := tx.QueryRow(ctx, `select app.last_administrator(@held)`, pgx.NamedArgs{"held": held}).Scan(&last)
	return last, err
}

func orElse(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// until gives the form in which PostgreSQL takes "for ever".
func until(t time.Time) any {
	if t.IsZero() {
		return "infinity"
	}
	return t
}
