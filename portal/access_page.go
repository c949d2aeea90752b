package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
)

// onDay reads the day that a page of access is asked about, today where none is,
// and makes the question anew.
func onDay(c *gin.Context, address, legend string) (clock.Day, page.OnDay, *page.Form) {
	query := c.Request.URL.Query()
	text, bad := readDay(query, "on", "the day you ask about")
	day, err := clock.ParseDay(text)
	if err != nil {
		day = today()
	}
	values := url.Values{}
	for name := range query {
		values.Set(name, query.Get(name))
	}
	if text == "" && bad == nil {
		page.DayFields(values, "on", day)
	}
	form := page.NewForm(values, bad)
	return day, page.OnDay{Address: address, On: form.Date("on", legend, "")}, form
}

// personAccess adds to somebody's page what they could see on a day, and what was
// said of their leaving.
func (s *server) personAccess(c *gin.Context, actor access.Actor, v *page.Person, p people.Person) (int, error) {
	at := page.PersonAddress(p.ID)
	day, ask, form := onDay(c, at, "Show what this person could see on")
	from, until := page.AccessSpan(day)
	told, err := grants.AccessOf(c.Request.Context(), s.db, actor, access.ActorID(p.ID), from, until)
	if err != nil {
		return 0, err
	}
	gone, may, err := grants.Departures(c.Request.Context(), s.db, actor, access.ActorID(p.ID))
	if err != nil {
		return 0, err
	}
	v.OnDay, v.Day, v.Access, v.Gone = ask, page.Day(day), page.AccessRows(told, -1, day, now()), page.GoneOf(gone)
	if may && len(gone) > 0 && gone[len(gone)-1].What == "left" {
		v.Again = at + "/back"
	} else if may {
		v.Leave = at + "/left"
	}
	if !p.Left {
		gifts, all, err := grants.Gifts(c.Request.Context(), s.db, actor)
		if err != nil {
			return 0, err
		}
		if !all && len(gifts) == 0 {
			v.Give = ""
		}
	}
	if v.Problems = form.Summary(); len(v.Problems) > 0 {
		return http.StatusBadRequest, nil
	}
	return http.StatusOK, nil
}

// refuse leaves the footprint of an act that is refused before it is tried.
func (s *server) refuse(c *gin.Context, actor access.Actor, a audit.Act) error {
	if err := audit.Refuse(c.Request.Context(), s.db, actor, a); err != nil {
		return err
	}
	return notThere()
}

// turnedAway leaves the footprint of a refusal that is found while a form is only
// being shown, where nothing else would.
func (s *server) turnedAway(c *gin.Context, actor access.Actor, a audit.Act, err error) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		if e := audit.Refuse(c.Request.Context(), s.db, actor, a); e != nil {
			return e
		}
	}
	return err
}

// askGift adds the fields of a role that is given by somebody who keeps one
// setting's people, or who hands their own on.
func askGift(v *page.Change, form *page.Form, homes []people.Home, gifts []grants.Gift) {
	roles, places := map[grants.Role]bool{}, map[int64]bool{}
	var handed []string
	for _, g := range gifts {
		roles[g.Role], places[g.Home] = true, true
		if g.Handed {
			handed = append(handed, page.RoleWords(string(g.Role)))
		}
	}
	options := slices.DeleteFunc(page.RoleOptions(), func(o page.Option) bool { return !roles[grants.Role(o.Value)] })
	homes = slices.DeleteFunc(slices.Clone(homes), func(h people.Home) bool { return !places[h.ID] })
	where := page.HomeOptions(homes)
	if !places[0] {
		where = where[1:]
	}
	v.Words = append(v.Words, "You can give no more than you hold yourself, and for no longer.")
	if len(handed) > 0 {
		v.Words = append(v.Words, strings.Join(handed, ", ")+" is your own role. You hand it on for some days, for example while you are on leave. It ends on its last day, or when yours does, and this person cannot hand it on again.")
	}
	role := form.Choice("role", "Which role?", "", options...)
	v.Fields = append(v.Fields, page.Field{Radios: &role})
	v.Ask(form.Choice("setting", "Where?", "", where...), form.Date("from", "From which day?", "Today, or a day to come."),
		form.Date("until", "Until which day?", "The last day on which it holds. A shift and a role of your own need one."),
		form.Text("why", "Why?", "For example, “Stands in while I am on leave”. It is kept with the role."))
}

// personLeft shows what ends with somebody who leaves, asks from which day, and says
// so.
func (s *server) personLeft(c *gin.Context, actor access.Actor) error {
	return s.comesOrGoes(c, actor, "left", func(values url.Values, who access.ActorID) error {
		text, bad := needDay(values, "from", "the day from which they are not here")
		if len(bad) > 0 {
			return fault.Bad(bad)
		}
		day, _ := clock.ParseDay(text)
		from := day.Start()
		if day == today() {
			from = time.Time{} // at once
		}
		return grants.Leave(c.Request.Context(), s.db, actor, who, from, strings.TrimSpace(values.Get("why")))
	})
}

// personBack says that somebody who has left is here again.
func (s *server) personBack(c *gin.Context, actor access.Actor) error {
	return s.comesOrGoes(c, actor, "back", func(values url.Values, who access.ActorID) error {
		return grants.Return(c.Request.Context(), s.db, actor, who, strings.TrimSpace(values.Get("why")))
	})
}

func (s *server) comesOrGoes(c *gin.Context, actor access.Actor, what string, do func(url.Values, access.ActorID) error) error {
	p, err := s.personOf(c, actor)
	if err != nil {
		return err
	}
	gone, may, err := grants.Departures(c.Request.Context(), s.db, actor, access.ActorID(p.ID))
	if err != nil {
		return err
	}
	leaving := len(gone) > 0 && gone[len(gone)-1].What == "left"
	action := map[bool]access.Action{true: access.Leave, false: access.Return}[what == "left"]
	if !may || leaving != (what == "back") {
		return s.refuse(c, actor, audit.Act{Action: action, Detail: audit.Detail{"actor": p.ID}})
	}
	if c.Request.Method == http.MethodGet {
		return s.askGone(c, actor, p, what, http.StatusOK, page.NewForm(page.DayFields(nil, "from", today()), nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	err = do(values, access.ActorID(p.ID))
	if status, problems, ok := refused(err); ok {
		return s.askGone(c, actor, p, what, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	if _, err := people.GetPerson(c.Request.Context(), s.db, actor, p.ID); fault.Is(err, fault.NotFound) {
		return s.done(c, "/people", what) // with their last role went what a manager knew them by
	}
	return s.done(c, page.PersonAddress(p.ID), what)
}

func (s *server) askGone(c *gin.Context, actor access.Actor, p people.Person, what string, status int, form *page.Form) error {
	at := page.PersonAddress(p.ID)
	v := page.Change{Caption: p.Name, Heading: "This person has left", Address: at + "/" + what, Submit: page.Submit{Words: "They have left", Cancel: at}, FactsTitle: "Ends with it", Facts: rolesNow(p)}
	if what == "left" {
		v.Words = []string{"All their roles end, and everything else that was given to them. What speaks for them ends too: they are signed out everywhere, and their API tokens work no longer.",
			"What they did stays in the history, under their name."}
		v.Ask(form.Date("from", "From which day are they not here?", "Today ends everything at once. On a day to come it ends as that day begins."),
			form.Text("why", "Why do they leave?", "For example, “Moves to another organisation”. It is kept."))
	} else {
		v.Heading, v.Submit.Words, v.FactsTitle = "This person is here again", "They are here again", "Roles now"
		v.Words = []string{"What they held does not come back by itself. Give them a role afterwards, as to somebody new."}
		v.Ask(form.Text("why", "Why?", "For example, “Came back on 2 June”, or “Stays after all”. It is kept."))
	}
	return s.askPage(c, actor, v, "/people", status, form)
}
