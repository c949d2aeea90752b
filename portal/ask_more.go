package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/portal/page"
	"custodian/versions"
)

// askMore has somebody sign in again whose session does not show what an action
// asks for, and tells whether it did: then the answer is written. What they had
// typed is given back. values are what was typed where it has been read already.
func (s *server) askMore(c *gin.Context, actor access.Actor, a access.Action, values url.Values) (bool, error) {
	lack, err := s.proofs.Lacks(c.Request.Context(), actor, a)
	if err != nil || lack == login.Nothing {
		return false, err
	}
	defer c.Abort()
	title, v := "Sign in again to go on", page.Again{Lead: "This asks for a sign-in of the last " + minutes(s.proofs.FreshFor()) + ", so that nobody can do it at a screen you left open."}
	if lack == login.LacksSecondStep {
		title = "Sign in again, with a second step"
		v.Lead = "One of your roles asks for a second step when you sign in, such as a code from your phone. You signed in without one."
	}
	if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
		v.Way, v.SignIn = true, "/sign-in?again=1&to="+url.QueryEscape(c.Request.URL.RequestURI())
		if v.Frame, err = s.frame(c, actor, title, ""); err != nil {
			return true, err
		}
		return true, s.show(c, http.StatusUnauthorized, "again", v)
	}
	files := false
	if values == nil {
		if values, files, err = anyForm(c); err != nil {
			return true, err
		}
	}
	v.SignIn = "/sign-in?again=1&to=/signed-in"
	return true, s.giveBackIn(c, v, actor, title, values, files)
}

// minutes says how long something is: "15 minutes".
func minutes(d time.Duration) string {
	if n := int(d.Minutes()); n != 1 {
		return fmt.Sprintf("%d minutes", n)
	}
	return "minute"
}

// askForRole is askMore for whoever gives a role by which others are given, or by
// which somebody outside reads.
func (s *server) askForRole(c *gin.Context, actor access.Actor, r grants.Role, values url.Values) (bool, error) {
	switch {
	case r == grants.Administrator:
		return s.askMore(c, actor, access.GiveAdministrator, values)
	case r.Outside():
		return s.askMore(c, actor, access.LetIn, values)
	}
	return false, nil
}

// askForRelease is askMore for whoever lets somebody outside read a document: they
// read what lies in its section, or in the one to which it goes.
func (s *server) askForRelease(c *gin.Context, actor access.Actor, r versions.Release, values url.Values) (bool, error) {
	outside, err := s.keeper.OutsidersRead(c.Request.Context(), actor, r)
	if err != nil || !outside {
		return false, err
	}
	return s.askMore(c, actor, access.Release, values)
}

// noReleaseByToken refuses a program that would let somebody outside read a document.
func (s *server) noReleaseByToken(c *gin.Context, actor access.Actor, a access.Action, r versions.Release) error {
	outside, err := s.keeper.OutsidersRead(c.Request.Context(), actor, r)
	if err != nil || !outside {
		return err
	}
	return s.notByToken(c, actor, audit.Act{Action: a, Target: audit.Target{Document: r.Document}})
}

// pageOnly refuses a program what asks for a fresh sign-in.
func (s *server) pageOnly(a access.Action) handler {
	return func(c *gin.Context, actor access.Actor) error { return s.notByToken(c, actor, audit.Act{Action: a}) }
}

// notByToken refuses a program: a token cannot show a fresh sign-in. The attempt is
// a footprint.
func (s *server) notByToken(c *gin.Context, actor access.Actor, a audit.Act) error {
	a.Detail = audit.Detail{"because": "not-by-token"}
	if err := audit.Refuse(c.Request.Context(), s.db, actor, a); err != nil {
		return err
	}
	return fault.New(fault.Forbidden, "This asks for a sign-in of the last few minutes, which a token cannot show. Do it in the portal's pages.")
}
