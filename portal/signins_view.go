package portal

import (
	"strconv"
	"time"

	"custodian/internal/membership"
	"custodian/portal/page"
)

// signInsOf makes the page: here and not in page, which knows nothing of membership. seen holds one more than limit where there is a next
// page.
func signInsOf(issuer string, groups []membership.Group, seen []membership.SignInSeen, before int64, limit int, now time.Time) page.SignIns {
	v := page.SignIns{Issuer: issuer, Later: before != 0}
	for _, g := range groups {
		v.Mappings = append(v.Mappings, mappingRow(g, issuer))
	}
	if len(seen) > limit {
		seen = seen[:limit]
		v.Next = "/sign-ins?before=" + strconv.FormatInt(seen[limit-1].ID, 10)
	}
	offered := map[string]bool{}
	for _, s := range seen {
		row := signInRow(s, now)
		// what somebody is given once need not be offered at each time that they came
		if row.Give != "" && offered[s.Subject] {
			row.Give = ""
		}
		offered[s.Subject] = true
		v.Rows = append(v.Rows, row)
	}
	return v
}

func mappingRow(g membership.Group, issuer string) page.MappingRow {
	r := page.MappingRow{Group: g.Group, Role: page.RoleWords(string(g.Role)), Where: page.Where(g.Home), Since: page.DayOf(g.From), By: g.By, Why: g.Why,
		End: "/sign-ins/mappings/" + strconv.FormatInt(g.ID, 10) + "/end"}
	if g.Issuer != issuer {
		r.Elsewhere = g.Issuer
	}
	return r
}

// idleGroups is how many groups that give nothing are shown of one sign-in: some
// people belong to hundreds.
const idleGroups = 20

func signInRow(s membership.SignInSeen, now time.Time) page.SignInRow {
	id := strconv.FormatInt(s.ID, 10)
	r := page.SignInRow{When: page.Moment(s.At, now), Stamp: s.At.UTC().Format(time.RFC3339), Name: s.Name, Email: s.Email, Subject: s.Subject, Status: page.Status{Words: "Signed in", Look: "good"}}
	switch s.Outcome {
	case "no-role":
		r.Status = page.Status{Words: "Turned away: no role", Look: "soon"}
	case "no-second-factor":
		r.Status = page.Status{Words: "Turned away: no second step", Look: "soon"}
	}
	if s.ActorID != nil {
		r.Person = page.PersonAddress(*s.ActorID)
	} else {
		r.Give = "/sign-ins/" + id + "/give"
	}
	idle := 0
	for i, g := range s.Groups {
		row := page.GroupRow{Name: g.Name}
		for _, gives := range g.Gives {
			row.Gives = append(row.Gives, page.Gives(string(gives.Role), gives.Home))
		}
		if len(row.Gives) == 0 {
			if idle++; idle > idleGroups {
				r.More = page.Count(idle-idleGroups, "more that gives nothing", "more that give nothing")
				continue
			}
			row.Map = "/sign-ins/map?sign-in=" + id + "&group=" + strconv.Itoa(i)
		}
		r.Groups = append(r.Groups, row)
	}
	return r
}

// cameWithRole tells of the groups that came lately which give a role.
func cameWithRole(seen []membership.SignInSeen) map[string]bool {
	gives := map[string]bool{}
	for _, s := range seen {
		for _, g := range s.Groups {
			gives[g.Name] = len(g.Gives) > 0
		}
	}
	return gives
}

// losing says who loses what when a mapping ends.
func losing(g membership.Group, holders []membership.Holder) []string {
	var lose, keep []string
	for _, h := range holders {
		if h.Keeps {
			keep = append(keep, h.Name)
		} else {
			lose = append(lose, h.Name)
		}
	}
	return page.Losing(string(g.Role), g.Home, lose, keep)
}
