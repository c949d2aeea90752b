package portal

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/portal/page"
	"custodian/versions"
)

// recordPeople shows who could see a record on a day, by which grant, and lets its
// manager give and end what hangs on the record alone.
func (s *server) recordPeople(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	day, ask, form := onDay(c, page.RecordAddress(record)+"/people", "Show who could see it on")
	from, until := page.AccessSpan(day)
	told, err := grants.AccessTo(c.Request.Context(), s.db, actor, record, from, until)
	if err != nil {
		return err
	}
	w, err := s.keeper.Where(c.Request.Context(), actor, record)
	named := err == nil
	if err != nil && !fault.Is(err, fault.NotFound) { // an auditor may know who, and not of whom
		return err
	}
	v := page.RecordPeople{Caption: "A record whose name is not shown to you", Heading: "Who may see this record", OnDay: ask, Day: page.Day(day)}
	about := w.Kind
	if !named {
		about = -1
	}
	v.Rows = page.AccessRows(told, about, day, now())
	if w.May.Manage {
		if err := s.givenOn(c, actor, &v, w, told); err != nil {
			return err
		}
	}
	menu := ""
	if named {
		v.Caption, menu = w.Name, page.ListAddress(w.Kind)
	}
	if v.Frame, err = s.frame(c, actor, "Who may see this record", menu); err != nil {
		return err
	}
	if named {
		v.Crumbs = []page.Link{{Words: page.Kinds(w.Kind), Address: menu}, {Words: w.Name, Address: page.RecordAddress(record)}, {Words: "Who may see it"}}
	}
	status := http.StatusOK
	if v.Problems = form.Summary(); len(v.Problems) > 0 {
		status = http.StatusBadRequest
	}
	return s.show(c, status, "record-people", v)
}

// givenOn adds what the manager of a record may do about who sees it.
func (s *server) givenOn(c *gin.Context, actor access.Actor, v *page.RecordPeople, w versions.Where, told []grants.Told) error {
	at := page.RecordAddress(w.Record) + "/people"
	consents, visitor, err := grants.Consents(c.Request.Context(), s.db, actor, w.Record)
	if err != nil {
		return err
	}
	if w.Open && w.Home != 0 && w.Kind != access.Library {
		v.Entrust = at + "/key-worker"
	}
	if w.Open && w.Home != 0 && grants.OpensToInspectors(w.Kind) {
		v.Inspect = at + "/inspector"
	}
	if _, ok := grants.OwnKinds()[w.Kind]; ok {
		v.LetRead = at + "/own"
	}
	v.Consents = page.ConsentsOf(w.Record, consents, now())
	if visitor != "" {
		v.Visitor = page.RoleWords(string(visitor))
		v.Stand = page.StandOf(consents, visitor, w.Kind, now())
		if w.Open {
			v.Consent = at + "/consent"
		}
	}
	rows := map[string]bool{}
	for _, g := range told {
		if g.Scope == access.AtRecord && grants.EndsHere(g.Basis) && (g.Until == nil || g.Until.After(now())) {
			page.EndAt(v.Rows, g, at+"/grants/"+strconv.FormatInt(g.Grant, 10)+"/end", rows)
		}
	}
	return nil
}

// recordForm is one thing that is done on a record's people.
type recordForm struct {
	action access.Action
	asks   access.Action // besides, where it asks for a fresh sign-in
	done   string
	face   func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error)
	first  func() url.Values // what stands in the form the first time
	do     func(c *gin.Context, actor access.Actor, record int64, values url.Values) error
}

// onRecord shows such a form, and does what it says.
func (s *server) onRecord(f recordForm) handler {
	return func(c *gin.Context, actor access.Actor) error {
		record, err := id(c, "id")
		if err != nil {
			return err
		}
		r, _, err := people.ToChange(c.Request.Context(), s.db, actor, record, f.action)
		if err != nil {
			return err
		}
		if f.asks.Fresh() {
			if sent, err := s.askMore(c, actor, f.asks, nil); sent || err != nil {
				return err
			}
		}
		form, status, err := s.formOf(c, f.first(), func(v url.Values) (string, string, error) {
			return page.RecordAddress(record) + "/people", f.said(v), f.do(c, actor, record, v)
		})
		if form == nil {
			return err
		}
		v, err := f.face(c, actor, r, form)
		if err != nil {
			return err
		}
		v.Caption, v.Address, v.Submit.Cancel = r.Name, c.Request.URL.Path, page.RecordAddress(record)+"/people"
		return s.askPage(c, actor, v, page.ListAddress(r.Kind), status, form)
	}
}

// said is the word by which the next page tells what was done: a no is no consent.
func (f recordForm) said(v url.Values) string {
	if f.done == "consent" && v.Get("answer") == grants.No {
		return "consent-no"
	}
	return f.done
}

// noMore asks for nothing besides: the route's own action may.
var noMore access.Action

func noneYet() url.Values { return nil }

func beginsToday() url.Values { return page.DayFields(nil, "from", today()) }

// entrusting makes somebody the key worker of a record.
func (s *server) entrusting() recordForm {
	return recordForm{access.GiveGrant, noMore, "entrusted", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		var list []people.Colleague
		if r.HomeID != nil {
			var err error
			if list, err = people.Colleagues(c.Request.Context(), s.db, actor, *r.HomeID, grants.Carers()); err != nil {
				return page.Change{}, err
			}
		}
		return page.Entrust(r, list, form), nil
	}, noneYet, func(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
		to, err := strconv.ParseInt(values.Get("to"), 10, 64)
		if err != nil || to < 1 {
			return fault.Bad([]fault.Field{{Name: "to", Problem: "Choose who it is."}})
		}
		until, bad := lastDay(values)
		if len(bad) > 0 {
			return fault.Bad(bad)
		}
		_, err = grants.EntrustUntil(c.Request.Context(), s.db, actor, access.ActorID(to), record, until.end(), strings.TrimSpace(values.Get("why")))
		return err
	}}
}

// consenting records a consent that an independent visitor reads a record.
func (s *server) consenting() recordForm {
	return recordForm{access.RecordConsent, noMore, "consent", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		_, visitor, err := grants.Consents(c.Request.Context(), s.db, actor, r.ID)
		if err == nil && visitor == "" {
			err = notThere()
		}
		return page.RecordConsent(r, string(visitor), form), err
	}, beginsToday, func(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
		n := grants.NewConsent{Record: record, Capacity: values.Get("capacity"), Answer: values.Get("answer"), Who: line(values, "who"), Evidence: line(values, "evidence"), Because: line(values, "because")}
		if n.Answer != grants.No { // a no counts from now on
			from, bad := needDay(values, "from", "the first day")
			until, wrong := lastDay(values)
			if bad = append(bad, wrong...); len(bad) > 0 {
				return fault.Bad(bad)
			}
			n.From, n.Until = spanOf(from).start(), until.end()
		}
		return grants.RecordConsent(c.Request.Context(), s.db, actor, n)
	}}
}

// endingGrant ends what was given to one person on a record.
func (s *server) endingGrant() recordForm {
	return recordForm{access.EndGrant, noMore, "grant", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		grant, err := id(c, "grant")
		if err != nil {
			return page.Change{}, err
		}
		told, err := grants.AccessTo(c.Request.Context(), s.db, actor, r.ID, now(), now().Add(1))
		if err != nil {
			return page.Change{}, err
		}
		for _, g := range told {
			if g.Grant == grant && g.Scope == access.AtRecord && grants.EndsHere(g.Basis) {
				return page.EndGrant(r, g, form), nil
			}
		}
		return page.Change{}, notThere()
	}, noneYet, func(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
		grant, err := id(c, "grant")
		if err != nil {
			return err
		}
		return grants.EndGrant(c.Request.Context(), s.db, actor, record, grant, strings.TrimSpace(values.Get("why")))
	}}
}

// withdrawingConsent ends a consent.
func (s *server) withdrawingConsent() recordForm {
	return recordForm{access.WithdrawConsent, noMore, "withdrawal", func(c *gin.Context, actor access.Actor, r people.Record, form *page.Form) (page.Change, error) {
		consent, err := id(c, "consent")
		if err != nil {
			return page.Change{}, err
		}
		list, _, err := grants.Consents(c.Request.Context(), s.db, actor, r.ID)
		if err != nil {
			return page.Change{}, err
		}
		for _, one := range list {
			if one.ID == consent && one.Until.After(now()) {
				return page.WithdrawConsent(one, form), nil
			}
		}
		return page.Change{}, notThere()
	}, noneYet, func(c *gin.Context, actor access.Actor, record int64, values url.Values) error {
		consent, err := id(c, "consent")
		if err != nil {
			return err
		}
		return grants.WithdrawConsent(c.Request.Context(), s.db, actor, record, consent, strings.TrimSpace(values.Get("why")))
	}}
}

// lastDay reads the last day on which something holds, the zero Day for none.
func lastDay(values url.Values) (span, []fault.Field) {
	text, bad := readDay(values, "until", "the last day")
	return spanOf(text), bad
}
