package portal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/audit"
)

const (
	actionKey = "action"
	actorKey  = "actor" // the number of whoever acts
	whoKey    = "who"   // the same as an access.Actor, of a session
	stillKey  = "still" // asks whether token or session still stand
	causeKey  = "cause"
	cutKey    = "cut"
)

// begin gives the request its id and the answer its safe headers, and logs the
// request when it is over: by route, never by what was in it.
func (s *server) begin(c *gin.Context) {
	start := time.Now()
	var raw [12]byte
	rand.Read(raw[:])
	id := hex.EncodeToString(raw[:])
	c.Request = c.Request.WithContext(audit.WithRequest(c.Request.Context(), id))
	c.Header("X-Request-Id", id)
	safe(c.Writer.Header())
	defer s.end(c, id, start) // also when the answer is cut
	c.Next()
}

// safe sets the headers that every answer has.
func safe(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// end logs a request that is over.
func (s *server) end(c *gin.Context, id string, start time.Time) {
	log := s.log.With("request", id, "method", c.Request.Method, "route", c.FullPath(), "status", c.Writer.Status(),
		"ms", time.Since(start).Milliseconds(), "bytes", max(c.Writer.Size(), 0), "actor", c.GetInt64(actorKey), "action", c.GetString(actionKey))
	if cause, ok := c.Get(causeKey); ok {
		log.Error("request failed", "error", fmt.Sprint(cause), "cut", c.GetBool(cutKey))
		return
	}
	if c.GetBool(cutKey) {
		log.Warn("request cut")
		return
	}
	log.Info("request")
}

// recover turns a panic into an answer without internals, and a log entry with them.
func (s *server) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.log.Error("panic", "request", audit.Request(c.Request.Context()), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		s.fail(c, fmt.Errorf("panic: %v", p))
	}()
	c.Next()
}
