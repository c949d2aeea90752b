package membership_test

import (
	"fmt"
	"net/http"
	"testing"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const publicURL = "https://documents.example.org"

// world is a planted organisation, its sign-in service, and the keeper of what the
// service's groups give. Groups come as they do in earnest: somebody signs in.
type world struct {
	pgtest.Database
	*sample.Planted
	service *oidctest.Provider
	signIn  *login.SignIn
	keeper  *membership.Keeper
	t       *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := emptyWorld(t)
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	w.must(err)
	return w
}

// emptyWorld has no organisation yet.
func emptyWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), service: oidctest.New(t, oidctest.Options{}), t: t}
	w.service.Register(publicURL+login.CallbackPath, publicURL+login.AfterPath)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	w.signIn = login.NewSignIn(login.Options{DB: w.DB, Issuer: w.service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: publicURL,
		HTTP: &http.Client{Transport: transport}})
	w.keeper = membership.New(w.DB, w.service.Issuer())
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
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

// try signs somebody in.
func (w *world) try(who oidctest.Person) (login.Arrival, error) {
	w.t.Helper()
	w.service.Become(who)
	d, err := w.signIn.Begin(w.t.Context(), "/home")
	w.must(err)
	return w.signIn.Finish(w.t.Context(), login.Answer{Cookies: []*http.Cookie{{Name: d.Name, Value: d.Cookie}}, Query: w.service.Answer(w.t, d.URL).Query()})
}

// enter signs somebody in, who must be let in.
func (w *world) enter(who oidctest.Person) login.Arrival {
	w.t.Helper()
	a, err := w.try(who)
	if err != nil {
		w.t.Fatalf("%s is not let in: %v", who.Subject, err)
	}
	return a
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

// identify gives one of the planted people an identity at the service.
func (w *world) identify(who, subject string) {
	w.t.Helper()
	w.Exec(w.t, fmt.Sprintf(`set session_replication_role = replica; update app.actor set issuer = '%s', subject = '%s' where id = %d`, w.service.Issuer(), subject, w.Actors[who].ID))
}
