package page

import (
	"time"

	"custodian/internal/access"
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
	v := Oversight{Needs: append(SubjectNeeds(w, now), LookNeeds(w, now)...)}
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

// SubjectNeeds are the concerns that wait for somebody and were raised by whoever the
// record is about: they come before all else.
func SubjectNeeds(w looks.Waiting, now time.Time) []NeedRow {
	var list []NeedRow
	for _, c := range w.Concerns {
		if c.Subject != nil {
			row := concernNeed(c, now)
			row.Why = "From " + subjectOf(*c.Subject) + ". " + row.Why
			list = append(list, row)
		}
	}
	return list
}

// subjectOf says whoever a record is about, by its kind and without a name.
func subjectOf(k access.RecordKind) string {
	who, ok := map[access.RecordKind]string{access.YoungPerson: "young person", access.Parent: "parent", access.Family: "family", access.Staff: "member of staff"}[k]
	if !ok {
		who = "person"
	}
	return "the " + who + " whose file it is"
}

func concernNeed(c looks.Concern, now time.Time) NeedRow {
	return NeedRow{Verb: "Look into", What: "A concern about a look", Address: ConcernAddress(c.ID), Why: "Raised on " + DayOf(c.At) + ". " + stateWords(c) + ".", Status: Status{waiting(c.At, now), "soon"}}
}

// ToldNeeds are the answers that somebody has not read to what they told us about
// their own file.
func ToldNeeds(answers []looks.Replied, now time.Time) []NeedRow {
	var list []NeedRow
	for _, a := range answers {
		list = append(list, NeedRow{Verb: "Read", What: "There is an answer to what you told us", Address: ConcernAddress(a.ID), Why: "You told us on " + DayOf(a.Raised) + ".", Status: Status{answered(a.At, now), "next"}})
	}
	return list
}

// answered says when an answer came: "Today", "Yesterday", "3 days ago".
func answered(at, now time.Time) string { return upperFirst(Until(clock.DayOf(at), clock.DayOf(now))) }

// LookNeeds are the questions that wait for somebody, and the concerns besides those
// of SubjectNeeds, for their home page.
func LookNeeds(w looks.Waiting, now time.Time) []NeedRow {
	var list []NeedRow
	for _, q := range w.Questions {
		list = append(list, NeedRow{Verb: "Answer", What: "Why did you look?", Address: QuestionAddress(q.ID), Why: "A question from " + orSomebody(q.By) + " about a look of yours.", Status: Status{waiting(q.At, now), "next"}})
	}
	for _, c := range w.Concerns {
		if c.Subject == nil {
			list = append(list, concernNeed(c, now))
		}
	}
	return list
}

func orSomebody(name string) string {
	if name == "" {
		return "somebody"
	}
	return name
}
