package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"custodian/internal/config"
	"custodian/internal/login"
)

const (
	checkNameSignIn = "sign-in service"
	checkNamePublic = "public address"
	checkNameFactor = "second factor"
)

func checkSignIn(ctx context.Context, s *config.Settings) []finding {
	if s.OIDC.Issuer == "" {
		return []finding{skipped(checkNameSignIn, "oidc_issuer is not set")}
	}
	return []finding{checkService(ctx, s), checkPublic(s), checkSecondFactor(s)}
}

// checkSecondFactor says of whom a second factor is demanded. It asks for no proof: `custodian whoami-claims` shows what the service sends.
func checkSecondFactor(s *config.Settings) finding {
	demand, err := secondFactor(s)
	if err != nil {
		return wrong(checkNameFactor, err, "name roles as `custodian doctor` lists them, or `all`")
	}
	if len(demand.Roles) == 0 {
		return finding{Check: checkNameFactor, Status: advised, Detail: "oidc_second_factor_roles says nobody: a password alone lets in whoever administers, manages and releases",
			Advice: "leave oidc_second_factor_roles out, so that it is asked of those whose roles open most; `custodian whoami-claims` shows first what your sign-in service sends"}
	}
	return fine(checkNameFactor, "demanded of %s", strings.Join(s.OIDC.SecondFactorRoles, ", "))
}

func checkService(ctx context.Context, s *config.Settings) finding {
	said, err := discover(ctx, s.OIDC.Issuer)
	if err != nil {
		return wrong(checkNameSignIn, err, "compare oidc_issuer with what the service itself calls its issuer, letter by letter, a slash at the end included")
	}
	addresses := []string{s.OIDC.Issuer, said.Authorization, said.Token, said.Keys}
	if said.UserInfo != "" {
		addresses = append(addresses, said.UserInfo)
	}
	for _, at := range addresses {
		if !login.Trusted(at) {
			return wrong(checkNameSignIn, fmt.Errorf("the service names %q as an address of its own, which is not https", at), "let the service be reached by https, and name itself so")
		}
	}
	if said.EndSession == "" {
		return fine(checkNameSignIn, "%s answers as itself. It has no way to sign people out: whoever signs out of Custodian stays signed in there", s.OIDC.Issuer)
	}
	return fine(checkNameSignIn, "%s answers as itself", s.OIDC.Issuer)
}

// checkPublic looks at the address that people type: a browser keeps a session only where nobody can listen.
func checkPublic(s *config.Settings) finding {
	if !login.Trusted(s.PublicURL) {
		return wrong(checkNamePublic, fmt.Errorf("public_url is %s, which is not https; browsers do not keep a sign-in there, so that nobody could work", s.PublicURL),
			"put a web server with a certificate in front, and begin public_url with https://")
	}
	return fine(checkNamePublic, "%s. Register these two addresses at the sign-in service, letter by letter: %s (where people come back to after signing in) and %s (after signing out). "+
		"If the service can say that somebody has left it, register these as well: %s (back-channel log-out) and %s (front-channel log-out, with iss and sid)",
		s.PublicURL, s.PublicURL+login.CallbackPath, s.PublicURL+login.AfterPath, s.PublicURL+login.BackChannelPath, s.PublicURL+login.FrontChannelPath)
}

// discovered is what the doctor looks at in a provider's configuration.
type discovered struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	Keys          string `json:"jwks_uri"`
	UserInfo      string `json:"userinfo_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
}

// discover reads the provider's configuration, which must name the very issuer it was asked for (OpenID Connect Discovery 1.0, 4.3).
func discover(ctx context.Context, issuer string) (discovered, error) {
	var said discovered
	at := strings.TrimRight(issuer, "/") + "/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return said, err
	}
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(req)
	if err != nil {
		return said, fmt.Errorf("the sign-in service cannot be reached: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return said, fmt.Errorf("%s answered %s", at, answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said); err != nil {
		return said, fmt.Errorf("%s did not answer with a configuration: %w", at, err)
	}
	if said.Issuer != issuer {
		return said, fmt.Errorf("the service calls itself %q, and oidc_issuer says %q", said.Issuer, issuer)
	}
	return said, nil
}
