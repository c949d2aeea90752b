package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/scim"
	"custodian/portal/page"
)

const directoryAddress = "/settings/directory"

// ofDirectoryPage answers where a directory service can be connected; elsewhere the
// page is not there.
func (s *server) ofDirectoryPage(h handler) handler {
	return func(c *gin.Context, actor access.Actor) error {
		if s.scim == nil {
			return notThere()
		}
		return h(c, actor)
	}
}

// directoryPage shows administrators how it stands with their directory service.
func (s *server) directoryPage(c *gin.Context, actor access.Actor) error {
	st, err := s.scim.State(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	v := directoryOf(st, s.scim.Address(), s.scim.Subject(), now())
	if v.Frame, err = s.frame(c, actor, "Directory service", "/settings"); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: "Settings", Address: "/settings"}, {Words: "Directory service"}}
	return s.show(c, http.StatusOK, "directory", v)
}

// newDirectoryToken shows the form by which a token of the directory service is made,
// and the token, once.
func (s *server) newDirectoryToken(c *gin.Context, actor access.Actor) error {
	if _, err := s.scim.State(c.Request.Context(), actor); err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askDirectoryToken(c, actor, http.StatusOK, page.NewForm(url.Values{"days": {strconv.Itoa(scim.UsualDays)}}, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	made, err := s.scim.MakeToken(c.Request.Context(), actor, line(values, "label"), daysTyped(values))
	if status, problems, ok := refused(err); ok {
		return s.askDirectoryToken(c, actor, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	v := page.NewDirectoryToken{Secret: made.Secret.Reveal(), Until: page.DayOf(made.ExpiresAt), Address: s.scim.Address()}
	if v.Frame, err = s.frame(c, actor, "The directory service’s new token", "/settings"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "directory-token", v)
}

func (s *server) askDirectoryToken(c *gin.Context, actor access.Actor, status int, form *page.Form) error {
	v := page.Change{Caption: "Directory service", Heading: "Make a token for the directory", Address: directoryAddress + "/tokens/new", Submit: page.Submit{Words: "Make the token", Cancel: directoryAddress},
		Words: []string{"With it your organisation’s directory says who works here. It opens no page and no record, and nothing else of Custodian."}}
	label := form.Line("label", "Which directory is it for?", "For example, the name of the service, and where the token is kept.")
	days := form.Line("days", "For how many days?", fmt.Sprintf("From 1 to %d. Make the next one before then: without one no leaver is told of.", scim.MostDays))
	days.Width = "4"
	v.Fields = []page.Field{{Input: &label}, {Input: &days}}
	return s.askPage(c, actor, v, "/settings", status, form)
}

// endDirectoryToken says what it means to end a token of the directory service, and
// ends it when that is confirmed.
func (s *server) endDirectoryToken(c *gin.Context, actor access.Actor) error {
	id, err := id(c, "id")
	if err != nil {
		return err
	}
	st, err := s.scim.State(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodPost {
		if err := s.scim.EndToken(c.Request.Context(), actor, id); err != nil {
			return err
		}
		return s.done(c, directoryAddress, "scim-token")
	}
	for _, t := range st.Tokens {
		if t.ID == id && t.RevokedAt == nil && t.ExpiresAt.After(now()) {
			v := page.Change{Caption: "Directory service", Heading: "End this token", Address: page.DirectoryTokenAddress(id), Submit: page.Submit{Words: "End it now", Cancel: directoryAddress},
				Words:      []string{"Whatever holds it can say nothing any more, from now on. What it has said still counts: who had left stays out, and who works here keeps what their groups give."},
				FactsTitle: "The token", Facts: []page.Fact{{Name: "What for", Text: t.Label}, {Name: "Made by", Text: t.By}, {Name: "Works until", Text: page.DayOf(t.ExpiresAt)}}}
			return s.askPage(c, actor, v, "/settings", http.StatusOK, page.NewForm(nil, nil))
		}
	}
	return notThere()
}

// stopDirectory asks why the directory is followed no longer, and stops it.
func (s *server) stopDirectory(c *gin.Context, actor access.Actor) error {
	st, err := s.scim.State(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askStop(c, actor, st, http.StatusOK, page.NewForm(nil, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	err = s.scim.Stop(c.Request.Context(), actor, strings.TrimSpace(values.Get("why")))
	if status, problems, ok := refused(err); ok {
		return s.askStop(c, actor, st, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	return s.done(c, directoryAddress, "scim-stop")
}

func (s *server) askStop(c *gin.Context, actor access.Actor, st scim.State, status int, form *page.Form) error {
	v := page.Change{Caption: "Directory service", Heading: "Stop following the directory", Address: directoryAddress + "/stop", Submit: page.Submit{Words: "Stop following it", Cancel: directoryAddress},
		Words: []string{"From now on only sign-ins say who is in which group. Nothing that the directory said counts any more: whoever it called a leaver can sign in again, if your sign-in service lets them.",
			"Do this when your organisation gives up its directory, not while you change a token."},
		FactsTitle: "What it said", Facts: directoryOf(st, "", "", now()).Facts}
	v.Ask(form.Text("why", "Why?", "For example, “We have moved to another directory”. It is kept."))
	return s.askPage(c, actor, v, "/settings", status, form)
}
