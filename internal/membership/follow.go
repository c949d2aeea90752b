package membership

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// mappings is what sign-ins share, and whoever changes a mapping holds alone.
const mappings = "group-roles"

// mapping is a live app.group_role.
type mapping struct {
	ID       int64
	Provider int64
	Group    string
	Role     grants.Role
	Home     int64 // 0 for the whole provider
}

// seat is a role at a place.
type seat struct {
	role grants.Role
	home int64
}

// changes are the roles, by their id in app.role_held, that a sign-in gave and ended.
type changes struct{ given, ended []int64 }

// mapped gives the live mappings of the groups that somebody is in, oldest first: of
// every provider when provider is 0. What the sign-in service sent and what a
// directory says are weighed by app.in_group.
func mapped(ctx context.Context, tx *pg.Tx, who Identity, provider int64) ([]mapping, error) {
	if who.Sent.IsZero() {
		who.Sent = tx.Now
	}
	rows, err := tx.Query(ctx, `
		select id, provider_id as provider, group_name as "group", role, coalesce(home_id, 0) as home from app.group_role
		where issuer = @issuer and from_at <= clock_timestamp() and until_at > clock_timestamp() and (@provider = 0 or provider_id = @provider)
			and (group_name = any (@groups::text[]) or group_name = any ((select app.scim_groups(@issuer, @subject))::text[]))
			and app.in_group(provider_id, @issuer, @subject, group_name, @groups, @sent)
		order by id`, pgx.NamedArgs{"issuer": who.Issuer, "subject": who.Subject, "groups": who.Groups, "sent": who.Sent, "provider": provider})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[mapping])
}

func ofProvider(all []mapping, provider int64) []mapping {
	return slices.DeleteFunc(all, func(m mapping) bool { return m.Provider != provider })
}

// held is a role that somebody holds now.
type held struct {
	ID      int64
	Role    grants.Role
	Home    int64
	Mapping int64 // 0 when given by hand
}

// follower makes roles follow groups.
type follower struct {
	began time.Time // the transaction's
	keeps bool      // the last administrator's role, rather than fail for it
}

// follow makes the roles that an actor holds through groups equal to what these
// mappings say. Several groups that give one role at one place give it once; a
// role that is held by hand is not given again, and never ended. One that has moved
// with a staff file stands for its mapping, which is not given where it was before.
// What is given is given before anything is ended, and both at one moment, so that
// nobody is without access in between.
func (f follower) follow(ctx context.Context, tx *audit.Tx, actor access.Actor, wanted []mapping) (changes, error) {
	var c changes
	rows, err := tx.Query(ctx, `
		select id, role, coalesce(home_id, 0) as home, coalesce(group_role_id, 0) as mapping from app.role_held
		where actor_id = @id and until_at > clock_timestamp() and from_at <= clock_timestamp() order by id`, pgx.NamedArgs{"id": actor.ID})
	if err != nil {
		return c, err
	}
	now, err := pgx.CollectRows(rows, pgx.RowToStructByName[held])
	if err != nil {
		return c, err
	}
	taken, through := map[seat]bool{}, map[int64]bool{}
	var end []held
	for _, h := range now {
		at := seat{h.Role, h.Home}
		still := h.Mapping == 0 || !taken[at] && slices.ContainsFunc(wanted, func(m mapping) bool { return m.ID == h.Mapping })
		if still {
			taken[at], through[h.Mapping] = true, true
		} else {
			end = append(end, h)
		}
	}
	for _, m := range wanted {
		if at := (seat{m.Role, m.Home}); !taken[at] && !through[m.ID] {
			taken[at] = true
			id, err := grants.GiveIn(ctx, tx, grants.Giving{To: actor.ID, Role: m.Role, Provider: m.Provider, Home: m.Home, From: f.began, Group: m.ID,
				Why: "Member of the group " + m.Group + " at the sign-in service"})
			if err != nil {
				return c, err
			}
			c.given = append(c.given, id)
		}
	}
	for _, h := range end {
		kept, err := f.end(ctx, tx, actor.Provider, h)
		if err != nil {
			return c, err
		}
		if !kept {
			c.ended = append(c.ended, h.ID)
		}
	}
	return c, nil
}

// end ends a role that no group gives any more, and tells when it is kept instead.
func (f follower) end(ctx context.Context, tx *audit.Tx, provider int64, h held) (kept bool, err error) {
	if f.keeps && h.Role == grants.Administrator {
		if kept, err = grants.Last(ctx, tx, provider, h.ID); err != nil {
			return false, err
		}
		if kept {
			tx.Record(audit.Act{Action: access.KeepRole, Detail: audit.Detail{"role_held": h.ID, "because": "last-administrator"}})
			return true, nil
		}
	}
	return false, grants.EndIn(ctx, tx, h.ID, "No group of theirs gives it any more")
}
