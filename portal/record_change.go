package portal

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/portal/page"
)

// step is something that happens to a record, on a page of its own.
type step struct {
	action access.Action
	doing  string // in the crumbs and the title
	done   string // the word that the notice afterwards goes by
	which  string // says in a sentence which day is asked for
	face   func(people.Record, []people.Home, *page.Form) page.Change
	do     func(ctx context.Context, db *audit.DB, actor access.Actor, record, home int64, c people.Change) error
}

func closing() step {
	return step{access.CloseRecord, "Close", "closed", "the day on which it was closed", page.CloseRecord,
		func(ctx context.Context, db *audit.DB, actor access.Actor, record, _ int64, c people.Change) error {
			return people.Close(ctx, db, actor, record, c)
		}}
}

func reopening() step {
	return step{access.ReopenRecord, "Open again", "reopened", "the day on which it was opened again", page.ReopenRecord,
		func(ctx context.Context, db *audit.DB, actor access.Actor, record, _ int64, c people.Change) error {
			return people.Reopen(ctx, db, actor, record, c)
		}}
}

func moving() step {
	return step{access.MoveRecord, "Move", "moved", "the day on which it moved", page.MoveRecord, people.Move}
}

// stepForm shows the page on which something is to be done to a record.
func (s *server) stepForm(t step) handler {
	return func(c *gin.Context, actor access.Actor) error {
		return s.showStep(c, actor, t, http.StatusOK, page.DayFields(nil, "on", today()), nil)
	}
}

// stepSend does it, or shows the page again with what was typed.
func (s *server) stepSend(t step) handler {
	return func(c *gin.Context, actor access.Actor) error {
		record, err := id(c, "id")
		if err != nil {
			return err
		}
		values, err := typed(c)
		if err != nil {
			return err
		}
		on, home, bad := readStep(values, t)
		if len(bad) > 0 {
			return s.showStep(c, actor, t, http.StatusBadRequest, values, bad)
		}
		kind := values.Get("kind")
		err = t.do(c.Request.Context(), s.db, actor, record, home, people.Change{On: on, Why: values.Get("why")})
		if err == nil && t.action == access.MoveRecord {
			if _, ok := access.ParseRecordKind(kind); !ok {
				kind = access.Library.String()
			}
			return s.done(c, "/records?kind="+kind, t.done) // whoever moved it may no longer see it
		}
		if err == nil {
			return s.done(c, page.RecordAddress(record), t.done)
		}
		status, bad, ok := refused(err)
		if !ok {
			return err
		}
		return s.showStep(c, actor, t, status, values, bad)
	}
}

func readStep(values url.Values, t step) (on clock.Day, home int64, bad []fault.Field) {
	if t.action == access.MoveRecord {
		home, bad = readSetting(values, true)
	}
	text, wrong := needDay(values, "on", t.which)
	on, _ = clock.ParseDay(text)
	bad = append(bad, wrong...)
	return on, home, append(bad, fault.CheckLine("why", values.Get("why"))...)
}

// readSetting reads which setting was chosen; 0 is the whole provider.
func readSetting(values url.Values, one bool) (int64, []fault.Field) {
	home, err := strconv.ParseInt(values.Get("setting_id"), 10, 64)
	if err != nil || home < 0 || one && home == 0 {
		return 0, []fault.Field{{Name: "setting_id", Problem: "Choose a setting."}}
	}
	return home, nil
}

func (s *server) showStep(c *gin.Context, actor access.Actor, t step, status int, values url.Values, bad []fault.Field) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	r, to, err := people.ToChange(c.Request.Context(), s.db, actor, record, t.action)
	if err != nil {
		return err
	}
	form := page.NewForm(values, bad)
	v := t.face(r, to, form)
	v.Address, v.Caption, v.Submit.Cancel = c.Request.URL.Path, r.Name, page.RecordAddress(r.ID)
	v.Hidden = []page.Kept{{Name: "kind", Text: r.Kind.String()}}
	if no := r.Cannot(t.action, to); no != nil {
		status = refusal(&v, no, status, values, bad)
	}
	kind := page.ListAddress(r.Kind)
	if v.Frame, err = s.frame(c, actor, t.doing+": "+page.Kind(r.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(r.Kind), Address: kind}, {Words: r.Name, Address: page.RecordAddress(r.ID)}, {Words: t.doing}}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}
