package login_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"custodian/internal/fault"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const publicURL = logintest.PublicURL

// world is an organisation, its sign-in service, and what was logged on the way in.
type world struct {
	*logintest.Place
	log *lines
}

func newWorld(t *testing.T) *world { return newWorldWith(t, oidctest.Options{}, nil) }

func newWorldWith(t *testing.T, o oidctest.Options, change func(*login.Options)) *world {
	t.Helper()
	w := &world{log: &lines{}}
	w.Place = logintest.New(t, o, func(opt *login.Options) {
		opt.Log = w.logger()
		if change != nil {
			change(opt)
		}
	})
	return w
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// trip is a browser on its way through the service.
type trip struct {
	cookies []*http.Cookie
	answer  url.Values
	agent   string
}

// depart goes to the service and has its answer.
func (w *world) depart(to string, cookies ...*http.Cookie) trip {
	w.T.Helper()
	d, err := w.SignIn.Begin(w.T.Context(), to)
	w.Must(err)
	return trip{cookies: append(cookies, logintest.CookieOf(d)), answer: w.Service.Answer(w.T, d.URL).Query()}
}

func (w *world) finish(tr trip) (login.Arrival, error) {
	w.T.Helper()
	return w.SignIn.Finish(w.T.Context(), login.Answer{Cookies: tr.cookies, Query: tr.answer, Agent: tr.agent})
}

func session(a login.Arrival) *http.Cookie {
	return &http.Cookie{Name: login.SessionCookie, Value: a.Secret.Reveal()}
}

// lives tells whether a session opens anything.
func (w *world) lives(secret interface{ Reveal() string }) bool {
	w.T.Helper()
	_, err := login.Visitor(w.T.Context(), w.DB, secret.Reveal())
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		w.T.Fatal(err)
	}
	return err == nil
}

// census counts what a sign-in that is refused must not have left.
func (w *world) census() string {
	w.T.Helper()
	return fmt.Sprintf("%d sessions, %d actors, %d sign-ins, %d roles, %d live grants", w.Count("app.session"), w.Count("app.actor"), w.Count("app.sign_in"),
		w.Count("app.role_held"), w.Count("app.grants where valid_until > now()"))
}

// why lists the reasons in the footprints of refused sessions, oldest first.
func (w *world) why() string {
	w.T.Helper()
	return w.Text(`select coalesce(string_agg(detail ->> 'because', ' ' order by id), '') from app.footprint where action = 'session.begun' and outcome = 'refused'`)
}

func withoutCancel(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }

// publicText is what a person is told.
func publicText(t *testing.T, err error) (fault.Kind, string) {
	t.Helper()
	f, ok := fault.Of(err)
	if !ok {
		t.Fatalf("%v is nothing that a person could be told", err)
	}
	return f.Kind, f.Public
}

func (w *world) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(w.log, nil)) }
