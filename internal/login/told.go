package login

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// BackChannelPath and FrontChannelPath are the addresses of ours, below PublicURL,
// at which the sign-in service says that somebody has left it: by itself, and in a
// frame of its own page.
const (
	BackChannelPath  = "/sign-out/back-channel"
	FrontChannelPath = "/sign-out/front-channel"
)

// longestLogout is the largest log-out token that is looked at.
const longestLogout = 16 << 10

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// Told takes a log-out token, with which the service says that somebody has left
// it (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.7), and ends their sessions
// here: it tells how many. A token counts once. One that is not good is an Invalid
// fault, and ends nothing.
func (s *SignIn) Told(ctx context.Context, raw string) (int, error) {
	who, err := s.service.loggedOut(ctx, raw)
	if err != nil {
		return 0, s.refusedAs(ctx, access.TellLogout, err)
	}
	n := 0
	about := audit.Act{Action: access.TellLogout}
	err = audit.Do(ctx, s.opt.DB, access.Custodian(), about, func(tx *audit.Tx) (err error) {
		id, err := tx.NewID(ctx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.logout_told (id, token, issuer, subject, sid, request) values (@id, @token, @issuer, @subject, @sid, @request)`,
			pgx.NamedArgs{"id": id, "token": who.token, "issuer": s.opt.Issuer, "subject": who.subject, "sid": who.sid, "request": audit.Request(ctx)})
		if pg.Broke(err, "logout_told_once") {
			return misled("reused", nil)
		}
		if err != nil {
			return err
		}
		n, err = endTold(ctx, tx, s.opt.Issuer, who.subject, who.sid, "back-channel")
		tx.Record(audit.Act{Action: access.TellLogout, Detail: audit.Detail{"told": id, "sessions": n}})
		return err
	})
	if err != nil {
		return 0, s.refusedAs(ctx, access.TellLogout, err)
	}
	return n, nil
}

// errNobody undoes what changed nothing, without a trace.
var errNobody = errors.New("login: of no session")

// Framed takes what the service's own page says in a frame (OpenID Connect
// Front-Channel Logout 1.0, 3): which of its sessions has ended. Our cookie does
// not come along (SameSite=Lax), so that the session's name at the service is all
// there is to go by: only who got it in an ID token knows it. It tells how many
// sessions ended here; whoever asks is not told.
func (s *SignIn) Framed(ctx context.Context, issuer, sid string) (int, error) {
	if s.opt.Issuer == "" || issuer != s.opt.Issuer || sid == "" || len(sid) > longestWord || strings.ContainsFunc(sid, fault.Hidden) {
		return 0, nil
	}
	n := 0
	err := audit.Do(ctx, s.opt.DB, access.Custodian(), audit.Act{Action: access.TellLogout}, func(tx *audit.Tx) (err error) {
		if n, err = endTold(ctx, tx, issuer, "", sid, "front-channel"); err == nil && n == 0 {
			return errNobody
		}
		return err
	})
	if errors.Is(err, errNobody) {
		err = nil
	}
	return n, err
}

func endTold(ctx context.Context, tx *audit.Tx, issuer, subject, sid, because string) (int, error) {
	rows, err := tx.Query(ctx, `select session_id, actor_id from app.end_told_sessions(@issuer, @subject, @sid)`,
		pgx.NamedArgs{"issuer": issuer, "subject": subject, "sid": sid})
	if err != nil {
		return 0, err
	}
	n := 0
	var session, of int64
	_, err = pgx.ForEachRow(rows, []any{&session, &of}, func() error {
		n++
		tx.Record(audit.Act{Action: access.EndSession, Detail: audit.Detail{"session": session, "of": of, "because": because}})
		return nil
	})
	return n, err
}

// departed is whom a log-out token is about: one of the two may be empty.
type departed struct {
	token        []byte // names the log-out token
	subject, sid string
}

// loggedOut checks a log-out token (Back-Channel Logout 1.0, 2.6).
func (s *service) loggedOut(ctx context.Context, raw string) (departed, error) {
	if !compact(raw) || len(raw) > longestLogout {
		return departed{}, misled("token", nil)
	}
	m, err := s.metadata(ctx)
	if err != nil {
		return departed{}, err
	}
	keys := &keys{KeySet: m.keys}
	token, err := s.verifier(m, keys).VerifyLogout(s.context(ctx), raw)
	if err != nil && keys.failure != nil {
		return departed{}, away("provider-down", keysCause(keys.failure))
	}
	if err != nil {
		return departed{}, misled("token", err)
	}
	var said map[string]json.RawMessage
	var payload json.RawMessage
	if token.Claims(&payload) != nil || !saidOnce(payload) || json.Unmarshal(payload, &said) != nil {
		return departed{}, misled("token", nil)
	}
	var events map[string]json.RawMessage
	if _, nonce := said["nonce"]; nonce || json.Unmarshal(said["events"], &events) != nil || !bytes.HasPrefix(bytes.TrimSpace(events[logoutEvent]), []byte("{")) {
		return departed{}, misled("token", errors.New("it has a nonce, or not the event of a log-out"))
	}
	if age := time.Since(token.IssuedAt); age > transactionLife || age < -clocksApart {
		return departed{}, misled("issued", errors.New("the log-out token was not issued just now; compare the two clocks"))
	}
	for _, word := range []string{token.Subject, token.SessionID} {
		if len(word) > longestWord || strings.ContainsFunc(word, fault.Hidden) {
			return departed{}, misled("token", nil)
		}
	}
	h := sha256.Sum256([]byte(s.opt.Issuer + "\n" + token.TokenID))
	return departed{h[:], token.Subject, token.SessionID}, nil
}

// verifier checks what the service signed for us.
func (s *service) verifier(m *metadata, k *keys) *oidc.IDTokenVerifier {
	return oidc.NewVerifier(s.opt.Issuer, k, &oidc.Config{ClientID: s.opt.ClientID, SupportedSigningAlgs: m.algorithms()})
}

// misled is a log-out token that is not good.
func misled(because string, cause error) *refusal {
	return &refusal{because, fault.Invalid, "This log-out token cannot be taken.", cause}
}
