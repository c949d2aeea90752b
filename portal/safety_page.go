package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/portal/page"
)

// safetyPage shows the safety panel of a record as it stands, or as it stood on a
// day, with everything that was ever said in it.
func (s *server) safetyPage(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	query := c.Request.URL.Query()
	q, status, bad := lookOf(query)
	panel, err := people.SafetyHistory(c.Request.Context(), s.db, actor, record, people.SafetyAsk{Day: q.Day, Known: q.Known})
	if err != nil {
		return err
	}
	v := page.SafetyPage(panel, !q.Day.IsZero())
	form := page.NewForm(typedDays(query, q), bad)
	v.AsAt = page.AsAt{Address: page.SafetyAddress(record), On: form.Date("on", "Show what the panel said on", ""), Known: form.Date("known", "Known on", ""),
		Opened: !q.Known.IsZero() || query.Get("known-day") != "", Words: "Something can be found out later of an earlier day. Choose the day whose knowledge you want."}
	kind := page.ListAddress(panel.Record.Kind)
	if v.Frame, err = s.frame(c, actor, "Safety panel: "+page.Kind(panel.Record.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(panel.Record.Kind), Address: kind}, {Words: panel.Record.Name, Address: page.RecordAddress(record)}, {Words: "Safety panel"}}
	v.Problems = form.Summary()
	return s.show(c, status, "safety", v)
}

// saySafety shows the page on which something is said in a safety panel, and takes it.
func (s *server) saySafety(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	topic := people.Topic(c.Param("topic"))
	if !slices.Contains(people.Topics(access.YoungPerson), topic) {
		return notThere()
	}
	about := audit.Act{Action: access.SaySafety, Target: audit.Target{Record: record}}
	panel, err := people.SafetyOf(c.Request.Context(), s.db, actor, record, people.SafetyAsk{})
	if err != nil {
		return s.turnedAway(c, actor, about, err)
	}
	if !slices.ContainsFunc(panel.Lines, func(l people.Line) bool { return l.Topic == topic }) {
		return s.turnedAway(c, actor, about, notThere())
	}
	if no := panel.Cannot(); no != nil {
		return s.turnedAway(c, actor, about, no)
	}
	if c.Request.Method == http.MethodGet {
		stands := url.Values{"none": {"no"}, "words": {panel.Words(topic)}} // so that nothing that still holds is lost by a change
		return s.askSafety(c, actor, panel, topic, http.StatusOK, page.NewForm(page.DayFields(stands, "from_on", today()), nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	n := people.NewStatement{Topic: topic, None: values.Get("none") == "yes", Words: strings.TrimSpace(values.Get("words")), Source: strings.TrimSpace(values.Get("source"))}
	var bad []fault.Field
	n.From, bad = readDay(values, "from_on", "the day from which it is so")
	if err = badDays(bad, n.Check(panel.Record.Kind, today())); err == nil {
		err = people.SaySafety(c.Request.Context(), s.db, actor, record, n)
	}
	if status, problems, ok := refused(err); ok {
		return s.askSafety(c, actor, panel, topic, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	return s.done(c, page.RecordAddress(record), "safety")
}

func (s *server) askSafety(c *gin.Context, actor access.Actor, panel people.Safety, topic people.Topic, status int, form *page.Form) error {
	v := page.SaySafety(panel, topic, form)
	v.Address, v.Submit.Cancel = c.Request.URL.Path, page.SafetyAddress(panel.Record.ID)
	kind := page.ListAddress(panel.Record.Kind)
	var err error
	if v.Frame, err = s.frame(c, actor, "Safety panel: "+v.Heading, kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(panel.Record.Kind), Address: kind}, {Words: panel.Record.Name, Address: page.RecordAddress(panel.Record.ID)},
		{Words: "Safety panel", Address: page.SafetyAddress(panel.Record.ID)}, {Words: v.Heading}}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}
