package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"custodian/internal/membership"
)

const (
	serviceTimeout = 10 * time.Second
	largestAnswer  = 1 << 20 // bytes of one answer of the service
	// metadataLife is how long what the service says about itself is believed;
	// its keys are fetched again whenever it signs with a new one.
	metadataLife = time.Hour
	// failureLife is how long a service that did not answer is not asked again.
	failureLife = 3 * time.Second
)

// service is the sign-in service: what it says about itself, fetched when first
// needed and again now and then.
type service struct {
	opt  Options
	http *http.Client

	turn    chan struct{} // held by whoever fetches; the rest wait, or give up with their request
	known   *metadata
	fetched time.Time
	failed  time.Time
	failure error
}

// metadata is the part of the discovery document that is used (OpenID Connect
// Discovery 1.0, 3; RP-Initiated Logout 1.0, 2.1; RFC 9207, 3).
type metadata struct {
	provider *oidc.Provider
	oauth    oauth2.Config
	keys     oidc.KeySet
	said     struct {
		AuthURL     string   `json:"authorization_endpoint"`
		TokenURL    string   `json:"token_endpoint"`
		KeysURL     string   `json:"jwks_uri"`
		Scopes      []string `json:"scopes_supported"`
		TokenAuth   []string `json:"token_endpoint_auth_methods_supported"`
		Algorithms  []string `json:"id_token_signing_alg_values_supported"`
		EndSession  string   `json:"end_session_endpoint"`
		NamesIssuer bool     `json:"authorization_response_iss_parameter_supported"`
	}
}

func newService(o Options) *service {
	base := http.DefaultTransport
	if o.HTTP != nil && o.HTTP.Transport != nil {
		base = o.HTTP.Transport
	}
	client := &http.Client{
		Transport: bounded{base},
		Timeout:   serviceTimeout,
		// the service says where its endpoints are; it has no need to send us elsewhere
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &service{opt: o, http: client, turn: make(chan struct{}, 1)}
}

// context carries our client to the libraries.
func (s *service) context(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, s.http)
}

// metadata gives what the service says about itself. When it does not answer, what
// it said before holds; when it never did, that is a refusal.
func (s *service) metadata(ctx context.Context) (*metadata, error) {
	if s.opt.Issuer == "" {
		return nil, membership.NotSetUp()
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, away("provider-down", ctx.Err())
	}
	if s.known != nil && time.Since(s.fetched) < metadataLife {
		return s.known, nil
	}
	if time.Since(s.failed) > failureLife {
		// not the caller's context: whoever leaves the page does not fail it for the others
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), serviceTimeout)
		defer cancel()
		m, err := s.discover(within)
		if err == nil {
			s.known, s.fetched, s.failed = m, time.Now(), time.Time{}
			return m, nil
		}
		s.failed, s.failure = time.Now(), err
		s.opt.Log.WarnContext(ctx, "the sign-in service cannot be asked about itself", "issuer", s.opt.Issuer, "cause", short(err))
	}
	if s.known != nil {
		return s.known, nil
	}
	if _, ok := errors.AsType[*oidc.IssuerMismatchError](s.failure); ok {
		return nil, misset("other-issuer", s.failure)
	}
	return nil, away("provider-down", s.failure)
}

func (s *service) discover(ctx context.Context) (*metadata, error) {
	if !Trusted(s.opt.Issuer) { // whoever is on the way could say what they like, their own endpoints among it
		return nil, errors.New("the setting oidc_issuer is not an https address")
	}
	p, err := oidc.NewProvider(s.context(ctx), s.opt.Issuer)
	if err != nil {
		return nil, err
	}
	m := &metadata{provider: p}
	if err := p.Claims(&m.said); err != nil {
		return nil, fmt.Errorf("what the service says about itself cannot be read: %w", err)
	}
	addresses := map[string]string{"authorization_endpoint": m.said.AuthURL, "token_endpoint": m.said.TokenURL, "jwks_uri": m.said.KeysURL}
	if at := p.UserInfoEndpoint(); at != "" {
		addresses["userinfo_endpoint"] = at
	}
	for name, at := range addresses {
		if !Trusted(at) {
			return nil, fmt.Errorf("the service's %s is not an https address", name)
		}
	}
	if !Trusted(m.said.EndSession) {
		m.said.EndSession = ""
	}
	m.keys = oidc.NewRemoteKeySet(s.context(ctx), m.said.KeysURL)
	m.oauth = oauth2.Config{ClientID: s.opt.ClientID, ClientSecret: s.opt.ClientSecret, RedirectURL: s.opt.PublicURL + CallbackPath,
		Endpoint: oauth2.Endpoint{AuthURL: m.said.AuthURL, TokenURL: m.said.TokenURL, AuthStyle: m.authStyle()},
		Scopes:   []string{oidc.ScopeOpenID, "profile", "email"}}
	if slices.Contains(m.said.Scopes, s.opt.GroupsClaim) {
		m.oauth.Scopes = append(m.oauth.Scopes, s.opt.GroupsClaim)
	}
	return m, nil
}

// authStyle is how we say who we are when redeeming a code. It is not found out
// by trying, which would send one code twice.
func (m *metadata) authStyle() oauth2.AuthStyle {
	// left out means client_secret_basic (Discovery 1.0, 3)
	if len(m.said.TokenAuth) == 0 || slices.Contains(m.said.TokenAuth, "client_secret_basic") {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// authorize is where a browser is sent (Core 1.0, 3.1.2.1). max_age=0 has the
// service ask again, and say when it did.
func (m *metadata) authorize(t transaction, acr []string) string {
	with := []oauth2.AuthCodeOption{oidc.Nonce(t.nonceText()), oauth2.S256ChallengeOption(t.verifierText())}
	if t.anew {
		with = append(with, oauth2.SetAuthURLParam("max_age", "0"))
	}
	if len(acr) > 0 {
		with = append(with, oauth2.SetAuthURLParam("acr_values", strings.Join(acr, " ")))
	}
	return m.oauth.AuthCodeURL(t.stateText(), with...)
}

// Trusted tells whether secrets may travel to a web address: https, or this very computer.
func Trusted(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// bounded refuses answers that are larger than any honest one.
type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, largestAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

var errTooLarge = errors.New("the sign-in service's answer is too large")

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
