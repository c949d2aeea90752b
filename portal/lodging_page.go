package portal

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/portal/page"
	"custodian/versions"
)

// restrictedNamed finds the restricted section of the record that an address names.
func (s *server) restrictedNamed(c *gin.Context, actor access.Actor) (versions.RestrictedSection, error) {
	record, err := id(c, "id")
	if err != nil {
		return versions.RestrictedSection{}, err
	}
	return s.keeper.RestrictedOf(c.Request.Context(), actor, record)
}

// lodgingNamed finds the lodging that an address names.
func (s *server) lodgingNamed(c *gin.Context, actor access.Actor) (versions.Lodged, error) {
	lodging, err := id(c, "id")
	if err != nil {
		return versions.Lodged{}, err
	}
	return s.keeper.Lodging(c.Request.Context(), actor, lodging)
}

// restrictedPage shows the restricted section of a record: what lies there, why
// that is so, and until when.
func (s *server) restrictedPage(c *gin.Context, actor access.Actor) error {
	found, err := s.restrictedNamed(c, actor)
	if err != nil {
		return err
	}
	v := page.RestrictedOf(found)
	kind := page.ListAddress(found.Where.Kind)
	if v.Frame, err = s.frame(c, actor, "Restricted section: "+page.Kind(found.Where.Kind), kind); err != nil {
		return err
	}
	v.Crumbs = []page.Link{{Words: page.Kinds(found.Where.Kind), Address: kind}, {Words: found.Where.Name, Address: page.RecordAddress(found.Where.Record)}, {Words: "Restricted section"}}
	return s.show(c, http.StatusOK, "restricted", v)
}

// lodgingsPage is the register of what is restricted, the longest overdue first.
func (s *server) lodgingsPage(c *gin.Context, actor access.Actor) error {
	var at versions.RegisterPlace
	if due, err := clock.ParseDay(c.Query("due")); err == nil {
		at = versions.RegisterPlace{Due: due, ID: after(c, "after")}
	}
	found, err := s.keeper.Register(c.Request.Context(), actor, at, rowsOfPage+1)
	if err != nil {
		return err
	}
	v := page.LodgingsOf(found, rowsOfPage, at.ID != 0)
	if v.Frame, err = s.frame(c, actor, "Restricted sections", "/oversight"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "lodgings", v)
}

// lodgingPage shows one lodging.
func (s *server) lodgingPage(c *gin.Context, actor access.Actor) error {
	found, err := s.lodgingNamed(c, actor)
	if err != nil {
		return err
	}
	v := page.LodgingOf(found)
	if v.Frame, err = s.lodgingFrame(c, actor, found, ""); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "lodging", v)
}

func (s *server) lodgingFrame(c *gin.Context, actor access.Actor, l versions.Lodged, doing string) (page.Frame, error) {
	title, kind := "Restricted section", page.ListAddress(l.RecordKind)
	if doing != "" {
		title = doing
	}
	f, err := s.frame(c, actor, title, kind)
	f.Crumbs = []page.Link{{Words: page.Kinds(l.RecordKind), Address: kind}, {Words: l.RecordName, Address: page.RecordAddress(l.Record)},
		{Words: "Restricted section", Address: page.RestrictedAddress(l.Record)}, {Words: "Lodging"}}
	if doing != "" {
		f.Crumbs[3].Address = page.LodgingAddress(l.ID)
		f.Crumbs = append(f.Crumbs, page.Link{Words: doing})
	}
	return f, err
}

// judgement is something that is decided about a lodging, on a page of its own.
type judgement struct {
	done  string // the word that the notice afterwards goes by
	day   string // the name of the day that is asked for, "" for none
	which string // says in a sentence which day that is
	ended bool   // it can be done after the lodging has ended
	face  func(versions.Lodged, *page.Form) page.Change
	check func(day string, values url.Values) []fault.Field
	do    func(k *versions.Keeper, c *gin.Context, actor access.Actor, id int64, day string, values url.Values) error
}

func keeping() judgement {
	review := func(day string, v url.Values) versions.Review {
		return versions.Review{Why: line(v, "why"), ReviewOn: day}
	}
	return judgement{done: "lodging-kept", day: "review_on", which: "the day of the next review", face: page.KeepLodging,
		check: func(day string, v url.Values) []fault.Field { return review(day, v).Check(today()) },
		do: func(k *versions.Keeper, c *gin.Context, actor access.Actor, id int64, day string, v url.Values) error {
			return k.KeepLodged(c.Request.Context(), actor, id, review(day, v))
		}}
}

func sharing() judgement {
	shared := func(day string, v url.Values) versions.Sharing {
		return versions.Sharing{WithWhom: line(v, "with_whom"), ToSubject: v.Get("to_subject") == "yes", Why: line(v, "why"), Despite: line(v, "despite"), ReviewOn: day}
	}
	return judgement{done: "shared", day: "review_on", which: "the day of the next review", face: page.ShareLodging,
		check: func(day string, v url.Values) []fault.Field {
			bad := shared(day, v).Check(today())
			if said := v.Get("to_subject"); said != "yes" && said != "no" {
				bad = append(bad, fault.Field{Name: "to_subject", Problem: "Say whether it was shared with the person whom the record is about."})
			}
			return bad
		},
		do: func(k *versions.Keeper, c *gin.Context, actor access.Actor, id int64, day string, v url.Values) error {
			return k.ShareLodged(c.Request.Context(), actor, id, shared(day, v))
		}}
}

func movingOut() judgement { return ending(false) }

func takingBack() judgement { return ending(true) }

func ending(withdrawn bool) judgement {
	end := func(v url.Values) versions.Ending {
		return versions.Ending{Withdrawn: withdrawn, To: v.Get("section"), Why: line(v, "why"), Despite: line(v, "despite")}
	}
	return judgement{done: "lodging-out",
		face:  func(l versions.Lodged, f *page.Form) page.Change { return page.EndLodging(l, withdrawn, f) },
		check: func(_ string, v url.Values) []fault.Field { return end(v).Check(today()) },
		do: func(k *versions.Keeper, c *gin.Context, actor access.Actor, id int64, _ string, v url.Values) error {
			return k.EndLodging(c.Request.Context(), actor, id, end(v))
		}}
}

func asking() judgement {
	said := func(day string, v url.Values) versions.Consulted {
		return versions.Consulted{Answer: v.Get("answer"), Words: line(v, "words"), On: day, Despite: line(v, "despite")}
	}
	return judgement{done: "consulted", day: "on", which: "the day on which they were asked", ended: true, face: page.AskOriginator,
		check: func(day string, v url.Values) []fault.Field { return said(day, v).Check(today()) },
		do: func(k *versions.Keeper, c *gin.Context, actor access.Actor, id int64, day string, v url.Values) error {
			return k.Consult(c.Request.Context(), actor, id, said(day, v))
		}}
}

// deciding makes the handler of a page on which something is decided about a lodging.
func (s *server) deciding(make func() judgement) handler {
	return func(c *gin.Context, actor access.Actor) error {
		lodging, err := id(c, "id")
		if err != nil {
			return err
		}
		l, err := s.keeper.LodgingToDecide(c.Request.Context(), actor, lodging)
		if err != nil {
			return err
		}
		j := make()
		if c.Request.Method == http.MethodGet {
			values := url.Values{}
			switch j.day {
			case "review_on":
				values = page.ReviewIn(values, j.day, today(), usualReview)
			case "on":
				values = page.DayFields(values, j.day, today())
			}
			return s.askLodging(c, actor, l, j, http.StatusOK, values, nil)
		}
		values, err := typed(c)
		if err != nil {
			return err
		}
		day, bad := "", []fault.Field(nil)
		if j.day != "" {
			day, bad = readDay(values, j.day, j.which)
		}
		if err = badDays(bad, j.check(day, values)); err == nil {
			err = j.do(s.keeper, c, actor, lodging, day, values)
		}
		if status, problems, ok := refused(err); ok {
			return s.askLodging(c, actor, l, j, status, values, problems)
		}
		if err != nil {
			return err
		}
		return s.done(c, page.LodgingAddress(lodging), j.done)
	}
}

func (s *server) askLodging(c *gin.Context, actor access.Actor, l versions.Lodged, j judgement, status int, values url.Values, bad []fault.Field) error {
	form := page.NewForm(values, bad)
	v := j.face(l, form)
	v.Address, v.Submit.Cancel = c.Request.URL.Path, page.LodgingAddress(l.ID)
	if l.EndedAt != nil && !j.ended {
		status = refusal(&v, fault.New(fault.Conflict, "This document is not in the restricted section any more."), status, values, bad)
	}
	if slices.ContainsFunc(bad, func(f fault.Field) bool { return f.Name == "consulted" }) {
		v.Links = append(v.Links, page.Link{Words: "Record what whoever told us says", Address: page.LodgingAddress(l.ID) + "/originator"})
	}
	var err error
	if v.Frame, err = s.lodgingFrame(c, actor, l, v.Heading); err != nil {
		return err
	}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}

// badDays joins what was wrong with days as they were typed and with all else. What
// is wrong with how a day was typed comes before what is missing there.
func badDays(days, others []fault.Field) error {
	all := slices.Clone(days)
	for _, f := range others {
		if !slices.ContainsFunc(days, func(d fault.Field) bool { return d.Name == f.Name }) {
			all = append(all, f)
		}
	}
	return fault.Bad(all)
}
