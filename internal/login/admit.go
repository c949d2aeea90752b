package login

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// entry is what came of a sign-in that the service vouches for.
type entry struct {
	actor    access.Actor // zero for a stranger
	signIn   int64        // the row that tells of it
	admitted bool         // holds a grant now
	changed  changes
}

// admit takes somebody in: it finds the actor by issuer and subject, or makes one
// where a group gives a role; makes the roles that come from groups equal to what
// the mappings say; and records what the service said. Name and e-mail of an
// actor who is there already stay as they are. All of it is one transaction, and
// an answer has one.
func (s *SignIn) admit(ctx context.Context, who identity, t transaction) (entry, error) {
	var e entry
	about := audit.Act{Action: access.RecordSignIn}
	err := audit.Do(ctx, s.opt.DB, access.Custodian(), about, func(tx *audit.Tx) error {
		e = entry{}
		began := tx.Now
		// one person at a time, so that their first two browsers do not make them twice
		if err := tx.Lock(ctx, "sign-in "+who.issuer+" "+who.subject, 0); err != nil {
			return err
		}
		// and no mapping ends until its roles are given and seen
		if err := tx.Share(ctx, mappings, 0); err != nil {
			return err
		}
		id, err := tx.NewID(ctx)
		if err != nil {
			return err
		}
		e.signIn = id
		if err := e.takeIn(ctx, tx, who, began); err != nil {
			return err
		}
		if err := e.tell(ctx, tx, who, t); err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.RecordSignIn, Detail: audit.Detail{"sign_in": id, "actor": e.actor.ID, "admitted": e.admitted}})
		return nil
	})
	return e, err
}

func (e *entry) takeIn(ctx context.Context, tx *audit.Tx, who identity, began time.Time) error {
	err := tx.QueryRow(ctx, `select id, kind, coalesce(provider_id, 0) from app.actor where issuer = @issuer and subject = @subject`,
		pgx.NamedArgs{"issuer": who.issuer, "subject": who.subject}).Scan(&e.actor.ID, &e.actor.Kind, &e.actor.Provider)
	if err != nil && !pg.None(err) {
		return err
	}
	if e.actor.ID != 0 && e.actor.Kind != access.Person {
		return nil // a service account does not sign in
	}
	// whoever has left is let in by no group: somebody says first that they are back
	if left, err := grants.Left(ctx, tx.Reader(), e.actor.ID); err != nil || left {
		return err
	}
	mapped, err := mapped(ctx, tx.Reader(), who.issuer, who.groups, e.actor.Provider)
	if err != nil {
		return err
	}
	if e.actor.ID == 0 {
		if len(mapped) == 0 {
			return nil
		}
		if err := e.add(ctx, tx, who, mapped[0].Provider); err != nil {
			return err
		}
		mapped = ofProvider(mapped, e.actor.Provider)
	}
	if e.changed, err = follow(ctx, tx, e.actor, mapped, began); err != nil {
		return err
	}
	return tx.QueryRow(ctx, `select exists (select from app.grants where actor_id = @id and valid_from <= clock_timestamp() and valid_until > clock_timestamp())`,
		pgx.NamedArgs{"id": e.actor.ID}).Scan(&e.admitted)
}

// add makes the actor of somebody who came for the first time.
func (e *entry) add(ctx context.Context, tx *audit.Tx, who identity, provider int64) error {
	id, err := people.AddActorIn(ctx, tx, people.NewActor{Provider: provider, Kind: access.Person, Name: who.name, Email: who.email, Issuer: who.issuer, Subject: who.subject})
	e.actor = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: provider}
	return err
}

// tell writes down what the service said.
func (e *entry) tell(ctx context.Context, tx *audit.Tx, who identity, t transaction) error {
	outcome := map[bool]string{true: "done", false: "no-role"}[e.admitted]
	groups := who.groups
	if groups == nil {
		groups = []string{}
	}
	_, err := tx.Exec(ctx, `
		insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, name, email, groups, outcome, request)
		values (@id, @answer, @actor, @provider, @issuer, @subject, @name, @email, @groups, @outcome, @request)`,
		pgx.NamedArgs{"id": e.signIn, "answer": t.answer(), "actor": pg.Null(int64(e.actor.ID)), "provider": pg.Null(e.actor.Provider), "issuer": who.issuer,
			"subject": who.subject, "name": who.name, "email": who.email, "groups": groups, "outcome": outcome, "request": audit.Request(ctx)})
	if pg.Broke(err, "sign_in_answer_once") {
		return unfinished("reused", "It was finished before.", nil)
	}
	return err
}
