package portal

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/login"
)

// backChannel takes what the sign-in service says by itself: that somebody has
// left it (OpenID Connect Back-Channel Logout 1.0, 2.5 and 2.8). No browser is
// involved; what the token is signed with is all that speaks for whoever sends it.
func (s *server) backChannel(c *gin.Context, _ access.Actor) error {
	values, err := typed(c)
	if err == nil {
		_, err = s.signIn.Told(c.Request.Context(), values.Get("logout_token"))
	}
	if err == nil {
		c.Status(http.StatusOK)
		return nil
	}
	f, ok := fault.Of(err)
	if !ok {
		return err
	}
	status := http.StatusBadRequest
	if f.Kind == fault.Unavailable {
		status = http.StatusServiceUnavailable // the service's keys cannot be had; it may say it again
	}
	c.JSON(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{"invalid_request", f.Public})
	return nil
}

// frontChannel takes what the sign-in service's own page says in a frame (OpenID
// Connect Front-Channel Logout 1.0). It is the one page of ours that another site
// may frame: that service, and it says the same whatever came of it.
func (s *server) frontChannel(c *gin.Context, _ access.Actor) error {
	if _, err := s.signIn.Framed(c.Request.Context(), c.Query("iss"), c.Query("sid")); err != nil {
		return err
	}
	by := "'none'"
	if u, err := url.Parse(s.signIn.Issuer()); err == nil && login.Trusted(s.signIn.Issuer()) {
		by = u.Scheme + "://" + u.Host
	}
	c.Header("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "+by)
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte("Signed out.\n"))
	return nil
}

// endOthers ends all of somebody's own sessions but this one.
func (s *server) endOthers(c *gin.Context, actor access.Actor) error {
	if _, err := login.EndOthers(c.Request.Context(), s.db, actor); err != nil {
		return err
	}
	return s.done(c, "/me", "sessions")
}

// endSessionsOf ends all sessions of one of the people whom somebody manages.
func (s *server) endSessionsOf(c *gin.Context, actor access.Actor) error {
	person, err := id(c, "id")
	if err != nil {
		return err
	}
	if _, err := login.EndSessionsOf(c.Request.Context(), s.db, actor, access.ActorID(person)); err != nil {
		return err
	}
	if access.ActorID(person) == actor.ID {
		return s.done(c, "/me", "sessions") // where they are asked to sign in again
	}
	return s.done(c, "/people/"+c.Param("id"), "sessions")
}
