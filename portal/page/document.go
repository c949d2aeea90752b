package page

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/versions"
)

// Glance is one of the facts at the head of a document: what it is, and a
// second line.
type Glance struct {
	Name, Text, Sub, SubLook string
	Status                   *Status
}

// File is what was uploaded, and where it is to be had.
type File struct{ Name, Kind, Size, SHA256, Address string }

// Aside is a sentence about the version shown, and where to go from it.
type Aside struct {
	Words string
	Link  *Link
}

// Document is a page about one version of a document, among all of them.
type Document struct {
	Frame
	Heading, Caption string
	Glances          []Glance
	OnDay            *Aside // the answer to the question that led here
	Other            *Aside // another version is in force than the one shown
	Number           int
	Note             string // what changed
	Facts            []Fact
	File             File
	Primary, Second  *Link    // the things to do, most important first
	May              []Link   // what else can be done
	MayNot           []string // why something cannot be done by the reader
	Timeline         []Happening
	Earlier          *Link
	Why              string
	Footprints       *Link
	Looks, Reasons   string // addresses of who has looked at the document, and of every reason why it is seen
	Tag              string // its section, "" for the general one
	Moves            []Fact // between sections, the newest first
}

// DocumentOf makes the words of the page. day is the one that was asked about,
// zero for none; known that whose knowledge was wanted, zero for today's. Of a
// version that is all the reader may see, nothing is said of how it stands.
func DocumentOf(s versions.Sheet, day, known clock.Day, before, limit int) Document {
	v := s.Shown
	d := Document{Heading: s.Document.Title, Caption: documentCaption(s), Number: v.Number, Note: v.Note, Facts: facts(v), Tag: Tag(s.Document.Section), Why: Because(s.Why, s.Where.Kind)}
	d.File = File{v.FileName, FileKind(v.MediaType), Size(v.Size), hex.EncodeToString(v.SHA256), VersionAddress(s.Document.ID, v.Number) + "/file"}
	if s.Alone {
		d.Glances = []Glance{{Name: "Version", Text: fmt.Sprint(v.Number)}, {Name: "Added by", Text: v.Author, Sub: joined(lowerPost(v.PostTitle), DayOf(v.RecordedAt))}}
		return d
	}
	d.Glances = glances(s)
	on := onQuery(day, known)
	if !day.IsZero() {
		d.OnDay = onDay(s, day, known, on)
	}
	if s.Holds != nil && s.Holds.Number != v.Number {
		d.Other = &Aside{fmt.Sprintf("You are looking at version %d.", v.Number), &Link{fmt.Sprintf("Version %d is in force now", s.Holds.Number), VersionAddress(s.Document.ID, s.Holds.Number)}}
	} else if s.Holds == nil && v.Number != s.Newest {
		d.Other = &Aside{fmt.Sprintf("You are looking at version %d. No version is in force now.", v.Number), &Link{fmt.Sprintf("Version %d is the newest", s.Newest), VersionAddress(s.Document.ID, s.Newest)}}
	}
	d.timeline(s, before, limit, on)
	return d
}

func documentCaption(s versions.Sheet) string {
	words := KindWords(s.Document.Kind)
	if s.Where.Name == "" { // who sees the document alone is told nothing of its record
		return words
	}
	return words + ", " + place(s.Where.HomeName)
}

// onQuery carries a question about a day from page to page.
func onQuery(day, known clock.Day) string {
	if day.IsZero() {
		return ""
	}
	q := "?on=" + day.String()
	if !known.IsZero() {
		q += "&known=" + known.String()
	}
	return q
}

// VersionStatus says how a version stands now.
func VersionStatus(s versions.Sheet, v versions.Detailed) Status {
	switch v.State {
	case versions.Submitted:
		if v.Number < s.Waiting || s.Waiting == 0 {
			return Status{"Not approved", "quiet"} // a later one was sent after it
		}
		return Status{"Waiting for approval", "next"}
	case versions.Coming:
		return Status{"From " + DayOf(coming(v, s.Today)), "next"}
	case versions.InForce:
		return holding(s.Document.Kind)
	case versions.Withdrawn:
		if n := len(v.Periods); n > 0 && v.Periods[n-1].To != nil {
			return Status{"Withdrawn " + DayOf(*v.Periods[n-1].To), "past"}
		}
		return Status{"Withdrawn", "past"}
	}
	if n := len(v.Periods); n > 0 && s.RanOut[v.Number] {
		return Status{"Ended " + lastDay(*v.Periods[n-1].To), "past"}
	}
	return Status{"Superseded", "past"}
}

// coming is the first day ahead on which a version is in force.
func coming(v versions.Detailed, today clock.Day) time.Time {
	for _, p := range v.Periods {
		if today.Before(clock.DayOf(p.From)) {
			return p.From
		}
	}
	return v.WantedFrom
}

// lastDay says the last day before a moment.
func lastDay(to time.Time) string { return Day(clock.DayOf(to.Add(-time.Microsecond))) }

// glances are the facts that answer "where does this stand?".
func glances(s versions.Sheet) []Glance {
	v := s.Shown
	status := VersionStatus(s, v)
	number := Glance{Name: "Version", Text: fmt.Sprint(v.Number)}
	switch n := len(v.Periods); {
	case n > 0 && v.Periods[n-1].To != nil:
		number.Sub = InForce(v.Periods)
	case v.State == versions.InForce:
		number.Sub = "since " + DayOf(v.Periods[n-1].From)
	case n > 0:
		number.Sub = "from " + DayOf(v.Periods[n-1].From)
	default:
		number.Sub = "to hold from " + DayOf(v.WantedFrom)
	}
	list := []Glance{{Name: "Status", Status: &status}, number}
	switch {
	case v.Approval != nil:
		list = append(list, Glance{Name: "Approved by", Text: v.Approval.By, Sub: joined(lowerPost(v.Approval.PostTitle), DayOf(v.Approval.At))})
	case s.Document.NeedsApproval:
		list = append(list, Glance{Name: "Sent by", Text: v.Author, Sub: joined(lowerPost(v.PostTitle), DayOf(v.RecordedAt))})
	default:
		list = append(list, Glance{Name: "Added by", Text: v.Author, Sub: joined(lowerPost(v.PostTitle), DayOf(v.RecordedAt))})
	}
	return append(list, review(v, s.Today))
}

func review(v versions.Detailed, today clock.Day) Glance {
	g := Glance{Name: "Review due", Text: "No day set"}
	if v.ReviewOn == nil {
		return g
	}
	on := clock.DayOf(*v.ReviewOn)
	g.Text = Day(on)
	if v.State != versions.InForce {
		return g
	}
	if on.Before(today) {
		g.Sub, g.SubLook = Overdue(on, today), "late"
		return g
	}
	if g.Sub = Until(on, today); daysBetween(today, on) <= 90 {
		g.SubLook = "soon"
	}
	return g
}

// joined puts what is there of some words behind one another, with commas.
func joined(words ...string) string {
	var there []string
	for _, w := range words {
		if w != "" {
			there = append(there, w)
		}
	}
	return strings.Join(there, ", ")
}

// lowerPost says a post title in the middle of a sentence: "registered manager",
// and "NHS nurse" as it is.
func lowerPost(post string) string {
	if len(post) > 1 && post[0] >= 'A' && post[0] <= 'Z' && post[1] >= 'a' && post[1] <= 'z' {
		return lowerFirst(post)
	}
	return post
}

// InForce says the periods in which a version is in force, as known now.
func InForce(periods []versions.Period) string {
	var all []string
	for _, p := range periods {
		all = append(all, From(p.From, p.To))
	}
	for i := 1; i < len(all); i++ {
		all[i] = strings.Replace(all[i], "From", "from", 1)
	}
	return strings.Join(all, ", and ")
}

// facts are what was said when the version was added.
func facts(v versions.Detailed) []Fact {
	var list []Fact
	add := func(name, text string) {
		if text != "" {
			list = append(list, Fact{name, text})
		}
	}
	add("Written by", joined(v.Author, lowerPost(v.PostTitle)))
	add("Told by", v.Source)
	if v.EventAt != nil && !v.EventAt.Equal(v.RecordedAt) {
		add("Happened", DayOf(*v.EventAt)+", "+Hour(*v.EventAt))
	}
	if v.ReceivedOn != nil {
		add("Received", Day(clock.DayOf(*v.ReceivedOn)))
	}
	recorded := DayOf(v.RecordedAt) + ", " + Hour(v.RecordedAt)
	if v.LateReason != "" {
		recorded += ". " + lateWords(v) + ": “" + v.LateReason + "”"
	}
	add("Recorded", recorded)
	if v.WantedTo != nil {
		add("Its last day", lastDay(*v.WantedTo))
	}
	if v.RestoredFrom != nil {
		add("Content", fmt.Sprintf("The same as version %d, brought back", *v.RestoredFrom))
	}
	if v.Approval != nil {
		add("Said on approving", v.Approval.Note)
	}
	return list
}

// lateWords says by how much a record came late: more than 24 hours counts.
func lateWords(v versions.Detailed) string {
	if v.EventAt == nil {
		return "Recorded late"
	}
	if n := daysBetween(clock.DayOf(*v.EventAt), clock.DayOf(v.RecordedAt)); n > 0 {
		return "Recorded " + span(n) + " late"
	}
	return "Recorded late"
}

// onDay answers which version was in force on the day that was asked about.
func onDay(s versions.Sheet, day, known clock.Day, on string) *Aside {
	when, verb, not := "on "+Day(day), "was", "was not"
	switch {
	case day == s.Today:
		when, verb, not = "today", "is", "is not"
	case s.Today.Before(day):
		verb, not = "is to be", "is not to be"
	}
	suffix := ""
	if !known.IsZero() {
		suffix = ", by what we knew on " + Day(known)
	}
	switch s.OnDay {
	case s.Shown.Number:
		held := "In force "
		if !inForce(s.Document.Kind) {
			held = "On record "
		}
		return &Aside{Words: held + when + suffix}
	case 0:
		words := "No version of this " + verb + " in force " + when + suffix + "."
		if known.IsZero() && s.First != nil && day.Before(clock.DayOf(*s.First)) {
			words = fmt.Sprintf("There was no %s on that day. The first came into force on %s.", lowerFirst(KindWords(s.Document.Kind)), DayOf(*s.First))
			if s.Today.Before(clock.DayOf(*s.First)) {
				words = fmt.Sprintf("No version of this %s in force %s%s. The first is to come into force on %s.", verb, when, suffix, DayOf(*s.First))
			}
		}
		return &Aside{Words: words}
	}
	return &Aside{fmt.Sprintf("Version %d %s in force %s%s.", s.Shown.Number, not, when, suffix),
		&Link{fmt.Sprintf("Version %d %s", s.OnDay, verb), VersionAddress(s.Document.ID, s.OnDay) + on}}
}
