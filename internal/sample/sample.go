// Package sample plants a plainly fictional provider for demonstration and
// tests: three settings, the people who work there, and their records; for the
// demonstration also three years of documents, and of footprints of those who
// wrote, approved and read them.
//
// Promise: it goes through the same doors as everybody, so that nothing in it
// could not have come about by use. The documents are real PDF, Word and
// picture files of its own making. Planted on the same day, the demonstration
// is the same, byte for byte and in the same order; planted on another, only
// what hangs on the day is another.
//
// Limits: it plants into an empty database. The footprints of the demonstration
// are dated back at the end, by a superuser, which nobody else could do: they
// show what three years of use look like and prove nothing. It is never linked
// into the product.
package sample

import (
	"context"
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/versions"
)

// User is one of the fictional people. Password and Subject are set by whoever
// runs the sign-in service.
type User struct {
	ID       string   `json:"-"` // at the sign-in service
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Name     string   `json:"name"`
	Role     string   `json:"role"`
	Setting  string   `json:"setting"`
	Post     string   `json:"-"`
	Subject  string   `json:"-"`
	Groups   []string `json:"-"`
	May      string   `json:"-"` // what they can do, in few words
	Unknown  bool     `json:"-"` // known to the sign-in service, and not to Custodian

	role  grants.Role
	token string // the name of their token, "" for none
}

// The three settings.
const (
	ChildrensHome = "Larkfield House"
	FamilyCentre  = "Bramble Court"
	Supported     = "Tern Street"
)

// People lists the fictional people, in a fixed order.
func People() []User {
	person := func(id, name, post, setting string, role grants.Role, token string) User {
		return User{ID: id, Email: id + "@demo.example", Name: name, Post: post, Role: string(role), Setting: setting,
			Groups: []string{string(role)}, role: role, token: token}
	}
	return []User{
		person("staff", "Sam Example", "Residential support worker", ChildrensHome, grants.MemberOfStaff, "staff"),
		person("staff2", "Toni Example", "Senior support worker", ChildrensHome, grants.MemberOfStaff, "second-staff"),
		person("manager", "Morgan Example", "Registered manager", ChildrensHome, grants.RegisteredManager, "manager"),
		person("inspector", "Ira Example", "Inspector", ChildrensHome, grants.Inspector, "inspector"),
		person("other-staff", "Ollie Example", "Family support worker", FamilyCentre, grants.MemberOfStaff, "other-setting-staff"),
		person("other-manager", "Robin Example", "Registered manager", FamilyCentre, grants.RegisteredManager, "other-setting-manager"),
		person("supported-manager", "Val Example", "Service manager", Supported, grants.RegisteredManager, ""),
		person("individual", "Jules Example", "Responsible individual", "", grants.ResponsibleIndividual, ""),
		person("dpo", "Dana Example", "Data protection officer", "", grants.DataProtectionOfficer, "data-protection-officer"),
		person("admin", "Alex Example", "Administrator", "", grants.Administrator, "administrator"),
		person("shift-lead", "Kit Example", "Senior support worker", ChildrensHome, grants.ShiftLead, ""),
		person("visitor-44", "Lindsay Example", "Independent person", ChildrensHome, grants.Visitor44, ""),
		person("visitor-25", "Terry Example", "Visitor for the provider", FamilyCentre, grants.Visitor25, ""),
		person("front-door", "Frankie Example", "Front door practitioner", "", grants.FrontDoor, ""),
		person("auditor", "Quinn Example", "Auditor", "", grants.Auditor, ""),
		person("young-person", "Wren Sample", "", ChildrensHome, grants.YoungPerson, ""),
		person("parent", "Heron Specimen", "", FamilyCentre, grants.Parent, ""),
	}
}

// Options says what to plant and where.
type Options struct {
	DB     *pg.DB
	Keeper *versions.Keeper // needed for the seed "demo"
	Seed   string           // none or demo
	Issuer string           // of the sign-in service
	Users  []User           // Everybody(Seed) with their subjects; nil: without identities

	// The rest is for the seed "demo".
	Super    string                // a superuser's address of the database, to date footprints back; "": they stay as they are
	Today    clock.Day             // the day of planting, which the story ends before; zero: today
	Progress func(done, total int) // is told after each act of the story; may be nil
}

// Planted is what was planted.
type Planted struct {
	Provider int64
	Homes    map[string]int64
	Actors   map[string]access.Actor // by User.ID, and "service"
	Records  map[string]int64        // by name
	Tokens   map[string]string       // by role

	// Documents of the demonstration, by the name of their record, a stroke, and
	// the name of their text in texts/paper or, where they have none, their title.
	Documents map[string]int64
}

// tokenLife is how long a planted token lasts.
const tokenLife = 365 * 24 * time.Hour

// Plant plants everything into an empty database.
func Plant(ctx context.Context, o Options) (*Planted, error) {
	if o.Users == nil {
		o.Users = Everybody(o.Seed)
	}
	p := &Planted{Homes: map[string]int64{}, Actors: map[string]access.Actor{}, Records: map[string]int64{}, Tokens: map[string]string{}, Documents: map[string]int64{}}
	if o.Seed == "demo" {
		return p, p.tell(ctx, o)
	}
	if err := p.found(ctx, o); err != nil {
		return nil, err
	}
	for _, u := range o.Users {
		if err := p.person(ctx, o, u); err != nil {
			return nil, fmt.Errorf("sample: %s: %w", u.ID, err)
		}
	}
	if err := p.service(ctx, o, true); err != nil {
		return nil, err
	}
	if err := p.records(ctx, o); err != nil {
		return nil, err
	}
	return p, p.own(ctx, o)
}

// found founds the provider and its settings.
func (p *Planted) found(ctx context.Context, o Options) (err error) {
	self := access.Custodian()
	if p.Provider, err = people.Found(ctx, o.DB, self, "Example Care"); err != nil {
		return err
	}
	for _, h := range []people.Home{{Name: ChildrensHome, Kind: "childrens-home"}, {Name: FamilyCentre, Kind: "family-centre"}, {Name: Supported, Kind: "supported-accommodation"}} {
		if p.Homes[h.Name], err = people.AddHome(ctx, o.DB, self, p.Provider, h.Name, h.Kind); err != nil {
			return err
		}
	}
	return nil
}

func (p *Planted) person(ctx context.Context, o Options, u User) error {
	self := access.Custodian()
	if err := p.register(ctx, o, self, u); err != nil {
		return err
	}
	actor := p.Actors[u.ID]
	if u.role.Own() {
		return nil // given on the record, when that is open
	}
	_, err := grants.Give(ctx, o.DB, self, grants.Giving{To: actor.ID, Role: u.role, Provider: p.Provider, Home: p.Homes[u.Setting], Why: "demonstration"})
	if err != nil || u.token == "" {
		return err
	}
	return p.giveToken(ctx, o, actor, u.token)
}

func (p *Planted) giveToken(ctx context.Context, o Options, actor access.Actor, name string) error {
	made, err := login.NewToken(ctx, o.DB, access.Custodian(), actor.ID, name, time.Now().Add(tokenLife))
	p.Tokens[name] = made.Secret.Reveal()
	return err
}

// service plants a service account with a manager's grants at the children's
// home: all it may not do is approve.
func (p *Planted) service(ctx context.Context, o Options, token bool) error {
	self := access.Custodian()
	id, err := people.AddActor(ctx, o.DB, self, people.NewActor{Provider: p.Provider, Kind: access.Service, Name: "Example import"})
	if err != nil {
		return err
	}
	actor := access.Actor{ID: access.ActorID(id), Kind: access.Service, Provider: p.Provider}
	p.Actors["service"] = actor
	_, err = grants.Give(ctx, o.DB, self, grants.Giving{To: actor.ID, Role: grants.RegisteredManager, Provider: p.Provider, Home: p.Homes[ChildrensHome], Why: "demonstration"})
	if err != nil || !token {
		return err
	}
	return p.giveToken(ctx, o, actor, "service")
}

func (p *Planted) records(ctx context.Context, o Options) error {
	for _, r := range []struct {
		name, home, person string
		kind               access.RecordKind
	}{
		{"Policies of " + ChildrensHome, ChildrensHome, "", access.Library},
		{"Policies of " + FamilyCentre, FamilyCentre, "", access.Library},
		{"Policies of " + Supported, Supported, "", access.Library},
		{"Sam Example", ChildrensHome, "staff", access.Staff},
		{"Morgan Example", ChildrensHome, "manager", access.Staff},
		{"Ollie Example", FamilyCentre, "other-staff", access.Staff},
		{"Wren Sample", ChildrensHome, "", access.YoungPerson},
		{"Finch Sample", ChildrensHome, "", access.YoungPerson},
		{"Plover Sample", Supported, "", access.YoungPerson},
		{"The Specimen family", FamilyCentre, "", access.Family},
		{"Heron Specimen", FamilyCentre, "", access.Parent},
		{"Teal Specimen", FamilyCentre, "", access.YoungPerson},
	} {
		id, err := people.Open(ctx, o.DB, access.Custodian(), people.NewRecord{Provider: p.Provider, Home: p.Homes[r.home], Kind: r.kind,
			Name: r.name, Person: int64(p.Actors[r.person].ID), Why: "demonstration"})
		if err != nil {
			return fmt.Errorf("sample: %s: %w", r.name, err)
		}
		p.Records[r.name] = id
	}
	return nil
}
