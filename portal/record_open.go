package portal

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/portal/page"
)

// openForm shows the page on which a record is opened.
func (s *server) openForm(c *gin.Context, actor access.Actor) error {
	values := page.DayFields(nil, "on", today())
	values.Set("kind", c.Query("kind"))
	return s.showOpen(c, actor, http.StatusOK, values, nil)
}

// openSend opens it, once however often the form is sent.
func (s *server) openSend(c *gin.Context, actor access.Actor) error {
	values, err := typed(c)
	if err != nil {
		return err
	}
	home, bad := readSetting(values, false)
	kind, ok := access.ParseRecordKind(values.Get("kind"))
	if !ok {
		bad = append(bad, fault.Field{Name: "kind", Problem: "Choose what the record is about."})
	}
	text, wrong := needDay(values, "on", "the day on which it was opened")
	bad = append(bad, wrong...)
	bad = append(bad, fault.CheckLine("name", values.Get("name"))...)
	bad = append(bad, fault.CheckLine("why", values.Get("why"))...)
	if len(bad) > 0 {
		return s.showOpen(c, actor, http.StatusBadRequest, values, bad)
	}
	on, _ := clock.ParseDay(text)
	if !plainKey(values.Get("once")) {
		values.Del("once")
	}
	record, err := people.Open(c.Request.Context(), s.db, actor, people.NewRecord{Home: home, Kind: kind, Name: values.Get("name"), On: on, Why: values.Get("why"), Key: values.Get("once")})
	if err == nil {
		return s.done(c, page.RecordAddress(record), "opened")
	}
	status, bad, ok := refused(err)
	if !ok {
		return err
	}
	return s.showOpen(c, actor, status, values, bad)
}

func (s *server) showOpen(c *gin.Context, actor access.Actor, status int, values url.Values, bad []fault.Field) error {
	m, err := people.MenuOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	kinds := m.Opens
	kind, said := access.ParseRecordKind(values.Get("kind"))
	if said = said && !slices.ContainsFunc(bad, func(f fault.Field) bool { return f.Name == "kind" }); said {
		kinds = []access.RecordKind{kind}
	}
	where, err := people.OpeningsOf(c.Request.Context(), s.db, actor, kinds...)
	if err != nil {
		return err
	}
	if all := where.Homes; len(all) == 1 && !where.Whole && values.Get("setting_id") == "" {
		values.Set("setting_id", strconv.FormatInt(all[0].ID, 10))
	}
	if !plainKey(values.Get("once")) {
		values.Set("once", rand.Text())
	}
	form := page.NewForm(values, bad)
	v := page.OpenRecord(kinds, said, where, form)
	v.Address, v.Hidden = "/records/open", []page.Kept{{Name: "once", Text: values.Get("once")}}
	v.Submit.Cancel = "/home"
	crumb := page.Link{Words: "Home", Address: "/home"}
	current := ""
	if said {
		v.Hidden = append(v.Hidden, page.Kept{Name: "kind", Text: kind.String()})
		v.Submit.Cancel = page.ListAddress(kind)
		current, crumb = v.Submit.Cancel, page.Link{Words: page.Kinds(kind), Address: v.Submit.Cancel}
	}
	if v.Frame, err = s.frame(c, actor, v.Heading, current); err != nil {
		return err
	}
	v.Crumbs = []page.Link{crumb, {Words: "Open a record"}}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}
