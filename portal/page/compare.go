package page

import (
	"bytes"
	"fmt"

	"custodian/internal/clock"
	"custodian/versions"
)

// CompareOf lays what was said of the version shown beside what was said of the
// one in force: what a person who approves has to know, besides its content.
func CompareOf(s versions.Sheet) *Compare {
	v, old := s.Shown, s.Holds
	if old != nil && old.Number == v.Number {
		old = nil
	}
	c := &Compare{Heading: "What changes", New: fmt.Sprintf("Version %d", v.Number)}
	if old == nil {
		c.Heading, c.Sentence = "What it says of itself", "No version is in force now, so there is nothing to compare it with."
		for _, p := range pairs(v, v) {
			c.Rows = append(c.Rows, Pair{Name: p.Name, New: p.New})
		}
		return c
	}
	c.Old = fmt.Sprintf("Version %d, in force", old.Number)
	n := 0
	for _, p := range pairs(*old, v) {
		if p.Changed = p.Old != p.New; p.Changed {
			n++
		}
		c.Rows = append(c.Rows, p)
	}
	switch {
	case bytes.Equal(old.SHA256, v.SHA256):
		c.Sentence = fmt.Sprintf("The file is the very same as that of version %d.", old.Number)
	default:
		c.Sentence = "The file is different."
	}
	c.Sentence += " " + upperFirst(Count(n, "fact differs", "facts differ")) + ". These are the facts about both versions; open both files to read what they say."
	return c
}

// pairs are the facts of two versions.
func pairs(old, v versions.Detailed) []Pair {
	day := func(v versions.Detailed) string {
		if v.ReviewOn == nil {
			return "No day set"
		}
		return Day(clock.DayOf(*v.ReviewOn))
	}
	received := func(v versions.Detailed) string {
		if v.ReceivedOn == nil {
			return ""
		}
		return Day(clock.DayOf(*v.ReceivedOn))
	}
	held := func(v versions.Detailed) string {
		if len(v.Periods) > 0 {
			return InForce(v.Periods)
		}
		return From(v.WantedFrom, v.WantedTo)
	}
	all := []Pair{
		{Name: "In force", Old: held(old), New: held(v)},
		{Name: "Review due", Old: day(old), New: day(v)},
		{Name: "Written by", Old: joined(old.Author, lowerPost(old.PostTitle)), New: joined(v.Author, lowerPost(v.PostTitle))},
		{Name: "Told by", Old: old.Source, New: v.Source},
		{Name: "Received", Old: received(old), New: received(v)},
		{Name: "Recorded", Old: DayOf(old.RecordedAt), New: DayOf(v.RecordedAt)},
		{Name: "Note", Old: old.Note, New: v.Note},
		{Name: "File name", Old: old.FileName, New: v.FileName},
		{Name: "Kind of file", Old: FileKind(old.MediaType), New: FileKind(v.MediaType)},
		{Name: "Size", Old: Size(old.Size), New: Size(v.Size)},
	}
	var list []Pair
	for _, p := range all {
		if p.Old == "" && p.New == "" {
			continue
		}
		if p.Old == "" {
			p.Old = "Not said"
		}
		if p.New == "" {
			p.New = "Not said"
		}
		list = append(list, p)
	}
	return list
}
