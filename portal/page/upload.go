package page

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/versions"
)

// FileField is where files are chosen, dropped, or photographed.
type FileField struct {
	Label, Hint, Problem string
	Limit                int64 // bytes that one file may have
	LimitWords           string
	Most                 int // files at once
	One                  bool
}

// FileField makes it.
func (f *Form) FileField(limit int64, one bool) FileField {
	v := FileField{Label: "Files", Limit: limit, LimitWords: limitWords(limit), Most: versions.MostFiles, One: one}
	v.Hint = fmt.Sprintf("Any documents, scans or photographs, up to %s each and %d at a time. We check them before they are kept.", v.LimitWords, v.Most)
	if one {
		v.Label, v.Most, v.Hint = "File", 1, fmt.Sprintf("Any document, scan or photograph, up to %s. We check it before it is kept.", v.LimitWords)
	}
	v.Problem = f.problem("file", "file")
	return v
}

// limitWords promises no more than the limit holds.
func limitWords(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%d GB", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%d MB", n/1e6)
	}
	return Size(n)
}

// KindOption is a kind of document that may be chosen, and what it is asked for.
type KindOption struct {
	Value, Words   string
	Chosen         bool
	Event, Arrives bool
}

// KindChoice is the question what a file is.
type KindChoice struct {
	Problem string
	Options []KindOption
}

// Know is the question how the author knows.
type Know struct {
	Problem     string
	There, Told bool
	Who, Post   Input
}

// Reason is the question why something is recorded late.
type Reason struct {
	Open bool
	Ago  string // "5 days ago"
	Why  Input
}

// Facts are the questions about one file. For a new document all may apply, and
// a script leaves those that the chosen kind needs; a version has the kind of its
// document, and is asked only what that needs.
type Facts struct {
	Kind     *KindChoice
	KindName string // of a document that is there already
	Title    *Input
	Section  *Choice        // where the sender has a choice
	Lodging  *LodgingFields // where the sender may restrict
	Holds    *Holds
	Event    *Occurrence
	Arrives  *Arrival
	Note     *Input
	Post     *Input // where the author's post is not known
	Key      string
	Latest   int
}

// Holds asks from when to when it holds.
type Holds struct{ From, To, Review Date }

// Occurrence asks about something that happened, which is to be recorded within 24 hours.
type Occurrence struct {
	On   Date
	Time Input
	Late Reason
	Know Know
}

// Arrival asks about something that came from outside.
type Arrival struct {
	On     Date
	Sender Input
}

// About says what a file is to be: where it goes, and of which kind it is.
type About struct {
	Record   access.RecordKind
	Document versions.Document // whose next version it is; the zero Document for a new one
	Latest   int
	Post     string    // the author's post, as known
	Happened time.Time // when it happened, as typed
	Now      time.Time
	Sections []access.Section   // to which the sender may add
	Advisers []versions.Adviser // who may be named as having advised
}

// Facts makes the questions.
func (f *Form) Facts(a About) Facts {
	isNew := a.Document.ID == 0
	v := Facts{Key: f.Typed("key"), Latest: a.Latest}
	kind, _ := versions.KindOf(a.Document.Kind)
	if isNew {
		v.Kind = f.kinds(a.Record)
		title := f.Line("title", "Title", "What people will look for. For example, “Fire safety” or “Visit by the social worker”.")
		v.Title = &title
		f.sections(&v, a)
	} else {
		v.KindName = a.Document.Kind
	}
	if isNew || kind.Event {
		v.Event = f.event(a)
	}
	if isNew || !kind.Event {
		v.Holds = &Holds{f.Date("in_force_from", "From when does it hold?", "For example, 14 3 2025."),
			f.Date("in_force_to", "Until when does it hold? (optional)", "The last day. Leave it out if it holds until it is replaced."),
			f.Date("review_on", "When is it to be reviewed? (optional)", "")}
	}
	if isNew || kind.Arrives {
		v.Arrives = &Arrival{f.Date("received_on", "When did it arrive?", "For example, 14 3 2025."), f.Line("sender", "Who sent it? (optional)", "")}
	}
	if !isNew {
		note := f.Text("note", "What has changed? (optional)", "Whoever approves or reads it sees this first.")
		v.Note = &note
	}
	if a.Post == "" {
		post := f.Line("post_title", "What is your post?", "For example, “Support worker”. It stands beside your name.")
		v.Post = &post
	}
	return v
}

// sections asks to which section a new document goes, of those to which the
// sender may add, and for what goes with the restricted one.
func (f *Form) sections(v *Facts, a About) {
	if len(a.Sections) == 0 || len(a.Sections) == 1 && a.Sections[0] == access.General {
		return
	}
	if !slices.ContainsFunc(a.Sections, func(s access.Section) bool { return s.String() == f.typed.Get("section") }) {
		f.typed = copied(f.typed)
		f.typed.Set("section", a.Sections[0].String())
	}
	choice := f.SectionChoice("Which part of the record does it go to?", a.Record, a.Sections)
	v.Section = &choice
	if slices.Contains(a.Sections, access.Restricted) {
		if f.typed.Get("lodging_review_on-day")+f.typed.Get("lodging_review_on-month")+f.typed.Get("lodging_review_on-year") == "" && len(f.problems) == 0 {
			f.typed = ReviewIn(copied(f.typed), "lodging_review_on", clock.DayOf(a.Now), usualReview)
		}
		lodging := f.Lodging(a.Advisers)
		v.Lodging = &lodging
	}
}

// usualReview is in how many months what is restricted is looked at again, where
// nobody says another day.
const usualReview = 3

// copied gives values that may be changed without changing whose they are.
func copied(values url.Values) url.Values {
	c := maps.Clone(values)
	if c == nil {
		c = url.Values{}
	}
	return c
}

func (f *Form) kinds(r access.RecordKind) *KindChoice {
	v := &KindChoice{Problem: f.problem("kind", "kind")}
	for _, k := range versions.KindsFor(r) {
		v.Options = append(v.Options, KindOption{k.Name, k.Words, f.Typed("kind") == k.Name, k.Event, k.Arrives})
	}
	return v
}

func (f *Form) event(a About) *Occurrence {
	e := &Occurrence{On: f.Date("event_at", "When did it happen?", "The day of the event, not of writing it down. For example, 14 3 2025."),
		Time: f.Line("event_at-time", "At what time?", "For example, 4.10pm.")}
	e.Late.Why = f.Text("late_reason", "Why is it late?", "")
	e.Late.Open = e.Late.Why.Problem != "" || e.Late.Why.Value != ""
	if !a.Happened.IsZero() && versions.Late(a.Happened, a.Now) {
		e.Late.Open, e.Late.Ago = true, span(daysBetween(clock.DayOf(a.Happened), clock.DayOf(a.Now)))+" ago"
	}
	e.Know = Know{Problem: f.problem("know", "know"), There: f.Typed("know") == "there", Told: f.Typed("know") == "told",
		Who: f.Line("who", "Who told you?", ""), Post: f.Line("who_post", "What is their post? (optional)", "For example, “Social worker”.")}
	e.Time.Width, e.Know.Who.Width, e.Know.Post.Width = "5", "20", "20"
	return e
}

// Place is where something will go.
type Place struct{ Name, Kind, Setting, Document, Address, Other string }

// PlaceOf says where.
func PlaceOf(w versions.Where, d versions.Document, latest int) Place {
	p := Place{Name: w.Name, Setting: Where(w.HomeName), Kind: upperFirst(Kind(w.Kind)), Address: RecordAddress(w.Record), Other: ListAddress(w.Kind)}
	if d.ID != 0 {
		p.Document, p.Other = fmt.Sprintf("%s, version %d", d.Title, latest+1), ""
	}
	return p
}

// Stamp is what is added by itself: who, and when it was received.
type Stamp struct{ Who, Day string }

// StampOf says it.
func StampOf(w *Who, now time.Time) Stamp {
	s := Stamp{Day: DayOf(now)}
	if w != nil {
		s.Who = w.Name
		if w.Post != "" {
			s.Who += ", " + lowerPost(w.Post)
		}
	}
	return s
}

// Add is the page on which files are chosen and described.
type Add struct {
	Frame
	Caption, Heading string
	Address          string
	File             FileField
	Facts            *Facts // nil: files alone are asked for
	Going            Place
	Stamp            Stamp
	Submit           Submit
}

// TitleOf suggests a title by the name of a file.
func TitleOf(name string) string {
	t := strings.Join(strings.FieldsFunc(strings.TrimSuffix(name, path.Ext(name)), func(r rune) bool { return r == '_' || unicode.IsSpace(r) }), " ")
	if t == "" {
		t = name
	}
	first, size := utf8.DecodeRuneInString(t)
	return string(unicode.ToUpper(first)) + t[size:]
}
