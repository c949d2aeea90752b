package scim

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/membership"
)

const groupColumns = `
	select g.id, s.display_name, s.external_id, g.created_at,
		greatest(s.from_at, (select max(greatest(m.from_at, nullif(m.until_at, 'infinity'))) from app.scim_member m where m.group_id = g.id)) as from_at
	from app.scim_group_said s join app.scim_group g on g.id = s.group_id`

const liveGroups = ` where s.provider_id = @provider and s.issuer = @issuer and s.until_at = 'infinity' and not s.deleted`

const askedGroups = liveGroups + ` and (@id::bigint is null or s.group_id = @id) and (@external_id::text is null or s.external_id = @external_id)
	and (@display_name::text is null or lower(s.display_name) = lower(@display_name))
	and (@member::bigint is null or exists (select from app.scim_member m where m.group_id = s.group_id and m.user_id = @member and m.until_at = 'infinity'))`

// Groups answers a list of groups.
func (s *Service) Groups(ctx context.Context, actor access.Actor, q Query) ([]byte, error) {
	w, err := q.asked("displayname", "externalid", "id", "members.value")
	if err != nil {
		return nil, err
	}
	args := pgx.NamedArgs{"provider": actor.Provider, "issuer": s.opt.Issuer, "id": w["id"], "display_name": w["displayname"], "external_id": w["externalid"],
		"member": w["members.value"], "skip": q.start - 1, "count": q.count}
	var found []map[string]any
	var total int
	err = s.read(ctx, actor, audit.Detail{"kind": "groups", "from": q.start, "count": q.count}, func(tx *audit.Tx) error {
		found = nil
		if err := tx.QueryRow(ctx, `select count(*) from app.scim_group_said s`+askedGroups, args).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, groupColumns+askedGroups+` order by s.group_id offset @skip limit @count`, args)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[group])
		if err != nil {
			return err
		}
		if q.shape.leaves("members") {
			if err := fill(ctx, tx, list); err != nil {
				return err
			}
		}
		for _, g := range list {
			found = append(found, s.showGroup(g, q.shape))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return q.listOf(total, found)
}

// fill fills in who is in groups.
func fill(ctx context.Context, tx *audit.Tx, list []group) error {
	at := map[int64]*group{}
	ids := make([]int64, 0, len(list))
	for i := range list {
		at[list[i].ID] = &list[i]
		ids = append(ids, list[i].ID)
	}
	rows, err := tx.Query(ctx, `select group_id, user_id from app.scim_member where group_id = any (@ids) and until_at = 'infinity' order by group_id, user_id`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return err
	}
	var id, member int64
	_, err = pgx.ForEachRow(rows, []any{&id, &member}, func() error {
		at[id].Members = append(at[id].Members, member)
		return nil
	})
	return err
}

// Group answers one group.
func (s *Service) Group(ctx context.Context, actor access.Actor, id string, q Query) ([]byte, error) {
	n, err := number(id)
	if err != nil {
		return nil, s.unknown(ctx, actor, access.ReadDirectory)
	}
	var g group
	err = s.read(ctx, actor, audit.Detail{"scim_group": n}, func(tx *audit.Tx) (err error) {
		g, err = s.findGroup(ctx, tx, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(q.shape.cut(s.showGroup(g, q.shape)))
}

func (s *Service) findGroup(ctx context.Context, tx *audit.Tx, id int64) (group, error) {
	g, err := one[group](tx.Query(ctx, groupColumns+liveGroups+` and s.group_id = @id`, pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "id": id}))
	if err != nil {
		return g, err
	}
	list := []group{g}
	err = fill(ctx, tx, list)
	return list[0], err
}

// AddGroup takes a group that the directory did not tell of before.
func (s *Service) AddGroup(ctx context.Context, actor access.Actor, body []byte) ([]byte, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	var g group
	if err := g.of(o); err != nil {
		return nil, err
	}
	err = s.say(ctx, actor, audit.Act{Action: access.SayGroup}, func(tx *audit.Tx, began time.Time) (err error) {
		if g.ID, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.scim_group (id, provider_id, issuer, created_at) values (@id, @provider, @issuer, @at)`,
			pgx.NamedArgs{"id": g.ID, "provider": actor.Provider, "issuer": s.opt.Issuer, "at": tx.Now})
		if err != nil {
			return err
		}
		g.CreatedAt, g.FromAt = tx.Now, tx.Now
		return s.tellGroup(ctx, tx, group{}, g, false, began)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(s.showGroup(g, shape{}))
}

// PutGroup says everything of a group anew.
func (s *Service) PutGroup(ctx context.Context, actor access.Actor, id string, body []byte) ([]byte, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	g, err := s.changeGroup(ctx, actor, id, func(g *group) error { return g.of(o) })
	if err != nil {
		return nil, err
	}
	return json.Marshal(s.showGroup(g, shape{}))
}

// PatchGroup changes what is said of a group. It answers nothing: some groups are
// large.
func (s *Service) PatchGroup(ctx context.Context, actor access.Actor, id string, body []byte) error {
	ops, err := parsePatch(body)
	if err != nil {
		return err
	}
	_, err = s.changeGroup(ctx, actor, id, func(g *group) error { return g.patch(ops) })
	return err
}

func (s *Service) changeGroup(ctx context.Context, actor access.Actor, id string, change func(*group) error) (group, error) {
	n, err := number(id)
	if err != nil {
		return group{}, s.unknown(ctx, actor, access.SayGroup)
	}
	var g group
	about := audit.Act{Action: access.SayGroup, Detail: audit.Detail{"scim_group": n}}
	err = s.say(ctx, actor, about, func(tx *audit.Tx, began time.Time) error {
		was, err := s.findGroup(ctx, tx, n)
		if err != nil {
			return err
		}
		g = was
		if err := change(&g); err != nil {
			return err
		}
		return s.tellGroup(ctx, tx, was, g, false, began)
	})
	return g, err
}

// DeleteGroup takes a group out of the directory: nobody is in it any more.
func (s *Service) DeleteGroup(ctx context.Context, actor access.Actor, id string) error {
	n, err := number(id)
	if err != nil {
		return s.unknown(ctx, actor, access.SayGroup)
	}
	about := audit.Act{Action: access.SayGroup, Detail: audit.Detail{"scim_group": n, "deleted": true}}
	return s.say(ctx, actor, about, func(tx *audit.Tx, began time.Time) error {
		was, err := s.findGroup(ctx, tx, n)
		if err != nil {
			return err
		}
		gone := was
		gone.Members = nil
		return s.tellGroup(ctx, tx, was, gone, true, began)
	})
}

// tellGroup writes down what is said of a group, and lets the roles of whomever it
// concerns follow.
func (s *Service) tellGroup(ctx context.Context, tx *audit.Tx, was, is group, deleted bool, began time.Time) error {
	args := pgx.NamedArgs{"group": is.ID, "provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "name": is.DisplayName, "external_id": is.ExternalID,
		"deleted": deleted, "at": tx.Now, "by": tx.Actor.ID}
	renamed := was.DisplayName != is.DisplayName || was.ExternalID != is.ExternalID
	if renamed || deleted {
		if _, err := tx.Exec(ctx, `update app.scim_group_said set until_at = @at where group_id = @group and until_at = 'infinity'`, args); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into app.scim_group_said (group_id, provider_id, issuer, display_name, external_id, deleted, from_at, said_by)
			values (@group, @provider, @issuer, @name, @external_id, @deleted, @at, @by)`, args)
		if err != nil {
			return err
		}
	}
	come, gone := apart(is.Members, was.Members), apart(was.Members, is.Members)
	if err := s.move(ctx, tx, args, come, gone); err != nil {
		return err
	}
	tx.Record(audit.Act{Action: access.SayGroup, Detail: audit.Detail{"scim_group": is.ID, "renamed": renamed, "deleted": deleted, "came": len(come), "went": len(gone)}})
	concerned := append(slices.Clone(come), gone...)
	if renamed {
		concerned = append(concerned, is.Members...)
	}
	return s.recount(ctx, tx, concerned, []string{was.DisplayName, was.ExternalID, is.DisplayName, is.ExternalID}, began)
}

// move lets people come into a group and go out of it.
func (s *Service) move(ctx context.Context, tx *audit.Tx, args pgx.NamedArgs, come, gone []int64) error {
	args["come"], args["gone"] = come, gone
	_, err := tx.Exec(ctx, `update app.scim_member set until_at = @at where group_id = @group and user_id = any (@gone) and until_at = 'infinity'`, args)
	if err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		insert into app.scim_member (provider_id, group_id, user_id, from_at, said_by)
		select @provider, @group, s.user_id, @at, @by from app.scim_user_said s`+liveUsers+` and s.user_id = any (@come)`, args)
	if err == nil && tag.RowsAffected() != int64(len(come)) {
		err = noMember()
	}
	return err
}

// apart are those of a that are not in b; both are sorted.
func apart(a, b []int64) []int64 {
	out := []int64{}
	for _, n := range a {
		if _, there := slices.BinarySearch(b, n); !there {
			out = append(out, n)
		}
	}
	return out
}

// recount lets the roles of users follow, if any of the names gives one. They are held
// in one order, so that no two who hold several wait for one another.
func (s *Service) recount(ctx context.Context, tx *audit.Tx, ids []int64, names []string, began time.Time) error {
	var gives bool
	err := tx.QueryRow(ctx, `select exists (select from app.group_role where provider_id = @provider and issuer = @issuer and group_name = any (@names) and until_at > clock_timestamp())`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "names": names}).Scan(&gives)
	if err != nil || !gives || len(ids) == 0 {
		return err
	}
	rows, err := tx.Query(ctx, userColumns+liveUsers+` and s.active and s.user_id = any (@ids) order by s.subject`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "ids": ids})
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[userRow])
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := membership.Hold(ctx, tx, s.opt.Issuer, r.Subject); err != nil {
			return err
		}
	}
	for _, r := range list {
		if _, err := membership.Recount(ctx, tx, s.identity(r.whole()), began); err != nil {
			return err
		}
	}
	return nil
}
