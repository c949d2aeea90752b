package people

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Listed is somebody in the list of a provider's people.
type Listed struct {
	ID        int64
	Kind      access.Kind
	Name      string
	PostTitle string
	Known     bool       // to the sign-in service, so that they can sign in
	LastAt    *time.Time // of their last sign-in
	Left      bool
	Elsewhere bool       `db:"-"` // they work here, in no role that the reader may know of
	Roles     []RoleHeld `db:"-"` // now
}

// Everyone lists the people and service accounts of the actor's provider, by
// name: those after the one with id after (0 for the first page), at most limit.
// Administrators see all of them; whoever keeps one setting's people, or sees who
// did what everywhere, those who work here. Looking is recorded.
func Everyone(ctx context.Context, db *pg.DB, actor access.Actor, after int64, limit int) ([]Listed, error) {
	var list []Listed
	about := audit.Act{Action: access.ViewPeople}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		reach, err := Keeps(ctx, tx.Reader(), access.ViewPeople)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select a.id, a.kind, a.name, a.post_title, a.subject <> '' as known,
				(select i.at from app.sign_in i where i.actor_id = a.id order by i.id desc limit 1) as last_at, coalesce(app.has_left(a.id), false) as left
			from app.actor a
			where a.provider_id = @provider and (@all or app.works_here(a.id))
				and (@after::bigint = 0 or (a.name, a.id) > (select b.name, b.id from app.actor b where b.id = @after and b.provider_id = @provider))
			order by a.name, a.id limit @limit`, pgx.NamedArgs{"provider": actor.Provider, "after": after, "limit": limit, "all": reach.All})
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Listed]); err != nil {
			return err
		}
		tx.Record(about)
		err = rolesOf(ctx, tx.Reader(), list)
		for i, p := range list {
			list[i].Elsewhere = len(p.Roles) == 0 && !reach.All && !reach.Audit
		}
		return err
	})
	return list, err
}

// rolesOf fills in which roles they hold now.
func rolesOf(ctx context.Context, tx *pg.Tx, list []Listed) error {
	at := map[int64]int{}
	ids := make([]int64, 0, len(list))
	for i, p := range list {
		at[p.ID] = i
		ids = append(ids, p.ID)
	}
	rows, err := tx.Query(ctx, `
		select r.actor_id, r.role, coalesce(h.name, '') as home, r.from_at from app.role_held r left join app.home h on h.id = r.home_id
		where r.actor_id = any (@ids) and r.from_at <= now() and r.until_at > now() order by r.id`, pgx.NamedArgs{"ids": ids})
	if err != nil {
		return err
	}
	var id int64
	var r RoleHeld
	_, err = pgx.ForEachRow(rows, []any{&id, &r.Role, &r.Home, &r.From}, func() error {
		list[at[id]].Roles = append(list[at[id]].Roles, r)
		return nil
	})
	return err
}

// Person is somebody as administrators see them.
type Person struct {
	ID              int64
	Kind            access.Kind
	Name, PostTitle string
	Email           string // as the sign-in service said when they came; it is never what they are known by
	Issuer, Subject string // who they are at the sign-in service, "" where they cannot sign in
	Since           time.Time
	AddedBy         string
	LastAt          *time.Time // of their last sign-in
	SaidName        string     // as the sign-in service said it then
	Left            bool
	All             bool       `db:"-"` // the reader keeps the people of the whole provider, and is told of signing in
	Audit           bool       `db:"-"` // the reader sees who did what everywhere
	Roles           []RoleEver `db:"-"`
}

// RoleEver is a role that somebody holds, held, or is to hold.
type RoleEver struct {
	ID       int64
	Role     string
	Home     string // "" for the whole provider
	From     time.Time
	Until    *time.Time
	By, Why  string
	Group    string // of the sign-in service, through which they have it, "" when given by hand
	EndedBy  string // "" where it ended on its day, or by a move
	EndedWhy string
	MayEnd   bool // by the reader
	Handed   bool // it was handed on by its holder
	Own      bool // it is about the person's own record
	Begun    bool // by the moment of asking
	Ended    bool
}

// GetPerson gives a person of the actor's provider, with every role they ever had,
// newest first. Administrators see everybody; whoever keeps one setting's people,
// or sees who did what everywhere, those who have worked here or read their own file
// there, with the roles that they may know of and nothing about signing in. Looking
// is recorded.
func GetPerson(ctx context.Context, db *pg.DB, actor access.Actor, id int64) (Person, error) {
	var p Person
	about := audit.Act{Action: access.ViewPerson, Detail: audit.Detail{"actor": id}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		reach, err := Keeps(ctx, tx.Reader(), access.ViewPerson)
		if err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": id, "provider": actor.Provider, "all": reach.All}
		rows, err := tx.Query(ctx, `
			select a.id, a.kind, a.name, a.post_title, case when @all then a.email else '' end as email, case when @all then a.issuer else '' end as issuer,
				case when @all then a.subject else '' end as subject, a.created_at as since, coalesce(b.name, '') as added_by,
				i.at as last_at, coalesce(i.name, '') as said_name, coalesce(app.has_left(a.id), false) as left
			from app.actor a left join app.actor b on b.id = a.created_by
			left join lateral (select s.at, s.name from app.sign_in s where s.actor_id = a.id order by s.id desc limit 1) i on true
			where a.id = @id and a.provider_id = @provider and (@all or app.works_here(a.id) or exists (select from app.role_held h where h.actor_id = a.id))`, args)
		if err != nil {
			return err
		}
		if p, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Person]); err != nil {
			if pg.None(err) {
				return fault.NotThere()
			}
			return err
		}
		tx.Record(about)
		p.All, p.Audit = reach.All, reach.Audit
		p.Roles, err = rolesEver(ctx, tx.Reader(), id)
		return err
	})
	return p, err
}

func rolesEver(ctx context.Context, tx *pg.Tx, id int64) ([]RoleEver, error) {
	rows, err := tx.Query(ctx, `
		select r.id, r.role, coalesce(h.name, '') as home, r.from_at as "from", nullif(r.until_at, 'infinity') as until, coalesce(b.name, '') as by, r.why,
			coalesce(g.group_name, '') as "group", coalesce(eb.name, '') as ended_by, coalesce(e.why, '') as ended_why,
			app.may_end(r) as may_end,
			r.delegated_from is not null as handed, r.record_id is not null as own,
			r.from_at <= now() as begun, r.until_at <= greatest(now(), r.from_at) as ended
		from app.role_held r left join app.home h on h.id = r.home_id left join app.actor b on b.id = r.given_by
		left join app.group_role g on g.id = r.group_role_id
		left join app.role_ending e on e.role_held_id = r.id left join app.actor eb on eb.id = e.by_actor
		where r.actor_id = @id order by r.until_at <= greatest(now(), r.from_at), r.from_at desc, r.id desc`, pgx.NamedArgs{"id": id})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[RoleEver])
}

// Colleague is somebody with a role at a setting.
type Colleague struct {
	ID              int64
	Name, PostTitle string
}

// Colleagues lists the people with one of these roles at a setting now, by name, to whoever
// keeps its people. It leaves no footprint: it is asked beside an act that does.
func Colleagues[R ~string](ctx context.Context, db *pg.DB, actor access.Actor, home int64, roles []R) ([]Colleague, error) {
	var list []Colleague
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select a.id, a.name, a.post_title from app.actor a where a.kind = 'person' and exists (select from app.role_held r
				where r.actor_id = a.id and r.home_id = @home and r.role = any(@roles) and r.record_id is null and r.from_at <= now() and r.until_at > now())
			order by a.name, a.id`, pgx.NamedArgs{"home": home, "roles": roles})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Colleague])
		return err
	})
	return list, err
}
