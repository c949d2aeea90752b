package portal_test

import (
	"fmt"
	"testing"

	"custodian/internal/browsertest"
	"custodian/internal/people"
)

// The journey of the sections, at both widths, with script and without: the panel
// is filled in; something is restricted as it is added; its review is due; it is
// kept, whoever told it is asked, and it is moved out.
func TestSectionsInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.sender("manager")
	door := manager.behind()
	b := browsertest.Start(t)
	must(t, people.SaySafety(t.Context(), w.DB, w.Actors["manager"], w.wren(), people.NewStatement{Topic: people.Medication, Words: "Reliever inhaler, two puffs when she wheezes.\nOne in her rucksack, one in the office.", Source: "Her doctor", From: "2026-03-14"}))
	must(t, people.SaySafety(t.Context(), w.DB, w.Actors["manager"], w.wren(), people.NewStatement{Topic: people.Risks, None: true, Source: "Her social worker", From: "2026-03-14"}))
	w.put("Bank details", "sensitive")
	for _, o := range []browsertest.Options{{Width: 1200}, {Width: 375}, {Width: 375, NoScript: true}, {Width: 1200, NoScript: true}} {
		suffix := map[bool]string{true: "-plain"}[o.NoScript]
		name := fmt.Sprint(o.Width, suffix)
		p := b.Visitor(t, o)
		shot := func(what string) {
			t.Helper()
			p.Axe()
			p.Shot("sections-" + what + suffix)
		}
		door.enter(p, manager, "/records/"+number(w.wren()))
		p.Has("Not asked yet")
		p.Has("None known")
		p.Has("Sensitive")
		shot("record")
		first := o.Width == 1200 && !o.NoScript // later something stands there
		say := map[bool]string{true: "Add it to the panel", false: "Put this in its place"}[first]
		p.Click(map[bool]string{true: "Add Allergies", false: "Change Allergies"}[first])
		shot("say")
		p.Click(say)
		p.Has("Enter who said so, and their post.")
		shot("say-wrong")
		p.Type("What is known?", "Peanuts. Her pen is in the office. <script>"+name)
		p.Type("Who said so?", "Robin Specimen, social worker")
		p.Click(say)
		p.Has("The safety panel says it now")
		p.Has("Peanuts. Her pen is in the office. <script>" + name)
		p.Click("Everything said before")
		shot("safety")

		door.enter(p, manager, "/records/"+number(w.wren())+"/restricted")
		shot("restricted")
		p.Click("Lodge a document")
		p.Has("Which manager advised?")
		shot("add")
		p.Choose("Other")
		p.Type("Title", secret+" "+name)
		p.Attach("Files", onDisk(t, scrap{"neighbour.txt", "words " + name})...)
		p.Click("Check and add")
		p.Has("Choose on what ground it is kept from them.")
		p.Has("Write why it is kept from them.")
		shot("add-wrong")
		p.Choose("It was given in the expectation that it would not be passed on")
		p.Type("Say why, in your own words", "She asks not to be named.")
		p.Choose("Morgan Example, registered manager")
		p.Type("Who told us?", "A neighbour")
		p.TypeDate("From when does it hold?", "1", "1", "2026")
		p.Click("Check and add")
		p.Has("Restricted")
		shot("document")
		p.Click("Why it is restricted, and until when")
		p.Has("Whoever told us has not been asked.")
		shot("lodging")
		p.Click("Keep it here, with the next review")
		p.Type("Why is it still right to keep it from them?", "She still asks for it.")
		shot("keep")
		p.Click("Keep it here")
		p.Has("It stays in the restricted section until its next review")
		p.Click("Record what whoever told us says")
		p.Choose("They object")
		p.Type("What did they say, or which steps were taken?", "Not yet, please.")
		shot("originator")
		p.Click("Record it")
		p.Has("What they said is recorded")
		p.Click("Say that it was shared")
		p.Type("With whom was it shared?", "Wren")
		p.Choose("Yes")
		p.Type("Why was it shared, and how?", "In a talk")
		p.Click("Record it")
		p.Has("Write why it is passed on all the same")
		shot("share-wrong")
		p.Type("Whoever told us objects. Why is it passed on all the same?", "He has told her himself.")
		p.Click("Record it")
		p.Has("It is recorded with whom it was shared")
		p.Has("Although whoever told us objects")
		shot("lodging-decided")
		w.lodged()
		w.Exec(t, `set session_replication_role = replica; update app.lodging set review_on = current_date - 18 where id = (select max(id) from app.lodging); set session_replication_role = origin`)
		door.enter(p, manager, "/home")
		p.Has("18 days overdue")
		shot("home")
		door.enter(p, manager, "/oversight/restricted")
		p.Has("review")
		shot("register")
		door.enter(p, manager, "/records/"+number(w.wren()))
		p.Has("Something was lodged in the restricted section")
		shot("record-lodged")
	}
	for _, width := range []int{960, 768, 641, 320} { // where the style sheet breaks: nothing is wider than the window, which the browser notices
		p := b.Visitor(t, browsertest.Options{Width: width})
		for _, path := range []string{"/records/" + number(w.wren()), "/records/" + number(w.wren()) + "/safety", "/records/" + number(w.wren()) + "/restricted", "/oversight/restricted"} {
			door.enter(p, manager, path)
			p.Has("Sample")
		}
	}
}
