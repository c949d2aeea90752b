package scim

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/internal/token"
)

// prefix lets a token that strays into a text be found by a scanner.
const prefix = "custodian_scim_"

// How long a token lasts at most, and does where nobody says.
const (
	UsualDays = 365
	MostDays  = 731
)

// Made is a token as it is made.
type Made struct {
	ID        int64
	Secret    token.Secret // cannot be had again
	ExpiresAt time.Time
}

// MakeToken makes a token for the directory service of the actor's organisation,
// and with the first one the account that it acts as. It is for administrators. Its
// faults name the fields label and days.
func (s *Service) MakeToken(ctx context.Context, actor access.Actor, label string, days int) (Made, error) {
	m := Made{Secret: token.New(prefix), ExpiresAt: time.Now().AddDate(0, 0, days)}
	about := audit.Act{Action: access.MakeDirectoryToken}
	err := audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) (err error) {
		if err := people.Administers(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		wrong := fault.CheckLine("label", label)
		if days < 1 || days > MostDays {
			wrong = append(wrong, fault.Field{Name: "days", Problem: fmt.Sprintf("Enter a number of days from 1 to %d.", MostDays)})
		}
		if err := fault.Bad(wrong); err != nil {
			return err
		}
		account, err := s.account(ctx, tx)
		if err != nil {
			return err
		}
		if m.ID, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.scim_token (id, provider_id, actor_id, hash, label, created_by, expires_at) values (@id, @provider, @account, @hash, @label, @by, @expires)`,
			pgx.NamedArgs{"id": m.ID, "provider": actor.Provider, "account": account, "hash": m.Secret.Hash(), "label": label, "by": actor.ID, "expires": m.ExpiresAt})
		tx.Record(audit.Act{Action: access.MakeDirectoryToken, Detail: audit.Detail{"scim_token": m.ID, "for": account}})
		return err
	})
	return m, err
}

// account finds the service account of the provider's directory, or makes it, and
// gives it its role where somebody has ended that.
func (s *Service) account(ctx context.Context, tx *audit.Tx) (int64, error) {
	if err := tx.Lock(ctx, "directory account", tx.Actor.Provider); err != nil {
		return 0, err
	}
	var id int64
	err := tx.QueryRow(ctx, `select t.actor_id from app.scim_token t where t.provider_id = @provider order by t.id limit 1`, pgx.NamedArgs{"provider": tx.Actor.Provider}).Scan(&id)
	if pg.None(err) {
		id, err = people.AddActorIn(ctx, tx, people.NewActor{Provider: tx.Actor.Provider, Kind: access.Service, Name: "Directory service"})
	}
	if err != nil {
		return 0, err
	}
	var holds bool
	err = tx.QueryRow(ctx, `select exists (select from app.role_held where actor_id = @id and role = @role and from_at <= clock_timestamp() and until_at > clock_timestamp())`,
		pgx.NamedArgs{"id": id, "role": grants.Directory}).Scan(&holds)
	if err != nil || holds {
		return id, err
	}
	_, err = grants.GiveIn(ctx, tx, grants.Giving{To: access.ActorID(id), Role: grants.Directory, Provider: tx.Actor.Provider, Why: "Says who works here, as the organisation’s directory does"})
	return id, err
}

// EndToken ends a token of the organisation's directory service, at once. It is for
// administrators.
func (s *Service) EndToken(ctx context.Context, actor access.Actor, id int64) error {
	about := audit.Act{Action: access.EndDirectoryToken, Detail: audit.Detail{"scim_token": id}}
	return audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update app.scim_token set revoked_at = now() where id = @id and provider_id = @provider and revoked_at > now() and expires_at > now()`,
			pgx.NamedArgs{"id": id, "provider": actor.Provider})
		if err == nil && tag.RowsAffected() == 0 {
			err = fault.NotThere()
		}
		tx.Record(about)
		return err
	})
}

// Stop lets the organisation follow its directory no longer: nothing that it said
// counts from now on, also of those who had left, and only sign-ins do. Its tokens
// are ended first: one that lives is a Conflict. It is for administrators.
func (s *Service) Stop(ctx context.Context, actor access.Actor, why string) error {
	about := audit.Act{Action: access.StopDirectory}
	return audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		if err := people.Administers(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		if err := fault.Bad(fault.CheckLine("why", why)); err != nil {
			return err
		}
		if err := tx.Lock(ctx, "scim", actor.Provider); err != nil {
			return err
		}
		var lives bool
		err := tx.QueryRow(ctx, `select exists (select from app.scim_token where provider_id = @provider and revoked_at > clock_timestamp() and expires_at > clock_timestamp())`,
			pgx.NamedArgs{"provider": actor.Provider}).Scan(&lives)
		if err != nil {
			return err
		}
		if lives {
			return fault.New(fault.Conflict, "The directory service still has a token, and would go on. End each of its tokens first.")
		}
		_, err = tx.Exec(ctx, `insert into app.scim_stop (provider_id, by_actor, why) values (@provider, @by, @why)`,
			pgx.NamedArgs{"provider": actor.Provider, "by": actor.ID, "why": why})
		tx.Record(about)
		return err
	})
}

// Bearer tells for which directory a request speaks, by its Authorization header
// (RFC 6750). It gives an Unauthenticated fault when the token is missing, unknown,
// out of date or ended, or may not say anything any more: which is not said.
func Bearer(ctx context.Context, db *pg.DB, header string) (access.Actor, error) {
	secret, ok := token.Bearer(header, prefix)
	if !ok {
		return access.Actor{}, stranger()
	}
	actor, err := pg.Directory(ctx, db, secret.Hash())
	if pg.None(err) {
		return access.Actor{}, stranger()
	}
	return actor, err
}

func stranger() error {
	return fault.New(fault.Unauthenticated, "Send a live token of a directory service as \"Authorization: Bearer ...\". Administrators make them under Settings.")
}

// Seen notes that a directory's token was used, to the minute.
func Seen(ctx context.Context, db *pg.DB, actor access.Actor) error {
	return pg.Keep(ctx, db, `
		insert into app.scim_use (token_id, last_at) values ($1, now())
		on conflict (token_id) do update set last_at = now() where scim_use.last_at < now() - interval '1 minute'`, actor.Token)
}
