package portal_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"custodian/internal/browsertest"
	"custodian/internal/login"
	"custodian/internal/people"
)

// frontDoor is the portal behind a front at which a session can be taken up by an
// address, as signing in does, and forms can be held up.
type frontDoor struct {
	url  string
	mu   sync.Mutex
	gate chan struct{} // closed: forms pass
}

func (s sender) behind() *frontDoor {
	s.t.Helper()
	to, err := url.Parse(s.url)
	must(s.t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // of forms that a test stops
	f := &frontDoor{gate: make(chan struct{})}
	close(f.gate)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/taken-up" {
			http.SetCookie(w, &http.Cookie{Name: login.SessionCookie, Value: r.URL.Query().Get("secret"), Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusSeeOther)
			return
		}
		if r.Method == http.MethodPost {
			f.mu.Lock()
			gate := f.gate
			f.mu.Unlock()
			select {
			case <-gate:
			case <-r.Context().Done():
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(front.Close)
	f.url = front.URL
	return f
}

// hold keeps forms from passing until what it gives is called.
func (f *frontDoor) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gate := make(chan struct{})
	f.gate = gate
	return func() { close(gate) }
}

// enter opens a page as this person.
func (f *frontDoor) enter(p *browsertest.Page, s sender, path string) {
	p.Open(f.url + "/taken-up?secret=" + s.secret + "&to=" + url.QueryEscape(path))
}

// onDisk writes files for a browser to choose.
func onDisk(t testing.TB, files ...scrap) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, f := range files {
		p := filepath.Join(dir, f.name)
		must(t, os.WriteFile(p, []byte(f.content), 0o600))
		paths = append(paths, p)
	}
	return paths
}

// The pages on which files are sent, at both widths, with script and without:
// several files at once, one of them bad, and facts that have to be mended.
func TestUploadPagesInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.sender("staff")
	door := staff.behind()
	b := browsertest.Start(t)
	record := w.Records["Wren Sample"]
	for _, o := range []browsertest.Options{{Width: 1200}, {Width: 375}, {Width: 375, NoScript: true}, {Width: 1200, NoScript: true}} {
		suffix := map[bool]string{true: "-plain"}[o.NoScript]
		p := b.Visitor(t, o)
		door.enter(p, staff, recordAdd(record))
		p.Axe()
		p.Shot("add" + suffix)
		p.Choose("Record of an incident")
		p.TypeDate("When did it happen?", "14", "11", "2025")
		p.Type("At what time?", "4.10pm")
		if o.NoScript {
			p.HasNot("Why is it late?")
			p.Has("From when does it hold?")
		} else {
			p.Has("That is 12 months ago.")
			p.HasNot("From when does it hold?")
			p.HasNot("Who told you?")
		}
		p.Choose("Someone told me")
		p.Has("Who told you?")
		p.Axe()
		p.Shot("add-incident" + suffix)
		name := fmt.Sprint(o.Width, suffix)
		p.Attach("Files", onDisk(t, scrap{"visit_notes.txt", "notes " + name}, scrap{"letter.txt", "the letter " + name}, scrap{"bad.pdf", "<html>x</html>"})...)
		p.Shot("add-files" + suffix)
		p.Click("Check and add")
		p.Has("2 files to add")
		p.Has("bad.pdf: The file's name ends in .pdf")
		p.Axe()
		p.Shot("waiting" + suffix)
		p.Click("Check and add")
		p.Has("Say why it is late")
		p.Has("That is 12 months ago.")
		p.Has("Enter who told you.")
		p.Axe()
		p.Shot("waiting-wrong" + suffix)
		p.Type("Why is it late?", "The notes were found today.")
		p.Type("Who told you?", "Finch Sample")
		p.Click("Check and add")
		p.Has("Added")
		p.Has("One file to add")
		p.Choose("Care plan")
		p.Shot("waiting-last" + suffix)
		if o.NoScript {
			p.TypeDate("From when does it hold?", "1", "1", "2026")
		} else {
			p.TypeDate("From when does it hold?", "1", "January", "2026")
		}
		p.Click("Check and add")
		p.Has("Letter")
		if !documentPage.MatchString(p.Path()) {
			t.Errorf("%s: at the end on %s", name, p.Path())
		}
	}
	if w.waiting() != 0 || w.objects() != 8 {
		t.Errorf("%d files wait, %d objects", w.waiting(), w.objects())
	}
}

// Two files are chosen and one is dropped beside them; one is thought better of;
// sending shows how far it is and can be stopped; a session that has ended keeps
// all of it in the page; then both are added by keyboard alone.
func TestSendingWithScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.sender("staff")
	door := staff.behind()
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 1200})
	door.enter(p, staff, w.libraryAdd())
	p.Attach("Files", onDisk(t, scrap{"fire_plan.txt", "fire"}, scrap{"too large.bin", strings.Repeat("x", usualLimit+1)})...)
	p.Has("too large.bin is larger than 1 MB, which is the most that can be kept here. It was left out.")
	p.Attach("Files", onDisk(t, scrap{"second.txt", "second"})...)
	p.Drop("Files", onDisk(t, scrap{"dropped.txt", "dropped"})...)
	for _, line := range []string{"fire_plan.txt, 4 bytes", "second.txt, 6 bytes", "dropped.txt, 7 bytes"} {
		p.Has(line)
	}
	p.Has("3 files. Next, you say what each one is.")
	p.Click("Remove second.txt")
	p.Has("second.txt was removed.")

	release := door.hold()
	p.Meanwhile(func() { p.Click("Check and add") })
	p.Has("All is sent. It is being checked and kept.")
	p.Shot("sending")
	p.Meanwhile(func() { p.Click("Stop sending") })
	p.Has("Sending was stopped, and nothing was kept. Your files and what you typed are still here.")
	release()

	staff.signOff()
	p.Click("Check and add")
	p.Has("You have been signed out. Your files and what you typed are still here, and nothing has been sent.")
	p.Axe()
	p.Shot("signed-out")
	again := w.sender("staff")
	tab := p.Tab()
	door.enter(tab, again, "/signed-in")
	tab.Close()
	p.KeyTo("Check and add")
	p.Enter()
	p.Has("2 files to add")
	if p.HasNot("second.txt"); w.waiting() != 2 {
		t.Errorf("%d files wait", w.waiting())
	}

	for i, title := range []string{"Fire plan", "Dropped"} {
		p.KeyTo("What is it?")
		p.Write("Proc")
		p.KeyTo("Title")
		p.Press("End")
		p.Write(" of the house")
		p.KeyTo("Check and add")
		p.Enter()
		if i == 0 {
			p.Has("One file to add")
		} else {
			p.Has(title + " of the house")
		}
	}
	if !documentPage.MatchString(p.Path()) || w.waiting() != 0 || w.objects() != 2 {
		t.Errorf("on %s, %d wait, %d objects", p.Path(), w.waiting(), w.objects())
	}
}

// A script's answer that is a refusal is shown where the files still are.
func TestRefusalWithScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.sender("staff")
	door := staff.behind()
	record := w.Records["Wren Sample"]
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 375})
	p.Allow("409 for")
	p.Allow("400 for")
	door.enter(p, staff, recordAdd(record))
	p.Attach("Files", onDisk(t, scrap{"photo.jpg", "<html></html>"})...)
	p.Click("Check and add")
	p.Has("photo.jpg: The file's name ends in .jpg")
	p.Has("Choose what it is.")
	p.Axe()
	p.Shot("refused")
	p.Click("Remove photo.jpg")
	p.Choose("Care plan")
	p.Attach("Files", onDisk(t, scrap{"plan.txt", "plan"})...)
	must(t, people.Close(t.Context(), w.DB, w.Actors["manager"], record, people.Change{Why: "over"}))
	p.Click("Check and add")
	p.Has("This record is closed")
	p.Has("plan.txt, 4 bytes")
	must(t, people.Reopen(t.Context(), w.DB, w.Actors["manager"], record, people.Change{Why: "not over"}))
	p.Click("Check and add")
	p.Has("Plan")
	if !documentPage.MatchString(p.Path()) {
		t.Errorf("on %s", p.Path())
	}
}

// judge has axe look at a page at the two widths that pages are made for. What axe
// finds hangs on what is shown, and that is the same at 320 as at 375.
func judge(p *browsertest.Page, width int) {
	if width != 320 {
		p.Axe()
	}
}

// The pages around an upload that is not finished: axe finds nothing on them, and
// none is wider than its window.
func TestUnfinishedUploadInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.sender("staff")
	door := staff.behind()
	document := w.document(w.library())
	to := staff.send(w.libraryAdd(), paperFacts("form", "The same"), scrap{"same.txt", "d"}, scrap{"over.txt", "over"}).to()
	first := staff.open(to).fileForm()
	for _, width := range []int{1200, 375, 320} {
		p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: width})
		for name, at := range map[string]string{"home": "/home", "same": to, "more": to + "/more", "version": "/documents/" + document + "/add"} {
			door.enter(p, staff, at) // which complains about a page that is wider than the window
			judge(p, width)
			p.Shot(name)
		}
		door.enter(p, staff, to)
		p.Has("The same file is here already")
		p.Click("Check and add")
		p.Has("tick the box if you mean to add it once more")
		judge(p, width)
		p.Shot("same-refused")
	}
	added := staff.open(to).fields()
	added.Set("meant", "yes")
	staff.post(first, added).to()
	w.Exec(t, `update app.upload set begun_at = begun_at - interval '25 hours'`)
	_, err := w.keeper.Sweep(t.Context(), 24*time.Hour)
	must(t, err)
	for _, width := range []int{1200, 375, 320} {
		p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: width})
		door.enter(p, staff, to)
		p.Has("Files are kept for a day, and this one is gone.")
		judge(p, width)
		p.Shot("over")
	}
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 375})
	door.enter(p, staff, to)
	p.Attach("File", onDisk(t, scrap{"over again.txt", "over"})...)
	p.Click("Send it again")
	p.Has("Check and add")
	staff.post(to+"/drop", nil).to()
	p.Click("Check and add")
	p.Has("We cannot find that page")
}
