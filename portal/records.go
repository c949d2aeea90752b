package portal

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/versions"
)

const kindProblem = "kind is one of library, staff, young-person, parent and family."

func (s *server) records(c *gin.Context, actor access.Actor) error {
	kind, ok := access.ParseRecordKind(c.Query("kind"))
	if !ok {
		return fault.Bad([]fault.Field{{Name: "kind", Problem: "Say which records: " + kindProblem}})
	}
	p, after, err := onePlace(c, "kind")
	if err != nil {
		return err
	}
	found, err := people.Records(c.Request.Context(), s.db, actor, kind, after, p.limit+1)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list(p, found, showRecord, func(r people.Record) []int64 { return []int64{r.ID} }))
}

type eventView struct {
	What    string `json:"what"`
	On      string `json:"on"`
	Setting string `json:"setting"`
	Why     string `json:"why"`
	By      string `json:"by"`
	At      string `json:"at"`
}

func (s *server) record(c *gin.Context, actor access.Actor) error {
	n, err := id(c, "id")
	if err != nil {
		return err
	}
	return s.showRecord(c, actor, n, http.StatusOK)
}

func (s *server) showRecord(c *gin.Context, actor access.Actor, record int64, status int) error {
	r, events, err := people.Get(c.Request.Context(), s.db, actor, record)
	if err != nil {
		return err
	}
	notes, err := s.notesOf(c, actor, record)
	if err != nil {
		return err
	}
	history := []eventView{}
	for _, e := range events {
		history = append(history, eventView{e.What, e.On.Format(time.DateOnly), e.Home, e.Why, e.By, instant(e.At)})
	}
	return answer(c, status, struct {
		recordView
		History []eventView `json:"history"`
		Notes   []noteView  `json:"notes_of_lodging"`
	}{showRecord(r), history, notes})
}

// changeBody is what is sent when a record is closed or reopened.
type changeBody struct {
	On  string `json:"on"`
	Why string `json:"why"`
}

// moveBody is what is sent when a record is moved.
type moveBody struct {
	changeBody
	Setting string `json:"setting_id"`
}

// openBody is what is sent when a record is opened.
type openBody struct {
	moveBody
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// day is today when none was said.
func (b changeBody) day(bad []fault.Field) (clock.Day, []fault.Field) {
	if b.On == "" {
		return clock.Day{}, bad
	}
	on, err := clock.ParseDay(b.On)
	if err != nil {
		bad = append(bad, fault.Field{Name: "on", Problem: err.Error() + "."})
	}
	return on, bad
}

func (b moveBody) setting(bad []fault.Field) (int64, []fault.Field) {
	home, err := strconv.ParseInt(b.Setting, 10, 64)
	if err != nil || home <= 0 {
		bad = append(bad, fault.Field{Name: "setting_id", Problem: "Say at which setting: setting_id is the id of one of those listed at /api/v1/settings."})
	}
	return home, bad
}

func (s *server) openRecord(c *gin.Context, actor access.Actor) error {
	var b openBody
	if err := body(c, &b); err != nil {
		return err
	}
	on, bad := b.day(nil)
	home, bad := b.setting(bad)
	kind, ok := access.ParseRecordKind(b.Kind)
	if !ok {
		bad = append(bad, fault.Field{Name: "kind", Problem: "Say what the record is: " + kindProblem})
	}
	bad = append(bad, fault.CheckLine("name", b.Name)...)
	bad = append(bad, fault.CheckLine("why", b.Why)...)
	if err := fault.Bad(bad); err != nil {
		return err
	}
	record, err := people.Open(c.Request.Context(), s.db, actor, people.NewRecord{Home: home, Kind: kind, Name: b.Name, On: on, Why: b.Why})
	if err != nil {
		return err
	}
	c.Header("Location", "/api/v1/records/"+string(refOf(record)))
	return s.showRecord(c, actor, record, http.StatusCreated)
}

func (s *server) closeRecord(c *gin.Context, actor access.Actor) error {
	return s.changeRecord(c, actor, people.Close)
}

func (s *server) reopenRecord(c *gin.Context, actor access.Actor) error {
	return s.changeRecord(c, actor, people.Reopen)
}

func (s *server) changeRecord(c *gin.Context, actor access.Actor, change func(context.Context, *audit.DB, access.Actor, int64, people.Change) error) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	var b changeBody
	if err := body(c, &b); err != nil {
		return err
	}
	on, bad := b.day(nil)
	if err := fault.Bad(append(bad, fault.CheckLine("why", b.Why)...)); err != nil {
		return err
	}
	if err := change(c.Request.Context(), s.db, actor, record, people.Change{On: on, Why: b.Why}); err != nil {
		return err
	}
	return s.showRecord(c, actor, record, http.StatusOK)
}

// moveRecord answers without the record: whoever moves it may no longer see it.
func (s *server) moveRecord(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	var b moveBody
	if err := body(c, &b); err != nil {
		return err
	}
	on, bad := b.day(nil)
	home, bad := b.setting(bad)
	if err := fault.Bad(append(bad, fault.CheckLine("why", b.Why)...)); err != nil {
		return err
	}
	if err := people.Move(c.Request.Context(), s.db, actor, record, home, people.Change{On: on, Why: b.Why}); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) recordDocuments(c *gin.Context, actor access.Actor) error {
	return s.documents(c, actor, s.keeper.OfRecord)
}

func (s *server) homeDocuments(c *gin.Context, actor access.Actor) error {
	return s.documents(c, actor, s.keeper.OfHome)
}

func (s *server) documents(c *gin.Context, actor access.Actor, find func(context.Context, access.Actor, int64, versions.After, int) ([]versions.Document, error)) error {
	place, err := id(c, "id")
	if err != nil {
		return err
	}
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	at, err := p.ids(2)
	if err != nil {
		return err
	}
	after := versions.After{ID: at[1]}
	if at[0] != 0 {
		after.At = time.UnixMicro(at[0])
	}
	found, err := find(c.Request.Context(), actor, place, after, p.limit+1)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list(p, found, showDocument, func(d versions.Document) []int64 { return []int64{d.LatestAt.UnixMicro(), d.ID} }))
}

func (s *server) footprints(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	p, before, err := onePlace(c)
	if err != nil {
		return err
	}
	found, err := audit.OfRecord(c.Request.Context(), s.db, actor, record, before, p.limit+1)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list(p, found, showFootprint, func(f audit.Footprint) []int64 { return []int64{f.ID} }))
}

// asAt asks what was in force on a day, or at an instant, now or as known then.
func (s *server) asAt(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	p, err := pageOf(c, "date", "at", "known")
	if err != nil {
		return err
	}
	from, err := p.ids(2)
	if err != nil {
		return err
	}
	q, err := question(c)
	if err != nil {
		return err
	}
	if from[1] != 0 {
		q.Known = time.UnixMicro(from[1]) // a further page answers the question of the first
	}
	q.After, q.Limit = from[0], p.limit+1
	found, asked, err := s.keeper.AsAt(c.Request.Context(), actor, record, q)
	if err != nil {
		return err
	}
	if !q.Known.IsZero() && q.Known.Before(asked) {
		asked = q.Known
	}
	return answer(c, http.StatusOK, list(p, found, showAnswer, func(a versions.Answer) []int64 { return []int64{a.Document.ID, asked.UnixMicro()} }))
}

func question(c *gin.Context) (versions.Question, error) {
	var q versions.Question
	var bad []fault.Field
	date, at := c.Query("date"), c.Query("at")
	switch {
	case (date == "") == (at == ""):
		bad = append(bad, fault.Field{Name: "date", Problem: "Ask about a day (date=2026-03-14) or about an instant (at=2026-03-14T16:30:00Z): one of the two."})
	case date != "":
		day, err := clock.ParseDay(date)
		if err != nil {
			bad = append(bad, fault.Field{Name: "date", Problem: err.Error() + "."})
		} else {
			q.At, q.Day = versions.On(day), date
		}
	default:
		q.At, bad = moment("at", at, bad)
	}
	if s := c.Query("known"); s != "" {
		q.Known, bad = moment("known", s, bad)
	}
	return q, fault.Bad(bad)
}

func moment(name, s string, bad []fault.Field) (time.Time, []fault.Field) {
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err == nil && (clock.DayOf(t).Before(clock.First) || clock.Last.Before(clock.DayOf(t))):
		bad = append(bad, fault.Field{Name: name, Problem: fmt.Sprintf("%s is out of range. Give a moment from %s to %s.", name, clock.First, clock.Last)})
	case err != nil:
		bad = append(bad, fault.Field{Name: name, Problem: name + " is an instant such as 2026-03-14T16:30:00Z. In an address, write + as %2B."})
	}
	return t, bad
}
