package portal

import (
	_ "embed"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/portal/page"
)

//go:embed openapi.json
var openapi []byte

func (s *server) description(c *gin.Context, _ access.Actor) error {
	c.Data(http.StatusOK, "application/json", openapi)
	return nil
}

// front is the page of those who are not signed in; others go to their own.
func (s *server) front(c *gin.Context, actor access.Actor) error {
	if actor.ID != 0 {
		c.Redirect(http.StatusSeeOther, "/home")
		return nil
	}
	f, err := s.frame(c, noActor, "Sign in", "")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "front", page.Front{Frame: f, CanSignIn: s.signIn != nil})
}

// plain is a page of words alone, for everybody.
func (s *server) plain(name, title string) handler {
	return func(c *gin.Context, actor access.Actor) error {
		f, err := s.frame(c, actor, title, "")
		if err != nil {
			return err
		}
		own := slices.ContainsFunc(f.Menu, func(i page.Item) bool { return i.Words == myFile })
		return s.show(c, http.StatusOK, name, page.Plain{Frame: f, Ask: s.ask, Own: own})
	}
}

// asset serves what pages are made of. Its name changes with its content, so it
// may be kept for good (RFC 8246); nothing else of ours may.
func (s *server) asset(c *gin.Context, _ access.Actor) error {
	f, ok := s.assets[c.Param("name")]
	if !ok {
		return notThere()
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := f.Body
	if f.Gzip != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.Gzip
		}
	}
	c.Data(http.StatusOK, f.Type, body)
	return nil
}

// health says that the program runs.
func (s *server) health(c *gin.Context, _ access.Actor) error {
	return answer(c, http.StatusOK, map[string]string{"status": "ok", "version": s.version})
}

// readiness says that everything the program needs answers, and for how long
// footprints have waited for their place in the tree. However long that is, people
// can work: it is for whoever watches, and no reason to send them elsewhere.
func (s *server) readiness(c *gin.Context, _ access.Actor) error {
	if err := s.ready(c.Request.Context()); err != nil {
		return fault.Wrap(fault.Unavailable, "Not ready: something that Custodian needs does not answer. The log says what.", err)
	}
	tree, err := audit.State(c.Request.Context(), s.db)
	if err != nil {
		return fault.Wrap(fault.Unavailable, "Not ready: the database does not say how far the tree of footprints has come.", err)
	}
	return answer(c, http.StatusOK, struct {
		Status string `json:"status"`
		Behind int64  `json:"footprints_wait_seconds"`
	}{"ready", int64(tree.Behind().Seconds())})
}
