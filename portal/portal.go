// Package portal is the site: the pages, the JSON API at /api/v1, and the signs
// of life. A handler reads what was sent, calls one method of one domain package
// and writes the answer; it holds no rule and no SQL.
//
// Every route carries the action it needs. A session opens pages and no API, an
// API token opens the API and no page, and the token of a directory service
// /scim/v2 alone. Errors are mapped to answers in one
// place; what is not there and what is not yours give the same answer, byte for
// byte.
package portal

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/membership"
	"custodian/internal/scim"
	"custodian/portal/page"
	"custodian/versions"
	"custodian/web"
)

// Options is what the portal stands on.
type Options struct {
	DB      *audit.DB
	Keeper  *versions.Keeper
	Tree    *audit.Tree     // of footprints; nil where none is grown
	SignIn  *login.SignIn   // nil where no sign-in service is set
	SCIM    *scim.Service   // nil where no sign-in service is set
	Changes *grants.Changes // tells of rights that end while something is served; nil: they are asked about each second alone
	Log     *slog.Logger
	Ready   func(context.Context) error // nil when everything it needs answers
	Version string
	Demo    bool   // says on every page that everything is made up
	Ask     string // whom people are told to ask for help

}

// server is the portal at work.
type server struct {
	db      *audit.DB
	keeper  *versions.Keeper
	tree    *audit.Tree
	signIn  *login.SignIn
	members *membership.Keeper // nil where no sign-in service is set
	scim    *scim.Service      // the same
	paces   paces
	proofs  *login.SignIn // the same; where there is none, one that lets nobody in and knows what a session shows
	changes *grants.Changes
	pages   *page.Pages
	assets  map[string]web.File // by the name in their address
	log     *slog.Logger
	ready   func(context.Context) error
	version string
	demo    bool
	ask     string
	turns   *turns
	seen    seen
}

// New makes the portal's handler. It fails when the pages' templates or styles
// are not what they were built to be.
func New(o Options) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	pages, err := page.New()
	if err != nil {
		return nil, err
	}
	assets, err := web.Built()
	if err != nil {
		return nil, err
	}
	if o.Changes == nil {
		o.Changes = grants.NewChanges()
	}
	s := &server{
		db: o.DB, keeper: o.Keeper, tree: o.Tree, changes: o.Changes, signIn: o.SignIn, proofs: o.SignIn, scim: o.SCIM, pages: pages, assets: assets,
		log: o.Log, ready: o.Ready, version: o.Version, demo: o.Demo, ask: o.Ask, turns: newTurns(),
	}
	if o.SignIn == nil {
		s.proofs = login.NewSignIn(login.Options{DB: o.DB})
	} else {
		s.members = membership.New(o.DB, o.SignIn.Issuer())
	}
	g := gin.New()
	g.RedirectTrailingSlash = false
	g.HandleMethodNotAllowed = true
	g.Use(s.begin, s.recover, s.sameSite())
	g.NoRoute(func(c *gin.Context) { s.fail(c, notThere()) })
	g.NoMethod(s.notAllowed)
	for _, r := range s.routes() {
		g.Handle(r.method, r.path, s.adapt(r.action, r.handle))
	}
	for _, r := range s.directory() {
		g.Handle(r.method, r.path, s.ofDirectory(r.action, r.handle))
	}
	for _, r := range s.everyPage() {
		g.Handle(r.method, r.path, s.visit(r.action, r.handle))
	}
	return g, nil
}

// handler answers one request of one actor.
type handler func(c *gin.Context, actor access.Actor) error

// noActor is nobody.
var noActor access.Actor

// still asks again whether what the request came with, a token or a session,
// stands: sending a file may take long.
func still(c *gin.Context) func(context.Context) error {
	return c.MustGet(stillKey).(func(context.Context) error)
}

// adapt signs the actor in, unless the action is public, and maps errors.
func (s *server) adapt(a access.Action, h handler) gin.HandlerFunc {
	if a.Fresh() {
		h = s.pageOnly(a)
	}
	return func(c *gin.Context) {
		c.Set(actionKey, a.Name)
		var actor access.Actor
		if a != access.Public {
			var err error
			if actor, err = login.Bearer(c.Request.Context(), s.db, c.GetHeader("Authorization")); err != nil {
				s.fail(c, err)
				return
			}
			c.Set(actorKey, int64(actor.ID))
			header := c.GetHeader("Authorization")
			c.Set(stillKey, func(ctx context.Context) error {
				_, err := login.Bearer(ctx, s.db, header)
				return err
			})
			s.note(c, actor)
		}
		if err := h(c, actor); err != nil {
			s.fail(c, err)
		}
	}
}

// note remembers that a token was used. That it could not be noted is no reason
// to refuse the request.
func (s *server) note(c *gin.Context, actor access.Actor) {
	if !s.seen.due(actor.Token) {
		return
	}
	if err := login.Seen(c.Request.Context(), s.db, actor); err != nil {
		s.log.Warn("token use not noted", "token", actor.Token, "error", err)
	}
}

// seen holds when the use of a token or session was last noted: once a minute is
// enough.
type seen struct{ at sync.Map }

// due tells whether the use is to be noted now.
func (s *seen) due(id int64) bool {
	now := time.Now()
	if last, ok := s.at.Load(id); ok && now.Sub(last.(time.Time)) < time.Minute {
		return false
	}
	s.at.Store(id, now)
	return true
}
