package grants

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Leave says that somebody has left, or leaves on a day to come: from then on they
// hold no role and no other grant, and no session and no token speaks for them.
// The zero from is now. Whoever keeps the people of the whole provider may, and
// whoever keeps those of every setting at which they have a role. Its faults name
// the fields from and why; who has left already is a Conflict, and so is the last
// way to an administrator.
func Leave(ctx context.Context, db *pg.DB, actor access.Actor, who access.ActorID, from time.Time, why string) error {
	about := audit.Act{Action: access.Leave, Detail: audit.Detail{"actor": who}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if who == actor.ID {
			return fault.New(fault.Forbidden, "Nobody says of themselves that they have left. Ask an administrator.")
		}
		if err := mayKeep(ctx, tx, who); err != nil {
			return err
		}
		return LeaveIn(ctx, tx, who, from, why)
	})
}

// LeaveIn is Leave as a part of a larger act, which sees to it that the actor may.
func LeaveIn(ctx context.Context, tx *audit.Tx, who access.ActorID, from time.Time, why string) error {
	if err := tx.Lock(ctx, "roles", int64(who)); err != nil {
		return err
	}
	wrong := fault.CheckLine("why", strings.ReplaceAll(why, "\n", " "))
	if !from.IsZero() && clock.DayOf(from).Before(clock.DayOf(tx.Now)) {
		wrong = append(wrong, fault.Field{Name: "from", Problem: "Nobody’s access can be ended for days that have passed. Enter today, or a day to come."})
	}
	if err := fault.Bad(wrong); err != nil {
		return err
	}
	if err := notLeft(ctx, tx, who, ""); err != nil {
		return err
	}
	if err := keepAdministrator(ctx, tx, who); err != nil {
		return err
	}
	if from.Before(tx.Now) {
		from = tx.Now
	}
	_, err := tx.Exec(ctx, `insert into app.person_event (actor_id, what, from_at, why, by_actor) values (@who, 'left', @from, @why, @by)`,
		pgx.NamedArgs{"who": who, "from": from, "why": why, "by": tx.Actor.ID})
	tx.Record(audit.Act{Action: access.Leave, Detail: audit.Detail{"actor": who, "from": from.UTC().Format(time.RFC3339)}})
	return err
}

// keepAdministrator refuses that the last way to an administrator leaves.
func keepAdministrator(ctx context.Context, tx *audit.Tx, who access.ActorID) error {
	rows, err := tx.Query(ctx, `select id, provider_id from app.role_held where actor_id = @who and role = @role and until_at > clock_timestamp()`,
		pgx.NamedArgs{"who": who, "role": Administrator})
	if err != nil {
		return err
	}
	type one struct{ ID, Provider int64 }
	held, err := pgx.CollectRows(rows, pgx.RowToStructByPos[one])
	if err != nil {
		return err
	}
	for _, h := range held {
		// as in End: two administrators who leave at the same moment wait here
		if err := tx.Lock(ctx, "administrators", h.Provider); err != nil {
			return err
		}
		if err := StillAdministered(ctx, tx, h.Provider, "", h.ID); err != nil {
			return err
		}
	}
	return nil
}

// Return says that somebody who has left, or was going to, is here again. What
// they held does not come back: it is given anew.
func Return(ctx context.Context, db *pg.DB, actor access.Actor, who access.ActorID, why string) error {
	about := audit.Act{Action: access.Return, Detail: audit.Detail{"actor": who}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "roles", int64(who)); err != nil {
			return err
		}
		if err := mayKeep(ctx, tx, who); err != nil {
			return err
		}
		if err := fault.Bad(fault.CheckLine("why", strings.ReplaceAll(why, "\n", " "))); err != nil {
			return err
		}
		at, err := LeavesAt(ctx, tx.Reader(), who)
		if err == nil && at == nil {
			err = fault.New(fault.Conflict, "This person has not left.")
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.person_event (actor_id, what, from_at, why, by_actor) values (@who, 'back', now(), @why, @by)`,
			pgx.NamedArgs{"who": who, "why": why, "by": actor.ID})
		tx.Record(about)
		return err
	})
}

// Left tells whether somebody has left, so that nothing speaks for them. Whoever
// may not know is told no; the database gives them nothing all the same.
func Left(ctx context.Context, tx *pg.Tx, who access.ActorID) (bool, error) {
	var left bool
	err := tx.QueryRow(ctx, `select coalesce(app.has_left(@who), false)`, pgx.NamedArgs{"who": who}).Scan(&left)
	return left, err
}

// LeavesAt gives the moment from which somebody is not here any more, nil for
// whoever stays.
func LeavesAt(ctx context.Context, tx *pg.Tx, who access.ActorID) (*time.Time, error) {
	var at *time.Time
	err := tx.QueryRow(ctx, `select app.leaves_at(@who)`, pgx.NamedArgs{"who": who}).Scan(&at)
	return at, err
}

// mayKeep refuses whoever does not keep somebody: to them it is not there.
func mayKeep(ctx context.Context, tx *audit.Tx, who access.ActorID) error {
	var may bool
	err := tx.QueryRow(ctx, `select app.keeps_person(@who)`, pgx.NamedArgs{"who": who}).Scan(&may)
	if err == nil && !may {
		err = fault.NotThere()
	}
	return err
}

// notLeft refuses to give anything to somebody who has left.
func notLeft(ctx context.Context, tx *audit.Tx, who access.ActorID, field string) error {
	left, err := Left(ctx, tx.Reader(), who)
	if err == nil && left {
		err = fault.At(fault.Conflict, field, "This person has left. Say first that they are here again, on their own page.")
	}
	return err
}

// Departure is what was said of somebody's leaving, and of their coming back.
type Departure struct {
	What    string // left, back
	From    time.Time
	Why, By string
	At      time.Time
}

// Departures gives all that was said of somebody's leaving, oldest first, and
// whether the actor may say that they have left or are back. It leaves no
// footprint: it is asked beside an act that does.
func Departures(ctx context.Context, db *pg.DB, actor access.Actor, who access.ActorID) (list []Departure, may bool, err error) {
	err = pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		if err := tx.QueryRow(ctx, `select app.keeps_person(@who)`, pgx.NamedArgs{"who": who}).Scan(&may); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select e.what, e.from_at as "from", e.why, coalesce(a.name, '') as by, e.at from app.person_event e left join app.actor a on a.id = e.by_actor
			where e.actor_id = @who order by e.id`, pgx.NamedArgs{"who": who})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Departure])
		return err
	})
	return list, may && who != actor.ID, err
}
