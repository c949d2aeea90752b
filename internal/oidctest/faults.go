package oidctest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault is one thing that a provider does wrong, or does in an unusual way.
type Fault string

// What can be wrong with the ID token.
const (
	AnotherNonce       Fault = "the nonce is another's"
	NoNonce            Fault = "there is no nonce"
	AnotherAudience    Fault = "the token is for another client"
	ManyAudiences      Fault = "the token is for two clients, and does not say which asked"
	AnotherParty       Fault = "the token says that another client asked"
	AnotherIssuer      Fault = "the token is of another issuer"
	Expired            Fault = "the token has expired"
	IssuedLongAgo      Fault = "the token was issued an hour ago"
	IssuedLater        Fault = "the token will be issued in an hour"
	NotYet             Fault = "the token counts from tomorrow"
	BadSignature       Fault = "the signature is another text's"
	UnknownKey         Fault = "the token is signed with a key that is not the provider's"
	NoAlgorithm        Fault = "the token is not signed (alg none)"
	SymmetricAlgorithm Fault = "the token is signed with the client's secret (HS256)"
	NoToken            Fault = "there is no token"
	BrokenToken        Fault = "the token is no token"
	NoSubject          Fault = "the token is about nobody"
	LongSubject        Fault = "the subject is longer than 255 letters"
	WrongAccessHash    Fault = "at_hash is of another access token"
	PartyIsUs          Fault = "the token is for two clients, and says that we asked"
)

// What can be wrong with what it says about when and how somebody signed in.
const (
	AsksNobodyAgain Fault = "it does not ask again although max_age says so"
	NoAuthTime      Fault = "it does not say when somebody signed in"
	OldAuthTime     Fault = "somebody signed in a day ago"
	LaterAuthTime   Fault = "somebody will sign in in an hour"
	AuthTimeAsText  Fault = "the moment of signing in is a text"
	AuthTimeHuge    Fault = "the moment of signing in is the number 1e300"
	MethodsAsText   Fault = "amr is a text, not a list"
	MethodsNested   Fault = "amr is a list in a list"
	MethodsEndless  Fault = "amr has 1,000 entries"
	ContextAsNumber Fault = "acr is a number"
)

// Where the groups can be, and what they can look like.
const (
	NoGroups         Fault = "no groups at all"
	GroupsInUserInfo Fault = "the groups are at the userinfo endpoint alone"
	GroupsAsText     Fault = "the only group is a text, not a list"
	GroupsAsNumber   Fault = "the groups are a number"
	GroupsElsewhere  Fault = "there is only a place to ask for the groups"
	ManyGroups       Fault = "3,000 groups"
	StrangeGroups    Fault = "groups with names that cannot be shown, and one named twice"
	OtherPerson      Fault = "the userinfo endpoint speaks about somebody else"
)

// What else can be wrong.
const (
	OtherIssuerAnswers Fault = "the answer names another issuer"
	NobodyAnswers      Fault = "the answer names no issuer although it was promised"
	CallsItselfOther   Fault = "discovery names another issuer"
	PlainAddresses     Fault = "the endpoints are not https"
	CannotSignOut      Fault = "there is no way to sign out"
	CodesForGood       Fault = "a code works as often as one likes"
)

// Trouble is a way in which an endpoint does not work.
type Trouble int

// The troubles.
const (
	None      Trouble = iota
	Down              // the connection breaks
	Fails             // status 500
	Slow              // no answer until the client has gone
	Redirects         // to another place, where an answer waits
	Enormous          // an answer that is far too long
	Nonsense          // status 200 and no JSON
	Away              // a redirect to another site
	Endless           // an answer that never ends, in pieces
)

// The endpoints.
const (
	Discovery  = "/.well-known/openid-configuration"
	Keys       = "/keys"
	Authorize  = "/authorize"
	Token      = "/token"
	UserInfo   = "/userinfo"
	EndSession = "/end-session"
)

// moved is where a redirected request ends up: below it everything works.
const moved = "/moved"

// troubled counts requests, and lets those to an endpoint in trouble go wrong.
func (p *Provider) troubled(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at, ok := strings.CutPrefix(r.URL.Path, moved); ok {
			r.URL.Path = at
			next.ServeHTTP(w, r)
			return
		}
		p.mu.Lock()
		p.asked[r.URL.Path]++
		how := p.troubles[r.URL.Path]
		p.mu.Unlock()
		switch how {
		case Down:
			panic(http.ErrAbortHandler)
		case Fails:
			http.Error(w, "out of order", http.StatusInternalServerError)
		case Slow:
			select {
			case <-r.Context().Done():
			case <-p.ended:
			}
			panic(http.ErrAbortHandler)
		case Redirects:
			http.Redirect(w, r, moved+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		case Enormous:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "67108864") // 64 MiB
			for range 1024 {
				if _, err := w.Write([]byte(strings.Repeat(" ", 64<<10))); err != nil {
					return
				}
			}
		case Away:
			http.Redirect(w, r, "http://another.example.org"+r.URL.Path, http.StatusTemporaryRedirect)
		case Endless:
			endless(w)
		case Nonsense:
			_, _ = w.Write([]byte("<p>Welcome"))
		case None:
			next.ServeHTTP(w, r)
		}
	})
}

// spoil makes the claims of an ID token wrong.
func (p *Provider) spoil(claims map[string]any, now time.Time) {
	for fault, change := range map[Fault]func(){
		AnotherNonce:    func() { claims["nonce"] = random() },
		NoNonce:         func() { delete(claims, "nonce") },
		AnotherAudience: func() { claims["aud"] = "another" },
		ManyAudiences:   func() { claims["aud"] = []string{ClientID, "another"} },
		PartyIsUs:       func() { claims["aud"], claims["azp"] = []string{ClientID, "another"}, ClientID },
		AnotherParty:    func() { claims["azp"] = "another" },
		AnotherIssuer:   func() { claims["iss"] = "https://another.example.org" },
		Expired:         func() { claims["exp"] = now.Add(-time.Minute).Unix() },
		IssuedLongAgo:   func() { claims["iat"] = now.Add(-time.Hour).Unix() },
		IssuedLater:     func() { claims["iat"] = now.Add(time.Hour).Unix() },
		NotYet:          func() { claims["nbf"] = now.Add(24 * time.Hour).Unix() },
		NoSubject:       func() { claims["sub"] = "" },
		LongSubject:     func() { claims["sub"] = strings.Repeat("x", 256) },
		WrongAccessHash: func() { claims["at_hash"] = accessHash("another") },
		NoAuthTime:      func() { delete(claims, "auth_time") },
		OldAuthTime:     func() { claims["auth_time"] = now.Add(-24 * time.Hour).Unix() },
		LaterAuthTime:   func() { claims["auth_time"] = now.Add(time.Hour).Unix() },
		AuthTimeAsText:  func() { claims["auth_time"] = "now" },
		AuthTimeHuge:    func() { claims["auth_time"] = 1e300 },
		MethodsAsText:   func() { claims["amr"] = "mfa" },
		MethodsNested:   func() { claims["amr"] = [][]string{{"mfa"}} },
		MethodsEndless:  func() { claims["amr"] = slices.Repeat([]string{"mfa"}, 1000) },
		ContextAsNumber: func() { claims["acr"] = 2 },
	} {
		if p.has(fault) {
			change()
		}
	}
}
