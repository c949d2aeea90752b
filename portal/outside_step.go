package portal

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/portal/page"
)

// outsideStep is something that is done about an access outside a role, on a page
// of its own. do tells the word that the notice afterwards goes by.
type outsideStep struct {
	may  func(grants.OutsideOne) bool
	face func(grants.OutsideOne, *page.Form) page.Change
	do   func(ctx context.Context, db *audit.DB, actor access.Actor, id int64, values url.Values) (string, error)
}

func deciding() outsideStep {
	return outsideStep{func(o grants.OutsideOne) bool { return o.MayDecide }, func(_ grants.OutsideOne, f *page.Form) page.Change {
		v := page.Change{Heading: "Decide about the longer time", Words: []string{"If you approve, it runs from now on. If you do not, the first 24 hours stand where they were given."}, Submit: page.Submit{Words: "Decide"}}
		v.Ask(f.Choice("approve", "Do you approve it?", "", page.Option{Value: "yes", Words: "Yes"}, page.Option{Value: "no", Words: "No"}), f.Line("why", "Why?", "It is kept with the access."))
		return v
	}, func(ctx context.Context, db *audit.DB, actor access.Actor, id int64, values url.Values) (string, error) {
		yes := values.Get("approve") == "yes"
		if !yes && values.Get("approve") != "no" {
			return "", chooseField("approve", "Choose whether you approve it.")
		}
		return map[bool]string{true: "outside-approved", false: "outside-refused"}[yes], grants.DecideOutside(ctx, db, actor, id, yes, line(values, "why"))
	}}
}

func stopping() outsideStep {
	return outsideStep{func(o grants.OutsideOne) bool { return o.MayEnd }, func(o grants.OutsideOne, f *page.Form) page.Change {
		v := page.Change{Heading: "End this access", Words: []string{"From the next page on, nothing is shown by it. The letter stays on the record."}, Submit: page.Submit{Words: "End it"}}
		if o.From == nil {
			v.Heading, v.Words, v.Submit.Words = "Take this back", []string{"Nothing was shown yet, and nothing will be."}, "Take it back"
		}
		v.Ask(f.Line("why", "Why does it end?", "For example, “I have seen what I needed”"))
		return v
	}, func(ctx context.Context, db *audit.DB, actor access.Actor, id int64, values url.Values) (string, error) {
		return "outside-ended", grants.EndOutside(ctx, db, actor, id, line(values, "why"))
	}}
}

func reviewing() outsideStep {
	return outsideStep{func(o grants.OutsideOne) bool { return o.MayReview || o.MayJudge }, func(o grants.OutsideOne, f *page.Form) page.Change {
		v := page.Change{Heading: "Review this access", Words: []string{"Was there a good reason, and was no more looked at than it needed?"}, Submit: page.Submit{Words: "Keep the review"}}
		first := page.Option{Value: "accepted", Words: "Accept it", Hint: "When it is over, nobody waits for a longer time, and what oversight came to is written."}
		second := page.Option{Value: "escalated", Words: "Escalate it", Hint: "It goes to the responsible individual and the data protection officer. The person is not told."}
		if o.MayJudge {
			v.Heading, first.Hint, second = "Judge this access", "When it is over, and nobody waits for a longer time.", page.Option{Value: "wrong", Words: "It was wrong", Hint: "Say what is done about it."}
			v.Words = append(v.Words, "It was escalated by "+o.ReviewedBy+": “"+o.ReviewedWhy+"”")
		}
		v.Ask(f.Choice("verdict", "What did you find?", "", first, second), f.Text("why", "Why?", "It is kept with the access."))
		return v
	}, func(ctx context.Context, db *audit.DB, actor access.Actor, id int64, values url.Values) (string, error) {
		verdict := values.Get("verdict")
		return "outside-" + verdict, grants.ReviewOutside(ctx, db, actor, id, verdict, line(values, "why"))
	}}
}

func overseeing() outsideStep {
	return outsideStep{func(o grants.OutsideOne) bool { return o.Own && o.Reason == grants.ForOversight && o.From != nil }, func(_ grants.OutsideOne, f *page.Form) page.Change { return page.WriteOversight(f) },
		func(ctx context.Context, db *audit.DB, actor access.Actor, id int64, values url.Values) (string, error) {
			return "outside-written", grants.WriteOversight(ctx, db, actor, id, readOversight(values))
		}}
}

// outsideStep shows the page of a step, and carries it out.
func (s *server) outsideStep(t outsideStep) handler {
	return func(c *gin.Context, actor access.Actor) error {
		o, err := s.outsideOf(c, actor)
		if err != nil {
			return err
		}
		var values url.Values
		if c.Request.Method == http.MethodPost {
			if values, err = typed(c); err != nil {
				return err
			}
			what, err := t.do(c.Request.Context(), s.db, actor, o.ID, values)
			if err == nil {
				return s.done(c, page.OutsideAddress(o.ID), what)
			}
			status, problems, ok := refused(err)
			if !ok {
				return err
			}
			return s.askOutsideStep(c, actor, t, o, status, page.NewForm(values, problems))
		}
		return s.askOutsideStep(c, actor, t, o, http.StatusOK, page.NewForm(nil, nil))
	}
}

func (s *server) askOutsideStep(c *gin.Context, actor access.Actor, t outsideStep, o grants.OutsideOne, status int, form *page.Form) error {
	v := t.face(o, form)
	if !t.may(o) {
		v.Fields, v.Submit.Words, v.Words = nil, "", []string{"There is nothing for you to do here: it has been done, or it is for somebody else."}
		if status == http.StatusOK {
			status = http.StatusConflict
		}
	}
	one := page.OutsideOneOf(o, now())
	v.Caption, v.Address, v.Submit.Cancel, v.FactsTitle, v.Facts = one.Caption, c.Request.URL.Path, page.OutsideAddress(o.ID), "The access", page.OutsideFacts(o, now())
	menu := "/oversight"
	if o.Own {
		menu = ""
	}
	return s.askPage(c, actor, v, menu, status, form)
}
