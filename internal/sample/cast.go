package sample

import (
	"context"
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/membership"
	"custodian/internal/people"
)

// Everybody lists the fictional people of a seed: for "none" those of People,
// for "demo" some more, among them two whom Custodian does not know yet.
func Everybody(seed string) []User {
	list := People()
	if seed != "demo" {
		return list
	}
	for i := range list {
		list[i].Groups, list[i].May = groupsOf(list[i]), may(list[i].role)
	}
	drew := User{ID: "supported-staff", Email: "supported-staff@demo.example", Name: "Drew Mockingham", Post: "Support worker",
		Role: string(grants.MemberOfStaff), Setting: Supported, role: grants.MemberOfStaff}
	drew.Groups, drew.May = groupsOf(drew), may(drew.role)
	return append(list, drew,
		User{ID: "newcomer", Email: "newcomer@demo.example", Name: "Nia Newcomer", Role: "newcomer", Setting: ChildrensHome,
			May: "is taken in at the first sign-in, by the group they are in", Groups: []string{"larkfield-staff"}, Unknown: true},
		User{ID: "visitor", Email: "visitor@demo.example", Name: "Vic Visitor", Role: "none", Setting: "none",
			May: "belongs to no group, and is told whom to ask", Unknown: true})
}

// may says in few words what a role is for.
func may(r grants.Role) string {
	return map[grants.Role]string{
		grants.MemberOfStaff:         "read and add policies and young people’s files",
		grants.RegisteredManager:     "approve, correct, open and close records",
		grants.Inspector:             "read policies and staff files as at any day",
		grants.ResponsibleIndividual: "read and approve at every setting",
		grants.DataProtectionOfficer: "read everything, and who looked at it",
		grants.Administrator:         "people, roles and settings; no content",
		grants.ShiftLead:             "in charge of the shift at Larkfield House, for a day after signing in",
		grants.Visitor44:             "read policies, and one file for which both consents stand",
		grants.Visitor25:             "read policies of the family centre",
		grants.FrontDoor:             "read the general part of files at every setting",
		grants.Auditor:               "who did what, at every setting; no content",
		grants.YoungPerson:           "read their own file",
		grants.Parent:                "read their own file",
	}[r]
}

// groupsOf names the groups in which the sign-in provider knows somebody.
func groupsOf(u User) []string {
	for _, g := range groups() {
		if g.role == u.role && g.home == u.Setting {
			return []string{g.name}
		}
	}
	return nil
}

// group of the sign-in provider, and the role at the setting that goes with it.
type group struct {
	name, home string
	role       grants.Role
}

func groups() []group {
	return []group{
		{"larkfield-staff", ChildrensHome, grants.MemberOfStaff},
		{"larkfield-managers", ChildrensHome, grants.RegisteredManager},
		{"larkfield-inspectors", ChildrensHome, grants.Inspector},
		{"bramble-staff", FamilyCentre, grants.MemberOfStaff},
		{"bramble-managers", FamilyCentre, grants.RegisteredManager},
		{"tern-street-staff", Supported, grants.MemberOfStaff},
		{"tern-street-managers", Supported, grants.RegisteredManager},
		{"responsible-individuals", "", grants.ResponsibleIndividual},
		{"data-protection", "", grants.DataProtectionOfficer},
		{"custodian-administrators", "", grants.Administrator},
		{"larkfield-shift-leads", ChildrensHome, grants.ShiftLead},
		{"larkfield-visitors", ChildrensHome, grants.Visitor44},
		{"bramble-visitors", FamilyCentre, grants.Visitor25},
		{"front-door", "", grants.FrontDoor},
		{"auditors", "", grants.Auditor},
	}
}

// who gives somebody of the story as an actor; "" is Custodian itself.
func (t *telling) who(id string) access.Actor {
	if id == "" {
		return access.Custodian()
	}
	return t.Actors[id]
}

func (t *telling) user(id string) User {
	for _, u := range t.o.Users {
		if u.ID == id {
			return u
		}
	}
	return User{Name: "Example import", Post: "from the paper files"}
}

func (t *telling) name(id string) string { return t.user(id).Name }

// post gives a name with its post.
func (t *telling) post(id string) string {
	u := t.user(id)
	return u.Name + ", " + lower(u.Post)
}

func lower(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}

// beginnings lays out how the provider comes to use Custodian.
func (t *telling) beginnings() {
	d, _ := clock.ParseDay(firstDay)
	at := hours(d, "", 8, 1)
	step := func(do func(context.Context) error) {
		t.at(at, do)
		at = at.Add(90 * time.Second)
	}
	step(func(ctx context.Context) (err error) { return t.found(ctx, t.o) })
	for _, u := range t.o.Users {
		if u.Unknown || u.ID == "supported-staff" || u.ID == "inspector" || u.role.Own() || u.role == grants.ShiftLead {
			continue // they come later, or not at all
		}
		step(func(ctx context.Context) error {
			if err := t.register(ctx, t.o, access.Custodian(), u); err != nil {
				return err
			}
			return t.give(ctx, access.Custodian(), u, time.Time{}, "Custodian is taken into use")
		})
	}
	step(func(ctx context.Context) error { return t.service(ctx, t.o, false) })
	for _, g := range groups() {
		step(func(ctx context.Context) error { return t.mapGroup(ctx, g) })
	}
	t.later("supported-staff", "2024-08-30 10:10", "", "joins the team on 2 September 2024")
	t.later("inspector", "2024-04-22 15:20", "2024-04-25 17:00", "full inspection, announced for 23 and 24 April 2024")
	t.later("inspector", "2025-05-12 16:05", "2025-05-15 17:00", "full inspection of 13 and 14 May 2025")
	t.later("inspector", "-16 09:40", "", "assurance visit; ends when the report is out")
}

// mapGroup lets a group of the sign-in provider give its role, where there is a
// provider.
func (t *telling) mapGroup(ctx context.Context, g group) error {
	if t.o.Issuer == "" {
		return nil
	}
	keeper := membership.New(t.o.DB, t.o.Issuer)
	_, err := keeper.MapGroup(ctx, t.Actors["admin"], membership.NewMapping{Group: g.name, Role: g.role, Home: t.Homes[g.home], Why: "whoever is in this group works in this role"})
	return err
}

// later lays out that the administrator gives somebody their role, until a
// moment or for good; the first time they are made known as well.
func (t *telling) later(id, from, until, why string) {
	admin := func() access.Actor { return t.Actors["admin"] }
	at, _ := t.moment(from) // a test plants all of it, so that no slip stays unseen
	t.at(at, func(ctx context.Context) error {
		u := t.user(id)
		if t.Actors[id].ID == 0 {
			if err := t.register(ctx, t.o, admin(), u); err != nil {
				return err
			}
		}
		return t.give(ctx, admin(), u, time.Time{}, why)
	})
	if until == "" {
		return
	}
	at, _ = t.moment(until)
	t.at(at, func(ctx context.Context) error { return grants.End(ctx, t.o.DB, admin(), t.held[id]) })
}

// endings lays out what is made for the people who try the demonstration.
func (t *telling) endings() {
	at := hours(t.today.Plus(-1), "", 20, 1)
	t.standIn()
	for _, do := range t.whoSees() {
		t.at(at, do)
		at = at.Add(time.Minute)
	}
	for _, u := range t.o.Users {
		if u.token == "" {
			continue
		}
		t.at(at, func(ctx context.Context) error { return t.giveToken(ctx, t.o, t.Actors[u.ID], u.token) })
		at = at.Add(time.Minute)
	}
	t.at(at, func(ctx context.Context) error { return t.giveToken(ctx, t.o, t.Actors["service"], "service") })
}

// register makes somebody known, without any role.
func (p *Planted) register(ctx context.Context, o Options, by access.Actor, u User) error {
	n := people.NewActor{Provider: p.Provider, Kind: access.Person, Name: u.Name, PostTitle: u.Post, Email: u.Email}
	if u.Subject != "" {
		n.Issuer, n.Subject = o.Issuer, u.Subject
	}
	id, err := people.AddActor(ctx, o.DB, by, n)
	if err != nil {
		return fmt.Errorf("sample: %s: %w", u.ID, err)
	}
	p.Actors[u.ID] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: p.Provider}
	return nil
}

func (t *telling) give(ctx context.Context, by access.Actor, u User, from time.Time, why string) (err error) {
	t.held[u.ID], err = grants.Give(ctx, t.o.DB, by, grants.Giving{To: t.Actors[u.ID].ID, Role: u.role, Provider: t.Provider, Home: t.Homes[u.Setting], From: from, Why: why})
	return err
}
