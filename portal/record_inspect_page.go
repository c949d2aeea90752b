package portal

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
)

// openingToInspector opens one case record to an inspector.
func (s *server) openingToInspector() recordForm {
	return recordForm{access.GiveGrant, access.LetIn, "inspected", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		if !grants.OpensToInspectors(r.Kind) {
			return page.Change{}, notThere()
		}
		var list []grants.Inspecting
		if r.HomeID != nil {
			var err error
			if list, err = grants.Inspectors(c.Request.Context(), s.db, actor, *r.HomeID); err != nil {
				return page.Change{}, err
			}
		}
		return page.OpenToInspector(r, list, form), nil
	}, beginsToday, func(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
		to, err := strconv.ParseInt(values.Get("to"), 10, 64)
		from, bad := needDay(values, "from", "the first day")
		until, wrong := needDay(values, "until", "the last day")
		if bad = append(bad, wrong...); err != nil || to < 1 {
			bad = append([]fault.Field{{Name: "to", Problem: "Choose who it is."}}, bad...)
		}
		if len(bad) > 0 {
			return fault.Bad(bad)
		}
		_, err = grants.OpenToInspector(c.Request.Context(), s.db, actor, grants.Opening{Record: record, To: access.ActorID(to), From: spanOf(from).start(), Until: spanOf(until).end(),
			Why: strings.TrimSpace(values.Get("why"))})
		return err
	}}
}
