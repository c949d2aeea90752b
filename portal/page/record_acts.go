package page

import (
	"strconv"

	"custodian/internal/access"
	"custodian/internal/people"
)

// OpenRecord makes the page on which a record is opened. said tells that its
// kind is settled: it is the only one of kinds then.
func OpenRecord(kinds []access.RecordKind, said bool, where people.Openings, f *Form) Change {
	c := Change{Heading: "Open a record", Submit: Submit{Words: "Open the record"}}
	name, hint := "Whose record is it, or what is it called?", "A name as people there know it"
	if said {
		c.Heading = "Open a " + Kind(kinds[0])
		name, hint = nameOf(kinds[0])
	} else {
		options := make([]Option, 0, len(kinds))
		for _, k := range kinds {
			options = append(options, Option{Value: k.String(), Words: upperFirst(Kind(k))})
		}
		c.Ask(f.Choice("kind", "What is the record about?", "", options...))
	}
	why := example(opened)
	if said {
		why = example(opened, kinds[0])
	}
	c.Words = []string{"Who may see it follows from their role at its setting. Everything that happens to it is kept, with who and why."}
	options := settings(where.Homes)
	if where.Whole {
		options = append(options, Option{Value: "0", Words: Where("")})
	}
	c.Ask(f.Line("name", name, hint), f.Choice("setting_id", "At which setting?", "", options...),
		f.Date("on", "From which day?", "For example, 14 3 2025"), f.Line("why", "Why is it opened?", why))
	return c
}

// turn is something that happens to a record, with a reason.
type turn int

const (
	opened turn = iota
	closed
	reopened
	moved
)

// example gives a reason for a turn of a record of this kind: of a young person's
// where none is given.
func example(t turn, of ...access.RecordKind) string {
	words := [...]string{"came to live here", "moved to a foster family", "came back to live here", "moves to live there"}
	if len(of) > 0 {
		switch of[0] {
		case access.Library:
			words = [...]string{"the setting opens", "the setting has closed", "the setting opens again", "the setting was joined with another"}
		case access.Family, access.Parent:
			words = [...]string{"came for an assessment", "the assessment is over", "came back for a second assessment", "goes on with the assessment there"}
		case access.Staff:
			words = [...]string{"starts work here", "left on 31 March", "came back to work here", "works there from now on"}
		}
	}
	return "For example, " + words[t] + "."
}

// nameOf asks for the name of a record of a kind.
func nameOf(k access.RecordKind) (label, hint string) {
	switch k {
	case access.Library:
		return "What is the library called?", "For example, Policies of the home"
	case access.Family:
		return "Which family is it?", "A name as people there know it"
	case access.Parent:
		return "What is the parent called?", "First name and last name"
	case access.Staff:
		return "What is the member of staff called?", "First name and last name"
	}
	return "What is the young person called?", "First name and last name"
}

// settings are the answers to which setting; those of a long list begin with none.
func settings(homes []people.Home) []Option {
	var options []Option
	if len(homes) >= 5 {
		options = append(options, Option{Words: "Choose a setting"})
	}
	for _, h := range homes {
		options = append(options, Option{Value: strconv.FormatInt(h.ID, 10), Words: h.Name})
	}
	return options
}

func recordFacts(r people.Record) []Fact {
	return []Fact{{"Kind", upperFirst(Kind(r.Kind))}, {"Setting", Where(r.Home)}, {"Status", OpenStatus(r.Open).Words}}
}

func stepPage(heading, button string, r people.Record, words ...string) Change {
	return Change{Heading: heading, Words: words, Submit: Submit{Words: button}, FactsTitle: "The record now", Facts: recordFacts(r)}
}

// CloseRecord makes the page on which a record is closed.
func CloseRecord(r people.Record, _ []people.Home, f *Form) Change {
	c := stepPage("Close this record", "Close the record", r, "Nothing can be added to it then. It stays here, and whoever may read it can go on reading it.", "It can be opened again.")
	switch {
	case r.Person != nil:
		c.Words = append(c.Words, "This is the file of somebody who signs in here: their roles at "+or(r.Home, "its setting")+" end with it. Where they have left altogether, say so on their own page among the people.")
	case r.Kind != access.Library:
		c.Words = append(c.Words, "Nobody is its key worker any more, and consents for an independent visitor end. Whoever reads their own file goes on reading it.")
	}
	c.Ask(f.Date("on", "When was it closed?", "For example, 14 3 2025"), f.Line("why", "Why is it closed?", example(closed, r.Kind)))
	return c
}

// ReopenRecord makes the page on which a record is opened again.
func ReopenRecord(r people.Record, _ []people.Home, f *Form) Change {
	c := stepPage("Open this record again", "Open it again", r, "Documents can be added to it then.")
	c.Ask(f.Date("on", "When was it opened again?", "For example, 14 3 2025"), f.Line("why", "Why is it opened again?", example(reopened, r.Kind)))
	return c
}

// MoveRecord makes the page on which a record is moved to another setting.
func MoveRecord(r people.Record, to []people.Home, f *Form) Change {
	c := stepPage("Move this record", "Move the record", r, "All its documents go along. Whoever sees it by their role at "+or(r.Home, "its setting")+" no longer does from that moment, and you may be one of them. Those with a role at the other setting see it.")
	if r.Person != nil {
		c.Words = append(c.Words, "This is the file of somebody who signs in here: their roles move along with it, and what they could see at "+or(r.Home, "the old setting")+" they no longer see.")
	}
	c.Ask(f.Choice("setting_id", "To which setting?", "", settings(to)...), f.Date("on", "When did it move?", "It counts from the moment you record it. The day may lie behind, not ahead."),
		f.Line("why", "Why is it moved?", example(moved, r.Kind)))
	return c
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
