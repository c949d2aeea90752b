package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// key signs ID tokens (RFC 7518).
type key struct {
	id  string
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
}

func newKey(useRSA bool) key {
	k := key{id: random()}
	var err error
	if useRSA {
		k.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		k.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		panic(err) // a computer without randomness
	}
	return k
}

func (p *Provider) algorithm() string {
	if p.opt.RSA {
		return "RS256"
	}
	return "ES256"
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwks publishes the keys (RFC 7517).
func (p *Provider) jwks(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"keys": p.keySet()})
}

// public is the key as it is published.
func (k key) public(algorithm string) map[string]any {
	one := map[string]any{"kid": k.id, "use": "sig", "alg": algorithm}
	if k.rsa != nil {
		one["kty"], one["n"], one["e"] = "RSA", encode(k.rsa.N.Bytes()), encode(big.NewInt(int64(k.rsa.E)).Bytes())
		return one
	}
	point, err := k.ec.PublicKey.Bytes() // 4, then the two coordinates
	if err != nil {
		panic(err)
	}
	one["kty"], one["crv"], one["x"], one["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	return one
}

func (k key) sign(text string) []byte {
	h := sha256.Sum256([]byte(text))
	if k.rsa != nil {
		s, err := rsa.SignPKCS1v15(rand.Reader, k.rsa, crypto.SHA256, h[:])
		if err != nil {
			panic(err)
		}
		return s
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.ec, h[:])
	if err != nil {
		panic(err)
	}
	var both [64]byte
	r.FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both[:]
}

// accessHash binds an access token to an ID token (OpenID Connect Core 1.0, 3.1.3.6).
func accessHash(token string) string {
	h := sha256.Sum256([]byte(token))
	return encode(h[:16])
}

// idToken makes the ID token of a sign-in, with the faults that are switched on.
func (p *Provider) idToken(g *grant, access string) string {
	if p.has(BrokenToken) {
		return "a.b.c"
	}
	now := time.Now()
	claims := map[string]any{"iss": p.server.URL, "sub": g.person.Subject, "aud": ClientID, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"nonce": g.nonce, "name": g.person.Name, "at_hash": accessHash(access)}
	claims["auth_time"] = g.since.Unix()
	g.person.putEmail(claims)
	for name, value := range map[string]string{"acr": g.person.Context, "sid": g.person.Session} {
		if value != "" {
			claims[name] = value
		}
	}
	if len(g.person.Methods) > 0 {
		claims["amr"] = g.person.Methods
	}
	p.putGroups(claims, g.person.Groups)
	p.spoil(claims, now)
	p.harm(claims)
	return p.sign(claims)
}

func (p *Provider) putGroups(claims map[string]any, groups []string) {
	name := p.opt.GroupsClaim
	switch {
	case p.has(NoGroups) || p.has(GroupsInUserInfo) || p.has(OtherPerson) || p.has(UserInfoUnsigned) || p.has(UserInfoOfNobody):
	case p.has(GroupsAsText):
		claims[name] = groups[0]
	case p.has(GroupsAsNumber):
		claims[name] = len(groups)
	case p.has(GroupsElsewhere): // as in OpenID Connect Core 1.0, 5.6.2
		claims["_claim_names"] = map[string]string{name: "src1"}
		claims["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": "https://graph.example.org/groups"}}
	case p.has(ManyGroups):
		many := append([]string{}, groups...)
		for i := range 3000 {
			many = append(many, fmt.Sprintf("group-%d", i))
		}
		claims[name] = many
	case p.has(StrangeGroups):
		claims[name] = append([]string{"", "a\u202eb", strings.Repeat("x", 201), groups[0]}, groups...)
	default:
		claims[name] = groups
	}
}

// sign signs claims, with the faults that are switched on.
func (p *Provider) sign(claims map[string]any) string {
	return p.signAs(p.garble(string(mustJSON(claims))), map[string]any{"typ": "JWT"}, map[Fault]Fault{
		NoAlgorithm: NoAlgorithm, BadSignature: BadSignature, UnknownKey: UnknownKey, SymmetricAlgorithm: SymmetricAlgorithm})
}

// signAs signs a text under a header. called says under which name each way of
// signing wrongly is switched on.
func (p *Provider) signAs(body string, header map[string]any, called map[Fault]Fault) string {
	p.mu.Lock()
	k := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	header["alg"], header["kid"] = p.algorithm(), k.id
	if forged := p.forge(k, body, header); forged != "" {
		return forged
	}
	switch {
	case p.has(called[NoAlgorithm]):
		header["alg"] = "none"
	case p.has(called[SymmetricAlgorithm]):
		header["alg"] = "HS256"
	case p.has(called[UnknownKey]):
		k = newKey(p.opt.RSA)
		header["kid"] = k.id
	}
	text := part(header) + "." + encode([]byte(body))
	switch {
	case p.has(called[NoAlgorithm]):
		return text + "."
	case p.has(called[SymmetricAlgorithm]):
		m := hmac.New(sha256.New, []byte(ClientSecret))
		m.Write([]byte(text))
		return text + "." + encode(m.Sum(nil))
	case p.has(called[BadSignature]):
		return text + "." + encode(k.sign(text+" "))
	}
	return text + "." + encode(k.sign(text))
}

func part(v any) string { return encode(mustJSON(v)) }

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// subjectOf reads who a token that the provider signed is about. It may have expired.
func (p *Provider) subjectOf(token string) (string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", false
	}
	var said struct{ Iss, Sub, Aud string }
	if json.Unmarshal(body, &said) != nil || said.Iss != p.server.URL || said.Aud != ClientID {
		return "", false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	p.mu.Lock()
	k := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	return said.Sub, err == nil && k.verifies(parts[0]+"."+parts[1], signature)
}

func (k key) verifies(text string, signature []byte) bool {
	h := sha256.Sum256([]byte(text))
	if k.rsa != nil {
		return rsa.VerifyPKCS1v15(&k.rsa.PublicKey, crypto.SHA256, h[:], signature) == nil
	}
	return len(signature) == 64 && ecdsa.Verify(&k.ec.PublicKey, h[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}
