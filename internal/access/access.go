// Package access says who may do what. It is pure: it holds the words (actor,
// right, class, place, grant) and one decision, and does no I/O.
//
// The same rule stands in SQL (migrations/00004_rule.sql), where PostgreSQL
// applies it to every row; a randomised test holds the two equal.
package access

import "time"

// ActorID names whoever acts. System is Custodian itself: it sets up the first
// provider and its people, and never reads content.
type ActorID int64

// System is the actor of set-up.
const System ActorID = 1

// Kind of actor.
type Kind string

// The kinds of actor. A service account may never approve.
const (
	Person  Kind = "person"
	Service Kind = "service"
	Machine Kind = "system"
)

// Actor is whoever acts in a request.
type Actor struct {
	ID       ActorID
	Kind     Kind
	Provider int64
	Token    int64 // the API token that speaks for them, 0 for none
	Session  int64 // the browser's session that they act in, 0 for none
}

// Custodian is the system actor.
func Custodian() Actor { return Actor{ID: System, Kind: Machine} }

// Right is one bit of what a grant allows. Rights do not imply one another.
type Right int32

// The rights, with the numbers that the database knows them by.
const (
	Read     Right = 1
	Add      Right = 2
	Approve  Right = 4
	Manage   Right = 8
	Share    Right = 16
	Disclose Right = 32
	Audit    Right = 64
	Break    Right = 128 // to ask for access outside one's role, with a reason that everybody sees
	Enrol    Right = 256 // to say who works here, as the organisation's directory service does; it opens nothing
)

// AllRights is every right there is.
const AllRights = Read | Add | Approve | Manage | Share | Disclose | Audit | Break | Enrol

// Section of a record: how closely its content is held.
type Section int16

// The sections, loosest first.
const (
	General Section = iota
	Sensitive
	Restricted
)

// RecordKind is what a record is about.
type RecordKind int16

// The kinds of record, with the numbers that the database knows them by.
const (
	YoungPerson RecordKind = iota
	Staff
	Family
	Library
	Parent
)

var kindNames = [...]string{"young-person", "staff", "family", "library", "parent"}

// String is the word used in addresses and answers.
func (k RecordKind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return "unknown"
	}
	return kindNames[k]
}

// ParseRecordKind reads the word.
func ParseRecordKind(s string) (RecordKind, bool) {
	for i, n := range kindNames {
		if n == s {
			return RecordKind(i), true
		}
	}
	return 0, false
}

// RecordKinds lists every kind.
func RecordKinds() []RecordKind { return []RecordKind{YoungPerson, Staff, Family, Library, Parent} }

// Class is what a grant's mask speaks about: a kind of record and a section
// of it, as kind*3 + section.
type Class int16

// ClassOf joins a record kind and a section.
func ClassOf(k RecordKind, s Section) Class { return Class(int16(k)*3 + int16(s)) }

// Kind is the record kind of the class.
func (c Class) Kind() RecordKind { return RecordKind(c / 3) }

// Mask is a set of classes, one bit each.
type Mask int32

// MaskOf makes a mask of classes.
func MaskOf(classes ...Class) Mask {
	var m Mask
	for _, c := range classes {
		m |= 1 << c
	}
	return m
}

// Has tells whether the class is in the mask.
func (m Mask) Has(c Class) bool { return m>>c&1 == 1 }

// EveryClass is the mask of all content.
const EveryClass Mask = 1<<15 - 1

// Scope is how wide a grant reaches.
type Scope int16

// The scopes, with the numbers that the database knows them by.
const (
	AtProvider Scope = iota
	AtHome
	AtRecord
	AtDocument
	AtVersion // one version, and nothing else of its document
)

// Grant is one dated permission, live at the moment it was loaded.
type Grant struct {
	ID      int64
	Scope   Scope
	ScopeID int64
	Mask    Mask
	Rights  Right
	Basis   string
}

// Place is where a thing lies. Home is 0 for what belongs to the whole
// provider; Document is 0 when the place is a record, and Version when it is
// not about one version alone.
type Place struct {
	Provider, Home, Record, Document, Version int64
	Class                                     Class
}

// Rights are what an actor holds at one moment, loaded inside the transaction
// that uses them and never kept beyond it.
type Rights struct {
	Actor   Actor
	At      time.Time
	Grants  []Grant
	Shields []int64 // records this actor must not see, whatever the grants say
}
