package portal

import (
	"net/url"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/portal/page"
	"custodian/versions"
)

// approving puts a version in force that somebody else wrote.
func (s *server) approving() change {
	return change{
		action: access.ApproveVersion, doing: "Approve", done: "approved", day: "in_force_from", which: "the day from which it holds", shown: true,
		fill: func(sheet versions.Sheet) url.Values {
			return page.DayFields(nil, "in_force_from", clock.DayOf(sheet.Shown.WantedFrom))
		},
		face: page.Approve,
		do: func(c *gin.Context, actor access.Actor, q versions.Ask, day string, typed url.Values) (string, error) {
			_, _, err := s.keeper.Approve(c.Request.Context(), actor, versions.Target{Document: q.Document, Number: q.Number},
				versions.Approval{InForceFrom: day, Note: typed.Get("note")})
			return page.VersionAddress(q.Document, q.Number), err
		},
	}
}

// correcting says from when a version really held.
func (s *server) correcting() change {
	return change{
		action: access.CorrectDate, doing: "Correct dates", done: "corrected", day: "in_force_from", which: "the day from which it holds", last: "in_force_to", why: true,
		fill: func(sheet versions.Sheet) url.Values {
			said := page.LastSaid(sheet.Shown)
			return page.DayFields(page.DayFields(nil, "in_force_from", clock.DayOf(said.From)), "in_force_to", page.LastDayOf(said))
		},
		face: page.Correct,
		do: func(c *gin.Context, actor access.Actor, q versions.Ask, day string, typed url.Values) (string, error) {
			_, _, err := s.keeper.CorrectDate(c.Request.Context(), actor, versions.Target{Document: q.Document, Number: q.Number},
				versions.Correction{InForceFrom: day, InForceTo: typed.Get("in_force_to"), Why: typed.Get("why")})
			return page.VersionAddress(q.Document, q.Number), err
		},
	}
}

// restoring brings an earlier content back as a new version.
func (s *server) restoring() change {
	return change{
		action: access.RestoreVersion, doing: "Bring back", done: "restored", day: "in_force_from", which: "the day from which it holds", why: true,
		fill: func(versions.Sheet) url.Values { return page.DayFields(nil, "in_force_from", today()) },
		face: page.Restore,
		do: func(c *gin.Context, actor access.Actor, q versions.Ask, day string, typed url.Values) (string, error) {
			added, err := s.keeper.Restore(c.Request.Context(), actor, versions.Target{Document: q.Document, Number: q.Number}, day, typed.Get("why"))
			return page.VersionAddress(q.Document, added.Version.Number), err
		},
	}
}

// withdrawing ends a document.
func (s *server) withdrawing() change {
	return change{
		action: access.Withdraw, doing: "Withdraw", done: "withdrawn", day: "from", which: "the day from which it is withdrawn", why: true,
		fill: func(versions.Sheet) url.Values { return page.DayFields(nil, "from", today()) },
		face: page.Withdraw,
		do: func(c *gin.Context, actor access.Actor, q versions.Ask, day string, typed url.Values) (string, error) {
			return page.DocumentAddress(q.Document), s.keeper.Withdraw(c.Request.Context(), actor, q.Document, day, typed.Get("why"))
		},
	}
}
