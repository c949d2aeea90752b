package login

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

const (
	// longestHint is the largest ID token that is kept for signing out: it must fit
	// into an address.
	longestHint = 6 << 10
	// leavePatience is how long signing out waits for a service that does not answer.
	leavePatience = 3 * time.Second
)

// Leave ends the session that the actor is in, and gives the address at which the
// service signs them out as well (OpenID Connect RP-Initiated Logout 1.0), which
// sends them back to AfterPath: "" when the service has none or does not answer.
// secret is the one from the session's cookie: it opens the ID token, which the
// service wants to see again. A session that has ended gives NotFound.
func (s *SignIn) Leave(ctx context.Context, actor access.Actor, secret string) (string, error) {
	var sealed []byte
	about := audit.Act{Action: access.EndSession, Detail: audit.Detail{"session": actor.Session}}
	err := audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		err := tx.QueryRow(ctx, `select provider_hint from app.session where id = @id`, pgx.NamedArgs{"id": actor.Session}).Scan(&sealed)
		if err != nil && !pg.None(err) {
			return err
		}
		ended, err := endIn(ctx, tx, actor.Session, "signed-out")
		if err == nil && !ended {
			err = fault.NotThere()
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return s.farewell(ctx, openHint(secret, sealed)), nil
}

// farewell is the address of the service's own signing out.
func (s *SignIn) farewell(ctx context.Context, hint string) string {
	ctx, cancel := context.WithTimeout(ctx, leavePatience)
	defer cancel()
	m, err := s.service.metadata(ctx)
	if err != nil || m.said.EndSession == "" {
		return ""
	}
	u, err := url.Parse(m.said.EndSession)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", s.opt.ClientID)
	q.Set("post_logout_redirect_uri", s.opt.PublicURL+AfterPath)
	if hint != "" {
		q.Set("id_token_hint", hint)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// hintCipher has a key that follows from the session's secret, which is stored
// nowhere: what it seals opens for the browser that holds the cookie, and for
// nobody when that is gone. One key seals one thing, once.
func hintCipher(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "custodian provider hint v1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// lockHint seals the ID token; nil when it is too large to be sent again.
func lockHint(secret, raw string) []byte {
	if raw == "" || len(raw) > longestHint {
		return nil
	}
	c, err := hintCipher(secret)
	if err != nil {
		return nil
	}
	return c.Seal(nil, nil, []byte(raw), nil)
}

// openHint gives the ID token, "" when there is none or the secret is not its own.
func openHint(secret string, sealed []byte) string {
	c, err := hintCipher(secret)
	if err != nil || len(sealed) == 0 {
		return ""
	}
	raw, err := c.Open(nil, nil, sealed, nil)
	if err != nil {
		return ""
	}
	return string(raw)
}
