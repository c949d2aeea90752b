// Package logintest gives tests an organisation with its sign-in service.
//
// Purpose: New plants the fictional organisation into a database of its own, starts
// a sign-in service beside it, and makes the way in and the keeper of what the
// service's groups give.
//
// Promise: people come as they do in earnest, by signing in at the service.
//
// Limits: for tests only.
package logintest

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

// PublicURL is where the portal of the tests would be reached.
const PublicURL = "https://documents.example.org"

// Place is an organisation, its sign-in service, and the way in.
type Place struct {
	pgtest.Database
	*sample.Planted
	Service *oidctest.Provider
	SignIn  *login.SignIn
	Keeper  *membership.Keeper
	T       *testing.T
}

// New is Bare with the fictional organisation in it.
func New(t *testing.T, o oidctest.Options, change func(*login.Options)) *Place {
	t.Helper()
	p := Bare(t, o, change)
	var err error
	p.Planted, err = sample.Plant(t.Context(), sample.Options{DB: p.DB, Seed: "none"})
	p.Must(err)
	return p
}

// Bare has no organisation yet. change, where it is not nil, changes how people
// sign in.
func Bare(t *testing.T, o oidctest.Options, change func(*login.Options)) *Place {
	t.Helper()
	p := &Place{Database: pgtest.New(t), Service: oidctest.New(t, o), T: t}
	p.Service.Register(PublicURL+login.CallbackPath, PublicURL+login.AfterPath)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	opt := login.Options{DB: p.DB, Issuer: p.Service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: PublicURL,
		HTTP: &http.Client{Transport: transport}}
	if change != nil {
		change(&opt)
	}
	p.SignIn = login.NewSignIn(opt)
	p.Keeper = membership.New(p.DB, opt.Issuer)
	return p
}

// Must ends the test on an error.
func (p *Place) Must(err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatal(err)
	}
}

// Newcomer is somebody whom nobody here knows yet.
func Newcomer(groups ...string) oidctest.Person {
	return oidctest.Person{Subject: "sub-nia", Name: "Nia Newcomer", Email: "nia@demo.example", Groups: groups}
}

// Mapping lets a group give a role, at a setting by name or at the whole organisation.
func (p *Place) Mapping(group string, role grants.Role, home string) int64 {
	p.T.Helper()
	id, err := p.Keeper.MapGroup(p.T.Context(), p.Actors["admin"], membership.NewMapping{Group: group, Role: role, Home: p.Homes[home], Why: "for the test"})
	p.Must(err)
	return id
}

// CookieOf is what a browser keeps while it is on its way.
func CookieOf(d login.Departure) *http.Cookie { return &http.Cookie{Name: d.Name, Value: d.Cookie} }

// Try signs somebody in, in a browser that holds these cookies.
func (p *Place) Try(who oidctest.Person, cookies ...*http.Cookie) (login.Arrival, error) {
	p.T.Helper()
	p.Service.Become(who)
	d, err := p.SignIn.Begin(p.T.Context(), "/home")
	p.Must(err)
	return p.SignIn.Finish(p.T.Context(), login.Answer{Cookies: append(cookies, CookieOf(d)), Query: p.Service.Answer(p.T, d.URL).Query()})
}

// Enter signs somebody in, who must be let in.
func (p *Place) Enter(who oidctest.Person, cookies ...*http.Cookie) login.Arrival {
	p.T.Helper()
	a, err := p.Try(who, cookies...)
	if err != nil {
		p.T.Fatalf("%s is not let in: %v", who.Subject, err)
	}
	return a
}

// Count counts rows.
func (p *Place) Count(from string, args ...any) (n int) {
	p.T.Helper()
	p.Scan(p.T, "select count(*) from "+from, args, &n)
	return n
}

// Text reads one text.
func (p *Place) Text(sql string, args ...any) (s string) {
	p.T.Helper()
	p.Scan(p.T, sql, args, &s)
	return s
}

// Roles lists what somebody holds now, each with where it came from.
func (p *Place) Roles(id access.ActorID) string {
	p.T.Helper()
	return p.Text(`select coalesce(string_agg(h.role || ' ' || coalesce(o.name, 'everywhere') || case when h.group_role_id is null then ' by hand' else ' by group' end, ', ' order by h.role, o.name), '')
		from app.role_held h left join app.home o on o.id = h.home_id where h.actor_id = $1 and h.until_at > now()`, int64(id))
}

// Rights counts the live grants that an actor sees as theirs.
func (p *Place) Rights(id access.ActorID) int {
	p.T.Helper()
	return p.Count("app.grants where actor_id = $1 and valid_from <= now() and valid_until > now()", int64(id))
}

// Identify gives one of the planted people an identity at the service.
func (p *Place) Identify(who, subject string) {
	p.T.Helper()
	p.Exec(p.T, fmt.Sprintf(`set session_replication_role = replica; update app.actor set issuer = '%s', subject = '%s' where id = %d`, p.Service.Issuer(), subject, p.Actors[who].ID))
}
