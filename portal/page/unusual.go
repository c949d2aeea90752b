package page

import (
	"fmt"
	"time"

	"custodian/internal/clock"
	"custodian/internal/looks"
)

// UnusualRow is something out of the ordinary, with its reason.
type UnusualRow struct {
	Rule, Who, Post, Person  string
	Reason                   string
	Where                    *Link
	When, Stamp              string
	Into                     string // what came of it, "" while nobody has looked into it
	IntoWords                string
	LookInto, Concern, Looks string // addresses; LookInto is "" for whoever only reads the list
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
			Concern: LookAddress(u.Footprint, "concern")}
		if u.MayMark {
			row.LookInto = with(with(with("/oversight/unusual/look-into", "key", u.Key), "from", p.From.String()), "until", p.Until.String())
		}
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
