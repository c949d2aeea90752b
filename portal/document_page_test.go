package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/sample"
)

// page is the address of a version's page.
func (a added) page(rest string) string {
	return fmt.Sprintf("/documents/%s/versions/%d%s", a.Document.ID, a.Version.Number, rest)
}

// next adds a version to a document.
func (w *world) next(who string, a added, f form) added {
	w.t.Helper()
	return read[added](w.ok(http.StatusCreated, who, http.MethodPost, "/api/v1/documents/"+a.Document.ID+"/versions", f))
}

func (w *world) approve(who string, a added) added {
	w.t.Helper()
	w.ok(http.StatusOK, who, http.MethodPost, versionPath(a, "/approve"), nil)
	return a
}

// day is a day near today, as pages say it and as forms take it.
func day(ahead int) clock.Day { return clock.DayOf(time.Now()).Plus(ahead) }

func long(d clock.Day) string { return d.UTC().Format("2 January 2006") }

// fields are a day in the three fields of a form.
func fields(name string, d clock.Day) []string {
	t := d.UTC()
	return []string{name + "-day", fmt.Sprint(t.Day()), name + "-month", fmt.Sprint(int(t.Month())), name + "-year", fmt.Sprint(t.Year())}
}

// The journey of a policy in a browser: staff add, the manager approves, the next
// version takes its place by itself, and the inspector sees what was in force.
func TestPolicyJourneyInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff, manager, inspector := w.visitor("staff"), w.visitor("manager"), w.visitor("inspector")
	first := w.add("staff", w.library(), paper("policy", "2025-01-01", "one").with("title", "Visitors policy").with("review_on", "2025-12-31").with("note", "The first of its kind."))
	staff.open(first.page("")).says("h1", "Visitors policy").says(".app-facts", "Waiting for approval", "to hold from 1 January 2025", "Sam Example", "31 December 2025").
		says("aside", "You wrote this version, so somebody else has to approve it.").hides("main a", "Approve")
	inspector.open(first.page("")).hides("main a", "Approve", "Correct", "Withdraw", "Add a version")

	form := manager.open(manager.open(first.page("")).link("Approve"))
	form.says("main", "The first of its kind.", "No version is in force now", "Sam Example, residential support worker")
	if got := form.typed().Get("in_force_from-year"); got != "2025" {
		t.Errorf("the author's day is not there: %q", got)
	}
	done := manager.done(form, "note", "Read with the team.")
	done.says(".govuk-notification-banner", "Approved").says(".app-facts", "In force", "since 1 January 2025", "Morgan Example", "registered manager, "+long(day(0)), "overdue").
		says(".moj-timeline", "From 1 January 2025", "Approved by Morgan Example, registered manager, on "+long(day(0))+". “Read with the team.”")

	second := w.next("staff", first, edition("2025-09-01", "two").with("note", "Two new staff.").with("review_on", day(30).String()))
	manager.open("/documents/"+first.Document.ID).says("h1", "Visitors policy").says("aside a", "Look at version 2, which waits for approval")
	form = manager.open(second.page("/approve"))
	form.says(".app-compare", "Version 1, in force", "From 1 September 2025", "Changed").says("main", "The file is different.", "Two new staff.")
	if to := form.link("Download version 1 (Text, 3 bytes)"); to != first.page("/file") {
		t.Errorf("the earlier file is at %s", to)
	}
	manager.done(form).says(".app-facts", "In force", "in 30 days")
	old := inspector.open(first.page("?on=2025-03-14"))
	old.says(".app-onday", "In force on 14 March 2025").says(".app-facts", "Superseded", "1 January 2025 to 31 August 2025").says(".app-other", "Version 2 is in force now")
	inspector.open(second.page("?on=2025-03-14")).says(".app-onday", "Version 2 was not in force on 14 March 2025.", "Version 1 was")
	inspector.open(second.page("?on=2024-03-14")).says(".app-onday", "There was no policy on that day. The first came into force on 1 January 2025.")
	inspector.open("/documents/"+first.Document.ID+"?on=nonsense").hides("main", "nonsense", "on that day")

	library := strings.TrimPrefix(w.library(), "/api/v1")
	shelf := inspector.open(library + "?on-day=14&on-month=3&on-year=2025")
	shelf.says("h1", "In force on 14 March 2025").says(".app-answer", "One policy was in force on 14 March 2025.")
	shelf.hides("main", "Registered manager") // nobody was yet, on that day
	inspector.open(library).says(".app-pinned", "Registered manager", "Morgan Example", "since "+long(day(0)))
	staff.open(library).hides("main h3", "Registered manager")
	if to := shelf.link("Visitors policy"); to != first.page("?on=2025-03-14") {
		t.Errorf("the row leads to %s", to)
	}
	knowing(inspector, library, first)
	for _, l := range []leaf{done, old, form} {
		if title := l.text("title"); strings.Contains(title, "Visitors") || !strings.Contains(title, "Policy, version") {
			t.Errorf("the title of %s is %q", l.address, title)
		}
	}
}

// knowing asks what was in force by what was known on another day: the answer and
// every way on from it say so, and nobody knows what will be known.
func knowing(inspector *visitor, library string, first added) {
	const on, known = "on-day=14&on-month=3&on-year=2025", "known-day=1&known-month=1&known-year=2026"
	ask := library + "?" + on + "&" + known
	then := inspector.open(ask)
	then.says(".app-answer", "No policy was in force on 14 March 2025, by what we knew on 1 January 2026.").says(".app-strip", "as we know them now")
	if to := then.link("Show what we know now"); to != library+"?"+on {
		then.t.Errorf("the way to what is known now leads to %s", to)
	}
	back := inspector.open(first.page("?on=2025-03-14&known=2026-01-01")).link("Policies of Larkfield House")
	if back != library+"?"+on+"&"+known {
		then.t.Errorf("the way back leads to %s", back)
	}
	inspector.open(library+"?"+on).says(".app-strip", "Changes around that day").hides("main", "by what we knew", "as we know them now")
	tomorrow := day(1)
	q := url.Values{}
	for f := fields("known", tomorrow); len(f) > 0; f = f[2:] {
		q.Set(f[0], f[1])
	}
	inspector.see(http.StatusBadRequest, library+"?"+on+"&"+q.Encode()).says(".govuk-error-summary", "Nobody can say yet what will be known on "+long(tomorrow)).says(".govuk-error-message", "Enter today or an earlier day.")
}

// The same for a staff file and for a young person's care plan, which need no
// approval; who may see neither is told nothing.
func TestStaffFileAndCarePlanInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff, manager, inspector, other := w.visitor("staff"), w.visitor("manager"), w.visitor("inspector"), w.visitor("other-manager")
	check := w.add("manager", recordPath(w.Records["Sam Example"], ""), paper("dbs-check", "2025-02-03", "clear").with("title", "DBS check"))
	plan := w.add("staff", recordPath(w.Records["Finch Sample"], ""), paper("care-plan", "2025-02-03", "plan").with("title", "Care plan").with("source", "The social worker"))
	inspector.open(check.page("")).says(".app-facts", "In force", "Added by", "Morgan Example").says("nav", "Staff files").says(".govuk-details", "You are an inspector at Larkfield House")
	staff.open(plan.page("")).says("main", "Told by", "The social worker").says("nav", "Young people", "Finch Sample").says(".moj-timeline", "Added by Sam Example, residential support worker")
	if title := staff.open(plan.page("")).text("title"); strings.Contains(title, "Finch") {
		t.Errorf("a child's name stands in the title %q", title)
	}
	// a kind without approval has nothing to approve, and says so
	manager.see(http.StatusConflict, plan.page("/approve")).says("main", "Documents of this kind need no approval.", "Go back to it")
	for _, l := range []leaf{staff.see(404, check.page("")), inspector.see(404, plan.page("")), other.see(404, plan.page("")), other.see(404, "/documents/999999"), other.see(404, plan.page("/correct")), other.see(404, "/documents/x"), staff.see(404, "/documents/"+plan.Document.ID+"/versions/7")} {
		if got := l.text("main"); got != staff.see(404, "/documents/999999/versions/1").text("main") {
			t.Errorf("%s tells more than that it is not there: %s", l.address, got)
		}
	}
	// reading is not approving: the refusal has the words of the API, and leaves its footprint
	was := w.refusals()
	staff.see(http.StatusForbidden, plan.page("/correct")).says("main", "Only somebody who may approve here can correct a date. Ask the manager.")
	inspector.see(http.StatusForbidden, check.page("/restore")).says("main", "You may read here, but not add.")
	if n := w.refusals() - was; n != 2 {
		t.Errorf("two refusals left %d footprints", n)
	}
}

// A record that came late, corrections, withdrawals and what was brought back
// are told in the history, with who, when and why.
func TestHistoryTellsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, staff := w.visitor("manager"), w.visitor("staff")
	a := w.approve("manager", w.add("staff", w.library(), paper("policy", "2025-01-01", "one")))
	b := w.approve("manager", w.next("staff", a, edition("2025-06-01", "two")))

	form := manager.open(manager.open(b.page("")).link("Correct the dates of version 2"))
	form.says("aside", "From 1 June 2025", "Morgan Example").says("main", "What was said until now stays visible")
	manager.done(form, append(fields("in_force_from", dayIn(t, "2025-07-01")), "why", "The board met a month later.")...).
		says(".govuk-notification-banner", "The dates are corrected").
		says(".moj-timeline", "From 1 July 2025", "Corrected on "+long(day(0))+" by Morgan Example: “The board met a month later.” Before that we said from 1 June 2025.", "1 January 2025 to 30 June 2025")

	form = manager.open(manager.open("/documents/" + a.Document.ID).link("Withdraw this document"))
	form.says("main", "Version 2 is in force until the day before the one you enter.", "Nothing is deleted")
	manager.done(form, "why", "Covered by another.").says(".app-facts", "Withdrawn "+long(day(0))).says(".moj-timeline", "Withdrawn from "+long(day(0)), "Recorded by Morgan Example on "+long(day(0)), "“Covered by another.”")

	form = staff.open(staff.open(a.page("")).link("Bring version 1 back"))
	form.says("main", "This makes version 3, with the same content as version 1.", "then waits for somebody who wrote neither version to approve it")
	back := staff.done(form, "why", "It was still needed.")
	back.says(".govuk-notification-banner", "Brought back").says(".moj-timeline", "The content of version 1, brought back.", "It was still needed.").says("aside", "You wrote this version")
	manager.done(manager.open(back.link("Version 3")+"/approve")).says(".app-facts", "In force")

	late := w.add("staff", recordPath(w.Records["Finch Sample"], ""), paper("incident", day(-9).String(), "fell").
		with("event_at", time.Now().Add(-9*24*time.Hour).UTC().Format(time.RFC3339)).with("late_reason", "The <b>line</b> was down"))
	l := staff.open(late.page(""))
	l.says("main dl", "Recorded 9 days late: “The <b>line</b> was down”", "Happened", long(day(-9)))
	if strings.Contains(l.source, "<b>line") {
		t.Error("what was typed is not escaped")
	}
}

func dayIn(t *testing.T, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	must(t, err)
	return d
}

// A long history is shown in parts, and each version stands in one of them.
func TestLongHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.add("manager", recordPath(w.Records["Sam Example"], ""), paper("contract", "2000-01-01", "0"))
	for i := 1; i < 23; i++ {
		w.next("manager", a, edition(fmt.Sprintf("20%02d-01-01", i), fmt.Sprint(i)))
	}
	manager := w.visitor("manager")
	l := manager.open("/documents/" + a.Document.ID)
	seen := l.words(".moj-timeline__title")
	if len(seen) != 20 || seen[0] != "Version 23" || seen[19] != "Version 4" {
		t.Errorf("first part: %q", seen)
	}
	rest := manager.open(l.link("Show earlier versions, from version 3 back"))
	seen = append(seen, rest.words(".moj-timeline__title")...)
	if len(seen) != 23 || seen[22] != "Version 1" || rest.links("Show earlier versions") {
		t.Errorf("second part: %q", seen[20:])
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != 23 {
		t.Error("a version stands twice")
	}
	for _, strange := range []string{"?before=x", "?before=-4", "?before=99999999999999"} {
		if got := len(manager.open("/documents/" + a.Document.ID + strange).words(".moj-timeline__title")); got != 20 {
			t.Errorf("%s shows %d versions", strange, got)
		}
	}
}

// A page says which grant shows it.
func TestWhyCanISeeThis(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.add("staff", w.library(), paper("policy", "2025-01-01", "one"))
	for who, want := range map[string]string{
		"manager": "You are the registered manager at " + sample.ChildrensHome, "staff": "You are a member of staff at " + sample.ChildrensHome,
		"individual": "You are the responsible individual for Example Care",
	} {
		w.visitor(who).open(a.page("")).says(".govuk-details", want, "It has no end date.")
	}
	w.visitor("admin").see(http.StatusNotFound, a.page(""))
}
