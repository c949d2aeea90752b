package browsertest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// patience is how long a page may take to come to rest.
const patience = 30 * time.Second

// settle waits until nothing is under way (no navigation, request or download)
// and the page has had its say about all that came before, then reports.
func (p *Page) settle() {
	p.t.Helper()
	if p.hasty {
		return
	}
	p.rest()
	p.report()
}

func (p *Page) rest() {
	p.t.Helper()
	end := time.Now().Add(patience)
	for {
		heard := p.bar()
		p.watch.mu.Lock()
		what, changed := p.watch.waiting(), p.watch.changed
		p.watch.mu.Unlock()
		if what == "" && heard {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("browsertest: %s: the page did not come to rest; it waits for %s", p.here(), what)
		}
		select {
		case <-changed:
		case <-time.After(100 * time.Millisecond): // between two documents nobody could answer: ask again
		case <-p.ctx.Done():
			p.t.Fatal("browsertest: the tab is closed")
		}
	}
}

// bar has our own console say something and waits to hear it: then all events
// before it are in. Between two documents there is nobody to say it.
func (p *Page) bar() bool {
	p.barrier++
	said := fmt.Sprint(mark, p.barrier)
	if err := p.run(nil, `words => console.debug(words)`, said); err != nil {
		return false
	}
	late := time.After(time.Second)
	for {
		p.watch.mu.Lock()
		heard, changed := p.watch.barrier == said, p.watch.changed
		p.watch.mu.Unlock()
		if heard {
			return true
		}
		select {
		case <-changed:
		case <-late:
			return false
		}
	}
}

// report hands what was noticed since the last time to the test.
func (p *Page) report() {
	p.t.Helper()
	w := p.watch
	w.mu.Lock()
	fresh := w.commits > w.checked
	w.checked = w.commits
	v := w.visits[w.current]
	w.mu.Unlock()
	if fresh && v != nil && v.mime == "text/html" {
		if n := p.sideways(); n > 0 {
			p.note("the page is %d pixels wider than the window of %d", n, p.o.Width)
		}
	}
	w.mu.Lock()
	wrong := w.wrong
	w.wrong = nil
	w.mu.Unlock()
	for _, c := range wrong {
		p.note("%s", c)
	}
}

func (p *Page) note(format string, args ...any) {
	p.t.Helper()
	c := fmt.Sprintf(format, args...)
	if p.excused(c) {
		p.t.Logf("browsertest: %s: expected: %s", p.here(), c)
		return
	}
	p.t.Errorf("browsertest: %s: %s", p.here(), c)
}

// here names the page in messages.
func (p *Page) here() string {
	h, err := try(p, page.GetNavigationHistory, cdp.Empty{})
	if err != nil || int(h.CurrentIndex) >= len(h.Entries) {
		return "(no page)"
	}
	return fmt.Sprintf("%s at %d px", h.Entries[h.CurrentIndex].URL, p.o.Width)
}

// js calls a function in a world of our own beside the page's: it sees the
// document, not the page's script, and neither the policy nor switched-off
// script stops it. It must not use timers, which switched-off script does stop.
func (p *Page) js(into any, function string, args ...any) {
	p.t.Helper()
	if err := p.run(into, function, args...); err != nil {
		p.t.Fatalf("browsertest: %s: %v", p.here(), err)
	}
}

func (p *Page) run(into any, function string, args ...any) error {
	var err error
	for range 3 { // a navigation may take the world away between making and using it
		var world runtime.ExecutionContextID
		if world, err = p.own(); err != nil {
			continue
		}
		if err = p.apply(runtime.CallFunctionOnParams{FunctionDeclaration: function, ExecutionContextID: world}, into, args); err == nil || !gone(err) {
			return err
		}
		p.world = 0
	}
	return err
}

func gone(err error) bool {
	s := err.Error()
	return strings.Contains(s, "context") && !strings.Contains(s, "deadline") || strings.Contains(s, "navigated or closed")
}

// own gives our world in the document that is shown.
func (p *Page) own() (runtime.ExecutionContextID, error) {
	p.watch.mu.Lock()
	current := p.watch.current
	p.watch.mu.Unlock()
	if p.world == 0 || p.worldOf != current {
		r, err := try(p, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: p.watch.main, WorldName: "browsertest"})
		if err != nil {
			return 0, err
		}
		p.world, p.worldOf = r.ExecutionContextID, current
	}
	return p.world, nil
}

func (p *Page) apply(c runtime.CallFunctionOnParams, into any, args []any) error {
	yes := true
	c.ReturnByValue, c.AwaitPromise = &yes, &yes
	for _, a := range args {
		b, err := json.Marshal(a)
		if err != nil {
			return err
		}
		c.Arguments = append(c.Arguments, &runtime.CallArgument{Value: b})
	}
	r, err := try(p, runtime.CallFunctionOn, c)
	if err != nil {
		return err
	}
	if r.ExceptionDetails != nil {
		return fmt.Errorf("script of the test itself: %s", thrown(r.ExceptionDetails))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(r.Result.Value, into)
}
