package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/sample"
)

func (o *office) personPath(who string) string {
	return fmt.Sprintf("/people/%d", o.Actors[who].ID)
}

// heldBy is the role that somebody was given last.
func (o *office) heldBy(who string) int64 {
	o.t.Helper()
	var held int64
	o.Scan(o.t, `select max(id) from app.role_held where actor_id = $1`, []any{o.Actors[who].ID}, &held)
	return held
}

// leads fails unless the answer leads on to this page.
func (a answer) leads(to string) {
	a.t.Helper()
	if got := a.Header.Get("Location"); got != to {
		a.t.Errorf("leads to %q, want %q", got, to)
	}
}

// A stranger comes; the administrator sees what the service sent, gives them a
// role, and at their next sign-in they come in.
func TestAStrangerIsGivenARole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.as("admin").post(303, "/sign-ins/map", mapping("others", "staff", o.home(), "The team"))
	quiet := o.as("admin").get(200, "/home")
	quiet.says("Nothing needs you today", "What you look after", `href="/people"`)
	quiet.saysNot("has no role", "Nothing has been added yet")
	came := o.caller().signIn(someone("newcomer", "everybody"))
	if came.StatusCode != http.StatusForbidden {
		t.Fatalf("a stranger: %d", came.StatusCode)
	}
	came.says(askWhom, "Stranger newcomer")
	admin := o.as("admin")
	// the home page tells of it, and names nobody: only looking at the list is a look
	home := admin.get(200, "/home")
	home.says("One thing needs you", "Somebody signed in and has no role", `href="/sign-ins"`)
	home.saysNot("Stranger newcomer", "sub-newcomer")
	o.as("staff", "others").get(200, "/home").saysNot("has no role", "What you look after")
	looked := o.acts("done", "sign-ins.viewed")
	list := admin.get(200, "/sign-ins")
	list.says("Stranger newcomer", "newcomer@demo.example", "sub-newcomer", "everybody", "gives nothing", "Turned away: no role", o.service.Issuer())
	if o.acts("done", "sign-ins.viewed") != looked+1 {
		t.Error("looking at the sign-ins left no footprint")
	}
	var signIn int64
	o.Scan(t, `select id from app.sign_in where subject = 'sub-newcomer'`, nil, &signIn)
	give := fmt.Sprintf("/sign-ins/%d/give", signIn)
	list.says(give)
	admin.get(200, give).says(`value="Stranger newcomer"`, "newcomer@demo.example")

	form := role("staff", o.home(), "Joins the team")
	form.Set("name", "Nia Newcomer")
	form.Set("post", "Support worker")
	made := admin.post(303, give, form)
	var id int64
	var issuer, email string
	o.Scan(t, `select id, issuer, email from app.actor where subject = 'sub-newcomer'`, nil, &id, &issuer, &email)
	made.leads(fmt.Sprintf("/people/%d?done=person", id))
	if issuer != o.service.Issuer() || email != "newcomer@demo.example" {
		t.Errorf("made with issuer %q and e-mail %q", issuer, email)
	}
	if o.acts("done", "actor.added") == 0 || o.acts("done", "role.given") == 0 {
		t.Error("no footprint of it")
	}
	admin.get(200, made.Header.Get("Location")).says("Nia Newcomer", "Support worker", "Member of staff", "Larkfield House", "Joins the team", "comes in at their next sign-in")
	admin.get(200, "/sign-ins").saysNot(give)
	admin.get(200, "/home").says("Nothing needs you today")
	admin.post(404, give, form) // they are no stranger any more

	nia := o.as("newcomer")
	nia.get(200, "/me").says("Nia Newcomer", "Member of staff", "Larkfield House")
	nia.get(200, "/home")
	person := admin.get(200, fmt.Sprintf("/people/%d", id))
	person.says("Today, ", "The service now calls them", "Stranger newcomer")
	admin.get(200, "/people").says("Nia Newcomer", "Member of staff, Larkfield House")
}

// A role from a day to come, until a day; and ended, with the reason.
func TestARoleIsGivenAndEnded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin, person := o.as("admin"), o.personPath("staff2")
	day := clock.DayOf(time.Now()).Plus(40)
	form := role("inspector", o.home(), `Helps <script>"out"</script>`)
	for name, d := range map[string]clock.Day{"from": day, "until": day.Plus(3)} {
		form.Set(name+"-day", d.UTC().Format("2"))
		form.Set(name+"-month", d.UTC().Format("January"))
		form.Set(name+"-year", d.UTC().Format("2006"))
	}
	admin.post(303, person+"/roles/give", form).leads(person + "?done=role-given")
	var from, until time.Time
	held := o.heldBy("staff2")
	o.Scan(t, `select from_at, until_at from app.role_held where id = $1`, []any{held}, &from, &until)
	if !from.Equal(day.Start()) || !until.Equal(day.Plus(4).Start()) {
		t.Errorf("from %s until %s", from, until)
	}
	page := admin.get(200, person)
	page.says("Earlier and later", "From "+day.UTC().Format("2 January 2006"), "&lt;script&gt;")
	page.saysNot("<script>\"")

	end := fmt.Sprintf("%s/roles/%d/end", person, held)
	admin.get(200, end).says("Inspector", "Larkfield House", "It ends at once")
	admin.post(400, end, url.Values{"why": {" "}}).says("There is a problem", "Enter a reason.")
	admin.post(303, end, url.Values{"why": {"Not needed after all"}}).leads(person + "?done=role-ended")
	admin.get(200, person).says("Never began", "Ended by Alex Example", "Not needed after all")
	admin.post(404, end, url.Values{"why": {"again"}})
	if o.acts("done", "role.ended") != 1 || o.acts("done", "role.given") == 0 || o.acts("done", "person.viewed") == 0 {
		t.Error("footprints are missing")
	}

	// who is signed in sees nothing from the next page on
	staff := o.as("staff")
	admin.post(303, fmt.Sprintf("%s/roles/%d/end", o.personPath("staff"), o.heldBy("staff")), url.Values{"why": {"Leaves"}})
	staff.get(200, "/me").says("You hold no role now")
	admin.get(200, "/people").says("No role now")
}

// The last way to an administrator stays.
func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin, person := o.as("admin"), o.personPath("admin")
	end := fmt.Sprintf("%s/roles/%d/end", person, o.heldBy("admin"))
	admin.post(409, end, url.Values{"why": {"Leaves for <good>"}}).says("There is a problem", "without an administrator", "Leaves for &lt;good&gt;")
	admin.get(200, "/people")
	admin.post(303, o.personPath("manager")+"/roles/give", role("administrator", "provider", "Takes over"))
	admin.post(303, end, url.Values{"why": {"Leaves"}}).leads("/me?done=role-ended")
	admin.get(404, "/people")
}

// A group is mapped and gives its role; ending that says who loses what.
func TestAGroupIsMappedAndUnmapped(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.caller().signIn(someone("nia", "larch-staff", "night-shift"))
	o.caller().signIn(someone("pim", "larch-staff"))
	admin := o.as("admin")
	admin.get(200, "/sign-ins").says("No group of this service gives a role yet")
	admin.post(303, "/sign-ins/map", mapping("others", "inspector", o.home(), "The office"))
	var signIn int64
	o.Scan(t, `select id from app.sign_in where subject = 'sub-nia'`, nil, &signIn)
	admin.get(200, fmt.Sprintf("/sign-ins/map?sign-in=%d&group=0", signIn)).says(`<option value="larch-staff" selected>`, `<option value="night-shift">`)

	form := url.Values{"came": {"larch-staff"}, "group": {""}, "role": {"staff"}, "setting": {o.home()}, "why": {"The team"}}
	admin.post(303, "/sign-ins/map", form).leads("/sign-ins?done=mapped")
	admin.post(409, "/sign-ins/map", form).says("gives this role there already", `href="#came"`)
	admin.post(303, "/sign-ins/map", mapping("night-shift", "staff", o.home(), "Nights"))
	admin.get(200, "/sign-ins").says("larch-staff", "gives member of staff, Larkfield House", "The team", "Alex Example")

	o.as("nia", "larch-staff", "night-shift").get(200, "/home")
	o.as("pim", "larch-staff").get(200, "/home")
	var larch int64
	o.Scan(t, `select id from app.group_role where group_name = 'larch-staff'`, nil, &larch)
	end := fmt.Sprintf("/sign-ins/mappings/%d/end", larch)
	admin.get(200, end).says("One person stops being member of staff at Larkfield House at once: Stranger pim.", "Stranger nia keeps the role through another group.")
	admin.post(303, end, nil).leads("/sign-ins?done=unmapped")
	admin.post(404, end, nil)
	var pim, nia int
	for who, n := range map[string]*int{"sub-pim": &pim, "sub-nia": &nia} {
		o.Scan(t, `select count(*) from app.role_held h join app.actor a on a.id = h.actor_id where a.subject = $1 and h.until_at > now()`, []any{who}, n)
	}
	if pim != 0 || nia != 1 {
		t.Errorf("after it pim holds %d roles and nia %d", pim, nia)
	}
	if o.acts("done", "group-role.given") != 3 || o.acts("done", "group-role.ended") != 1 {
		t.Error("footprints are missing")
	}
	// a mapping of another sign-in service is told as what it is
	o.Exec(t, `insert into app.group_role (provider_id, issuer, group_name, role, home_id, from_at, given_by, why) values ($1, 'https://old.example.org', 'old-staff', 'staff', $2, now(), 1, 'before')`,
		o.Provider, o.Homes[sample.ChildrensHome])
	admin.get(200, "/sign-ins").says("old-staff", "Gives nothing now: it was made for another sign-in service", "https://old.example.org")
}

// A setting is added, and roles can be given there.
func TestASettingIsAdded(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.as("admin")
	admin.get(200, "/settings").says("Larkfield House", "Children’s home", "Residential family centre", "Supported accommodation", "8 people")
	admin.post(303, "/settings/add", url.Values{"name": {" Larch House "}, "kind": {"family-centre"}}).leads("/settings?done=setting")
	admin.get(200, "/settings?done=setting").says("Larch House", "The setting is added", "Nobody yet")
	if o.acts("done", "home.added") == 0 || o.acts("done", "settings.viewed") == 0 {
		t.Error("footprints are missing")
	}
	var home int64
	o.Scan(t, `select id from app.home where name = 'Larch House'`, nil, &home)
	admin.post(303, o.personPath("staff")+"/roles/give", role("manager", number(home), "Opens the house"))
	o.as("staff").get(200, "/me").says("Registered manager", "Larch House")
}

// Sessions and tokens are one's own to end.
func TestOnesOwnAccess(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	here, there := o.as("staff"), o.as("staff")
	mine := here.get(200, "/me")
	mine.says("This browser", "Larkfield House")
	var session int64
	o.Scan(t, `select max(id) from app.session where actor_id = $1`, []any{o.Actors["staff"].ID}, &session)
	end := fmt.Sprintf("/me/sessions/%d/end", session)
	mine.says(end)
	o.as("staff2").post(404, end, nil)
	here.post(303, end, nil).leads("/me?done=session")
	there.get(303, "/me")
	here.get(200, "/me").saysNot(end)
	here.post(404, end, nil)

	made := here.post(200, "/me/tokens/new", url.Values{"label": {"Rota <b>"}, "days": {"30"}})
	_, rest, _ := strings.Cut(mainOf(made), `app-hash">custodian_`)
	secret, _, _ := strings.Cut("custodian_"+rest, "<")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+"/api/v1/me", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+secret)
	status := func() int {
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := status(); got != 200 {
		t.Errorf("the token opens nothing: %d", got)
	}
	again := here.get(200, "/me")
	again.says("Rota &lt;b&gt;")
	again.saysNot(secret)
	var token int64
	o.Scan(t, `select max(id) from app.token where actor_id = $1`, []any{o.Actors["staff"].ID}, &token)
	revoke := fmt.Sprintf("/me/tokens/%d/revoke", token)
	o.as("staff2").post(404, revoke, nil)
	here.post(303, revoke, nil).leads("/me?done=token")
	if got := status(); got != 401 {
		t.Errorf("an ended token: %d", got)
	}
	if o.acts("done", "session.ended") == 0 || o.acts("done", "token.made") == 0 || o.acts("done", "token.revoked") != 1 {
		t.Error("footprints are missing")
	}
}
