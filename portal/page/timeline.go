package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/versions"
)

// Happening is one entry of a document's history: a version, or a withdrawal.
type Happening struct {
	Title, Address string // without address it is no version
	Look           string // now, next, or ""
	Status         *Status
	When           string
	Words          []string
	Shown          bool // the version that the page is about
}

// timeline lists the versions of a part of the history, newest first, with the
// withdrawals between them. There is one version more than limit where the
// history goes on.
func (d *Document) timeline(s versions.Sheet, before, limit int, on string) {
	list := s.Versions
	var until time.Time // withdrawals before it are for the next part
	if len(list) > limit {
		until = list[limit].RecordedAt
		list = list[:limit]
		last := list[limit-1].Number
		d.Earlier = &Link{fmt.Sprintf("Show earlier versions, from version %d back", last-1), fmt.Sprintf("%s?before=%d%s#versions", VersionAddress(s.Document.ID, s.Shown.Number), last, strings.Replace(on, "?", "&", 1))}
	}
	gone := slices.Clone(s.Withdrawn)
	slices.Reverse(gone)
	gone = slices.DeleteFunc(gone, func(w versions.Said) bool {
		return w.At.Before(until) || before != 0 && len(list) > 0 && w.At.After(list[0].RecordedAt)
	})
	for _, v := range list {
		for len(gone) > 0 && gone[0].At.After(v.RecordedAt) {
			d.Timeline = append(d.Timeline, withdrawal(gone[0]))
			gone = gone[1:]
		}
		d.Timeline = append(d.Timeline, happening(s, v, on))
	}
	for _, w := range gone { // between this part and the next
		d.Timeline = append(d.Timeline, withdrawal(w))
	}
}

func withdrawal(w versions.Said) Happening {
	return Happening{Title: "Withdrawn from " + DayOf(w.From), When: "Recorded by " + w.By + " on " + DayOf(w.At), Words: quoted(w.Why)}
}

func happening(s versions.Sheet, v versions.Detailed, on string) Happening {
	status := VersionStatus(s, v)
	h := Happening{Title: fmt.Sprintf("Version %d", v.Number), Address: VersionAddress(s.Document.ID, v.Number) + on, Status: &status, Shown: v.Number == s.Shown.Number}
	switch v.State {
	case versions.InForce:
		h.Look = "now"
	case versions.Coming, versions.Submitted:
		h.Look = "next"
	}
	sent := joined(v.Author, lowerPost(v.PostTitle))
	switch {
	case v.State == versions.Submitted:
		h.When = "Sent by " + joined(sent, "on "+DayOf(v.RecordedAt)) + ", to hold from " + DayOf(v.WantedFrom)
	case len(v.Periods) > 0:
		h.When = InForce(v.Periods)
	default:
		h.When = "In force on no day: what was said later left none for it"
	}
	if v.RestoredFrom != nil {
		h.Words = append(h.Words, fmt.Sprintf("The content of version %d, brought back.", *v.RestoredFrom))
	}
	if v.Note != "" {
		h.Words = append(h.Words, v.Note)
	}
	if v.LateReason != "" {
		h.Words = append(h.Words, lateWords(v)+": “"+v.LateReason+"”")
	}
	h.Words = append(h.Words, decided(s, v)...)
	return h
}

// decided says who approved a version, or added it, and every correction of its
// dates with what had been said before.
func decided(s versions.Sheet, v versions.Detailed) []string {
	var words []string
	switch a := v.Approval; {
	case a != nil:
		words = append(words, joined("Approved by "+a.By, lowerPost(a.PostTitle), "on "+DayOf(a.At))+"."+behind(a.Note))
	case !s.Document.NeedsApproval:
		words = append(words, joined("Added by "+v.Author, lowerPost(v.PostTitle), "on "+DayOf(v.RecordedAt))+".")
	}
	for i, c := range v.Said {
		if c.Kind != "corrected" || i == 0 {
			continue
		}
		words = append(words, fmt.Sprintf("Corrected on %s by %s: “%s” Before that we said %s.", DayOf(c.At), c.By, c.Why, lowerFrom(From(v.Said[i-1].From, v.Said[i-1].To))))
	}
	if v.WantedTo != nil && v.State == versions.Submitted {
		words = append(words, "Its last day is to be "+lastDay(*v.WantedTo)+".")
	}
	return words
}

// behind sets what somebody said behind a sentence.
func behind(said string) string {
	if said == "" {
		return ""
	}
	return " “" + said + "”"
}

func quoted(said string) []string {
	if said == "" {
		return nil
	}
	return []string{"“" + said + "”"}
}

// LastSaid is what was said last about when a version holds; the zero Period
// where nothing was.
func LastSaid(v versions.Detailed) versions.Period {
	if n := len(v.Said); n > 0 {
		return v.Said[n-1].Period
	}
	return versions.Period{}
}

// LastDayOf is the last day of a period, the zero Day where it has no end.
func LastDayOf(p versions.Period) clock.Day {
	if p.To == nil {
		return clock.Day{}
	}
	return clock.DayOf(p.To.Add(-time.Microsecond))
}
