package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
)

// OnDay is the question on which day something is asked.
type OnDay struct {
	Address string
	On      Date
}

// AccessRow is one way in which somebody could see something.
type AccessRow struct {
	Who, Post, Address string
	Service            bool
	How                string // by which role or other basis
	What               []string
	When               string
	Given, Why         string
	Ended, EndedWhy    string
	Status             *Status
	End                string // address for ending it, "" where that is done elsewhere or by nobody here
}

// AccessSpan is the time that a question about a day is about.
func AccessSpan(d clock.Day) (from, until time.Time) { return d.Start(), d.Next().Start() }

// AccessRows tells grants in words: those that came with one role together. about is
// the kind of record that is asked about, -1 for a person. day is the one asked
// about; of today it is said what holds at this very moment.
func AccessRows(list []grants.Told, about access.RecordKind, day clock.Day, now time.Time) []AccessRow {
	var rows []AccessRow
	at := map[int64]int{}
	for _, g := range list {
		what := what(g, about)
		if i, ok := at[g.Held]; ok && g.Held != 0 && g.Basis == "role" {
			if what != "" && !slices.Contains(rows[i].What, what) {
				rows[i].What = append(rows[i].What, what)
			}
			continue
		}
		if g.Held != 0 && g.Basis == "role" {
			at[g.Held] = len(rows)
		}
		r := AccessRow{Who: g.Name, Post: g.Post, Address: PersonAddress(int64(g.Actor)), Service: g.Kind == access.Service, How: basis(g, about), When: From(g.From, g.Until),
			Given: givenBy(g), Why: g.Why, EndedWhy: g.EndedWhy, Status: heldOn(g, day, now)}
		if what != "" {
			r.What = []string{what}
		}
		r.Ended = ended(g)
		rows = append(rows, r)
	}
	return rows
}

// basis says by what somebody sees something.
func basis(g grants.Told, about access.RecordKind) string {
	of := ""
	if about < 0 && g.Record != 0 {
		of = " of " + or(g.RecordName, "one "+Kind(g.RecordKind))
	}
	switch g.Basis {
	case "key-worker":
		return "Key worker" + of
	case "data-subject":
		return "Their own file"
	case "consent":
		return "Independent visitor, by both consents" + of
	case "break-glass":
		return "Access outside their role" + of
	case "inspector-pass":
		return "Inspector, opened to them" + of
	case "portal-link":
		return "Portal link" + of
	}
	if g.Role == "" {
		return "Given" + of
	}
	words := roleAt(string(g.Role), map[bool]string{true: "", false: g.Place}[g.Scope == access.AtProvider])
	if g.Handed {
		words += ", standing in for " + or(g.By, "its holder")
	}
	return words
}

func givenBy(g grants.Told) string {
	switch {
	case g.Group != "":
		return "By the group " + g.Group + " of the sign-in service"
	case g.By == "":
		return "Set up with Custodian"
	}
	return "Given by " + g.By
}

// ended says why something ended before its day.
func ended(g grants.Told) string {
	words := map[string]string{"role": "Ended", "by-hand": "Ended", "role-ended": "Ended with their role there", "record-moved": "Ended because the record moved",
		"record-closed": "Ended because the record was closed", "consent-ended": "Ended with a consent", "left": "Ended because they left"}[g.How]
	if words != "" && g.EndedBy != "" && g.How != "role-ended" && g.How != "consent-ended" {
		words += ", by " + g.EndedBy
	}
	return words
}

// heldOn says how something stood on the day that is asked about: nil where it held
// all day.
func heldOn(g grants.Told, day clock.Day, now time.Time) *Status {
	from, until := AccessSpan(day)
	today := clock.DayOf(now) == day
	switch {
	case g.Shielded:
		return &Status{"Hidden from them", "late"}
	case today && g.Until != nil && !g.Until.After(now):
		return &Status{"Ended today, " + Hour(*g.Until), "past"}
	case today && g.From.After(now):
		return &Status{"From today, " + Hour(g.From), "next"}
	case today:
		return &Status{"Now", "good"}
	case g.From.After(from) && g.Until != nil && g.Until.Before(until):
		return &Status{Hour(g.From) + " to " + Hour(*g.Until), "soon"}
	case g.From.After(from):
		return &Status{"From " + Hour(g.From) + " that day", "soon"}
	case g.Until != nil && g.Until.Before(until):
		return &Status{"Until " + Hour(*g.Until) + " that day", "soon"}
	}
	return nil
}

// what says what a grant lets somebody do, and with what: of one kind of record, or
// everywhere where about is -1.
func what(g grants.Told, about access.RecordKind) string {
	does, looks := verbs(g.Rights&^access.Audit), g.Rights&access.Audit != 0
	if about < 0 && g.Record != 0 {
		about = g.RecordKind
	}
	object := ""
	switch {
	case about < 0:
		object = " " + contents(g.Mask)
	case about != access.Library:
		object = " " + part(sections(g.Mask, about))
	}
	switch {
	case does == "" && looks && about < 0:
		return "Sees who looked at" + object
	case does == "" && looks:
		return "Sees who looked"
	case does == "":
		return ""
	case looks:
		return does + object + ", and sees who looked"
	}
	return does + object
}

// verbs says rights: "Reads, adds and approves". To ask for access outside one's
// role is no access, and is not said.
func verbs(r access.Right) string {
	var list []string
	for _, v := range []struct {
		right access.Right
		words string
	}{{access.Read, "reads"}, {access.Add, "adds to"}, {access.Approve, "approves"}, {access.Manage, "manages"}, {access.Share, "shares"}, {access.Disclose, "releases"}} {
		if r&v.right != 0 {
			list = append(list, v.words)
		}
	}
	return upperFirst(names(list))
}

// sections are those of a kind of record that are in a mask, as bits.
func sections(m access.Mask, k access.RecordKind) int {
	return int(m>>access.ClassOf(k, access.General)) & 7
}

func part(sections int) string {
	return map[int]string{1: "the general part", 2: "the sensitive part", 3: "the general and sensitive parts", 4: "the restricted part", 5: "the general and restricted parts",
		6: "the sensitive and restricted parts", 7: "all of it"}[sections]
}

// contents says the classes of a mask: "policies; the general and sensitive parts of
// the files of young people, families and parents".
func contents(m access.Mask) string {
	if m == access.EveryClass {
		return "everything"
	}
	var list []string
	if sections(m, access.Library) != 0 {
		list = append(list, "policies")
	}
	for s := 7; s > 0; s-- {
		if files := filesWith(m, s); s == 7 && files != "" {
			list = append(list, files)
		} else if files != "" {
			list = append(list, part(s)+" of "+files)
		}
	}
	return strings.Join(list, "; ")
}

// filesWith says which files these sections of are in a mask: "the files of young
// people and families, and staff files"; "" for none.
func filesWith(m access.Mask, s int) string {
	var whose []string
	for _, k := range []access.RecordKind{access.YoungPerson, access.Family, access.Parent} {
		if sections(m, k) == s {
			whose = append(whose, lowerFirst(Kinds(k)))
		}
	}
	staff := sections(m, access.Staff) == s
	switch {
	case whose == nil && staff:
		return lowerFirst(Kinds(access.Staff))
	case whose == nil:
		return ""
	case staff:
		return "the files of " + names(whose) + ", and of staff files"
	}
	return "the files of " + names(whose)
}

// Consented is a consent on a record.
type Consented struct {
	Capacity, Who, Evidence, When, By string
	Because, Ended, EndedWhy          string
	Status                            Status
	Withdraw                          string
}

// CapacityWords says in which capacity somebody consents.
func CapacityWords(capacity string) string {
	return map[string]string{grants.OfYoungPerson: "The young person", grants.OfParent: "Somebody with parental responsibility", grants.OfAuthority: "The placing authority"}[capacity]
}

// capacityOptions are the capacities, with when each counts. instead tells that a
// parent's would be in the young person's place.
func capacityOptions(instead bool) []Option {
	own, parent := "Where they understand what they agree to.", "For a family’s or a parent’s file, and for a young person who does not understand enough to decide."
	if instead {
		own, parent = "Their own word is asked first.", "In the young person’s place, where they do not understand enough to decide."
	}
	return []Option{
		{Value: grants.OfYoungPerson, Words: CapacityWords(grants.OfYoungPerson), Hint: own},
		{Value: grants.OfParent, Words: CapacityWords(grants.OfParent), Hint: parent},
		{Value: grants.OfAuthority, Words: CapacityWords(grants.OfAuthority), Hint: "The local authority that placed them here."},
	}
}

// ConsentsOf tells the consents of a record.
func ConsentsOf(record int64, list []grants.Consent, now time.Time) []Consented {
	var rows []Consented
	for _, c := range list {
		r := Consented{Capacity: CapacityWords(c.Capacity), Who: c.Who, Evidence: c.Evidence, When: From(c.From, &c.Until), By: c.By, Because: c.Because, EndedWhy: c.EndedWhy}
		switch {
		case !c.Given:
			r.When, r.Status = DayOf(c.From), Status{"Said no", "closed"}
		case c.Until.After(now) && !c.From.After(now):
			r.Status = Status{"In date", "good"}
		case c.Until.After(now):
			r.Status = Status{"From " + DayOf(c.From), "next"}
		case c.How != "":
			r.Status = Status{"Ended " + DayOf(c.Until), "past"}
			r.Ended = map[string]string{"withdrawn": "Withdrawn", "record-moved": "Ended because the record moved", "record-closed": "Ended because the record was closed",
				"overruled": "Counts no longer"}[c.How]
			if c.EndedBy != "" {
				r.Ended += ", recorded by " + c.EndedBy
			}
		default:
			r.Status = Status{"Out of date", "past"}
		}
		if c.Until.After(now) {
			r.Withdraw = RecordAddress(record) + "/people/consents/" + strconv.FormatInt(c.ID, 10) + "/withdraw"
		}
		rows = append(rows, r)
	}
	return rows
}

// RecordPeople is the page of who may see a record.
type RecordPeople struct {
	Frame
	Caption, Heading string
	OnDay            OnDay
	Day              string
	Rows             []AccessRow
	Visitor          string // the visitors to whom consents open it, "" where there are none
	Consents         []Consented
	Stand            string // whether consents open it today
	Entrust, LetRead string // addresses
	Inspect, Consent string
}
