package browsertest

import (
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
)

// Click clicks the link or button of this name in the middle, where a person
// would, and waits for what follows. It counts as one act. Where the name is
// there more than once, say which with In.
func (q *Part) Click(name string) {
	q.p.t.Helper()
	q.p.mouse(q.the("click", name, clickable))
	*q.p.acts++
	q.p.settle()
}

// mouse moves to an element, makes sure that nothing lies over it, and clicks.
func (p *Page) mouse(s thing) {
	p.t.Helper()
	var at struct {
		X, Y  float64
		Under string
	}
	p.on(s, &at, `function () {
		this.scrollIntoView({ block: 'center', behavior: 'instant' })
		const box = [...this.getClientRects()].find(r => r.width > 0 && r.height > 0)
		if (!box) return { under: 'nothing: it has no size' }
		const x = box.x + box.width / 2, y = box.y + box.height / 2
		const top = document.elementFromPoint(x, y)
		const mine = top && (this.contains(top) || [...(this.labels ?? [])].some(l => l.contains(top)))
		return { x, y, under: mine ? '' : top ? top.outerHTML.slice(0, 120) : 'the edge of the window' }
	}`)
	if at.Under != "" {
		p.t.Fatalf("browsertest: %s: %v cannot be clicked, for it lies under %s", p.here(), s, at.Under)
	}
	m := input.DispatchMouseEventParams{X: at.X, Y: at.Y, Type: input.DispatchMouseEventTypeMouseMoved}
	call(p, input.DispatchMouseEvent, m)
	m.Button, m.ClickCount = input.MouseButtonLeft, 1
	for _, m.Type = range []input.DispatchMouseEventType{input.DispatchMouseEventTypeMousePressed, input.DispatchMouseEventTypeMouseReleased} {
		call(p, input.DispatchMouseEvent, m)
	}
}

// Type puts text into the field with this label, in place of what was there.
func (q *Part) Type(label, text string) {
	q.p.t.Helper()
	s := q.the("type into", label, writable)
	call(q.p, dom.Focus, dom.FocusParams{BackendNodeID: s.node})
	q.p.on(s, nil, `function () { this.select() }`)
	if text == "" {
		q.p.press("Delete")
	} else {
		call(q.p, input.InsertText, input.InsertTextParams{Text: text})
	}
	var got string
	q.p.on(s, &got, `function () { return this.value }`)
	if strings.ReplaceAll(got, "\r\n", "\n") != text {
		q.p.t.Errorf("browsertest: %s: typed %q into %v, and it holds %q", q.p.here(), text, s, got)
	}
	q.p.settle()
}

// TypeDate fills the three fields of the date with this question.
func (p *Page) TypeDate(question, day, month, year string) {
	p.t.Helper()
	q := p.In(question)
	q.Type("Day", day)
	q.Type("Month", month)
	q.Type("Year", year)
}

// Choose chooses the radio button, box or option with this label. What is
// chosen already stays so.
func (q *Part) Choose(label string) {
	q.p.t.Helper()
	if q.option(label) {
		q.p.settle()
		return
	}
	s := q.the("choose", label, choosable)
	var on bool
	const checked = `function () { return this.checked ?? this.getAttribute('aria-checked') === 'true' }`
	if q.p.on(s, &on, checked); on {
		return
	}
	q.p.mouse(s)
	if q.p.on(s, &on, checked); !on {
		q.p.t.Errorf("browsertest: %s: %v was clicked and is not chosen", q.p.here(), s)
	}
	q.p.settle()
}

// option chooses an option of a list, if there is one of this name. Browsers
// draw the open list outside the page, so it is set and its events are sent.
func (q *Part) option(label string) (ok bool) {
	q.p.t.Helper()
	q.p.js(&ok, `(label, words) => { `+parts+`
		const name = s => s.split(/\s+/).join(' ').trim()
		const near = e => { for (; e; e = e.parentElement) if (e.matches(parts) && text(e).includes(words)) return true }
		const found = [...document.querySelectorAll('option')].filter(o => name(o.label) === label && !o.disabled && (!words || near(o)))
		if (found.length !== 1) return false
		const list = found[0].closest('select')
		if (!list.checkVisibility() || list.disabled) return false
		if (found[0].selected) return true
		list.focus()
		if (!list.multiple) list.value = found[0].value
		found[0].selected = true
		list.dispatchEvent(new Event('input', { bubbles: true }))
		list.dispatchEvent(new Event('change', { bubbles: true }))
		return true
	}`, squeeze(label), q.words)
	return ok
}

// Attach gives files to the file field with this label: by the field itself, or
// by the button that the design system's script puts in front of it.
func (q *Part) Attach(label string, files ...string) {
	q.p.t.Helper()
	for i, f := range files {
		abs, err := filepath.Abs(f)
		if err != nil {
			q.p.t.Fatalf("browsertest: %v", err)
		}
		files[i] = abs
	}
	field := q.fileField(squeeze(label))
	call(q.p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: files, ObjectID: field})
	q.p.settle()
}

func (q *Part) fileField(label string) runtime.RemoteObjectID {
	q.p.t.Helper()
	const look = `(label, words) => { ` + parts + `
		const name = s => s.split(/\s+/).join(' ').trim()
		const near = e => { for (; e; e = e.parentElement) if (e.matches(parts) && text(e).includes(words)) return true }
		for (const l of document.querySelectorAll('label')) {
			if (name(l.innerText) !== label || !l.checkVisibility() || (words && !near(l))) continue
			if (l.control?.type === 'file') return l.control
			const behind = l.control?.parentElement.querySelector('input[type=file]')
			if (behind) return behind
		}
		return [...document.querySelectorAll('input[type=file][aria-label]')].find(f => name(f.ariaLabel) === label && (!words || near(f)))
	}`
	var id runtime.RemoteObjectID
	q.p.wait(func() bool {
		world, err := q.p.own()
		if err != nil {
			return false
		}
		c := runtime.CallFunctionOnParams{FunctionDeclaration: look, ExecutionContextID: world}
		for _, a := range []string{label, q.words} {
			c.Arguments = append(c.Arguments, &runtime.CallArgument{Value: quote(a)})
		}
		r, err := try(q.p, runtime.CallFunctionOn, c)
		if err == nil && r.Result != nil {
			id = r.Result.ObjectID
		}
		return id != ""
	})
	if id == "" {
		var labels []string
		q.p.js(&labels, `() => [...document.querySelectorAll('label')].map(l => l.innerText)`)
		q.p.t.Fatalf("browsertest: %s: no file field%s %q; there are the labels %q", q.p.here(), q.where(), label, labels)
	}
	return id
}
