package login

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"custodian/internal/fault"
)

// redeem turns the answer of the service into somebody known: it reads the
// answer, redeems the code with the transaction's verifier and checks the ID
// token. raw is that token, for signing out.
func (s *service) redeem(ctx context.Context, t transaction, query url.Values) (who identity, raw string, err error) {
	m, err := s.metadata(ctx)
	if err != nil {
		return who, "", err
	}
	if err := s.checkAnswer(m, query); err != nil {
		return who, "", err
	}
	token, err := m.oauth.Exchange(s.context(ctx), query.Get("code"), oauth2.VerifierOption(t.verifierText()))
	if err != nil {
		return who, "", exchangeRefusal(err)
	}
	raw, _ = token.Extra("id_token").(string)
	if !compact(raw) {
		return who, "", unfinished("token", "The sign-in service's answer cannot be trusted.", errors.New("the ID token is not in the compact form"))
	}
	keys := &keys{KeySet: m.keys}
	id, err := s.verifier(m, keys).Verify(s.context(ctx), raw)
	if err != nil {
		return who, "", tokenRefusal(err, keys.failure)
	}
	if err := s.checkToken(id, token, t); err != nil {
		return who, "", err
	}
	if who, err = s.claims(ctx, m, id, token); err != nil {
		return who, "", err
	}
	if t.anew && !who.proof.anew(t.begun, time.Now()) {
		return who, "", unfinished("not-anew", "The sign-in service did not ask who you are again, or did not say when it last did.",
			errors.New("auth_time is missing or old although max_age was sent"))
	}
	return who, raw, nil
}

// compact tells whether a text has the one form that a token may have (RFC 7519,
// 1): the library reads others as well.
func compact(raw string) bool { return strings.Count(raw, ".") == 2 && !strings.HasPrefix(raw, "{") }

// checkAnswer refuses an answer by another service (RFC 9207), one that says no,
// and one without a code.
func (s *service) checkAnswer(m *metadata, query url.Values) error {
	for _, one := range []string{"state", "code", "iss", "error"} {
		if len(query[one]) > 1 {
			return unfinished("answer", "The sign-in service's answer says a thing twice.", nil)
		}
	}
	if query.Has("iss") && query.Get("iss") != s.opt.Issuer || m.said.NamesIssuer && !query.Has("iss") {
		return unfinished("issuer", "The answer came from another sign-in service.", nil)
	}
	switch code := query.Get("error"); code {
	case "":
	case "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required":
		return unfinished("denied", "The sign-in service did not let you in, or you stopped there.", errorCode(code))
	case "temporarily_unavailable", "server_error":
		return away("provider-error", errorCode(code))
	default:
		return misset("provider-refuses", errorCode(code))
	}
	if code := query.Get("code"); code == "" || len(code) > 4096 {
		return unfinished("answer", "The sign-in service's answer is not whole.", nil)
	}
	return nil
}

var plainCode = regexp.MustCompile(`^[a-z_]{1,60}$`)

// errorCode is the code of an error as the log may have it: it came through a
// browser.
func errorCode(code string) error {
	if !plainCode.MatchString(code) {
		code = "(not a code)"
	}
	return errors.New("the service answered " + code)
}

// exchangeRefusal says what a failed redemption means.
func exchangeRefusal(err error) error {
	r, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok:
		return away("provider-down", plainCause(err))
	case r.ErrorCode == "invalid_grant":
		return unfinished("code", "The sign-in service does not know this answer, or it was used before.", errorCode(r.ErrorCode))
	case r.Response != nil && r.Response.StatusCode >= http.StatusInternalServerError:
		return away("provider-error", errors.New("the service answered "+r.Response.Status))
	}
	return misset("provider-refuses", errorCode(r.ErrorCode))
}

// plainCause leaves out the text of addresses and answers, which may hold what is
// nobody's business.
func plainCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// keys remembers why the service's keys could not be had: the verifier makes one
// text of that and of a signature that is not good.
type keys struct {
	oidc.KeySet
	failure error
}

// VerifySignature checks a signature with the service's keys.
func (k *keys) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, jwt)
	// of a fetch that came to nothing the set wraps the cause; a signature that is not good has none
	k.failure = errors.Unwrap(err)
	return payload, err
}

// algorithms are those that the service signs with, as far as they use a key that
// it alone has: "none", and those with our secret, are not among them.
func (m *metadata) algorithms() []string {
	all := []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}
	all = slices.DeleteFunc(all, func(a string) bool { return !slices.Contains(m.said.Algorithms, a) })
	if len(all) == 0 {
		return []string{oidc.RS256} // which every service can (Core 1.0, 15.1)
	}
	return all
}

// tokenRefusal: the service's keys could not be had, or the token is not good.
func tokenRefusal(err, keys error) error {
	if keys != nil {
		return away("provider-down", keysCause(keys))
	}
	return unfinished("token", "The sign-in service's answer cannot be trusted.", tokenCause(err))
}

// keysCause leaves out the text of the answer, which could be anything.
func keysCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return errors.New("the service's keys cannot be read")
}

func tokenCause(err error) error {
	if _, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return errors.New("the ID token is out of date")
	}
	return err
}

// clocksApart is by how much the service's clock may be ahead of ours.
const clocksApart = 5 * time.Minute

// checkToken is what the verifier leaves to us (OpenID Connect Core 1.0, 3.1.3.7
// and 3.1.3.8): the nonce of this transaction, whom the token was made out to,
// that it was made just now, and that the access token belongs to it.
func (s *service) checkToken(id *oidc.IDToken, token *oauth2.Token, t transaction) error {
	if id.Nonce == "" || !same(id.Nonce, t.nonceText()) {
		return unfinished("nonce", "The sign-in service's answer belongs to another sign-in.", nil)
	}
	var more struct {
		Party string `json:"azp"`
	}
	var payload json.RawMessage
	if id.Claims(&payload) != nil || !saidOnce(payload) || id.Claims(&more) != nil {
		return unfinished("token", "The sign-in service's answer cannot be read.", nil)
	}
	if more.Party != s.opt.ClientID && (more.Party != "" || len(id.Audience) > 1) {
		return unfinished("party", "The sign-in service's answer was made for another program.", nil)
	}
	if !slices.Contains(id.Audience, s.opt.ClientID) || id.Subject == "" || len(id.Subject) > 255 || strings.ContainsFunc(id.Subject, fault.Hidden) {
		return unfinished("token", "The sign-in service's answer cannot be trusted.", nil)
	}
	if age := time.Since(id.IssuedAt); age > transactionLife || age < -clocksApart {
		return unfinished("issued", "The sign-in service's clock and ours do not agree.", errors.New("the ID token was not issued just now; compare the two clocks"))
	}
	if id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil {
		return unfinished("at-hash", "The sign-in service's answer does not fit together.", nil)
	}
	return nil
}
