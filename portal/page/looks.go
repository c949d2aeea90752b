package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/looks"
)

// lookRow says a footprint with what its actor was then.
func lookRow(l looks.Look, now time.Time) FootprintRow {
	p := l.Footprint
	switch {
	case p.Title == "" && p.Document != nil:
		p.Title = fmt.Sprintf("document %d", *p.Document) // whoever may not read it is told its number
	case p.Document == nil && (strings.HasPrefix(l.Sought, "document ") || strings.HasPrefix(l.Sought, "version ")):
		p.Title = l.Sought
	}
	r := footprintRow(p, now)
	if l.Title == "" {
		r.Address = ""
	}
	r.Where, r.Then, r.By = whereLook(l), heldWords(l.Roles), wayWords(l.Ways)
	return r
}

// whereLook names the record of a look: by its name where the reader may know it,
// else by kind and number.
func whereLook(l looks.Look) *Link {
	switch {
	case l.RecordName != "" && l.Record != nil:
		return &Link{l.RecordName, RecordAddress(*l.Record)}
	case l.Record != nil && l.Kind != nil:
		return &Link{Words: RecordNumber(*l.Kind, *l.Record)}
	case l.Sought != "":
		return &Link{Words: "Sought: " + l.Sought}
	}
	return nil
}

// aKind says one record of a kind, with its article.
func aKind(k access.RecordKind) string { return "a " + Kind(k) }

func heldWords(roles []looks.Held) string {
	var all []string
	for _, h := range roles {
		w := lowerFirst(RoleWords(string(h.Role)))
		if h.Home != "" {
			w += ", " + h.Home
		}
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	if all == nil {
		return ""
	}
	return "Then " + strings.Join(all, "; ")
}

// wayWords says by what something was seen.
func wayWords(ways []looks.Way) string {
	var all []string
	for _, w := range ways {
		if words := BasisWords(w.Basis, string(w.Role)); !slices.Contains(all, words) {
			all = append(all, words)
		}
	}
	if all == nil {
		return ""
	}
	return "Seen " + strings.Join(all, ", and ")
}

// BasisWords says a basis in a sentence that begins with "Seen".
func BasisWords(basis, role string) string {
	if basis == "role" && role != "" {
		return "by role: " + lowerFirst(RoleWords(role))
	}
	words, ok := map[string]string{"role": "by role", "key-worker": "as key worker", "break-glass": "by access outside their role", "inspector-pass": "because it was opened to them as an inspector",
		"portal-link": "by a link", "data-subject": "because it is about them"}[basis]
	if !ok {
		return "by a grant"
	}
	return words
}

// UTCFirst gives the times of an auditor's list: UTC, with London beside it.
func (r *FootprintRow) UTCFirst(at time.Time) {
	r.When, r.UTC = at.UTC().Format("2 January 2006, 15:04:05")+" UTC", londonOf(at)
}

// londonOf is the time of day in London, with the day where it is another than in UTC.
func londonOf(at time.Time) string {
	text := Hour(at) + " in London"
	if at.UTC().Day() != at.In(clock.London).Day() {
		text += " on " + at.In(clock.London).Format("2 January")
	}
	return text
}

// ActOptions are the sorts of act, as a list offers them.
func ActOptions() []Option {
	words := map[looks.Act]string{looks.AnyAct: "Everything", looks.Looked: "Looked", looks.Changed: "Changed", looks.Refused: "Was refused"}
	var list []Option
	for _, a := range looks.Acts() {
		list = append(list, Option{Value: string(a), Words: words[a]})
	}
	return list
}

// Why is why the reader can see something.
type Why struct {
	Frame
	Caption, Heading string
	Reasons          []WhyRow
}

// WhyRow is one grant, in words.
type WhyRow struct {
	Words, Sections, Rights string
	Why                     string // as whoever gave it said
}

// WhyOf makes the page.
func WhyOf(b looks.Because) Why {
	v := Why{Caption: b.Name, Heading: "Why you can see this"}
	if b.Title != "" {
		v.Caption = b.Title
	}
	for _, r := range b.Reasons {
		row := WhyRow{Words: Because(r.Reason, b.Kind), Why: r.Why}
		if r.Basis == "break-glass" {
			row.Words = strings.Replace(row.Words, "You have been given this", "You asked for access outside your role", 1)
		}
		if b.Kind != access.Library {
			row.Sections = "It shows you " + sectionsWords(r.Sections) + "."
		}
		row.Rights = rightsWords(r.Rights)
		v.Reasons = append(v.Reasons, row)
	}
	return v
}

func sectionsWords(sections []access.Section) string {
	names := map[access.Section]string{access.General: "the general section", access.Sensitive: "the sensitive section", access.Restricted: "the restricted section"}
	var all []string
	for _, s := range sections {
		all = append(all, names[s])
	}
	return listed(all)
}

// listed puts words after one another: "a, b and c".
func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

func rightsWords(r access.Right) string {
	var all []string
	for _, x := range []struct {
		right access.Right
		words string
	}{{access.Read, "read"}, {access.Add, "add"}, {access.Approve, "approve"}, {access.Manage, "open, close and move records"}, {access.Share, "share"}, {access.Disclose, "disclose"}, {access.Audit, "see who has looked"}} {
		if r&x.right != 0 {
			all = append(all, x.words)
		}
	}
	return "With it you can " + listed(all) + "."
}

// RecordNumber names a record that the reader may not read.
func RecordNumber(k access.RecordKind, record int64) string {
	return fmt.Sprintf("%s, number %d", upperFirst(aKind(k)), record)
}

// LookWords says a footprint in a sentence without its subject, as a list does.
func LookWords(l looks.Look) string { return lookRow(l, l.At).What }
