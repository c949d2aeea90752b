package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/portal/page"
	"custodian/versions"
)

// rowsOfPage is how many rows a list shows on one page.
const rowsOfPage = 100

// after reads where a list goes on; a strange number begins it.
func after(c *gin.Context, name string) int64 {
	n, err := strconv.ParseInt(c.Query(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// recordList lists the records of a kind. Where the only thing there is one
// library, that is shown.
func (s *server) recordList(c *gin.Context, actor access.Actor) error {
	kind, ok := access.ParseRecordKind(c.Query("kind"))
	if !ok {
		return notThere()
	}
	found, err := people.Records(c.Request.Context(), s.db, actor, kind, after(c, "after"), rowsOfPage+1)
	if err != nil {
		return err
	}
	if kind == access.Library && len(found) == 1 && after(c, "after") == 0 {
		only := page.RecordAddress(found[0].ID)
		if what := c.Query("done"); page.NoticeOf(what) != nil {
			return s.done(c, only, what)
		}
		c.Redirect(http.StatusSeeOther, only)
		return nil
	}
	v := page.RecordsOf(kind, found, rowsOfPage)
	m, err := people.MenuOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	if slices.Contains(m.Opens, kind) {
		v.Open = "/records/open?kind=" + kind.String()
	}
	if v.Frame, err = s.frame(c, actor, v.Heading, page.ListAddress(kind)); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "records", v)
}

// recordPage shows a record as it stands, or as it stood on a day.
func (s *server) recordPage(c *gin.Context, actor access.Actor) error {
	id, err := id(c, "id")
	if err != nil {
		return err
	}
	query := c.Request.URL.Query()
	q, status, bad := lookOf(query)
	shelf, err := s.lookAt(c, actor, id, &q)
	if err != nil {
		return err
	}
	asked := !q.Day.IsZero()
	v := page.RecordOf(shelf, asked, knownDay(q.Known), rowsOfPage, moreOf(c.Request.URL))
	form := page.NewForm(typedDays(query, q), bad)
	v.AsAt = page.AsAt{Address: page.RecordAddress(id), On: form.Date("on", "Show what was in force on", ""), Known: form.Date("known", "Known on", ""),
		Opened: !q.Known.IsZero() || query.Get("known-day") != "", Words: knownWords(shelf.Day, shelf.Today)}
	if err := s.aroundRecord(c, actor, &v, shelf, q); err != nil {
		return err
	}
	v.Problems = form.Summary()
	return s.show(c, status, "record", v)
}

// lookAt asks the question. Whoever only manages the record sees that it is
// there, and none of its documents.
func (s *server) lookAt(c *gin.Context, actor access.Actor, record int64, q *versions.Look) (versions.Shelf, error) {
	w, err := s.keeper.Where(c.Request.Context(), actor, record)
	if err == nil {
		q.Titled = w.Kind == access.Library
	} else if !fault.Is(err, fault.NotFound) {
		return versions.Shelf{}, err
	}
	q.After, q.Limit = after(c, "after"), rowsOfPage+1
	return s.keeper.Look(c.Request.Context(), actor, record, *q)
}

// lookOf reads the day that is asked about. With a day that is none, today is
// shown and the problem said.
func lookOf(query url.Values) (q versions.Look, status int, bad []fault.Field) {
	on, bad := readDay(query, "on", "the day you ask about")
	known, wrong := readDay(query, "known", "the day whose knowledge you want")
	if bad = append(bad, wrong...); len(bad) > 0 {
		return q, http.StatusBadRequest, bad
	}
	if d, err := clock.ParseDay(known); err == nil && today().Before(d) {
		return q, http.StatusBadRequest, []fault.Field{{Name: "known", Problem: "Nobody can say yet what will be known on " + page.Day(d) + ". Enter today or an earlier day."}}
	}
	q.Day, _ = clock.ParseDay(on)
	if d, err := clock.ParseDay(known); err == nil {
		q.Known = d.Next().Start() // what was known when the day was over
		if q.Day.IsZero() {
			q.Day = clock.DayOf(now())
		}
	}
	return q, http.StatusOK, nil
}

// knownDay is the day at whose end something was known, zero for none.
func knownDay(known time.Time) clock.Day {
	if known.IsZero() {
		return clock.Day{}
	}
	return clock.DayOf(known.Add(-time.Microsecond))
}

// typedDays are the date fields as they were typed, or of today.
func typedDays(query url.Values, q versions.Look) url.Values {
	values := url.Values{}
	for name := range query {
		values.Set(name, query.Get(name))
	}
	if values.Get("on-day")+values.Get("on-month")+values.Get("on-year") == "" {
		day := q.Day
		if day.IsZero() {
			day = clock.DayOf(now())
		}
		page.DayFields(values, "on", day)
	}
	return values
}

func knownWords(day, today clock.Day) string {
	return fmt.Sprintf("A correction made later can change what we now know was in force on %s. Choose the day whose knowledge you want. Now it is today, %s.", page.Day(day), page.Day(today))
}

// moreOf is the address of a page without the place where its list begins.
func moreOf(u *url.URL) string {
	q := u.Query()
	q.Del("after")
	q.Del("done")
	return u.Path + "?" + q.Encode()
}

// aroundRecord adds what stands around a record's documents: its heading, the
// strip of changes, what happened to it, and what the reader may do.
func (s *server) aroundRecord(c *gin.Context, actor access.Actor, v *page.Record, shelf versions.Shelf, q versions.Look) error {
	w := shelf.Where
	v.Heading, v.Caption = w.Name, caption(w)
	if v.Library {
		v.Heading, v.Caption = "Policies", w.Name
		if w.Name == "Policies of "+w.HomeName {
			v.Caption = w.HomeName
		}
	}
	if !w.Open || !v.Library {
		status := page.OpenStatus(w.Open)
		v.Status = &status
	}
	if v.Asked {
		v.AsOf = "as at " + page.Day(shelf.Day)
	}
	if v.Library && w.May.Read {
		from, to := page.StripSpan(shelf.Day)
		within, before, next, err := s.keeper.Changes(c.Request.Context(), actor, w.Record, shelf.Day, from, to)
		if err != nil {
			return err
		}
		v.Strip = page.StripOf(shelf.Day, within, before, next, page.AddressOn(w.Record))
		if v.Now != nil {
			v.Strip.Heading = "Changes around that day, as we know them now"
		}
		if len(shelf.Rows) == 0 && next != nil {
			v.Also = "The first, " + next.Title + ", came into force on " + page.DayOf(next.On) + "."
		}
	}
	events, err := people.Events(c.Request.Context(), s.db, actor, w.Record)
	if err != nil {
		return err
	}
	for _, e := range events {
		v.Events = append(v.Events, page.EventOf(e))
	}
	offers(v, w)
	if v.Outside, err = s.outsidePart(c, actor, w); err != nil {
		return err
	}
	if err := s.sectionsOf(c, actor, v, shelf, q); err != nil {
		return err
	}
	if v.Frame, err = s.frame(c, actor, title(v), page.ListAddress(w.Kind)); err != nil || !v.Inspector || !v.Library {
		return err
	}
	return s.forInspector(c, actor, v, shelf, q)
}

// forInspector adds what an inspector asks for first: besides the statement of
// purpose, who managed the setting on that day.
func (s *server) forInspector(c *gin.Context, actor access.Actor, v *page.Record, shelf versions.Shelf, q versions.Look) error {
	if v.Asked {
		v.Heading, v.AsOf = "In force on", page.Day(shelf.Day)
	}
	if shelf.Where.Home == 0 {
		return nil
	}
	found, err := s.keeper.Managers(c.Request.Context(), actor, shelf.Where.Home, shelf.Day)
	v.Managers = page.ManagersOf(found, q.Day)
	return err
}

func caption(w versions.Where) string {
	return page.Where(w.HomeName) + ": " + page.Kind(w.Kind)
}

// title is what the browser's tab says: never a person's name.
func title(v *page.Record) string {
	t := "Record"
	if v.Library {
		t = "Policies"
	}
	if v.AsOf != "" {
		t += " " + v.AsOf
	}
	return t
}

// offers gives the addresses of what the reader may do with the record.
func offers(v *page.Record, w versions.Where) {
	at := page.RecordAddress(w.Record)
	if w.May.Add && w.Open {
		v.Add = at + "/add"
	}
	if w.May.Manage {
		if w.Home != 0 {
			v.Move = at + "/move"
		}
		if w.Open {
			v.Close = at + "/close"
		} else {
			v.Reopen = at + "/reopen"
		}
	}
	v.Reasons = at + "/why"
	if w.Subject {
		v.Looked = at + "/looked"
	}
	if w.May.Manage || w.May.Audit {
		v.People = at + "/people"
	}
	if w.May.Read {
		v.Footprints = &page.Link{Words: page.LookedWords(w.May.Audit), Address: at + "/footprints"}
	}
}

// today is the day by which forms are filled in.
func today() clock.Day { return clock.DayOf(time.Now()) }
