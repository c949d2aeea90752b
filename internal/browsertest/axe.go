package browsertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Axe has axe-core look at the page as it stands: WCAG 2.0 to 2.2, A and AA, and
// its best practice. Each finding is a test error, but one: the design system's
// own file upload button (alphagov/govuk-frontend), whose name differs from its words.
//
// It runs in a world of its own, so the page's policy stays as strict as it is,
// and also where script is off: what is judged is then the page without script.
func (p *Page) Axe() {
	p.t.Helper()
	source, err := axe()
	if err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
	var there bool
	if p.js(&there, `() => typeof axe === 'object'`); !there {
		p.js(nil, `function () { `+source+"\n}")
	}
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	p.js(&found, judge, p.o.NoScript)
	for _, f := range found {
		p.note("axe: %s", fmt.Sprintf("%s (%s): %s", f.ID, f.Help, strings.Join(f.Nodes, " | ")))
	}
}

// judge runs axe. With the page's script switched off no timer ever fires, in
// our world as in the page's; axe uses them only to put off, so it gets ones
// that do it as soon as it is idle.
const judge = `async still => {
	if (still) globalThis.setTimeout = (f, _, ...args) => { Promise.resolve().then(() => f(...args)); return 0 }
	const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
	const r = await axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] })
	const known = (v, n) => v.id === 'label-content-name-mismatch' && n.target.length === 1 &&
		document.querySelector(n.target[0])?.matches('.govuk-drop-zone > button.govuk-file-upload-button')
	return r.violations.map(v => ({ id: v.id, help: v.help, nodes: v.nodes.filter(n => !known(v, n))
		.map(n => n.target.join(' ') + ' ' + ([...n.any, ...n.all, ...n.none][0]?.message ?? '')) }))
		.filter(v => v.nodes.length > 0)
}`

// axe reads the checker that "npm ci" put beside the pages.
func axe() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("there is no go.mod above the tests, so nothing to find axe-core by")
		}
		dir = up
	}
	b, err := os.ReadFile(filepath.Join(dir, "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf(`axe-core is needed and is not installed: run "make setup": %w`, err)
	}
	return string(b), nil
}
