package login

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/internal/token"
)

const sessionPrefix = "custodian_session_"

// begin makes a session for somebody admitted. The one that the browser was in
// ends, whoever it belonged to, so that nobody can be led to work in a session
// that another knows.
func (s *SignIn) begin(ctx context.Context, e entry, raw string, back Answer) (token.Secret, access.Actor, error) {
	secret := token.New(sessionPrefix)
	before, err := visitorOf(ctx, s.opt.DB, back.Cookies)
	if err != nil {
		return token.Secret{}, access.Actor{}, err
	}
	if before.Session != 0 && before.ID != e.actor.ID {
		if err := endSession(ctx, s.opt.DB, before, before.Session, "replaced"); err != nil && !fault.Is(err, fault.NotFound) {
			return token.Secret{}, access.Actor{}, err
		}
	}
	actor := e.actor
	err = audit.Do(ctx, s.opt.DB, actor, audit.Act{Action: access.BeginSession}, func(tx *audit.Tx) (err error) {
		if actor.Session, err = tx.NewID(ctx); err != nil {
			return err
		}
		hash := secret.Hash()
		_, err = tx.Exec(ctx, `
			insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds, provider_hint, browser)
			values (@id, @actor, @sign_in, @hash, clock_timestamp() + @absolute::interval, @idle, @hint, @browser)`,
			pgx.NamedArgs{"id": actor.Session, "actor": actor.ID, "sign_in": e.signIn, "hash": hash, "absolute": s.opt.Absolute,
				"idle": max(1, int(s.opt.Idle.Seconds())), "hint": lockHint(secret.Reveal(), raw), "browser": browserOf(back.Agent)})
		if err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.BeginSession, Detail: audit.Detail{"session": actor.Session, "sign_in": e.signIn,
			"roles_given": len(e.changed.given), "roles_ended": len(e.changed.ended)}})
		if before.Session == 0 || before.ID != actor.ID {
			return nil
		}
		_, err = endIn(ctx, tx, before.Session, "replaced")
		return err
	})
	return secret, actor, err
}

// visitorOf tells whose session the browser is in already, zero for none.
func visitorOf(ctx context.Context, db *pg.DB, cookies []*http.Cookie) (access.Actor, error) {
	for _, c := range cookies {
		if c.Name != SessionCookie {
			continue
		}
		a, err := Visitor(ctx, db, c.Value)
		if fault.Is(err, fault.Unauthenticated) {
			err = nil
		}
		return a, err
	}
	return access.Actor{}, nil
}

// Visitor tells whose session a browser is in, by the secret from its cookie. It
// gives an Unauthenticated fault when there is none, or it is unknown, ended,
// left idle too long or out of date: which of these is not said.
func Visitor(ctx context.Context, db *pg.DB, secret string) (access.Actor, error) {
	shown, ok := token.Shown(secret, sessionPrefix)
	if !ok {
		return access.Actor{}, signedOut()
	}
	actor, err := pg.Visitor(ctx, db, shown.Hash())
	if pg.None(err) {
		return access.Actor{}, signedOut()
	}
	return actor, err
}

func signedOut() error {
	return fault.New(fault.Unauthenticated, "You are not signed in, or not any more. Sign in to go on.")
}

// SessionSeen notes that a session was used, to the minute: this is what its idle
// limit is counted from.
func SessionSeen(ctx context.Context, db *pg.DB, actor access.Actor) error {
	return pg.Keep(ctx, db, `
		insert into app.session_use (session_id, last_at) values ($1, now())
		on conflict (session_id) do update set last_at = now() where session_use.last_at < now() - interval '1 minute'`, actor.Session)
}

// Session is what can be told of a session: never its secret.
type Session struct {
	ID        int64
	BegunAt   time.Time
	LastAt    time.Time // when it was last used, to the minute
	ExpiresAt time.Time // at the latest
	Current   bool      // it is the one that asks
	Browser   string    // its family and kind of computer, "" where it is not known
}

// Sessions lists the actor's own live sessions, newest first, at most 100.
func Sessions(ctx context.Context, db *pg.DB, actor access.Actor) ([]Session, error) {
	var list []Session
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select s.id, s.begun_at, greatest(s.begun_at, u.last_at) as last_at, s.expires_at, s.id = @current as current, s.browser
			from app.session s left join app.session_use u on u.session_id = s.id
			where s.actor_id = @actor and s.ended_at > now() and s.expires_at > now()
				and greatest(s.begun_at, u.last_at) + make_interval(secs => s.idle_seconds) > now()
			order by s.id desc limit 100`, pgx.NamedArgs{"actor": actor.ID, "current": actor.Session})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Session])
		return err
	})
	return list, err
}

// EndSession ends one of the actor's own sessions, at once.
func EndSession(ctx context.Context, db *pg.DB, actor access.Actor, id int64) error {
	return endSession(ctx, db, actor, id, "by-hand")
}

func endSession(ctx context.Context, db *pg.DB, actor access.Actor, id int64, because string) error {
	about := audit.Act{Action: access.EndSession, Detail: audit.Detail{"session": id}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		ended, err := endIn(ctx, tx, id, because)
		if err == nil && !ended {
			err = fault.NotThere()
		}
		return err
	})
}

// endIn ends a session, and tells whether there was one to end.
func endIn(ctx context.Context, tx *audit.Tx, id int64, because string) (bool, error) {
	tag, err := tx.Exec(ctx, `update app.session set ended_at = clock_timestamp() where id = @id and ended_at > clock_timestamp()`, pgx.NamedArgs{"id": id})
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	tx.Record(audit.Act{Action: access.EndSession, Detail: audit.Detail{"session": id, "because": because}})
	return true, nil
}
