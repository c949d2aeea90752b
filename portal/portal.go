// Package portal is the site: the JSON API at /api/v1, the front page, and the
// signs of life. A handler reads what was sent, calls one method of one domain
// package and writes the answer; it holds no rule and no SQL.
//
// Every route carries the action it needs. Errors are mapped to answers in one
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
	"custodian/internal/login"
	"custodian/versions"
)

// Options is what the portal stands on.
type Options struct {
	DB      *audit.DB
	Keeper  *versions.Keeper
	Log     *slog.Logger
	Ready   func(context.Context) error // nil when everything it needs answers
	Version string
}

// server is the portal at work.
type server struct {
	db      *audit.DB
	keeper  *versions.Keeper
	log     *slog.Logger
	ready   func(context.Context) error
	version string
	turns   *turns
	seen    sync.Map // token id -> when its use was last noted
}

// New makes the portal's handler.
func New(o Options) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	s := &server{db: o.DB, keeper: o.Keeper, log: o.Log, ready: o.Ready, version: o.Version, turns: newTurns()}
	g := gin.New()
	g.RedirectTrailingSlash = false
	g.HandleMethodNotAllowed = true
	g.Use(s.begin, s.recover, s.sameSite())
	g.NoRoute(func(c *gin.Context) { s.fail(c, notThere()) })
	g.NoMethod(s.notAllowed)
	for _, r := range s.routes() {
		g.Handle(r.method, r.path, s.adapt(r.action, r.handle))
	}
	return g
}

// handler answers one request of one actor.
type handler func(c *gin.Context, actor access.Actor) error

// adapt signs the actor in, unless the action is public, and maps errors.
func (s *server) adapt(a access.Action, h handler) gin.HandlerFunc {
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
			s.note(c, actor)
		}
		if err := h(c, actor); err != nil {
			s.fail(c, err)
		}
	}
}

// note remembers that a token was used, at most once a minute. That it could
// not be noted is no reason to refuse the request.
func (s *server) note(c *gin.Context, actor access.Actor) {
	now := time.Now()
	if last, ok := s.seen.Load(actor.Token); ok && now.Sub(last.(time.Time)) < time.Minute {
		return
	}
	s.seen.Store(actor.Token, now)
	if err := login.Seen(c.Request.Context(), s.db, actor); err != nil {
		s.log.Warn("token use not noted", "token", actor.Token, "error", err)
	}
}
