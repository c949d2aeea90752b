package oidctest_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"custodian/internal/oidctest"
)

const (
	redirect = "https://documents.example.org/sign-in/callback"
	after    = "https://documents.example.org/signed-out"
	verifier = "a verifier of the test, long enough for RFC 7636"
	state    = "a state of the test, long enough"
	nonce    = "a nonce of the test, long enough"
)

// client is a program that signs people in at a provider.
type client struct {
	*oidctest.Provider
	oauth oauth2.Config
	known *oidc.Provider
	t     *testing.T
}

func newClient(t *testing.T, o oidctest.Options) client {
	t.Helper()
	c := client{Provider: oidctest.New(t, o), t: t}
	c.Register(redirect, after)
	c.Become(oidctest.Person{Subject: "sub-1", Name: "Sam Example", Email: "sam@demo.example", Groups: []string{"staff", "late"}})
	var err error
	if c.known, err = oidc.NewProvider(t.Context(), c.Issuer()); err != nil {
		t.Fatal(err)
	}
	endpoint := c.known.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if o.PostSecret {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	c.oauth = oauth2.Config{ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, RedirectURL: redirect, Endpoint: endpoint, Scopes: []string{"openid"}}
	return c
}

// code signs in and gives the code.
func (c client) code() string {
	c.t.Helper()
	at := c.Answer(c.t, c.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	if at.Query().Get("state") != state || at.Query().Get("code") == "" || !strings.HasPrefix(at.String(), redirect+"?") {
		c.t.Fatalf("the answer is %s", at)
	}
	return at.Query().Get("code")
}

// TestGoodSignIn is checked by the library that most programs use.
func TestGoodSignIn(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]oidctest.Options{"ES256, header": {}, "RS256, form": {RSA: true, PostSecret: true, Silent: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, o)
			code := c.code()
			token, err := c.oauth.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ := token.Extra("id_token").(string)
			id, err := c.known.Verifier(&oidc.Config{ClientID: oidctest.ClientID}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			var said struct{ Groups []string }
			if err := id.Claims(&said); err != nil || id.Subject != "sub-1" || id.Nonce != nonce || !slices.Equal(said.Groups, []string{"staff", "late"}) {
				t.Errorf("the token says %+v, groups %v (%v)", id, said.Groups, err)
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Error(err)
			}
			if info, err := c.known.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err != nil || info.Subject != "sub-1" {
				t.Errorf("userinfo: %+v, %v", info, err)
			}
			// a code that comes again is refused, and ends what it gave
			if _, err := c.oauth.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err == nil || !strings.Contains(err.Error(), "invalid_grant") {
				t.Errorf("a code works twice: %v", err)
			}
			if _, err := c.known.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
				t.Error("after a code was used twice its access token still opens userinfo")
			}
			c.RotateKey()
			fresh := oidc.NewVerifier(c.Issuer(), oidc.NewRemoteKeySet(t.Context(), c.Issuer()+oidctest.Keys), &oidc.Config{ClientID: oidctest.ClientID, SupportedSigningAlgs: []string{"ES256", "RS256"}})
			if _, err := fresh.Verify(t.Context(), raw); err == nil {
				t.Error("a token still verifies with keys that have been replaced")
			}
		})
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	t.Parallel()
	c := newClient(t, oidctest.Options{})
	good, err := url.Parse(c.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]struct{ key, value, want string }{
		"another client":   {"client_id", "another", ""},
		"another address":  {"redirect_uri", redirect + "/", ""},
		"implicit flow":    {"response_type", "id_token", "unsupported_response_type"},
		"no OpenID":        {"scope", "profile", "invalid_scope"},
		"no challenge":     {"code_challenge", "", "invalid_request"},
		"plain challenge":  {"code_challenge_method", "plain", "invalid_request"},
		"short challenge":  {"code_challenge", "abcd", "invalid_request"},
		"guessable state":  {"state", "1", "invalid_request"},
		"guessable nonce":  {"nonce", "1", "invalid_request"},
		"as it should be":  {"state", state, ""},
		"refused on words": {"prompt", "none", "access_denied"},
	} {
		if c.Refuse(""); change.want == "access_denied" {
			c.Refuse(change.want)
		}
		q := good.Query()
		q.Set(change.key, change.value)
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
			Get(c.Issuer() + oidctest.Authorize + "?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		at, _ := resp.Location()
		switch {
		case change.want != "":
			if at == nil || at.Query().Get("error") != change.want || at.Query().Has("code") || at.Query().Get("iss") != c.Issuer() {
				t.Errorf("%s: %s to %v, want the error %s", name, resp.Status, at, change.want)
			}
		case name == "as it should be":
			if at == nil || at.Query().Get("code") == "" {
				t.Errorf("%s: %s to %v", name, resp.Status, at)
			}
		case resp.StatusCode != http.StatusBadRequest || at != nil:
			t.Errorf("%s: %s to %v, want no way anywhere", name, resp.Status, at)
		}
	}
}

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	c := newClient(t, oidctest.Options{})
	for name, want := range map[string]string{
		"another secret": "invalid_client", "secret in the form": "invalid_client", "another verifier": "invalid_grant",
		"no verifier": "invalid_grant", "another address": "invalid_grant", "another code": "invalid_grant", "sound": "",
	} {
		oauth, code, option := c.oauth, c.code(), oauth2.VerifierOption(verifier)
		switch name {
		case "another secret":
			oauth.ClientSecret = "guess"
		case "secret in the form":
			oauth.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		case "another verifier":
			option = oauth2.VerifierOption(verifier + "x")
		case "no verifier":
			option = oauth2.SetAuthURLParam("x", "y")
		case "another address":
			oauth.RedirectURL += "/"
		case "another code":
			code += "x"
		}
		_, err := oauth.Exchange(t.Context(), code, option)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	c := newClient(t, oidctest.Options{})
	token, err := c.oauth.Exchange(t.Context(), c.code(), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	ask := func(q url.Values) (int, string) {
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
			Get(c.Issuer() + oidctest.EndSession + "?" + q.Encode())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Location")
	}
	for name, q := range map[string]url.Values{
		"another address": {"client_id": {oidctest.ClientID}, "post_logout_redirect_uri": {"https://another.example.org"}},
		"another client":  {"client_id": {"another"}},
		"a broken token":  {"client_id": {oidctest.ClientID}, "id_token_hint": {raw[:len(raw)-4] + "AAAA"}},
	} {
		if status, at := ask(q); status != http.StatusBadRequest || at != "" {
			t.Errorf("%s: %d to %q", name, status, at)
		}
	}
	if status, at := ask(url.Values{"client_id": {oidctest.ClientID}, "id_token_hint": {raw}, "post_logout_redirect_uri": {after}}); status != http.StatusSeeOther || at != after {
		t.Errorf("signing out leads with %d to %q", status, at)
	}
	if got := c.Left(); !slices.Equal(got, []string{"sub-1"}) {
		t.Errorf("signed out: %q", got)
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	c := newClient(t, oidctest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	for how, want := range map[oidctest.Trouble]string{
		oidctest.None: "issuer", oidctest.Down: "EOF", oidctest.Fails: "out of order", oidctest.Redirects: "issuer", oidctest.Nonsense: "<p>Welcome",
		oidctest.Enormous: "1024 KiB and more",
	} {
		c.Trouble(oidctest.Discovery, how)
		if got := fetch(ctx, c.Issuer()+oidctest.Discovery); !strings.Contains(got, want) {
			t.Errorf("trouble %d: %.200s, want %s", how, got, want)
		}
	}
	c.Trouble(oidctest.Discovery, oidctest.Slow)
	before := c.Asked(oidctest.Discovery)
	done := make(chan string)
	go func() { done <- fetch(ctx, c.Issuer()+oidctest.Discovery) }()
	for c.Asked(oidctest.Discovery) == before {
		select {
		case got := <-done:
			t.Fatalf("a slow answer came: %s", got)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if got := <-done; !strings.Contains(got, "context canceled") {
		t.Errorf("a slow answer came: %s", got)
	}
}

// fetch gives what is answered, or why nothing is.
func fetch(ctx context.Context, at string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20+1))
	if err != nil {
		return err.Error()
	}
	if len(b) > 1<<20 {
		return "1024 KiB and more"
	}
	return string(b)
}
