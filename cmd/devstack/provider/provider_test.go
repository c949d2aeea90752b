package provider_test

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/oauth2"

	"custodian/cmd/devstack/provider"
)

const (
	callback = "http://127.0.0.1:9/sign-in/callback" // nobody listens there: the test reads the address
	after    = "http://127.0.0.1:9/signed-out"
)

// start runs a provider with two people; a file of keys makes it the same provider again.
func start(t *testing.T, l net.Listener, keys string) *provider.Provider {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), 10)
	if err != nil {
		t.Fatal(err)
	}
	p, err := provider.Start(t.Context(), l, provider.Config{
		ClientID: "custodian", ClientSecret: "hush", Redirects: []string{callback}, AfterLogout: []string{after}, KeyFile: keys,
		People: []provider.Person{
			{Email: "staff@demo.example", Name: "Sam Example", UserID: "staff", Hash: string(hash), Groups: []string{"member-of-staff"}},
			{Email: "other@demo.example", Name: "Ollie Example", UserID: strings.Repeat("long-", 40), Hash: string(hash), Groups: []string{"inspector"}},
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop() })
	return p
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// browser keeps cookies and stops where the provider sends it back to the client.
type browser struct {
	*http.Client
	returned *url.URL
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{}
	b.Client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Port() == "9" {
			b.returned = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

// signIn walks the code flow with PKCE as a browser does. It returns the verified token, or nil when the provider refused.
func signIn(t *testing.T, b *browser, issuer, email, password string) (*oidc.IDToken, string) {
	t.Helper()
	ctx := t.Context()
	p, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	conf := oauth2.Config{ClientID: "custodian", ClientSecret: "hush", Endpoint: p.Endpoint(), RedirectURL: callback, Scopes: []string{"openid", "email", "profile", "groups"}}
	verifier := oauth2.GenerateVerifier()
	page, err := b.Get(conf.AuthCodeURL("state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	if b.returned == nil {
		body, err := io.ReadAll(page.Body)
		if err != nil {
			t.Fatal(err)
		}
		form := regexp.MustCompile(`<form[^>]*action="([^"]+)"`).FindSubmatch(body)
		if form == nil {
			t.Fatalf("no form to sign in with (%s):\n%s", page.Status, body)
		}
		target, err := page.Request.URL.Parse(html.UnescapeString(string(form[1])))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := b.PostForm(target.String(), url.Values{"login": {email}, "password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
	}
	if b.returned == nil {
		return nil, ""
	}
	if got := b.returned.Query().Get("state"); got != "state-1" {
		t.Errorf("state came back as %q", got)
	}
	return exchange(t, ctx, p, conf, b.returned.Query().Get("code"), verifier)
}

func exchange(t *testing.T, ctx context.Context, p *oidc.Provider, conf oauth2.Config, code, verifier string) (*oidc.IDToken, string) {
	t.Helper()
	token, err := conf.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: "custodian"}).Verify(ctx, raw)
	if err != nil {
		t.Fatal(err)
	}
	if id.Nonce != "nonce-1" {
		t.Errorf("nonce came back as %q", id.Nonce)
	}
	return id, raw
}

// The subject computed beforehand is the one that a real sign-in brings, also where the length of the id needs two bytes.
func TestSubjectAndClaims(t *testing.T) {
	t.Parallel()
	p := start(t, listen(t, "127.0.0.1:0"), filepath.Join(t.TempDir(), "keys.json"))
	for _, who := range []struct{ email, id, group string }{
		{"staff@demo.example", "staff", "member-of-staff"},
		{"other@demo.example", strings.Repeat("long-", 40), "inspector"},
	} {
		token, _ := signIn(t, newBrowser(t), p.Issuer, who.email, "right")
		if token == nil {
			t.Fatalf("%s could not sign in", who.email)
		}
		if token.Subject != provider.Subject(who.id) {
			t.Errorf("subject %q, computed %q", token.Subject, provider.Subject(who.id))
		}
		var claims struct {
			Email  string
			Groups []string
		}
		if err := token.Claims(&claims); err != nil {
			t.Fatal(err)
		}
		if claims.Email != who.email || !slices.Equal(claims.Groups, []string{who.group}) {
			t.Errorf("claims %+v", claims)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	p := start(t, listen(t, "127.0.0.1:0"), filepath.Join(t.TempDir(), "keys.json"))
	for _, try := range [][2]string{{"staff@demo.example", "wrong"}, {"nobody@demo.example", "right"}, {"staff@demo.example", ""}} {
		if token, _ := signIn(t, newBrowser(t), p.Issuer, try[0], try[1]); token != nil {
			t.Errorf("%q signed in with %q", try[0], try[1])
		}
	}
}

// Signed in once, a browser comes back without a form; signed out at the provider, it has to sign in again.
func TestSignOut(t *testing.T) {
	t.Parallel()
	p := start(t, listen(t, "127.0.0.1:0"), filepath.Join(t.TempDir(), "keys.json"))
	b := newBrowser(t)
	_, raw := signIn(t, b, p.Issuer, "staff@demo.example", "right")
	b.returned = nil
	if token, _ := signIn(t, b, p.Issuer, "staff@demo.example", "no password needed"); token == nil {
		t.Fatal("there is no session: the form was asked for again")
	}
	var found struct {
		End string `json:"end_session_endpoint"`
	}
	o, err := oidc.NewProvider(t.Context(), p.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Claims(&found); err != nil || found.End == "" {
		t.Fatalf("no end_session_endpoint: %v", err)
	}
	b.returned = nil
	resp, err := b.Get(found.End + "?" + url.Values{"id_token_hint": {raw}, "post_logout_redirect_uri": {after}, "state": {"bye"}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if b.returned == nil || b.returned.Path != "/signed-out" || b.returned.Query().Get("state") != "bye" {
		t.Fatalf("signing out led to %v (%s)", b.returned, resp.Status)
	}
	b.returned = nil
	if token, _ := signIn(t, b, p.Issuer, "staff@demo.example", "no password needed"); token != nil {
		t.Error("the session outlived signing out")
	}
}

// Started again, the provider signs with the same keys, which only their owner can read.
func TestKeysStay(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys.json")
	l := listen(t, "127.0.0.1:0")
	first := start(t, l, keys)
	_, raw := signIn(t, newBrowser(t), first.Issuer, "staff@demo.example", "right")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, listen(t, l.Addr().String()), keys)
	if second.Issuer != first.Issuer {
		t.Fatalf("issuer %s became %s", first.Issuer, second.Issuer)
	}
	p, err := oidc.NewProvider(t.Context(), second.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Verifier(&oidc.Config{ClientID: "custodian"}).Verify(t.Context(), raw); err != nil {
		t.Errorf("a token from before does not verify: %v", err)
	}
	if info, err := os.Stat(keys); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
