package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/portal/page"
)

// watching is every page about who has looked, and what is made of it.
func (s *server) watching() []route {
	return []route{
		{http.MethodGet, "/oversight", access.ViewOversight, s.oversight},
		{http.MethodGet, "/oversight/looks", access.ListLooks, s.everyLook},
		{http.MethodGet, "/oversight/looks/export", access.ExportLooks, s.exportLooks},
		{http.MethodGet, "/oversight/unusual", access.ListUnusual, s.unusual},
		{http.MethodGet, "/oversight/unusual/look-into", access.LookInto, s.lookInto},
		{http.MethodPost, "/oversight/unusual/look-into", access.LookInto, s.lookInto},
		{http.MethodGet, "/oversight/sample", access.DrawSample, s.sample},
		{http.MethodGet, "/oversight/concerns", access.ListConcerns, s.concerns},
		{http.MethodGet, "/oversight/concerns/:id", access.ViewConcern, s.concern},
		{http.MethodGet, "/oversight/concerns/:id/:step", access.AnswerConcern, s.concernStep},
		{http.MethodPost, "/oversight/concerns/:id/:step", access.AnswerConcern, s.concernStep},
		{http.MethodGet, "/looks/:id/concern", access.RaiseConcern, s.raise},
		{http.MethodPost, "/looks/:id/concern", access.RaiseConcern, s.raise},
		{http.MethodGet, "/looks/:id/ask", access.AskReason, s.askWhy},
		{http.MethodPost, "/looks/:id/ask", access.AskReason, s.askWhy},
		{http.MethodGet, "/questions", access.ListQuestions, s.questions},
		{http.MethodGet, "/questions/:id", access.ViewQuestion, s.question},
		{http.MethodPost, "/questions/:id", access.AnswerQuestion, s.question},

		{http.MethodGet, "/people/:id/footprints", access.ViewFootprints, s.personFootprints},
		{http.MethodGet, "/documents/:id/footprints", access.ViewFootprints, s.documentFootprints},
		{http.MethodGet, "/documents/:id/why", access.ViewReasons, s.whyDocument},
		{http.MethodGet, "/records/:id/why", access.ViewReasons, s.whyRecord},
		{http.MethodGet, "/records/:id/looked", access.ViewLooked, s.looked},
	}
}

// oversight is where whoever audits, or keeps people, begins.
func (s *server) oversight(c *gin.Context, actor access.Actor) error {
	may, err := looks.Begin(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	waits, err := looks.WaitsFor(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := page.OversightOf(may, waits, now())
	if v.Frame, err = s.frame(c, actor, "Oversight", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "oversight", v)
}

// period reads the days that are asked about: the last usual ones where none are
// chosen, and at most so many.
func period(c *gin.Context) (looks.Period, *page.Form, int) {
	q := c.Request.URL.Query()
	p := looks.LastDays(looks.UsualDays, today())
	from, bad := readDay(q, "from", "the first day")
	until, wrong := readDay(q, "until", "the last day")
	bad = append(bad, wrong...)
	if d, err := clock.ParseDay(until); err == nil {
		p.Until = d
		p.From = d.Plus(1 - looks.UsualDays)
	}
	if d, err := clock.ParseDay(from); err == nil {
		if p.From = d; until == "" {
			p.Until = min0(d.Plus(looks.UsualDays-1), today())
		}
	}
	status := http.StatusOK
	switch {
	case len(bad) > 0:
	case p.Until.Before(p.From):
		bad = []fault.Field{{Name: "until", Problem: "The last day lies before the first. Enter a later one."}}
	case p.From.Plus(looks.MostDays).Before(p.Until.Next()):
		bad = []fault.Field{{Name: "until", Problem: fmt.Sprintf("These are more than %d days. Enter days that lie closer together.", looks.MostDays)}}
	}
	values := url.Values{}
	for name := range q {
		values.Set(name, q.Get(name))
	}
	if len(bad) > 0 {
		status, p = http.StatusBadRequest, looks.LastDays(looks.UsualDays, today())
	} else {
		page.DayFields(page.DayFields(values, "from", p.From), "until", p.Until)
	}
	return p, page.NewForm(values, bad), status
}

func min0(a, b clock.Day) clock.Day {
	if b.Before(a) {
		return b
	}
	return a
}

// unusualRows is how many unusual things are shown at a time.
const unusualRows = 50

// unusual lists what is out of the ordinary in some days.
func (s *server) unusual(c *gin.Context, actor access.Actor) error {
	p, form, status := period(c)
	after := c.Query("after")
	found, err := looks.OutOfOrdinary(c.Request.Context(), s.db, actor, p, after, unusualRows+1)
	if err != nil {
		return err
	}
	at := "/oversight/unusual?" + page.DayFields(page.DayFields(nil, "from", p.From), "until", p.Until).Encode()
	v := page.UnusualOf(found, p, unusualRows, at, now())
	if after != "" {
		v.Later = at
	}
	if v.Frame, err = s.frame(c, actor, "Out of the ordinary", "/oversight"); err != nil {
		return err
	}
	v.From, v.Until = form.Date("from", "From which day?", ""), form.Date("until", "Until which day?", "")
	v.Crumbs, v.Problems = []page.Link{{Words: "Oversight", Address: "/oversight"}, {Words: "Out of the ordinary"}}, form.Summary()
	return s.show(c, status, "unusual", v)
}

// lookInto asks what came of something unusual, and keeps it.
func (s *server) lookInto(c *gin.Context, actor access.Actor) error {
	key := c.Query("key")
	from, err := clock.ParseDay(c.Query("from"))
	until, wrong := clock.ParseDay(c.Query("until"))
	if err != nil || wrong != nil || until.Before(from) || from.Plus(looks.MostDays).Before(until) {
		return notThere()
	}
	p := looks.Period{From: from, Until: until}
	back := "/oversight/unusual?" + page.DayFields(page.DayFields(nil, "from", from), "until", until).Encode()
	form, status, err := s.formOf(c, nil, func(v url.Values) (string, string, error) {
		return back, "looked-into", looks.LookInto(c.Request.Context(), s.db, actor, p, key, v.Get("outcome"), line(v, "words"))
	})
	if form == nil {
		return err
	}
	u, err := looks.GetUnusual(c.Request.Context(), s.db, actor, p, key)
	if err != nil {
		return err
	}
	v := page.Change{Caption: "Out of the ordinary", Heading: "What came of it?", Address: c.Request.URL.RequestURI(), Submit: page.Submit{Words: "Keep this", Cancel: back},
		Words: []string{page.UnusualReason(u), "What you write is kept for good, with your name and the time. Whoever it is about does not see it."}, FactsTitle: "Who", Facts: []page.Fact{{Name: "Name", Text: u.Actor}}}
	if u.Into != nil {
		v.Facts = append(v.Facts, page.Fact{Name: "Said before", Text: page.OutcomeWords(u.Into.Outcome) + ". “" + u.Into.Words + "” " + u.Into.By + ", " + page.DayOf(u.Into.At)})
	}
	v.Ask(form.Choice("outcome", "What came of it?", "", page.OutcomeOptions()...), form.Text("words", "What did you find?", "For example, whom you asked, and what they said."))
	return s.askPage(c, actor, v, "/oversight", status, form)
}

// usualSample is how many looks a sample holds unless another number is typed.
const usualSample = 10

// sample draws looks at random. A sample that was drawn has an address by which the
// same is drawn again.
func (s *server) sample(c *gin.Context, actor access.Actor) error {
	p, form, status := period(c)
	q := c.Request.URL.Query()
	v := page.Sample{}
	size, err := strconv.Atoi(strings.TrimSpace(q.Get("size")))
	asked := len(q) > 0
	sized := page.NewForm(url.Values{"size": {firstOf(q.Get("size"), strconv.Itoa(usualSample))}}, nil)
	if asked && (err != nil || size < 1 || size > looks.MostDrawn) {
		bad := []fault.Field{{Name: "size", Problem: fmt.Sprintf("Enter how many looks, from 1 to %d.", looks.MostDrawn)}}
		sized, status = page.NewForm(q, bad), http.StatusBadRequest
	}
	if asked && status == http.StatusOK {
		if again, err := s.drawSample(c, actor, &v, p, size, q); again != "" || err != nil {
			if err == nil {
				c.Redirect(http.StatusSeeOther, again)
			}
			return err
		}
	}
	v.Size = sized.Line("size", "How many?", "")
	v.Size.Width = "4"
	from, until := form.Date("from", "From which day?", ""), form.Date("until", "Until which day?", "")
	problems := append(form.Summary(), sized.Summary()...)
	if !asked {
		may, err := looks.Begin(c.Request.Context(), s.db, actor)
		if err != nil {
			return err
		}
		if !may {
			return notThere()
		}
	}
	if v.Frame, err = s.frame(c, actor, "A random sample", "/oversight"); err != nil {
		return err
	}
	v.From, v.Until, v.Problems = from, until, problems
	v.Crumbs = []page.Link{{Words: "Oversight", Address: "/oversight"}, {Words: "A random sample"}}
	return s.show(c, status, "sample", v)
}

// drawSample draws the sample that an address names. Where it names no seed, it
// gives the address that does.
func (s *server) drawSample(c *gin.Context, actor access.Actor, v *page.Sample, p looks.Period, size int, q url.Values) (string, error) {
	sample := looks.Sample{Size: size}
	sample.From, sample.Until = p.Bounds()
	seed, err := strconv.ParseInt(q.Get("seed"), 10, 64)
	upto, wrong := strconv.ParseInt(q.Get("upto"), 10, 64)
	at := page.DayFields(page.DayFields(url.Values{"size": {strconv.Itoa(size)}}, "from", p.From), "until", p.Until)
	if err != nil || wrong != nil {
		if sample, err = sample.Begin(c.Request.Context(), s.db); err != nil {
			return "", err
		}
		at.Set("seed", strconv.FormatInt(sample.Seed, 10))
		at.Set("upto", strconv.FormatInt(sample.Upto, 10))
		return "/oversight/sample?" + at.Encode(), nil
	}
	sample.Seed, sample.Upto = seed, upto
	at.Set("seed", strconv.FormatInt(seed, 10))
	at.Set("upto", strconv.FormatInt(upto, 10))
	drawn, err := looks.Draw(c.Request.Context(), s.db, actor, sample)
	v.Drawn, v.Seed, v.Again, v.Rows = true, strconv.FormatInt(seed, 10), "/oversight/sample?"+at.Encode(), page.SampleRows(drawn, now())
	v.Sentence = fmt.Sprintf("%s drawn from %s to %s.", page.Count(len(drawn), "look", "looks"), page.Day(p.From), page.Day(p.Until))
	return "", err
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// looked tells whoever a record is about who has looked.
func (s *server) looked(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	before, _ := clock.ParseDay(c.Query("before")) // links within the page carry it; one that cannot be read asks nothing
	o, err := looks.LookedAt(c.Request.Context(), s.db, actor, record, before)
	if err != nil {
		return err
	}
	v := page.LookedAtOf(o, !before.IsZero())
	v.Ask = s.ask
	if v.Frame, err = s.frame(c, actor, "Who has looked at your file", page.ListAddress(o.Kind)); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: "Your file", Address: page.RecordAddress(record)}, {Words: "Who has looked"}}
	return s.show(c, http.StatusOK, "looked", v)
}

// stamp is a moment as an export writes it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }
