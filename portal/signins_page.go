package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/membership"
	"custodian/internal/people"
	"custodian/portal/page"
)

// signInRows is how many sign-ins a page shows.
const signInRows = 50

// signIns shows administrators what the sign-in service sends, and what each
// group gives.
func (s *server) signIns(c *gin.Context, actor access.Actor) error {
	before := after(c, "before")
	seen, err := s.members.SignIns(c.Request.Context(), actor, before, signInRows+1)
	if err != nil {
		return err
	}
	groups, err := membership.Groups(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := signInsOf(s.signIn.Issuer(), groups, seen, before, signInRows, now())
	if v.Frame, err = s.frame(c, actor, "Sign-ins", "/sign-ins"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "sign-ins", v)
}

// welcome shows the form by which a stranger is given a role, and takes it.
func (s *server) welcome(c *gin.Context, actor access.Actor) error {
	signIn, err := id(c, "id")
	if err != nil {
		return err
	}
	who, err := s.members.Stranger(c.Request.Context(), actor, signIn)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askWelcome(c, actor, who, http.StatusOK, page.NewForm(firstDay(url.Values{"name": {who.Name}}), nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	role, bad := readGiving(values)
	if sent, err := s.askForRole(c, actor, role.Role, values); sent || err != nil {
		return err
	}
	w := membership.Welcome{SignIn: signIn, Name: strings.TrimSpace(values.Get("name")), PostTitle: strings.TrimSpace(values.Get("post")), Role: role, Own: values.Get("role") == page.OwnFile}
	if w.Own {
		bad = nil
	}
	var made int64
	if len(bad) == 0 {
		made, err = s.members.Welcome(c.Request.Context(), actor, w)
	} else {
		err = fault.Bad(bad)
	}
	if status, problems, ok := refused(err); ok {
		return s.askWelcome(c, actor, who, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	if w.Own {
		return s.done(c, page.PersonAddress(made), "taken-in")
	}
	return s.done(c, page.PersonAddress(made), "person")
}

func (s *server) askWelcome(c *gin.Context, actor access.Actor, who membership.SignInSeen, status int, form *page.Form) error {
	homes, err := people.Homes(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := page.Change{Caption: "Sign-ins", Heading: "Give this person a role", Address: "/sign-ins/" + strconv.FormatInt(who.ID, 10) + "/give",
		Words:      []string{"They signed in at your organisation’s sign-in service, and nobody had given them a role here. Make sure who they are before you do: anybody with an account there can come this far."},
		Submit:     page.Submit{Words: "Give the role", Cancel: "/sign-ins"},
		FactsTitle: "What the sign-in service says", Facts: []page.Fact{{Name: "Name", Text: who.Name}}}
	if who.Email != "" {
		v.Facts = append(v.Facts, page.Fact{Name: "E-mail", Text: who.Email})
	}
	v.Facts = append(v.Facts, page.Fact{Name: "Known there as", Text: who.Subject}, page.Fact{Name: "Came", Text: page.Moment(who.At, now())})
	v.Ask(form.Line("name", "Name", "As colleagues know them. It stands beside everything they do here."),
		form.Line("post", "Post (optional)", "For example, Senior support worker."))
	askGiving(&v, form, homes, page.OwnOption())
	return s.askPage(c, actor, v, "/sign-ins", status, form)
}
