package portal_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/browsertest"
	"custodian/internal/login"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/internal/scim"
	"custodian/portal"
	"custodian/storage/storagetest"
	"custodian/versions"
)

// office is a planted provider whose people sign in at a sign-in service.
type office struct {
	pgtest.Database
	*sample.Planted
	t       testing.TB
	service *oidctest.Provider
	url     string
}

const askWhom = "the office, on 01632 960 001"

func newOffice(t testing.TB) *office {
	t.Helper()
	return newOfficeAt(t, httptest.NewServer)
}

// newOfficeAt is newOffice behind a server that is started so.
func newOfficeAt(t testing.TB, start func(http.Handler) *httptest.Server) *office {
	t.Helper()
	return newOfficeWith(t, start, func(*login.Options) {})
}

// newOfficeWith is newOfficeAt with a change to the way in.
func newOfficeWith(t testing.TB, start func(http.Handler) *httptest.Server, change func(*login.Options)) *office {
	t.Helper()
	o := &office{Database: pgtest.New(t), t: t, service: oidctest.New(t, oidctest.Options{})}
	var handler http.Handler
	server := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	o.url = server.URL
	o.service.Register(o.url+login.CallbackPath, o.url+login.AfterPath)
	users := sample.People()
	for i := range users {
		users[i].Subject = "sub-" + users[i].ID
	}
	var err error
	o.Planted, err = sample.Plant(t.Context(), sample.Options{DB: o.DB, Seed: "none", Issuer: o.service.Issuer(), Users: users})
	must(t, err)
	way := login.Options{DB: o.DB, Issuer: o.service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: o.url}
	change(&way)
	signIn := login.NewSignIn(way)
	handler, err = portal.New(portal.Options{DB: o.DB, Log: slog.New(slog.DiscardHandler), Version: "test", Ask: askWhom, SignIn: signIn, SCIM: scim.New(scim.Options{DB: o.DB, Issuer: signIn.Issuer(), PublicURL: o.url}), Demo: true,
		Keeper: keeperOn(t, o.Database, versions.Options{UploadLimit: usualLimit}, storagetest.Memory()),
		Ready:  func(context.Context) error { return nil }})
	must(t, err)
	return o
}

// someone is one of the planted people, or a stranger, as the sign-in service
// knows them.
func someone(id string, groups ...string) oidctest.Person {
	for _, u := range sample.People() {
		if u.ID == id {
			return oidctest.Person{Subject: "sub-" + id, Name: u.Name, Email: u.Email, Groups: groups}
		}
	}
	return oidctest.Person{Subject: "sub-" + id, Name: "Stranger " + id, Email: id + "@demo.example", Groups: groups}
}

// caller is a browser without a picture: it keeps cookies and follows nothing.
type caller struct {
	*office
	cookies map[string]string
}

func (o *office) caller() *caller { return &caller{o, map[string]string{}} }

// as signs somebody in.
func (o *office) as(id string, groups ...string) *caller {
	o.t.Helper()
	c := o.caller()
	if a := c.signIn(someone(id, groups...)); a.StatusCode != http.StatusSeeOther || c.cookies[login.SessionCookie] == "" {
		o.t.Fatalf("%s cannot sign in: %d %s", id, a.StatusCode, a.body)
	}
	return c
}

// signIn walks the whole way through the service, and gives its last answer.
func (c *caller) signIn(who oidctest.Person) answer {
	c.t.Helper()
	c.service.Become(who)
	out := c.get(http.StatusSeeOther, "/sign-in")
	back := c.service.Answer(c.t, out.Header.Get("Location"))
	return c.send(http.MethodGet, back.RequestURI(), nil)
}

// send sends a request; values make it a form.
func (c *caller) send(method, path string, values url.Values) answer {
	c.t.Helper()
	var body io.Reader
	if values != nil {
		body = strings.NewReader(values.Encode())
	}
	r, err := http.NewRequestWithContext(context.Background(), method, c.url+path, body)
	must(c.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	must(c.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(c.t, err)
	for _, k := range resp.Cookies() {
		if c.cookies[k.Name] = k.Value; k.MaxAge < 0 {
			delete(c.cookies, k.Name)
		}
	}
	return answer{resp, text, c.t}
}

func (c *caller) must(status int, method, path string, values url.Values) answer {
	c.t.Helper()
	a := c.send(method, path, values)
	if a.StatusCode != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.StatusCode, status, mainOf(a))
	}
	return a
}

func (c *caller) get(status int, path string) answer {
	c.t.Helper()
	return c.must(status, http.MethodGet, path, nil)
}

func (c *caller) post(status int, path string, values url.Values) answer {
	c.t.Helper()
	if values == nil {
		values = url.Values{}
	}
	return c.must(status, http.MethodPost, path, values)
}

// mainOf is what a page says between header and footer.
func mainOf(a answer) string {
	_, rest, _ := strings.Cut(string(a.body), "<main")
	text, _, _ := strings.Cut(rest, "</main>")
	return text
}

// says fails unless the page holds all these words.
func (a answer) says(words ...string) {
	a.t.Helper()
	for _, w := range words {
		if !strings.Contains(mainOf(a), w) {
			a.t.Errorf("%s does not say %q: %s", a.Request.URL.Path, w, mainOf(a))
		}
	}
}

// saysNot fails when the page holds any of these words.
func (a answer) saysNot(words ...string) {
	a.t.Helper()
	for _, w := range words {
		if strings.Contains(string(a.body), w) {
			a.t.Errorf("%s says %q", a.Request.URL.Path, w)
		}
	}
}

// acts counts the footprints of an act.
func (o *office) acts(outcome, action string) int {
	o.t.Helper()
	var n int
	o.Scan(o.t, `select count(*) from app.footprint where outcome = $1 and action = $2`, []any{outcome, action}, &n)
	return n
}

// page opens a browser in which somebody is signed in.
func (o *office) page(who oidctest.Person, width int) *browsertest.Page {
	o.t.Helper()
	p := browsertest.Start(o.t).Visitor(o.t, browsertest.Options{Width: width, Origins: []string{o.url, o.service.Issuer()}})
	o.service.Become(who)
	p.Open(o.url + "/sign-in")
	return p
}

// home is the children's home, as a form sends it.
func (o *office) home() string { return number(o.Homes[sample.ChildrensHome]) }

// mapping is the form that maps a group which did not come yet.
func mapping(group, role, home, why string) url.Values {
	return url.Values{"came": {""}, "group": {group}, "role": {role}, "setting": {home}, "why": {why}}
}

// role is the form that gives a role from today.
func role(role, home, why string) url.Values {
	return url.Values{"role": {role}, "setting": {home}, "why": {why}}
}
