package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/internal/scim"
	"custodian/portal"
)

// What is sent that is wrong: a status, SCIM's word for it, and nothing done.
func TestDirectoryBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed()
	id, group := f.user("Nia Newcomer", "sub-nia"), f.group("larkfield-staff")
	user, members := "/Users/"+id, "/Groups/"+group
	census := func() (n int) {
		w.Scan(t, `select (select count(*) from app.scim_user_said) + (select count(*) from app.scim_group_said) + (select count(*) from app.scim_member) + (select count(*) from app.actor)`, nil, &n)
		return n
	}
	before := census()
	deep := strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000)
	list := func(path, query string) [3]string { return [3]string{http.MethodGet, path + "?" + query, ""} }
	for _, c := range []struct {
		request [3]string // method, address, body
		status  int
		word    string
	}{
		{[3]string{"POST", "/Users", ``}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", `{`}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", `[]`}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", `"x"`}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", `{} {}`}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", `{"userName":"a","USERNAME":"b","externalId":"x"}`}, 400, "invalidSyntax"},
		{[3]string{"POST", "/Users", deep}, 400, "tooMany"},
		{[3]string{"POST", "/Users", `{"a":[` + strings.Repeat("1,", 40_000) + `1]}`}, 400, "tooMany"},
		{[3]string{"POST", "/Users", `{"userName":"` + strings.Repeat("a", 1<<20) + `"}`}, 413, ""},
		{[3]string{"POST", "/Users", `{"externalId":"x"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"new@demo.example"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":7,"externalId":"x"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":{"a":{"b":1}},"externalId":"x"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"a","externalId":"x","active":"perhaps"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"a","externalId":"x","name":"y"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"a\u202eb","externalId":"x"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"a","externalId":"` + strings.Repeat("é", 256) + `"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", `{"userName":"a\u0000","externalId":"x"}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Users", userOf("NIA newcomer", "sub-other")}, 409, "uniqueness"},
		{[3]string{"POST", "/Users", userOf("Another Name", "sub-nia")}, 409, "uniqueness"},
		{[3]string{"POST", "/Groups", `{"displayName":"Larkfield-STAFF"}`}, 409, "uniqueness"},
		{[3]string{"POST", "/Groups", `{"members":[]}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Groups", `{"displayName":"g","members":[{"value":"999999"}]}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Groups", `{"displayName":"g","members":[{"value":"` + group + `","type":"Group"}]}`}, 400, "invalidValue"},
		{[3]string{"POST", "/Groups", `{"displayName":"g","members":[7]}`}, 400, "invalidValue"},
		{[3]string{"PUT", user, `{"userName":"nia@demo.example","externalId":"sub-other"}`}, 400, "mutability"},
		{[3]string{"PUT", user, `{"userName":"nia@demo.example"}`}, 400, "mutability"},
		{[3]string{"PATCH", user, `{"Operations":[{"op":"add","path":"` + strings.Repeat("a[", 500_000) + `","value":1}]}`}, 400, "invalidPath"},
		{[3]string{"PATCH", user, `{}`}, 400, "invalidSyntax"},
		{[3]string{"PATCH", user, patchOf(`[]`)}, 400, "invalidSyntax"},
		{[3]string{"PATCH", user, patchOf(`[7]`)}, 400, "invalidSyntax"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"move","path":"a"}]`)}, 400, "invalidSyntax"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"remove"}]`)}, 400, "noTarget"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":"name..x","value":1}]`)}, 400, "invalidPath"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":7,"value":1}]`)}, 400, "invalidPath"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","value":"x"}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":"active","value":null}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"remove","path":"active"}]`)}, 400, "mutability"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":"externalId","value":"sub-other"}]`)}, 400, "mutability"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":"userName","value":""}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", user, patchOf(`[` + strings.Repeat(`{"op":"add","path":"x","value":1},`, 1000) + `{"op":"add","path":"x","value":1}]`)}, 400, "tooMany"},
		{[3]string{"PATCH", user, patchOf(`[{"op":"replace","path":"title","value":"kept?"},{"op":"replace","path":"active","value":"x"}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", members, patchOf(`[{"op":"add","path":"members[value eq \"1\"]","value":"x"}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", members, patchOf(`[{"op":"remove","path":"members[display eq \"x\"]"}]`)}, 400, "invalidPath"},
		{[3]string{"PATCH", members, patchOf(`[{"op":"add","path":"members","value":[{"value":"-1"}]}]`)}, 400, "invalidValue"},
		{[3]string{"PATCH", members, patchOf(`[{"op":"remove","path":"displayName"}]`)}, 400, "invalidValue"},
		{list("/Users", "filter=userName+co+%22a%22"), 400, "invalidFilter"},
		{list("/Users", "filter=title+eq+%22a%22"), 400, "invalidFilter"},
		{list("/Users", "filter=userName+eq+7"), 400, "invalidFilter"},
		{list("/Users", "filter=userName+eq+%22a%22+or+id+eq+%22b%22"), 400, "invalidFilter"},
		{list("/Users", "filter=userName+eq+%22a%22+and+userName+eq+%22b%22"), 400, "invalidFilter"},
		{list("/Users", "filter="+strings.Repeat("a", 2000)), 400, "invalidFilter"},
		{list("/Users", "startIndex=x"), 400, "invalidValue"},
		{list("/Groups", "count=1.5"), 400, "invalidValue"},
		{[3]string{"GET", "/Users/x", ""}, 404, ""},
		{[3]string{"GET", "/Users/0" + id, ""}, 404, ""},
		{[3]string{"GET", "/Users/99999999999999999999", ""}, 404, ""},
		{[3]string{"GET", "/Users/" + group, ""}, 404, ""},
		{[3]string{"GET", "/Groups/" + id, ""}, 404, ""},
		{[3]string{"GET", "/Schemas/x", ""}, 404, ""},
		{[3]string{"GET", "/Me", ""}, 404, ""},
		{[3]string{"POST", "/Bulk", "{}"}, 404, ""},
		{[3]string{"PUT", "/Users", "{}"}, 405, ""},
	} {
		var body any
		if c.request[2] != "" || c.request[0] != "GET" {
			body = c.request[2]
		}
		h := f.tell(c.request[0], c.request[1], body)
		var said struct {
			Schemas          []string
			Status, ScimType string
			Detail           string
		}
		name := c.request[0] + " " + c.request[1] + " " + c.request[2][:min(len(c.request[2]), 90)]
		if h.of(&said); h.status != c.status || said.ScimType != c.word || said.Status != fmt.Sprint(c.status) || said.Detail == "" || len(said.Schemas) != 1 || !strings.HasSuffix(said.Schemas[0], ":Error") {
			t.Errorf("%s: %d %s, want %d %q", name, h.status, h.body, c.status, c.word)
		}
	}
	if n := census(); n != before {
		t.Errorf("%d rows are more than before", n-before)
	}
	if h := f.tell(http.MethodPost, "/Users", userOf("A B", "x"), "Content-Type", "text/plain"); h.status != 400 {
		t.Errorf("a text is taken: %d", h.status)
	}
	for query, want := range map[string][3]int{"startIndex=0&count=-4": {1, 0, 1}, "startIndex=5&count=100000": {5, 0, 1}, "count=1": {1, 1, 1}, "startIndex=999999999999": {0, 0, 0}} {
		h := f.tell(http.MethodGet, "/Users?"+query, nil)
		var v struct{ StartIndex, ItemsPerPage, TotalResults int }
		if h.of(&v); h.status == 200 && [3]int{v.StartIndex, v.ItemsPerPage, v.TotalResults} != want && want[2] != 0 {
			t.Errorf("%s: %+v, want %v", query, v, want)
		}
	}
}

// A page from the middle of a list, and the whole list by pages.
func TestDirectoryListIsPaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed()
	for i := range 7 {
		f.user(fmt.Sprintf("Person %d", i), fmt.Sprintf("sub-%d", i))
	}
	seen := map[string]bool{}
	for start := 1; start <= 7; start += 3 {
		var v struct {
			TotalResults, ItemsPerPage int
			Resources                  []struct{ ID string }
		}
		f.must(200, http.MethodGet, fmt.Sprintf("/Users?startIndex=%d&count=3", start), nil).of(&v)
		if v.TotalResults != 7 || v.ItemsPerPage != len(v.Resources) {
			t.Errorf("from %d: %+v", start, v)
		}
		for _, r := range v.Resources {
			seen[r.ID] = true
		}
	}
	if len(seen) != 7 {
		t.Errorf("by pages %d are seen", len(seen))
	}
}

// A directory's token opens nothing but its own addresses, and nothing else opens
// those: over the whole table of routes.
func TestDirectoryTokenOpensNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed()
	s := w.scene("")
	ask := func(method, path string, header ...string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+path, nil)
		must(t, err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	n := 0
	for _, r := range portal.Routes() {
		if r.Action == access.Public.Name {
			continue
		}
		path, _ := s.right(r)
		if got := ask(r.Method, path, "Authorization", "Bearer "+f.token); got != http.StatusUnauthorized {
			t.Errorf("%s %s answers a directory's token with %d", r.Method, r.Path, got)
		}
		n++
	}
	for _, r := range portal.PageRoutes() {
		if r.Action == access.Public.Name {
			continue
		}
		path := strings.NewReplacer(":id", "1000", ":n", "1", ":role", "1000", ":file", "1000").Replace(r.Path)
		want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusSeeOther}[r.Method == http.MethodPost]
		for _, header := range [][]string{{"Authorization", "Bearer " + f.token}, {"Cookie", login.SessionCookie + "=" + f.token}} {
			if got := ask(r.Method, path, append(header, "Content-Type", "application/x-www-form-urlencoded")...); got != want {
				t.Errorf("%s %s answers a directory's token with %d", r.Method, r.Path, got)
			}
		}
		n++
	}
	if n < 60 {
		t.Fatalf("only %d routes were asked", n)
	}
	said := map[string]bool{}
	for _, r := range portal.DirectoryRoutes() {
		path := strings.Replace(r.Path, ":id", "1000", 1)
		for who, header := range map[string][]string{
			"nobody": nil, "an administrator's API token": {"Authorization", "Bearer " + w.token("admin")}, "a service account's": {"Authorization", "Bearer " + w.token("service")},
			"an administrator's session": {"Cookie", login.SessionCookie + "=" + w.session("admin")}, "another prefix": {"Authorization", "Bearer custodian_" + strings.TrimPrefix(f.token, "custodian_scim_")},
			"an unknown one": {"Authorization", "Bearer " + f.token[:len(f.token)-4] + "AAAA"}, "a very long one": {"Authorization", "Bearer custodian_scim_" + strings.Repeat("a", 1000)},
		} {
			if got := ask(r.Method, path, header...); got != http.StatusUnauthorized {
				t.Errorf("%s %s answers %s with %d", r.Method, r.Path, who, got)
			}
		}
		h := (&feed{t: t, at: w.url, token: "x"}).tell(r.Method, strings.TrimPrefix(path, scim.Path), nil)
		said[h.body] = true
		if h.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s %s does not say how to sign in", r.Method, r.Path)
		}
	}
	if len(said) != 1 {
		t.Errorf("strangers are answered in %d ways", len(said))
	}
	// what the account holds sees no record, and its role is what it works by
	var account int64
	w.Scan(t, `select actor_id from app.scim_token`, nil, &account)
	as := access.Actor{ID: access.ActorID(account), Kind: access.Service, Provider: w.Provider}
	for _, k := range access.RecordKinds() {
		found, err := people.Records(t.Context(), w.DB, as, k, 0, 10)
		if err != nil || len(found) != 0 {
			t.Errorf("a directory sees %d records: %v", len(found), err)
		}
	}
	var held int64
	w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{account}, &held)
	f.must(200, http.MethodGet, "/Users", nil)
	must(t, grants.End(t.Context(), w.DB, w.Actors["admin"], held))
	f.must(401, http.MethodGet, "/Users", nil)
}

// Two organisations on one installation: what is the other's is not there, in the
// same bytes, and nothing that one says reaches the other.
func TestDirectoriesOfTwoOrganisations(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.maps("ours", "staff", sample.ChildrensHome)
	f := o.feed()
	_, err := membership.Found(t.Context(), o.DB, membership.Founding{Name: "Sample Homes", Issuer: o.service.Issuer(), Administrators: "sample-admins", Another: true})
	must(t, err)
	o.as("other", "sample-admins")
	other := access.Actor{Kind: access.Person}
	o.Scan(t, `select id, provider_id from app.actor where subject = 'sub-other'`, nil, &other.ID, &other.Provider)
	g := newFeed(t, o.Database, o.url, o.service.Issuer(), other)
	nia := f.user("Nia Newcomer", "sub-nia")
	ours := f.group("ours", nia)
	c := o.caller()
	c.signIn(oidctest.Person{Subject: "sub-nia", Name: "Nia"})
	c.get(200, "/home")
	for _, kind := range []string{"/Users/" + nia, "/Groups/" + ours} {
		for method, body := range map[string]any{http.MethodGet: nil, http.MethodDelete: nil, http.MethodPut: userOf("X Y", "z"), http.MethodPatch: patchOf(`[{"op":"replace","path":"displayName","value":"x"}]`)} {
			if strings.HasPrefix(kind, "/Groups") && method == http.MethodPut {
				body = `{"displayName":"x"}`
			}
			theirs := g.tell(method, kind, body)
			nobodys := g.tell(method, kind[:strings.LastIndex(kind, "/")]+"/123456789", body)
			if theirs.status != 404 || theirs.body != nobodys.body || len(theirs.header) != len(nobodys.header) {
				t.Errorf("%s %s: %d %s, and what nobody has: %s", method, kind, theirs.status, theirs.body, nobodys.body)
			}
		}
	}
	member := func(id string) string {
		return g.must(400, http.MethodPost, "/Groups", `{"displayName":"mine","members":[{"value":"`+id+`"}]}`).body
	}
	if member(nia) != member("123456789") {
		t.Error("another organisation's user is told apart from nobody")
	}
	g.counts("/Users", `userName eq "nia.newcomer@demo.example"`, 0)
	// the same person at both: they belong to the first, and the second can neither take nor end anything
	same := g.user("Nia Newcomer", "sub-nia")
	g.patch("/Groups/"+g.group("theirs", same), `[{"op":"replace","path":"displayName","value":"ours"}]`)
	g.patch("/Users/"+same, `[{"op":"replace","path":"active","value":false}]`)
	c.get(200, "/home")
	g.must(204, http.MethodDelete, "/Users/"+same, nil)
	c.get(200, "/home")
	if f.holds("sub-nia") != "staff Larkfield House" {
		t.Errorf("they hold %q", f.holds("sub-nia"))
	}
}

// Several changes of one group at the same moment: none undoes another. And of two who
// make one user, one does.
func TestDirectorySaysSeveralThingsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lets("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	f := w.feed()
	group := "/Groups/" + f.group("larkfield-staff")
	var users [6]string
	for i := range users {
		users[i] = f.user(fmt.Sprintf("Person %d", i), fmt.Sprintf("sub-%d", i))
	}
	var all sync.WaitGroup
	statuses := make([]int, 4)
	for _, u := range users {
		all.Go(func() {
			if h := f.tell(http.MethodPatch, group, patchOf(`[{"op":"add","path":"members","value":[{"value":"`+u+`"}]}]`)); h.status != http.StatusNoContent {
				t.Errorf("one is answered with %d %s", h.status, h.body)
			}
		})
	}
	for i := range statuses {
		all.Go(func() { statuses[i] = f.tell(http.MethodPost, "/Users", userOf("Same Person", "sub-same")).status })
	}
	all.Wait()
	for i := range users {
		if got := f.holds(fmt.Sprintf("sub-%d", i)); got != "staff Larkfield House" {
			t.Errorf("person %d holds %q", i, got)
		}
	}
	made := 0
	for _, s := range statuses {
		if s == http.StatusCreated {
			made++
		} else if s != http.StatusConflict {
			t.Errorf("answered %d", s)
		}
	}
	if made != 1 {
		t.Errorf("one person was made %d times", made)
	}
	// one adds while another makes inactive: whichever is last, who has left holds nothing
	all.Go(func() {
		f.tell(http.MethodPatch, "/Users/"+users[0], patchOf(`[{"op":"replace","path":"active","value":false}]`))
	})
	all.Go(func() { f.tell(http.MethodPatch, group, patchOf(`[{"op":"remove","path":"members"}]`)) })
	all.Go(func() {
		f.tell(http.MethodPatch, group, patchOf(`[{"op":"add","path":"members","value":[{"value":"`+users[0]+`"}]}]`))
	})
	all.Wait()
	if got := f.holds("sub-0"); got != "" {
		t.Errorf("who has left holds %q", got)
	}
}

// Who asks too often is told to wait, and for how long.
func TestDirectoryKeepsItsPace(t *testing.T) {
	t.Parallel()
	p := portal.NewPaces()
	now := time.Now()
	for i := range portal.MostAsked {
		if wait := p.Due(1, now); wait != 0 {
			t.Fatalf("request %d waits %s", i, wait)
		}
	}
	if wait := p.Due(1, now.Add(20*time.Second)); wait != 40*time.Second {
		t.Errorf("one too many waits %s", wait)
	}
	if p.Due(2, now) != 0 || p.Due(1, now.Add(time.Minute)) != 0 {
		t.Error("another organisation waits, or the next minute does")
	}
}
