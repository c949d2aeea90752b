package browsertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp/kb"
)

// named are the keys that are no character.
func named(key string) (string, bool) {
	k, ok := map[string]string{
		"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Space": " ",
		"Delete": kb.Delete, "Backspace": kb.Backspace, "Home": kb.Home, "End": kb.End,
		"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
		"PageUp": kb.PageUp, "PageDown": kb.PageDown,
	}[key]
	return k, ok
}

// Press presses keys one after the other, wherever the focus is: "Tab",
// "Shift+Tab", "ArrowDown", "Space" and so on, or single characters. After each
// it waits for what follows. Enter counts as one act.
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.press(k)
		if k == "Enter" {
			*p.acts++
		}
		p.settle()
	}
}

// Enter presses Enter.
func (p *Page) Enter() {
	p.t.Helper()
	p.Press("Enter")
}

// Write types the text key by key into what has the focus.
func (p *Page) Write(text string) {
	p.t.Helper()
	for _, r := range text {
		p.press(string(r))
	}
	p.settle()
}

func (p *Page) press(key string) {
	p.t.Helper()
	plain := key
	if len(key) > 1 {
		plain = strings.TrimPrefix(key, "Shift+")
	}
	k, ok := named(plain)
	if !ok {
		if k = plain; len([]rune(k)) != 1 {
			p.t.Fatalf("browsertest: there is no key %q", key)
		}
	}
	for _, e := range kb.Encode([]rune(k)[0]) {
		if plain != key {
			e.Modifiers |= int64(kb.ModifierShift)
		}
		call(p, input.DispatchKeyEvent, *e)
	}
}

// KeyTo presses Tab until the thing of this name has the focus. It goes round
// the page once at most; then it ends the test with the way it took. At every
// stop it looks whether the focus can be seen (WCAG 2.4.7), which axe cannot.
func (p *Page) KeyTo(name string) {
	p.t.Helper()
	name = squeeze(name)
	var way []thing
	for range 400 {
		p.press("Tab")
		s := p.focused()
		if s.name == name {
			return
		}
		if s.node != 0 && slices.ContainsFunc(way, func(w thing) bool { return w.node == s.node }) {
			break
		}
		way = append(way, s)
	}
	p.t.Fatalf("browsertest: %s: Tab never came to %q; it went: %s", p.here(), name, list(way))
}

// Focused is the name of what has the focus; empty when nothing has.
func (p *Page) Focused() string {
	p.t.Helper()
	return p.focused().name
}

func (p *Page) focused() thing {
	p.t.Helper()
	world, err := p.own()
	if err != nil {
		p.t.Fatalf("browsertest: %s: %v", p.here(), err)
	}
	r := call(p, runtime.CallFunctionOn, runtime.CallFunctionOnParams{
		FunctionDeclaration: `() => document.activeElement === document.body ? null : document.activeElement`, ExecutionContextID: world,
	})
	if r.Result == nil || r.Result.ObjectID == "" {
		return thing{}
	}
	tree := call(p, accessibility.GetPartialAXTree, accessibility.GetPartialAXTreeParams{ObjectID: r.Result.ObjectID, FetchRelatives: new(bool)})
	if len(tree.Nodes) == 0 {
		return thing{}
	}
	s := seen(tree.Nodes[0])
	p.shown(s)
	return s
}

// shown complains when nothing tells a reader that this has the focus: no
// outline and no shadow on it, on a box drawn before or after it, or on its label.
func (p *Page) shown(s thing) {
	p.t.Helper()
	var ok bool
	p.on(s, &ok, `function () {
		const drawn = (e, of) => { const c = getComputedStyle(e, of); return c.outlineStyle !== 'none' && c.outlineWidth !== '0px' || c.boxShadow !== 'none' }
		return [this, ...(this.labels ?? []), this.parentElement].filter(e => e).some(e => drawn(e) || drawn(e, '::before') || drawn(e, '::after'))
	}`)
	if !ok {
		p.note("%s", fmt.Sprintf("nothing shows that the focus is on %v", s))
	}
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil { // a string always can be
		panic(err)
	}
	return b
}
