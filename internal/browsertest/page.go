package browsertest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Options say who looks at the pages, and with what.
type Options struct {
	// Width of the window in CSS pixels. Up to 640 it is a telephone's: the
	// page's own word about its width (meta viewport) is then needed, and it is
	// touched, so that what is shown only under a hovering mouse is not there.
	Width int
	// NoScript switches the pages' own scripts off.
	NoScript bool
	// TextPercent is the reader's own text size, 200 for twice as large; zero is 100.
	TextPercent int
	// Origins that pages may ask, as "http://127.0.0.1:8080". None: not looked at.
	Origins []string
	// Wait is how long something may take to appear, or to go away, before it
	// is missed; zero is 5 seconds. Without script nothing appears later.
	Wait time.Duration
}

// Page is one tab of one visitor. What it is asked to do and cannot ends the
// test; what it notices by itself after each navigation is a test error.
type Page struct {
	*Part // the page as a whole

	t       testing.TB
	b       *Browser
	o       Options
	ctx     context.Context
	dir     string // where this visitor's downloads come down
	watch   *watch
	acts    *int
	allowed []string
	world   runtime.ExecutionContextID // ours, in the document of the loader beside it
	worldOf cdp.LoaderID
	barrier int
	hasty   bool // acts do not wait for what follows
}

// Visitor opens an empty tab for somebody who has never been here: cookies and
// cache are their own. It is closed when the test ends.
func (b *Browser) Visitor(t testing.TB, o Options) *Page {
	t.Helper()
	if o.Width == 0 {
		o.Width = 1200
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	return b.tab(t, b.ctx, o, new(int), chromedp.WithNewBrowserContext())
}

// Tab opens a second, empty tab of the same person: the cookies are shared, and
// so is the count of acts.
func (p *Page) Tab() *Page {
	p.t.Helper()
	return p.b.tab(p.t, p.ctx, p.o, p.acts)
}

func (b *Browser) tab(t testing.TB, parent context.Context, o Options, acts *int, opts ...chromedp.ContextOption) *Page {
	t.Helper()
	p := &Page{t: t, b: b, o: o, watch: newWatch(), acts: acts, dir: b.dir + "/downloads"}
	p.Part = &Part{p: p}
	var cancel context.CancelFunc
	p.ctx, cancel = chromedp.NewContext(parent, append(opts, chromedp.WithListener(p.hear))...)
	t.Cleanup(func() {
		t.Helper()
		if p.ctx.Err() == nil {
			p.report()
		}
		cancel()
	})
	if err := chromedp.Do(p.ctx); err != nil {
		t.Fatalf("browsertest: open a tab: %v", err)
	}
	if err := chromedp.ListenBrowser(p.ctx, p.hear); err != nil {
		t.Fatalf("browsertest: listen to the browser: %v", err)
	}
	p.watch.main = cdp.FrameID(chromedp.FromContext(p.ctx).Target.TargetID)
	p.dress()
	return p
}

// dress makes the tab look and behave the same wherever the test runs.
func (p *Page) dress() {
	p.t.Helper()
	yes := true
	p.resize(0)
	if p.phone() {
		call(p, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: 5})
	}
	call(p, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/London"})
	call(p, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-GB"})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: p.o.NoScript})
	if n := int64(p.o.TextPercent); n != 0 {
		call(p, page.SetFontSizes, page.SetFontSizesParams{FontSizes: &page.FontSizes{Standard: 16 * n / 100, Fixed: 13 * n / 100}})
	}
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior:         browser.SetDownloadBehaviorBehaviorAllowAndName,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		DownloadPath:     p.dir,
		EventsEnabled:    &yes,
	}); err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
}

// resize sets the window's height; zero is an ordinary one.
func (p *Page) resize(height int64) {
	p.t.Helper()
	if height == 0 {
		height = 900
		if p.phone() {
			height = 740
		}
	}
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(p.o.Width), Height: height, DeviceScaleFactor: 1, Mobile: p.phone(),
	})
}

// At makes the window as wide as each of these in turn and back again, and notices
// where the page that is shown has to be scrolled sideways.
func (p *Page) At(widths ...int) {
	p.t.Helper()
	own := p.o.Width
	for _, p.o.Width = range widths {
		p.resize(0)
		if n := p.sideways(); n > 0 {
			p.note("the page is %d pixels wider than the window of %d", n, p.o.Width)
		}
	}
	p.o.Width = own
	p.resize(0)
}

func (p *Page) phone() bool { return p.o.Width <= 640 }

// Open goes to an address, as if typed into the address bar.
func (p *Page) Open(address string) {
	p.t.Helper()
	r := call(p, page.Navigate, page.NavigateParams{URL: address})
	if r.ErrorText != "" && !strings.Contains(r.ErrorText, "ERR_ABORTED") {
		p.t.Fatalf("browsertest: open %s: %s", address, r.ErrorText)
	}
	p.settle()
}

// Back goes one page back, as the browser's button does.
func (p *Page) Back() {
	p.t.Helper()
	h := call(p, page.GetNavigationHistory, cdp.Empty{})
	if h.CurrentIndex == 0 {
		p.t.Fatal("browsertest: there is no page to go back to")
	}
	call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID})
	p.settle()
}

// Close closes the tab before the test ends.
func (p *Page) Close() {
	p.t.Helper()
	p.report()
	if err := chromedp.Cancel(p.ctx); err != nil {
		p.t.Errorf("browsertest: close the tab: %v", err)
	}
}

// URL is the address of the page that is shown.
func (p *Page) URL() string {
	p.t.Helper()
	var s string
	p.js(&s, `() => location.href`)
	return s
}

// Path is the address without the server's part.
func (p *Page) Path() string {
	p.t.Helper()
	u, err := url.Parse(p.URL())
	if err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
	return u.RequestURI()
}

// Title is the page's title.
func (p *Page) Title() string {
	p.t.Helper()
	var s string
	p.js(&s, `() => document.title`)
	return s
}

// Text is what can be read in the main part of the page, or on all of it where
// it has no main part. Runs of white space are one space.
func (p *Page) Text() string {
	p.t.Helper()
	var s string
	p.js(&s, `() => (document.querySelector('main') ?? document.body)?.innerText ?? ''`)
	return squeeze(s)
}

// Status is the HTTP status of the page that is shown, or of the download that
// the last act began.
func (p *Page) Status() int { return p.watch.status() }

// ServerTime is the server's share of all navigations so far, redirects among
// them: from the last byte of each request to the first of its answer.
func (p *Page) ServerTime() time.Duration { return p.watch.serverTime() }

// Acts is how often this person clicked or pressed Enter so far, in all tabs.
// Typing and choosing in a form are not counted.
func (p *Page) Acts() int { return *p.acts }

// Allow says that complaints with these words are expected from here on. They
// are logged and not reported.
func (p *Page) Allow(words string) { p.allowed = append(p.allowed, words) }

// call sends a command to the tab and ends the test when it fails.
func call[P, R any](p *Page, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := try(p, cmd, params)
	if err != nil {
		p.t.Fatalf("browsertest: %s: %v", cmd.Method, err)
	}
	return r
}

func try[P, R any](p *Page, cmd cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Call(ctx, cmd, params)
}

// sideways says by how many pixels the page is wider than the window. A page that
// has only just come may not be laid out yet, and is looked at again.
func (p *Page) sideways() int {
	p.t.Helper()
	over := 0
	for range 20 {
		m := call(p, page.GetLayoutMetrics, cdp.Empty{})
		if over = int(m.CSSContentSize.Width+0.5) - p.o.Width; over <= 0 {
			return 0
		}
		time.Sleep(50 * time.Millisecond)
	}
	return over
}

func (p *Page) excused(complaint string) bool {
	return slices.ContainsFunc(p.allowed, func(w string) bool { return strings.Contains(complaint, w) })
}

// rect is where a shot is cut from.
func (p *Page) rect() *dom.Rect {
	p.t.Helper()
	return call(p, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
