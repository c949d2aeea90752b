package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// scene of the forms: a policy with a version in force and one that waits, and
// somebody who may do everything to it.
func (w *world) forms() (holds, waits added) {
	holds = w.approve("manager", w.add("staff", w.library(), paper("policy", "2025-01-01", "one")))
	return holds, w.next("staff", holds, edition("2026-01-01", "two"))
}

// Every form of a document gives bad input back, says what to do in the same
// words at the field and in the summary, and does nothing.
func TestDocumentFormsTakeNoNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	holds, waits := w.forms()
	manager := w.visitor("manager")
	which := map[string][2]string{ // the day of the form, and the words for it
		waits.page("/approve"):                          {"in_force_from", "the day from which it holds"},
		holds.page("/correct"):                          {"in_force_from", "the day from which it holds"},
		holds.page("/restore"):                          {"in_force_from", "the day from which it holds"},
		"/documents/" + holds.Document.ID + "/withdraw": {"from", "the day from which it is withdrawn"},
	}
	was := w.census()
	for path, day := range which {
		form := manager.open(path)
		for _, c := range []struct{ day, month, year, problem string }{
			{"", "", "", "Enter " + day[1]},
			{"14", "", "2025", "Enter the month of " + day[1]},
			{"soon", "3", "2025", "Enter the day of " + day[1] + " in figures"},
			{"14", "3", "25", "Enter the year of " + day[1] + " with four figures, such as 2026"},
			{"31", "February", "2025", "There is no 31 February 2025. Check " + day[1] + "."},
			{"31", "2", "2025", "There is no 31 February 2025. Check " + day[1] + "."},
			{"-1", "3", "2025", "Enter the day of " + day[1] + " in figures"},
			{"1", "13", "2025", "There is no 1 13 2025. Check " + day[1] + "."},
			{"1", "1", "2500", "Enter a year from 1900 to 2199 for " + day[1]},
			{"<script>", "3", "2025", "Enter the day of " + day[1] + " in figures"},
			{strings.Repeat("9", 10_000), "3", "2025", "Enter the day of " + day[1] + " in figures"},
		} {
			given := []string{day[0] + "-day", c.day, day[0] + "-month", c.month, day[0] + "-year", c.year}
			if form.typed().Has("why") {
				given = append(given, "why", "A good reason")
			}
			manager.send(form, given...).refuses(http.StatusBadRequest, day[0], c.problem, given...)
		}
		words := "why"
		if !form.typed().Has("why") {
			words = "note"
		}
		for text, problem := range map[string]string{
			strings.Repeat("é", 10_000):      "has 10000 letters. Shorten it to ",
			"It was \u202egnorw":             "holds characters that cannot be seen. Type it again.",
			"<b>bold</b>" + "\x00" + "&amp;": "holds characters that cannot be seen. Type it again.",
		} {
			l := manager.send(form, words, text)
			said := strings.TrimPrefix(l.text("#"+words+"-error"), "Error: ")
			if !strings.Contains(said, problem) {
				t.Errorf("%s: %s says %q, not %q", path, words, said, problem)
			}
			if text != "<b>bold</b>"+"\x00"+"&amp;" { // a browser shows no NUL
				l.refuses(http.StatusBadRequest, words, said, words, text)
			}
			if strings.Contains(l.source, "<b>bold") {
				t.Errorf("%s: what was typed is not escaped", path)
			}
		}
		if words == "why" {
			manager.send(form, "why", " ").refuses(http.StatusBadRequest, "why", "Enter a reason.", "why", " ")
		}
	}
	manager.send(manager.open(holds.page("/correct")), "in_force_to-day", "31", "in_force_to-month", "12", "in_force_to-year", "2024", "why", "x").
		refuses(http.StatusBadRequest, "in_force_to", "The last day on which it holds lies before the first. Change one of them.", "why", "x", "in_force_to-year", "2024")
	if is := w.census(); is != was {
		t.Errorf("something was written:\n%s, was\n%s", is, was)
	}
	// months are taken by their names, and what is right is done
	manager.done(manager.open(waits.page("/approve")), "in_force_from-day", " 1 ", "in_force_from-month", "sept", "in_force_from-year", "2026").
		says(".moj-timeline", "From 1 September 2026")
}

// What somebody else did meanwhile is said, with what was typed and a way on.
func TestStaleForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	holds, waits := w.forms()
	manager, individual := w.visitor("manager"), w.visitor("individual")
	const changed = "Something about this document has changed since this page was opened. Look at what is said now, and send it again."

	// two tabs, and the same button twice
	approve, correct := manager.open(waits.page("/approve")), manager.open(holds.page("/correct"))
	restore, withdraw := manager.open(holds.page("/restore")), manager.open("/documents/"+holds.Document.ID+"/withdraw")
	manager.done(approve, "note", "Mine.")
	again := manager.send(approve, "note", "Mine, again.")
	again.refuses(http.StatusConflict, "", changed)
	again.says("main", "You had written: “Mine, again.”")
	if to := again.link("Go back to it"); to != waits.page("") {
		t.Errorf("the way on leads to %s", to)
	}
	was := w.census()
	for form, name := range map[*leaf]string{&correct: "why", &restore: "why", &withdraw: "why"} {
		stale := manager.send(*form, name, "A reason")
		stale.refuses(http.StatusConflict, "", changed, name, "A reason")
	}
	if is := w.census(); is != was {
		t.Errorf("a stale form was taken:\n%s, was\n%s", is, was)
	}
	// sent again from the page that came back, it is taken
	manager.done(manager.send(correct, "why", "A reason"), "why", "A reason").says(".moj-timeline", "Corrected on", "“A reason”")

	// somebody else approved it meanwhile; a page that is made up is no better
	third := w.next("staff", holds, edition("2026-02-01", "three"))
	form := manager.open(third.page("/approve"))
	individual.done(individual.open(third.page("/approve")))
	manager.send(form).refuses(http.StatusConflict, "", changed)
	manager.see(http.StatusConflict, third.page("/approve")).says("main", "This version is approved already.")
	fourth := w.next("staff", holds, edition("2026-03-01", "four"))
	manager.ask(http.MethodPost, fourth.page("/approve"), url.Values{"in_force_from-day": {"1"}, "in_force_from-month": {"1"}, "in_force_from-year": {"2026"}}).
		refuses(http.StatusConflict, "", changed, "in_force_from-year", "2026")

	// one's own words, brought back by another, are still one's own
	own := w.next("manager", holds, edition("2026-04-01", "five"))
	manager.see(http.StatusForbidden, own.page("/approve")).says("main", "You wrote this version, so somebody else must approve it.", "Go back to it")
	manager.open(own.page("")).says("aside", "You wrote this version, so somebody else has to approve it.").hides("main a", "Approve")
	mine := individual.open(own.page("/approve")).typed()
	mine.Set("note", "All is well with my own.")
	refused := manager.ask(http.MethodPost, own.page("/approve"), mine)
	refused.refuses(http.StatusForbidden, "", "You wrote this version, so somebody else must approve it.")
	refused.says("main", "You had written: “All is well with my own.”")
}

// Whoever may not, may not by the form's address either; and a form takes only
// what its own page sends.
func TestFormsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	holds, waits := w.forms()
	typed := w.visitor("manager").open(waits.page("/approve")).typed()
	typed.Set("why", "x")
	was, refused, tried := w.census(), w.refusals(), 0
	for _, path := range []string{waits.page("/approve"), holds.page("/correct"), holds.page("/restore"), "/documents/" + holds.Document.ID + "/withdraw"} {
		for who, status := range map[string]int{"inspector": 403, "dpo": 403, "staff": 403, "other-manager": 404, "admin": 404} {
			if who == "staff" && strings.HasSuffix(path, "/restore") {
				continue // whoever adds brings back
			}
			day := typed
			day.Set("from-day", "1")
			day.Set("from-month", "1")
			day.Set("from-year", "2026")
			tried++
			if l := w.visitor(who).ask(http.MethodPost, path, day); l.status != status {
				t.Errorf("%s sends %s: %d, want %d: %s", who, path, l.status, status, l.text("main"))
			}
		}
	}
	if n := w.refusals() - refused; n < tried {
		t.Errorf("%d refusals left %d footprints", tried, n)
	}
	if is := w.census(); is != was {
		t.Errorf("something was written:\n%s, was\n%s", is, was)
	}
	if l := w.visitor("").ask(http.MethodPost, waits.page("/approve"), typed); l.status != http.StatusUnauthorized {
		t.Errorf("without a session: %d", l.status)
	}
	if l := w.visitor("manager").ask(http.MethodPost, waits.page("/approve"), nil); l.status != http.StatusBadRequest {
		t.Errorf("what is no form: %d", l.status)
	}
}
