package oidctest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	issuer, base := p.server.URL, p.server.URL
	if p.has(CallsItselfOther) {
		issuer = "https://another.example.org"
	}
	if p.has(PlainAddresses) {
		base = "http://signin.example.org"
	}
	said := map[string]any{
		"issuer": issuer, "authorization_endpoint": base + Authorize, "token_endpoint": base + Token, "jwks_uri": base + Keys,
		"userinfo_endpoint": base + UserInfo, "end_session_endpoint": base + EndSession,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "code_challenge_methods_supported": []string{"S256"},
		"id_token_signing_alg_values_supported": []string{p.algorithm(), "none", "HS256"}, "scopes_supported": []string{"openid", "profile", "email", "groups"},
		"token_endpoint_auth_methods_supported":          []string{p.authMethod()},
		"authorization_response_iss_parameter_supported": !p.opt.Silent,
	}
	if p.has(MovesElsewhere) {
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"} {
			said[name] = "https://another.example.org" + name
		}
	}
	if p.has(NoTokenEndpoint) {
		delete(said, "token_endpoint")
	}
	if p.has(CannotSignOut) {
		delete(said, "end_session_endpoint")
	}
	answer(w, http.StatusOK, said)
}

func (p *Provider) authMethod() string {
	if p.opt.PostSecret {
		return "client_secret_post"
	}
	return "client_secret_basic"
}

// authorize signs the chosen person in (OpenID Connect Core 1.0, 3.1.2).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.FormValue
	p.mu.Lock()
	defer p.mu.Unlock()
	// while client and address are not known, nobody is sent anywhere
	if q("client_id") != ClientID || p.redirect == "" || q("redirect_uri") != p.redirect {
		http.Error(w, "unknown client or redirect_uri", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q("state")}}
	challenge, err := base64.RawURLEncoding.Strict().DecodeString(q("code_challenge"))
	switch {
	case q("response_type") != "code":
		back.Set("error", "unsupported_response_type")
	case !strings.Contains(" "+q("scope")+" ", " openid "):
		back.Set("error", "invalid_scope")
	case q("code_challenge_method") != "S256" || err != nil || len(challenge) != sha256.Size || len(q("state")) < 22 || len(q("nonce")) < 22:
		back.Set("error", "invalid_request")
	case p.refusal != "":
		back.Set("error", p.refusal)
	default:
		// who showed it too long ago is asked again (OpenID Connect Core 1.0, 3.1.2.1)
		if most, err := strconv.Atoi(q("max_age")); err == nil && time.Since(p.since) >= time.Duration(most)*time.Second && !slices.Contains(p.faults, AsksNobodyAgain) {
			p.since = time.Now()
		}
		code := random()
		p.codes[code] = &grant{since: p.since, redirect: q("redirect_uri"), nonce: q("nonce"), challenge: q("code_challenge"), person: p.person, at: time.Now()}
		back.Set("code", code)
	}
	p.name(back)
	http.Redirect(w, r, p.redirect+"?"+back.Encode(), http.StatusSeeOther)
}

// name says in an answer whose it is (RFC 9207). The caller holds the lock.
func (p *Provider) name(back url.Values) {
	if p.opt.Silent {
		return
	}
	back.Set("iss", p.server.URL)
	for _, f := range p.faults {
		switch f {
		case OtherIssuerAnswers:
			back.Set("iss", "https://another.example.org")
		case NobodyAnswers:
			back.Del("iss")
		}
	}
}

// token redeems a code (RFC 6749, 4.1.3; RFC 7636, 4.6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if !p.knownClient(r) {
		w.Header().Set("WWW-Authenticate", "Basic")
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.PostFormValue("grant_type") != "authorization_code" {
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	g, access := p.redeem(r)
	if g == nil {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	said := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300}
	if !p.has(NoToken) {
		said["id_token"] = p.idToken(g, access)
	}
	if p.has(TokenIsNumber) {
		said["id_token"] = 7
	}
	answer(w, http.StatusOK, said)
}

// knownClient checks the client's secret, which must come in the one way that
// the provider offers.
func (p *Provider) knownClient(r *http.Request) bool {
	id, secret := r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	if !p.opt.PostSecret {
		user, password, ok := r.BasicAuth()
		if !ok || secret != "" {
			return false
		}
		var wrong error
		if id, wrong = url.QueryUnescape(user); wrong != nil {
			return false
		}
		if secret, wrong = url.QueryUnescape(password); wrong != nil {
			return false
		}
	}
	return id == ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(ClientSecret)) == 1
}

// redeem gives what a code stands for and an access token, nil when it does not
// work. A code that comes twice ends what it gave the first time.
func (p *Provider) redeem(r *http.Request) (*grant, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.codes[r.PostFormValue("code")]
	if g == nil {
		return nil, ""
	}
	if g.used && !slices.Contains(p.faults, CodesForGood) {
		delete(p.access, g.token)
		return nil, ""
	}
	g.used = true
	h := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if time.Since(g.at) > codeLife || r.PostFormValue("redirect_uri") != g.redirect || base64.RawURLEncoding.EncodeToString(h[:]) != g.challenge {
		return nil, ""
	}
	g.token = random()
	p.access[g.token] = g.person
	return g, g.token
}

// userInfo tells more about somebody (OpenID Connect Core 1.0, 5.3).
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	p.mu.Lock()
	who, ok := p.access[token]
	p.mu.Unlock()
	if !ok {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		refuse(w, http.StatusUnauthorized, "invalid_token")
		return
	}
	said := map[string]any{"sub": who.Subject, "name": who.Name}
	who.putEmail(said)
	if p.has(GroupsInUserInfo) {
		said[p.opt.GroupsClaim] = who.Groups
	}
	if p.has(OtherPerson) {
		said["sub"], said[p.opt.GroupsClaim] = "somebody-else", []string{"care-admins"}
	}
	if p.has(UserInfoOfNobody) {
		delete(said, "sub")
	}
	if p.has(UserInfoUnsigned) {
		w.Header().Set("Content-Type", "application/jwt")
		_, _ = w.Write([]byte(part(map[string]string{"alg": "none"}) + "." + part(said) + "."))
		return
	}
	answer(w, http.StatusOK, said)
}

// endSession signs somebody out (OpenID Connect RP-Initiated Logout 1.0, 2).
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request) {
	subject, ok := "", true
	if hint := r.FormValue("id_token_hint"); hint != "" {
		subject, ok = p.subjectOf(hint)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	after := r.FormValue("post_logout_redirect_uri")
	if !ok || r.FormValue("client_id") != ClientID || after != "" && after != p.after {
		http.Error(w, "unknown client, token or post_logout_redirect_uri", http.StatusBadRequest)
		return
	}
	p.left = append(p.left, subject)
	if after == "" {
		_, _ = w.Write([]byte("You are signed out."))
		return
	}
	http.Redirect(w, r, after, http.StatusSeeOther)
}

func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]string{"error": code})
}

func answer(w http.ResponseWriter, status int, said any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(said) // a client that has gone hears nothing
}
