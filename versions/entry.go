package versions

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/internal/fault"
)

// Entry is what a person says about content they add, as they typed it. Days
// are YYYY-MM-DD by the London calendar, instants RFC 3339; empty means not said.
type Entry struct {
	Title, Kind string // of a new document only
	Section     string // of a new document: general, sensitive or restricted; empty: general
	Lodging            // of a new document in the restricted section

	InForceFrom string // the day from which it holds
	InForceTo   string // the last day on which it holds; empty: until superseded
	EventAt     string // when it happened; empty: now
	ReceivedOn  string // when it arrived; empty, for kinds that arrive: today
	LateReason  string // asked when an event is recorded more than 24 hours late
	Source      string // who told, where that is not the author
	PostTitle   string // the author's job; empty: as known
	ReviewOn    string // when it is to be looked at again
	Note        string // what changed in this version, and why

	restored *int // the version it repeats, when it is restored
}

// late is how long after an event its record is no longer in good time.
const late = 24 * time.Hour

// skew is how far a sender's clock may run ahead of ours.
const skew = 5 * time.Minute

// facts is an Entry understood.
type facts struct {
	from, to                   time.Time // to is zero for no end
	event                      time.Time
	received, review           *time.Time
	reason, source, post, note string
}

// fingerprint is the same for the same words, whatever bytes carried them.
func (e Entry) fingerprint(about string, id int64, content [sha256.Size]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, s := range []string{about, e.Title, e.Kind, e.InForceFrom, e.InForceTo, e.EventAt, e.ReceivedOn, e.LateReason, e.Source, e.PostTitle, e.ReviewOn, e.Note,
		e.Section, e.Ground, e.Reason, e.AdvisedBy, e.Originator, e.Lodging.ReviewOn} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	fmt.Fprintf(h, "%d", id)
	h.Write(content[:])
	return [sha256.Size]byte(h.Sum(nil))
}

// read understands the entry for a kind, at the moment now. Everything that is
// wrong is said at once.
func (e Entry) read(kind Kind, now time.Time) (facts, error) {
	var bad []fault.Field
	wrong := func(name, problem string) { bad = append(bad, fault.Field{Name: name, Problem: problem}) }
	day := func(name, text string) (clock.Day, bool) {
		if text == "" {
			return clock.Day{}, false
		}
		d, err := clock.ParseDay(text)
		if err != nil {
			wrong(name, noDay(name))
		}
		return d, err == nil
	}
	f := facts{event: now, reason: strings.TrimSpace(e.LateReason), source: e.Source, post: e.PostTitle, note: strings.TrimSpace(e.Note)}
	from, ok := day("in_force_from", e.InForceFrom)
	if e.InForceFrom == "" {
		wrong("in_force_from", "Enter the day from which it holds.")
	}
	if ok {
		f.from = from.Start()
	}
	if to, there := day("in_force_to", e.InForceTo); there {
		f.to = to.Next().Start()
		if ok && to.Before(from) {
			wrong("in_force_to", "The last day on which it holds lies before the first. Change one of them.")
		}
	}
	today := clock.DayOf(now)
	if d, there := day("received_on", e.ReceivedOn); there {
		f.received = date(d)
		if today.Before(d) {
			wrong("received_on", "The day on which it was received lies ahead. Enter today, or the day it came.")
		}
	} else if kind.Arrives && e.ReceivedOn == "" {
		f.received = date(today)
	}
	if d, there := day("review_on", e.ReviewOn); there {
		f.review = date(d)
	}
	if e.EventAt != "" {
		if t, problem := happened(e.EventAt, now); problem != "" {
			wrong("event_at", problem)
		} else {
			f.event = t
		}
	}
	if kind.Event && now.Sub(f.event) > late && f.reason == "" {
		wrong("late_reason", "This is recorded more than 24 hours after it happened. Say why it is late.")
	}
	for name, text := range map[string]string{"source": e.Source, "post_title": e.PostTitle} {
		if text != "" {
			bad = append(bad, fault.CheckLine(name, text)...)
		}
	}
	for name, text := range map[string]string{"late_reason": f.reason, "note": f.note} {
		bad = append(bad, checkText(name, text)...)
	}
	return f, fault.Bad(bad)
}

// happened reads the moment at which something happened, or says what is wrong with it.
func happened(text string, now time.Time) (at time.Time, problem string) {
	t, err := time.Parse(time.RFC3339, text)
	switch {
	case err != nil:
		return at, "Enter the day and the time at which it happened, such as 2026-03-14T16:30:00Z, or with +01:00 in summer."
	case clock.DayOf(t).Before(clock.First):
		return at, fmt.Sprintf("Enter a day in the year %d or later for when it happened.", clock.First.UTC().Year())
	case t.After(now.Add(skew)):
		return at, "The time at which it happened lies ahead. Enter when it happened, or leave it out for now."
	}
	return t.UTC(), ""
}

func date(d clock.Day) *time.Time {
	t := d.UTC()
	return &t
}

// noDay says how to mend a day that cannot be read. Pages and programs are told
// the same: pages send what was typed as 2025-03-14 too.
func noDay(name string) string {
	which := map[string]string{
		"in_force_from": "the day from which it holds",
		"in_force_to":   "the last day on which it holds",
		"received_on":   "the day on which it was received",
		"review_on":     "the day of the review",
		"from":          "the day from which it is withdrawn",
	}[name]
	return fmt.Sprintf("Enter a real date between %d and %d for %s. For example, 14 March 2025 is 2025-03-14.", clock.First.UTC().Year(), clock.Last.UTC().Year(), which)
}

// longestText is the most letters a reason or a note may have.
const longestText = 2000

func checkText(name, text string) []fault.Field {
	hidden := func(r rune) bool { return fault.Hidden(r) && r != '\n' && r != '\r' && r != '\t' }
	if strings.ContainsFunc(text, hidden) {
		return []fault.Field{{Name: name, Problem: "The " + strings.ReplaceAll(name, "_", " ") + " holds characters that cannot be seen. Type it again."}}
	}
	if n := len([]rune(text)); n > longestText {
		return []fault.Field{{Name: name, Problem: fmt.Sprintf("The %s has %d letters. Shorten it to %d or fewer.", strings.ReplaceAll(name, "_", " "), n, longestText)}}
	}
	return nil
}

// Fields gives the places of the entry by the names under which forms send them.
func (e *Entry) Fields() map[string]*string {
	fields := map[string]*string{
		"title": &e.Title, "kind": &e.Kind, "in_force_from": &e.InForceFrom, "in_force_to": &e.InForceTo, "event_at": &e.EventAt,
		"received_on": &e.ReceivedOn, "late_reason": &e.LateReason, "source": &e.Source, "post_title": &e.PostTitle,
		"review_on": &e.ReviewOn, "note": &e.Note, "section": &e.Section,
	}
	maps.Copy(fields, e.Lodging.fields())
	return fields
}
