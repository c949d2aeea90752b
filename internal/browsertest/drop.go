package browsertest

import (
	"path/filepath"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
)

// Drop drags files over the file field with this label, as from a window of the
// desktop, and lets them go there.
func (q *Part) Drop(label string, files ...string) {
	q.p.t.Helper()
	for i, f := range files {
		abs, err := filepath.Abs(f)
		if err != nil {
			q.p.t.Fatalf("browsertest: %v", err)
		}
		files[i] = abs
	}
	var at struct{ X, Y float64 }
	err := q.p.apply(runtime.CallFunctionOnParams{ObjectID: q.fileField(squeeze(label)), FunctionDeclaration: `function () {
		const zone = this.checkVisibility() ? this : this.parentElement
		zone.scrollIntoView({ block: 'center', behavior: 'instant' })
		const box = zone.getBoundingClientRect()
		return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
	}`}, &at, nil)
	if err != nil {
		q.p.t.Fatalf("browsertest: %s: drop onto %q: %v", q.p.here(), label, err)
	}
	e := input.DispatchDragEventParams{X: at.X, Y: at.Y, Data: &input.DragData{Items: []*input.DragDataItem{}, Files: files, DragOperationsMask: 1}}
	for _, e.Type = range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
		call(q.p, input.DispatchDragEvent, e)
	}
	q.p.settle()
}

// Meanwhile does what a person does without waiting for what follows, so that
// a page can be looked at while it works.
func (p *Page) Meanwhile(act func()) {
	p.t.Helper()
	p.hasty = true
	defer func() { p.hasty = false }()
	act()
}
