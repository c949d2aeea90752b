package browsertest_test

import (
	"strings"
	"testing"
	"time"

	"custodian/internal/browsertest"
)

// TestChecks: each check fails when it should, with words that help.
func TestChecks(t *testing.T) {
	t.Parallel()
	url := site(t)
	open := func(path string) func(*browsertest.Page) {
		return func(p *browsertest.Page) { p.Open(url + path) }
	}
	at := func(path string, do func(*browsertest.Page)) func(*browsertest.Page) {
		return func(p *browsertest.Page) { p.Open(url + path); do(p) }
	}
	for _, c := range []struct {
		name string
		do   func(*browsertest.Page)
		want string // empty: nothing may be said
	}{
		{"a good page", open("/"), ""},
		{"console", open("/console"), "console: the console says"},
		{"exception", open("/throws"), "exception: Error: thrown on purpose"},
		{"policy", open("/inline"), "security: Applying inline style violates"},
		{"subresource", open("/broken"), "404 for " + url + "/none.png"},
		{"expected", func(p *browsertest.Page) { p.Allow("none.png"); p.Open(url + "/broken") }, ""},
		{"origin", open("/foreign"), "a request went to another place: http://localhost:1/x.png"},
		{"sideways", open("/wide"), "100 pixels wider than the window of 1200"},
		{"axe", at("/image", (*browsertest.Page).Axe), "axe: image-alt (Images must have alternative text): img"},
		{"axe on another button", at("/mismatch", (*browsertest.Page).Axe), "axe: label-content-name-mismatch"},
		{"no such link", at("/", func(p *browsertest.Page) { p.Click("Approve") }), `click "Approve": found 0; here are: link "Add a document"`},
		{"which link", at("/", func(p *browsertest.Page) { p.Click("Open") }), `click "Open": found 2`},
		{"no such part", at("/", func(p *browsertest.Page) { p.In("Complaints").Click("Open") }), `click in the part with "Complaints" "Open": found 0`},
		{"no such field", at("/form", func(p *browsertest.Page) { p.Type("Nickname", "x") }), `type into "Nickname": found 0; here are: textbox "Name"`},
		{"no such choice", at("/form", func(p *browsertest.Page) { p.Choose("Perhaps") }), `choose "Perhaps": found 0; here are: radio "I was there"`},
		{"no such file field", at("/form", func(p *browsertest.Page) { p.Attach("Scan", "doc.go") }), `no file field "Scan"`},
		{"covered", at("/covered", func(p *browsertest.Page) { p.Click("Save") }), `button "Save" cannot be clicked, for it lies under <div class="cover">`},
		{"words", at("/", func(p *browsertest.Page) { p.Has("Overdue") }), `no "Overdue" in: Start Nothing needs you today.`},
		{"other words", at("/", func(p *browsertest.Page) { p.HasNot("today") }), `there is "today" in: Start`},
		{"words of a part", at("/", func(p *browsertest.Page) { p.In("Fire safety").Has("superseded") }), `no "superseded" in the part with "Fire safety" in: Fire safety, in force Open`},
		{"way of the focus", at("/form", func(p *browsertest.Page) { p.KeyTo("Cancel") }), `Tab never came to "Cancel"; it went: textbox "Name", textbox "Why is it late?"`},
		{"unseen focus", at("/blind", func(p *browsertest.Page) { p.KeyTo("No outline") }), `nothing shows that the focus is on link "No outline"`},
		{"no download", at("/", func(p *browsertest.Page) { p.Downloaded() }), "nothing was downloaded"},
		{"nowhere", func(p *browsertest.Page) { p.Open("http://127.0.0.1:1/") }, "ERR_UNSAFE_PORT"},
		{"no way back", func(p *browsertest.Page) { p.Back() }, "there is no page to go back to"},
		{"no such key", at("/", func(p *browsertest.Page) { p.Press("Return") }), `there is no key "Return"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := complaints(t, browsertest.Options{Width: 1200, Origins: []string{url}, Wait: 200 * time.Millisecond}, c.do)
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("said %q, want %q", said, c.want)
			}
		})
	}
}

// TestChecksOfOthers: the same for a telephone, large text and no script.
func TestChecksOfOthers(t *testing.T) {
	t.Parallel()
	url := site(t)
	axe := func(p *browsertest.Page) { p.Axe() }
	for _, c := range []struct {
		name, path, want string
		o                browsertest.Options
		do               func(*browsertest.Page)
	}{
		{"sideways on a telephone", "/wide", "wider than the window of 375", browsertest.Options{Width: 375}, nil},
		{"sideways in a narrower window", "/wide", "wider than the window of 900", browsertest.Options{Width: 1400}, func(p *browsertest.Page) { p.At(1350, 900) }},
		{"wide enough, and back", "/wide", "", browsertest.Options{Width: 1400}, func(p *browsertest.Page) { p.At(1350); p.Axe() }},
		{"large text fits", "/text", "", browsertest.Options{Width: 1200}, nil},
		{"large text does not", "/text", "wider than the window of 1200", browsertest.Options{Width: 1200, TextPercent: 200}, nil},
		{"axe without script", "/image", "axe: image-alt", browsertest.Options{NoScript: true}, axe},
		{"axe twice without script", "/form", "", browsertest.Options{NoScript: true}, func(p *browsertest.Page) { p.Axe(); p.Axe() }},
		{"policy without script", "/inline", "security: Applying inline style", browsertest.Options{NoScript: true}, nil},
		{"exception without script", "/throws", "", browsertest.Options{NoScript: true}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := complaints(t, c.o, func(p *browsertest.Page) {
				p.Open(url + c.path)
				if c.do != nil {
					c.do(p)
				}
			})
			if c.want == "" && said != "" || !strings.Contains(said, c.want) {
				t.Errorf("said %q, want %q", said, c.want)
			}
		})
	}
}
