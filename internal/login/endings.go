package login

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// EndAll ends every live session of somebody, inside a transaction of the caller,
// with a footprint for each: it says who, and because in one word. It tells how
// many there were. Whoever acts is the person, manages the people of their
// organisation, or is Custodian; to anybody else the database says no.
func EndAll(ctx context.Context, tx *audit.Tx, of access.ActorID, because string) (int, error) {
	return endAllBut(ctx, tx, of, 0, because)
}

func endAllBut(ctx context.Context, tx *audit.Tx, of access.ActorID, besides int64, because string) (int, error) {
	rows, err := tx.Query(ctx, `select app.end_sessions(@of, @besides)`, pgx.NamedArgs{"of": of, "besides": pg.Null(besides)})
	if err != nil {
		return 0, err
	}
	ended, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	for _, id := range ended {
		tx.Record(audit.Act{Action: access.EndSession, Detail: audit.Detail{"session": id, "of": of, "because": because}})
	}
	return len(ended), err
}

// EndOthers ends all of the actor's own sessions but the one that they act in,
// and tells how many there were.
func EndOthers(ctx context.Context, db *pg.DB, actor access.Actor) (int, error) {
	n := 0
	about := audit.Act{Action: access.EndSession, Detail: audit.Detail{"of": actor.ID}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if n, err = endAllBut(ctx, tx, actor.ID, actor.Session, "by-hand"); err == nil && n == 0 {
			tx.Record(audit.Act{Action: access.EndSession, Detail: audit.Detail{"of": actor.ID, "sessions": 0}})
		}
		return err
	})
	return n, err
}

// EndSessionsOf ends all sessions of one of the organisation's people, for those
// who manage them, and tells how many there were. Nobody sees where another is
// signed in. It gives NotFound for somebody who is not theirs.
func EndSessionsOf(ctx context.Context, db *pg.DB, actor access.Actor, of access.ActorID) (int, error) {
	n := 0
	about := audit.Act{Action: access.EndSessions, Detail: audit.Detail{"of": of}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if err := people.Administers(ctx, tx.Reader(), access.EndSessions); err != nil {
			return err
		}
		if n, err = EndAll(ctx, tx, of, "by-manager"); err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.EndSessions, Detail: audit.Detail{"of": of, "sessions": n}})
		return nil
	})
	return n, err
}
