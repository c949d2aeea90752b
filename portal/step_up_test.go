package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/sample"
	"custodian/portal"
)

// stale lets a quarter of an hour and more pass since whoever has a session showed
// who they are.
func (o *office) stale() {
	o.t.Helper()
	o.Exec(o.t, `set session_replication_role = replica; update app.sign_in set proved_at = proved_at - interval '16 minutes'`)
}

// What asks for a fresh sign-in is asked for again after a quarter of an hour; the
// rest is not. Coming back leads to where one was going.
func TestFreshSignInIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	person := strconv.FormatInt(int64(d.Actors["staff"].ID), 10)
	for _, path := range []string{"/me/tokens/new", "/sign-ins/map"} {
		b.open(http.StatusOK, path)
	}
	d.stale()
	b.open(http.StatusOK, "/people")
	for _, path := range []string{"/me/tokens/new", "/sign-ins/map"} {
		a := b.open(http.StatusUnauthorized, path)
		a.says("Sign in again to go on", "a sign-in of the last 15 minutes")
		a.saysNot("Send again", "For how many days")
		if want := "/sign-in?again=1&amp;to=" + url.QueryEscape(path); !strings.Contains(string(a.body), want) {
			t.Errorf("%s does not lead to %s", path, want)
		}
	}
	before := d.acts("done", "token.made") + d.acts("done", "group-role.given") + d.acts("done", "sessions.ended")
	b.post(http.StatusUnauthorized, "/people/"+person+"/sessions/end", nil).says("Send again")
	b.post(http.StatusUnauthorized, "/sign-ins/map", url.Values{"group": {"bramble-staff"}}).says("Nothing you typed is lost", "bramble-staff")
	kept := b.post(http.StatusUnauthorized, "/me/tokens/new", url.Values{"label": {"Rota <export>"}, "days": {"30"}})
	kept.says("Nothing you typed is lost", "Rota &lt;export&gt;")
	if got := d.acts("done", "token.made") + d.acts("done", "group-role.given") + d.acts("done", "sessions.ended"); got != before {
		t.Errorf("%d acts were done without a fresh sign-in", got-before)
	}
	d.service.Idle(0)
	at := b.depart("/sign-in?again=1&to=" + url.QueryEscape("/me/tokens/new"))
	if to := b.open(http.StatusSeeOther, at).Header.Get("Location"); to != "/me/tokens/new" {
		t.Errorf("it leads back to %s", to)
	}
	b.post(http.StatusOK, "/me/tokens/new", keptBy(t, kept)).says("Your new token")
}

// To say that somebody has left ends their roles, sessions and tokens at once, and to
// say that they are back lets them in again: both ask, whoever's session it is.
func TestLeavingAndComingBackAsk(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	at := fmt.Sprintf("/people/%d", d.Actors["staff"].ID)
	left := b.open(http.StatusOK, at+"/left")
	d.stale()
	b.open(http.StatusUnauthorized, at+"/left").says("Sign in again to go on")
	before := d.acts("done", "person.left") + d.acts("done", "person.back")
	values := keptBy(t, left)
	values.Set("why", "Found on an unlocked screen")
	kept := b.post(http.StatusUnauthorized, at+"/left", values)
	kept.says("Nothing you typed is lost", "Found on an unlocked screen")
	if got := d.acts("done", "person.left"); got != before {
		t.Fatal("somebody has left without a fresh sign-in")
	}
	b.open(http.StatusSeeOther, b.depart("/sign-in?again=1&to=/signed-in"))
	b.post(http.StatusSeeOther, at+"/left", keptBy(t, kept))
	b.open(http.StatusOK, at+"/back")
	d.stale()
	b.open(http.StatusUnauthorized, at+"/back").says("Sign in again to go on")
	b.post(http.StatusUnauthorized, at+"/back", url.Values{"why": {"Let me in again"}}).says("Nothing you typed is lost")
	if got := d.acts("done", "person.back"); got != 0 {
		t.Error("somebody is back without a fresh sign-in")
	}
}

// Of the roles that let somebody in who works here, only the administrator's asks for
// a fresh sign-in of whoever gives it.
func TestGivingTheAdministratorsRoleAsks(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	d.stale()
	at := fmt.Sprintf("/people/%d/roles/give", d.Actors["staff"].ID)
	b.open(http.StatusOK, at)
	values := url.Values{"role": {"administrator"}, "setting": {"provider"}, "why": {"Stands in"}}
	for name, v := range map[string]string{"day": "1", "month": "1", "year": "2031"} {
		values.Set("from-"+name, v)
	}
	before := d.acts("done", "role.given")
	kept := b.post(http.StatusUnauthorized, at, values)
	kept.says("Sign in again to go on", "Stands in")
	if d.acts("done", "role.given") != before {
		t.Fatal("the role is given all the same")
	}
	stranger := d.stranger()
	b.post(http.StatusUnauthorized, "/sign-ins/"+stranger+"/give", url.Values{"name": {"Vic"}, "role": {"administrator"}, "setting": {"provider"}, "why": {"x"}}).says("Sign in again")
	b.open(http.StatusSeeOther, b.depart("/sign-in?again=1&to=/signed-in"))
	b.post(http.StatusSeeOther, at, keptBy(t, kept))
	d.stale()
	values.Set("role", "staff")
	values.Set("setting", strconv.FormatInt(d.Homes[sample.Supported], 10))
	b.post(http.StatusSeeOther, at, values)
}

// stranger is somebody whom nobody has given a role, by the number of their sign-in.
func (o *office) stranger() string {
	o.t.Helper()
	var id int64
	o.Scan(o.t, `insert into app.sign_in (answer, issuer, subject, name, outcome) values (sha256('stranger'), $1, 'stranger', 'Vic Visitor', 'no-role') returning id`, []any{o.service.Issuer()}, &id)
	o.Exec(o.t, `insert into app.group_role (provider_id, issuer, group_name, role, from_at, given_by, why) values ($1, $2, 'x', 'administrator', now(), 1, 'for the test')`,
		o.Actors["admin"].Provider, o.service.Issuer())
	return strconv.FormatInt(id, 10)
}

// A step-up from which somebody else comes back is refused, in words, and changes
// nothing for whoever is at work.
func TestStepUpOfSomebodyElse(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	out := b.open(http.StatusSeeOther, "/sign-in?again=1&to=/me/tokens/new").Header.Get("Location")
	d.service.Become(someone("staff"))
	b.open(http.StatusBadRequest, d.service.Answer(t, out).RequestURI()).says("You are not signed in", "Somebody else signed in than the person at work here")
	b.open(http.StatusOK, "/sign-ins")
}

// A program's token cannot show a fresh sign-in, whatever it asks for.
func TestTokensCannotShowAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tried := 0
	for _, r := range portal.Routes() {
		if !strings.HasPrefix(r.Path, "/api/") || !(access.Action{Name: r.Action}).Fresh() {
			continue
		}
		tried++
		for _, who := range []string{"staff", "manager", "admin", "service"} {
			before := w.refusals()
			a := w.ok(http.StatusForbidden, who, r.Method, strings.NewReplacer(":id", "1").Replace(r.Path), nil)
			if !strings.Contains(string(a.body), "which a token cannot show") || w.refusals() != before+1 {
				t.Errorf("%s %s as %s: %s; %d footprints", r.Method, r.Path, who, a.body, w.refusals()-before)
			}
		}
	}
	if tried == 0 {
		t.Error("nothing was tried")
	}
}

// Whose role asks for a second factor and who comes without is told what to do;
// and who is given such a role while they work is asked at their next request.
func TestSecondFactorIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDoorWith(t, func(o *login.Options) {
		o.SecondFactor = login.SecondFactor{Roles: []grants.Role{grants.RegisteredManager}}
	})
	b := d.browser()
	bare := someone("manager")
	d.service.Become(bare)
	a := b.open(http.StatusForbidden, b.depart("/sign-in"))
	a.says("You need a second step to sign in", "registered manager", "such as a code from your phone", askWhom)
	if !strings.Contains(string(a.body), "/sign-in?again=1") || b.cookies()[login.SessionCookie] != "" {
		t.Errorf("it does not lead to another sign-in, or makes a session: %v", b.cookies())
	}
	if d.acts("refused", "session.begun") != 1 {
		t.Error("no footprint of the refusal")
	}
	admin := d.browser()
	admin.enter(someone("admin"))
	admin.open(http.StatusOK, "/sign-ins").says("Turned away: no second step")
	bare.Methods = []string{"pwd", "otp"}
	b.enter(bare)
	// a role that comes while a session lasts
	c := d.browser()
	c.enter(someone("staff"))
	_, err := grants.Give(t.Context(), d.DB, d.Actors["admin"], grants.Giving{To: d.Actors["staff"].ID, Provider: d.Actors["staff"].Provider, Home: d.Homes[sample.ChildrensHome], Role: grants.RegisteredManager, Why: "for the test"})
	must(t, err)
	c.open(http.StatusUnauthorized, "/home").says("Sign in again, with a second step")
	c.open(http.StatusUnauthorized, "/me").says("such as a code from your phone")
	c.post(http.StatusUnauthorized, "/me/tokens/new", url.Values{"label": {"Kept words"}}).says("Kept words")
	two := someone("staff")
	two.Methods = []string{"mfa"}
	d.service.Become(two)
	c.open(http.StatusSeeOther, c.depart("/sign-in?again=1&to=/home"))
	c.open(http.StatusOK, "/home")
	c.post(http.StatusOK, "/sign-out", nil) // which nobody has to show anything for
}

// The sign-in service says by itself that somebody has left: their next request is
// a stranger's. A browser cannot say so, and neither can a token that is not good.
func TestBackChannel(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("manager"))
	other := d.browser()
	other.enter(someone("staff"))
	machine := d.browser() // which has no cookie
	raw := d.service.LogoutToken("sub-manager", "")
	machine.post(http.StatusForbidden, login.BackChannelPath, url.Values{"logout_token": {raw}}, "Sec-Fetch-Site", "cross-site")
	for name, values := range map[string]url.Values{"nothing": {}, "nonsense": {"logout_token": {"a.b.c"}}, "an empty one": {"logout_token": {""}}} {
		a := machine.post(http.StatusBadRequest, login.BackChannelPath, values)
		if got := string(a.body); got != `{"error":"invalid_request","error_description":"This log-out token cannot be taken."}` {
			t.Errorf("%s: %s", name, got)
		}
	}
	machine.ask(http.StatusBadRequest, http.MethodPost, login.BackChannelPath, rawOf("application/json", `{"logout_token":"`+raw+`"}`))
	b.open(http.StatusOK, "/home")
	if a := machine.post(http.StatusOK, login.BackChannelPath, url.Values{"logout_token": {raw}}); len(a.body) != 0 {
		t.Errorf("it answers %q", a.body)
	}
	b.open(http.StatusSeeOther, "/home")
	other.open(http.StatusOK, "/home")
	machine.post(http.StatusBadRequest, login.BackChannelPath, url.Values{"logout_token": {raw}})
}

func rawOf(kind, text string) raw { return raw{kind, strings.NewReader(text)} }

// The page that the sign-in service frames may be framed by it alone, and says the
// same whatever came of it.
func TestFrontChannel(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	who := someone("manager")
	who.Session = "there-1"
	b.enter(who)
	ask := func(sid string) answer {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+login.FrontChannelPath+"?"+url.Values{"iss": {d.service.Issuer()}, "sid": {sid}}.Encode(), nil)
		must(t, err)
		resp, err := d.server.Client().Do(r)
		must(t, err)
		defer resp.Body.Close()
		var text [100]byte
		n, _ := resp.Body.Read(text[:])
		return answer{resp, text[:n], t}
	}
	unknown := ask("there-2")
	b.open(http.StatusOK, "/home")
	known := ask("there-1")
	b.open(http.StatusSeeOther, "/home")
	if unknown.StatusCode != http.StatusOK || known.StatusCode != http.StatusOK || string(unknown.body) != string(known.body) {
		t.Errorf("%d %q and %d %q", unknown.StatusCode, unknown.body, known.StatusCode, known.body)
	}
	for name, want := range safe() {
		if name == "Content-Security-Policy" {
			want = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors " + d.service.Issuer()
		}
		if got := known.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Somebody sees where they are signed in, and ends all the others; whoever manages
// people signs somebody out everywhere.
func TestSessionsAreEnded(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	first, here, admin := d.browser(), d.browser(), d.browser()
	first.enter(someone("staff"))
	here.open(http.StatusOK, "/help")
	here.service.Become(someone("staff"))
	here.open(http.StatusSeeOther, here.depart("/sign-in"), "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	here.open(http.StatusOK, "/me").says("Firefox on Linux", "Not known", "End all the others")
	here.post(http.StatusSeeOther, "/me/sessions/end", nil)
	first.open(http.StatusSeeOther, "/home")
	here.open(http.StatusOK, "/me?done=sessions").says("All those sign-ins have ended")
	here.open(http.StatusOK, "/me").saysNot("End all the others")
	admin.enter(someone("admin"))
	at := fmt.Sprintf("/people/%d", d.Actors["staff"].ID)
	admin.open(http.StatusOK, at).says("Sign them out everywhere")
	admin.open(http.StatusOK, fmt.Sprintf("/people/%d", d.Actors["service"].ID)).saysNot("Sign them out everywhere")
	if to := admin.post(http.StatusSeeOther, at+"/sessions/end", nil).Header.Get("Location"); to != at+"?done=sessions" {
		t.Errorf("it leads to %s", to)
	}
	here.open(http.StatusSeeOther, "/home")
	if d.acts("done", "sessions.ended") != 1 {
		t.Error("no footprint")
	}
}
