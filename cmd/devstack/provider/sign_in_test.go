package provider_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// walk takes a browser to the provider and back; it tells whether it was asked who it is.
func walk(t *testing.T, b *browser, departure string) (back *url.URL, asked bool) {
	t.Helper()
	b.returned = nil
	page, err := b.Get(departure)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if b.returned != nil {
		return b.returned, false
	}
	body, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`<form[^>]*action="([^"]+)"`).FindSubmatch(body)
	if form == nil {
		t.Fatalf("no form to sign in with (%s):\n%s", page.Status, body)
	}
	at, err := page.Request.URL.Parse(html.UnescapeString(string(form[1])))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.PostForm(at.String(), url.Values{"login": {"staff@demo.example"}, "password": {"right"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if b.returned == nil {
		t.Fatalf("the provider keeps the browser: %s", answer.Status)
	}
	return b.returned, true
}

// A step-up by max_age and auth_time works against Dex: it asks again where it
// would not have, and says when it did. And whoami-claims shows what it sends.
func TestStepUpAgainstDex(t *testing.T) {
	t.Parallel()
	p := start(t, listen(t, "127.0.0.1:0"), filepath.Join(t.TempDir(), "keys"))
	db := pgtest.New(t)
	planted, err := sample.Plant(t.Context(), sample.Options{DB: db.DB, Seed: "none"})
	if err != nil {
		t.Fatal(err)
	}
	in := login.NewSignIn(login.Options{DB: db.DB, Issuer: p.Issuer, ClientID: "custodian", ClientSecret: "hush", PublicURL: strings.TrimSuffix(callback, login.CallbackPath)})
	if _, err := membership.New(db.DB, in.Issuer()).MapGroup(t.Context(), planted.Actors["admin"], membership.NewMapping{Group: "member-of-staff", Role: grants.MemberOfStaff, Home: planted.Homes[sample.ChildrensHome], Why: "for the test"}); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	var last login.Arrival
	enter := func(d login.Departure, err error, wantAsked bool) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		back, asked := walk(t, b, d.URL)
		if asked != wantAsked {
			t.Errorf("asked who it is: %v, want %v", asked, wantAsked)
		}
		if last, err = in.Finish(t.Context(), login.Answer{Cookies: []*http.Cookie{{Name: d.Name, Value: d.Cookie}}, Query: back.Query()}); err != nil {
			t.Fatal(err)
		}
	}
	d, err := in.Begin(t.Context(), "/home")
	enter(d, err, true)
	first := last
	d, err = in.Begin(t.Context(), "/home")
	enter(d, err, false) // the provider knows the browser
	d, err = in.BeginAgain(t.Context(), first.Actor, "/me/tokens/new")
	enter(d, err, true)
	if lack, err := in.Lacks(t.Context(), last.Actor, access.MakeToken); err != nil || lack != login.Nothing || last.Actor.ID != first.Actor.ID || last.To != "/me/tokens/new" {
		t.Errorf("after the step-up %d is lacking (%v); it leads to %s", lack, err, last.To)
	}
	r, err := in.Rehearse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back, _ := walk(t, b, r.URL)
	sent, err := r.Finish(t.Context(), back.String())
	if err != nil || sent.Name != "Sam Example" || !sent.Known || strings.Join(sent.Roles, " ") != "staff" || sent.ProvedAt.IsZero() || sent.Two || len(sent.Methods) > 0 {
		t.Errorf("whoami shows %+v, %v", sent, err)
	}
}
