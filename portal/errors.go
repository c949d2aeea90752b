package portal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/scim"
	"custodian/portal/page"
)

// problem is an error as RFC 9457 writes it.
type problem struct {
	Type   string        `json:"type"`
	Title  string        `json:"title"`
	Status int           `json:"status"`
	Detail string        `json:"detail"`
	Errors []fault.Field `json:"errors,omitempty"`
	word   string        // what SCIM calls it
}

// face gives a kind of fault its status and title.
func face(k fault.Kind) (status int, name, title string) {
	switch k {
	case fault.Invalid:
		return http.StatusBadRequest, "invalid", "Something needs to be put right"
	case fault.Unauthenticated:
		return http.StatusUnauthorized, "sign-in", "Sign in first"
	case fault.Forbidden:
		return http.StatusForbidden, "not-allowed", "You may not do this"
	case fault.NotFound:
		return http.StatusNotFound, "not-found", "Nothing here"
	case fault.Conflict:
		return http.StatusConflict, "conflict", "This cannot be done now"
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge, "too-large", "Too large"
	case fault.Damaged:
		return http.StatusInternalServerError, "damaged", "This file is damaged"
	case fault.Unavailable:
		return http.StatusServiceUnavailable, "unavailable", "Not available just now"
	case fault.Spent:
		return http.StatusTooManyRequests, "spent", "Enough for now"
	}
	return http.StatusInternalServerError, "internal", "Something went wrong"
}

// internal is all that a person is told about an error of ours.
const internal = "Something went wrong on our side. Nothing you sent was half kept. Try again, and if it happens again tell your administrator the X-Request-Id of this answer."

func notThere() error { return fault.NotThere() }

// fail answers with an error. Nothing is written when an answer has begun: the
// connection is cut instead, so that half an answer cannot be taken for a whole one.
func (s *server) fail(c *gin.Context, err error) {
	f, ok := fault.Of(err)
	if !ok {
		f = fault.New(0, internal)
	}
	status, name, title := face(f.Kind)
	if status >= http.StatusInternalServerError && !gone(err) {
		c.Set(causeKey, err)
	}
	if c.Writer.Written() {
		c.Set(cutKey, true)
		panic(http.ErrAbortHandler)
	}
	if wait := time.Until(f.Again); wait > 0 {
		c.Header("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
		c.Header("Connection", "close") // what has been sent meanwhile is not read
	}
	p := problem{Type: name, Title: title, Status: status, Detail: f.Public, Errors: f.Fields}
	if d, ok := errors.AsType[*scim.Fault](err); ok {
		p.word = d.Type
	}
	s.say(c, p)
}

// say writes a problem as the whole answer.
func (s *server) say(c *gin.Context, p problem) {
	h := c.Writer.Header()
	for _, name := range []string{"Accept-Ranges", "Content-Disposition", "Content-Length", "Content-Type", "ETag"} {
		h.Del(name) // of the answer that was about to be given
	}
	safe(h)
	if p.Status != http.StatusRequestedRangeNotSatisfiable {
		h.Del("Content-Range")
	}
	switch p.Status {
	case http.StatusUnauthorized:
		if !isPage(c) {
			h.Set("WWW-Authenticate", "Bearer")
		}
	case http.StatusRequestEntityTooLarge:
		h.Set("Connection", "close") // the rest is not read
	}
	if isDirectory(c) {
		failDirectory(c, p)
		return
	}
	if isPage(c) {
		s.wrong(c, p)
		return
	}
	p.Type = "/problems/" + p.Type
	body, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	c.Data(p.Status, "application/problem+json", append(body, '\n'))
	c.Abort()
}

// isPage tells whether a person is to read the answer: everything but the API,
// what directory services ask, what the sign-in service says by itself, the
// signs of life and what pages are made of.
func isPage(c *gin.Context) bool {
	path := c.Request.URL.Path
	for _, begins := range []string{"/api/", "/assets/", "/scim/", "/sign-out/"} {
		if strings.HasPrefix(path, begins) {
			return false
		}
	}
	return path != "/healthz" && path != "/readyz"
}

// wrong writes an error as a page.
func (s *server) wrong(c *gin.Context, p problem) {
	actor, _ := c.Value(whoKey).(access.Actor)
	v := page.Wrong{Heading: page.WrongHeading(p.Status, p.Title), Text: p.Detail, Quote: audit.Request(c.Request.Context()), Ours: p.Status >= http.StatusInternalServerError}
	var err error
	if v.Frame, err = s.frame(c, actor, v.Heading, ""); err != nil {
		v.Frame = page.Frame{Title: v.Heading} // with the database gone, say at least what is known
	}
	v.Frame.Seal = nil // an error is the same bytes whatever has been signed meanwhile
	b, err := s.pages.Write("wrong", v)
	if err != nil {
		panic(err)
	}
	c.Data(p.Status, "text/html; charset=utf-8", b)
	c.Abort()
}

// notAllowed answers a method that the address does not take; Allow has been
// set to those it does.
func (s *server) notAllowed(c *gin.Context) {
	s.say(c, problem{Type: "method", Title: "Not in this way", Status: http.StatusMethodNotAllowed,
		Detail: "This address does not take that method. The header Allow lists those that it takes."})
}

// sameSite refuses what a browser sends on behalf of another site's page.
// Programs send neither of the headers that tell, and pass.
func (s *server) sameSite() gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		if err := protection.Check(c.Request); err != nil {
			s.say(c, problem{Type: "other-site", Title: "Not from another site", Status: http.StatusForbidden,
				Detail: "A page of another site asked for this, so it was not done. Do it from Custodian itself."})
		}
	}
}

// gone tells whether the person closed the connection: nothing to log as a failure of ours.
func gone(err error) bool { return errors.Is(err, context.Canceled) }
