package portal

import (
	"time"

	"custodian/internal/scim"
	"custodian/portal/page"
)

// directoryOf makes the page: here and not in page, which knows nothing of scim.
func directoryOf(st scim.State, address, subject string, now time.Time) page.Directory {
	v := page.Directory{Address: address, Subject: subject, MoreGroups: st.MoreGroups}
	live := false
	for _, t := range st.Tokens {
		r := page.DirectoryToken{Label: t.Label, By: t.By, Made: page.DayOf(t.CreatedAt), Until: page.DayOf(t.ExpiresAt), Last: "Never", Status: page.Status{Words: "Live", Look: "good"}}
		if t.LastAt != nil {
			r.Last = page.Moment(*t.LastAt, now)
		}
		switch {
		case t.RevokedAt != nil:
			r.Status = page.Status{Words: "Ended " + page.DayOf(*t.RevokedAt), Look: "past"}
		case !t.ExpiresAt.After(now):
			r.Status = page.Status{Words: "Expired", Look: "past"}
		default:
			live = true
			r.End = page.DirectoryTokenAddress(t.ID)
			if t.ExpiresAt.Before(now.AddDate(0, 1, 0)) {
				r.Status = page.Status{Words: "Ends soon", Look: "soon"}
			}
		}
		v.Tokens = append(v.Tokens, r)
	}
	for _, g := range st.Groups {
		v.Groups = append(v.Groups, page.DirectoryGroup{Name: g.Name, Members: howMany(g.Members), Gives: g.Gives > 0})
	}
	v.Facts = directoryFacts(st, now)
	v.MayStop = !live && st.LastSaid != nil && (st.Stopped == nil || st.Stopped.Before(*st.LastSaid))
	return v
}

func directoryFacts(st scim.State, now time.Time) []page.Fact {
	said := "It has told of nobody yet"
	if st.LastSaid != nil {
		said = page.Moment(*st.LastSaid, now)
	}
	facts := []page.Fact{{Name: "Last told of somebody", Text: said}, {Name: "Working here", Text: howMany(st.Working)},
		{Name: "Have left", Text: howMany(st.Left)}}
	if st.WithoutRoles > 0 {
		facts = append(facts, page.Fact{Name: "Working here, in no group that gives a role", Text: howMany(st.WithoutRoles)})
	}
	if st.Stopped != nil {
		facts = append(facts, page.Fact{Name: "Not followed since", Text: page.Moment(*st.Stopped, now) + ", by " + st.StoppedBy})
	}
	return facts
}

// howMany counts people as a cell does.
func howMany(n int) string {
	switch n {
	case 0:
		return "Nobody"
	case 1:
		return "One person"
	}
	return page.Count(n, "person", "people")
}
