package scim

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/people"
)

// Token is what can be told of a token afterwards: never its secret.
type Token struct {
	ID        int64
	Label     string
	By        string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
	LastAt    *time.Time // when it was last used, to the minute
}

// Provisioned is a group that the directory provisions.
type Provisioned struct {
	Name    string
	Members int
	Gives   int // mappings that name it
}

// State is what stands with the organisation's directory service.
type State struct {
	Tokens       []Token // newest first, at most 100
	Groups       []Provisioned
	Working      int // people whom it calls active
	Left         int // and those who have left
	Stopped      *time.Time
	StoppedBy    string
	MoreGroups   bool
	LastSaid     *time.Time // when it last told of somebody
	WithoutRoles int        // active, and holding nothing here
}

// mostGroups is how many groups are listed.
const mostGroups = 200

// State tells how it stands with the directory service. It is for administrators.
// Looking is recorded.
func (s *Service) State(ctx context.Context, actor access.Actor) (State, error) {
	var st State
	about := audit.Act{Action: access.ViewDirectory}
	err := audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		tx.Record(about)
		args := pgx.NamedArgs{"provider": actor.Provider, "issuer": s.opt.Issuer, "most": mostGroups + 1}
		rows, err := tx.Query(ctx, `
			select t.id, t.label, coalesce(a.name, '') as by, t.created_at, t.expires_at, nullif(t.revoked_at, 'infinity') as revoked_at, u.last_at
			from app.scim_token t left join app.actor a on a.id = t.created_by left join app.scim_use u on u.token_id = t.id
			where t.provider_id = @provider order by t.id desc limit 100`, args)
		if err != nil {
			return err
		}
		if st.Tokens, err = pgx.CollectRows(rows, pgx.RowToStructByName[Token]); err != nil {
			return err
		}
		if err := st.groups(ctx, tx, args); err != nil {
			return err
		}
		return st.counts(ctx, tx, args)
	})
	return st, err
}

func (st *State) groups(ctx context.Context, tx *audit.Tx, args pgx.NamedArgs) error {
	rows, err := tx.Query(ctx, `
		select name, members, gives from (select s.display_name as name, (select count(*) from app.scim_member m where m.group_id = s.group_id and m.until_at = 'infinity') as members,
			(select count(*) from app.group_role g where g.provider_id = @provider and g.issuer = @issuer and g.group_name in (s.display_name, s.external_id) and g.until_at > now()) as gives
		from app.scim_group_said s where s.provider_id = @provider and s.issuer = @issuer and s.until_at = 'infinity' and not s.deleted) x
		order by gives = 0, lower(name) limit @most`, args)
	if err != nil {
		return err
	}
	if st.Groups, err = pgx.CollectRows(rows, pgx.RowToStructByName[Provisioned]); err != nil {
		return err
	}
	if len(st.Groups) > mostGroups {
		st.Groups, st.MoreGroups = st.Groups[:mostGroups], true
	}
	return nil
}

func (st *State) counts(ctx context.Context, tx *audit.Tx, args pgx.NamedArgs) error {
	err := tx.QueryRow(ctx, `
		select count(distinct s.subject) filter (where s.active and not s.deleted), count(distinct s.subject) filter (where (s.deleted or not s.active)
				and not exists (select from app.scim_user_said o where o.provider_id = s.provider_id and o.issuer = s.issuer and o.subject = s.subject and o.until_at = 'infinity' and o.id > s.id)),
			max(s.from_at), count(*) filter (where s.active and not s.deleted and not exists (select from app.actor a join app.role_held h on h.actor_id = a.id
				where a.provider_id = s.provider_id and a.issuer = s.issuer and a.subject = s.subject and h.from_at <= now() and h.until_at > now()))
		from app.scim_user_said s where s.provider_id = @provider and s.issuer = @issuer and s.until_at = 'infinity'`, args).Scan(&st.Working, &st.Left, &st.LastSaid, &st.WithoutRoles)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `select x.at, coalesce(a.name, '') as by from app.scim_stop x left join app.actor a on a.id = x.by_actor where x.provider_id = @provider order by x.at desc limit 1`, args)
	if err != nil {
		return err
	}
	var at time.Time
	var by string
	_, err = pgx.ForEachRow(rows, []any{&at, &by}, func() error {
		st.Stopped, st.StoppedBy = &at, by
		return nil
	})
	return err
}
