package page

import (
	"strconv"
	"strings"
	"time"

	"custodian/internal/grants"
)

// NoteView is what stands on a record about an access outside a role.
type NoteView struct {
	ID               int64
	When, Stamp, Who string
	Letter           string
	Means            []string // in plain words
	Parts            []Fact
	Address          string
}

// NoteViews makes the notes.
func NoteViews(list []grants.OutsideNote, now time.Time) []NoteView {
	var views []NoteView
	for _, n := range list {
		v := NoteView{ID: n.ID, When: Moment(n.At, now), Stamp: n.At.UTC().Format(time.RFC3339), Who: n.Name, Letter: n.Letter}
		if n.Post != "" {
			v.Who += ", " + lowerPost(n.Post)
		}
		if n.Linked {
			v.Address = OutsideAddress(n.Access)
		}
		if n.Kind == "letter" {
			v.Means = means(n.Reason)
		} else {
			v.Parts = []Fact{{"Discussion", n.Oversight.Discussion}, {"Analysis", n.Oversight.Analysis}, {"Direction", n.Oversight.Direction}, {"Actions", n.Oversight.Actions}}
		}
		views = append(views, v)
	}
	return views
}

// means says a letter in plain words, for whom the record is about.
func means(r grants.OutsideReason) []string {
	return []string{map[grants.OutsideReason]string{
		grants.ForAudit:     "We check some files to see that we do our work well. Somebody who does not usually work with you read a part of this file to do that.",
		grants.ForOversight: "The manager was away. Another manager read a part of this file, to help with a decision.",
		grants.ForSupport:   "Something in the computer did not work. Somebody looked at this file to put it right.",
		grants.ForEmergency: "Somebody had to know something quickly, to keep a person safe.",
		grants.ForOther:     "Somebody who does not usually work with you read a part of this file. The letter says why.",
	}[r], "A manager checks each time whether it was right. If you want to know more, ask somebody you trust here."}
}

// OutsideNotes are all notes on a record.
type OutsideNotes struct {
	Frame
	Caption string
	Notes   []NoteView
	Earlier string
}

// OutsidePart is what the page of a record says about access outside a role.
type OutsidePart struct {
	Bar   *OutsideBar
	Notes []NoteView
	All   string // where all the notes are
	Ask   string
	// Shields is where its shields are looked after, "" for whoever does not.
	Shields string
}

// OutsideBar tells whoever sees a record outside their role until when.
type OutsideBar struct {
	Until, Reason, Address string
	Soon                   bool
	Write                  string // where what the oversight came to is written
}

// OutsidePartOf makes that part.
func OutsidePartOf(o grants.OnRecord, record int64, limit int, now time.Time) OutsidePart {
	var p OutsidePart
	at := RecordAddress(record)
	if len(o.Notes) > limit {
		o.Notes = o.Notes[:limit]
		p.All = at + "/outside"
	}
	p.Notes = NoteViews(o.Notes, now)
	if o.MayAsk {
		p.Ask = "/outside-role?record=" + strconv.FormatInt(record, 10)
	}
	if o.MayShield {
		p.Shields = at + "/shields"
	}
	if o.Mine != nil {
		p.Bar = &OutsideBar{Until: lowerFirst(Ahead(*o.Mine.Until, now)), Reason: lowerFirst(OutsideReasonWords(o.Mine.Reason)), Address: OutsideAddress(o.Mine.ID), Soon: endsSoon(*o.Mine, now)}
		if o.Mine.Owes() {
			p.Bar.Write = OutsideAddress(o.Mine.ID) + "/oversight"
		}
	}
	return p
}

// endsSoon tells whether somebody is to be warned: a day before the end of a long
// time, four hours before the end of a day.
func endsSoon(o grants.Outside, now time.Time) bool {
	if !o.Running(now) {
		return false
	}
	before := 4 * time.Hour
	if o.Until.Sub(*o.From) > 25*time.Hour {
		before = 24 * time.Hour
	}
	return o.Until.Sub(now) <= before
}

// OutsideOne is the page of one access.
type OutsideOne struct {
	Frame
	Caption, Heading string
	Status           Status
	Facts            []Fact
	Notes            []NoteView
	Written          bool // there is or will be no letter missing
	Looked           []LookedRow
	Count            string // how often, in words
	More             bool   // Looked does not hold all of it
	Looks            string // address of every single one, "" where there is none
	Begun            bool
	Record           string // address of the record, "" where the reader does not see it
	Events           []Fact
	Offers           []Link
}

// OutsideOneOf makes the page.
func OutsideOneOf(o grants.OutsideOne, now time.Time) OutsideOne {
	v := OutsideOne{Caption: outsideName(o.Outside), Heading: "Access outside a role", Status: OutsideStatus(o.Outside, o.Own, now), Notes: NoteViews(o.Notes, now), Begun: o.From != nil}
	if o.RecordName != "" {
		v.Record = RecordAddress(o.Record)
	}
	for i := range v.Notes {
		v.Notes[i].Address = "" // it is this page
	}
	v.Facts = outsideFacts(o.Outside, now)
	for _, l := range o.Looked {
		v.Looked = append(v.Looked, lookedRow(l, now))
	}
	if v.Count, v.More = looksWords(o.Looks), o.MoreLooked; o.Looks > 0 {
		v.Looks = OutsideAddress(o.ID) + "/looks"
	}
	event := func(what string, at *time.Time, by, why string) {
		if at != nil {
			v.Events = append(v.Events, Fact{what, Moment(*at, now) + ", by " + by + ": “" + why + "”"})
		}
	}
	event(map[bool]string{true: "The longer time was approved", false: "The longer time was not given"}[o.Approved], o.Decided, o.DecidedBy, o.DecidedWhy)
	event(map[bool]string{true: "Taken back", false: "Ended before its time"}[o.From == nil], o.Stopped, o.StoppedBy, o.StoppedWhy)
	event(upperFirst(o.Verdict), o.Reviewed, o.ReviewedBy, o.ReviewedWhy)
	event(map[string]string{"accepted": "Accepted after all", "wrong": "Was wrong"}[o.Judgement], o.Judged, o.JudgedBy, o.JudgedWhy)
	at := OutsideAddress(o.ID)
	offer := func(may bool, words, path string) {
		if may {
			v.Offers = append(v.Offers, Link{words, at + path})
		}
	}
	offer(o.MayDecide, "Decide about the longer time", "/decide")
	offer(o.MayReview || o.MayJudge, "Review it", "/review")
	offer(o.Own && o.Owes(), "Write what the oversight came to", "/oversight")
	offer(o.MayEnd, map[bool]string{true: "Take it back", false: "End it now"}[o.From == nil], "/end")
	return v
}

func outsideFacts(o grants.Outside, now time.Time) []Fact {
	who := o.Name
	if o.Post != "" {
		who += ", " + lowerPost(o.Post)
	}
	facts := []Fact{{"Who", who}, {"Why", OutsideReasonWords(o.Reason)}}
	if o.Colleague != "" {
		facts = append(facts, Fact{"In place of", o.Colleague})
	}
	if o.Words != "" {
		facts = append(facts, Fact{"In their words", o.Words})
	}
	facts = append(facts, Fact{"What they could see", SectionsWords(o.Section)}, Fact{"Asked", Moment(o.Asked, now) + ", for " + spanWords(o.Span)})
	if o.From != nil {
		facts = append(facts, Fact{"From", Moment(*o.From, now)}, Fact{"Until", Ahead(*o.Until, now)})
	}
	if o.HomeName != "" {
		facts = append(facts, Fact{"Setting of the record", o.HomeName})
	}
	return facts
}

// OutsideFacts are the facts of an access beside a form.
func OutsideFacts(o grants.OutsideOne, now time.Time) []Fact {
	facts := outsideFacts(o.Outside, now)
	if o.From != nil {
		words := "Nothing that you may audit"
		if len(o.Looked) > 0 {
			if words = Deed(o.Looked[0].Footprint); o.Looks > 1 {
				words = looksWords(o.Looks) + ". The last: " + lowerFirst(words)
			}
		}
		facts = append(facts, Fact{"Looked at", strings.TrimSpace(words)})
	}
	return facts
}
