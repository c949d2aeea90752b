package page

import (
	"testing"
	"time"

	"custodian/internal/grants"
)

// Whoever sees a record outside their role is warned four hours before a day of it
// ends, and a day before a longer time does: on the record and on their home page, not
// a moment earlier, and not after the end. Who still has to write what the oversight
// came to is warned of both.
func TestWarningBeforeTheEnd(t *testing.T) {
	t.Parallel()
	now := midnight(t, "2026-11-24").Add(13 * time.Hour)
	const day, hour, moment = 24 * time.Hour, time.Hour, time.Millisecond
	for name, c := range map[string]struct {
		span, left time.Duration
		warned     bool
	}{
		"a day, just begun":                 {day, day, false},
		"a day, more than four hours left":  {day, 4*hour + moment, false},
		"a day, four hours left":            {day, 4 * hour, true},
		"a day, hardly any of it left":      {day, moment, true},
		"a day, over":                       {day, 0, false},
		"a day when the clocks go back":     {25 * hour, 4*hour + moment, false},
		"a fortnight, more than a day left": {14 * day, day + moment, false},
		"a fortnight, a day left":           {14 * day, day, true},
		"a fortnight, four hours left":      {14 * day, 4 * hour, true},
		"a fortnight, over":                 {14 * day, -moment, false},
		"half a year, two days left":        {182 * day, 2 * day, false},
		"half a year, a day left":           {182 * day, day, true},
	} {
		for _, reason := range []grants.OutsideReason{grants.ForAudit, grants.ForOversight} {
			until := now.Add(c.left)
			from := until.Add(-c.span)
			o := grants.Outside{ID: 7, Reason: reason, Colleague: "Val Example", From: &from, Until: &until, Asked: from}
			rows := OutsideNeedRows(grants.OutsideNeeds{Mine: []grants.Outside{o}}, now)
			if over := c.left <= 0; over && reason == grants.ForAudit {
				if len(rows) != 0 {
					t.Errorf("%s, %s: the home page says %+v", name, reason, rows)
				}
				continue
			}
			if len(rows) != 1 || (rows[0].Status.Look == "soon") != c.warned || rows[0].Verb != map[bool]string{true: "Write", false: "Finish"}[o.Owes()] {
				t.Errorf("%s, %s: the home page says %+v", name, reason, rows)
			}
			if p := OutsidePartOf(grants.OnRecord{Mine: &o}, 1, 3, now); p.Bar == nil || p.Bar.Soon != c.warned {
				t.Errorf("%s, %s: the record says %+v", name, reason, p.Bar)
			}
		}
	}
}
