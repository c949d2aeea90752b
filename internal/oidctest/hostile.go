package oidctest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"time"
)

// What a provider that means harm, or is broken, does with an ID token.
const (
	PublicKeyAsSecret Fault = "the token is signed with the public key as a secret (HS256)"
	KeyInToken        Fault = "the token brings the key it is signed with (jwk)"
	KeyByAddress      Fault = "the token says where its key is (jku)"
	CriticalHeader    Fault = "the token has a header that must be understood (crit)"
	ClaimTwice        Fault = "the token says twice who it is about"
	ClaimInOtherCase  Fault = "the token says again who it is about, in capitals"
	NotUTF8           Fault = "the token is not UTF-8"
	TokenIsNumber     Fault = "the token is a number"
	TokenIsJSON       Fault = "the token is in the JSON form of a signature"
	HugeToken         Fault = "the token has 2 MiB"
	HugeName          Fault = "the name has 200,000 letters"
	StrangeName       Fault = "the name has characters that hide and turn others round"
	NameIsList        Fault = "the name is a list"
	StrangeSubject    Fault = "the subject holds a zero character"
	NoIssuedAt        Fault = "the token does not say when it was issued"
	NoExpiry          Fault = "the token never expires"
	NoAudience        Fault = "the token is for nobody"
	LogoutAsToken     Fault = "a log-out token is given for an ID token"
	GroupsMixed       Fault = "the groups are a list of names and numbers"
	GroupsAsObject    Fault = "the groups are an object"
	GroupsNested      Fault = "the groups are lists in a list"
	UserInfoUnsigned  Fault = "userinfo is a token that is not signed"
	UserInfoOfNobody  Fault = "userinfo does not say who it is about"
)

// What is wrong with the key set.
const (
	PrivateKeys     Fault = "the key set publishes the private key"
	SameKeyName     Fault = "two keys have one name, the wrong one first"
	EncryptionKeys  Fault = "the key is said to be for encryption"
	KeysOfOthers    Fault = "the key set holds only keys that are not used"
	SymmetricKeys   Fault = "the key set publishes a secret for HS256, and signs with it"
	ManyKeys        Fault = "the key set has 1,000 keys"
	MovesElsewhere  Fault = "discovery names other endpoints from now on"
	NoTokenEndpoint Fault = "discovery names no token endpoint"
)

// What is wrong with a log-out token.
const (
	LogoutUnsigned      Fault = "the log-out token is not signed"
	LogoutBadSignature  Fault = "the log-out token's signature is another text's"
	LogoutUnknownKey    Fault = "the log-out token is signed with a key that is not the provider's"
	LogoutByOurSecret   Fault = "the log-out token is signed with the client's secret"
	LogoutNoEvent       Fault = "the log-out token has no event"
	LogoutOtherEvent    Fault = "the log-out token has another event"
	LogoutEventIsText   Fault = "the log-out token's event is a text"
	LogoutWithNonce     Fault = "the log-out token has a nonce"
	LogoutEmptyNonce    Fault = "the log-out token has an empty nonce"
	LogoutOtherAudience Fault = "the log-out token is for another client"
	LogoutOtherIssuer   Fault = "the log-out token is of another issuer"
	LogoutNoName        Fault = "the log-out token has no jti"
	LogoutOld           Fault = "the log-out token was issued an hour ago"
	LogoutLater         Fault = "the log-out token will be issued in an hour"
	LogoutExpired       Fault = "the log-out token has expired"
	LogoutNoExpiry      Fault = "the log-out token never expires"
	LogoutOfNobody      Fault = "the log-out token is about nobody"
	LogoutTwice         Fault = "the log-out token says twice who it is about"
	LogoutHuge          Fault = "the log-out token has 20 KiB"
	LogoutIsIDToken     Fault = "an ID token is given for a log-out token"
)

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// LogoutToken makes what the provider sends when somebody has left it (OpenID
// Connect Back-Channel Logout 1.0, 2.4), with the faults that are switched on:
// about a subject, a session, or both.
func (p *Provider) LogoutToken(subject, session string) string {
	now := time.Now()
	claims := map[string]any{"iss": p.server.URL, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": random(),
		"events": map[string]any{logoutEvent: map[string]any{}}}
	for name, value := range map[string]string{"sub": subject, "sid": session} {
		if value != "" {
			claims[name] = value
		}
	}
	for fault, change := range map[Fault]func(){
		LogoutNoEvent:       func() { delete(claims, "events") },
		LogoutOtherEvent:    func() { claims["events"] = map[string]any{"https://another.example.org/event": map[string]any{}} },
		LogoutEventIsText:   func() { claims["events"] = map[string]any{logoutEvent: "yes"} },
		LogoutWithNonce:     func() { claims["nonce"] = random() },
		LogoutEmptyNonce:    func() { claims["nonce"] = "" },
		LogoutOtherAudience: func() { claims["aud"] = "another" },
		LogoutOtherIssuer:   func() { claims["iss"] = "https://another.example.org" },
		LogoutNoName:        func() { delete(claims, "jti") },
		LogoutOld:           func() { claims["iat"] = now.Add(-time.Hour).Unix() },
		LogoutLater:         func() { claims["iat"] = now.Add(time.Hour).Unix() },
		LogoutExpired:       func() { claims["exp"] = now.Add(-time.Minute).Unix() },
		LogoutNoExpiry:      func() { delete(claims, "exp") },
		LogoutOfNobody:      func() { delete(claims, "sub"); delete(claims, "sid") },
		LogoutHuge:          func() { claims["more"] = strings.Repeat("x", 20<<10) },
		LogoutIsIDToken: func() {
			delete(claims, "events")
			maps.Copy(claims, map[string]any{"nonce": random(), "name": "Somebody"})
		},
	} {
		if p.has(fault) {
			change()
		}
	}
	body := string(mustJSON(claims))
	if p.has(LogoutTwice) {
		body = strings.Replace(body, "{", `{"sub":"sub-two",`, 1)
	}
	return p.signAs(body, map[string]any{"typ": "logout+jwt"}, map[Fault]Fault{
		NoAlgorithm: LogoutUnsigned, BadSignature: LogoutBadSignature, UnknownKey: LogoutUnknownKey, SymmetricAlgorithm: LogoutByOurSecret})
}

// harm makes the claims of an ID token wrong in the ways above.
func (p *Provider) harm(claims map[string]any) {
	for fault, change := range map[Fault]func(){
		HugeToken:      func() { claims["more"] = strings.Repeat("x", 2<<20) },
		HugeName:       func() { claims["name"] = strings.Repeat("Long ", 40_000) },
		StrangeName:    func() { claims["name"] = "Nia\u202e\x00\u200b Newcomer\n" },
		NameIsList:     func() { claims["name"] = []string{"Nia", "Newcomer"} },
		StrangeSubject: func() { claims["sub"] = "sub\x00nia" },
		NoIssuedAt:     func() { delete(claims, "iat") },
		NoExpiry:       func() { delete(claims, "exp") },
		NoAudience:     func() { claims["aud"] = []string{} },
		GroupsMixed:    func() { claims[p.opt.GroupsClaim] = []any{"larkfield-staff", 7} },
		GroupsAsObject: func() { claims[p.opt.GroupsClaim] = map[string]bool{"care-admins": true} },
		GroupsNested:   func() { claims[p.opt.GroupsClaim] = [][]string{{"care-admins"}} },
		LogoutAsToken:  func() { delete(claims, "nonce"); claims["events"] = map[string]any{logoutEvent: map[string]any{}} },
	} {
		if p.has(fault) {
			change()
		}
	}
}

// garble changes the text of the claims.
func (p *Provider) garble(body string) string {
	switch {
	case p.has(ClaimTwice):
		return strings.Replace(body, "{", `{"sub":"sub-admin",`, 1)
	case p.has(ClaimInOtherCase):
		return body[:len(body)-1] + `,"SUB":"sub-admin"}`
	case p.has(NotUTF8):
		return strings.Replace(body, "{", "{\"more\":\"\xff\xfe\",", 1)
	}
	return body
}

// forge signs a text in one of the ways that programs have been taken in by, ""
// where none is switched on.
func (p *Provider) forge(k key, body string, header map[string]any) string {
	foreign := newKey(p.opt.RSA)
	switch {
	case p.has(PublicKeyAsSecret):
		header["alg"] = "HS256"
		text := part(header) + "." + encode([]byte(body))
		m := hmac.New(sha256.New, k.pem())
		m.Write([]byte(text))
		return text + "." + encode(m.Sum(nil))
	case p.has(SymmetricKeys):
		header["alg"], header["kid"] = "HS256", "secret"
		text := part(header) + "." + encode([]byte(body))
		m := hmac.New(sha256.New, []byte(ClientSecret))
		m.Write([]byte(text))
		return text + "." + encode(m.Sum(nil))
	case p.has(KeyInToken):
		header["jwk"] = foreign.public(p.algorithm())
		delete(header, "kid")
	case p.has(KeyByAddress):
		header["jku"], header["kid"] = p.server.URL+moved+Keys, foreign.id
	case p.has(CriticalHeader):
		header["crit"], header["understand"] = []string{"understand"}, "this"
		foreign = k
	case p.has(TokenIsJSON):
		text := part(header) + "." + encode([]byte(body))
		return string(mustJSON(map[string]string{"protected": part(header), "payload": encode([]byte(body)), "signature": encode(k.sign(text))}))
	default:
		return ""
	}
	text := part(header) + "." + encode([]byte(body))
	return text + "." + encode(foreign.sign(text))
}

// pem is the public key as a file would hold it.
func (k key) pem() []byte {
	var public any
	if k.rsa != nil {
		public = &k.rsa.PublicKey
	} else {
		public = &k.ec.PublicKey
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// keySet is what is published, with the faults of key sets. The caller does not
// hold the lock.
func (p *Provider) keySet() []map[string]any {
	p.mu.Lock()
	keys := append([]key{}, p.keys...)
	p.mu.Unlock()
	all := []map[string]any{}
	for _, k := range keys {
		one := k.public(p.algorithm())
		switch {
		case p.has(PrivateKeys):
			one["d"] = encode(k.private())
		case p.has(EncryptionKeys):
			one["use"] = "enc"
		case p.has(SameKeyName):
			wrong := newKey(p.opt.RSA).public(p.algorithm())
			wrong["kid"] = k.id
			all = append(all, wrong)
		case p.has(KeysOfOthers):
			one = newKey(p.opt.RSA).public(p.algorithm())
		case p.has(SymmetricKeys):
			all = append(all, map[string]any{"kty": "oct", "kid": "secret", "alg": "HS256", "k": encode([]byte(ClientSecret))})
		case p.has(ManyKeys):
			other := newKey(p.opt.RSA).public(p.algorithm())
			for range 999 {
				next := maps.Clone(other)
				next["kid"] = random()
				all = append(all, next)
			}
		}
		all = append(all, one)
	}
	return all
}

func (k key) private() []byte {
	if k.rsa != nil {
		return k.rsa.D.Bytes()
	}
	b, err := k.ec.Bytes()
	if err != nil {
		panic(err)
	}
	return b
}

// endless writes an answer that never ends, in pieces, until nobody listens.
func endless(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	flush := http.NewResponseController(w)
	for {
		if _, err := w.Write([]byte(strings.Repeat(" ", 32<<10))); err != nil {
			return
		}
		if flush.Flush() != nil {
			return
		}
	}
}
