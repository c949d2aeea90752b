package page

import (
	"strconv"
	"time"

	"custodian/internal/looks"
)

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
