package browsertest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// mark begins the words by which a page's events are told to be all in: they
// are said on our own console and come after everything that happened before.
const mark = "browsertest barrier "

// watch is what is known of a tab from its events. The browser's own goroutine
// writes it, the test reads it.
type watch struct {
	mu      sync.Mutex
	changed chan struct{} // closed and made anew at every change
	main    cdp.FrameID

	barrier   string
	requested bool         // the page asked to go elsewhere
	pending   cdp.LoaderID // the browser is on its way there
	current   cdp.LoaderID
	loaded    bool
	commits   int // documents shown so far
	checked   int // of which these were looked at
	inflight  map[network.RequestID]string
	downloads map[string]*download
	last      *download
	visits    map[cdp.LoaderID]*visit
	latest    *visit // what the last act brought, shown or downloaded
	time      time.Duration
	wrong     []string
}

// visit is one main document as it was answered.
type visit struct {
	status int
	mime   string
}

func newWatch() *watch {
	return &watch{
		changed:   make(chan struct{}),
		inflight:  map[network.RequestID]string{},
		downloads: map[string]*download{},
		visits:    map[cdp.LoaderID]*visit{},
	}
}

func (w *watch) status() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest == nil {
		return 0
	}
	return w.latest.status
}

func (w *watch) serverTime() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *watch) complain(format string, args ...any) {
	w.wrong = append(w.wrong, squeeze(fmt.Sprintf(format, args...)))
}

// waiting says what is still under way; empty is quiet.
func (w *watch) waiting() string {
	switch {
	case w.requested || w.pending != "":
		return "a navigation"
	case w.current != "" && !w.loaded:
		return "the page's load event"
	}
	for _, url := range w.inflight {
		return "the answer to " + url
	}
	for _, d := range w.downloads {
		if !d.ended {
			return "the download of " + d.name
		}
	}
	return ""
}

// hear takes an event of the tab, or of the browser about a download.
func (p *Page) hear(event any) {
	w := p.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *page.EventFrameRequestedNavigation, *page.EventFrameStartedNavigating, *page.EventFrameNavigated, *page.EventLifecycleEvent:
		w.navigation(e)
	case *network.EventRequestWillBeSent:
		w.request(e, p.o.Origins)
	case *network.EventResponseReceived:
		w.response(e)
	case *network.EventLoadingFinished:
		delete(w.inflight, e.RequestID)
	case *network.EventLoadingFailed:
		w.failure(e)
	case *browser.EventDownloadWillBegin, *browser.EventDownloadProgress:
		w.download(e, p.dir)
	case *log.EventEntryAdded:
		// What the network says, the network's own events say better.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			w.complain("%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		w.console(e)
	case *runtime.EventExceptionThrown:
		w.complain("exception: %s", thrown(e.ExceptionDetails))
	case *page.EventJavascriptDialogOpening:
		w.complain("the page opened a dialog: %s", e.Message)
		go func() {
			_, _ = try(p, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	default:
		return
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// navigation follows the main frame: asked for, begun, shown, loaded.
func (w *watch) navigation(event any) {
	switch e := event.(type) {
	case *page.EventFrameRequestedNavigation:
		if e.FrameID == w.main && e.Disposition == page.ClientNavigationDispositionCurrentTab {
			w.requested = true
		}
	case *page.EventFrameStartedNavigating:
		if e.FrameID == w.main {
			w.requested = false
			if !strings.HasSuffix(strings.ToLower(string(e.NavigationType)), "samedocument") {
				w.pending = e.LoaderID
			}
		}
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			w.current, w.pending, w.requested = e.Frame.LoaderID, "", false
			w.loaded = e.Type == page.NavigationTypeBackForwardCacheRestore
			w.commits++
			if v := w.visits[w.current]; v != nil {
				w.latest = v
			}
		}
	case *page.EventLifecycleEvent:
		if e.FrameID == w.main && e.LoaderID == w.current && e.Name == "load" {
			w.loaded = true
		}
	}
}

func (w *watch) request(e *network.EventRequestWillBeSent, origins []string) {
	if !strings.HasPrefix(e.Request.URL, "http") {
		return
	}
	// the page's icon is the browser's affair: when it is there already, nobody is told that it came
	if e.Type != network.ResourceTypeOther {
		w.inflight[e.RequestID] = e.Request.URL
	}
	if e.RedirectResponse != nil && w.isMain(e.RequestID, e.LoaderID, e.Type) {
		w.time += served(e.RedirectResponse)
	}
	if len(origins) == 0 {
		return
	}
	for _, o := range origins {
		if e.Request.URL == o || strings.HasPrefix(e.Request.URL, strings.TrimSuffix(o, "/")+"/") {
			return
		}
	}
	w.complain("a request went to another place: %s", e.Request.URL)
}

// isMain: the request of a navigation has the navigation's own id.
func (w *watch) isMain(id network.RequestID, loader cdp.LoaderID, kind network.ResourceType) bool {
	return kind == network.ResourceTypeDocument && string(id) == string(loader)
}

func (w *watch) response(e *network.EventResponseReceived) {
	if w.isMain(e.RequestID, e.LoaderID, e.Type) && e.FrameID == w.main {
		w.latest = &visit{status: int(e.Response.Status), mime: e.Response.MimeType}
		w.visits[e.LoaderID] = w.latest
		w.time += served(e.Response)
		return
	}
	if e.Response.Status >= 400 {
		w.complain("%d for %s", e.Response.Status, e.Response.URL)
	}
}

func (w *watch) failure(e *network.EventLoadingFailed) {
	url := w.inflight[e.RequestID]
	delete(w.inflight, e.RequestID)
	if string(e.RequestID) == string(w.pending) {
		w.pending = ""
		if e.ErrorText == "net::ERR_ABORTED" { // a download, or an answer without a page
			return
		}
	}
	if url != "" && !e.Canceled {
		w.complain("%s %s: %s", e.ErrorText, e.BlockedReason, url)
	}
}

func (w *watch) console(e *runtime.EventConsoleAPICalled) {
	var said []string
	for _, a := range e.Args {
		said = append(said, strings.Trim(string(a.Value), `"`)+a.Description)
	}
	words := strings.Join(said, " ")
	switch {
	case strings.HasPrefix(words, mark):
		w.barrier = words
	case e.Type == "error" || e.Type == "assert":
		w.complain("console: %s", words)
	}
}

// served is the time between request and answer; nothing for what came from a cache.
func served(r *network.Response) time.Duration {
	if r == nil || r.Timing == nil || r.Timing.ReceiveHeadersStart <= r.Timing.SendEnd {
		return 0
	}
	return time.Duration((r.Timing.ReceiveHeadersStart - r.Timing.SendEnd) * float64(time.Millisecond))
}

func thrown(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}
