package portal

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/portal/page"
	"custodian/versions"
)

// versionsOfPage is how many versions the history shows at a time.
const versionsOfPage = 20

// asked reads which document is meant, and which version where the address
// names one.
func asked(c *gin.Context) (q versions.Ask, err error) {
	if q.Document, err = id(c, "id"); err != nil {
		return q, err
	}
	if c.Param("n") != "" {
		q.Number, err = number(c)
	}
	return q, err
}

// documentPage shows a version of a document: how it stands at a glance, its
// file, and the history of all of them. Without a number it is the one in force.
func (s *server) documentPage(c *gin.Context, actor access.Actor) error {
	q, err := asked(c)
	if err != nil {
		return err
	}
	// links within the site carry these; one that cannot be read asks nothing
	q.Day, _ = clock.ParseDay(c.Query("on"))
	known, _ := clock.ParseDay(c.Query("known"))
	if !known.IsZero() {
		q.Known = known.Next().Start() // what was known when the day was over
	}
	q.Before, q.Limit = before(c), versionsOfPage+1
	sheet, err := s.keeper.Sheet(c.Request.Context(), actor, q)
	if err != nil {
		return err
	}
	v := page.DocumentOf(sheet, q.Day, known, q.Before, versionsOfPage)
	if !sheet.Alone {
		offersOf(&v, sheet)
		if err := s.sectionOf(c, actor, &v, sheet); err != nil {
			return err
		}
	}
	if v.Frame, err = s.documentFrame(c, actor, sheet, q, ""); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "document", v)
}

// before reads from which version back the history is shown; what is no number
// begins it.
func before(c *gin.Context) int {
	n, err := strconv.ParseInt(c.Query("before"), 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return int(n)
}

// documentFrame makes the frame of a page about a document. Its title says the
// kind and the version, never the document's own title, which may hold a name. The way back leads to
// the day that was asked about.
func (s *server) documentFrame(c *gin.Context, actor access.Actor, sheet versions.Sheet, q versions.Ask, doing string) (page.Frame, error) {
	title := fmt.Sprintf("%s, version %d", page.KindWords(sheet.Document.Kind), sheet.Shown.Number)
	if doing != "" {
		title = doing + ": " + title
	}
	w := sheet.Where
	kind := page.ListAddress(w.Kind)
	f, err := s.frame(c, actor, title, kind)
	if !sheet.Alone {
		f.Crumbs = []page.Link{{Words: page.Kinds(w.Kind), Address: kind}}
	}
	if w.Record != 0 {
		at := page.RecordAddress(w.Record)
		if !q.Day.IsZero() {
			at = page.AddressBy(w.Record, knownDay(q.Known))(q.Day)
		}
		f.Crumbs = append(f.Crumbs, page.Link{Words: w.Name, Address: at})
	}
	last := page.Link{Words: sheet.Document.Title}
	if doing != "" {
		last.Address = page.VersionAddress(sheet.Document.ID, sheet.Shown.Number)
		f.Crumbs = append(f.Crumbs, last)
		last = page.Link{Words: doing}
	}
	f.Crumbs = append(f.Crumbs, last)
	return f, err
}

// offersOf gives what the reader may do with the version that is shown, and says
// in words why not where the rule stands in the way of somebody who otherwise might.
func offersOf(v *page.Document, s versions.Sheet) {
	at, shown, may := page.VersionAddress(s.Document.ID, s.Shown.Number), s.Shown, s.Where.May
	submitted, told := shown.State == versions.Submitted, len(shown.Said) > 0
	if may.Add && s.Where.Open {
		v.Primary = &page.Link{Words: "Add a version", Address: page.DocumentAddress(s.Document.ID) + "/add"}
	}
	switch {
	case submitted && s.Own && shown.Number == s.Waiting:
		v.MayNot = append(v.MayNot, "You wrote this version, so somebody else has to approve it.")
	case submitted && may.Approve && !s.Own && shown.Number != s.Waiting:
		v.May = append(v.May, page.Link{Words: fmt.Sprintf("Approve version %d all the same", shown.Number), Address: at + "/approve"})
	case submitted && may.Approve && !s.Own:
		v.Second = v.Primary
		v.Primary = &page.Link{Words: "Approve", Address: at + "/approve"}
	case submitted && shown.Number == s.Waiting:
		v.MayNot = append(v.MayNot, "It waits for somebody who may approve here, such as the manager.")
	}
	if s.Waiting != 0 && s.Waiting != shown.Number && (may.Add || may.Approve) {
		v.May = append(v.May, page.Link{Words: fmt.Sprintf("Look at version %d, which waits for approval", s.Waiting), Address: page.VersionAddress(s.Document.ID, s.Waiting)})
	}
	if told && may.Approve {
		v.May = append(v.May, page.Link{Words: fmt.Sprintf("Correct the dates of version %d", shown.Number), Address: at + "/correct"})
	}
	if may.Add && s.Where.Open && (shown.State == versions.Superseded || shown.State == versions.Withdrawn) {
		v.May = append(v.May, page.Link{Words: fmt.Sprintf("Bring version %d back", shown.Number), Address: at + "/restore"})
	}
	if may.Approve && (s.Holds != nil || shown.State == versions.Coming) {
		v.May = append(v.May, page.Link{Words: "Withdraw this document", Address: page.DocumentAddress(s.Document.ID) + "/withdraw"})
	}
	if may.Add && !s.Where.Open {
		v.MayNot = append(v.MayNot, "The record is closed, so nothing can be added to it.")
	}
	v.Looks, v.Reasons = page.DocumentAddress(s.Document.ID)+"/footprints", page.DocumentAddress(s.Document.ID)+"/why"
	if s.Where.Record != 0 {
		v.Footprints = &page.Link{Words: page.LookedWords(may.Audit), Address: page.RecordAddress(s.Where.Record) + "/footprints"}
	}
}
