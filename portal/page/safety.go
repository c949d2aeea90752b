package page

import (
	"custodian/internal/access"
	"custodian/internal/people"
)

// SafetyLine is one topic of the panel.
type SafetyLine struct {
	Topic, Words   string
	None, NotAsked bool
	Said           string // from when, by whom
	Change         string // address, "" where the reader may not
	Urgent         bool   // something is known that can hurt
}

// SafetyPanel is what keeps somebody safe on shift, as on a day.
type SafetyPanel struct {
	Heading, AsOf string
	Lines         []SafetyLine
	History       *Link
}

// topicWords says a topic.
func topicWords(t people.Topic) string {
	return map[people.Topic]string{people.Allergies: "Allergies", people.Medication: "Medication", people.Risks: "Risks", people.Responsibility: "Parental responsibility",
		people.LegalStatus: "Legal status", people.Orders: "Orders", people.Contact: "Contact restrictions", people.Withheld: "Address to be withheld"}[t]
}

// SafetyAddress is the address of the page of a record's safety panel.
func SafetyAddress(record int64) string { return RecordAddress(record) + "/safety" }

// SafetyOf makes the panel; nil where there is none to show. asked tells that it is
// that of a day which was asked about.
func SafetyOf(s people.Safety, asked bool) *SafetyPanel {
	if len(s.Lines) == 0 {
		return nil
	}
	at := SafetyAddress(s.Record.ID)
	p := &SafetyPanel{Heading: "Keeping them safe", History: &Link{"Everything said before", at}}
	if s.Record.Kind == access.YoungPerson {
		p.Heading = "Keeping " + s.Record.Name + " safe"
	}
	if asked {
		p.AsOf = "as at " + Day(s.Day)
	}
	for _, l := range s.Lines {
		line := SafetyLine{Topic: topicWords(l.Topic), NotAsked: l.Said == nil}
		if s.May && !asked {
			line.Change = at + "/" + string(l.Topic)
		}
		if l.Said != nil {
			line.Words, line.None, line.Said = l.Said.Words, l.Said.None, saidWords(*l.Said)
			line.Urgent = !l.Said.None && (l.Topic == people.Allergies || l.Topic == people.Risks || l.Topic == people.Contact || l.Topic == people.Withheld)
		}
		p.Lines = append(p.Lines, line)
	}
	return p
}

// saidWords says from when something holds, who said it and who wrote it down.
func saidWords(s people.Statement) string {
	words := "Since " + s.From.Format("2 January 2006") + ". Said by: " + s.Source + ". Recorded by " + joined(s.By, lowerPost(s.Post))
	if on := DayOf(s.At); on != s.From.Format("2 January 2006") {
		words += " on " + on
	}
	return words + "."
}

// Safety is the page of a safety panel, with everything that was ever said in it.
type Safety struct {
	Frame
	Heading, Caption, AsOf string
	AsAt                   AsAt
	Panel                  *SafetyPanel
	Timeline               []Happening
}

// SafetyPage makes it.
func SafetyPage(s people.Safety, asked bool) Safety {
	v := Safety{Caption: s.Record.Name, Heading: "Safety panel", Panel: SafetyOf(s, asked)}
	if v.Panel.History = nil; asked {
		v.AsOf = v.Panel.AsOf
	}
	for _, h := range s.History {
		x := Happening{Title: topicWords(h.Topic), When: DayOf(h.At) + ", " + Hour(h.At), Words: []string{h.Words, saidWords(h)}}
		if h.None {
			x.Words[0] = "None known"
		}
		v.Timeline = append(v.Timeline, x)
	}
	return v
}

// SaySafety makes the page on which something is said in the panel.
func SaySafety(s people.Safety, t people.Topic, f *Form) Change {
	c := Change{Heading: topicWords(t), Caption: s.Record.Name, Submit: Submit{Words: "Add it to the panel"}, FactsTitle: "What the panel says now"}
	c.Words = []string{"Everybody who cares for them sees this at the top of the record. What stood there before stays, with its days."}
	if t == people.Contact || t == people.Withheld {
		c.Words = append(c.Words, "The person whom the record is about is not shown this topic.")
	}
	c.Facts = []Fact{{topicWords(t), "Not asked yet"}}
	for _, l := range s.Lines {
		if l.Topic == t && l.Said != nil {
			c.Submit.Words = "Put this in its place"
			c.Words[0] = "Everybody who cares for them sees this at the top of the record. What you write takes the place of what stands there now, so keep in it whatever still holds. What stood there before stays in the history, with its days."
			c.Facts = []Fact{{topicWords(t), l.Said.Words}, {"Said", saidWords(*l.Said)}}
			if l.Said.None {
				c.Facts[0].Text = "None known"
			}
		}
	}
	c.Ask(f.Choice("none", "Is anything known?", "", Option{Value: "no", Words: "Yes, as written below"}, Option{Value: "yes", Words: "No, none is known", Hint: "Somebody was asked, and there is none."}),
		f.Text("words", "What is known?", topicHint(t)), f.Line("source", "Who said so?", "A name and a post. For example, “Robin Specimen, social worker”."),
		f.Date("from_on", "From which day is it so?", "For example, 14 3 2025. Today, or a day that lies behind."))
	return c
}

// topicHint gives an example for a topic.
func topicHint(t people.Topic) string {
	return map[people.Topic]string{people.Allergies: "What, what happens, and what to do. Leave it empty where none is known.", people.Medication: "What, how much, when, and where it is kept.",
		people.Risks: "What can happen, what brings it on, and what helps.", people.Responsibility: "Who has it, and how they are reached.", people.LegalStatus: "For example, full care order, or accommodated under section 20.",
		people.Orders: "Which order, by which court, from when, and what it forbids or demands.", people.Contact: "With whom, and what is allowed.",
		people.Withheld: "From whom the address is withheld, and why. Not the address itself."}[t]
}
