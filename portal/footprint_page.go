package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/portal/page"
)

// footprintsOfPage is how many footprints are shown at a time.
const footprintsOfPage = 50

// footprintPage shows who looked at a record, and what they did. Whoever may not
// audit it sees their own, and is told so.
func (s *server) footprintPage(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	from := after(c, "before")
	found, err := audit.OfRecord(c.Request.Context(), s.db, actor, record, from, footprintsOfPage+1)
	if err != nil {
		return err
	}
	w, err := s.keeper.Where(c.Request.Context(), actor, record)
	if fault.Is(err, fault.NotFound) {
		return s.unnamedFootprints(c, actor, page.FootprintsOf(record, found, from, footprintsOfPage, now()))
	}
	if err != nil {
		return err
	}
	v := page.FootprintsOf(record, found, from, footprintsOfPage, now())
	v.Caption, v.Own = w.Name, !w.May.Audit
	v.Heading = page.LookedWords(w.May.Audit)
	kind := page.ListAddress(w.Kind)
	if v.Frame, err = s.frame(c, actor, "Footprints: "+page.Kind(w.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(w.Kind), Address: kind}, {Words: w.Name, Address: page.RecordAddress(record)}, {Words: "Footprints"}}
	return s.show(c, http.StatusOK, "footprints", v)
}

// unnamedFootprints shows them to somebody who audits a record and may not know
// whose it is.
func (s *server) unnamedFootprints(c *gin.Context, actor access.Actor, v page.Footprints) (err error) {
	v.Caption, v.Heading = "A record whose name is not shown to you", page.LookedWords(true)
	if v.Frame, err = s.frame(c, actor, "Footprints", ""); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "footprints", v)
}
