package page

import (
	"fmt"
	"strconv"

	"custodian/internal/access"
	"custodian/versions"
)

// LodgingAddress is the address of a lodging.
func LodgingAddress(id int64) string { return "/lodgings/" + strconv.FormatInt(id, 10) }

// RestrictedAddress is the address of the restricted section of a record.
func RestrictedAddress(record int64) string { return RecordAddress(record) + "/restricted" }

// LodgedRow is a lodging in a list.
type LodgedRow struct {
	Title, Address  string
	Record, Setting string
	Ground, Lodged  string
	Due             string
	Status          Status
}

func lodgedRow(l versions.Lodged) LodgedRow {
	r := LodgedRow{Title: l.Title, Address: LodgingAddress(l.ID), Record: l.RecordName, Setting: Where(l.HomeName), Ground: groundShort(l.Ground),
		Lodged: DayOf(l.At) + ", by " + l.By, Due: Day(l.Due), Status: lodgedStatus(l)}
	if r.Title == "" {
		r.Title = "A document"
	}
	if l.RecordName == "" { // whoever audits and may not read
		r.Title, r.Record, r.Address = fmt.Sprintf("Document %d", l.Document), RecordNumber(l.RecordKind, l.Record), ""
	}
	if l.EndedAt != nil {
		r.Due = "–"
	}
	return r
}

// lodgedStatus says how near the review of a lodging is.
func lodgedStatus(l versions.Lodged) Status {
	switch n := daysBetween(l.Today, l.Due); {
	case l.EndedAt != nil:
		return Status{"Left " + DayOf(*l.EndedAt), "past"}
	case n < 0:
		return Status{Overdue(l.Due, l.Today), "late"}
	case n <= 60:
		return Status{"By " + Day(l.Due), "soon"}
	}
	return Status{"In date", "good"}
}

// groundShort says a ground in a column.
func groundShort(name string) string {
	return map[string]string{"serious-harm": "Serious harm", "in-confidence": "Given in confidence", "third-party-objects": "Somebody else objects", "police-ask": "The police ask"}[name]
}

// Restricted is the restricted section of a record.
type Restricted struct {
	Frame
	Caption string
	Rows    []LodgedRow
	Add     string // where a document is lodged, "" where the reader may not
}

// RestrictedOf makes the page.
func RestrictedOf(s versions.RestrictedSection) Restricted {
	v := Restricted{Caption: s.Where.Name}
	for _, l := range s.Lodgings {
		v.Rows = append(v.Rows, lodgedRow(l))
	}
	if s.May && s.Where.Open {
		v.Add = RecordAddress(s.Where.Record) + "/add?section=restricted"
	}
	return v
}

// Lodgings is the register of what is restricted.
type Lodgings struct {
	Frame
	Rows    []LodgedRow
	Overdue int
	Next    string
	Later   bool // the list does not begin at the beginning
}

// LodgingsOf makes it. found holds one more than limit where the register goes on.
func LodgingsOf(found []versions.Lodged, limit int, later bool) Lodgings {
	v := Lodgings{Later: later}
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		v.Next = fmt.Sprintf("/oversight/restricted?due=%s&after=%d", last.Due, last.ID)
	}
	for _, l := range found {
		v.Rows = append(v.Rows, lodgedRow(l))
		if l.Overdue() {
			v.Overdue++
		}
	}
	return v
}

// Lodging is the page of one lodging.
type Lodging struct {
	Frame
	Caption, Heading string
	Glances          []Glance
	Facts            []Fact
	Document         *Link
	May              []Link
	Asked            []Happening // of whoever told it
	Lacks            []string    // before it may be given to whom the record is about
	Sees             string      // who would see it if it were moved out
	Timeline         []Happening
}

// LodgingOf makes it.
func LodgingOf(l versions.Lodged) Lodging {
	status := lodgedStatus(l)
	v := Lodging{Caption: l.RecordName, Heading: "Lodged in the restricted section"}
	v.Glances = []Glance{{Name: "Status", Status: &status}, {Name: "Lodged", Text: DayOf(l.At), Sub: "by " + joined(l.By, lowerPost(l.Post))},
		{Name: "Advised by", Text: l.Adviser}, {Name: "Review due", Text: Day(l.Due), Sub: Until(l.Due, l.Today)}}
	if l.EndedAt != nil {
		v.Heading, v.Glances[3].Text, v.Glances[3].Sub = "Once in the restricted section", "None", ""
	}
	if l.Overdue() {
		v.Glances[3].Sub, v.Glances[3].SubLook = Overdue(l.Due, l.Today), "late"
	}
	v.Facts = []Fact{{"Ground", versions.GroundWords(l.Ground)}, {"Reason", l.Reason}, {"Told by", l.Originator}}
	if l.Title != "" {
		v.Document = &Link{l.Title, DocumentAddress(l.Document)}
	}
	at := LodgingAddress(l.ID)
	if l.May && l.EndedAt == nil {
		v.May = []Link{{"Keep it here, with the next review", at + "/keep"}, {"Say that it was shared", at + "/share"}, {"Move it out", at + "/move-out"}, {"It was lodged by mistake", at + "/withdraw"}}
	}
	if l.May {
		v.May = append(v.May, Link{"Record what whoever told us says", at + "/originator"})
	}
	for _, x := range l.Lacks {
		v.Lacks = append(v.Lacks, lackWords(x))
	}
	v.Sees = "The person this record is about has no login here, so moving it out gives it only to those who read the section it goes to."
	if l.SubjectSees {
		v.Sees = "The person this record is about reads it here, or is to. Moving it out gives it to them."
	}
	for _, a := range l.Asked {
		h := Happening{Title: answerWords(a.Answer), When: "Asked on " + a.On.Format("2 January 2006") + ", recorded by " + joined(a.By, lowerPost(a.Post)) + " on " + DayOf(a.At), Words: []string{a.Words}}
		if a.Despite != "" {
			h.Words = append(h.Words, "Passed on all the same: “"+a.Despite+"”")
		}
		v.Asked = append(v.Asked, h)
	}
	v.Timeline = lodgingTimeline(l)
	return v
}

// answerWords says what came of asking.
func answerWords(answer string) string {
	return map[string]string{"agrees": "They agree that it is passed on", "objects": "They object", "not-reached": "They were not reached"}[answer]
}

// lackWords says what has to be done before a release.
func lackWords(l versions.Lack) string {
	if l == versions.LacksObjection {
		return "Whoever told us objects. Whoever releases it writes why all the same."
	}
	return "Whoever told us has not been asked."
}

// lodgingTimeline is what was decided, newest first, down to the lodging itself.
func lodgingTimeline(l versions.Lodged) []Happening {
	var list []Happening
	for _, e := range l.Events {
		h := Happening{Title: map[string]string{"kept": "Kept", "shared": "Shared with " + e.WithWhom, "moved-out": "Moved out", "withdrawn": "Taken back: it was lodged by mistake"}[e.What],
			When: DayOf(e.At) + ", by " + joined(e.By, lowerPost(e.Post)), Words: []string{e.Why}}
		if e.ToSubject {
			h.Words = append(h.Words, "This was the person whom the record is about.")
		}
		if e.Despite != "" {
			h.Words = append(h.Words, "Although whoever told us objects: “"+e.Despite+"”")
		}
		if e.ReviewOn != nil {
			h.Words = append(h.Words, "To be looked at again on "+e.ReviewOn.Format("2 January 2006")+".")
		}
		list = append(list, h)
	}
	return append(list, Happening{Title: "Lodged", When: DayOf(l.At) + ", by " + joined(l.By, lowerPost(l.Post))})
}

// lodgingChange is what the pages have in common on which something is decided.
func lodgingChange(l versions.Lodged, heading, button string, words ...string) Change {
	c := Change{Heading: heading, Caption: l.RecordName, Submit: Submit{Words: button}, FactsTitle: "The lodging", Words: words,
		Facts: []Fact{{"Ground", versions.GroundWords(l.Ground)}, {"Reason", l.Reason}, {"Told by", l.Originator}, {"Review due", Day(l.Due)}}}
	if l.Title != "" {
		c.Facts = append([]Fact{{"Document", l.Title}}, c.Facts...)
	}
	return c
}

// KeepLodging makes the page on which a document is kept in the restricted section.
func KeepLodging(l versions.Lodged, f *Form) Change {
	c := lodgingChange(l, "Keep it in the restricted section", "Keep it here", "Is the reason still good? If it is not, move it out or share it.")
	c.Ask(f.Text("why", "Why is it still right to keep it from them?", ""), f.Date("review_on", "When is it to be looked at again?", "A day within a year."))
	return c
}

// ShareLodging makes the page on which it is recorded that something was shared.
func ShareLodging(l versions.Lodged, f *Form) Change {
	c := lodgingChange(l, "Say that it was shared", "Record it", "It stays in the restricted section.")
	c.Ask(f.Line("with_whom", "With whom was it shared?", "A name and a post, or “whoever the record is about, in a talk”."),
		f.Choice("to_subject", "Is that the person whom the record is about?", "Then whoever told us has to have been asked before.", Option{Value: "no", Words: "No"}, Option{Value: "yes", Words: "Yes"}),
		f.Text("why", "Why was it shared, and how?", ""))
	askDespite(&c, l, f)
	c.Ask(f.Date("review_on", "When is it to be looked at again?", "A day within a year."))
	return c
}

// EndLodging makes the page on which a document leaves the restricted section.
func EndLodging(l versions.Lodged, withdrawn bool, f *Form) Change {
	c := lodgingChange(l, "Move it out of the restricted section", "Move it out")
	why := f.Text("why", "Why is it no longer kept from them?", "")
	if withdrawn {
		c.Heading, c.Submit.Words = "It was lodged by mistake", "Take it back"
		why.Label = "What was the mistake?"
	}
	switch {
	case l.SubjectSees:
		c.Words = []string{"The person this record is about reads it here, or is to. This gives it to them."}
		for _, x := range l.Lacks {
			c.Words = append(c.Words, lackWords(x))
		}
	default:
		c.Words = []string{"Everybody sees it then who reads the section it goes to. The person this record is about has no login here."}
		for _, x := range l.Lacks {
			c.Words = append(c.Words, lackWords(x)+" That is needed before it is passed on to the person.")
		}
	}
	c.Ask(f.SectionChoice("To which section does it go?", l.RecordKind, []access.Section{access.General, access.Sensitive}), why)
	if l.SubjectSees {
		askDespite(&c, l, f)
	}
	return c
}

// askDespite asks for the answer to an objection, where there is one.
func askDespite(c *Change, l versions.Lodged, f *Form) {
	if len(l.Asked) > 0 && l.Asked[0].Answer == "objects" {
		c.Ask(f.Text("despite", "Whoever told us objects. Why is it passed on all the same?", "Needed where it goes to the person whom the record is about."))
	}
}

// AskOriginator makes the page on which it is recorded what whoever told it says.
func AskOriginator(l versions.Lodged, f *Form) Change {
	c := lodgingChange(l, "What whoever told us says", "Record it", "Before anything is passed on to the person it is about, all reasonable steps are taken to ask whoever told us, and what they say is taken into account.")
	c.Ask(f.Choice("answer", "What came of asking them?", "", Option{Value: "agrees", Words: answerWords("agrees")}, Option{Value: "objects", Words: answerWords("objects")},
		Option{Value: "not-reached", Words: answerWords("not-reached"), Hint: "Write down every step that was taken."}),
		f.Text("words", "What did they say, or which steps were taken?", ""), f.Date("on", "When were they asked?", "For example, 14 3 2025"))
	if l.EndedAt != nil { // until then it is said where it is moved out or shared
		c.Ask(f.Text("despite", "If they object: why is it passed on all the same?", "Needed before the person it is about reads this file. Leave it empty while that is not decided."))
	}
	return c
}

// NoteLine is a note of lodging on the main file.
type NoteLine struct{ Words, Address string }

// NotesOf makes the notes; those who read the restricted section get a way to it.
func NotesOf(notes []versions.Note, reads bool) []NoteLine {
	var list []NoteLine
	for _, n := range notes {
		line := NoteLine{Words: "Something was lodged in the restricted section on " + DayOf(n.At) + " by " + joined(n.By, lowerPost(n.Post)) + "."}
		if n.EndedAt != nil {
			line.Words += " It left it on " + DayOf(*n.EndedAt) + "."
		}
		if reads {
			line.Address = LodgingAddress(n.Lodging)
		}
		list = append(list, line)
	}
	return list
}

// LodgedNeeds are the reviews of lodgings that wait for somebody: each is about
// something that is kept from the person it concerns. The title of
// what is restricted does not stand on a page that is open all day.
func LodgedNeeds(due []versions.Lodged) []NeedRow {
	var list []NeedRow
	for _, l := range due {
		row := NeedRow{Verb: "Review", What: "What is restricted from " + l.RecordName, Address: LodgingAddress(l.ID), Status: lodgedStatus(l),
			Why: "Lodged on " + DayOf(l.At) + ". The review is due " + Until(l.Due, l.Today) + "."}
		if l.Overdue() {
			row.Why = "Lodged on " + DayOf(l.At) + ". The review was due on " + Day(l.Due) + ". Keep it, move it out or share it."
		}
		list = append(list, row)
	}
	return list
}
