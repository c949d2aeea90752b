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

// Welcome takes in a stranger: somebody whom the sign-in service knows, who came
// here, and to whom nobody had given a role.
type Welcome struct {
	SignIn          int64  // the row that tells that they came
	Name, PostTitle string // as they will be known here
	Role            grants.Giving
	Own             bool // no role: a young person or a parent, whose file is opened to them by its manager
}

// lately is how long a stranger is told of: who is given no role in that time is
// not meant to have one, and stands in the list of sign-ins.
const lately = 7 * 24 * time.Hour

// Strangers counts the strangers who came lately and were turned away, and tells
// when the last of them did. It is for administrators, and names nobody.
func (k *Keeper) Strangers(ctx context.Context, actor access.Actor) (n int, last time.Time, err error) {
	err = pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		if err := people.Administers(ctx, tx, access.ViewSignIns); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			select count(distinct i.subject), coalesce(max(i.at), 'epoch') from app.sign_in i
			where i.provider_id is null and i.issuer = @issuer and i.at > now() - make_interval(secs => @lately)
				and not exists (select from app.actor a where a.issuer = i.issuer and a.subject = i.subject)`,
			pgx.NamedArgs{"issuer": k.issuer, "lately": lately.Seconds()}).Scan(&n, &last)
	})
	return n, last, err
}

// Stranger gives a sign-in of somebody who is still a stranger. It is for
// administrators. Looking is recorded.
func (k *Keeper) Stranger(ctx context.Context, actor access.Actor, signIn int64) (SignInSeen, error) {
	var seen SignInSeen
	about := audit.Act{Action: access.ViewSignIns, Detail: audit.Detail{"sign_in": signIn}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), access.ViewSignIns); err != nil {
			return err
		}
		row, err := k.stranger(ctx, tx, signIn)
		seen = SignInSeen{ID: row.ID, At: row.At, Subject: row.Subject, Name: row.Name, Email: row.Email, Outcome: row.Outcome}
		tx.Record(about)
		return err
	})
	return seen, err
}

// stranger finds the row, if it is of a service that is trusted now and of nobody
// who is known here.
func (k *Keeper) stranger(ctx context.Context, tx *audit.Tx, signIn int64) (signInRow, error) {
	rows, err := tx.Query(ctx, `
		select i.id, i.at, i.actor_id, i.subject, i.name, i.email, i.outcome, i.groups from app.sign_in i
		where i.id = @id and i.provider_id is null and i.issuer = @issuer
			and not exists (select from app.actor a where a.issuer = i.issuer and a.subject = i.subject)`,
		pgx.NamedArgs{"id": signIn, "issuer": k.issuer})
	if err != nil {
		return signInRow{}, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[signInRow])
	if pg.None(err) {
		err = fault.NotThere()
	}
	return row, err
}

// Welcome makes the person whom the service knows by the sign-in's issuer and
// subject, and gives them a role; at their next sign-in they come in. It gives
// the person's id. It is for administrators. Its faults name the fields name,
// post and those of grants.Giving; a stranger who has become known meanwhile is
// not there any more.
func (k *Keeper) Welcome(ctx context.Context, actor access.Actor, w Welcome) (int64, error) {
	var id int64
	about := audit.Act{Action: access.AddActor, Detail: audit.Detail{"sign_in": w.SignIn}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), access.AddActor); err != nil {
			return err
		}
		row, err := k.stranger(ctx, tx, w.SignIn)
		if err != nil {
			return err
		}
		// as a sign-in does, so that nobody is made twice
		if err := hold(ctx, tx, k.issuer, row.Subject); err != nil {
			return err
		}
		if row, err = k.stranger(ctx, tx, w.SignIn); err != nil {
			return err
		}
		w.Role.Provider = actor.Provider
		if err := w.check(ctx, tx); err != nil {
			return err
		}
		id, err = people.AddActorIn(ctx, tx, people.NewActor{Provider: actor.Provider, Kind: access.Person, Name: w.Name, PostTitle: w.PostTitle,
			Email: row.Email, Issuer: k.issuer, Subject: row.Subject})
		if err != nil {
			return err
		}
		w.Role.To = access.ActorID(id)
		if w.Role.From.Before(tx.Now) {
			w.Role.From = tx.Now
		}
		if w.Own {
			return nil
		}
		_, err = grants.GiveIn(ctx, tx, w.Role)
		return err
	})
	return id, err
}

func (w Welcome) check(ctx context.Context, tx *audit.Tx) error {
	wrong := fault.CheckLine("name", w.Name)
	if w.PostTitle != "" {
		wrong = append(wrong, fault.CheckLine("post", w.PostTitle)...)
	}
	if w.Own {
		return fault.Bad(wrong)
	}
	role, err := w.Role.Wrong(ctx, tx)
	if err != nil {
		return err
	}
	return fault.Bad(append(wrong, role...))
}
