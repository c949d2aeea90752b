package login

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/membership"
	"custodian/internal/pg"
)

// entry is what came of a sign-in that the service vouches for.
type entry struct {
	actor    access.Actor // zero for a stranger
	signIn   int64        // the row that tells of it
	admitted bool         // holds a grant now
	lacking  []string     // the roles that ask for a second factor, where there is none
	changed  changes
}

// changes are the roles, by their id in app.role_held, that a sign-in gave and ended.
type changes struct{ given, ended []int64 }

// admit takes somebody in by their groups, and records what the service said. All
// of it is one transaction, and an answer has one.
func (s *SignIn) admit(ctx context.Context, who identity, t transaction) (entry, error) {
	var e entry
	about := audit.Act{Action: access.RecordSignIn}
	err := audit.Do(ctx, s.opt.DB, access.Custodian(), about, func(tx *audit.Tx) error {
		e = entry{}
		began := tx.Now
		if err := membership.Hold(ctx, tx, who.issuer, who.subject); err != nil {
			return err
		}
		id, err := tx.NewID(ctx)
		if err != nil {
			return err
		}
		e.signIn = id
		taken, err := membership.TakeIn(ctx, tx, membership.Identity{Issuer: who.issuer, Subject: who.subject, Name: who.name, Email: who.email, Groups: who.groups}, began)
		if err != nil {
			return err
		}
		e.actor, e.changed = taken.Actor, changes{taken.Given, taken.Ended}
		if err := e.look(ctx, tx); err != nil {
			return err
		}
		if err := s.judge(ctx, tx, &e, who, t); err != nil {
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

// look finds out whether somebody holds anything and has not left. A service
// account does not sign in.
func (e *entry) look(ctx context.Context, tx *audit.Tx) error {
	if e.actor.Kind != access.Person {
		return nil
	}
	return tx.QueryRow(ctx, `select exists (select from app.grants where actor_id = @id and valid_from <= clock_timestamp() and valid_until > clock_timestamp()) and not app.scim_inactive(@id) and not app.has_left(@id)`,
		pgx.NamedArgs{"id": e.actor.ID}).Scan(&e.admitted)
}

// tell writes down what the service said.
func (e *entry) tell(ctx context.Context, tx *audit.Tx, who identity, t transaction) error {
	groups := who.groups
	if groups == nil {
		groups = []string{}
	}
	_, err := tx.Exec(ctx, `
		insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, name, email, groups, outcome, request, proved_at, amr, acr, sid)
		values (@id, @answer, @actor, @provider, @issuer, @subject, @name, @email, @groups, @outcome, @request,
			case when @proved::timestamptz is not null then least(@proved, now()) end, @amr, @acr, @sid)`,
		pgx.NamedArgs{"id": e.signIn, "answer": t.answer(), "actor": pg.Null(int64(e.actor.ID)), "provider": pg.Null(e.actor.Provider), "issuer": who.issuer,
			"subject": who.subject, "name": who.name, "email": who.email, "groups": groups, "outcome": e.outcome(), "request": audit.Request(ctx),
			"proved": who.proof.moment(), "amr": who.proof.list(), "acr": who.proof.context, "sid": who.proof.sid})
	if pg.Broke(err, "sign_in_answer_once") {
		return unfinished("reused", "It was finished before.", nil)
	}
	return err
}
