package page

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/versions"
)

// NeedRow is one thing that waits: the verb, the thing, why, and by when.
type NeedRow struct {
	Verb, What, Address, Why string
	Status                   Status
}

// NewsRow is one thing that came lately.
type NewsRow struct{ When, Stamp, What, Address, Words string }

// Bar is the picture of how many policies are in date.
type Bar struct {
	InDate, All                int
	Good, Soon, Late           int
	GoodW, SoonX, SoonW, LateX string
	LateW                      string
	Title                      string
}

// Home is what somebody sees first: what needs them.
type Home struct {
	Frame
	Day, Heading string
	Needs        []NeedRow
	Sent         []NeedRow
	News         []NewsRow
	Bar          *Bar
	AsAt         *AsAt
	Libraries    []Link
	Add          []Link // where they may add a document
	Start        *Start // where somebody begins whose work is no documents
	Own          bool   // they read their own file, and nothing else
	waits        []NeedRow
}

// Start is where somebody begins.
type Start struct {
	Heading string
	Links   []Link
	Note    string // stands there where nothing came lately
}

// mostRows is how many things that wait are listed.
const mostRows = 30

// HomeOf makes the page.
func HomeOf(n versions.Needs, unfinished []versions.Unfinished, news []versions.News, libraries []people.Record, now time.Time) Home {
	h := Home{Day: Weekday(clock.DayOf(now))}
	var needs []NeedRow
	for _, u := range unfinished {
		needs = append(needs, UnfinishedRow(u, now))
	}
	apart := severalSettings(n)
	for _, w := range n.Approve {
		needs = append(needs, NeedRow{Verb: "Approve", What: fmt.Sprintf("%s, version %d", w.Title, w.Number),
			Address: VersionAddress(w.Document, w.Number), Why: settingOf(w, apart) + sent(w), Status: Status{waiting(w.At, now), "next"}})
	}
	for _, r := range n.Review {
		row := reviewRow(r, n.Today)
		row.Why = settingOf(r, apart) + row.Why
		needs = append(needs, row)
	}
	for _, w := range n.Sent {
		h.Sent = append(h.Sent, NeedRow{Verb: "Waits", What: fmt.Sprintf("%s, version %d", w.Title, w.Number), Address: VersionAddress(w.Document, w.Number),
			Why: settingOf(w, apart) + "You sent it on " + DayOf(w.At) + ". Somebody else has to approve it.", Status: Status{waiting(w.At, now), "next"}})
	}
	h.Wait(nil, needs)
	oneSetting := atOneSetting(news)
	for _, w := range news {
		h.News = append(h.News, newsRow(w, now, oneSetting))
	}
	h.Bar = bar(n)
	if len(libraries) == 1 {
		at := RecordAddress(libraries[0].ID)
		f := NewForm(nil, nil)
		h.AsAt = &AsAt{Address: at, On: f.Date("on", "Show what was in force on", "For example, 14 3 2025")}
	}
	for _, l := range libraries {
		h.Libraries = append(h.Libraries, Link{l.Name, RecordAddress(l.ID)})
	}
	return h
}

// Wait adds things that need somebody, before and after those that are there.
func (h *Home) Wait(before, after []NeedRow) {
	h.waits = slices.Concat(before, h.waits, after)
	h.Heading = heading(len(h.waits))
	h.Needs = h.waits[:min(len(h.waits), mostRows)]
}

// OfOwn makes the page of somebody who reads their own file, and nothing else.
func (h *Home) OfOwn(record int64) {
	at := RecordAddress(record)
	h.Own, h.Start = true, &Start{Heading: "Your file", Links: []Link{{"Read your file", at}, {"Who has looked at your file", at + "/looked"}}}
}

// Oversees says where somebody begins who sees who looked, and no document.
func (h *Home) Oversees() {
	h.Start = &Start{Heading: "What you look after", Links: []Link{{"Who has looked, and what is out of the ordinary", "/oversight"}}, Note: "What is in the records is not shown to you."}
}

// Administers adds what an administrator needs: strangers who came lately and hold
// no role, the last of them at a moment, and where to begin.
func (h *Home) Administers(strangers int, last, now time.Time) {
	h.Start = &Start{Heading: "What you look after", Links: []Link{{"People and their roles", "/people"}, {"Settings", "/settings"}, {"Sign-ins, and which group gives which role", "/sign-ins"}},
		Note: "What is in the records is not shown to administrators."}
	if strangers == 0 {
		return
	}
	row := NeedRow{Verb: "Decide", What: "Somebody signed in and has no role", Address: "/sign-ins", Status: Status{waiting(last, now), "next"},
		Why: "They were turned away. Give them a role if they are to have one. This goes away by itself after a week."}
	if strangers > 1 {
		row.What = fmt.Sprintf("%d people signed in and have no role", strangers)
	}
	h.Wait(nil, []NeedRow{row})
}

func heading(n int) string {
	words := []string{"Nothing needs you today", "One thing needs you", "Two things need you", "Three things need you", "Four things need you",
		"Five things need you", "Six things need you", "Seven things need you", "Eight things need you", "Nine things need you"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprintf("%d things need you", n)
}

// severalSettings tells whether what waits is not all of one setting: policies of
// several have the same titles.
func severalSettings(n versions.Needs) bool {
	all := slices.Concat(n.Approve, n.Review, n.Sent)
	return slices.ContainsFunc(all, func(w versions.Need) bool { return w.HomeName != all[0].HomeName })
}

// settingOf says of which setting something is, where that does not go without saying.
func settingOf(w versions.Need, apart bool) string {
	if !apart {
		return ""
	}
	return Where(w.HomeName) + ". "
}

func sent(n versions.Need) string {
	t := "From " + n.By
	if n.Post != "" {
		t += ", " + lowerPost(n.Post)
	}
	t += ", " + n.At.In(clock.London).Format("2 January") + "."
	if n.Note != "" {
		t += " " + n.Note
	}
	return t
}

// waiting says how long something waits: "New today", "Waiting since 11.59pm yesterday"
// until a whole day has gone by, "Waiting 3 days".
func waiting(at, now time.Time) string {
	switch n := daysBetween(clock.DayOf(at), clock.DayOf(now)); {
	case n <= 0:
		return "New today"
	case n == 1 && now.Sub(at) < 24*time.Hour:
		return "Waiting since " + Hour(at) + " yesterday"
	}
	return "Waiting " + span(max(1, int(now.Sub(at).Hours()/24)))
}

func reviewRow(r versions.Need, today clock.Day) NeedRow {
	on := clock.DayOf(*r.ReviewOn)
	row := NeedRow{Verb: "Review", What: fmt.Sprintf("%s, version %d", r.Title, r.Number), Address: VersionAddress(r.Document, r.Number)}
	if on.Before(today) {
		row.Why = "Review was due on " + Day(on) + ". It stays in force until you replace it."
		row.Status = Status{Overdue(on, today), "late"}
		return row
	}
	row.Why = "Review is due " + Until(on, today) + "."
	row.Status = Status{"By " + Day(on), "soon"}
	return row
}

// atOneSetting tells whether all of it happened at one setting, which then goes
// without saying.
func atOneSetting(news []versions.News) bool {
	return !slices.ContainsFunc(news, func(n versions.News) bool { return n.HomeName != news[0].HomeName })
}

func newsRow(n versions.News, now time.Time, oneSetting bool) NewsRow {
	r := NewsRow{When: Moment(n.At, now), Stamp: n.At.UTC().Format(time.RFC3339), What: n.Title, Address: VersionAddress(n.Document, n.Number)}
	if n.Number > 1 {
		r.What += fmt.Sprintf(", version %d", n.Number)
	}
	switch n.State {
	case "submitted":
		r.Words = "sent for approval by " + n.By
	default:
		r.Words = "added by " + n.By
	}
	if n.HomeName != "" && !oneSetting {
		r.Words += ", " + n.HomeName
	}
	return r
}

// Adding says where somebody may add a document: to a library at once, to other
// records by way of their list.
func Adding(m people.Menu, libraries []people.Record) []Link {
	var list []Link
	for _, k := range m.Adds {
		switch {
		case k == access.Library:
			for _, l := range libraries {
				if l.Open {
					list = append(list, Link{l.Name, RecordAddress(l.ID) + "/add"})
				}
			}
		case m.Meets(k):
			list = append(list, Link{"A " + Kind(k), ListAddress(k)})
		}
	}
	return list
}

const barWidth = 280

// bar draws how many policies are in date; nil where there are none.
func bar(n versions.Needs) *Bar {
	if n.InForce == 0 {
		return nil
	}
	b := &Bar{All: n.InForce, Late: n.Late, Soon: n.Soon, InDate: n.InForce - n.Late, Good: n.InForce - n.Late - n.Soon}
	part := func(k int) float64 { return barWidth * float64(k) / float64(n.InForce) }
	px := func(f float64) string { return strconv.FormatFloat(max(0, f), 'f', 1, 64) }
	const gap = 3
	b.GoodW, b.SoonX, b.SoonW = px(part(b.Good)-gap), px(part(b.Good)), px(part(b.Soon)-gap)
	b.LateX, b.LateW = px(part(b.Good)+part(b.Soon)), px(part(b.Late))
	b.Title = fmt.Sprintf("%d in date, %d due for review within 60 days, %d overdue", b.Good, b.Soon, b.Late)
	return b
}

// RoleWords says a role.
func RoleWords(role string) string {
	words, ok := map[string]string{"staff": "Member of staff", "manager": "Registered manager", "inspector": "Inspector", "administrator": "Administrator",
		"responsible-individual": "Responsible individual", "data-protection-officer": "Data protection officer", "shift-lead": "Person in charge of the shift",
		"auditor": "Auditor", "visitor-44": "Independent visitor (regulation 44)", "visitor-25": "Visitor for the provider (regulation 25)", "front-door": "Front door",
		"young-person": "Young person", "parent": "Parent", "directory": "Directory service"}[role]
	if !ok {
		return role
	}
	return words
}
