package portal_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"custodian/internal/login"
	"custodian/internal/oidctest"
	"custodian/portal"
)

// door is an office behind TLS, as it is for real: only there does a browser
// keep the cookies.
type door struct {
	*office
	server *httptest.Server
}

func newDoor(t *testing.T) *door {
	t.Helper()
	return newDoorWith(t, func(*login.Options) {})
}

// newDoorWith is newDoor with a change to the way in.
func newDoorWith(t *testing.T, change func(*login.Options)) *door {
	t.Helper()
	d := &door{}
	d.office = newOfficeWith(t, func(h http.Handler) *httptest.Server {
		d.server = httptest.NewTLSServer(h)
		return d.server
	}, change)
	return d
}

// browser keeps cookies as browsers do, and follows nothing by itself.
type browser struct {
	*door
	client *http.Client
}

func (d *door) browser() *browser {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	must(d.t, err)
	return &browser{d, &http.Client{Jar: jar, Transport: d.server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// ask asks for something, and must be answered with the status.
func (b *browser) ask(status int, method, path string, body raw, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body.body)
	must(b.t, err)
	if body.kind != "" {
		r.Header.Set("Content-Type", body.kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := b.client.Do(r)
	must(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(b.t, err)
	a := answer{resp, text, b.t}
	if a.StatusCode != status {
		b.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.StatusCode, status, mainOf(a))
	}
	for name, want := range safe() {
		if got := a.Header.Get(name); got != want {
			b.t.Errorf("%s %s answers with %s: %q, want %q", method, path, name, got, want)
		}
	}
	return a
}

func (b *browser) open(status int, path string, header ...string) answer {
	b.t.Helper()
	return b.ask(status, http.MethodGet, path, raw{}, header...)
}

func (b *browser) post(status int, path string, values url.Values, header ...string) answer {
	b.t.Helper()
	return b.ask(status, http.MethodPost, path, raw{"application/x-www-form-urlencoded", strings.NewReader(values.Encode())}, header...)
}

// depart goes to the service, and gives where it sends the browser back to.
func (b *browser) depart(path string) string {
	b.t.Helper()
	out := b.open(http.StatusSeeOther, path).Header.Get("Location")
	if !strings.HasPrefix(out, b.service.Issuer()+oidctest.Authorize+"?") {
		b.t.Fatalf("%s leads to %s", path, out)
	}
	return b.service.Answer(b.t, out).RequestURI()
}

// enter signs somebody in.
func (b *browser) enter(who oidctest.Person) {
	b.t.Helper()
	b.service.Become(who)
	b.open(http.StatusSeeOther, b.depart("/sign-in"))
	b.open(http.StatusOK, "/home")
}

// cookies are those that the browser holds, by name.
func (b *browser) cookies() map[string]string {
	b.t.Helper()
	at, err := url.Parse(b.url)
	must(b.t, err)
	held := map[string]string{}
	for _, c := range b.client.Jar.Cookies(at) {
		held[c.Name] = c.Value
	}
	return held
}

// checkCookies looks at how an answer sets cookies.
func checkCookies(t *testing.T, a answer, want ...string) {
	t.Helper()
	var got []string
	for _, c := range a.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge == 0 {
			t.Errorf("a cookie is set so: %s", c.Raw)
		}
		what := c.Name
		if strings.HasPrefix(what, "__Host-sign-in-") {
			what = "transaction"
		}
		if c.MaxAge < 0 {
			what += " cleared"
			if c.Value != "" {
				t.Errorf("a cleared cookie still says %q", c.Value)
			}
		}
		got = append(got, what)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s sets the cookies %q, want %q", a.Request.URL.Path, got, want)
	}
}

// From a page that somebody wants to see, through the service, to that page.
func TestSignInWholeWay(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	d.service.Become(someone("manager"))
	const wanted = "/records?kind=young-person"
	to := b.open(http.StatusSeeOther, wanted).Header.Get("Location")
	if to != "/sign-in?to="+url.QueryEscape(wanted) {
		t.Fatalf("without a session it leads to %s", to)
	}
	away := b.open(http.StatusSeeOther, to)
	checkCookies(t, away, "transaction")
	back := d.service.Answer(t, away.Header.Get("Location"))
	in := b.open(http.StatusSeeOther, back.RequestURI())
	checkCookies(t, in, "transaction cleared", login.SessionCookie)
	if at := in.Header.Get("Location"); at != wanted {
		t.Errorf("signed in, it leads to %s", at)
	}
	if held := b.cookies(); len(held) != 1 || len(held[login.SessionCookie]) < 43 {
		t.Errorf("the browser holds %d cookies", len(held))
	}
	b.open(http.StatusOK, wanted).says("Young people")
	if at := b.open(http.StatusSeeOther, "/").Header.Get("Location"); at != "/home" {
		t.Errorf("the first page leads to %s", at)
	}
	// the service sends nobody on to another site, whatever the address said
	for _, evil := range []string{"https://another.example.org", "//another.example.org", `/\another.example.org`, "/.//another.example.org"} {
		other := d.browser()
		if at := other.open(http.StatusSeeOther, other.depart("/sign-in?to="+url.QueryEscape(evil))).Header.Get("Location"); at != "/home" {
			t.Errorf("%s leads to %s", evil, at)
		}
	}
}

// backdate gives a transaction's cookie as it would be had it begun so much
// earlier. Who has the client's secret can: nobody else.
func backdate(t *testing.T, value string, by time.Duration) string {
	t.Helper()
	mac := func(key, text []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(text)
		return m.Sum(nil)
	}
	b, err := base64.RawURLEncoding.DecodeString(value)
	must(t, err)
	body := b[:len(b)-sha256.Size]
	binary.BigEndian.PutUint64(body[1:], binary.BigEndian.Uint64(body[1:])-uint64(by.Seconds()))
	key := mac([]byte(oidctest.ClientSecret), []byte("custodian sign-in transaction v1"))
	return base64.RawURLEncoding.EncodeToString(append(body, mac(key, body)...))
}

// Each answer that is wrong is told in words, with what to do, and signs nobody in.
func TestSignInRefused(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const start = "Start again by signing in."
	for name, c := range map[string]struct {
		faults  []oidctest.Fault
		trouble oidctest.Trouble // of the token endpoint
		refusal string
		change  func(b *browser, back string) (*browser, string)
		status  int
		says    []string
		cleared bool
	}{
		"foreign": {change: func(b *browser, back string) (*browser, string) { return d.browser(), back }, status: 400, says: []string{"not begun in this browser", start}},
		"reused": {change: func(b *browser, back string) (*browser, string) { b.open(303, back); return b, back }, status: 400,
			says: []string{"or it was finished before", start}},
		"late": {change: func(b *browser, back string) (*browser, string) {
			at, _ := url.Parse(b.url)
			for name, value := range b.cookies() {
				b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: backdate(t, value, 11*time.Minute), Path: "/", Secure: true}})
			}
			return b, back
		}, status: 400, says: []string{"longer than ten minutes", start}, cleared: true},
		"another state": {change: func(b *browser, back string) (*browser, string) {
			return b, strings.Replace(back, "state=", "state=x", 1)
		}, status: 400, says: []string{"not begun in this browser", start}},
		"empty":            {change: func(b *browser, _ string) (*browser, string) { return b, login.CallbackPath }, status: 400, says: []string{start}},
		"another nonce":    {faults: []oidctest.Fault{oidctest.AnotherNonce}, status: 400, says: []string{"belongs to another sign-in", start}, cleared: true},
		"bad signature":    {faults: []oidctest.Fault{oidctest.BadSignature}, status: 400, says: []string{"cannot be trusted", start}, cleared: true},
		"denied":           {refusal: "access_denied", status: 400, says: []string{"did not let you in, or you stopped there"}, cleared: true},
		"service down":     {trouble: oidctest.Down, status: 503, says: []string{"sign-in service is not answering", "Try again in a few minutes. Nothing is lost."}, cleared: true},
		"service disagree": {refusal: "unauthorized_client", status: 503, says: []string{"do not agree about their settings"}, cleared: true},
	} {
		b := d.browser()
		d.service.Become(someone("staff"))
		d.service.Set(c.faults...)
		d.service.Refuse(c.refusal)
		d.service.Trouble(oidctest.Token, c.trouble)
		back := b.depart("/sign-in?to=/me")
		if c.change != nil {
			b, back = c.change(b, back)
		}
		held := b.cookies()[login.SessionCookie]
		a := b.open(c.status, back)
		if c.cleared {
			checkCookies(t, a, "transaction cleared")
		} else {
			checkCookies(t, a)
		}
		if t.Failed() {
			t.Logf("in the case %s", name)
		}
		a.says(append(c.says, "You are not signed in", "If it happens again, ask "+askWhom+".", `href="/sign-in"`)...)
		a.saysNot("Sam Example", "sub-staff", "SQLSTATE", "oidc:", "oauth2:")
		if b.cookies()[login.SessionCookie] != held {
			t.Errorf("%s: a session was made", name)
		}
	}
}

// With the service down from the start, the page says so, and what is open goes on working.
func TestServiceIsDown(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	d.service.Trouble(oidctest.Discovery, oidctest.Down)
	b := d.browser()
	a := b.open(http.StatusServiceUnavailable, "/sign-in?to=/me")
	checkCookies(t, a)
	a.says("sign-in service is not answering", "ask "+askWhom)
	b.open(http.StatusOK, "/")
	b.open(http.StatusOK, "/help")
}

func TestNoRolePage(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	d.service.Become(someone("visitor", "football"))
	a := b.open(http.StatusForbidden, b.depart("/sign-in"))
	checkCookies(t, a, "transaction cleared")
	a.says("You have no role here yet", "Stranger visitor", "Ask "+askWhom+".")
	if title, _, _ := strings.Cut(string(a.body), "</title>"); strings.Contains(title, "Stranger") {
		t.Error("the title says who it is")
	}
	b.open(http.StatusSeeOther, "/home")
}

// Signing out ends the session here and at the service, and leaves nothing in the browser.
func TestSignOut(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("staff"))
	old := login.SessionCookie + "=" + b.cookies()[login.SessionCookie]
	a := b.post(http.StatusOK, "/sign-out", nil)
	checkCookies(t, a, login.SessionCookie+" cleared")
	a.says("You have signed out")
	if got := a.Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data is %q", got)
	}
	there, ok := strings.CutPrefix(a.Header.Get("Refresh"), "0; url=")
	if !ok || !strings.HasPrefix(there, d.service.Issuer()+oidctest.EndSession+"?") {
		t.Fatalf("the browser goes on to %q", a.Header.Get("Refresh"))
	}
	if !strings.Contains(string(a.body), strings.ReplaceAll(there, "&", "&amp;")) {
		t.Error("the page has no link for browsers that do not go by themselves")
	}
	resp, err := (&http.Client{CheckRedirect: b.client.CheckRedirect}).Get(there)
	must(t, err)
	resp.Body.Close()
	if to := resp.Header.Get("Location"); to != d.url+login.AfterPath || strings.Join(d.service.Left(), " ") != "sub-staff" {
		t.Errorf("the service leads to %q, and has signed out %q", to, d.service.Left())
	}
	b.open(http.StatusOK, "/signed-out").says("You have signed out")
	// the old cookie, kept by somebody: no page, no act, no API
	thief := d.browser()
	if to := thief.open(http.StatusSeeOther, "/home", "Cookie", old).Header.Get("Location"); !strings.HasPrefix(to, "/sign-in?") {
		t.Errorf("the old cookie leads to %s", to)
	}
	thief.post(http.StatusUnauthorized, "/me/tokens/new", url.Values{"label": {"x"}, "days": {"1"}}, "Cookie", old)
	if a := thief.post(http.StatusOK, "/sign-out", nil, "Cookie", old); a.Header.Get("Refresh") != "" {
		t.Errorf("signing out twice leads to %q", a.Header.Get("Refresh"))
	}
	d.browser().post(http.StatusOK, "/sign-out", nil) // nobody
	if n := d.acts("done", "session.ended"); n != 1 {
		t.Errorf("%d footprints of one signing out", n)
	}
}

// Where the service was taken out of the settings, those who are still in can leave.
func TestSignOutWithoutService(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("staff"))
	handler, err := portal.New(portal.Options{DB: d.DB, Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return nil }})
	must(t, err)
	d.server.Config.Handler = handler
	if a := b.post(http.StatusOK, "/sign-out", nil); a.Header.Get("Refresh") != "" {
		t.Errorf("it leads to %s", a.Header.Get("Refresh"))
	}
	if n := d.acts("done", "session.ended"); n != 1 {
		t.Errorf("%d footprints of signing out", n)
	}
	b.open(http.StatusServiceUnavailable, "/sign-in").says("no sign-in service has been set up")
	b.open(http.StatusNotFound, login.CallbackPath+"?state=x&code=y")
}

// Where the service was taken out of the settings, its pages are not there, for
// administrators either.
func TestNoServiceNoPages(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	handler, err := portal.New(portal.Options{DB: d.DB, Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error { return nil }})
	must(t, err)
	b.open(http.StatusOK, "/sign-ins")
	d.server.Config.Handler = handler
	for _, path := range []string{"/sign-ins", "/sign-ins/map", "/sign-ins/mappings/1/end", "/sign-ins/1/give"} {
		b.open(http.StatusNotFound, path)
	}
}

// A session that ends in the middle of a long form costs nothing that was typed.
func TestNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	d.Exec(t, `set session_replication_role = replica; update app.session set begun_at = begun_at - interval '31 minutes'; delete from app.session_use`)
	words := "Two lines\r\nof <script>alert(1)</script> \"words\" & more, " + strings.Repeat("long ", 2000)
	a := b.post(http.StatusUnauthorized, "/settings/add?x=1", url.Values{"name": {"Sample Lodge"}, "kind": {"childrens-home"}, "why": {words}})
	a.says("You have been signed out", "Nothing you typed is lost", `action="/settings/add?x=1"`, `href="/sign-in?to=/signed-in"`)
	if strings.Contains(string(a.body), "<script>alert") || strings.Contains(mainOf(a), "Files could not be kept") {
		t.Errorf("the page says %s", mainOf(a))
	}
	kept := keptBy(t, a)
	if kept.Get("name") != "Sample Lodge" || kept.Get("why") != strings.ReplaceAll(words, "\r\n", "\n") {
		t.Errorf("kept is %q", kept)
	}
	// signed in again in another tab, the page's own button sends it
	d.service.Become(someone("admin"))
	if to := b.open(http.StatusSeeOther, b.depart("/sign-in?to=/signed-in")).Header.Get("Location"); to != "/signed-in" {
		t.Errorf("the other tab leads to %s", to)
	}
	b.open(http.StatusOK, "/signed-in").says("You are signed in", "Close this tab")
	kept.Del("why")
	if to := b.post(http.StatusSeeOther, "/settings/add?x=1", kept).Header.Get("Location"); to != "/settings?done=setting" {
		t.Errorf("sent again it leads to %s", to)
	}
	// a form with files: the words are kept, and it is said that the files are not
	const part = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"secret-name.pdf\"\r\n\r\n%PDF-1.7\r\n--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nBehind the file\r\n--b--\r\n"
	a = d.browser().ask(http.StatusUnauthorized, http.MethodPost, "/records/1/add", raw{"multipart/form-data; boundary=b", strings.NewReader(part)})
	a.says("Files could not be kept")
	a.saysNot("secret-name", "%PDF")
	if got := keptBy(t, a).Get("title"); got != "Behind the file" {
		t.Errorf("kept is %q", got)
	}
}

// keptBy reads what a page would send again.
func keptBy(t *testing.T, a answer) url.Values {
	t.Helper()
	top, err := html.Parse(strings.NewReader(string(a.body)))
	must(t, err)
	values, l := url.Values{}, leaf{top: top, t: t}
	for _, n := range l.all("main form[method=post] input") {
		values.Add(attr(n, "name"), attr(n, "value"))
	}
	return values
}

// What another site's page sends with somebody's session is not done.
func TestOtherSitesMayNotAct(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("admin"))
	before := d.acts("done", "home.added")
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://another.example.org"}, {"Origin", "null"}} {
		b.post(http.StatusForbidden, "/settings/add", url.Values{"name": {"x"}, "kind": {"childrens-home"}}, header...).says("Not from another site")
		b.post(http.StatusForbidden, "/sign-out", nil, header...)
	}
	if d.acts("done", "home.added") != before || d.acts("done", "session.ended") != 0 {
		t.Error("another site's page acted")
	}
	b.open(http.StatusOK, "/home", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate") // a link from a mail
	b.post(http.StatusSeeOther, "/settings/add", url.Values{"name": {"Sample Lodge"}, "kind": {"childrens-home"}}, "Sec-Fetch-Site", "same-origin", "Origin", d.url)
}

// A session is for pages, a token for programs; neither does for the other.
func TestSessionsAndTokensAreApart(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("manager"))
	secret, token := b.cookies()[login.SessionCookie], d.Tokens["manager"]
	b.open(http.StatusUnauthorized, "/api/v1/me")
	b.open(http.StatusUnauthorized, "/api/v1/me", "Authorization", "Bearer "+secret)
	b.open(http.StatusOK, "/api/v1/me", "Authorization", "Bearer "+token)
	other := d.browser()
	other.open(http.StatusSeeOther, "/home", "Authorization", "Bearer "+token)
	other.open(http.StatusSeeOther, "/home", "Cookie", login.SessionCookie+"="+token)
	other.open(http.StatusSeeOther, "/home", "Cookie", strings.TrimPrefix(login.SessionCookie, "__Host-")+"="+secret)
	other.open(http.StatusSeeOther, "/home", "Cookie", login.SessionCookie+"="+secret+"x")
	other.open(http.StatusOK, "/home", "Cookie", login.SessionCookie+"="+secret)
}

// The page that says so is for those who have signed out: a link to it must not
// let somebody walk away from a session that goes on.
func TestSignedOutIsTrue(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	b := d.browser()
	b.enter(someone("staff"))
	if to := b.open(http.StatusSeeOther, "/signed-out").Header.Get("Location"); to != "/home" {
		t.Errorf("with a live session it leads to %q", to)
	}
	b.post(http.StatusOK, "/sign-out", nil)
	b.open(http.StatusOK, "/signed-out").says("You have signed out")
}
