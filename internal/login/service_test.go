package login

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"custodian/internal/fault"
)

// said answers every request alike, whatever its address.
type said struct {
	status int
	body   string
}

func (s said) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s.status, Status: http.StatusText(s.status), Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(s.body)), Request: r}, nil
}

// What a service says about itself is believed only where nobody on the way can
// have said it, and only when all that is sent to it is as safe.
func TestOnlySafeServices(t *testing.T) {
	t.Parallel()
	const safe, plain = "https://signin.example.org", "http://signin.example.org"
	for name, c := range map[string]struct {
		issuer string
		change map[string]string
		ok     bool
	}{
		"all safe":         {safe, nil, true},
		"no userinfo":      {safe, map[string]string{"userinfo_endpoint": ""}, true},
		"plain issuer":     {plain, nil, false},
		"plain userinfo":   {safe, map[string]string{"userinfo_endpoint": plain + "/userinfo"}, false},
		"plain token":      {safe, map[string]string{"token_endpoint": plain + "/token"}, false},
		"plain keys":       {safe, map[string]string{"jwks_uri": plain + "/keys"}, false},
		"plain sign-in":    {safe, map[string]string{"authorization_endpoint": plain + "/authorize"}, false},
		"script":           {safe, map[string]string{"authorization_endpoint": "javascript:alert(1)"}, false},
		"plain, this host": {"http://127.0.0.1:1", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := map[string]string{"issuer": c.issuer, "authorization_endpoint": safe + "/authorize", "token_endpoint": safe + "/token", "jwks_uri": safe + "/keys", "userinfo_endpoint": safe + "/userinfo"}
			for k, v := range c.change {
				m[k] = v
			}
			body, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			s := newService(Options{Issuer: c.issuer, HTTP: &http.Client{Transport: said{http.StatusOK, string(body)}}, Log: slog.New(slog.DiscardHandler), GroupsClaim: "groups"})
			_, err = s.metadata(t.Context())
			if r, refused := refusalOf(err); c.ok != (err == nil) || err != nil && (!refused || r.kind != fault.Unavailable) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A service that answers with a long page does not fill the log with it.
func TestLongAnswersAreNotLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := newService(Options{Issuer: "https://signin.example.org", HTTP: &http.Client{Transport: said{http.StatusBadGateway, strings.Repeat("long ", 100_000)}}, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if _, err := s.metadata(context.Background()); err == nil {
		t.Fatal("a service that fails is believed")
	}
	if n := log.Len(); n == 0 || n > 2000 {
		t.Errorf("the log has %d bytes of it", n)
	}
}
