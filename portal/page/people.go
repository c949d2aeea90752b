package page

import (
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
)

// PersonRow is somebody in the list of people.
type PersonRow struct {
	Name, Post, Address string
	Roles               []string
	Last                string // when they last signed in
	Status              *Status
}

// People is the list of the provider's people.
type People struct {
	Frame
	Rows []PersonRow
	Next string
	All  bool // the reader keeps the people of the whole provider, and is told of signing in
}

// PeopleOf makes the list. found holds one more than limit where there is a next
// page.
func PeopleOf(found []people.Listed, limit int, now time.Time) People {
	var v People
	if len(found) > limit {
		found = found[:limit]
		v.Next = "/people?after=" + strconv.FormatInt(found[limit-1].ID, 10)
	}
	for _, p := range found {
		r := PersonRow{Name: p.Name, Post: p.PostTitle, Address: PersonAddress(p.ID), Last: "Never"}
		if p.LastAt != nil {
			r.Last = Moment(*p.LastAt, now)
		}
		for _, h := range p.Roles {
			r.Roles = append(r.Roles, roleAt(h.Role, h.Home))
		}
		switch {
		case p.Left:
			r.Status = &Status{"Has left", "past"}
		case p.Kind == access.Service:
			r.Last, r.Status = "Signs in with a token", &Status{"Service account", "quiet"}
		case p.Elsewhere:
			r.Roles = []string{"At another setting, or for the whole provider"}
		case len(p.Roles) == 0:
			r.Status = &Status{"No role now", "past"}
		case !p.Known:
			r.Status = &Status{"Cannot sign in", "soon"}
		}
		v.Rows = append(v.Rows, r)
	}
	return v
}

// roleAt says a role and where: "Registered manager, Larkfield House".
func roleAt(role, home string) string { return RoleWords(role) + ", " + place(home) }

// Gives says a role and where, after a verb: "registered manager, Larkfield House".
func Gives(role, home string) string { return lowerFirst(roleAt(role, home)) }

// Where says a setting, or "The whole provider".
func Where(home string) string { return upperFirst(place(home)) }

// place says a setting, or the whole provider.
func place(home string) string {
	if home == "" {
		return "the whole provider"
	}
	return home
}

// RoleEver is a role of somebody, now or once.
type RoleEver struct {
	Role, Where, When string
	By, Why           string
	Ended             string // who ended it and why
	EndedWhy          string
	Status            Status
	End               string // address for ending it, "" where it has ended
}

// Person is the page of one of the provider's people.
type Person struct {
	Frame
	Name, Post string
	Status     *Status
	Last       string
	Came       string
	SignsIn    bool
	Service    bool
	Issuer     string
	Subject    string
	Email      string
	Said       string // another name that the sign-in service gives them now
	Now, Not   []RoleEver
	Give       string
	ID         int64

	All          bool // the reader keeps the people of the whole provider, and is told of signing in
	OnDay        OnDay
	Day          string // the day that the list below is about
	Access       []AccessRow
	Gone         []string // what was said of their leaving
	Leave, Again string   // addresses
}

// EndSessions is where the form goes that signs somebody out everywhere.
func (p Person) EndSessions() string { return PersonAddress(p.ID) + "/sessions/end" }

// PersonOf makes the page.
func PersonOf(p people.Person, now time.Time) Person {
	v := Person{ID: p.ID, Name: p.Name, Post: p.PostTitle, Last: "Never", SignsIn: p.Subject != "", Service: p.Kind == access.Service,
		Issuer: p.Issuer, Subject: p.Subject, Email: p.Email, Give: PersonAddress(p.ID) + "/roles/give", Came: "Added on " + DayOf(p.Since)}
	if p.AddedBy != "" {
		v.Came += " by " + p.AddedBy
	}
	if p.LastAt != nil {
		v.Last = Moment(*p.LastAt, now)
	}
	if p.SaidName != "" && p.SaidName != p.Name {
		v.Said = p.SaidName
	}
	for _, r := range p.Roles {
		row := roleEver(p.ID, r)
		if r.Begun && !r.Ended {
			v.Now = append(v.Now, row)
		} else {
			v.Not = append(v.Not, row)
		}
	}
	v.All = p.All
	if p.Left {
		v.Status, v.Give = &Status{"Has left", "past"}, ""
	} else if len(v.Now) == 0 {
		v.Status = &Status{"No role now", "past"}
	} else if p.All && !v.SignsIn && !v.Service {
		v.Status = &Status{"Cannot sign in", "soon"}
	}
	return v
}

func roleEver(person int64, r people.RoleEver) RoleEver {
	row := RoleEver{Role: RoleWords(r.Role), Where: Where(r.Home), When: From(r.From, r.Until), By: r.By, Why: r.Why, Status: Status{"Now", "good"}}
	switch {
	case r.Ended && !r.Until.After(r.From):
		row.Status, row.When = Status{"Never began", "past"}, "It was to begin on "+DayOf(r.From)
	case r.Ended:
		row.Status = Status{"Ended", "past"}
	case !r.Begun:
		row.Status = Status{"From " + DayOf(r.From), "next"}
	}
	if r.EndedBy != "" {
		row.Ended, row.EndedWhy = "Ended by "+r.EndedBy, r.EndedWhy
	}
	if r.Handed {
		row.Where += ", standing in for " + r.By
	}
	if !r.Ended && r.MayEnd {
		row.End = PersonAddress(person) + "/roles/" + strconv.FormatInt(r.ID, 10) + "/end"
	}
	return row
}

// RoleOptions are the roles, with what each may do.
func RoleOptions() []Option {
	hints := map[grants.Role]string{
		grants.MemberOfStaff:         "Reads and adds policies, and the files of young people, families and parents, at one setting. Not what is restricted, and no staff files.",
		grants.RegisteredManager:     "Reads, adds, approves and corrects everything at one setting. Opens, moves and closes records, gives roles there, and sees who looked.",
		grants.Inspector:             "Reads the policies and staff files of one setting as at any day, and sees who looked. No young person’s file.",
		grants.ResponsibleIndividual: "Reads and approves everything at every setting, and sees who looked.",
		grants.DataProtectionOfficer: "Reads everything at every setting, and sees who looked.",
		grants.ShiftLead:             "What a member of staff has, for one shift, and hands on what a hospital or the police must have. It ends by itself after two days at the latest.",
		grants.Visitor44:             "Reads the policies and registers of one children’s home. A young person’s file only while both consents stand on it.",
		grants.Visitor25:             "Reads the policies and registers of one residential family centre. A family’s file only while both consents stand on it.",
		grants.FrontDoor:             "Reads the policies, and the general part of every young person’s, family’s and parent’s file, at every setting.",
		grants.Auditor:               "Sees who did what at every setting. No file, no title, nothing that is in them.",
		grants.Administrator:         "Keeps people, roles, settings and sign-ins. Sees which staff files there are, and nothing that is in any record.",
	}
	var list []Option
	for _, r := range grants.Roles() {
		list = append(list, Option{Value: string(r), Words: RoleWords(string(r)), Hint: hints[r]})
	}
	return list
}

// OwnFile is what a form sends for somebody who is to read their own file alone.
const OwnFile = "own-file"

// OwnOption takes somebody in without a role.
func OwnOption() Option {
	return Option{Value: OwnFile, Words: "None: a young person or a parent", Hint: "Whoever manages their file then lets them read it, on the page of that file. Leave the rest empty."}
}

// WholeProvider is what a form sends for a role that holds at no single setting.
const WholeProvider = "provider"

// HomeOptions are the places at which a role can be given.
func HomeOptions(homes []people.Home) []Option {
	list := []Option{{Value: WholeProvider, Words: Where("")}}
	for _, h := range homes {
		list = append(list, Option{Value: strconv.FormatInt(h.ID, 10), Words: h.Name})
	}
	return list
}

// GoneOf tells what was said of somebody's leaving.
func GoneOf(list []grants.Departure) []string {
	var words []string
	for _, d := range list {
		line := "Left on "
		if d.What == "back" {
			line = "Here again from "
		}
		line += DayOf(d.From)
		if d.By != "" {
			line += ", said by " + d.By + " on " + DayOf(d.At)
		}
		words = append(words, line+": “"+d.Why+"”")
	}
	return words
}
