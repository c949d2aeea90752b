package sample

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// paper is a made-up document before it is painted: its words, and nothing of
// how they look. The same paper gives the same bytes on every day and machine.
type paper struct {
	Kind    string // of the document, as versions knows it
	Title   string
	Setting string
	Edition int
	Author  string
	Note    string      // what changed in this edition, and why
	Facts   [][2]string // shown in a small table below the title
	Blocks  []block
	Signed  bool      // shown with lines for signatures
	At      time.Time // when it was written; zero where that hangs on the day of planting
}

// block is a stretch of a paper.
type block struct {
	kind blockKind
	text string
	rows [][]string // of a table; the first is its heading
}

type blockKind int

const (
	paragraph blockKind = iota
	heading             // numbered by the painter
	bullet
	quote
	table
)

// madeUp stands at the foot of every page.
const madeUp = "Made up for demonstration. Every name and event in it is invented."

// gate marks a line that stands in some editions only: [2+] from the second
// on, [-2] up to the second, [2] in the second.
var gate = regexp.MustCompile(`^\[(-?)(\d+)(\+?)\] `)

// holds tells whether a line stands in an edition, and gives it without its gate.
func holds(line string, edition int) (string, bool) {
	m := gate.FindStringSubmatch(line)
	if m == nil {
		return line, true
	}
	n, _ := strconv.Atoi(m[2])
	rest := line[len(m[0]):]
	switch {
	case m[1] == "-":
		return rest, edition <= n
	case m[3] == "+":
		return rest, edition >= n
	}
	return rest, edition == n
}

// readPaper reads a text for an edition, with the words for its {places} put
// in. The head names kind and title, and says for each edition what changed.
// Words are needed only for what stands in this edition.
func readPaper(text string, edition int, words map[string]string) (paper, error) {
	p := paper{Edition: edition}
	head, body, ok := strings.Cut(text, "\n---\n")
	if !ok {
		return p, fmt.Errorf("sample: no --- after the head of %.40q", text)
	}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		n, err := strconv.Atoi(key)
		if err == nil && n != edition {
			continue
		}
		if value, err = putIn(value, words); err != nil {
			return p, err
		}
		switch {
		case key == "kind":
			p.Kind = value
		case key == "title":
			p.Title = value
		case key == "fact":
			name, fact, _ := strings.Cut(value, ": ")
			p.Facts = append(p.Facts, [2]string{name, fact})
		case key == "signed:":
			p.Signed = true
		case n == edition:
			p.Note = value
		default:
			return p, fmt.Errorf("sample: %q means nothing in the head of a text", line)
		}
	}
	body, err := putIn(standing(body, edition), words)
	p.Blocks = readBlocks(body)
	return p, err
}

// standing gives the lines that stand in an edition, without their gates.
func standing(body string, edition int) string {
	var b strings.Builder
	for raw := range strings.Lines(body) {
		if line, ok := holds(strings.TrimSpace(raw), edition); ok {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// readBlocks reads the body: ## headings, - bullets, > quotes, | tables |, and
// paragraphs, one line each.
func readBlocks(body string) []block {
	var list []block
	for raw := range strings.Lines(body) {
		line := strings.TrimSpace(raw)
		if line == "" {
			continue
		}
		b := block{kind: paragraph, text: line}
		for mark, kind := range map[string]blockKind{"## ": heading, "- ": bullet, "> ": quote} {
			if rest, ok := strings.CutPrefix(line, mark); ok {
				b = block{kind: kind, text: rest}
			}
		}
		if strings.HasPrefix(line, "|") {
			row := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
			for i := range row {
				row[i] = strings.TrimSpace(row[i])
			}
			if n := len(list); n > 0 && list[n-1].kind == table {
				list[n-1].rows = append(list[n-1].rows, row)
				continue
			}
			b = block{kind: table, rows: [][]string{row}}
		}
		list = append(list, b)
	}
	return list
}

var place = regexp.MustCompile(`\{[a-z0-9_]+\}`)

// putIn puts words in the {places} of a text; words may have places themselves.
func putIn(text string, words map[string]string) (string, error) {
	for range 3 {
		text = place.ReplaceAllStringFunc(text, func(p string) string {
			if w, ok := words[strings.Trim(p, "{}")]; ok {
				return w
			}
			return p
		})
	}
	if _, left, ok := strings.Cut(text, "{"); ok {
		return "", fmt.Errorf("sample: no word for {%.30s", left)
	}
	return text, nil
}

// paint makes the file: pdf, docx, png, jpg, txt or eml.
func (p paper) paint(format string) ([]byte, error) {
	for _, b := range p.Blocks {
		for _, row := range b.rows {
			if len(row) != len(b.rows[0]) {
				return nil, fmt.Errorf("sample: the row %q of %q has %d cells, not %d", row, p.Title, len(row), len(b.rows[0]))
			}
		}
	}
	switch format {
	case "pdf":
		return p.pdf()
	case "docx":
		return p.docx()
	case "png", "jpg":
		return p.picture(format)
	case "txt", "eml":
		return p.plain(format), nil
	}
	return nil, fmt.Errorf("sample: there is no format %q", format)
}

// plain is the paper as a note, or as a saved e-mail.
func (p paper) plain(format string) []byte {
	var b bytes.Buffer
	if format == "eml" {
		fmt.Fprintf(&b, "From: %s <sender@letters.example>\r\nTo: %s <office@demo.example>\r\nSubject: %s\r\nDate: %s\r\n", p.Author, p.Setting, p.Title, cmp.Or(p.At, printed()).Format(time.RFC1123Z))
		b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
	} else {
		fmt.Fprintf(&b, "%s\r\n%s\r\n\r\n", p.Title, p.Setting)
	}
	for _, x := range p.Blocks {
		switch x.kind {
		case bullet:
			fmt.Fprintf(&b, "  - %s\r\n", x.text)
		case table:
			for _, row := range x.rows {
				fmt.Fprintf(&b, "  %s\r\n", strings.Join(row, ": "))
			}
		default:
			fmt.Fprintf(&b, "%s\r\n\r\n", x.text)
		}
	}
	fmt.Fprintf(&b, "\r\n-- \r\n%s\r\n", madeUp)
	return b.Bytes()
}
