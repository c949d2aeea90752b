package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/pg"
)

// Reason is why somebody holds a grant, as they are told it: by which role or
// other basis, for which place, since when and by whom.
type Reason struct {
	Basis  string // role, key-worker, ...
	Role   Role   // "" where it does not come from a role
	Scope  access.Scope
	Place  string // the provider or the setting, of a record the setting through which it was given, "" for none
	From   time.Time
	Until  *time.Time // nil while no end is set
	By     string     // "" where Custodian itself gave it
	Handed bool       // the holder of the role handed it on
	Group  bool       // it follows from a group of the sign-in service

	Asked OutsideReason // why they asked for it outside their role, "" where they did not
}

// ReasonOf tells why the actor holds one of their own grants.
func ReasonOf(ctx context.Context, tx *pg.Tx, grant int64) (Reason, error) {
	var r Reason
	err := tx.QueryRow(ctx, `
		select g.basis, coalesce(h.role, ''), g.scope, case g.scope when 0 then p.name when 1 then s.name else coalesce(t.name, '') end,
			g.valid_from, nullif(g.valid_until, 'infinity'), coalesce((select a.name from app.actor a where a.id = g.given_by and a.kind <> 'system'), ''),
			h.delegated_from is not null, h.group_role_id is not null, case g.basis when 'break-glass' then g.why else '' end
		from app.grants g
		left join app.role_held h on h.id = g.role_held_id
		left join app.provider p on g.scope = 0 and p.id = g.scope_id
		left join app.home t on t.id = g.through_home
		left join app.home s on g.scope = 1 and s.id = g.scope_id
		where g.id = @id and g.actor_id = @me`, pgx.NamedArgs{"id": grant, "me": tx.Actor.ID}).
		Scan(&r.Basis, &r.Role, &r.Scope, &r.Place, &r.From, &r.Until, &r.By, &r.Handed, &r.Group, &r.Asked)
	return r, err
}
