package membership

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// Holder is somebody who holds a role through a mapping.
type Holder struct {
	ActorID int64
	Name    string
	Keeps   bool // another of their groups gives them the same role there
}

// MappingOf gives a live mapping, and who holds its role through it: those who
// would lose it when it ends, unless another of their groups gives it as well. It
// is for administrators. Looking is recorded.
func (k *Keeper) MappingOf(ctx context.Context, actor access.Actor, id int64) (Group, []Holder, error) {
	var g Group
	var list []Holder
	about := audit.Act{Action: access.ViewGroups, Detail: audit.Detail{"group_role": id}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), access.ViewGroups); err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": id, "provider": actor.Provider}
		rows, err := tx.Query(ctx, liveGroups+` and g.id = @id`, args)
		if err != nil {
			return err
		}
		if g, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Group]); err != nil {
			if pg.None(err) {
				return fault.NotThere()
			}
			return err
		}
		rows, err = tx.Query(ctx, `
			select a.id as actor_id, a.name, exists (select from app.group_role o where o.id <> m.id and o.provider_id = m.provider_id and o.role = m.role
					and o.home_id is not distinct from m.home_id and o.issuer = a.issuer
					and app.in_group(o.provider_id, a.issuer, a.subject, o.group_name, coalesce(i.groups, '{}'), i.at) and o.from_at <= now() and o.until_at > now()) as keeps
			from app.group_role m join app.role_held r on r.group_role_id = m.id and r.until_at > now() join app.actor a on a.id = r.actor_id
			left join lateral (select s.at, s.groups from app.sign_in s where s.actor_id = a.id order by s.id desc limit 1) i on true
			where m.id = @id order by a.name, a.id`, args)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Holder])
		tx.Record(about)
		return err
	})
	return g, list, err
}
