package page

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custodian/internal/login"
)

// MappingRow is a group of the sign-in service and the role that it gives.
type MappingRow struct {
	Group, Role, Where, Since string
	By, Why                   string
	Elsewhere                 string // the sign-in service it was made for, where that is another now
	End                       string
}

// GroupRow is a group that came with a sign-in.
type GroupRow struct {
	Name  string
	Gives []string
	Map   string // address for mapping it, where it gives nothing
}

// SignInRow is one sign-in as the service told it.
type SignInRow struct {
	When, Stamp          string
	Name, Email, Subject string
	Groups               []GroupRow
	Status               Status
	Person               string // address of who they are here
	Give                 string // address for giving a stranger a role
}

// SignIns is the page of what the sign-in service sends and what it gives.
type SignIns struct {
	Frame
	Issuer   string
	Mappings []MappingRow
	Rows     []SignInRow
	Next     string
	Later    bool // not the first page
}

// SignInsOf makes the page. seen holds one more than limit where there is a next
// page.
func SignInsOf(issuer string, groups []login.Group, seen []login.SignInSeen, before int64, limit int, now time.Time) SignIns {
	v := SignIns{Issuer: issuer, Later: before != 0}
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

func mappingRow(g login.Group, issuer string) MappingRow {
	r := MappingRow{Group: g.Group, Role: RoleWords(string(g.Role)), Where: upperFirst(place(g.Home)), Since: DayOf(g.From), By: g.By, Why: g.Why,
		End: "/sign-ins/mappings/" + strconv.FormatInt(g.ID, 10) + "/end"}
	if g.Issuer != issuer {
		r.Elsewhere = g.Issuer
	}
	return r
}

func signInRow(s login.SignInSeen, now time.Time) SignInRow {
	id := strconv.FormatInt(s.ID, 10)
	r := SignInRow{When: Moment(s.At, now), Stamp: s.At.UTC().Format(time.RFC3339), Name: s.Name, Email: s.Email, Subject: s.Subject, Status: Status{"Signed in", "good"}}
	if s.Outcome == "no-role" {
		r.Status = Status{"Turned away: no role", "soon"}
	}
	if s.ActorID != nil {
		r.Person = PersonAddress(*s.ActorID)
	} else {
		r.Give = "/sign-ins/" + id + "/give"
	}
	for i, g := range s.Groups {
		row := GroupRow{Name: g.Name}
		for _, gives := range g.Gives {
			row.Gives = append(row.Gives, roleAt(string(gives.Role), gives.Home))
		}
		if len(row.Gives) == 0 {
			row.Map = "/sign-ins/map?sign-in=" + id + "&group=" + strconv.Itoa(i)
		}
		r.Groups = append(r.Groups, row)
	}
	return r
}

// CameOptions are the groups that came lately, for the form that maps one: those
// first that give nothing.
func CameOptions(seen []login.SignInSeen) []Option {
	gives := map[string]bool{}
	for _, s := range seen {
		for _, g := range s.Groups {
			gives[g.Name] = len(g.Gives) > 0
		}
	}
	list := []Option{{Value: "", Words: "Another group, named below"}}
	for _, given := range []bool{false, true} {
		var names []string
		for name, is := range gives {
			if is == given {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			words := name
			if given {
				words += " (gives a role already)"
			}
			list = append(list, Option{Value: name, Words: words})
		}
	}
	return list
}

// Losing says who loses what when a mapping ends, a sentence for each.
func Losing(g login.Group, holders []login.Holder) []string {
	var lose, keep []string
	for _, h := range holders {
		if h.Keeps {
			keep = append(keep, h.Name)
		} else {
			lose = append(lose, h.Name)
		}
	}
	role := lowerFirst(RoleWords(string(g.Role)))
	var list []string
	switch {
	case len(lose) == 0 && len(keep) == 0:
		list = append(list, "Nobody holds a role through it now.")
	case len(lose) == 0:
		list = append(list, "Nobody loses a role.")
	case len(lose) == 1:
		list = append(list, fmt.Sprintf("One person stops being %s %s at once: %s.", role, at(g.Home), lose[0]))
	default:
		list = append(list, fmt.Sprintf("%d people stop being %s %s at once: %s.", len(lose), role, at(g.Home), names(lose)))
	}
	if len(keep) > 0 {
		list = append(list, names(keep)+" "+map[bool]string{true: "keeps", false: "keep"}[len(keep) == 1]+" the role through another group.")
	}
	return append(list, "From now on the group gives nobody this role. A role that was given by hand stays.")
}

// at says where a role holds, in a sentence.
func at(home string) string {
	if home == "" {
		return "for the whole provider"
	}
	return "at " + home
}

// names joins names as one says them: "A", "A and B", "A, B and C".
func names(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
