package page

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/versions"
)

// WaitingFile is a file of an upload that is not added yet.
type WaitingFile struct {
	ID               int64
	Name, Kind, Size string
	Current, Gone    bool
	Kept             string // until when it is kept
	Same             []SameFile
}

// SameFile is where the same content lies already.
type SameFile struct{ What, Address, When string }

// Waiting is an upload of which files wait to be described and added.
type Waiting struct {
	Frame
	Caption, Heading string
	ID               int64
	Refused          []string // files that were not kept, and why
	Files            []WaitingFile
	File             *WaitingFile // that is asked about now
	Others           bool
	Added            int
	Came             int
	Again            *FileField // to choose a file again whose day is over
	Facts            Facts
	Meant            Meant
	Going            Place
	Stamp            Stamp
	Theirs           *Link // a version that somebody else added meanwhile
}

// Meant is the box that says that the same content is to be added once more.
type Meant struct {
	Problem string
	Ticked  bool
}

// Meant makes it.
func (f *Form) Meant() Meant {
	return Meant{f.problem("meant", "meant"), f.Typed("meant") == "yes"}
}

// NowStatus is that of the file that is asked about.
func (Waiting) NowStatus() Status { return Status{"This one", "next"} }

// NextStatus is that of one that comes after it.
func (Waiting) NextStatus() Status { return Status{"To add", "quiet"} }

// GoneStatus is that of one whose day is over.
func (Waiting) GoneStatus() Status { return Status{"Choose it again", "late"} }

// WaitingOf makes the page's list of files, and finds the file that is asked about.
func WaitingOf(b versions.Batch, current int64, now time.Time) Waiting {
	v := Waiting{ID: b.ID, Came: b.Came, Added: b.Came - len(b.Files), Others: len(b.Files) > 1}
	for _, h := range b.Files {
		w := WaitingFile{ID: h.ID, Name: h.FileName, Kind: FileKind(h.MediaType), Size: Size(h.Size), Current: h.ID == current, Gone: h.Gone,
			Kept: lowerMoment(h.At.Add(versions.KeptFor), now)}
		for _, s := range h.Same {
			w.Same = append(w.Same, SameFile{fmt.Sprintf("%s, version %d", s.Title, s.Number), VersionAddress(s.Document, s.Number), DayOf(s.RecordedAt)})
		}
		v.Files = append(v.Files, w)
	}
	for i := range v.Files {
		if v.Files[i].Current {
			v.File = &v.Files[i]
		}
	}
	v.Heading = "One file to add"
	if n := len(b.Files); n > 1 {
		v.Heading = fmt.Sprintf("%d files to add", n)
	}
	return v
}

// lowerMoment says a moment of today or tomorrow within a sentence.
func lowerMoment(t, now time.Time) string {
	switch clock.DayOf(t) {
	case clock.DayOf(now):
		return Hour(t) + " today"
	case clock.DayOf(now).Next():
		return Hour(t) + " tomorrow"
	}
	return Hour(t) + " on " + DayOf(t)
}

// NoLonger says that a file does not wait any more, and gives back what was
// typed about it.
type NoLonger struct {
	Frame
	Text  string
	There *Link // what was added
	Typed []Fact
}

// TypedFacts lists what was typed in words, so that it can be used again.
func TypedFacts(values url.Values) []Fact {
	var list []Fact
	add := func(name, text string) {
		if text != "" {
			list = append(list, Fact{name, text})
		}
	}
	day := func(name string) string {
		return strings.Join(strings.Fields(values.Get(name+"-day")+" "+values.Get(name+"-month")+" "+values.Get(name+"-year")), " ")
	}
	add("Title", values.Get("title"))
	if values.Get("kind") != "" {
		add("What it is", KindWords(values.Get("kind")))
	}
	for _, f := range [][2]string{{"Holds from", "in_force_from"}, {"Holds until", "in_force_to"}, {"Review", "review_on"}, {"Happened", "event_at"}, {"Arrived", "received_on"}} {
		add(f[0], day(f[1]))
	}
	for _, f := range [][2]string{{"At", "event_at-time"}, {"Why it is late", "late_reason"}, {"Who told you", "who"}, {"Their post", "who_post"}, {"Who sent it", "sender"},
		{"Your post", "post_title"}, {"What has changed", "note"}, {"Why they may not see it", "reason"}, {"Who told us", "originator"}} {
		add(f[0], values.Get(f[1]))
	}
	return list
}

// UnfinishedRow is an upload of the reader's own that waits to be finished.
func UnfinishedRow(u versions.Unfinished, now time.Time) NeedRow {
	files, them := Count(u.Files, "file", "files"), "them"
	if u.Files == 1 {
		them = "it"
	}
	return NeedRow{Verb: "Finish", What: fmt.Sprintf("%s for %s", upperFirst(files), u.Name), Address: UploadAddress(u.Batch),
		Why: fmt.Sprintf("You sent %s on %s and have not added %s yet. Files wait for a day.", them, DayOf(u.BegunAt), them), Status: Status{"Until " + lowerMoment(u.BegunAt.Add(versions.KeptFor), now), "soon"}}
}
