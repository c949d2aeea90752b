package portal

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/login"
	"custodian/portal/page"
)

// beginSignIn sends a browser to the sign-in service. It is reached by a link,
// since the policy keeps forms on this site.
func (s *server) beginSignIn(c *gin.Context, actor access.Actor) error {
	if s.signIn == nil {
		return s.notIn(c, fault.New(fault.Unavailable, "Nobody can sign in yet: no sign-in service has been set up."))
	}
	begin := s.signIn.Begin
	if c.Query("again") != "" {
		begin = func(ctx context.Context, to string) (login.Departure, error) {
			return s.signIn.BeginAgain(ctx, actor, to)
		}
	}
	d, err := begin(c.Request.Context(), c.Query("to"))
	if err != nil {
		return s.notIn(c, err)
	}
	setCookie(c, d.Name, d.Cookie, d.Lasts)
	c.Redirect(http.StatusSeeOther, d.URL)
	return nil
}

// ofService answers where a sign-in service is set; elsewhere the page is not there.
func (s *server) ofService(h handler) handler {
	return func(c *gin.Context, actor access.Actor) error {
		if s.signIn == nil {
			return notThere()
		}
		return h(c, actor)
	}
}

// finishSignIn takes the service's answer, and sends the browser on to where its
// person had set out for.
func (s *server) finishSignIn(c *gin.Context, _ access.Actor) error {
	a, err := s.signIn.Finish(c.Request.Context(), login.Answer{Cookies: c.Request.Cookies(), Query: c.Request.URL.Query(), Agent: c.Request.UserAgent()})
	if a.CookieName != "" {
		setCookie(c, a.CookieName, "", -1)
	}
	if err != nil {
		return s.notIn(c, err)
	}
	setCookie(c, login.SessionCookie, a.Secret.Reveal(), a.Lasts)
	c.Redirect(http.StatusSeeOther, a.To)
	return nil
}

// setCookie sets a cookie of this host alone (RFC 6265bis, 4.1.3.2), or clears
// it where lasts is below zero.
func setCookie(c *gin.Context, name, value string, lasts time.Duration) {
	age := int(lasts.Seconds())
	if lasts < 0 {
		age = -1
	}
	http.SetCookie(c.Writer, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// notIn says why somebody is not signed in, or that they have no role and whom
// to ask.
func (s *server) notIn(c *gin.Context, err error) error {
	v := page.NotIn{Ask: s.ask, MayPass: true}
	status, title := http.StatusForbidden, "You have no role here yet"
	if none, ok := errors.AsType[*login.NoRole](err); ok {
		v.NoRole, v.Name = true, none.Name
	} else if bare, ok := errors.AsType[*login.NoSecondFactor](err); ok {
		title = "You need a second step to sign in"
		v.Second, v.Name = page.SecondStepFor(bare.Roles), bare.Name
	} else {
		f, ok := fault.Of(err)
		if !ok {
			return err
		}
		status, _, _ = face(f.Kind)
		title, v.Text = "You are not signed in", f.Public
		v.MayPass = s.signIn != nil
	}
	if v.Frame, err = s.frame(c, noActor, title, ""); err != nil {
		return err
	}
	return s.show(c, status, "not-in", v)
}

// signOut ends the session here, and then at the sign-in service. The browser
// goes there by itself: the policy lets a form lead to this site alone.
func (s *server) signOut(c *gin.Context, actor access.Actor) error {
	secret, _ := c.Cookie(login.SessionCookie)
	setCookie(c, login.SessionCookie, "", -1)
	c.Header("Clear-Site-Data", `"cache"`)
	if actor.Session == 0 {
		return s.showSignedOut(c, "")
	}
	there, err := s.leave(c, actor, secret)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return s.showSignedOut(c, there)
}

// leave ends the session, also one from before the sign-in service was taken out
// of the settings.
func (s *server) leave(c *gin.Context, actor access.Actor, secret string) (string, error) {
	if s.signIn == nil {
		return "", login.EndSession(c.Request.Context(), s.db, actor, actor.Session)
	}
	return s.signIn.Leave(c.Request.Context(), actor, secret)
}

// signedOut is where the sign-in service sends people back to. To somebody whose
// session goes on it would say what is not so.
func (s *server) signedOut(c *gin.Context, actor access.Actor) error {
	if actor.Session != 0 {
		c.Redirect(http.StatusSeeOther, "/home")
		return nil
	}
	return s.showSignedOut(c, "")
}

func (s *server) showSignedOut(c *gin.Context, there string) error {
	f, err := s.frame(c, noActor, "You have signed out", "")
	if err != nil {
		return err
	}
	if there != "" {
		c.Header("Refresh", "0; url="+there)
	}
	return s.show(c, http.StatusOK, "signed-out", page.SignedOut{Frame: f, There: there})
}

// signedIn is the page of the tab in which somebody signed in again, beside the
// one in which they had typed something.
func (s *server) signedIn(c *gin.Context, actor access.Actor) error {
	f, err := s.frame(c, actor, "You are signed in", "")
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "signed-in", page.Plain{Frame: f})
}
