package portal

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/versions"
)

type statementView struct {
	Topic     string `json:"topic"`
	None      bool   `json:"none"`
	Words     string `json:"words"`
	Source    string `json:"source"`
	From      string `json:"from_on"`
	By        string `json:"by"`
	PostTitle string `json:"post_title"`
	At        string `json:"at"`
}

func showStatement(s people.Statement) statementView {
	return statementView{string(s.Topic), s.None, s.Words, s.Source, s.From.Format(time.DateOnly), s.By, s.Post, instant(s.At)}
}

type safetyLineView struct {
	Topic string         `json:"topic"`
	Said  *statementView `json:"said"`
}

// safety gives the safety panel of a record on a day, now or as known then, with
// everything that was ever said in it.
func (s *server) safety(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	if _, err := pageOf(c, "date", "known"); err != nil {
		return err
	}
	var q people.SafetyAsk
	var bad []fault.Field
	if date := c.Query("date"); date != "" {
		if q.Day, err = clock.ParseDay(date); err != nil {
			bad = append(bad, fault.Field{Name: "date", Problem: err.Error() + "."})
		}
	}
	if known := c.Query("known"); known != "" {
		q.Known, bad = moment("known", known, bad)
	}
	if err := fault.Bad(bad); err != nil {
		return err
	}
	found, err := people.SafetyHistory(c.Request.Context(), s.db, actor, record, q)
	if err != nil {
		return err
	}
	panel, history := []safetyLineView{}, []statementView{}
	for _, l := range found.Lines {
		line := safetyLineView{Topic: string(l.Topic)}
		if l.Said != nil {
			said := showStatement(*l.Said)
			line.Said = &said
		}
		panel = append(panel, line)
	}
	for _, h := range found.History {
		history = append(history, showStatement(h))
	}
	return answer(c, http.StatusOK, struct {
		Day     string           `json:"date"`
		Panel   []safetyLineView `json:"panel"`
		History []statementView  `json:"history"`
	}{found.Day.String(), panel, history})
}

func (s *server) sayInPanel(c *gin.Context, actor access.Actor) error {
	record, err := id(c, "id")
	if err != nil {
		return err
	}
	var in struct {
		Topic  string `json:"topic"`
		None   bool   `json:"none"`
		Words  string `json:"words"`
		Source string `json:"source"`
		From   string `json:"from_on"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	return none(c, people.SaySafety(c.Request.Context(), s.db, actor, record,
		people.NewStatement{Topic: people.Topic(in.Topic), None: in.None, Words: in.Words, Source: in.Source, From: in.From}))
}

// none answers an act that gives nothing back.
func none(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// changeSection moves a document to another section; into the restricted one with
// its lodging.
func (s *server) changeSection(c *gin.Context, actor access.Actor) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	var in struct {
		Section    string `json:"section"`
		Why        string `json:"why"`
		Ground     string `json:"ground"`
		Reason     string `json:"reason"`
		AdvisedBy  string `json:"advised_by"`
		Originator string `json:"originator"`
		ReviewOn   string `json:"lodging_review_on"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if to, ok := access.ParseSection(in.Section); ok && to == access.General {
		if err := s.noReleaseByToken(c, actor, access.MoveSection, versions.Release{Document: document, To: &to}); err != nil {
			return err
		}
	}
	return none(c, s.keeper.MoveSection(c.Request.Context(), actor, document, versions.SectionMove{To: in.Section, Why: in.Why,
		Lodging: versions.Lodging{Ground: in.Ground, Reason: in.Reason, AdvisedBy: in.AdvisedBy, Originator: in.Originator, ReviewOn: in.ReviewOn}}))
}

type lodgingView struct {
	ID         ref     `json:"id"`
	Document   ref     `json:"document"`
	Record     ref     `json:"record"`
	Ground     string  `json:"ground"`
	Reason     string  `json:"reason"`
	AdvisedBy  string  `json:"advised_by"`
	Originator string  `json:"originator"`
	Due        string  `json:"review_on"`
	Overdue    bool    `json:"overdue"`
	By         string  `json:"by"`
	PostTitle  string  `json:"post_title"`
	At         string  `json:"at"`
	EndedAt    *string `json:"ended_at"`
}

func showLodging(l versions.Lodged) lodgingView {
	return lodgingView{refOf(l.ID), refOf(l.Document), refOf(l.Record), l.Ground, l.Reason, l.Adviser, l.Originator, l.Due.String(), l.Overdue(), l.By, l.Post, instant(l.At), instantOrNil(l.EndedAt)}
}

type lodgingEventView struct {
	What      string  `json:"what"`
	Why       string  `json:"why"`
	ReviewOn  *string `json:"review_on"`
	WithWhom  string  `json:"with_whom"`
	ToSubject bool    `json:"to_subject"`
	Despite   string  `json:"despite"`
	By        string  `json:"by"`
	PostTitle string  `json:"post_title"`
	At        string  `json:"at"`
}

type consultationView struct {
	Answer    string `json:"answer"`
	Words     string `json:"words"`
	On        string `json:"on"`
	Despite   string `json:"despite"`
	By        string `json:"by"`
	PostTitle string `json:"post_title"`
	At        string `json:"at"`
}

func (s *server) lodging(c *gin.Context, actor access.Actor) error {
	l, err := s.lodgingNamed(c, actor)
	if err != nil {
		return err
	}
	events, asked, lacks := []lodgingEventView{}, []consultationView{}, []string{}
	for _, e := range l.Events {
		events = append(events, lodgingEventView{e.What, e.Why, plain(e.ReviewOn), e.WithWhom, e.ToSubject, e.Despite, e.By, e.Post, instant(e.At)})
	}
	for _, a := range l.Asked {
		asked = append(asked, consultationView{a.Answer, a.Words, a.On.Format(time.DateOnly), a.Despite, a.By, a.Post, instant(a.At)})
	}
	for _, x := range l.Lacks {
		lacks = append(lacks, string(x))
	}
	return answer(c, http.StatusOK, struct {
		lodgingView
		Events        []lodgingEventView `json:"events"`
		Consultations []consultationView `json:"consultations"`
		Lacks         []string           `json:"lacks_for_release"`
	}{showLodging(l), events, asked, lacks})
}

// recordLodgings lists what lies in the restricted section of a record, and what
// once did.
func (s *server) recordLodgings(c *gin.Context, actor access.Actor) error {
	found, err := s.restrictedNamed(c, actor)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list(listPage{limit: len(found.Lodgings)}, found.Lodgings, showLodging, nil))
}

// lodgings is the register, the longest overdue first.
func (s *server) lodgings(c *gin.Context, actor access.Actor) error {
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	at, err := p.ids(2)
	if err != nil {
		return err
	}
	var place versions.RegisterPlace
	if at[0] != 0 {
		place = versions.RegisterPlace{Due: clock.DayOf(time.Unix(at[0], 0)), ID: at[1]}
	}
	found, err := s.keeper.Register(c.Request.Context(), actor, place, p.limit+1)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, list(p, found, showLodging, func(l versions.Lodged) []int64 { return []int64{l.Due.Start().Unix(), l.ID} }))
}

func (s *server) keepLodging(c *gin.Context, actor access.Actor) error {
	var in struct {
		Why      string `json:"why"`
		ReviewOn string `json:"review_on"`
	}
	return s.aboutLodging(c, &in, func(lodging int64) error {
		return s.keeper.KeepLodged(c.Request.Context(), actor, lodging, versions.Review{Why: in.Why, ReviewOn: in.ReviewOn})
	})
}

func (s *server) consultOriginator(c *gin.Context, actor access.Actor) error {
	var in struct {
		Answer  string `json:"answer"`
		Words   string `json:"words"`
		On      string `json:"on"`
		Despite string `json:"despite"`
	}
	return s.aboutLodging(c, &in, func(lodging int64) error {
		return s.keeper.Consult(c.Request.Context(), actor, lodging, versions.Consulted(in))
	})
}

// aboutLodging reads what is decided about a lodging, and does it.
func (s *server) aboutLodging(c *gin.Context, in any, do func(int64) error) error {
	lodging, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := body(c, in); err != nil {
		return err
	}
	return none(c, do(lodging))
}

type noteView struct {
	By        string  `json:"by"`
	PostTitle string  `json:"post_title"`
	At        string  `json:"at"`
	EndedAt   *string `json:"ended_at"`
}

// notesOf gives the notes of lodging of a record, beside the record itself.
func (s *server) notesOf(c *gin.Context, actor access.Actor, record int64) ([]noteView, error) {
	notes, err := s.keeper.Notes(c.Request.Context(), actor, record)
	list := []noteView{}
	for _, n := range notes {
		list = append(list, noteView{n.By, n.Post, instant(n.At), instantOrNil(n.EndedAt)})
	}
	return list, err
}
