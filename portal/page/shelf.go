package page

import (
	"fmt"
	"strconv"
	"strings"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/versions"
)

// Status is how a thing stands: words, and the look that goes with them.
type Status struct{ Words, Look string }

// AsAt is the box in which a day is chosen.
type AsAt struct {
	Address   string
	On, Known Date
	Opened    bool // the part about another day's knowledge is open
	Words     string
}

// ShelfRow is one document of a record, as it stood on the day.
type ShelfRow struct {
	Title, Address, Kind string
	Tag                  string // its section, "" for the general one
	Version, Since       string
	Approved, Due        string
	DueNote, DueLook     string
	By                   string
	Status               Status
	Sub                  string // a second line: what waits
	Hidden               string // words for those who hear the page
}

// Pinned is what an inspector asks for first.
type Pinned struct{ Title, Address, Version, Approved string }

// Record is a record as it stood on a day: its documents, and what may be done.
type Record struct {
	Frame
	Heading, AsOf, Caption string
	Library                bool
	Status                 *Status // of the record: open or closed
	AsAt                   AsAt
	Asked                  bool // a day was asked about
	Strip                  *Strip
	Pinned                 *Pinned
	Managers               []ManagerCard // for an inspector
	Answer, Also           string
	Now                    *Link // the same question by what is known now, where it was asked by another day's
	Rows                   []ShelfRow
	Next                   string
	Unread                 bool // the reader manages the record and may not read in it
	Add, Close, Reopen     string
	Move                   string
	Footprints             *Link
	Reasons, Looked        string // addresses of why it is seen, and of who has looked, for whoever it is about
	People                 string // who may see it
	Events                 []Event
	Safety                 *SafetyPanel
	Notes                  []NoteLine // of lodging
	Restricted             string     // address of its restricted section, "" where the reader may not read there
	Outside                OutsidePart
}

// Event is one thing that happened to a record.
type Event struct{ What, When, Why, By string }

// RecordOf makes the rows and sentences of a record's page. known is the day
// whose knowledge was wanted, zero for today's; more is the address of the same
// question for its next page, without the place where it begins.
func RecordOf(s versions.Shelf, asked bool, known clock.Day, limit int, more string) Record {
	r := Record{Library: s.Where.Kind == access.Library, Asked: asked, Unread: !s.Where.May.Read}
	rows := s.Rows
	if len(rows) > limit {
		rows = rows[:limit]
		r.Next = more + "&after=" + strconv.FormatInt(rows[limit-1].Document.ID, 10)
	}
	on := ""
	if asked {
		on = onQuery(s.Day, known)
	}
	for _, row := range rows {
		shown := shelfRow(row, s)
		shown.Address += on
		r.Rows = append(r.Rows, shown)
		if row.Document.Kind == "statement-of-purpose" && row.Answer != nil && r.Pinned == nil {
			r.Pinned = &Pinned{shown.Title, shown.Address, "Version " + shown.Version + ", in force " + lowerFrom(From(row.Answer.Period.From, row.Answer.Period.To)), approved(row.Answer.Approval)}
		}
	}
	r.Answer, r.Also = answer(rows, s, known, r.Next != "")
	if !known.IsZero() && s.Where.Record != 0 {
		r.Now = &Link{"Show what we know now", AddressOn(s.Where.Record)(s.Day)}
	}
	return r
}

func approved(d *versions.Decision) string {
	if d == nil {
		return ""
	}
	by := d.By
	if d.PostTitle != "" {
		by += ", " + lowerPost(d.PostTitle) + ","
	}
	return "Approved by " + by + " on " + DayOf(d.At)
}

// shelfRow makes the row of one document.
func shelfRow(row versions.Row, s versions.Shelf) ShelfRow {
	d := row.Document
	r := ShelfRow{Title: d.Title, Tag: Tag(d.Section), Address: DocumentAddress(d.ID), Kind: KindWords(d.Kind), Version: "–", Since: "–", Approved: "–", Due: "–", By: "–"}
	if row.Waiting > 0 && !s.Day.Before(s.Today) {
		r.Sub = fmt.Sprintf("Version %d waits for approval", row.Waiting)
	}
	switch a := row.Answer; {
	case a != nil:
		r.Address += "/versions/" + strconv.Itoa(a.Version.Number)
		r.Version, r.Since, r.By = strconv.Itoa(a.Version.Number), DayOf(a.Period.From), a.Version.Author
		if a.Approval != nil {
			r.Approved = a.Approval.By
		}
		r.Status = holding(d.Kind)
		if a.Version.ReviewOn != nil {
			r.Due, r.DueNote, r.DueLook = due(clock.DayOf(*a.Version.ReviewOn), s.Day)
		}
	case row.Comes != nil:
		r.Status = Status{"From " + DayOf(*row.Comes), "next"}
	case row.Ended != nil && row.Gone:
		r.Status = Status{"Withdrawn " + DayOf(*row.Ended), "past"}
	case row.Ended != nil:
		r.Status = Status{"Ended " + Day(clock.DayOf(*row.Ended).Plus(-1)), "past"}
	default:
		r.Status = Status{"Waiting for approval", "next"}
		r.Sub = ""
	}
	return r
}

// holding is the status of a document that holds. What happened and what came are
// facts: nobody would say that they are in force.
func holding(kind string) Status {
	switch k, _ := versions.KindOf(kind); {
	case k.Event:
		return Status{"Recorded", "quiet"}
	case k.Arrives:
		return Status{"Received", "quiet"}
	}
	return Status{"In force", "good"}
}

// inForce tells whether it is said of a document of this kind that it is in force.
func inForce(kind string) bool { return holding(kind).Words == "In force" }

// due says a review day, and how near it is when that matters.
func due(on, day clock.Day) (text, note, look string) {
	text = Day(on)
	switch n := daysBetween(day, on); {
	case n < 0:
		return text, span(-n) + " late", "late"
	case n <= 90:
		return text, Until(on, day), "soon"
	}
	return text, "", ""
}

// answer says in a sentence how many documents were in force: as many as the rows
// that say so. known is the day whose knowledge was wanted, zero for today's.
func answer(rows []versions.Row, s versions.Shelf, known clock.Day, more bool) (first, also string) {
	var held, kept, came, ended, waits int
	thing, things := "document", "documents"
	if s.Where.Kind == access.Library {
		thing, things = "policy", "policies"
	}
	for _, r := range rows {
		switch {
		case r.Answer != nil && !r.Document.NeedsApproval && !inForce(r.Document.Kind):
			kept++
		case r.Answer != nil:
			if held++; !r.Document.NeedsApproval {
				thing, things = "document", "documents" // a form or a certificate is no policy
			}
		case r.Comes != nil:
			came++
		case r.Ended != nil:
			ended++
		default:
			waits++
		}
	}
	past := s.Day.Before(s.Today) || !known.IsZero() && s.Day == s.Today
	verb, day := stoodOn(s, known, past, held)
	if more {
		return fmt.Sprintf("These are the first %d %s, as they stood %s.", len(rows), things, day), ""
	}
	first = upperFirst(Count(held, thing, things)) + " " + verb + " in force " + day + "."
	if held == 0 {
		first = "No " + thing + " " + map[bool]string{true: "was", false: "is"}[past] + " in force " + day + "."
	}
	return first, besides(past, kept, came, ended, waits)
}

// stoodOn says for so many documents that they are, or were, and on which day.
func stoodOn(s versions.Shelf, known clock.Day, past bool, held int) (verb, day string) {
	verb, day = "is", "today"
	if held != 1 {
		verb = "are"
	}
	if past {
		day = "on " + Day(s.Day)
		if verb = "was"; held != 1 {
			verb = "were"
		}
	} else if s.Today.Before(s.Day) {
		day = "on " + Day(s.Day) + ", as things stand now"
	}
	if !known.IsZero() {
		day = strings.TrimSuffix(day, ", as things stand now") + ", by what we knew on " + Day(known)
	}
	return verb, day
}

// besides counts in sentences those that are, or were, not in force.
func besides(past bool, kept, came, ended, waits int) (also string) {
	for _, p := range []struct {
		n               int
		now, then, many string
	}{{kept, "was received or recorded", "had been received or recorded", "had been received or recorded"}, {came, "is to come", "was approved for later", "were approved for later"}, {ended, "has ended or was withdrawn", "had ended or been withdrawn", "had ended or been withdrawn"}, {waits, "waits for its first approval", "", ""}} {
		if p.n == 0 {
			continue
		}
		words := p.now
		if past {
			if words = p.then; p.n > 1 {
				words = p.many
			}
		} else if p.n > 1 {
			words = map[string]string{"was received or recorded": "were received or recorded", "is to come": "are to come", "has ended or was withdrawn": "have ended or were withdrawn", "waits for its first approval": "wait for their first approval"}[words]
		}
		if also != "" {
			also += " "
		}
		also += upperFirst(Count(p.n, "", "")) + words + "."
	}
	return also
}

// KindWords says a kind of document.
func KindWords(kind string) string {
	if k, ok := versions.KindOf(kind); ok {
		return k.Words
	}
	return "Document"
}
