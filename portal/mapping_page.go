package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/membership"
	"custodian/internal/people"
	"custodian/portal/page"
)

// cameRows is how many sign-ins are looked at for groups that can be chosen.
const cameRows = 200

// mapGroup shows the form by which a group gives a role, and takes it.
func (s *server) mapGroup(c *gin.Context, actor access.Actor) error {
	seen, err := s.members.SignIns(c.Request.Context(), actor, 0, cameRows)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askMapping(c, actor, seen, http.StatusOK, page.NewForm(url.Values{"came": {cameWith(c, seen)}}, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	n, bad := readMapping(values)
	if err = fault.Bad(bad); err == nil {
		_, err = s.members.MapGroup(c.Request.Context(), actor, n)
	}
	if status, problems, ok := refused(err); ok {
		return s.askMapping(c, actor, seen, status, page.NewForm(values, atChosen(values, problems)))
	}
	if err != nil {
		return err
	}
	return s.done(c, "/sign-ins", "mapped")
}

// cameWith is the group that the address points at: one of those that came with a
// sign-in. It does not stand in the address by its name.
func cameWith(c *gin.Context, seen []membership.SignInSeen) string {
	at, err := strconv.Atoi(c.Query("group"))
	for _, s := range seen {
		if err == nil && strconv.FormatInt(s.ID, 10) == c.Query("sign-in") && at >= 0 && at < len(s.Groups) {
			return s.Groups[at].Name
		}
	}
	return ""
}

func readMapping(values url.Values) (membership.NewMapping, []fault.Field) {
	g, _ := readGiving(values)
	n := membership.NewMapping{Group: values.Get("came"), Role: g.Role, Home: g.Home, Why: g.Why}
	other := strings.TrimSpace(values.Get("group"))
	if n.Group == "" {
		n.Group = other
	} else if other != "" && other != n.Group {
		return n, []fault.Field{{Name: "group", Problem: "You chose a group and named another. Leave this empty, or choose “Another group”."}}
	}
	return n, nil
}

// atChosen puts what is wrong with a group to the field that it came from.
func atChosen(values url.Values, problems []fault.Field) []fault.Field {
	for i, p := range problems {
		if p.Name == "group" && values.Get("came") != "" && strings.TrimSpace(values.Get("group")) == "" {
			problems[i].Name = "came"
		}
	}
	return problems
}

func (s *server) askMapping(c *gin.Context, actor access.Actor, seen []membership.SignInSeen, status int, form *page.Form) error {
	homes, err := people.Homes(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := page.Change{Caption: "Sign-ins", Heading: "Let a group give a role", Address: "/sign-ins/map", Submit: page.Submit{Words: "Map the group", Cancel: "/sign-ins"},
		Words:      []string{"Everybody in the group holds the role from their next sign-in, and loses it at the first sign-in after they left the group. Whoever keeps the groups at the sign-in service then decides who has the role."},
		FactsTitle: "The sign-in service", Facts: []page.Fact{{Name: "Address", Text: s.signIn.Issuer()}, {Name: "Groups", Text: "Those in the list came with the last " + strconv.Itoa(cameRows) + " sign-ins. Any other can be named."}}}
	came := form.Choice("came", "Which group?", "", page.CameOptions(cameWithRole(seen), form.Typed("came"))...)
	role := form.Choice("role", "Which role does it give?", "", page.RoleOptions()...)
	group := form.Line("group", "Name of another group (optional)", "Exactly as the sign-in service writes it. Only if it is not in the list.")
	v.Fields = append(v.Fields, page.Field{Select: &came}, page.Field{Input: &group}, page.Field{Radios: &role})
	v.Ask(form.Choice("setting", "Where?", wherePlaces, page.HomeOptions(homes)...),
		form.Text("why", "Why?", "For example, “The team of Larch House”. It is kept with the mapping."))
	return s.askPage(c, actor, v, "/sign-ins", status, form)
}

// unmapGroup says who loses what, and ends a mapping when that is confirmed.
func (s *server) unmapGroup(c *gin.Context, actor access.Actor) error {
	id, err := id(c, "id")
	if err != nil {
		return err
	}
	g, holders, err := s.members.MappingOf(c.Request.Context(), actor, id)
	if err != nil {
		return err
	}
	if c.Request.Method == http.MethodGet {
		return s.askUnmap(c, actor, g, holders, http.StatusOK, page.NewForm(nil, nil))
	}
	err = s.members.UnmapGroup(c.Request.Context(), actor, id)
	if status, problems, ok := refused(err); ok {
		return s.askUnmap(c, actor, g, holders, status, page.NewForm(nil, problems))
	}
	if err != nil {
		return err
	}
	if g.Role == grants.Administrator {
		return s.done(c, "/me", "unmapped") // it may have been how this person came in
	}
	return s.done(c, "/sign-ins", "unmapped")
}

func (s *server) askUnmap(c *gin.Context, actor access.Actor, g membership.Group, holders []membership.Holder, status int, form *page.Form) error {
	v := page.Change{Caption: "Sign-ins", Heading: "End what a group gives", Address: "/sign-ins/mappings/" + strconv.FormatInt(g.ID, 10) + "/end",
		Words: losing(g, holders), Submit: page.Submit{Words: "End it now", Cancel: "/sign-ins"}, FactsTitle: "The mapping",
		Facts: []page.Fact{{Name: "Group", Text: g.Group}, {Name: "Gives", Text: page.RoleWords(string(g.Role))}, {Name: "Where", Text: page.Where(g.Home)},
			{Name: "Since", Text: page.DayOf(g.From)}, {Name: "Made by", Text: g.By}, {Name: "Why", Text: g.Why}}}
	if g.Issuer != s.signIn.Issuer() {
		v.Facts = append(v.Facts, page.Fact{Name: "Made for", Text: g.Issuer})
	}
	return s.askPage(c, actor, v, "/sign-ins", status, form)
}
