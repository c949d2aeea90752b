package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"custodian/internal/login"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

func (o *office) feed() *feed {
	o.t.Helper()
	return newFeed(o.t, o.Database, o.url, o.service.Issuer(), o.Actors["admin"])
}

// library is the page of a setting's policies.
func (o *office) library(home string) string {
	return fmt.Sprintf("/records/%d", o.Records["Policies of "+home])
}

func (o *office) maps(group, role, home string) {
	o.t.Helper()
	where := ""
	if home != "" {
		where = number(o.Homes[home])
	}
	o.as("admin").post(303, "/sign-ins/map", mapping(group, role, where, "for the test"))
}

// A joiner, a mover and a leaver, from the page on which the directory's token is made
// to the page on which their access on a day still stands.
func TestJoinerMoverLeaver(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.as("admin")
	o.maps("team-larkfield", "staff", sample.ChildrensHome)
	o.maps("team-bramble", "staff", sample.FamilyCentre)
	admin.get(200, "/settings").says("Directory service")
	admin.get(200, "/settings/directory").says("There is none yet", o.url+"/scim/v2", "externalId")
	made := admin.post(200, "/settings/directory/tokens/new", url.Values{"label": {"Example directory"}, "days": {"365"}})
	token := regexp.MustCompile(`custodian_scim_[\w-]{43}`).FindString(mainOf(made))
	f := &feed{t, o.Database, o.url, o.service.Issuer(), token}

	// joins: holds their role before they ever came, and works at once
	nia := f.user("Nia Newcomer", "sub-joiner")
	larkfield, bramble := f.group("team-larkfield", nia), f.group("team-bramble")
	if got := f.holds("sub-joiner"); got != "staff Larkfield House" {
		t.Fatalf("before the first sign-in they hold %q", got)
	}
	come := func() answer {
		c := o.caller()
		a := c.signIn(someone("joiner"))
		a.Request.Header.Set("Cookie", login.SessionCookie+"="+c.cookies[login.SessionCookie])
		return a
	}
	c := o.caller()
	if a := c.signIn(someone("joiner")); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("they cannot come in: %d %s", a.StatusCode, mainOf(a))
	}
	c.get(200, o.library(sample.ChildrensHome))
	secret := regexp.MustCompile(`custodian_[\w-]{43}`).FindString(mainOf(c.post(200, "/me/tokens/new", url.Values{"label": {"export"}, "days": {"30"}})))
	api := func(want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+"/api/v1/me", nil)
		must(t, err)
		r.Header.Set("Authorization", "Bearer "+secret)
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		if resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("their API token is answered with %d, want %d", resp.StatusCode, want)
		}
	}
	api(200)

	// moves: at the next request the one is closed to them, and the other open
	f.patch("/Groups/"+larkfield, `[{"op":"remove","path":"members[value eq \"`+nia+`\"]"}]`)
	f.patch("/Groups/"+bramble, `[{"op":"Add","path":"members","value":[{"value":"`+nia+`"}]}]`)
	c.get(404, o.library(sample.ChildrensHome))
	c.get(200, o.library(sample.FamilyCentre))

	// leaves: session and token are dead, and the sign-in service cannot bring them back
	f.patch("/Users/"+nia, `[{"op":"Replace","path":"active","value":"False"}]`)
	if a := c.get(303, o.library(sample.FamilyCentre)); !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
		t.Errorf("after leaving they are led to %s", a.Header.Get("Location"))
	}
	api(401)
	if a := come(); a.StatusCode != http.StatusForbidden {
		t.Errorf("after leaving they sign in: %d", a.StatusCode)
	}
	if got := f.holds("sub-joiner"); got != "" {
		t.Errorf("after leaving they hold %q", got)
	}
	var actor int64
	o.Scan(t, `select id from app.actor where subject = 'sub-joiner'`, nil, &actor)
	admin.get(200, fmt.Sprintf("/people/%d", actor)).says("Larkfield House", "Bramble Court", "Left, as the directory service says")
	var then int
	o.Scan(t, `select count(*) from app.grants where actor_id = $1 and valid_from < valid_until and valid_until < now()`, []any{actor}, &then)
	if then < 2 {
		t.Errorf("of what they could see then, %d grants tell", then)
	}

	// comes back: a joiner again, with nothing of before
	f.patch("/Users/"+nia, `[{"op":"Replace","path":"active","value":"True"}]`)
	if got := f.holds("sub-joiner"); got != "staff Bramble Court" {
		t.Errorf("coming back they hold %q", got)
	}
	c.get(303, "/home")
	api(401)
	if a := come(); a.StatusCode != http.StatusSeeOther {
		t.Errorf("coming back they cannot sign in: %d", a.StatusCode)
	}
	f.must(204, http.MethodDelete, "/Users/"+nia, nil)
	if a := come(); a.StatusCode != http.StatusForbidden || f.holds("sub-joiner") != "" {
		t.Errorf("deleted, they sign in: %d", a.StatusCode)
	}
	admin.get(200, "/settings/directory").says("Example directory", "team-larkfield", "Have left", "One person")

	// the organisation gives its directory up: sign-ins alone count again
	var id int64
	o.Scan(t, `select id from app.scim_token`, nil, &id)
	admin.post(409, "/settings/directory/stop", url.Values{"why": {"Another directory"}})
	admin.get(200, fmt.Sprintf("/settings/directory/tokens/%d/end", id)).says("Example directory")
	admin.post(303, fmt.Sprintf("/settings/directory/tokens/%d/end", id), nil)
	admin.get(404, fmt.Sprintf("/settings/directory/tokens/%d/end", id))
	f.must(401, http.MethodGet, "/Users", nil)
	admin.post(400, "/settings/directory/stop", url.Values{"why": {""}}).says("Enter a reason")
	admin.post(303, "/settings/directory/stop", url.Values{"why": {"Another directory"}})
	admin.get(200, "/settings/directory").says("Not followed since")
	if a := o.caller().signIn(someone("joiner", "team-larkfield")); a.StatusCode != http.StatusSeeOther || f.holds("sub-joiner") != "staff Larkfield House" {
		t.Errorf("without a directory they hold %q: %d", f.holds("sub-joiner"), a.StatusCode)
	}

	// and takes it up again: it counts from when it says something, were it the same
	again := o.feed()
	lee := again.user("Lee Leaver", "sub-lee")
	again.patch("/Users/"+lee, `[{"op":"replace","path":"active","value":false}]`)
	o.Scan(t, `select id from app.scim_token order by id desc limit 1`, nil, &id)
	admin.post(303, fmt.Sprintf("/settings/directory/tokens/%d/end", id), nil)
	admin.post(303, "/settings/directory/stop", url.Values{"why": {"For a day"}})
	o.as("lee", "team-larkfield")
	o.feed().patch("/Users/"+lee, `[{"op":"replace","path":"active","value":false}]`)
	if got := f.holds("sub-lee"); got != "" {
		t.Errorf("followed again, a leaver holds %q", got)
	}
}

// The directory decides about the groups that it tells of, and the sign-in about the
// rest, whichever spoke first.
func TestDirectoryAndSignInDoNotFight(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.maps("told", "staff", sample.ChildrensHome)
	o.maps("untold", "staff", sample.FamilyCentre)
	f := o.feed()
	enter := func(subject string, groups ...string) {
		t.Helper()
		o.caller().signIn(oidctest.Person{Subject: subject, Name: "Somebody", Groups: groups})
	}
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"the sign-in sends both", func() { enter("sub-x", "told", "untold") }, "staff Bramble Court, staff Larkfield House"},
		{"the directory tells of one group, and of nobody", func() { f.group("told") }, "staff Bramble Court, staff Larkfield House"},
		{"and of the person, who is not in it", func() { f.user("Somebody", "sub-x") }, "staff Bramble Court"},
		{"the sign-in says again that they are", func() { enter("sub-x", "told", "untold") }, "staff Bramble Court"},
		{"the directory says that they are", func() {
			f.patch("/Groups/"+f.find("/Groups", "told"), `[{"op":"add","path":"members","value":[{"value":"`+f.find("/Users", "Somebody")+`"}]}]`)
		}, "staff Bramble Court, staff Larkfield House"},
		{"the sign-in sends neither", func() { enter("sub-x") }, "staff Larkfield House"},
		{"the directory gives the group up", func() {
			f.must(204, http.MethodDelete, "/Groups/"+f.find("/Groups", "told"), nil)
		}, ""},
		{"and the next sign-in sends it", func() { enter("sub-x", "told") }, "staff Larkfield House"},
		{"the directory calls them inactive", func() {
			f.patch("/Users/"+f.find("/Users", "Somebody"), `[{"op":"replace","value":{"active":false}}]`)
		}, ""},
		{"the sign-in sends it again", func() { enter("sub-x", "told", "untold") }, ""},
		{"the directory takes them back: what the last sign-in sent counts", func() {
			f.patch("/Users/"+f.find("/Users", "Somebody"), `[{"op":"replace","value":{"active":true}}]`)
		}, "staff Bramble Court, staff Larkfield House"},
	} {
		step.do()
		if got := f.holds("sub-x"); got != step.want {
			t.Errorf("%s: they hold %q, want %q", step.name, got, step.want)
		}
	}
	// the directory first: a person who never came is known and holds nothing, until a sign-in brings a group of the rest
	f.user("Nobody Yet", "sub-y")
	var known int
	o.Scan(t, `select count(*) from app.actor where subject = 'sub-y'`, nil, &known)
	enter("sub-y", "untold")
	if got := f.holds("sub-y"); known != 0 || got != "staff Bramble Court" {
		t.Errorf("made %d times before, they hold %q", known, got)
	}
	// whom it does not tell of, it has no say in
	enter("sub-z", "told")
	if got := f.holds("sub-z"); got != "staff Larkfield House" {
		t.Errorf("unknown to the directory, they hold %q", got)
	}
	// a mapping that ends takes the role also from those who never signed in
	p := f.user("Never Came", "sub-never")
	f.group("told", p)
	var m int64
	o.Scan(t, `select id from app.group_role where group_name = 'told' and until_at > now()`, nil, &m)
	if f.holds("sub-never") == "" {
		t.Error("who never came holds nothing")
	}
	o.as("admin").post(303, fmt.Sprintf("/sign-ins/mappings/%d/end", m), nil)
	if f.holds("sub-never") != "" {
		t.Error("the role outlived its mapping")
	}
}

// find gives the id of what is called so.
func (f *feed) find(path, name string) string {
	f.t.Helper()
	var v struct{ Resources []struct{ ID string } }
	f.must(200, http.MethodGet, path+"?filter="+url.QueryEscape(`displayName eq "`+name+`"`), nil).of(&v)
	if len(v.Resources) != 1 {
		f.t.Fatalf("%d are called %s", len(v.Resources), name)
	}
	return v.Resources[0].ID
}

// Whatever a directory says, the last administrator stays, and nothing of such a
// request is done.
func TestDirectoryCannotLockTheLastAdministratorOut(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.maps("admins", "administrator", "")
	f := o.feed()
	alex := f.user("Alex Example", "sub-admin")
	session := o.as("admin")
	refused := func(method, path string, body any) {
		t.Helper()
		before := o.count("app.scim_user_said") + o.count("app.scim_group_said") + o.count("app.scim_member")
		h := f.must(409, method, path, body)
		if !strings.Contains(h.body, "without an administrator") {
			t.Errorf("%s %s: %s", method, path, h.body)
		}
		if o.count("app.scim_user_said")+o.count("app.scim_group_said")+o.count("app.scim_member") != before {
			t.Errorf("%s %s was half done", method, path)
		}
	}
	inactive := patchOf(`[{"op":"Replace","path":"active","value":"False"}]`)
	refused(http.MethodPatch, "/Users/"+alex, inactive)
	refused(http.MethodDelete, "/Users/"+alex, nil)
	refused(http.MethodPut, "/Users/"+alex, `{"userName":"alex.example@demo.example","externalId":"sub-admin","active":false}`)
	session.get(200, "/settings")
	// another is there: now they may go, and the other may not
	second := f.user("Second Example", "sub-second")
	admins := f.group("admins", second)
	f.must(200, http.MethodPatch, "/Users/"+alex, inactive)
	session.get(303, "/settings")
	refused(http.MethodPatch, "/Groups/"+admins, patchOf(`[{"op":"remove","path":"members[value eq \"`+second+`\"]"}]`))
	refused(http.MethodPatch, "/Groups/"+admins, patchOf(`[{"op":"replace","path":"displayName","value":"others"}]`))
	refused(http.MethodPut, "/Groups/"+admins, `{"displayName":"admins","members":[]}`)
	refused(http.MethodDelete, "/Groups/"+admins, nil)
	refused(http.MethodDelete, "/Users/"+second, nil)
	if f.holds("sub-second") != "administrator everywhere" {
		t.Errorf("the last administrator holds %q", f.holds("sub-second"))
	}
	// by hand and by mapping neither
	c := o.caller()
	c.signIn(oidctest.Person{Subject: "sub-second", Name: "Second Example"})
	var actor, held, m int64
	o.Scan(t, `select h.actor_id, h.id, h.group_role_id from app.role_held h join app.actor a on a.id = h.actor_id where a.subject = 'sub-second' and h.until_at > now()`, nil, &actor, &held, &m)
	c.post(409, fmt.Sprintf("/people/%d/roles/%d/end", actor, held), url.Values{"why": {"for the test"}}).says("without an administrator")
	c.post(409, fmt.Sprintf("/sign-ins/mappings/%d/end", m), nil).says("without an administrator")
	c.get(200, "/settings")
}

func (o *office) count(from string) (n int) {
	o.t.Helper()
	o.Scan(o.t, "select count(*) from "+from, nil, &n)
	return n
}

// The last administrator signs in, and no group of theirs gives the role: they keep
// it, and the settings say so until there is another.
func TestSignInKeepsTheLastAdministrator(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.maps("admins", "administrator", "")
	o.as("second", "admins")
	// the planted administrator goes, and the second is alone
	f := o.feed()
	f.must(201, http.MethodPost, "/Users", strings.Replace(userOf("Alex Example", "sub-admin"), `"active":true`, `"active":false`, 1))
	alone := o.as("second")
	alone.get(200, "/settings").says("Your only administrator is in no group that makes one", "Stranger second")
	if n := o.acts("done", "role.kept"); n != 1 {
		t.Errorf("%d footprints of a role that was kept", n)
	}
	o.as("third", "admins")
	if a := o.caller().signIn(someone("second")); a.StatusCode != http.StatusForbidden {
		t.Errorf("with another there, the role is still kept: %d", a.StatusCode)
	}
	o.as("third", "admins").get(200, "/settings").saysNot("Your only administrator")
}
