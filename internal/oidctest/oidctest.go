// Package oidctest is an OpenID Connect provider for tests: discovery, the
// authorization code flow with PKCE, userinfo, keys that rotate, and signing out.
//
// Promise: it is as strict as a good provider. It knows one client, wants its
// secret, its registered addresses, S256 and the very verifier; a code works
// once, and for a minute. Whoever is chosen with Become is signed in at once,
// without a page. Every way in which a provider can go wrong is a Fault that a
// test switches on.
//
// Limits: it holds everything in memory, speaks plain HTTP on this computer, and
// is linked into tests only.
package oidctest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// Person is somebody whom the provider knows.
type Person struct {
	Subject, Name, Email string
	Groups               []string
	Methods              []string // amr: how they sign in (RFC 8176)
	Context              string   // acr
	Session              string   // sid: what the provider calls their session
	EmailVerified        any      // as it is sent; true when nil, and nothing for Unsaid
}

// Unsaid is what stands for email_verified that is not sent at all.
const Unsaid = "unsaid"

// putEmail adds an e-mail address, and whether it is theirs.
func (p Person) putEmail(claims map[string]any) {
	claims["email"] = p.Email
	switch p.EmailVerified {
	case Unsaid:
	case nil:
		claims["email_verified"] = true
	default:
		claims["email_verified"] = p.EmailVerified
	}
}

// Options says what kind of provider it is.
type Options struct {
	RSA         bool   // signs with RS256; else with ES256
	PostSecret  bool   // wants the client's secret in the form; else in the Authorization header
	GroupsClaim string // "groups" when ""
	Silent      bool   // does not name itself in its answers (RFC 9207)
}

// The one client that it knows.
const (
	ClientID     = "custodian"
	ClientSecret = "not a secret: tests only" // letters that have to be escaped, RFC 6749, 2.3.1
)

// codeLife is how long a code can be redeemed.
const codeLife = time.Minute

// Provider is a provider at work. It is safe for concurrent use.
type Provider struct {
	opt    Options
	server *httptest.Server
	ended  chan struct{} // lets slow answers go when the test ends

	mu              sync.Mutex
	redirect, after string // the registered addresses
	person          Person
	since           time.Time // when the person last showed who they are
	faults          []Fault
	troubles        map[string]Trouble // by endpoint
	refusal         string             // the error that /authorize answers with
	keys            []key              // the last one signs
	codes           map[string]*grant  //
	access          map[string]Person  // by access token
	left            []string           // subjects who signed out, "" for nobody known
	asked           map[string]int     // requests by endpoint
}

// grant is what was agreed at /authorize.
type grant struct {
	redirect, nonce, challenge string
	person                     Person
	at, since                  time.Time
	used                       bool
	token                      string // the access token it gave
}

// New starts a provider, which ends with the test.
func New(t testing.TB, o Options) *Provider {
	t.Helper()
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	p := &Provider{opt: o, ended: make(chan struct{}), troubles: map[string]Trouble{}, codes: map[string]*grant{}, access: map[string]Person{}, asked: map[string]int{}}
	p.RotateKey()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Discovery, p.discovery)
	mux.HandleFunc("GET "+Keys, p.jwks)
	mux.HandleFunc(Authorize, p.authorize)
	mux.HandleFunc("POST "+Token, p.token)
	mux.HandleFunc("GET "+UserInfo, p.userInfo)
	mux.HandleFunc(EndSession, p.endSession)
	p.server = httptest.NewServer(p.troubled(mux))
	t.Cleanup(func() {
		close(p.ended)
		p.server.CloseClientConnections()
		p.server.Close()
	})
	return p
}

// Issuer is what the provider calls itself.
func (p *Provider) Issuer() string { return p.server.URL }

// Register sets the client's addresses: where people are sent back to after
// signing in, and after signing out.
func (p *Provider) Register(redirect, after string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.redirect, p.after = redirect, after
}

// Become chooses who signs in from now on.
func (p *Provider) Become(who Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person, p.since = who, time.Now()
}

// Idle lets so much time pass since the person last showed who they are.
func (p *Provider) Idle(by time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = p.since.Add(-by)
}

// Set switches these faults on, and all others off.
func (p *Provider) Set(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
}

// Trouble makes an endpoint answer in this way from now on; None ends it.
func (p *Provider) Trouble(endpoint string, how Trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.troubles[endpoint] = how
}

// Refuse lets /authorize answer with this error (RFC 6749, 4.1.2.1) from now on,
// "" with a code again.
func (p *Provider) Refuse(code string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusal = code
}

// RotateKey makes a new key for signing and forgets the one before.
func (p *Provider) RotateKey() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = []key{newKey(p.opt.RSA)}
}

// Left lists the subjects who were signed out, in their order: "" where the
// client did not say who.
func (p *Provider) Left() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.left)
}

// Asked counts the requests to an endpoint.
func (p *Provider) Asked(endpoint string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[endpoint]
}

// Answer goes where a browser is sent for signing in, and gives the address that
// it is sent back to.
func (p *Provider) Answer(t testing.TB, departure string) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, departure, nil)
	if err != nil {
		t.Fatalf("oidctest: %v", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("oidctest: %v", err)
	}
	defer resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		words, _ := io.ReadAll(resp.Body) // what could not be read does not help
		t.Fatalf("oidctest: no way back from %s: %s %s", departure, resp.Status, words)
	}
	return at
}

func (p *Provider) has(f Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.faults, f)
}

func random() string {
	b := make([]byte, 24)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
