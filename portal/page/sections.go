package page

import (
	"fmt"
	"net/url"
	"strconv"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/versions"
)

// SectionWords says a section.
func SectionWords(s access.Section) string {
	return [...]string{"General", "Sensitive", "Restricted"}[s]
}

// Tag is the section of a document beside its title, "" for the general one: what
// everybody reads needs no mark.
func Tag(s access.Section) string {
	if s == access.General {
		return ""
	}
	return SectionWords(s)
}

// sectionHint says what a section of a kind of record is for.
func sectionHint(s access.Section, k access.RecordKind) string {
	staff := k == access.Staff
	switch {
	case s == access.Sensitive && staff:
		return "Medical, bank and disability details."
	case s == access.Sensitive:
		return "What the manager wants held more closely."
	case s == access.Restricted && staff:
		return "What the member of staff may not see. It needs a ground, a manager’s advice and a day for its review."
	case s == access.Restricted && k == access.YoungPerson:
		return "What the young person may not see. It needs a ground, a manager’s advice and a day for its review."
	case s == access.Restricted:
		return "What those the record is about may not see. It needs a ground, a manager’s advice and a day for its review."
	case staff:
		return "Contract, training, supervision: the ordinary file."
	}
	return "The ordinary file, which everybody reads who works with the record."
}

// SectionChoice is the question to which section a document goes.
func (f *Form) SectionChoice(legend string, of access.RecordKind, sections []access.Section) Choice {
	var options []Option
	for _, s := range sections {
		options = append(options, Option{Value: s.String(), Words: SectionWords(s), Hint: sectionHint(s, of)})
	}
	return f.Choice("section", legend, "", options...)
}

// LodgingFields ask what has to be said when something is restricted.
type LodgingFields struct {
	Ground, Adviser    Choice
	Reason, Originator Input
	Review             Date
}

// Lodging makes them. Those who may be named as having advised are given.
func (f *Form) Lodging(advisers []versions.Adviser) LodgingFields {
	var l LodgingFields
	var grounds []Option
	for _, g := range versions.Grounds() {
		grounds = append(grounds, Option{Value: g.Name, Words: g.Words})
	}
	l.Ground = f.Choice("ground", "Why may they not see it?", "", grounds...)
	l.Reason = f.Text("reason", "Say why, in your own words", "Only those who read the restricted section see this.")
	var who []Option
	if len(advisers) > 5 {
		who = append(who, Option{Words: "Choose"})
	}
	for _, a := range advisers {
		words := a.Name
		if a.Post != "" {
			words += ", " + lowerPost(a.Post)
		}
		who = append(who, Option{Value: strconv.FormatInt(a.ID, 10), Words: words})
	}
	hint := "Nothing is restricted without a manager’s advice."
	if len(advisers) == 0 {
		hint += " Nobody manages the restricted section of this record who could have advised: ask your administrator."
	}
	l.Adviser = f.Choice("advised_by", "Which manager advised?", hint, who...)
	l.Originator = f.Line("originator", "Who told us?", "A name, a post or an organisation. They are asked before it is ever passed on to the person it is about.")
	l.Review = f.Date("lodging_review_on", "When is this to be looked at again?", "A day within a year. Until then, or sooner: whether it is still right to keep it from them.")
	return l
}

// ask adds the questions to a page with one form.
func (l LodgingFields) ask(c *Change) {
	c.Ask(l.Ground, l.Reason, l.Adviser, l.Originator, l.Review)
}

// ReviewIn fills in a day so many months ahead as the review of a lodging, where
// none stands there.
func ReviewIn(values url.Values, name string, today clock.Day, months int) url.Values {
	return DayFields(values, name, clock.DayOf(today.Start().In(clock.London).AddDate(0, months, 0)))
}

// MoveSection makes the page on which a document goes to the other open section.
func MoveSection(s versions.Sheet, to access.Section, f *Form) Change {
	c := Change{Heading: fmt.Sprintf("Move to the %s section", to), Submit: Submit{Words: "Move it"}, FactsTitle: "The document now",
		Facts: []Fact{{"Section", SectionWords(s.Document.Section)}, {"Kind", KindWords(s.Document.Kind)}}}
	c.Words = []string{sectionHint(to, s.Where.Kind), "All its versions go with it. Whoever reads the one section and not the other sees it from then on, or no longer."}
	c.Ask(f.Text("why", "Why does it go there?", map[access.Section]string{access.Sensitive: "For example, it names the doctor.", access.General: "For example, everybody on shift has to know it."}[to]))
	return c
}

// Lodge makes the page on which a document is put into the restricted section.
func Lodge(s versions.Sheet, advisers []versions.Adviser, f *Form) Change {
	c := Change{Heading: "Lodge in the restricted section", Submit: Submit{Words: "Lodge it"}, FactsTitle: "The document now",
		Facts: []Fact{{"Section", SectionWords(s.Document.Section)}, {"Kind", KindWords(s.Document.Kind)}}}
	c.Words = []string{"From then on only those see it who read the restricted section. The main file shows a note that something was lodged, when and by whom, and nothing else."}
	f.Lodging(advisers).ask(&c)
	return c
}

// MovesOf says how a document came to the section it lies in.
func MovesOf(moves []versions.Moved) []Fact {
	var list []Fact
	for _, m := range moves {
		list = append(list, Fact{"Moved to " + lowerFirst(SectionWords(m.To)), DayOf(m.At) + ", by " + joined(m.By, lowerPost(m.Post)) + ": “" + m.Why + "”"})
	}
	return list
}
