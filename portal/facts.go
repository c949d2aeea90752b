package portal

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/versions"
)

// factNames are the fields in which a person says what a file is: what is kept
// for them when a form is refused, and given back.
func factNames() []string {
	names := []string{"title", "kind", "event_at-time", "late_reason", "know", "who", "who_post", "sender", "post_title", "note", "key", "latest",
		"section", "ground", "reason", "advised_by", "originator"}
	for _, day := range []string{"in_force_from", "in_force_to", "event_at", "received_on", "review_on", "lodging_review_on"} {
		names = append(names, day+"-day", day+"-month", day+"-year")
	}
	return names
}

// keptOf is what was typed, as it is kept.
func keptOf(values url.Values, prefix string) map[string]string {
	kept := map[string]string{}
	for _, name := range factNames() {
		if text := values.Get(name); text != "" {
			kept[prefix+name] = text
		}
	}
	return kept
}

// facts are what was typed about one file, understood as far as it can be.
type facts struct {
	kind  versions.Kind
	entry versions.Entry
	event time.Time // zero where none was said
	bad   []fault.Field
}

// readFacts reads what was typed about a file that is to be a document of a
// record of this kind, or the next version of a document. Fields that a kind of
// document does not need are left alone, whatever is in them. Everything that is
// wrong is said at once.
func readFacts(values url.Values, record access.RecordKind, of versions.Document) facts {
	line := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	f := facts{entry: versions.Entry{Title: line("title"), Kind: of.Kind, PostTitle: line("post_title")}}
	fits := true
	if of.ID == 0 {
		f.entry.Kind = line("kind")
		fits = slices.ContainsFunc(versions.KindsFor(record), func(k versions.Kind) bool { return k.Name == f.entry.Kind })
	}
	f.kind, _ = versions.KindOf(f.entry.Kind)
	if !fits {
		f.bad = append(f.bad, fault.Field{Name: "kind", Problem: "Choose what it is."})
	}
	if f.kind.Event {
		f.happened(values, line)
	} else {
		f.holds(values)
	}
	if f.kind.Arrives {
		f.entry.ReceivedOn = f.day(values, "received_on", "the day it arrived")
		f.entry.Source = line("sender")
	}
	if of.ID != 0 {
		f.entry.Note = strings.TrimSpace(values.Get("note"))
	} else {
		f.section(values, record)
	}
	f.check(of.ID == 0)
	return f
}

// check adds what the keeper finds wrong, but for what has been said already.
func (f *facts) check(isNew bool) {
	for _, p := range f.entry.Check(f.kind, isNew) {
		said := slices.ContainsFunc(f.bad, func(b fault.Field) bool { return b.Name == p.Name })
		if !said && !(f.kind.Event && p.Name == "in_force_from") { // follows from the day it happened, which is asked for
			f.bad = append(f.bad, p)
		}
	}
}

func (f *facts) wrong(name, problem string) {
	f.bad = append(f.bad, fault.Field{Name: name, Problem: problem})
}

func (f *facts) day(values url.Values, name, what string) string {
	day, bad := readDay(values, name, what)
	f.bad = append(f.bad, bad...)
	return day
}

// section reads to which section it goes, and what goes with the restricted one.
// What is typed there for another section is left alone.
func (f *facts) section(values url.Values, record access.RecordKind) {
	f.entry.Section = strings.TrimSpace(values.Get("section"))
	if f.entry.Section == access.Restricted.String() {
		var bad []fault.Field
		f.entry.Lodging, bad = readLodging(values)
		f.bad = append(f.bad, bad...)
	}
	for _, p := range f.entry.CheckSection(record, now()) {
		if !slices.ContainsFunc(f.bad, func(b fault.Field) bool { return b.Name == p.Name }) {
			f.bad = append(f.bad, p)
		}
	}
}

// readLodging reads what was typed about a lodging.
func readLodging(values url.Values) (versions.Lodging, []fault.Field) {
	day, bad := readDay(values, "lodging_review_on", "the day of the review")
	return versions.Lodging{Ground: values.Get("ground"), Reason: strings.TrimSpace(values.Get("reason")), AdvisedBy: values.Get("advised_by"),
		Originator: strings.TrimSpace(values.Get("originator")), ReviewOn: day}, bad
}

// holds reads from when to when it holds.
func (f *facts) holds(values url.Values) {
	f.entry.InForceFrom = f.day(values, "in_force_from", "the day from which it holds")
	f.entry.InForceTo = f.day(values, "in_force_to", "the last day on which it holds")
	f.entry.ReviewOn = f.day(values, "review_on", "the day of the review")
}

// happened reads when something happened, who knows of it and, where it is
// recorded late, why. The record of it holds from the day on which it happened.
func (f *facts) happened(values url.Values, line func(string) string) {
	before := len(f.bad)
	day := f.day(values, "event_at", "the day it happened")
	if day == "" && len(f.bad) == before {
		f.wrong("event_at", "Enter the day it happened.")
	}
	hour, minute, problem := readTime(line("event_at-time"))
	if problem != "" {
		f.wrong("event_at-time", problem)
	}
	f.entry.InForceFrom = day
	if d, err := clock.ParseDay(day); err == nil && problem == "" {
		if f.event, problem = londonTime(d, hour, minute); problem != "" {
			f.wrong("event_at-time", problem)
		} else {
			f.entry.EventAt = f.event.Format(time.RFC3339)
		}
	}
	if !f.event.IsZero() && versions.Late(f.event, now()) {
		f.entry.LateReason = values.Get("late_reason")
	}
	switch line("know") {
	case "there":
	case "told":
		if f.entry.Source = line("who"); f.entry.Source == "" {
			f.wrong("who", "Enter who told you.")
		} else if post := line("who_post"); post != "" {
			f.entry.Source += ", " + post
		}
		if bad := fault.CheckLine("source", f.entry.Source); f.entry.Source != "" && bad != nil {
			f.wrong("who", strings.Replace(bad[0].Problem, "The source", "Their name and post together", 1))
			f.entry.Source = ""
		}
	default:
		f.wrong("know", "Say whether you were there or somebody told you.")
	}
}

var clockTime = regexp.MustCompile(`^(\d{1,2})(?:[.: ]?(\d{2}))?\s*([ap])?\.?(?:m\.?)?$`)

// readTime reads a time of day as people write it: 4.10pm, 4pm, 16:10, noon.
func readTime(text string) (hour, minute int, problem string) {
	const how = "Enter the time it happened, such as 4.10pm."
	text = strings.ToLower(strings.TrimSpace(text))
	switch text {
	case "noon", "midday":
		return 12, 0, ""
	case "midnight":
		return 0, 0, ""
	}
	m := clockTime.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, how
	}
	hour, _ = strconv.Atoi(m[1])
	minute, _ = strconv.Atoi(m[2])
	switch {
	case minute > 59 || hour > 23 || m[3] != "" && (hour < 1 || hour > 12):
		return 0, 0, how
	case m[3] == "" && hour >= 1 && hour <= 12 && m[1][0] != '0':
		return 0, 0, fmt.Sprintf("Say whether %s is am or pm.", text)
	case m[3] == "a" && hour == 12:
		hour = 0
	case m[3] == "p" && hour < 12:
		hour += 12
	}
	return hour, minute, ""
}

// londonTime is the moment of a day at which London's clocks showed this time.
// Where they showed it twice, it is the first.
func londonTime(d clock.Day, hour, minute int) (time.Time, string) {
	u := d.UTC()
	t := time.Date(u.Year(), u.Month(), u.Day(), hour, minute, 0, 0, clock.London)
	if t.Hour() != hour || t.Minute() != minute {
		return time.Time{}, "The clocks went forward in that night, and there was no such time. Check the time it happened."
	}
	if before := t.Add(-time.Hour); before.Hour() == hour && clock.DayOf(before) == d {
		t = before
	}
	return t.UTC(), ""
}
