// Package people knows who there is: providers and their homes, the actors who
// act, and the records kept about young people, parents, families, staff and
// libraries of policies.
//
// A record is opened, closed, reopened and moved; each of these is dated, says
// who and why, and stays. Nothing here is deleted or overwritten.
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

// Home is one setting: a children's home, a residential family centre or a
// supported accommodation.
type Home struct {
	ID   int64
	Name string
	Kind string // one of HomeKinds
}

// HomeKinds are the kinds of setting, in the order in which a page offers them.
func HomeKinds() []string {
	return []string{"childrens-home", "family-centre", "supported-accommodation"}
}

// NewActor is a person, or a service account, who is to act.
type NewActor struct {
	Provider        int64
	Kind            access.Kind
	Name, PostTitle string
	Email           string
	Issuer, Subject string // who they are at the sign-in service; both "" for a service account
}

// RoleHeld is a role that somebody holds now. Home is "" for the whole provider.
type RoleHeld struct {
	Role string
	Home string
	From time.Time
}

// Profile is what a person is told about themselves.
type Profile struct {
	ID        int64
	Kind      access.Kind
	Name      string
	PostTitle string
	Provider  string
	Roles     []RoleHeld
}

// Found starts a provider. Only Custodian itself may, during set-up.
func Found(ctx context.Context, db *pg.DB, actor access.Actor, name string) (int64, error) {
	var id int64
	err := audit.Do(ctx, db, actor, audit.Act{Action: access.Found}, func(tx *audit.Tx) (err error) {
		id, err = FoundIn(ctx, tx, name)
		return err
	})
	return id, err
}

// FoundIn is Found as a part of a larger act.
func FoundIn(ctx context.Context, tx *audit.Tx, name string) (int64, error) {
	if err := fault.Bad(fault.CheckLine("name", name)); err != nil {
		return 0, err
	}
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `insert into app.provider (id, name) values (@id, @name)`, pgx.NamedArgs{"id": id, "name": name})
	tx.Record(audit.Act{Action: access.Found, Detail: audit.Detail{"provider": id}})
	return id, err
}

// AddHome adds a setting to a provider. Custodian itself may, during set-up, and
// whoever keeps the people of the whole provider. Its faults name the fields name
// and kind; a second setting of one name is a Conflict.
func AddHome(ctx context.Context, db *pg.DB, actor access.Actor, provider int64, name, kind string) (int64, error) {
	var id int64
	about := audit.Act{Action: access.AddHome}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if actor.ID != access.System {
			if err := Administers(ctx, tx.Reader(), access.AddHome); err != nil {
				return err
			}
		}
		if err := tx.Lock(ctx, "settings", provider); err != nil {
			return err
		}
		if err := checkHome(ctx, tx, provider, name, kind); err != nil {
			return err
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.home (id, provider_id, name, kind) values (@id, @provider, @name, @kind)`,
			pgx.NamedArgs{"id": id, "provider": provider, "name": name, "kind": kind})
		tx.Record(audit.Act{Action: access.AddHome, Target: audit.Target{Home: id}, Detail: audit.Detail{"home": id}})
		return err
	})
	return id, err
}

// AddActor adds a person or a service account. Whoever manages the provider's
// staff may. A second person with one identity is a Conflict.
func AddActor(ctx context.Context, db *pg.DB, actor access.Actor, n NewActor) (int64, error) {
	var id int64
	err := audit.Do(ctx, db, actor, audit.Act{Action: access.AddActor}, func(tx *audit.Tx) (err error) {
		id, err = AddActorIn(ctx, tx, n)
		return err
	})
	return id, err
}

// AddActorIn is AddActor as a part of a larger act.
func AddActorIn(ctx context.Context, tx *audit.Tx, n NewActor) (int64, error) {
	if err := fault.Bad(fault.CheckLine("name", n.Name)); err != nil {
		return 0, err
	}
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `
		insert into app.actor (id, provider_id, kind, name, post_title, email, issuer, subject, created_by)
		values (@id, @provider, @kind, @name, @post, @email, @issuer, @subject, @by)`,
		pgx.NamedArgs{"id": id, "provider": n.Provider, "kind": n.Kind, "name": n.Name, "post": n.PostTitle,
			"email": n.Email, "issuer": n.Issuer, "subject": n.Subject, "by": tx.Actor.ID})
	if pg.Broke(err, "actor_identity") {
		return 0, fault.New(fault.Conflict, "This identity belongs to somebody who is already here.")
	}
	tx.Record(audit.Act{Action: access.AddActor, Detail: audit.Detail{"actor": id}})
	return id, err
}

// Homes lists the settings of the actor's provider, by name.
func Homes(ctx context.Context, db *pg.DB, actor access.Actor) ([]Home, error) {
	var list []Home
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		list, err = homesOf(ctx, tx)
		return err
	})
	return list, err
}

// Me tells actors who they are and which roles they hold now.
func Me(ctx context.Context, db *pg.DB, actor access.Actor) (Profile, error) {
	var p Profile
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		p, err = profile(ctx, tx)
		return err
	})
	return p, err
}
