package portal_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/membership"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/internal/scim"
)

// feed is a directory service that tells the portal who works there.
type feed struct {
	t      testing.TB
	db     pgtest.Database
	at     string
	issuer string
	token  string
}

// feed connects a directory service to an organisation, by its administrator.
func newFeed(t testing.TB, db pgtest.Database, at, issuer string, admin access.Actor) *feed {
	t.Helper()
	made, err := scim.New(scim.Options{DB: db.DB, Issuer: issuer}).MakeToken(t.Context(), admin, "The directory of the test", 30)
	must(t, err)
	return &feed{t, db, at, issuer, made.Secret.Reveal()}
}

func (w *world) directory() *scim.Service {
	return scim.New(scim.Options{DB: w.DB, Issuer: w.signIn.Issuer(), PublicURL: w.url})
}

func (w *world) feed() *feed {
	w.t.Helper()
	return newFeed(w.t, w.Database, w.url, w.signIn.Issuer(), w.Actors["admin"])
}

// heard is what a directory is answered.
type heard struct {
	status int
	body   string
	header http.Header
	t      testing.TB
}

// tell sends a request, with a body as it stands where it is a text.
func (f *feed) tell(method, path string, body any, header ...string) heard {
	f.t.Helper()
	var sent io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		sent = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		must(f.t, err)
		sent = strings.NewReader(string(text))
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(f.t.Context()), method, f.at+"/scim/v2"+path, sent)
	must(f.t, err)
	r.Header.Set("Authorization", "Bearer "+f.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	must(f.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(f.t, err)
	if kind := resp.Header.Get("Content-Type"); len(text) > 0 && kind != "application/scim+json" {
		f.t.Errorf("%s %s answers %d as %s", method, path, resp.StatusCode, kind)
	}
	return heard{resp.StatusCode, string(text), resp.Header, f.t}
}

// must sends a request that has to be answered with the status.
func (f *feed) must(status int, method, path string, body any, header ...string) heard {
	f.t.Helper()
	h := f.tell(method, path, body, header...)
	if h.status != status {
		f.t.Fatalf("%s %s: %d, want %d: %s", method, path, h.status, status, h.body)
	}
	return h
}

// of reads an answer.
func (h heard) of(v any) {
	h.t.Helper()
	if err := json.Unmarshal([]byte(h.body), v); err != nil {
		h.t.Fatalf("%v in %s", err, h.body)
	}
}

func (h heard) id() string {
	h.t.Helper()
	var v struct{ ID string }
	if h.of(&v); v.ID == "" {
		h.t.Fatalf("no id in %s", h.body)
	}
	return v.ID
}

func userOf(name, subject string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s@demo.example","externalId":%q,"displayName":%q,"active":true}`,
		strings.ToLower(strings.ReplaceAll(name, " ", ".")), subject, name)
}

func (f *feed) user(name, subject string) string {
	f.t.Helper()
	return f.must(http.StatusCreated, http.MethodPost, "/Users", userOf(name, subject)).id()
}

func (f *feed) group(name string, members ...string) string {
	f.t.Helper()
	list := make([]map[string]string, 0, len(members))
	for _, m := range members {
		list = append(list, map[string]string{"value": m})
	}
	return f.must(http.StatusCreated, http.MethodPost, "/Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": list}).id()
}

// patch sends operations that must be done.
func (f *feed) patch(path, ops string) heard {
	f.t.Helper()
	h := f.tell(http.MethodPatch, path, patchOf(ops))
	if h.status != http.StatusOK && h.status != http.StatusNoContent {
		f.t.Fatalf("PATCH %s %s: %d %s", path, ops, h.status, h.body)
	}
	return h
}

func patchOf(ops string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + ops + `}`
}

// holds lists what the person of a subject holds now.
func (f *feed) holds(subject string) string {
	f.t.Helper()
	var s string
	f.db.Scan(f.t, `select coalesce(string_agg(h.role || ' ' || coalesce(o.name, 'everywhere'), ', ' order by h.role, o.name), '') from app.role_held h join app.actor a on a.id = h.actor_id
		left join app.home o on o.id = h.home_id where a.subject = $1 and a.issuer = $2 and h.until_at > now()`, []any{subject, f.issuer}, &s)
	return s
}

// lets maps a group to a role.
func (w *world) lets(group string, role grants.Role, home string) {
	w.t.Helper()
	_, err := membership.New(w.DB, w.signIn.Issuer()).MapGroup(w.t.Context(), w.Actors["admin"], membership.NewMapping{Group: group, Role: role, Home: w.Homes[home], Why: "for the test"})
	must(w.t, err)
}

// The requests of the big services, as their documentation has them, each with what
// must have come of it.
func TestDirectoryRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.lets("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	f := w.feed()
	// a service looks whether somebody is there, makes them, and looks again
	none := f.must(200, http.MethodGet, `/Users?filter=userName+eq+%22nia%40demo.example%22&startIndex=1&count=100`, nil)
	if !strings.Contains(none.body, `"totalResults":0`) || !strings.Contains(none.body, `"Resources":[]`) {
		t.Errorf("nobody is %s", none.body)
	}
	made := f.must(201, http.MethodPost, "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"sub-nia","userName":"Nia@demo.example","active":"True","displayName":"Nia Newcomer","emails":[{"primary":true,"type":"work","value":"nia@demo.example"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"Nia Newcomer","familyName":"Newcomer","givenName":"Nia"},"title":"Support worker","locale":"en-GB","groups":[],"password":"x",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Care","manager":{"value":"1"}}}`)
	nia := made.id()
	if at := made.header.Get("Location"); at != "https://documents.example.org/scim/v2/Users/"+nia {
		t.Errorf("it is at %q", at)
	}
	for _, word := range []string{`"userName":"Nia@demo.example"`, `"externalId":"sub-nia"`, `"active":true`, `"givenName":"Nia"`, `"title":"Support worker"`, `"resourceType":"User"`} {
		if !strings.Contains(made.body, word) {
			t.Errorf("%s is not in %s", word, made.body)
		}
	}
	if strings.Contains(made.body, "department") || strings.Contains(made.body, "password") {
		t.Errorf("what nobody needs is kept: %s", made.body)
	}
	two := f.user("Two Example", "sub-two")
	group := f.must(201, http.MethodPost, "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"8aa1a0c0","displayName":"larkfield-staff","meta":{"resourceType":"Group"}}`).id()
	user, members := "/Users/"+nia, "/Groups/"+group
	for _, c := range []struct {
		name, path, ops string
		want            string // in the user
		role            string // of the user afterwards; "-" where it is not asked
	}{
		{"a text for false", user, `[{"op":"Replace","path":"active","value":"False"}]`, `"active":false`, ""},
		{"a text for true", user, `[{"op":"Replace","path":"active","value":"True"}]`, `"active":true`, ""},
		{"an object without path", user, `[{"op":"replace","value":{"active":false}}]`, `"active":false`, ""},
		{"true for true", user, `[{"op":"replace","path":"active","value":true}]`, `"active":true`, ""},
		{"names with dots, without path", user, `[{"op":"Add","value":{"name.familyName":"Newname","title":"Senior","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"X"}}]`, `"familyName":"Newname"`, ""},
		{"a filter in the path", user, `[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"new@demo.example"}]`, `"value":"new@demo.example"`, ""},
		{"the schema's name in the path", user, `[{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Team leader"}]`, `"title":"Team leader"`, ""},
		{"another schema in the path", user, `[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber","value":"7"}]`, `"title":"Team leader"`, ""},
		{"a whole name", user, `[{"op":"replace","path":"name","value":{"givenName":"Nia","familyName":"Newcomer"}}]`, `"formatted":"Nia Newcomer"`, ""},
		{"remove an attribute", user, `[{"op":"remove","path":"title"}]`, `"userName"`, ""},
		{"members are added", members, `[{"op":"Add","path":"members","value":[{"value":"` + nia + `"},{"value":"` + two + `"}]}]`, `"display":"larkfield-staff"`, "staff Larkfield House"},
		{"again", members, `[{"op":"add","path":"members","value":[{"value":"` + nia + `","display":"Nia"}]}]`, `"display":"larkfield-staff"`, "staff Larkfield House"},
		{"a filter removes", members, `[{"op":"remove","path":"members[value eq \"` + nia + `\"]"}]`, `"userName"`, ""},
		{"one object is added", members, `[{"op":"Add","path":"members","value":{"value":"` + nia + `"}}]`, `"groups"`, "staff Larkfield House"},
		{"a list removes", members, `[{"op":"Remove","path":"members","value":[{"value":"` + nia + `"}]}]`, `"userName"`, ""},
		{"without path, with the id", members, `[{"op":"replace","value":{"id":"` + group + `","displayName":"larkfield-staff","members":[{"value":"` + nia + `"}]}}]`, `"groups"`, "staff Larkfield House"},
		{"another name", members, `[{"op":"replace","path":"displayName","value":"larkfield-old"}]`, `"display":"larkfield-old"`, ""},
		{"the name again", members, `[{"op":"replace","value":{"id":"` + group + `","displayName":"larkfield-staff"}}]`, `"groups"`, "staff Larkfield House"},
		{"several at once", members, `[{"op":"remove","path":"members"},{"op":"add","path":"members","value":[{"value":"` + nia + `"}]}]`, `"groups"`, "staff Larkfield House"},
		{"all are removed", members, `[{"op":"remove","path":"members"}]`, `"userName"`, ""},
		{"all are replaced", members, `[{"op":"replace","path":"members","value":[{"value":"` + nia + `"}]}]`, `"groups"`, "staff Larkfield House"},
	} {
		f.patch(c.path, c.ops)
		if got := f.must(200, http.MethodGet, user, nil); !strings.Contains(got.body, c.want) {
			t.Errorf("%s: %s is not in %s", c.name, c.want, got.body)
		}
		if got := f.holds("sub-nia"); got != c.role {
			t.Errorf("%s: she holds %q, want %q", c.name, got, c.role)
		}
	}
	for query, want := range map[string]int{
		`userName eq "NIA@demo.example"`: 1, `externalId eq "sub-nia"`: 1, `externalId eq "SUB-NIA"`: 0, `displayName eq "nia newcomer"`: 1, `id eq "` + nia + `"`: 1, `id eq "x"`: 0,
		`active eq true`: 2, `emails[type eq "work"].value eq "new@demo.example"`: 1, `userName eq "nia@demo.example" and active eq true`: 1, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "nobody"`: 0,
	} {
		f.counts("/Users", query, want)
	}
	for query, want := range map[string]int{`displayName eq "Larkfield-Staff"`: 1, `externalId eq "8aa1a0c0"`: 1, `id eq "` + group + `" and members eq "` + nia + `"`: 1, `members.value eq "` + two + `"`: 0} {
		f.counts("/Groups", query, want)
	}
	if got := f.must(200, http.MethodGet, "/Groups?excludedAttributes=members", nil); strings.Contains(got.body, `"members"`) || !strings.Contains(got.body, `"displayName"`) {
		t.Errorf("without members: %s", got.body)
	}
	if got := f.must(200, http.MethodGet, user+"?attributes=userName,name.givenName", nil); strings.Contains(got.body, "externalId") || !strings.Contains(got.body, `"id"`) || !strings.Contains(got.body, "givenName") {
		t.Errorf("some attributes: %s", got.body)
	}
	// a PUT says everything anew, but for what it does not say of active
	f.must(200, http.MethodPatch, user, patchOf(`[{"op":"replace","path":"active","value":false}]`))
	put := f.must(200, http.MethodPut, user, `{"schemas":[],"userName":"nia@demo.example","externalId":"sub-nia"}`)
	if strings.Contains(put.body, "displayName") || !strings.Contains(put.body, `"active":false`) {
		t.Errorf("put: %s", put.body)
	}
	f.must(200, http.MethodPut, members, `{"schemas":[],"displayName":"larkfield-staff","members":[{"value":"`+two+`"}]}`)
	if f.holds("sub-two") != "staff Larkfield House" {
		t.Error("a PUT of the group changed nothing")
	}
	f.must(204, http.MethodDelete, members, nil)
	f.must(204, http.MethodDelete, user, nil)
	for _, gone := range []string{members, user} {
		f.must(404, http.MethodGet, gone, nil)
		f.must(404, http.MethodDelete, gone, nil)
	}
	if f.holds("sub-two") != "" {
		t.Error("the role outlived its group")
	}
	var kept int
	w.Scan(t, `select count(*) from app.scim_user_said where subject = 'sub-nia'`, nil, &kept)
	if kept < 10 {
		t.Errorf("of what was said %d are kept", kept)
	}
	// the same person comes again, as a new user
	f.must(201, http.MethodPost, "/Users", userOf("Nia Newcomer", "sub-nia"))
}

// counts asks a list for what a filter takes.
func (f *feed) counts(path, filter string, want int) {
	f.t.Helper()
	var v struct{ TotalResults, ItemsPerPage int }
	f.must(200, http.MethodGet, path+"?filter="+url.QueryEscape(filter), nil).of(&v)
	if v.TotalResults != want || v.ItemsPerPage != want {
		f.t.Errorf("%s: %+v, want %d", filter, v, want)
	}
}
