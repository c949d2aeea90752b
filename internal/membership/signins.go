package membership

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/internal/people"
)

// SignInSeen is one sign-in as the service told it.
type SignInSeen struct {
	ID      int64
	At      time.Time
	ActorID *int64 // nil for a stranger; one who has become known since is none
	Subject string // who they are at the service
	Name    string // as the service said it then
	Email   string
	Outcome string // done, no-role, or no-second-factor
	Groups  []GroupSent
}

// GroupSent is a group that the service sent, and what it gives now: nothing when
// no mapping names it.
type GroupSent struct {
	Name  string
	Gives []Gives
}

// Gives is what a mapping gives. Home is "" for the whole provider.
type Gives struct {
	Mapping int64
	Role    grants.Role
	Home    string
}

// SignIns lists the last sign-ins, newest first, of the provider's people and of
// strangers whom nobody has given a role: those with an id below before (0 for
// the first page), at most limit. It is for administrators. Looking is recorded.
func (k *Keeper) SignIns(ctx context.Context, actor access.Actor, before int64, limit int) ([]SignInSeen, error) {
	var list []SignInSeen
	about := audit.Act{Action: access.ViewSignIns}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), access.ViewSignIns); err != nil {
			return err
		}
		seen, err := k.lastSignIns(ctx, tx, before, limit)
		if err != nil {
			return err
		}
		gives, err := k.gives(ctx, tx)
		if err != nil {
			return err
		}
		list = make([]SignInSeen, 0, len(seen))
		for _, row := range seen {
			one := SignInSeen{ID: row.ID, At: row.At, ActorID: row.ActorID, Subject: row.Subject, Name: row.Name, Email: row.Email, Outcome: row.Outcome}
			for _, g := range row.Groups {
				one.Groups = append(one.Groups, GroupSent{Name: g, Gives: gives[g]})
			}
			list = append(list, one)
		}
		tx.Record(about)
		return nil
	})
	return list, err
}

type signInRow struct {
	ID                            int64
	At                            time.Time
	ActorID                       *int64
	Subject, Name, Email, Outcome string
	Groups                        []string
}

// lastSignIns walks the two indexes, one for those who are known and one for strangers.
func (k *Keeper) lastSignIns(ctx context.Context, tx *audit.Tx, before int64, limit int) ([]signInRow, error) {
	const columns = `id, at, actor_id, subject, name, email, outcome, groups`
	const known = `i.id, i.at, (select a.id from app.actor a where a.issuer = i.issuer and a.subject = i.subject) as actor_id, i.subject, i.name, i.email, i.outcome, i.groups`
	rows, err := tx.Query(ctx, `
		select * from (
			(select `+columns+` from app.sign_in where provider_id = @provider and (@before::bigint = 0 or id < @before) order by id desc limit @limit)
			union all
			(select `+known+` from app.sign_in i where i.provider_id is null and i.issuer = @issuer and (@before::bigint = 0 or i.id < @before) order by i.id desc limit @limit)
		) x order by id desc limit @limit`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": k.issuer, "before": before, "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[signInRow])
}

// gives is what each group of the service gives now.
func (k *Keeper) gives(ctx context.Context, tx *audit.Tx) (map[string][]Gives, error) {
	rows, err := tx.Query(ctx, `
		select g.group_name, g.id, g.role, coalesce(h.name, '') from app.group_role g left join app.home h on h.id = g.home_id
		where g.provider_id = @provider and g.issuer = @issuer and g.until_at > now() order by g.id`,
		pgx.NamedArgs{"provider": tx.Actor.Provider, "issuer": k.issuer})
	if err != nil {
		return nil, err
	}
	all := map[string][]Gives{}
	var name string
	var g Gives
	_, err = pgx.ForEachRow(rows, []any{&name, &g.Mapping, &g.Role, &g.Home}, func() error {
		all[name] = append(all[name], g)
		return nil
	})
	return all, err
}
