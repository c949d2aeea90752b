package page

import (
	"strconv"
	"strings"
	"time"

	"custodian/internal/looks"
)

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
