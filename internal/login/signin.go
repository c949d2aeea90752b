package login

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/pg"
	"custodian/internal/token"
)

// SessionCookie is the name of the cookie that holds a session's secret. It is
// set with HttpOnly, Secure, SameSite=Lax and Path=/ and no Domain (RFC 6265bis,
// 4.1.3.2).
const SessionCookie = "__Host-custodian"

// CallbackPath and AfterPath are the two addresses of ours, below PublicURL, that
// are registered at the sign-in service: where it sends people back to after
// signing in and after signing out.
const (
	CallbackPath = "/sign-in/callback"
	AfterPath    = "/signed-out"
)

// The limits of a session where Options name none.
const (
	DefaultIdle     = 30 * time.Minute
	DefaultAbsolute = 12 * time.Hour
	DefaultFresh    = 15 * time.Minute
)

// Options says which sign-in service is trusted and how long a session lasts.
type Options struct {
	DB                     *pg.DB
	Issuer                 string // "" when there is no sign-in service: nobody can sign in
	ClientID, ClientSecret string
	PublicURL              string        // how people reach the portal; no trailing slash
	GroupsClaim            string        // "groups" when ""
	TrustsEmail            bool          // an e-mail address counts where the service does not say whether it is theirs
	Idle, Absolute         time.Duration // of a session; the defaults when zero
	Fresh                  time.Duration // how old a sign-in may be for what asks for a fresh one; the default when zero
	SecondFactor           SecondFactor
	HTTP                   *http.Client // its Transport is used; nil: one of our own
	Log                    *slog.Logger
}

// SignIn is the way in through the sign-in service. It may be used by many
// requests at once.
type SignIn struct {
	opt     Options
	service *service
	seal    sealer
	strange *pace // of refusals that nobody signed for
}

// NewSignIn makes the way in. It asks the service nothing yet: one that is down,
// now or later, stops nothing else.
func NewSignIn(o Options) *SignIn {
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if o.Idle <= 0 {
		o.Idle = DefaultIdle
	}
	if o.Absolute <= 0 {
		o.Absolute = DefaultAbsolute
	}
	if o.Fresh <= 0 {
		o.Fresh = DefaultFresh
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &SignIn{opt: o, service: newService(o), seal: newSealer(o.ClientSecret), strange: &pace{most: 60, per: time.Minute}}
}

// Issuer is the sign-in service that is trusted, "" for none.
func (s *SignIn) Issuer() string { return s.opt.Issuer }

// Departure is what a browser is sent away with.
type Departure struct {
	URL    string        // of the service, with challenge, state and nonce
	Name   string        // of the cookie: one for each transaction, so that two tabs can sign in at once
	Cookie string        // its value: the transaction
	Lasts  time.Duration // how long the cookie is kept
}

// Begin starts a sign-in that leads back to the path to, or to /home where that
// is not a path of ours. It gives an Unavailable fault when the service does not
// answer.
func (s *SignIn) Begin(ctx context.Context, to string) (Departure, error) {
	return s.depart(ctx, newTransaction(ReturnPath(to), time.Now()))
}

// BeginAgain is Begin for somebody who is at work already: the service asks them
// again who they are, and nobody else may come back from it. For nobody, it is
// whoever comes.
func (s *SignIn) BeginAgain(ctx context.Context, actor access.Actor, to string) (Departure, error) {
	t := newTransaction(ReturnPath(to), time.Now())
	t.who, t.anew = actor.ID, true
	return s.depart(ctx, t)
}

func (s *SignIn) depart(ctx context.Context, t transaction) (Departure, error) {
	p, err := s.service.metadata(ctx)
	if r, ok := refusalOf(err); ok {
		return Departure{}, r.public()
	}
	if err != nil {
		return Departure{}, err
	}
	return Departure{URL: p.authorize(t, s.opt.SecondFactor.ACR), Name: t.cookieName(), Cookie: s.seal.lock(t), Lasts: transactionLife}, nil
}

// Arrival is somebody who has signed in.
type Arrival struct {
	Secret     token.Secret  // of the session, for the cookie; cannot be had again
	Lasts      time.Duration // how long the session can last at most
	Actor      access.Actor
	To         string // the path of ours that they set out for
	CookieName string // of the transaction, to be cleared; set with an error as well where it is known
}

// NoRole says that somebody signed in at the service, and that neither their
// groups nor anybody here gives them a role. They have no session.
type NoRole struct {
	Name string // as the service says it, for the page that says whom to ask
}

// Error is for logs: it does not say the name.
func (*NoRole) Error() string { return "login: signed in at the service, and holds no role" }

// Answer is the request to CallbackPath with which a browser comes back.
type Answer struct {
	Cookies []*http.Cookie
	Query   url.Values
	Agent   string // what the browser calls itself (RFC 9110, 10.1.5)
}

// Finish takes the answer of the service. It makes a session, and ends the one
// that the browser was in.
//
// What it refuses is a fault with words for the page: Invalid for an answer that
// is wrong, late, used before or of another browser's sign-in, Unavailable when
// the service does not answer or will not work for us. *NoRole is somebody whom
// nobody has given a role, *NoSecondFactor somebody whose role asks for more than
// they showed. Each of these is recorded, and makes no session.
func (s *SignIn) Finish(ctx context.Context, back Answer) (Arrival, error) {
	t, err := s.seal.find(back.Cookies, back.Query.Get("state"), time.Now())
	a := Arrival{To: t.to, CookieName: t.name}
	if err != nil {
		return a, s.refused(ctx, err)
	}
	who, raw, err := s.service.redeem(ctx, t, back.Query)
	if err != nil {
		return a, s.refused(ctx, err)
	}
	e, err := s.admit(ctx, who, t)
	if err != nil {
		return a, s.refused(ctx, err)
	}
	if !e.admitted {
		return a, s.turnAway(ctx, e, who)
	}
	if a.Secret, a.Actor, err = s.begin(ctx, e, raw, back); err != nil {
		return a, err
	}
	a.Lasts = s.opt.Absolute
	return a, nil
}

// turnAway records that somebody came who has no role, or shows too little for it.
func (s *SignIn) turnAway(ctx context.Context, e entry, who identity) error {
	by := access.Custodian()
	if e.actor.ID != 0 {
		by = e.actor
	}
	err := audit.Refuse(ctx, s.opt.DB, by, audit.Act{Action: access.BeginSession, Detail: audit.Detail{"because": e.outcome(), "sign_in": e.signIn}})
	if err != nil {
		return err
	}
	if len(e.lacking) > 0 {
		return &NoSecondFactor{Name: who.name, Roles: e.lacking}
	}
	return &NoRole{Name: who.name}
}

// refused records an answer that came to nothing. Whoever sends nonsense is not
// known, and could send much of it: beyond the pace it is only logged.
func (s *SignIn) refused(ctx context.Context, err error) error {
	return s.refusedAs(ctx, access.BeginSession, err)
}

func (s *SignIn) refusedAs(ctx context.Context, a access.Action, err error) error {
	r, ok := refusalOf(err)
	if !ok {
		return err
	}
	s.opt.Log.WarnContext(ctx, "sign-in refused", "action", a.Name, "because", r.because, "cause", r.logged(), "request", audit.Request(ctx))
	if s.strange.allows(time.Now()) {
		about := audit.Act{Action: a, Detail: audit.Detail{"because": r.because}}
		if e := audit.Refuse(ctx, s.opt.DB, access.Custodian(), about); e != nil {
			return e
		}
	}
	return r.public()
}
