package login_test

import (
	"errors"
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
	"custodian/internal/sample"
)

// turnedAway tries a sign-in without the second factor that a role asks for: it is
// written down, and makes no session.
func (w *world) turnedAway(what string, s sabotage) {
	w.T.Helper()
	w.SignIn = w.fresh(s.factor)
	sessions, reasons := w.Count("app.session"), w.why()
	a, err := w.through(s)
	bare, ok := errors.AsType[*login.NoSecondFactor](err)
	if !ok || a.Actor.ID != 0 || a.Secret.Reveal() != "" || strings.Join(bare.Roles, " ") != "staff" || w.Count("app.session") != sessions {
		w.T.Errorf("%s: %v, %+v, %d sessions more", what, err, bare, w.Count("app.session")-sessions)
	}
	if got := strings.TrimSpace(strings.TrimPrefix(w.why(), reasons)); got != "no-second-factor" {
		w.T.Errorf("%s: the footprint says %q", what, got)
	}
	if got := w.Text(`select outcome from app.sign_in order by id desc limit 1`); got != "no-second-factor" {
		w.T.Errorf("%s: the sign-in says %q", what, got)
	}
}

// A second factor is asked for by role, and evidence is what RFC 8176 or the
// settings say.
func TestSecondFactorByRole(t *testing.T) {
	t.Parallel()
	demand := login.SecondFactor{Roles: []grants.Role{grants.MemberOfStaff}, ACR: []string{"urn:two", "silver"}, AMR: []string{"badge"}}
	w := newWorldWith(t, oidctest.Options{}, func(o *login.Options) { o.SecondFactor = demand })
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Mapping("larkfield-inspectors", grants.Inspector, sample.ChildrensHome)
	d, err := w.SignIn.Begin(t.Context(), "/home")
	w.Must(err)
	if u, _ := url.Parse(d.URL); u.Query().Get("acr_values") != "urn:two silver" {
		t.Errorf("what is asked for is %q", u.Query().Get("acr_values"))
	}
	in := func(methods []string, context string) error {
		p := logintest.Newcomer("larkfield-staff")
		p.Methods, p.Context = methods, context
		w.Service.Become(p)
		_, err := w.finish(w.depart("/home"))
		return err
	}
	for _, c := range []struct {
		methods []string
		context string
		enough  bool
	}{
		{nil, "", false},
		{[]string{"pwd"}, "", false},
		{[]string{"otp"}, "", false},
		{[]string{"pwd", "pin"}, "", false}, // both are known
		{[]string{"otp", "sms"}, "", false}, // both are had
		{[]string{"pwd", "rba", "geo", "user", "wia"}, "", false},
		{[]string{"MFA"}, "", false},
		{[]string{"pwd"}, "gold", false},
		{[]string{"pwd"}, "urn:two silver", false},
		{[]string{"mfa"}, "", true},
		{[]string{"pwd", "otp"}, "", true},
		{[]string{"pin", "hwk"}, "", true},
		{[]string{"swk", "fpt"}, "", true},
		{[]string{"face", "pwd"}, "", true},
		{nil, "silver", true},
		{[]string{"badge"}, "", true},
	} {
		err := in(c.methods, c.context)
		_, bare := errors.AsType[*login.NoSecondFactor](err)
		if bare == c.enough || err != nil && !bare {
			t.Errorf("%q, %q: %v", c.methods, c.context, err)
		}
	}
	w.Service.Become(oidctest.Person{Subject: "sub-inspector", Name: "Ira Inspector", Groups: []string{"larkfield-inspectors"}, Methods: []string{"pwd"}})
	if _, err := w.finish(w.depart("/home")); err != nil {
		t.Errorf("a role that asks for nothing: %v", err)
	}
}

// What a session lacks is asked at each request: roles come and settings change
// while it lasts.
func TestLacks(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	w.Mapping("larkfield-managers", grants.RegisteredManager, sample.ChildrensHome)
	who := logintest.Newcomer("larkfield-staff")
	who.Methods = []string{"pwd"}
	a := w.Enter(who)
	demanding := w.fresh(login.SecondFactor{Roles: []grants.Role{grants.RegisteredManager}})
	lacks := func(s *login.SignIn, action access.Action, want login.Lack) {
		t.Helper()
		got, err := s.Lacks(t.Context(), a.Actor, action)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", action.Name, got, err, want)
		}
	}
	lacks(demanding, access.ViewNeeds, login.Nothing)
	lacks(demanding, access.MakeToken, login.Nothing)
	_, err := grants.Give(t.Context(), w.DB, w.Actors["admin"], grants.Giving{To: a.Actor.ID, Provider: a.Actor.Provider, Home: w.Homes[sample.ChildrensHome], Role: grants.RegisteredManager, Why: "for the test"})
	w.Must(err)
	lacks(w.SignIn, access.ViewNeeds, login.Nothing)
	lacks(demanding, access.ViewNeeds, login.LacksSecondStep)
	lacks(demanding, access.MakeToken, login.LacksSecondStep)
	// a better sign-in of the same person is enough
	who.Methods = []string{"pwd", "otp"}
	w.SignIn = demanding
	a = w.Enter(who, session(a))
	lacks(demanding, access.ViewNeeds, login.Nothing)
	for by, want := range map[time.Duration]login.Lack{14 * time.Minute: login.Nothing, 16 * time.Minute: login.LacksFreshness} {
		w.Exec(t, fmt.Sprintf(`set session_replication_role = replica; update app.sign_in set proved_at = now() - interval '%d seconds' where id = (select sign_in_id from app.session where id = %d)`,
			int(by.Seconds()), a.Actor.Session))
		lacks(demanding, access.MakeToken, want)
		lacks(demanding, access.ViewNeeds, login.Nothing)
	}
	w.Exec(t, fmt.Sprintf(`set session_replication_role = replica; update app.sign_in set proved_at = null where id = (select sign_in_id from app.session where id = %d)`, a.Actor.Session))
	lacks(demanding, access.MakeToken, login.LacksFreshness)
	for _, action := range []access.Action{access.MapGroup, access.EndSessions, access.GiveAdministrator, {Name: "looks.exported"}, access.DecideOutside} {
		lacks(demanding, action, login.LacksFreshness)
	}
}

// A step-up asks the service to ask again, is about the same person, and replaces
// the session.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	w.Service.Idle(time.Hour)
	plain, err := w.SignIn.Begin(t.Context(), "/me")
	w.Must(err)
	d, err := w.SignIn.BeginAgain(t.Context(), a.Actor, "/me/tokens/new")
	w.Must(err)
	if strings.Contains(plain.URL, "max_age") || !strings.Contains(d.URL, "max_age=0") {
		t.Errorf("%s\n%s", plain.URL, d.URL)
	}
	b, err := w.finish(trip{cookies: []*http.Cookie{logintest.CookieOf(d), session(a)}, answer: w.Service.Answer(t, d.URL).Query()})
	w.Must(err)
	if b.To != "/me/tokens/new" || b.Actor.ID != a.Actor.ID || w.lives(a.Secret) || !w.lives(b.Secret) {
		t.Errorf("it leads to %s, as %d; the old lives %v", b.To, b.Actor.ID, w.lives(a.Secret))
	}
	if lack, err := w.SignIn.Lacks(t.Context(), b.Actor, access.MakeToken); err != nil || lack != login.Nothing {
		t.Errorf("afterwards %d is lacking: %v", lack, err)
	}
}

// Somebody else who comes back from a step-up is not let in, and the session
// stays whose it was.
func TestStepUpIsAboutTheSame(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	w.Enter(two("larkfield-staff"))
	for _, who := range []oidctest.Person{two("larkfield-staff"), {Subject: "sub-unknown", Name: "New", Groups: []string{"larkfield-staff"}}} {
		d, err := w.SignIn.BeginAgain(t.Context(), a.Actor, "/me/tokens/new")
		w.Must(err)
		w.Service.Become(who)
		before, reasons := w.census(), w.why()
		b, err := w.finish(trip{cookies: []*http.Cookie{logintest.CookieOf(d), session(a)}, answer: w.Service.Answer(t, d.URL).Query()})
		if kind, _ := publicText(t, err); kind != fault.Invalid || b.Actor.ID != 0 || !w.lives(a.Secret) || w.census() != before {
			t.Errorf("%s: %v; the session lives %v", who.Subject, err, w.lives(a.Secret))
		}
		if got := strings.TrimSpace(strings.TrimPrefix(w.why(), reasons)); got != "other-person" {
			t.Errorf("the footprint says %q", got)
		}
	}
}

// Of what a browser calls itself, its family and kind of computer are kept.
func TestBrowserIsTold(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0": "Edge on Windows",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                        "Firefox on Linux",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1":     "Safari on an iPhone",
		"Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":               "Chrome on Android",
		"<script>\x00": "", "": "", strings.Repeat("Firefox/ Windows", 5000): "Firefox on Windows",
	} {
		tr := w.depart("/home")
		tr.agent = agent
		a, err := w.finish(tr)
		w.Must(err)
		list, err := login.Sessions(t.Context(), w.DB, a.Actor)
		w.Must(err)
		if list[0].Browser != want {
			t.Errorf("%.40q is %q, want %q", agent, list[0].Browser, want)
		}
	}
}
