package whole

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custodian/internal/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// person is somebody at a browser. By keys, they have no mouse.
type person struct {
	*browsertest.Page
	keys bool
}

// come opens a browser for somebody of the demonstration and signs in, by the
// sign-in service's own page.
func (s *stack) come(t testing.TB, who string, o browsertest.Options, keys bool) person {
	t.Helper()
	issuer, err := url.Parse(s.Issuer)
	must(t, err)
	o.Origins = []string{s.URL, issuer.Scheme + "://" + issuer.Host}
	p := person{browsertest.Start(t).Visitor(t, o), keys}
	p.Open(s.URL)
	p.act("Sign in")
	for _, u := range s.Users {
		if u.Email == who+"@demo.example" {
			p.fill("Email Address", u.Email)
			p.fill("Password", u.Password)
		}
	}
	p.act("Login")
	return p
}

// act follows a link or presses a button.
func (p person) act(name string) {
	if !p.keys {
		p.Click(name)
		return
	}
	p.KeyTo(name)
	p.Enter()
}

// fill types into a field, in place of what is there: Tab into a field of one
// line selects it.
func (p person) fill(label, text string) {
	if !p.keys {
		p.Type(label, text)
		return
	}
	p.KeyTo(label)
	p.Write(text)
}

// date types a day into the three fields of a question. By keys the first three
// that Tab comes to from the field before are meant.
func (p person) date(question, after, day, month, year string) {
	if !p.keys {
		p.TypeDate(question, day, month, year)
		return
	}
	if after != "" {
		p.KeyTo(after)
	}
	p.fill("Day", day)
	p.fill("Month", month)
	p.fill("Year", year)
}

// choose answers a list of answers.
func (p person) choose(label, answer string) {
	if !p.keys {
		p.Choose(answer)
		return
	}
	p.KeyTo(label)
	p.Write(answer)
}

// paper is a file for a browser to choose: a small PDF that says what it is.
func paper(t testing.TB, name, words string) (path string, content []byte) {
	t.Helper()
	content = fmt.Appendf(nil, "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%% %s\ntrailer<</Root 1 0 R>>\n%%%%EOF\n", words)
	path = filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, content, 0o600))
	return path, content
}

// same compares what came down with what was sent.
func (p person) same(t testing.TB, sent []byte) {
	t.Helper()
	if f := p.Downloaded(); !bytes.Equal(f.Bytes, sent) || f.Type != "application/pdf" {
		t.Errorf("what came down is not what was sent: %d bytes of %s, not %d", len(f.Bytes), f.Type, len(sent))
	}
}

// The journeys of the people whom Custodian is for, on the demonstration: with
// a wide window and a narrow one, with script switched off, and by keyboard alone.
func TestJourneysInABrowser(t *testing.T) {
	s := startWith(t, "s3", "demo")
	for name, c := range map[string]struct {
		o    browsertest.Options
		keys bool
	}{
		"wide":             {o: browsertest.Options{Width: 1200}},
		"phone":            {o: browsertest.Options{Width: 375}},
		"wide, no script":  {o: browsertest.Options{Width: 1200, NoScript: true}},
		"phone, no script": {o: browsertest.Options{Width: 375, NoScript: true}},
		"by keyboard":      {o: browsertest.Options{Width: 1200}, keys: true},
		"large text":       {o: browsertest.Options{Width: 1200, TextPercent: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			come := func(who string) person { return s.come(t, who, c.o, c.keys) }
			s.policy(t, name, come)
			if !c.keys {
				s.carePlan(t, name, come)
				s.staffFile(t, name, come)
			}
		})
	}
	t.Run("auditor", s.auditor)
	t.Run("everyPage", s.everyPage)
	t.Run("inspector", s.fourActions)
	t.Run("oversight", s.oversight)
	t.Run("opened", s.opened)
	t.Run("everybody", s.everybody)
}

// policy: staff send a policy, the manager approves it, staff send the next
// edition, it is approved, the earlier one goes to the archive by itself, and an
// inspector sees what was in force on a day. Everything is in the footprints.
func (s *stack) policy(t *testing.T, name string, come func(string) person) {
	title := "Pets policy, " + name
	first, one := paper(t, "pets.pdf", "first edition, "+name)
	second, two := paper(t, "pets-2.pdf", "second edition, "+name)

	staff := come("staff")
	staff.act("Policies of Larkfield House")
	staff.Attach("Files", first)
	staff.choose("What is it?", "Policy")
	staff.fill("Title", title)
	staff.date("From when does it hold?", "Title", "1", "3", "2024")
	staff.act("Check and add")
	staff.Has("Sent for approval")
	staff.Has("Waiting for approval")
	at := documentOf(t, staff)
	staff.Has("You wrote this version, so somebody else has to approve it.")

	manager := come("manager")
	manager.act(title + ", version 1")
	manager.act("Approve")
	manager.Has("Approve version 1")
	manager.Axe()
	manager.act("Approve")
	manager.Has("Approved by")
	manager.Has("Morgan Example")

	staff.Open(s.URL + at)
	staff.act("Add a version")
	staff.Attach("File", second)
	staff.date("From when does it hold?", "", "1", "9", "2025")
	staff.fill("What has changed? (optional)", "Says who feeds the rabbit at weekends.")
	staff.act("Check and add")
	staff.Has("Sent for approval")

	manager.Open(s.URL + at)
	manager.Has("In force")
	manager.act("Version 2")
	manager.act("Approve")
	manager.Has("Approve version 2")
	manager.Has("Says who feeds the rabbit at weekends.")
	manager.act("Approve")
	manager.Has("1 March 2024 to 31 August 2025")
	manager.act("Version 1")
	manager.Has("Superseded")
	manager.act("Download version 1")
	manager.same(t, one)

	inspector := come("inspector")
	inspector.date("Show what was in force on", "", "14", "3", "2025")
	inspector.act("Show")
	inspector.Has("In force on 14 March 2025")
	inspector.act(title)
	inspector.Has("In force on 14 March 2025")
	inspector.Has("Morgan Example")
	inspector.Axe()
	inspector.act("Download version 1")
	inspector.same(t, one)
	inspector.Open(s.URL + at)
	inspector.act("Download version 2")
	inspector.same(t, two)

	manager.act("Everyone who has looked")
	manager.Has("Opened version 1 of " + title)
	manager.Has("Ira Example")
	manager.Has("Approved version 2 of " + title)
}

// add puts a file on the record that is shown, as a new document that needs no
// approval, and gives the document's address.
func (p person) add(t *testing.T, file, kind, title string, from [3]string) string {
	t.Helper()
	p.act("Add documents")
	p.Attach("Files", file)
	p.Choose(kind)
	p.fill("Title", title)
	p.date("From when does it hold?", "", from[0], from[1], from[2])
	p.act("Check and add")
	p.Has("In force")
	return documentOf(t, p)
}

// documentOf is the address of the document that is shown.
func documentOf(t testing.TB, p person) string {
	t.Helper()
	path := p.Path()
	rest, ok := strings.CutPrefix(path, "/documents/")
	if !ok {
		t.Fatalf("not at a document but at %s: %s", path, p.Text())
	}
	id, _, _ := strings.Cut(rest, "/")
	id, _, _ = strings.Cut(id, "?")
	return "/documents/" + id
}

// carePlan: the same on a young person's record, where no approval is needed.
func (s *stack) carePlan(t *testing.T, name string, come func(string) person) {
	title := "Health plan, " + name
	first, one := paper(t, "plan.pdf", "first plan, "+name)
	second, _ := paper(t, "plan-2.pdf", "second plan, "+name)
	staff := come("staff")
	staff.act("A young person’s record")
	staff.act("Wren Sample")
	at := staff.add(t, first, "Health plan", title, [3]string{"3", "2", "2025"})
	staff.act("Add a version")
	staff.Attach("File", second)
	staff.date("From when does it hold?", "", "4", "8", "2025")
	staff.act("Check and add")
	staff.Has("3 February 2025 to 3 August 2025")
	staff.act("Version 1")
	staff.act("Download version 1")
	staff.same(t, one)

	inspector := come("inspector")
	inspector.Allow("404")
	inspector.Open(s.URL + at)
	inspector.Has("We cannot find that page")

	manager := come("manager")
	manager.Open(s.URL + at)
	manager.act("Everyone who has looked")
	manager.Has("Opened version 1 of " + title)
	manager.Has("Was refused")
}

// staffFile: the manager keeps a staff file, and an inspector reads it as at a day.
func (s *stack) staffFile(t *testing.T, name string, come func(string) person) {
	title := "Supervision, " + name
	first, one := paper(t, "supervision.pdf", "supervision, "+name)
	manager := come("manager")
	manager.act("A staff file")
	manager.act("Sam Example")
	at := manager.add(t, first, "Supervision", title, [3]string{"6", "1", "2025"})

	inspector := come("inspector")
	inspector.Open(s.URL + s.recordOf("Sam Example"))
	inspector.date("Show what was in force on", "", "14", "3", "2025")
	inspector.act("Show")
	inspector.act(title)
	inspector.Has("In force on 14 March 2025")
	inspector.act("Download version 1")
	inspector.same(t, one)

	staff := come("staff")
	staff.Allow("404")
	staff.Open(s.URL + at)
	staff.Has("We cannot find that page")
}

// recordOf is the address of a record of the demonstration.
func (s *stack) recordOf(name string) string {
	s.t.Helper()
	var id int64
	must(s.t, s.database().QueryRow(context.Background(), `select id from app.record where name = $1`, name).Scan(&id))
	return fmt.Sprintf("/records/%d", id)
}

// fourActions: an inspector's way from signing in to the first document as at a
// day takes four acts. The server's time is told, and not held to anything here.
func (s *stack) fourActions(t *testing.T) {
	for _, width := range []int{1200, 375} {
		p := s.come(t, "inspector", browsertest.Options{Width: width}, false)
		before := p.ServerTime()
		p.TypeDate("Show what was in force on", "14", "3", "2025")
		p.Click("Show")
		p.Click("Safeguarding policy")
		p.Has("In force on 14 March 2025")
		if p.Acts() > 4 {
			t.Errorf("it took %d acts", p.Acts())
		}
		t.Logf("%d px: %d acts, server time %v of which after signing in %v", width, p.Acts(), p.ServerTime().Round(time.Millisecond), (p.ServerTime() - before).Round(time.Millisecond))
	}
}
