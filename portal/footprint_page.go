package portal

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/portal/page"
)

// footprintsOfPage is how many footprints are shown at a time.
const footprintsOfPage = 50

// narrowed is what an address asks of a list of footprints.
type narrowed struct {
	looks.Filter
	form   *page.Form
	status int
	at     string // the list's address with what narrows it, without the place where it goes on
	path   string
}

// narrow reads which footprints are asked for. With a day that is none, the list is
// not narrowed and the problem said.
func narrow(c *gin.Context, limit int) narrowed {
	q := c.Request.URL.Query()
	n := narrowed{status: http.StatusOK, path: c.Request.URL.Path}
	from, bad := readDay(q, "from", "the first day")
	until, wrong := readDay(q, "until", "the last day")
	bad = append(bad, wrong...)
	first, _ := clock.ParseDay(from)
	last, _ := clock.ParseDay(until)
	if len(bad) == 0 && !first.IsZero() && !last.IsZero() && last.Before(first) {
		bad = []fault.Field{{Name: "until", Problem: "The last day lies before the first. Enter a later one, or leave it empty."}}
	}
	if len(bad) > 0 {
		n.status = http.StatusBadRequest
	} else {
		if !first.IsZero() {
			n.From = first.Start()
		}
		if !last.IsZero() {
			n.Until = last.Next().Start() // the last day is in it
		}
	}
	for _, a := range looks.Acts() {
		if string(a) == q.Get("act") {
			n.Act = a
		}
	}
	n.Person = access.ActorID(after(c, "person"))
	n.Before, n.Limit = after(c, "before"), limit+1
	n.form = page.NewForm(q, bad)
	kept := url.Values{}
	for _, name := range []string{"from-day", "from-month", "from-year", "until-day", "until-month", "until-year", "act"} {
		if v := q.Get(name); v != "" {
			kept.Set(name, v)
		}
	}
	if n.Person != 0 {
		kept.Set("person", strconv.FormatInt(int64(n.Person), 10))
	}
	if n.at = n.path; len(kept) > 0 {
		n.at += "?" + kept.Encode()
	}
	return n
}

// face makes the form that narrows a list.
func (n narrowed) face() *page.Narrow {
	v := &page.Narrow{Address: n.path, From: n.form.Date("from", "From which day?", "For example, 14 3 2025"), Until: n.form.Date("until", "Until which day?", "The last day. Leave it empty for today."),
		Act: n.form.Choice("act", "What was done?", "", page.ActOptions()...)}
	v.Opened = !n.From.IsZero() || !n.Until.IsZero() || n.Act != looks.AnyAct || n.status != http.StatusOK
	if n.Person != 0 {
		v.PersonID = strconv.FormatInt(int64(n.Person), 10)
	}
	return v
}

// only is the address of the same list with one person's footprints alone, 0 for
// everybody's.
func (n narrowed) only(person access.ActorID) string {
	u, err := url.Parse(n.at)
	if err != nil {
		return n.path
	}
	q := u.Query()
	q.Del("person")
	if person != 0 {
		q.Set("person", strconv.FormatInt(int64(person), 10))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// lookList makes the page of a list of footprints: its rows, the form that narrows
// it, and whose alone are shown.
func (s *server) lookList(n narrowed, found []looks.Look, several bool) page.Footprints {
	v := page.FootprintsOf(found, n.at, n.Before, n.Limit-1, now())
	v.Narrow, v.Several = n.face(), several
	for i := range v.Rows {
		if n.Person == 0 && found[i].Actor != "" {
			v.Rows[i].Only = n.only(access.ActorID(found[i].ActorID))
		}
		if found[i].Audited && !found[i].Mine && found[i].Outcome == "done" {
			v.Rows[i].Ask = page.LookAddress(found[i].ID, "ask")
		}
	}
	if n.Person != 0 {
		who := "One person’s footprints alone are shown."
		if len(found) > 0 && found[0].Actor != "" {
			who = "Only what " + found[0].Actor + " did is shown."
		}
		v.Narrow.Person = &page.Link{Words: who, Address: n.only(0)}
	}
	v.Problems = n.form.Summary()
	return v
}

// footprintPage shows who looked at a record, and what they did. Whoever may not
// audit it sees their own, and is told so.
func (s *server) footprintPage(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	n := narrow(c, footprintsOfPage)
	of, found, err := looks.OfRecord(c.Request.Context(), s.db, actor, record, n.Filter)
	if err != nil {
		return err
	}
	v := s.lookList(n, found, false)
	return s.showLooks(c, actor, v, n, of, "Footprints: "+page.Kind(of.Kind), record, "")
}

// documentFootprints shows who looked at a document.
func (s *server) documentFootprints(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	n := narrow(c, footprintsOfPage)
	of, found, err := looks.OfDocument(c.Request.Context(), s.db, actor, document, n.Filter)
	if err != nil {
		return err
	}
	v := s.lookList(n, found, false)
	title := of.Title
	if title == "" {
		title = "Document " + strconv.FormatInt(document, 10)
	}
	return s.showLooks(c, actor, v, n, of, "Footprints: document", of.Record, title)
}

// showLooks sends a list about a record, or about the document of a title in it.
func (s *server) showLooks(c *gin.Context, actor access.Actor, v page.Footprints, n narrowed, of looks.Subject, tab string, record int64, title string) error {
	v.Own, v.Heading = !of.Everything, page.LookedWords(of.Everything)
	problems := v.Problems
	kind, name := page.ListAddress(of.Kind), of.Name
	at := page.RecordAddress(record)
	if name == "" {
		name, at = page.RecordNumber(of.Kind, record), at+"/footprints"
	}
	var err error
	if v.Frame, err = s.frame(c, actor, tab, kind); err != nil {
		return err
	}
	v.Problems, v.Caption = problems, name
	v.Crumbs = []page.Link{{Words: page.Kinds(of.Kind), Address: kind}, {Words: name, Address: at}}
	if of.Name == "" {
		v.Crumbs[0] = page.Link{Words: "Oversight", Address: "/oversight"}
	}
	if title != "" {
		link := page.Link{Words: title}
		if of.Title != "" {
			link.Address = page.DocumentAddress(of.ID)
		}
		v.Crumbs, v.Caption = append(v.Crumbs, link), title
	} else if of.Name == "" {
		v.Crumbs = v.Crumbs[:1]
	}
	v.Crumbs = append(v.Crumbs, page.Link{Words: "Footprints"})
	return s.show(c, n.status, "footprints", v)
}

// personFootprints shows what somebody did, as far as the reader audits it; one's
// own, all of it.
func (s *server) personFootprints(c *gin.Context, actor access.Actor) error {
	person, err := id(c, "id")
	if err != nil {
		return err
	}
	n := narrow(c, footprintsOfPage)
	of, found, err := looks.OfPerson(c.Request.Context(), s.db, actor, access.ActorID(person), n.Filter)
	if err != nil {
		return err
	}
	n.Person = 0
	v := s.lookList(n, found, true)
	problems := v.Problems
	v.Heading, v.Caption, v.Intro = "What they did", of.Name, "Every look, change and refusal of theirs that you may audit, newest first."
	menu := "/oversight"
	if !of.Everything {
		v.Heading, v.Intro, menu = "What you did", "Every look and change of yours, and what you were refused, newest first.", ""
	}
	for i := range v.Rows {
		v.Rows[i].Only = ""
	}
	if v.Frame, err = s.frame(c, actor, "Footprints: person", menu); err != nil {
		return err
	}
	v.Problems = problems
	v.Crumbs = []page.Link{{Words: "Oversight", Address: "/oversight"}, {Words: of.Name}}
	if !of.Everything {
		v.Crumbs = []page.Link{{Words: "Your access", Address: "/me"}, {Words: "What you did"}}
	}
	return s.show(c, n.status, "footprints", v)
}

// everyLook shows all footprints that the reader may audit, also those about no
// record, by UTC.
func (s *server) everyLook(c *gin.Context, actor access.Actor) error {
	n := narrow(c, footprintsOfPage)
	found, err := looks.Everything(c.Request.Context(), s.db, actor, n.Filter)
	if err != nil {
		return err
	}
	v := s.lookList(n, found, true)
	problems := v.Problems
	for i := range v.Rows {
		v.Rows[i].UTCFirst(found[i].At)
	}
	v.Heading, v.Caption, v.Intro = "Who has looked", "Oversight", "Every look, change and refusal that you may audit, newest first, sign-ins and lists among them. Nothing in this list can be changed or taken out."
	if u, err := url.Parse(n.at); err == nil {
		u.Path += "/export"
		v.Export = u.String()
	}
	if v.Frame, err = s.frame(c, actor, "Who has looked", "/oversight"); err != nil {
		return err
	}
	v.Problems = problems
	v.Crumbs = []page.Link{{Words: "Oversight", Address: "/oversight"}, {Words: "Who has looked"}}
	return s.show(c, n.status, "footprints", v)
}

// whyRecord shows every grant by which the reader sees a record.
func (s *server) whyRecord(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	b, err := looks.WhyRecord(c.Request.Context(), s.db, actor, record)
	if err != nil {
		return err
	}
	return s.showWhy(c, actor, b, page.Link{Words: b.Name, Address: page.RecordAddress(record)})
}

// whyDocument shows every grant by which the reader sees a document.
func (s *server) whyDocument(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	b, err := looks.WhyDocument(c.Request.Context(), s.db, actor, document)
	if err != nil {
		return err
	}
	return s.showWhy(c, actor, b, page.Link{Words: b.Title, Address: page.DocumentAddress(document)})
}

func (s *server) showWhy(c *gin.Context, actor access.Actor, b looks.Because, of page.Link) error {
	v := page.WhyOf(b)
	kind := page.ListAddress(b.Kind)
	var err error
	if v.Frame, err = s.frame(c, actor, "Why you can see this", kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(b.Kind), Address: kind}}
	if b.Title != "" && b.Name != "" {
		v.Crumbs = append(v.Crumbs, page.Link{Words: b.Name, Address: page.RecordAddress(b.Record)})
	}
	v.Crumbs = append(v.Crumbs, of, page.Link{Words: "Why you can see this"})
	return s.show(c, http.StatusOK, "why", v)
}
