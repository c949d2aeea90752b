package page

import (
	"time"

	"custodian/internal/looks"
)

// ConcernStep makes the page on which something is done about a concern: answered,
// passed-on or closed. There is none for what is no step, nor once it is closed.
func ConcernStep(c looks.Concern, step string, f *Form) (Change, bool) {
	at := ConcernAddress(c.ID)
	v := Change{Caption: concernTitle(c), Address: at + "/" + step, Submit: Submit{Cancel: at}, FactsTitle: "The concern", Facts: []Fact{{"Raised on", DayOf(c.At)}, {"In their words", c.Words}}}
	const seen = "Whoever raised it can read this."
	switch step {
	case "answered":
		v.Heading, v.Submit.Words = "Answer the concern", "Send the answer"
		v.Ask(f.Text("words", "What do you answer?", seen))
	case "passed-on":
		v.Heading, v.Submit.Words = "Pass the concern on", "Pass it on"
		v.Words = []string{"You keep seeing it. It is never passed on to whoever it is about."}
		v.Ask(f.Choice("to", "To whom?", "", RouteOptions()...), f.Text("words", "Why do you pass it on?", seen))
	case "closed":
		v.Heading, v.Submit.Words = "Close the concern", "Close it"
		v.Words = []string{"Nothing can be added to it after that. It stays, with everything that was said."}
		v.Ask(f.Choice("outcome", "What came of it?", "", OutcomeOptions()...), f.Text("words", "What did you find, and what did you do?", seen))
	default:
		return v, false
	}
	if c.State == "closed" {
		v.Fields, v.Submit.Words, v.Words = nil, "", []string{"This concern is closed. Raise a new one if something is left."}
	}
	return v, true
}

// QuestionOf makes the page of a question: for whoever was asked the form by which
// they answer, once.
func QuestionOf(q looks.Question, l looks.Look, f *Form, now time.Time) Change {
	v := Change{Caption: "Question", Heading: "Why did you look?", Address: QuestionAddress(q.ID), Submit: Submit{Cancel: "/questions"}, FactsTitle: "The look", Facts: LookFacts(l, now)}
	if !q.ToMe {
		v.Heading = "Why did they look?"
	}
	words := orSomebody(q.By) + " asked on " + DayOf(q.At) + "."
	if q.Words != "" {
		words += " “" + q.Words + "”"
	}
	v.Words = []string{words}
	switch {
	case q.AnsweredAt != nil:
		v.Words = append(v.Words, "Answered on "+DayOf(*q.AnsweredAt)+": “"+q.Answer+"”")
	case q.ToMe:
		v.Words = append(v.Words, "Your answer is kept as you write it. Whoever audits this look can read it.")
		v.Submit.Words = "Send the answer"
		v.Ask(f.Text("words", "Why did you look?", "For example, “I wrote up the visit of that day.”"))
	default:
		v.Words = append(v.Words, "There is no answer yet.")
	}
	return v
}
