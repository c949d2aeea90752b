package login_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

// Somebody comes for the first time, and is taken in by their group.
func TestFirstSignIn(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]oidctest.Options{"ES256": {}, "RS256, secret in the form, says nothing of itself": {RSA: true, PostSecret: true, Silent: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, o, nil)
			w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
			w.Service.Become(logintest.Newcomer("larkfield-staff", "football"))
			a, err := w.finish(w.depart("/records?kind=library"))
			w.Must(err)
			if a.To != "/records?kind=library" || a.Lasts != login.DefaultAbsolute || a.Actor.Session == 0 || a.Actor.Provider != w.Provider || !w.lives(a.Secret) {
				t.Errorf("arrived: %+v", a)
			}
			if got := w.Roles(a.Actor.ID); got != "staff Larkfield House by group" {
				t.Errorf("roles: %q", got)
			}
			if got, want := w.Text(`select concat_ws('|', kind, name, email, issuer, subject) from app.actor where id = $1`, int64(a.Actor.ID)),
				"person|Nia Newcomer|nia@demo.example|"+w.Service.Issuer()+"|sub-nia"; got != want {
				t.Errorf("the actor is %q, want %q", got, want)
			}
			if got := w.Text(`select concat_ws('|', subject, name, email, groups::text, outcome) from app.sign_in where actor_id = $1`, int64(a.Actor.ID)); got != "sub-nia|Nia Newcomer|nia@demo.example|{football,larkfield-staff}|done" {
				t.Errorf("the sign-in is %q", got)
			}
			if got := w.Text(`select string_agg(action, ' ' order by id) from app.footprint where action <> 'group-role.given'
				and id > (select max(id) from app.footprint where action = 'group-role.given')`); got != "actor.added role.given sign-in.recorded session.begun" {
				t.Errorf("the footprints are %q", got)
			}
			if again := w.Enter(logintest.Newcomer("larkfield-staff")); again.Actor.ID != a.Actor.ID || w.Count("app.actor where subject = 'sub-nia'") != 1 {
				t.Errorf("the second time they are %+v, the first %+v", again.Actor, a.Actor)
			}
		})
	}
}

// Two browsers of one person who is new finish at the same moment.
func TestTakenInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	var trips [4]trip
	for i := range trips {
		trips[i] = w.depart("/home")
	}
	var all sync.WaitGroup
	errs := make([]error, len(trips))
	for i, tr := range trips {
		all.Go(func() { _, errs[i] = w.finish(tr) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if actors, roles := w.Count("app.actor where subject = 'sub-nia'"), w.Count("app.role_held where group_role_id is not null"); actors != 1 || roles != 1 {
		t.Errorf("%d actors and %d roles of one person", actors, roles)
	}
}

// Two tabs sign in at once, and the one that began first ends last.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	one := w.depart("/records?kind=library")
	two := w.depart("/me", one.cookies...)
	one.cookies = two.cookies
	second, err := w.finish(two)
	w.Must(err)
	one.cookies = append(one.cookies, session(second))
	first, err := w.finish(one)
	w.Must(err)
	if first.To != "/records?kind=library" || second.To != "/me" || first.CookieName == second.CookieName {
		t.Errorf("the tabs went to %q and %q", first.To, second.To)
	}
	if !w.lives(first.Secret) || w.lives(second.Secret) {
		t.Error("the browser holds the first session now, and the one that it replaced still opens something")
	}
}

// Nobody without a role gets in, and an administrator can see that they tried.
func TestNoRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	before := w.Count("app.actor")
	for name, s := range map[string]oidctest.Fault{"no groups": oidctest.NoGroups, "other groups": "", "groups that cannot be named": oidctest.StrangeGroups} {
		w.Service.Set(s)
		w.Service.Become(logintest.Newcomer("football"))
		a, err := w.finish(w.depart("/home"))
		none, ok := errors.AsType[*login.NoRole](err)
		if !ok || none.Name != "Nia Newcomer" || a.Secret.Reveal() != "" {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if strings.Contains(err.Error(), "Nia") {
			t.Errorf("%s: the error for the log says who: %v", name, err)
		}
	}
	if w.Count("app.actor") != before || w.Count("app.session") != 0 || w.why() != "no-role no-role no-role" {
		t.Errorf("it left %s; footprints %s", w.census(), w.why())
	}
	seen, err := w.Keeper.SignIns(t.Context(), w.Actors["admin"], 0, 10)
	w.Must(err)
	if len(seen) != 3 || seen[0].Name != "Nia Newcomer" || seen[0].Outcome != "no-role" || seen[0].ActorID != nil {
		t.Errorf("the administrator sees %+v", seen)
	}
	if _, err := w.Keeper.SignIns(t.Context(), w.Actors["manager"], 0, 10); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager sees strangers: %v", err)
	}
}

// Somebody whom people here have made known has their own roles, whatever the
// groups say; their name and address stay as they are here.
func TestKnownByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Identify("manager", "sub-morgan")
	a := w.Enter(oidctest.Person{Subject: "sub-morgan", Name: "Another Name", Email: "another@demo.example"})
	if a.Actor.ID != w.Actors["manager"].ID || w.Roles(a.Actor.ID) != "manager Larkfield House by hand" {
		t.Errorf("%+v holds %s", a.Actor, w.Roles(a.Actor.ID))
	}
	if got := w.Text(`select name || ' ' || email from app.actor where id = $1`, int64(a.Actor.ID)); got != "Morgan Example manager@demo.example" {
		t.Errorf("the service changed the actor into %q", got)
	}
	// e-mail address and name are no identity
	w.Service.Become(oidctest.Person{Subject: "sub-thief", Name: "Morgan Example", Email: "manager@demo.example"})
	if _, err := w.finish(w.depart("/home")); err == nil {
		t.Error("somebody with the manager's e-mail address is the manager")
	}
}

// A service account has no browser, also where one carries its name.
func TestServiceAccountsDoNotSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-managers", grants.RegisteredManager, sample.ChildrensHome)
	w.Identify("service", "sub-import")
	w.Service.Become(oidctest.Person{Subject: "sub-import", Name: "Example import", Groups: []string{"larkfield-managers"}})
	before := w.Roles(w.Actors["service"].ID)
	if _, err := w.finish(w.depart("/home")); err == nil || w.Count("app.session") != 0 || w.Roles(w.Actors["service"].ID) != before {
		t.Errorf("a service account signed in: %v, %s", err, w.census())
	}
}

// The places and forms in which services send groups.
func TestWhereGroupsAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault oidctest.Fault
		claim string
	}{"userinfo": {oidctest.GroupsInUserInfo, ""}, "a text": {oidctest.GroupsAsText, ""}, "strange ones among them": {oidctest.StrangeGroups, ""}, "another name": {"", "https://demo.example/roles"}, "two clients, we asked": {oidctest.PartyIsUs, ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWith(t, oidctest.Options{GroupsClaim: c.claim}, func(o *login.Options) { o.GroupsClaim = c.claim })
			w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
			w.Service.Set(c.fault)
			if a := w.Enter(logintest.Newcomer("larkfield-staff")); w.Roles(a.Actor.ID) != "staff Larkfield House by group" {
				t.Errorf("roles: %q", w.Roles(a.Actor.ID))
			}
			if got := w.Text(`select groups::text from app.sign_in`); got != "{larkfield-staff}" {
				t.Errorf("the groups are %s", got)
			}
		})
	}
}

// A service that changes its key, and one that is away for a while.
func TestServiceChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Enter(logintest.Newcomer("larkfield-staff"))
	w.Service.RotateKey()
	w.Enter(logintest.Newcomer("larkfield-staff"))
	w.Service.Trouble(oidctest.Discovery, oidctest.Down)
	w.Enter(logintest.Newcomer("larkfield-staff")) // what it said before holds
	if n := w.Service.Asked(oidctest.Discovery); n != 1 {
		t.Errorf("it was asked about itself %d times", n)
	}
}

// What keeps a sign-in from beginning.
func TestNoDeparture(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		trouble oidctest.Trouble
		fault   oidctest.Fault
		words   string
	}{
		"down": {oidctest.Down, "", down}, "fails": {oidctest.Fails, "", down}, "enormous": {oidctest.Enormous, "", down}, "nonsense": {oidctest.Nonsense, "", down},
		"sends elsewhere": {oidctest.Redirects, "", down}, "plain http": {oidctest.None, oidctest.PlainAddresses, down}, "another issuer": {oidctest.None, oidctest.CallsItselfOther, disagree},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Service.Trouble(oidctest.Discovery, c.trouble)
			w.Service.Set(c.fault)
			for range 2 { // the second is not asked for again at once
				_, err := w.SignIn.Begin(t.Context(), "/home")
				if kind, words := publicText(t, err); kind != fault.Unavailable || words != c.words {
					t.Errorf("kind %d, %q", kind, words)
				}
			}
			if n := w.Service.Asked(oidctest.Discovery); n != 1 {
				t.Errorf("a service that does not answer was asked %d times within moments", n)
			}
		})
	}
	w := newWorldWith(t, oidctest.Options{}, func(o *login.Options) { o.Issuer = "" })
	if _, err := w.SignIn.Begin(t.Context(), "/home"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without a service: %v", err)
	}
	if _, err := w.Keeper.MapGroup(t.Context(), access.Actor{}, membership.NewMapping{}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without a service a group is mapped: %v", err)
	}
}
