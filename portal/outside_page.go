package portal

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
	"custodian/versions"
)

// outsideSite is every page about access outside a role, declared relatives and
// shields.
func (s *server) outsideSite() []route {
	return []route{
		{http.MethodGet, "/outside-role", access.ListOutside, s.outsideHome},
		{http.MethodGet, "/outside-role/ask", access.AskOutside, s.askOutside},
		{http.MethodPost, "/outside-role/ask", access.AskOutside, s.sendOutside},
		{http.MethodGet, "/outside-role/:id", access.ViewOutside, s.outside},
		{http.MethodGet, "/outside-role/:id/looks", access.ViewOutside, s.outsideLooks},
		{http.MethodGet, "/outside-role/:id/decide", access.DecideOutside, s.outsideStep(deciding())},
		{http.MethodPost, "/outside-role/:id/decide", access.DecideOutside, s.outsideStep(deciding())},
		{http.MethodGet, "/outside-role/:id/end", access.EndOutside, s.outsideStep(stopping())},
		{http.MethodPost, "/outside-role/:id/end", access.EndOutside, s.outsideStep(stopping())},
		{http.MethodGet, "/outside-role/:id/review", access.ReviewOutside, s.outsideStep(reviewing())},
		{http.MethodPost, "/outside-role/:id/review", access.ReviewOutside, s.outsideStep(reviewing())},
		{http.MethodGet, "/outside-role/:id/oversight", access.NoteOutside, s.outsideStep(overseeing())},
		{http.MethodPost, "/outside-role/:id/oversight", access.NoteOutside, s.outsideStep(overseeing())},
		{http.MethodGet, "/oversight/outside-role", access.ListOutside, s.outsideList},
		{http.MethodGet, "/records/:id/outside", access.ReadOutside, s.outsideNotes},

		{http.MethodGet, "/me/relatives", access.ListRelatives, s.ofStaff(access.ListRelatives, s.relatives)},
		{http.MethodGet, "/me/relatives/declare", access.DeclareRelative, s.ofStaff(access.DeclareRelative, s.declare)},
		{http.MethodPost, "/me/relatives/declare", access.DeclareRelative, s.ofStaff(access.DeclareRelative, s.declare)},
		{http.MethodGet, "/oversight/relatives", access.ListRelatives, s.staffRelatives},
		{http.MethodGet, "/oversight/relatives/:id", access.ActOnRelative, s.actOnRelative},
		{http.MethodPost, "/oversight/relatives/:id", access.ActOnRelative, s.actOnRelative},

		{http.MethodGet, "/records/:id/shields", access.ViewShields, s.shields},
		{http.MethodGet, "/records/:id/shields/from", access.GiveShield, s.shieldStep(shieldingFrom())},
		{http.MethodPost, "/records/:id/shields/from", access.GiveShield, s.shieldStep(shieldingFrom())},
		{http.MethodGet, "/records/:id/shields/circle", access.GiveShield, s.shieldStep(drawingCircle())},
		{http.MethodPost, "/records/:id/shields/circle", access.GiveShield, s.shieldStep(drawingCircle())},
		{http.MethodGet, "/records/:id/shields/let-in", access.GiveShield, s.shieldStep(lettingIn())},
		{http.MethodPost, "/records/:id/shields/let-in", access.GiveShield, s.shieldStep(lettingIn())},
		{http.MethodGet, "/records/:id/shields/:kind/:shield/end", access.EndShield, s.shieldStep(endingShield())},
		{http.MethodPost, "/records/:id/shields/:kind/:shield/end", access.EndShield, s.shieldStep(endingShield())},
	}
}

// outsideHome is where access outside a role is asked for, with what somebody has
// asked for.
func (s *server) outsideHome(c *gin.Context, actor access.Actor) error {
	return s.showOutsideHome(c, actor, http.StatusOK, nil)
}

func (s *server) showOutsideHome(c *gin.Context, actor access.Actor, status int, bad []fault.Field) error {
	list, err := grants.Outsides(c.Request.Context(), s.db, actor, grants.OwnOutside, after(c, "before"), rowsOfPage+1)
	if err != nil {
		return err
	}
	asker, err := grants.AskerOutside(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	form := page.NewForm(url.Values{"reason": {c.Query("reason")}}, bad)
	v := page.OutsideHome{May: asker.May, Reason: form.Choice("reason", "Why do you need to see a record?", page.OutsideReasonHint(asker), page.OutsideReasonOptions(asker)...)}
	if n, err := strconv.ParseInt(c.Query("record"), 10, 64); err == nil && n > 0 {
		v.Record = strconv.FormatInt(n, 10)
	}
	if len(list) > rowsOfPage {
		list = list[:rowsOfPage]
		v.Next = "/outside-role?before=" + strconv.FormatInt(list[rowsOfPage-1].ID, 10)
	}
	v.Rows = page.OutsideRows(list, true, now())
	if v.Frame, err = s.frame(c, actor, "Access outside your role", ""); err != nil {
		return err
	}
	v.Back, v.Problems = "/home", form.Summary()
	return s.show(c, status, "outside", v)
}

// askOutside shows the form that goes with a reason.
func (s *server) askOutside(c *gin.Context, actor access.Actor) error {
	reason := grants.OutsideReason(c.Query("reason"))
	if page.OutsideReasonWords(reason) == "" {
		return s.showOutsideHome(c, actor, http.StatusBadRequest, []fault.Field{{Name: "reason", Problem: "Choose why you need to see the record."}})
	}
	asker, err := grants.AskerOutside(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	if !slices.Contains(asker.Reasons(), reason) {
		var bad []fault.Field
		if asker.May {
			bad = []fault.Field{{Name: "reason", Problem: "Your role does not cover this reason. Choose one that is listed, or ask the manager of the record."}}
		}
		return s.showOutsideHome(c, actor, http.StatusForbidden, bad)
	}
	values := url.Values{"kind": {access.YoungPerson.String()}, "section": {strconv.Itoa(int(reason.Usual()))}, "span": {string(grants.ForDay)}, "now": {"yes"}}
	if n, err := strconv.ParseInt(c.Query("record"), 10, 64); err == nil && n > 0 {
		values.Set("record", strconv.FormatInt(n, 10))
		least, err := grants.LeastLacking(c.Request.Context(), s.db, actor, n, reason.Usual(), asker.Deepest(reason))
		if err != nil {
			return err
		}
		values.Set("section", strconv.Itoa(int(least)))
	}
	form := page.NewForm(values, nil)
	return s.askPage(c, actor, page.AskOutside(reason, asker, form), "", http.StatusOK, form)
}

// sendOutside gives the access, and sends whoever asked to the record.
func (s *server) sendOutside(c *gin.Context, actor access.Actor) error {
	values, err := typed(c)
	if err != nil {
		return err
	}
	a, bad := readAsking(values)
	if page.OutsideReasonWords(a.Reason) == "" {
		return s.showOutsideHome(c, actor, http.StatusBadRequest, []fault.Field{{Name: "reason", Problem: "Choose why you need to see the record."}})
	}
	var id int64
	if err = fault.Bad(bad); err == nil {
		id, err = grants.AskOutside(c.Request.Context(), s.db, actor, a)
	}
	if status, problems, ok := refused(err); ok {
		asker, err := grants.AskerOutside(c.Request.Context(), s.db, actor)
		if err != nil {
			return err
		}
		form := page.NewForm(values, problems)
		return s.askPage(c, actor, page.AskOutside(a.Reason, asker, form), "", status, form)
	}
	if err != nil {
		return err
	}
	o, err := grants.OutsideOf(c.Request.Context(), s.db, actor, id)
	if err != nil {
		return err
	}
	if o.From == nil {
		return s.done(c, page.OutsideAddress(id), "outside-asked")
	}
	return s.done(c, page.RecordAddress(o.Record), "outside")
}

// readAsking reads a request, and what is wrong with its figures.
func readAsking(values url.Values) (grants.Asking, []fault.Field) {
	line := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	a := grants.Asking{Name: line("name"), Reason: grants.OutsideReason(values.Get("reason")), Colleague: line("colleague"), Words: line("words"), Section: -1,
		Span: grants.Span(values.Get("span")), AtOnce: values.Get("now") != "no", Oversight: readOversight(values)}
	var bad []fault.Field
	if n, ok := figures(numberIn(line("record"))); !ok {
		bad = append(bad, fault.Field{Name: "record", Problem: "Enter the record’s number in figures."})
	} else {
		a.Number = n
	}
	kind, ok := access.ParseRecordKind(values.Get("kind"))
	if a.Kind = kind; !ok && a.Number == 0 && a.Name != "" {
		bad = append(bad, fault.Field{Name: "kind", Problem: "Choose whose record it is."})
	}
	if n, err := strconv.Atoi(values.Get("section")); err == nil && n >= 0 && n <= int(access.Restricted) {
		a.Section = access.Section(n)
	}
	return a, bad
}

// recordIn finds a record's number in its address, or in that of a page of it.
var recordIn = regexp.MustCompile(`(?:^|/)records/([0-9]+)(?:[/?#]|$)`)

// numberIn gives the number that is meant by a pasted address of a record; anything
// else as it is.
func numberIn(text string) string {
	if m := recordIn.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return text
}

// figures reads a number that may be left out.
func figures(text string) (int64, bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0
}

func readOversight(values url.Values) grants.Oversight {
	text := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	return grants.Oversight{Discussion: text("discussion"), Analysis: text("analysis"), Direction: text("direction"), Actions: text("actions")}
}

// outside shows one access.
func (s *server) outside(c *gin.Context, actor access.Actor) error {
	o, err := s.outsideOf(c, actor)
	if err != nil {
		return err
	}
	v := page.OutsideOneOf(o, now())
	menu := "/oversight"
	v.Crumbs = []page.Link{{Words: "Access outside a role", Address: "/oversight/outside-role"}, {Words: v.Caption}}
	if o.Own {
		menu, v.Crumbs[0] = "", page.Link{Words: "Access outside your role", Address: "/outside-role"}
	}
	crumbs := v.Crumbs
	if v.Frame, err = s.frame(c, actor, v.Heading, menu); err != nil {
		return err
	}
	v.Crumbs = crumbs
	return s.show(c, http.StatusOK, "outside-one", v)
}

func (s *server) outsideOf(c *gin.Context, actor access.Actor) (grants.OutsideOne, error) {
	id, err := id(c, "id")
	if err != nil {
		return grants.OutsideOne{}, err
	}
	return grants.OutsideOf(c.Request.Context(), s.db, actor, id)
}

// outsideLooks lists every single look during an access.
func (s *server) outsideLooks(c *gin.Context, actor access.Actor) error {
	id, err := id(c, "id")
	if err != nil {
		return err
	}
	before := after(c, "before")
	o, found, err := grants.OutsideLooks(c.Request.Context(), s.db, actor, id, before, footprintsOfPage+1)
	if err != nil {
		return err
	}
	v := page.OutsideLooksOf(o, found, before, footprintsOfPage, now())
	menu, home := "/oversight", page.Link{Words: "Access outside a role", Address: "/oversight/outside-role"}
	if access.ActorID(o.Actor) == actor.ID {
		menu, home = "", page.Link{Words: "Access outside your role", Address: "/outside-role"}
	}
	if v.Frame, err = s.frame(c, actor, v.Heading, menu); err != nil {
		return err
	}
	v.Crumbs = []page.Link{home, {Words: v.Caption, Address: page.OutsideAddress(o.ID)}, {Words: "Every look"}}
	return s.show(c, http.StatusOK, "footprints", v)
}

// outsideList lists the accesses outside a role that somebody answers for.
func (s *server) outsideList(c *gin.Context, actor access.Actor) error {
	which := grants.Which(c.Query("show"))
	if which != grants.AllOutside && which != grants.EscalatedOutside {
		which = grants.OpenOutside
	}
	list, err := grants.Outsides(c.Request.Context(), s.db, actor, which, after(c, "before"), rowsOfPage+1)
	if err != nil {
		return err
	}
	v := page.OutsideList{Show: page.OutsideTabs(which)}
	if len(list) > rowsOfPage {
		list = list[:rowsOfPage]
		v.Next = "/oversight/outside-role?show=" + string(which) + "&before=" + strconv.FormatInt(list[rowsOfPage-1].ID, 10)
	}
	v.Rows = page.OutsideRows(list, false, now())
	if v.Frame, err = s.frame(c, actor, "Access outside a role", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "outside-list", v)
}

// notesShown is how many notes the page of a record shows itself.
const notesShown = 3

// outsidePart is what the page of a record says about access outside a role.
func (s *server) outsidePart(c *gin.Context, actor access.Actor, w versions.Where) (page.OutsidePart, error) {
	o, err := grants.OutsideOn(c.Request.Context(), s.db, actor, w.Record, notesShown+1)
	return page.OutsidePartOf(o, w.Record, notesShown, now()), err
}

// outsideNotes lists the notes on a record.
func (s *server) outsideNotes(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	list, err := grants.NotesOn(c.Request.Context(), s.db, actor, record, after(c, "before"), rowsOfPage+1)
	if err != nil {
		return err
	}
	r, _, err := people.Get(c.Request.Context(), s.db, actor, record)
	if err != nil {
		return err
	}
	v := page.OutsideNotes{Caption: r.Name}
	if len(list) > rowsOfPage {
		list = list[:rowsOfPage]
		v.Earlier = page.RecordAddress(record) + "/outside?before=" + strconv.FormatInt(list[rowsOfPage-1].ID, 10)
	}
	v.Notes = page.NoteViews(list, now())
	kind := page.ListAddress(r.Kind)
	if v.Frame, err = s.frame(c, actor, "Looked at from outside: "+page.Kind(r.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(r.Kind), Address: kind}, {Words: r.Name, Address: page.RecordAddress(record)}, {Words: "Looked at from outside"}}
	return s.show(c, http.StatusOK, "outside-notes", v)
}
