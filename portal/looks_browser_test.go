package portal_test

import (
	"testing"

	"custodian/internal/browsertest"
)

// A young person reads who has looked at their file and tells of a worry: at both
// widths, with script and without.
func TestLookedInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	plan := w.add("staff", recordPath(wren, ""), paper("care-plan", "2025-01-01", "one").with("title", "Care plan"))
	w.visitor("staff").open(plan.page(""))
	w.visitor("manager").open("/records/" + number(wren))
	w.footprint("dpo", "record.viewed", "Wren Sample", "done")
	w.subject("Wren Sample")
	child := w.sender("Wren Sample")
	door, b := child.behind(), browsertest.Start(t)
	for _, o := range []browsertest.Options{{Width: 1200}, {Width: 375}, {Width: 1200, NoScript: true}, {Width: 375, NoScript: true}} {
		suffix := map[bool]string{true: "-plain"}[o.NoScript]
		p := b.Visitor(t, o)
		door.enter(p, child, "/records/"+number(wren))
		p.Click("Who has looked at your file")
		p.Has("A person who works at your home looked at your care plan.")
		p.Has("The person who checks how we keep information looked at your file.")
		p.HasNot("Sam Example")
		p.Axe()
		p.Shot("looked" + suffix)
		p.Click("Tell us if this worries you : A person who works at your home looked at your care plan.")
		p.Axe()
		p.Shot("looked-worry" + suffix)
		p.Click("Send it")
		p.Has("Say what worries you.")
		p.Allow("400")
		p.Choose("The person who checks how we keep information")
		p.Type("What worries you?", "I do not know who that is.")
		p.Click("Send it")
		p.Has("Nobody has opened it yet.")
		p.HasNot("Sam Example")
		p.Axe()
		p.Shot("looked-told" + suffix)
	}
}
