package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/portal/page"
	"custodian/versions"
)

// change is something that is done to a document on a page of its own.
type change struct {
	action access.Action
	doing  string // in the crumbs and the title
	done   string // the word that the notice afterwards goes by
	day    string // the name of its day
	which  string // says in a sentence which day that is
	last   string // the name of its last day, "" where none is asked for
	why    bool   // a reason is asked for
	shown  bool   // where somebody outside reads, it lets them
	// fill gives what stands in the form at first, face what stands around it,
	// and do carries it out, telling where to go on.
	fill func(versions.Sheet) url.Values
	face func(versions.Sheet, *page.Form) page.Change
	do   func(c *gin.Context, actor access.Actor, q versions.Ask, day string, typed url.Values) (string, error)
}

// changeForm shows the page on which a change is to be made.
func (s *server) changeForm(x change) handler {
	return func(c *gin.Context, actor access.Actor) error {
		q, err := asked(c)
		if err != nil {
			return err
		}
		if x.shown {
			if sent, err := s.askForRelease(c, actor, versions.Release{Document: q.Document}, nil); sent || err != nil {
				return err
			}
		}
		return s.showChange(c, actor, x, http.StatusOK, nil, nil)
	}
}

// changeSend carries a change out, or shows its page again with what was typed and
// what is to be put right.
func (s *server) changeSend(x change) handler {
	return func(c *gin.Context, actor access.Actor) error {
		q, err := asked(c)
		if err != nil {
			return err
		}
		values, err := typed(c)
		if err != nil {
			return err
		}
		if x.shown {
			if sent, err := s.askForRelease(c, actor, versions.Release{Document: q.Document}, values); sent || err != nil {
				return err
			}
		}
		day, bad := x.read(values)
		if len(bad) > 0 {
			return s.showChange(c, actor, x, http.StatusBadRequest, values, bad)
		}
		err = s.keeper.Unchanged(c.Request.Context(), actor, x.action, q.Document, values.Get("seen"))
		var on string
		if err == nil {
			on, err = x.do(c, actor, q, day, values)
		}
		if err == nil {
			return s.done(c, on, x.done)
		}
		status, bad, ok := refused(err)
		if !ok {
			return err
		}
		return s.showChange(c, actor, x, status, values, bad)
	}
}

// read gives the day that was typed, and what is to be put right. The last day
// stands among the values then, written as YYYY-MM-DD.
func (x change) read(values url.Values) (string, []fault.Field) {
	day, bad := needDay(values, x.day, x.which)
	if x.last != "" {
		to, wrong := readDay(values, x.last, "the last day on which it holds")
		bad = append(bad, wrong...)
		values.Set(x.last, to)
	}
	if x.why {
		bad = append(bad, fault.CheckLine("why", values.Get("why"))...)
	}
	return day, bad
}

// needDay reads a day that has to be said.
func needDay(values url.Values, name, which string) (string, []fault.Field) {
	day, bad := readDay(values, name, which)
	if day == "" && len(bad) == 0 {
		bad = []fault.Field{{Name: name, Problem: "Enter " + which + "."}}
	}
	return day, bad
}

// showChange shows the page of a change. Where it cannot be made, it says why in
// place of the form, and gives back what was written.
func (s *server) showChange(c *gin.Context, actor access.Actor, x change, status int, values url.Values, bad []fault.Field) error {
	q, err := asked(c)
	if err != nil {
		return err
	}
	q.For, q.Limit = x.action, 1
	sheet, err := s.keeper.Sheet(c.Request.Context(), actor, q)
	if err != nil {
		return err
	}
	if values == nil {
		values = x.fill(sheet)
	}
	form := page.NewForm(values, bad)
	v := x.face(sheet, form)
	v.Address, v.Caption = c.Request.URL.Path, fmt.Sprintf("%s, version %d", sheet.Document.Title, sheet.Shown.Number)
	v.Submit.Cancel = page.VersionAddress(sheet.Document.ID, sheet.Shown.Number)
	v.Hidden = []page.Kept{{Name: "seen", Text: strconv.Itoa(sheet.Stamp)}}
	if no := sheet.Cannot(x.action); no != nil {
		status = refusal(&v, no, status, values, bad)
	}
	if v.Frame, err = s.documentFrame(c, actor, sheet, versions.Ask{}, x.doing); err != nil {
		return err
	}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}

// refusal turns a page with a form into one that says why nothing can be done, and
// gives back what was written. It gives the status of the answer.
func refusal(v *page.Change, no *fault.Fault, status int, values url.Values, bad []fault.Field) int {
	v.Fields, v.Submit.Words, v.Words, v.Compare = nil, "", written(values), nil
	if len(bad) == 0 { // otherwise the summary says it
		v.Words = []string{no.Public}
	}
	if status == http.StatusOK {
		status, _, _ = face(no.Kind)
	}
	return status
}

// written gives back what somebody wrote who could not send it.
func written(values url.Values) []string {
	var words []string
	for _, name := range []string{"note", "why"} {
		if text := values.Get(name); text != "" {
			words = append(words, "You had written: “"+text+"”")
		}
	}
	return words
}
