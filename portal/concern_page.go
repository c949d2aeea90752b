package portal

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/portal/page"
)

// raise shows the form by which a concern about a look is raised, and takes it: for
// whoever may see the footprint, and for whoever the record is about.
func (s *server) raise(c *gin.Context, actor access.Actor) error {
	footprint, err := id(c, "id")
	if err != nil {
		return err
	}
	form, status, err := s.formOf(c, nil, func(v url.Values) (string, string, error) {
		made, err := looks.Raise(c.Request.Context(), s.db, actor, footprint, looks.Route(v.Get("to")), line(v, "words"))
		return page.ConcernAddress(made), "concern-raised", err
	})
	if form == nil {
		return err
	}
	v := page.Change{Caption: "Concern", Heading: "Report a concern", Address: page.LookAddress(footprint, "concern"), FactsTitle: "The look",
		Words: []string{"It goes to the person you choose. Whoever looked is not told of it. You can see here what comes of it."}}
	l, err := looks.Get(c.Request.Context(), s.db, actor, footprint)
	routes := page.RouteOptions()
	menu, hint := "/oversight", "For example, “This is not someone who works with him.”"
	switch {
	case err == nil:
		v.Facts, v.Submit = page.LookFacts(l, now()), page.Submit{Words: "Send it", Cancel: backFrom(l)}
	case fault.Is(err, fault.NotFound):
		told, err := looks.ToldOne(c.Request.Context(), s.db, actor, footprint)
		if err != nil {
			return s.turnedAway(c, actor, audit.Act{Action: access.RaiseConcern, Detail: audit.Detail{"footprint": footprint}}, err)
		}
		v.Heading, v.Caption, menu, hint = "Tell us what worries you", "Your file", page.ListAddress(told.Kind), "Use your own words. It does not have to be long."
		v.Words = []string{"Choose who should read it. The person who looked will not see it. We will tell you here what we find out."}
		routes, v.FactsTitle = page.ToldRoutes(), "What you saw"
		v.Facts = []page.Fact{{Name: "When", Text: page.Day(page.DayUTC(told.Looks[0].Day))}, {Name: "What", Text: page.ToldWords(told.Looks[0], told)}}
		v.Submit = page.Submit{Words: "Send it", Cancel: page.RecordAddress(told.Record) + "/looked"}
	default:
		return err
	}
	v.Ask(form.Choice("to", "Who should look into it?", "", routes...), form.Text("words", "What worries you?", hint))
	return s.askPage(c, actor, v, menu, status, form)
}

// backFrom is the list from which somebody came to a look.
func backFrom(l looks.Look) string {
	if l.Record != nil && l.RecordName != "" {
		return page.RecordAddress(*l.Record) + "/footprints"
	}
	if l.Mine {
		return page.PersonAddress(l.ActorID) + "/footprints"
	}
	return "/oversight/looks"
}

// concernRows is how many concerns and questions a list shows at a time.
const concernRows = 50

// concerns lists the concerns that somebody raised or deals with.
func (s *server) concerns(c *gin.Context, actor access.Actor) error {
	from := after(c, "before")
	found, err := looks.Concerns(c.Request.Context(), s.db, actor, from, concernRows+1)
	if err != nil {
		return err
	}
	v := page.ConcernsOf(found, concernRows, from != 0, now())
	if v.Frame, err = s.frame(c, actor, "Concerns", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "concerns", v)
}

// concern shows a concern and what was done about it.
func (s *server) concern(c *gin.Context, actor access.Actor) error {
	number, err := id(c, "id")
	if err != nil {
		return err
	}
	found, err := looks.GetConcern(c.Request.Context(), s.db, actor, number)
	if err != nil {
		return err
	}
	v := page.ConcernOf(found, now())
	if found.Known {
		l, err := looks.Get(c.Request.Context(), s.db, actor, found.Footprint)
		if err != nil {
			return err
		}
		v.Look = page.LookFacts(l, now())
	}
	if v.Frame, err = s.frame(c, actor, "Concern", "/oversight"); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: "Concerns", Address: "/oversight/concerns"}, {Words: "Concern"}}
	return s.show(c, http.StatusOK, "concern", v)
}

// concernStep shows the form by which something is done about a concern, and does it.
func (s *server) concernStep(c *gin.Context, actor access.Actor) error {
	number, err := id(c, "id")
	if err != nil {
		return err
	}
	step := looks.Step{What: c.Param("step")}
	form, status, err := s.formOf(c, nil, func(v url.Values) (string, string, error) {
		step.To, step.Outcome, step.Words = looks.Route(v.Get("to")), v.Get("outcome"), line(v, "words")
		return page.ConcernAddress(number), "concern-" + step.What, looks.Take(c.Request.Context(), s.db, actor, number, step)
	})
	if form == nil {
		return err
	}
	found, err := looks.GetConcern(c.Request.Context(), s.db, actor, number)
	if err != nil {
		return err
	}
	v, ok := page.ConcernStep(found, step.What, form)
	if !found.Handles || !ok {
		return notThere()
	}
	return s.askPage(c, actor, v, "/oversight", status, form)
}

// askWhy shows the form by which somebody is asked why they looked, and asks.
func (s *server) askWhy(c *gin.Context, actor access.Actor) error {
	footprint, err := id(c, "id")
	if err != nil {
		return err
	}
	form, status, err := s.formOf(c, nil, func(v url.Values) (string, string, error) {
		made, err := looks.Ask(c.Request.Context(), s.db, actor, footprint, line(v, "words"))
		return page.QuestionAddress(made), "asked", err
	})
	if form == nil {
		return err
	}
	about := audit.Act{Action: access.AskReason, Detail: audit.Detail{"footprint": footprint}}
	l, err := looks.Get(c.Request.Context(), s.db, actor, footprint)
	if err != nil {
		return s.turnedAway(c, actor, about, err)
	}
	if l.Mine || !l.Audited {
		return s.turnedAway(c, actor, about, notThere())
	}
	v := page.Change{Caption: l.Actor, Heading: "Ask why they looked", Address: page.LookAddress(footprint, "ask"), Submit: page.Submit{Words: "Ask", Cancel: "/oversight/looks"}, FactsTitle: "The look", Facts: page.LookFacts(l, now()),
		Words: []string{"They find the question on their home page, with your name, and answer there. Question and answer are kept."}}
	v.Ask(form.Text("words", "Anything to add? (optional)", "For example, what made you ask."))
	if l.Outcome != "done" {
		v.Fields, v.Submit.Words, v.Words = nil, "", []string{looks.NoQuestion}
		if status == http.StatusOK {
			status = http.StatusConflict
		}
	}
	return s.askPage(c, actor, v, "/oversight", status, form)
}

// questions lists the questions that somebody asked or was asked.
func (s *server) questions(c *gin.Context, actor access.Actor) error {
	from := after(c, "before")
	found, err := looks.Questions(c.Request.Context(), s.db, actor, from, concernRows+1)
	if err != nil {
		return err
	}
	v := page.QuestionsOf(found, concernRows, from != 0, now())
	if v.Frame, err = s.frame(c, actor, "Questions about looks", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "questions", v)
}

// question shows a question; whoever was asked answers it here, once.
func (s *server) question(c *gin.Context, actor access.Actor) error {
	number, err := id(c, "id")
	if err != nil {
		return err
	}
	form, status, err := s.formOf(c, nil, func(v url.Values) (string, string, error) {
		return page.QuestionAddress(number), "answered", looks.Answer(c.Request.Context(), s.db, actor, number, line(v, "words"))
	})
	if form == nil {
		return err
	}
	q, l, err := looks.GetQuestion(c.Request.Context(), s.db, actor, number)
	if err != nil {
		return err
	}
	v := page.QuestionOf(q, l, form, now())
	return s.askPage(c, actor, v, "/oversight", status, form)
}
