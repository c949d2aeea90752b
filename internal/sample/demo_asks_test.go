package sample_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"net/mail"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/membership"
	"custodian/internal/sample"
	"custodian/versions"
)

// sound tells by its content whether a file is what its name and its media type
// say, and gives its format.
func sound(name, media string, content []byte) (string, error) {
	format := strings.TrimPrefix(path.Ext(name), ".")
	want := map[string]string{"pdf": "application/pdf", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"png": "image/png", "jpg": "image/jpeg", "txt": "text/plain", "eml": "message/rfc822"}[format]
	if got, _, _ := strings.Cut(media, ";"); got != want {
		return format, fmt.Errorf("a %s has the media type %s", format, media)
	}
	switch format {
	case "pdf":
		if !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.HasSuffix(bytes.TrimSpace(content), []byte("%%EOF")) {
			return format, errors.New("no PDF from beginning to end")
		}
		if pages := bytes.Count(content, []byte("/Type /Page\n")); pages < 1 || pages > 3 {
			return format, fmt.Errorf("%d pages", pages)
		}
		return format, nil
	case "docx":
		return format, word(content)
	case "png", "jpg":
		_, _, err := image.Decode(bytes.NewReader(content))
		return format, err
	case "eml":
		m, err := mail.ReadMessage(bytes.NewReader(content))
		if err == nil {
			_, err = m.Header.Date()
		}
		return format, err
	}
	if !utf8.Valid(content) {
		return format, errors.New("no text")
	}
	return format, nil
}

// word reads every part of a Word file.
func word(content []byte) error {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return err
	}
	for _, part := range []string{"[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml"} {
		if _, err := z.Open(part); err != nil {
			return err
		}
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		d := xml.NewDecoder(r)
		for err == nil {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

// inForce asks, as the inspector, and gives "title version" in the order of the titles.
func (p *planted) inForce(t *testing.T, at clock.Day, known time.Time) []string {
	t.Helper()
	answers, _, err := p.keeper.AsAt(t.Context(), p.Actors["inspector"], p.Records["Policies of "+sample.ChildrensHome],
		versions.Question{At: versions.On(at), Day: at.String(), Known: known, Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, a := range answers {
		if a.Document.Kind == "policy" || a.Document.Kind == "statement-of-purpose" {
			title, _, _ := strings.Cut(a.Document.Title, " policy")
			list = append(list, fmt.Sprint(title, " ", a.Version.Number))
		}
	}
	slices.Sort(list)
	return list
}

func checkInForce(t *testing.T, p *planted) {
	for on, want := range map[string]string{
		"2023-01-08": "",
		"2023-07-03": "Behaviour support 1, Complaints 1, Family time 1, Fire safety 1, Medicines 1, Missing from home 1, Records and confidentiality 1, Safeguarding 1, Statement of purpose 1, Visitors 1",
		"2024-04-23": "Behaviour support 2, Complaints 1, Family time 1, Fire safety 1, Medicines 1, Missing from home 1, Online safety 1, Records and confidentiality 1, Safeguarding 2, Statement of purpose 2, Visitors 2",
		"2024-10-20": "Behaviour support 2, Complaints 1, Family time 1, Fire safety 2, Medicines 1, Missing from home 2, Online safety 1, Records and confidentiality 2, Safeguarding 2, Statement of purpose 2, Visitors 2",
		"2025-03-14": "Behaviour support 2, Complaints 2, Family time 2, Fire safety 2, Medicines 2, Missing from home 2, Online safety 2, Records and confidentiality 2, Safeguarding 3, Statement of purpose 2",
		"2025-10-19": "Behaviour support 3, Complaints 2, Family time 2, Fire safety 3, Medicines 2, Missing from home 3, Online safety 2, Records and confidentiality 3, Safeguarding 3, Statement of purpose 3",
		"2025-10-21": "Behaviour support 3, Complaints 2, Family time 2, Fire safety 3, Medicines 2, Missing from home 3, Online safety 2, Records and confidentiality 4, Safeguarding 3, Statement of purpose 3",
		today:        "Behaviour support 3, Complaints 2, Family time 3, Fire safety 4, Medicines 3, Missing from home 3, Online safety 2, Records and confidentiality 4, Safeguarding 4, Statement of purpose 4",
		"2026-07-22": "Behaviour support 3, Complaints 2, Family time 3, Fire safety 4, Medicines 3, Missing from home 3, Online safety 3, Records and confidentiality 4, Safeguarding 4, Statement of purpose 4",
	} {
		if diff := cmp.Diff(want, strings.Join(p.inForce(t, day(t, on), time.Time{}), ", ")); diff != "" {
			t.Errorf("on %s (-want +got):\n%s", on, diff)
		}
	}
	// a date that was corrected later still answers as it was known before
	if got := p.inForce(t, day(t, "2024-10-20"), day(t, "2024-10-30").Start()); !slices.Contains(got, "Medicines 2") {
		t.Errorf("known on 30 October, before the correction: %v", got)
	}
	if got := p.inForce(t, day(t, "2023-07-03"), day(t, "2023-05-01").Start()); len(got) != 0 {
		t.Errorf("known before anything was recorded: %v", got)
	}
}

// Two versions of a document are never in force and known at once, and what is
// in force where approval is needed was approved by another than its author.
func checkHistory(t *testing.T, p *planted) {
	var overlaps, unapproved, own int
	p.Scan(t, `
		select count(*) from app.standing a join app.standing b on a.document_id = b.document_id and a.ctid < b.ctid
		where a.in_from < b.in_to and b.in_from < a.in_to and a.known_from < b.known_to and b.known_from < a.known_to`, nil, &overlaps)
	p.Scan(t, `
		select count(*) filter (where x.id is null), count(*) filter (where x.by_actor = v.author_id)
		from app.standing s join app.version v on v.id = s.version_id join app.document d on d.id = s.document_id
		left join app.decision x on x.version_id = v.id and x.verdict = 'approved' where d.needs_approval`, nil, &unapproved, &own)
	if overlaps+unapproved+own != 0 {
		t.Errorf("%d standings overlap, %d are of versions never approved, %d were approved by their author", overlaps, unapproved, own)
	}
	var waits int
	p.Scan(t, `
		select count(*) from app.document d where not exists (select from app.standing s where s.document_id = d.id and s.known_to = 'infinity')
			and not exists (select from app.statement w where w.document_id = d.id and w.kind = 'withdrawn')`, nil, &waits)
	if waits != 0 {
		t.Errorf("%d documents were never in force", waits)
	}
}

// The manager's home page has something on it.
func checkNeeds(t *testing.T, p *planted) {
	n, err := p.keeper.Needs(t.Context(), p.Actors["manager"])
	if err != nil {
		t.Fatal(err)
	}
	var approve []string
	for _, a := range n.Approve {
		approve = append(approve, fmt.Sprint(a.Title, " ", a.Number))
	}
	slices.Sort(approve)
	if diff := cmp.Diff([]string{"Behaviour support policy 4", "Missing from home policy 4"}, approve); diff != "" {
		t.Errorf("to approve (-want +got):\n%s", diff)
	}
	// reviews are held against the day of planting, which lies behind
	reviews := all(t, p, `
		select d.title || ' ' || (v.review_on - $1::date) from app.document d join app.version v on v.document_id = d.id join app.standing s on s.version_id = v.id
		where d.record_id = $2 and s.known_to = 'infinity' and s.in_from <= $1::date and s.in_to > $1::date and v.review_on < $1::date + 60 order by v.review_on`,
		today, p.Records["Policies of "+sample.ChildrensHome])
	if diff := cmp.Diff([]string{"Complaints policy -12", "Medicines policy 24", "Family time policy 41"}, reviews); diff != "" {
		t.Errorf("days to the reviews that are due (-want +got):\n%s", diff)
	}
}

func checkNothingWaits(t *testing.T, p *planted) {
	for _, table := range []string{"upload", "batch", "held", "session", "session_use", "token_use"} {
		var n int
		p.Scan(t, `select count(*) from app.`+table, nil, &n)
		if n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

// Every group of the sign-in provider gives a role, and everybody whom Custodian
// knows holds the one that their group gives.
func checkGroups(t *testing.T, p *planted) {
	list, err := membership.Groups(t.Context(), p.DB, p.Actors["admin"])
	if err != nil {
		t.Fatal(err)
	}
	gives := map[string]string{}
	for _, g := range list {
		gives[g.Group] = string(g.Role) + " at " + g.Home
	}
	for _, u := range sample.Everybody("demo") {
		if _, known := p.Actors[u.ID]; known == u.Unknown {
			t.Errorf("%s is known: %v", u.ID, known)
		}
		for _, g := range u.Groups {
			if want := u.Role + " at " + u.Setting; gives[g] != want && !u.Unknown {
				t.Errorf("%s is in %s, which gives %q and not %q", u.ID, g, gives[g], want)
			}
		}
		if u.ID == "newcomer" && gives[u.Groups[0]] != "staff at "+u.Setting {
			t.Errorf("the newcomer's group gives %q", gives[u.Groups[0]])
		}
	}
	if p.Actors["service"].Kind != access.Service {
		t.Error("there is no service account")
	}
}
