package sample

import (
	"fmt"
	"strings"

	"custodian/internal/access"
)

// life is what happens to one record: how it is opened, the documents that come
// and go on it, and the rest of its history. It is read from texts/life.
type life struct {
	record  string
	kind    access.RecordKind
	setting string
	opened  string // a moment
	opener  string // "" for Custodian itself
	why     string
	person  string // User.ID, where the record is about somebody who signs in
	words   map[string]string
	series  []series
	turns   []turn
	pieces  []piece
}

// series is a document with its editions, all of one text in texts/paper.
type series struct {
	text, format string
	author       string
	approver     string // "-" for none
	editions     []edition
	review       string // of the newest edition; "" for the usual
	restored     int    // the edition that is brought back later; 0 for none
}

// edition says from which day it holds and, where that is not the usual, when
// it was recorded and approved.
type edition struct{ from, recorded, approved string }

// turn is a turn in a record's or a document's history.
type turn struct {
	what   string // correct, withdraw, restore, propose, entrust, move, close
	text   string // which document
	number int
	at, by string
	from   string // a day, or a setting, or a person
	why    string
}

// piece is a document of its own, with one edition: a visit, a letter, a note.
type piece struct {
	kind, format, title string
	at                  string // when it happened or was written
	after               string // how long after that it was recorded, such as 90m or 3d
	by, late, source    string
	body                string
}

// readLife reads one file of texts/life: a head of key: value lines, and then
// pieces, each headed by a line that begins with ===.
func readLife(text string) (*life, error) {
	l := &life{words: map[string]string{}}
	parts := strings.Split("\n"+text, "\n=== ")
	for line := range strings.Lines(parts[0]) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := l.line(line); err != nil {
			return nil, err
		}
	}
	for _, text := range parts[1:] {
		p, err := readPiece(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.record, err)
		}
		l.pieces = append(l.pieces, p)
	}
	if l.record == "" || l.setting == "" || l.opened == "" {
		return nil, fmt.Errorf("sample: a life lacks record, setting or opened: %.60q", text)
	}
	return l, nil
}

func (l *life) line(line string) error {
	key, value, ok := strings.Cut(line, ": ")
	f := strings.Fields(key)
	if !ok || len(f) == 0 {
		return fmt.Errorf("sample: %q means nothing", line)
	}
	switch {
	case f[0] == "record":
		l.record = value
	case f[0] == "setting":
		l.setting = value
	case f[0] == "person":
		l.person = value
	case f[0] == "kind":
		if l.kind, ok = access.ParseRecordKind(value); !ok {
			return fmt.Errorf("sample: there is no kind of record %q", value)
		}
	case f[0] == "opened" && len(f) == 4: // opened DAY TIME PERSON: why
		l.opened, l.opener, l.why = f[1]+" "+f[2], f[3], value
	case f[0] == "word" && len(f) == 2:
		l.words[f[1]] = value
	case f[0] == "doc" && len(f) == 5: // doc TEXT FORMAT AUTHOR APPROVER: EDITIONS
		l.series = append(l.series, readSeries(f[1:], value))
	case f[0] == "review" && len(f) == 2:
		for i := range l.series {
			if l.series[i].text == f[1] {
				l.series[i].review = value
			}
		}
	default:
		return l.turn(f, value, line)
	}
	return nil
}

// readSeries reads editions such as 2024-06-03, 2024-06-03@2024-06-12 (recorded
// then) and +7@-3!- (relative to the day of planting, and not approved).
func readSeries(f []string, editions string) series {
	s := series{text: f[0], format: f[1], author: f[2], approver: f[3]}
	for _, e := range strings.Fields(editions) {
		e, approved, _ := strings.Cut(e, "!")
		from, recorded, _ := strings.Cut(e, "@")
		s.editions = append(s.editions, edition{from, recorded, approved})
	}
	return s
}

// turn reads WHAT ... DAY TIME PERSON [FROM]: why. Of a move FROM is the
// setting, of entrusting the person, of corrections and the like a day.
func (l *life) turn(f []string, why, line string) error {
	t := turn{what: f[0], why: why}
	rest := f[1:]
	switch t.what {
	case "correct", "restore":
		if len(rest) != 6 {
			return fmt.Errorf("sample: %q lacks something", line)
		}
		if _, err := fmt.Sscan(rest[1], &t.number); err != nil {
			return fmt.Errorf("sample: %q: %w", line, err)
		}
		t.text, rest = rest[0], rest[2:]
		for i := range l.series {
			if t.what == "restore" && l.series[i].text == t.text {
				l.series[i].restored = t.number
			}
		}
	case "withdraw":
		t.text, rest = rest[0], rest[1:]
	case "entrust", "move", "close":
	default:
		return fmt.Errorf("sample: %q means nothing", line)
	}
	if len(rest) < 3 {
		return fmt.Errorf("sample: %q lacks something", line)
	}
	t.at, t.by, t.from = rest[0]+" "+rest[1], rest[2], strings.Join(rest[3:], " ")
	l.turns = append(l.turns, t)
	return nil
}

// readPiece reads "kind | moment | after | by | format | title", lines of
// key: value up to an empty one, and the body.
func readPiece(text string) (piece, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	f := strings.Split(lines[0], " | ")
	if len(f) != 6 {
		return piece{}, fmt.Errorf("sample: the piece %q has %d parts, not 6", lines[0], len(f))
	}
	p := piece{kind: f[0], at: f[1], after: f[2], by: f[3], format: f[4], title: f[5], body: body}
	for _, line := range lines[1:] {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "late":
			p.late = value
		case "source":
			p.source = value
		default:
			return piece{}, fmt.Errorf("sample: %q means nothing in a piece", line)
		}
	}
	return p, nil
}
