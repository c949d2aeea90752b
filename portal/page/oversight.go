package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/internal/looks"
)

// Door is one part of oversight: where it leads and what is there.
type Door struct{ Words, Address, Text string }

// Oversight is where whoever audits begins.
type Oversight struct {
	Frame
	Needs []NeedRow
	Doors []Door
}

// OversightOf makes the page. audits tells whether the reader audits anything, or
// only keeps people.
func OversightOf(audits bool, w looks.Waiting, now time.Time) Oversight {
	v := Oversight{Needs: LookNeeds(w, now)}
	if audits {
		v.Doors = append(v.Doors,
			Door{"Who has looked", "/oversight/looks", "Every look, change and refusal that you may audit, by day, person and act. Take a copy as CSV."},
			Door{"Out of the ordinary", "/oversight/unusual", "Looks at night, very many of them, the same surname, after leaving a team, often outside one’s role. Each with its reason."},
			Door{"A random sample", "/oversight/sample", "Draw looks at random, and ask whoever looked why."},
			Door{"Questions", "/questions", "What you asked about looks, and the answers."})
	}
	v.Doors = append(v.Doors,
		Door{"Concerns", "/oversight/concerns", "Those you raised, and those that you are to deal with."},
		Door{"Access outside one’s role", "/oversight/outside-role", "Who asked for it and why, and what was said when it was looked over."},
		Door{"Restricted sections", "/oversight/restricted", "What is lodged there, and which reviews are overdue."},
		Door{"Checkpoints", "/oversight/checkpoints", "The signed seals by which a stranger can check that no footprint was changed."})
	return v
}

// LookNeeds are the questions and concerns that wait for somebody, for their home page.
func LookNeeds(w looks.Waiting, now time.Time) []NeedRow {
	var list []NeedRow
	for _, q := range w.Questions {
		list = append(list, NeedRow{Verb: "Answer", What: "Why did you look?", Address: QuestionAddress(q.ID), Why: "A question from " + orSomebody(q.By) + " about a look of yours.", Status: Status{waiting(q.At, now), "next"}})
	}
	for _, c := range w.Concerns {
		list = append(list, NeedRow{Verb: "Look into", What: "A concern about a look", Address: ConcernAddress(c.ID), Why: "Raised on " + DayOf(c.At) + ". " + stateWords(c) + ".", Status: Status{waiting(c.At, now), "soon"}})
	}
	return list
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}

// ConcernRow is a concern in the list.
type ConcernRow struct {
	When, Stamp, What, Address string
	By, To                     string
	Status                     Status
}

// Concerns lists concerns.
type Concerns struct {
	Frame
	Rows  []ConcernRow
	Next  string
	Later bool
}

// ConcernsOf makes the list; there is one more than limit where it goes on.
func ConcernsOf(found []looks.Concern, limit int, later bool, now time.Time) Concerns {
	v := Concerns{Later: later}
	if len(found) > limit {
		found = found[:limit]
		v.Next = "/oversight/concerns?before=" + strconv.FormatInt(found[limit-1].ID, 10)
	}
	for _, c := range found {
		row := ConcernRow{When: Moment(c.At, now), Stamp: c.At.UTC().Format(time.RFC3339), What: concernTitle(c), Address: ConcernAddress(c.ID), By: orSomebody(c.RaisedBy), To: upperFirst(RouteWords(c.GoesTo)), Status: concernStatus(c)}
		if c.Mine {
			row.By = "You"
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func concernTitle(c looks.Concern) string {
	if c.AboutName != "" {
		return "About a look of " + c.AboutName
	}
	return "About a look"
}

// RouteWords says to whom a concern goes.
func RouteWords(r looks.Route) string {
	return map[looks.Route]string{looks.ToManager: "the registered manager", looks.ToIndividual: "the responsible individual", looks.ToDPO: "the data protection officer"}[r]
}

// RouteOptions are to whom a concern can go.
func RouteOptions() []Option {
	hints := map[looks.Route]string{looks.ToManager: "Who is in charge of the home or centre. If it is about them, it goes past them by itself.",
		looks.ToIndividual: "Who answers for all the organisation’s settings.", looks.ToDPO: "Who sees to it that what is kept about people is kept rightly."}
	var list []Option
	for _, r := range looks.Routes() {
		list = append(list, Option{Value: string(r), Words: upperFirst(RouteWords(r)), Hint: hints[r]})
	}
	return list
}

// OutcomeWords says what came of a concern.
func OutcomeWords(outcome string) string {
	return map[string]string{"in-role": "It was part of their work", "spoken-to": "They were spoken to", "access-changed": "Their access was changed", "breach": "It is dealt with as a breach", "other": "Something else"}[outcome]
}

// OutcomeOptions are what can come of it.
func OutcomeOptions() []Option {
	var list []Option
	for _, o := range looks.Outcomes() {
		list = append(list, Option{Value: o, Words: OutcomeWords(o)})
	}
	return list
}

func stateWords(c looks.Concern) string {
	switch c.State {
	case "seen":
		return "Seen"
	case "answered":
		return "Answered"
	case "passed-on":
		return "Passed on to " + RouteWords(c.GoesTo)
	case "closed":
		return "Closed"
	}
	return "Sent"
}

func concernStatus(c looks.Concern) Status {
	return Status{stateWords(c), map[string]string{"sent": "soon", "seen": "next", "answered": "next", "passed-on": "next", "closed": "past"}[c.State]}
}

// Concern shows a concern and what was done about it.
type Concern struct {
	Frame
	Heading, Caption string
	Status           Status
	WordsHeading     string
	Words            string
	Facts            []Fact
	Look             []Fact // what it is about, where the reader may know it
	Events           []ConcernEvent
	Do               []Link
	Note             string
}

// ConcernEvent is something done about it.
type ConcernEvent struct{ What, When, Words string }

// ConcernOf makes the page.
func ConcernOf(c looks.Concern, now time.Time) Concern {
	v := Concern{Heading: concernTitle(c), Caption: "Concern", Status: concernStatus(c), WordsHeading: "What worries them", Words: c.Words}
	by, route := orSomebody(c.RaisedBy), RouteWords
	if c.Mine {
		by, v.WordsHeading = "You", "What you wrote"
	}
	if c.Mine && !c.Known { // whoever the record is about
		v.Heading, v.Caption, route = "What you told us", "Your file", toldRoute
	}
	v.Facts = []Fact{{"Raised by", by}, {"On", DayOf(c.At) + ", " + Hour(c.At)}, {"Goes to", upperFirst(route(c.GoesTo))}}
	if c.Wanted != c.GoesTo && len(c.Events) == 0 || c.Mine && c.Wanted != c.GoesTo {
		v.Note = "It was meant for " + route(c.Wanted) + ", and goes to " + route(c.GoesTo) + ": nobody looks into their own look."
	}
	if c.RecordName != "" && c.Known {
		v.Facts = append(v.Facts, Fact{"Record", c.RecordName})
	}
	for _, e := range c.Events {
		who := e.By
		if c.Mine && !c.Known || who == "" {
			who = "the person who deals with it" // whoever the record is about is told no names
		}
		what := map[string]string{"seen": "Seen by " + who, "answered": "Answered by " + who, "passed-on": "Passed on to " + route(e.GoesTo) + " by " + who, "closed": "Closed by " + who}[e.What]
		if e.Outcome != "" {
			what += ": " + lowerFirst(OutcomeWords(e.Outcome))
		}
		v.Events = append(v.Events, ConcernEvent{what, Moment(e.At, now), e.Words})
	}
	if c.Handles && c.State != "closed" {
		at := ConcernAddress(c.ID)
		v.Do = []Link{{"Answer", at + "/answered"}, {"Pass it on", at + "/passed-on"}, {"Close it", at + "/closed"}}
	}
	return v
}

// QuestionRow is a question in the list.
type QuestionRow struct {
	When, Stamp, What, Address, Answer string
	Status                             Status
}

// Questions lists the questions that somebody asked or was asked.
type Questions struct {
	Frame
	Rows  []QuestionRow
	Next  string
	Later bool
}

// QuestionsOf makes the list; there is one more than limit where it goes on.
func QuestionsOf(found []looks.Question, limit int, later bool, now time.Time) Questions {
	v := Questions{Later: later}
	if len(found) > limit {
		found = found[:limit]
		v.Next = "/questions?before=" + strconv.FormatInt(found[limit-1].ID, 10)
	}
	for _, q := range found {
		row := QuestionRow{When: Moment(q.At, now), Stamp: q.At.UTC().Format(time.RFC3339), What: "You asked " + orSomebody(q.Asked), Address: QuestionAddress(q.ID), Answer: q.Answer, Status: Status{"Not answered yet", "soon"}}
		if q.ToMe {
			row.What = orSomebody(q.By) + " asked you"
		}
		if q.AnsweredAt != nil {
			row.Status = Status{"Answered " + lowerFirst(Moment(*q.AnsweredAt, now)), "good"}
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// LookFacts are the facts of a look, beside a form about it.
func LookFacts(l looks.Look, now time.Time) []Fact {
	r := lookRow(l, now)
	facts := []Fact{{"What", r.What}}
	if r.Where != nil {
		facts = append(facts, Fact{"Where", r.Where.Words})
	}
	who := r.Who
	if l.Mine {
		who = "You"
	}
	facts = append(facts, Fact{"Who", who}, Fact{"When", DayOf(l.At) + ", " + Hour(l.At) + " (" + r.UTC + ")"})
	if then := strings.TrimPrefix(r.Then, "Then "); then != "" {
		facts = append(facts, Fact{"Their role then", upperFirst(then)})
	}
	if r.By != "" {
		facts = append(facts, Fact{"How it was seen", upperFirst(strings.TrimPrefix(r.By, "Seen "))})
	}
	return facts
}

// UnusualRow is something out of the ordinary, with its reason.
type UnusualRow struct {
	Rule, Who, Post, Person  string
	Reason                   string
	Where                    *Link
	When, Stamp              string
	Into                     string // what came of it, "" while nobody has looked into it
	IntoWords                string
	LookInto, Concern, Looks string // addresses
}

// Unusual lists what is out of the ordinary.
type Unusual struct {
	Frame
	Sentence string
	From     Date
	Until    Date
	Rows     []UnusualRow
	Next     string
	Later    string
	Rules    []string
}

// UnusualOf makes the list; there is one more than limit where it goes on.
func UnusualOf(found []looks.Unusual, p looks.Period, limit int, at string, now time.Time) Unusual {
	v := Unusual{Rules: unusualRules()}
	if len(found) > limit {
		found = found[:limit]
		v.Next = with(at, "after", found[limit-1].Key)
	}
	for _, u := range found {
		row := UnusualRow{Rule: unusualRule(u.Rule), Who: u.Actor, Post: u.Post, Person: PersonAddress(u.ActorID) + "/footprints", Reason: UnusualReason(u), When: DayOf(u.LastAt), Stamp: u.LastAt.UTC().Format(time.RFC3339),
			LookInto: with(with(with("/oversight/unusual/look-into", "key", u.Key), "from", p.From.String()), "until", p.Until.String()), Concern: LookAddress(u.Footprint, "concern")}
		row.Looks = row.Person + dayQuery(u.FirstAt, u.LastAt)
		if u.Record != nil {
			row.Where = &Link{Words: u.RecordName, Address: RecordAddress(*u.Record) + "/footprints"}
			if u.RecordName == "" && u.Kind != nil {
				row.Where.Words = RecordNumber(*u.Kind, *u.Record)
			}
		}
		if u.Into != nil {
			row.Into, row.IntoWords = OutcomeWords(u.Into.Outcome)+", "+u.Into.By+", "+DayOf(u.Into.At), u.Into.Words
		}
		v.Rows = append(v.Rows, row)
	}
	v.Sentence = "Nothing was out of the ordinary from " + Day(p.From) + " to " + Day(p.Until) + "."
	if len(v.Rows) > 0 {
		v.Sentence = "From " + Day(p.From) + " to " + Day(p.Until) + ". Each is a reason to ask, and proves nothing."
	}
	return v
}

// dayQuery narrows a list of footprints to the days of some looks.
func dayQuery(from, until time.Time) string {
	values := DayFields(DayFields(nil, "from", clock.DayOf(from)), "until", clock.DayOf(until))
	return "?" + values.Encode()
}

func unusualRule(rule string) string {
	return map[string]string{"hours": "At night", "volume": "Very many looks", "surname": "The same surname", "left": "After leaving", "outside": "Often outside their role"}[rule]
}

// UnusualReason says in a sentence why something is listed, with the figures.
func UnusualReason(u looks.Unusual) string {
	times := count(u.Looks, "look")
	if u.Refused > 0 {
		times += fmt.Sprintf(", %d of them refused", u.Refused)
	}
	span := DayOf(u.FirstAt)
	if clock.DayOf(u.FirstAt) != clock.DayOf(u.LastAt) {
		span = "from " + span + " to " + DayOf(u.LastAt)
	} else {
		span = "on " + span
	}
	switch u.Rule {
	case "hours":
		when := Hour(u.FirstAt) + " on " + DayOf(u.FirstAt)
		switch {
		case u.Looks > 1 && clock.DayOf(u.FirstAt) == clock.DayOf(u.LastAt):
			when = "between " + Hour(u.FirstAt) + " and " + Hour(u.LastAt) + " on " + DayOf(u.LastAt)
		case u.Looks > 1:
			when = "between " + when + " and " + Hour(u.LastAt) + " on " + DayOf(u.LastAt)
		default:
			when = "at " + when
		}
		return fmt.Sprintf("%s %s, London time. %s does not work on shift, so looks from %s to %s are listed.", upperFirst(times), when, upperFirst(article(lowerFirst(RoleWords(string(u.Role))))), oclock(looks.Shuts), oclock(looks.Opens))
	case "volume":
		usual := 0.0
		if u.Usual != nil {
			usual = *u.Usual
		}
		return fmt.Sprintf("%s %s. In the middle of all days with looks, somebody with the same role (%s) has %s.", upperFirst(times), span, lowerFirst(RoleWords(string(u.Role))), trim(usual))
	case "surname":
		return fmt.Sprintf("%s has the same surname as the record: %s %s.", u.Actor, times, span)
	case "left":
		left := ""
		if u.Since != nil {
			left = " on " + DayOf(*u.Since)
		}
		if u.Home == "" {
			return fmt.Sprintf("Their role for every setting ended%s, and no other role covers these records. After that: %s %s.", left, times, span)
		}
		return fmt.Sprintf("Their role at %s ended%s. After that: %s %s.", u.Home, left, times, span)
	case "outside":
		return fmt.Sprintf("%d accesses outside their role within a month, %s.", u.Looks, span)
	}
	return upperFirst(times) + " " + span + "."
}

// oclock says a full hour: 11pm.
func oclock(hour int) string { return time.Date(2000, 1, 1, hour, 0, 0, 0, time.UTC).Format("3pm") }

// unusualRules say what is listed, and from which figures on.
func unusualRules() []string {
	return []string{
		fmt.Sprintf("At night: a look at a record from %s to %s, London time, by somebody who does not work on shift. Members of staff of a setting and those in charge of a shift work at night too and are not listed.", oclock(looks.Shuts), oclock(looks.Opens)),
		fmt.Sprintf("Very many looks: %d or more in a day, and more than %d times what is in the middle for the same role in these days.", looks.FloorLooks, looks.TimesUsual),
		"The same surname: of the person and of a young person’s, parent’s or family’s record, whatever the case, accents and hyphens.",
		"After leaving: a look at a record of a setting, or an attempt, by somebody whose role there, or for every setting, had ended.",
		fmt.Sprintf("Often outside their role: %d accesses outside one’s role within a month.", looks.Often),
	}
}

// Sample is a random sample of looks.
type Sample struct {
	Frame
	From, Until Date
	Size        Input
	Drawn       bool
	Sentence    string
	Seed        string
	Again       string // the address by which the same sample is drawn again
	Rows        []SampleRow
}

// SampleRow is a look of a sample.
type SampleRow struct {
	FootprintRow
	Question *Link // the question that was asked about it
	Answer   string
}

// SampleRows say what was drawn.
func SampleRows(drawn []looks.Drawn, now time.Time) []SampleRow {
	var list []SampleRow
	for _, d := range drawn {
		row := SampleRow{FootprintRow: lookRow(d.Look, now)}
		row.UTCFirst(d.At)
		if d.Question == nil {
			row.Ask = LookAddress(d.ID, "ask")
		} else {
			row.Question = &Link{"Asked on " + DayOf(d.Question.At), QuestionAddress(d.Question.ID)}
			row.Answer = d.Question.Answer
		}
		list = append(list, row)
	}
	return list
}
