package browsertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"
)

// Part is a part of a page: the smallest row, list item, group of questions,
// section or table that has certain words. Things of the same name, such as the
// "Day" of two dates or the "Approve" of each row, are told apart by it.
type Part struct {
	p     *Page
	words string // empty: the whole page
}

// In gives the part of the page that has these words.
func (p *Page) In(words string) *Part { return &Part{p: p, words: squeeze(words)} }

// What may be clicked, typed into and chosen, by the roles of the accessibility
// tree: what is not there for a screen reader is not there for the tests.
var (
	clickable = []string{"link", "button", "DisclosureTriangle", "tab", "menuitem"}
	writable  = []string{"textbox", "searchbox", "spinbutton"}
	choosable = []string{"radio", "checkbox", "switch"}
)

// thing is an element as the accessibility tree has it.
type thing struct {
	role, name, url string
	node            cdp.BackendNodeID
}

func (s thing) String() string { return fmt.Sprintf("%s %q", s.role, s.name) }

// things lists what has one of the roles, in the order of the page.
func (p *Page) things(roles []string) []thing {
	p.t.Helper()
	tree := call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes
	byID := make(map[accessibility.NodeID]*accessibility.Node, len(tree))
	for _, n := range tree {
		byID[n.NodeID] = n
	}
	var found []thing
	var walk func(n *accessibility.Node)
	walk = func(n *accessibility.Node) {
		if s := seen(n); !n.Ignored && n.BackendDOMNodeID != 0 && slices.Contains(roles, s.role) {
			found = append(found, s)
		}
		for _, id := range n.ChildIDs {
			if child := byID[id]; child != nil {
				walk(child)
			}
		}
	}
	if len(tree) > 0 {
		walk(tree[0])
	}
	return found
}

func seen(n *accessibility.Node) thing {
	s := thing{role: word(n.Role), name: squeeze(word(n.Name)), node: n.BackendDOMNodeID}
	for _, q := range n.Properties {
		if q.Name == "url" {
			s.url = word(q.Value)
		}
	}
	return s
}

func word(v *accessibility.Value) string {
	var s string
	if v == nil || json.Unmarshal(v.Value, &s) != nil {
		return ""
	}
	return s
}

// the finds the one thing of this name, waiting for it, or ends the test with
// the names of what is there instead.
func (q *Part) the(what, name string, roles []string) thing {
	q.p.t.Helper()
	name = squeeze(name)
	var all, found []thing
	q.p.wait(func() bool {
		all = q.p.things(roles)
		found = q.nearest(slices.DeleteFunc(slices.Clone(all), func(s thing) bool { return s.name != name }))
		return len(found) > 0
	})
	if len(found) > 1 && found[0].url != "" && !slices.ContainsFunc(found, func(s thing) bool { return s.url != found[0].url }) {
		found = found[:1] // they lead to the same place
	}
	if len(found) != 1 {
		q.p.t.Fatalf("browsertest: %s: %s%s %q: found %d; here are: %s", q.p.here(), what, q.where(), name, len(found), list(all))
	}
	return found[0]
}

func (q *Part) where() string {
	if q.words == "" {
		return ""
	}
	return fmt.Sprintf(" in the part with %q", q.words)
}

func list(all []thing) string {
	if len(all) == 0 {
		return "none of that kind"
	}
	var names []string
	for _, s := range all {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}

// parts are the elements that group things for a reader.
const parts = `const parts = 'tr,li,fieldset,[role=group],[role=region],section,article,aside,nav,header,footer,main,details,dl>div,table,form';
const text = e => ((e.getAttribute('aria-label') ?? '') + ' ' + e.innerText).split(/\s+/).join(' ').trim();`

// nearest keeps the things whose smallest part with the words is the smallest.
func (q *Part) nearest(found []thing) []thing {
	q.p.t.Helper()
	if q.words == "" || len(found) == 0 {
		return found
	}
	least, kept := 0, []thing(nil)
	for _, s := range found {
		var n int
		q.p.on(s, &n, `function (words) { `+parts+`
			for (let e = this; e; e = e.parentElement) {
				if (e.matches(parts) && text(e).includes(words)) return text(e).length
			}
			return 0
		}`, q.words)
		switch {
		case n == 0 || least != 0 && n > least:
		case n == least:
			kept = append(kept, s)
		default:
			least, kept = n, []thing{s}
		}
	}
	return kept
}

// Has looks for words that a reader sees in this part; on the whole page that
// is its main part. It waits for them, as a person would.
func (q *Part) Has(words string) {
	q.p.t.Helper()
	if text, ok := q.holds(words, true); !ok {
		q.p.t.Errorf("browsertest: %s: no %q%s in: %s", q.p.here(), words, q.where(), text)
	}
}

// HasNot is the contrary: it waits for the words to go away.
func (q *Part) HasNot(words string) {
	q.p.t.Helper()
	if text, ok := q.holds(words, false); !ok {
		q.p.t.Errorf("browsertest: %s: there is %q%s in: %s", q.p.here(), words, q.where(), text)
	}
}

func (q *Part) holds(words string, want bool) (text string, ok bool) {
	q.p.t.Helper()
	q.p.wait(func() bool {
		text = q.text()
		ok = strings.Contains(text, squeeze(words)) == want
		return ok
	})
	return text, ok
}

func (q *Part) text() string {
	q.p.t.Helper()
	if q.words == "" {
		return q.p.Text()
	}
	var s *string
	q.p.js(&s, `words => { `+parts+`
		const all = [...document.querySelectorAll(parts)].map(text).filter(t => t.includes(words))
		return all.length ? all.reduce((a, b) => b.length < a.length ? b : a) : null
	}`, q.words)
	if s == nil {
		q.p.t.Fatalf("browsertest: %s: no part of the page has %q: %s", q.p.here(), q.words, q.p.Text())
	}
	return *s
}

// wait looks again until it is so. Where nothing can change any more, because
// the page is at rest and has no script, it looks once.
func (p *Page) wait(so func() bool) {
	p.t.Helper()
	end := time.Now().Add(p.o.Wait)
	for !so() && !p.o.NoScript && time.Now().Before(end) {
		select {
		case <-p.ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// on calls a function in our own world with the element as its `this`.
func (p *Page) on(s thing, into any, function string, args ...any) {
	p.t.Helper()
	world, err := p.own()
	if err == nil {
		var r dom.ResolveNodeResult
		if r, err = try(p, dom.ResolveNode, dom.ResolveNodeParams{BackendNodeID: s.node, ExecutionContextID: world}); err == nil {
			err = p.apply(runtime.CallFunctionOnParams{FunctionDeclaration: function, ObjectID: r.Object.ObjectID}, into, args)
		}
	}
	if err != nil {
		p.t.Fatalf("browsertest: %s: %v: %v", p.here(), s, err)
	}
}
