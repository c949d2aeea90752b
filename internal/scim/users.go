package scim

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/membership"
)

// userRow is a user as the table has them.
type userRow struct {
	user
	said
}

func (r userRow) whole() user {
	r.user.Said = r.said
	return r.user
}

const userColumns = `
	select u.id, u.subject, u.created_at, s.from_at, s.user_name, s.external_id, s.display_name, s.given_name, s.family_name, s.title, s.email, s.active,
		coalesce(g.ids, '{}') as group_ids, coalesce(g.names, '{}') as group_names,
		exists (select from app.scim_stop x where x.provider_id = s.provider_id and x.at >= s.from_at) as stale
	from app.scim_user_said s join app.scim_user u on u.id = s.user_id
	left join lateral (select array_agg(m.group_id order by m.group_id) as ids, array_agg(x.display_name order by m.group_id) as names
		from app.scim_member m join app.scim_group_said x on x.group_id = m.group_id and x.until_at = 'infinity' and not x.deleted
		where m.user_id = s.user_id and m.until_at = 'infinity') g on true`

const liveUsers = ` where s.provider_id = @provider and s.issuer = @issuer and s.until_at = 'infinity' and not s.deleted`

const askedUsers = liveUsers + ` and (@id::bigint is null or s.user_id = @id) and (@user_name::text is null or lower(s.user_name) = lower(@user_name))
	and (@external_id::text is null or s.external_id = @external_id) and (@display_name::text is null or lower(s.display_name) = lower(@display_name))
	and (@email::text is null or lower(s.email) = lower(@email)) and (@active::boolean is null or s.active = @active)`

// Users answers a list of users.
func (s *Service) Users(ctx context.Context, actor access.Actor, q Query) ([]byte, error) {
	w, err := q.asked("username", "externalid", "displayname", "id", "emails.value", "active")
	if err != nil {
		return nil, err
	}
	args := pgx.NamedArgs{"provider": actor.Provider, "issuer": s.opt.Issuer, "id": w["id"], "user_name": w["username"], "external_id": w["externalid"],
		"display_name": w["displayname"], "email": w["emails.value"], "active": w["active"], "skip": q.start - 1, "count": q.count}
	var found []map[string]any
	var total int
	err = s.read(ctx, actor, audit.Detail{"kind": "users", "from": q.start, "count": q.count}, func(tx *audit.Tx) error {
		found = nil
		if err := tx.QueryRow(ctx, `select count(*) from app.scim_user_said s`+askedUsers, args).Scan(&total); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, userColumns+askedUsers+` order by s.user_id offset @skip limit @count`, args)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByName[userRow])
		for _, r := range list {
			found = append(found, s.showUser(r.whole()))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return q.listOf(total, found)
}

// User answers one user.
func (s *Service) User(ctx context.Context, actor access.Actor, id string, q Query) ([]byte, error) {
	n, err := number(id)
	if err != nil {
		return nil, s.unknown(ctx, actor, access.ReadDirectory)
	}
	var u user
	err = s.read(ctx, actor, audit.Detail{"scim_user": n}, func(tx *audit.Tx) (err error) {
		u, err = s.find(ctx, tx, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(q.shape.cut(s.showUser(u)))
}

// unknown records that something was asked for which cannot be there.
func (s *Service) unknown(ctx context.Context, actor access.Actor, a access.Action) error {
	if err := audit.Refuse(ctx, s.opt.DB, actor, audit.Act{Action: a}); err != nil {
		return err
	}
	return fault.NotThere()
}

func (s *Service) find(ctx context.Context, tx *audit.Tx, id int64) (user, error) {
	r, err := one[userRow](tx.Query(ctx, userColumns+liveUsers+` and s.user_id = @id`, pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "id": id}))
	return r.whole(), err
}

// subject is what the sign-in service will call somebody.
func (s *Service) subject(u said) string {
	if s.opt.Subject == ByUserName {
		return u.UserName
	}
	return u.ExternalID
}

// AddUser takes in somebody whom the directory did not tell of before.
func (s *Service) AddUser(ctx context.Context, actor access.Actor, body []byte) ([]byte, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	u := user{Said: said{Active: true}}
	if err := u.Said.of(o); err != nil {
		return nil, err
	}
	if u.Subject = s.subject(u.Said); u.Subject == "" {
		return nil, badValue(s.opt.Subject + " is needed: by it this person is known when they sign in.")
	}
	err = s.say(ctx, actor, audit.Act{Action: access.SayUser}, func(tx *audit.Tx, began time.Time) (err error) {
		if err := membership.Hold(ctx, tx, s.opt.Issuer, u.Subject); err != nil {
			return err
		}
		if u.ID, err = tx.NewID(ctx); err != nil {
			return err
		}
		u.CreatedAt = tx.Now
		_, err = tx.Exec(ctx, `insert into app.scim_user (id, provider_id, issuer, subject, created_at) values (@id, @provider, @issuer, @subject, @at)`,
			pgx.NamedArgs{"id": u.ID, "provider": actor.Provider, "issuer": s.opt.Issuer, "subject": u.Subject, "at": tx.Now})
		if err != nil {
			return err
		}
		u.FromAt = tx.Now
		return s.tell(ctx, tx, u, false, began)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(s.showUser(u))
}

// PutUser says everything of a user anew.
func (s *Service) PutUser(ctx context.Context, actor access.Actor, id string, body []byte) ([]byte, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	return s.changeUser(ctx, actor, id, func(u *said) error { return u.of(o) })
}

// PatchUser changes what is said of a user.
func (s *Service) PatchUser(ctx context.Context, actor access.Actor, id string, body []byte) ([]byte, error) {
	ops, err := parsePatch(body)
	if err != nil {
		return nil, err
	}
	return s.changeUser(ctx, actor, id, func(u *said) error { return u.patch(ops) })
}

func (s *Service) changeUser(ctx context.Context, actor access.Actor, id string, change func(*said) error) ([]byte, error) {
	n, err := number(id)
	if err != nil {
		return nil, s.unknown(ctx, actor, access.SayUser)
	}
	var u user
	about := audit.Act{Action: access.SayUser, Detail: audit.Detail{"scim_user": n}}
	err = s.say(ctx, actor, about, func(tx *audit.Tx, began time.Time) (err error) {
		if u, err = s.find(ctx, tx, n); err != nil {
			return err
		}
		was := u.Said
		if err := change(&u.Said); err != nil {
			return err
		}
		if s.subject(u.Said) != u.Subject {
			return refuse(fault.Invalid, mutability, s.opt.Subject+" says who somebody is when they sign in, and does not change. Delete this user, and make a new one.")
		}
		if u.Said == was && !u.Stale {
			tx.Record(audit.Act{Action: access.SayUser, Detail: audit.Detail{"scim_user": n, "changed": false}})
			return nil
		}
		if err := membership.Hold(ctx, tx, s.opt.Issuer, u.Subject); err != nil {
			return err
		}
		u.FromAt = tx.Now
		return s.tell(ctx, tx, u, false, began)
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(s.showUser(u))
}

// DeleteUser takes a user out of the directory: they have left. What was said stays.
func (s *Service) DeleteUser(ctx context.Context, actor access.Actor, id string) error {
	n, err := number(id)
	if err != nil {
		return s.unknown(ctx, actor, access.SayUser)
	}
	about := audit.Act{Action: access.SayUser, Detail: audit.Detail{"scim_user": n, "deleted": true}}
	return s.say(ctx, actor, about, func(tx *audit.Tx, began time.Time) error {
		u, err := s.find(ctx, tx, n)
		if err != nil {
			return err
		}
		if err := membership.Hold(ctx, tx, s.opt.Issuer, u.Subject); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update app.scim_member set until_at = @at where user_id = @id and until_at = 'infinity'`, pgx.NamedArgs{"id": n, "at": tx.Now})
		if err != nil {
			return err
		}
		u.FromAt = tx.Now
		return s.tell(ctx, tx, u, true, began)
	})
}

// tell writes down what is said of somebody, who is held, and lets follow what
// follows: whoever is inactive or deleted leaves, by the table's trigger, and for
// anybody else their groups count.
func (s *Service) tell(ctx context.Context, tx *audit.Tx, u user, deleted bool, began time.Time) error {
	leaves := deleted || !u.Said.Active
	if leaves {
		if err := s.partings(ctx, tx, u.Subject); err != nil {
			return err
		}
	}
	args := pgx.NamedArgs{"user": u.ID, "provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "subject": u.Subject, "user_name": u.Said.UserName,
		"external_id": u.Said.ExternalID, "display_name": u.Said.DisplayName, "given_name": u.Said.GivenName, "family_name": u.Said.FamilyName, "title": u.Said.Title,
		"email": u.Said.Email, "active": u.Said.Active, "deleted": deleted, "at": u.FromAt, "by": tx.Actor.ID}
	if _, err := tx.Exec(ctx, `update app.scim_user_said set until_at = @at where user_id = @user and until_at = 'infinity'`, args); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, external_id, display_name, given_name, family_name, title, email, active, deleted, from_at, said_by)
		values (@user, @provider, @issuer, @subject, @user_name, @external_id, @display_name, @given_name, @family_name, @title, @email, @active, @deleted, @at, @by)`, args)
	if err != nil {
		return err
	}
	tx.Record(audit.Act{Action: access.SayUser, Detail: audit.Detail{"scim_user": u.ID, "active": u.Said.Active, "deleted": deleted}})
	if leaves {
		return nil
	}
	_, err = membership.Recount(ctx, tx, s.identity(u), began)
	return err
}

func (s *Service) identity(u user) membership.Identity {
	return membership.Identity{Issuer: s.opt.Issuer, Subject: u.Subject, Name: u.Said.name(), Email: u.Said.Email}
}

// partings leaves a footprint of each role that ends with somebody's leaving.
func (s *Service) partings(ctx context.Context, tx *audit.Tx, subject string) error {
	rows, err := tx.Query(ctx, `
		select h.id from app.role_held h join app.actor a on a.id = h.actor_id
		where a.provider_id = @provider and a.issuer = @issuer and a.subject = @subject and h.until_at > clock_timestamp() order by h.id`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": s.opt.Issuer, "subject": subject})
	if err != nil {
		return err
	}
	held, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	for _, id := range held {
		tx.Record(audit.Act{Action: access.EndRole, Detail: audit.Detail{"role_held": id, "because": "left"}})
	}
	return err
}
