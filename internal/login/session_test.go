package login_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/pg"
	"custodian/internal/sample"
)

func newStaffed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	return w
}

// age lets time pass for a session: since it began, and since it was last used.
func (w *world) age(session int64, began, used time.Duration) {
	w.T.Helper()
	w.Exec(w.T, fmt.Sprintf(`set session_replication_role = replica;
		update app.session set begun_at = begun_at - interval '%[2]d seconds', expires_at = expires_at - interval '%[2]d seconds' where id = %[1]d;
		insert into app.session_use (session_id, last_at) values (%[1]d, now() - interval '%[3]d seconds')
			on conflict (session_id) do update set last_at = excluded.last_at`, session, int(began.Seconds()), int(used.Seconds())))
}

// A session ends by itself, after being left alone or in the end.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	for name, c := range map[string]struct {
		began, used time.Duration
		lives       bool
	}{
		"just begun":                  {0, 0, true},
		"used just now":               {11 * time.Hour, 0, true},
		"left alone, nearly too long": {2 * time.Hour, 29 * time.Minute, true},
		"left alone too long":         {2 * time.Hour, 30*time.Minute + time.Second, false},
		"busy all day":                {12*time.Hour - time.Minute, 0, true},
		"busy for too long":           {12*time.Hour + time.Second, 0, false},
	} {
		a := w.Enter(logintest.Newcomer("larkfield-staff"))
		w.age(a.Actor.Session, c.began, c.used)
		if got := w.lives(a.Secret); got != c.lives {
			t.Errorf("%s: lives %v, want %v", name, got, c.lives)
		}
		list, err := login.Sessions(t.Context(), w.DB, a.Actor)
		w.Must(err)
		if listed := len(list) > 0 && list[0].ID == a.Actor.Session && list[0].Current; listed != c.lives {
			t.Errorf("%s: listed %v, want %v: %+v", name, listed, c.lives, list)
		}
		_ = login.EndSession(t.Context(), w.DB, a.Actor, a.Actor.Session) // gone for the next
	}
}

// Being used puts the end by idleness off, and not the other.
func TestUseIsNoted(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	w.age(a.Actor.Session, time.Hour, 29*time.Minute)
	w.Must(login.SessionSeen(t.Context(), w.DB, a.Actor))
	if n := w.Count("app.session_use where session_id = $1 and last_at > now() - interval '1 minute'", a.Actor.Session); n != 1 {
		t.Error("the use is not noted")
	}
	before := w.Text(`select last_at::text from app.session_use where session_id = $1`, a.Actor.Session)
	w.Must(login.SessionSeen(t.Context(), w.DB, a.Actor))
	if after := w.Text(`select last_at::text from app.session_use where session_id = $1`, a.Actor.Session); after != before {
		t.Errorf("noted twice within a minute: %s, %s", before, after)
	}
	if got := w.Text(`select (expires_at - begun_at)::text from app.session where id = $1`, a.Actor.Session); !strings.HasPrefix(got, "12:00:00") {
		t.Errorf("it lasts %s", got)
	}
}

// Limits are those of the settings.
func TestLimitsAreSet(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, oidctest.Options{}, func(o *login.Options) { o.Idle, o.Absolute = 10*time.Minute, time.Hour })
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	if a.Lasts != time.Hour {
		t.Errorf("it lasts %v", a.Lasts)
	}
	w.age(a.Actor.Session, 0, 0)
	w.age(a.Actor.Session, 11*time.Minute, 10*time.Minute+time.Second)
	if w.lives(a.Secret) {
		t.Error("left alone for more than ten minutes it still opens something")
	}
}

// What is stored opens nothing: the hash alone, and the service's token sealed.
func TestOnlyTheHashIsStored(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	secret := a.Secret.Reveal()
	var hash, hint []byte
	w.Scan(t, `select hash, provider_hint from app.session where id = $1`, []any{a.Actor.Session}, &hash, &hint)
	if want := sha256.Sum256([]byte(secret)); !bytes.Equal(hash, want[:]) || len(hint) == 0 {
		t.Errorf("the hash is %x, the hint %d bytes", hash, len(hint))
	}
	everything := w.Text(`select string_agg(x, ' ') from (select s::text as x from app.session s union all select i::text from app.sign_in i union all select f::text from app.footprint f) t`)
	for _, what := range []string{secret, strings.TrimPrefix(secret, "custodian_session_"), "eyJ"} {
		if strings.Contains(everything, what) || strings.Contains(w.log.String(), what) {
			t.Errorf("%q stands in the database or in the log", what)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v %s", a.Secret, a, a, a.Secret); strings.Contains(s, secret) {
		t.Error("the secret prints itself")
	}
	for _, guess := range []string{"", "custodian_session_", secret + "x", secret[:len(secret)-1], strings.Replace(secret, "session_", "", 1), strings.Repeat("x", 200)} {
		if _, err := login.Visitor(t.Context(), w.DB, guess); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%q: %v", guess, err)
		}
	}
	if _, err := login.Bearer(t.Context(), w.DB, "Bearer "+secret); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a session opens the API: %v", err)
	}
	if _, err := login.Visitor(t.Context(), w.DB, w.Tokens["manager"]); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a token opens a page: %v", err)
	}
}

// Nobody sees or ends another's sessions, not even an administrator; and nobody
// reads a hash.
func TestSessionsAreTheirOwners(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	b := w.Enter(oidctest.Person{Subject: "sub-two", Name: "Two Example", Groups: []string{"larkfield-staff"}})
	for name, actor := range map[string]access.Actor{"a colleague": b.Actor, "an administrator": w.Actors["admin"]} {
		list, err := login.Sessions(t.Context(), w.DB, actor)
		w.Must(err)
		for _, s := range list {
			if s.ID == a.Actor.Session {
				t.Errorf("%s sees another's session", name)
			}
		}
		var seen int
		w.Must(pg.Read(t.Context(), w.DB, actor, func(tx *pg.Tx) error {
			return tx.QueryRow(t.Context(), `select count(*) from app.session where actor_id <> app.me()`).Scan(&seen)
		}))
		if seen != 0 {
			t.Errorf("%s sees %d rows of other people's sessions", name, seen)
		}
		if err := login.EndSession(t.Context(), w.DB, actor, a.Actor.Session); !fault.Is(err, fault.NotFound) || !w.lives(a.Secret) {
			t.Errorf("%s ends another's session: %v", name, err)
		}
	}
	err := pg.Read(t.Context(), w.DB, a.Actor, func(tx *pg.Tx) error {
		var hash []byte
		return tx.QueryRow(t.Context(), `select hash from app.session`).Scan(&hash)
	})
	if err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("the program reads hashes: %v", err)
	}
	w.Must(login.EndSession(t.Context(), w.DB, a.Actor, a.Actor.Session))
	if w.lives(a.Secret) {
		t.Error("an ended session still opens something")
	}
	if got := w.Text(`select detail ->> 'because' from app.footprint where action = 'session.ended' and outcome = 'done' order by id desc limit 1`); got != "by-hand" {
		t.Errorf("the footprint says %q", got)
	}
}

// Signing in ends the session that the browser was in, whoever's it was.
func TestSessionIsReplaced(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	first := w.Enter(logintest.Newcomer("larkfield-staff"))
	other := w.Enter(oidctest.Person{Subject: "sub-two", Name: "Two Example", Groups: []string{"larkfield-staff"}}, session(first))
	again := w.Enter(logintest.Newcomer("larkfield-staff"), session(other))
	last := w.Enter(logintest.Newcomer("larkfield-staff"), session(again))
	for name, s := range map[string]interface{ Reveal() string }{"first": first.Secret, "other": other.Secret, "again": again.Secret} {
		if w.lives(s) {
			t.Errorf("the session %s lives on", name)
		}
	}
	if !w.lives(last.Secret) {
		t.Error("the last session opens nothing")
	}
	if n := w.Count("app.footprint where action = 'session.ended' and detail ->> 'because' = 'replaced'"); n != 3 {
		t.Errorf("%d of 3 are in the footprints", n)
	}
}

// Signing out ends the session here, and gives the way to sign out there.
func TestLeave(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	at, err := w.SignIn.Leave(t.Context(), a.Actor, a.Secret.Reveal())
	w.Must(err)
	if w.lives(a.Secret) {
		t.Error("after signing out the session still opens something")
	}
	u, err := url.Parse(at)
	w.Must(err)
	q := u.Query()
	if !strings.HasPrefix(at, w.Service.Issuer()+oidctest.EndSession+"?") || q.Get("client_id") != oidctest.ClientID || q.Get("post_logout_redirect_uri") != publicURL+login.AfterPath || q.Get("id_token_hint") == "" {
		t.Errorf("the way out is %s", at)
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(at)
	w.Must(err)
	resp.Body.Close()
	if resp.Header.Get("Location") != publicURL+login.AfterPath || strings.Join(w.Service.Left(), " ") != "sub-nia" {
		t.Errorf("the service says %s to %q, and has signed out %q", resp.Status, resp.Header.Get("Location"), w.Service.Left())
	}
	if _, err := w.SignIn.Leave(t.Context(), a.Actor, a.Secret.Reveal()); !fault.Is(err, fault.NotFound) {
		t.Errorf("signing out twice: %v", err)
	}
	if got := w.Text(`select detail ->> 'because' from app.footprint where action = 'session.ended' and outcome = 'done'`); got != "signed-out" {
		t.Errorf("the footprint says %q", got)
	}
	// the service's token opens with the secret of its own session alone
	b := w.Enter(logintest.Newcomer("larkfield-staff"))
	at, err = w.SignIn.Leave(t.Context(), b.Actor, a.Secret.Reveal())
	w.Must(err)
	if strings.Contains(at, "id_token_hint") || !strings.Contains(at, "client_id") {
		t.Errorf("with another secret the way out is %s", at)
	}
}

// Where the service has no way to sign out, or does not answer, signing out here works.
func TestLeaveAlone(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(*world){
		"no way":    func(w *world) { w.Service.Set(oidctest.CannotSignOut) },
		"not ready": func(w *world) { w.Service.Trouble(oidctest.Discovery, oidctest.Down) },
	} {
		w := newStaffed(t)
		a := w.Enter(logintest.Newcomer("larkfield-staff"))
		prepare(w)
		// as after a restart: nothing is known of the service
		fresh := login.NewSignIn(login.Options{DB: w.DB, Issuer: w.Service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: publicURL})
		if at, err := fresh.Leave(withoutCancel(t), a.Actor, a.Secret.Reveal()); err != nil || at != "" || w.lives(a.Secret) {
			t.Errorf("%s: %q, %v, lives %v", name, at, err, w.lives(a.Secret))
		}
	}
}
