package portal_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Whoever does not keep the whole provider's people finds none of these pages:
// the answer is the one that a record of nothing gets, byte for byte, nothing is
// changed, and the refusal leaves its footprint.
func TestOfficeRefusesOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.caller().signIn(someone("stranger", "larch-staff"))
	o.as("admin").post(303, "/sign-ins/map", mapping("larch-staff", "staff", o.home(), "The team"))
	o.caller().signIn(someone("other"))
	var given, signIn int64
	o.Scan(t, `select id from app.group_role`, nil, &given)
	o.Scan(t, `select max(id) from app.sign_in where provider_id is null`, nil, &signIn)
	person := o.personPath("staff2")
	fill := url.Values{"name": {"Larch House"}, "kind": {"family-centre"}, "role": {"staff"}, "setting": {o.home()}, "why": {"x"}, "came": {""}, "group": {"g"}}
	paths := []string{"/people", person, person + "/roles/give", fmt.Sprintf("%s/roles/%d/end", person, o.heldBy("staff2")), "/settings", "/settings/add", "/sign-ins", "/sign-ins/map",
		fmt.Sprintf("/sign-ins/mappings/%d/end", given), fmt.Sprintf("/sign-ins/%d/give", signIn)}
	count := func() string {
		var text string
		o.Scan(t, `select concat_ws(' ', (select count(*) from app.home), (select count(*) from app.actor), (select count(*) from app.role_held), (select count(*) from app.role_held where until_at > now()),
			(select count(*) from app.group_role where until_at > now()), (select count(*) from app.role_ending))`, nil, &text)
		return text
	}
	before := count()
	for _, who := range []string{"staff", "inspector", "front-door", "visitor-44", "manager", "auditor", "dpo"} {
		c, paths := o.as(who), paths
		if slices.Contains([]string{"manager", "auditor", "dpo"}, who) { // who see the people, and nothing of how they sign in
			paths = paths[4:]
		}
		nothing := c.get(404, "/records/999999999")
		for _, path := range paths {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if method == http.MethodPost && (path == "/people" || path == person || path == "/settings" || path == "/sign-ins") {
					continue // only looked at
				}
				refusals := o.refusals()
				a := c.must(404, method, path, fill)
				if !bytes.Equal(a.body, nothing.body) {
					t.Errorf("%s %s as %s: another page than that of a record of nothing", method, path, who)
				}
				if o.refusals() != refusals+1 {
					t.Errorf("%s %s as %s: %d footprints of refusals, want one", method, path, who, o.refusals()-refusals)
				}
			}
		}
		if a := c.get(200, "/home"); strings.Contains(string(a.body), `href="/people"`) && paths[0] == "/people" {
			t.Errorf("the menu of %s leads to the people", who)
		}
	}
	if after := count(); after != before {
		t.Errorf("refused acts left %s, before them %s", after, before)
	}
	nobody := o.caller()
	for _, path := range paths {
		nobody.get(303, path).leads("/sign-in?to=" + url.QueryEscape(path))
	}
}

// Another provider's people and mappings are not there, nor are numbers of nothing.
func TestOfficeOfAnotherProvider(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var other, person, given int64
	o.Exec(t, `insert into app.provider (name) values ('Another Care')`)
	o.Scan(t, `select max(id) from app.provider`, nil, &other)
	o.Exec(t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Somebody Else', 1)`, other)
	o.Scan(t, `select max(id) from app.actor`, nil, &person)
	o.Exec(t, `insert into app.group_role (provider_id, issuer, group_name, role, from_at, given_by, why) values ($1, $2, 'theirs', 'administrator', now(), 1, 'x')`, other, o.service.Issuer())
	o.Scan(t, `select max(id) from app.group_role`, nil, &given)
	admin := o.as("admin")
	for _, path := range []string{fmt.Sprintf("/people/%d", person), fmt.Sprintf("/people/%d/roles/give", person), fmt.Sprintf("/sign-ins/mappings/%d/end", given),
		"/people/1", "/people/0", "/people/x", "/people/99999999999999999999", o.personPath("staff") + "/roles/1/end",
		fmt.Sprintf("%s/roles/%d/end", o.personPath("staff"), o.heldBy("manager")), "/sign-ins/1/give", "/sign-ins/mappings/1/end"} {
		admin.get(404, path)
	}
	admin.post(404, fmt.Sprintf("/sign-ins/mappings/%d/end", given), nil)
	admin.get(200, "/people").saysNot("Somebody Else")
	admin.get(200, "/sign-ins").saysNot("theirs")
}

func (o *office) refusals() int {
	o.t.Helper()
	var n int
	o.Scan(o.t, `select count(*) from app.footprint where outcome = 'refused'`, nil, &n)
	return n
}

// Everything that can be wrong with a form is said in the summary and at its
// field, and nothing that was typed is lost.
func TestOfficeFormsRefuseBadInput(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.caller().signIn(someone("stranger", "everybody"))
	var signIn int64
	o.Scan(t, `select min(id) from app.sign_in`, nil, &signIn)
	admin := o.as("admin")
	admin.post(303, "/sign-ins/map", mapping("others", "staff", o.home(), "The team"))
	person := o.personPath("staff2") + "/roles/give"
	give := fmt.Sprintf("/sign-ins/%d/give", signIn)
	day := func(name, d, m, y string) url.Values {
		return url.Values{name + "-day": {d}, name + "-month": {m}, name + "-year": {y}}
	}
	long := strings.Repeat("long", 51)
	for _, try := range []struct {
		path   string
		base   url.Values
		change url.Values
		field  string
		says   string
	}{
		{"/settings/add", url.Values{"kind": {"family-centre"}}, url.Values{"name": {""}}, "name", "Enter a name."},
		{"/settings/add", url.Values{"kind": {"family-centre"}}, url.Values{"name": {long}}, "name", "has 204 letters"},
		{"/settings/add", url.Values{"kind": {"family-centre"}}, url.Values{"name": {"Larch\u202eHouse"}}, "name", "cannot be seen"},
		{"/settings/add", url.Values{"kind": {"family-centre"}}, url.Values{"name": {"LARKFIELD house"}}, "name", "of this name already"},
		{"/settings/add", url.Values{"name": {"Larch <House>"}}, url.Values{}, "kind", "Choose what kind"},
		{"/settings/add", url.Values{"name": {"Larch <House>"}}, url.Values{"kind": {"prison"}}, "kind", "Choose what kind"},
		{person, role("staff", o.home(), "x <y>"), url.Values{"role": {""}}, "role", "Choose a role."},
		{person, role("staff", o.home(), "x <y>"), url.Values{"role": {"king"}}, "role", "Choose a role."},
		{person, role("staff", o.home(), "x <y>"), url.Values{"role": {"administrator"}}, "setting", "for the whole provider"},
		{person, role("staff", o.home(), "x <y>"), url.Values{"setting": {"provider"}}, "setting", "Choose which"},
		{person, role("staff", o.home(), "x <y>"), url.Values{"setting": {"1"}}, "setting", "no such setting"},
		{person, role("staff", o.home(), "x <y>"), url.Values{"setting": {"x"}}, "setting", "no such setting"},
		{person, role("staff", o.home(), "x <y>"), url.Values{"why": {"  "}}, "why", "Enter a reason."},
		{person, role("staff", o.home(), "x <y>"), url.Values{}, "role", "has this role there already"},
		{person, role("inspector", o.home(), "x <y>"), day("from", "1", "1", "2020"), "from-day", "begins today or later"},
		{person, role("inspector", o.home(), "x <y>"), day("from", "31", "2", "2099"), "from-day", "There is no 31 February 2099"},
		{person, role("inspector", o.home(), "x <y>"), day("until", "1", "1", "2020"), "until-day", "lies before the first"},
		{person, role("inspector", o.home(), "x <y>"), day("until", "", "1", "2020"), "until-day", "Enter the day of the last day"},
		{give, role("staff", o.home(), "x <y>"), url.Values{"name": {""}}, "name", "Enter a name."},
		{give, role("staff", o.home(), "x <y>"), url.Values{"name": {"Nia"}, "post": {long}}, "post", "has 204 letters"},
		{give, role("staff", o.home(), "x <y>"), url.Values{"name": {"Nia"}, "setting": {"provider"}}, "setting", "Choose which"},
		{"/sign-ins/map", mapping("", "staff", o.home(), "x <y>"), url.Values{}, "group", "Enter a group."},
		{"/sign-ins/map", mapping("b", "staff", o.home(), "x <y>"), url.Values{"came": {"everybody"}}, "group", "You chose a group and named another"},
		{"/sign-ins/map", mapping("b", "staff", o.home(), "x <y>"), url.Values{"why": {""}}, "why", "Enter a reason."},
		{"/sign-ins/map", mapping("b", "inspector", "provider", "x <y>"), url.Values{}, "setting", "Choose which"},
		{"/me/tokens/new", url.Values{"days": {"3"}}, url.Values{"label": {""}}, "label", "Enter a label."},
		{"/me/tokens/new", url.Values{"label": {"x <y>"}}, url.Values{"days": {"400"}}, "days", "from 1 to 366"},
		{"/me/tokens/new", url.Values{"label": {"x <y>"}}, url.Values{"days": {"many"}}, "days", "from 1 to 366"},
	} {
		sent := url.Values{}
		for _, from := range []url.Values{try.base, try.change} {
			for name, v := range from {
				sent[name] = v
			}
		}
		a := admin.send(http.MethodPost, try.path, sent)
		if a.StatusCode != 400 && a.StatusCode != 409 {
			t.Errorf("%s with %v: %d", try.path, sent, a.StatusCode)
			continue
		}
		a.says("There is a problem", `<a href="#`+try.field+`">`, try.says)
		if strings.Count(mainOf(a), try.says) < 2 {
			t.Errorf("%s with %v says %q in one place only", try.path, sent, try.says)
		}
		if v := sent.Get("why"); v == "x <y>" {
			a.says("x &lt;y&gt;</textarea>")
		}
		if r := sent.Get("role"); r == "inspector" || r == "staff" {
			a.says(`value="` + r + `" checked`)
		}
		if d := sent.Get("until-year"); d != "" {
			a.says(`name="until-year" type="text" inputmode="numeric" value="` + d + `"`)
		}
		if !strings.Contains(string(a.body), "<title>Error: ") {
			t.Error("the title does not say that there is an error")
		}
	}
	for _, path := range []string{"/settings/add", person, give, "/sign-ins/map", "/me/tokens/new"} {
		a := admin.send(http.MethodPost, path, url.Values{"why": {strings.Repeat("a", 300<<10)}})
		if a.StatusCode != 413 {
			t.Errorf("%s with a very long text: %d", path, a.StatusCode)
		}
	}
	// a session that ended in the middle of it: what was typed is to be seen, and sent again
	o.Exec(t, `update app.session set ended_at = clock_timestamp() where ended_at = 'infinity'`)
	again := admin.post(401, "/settings/add", url.Values{"name": {"Larch <House>"}, "kind": {"family-centre"}})
	again.says(`<dd>Larch &lt;House&gt;</dd>`, `value="Larch &lt;House&gt;"`, `action="/settings/add"`)
}
