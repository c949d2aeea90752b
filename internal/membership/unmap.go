package membership

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// UnmapGroup ends a mapping, and at the same moment the roles that came from it.
// Whoever holds such a role through another of their groups as well (as of their
// last sign-in) keeps it through that one. It is for administrators; the last way
// to an administrator is not ended: that is a Conflict.
func (k *Keeper) UnmapGroup(ctx context.Context, actor access.Actor, id int64) error {
	about := audit.Act{Action: access.UnmapGroup, Detail: audit.Detail{"group_role": id}}
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		began := tx.Now
		if err := people.Administers(ctx, tx.Reader(), access.UnmapGroup); err != nil {
			return err
		}
		// no sign-in gives its role any more, and no two administrators end one another's
		if err := tx.Lock(ctx, mappings, 0); err != nil {
			return err
		}
		if err := tx.Lock(ctx, "administrators", actor.Provider); err != nil {
			return err
		}
		m, err := endMapping(ctx, tx, id)
		if err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.UnmapGroup, Target: audit.Target{Home: m.Home}, Detail: audit.Detail{"group_role": id, "role": m.Role, "home": m.Home}})
		if m.Role == grants.Administrator {
			// asked while the actor, who may end their own way, still sees the others'
			if err := grants.StillAdministered(ctx, tx, actor.Provider, k.issuer, 0); err != nil {
				return err
			}
		}
		return refollow(ctx, tx, m, began)
	})
}

func endMapping(ctx context.Context, tx *audit.Tx, id int64) (mapping, error) {
	m := mapping{ID: id}
	err := tx.QueryRow(ctx, `select provider_id, group_name, role, coalesce(home_id, 0) from app.group_role where id = @id and provider_id = @provider and until_at > clock_timestamp()`,
		pgx.NamedArgs{"id": id, "provider": tx.Actor.Provider}).Scan(&m.Provider, &m.Group, &m.Role, &m.Home)
	if pg.None(err) {
		return m, fault.NotThere()
	}
	if err != nil {
		return m, err
	}
	_, err = tx.Exec(ctx, `update app.group_role set until_at = greatest(from_at, now()) where id = @id`, pgx.NamedArgs{"id": id})
	return m, err
}

// refollow sees to everybody who holds a role through a mapping that has ended.
func refollow(ctx context.Context, tx *audit.Tx, ended mapping, began time.Time) error {
	rows, err := tx.Query(ctx, `
		select distinct h.actor_id, a.issuer, a.subject, coalesce(i.groups, '{}') as groups, coalesce(i.at, 'epoch') as sent
		from app.role_held h join app.actor a on a.id = h.actor_id
		left join lateral (select s.groups, s.at from app.sign_in s where s.actor_id = h.actor_id order by s.id desc limit 1) i on true
		where h.group_role_id = @id and h.until_at > clock_timestamp()`, pgx.NamedArgs{"id": ended.ID})
	if err != nil {
		return err
	}
	type holder struct {
		ActorID         access.ActorID
		Issuer, Subject string
		Groups          []string
		Sent            time.Time
	}
	holders, err := pgx.CollectRows(rows, pgx.RowToStructByName[holder])
	if err != nil {
		return err
	}
	// the actor last: without their own role they could not end those of others
	slices.SortStableFunc(holders, func(a, b holder) int { return own(tx, a.ActorID) - own(tx, b.ActorID) })
	for _, h := range holders {
		wanted, err := mapped(ctx, tx.Reader(), Identity{Issuer: h.Issuer, Subject: h.Subject, Groups: h.Groups, Sent: h.Sent}, ended.Provider)
		if err != nil {
			return err
		}
		if _, err := (follower{began: began}).follow(ctx, tx, access.Actor{ID: h.ActorID, Kind: access.Person, Provider: ended.Provider}, wanted); err != nil {
			return err
		}
	}
	return nil
}

// own is 1 for whoever acts, 0 for everybody else.
func own(tx *audit.Tx, id access.ActorID) int {
	if id == tx.Actor.ID {
		return 1
	}
	return 0
}
