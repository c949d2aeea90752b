package browsertest_test

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custodian/internal/browsertest"
)

// everybody is each way to look at the pages.
var everybody = map[string]browsertest.Options{
	"wide":              {Width: 1200},
	"phone":             {Width: 375},
	"wide, no script":   {Width: 1200, NoScript: true},
	"phone, no script":  {Width: 375, NoScript: true},
	"phone, large text": {Width: 375, TextPercent: 200},
}

func TestForm(t *testing.T) {
	t.Parallel()
	url := site(t)
	one, two := filepath.Join(t.TempDir(), "one.txt"), filepath.Join(t.TempDir(), "two.txt")
	for _, f := range []string{one, two} {
		if err := os.WriteFile(f, []byte("words"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, o := range everybody {
		t.Run(name, func(t *testing.T) {
			o.Origins = []string{url}
			p := browsertest.Start(t).Visitor(t, o)
			p.Open(url)
			p.Has("Nothing needs you today.")
			if o.Width == 375 {
				p.Has("By finger.")
			} else {
				p.HasNot("By finger.")
			}
			if o.NoScript {
				p.Has("Script is off.")
				p.HasNot("Script is on.")
			} else {
				p.Has("Script is on.")
				p.HasNot("Script is off.")
			}
			p.Click("Add a document")
			p.Type("Name", "Fire safety")
			p.Type("Why is it late?", "Two\nlines")
			p.TypeDate("When did it happen?", "14", "3", "2025")
			p.TypeDate("When did you hear?", "15", "4", "2026")
			p.Choose("Someone told me")
			p.Choose("I am sure")
			p.Choose("I am sure")
			p.Choose("Care plan")
			p.Attach("File", one, two)
			p.Axe()
			p.Click("Check and add")
			if p.Status() != 400 || p.Title() != "Page /sent" || p.Path() != "/sent" {
				t.Errorf("got status %d, title %q, path %q", p.Status(), p.Title(), p.Path())
			}
			for _, w := range []string{"name=Fire safety.", "why=Two lines.", "d1=14.", "m1=3.", "y1=2025.", "d2=15.", "m2=4.", "y2=2026.", "how=told.", "sure=on.", "kind=Care plan.", "file=one.txt, 5 bytes.", "file=two.txt, 5 bytes."} {
				p.Has(w)
			}
			p.Back()
			if p.Path() != "/form" || p.Status() != 200 || p.Acts() != 2 {
				t.Errorf("got path %s, status %d, %d acts", p.Path(), p.Status(), p.Acts())
			}
		})
	}
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	url := site(t)
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 1200})
	p.Open(url)
	p.KeyTo("Add a document")
	p.Enter()
	p.KeyTo("Name")
	p.Press("End")
	p.Write("er £")
	p.KeyTo("Day")
	p.Write("14")
	p.KeyTo("I was there")
	p.Press("Space", "ArrowDown")
	p.KeyTo("I am sure")
	p.Press("Space")
	p.KeyTo("What is it?")
	p.Write("C")
	p.KeyTo("Check and add")
	p.Press("Shift+Tab")
	if p.Focused() == "Check and add" {
		t.Error("Shift+Tab did not go back")
	}
	p.KeyTo("Check and add")
	p.Enter()
	for _, w := range []string{"name=older £.", "d1=14.", "how=told.", "sure=on.", "kind=Care plan."} {
		p.Has(w)
	}
	if p.Acts() != 2 {
		t.Errorf("%d acts, want 2", p.Acts())
	}
}

func TestNavigation(t *testing.T) {
	t.Parallel()
	url := site(t)
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 1200})
	p.Open(url)
	p.In("Medicines").Click("Open")
	if p.Path() != "/?medicines" {
		t.Errorf("at %s", p.Path())
	}
	p.In("Fire safety").Has("in force")
	p.In("Fire safety").HasNot("superseded")
	p.Click("To the foot")
	p.Click("Moved")
	before := p.ServerTime()
	p.Click("Slow")
	if took := p.ServerTime() - before; took < 300*time.Millisecond || p.Title() != "Page /slow" {
		t.Errorf("the server's 300 ms were taken for %v, on %s", took, p.Title())
	}
	p.Back()
	p.Click("Missing")
	if p.Status() != 404 {
		t.Errorf("status %d", p.Status())
	}
	p.Open(url + "/late")
	p.Has("Here at last.")
}

func TestDownload(t *testing.T) {
	t.Parallel()
	url := site(t)
	for _, o := range []browsertest.Options{{}, {NoScript: true}} {
		p := browsertest.Start(t).Visitor(t, o)
		p.Open(url)
		p.Click("The policy")
		f := p.Downloaded()
		if f.Name != "policy.txt" || !bytes.Equal(f.Bytes, []byte("%PDF-1.7 the bytes")) || f.Type != "text/plain" || p.Status() != 200 {
			t.Errorf("got %q %q %q, status %d", f.Name, f.Type, f.Bytes, p.Status())
		}
		p.Click("The PDF")
		if f = p.Downloaded(); f.Type != "application/pdf" || len(f.Bytes) != 18 || p.Path() != "/" {
			t.Errorf("got %q %q, at %s", f.Type, f.Bytes, p.Path())
		}
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := browsertest.Start(t)
	one, two := b.Visitor(t, browsertest.Options{}), b.Visitor(t, browsertest.Options{})
	one.Open(url + "/cookie?asha")
	two.Open(url + "/cookie?ben")
	one.Open(url + "/who")
	one.Has("You are asha")
	two.Open(url + "/who")
	two.Has("You are ben")
	tab := one.Tab()
	tab.Open(url + "/who")
	tab.Has("You are asha")
	tab.Close()
	one.Open(url + "/who")
	one.Has("You are asha")
}

func TestUpload(t *testing.T) {
	t.Parallel()
	p := browsertest.Start(t).Visitor(t, browsertest.Options{})
	p.Open(site(t) + "/upload")
	p.Attach("Files", "doc.go")
	p.Axe() // the one finding that is let pass
}

func TestShot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shots")
	t.Setenv("CUSTODIAN_SHOTS", dir)
	p := browsertest.Start(t).Visitor(t, browsertest.Options{Width: 375})
	p.Open(site(t) + "/form")
	p.Shot("form")
	f, err := os.Open(filepath.Join(dir, "form-375.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := png.DecodeConfig(f)
	if err != nil || c.Width != 375 || c.Height < 740 {
		t.Errorf("%d by %d, %v", c.Width, c.Height, err)
	}
}

func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := browsertest.Find(); err == nil || !strings.Contains(err.Error(), "make setup") {
		t.Errorf("got %v", err)
	}
}
