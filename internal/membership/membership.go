// Package membership turns groups into roles: the groups of the organisation's
// sign-in service, as dated mappings say which administrators keep.
//
// What a group gives is given and ended by the word of whoever knows who is in
// it; a role that somebody was given by hand is never touched. A person is known
// by issuer and subject, never by e-mail address, and belongs to the first
// organisation that takes them in. Whoever comes and is in no group that gives
// anything is a stranger, until an administrator gives them a role.
//
// It does not find out who is in a group: packages that do hand it in.
package membership

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// Keeper keeps the mappings of one sign-in service's groups.
type Keeper struct {
	db     *pg.DB
	issuer string
}

// New makes the keeper of the groups of issuer, "" when there is no sign-in
// service: then no group can be mapped.
func New(db *pg.DB, issuer string) *Keeper { return &Keeper{db, issuer} }

// Identity is somebody whom a sign-in service vouches for. Issuer and Subject say
// who they are; the rest is what is said about them.
type Identity struct {
	Issuer, Subject string
	Name, Email     string
	Groups          []string  // as a sign-in sent them
	Sent            time.Time // when it did; zero: now
}

// Taken is somebody as they were taken in.
type Taken struct {
	Actor        access.Actor // zero for a stranger
	Given, Ended []int64      // roles, by their id in app.role_held
}

// Hold lets one act at a time change what an identity holds, so that two first
// browsers do not make somebody twice, and no mapping ends until its roles are
// given and seen.
func Hold(ctx context.Context, tx *audit.Tx, issuer, subject string) error {
	if err := hold(ctx, tx, issuer, subject); err != nil {
		return err
	}
	return tx.Share(ctx, mappings, 0)
}

func hold(ctx context.Context, tx *audit.Tx, issuer, subject string) error {
	return tx.Lock(ctx, "sign-in "+issuer+" "+subject, 0)
}

// TakeIn finds the actor of an identity, or makes one where a group gives a role,
// and makes the roles that come from groups equal to what the mappings say. What
// is given and what is ended begins and ends at the moment began, which is the
// transaction's. Name and e-mail of an actor who is there already stay as they
// are. The role of the last administrator is not ended: it is kept, and the
// footprint says so. The identity is held by Hold.
func TakeIn(ctx context.Context, tx *audit.Tx, who Identity, began time.Time) (Taken, error) {
	return takeIn(ctx, tx, who, follower{began: began, keeps: true}, 0)
}

// Recount is TakeIn for whoever speaks for one provider between two sign-ins: what
// the last one sent counts as far as it still does. Somebody of another provider
// is left alone. The end of the last administrator's role is not kept from
// happening here: the commit refuses it.
func Recount(ctx context.Context, tx *audit.Tx, who Identity, began time.Time) (Taken, error) {
	var elsewhere bool
	err := tx.QueryRow(ctx, `select app.known_elsewhere(@issuer, @subject)`, pgx.NamedArgs{"issuer": who.Issuer, "subject": who.Subject}).Scan(&elsewhere)
	if err != nil || elsewhere {
		return Taken{}, err
	}
	err = tx.QueryRow(ctx, `
		select l.sent, l.at from app.actor a cross join lateral app.last_sent(a.id) l where a.issuer = @issuer and a.subject = @subject and a.provider_id = @provider`,
		pgx.NamedArgs{"issuer": who.Issuer, "subject": who.Subject, "provider": tx.Actor.Provider}).Scan(&who.Groups, &who.Sent)
	if err != nil && !pg.None(err) {
		return Taken{}, err
	}
	return takeIn(ctx, tx, who, follower{began: began}, tx.Actor.Provider)
}

func takeIn(ctx context.Context, tx *audit.Tx, who Identity, f follower, provider int64) (Taken, error) {
	var t Taken
	err := tx.QueryRow(ctx, `select id, kind, coalesce(provider_id, 0) from app.actor where issuer = @issuer and subject = @subject`,
		pgx.NamedArgs{"issuer": who.Issuer, "subject": who.Subject}).Scan(&t.Actor.ID, &t.Actor.Kind, &t.Actor.Provider)
	if err != nil && !pg.None(err) {
		return t, err
	}
	if t.Actor.ID != 0 && t.Actor.Kind != access.Person {
		return t, nil // a service account does not sign in
	}
	if t.Actor.ID != 0 {
		provider = t.Actor.Provider
		// whoever has left is let in by no group: somebody says first that they are back
		if left, err := grants.Left(ctx, tx.Reader(), t.Actor.ID); err != nil || left {
			return t, err
		}
	}
	mapped, err := mapped(ctx, tx.Reader(), who, provider)
	if err != nil {
		return t, err
	}
	if t.Actor.ID == 0 {
		if len(mapped) == 0 {
			return t, nil
		}
		if t.Actor, err = add(ctx, tx, who, mapped[0].Provider); err != nil {
			return t, err
		}
		mapped = ofProvider(mapped, t.Actor.Provider)
	}
	c, err := f.follow(ctx, tx, t.Actor, mapped)
	t.Given, t.Ended = c.given, c.ended
	return t, err
}

// add makes the actor of somebody who came for the first time.
func add(ctx context.Context, tx *audit.Tx, who Identity, provider int64) (access.Actor, error) {
	id, err := people.AddActorIn(ctx, tx, people.NewActor{Provider: provider, Kind: access.Person, Name: who.Name, Email: who.Email, Issuer: who.Issuer, Subject: who.Subject})
	return access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: provider}, err
}

// NotSetUp is the answer where no sign-in service is configured.
func NotSetUp() error {
	return fault.New(fault.Unavailable, "Nobody can sign in yet: no sign-in service has been set up. Ask the person who looks after Custodian in your organisation.")
}

// Kept is an administrator's role that no group gives any more, and that stays
// because its provider would have no other.
type Kept struct {
	ActorID int64
	Name    string
	Since   time.Time // of the role
}

// Kept lists such roles in the actor's provider. It is for administrators.
func (k *Keeper) Kept(ctx context.Context, actor access.Actor) ([]Kept, error) {
	var list []Kept
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		if err := people.Administers(ctx, tx, access.ViewSettings); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select a.id as actor_id, a.name, h.from_at as since from app.role_held h join app.actor a on a.id = h.actor_id join app.group_role g on g.id = h.group_role_id
			left join lateral (select s.groups, s.at from app.sign_in s where s.actor_id = a.id order by s.id desc limit 1) i on true
			where h.provider_id = @provider and h.role = @role and h.from_at <= now() and h.until_at > now()
				and (g.until_at <= now() or not app.in_group(h.provider_id, a.issuer, a.subject, g.group_name, coalesce(i.groups, '{}'), i.at))
			order by a.name, h.id limit 100`, pgx.NamedArgs{"provider": actor.Provider, "role": grants.Administrator})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Kept])
		return err
	})
	return list, err
}
