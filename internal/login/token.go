// Package login tells who is asking: by an API token, or by a browser's session
// that began at the organisation's own sign-in service (OpenID Connect).
//
// A personal token acts as its person, approval included; a service account's
// token never approves. A session follows from one sign-in: code flow with PKCE,
// state and nonce, all bound to one transaction that lives in a cookie of its
// own. A person is known by issuer and subject, never by e-mail address. Groups
// that the service sends give roles, as dated mappings say which administrators
// keep. Of every secret only the SHA-256 is stored. Rights are in neither token
// nor session: they are computed at each request, so a session of somebody who
// has left opens nothing.
//
// It knows no page and no route: the portal sets the cookies and shows the words
// of what is refused. docs/design/sign-in.md tells the whole way.
package login

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/internal/token"
)

// prefix lets a secret that strays into a text be found by a scanner.
const prefix = "custodian_"

// How long a person's own token may last, and does where they do not say.
const (
	UsualTokenDays = 90
	MostTokenDays  = 366
)

// OwnToken makes a token that acts as whoever makes it, for a number of days. Its
// faults name the fields label and days.
func OwnToken(ctx context.Context, db *pg.DB, actor access.Actor, label string, days int) (Made, error) {
	wrong := fault.CheckLine("label", label)
	if days < 1 || days > MostTokenDays {
		wrong = append(wrong, fault.Field{Name: "days", Problem: fmt.Sprintf("Enter a number of days from 1 to %d.", MostTokenDays)})
	}
	if err := fault.Bad(wrong); err != nil {
		return Made{}, err
	}
	return NewToken(ctx, db, actor, actor.ID, label, time.Now().AddDate(0, 0, days))
}

// Made is a token as it is made.
type Made struct {
	ID        int64
	Secret    token.Secret // cannot be had again
	ExpiresAt time.Time
}

// NewToken makes a token that acts as the person or service account to, until
// expires. People make their own; Custodian makes the first ones. One that is
// made with another token lasts no longer than that and ends with it, so that a
// token which fell into wrong hands can be ended whole.
func NewToken(ctx context.Context, db *pg.DB, actor access.Actor, to access.ActorID, label string, expires time.Time) (Made, error) {
	m := Made{Secret: token.New(prefix), ExpiresAt: expires}
	about := audit.Act{Action: access.MakeToken, Detail: audit.Detail{"for": to}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if err := live(ctx, tx, actor); err != nil {
			return err
		}
		if m.ID, err = tx.NewID(ctx); err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": m.ID, "to": to, "hash": m.Secret.Hash(), "label": label, "by": actor.ID, "with": pg.Null(actor.Token), "expires": expires}
		if err := tx.QueryRow(ctx, `select least(@expires::timestamptz, (select t.expires_at from app.token t where t.id = @with))`, args).Scan(&m.ExpiresAt); err != nil {
			return err
		}
		args["expires"] = m.ExpiresAt
		_, err = tx.Exec(ctx, `
			insert into app.token (id, actor_id, hash, label, created_by, made_with, expires_at) values (@id, @to, @hash, @label, @by, @with, @expires)`, args)
		tx.Record(audit.Act{Action: access.MakeToken, Detail: audit.Detail{"for": to, "token": m.ID}})
		return err
	})
	return m, err
}

// live makes sure that the token which is used has not just been revoked: making
// and revoking the tokens of one person wait for one another.
func live(ctx context.Context, tx *audit.Tx, actor access.Actor) error {
	if err := tx.Lock(ctx, "tokens", int64(actor.ID)); err != nil || actor.Token == 0 {
		return err
	}
	var lives bool
	err := tx.QueryRow(ctx, `select revoked_at > clock_timestamp() and expires_at > clock_timestamp() from app.token where id = @id`,
		pgx.NamedArgs{"id": actor.Token}).Scan(&lives)
	if err == nil && !lives {
		err = stranger()
	}
	return err
}

// Revoke ends one of the actor's own tokens, at once, with all that were made with it.
func Revoke(ctx context.Context, db *pg.DB, actor access.Actor, id int64) error {
	about := audit.Act{Action: access.RevokeToken, Detail: audit.Detail{"token": id}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := live(ctx, tx, actor); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			with recursive made as (select @id::bigint as id union select t.id from app.token t join made m on t.made_with = m.id)
			update app.token set revoked_at = now() where id in (select id from made) and revoked_at > now()`, pgx.NamedArgs{"id": id})
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return fault.NotThere()
		}
		tx.Record(about)
		return nil
	})
}

// Bearer tells who sends a request with this Authorization header (RFC 6750).
// It gives an Unauthenticated fault when the token is missing, unknown, out of
// date or revoked: which of these is not said.
func Bearer(ctx context.Context, db *pg.DB, header string) (access.Actor, error) {
	secret, ok := token.Bearer(header, prefix)
	if !ok {
		return access.Actor{}, stranger()
	}
	actor, err := pg.Bearer(ctx, db, secret.Hash())
	if pg.None(err) {
		return access.Actor{}, stranger()
	}
	return actor, err
}

// Seen notes that a token was used, to the minute.
func Seen(ctx context.Context, db *pg.DB, actor access.Actor) error {
	return pg.Keep(ctx, db, `
		insert into app.token_use (token_id, last_at) values ($1, now())
		on conflict (token_id) do update set last_at = now() where token_use.last_at < now() - interval '1 minute'`, actor.Token)
}

func stranger() error {
	return fault.New(fault.Unauthenticated, "Sign in first: send a live API token as \"Authorization: Bearer ...\".")
}

// Token is what can be told of a token afterwards: never its secret.
type Token struct {
	ID        int64
	Label     string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
	LastAt    *time.Time // when it was last used, to the minute
}

// Tokens lists the actor's own tokens, newest first: those with an id below
// before (0 for the first page), at most limit.
func Tokens(ctx context.Context, db *pg.DB, actor access.Actor, before int64, limit int) ([]Token, error) {
	var list []Token
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select t.id, t.label, t.created_at, t.expires_at, nullif(t.revoked_at, 'infinity') as revoked_at, u.last_at
			from app.token t left join app.token_use u on u.token_id = t.id
			where t.actor_id = @actor and (@before::bigint = 0 or t.id < @before) order by t.id desc limit @limit`,
			pgx.NamedArgs{"actor": actor.ID, "before": before, "limit": limit})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Token])
		return err
	})
	return list, err
}
