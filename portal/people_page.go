package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
)

// people lists the provider's people, for whoever keeps them or sees who did what.
func (s *server) people(c *gin.Context, actor access.Actor) error {
	found, err := people.Everyone(c.Request.Context(), s.db, actor, after(c, "after"), rowsOfPage+1)
	if err != nil {
		return err
	}
	v := page.PeopleOf(found, rowsOfPage, now())
	if v.Frame, err = s.frame(c, actor, "People", "/people"); err != nil {
		return err
	}
	v.All = slices.ContainsFunc(v.Menu, func(i page.Item) bool { return i.Address == "/sign-ins" })
	return s.show(c, http.StatusOK, "people", v)
}

// person shows who somebody is, and every role that they ever had.
func (s *server) person(c *gin.Context, actor access.Actor) error {
	p, err := s.personOf(c, actor)
	if err != nil {
		return err
	}
	v := page.PersonOf(p, now())
	status, err := s.personAccess(c, actor, &v, p)
	if err != nil {
		return err
	}
	problems := v.Problems
	v.Frame, err = s.frame(c, actor, "Person", "/people")
	if v.Problems = problems; err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: "People", Address: "/people"}, {Words: p.Name}}
	return s.show(c, status, "person", v)
}

func (s *server) personOf(c *gin.Context, actor access.Actor) (people.Person, error) {
	id, err := id(c, "id")
	if err != nil {
		return people.Person{}, err
	}
	return people.GetPerson(c.Request.Context(), s.db, actor, id)
}

// giveRole shows the form by which somebody is given a role, and takes it.
func (s *server) giveRole(c *gin.Context, actor access.Actor) error {
	p, err := s.personOf(c, actor)
	if err != nil {
		return err
	}
	gifts, all, err := grants.Gifts(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	if p.Left || !all && len(gifts) == 0 {
		return s.refuse(c, actor, audit.Act{Action: access.GiveRole, Detail: audit.Detail{"to": p.ID}})
	}
	if c.Request.Method == http.MethodGet {
		return s.askRole(c, actor, p, http.StatusOK, page.NewForm(firstDay(nil), nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	g, bad := readGiving(values)
	if sent, err := s.askForRole(c, actor, g.Role, values); sent || err != nil {
		return err
	}
	g.To, g.Provider = access.ActorID(p.ID), actor.Provider
	if len(bad) == 0 {
		_, err = grants.Give(c.Request.Context(), s.db, actor, g)
	} else {
		err = fault.Bad(bad)
	}
	if status, problems, ok := refused(err); ok {
		return s.askRole(c, actor, p, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	return s.done(c, page.PersonAddress(p.ID), "role-given")
}

// firstDay fills in today as the day from which a role is given.
func firstDay(values url.Values) url.Values { return page.DayFields(values, "from", today()) }

// readGiving reads what the fields of a role say, and what is wrong with its days.
// The rest is judged where the role is given.
func readGiving(values url.Values) (grants.Giving, []fault.Field) {
	g := grants.Giving{Role: grants.Role(values.Get("role")), Why: strings.TrimSpace(values.Get("why"))}
	if setting := values.Get("setting"); setting != "" && setting != page.WholeProvider {
		home, err := strconv.ParseInt(setting, 10, 64)
		if err != nil || home < 1 {
			home = -1 // of no setting
		}
		g.Home = home
	}
	from, bad := readDay(values, "from", "the first day")
	until, wrong := readDay(values, "until", "the last day")
	if d, err := clock.ParseDay(from); err == nil {
		g.From = d.Start()
	}
	if d, err := clock.ParseDay(until); err == nil {
		g.Until = d.Next().Start() // the last day is in it
	}
	return g, append(bad, wrong...)
}

// wherePlaces says which roles are given where.
const wherePlaces = "A responsible individual, a data protection officer, the front door, an auditor and an administrator work for the whole provider; the others at a setting."

// askGiving adds the fields of a role to a page.
func askGiving(v *page.Change, form *page.Form, homes []people.Home, also ...page.Option) {
	role := form.Choice("role", "Which role?", "", append(page.RoleOptions(), also...)...)
	v.Fields = append(v.Fields, page.Field{Radios: &role})
	v.Ask(form.Choice("setting", "Where?", wherePlaces, page.HomeOptions(homes)...),
		form.Date("from", "From which day?", "Today, or a day to come."),
		form.Date("until", "Until which day?", "The last day on which it holds. Leave it empty when no end is known."),
		form.Text("why", "Why?", "For example, “Joins the team on 2 June”. It is kept with the role."))
}

func (s *server) askRole(c *gin.Context, actor access.Actor, p people.Person, status int, form *page.Form) error {
	homes, err := people.Homes(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	gifts, all, err := grants.Gifts(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	at := page.PersonAddress(p.ID)
	v := page.Change{Caption: p.Name, Heading: "Give a role", Address: at + "/roles/give", Submit: page.Submit{Words: "Give the role", Cancel: at},
		FactsTitle: "Roles now", Facts: rolesNow(p)}
	if all {
		askGiving(&v, form, homes)
	} else {
		askGift(&v, form, homes, gifts)
	}
	return s.askPage(c, actor, v, "/people", status, form)
}

func rolesNow(p people.Person) []page.Fact {
	var list []page.Fact
	for _, r := range page.PersonOf(p, now()).Now {
		list = append(list, page.Fact{Name: r.Role, Text: r.Where + ". " + r.When})
	}
	if list == nil {
		list = append(list, page.Fact{Name: "None", Text: "Nothing can be seen without one."})
	}
	return list
}

// endRole shows what ends with a role, asks why, and ends it.
func (s *server) endRole(c *gin.Context, actor access.Actor) error {
	p, err := s.personOf(c, actor)
	if err != nil {
		return err
	}
	held, err := id(c, "role")
	if err != nil {
		return err
	}
	role, ok := liveRole(p, held)
	if !ok {
		return s.refuse(c, actor, audit.Act{Action: access.EndRole, Detail: audit.Detail{"role_held": held}})
	}
	if c.Request.Method == http.MethodGet {
		return s.askEnd(c, actor, p, role, http.StatusOK, page.NewForm(nil, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	err = grants.EndBecause(c.Request.Context(), s.db, actor, held, strings.TrimSpace(values.Get("why")))
	if status, problems, ok := refused(err); ok {
		return s.askEnd(c, actor, p, role, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	if access.ActorID(p.ID) == actor.ID && role.Role == string(grants.Administrator) {
		return s.done(c, "/me", "role-ended") // this very page is no longer theirs
	}
	return s.done(c, page.PersonAddress(p.ID), "role-ended")
}

// liveRole finds a role of somebody that has not ended.
func liveRole(p people.Person, held int64) (people.RoleEver, bool) {
	for _, r := range p.Roles {
		if r.ID == held && !r.Ended && r.MayEnd {
			return r, true
		}
	}
	return people.RoleEver{}, false
}

func (s *server) askEnd(c *gin.Context, actor access.Actor, p people.Person, r people.RoleEver, status int, form *page.Form) error {
	at := page.PersonAddress(p.ID)
	v := page.Change{Caption: p.Name, Heading: "End a role", Address: at + "/roles/" + strconv.FormatInt(r.ID, 10) + "/end",
		Words:  []string{"It ends at once: from the next page they open, nothing is shown by it. That it was held stays in the history."},
		Submit: page.Submit{Words: "End the role", Cancel: at}, FactsTitle: "The role", Facts: factsOf(r)}
	if r.Group != "" {
		v.Words = append(v.Words, "It came from a group of the sign-in service. At their next sign-in the group gives it again, unless they leave the group or you end what the group gives.")
	}
	v.Ask(form.Text("why", "Why does it end?", "For example, “Leaves the team on 30 May”."))
	return s.askPage(c, actor, v, "/people", status, form)
}

func factsOf(r people.RoleEver) []page.Fact {
	facts := []page.Fact{{Name: "Role", Text: page.RoleWords(r.Role)}, {Name: "Where", Text: page.Where(r.Home)}, {Name: "From", Text: page.DayOf(r.From)}, {Name: "Given by", Text: r.By}, {Name: "Why", Text: r.Why}}
	if r.Group != "" {
		facts = append(facts, page.Fact{Name: "Through the group", Text: r.Group})
	}
	return facts
}
