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

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const publicURL = "https://documents.example.org"

// world is a planted organisation, its sign-in service, and the way in.
type world struct {
	pgtest.Database
	*sample.Planted
	service *oidctest.Provider
	signIn  *login.SignIn
	keeper  *membership.Keeper
	log     *lines
	t       *testing.T
}

func newWorld(t *testing.T) *world { return newWorldWith(t, oidctest.Options{}, nil) }

func newWorldWith(t *testing.T, o oidctest.Options, change func(*login.Options)) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), service: oidctest.New(t, o), log: &lines{}, t: t}
	w.service.Register(publicURL+login.CallbackPath, publicURL+login.AfterPath)
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	w.must(err)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	opt := login.Options{DB: w.DB, Issuer: w.service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: publicURL,
		HTTP: &http.Client{Transport: transport}, Log: w.logger()}
	if change != nil {
		change(&opt)
	}
	w.signIn = login.NewSignIn(opt)
	w.keeper = membership.New(w.DB, opt.Issuer)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
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

// nia is somebody whom nobody here knows yet.
func nia(groups ...string) oidctest.Person {
	return oidctest.Person{Subject: "sub-nia", Name: "Nia Newcomer", Email: "nia@demo.example", Groups: groups}
}

// mapping lets a group give a role, at a setting by name or at the whole organisation.
func (w *world) mapping(group string, role grants.Role, home string) int64 {
	w.t.Helper()
	id, err := w.keeper.MapGroup(w.t.Context(), w.Actors["admin"], membership.NewMapping{Group: group, Role: role, Home: w.Homes[home], Why: "for the test"})
	w.must(err)
	return id
}

// trip is a browser on its way through the service.
type trip struct {
	cookies []*http.Cookie
	answer  url.Values
	agent   string
}

func cookieOf(d login.Departure) *http.Cookie { return &http.Cookie{Name: d.Name, Value: d.Cookie} }

// depart goes to the service and has its answer.
func (w *world) depart(to string, cookies ...*http.Cookie) trip {
	w.t.Helper()
	d, err := w.signIn.Begin(w.t.Context(), to)
	w.must(err)
	return trip{cookies: append(cookies, cookieOf(d)), answer: w.service.Answer(w.t, d.URL).Query()}
}

func (w *world) finish(tr trip) (login.Arrival, error) {
	w.t.Helper()
	return w.signIn.Finish(w.t.Context(), login.Answer{Cookies: tr.cookies, Query: tr.answer, Agent: tr.agent})
}

// enter signs somebody in, who must be let in.
func (w *world) enter(who oidctest.Person, cookies ...*http.Cookie) login.Arrival {
	w.t.Helper()
	w.service.Become(who)
	a, err := w.finish(w.depart("/home", cookies...))
	if err != nil {
		w.t.Fatalf("%s is not let in: %v\n%s", who.Subject, err, w.log)
	}
	return a
}

func session(a login.Arrival) *http.Cookie {
	return &http.Cookie{Name: login.SessionCookie, Value: a.Secret.Reveal()}
}

// lives tells whether a session opens anything.
func (w *world) lives(secret login.Secret) bool {
	w.t.Helper()
	_, err := login.Visitor(w.t.Context(), w.DB, secret.Reveal())
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		w.t.Fatal(err)
	}
	return err == nil
}

// count counts rows.
func (w *world) count(from string, args ...any) (n int) {
	w.t.Helper()
	w.Scan(w.t, "select count(*) from "+from, args, &n)
	return n
}

// text reads one text.
func (w *world) text(sql string, args ...any) (s string) {
	w.t.Helper()
	w.Scan(w.t, sql, args, &s)
	return s
}

// census counts what a sign-in that is refused must not have left.
func (w *world) census() string {
	w.t.Helper()
	return fmt.Sprintf("%d sessions, %d actors, %d sign-ins, %d roles, %d live grants", w.count("app.session"), w.count("app.actor"), w.count("app.sign_in"),
		w.count("app.role_held"), w.count("app.grants where valid_until > now()"))
}

// why lists the reasons in the footprints of refused sessions, oldest first.
func (w *world) why() string {
	w.t.Helper()
	return w.text(`select coalesce(string_agg(detail ->> 'because', ' ' order by id), '') from app.footprint where action = 'session.begun' and outcome = 'refused'`)
}

// roles lists what somebody holds now, each with where it came from.
func (w *world) roles(id access.ActorID) string {
	w.t.Helper()
	return w.text(`select coalesce(string_agg(h.role || ' ' || coalesce(o.name, 'everywhere') || case when h.group_role_id is null then ' by hand' else ' by group' end, ', ' order by h.role, o.name), '')
		from app.role_held h left join app.home o on o.id = h.home_id where h.actor_id = $1 and h.until_at > now()`, int64(id))
}

// rights counts the live grants that an actor sees as theirs.
func (w *world) rights(id access.ActorID) int {
	w.t.Helper()
	return w.count("app.grants where actor_id = $1 and valid_from <= now() and valid_until > now()", int64(id))
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

// identify gives one of the planted people an identity at the service.
func (w *world) identify(who, subject string) {
	w.t.Helper()
	w.Exec(w.t, fmt.Sprintf(`set session_replication_role = replica; update app.actor set issuer = '%s', subject = '%s' where id = %d`, w.service.Issuer(), subject, w.Actors[who].ID))
}
