package portal_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/access"
)

// auditor makes somebody who audits everything and reads nothing.
func (w *world) auditor() *visitor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Avery Example', 1) returning id`, []any{w.Provider}, &id)
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 0, $2, 32767, 64, 'role', 1, 'audits', now() - interval '1 year')`, id, w.Provider)
	w.Actors["avery"] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	return w.visitor("avery")
}

// subject makes somebody whom a record is about, who reads its general section.
func (w *world) subject(record string) *visitor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', $2, 1) returning id`, []any{w.Provider, record}, &id)
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from)
		select $1, 2, r.id, 1 << (r.kind * 3), 1, 'data-subject', 1, 'it is about them', now() - interval '1 year' from app.record r where r.id = $2`, id, w.Records[record])
	w.Actors[record] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	return w.visitor(record)
}

func (w *world) footprint(who, action, record, outcome string) (id int64) {
	w.t.Helper()
	w.Scan(w.t, `insert into app.footprint (actor_id, action, outcome, record_id, sought) values ($1, $2, $3, $4, case when $3 = 'done' then '' else 'record ' || $4::bigint end) returning id`,
		[]any{int64(w.Actors[who].ID), action, outcome, w.Records[record]}, &id)
	return id
}

// Each row says by what it was seen; lists are narrowed by days, act and person; a day
// that is none is said, and nothing typed is lost.
func TestLooksAreNarrowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, dpo := w.visitor("manager"), w.visitor("dpo")
	w.footprint("staff", "record.viewed", "Wren Sample", "done")
	w.footprint("other-staff", "record.viewed", "Wren Sample", "refused")
	w.footprint("manager", "record.closed", "Wren Sample", "done")
	at := "/records/" + number(w.Records["Wren Sample"]) + "/footprints"
	all := manager.open(at)
	all.says("tbody tr", "Looked at the record Sam Example Residential support worker Then member of staff, Larkfield House Seen by role: member of staff Today", "Tried to look at the record Was refused Ollie Example Family support worker Then member of staff, Bramble Court")
	manager.open(at+"?act=refused").says("tbody", "Ollie").hides("tbody", "Sam", "Closed the record")
	manager.open(at+"?act=changed").says("tbody", "Closed the record").hides("tbody", "Sam Example", "Ollie")
	one := manager.open(all.link("Sam Example"))
	one.says("main", "Only what Sam Example did is shown.").hides("tbody", "Ollie", "Morgan")
	manager.open(one.link("Show everybody")).says("tbody", "Ollie")
	manager.open(at+"?until-day=1&until-month=2&until-year=2020").says("main", "Nothing is further back.")
	for query, problem := range map[string]string{"from-day=31&from-month=2&from-year=2025": "There is no 31 February 2025. Check the first day.", "until-day=x&until-month=2&until-year=2025": "Enter the day of the last day in figures.",
		"from-day=2&from-month=2&from-year=2025&until-day=1&until-month=2&until-year=2025": "The last day lies before the first. Enter a later one, or leave it empty."} {
		l := manager.see(http.StatusBadRequest, at+"?"+query)
		l.says(".govuk-error-summary", problem).says(".app-narrow .govuk-error-message", problem).says("tbody", "Sam Example")
	}
	for _, strange := range []string{"?act=%00", "?act=x", "?person=x", "?person=-3", "?person=99999999999999999999", "?before=1;drop", "?from-day=%FF"} {
		if l := manager.ask(http.MethodGet, at+strange, nil); l.status != http.StatusOK && l.status != http.StatusBadRequest {
			t.Errorf("%s: %d", strange, l.status)
		}
		if l := dpo.ask(http.MethodGet, "/oversight/looks"+strange, nil); l.status != http.StatusOK && l.status != http.StatusBadRequest {
			t.Errorf("%s: %d", strange, l.status)
		}
	}
	everything := dpo.open("/oversight/looks")
	everything.says("tbody", "Wren Sample", " UTC", " in London", "Looked through", "Then data protection officer")
	dpo.open("/people/"+number(int64(w.Actors["staff"].ID))+"/footprints").says("tbody", "Looked at the record Wren Sample")
	w.visitor("staff").open("/people/"+number(int64(w.Actors["staff"].ID))+"/footprints").says("h1", "What you did").says("tbody", "Wren Sample")
}

// Whoever audits and may not read is shown numbers in the place of titles and names.
func TestAuditorSeesNoTitles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.add("staff", w.library(), paper("procedure", "2025-01-01", "one").with("title", "Title that nobody audits"))
	w.visitor("manager").open(a.page(""))
	avery := w.auditor()
	library := strings.TrimPrefix(w.library(), "/api/v1/records/")
	for _, at := range []string{"/oversight/looks", "/records/" + library + "/footprints", a.page("")[:strings.Index(a.page(""), "/versions")] + "/footprints", "/people/" + number(int64(w.Actors["manager"].ID)) + "/footprints"} {
		l := avery.open(at)
		l.says("tbody", "document "+a.Document.ID, "Morgan Example", "Seen by role: registered manager")
		if strings.Contains(l.source, "Title that nobody") || strings.Contains(l.source, "Policies of Larkfield") {
			t.Errorf("%s shows a title or the name of a record", at)
		}
	}
	avery.see(http.StatusNotFound, "/records/"+library)
	avery.see(http.StatusNotFound, a.page(""))
	avery.open("/home").link("Oversight")
	w.visitor("manager").open("/records/"+library+"/footprints").says("tbody", "Looked at who has looked Avery Example")
}

// A concern is raised beside a look, goes past the manager when it is about them, and
// the manager finds no trace of it.
func TestConcernInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, dpo, staff := w.visitor("manager"), w.visitor("dpo"), w.visitor("staff")
	w.footprint("manager", "record.viewed", "Wren Sample", "done")
	list := dpo.open("/records/" + number(w.Records["Wren Sample"]) + "/footprints")
	form := dpo.open(list.link("Report a concern: Looked at the record, Morgan Example, " + strings.TrimSpace(strings.Split(list.text("tbody time"), "|")[1])))
	form.says("aside", "Looked at the record", "Morgan Example", "Registered manager, Larkfield House")
	dpo.send(form, "words", " ", "to", "manager").refuses(http.StatusBadRequest, "words", "Say what worries you.")
	dpo.send(form, "words", "Why <b>him</b>?").refuses(http.StatusBadRequest, "to", "Choose who is to look into it.", "words", "Why <b>him</b>?")
	concern := dpo.done(form, "words", "Why <b>him</b>?", "to", "manager")
	concern.says("main", "Why <b>him</b>?", "It was meant for the registered manager, and goes to the responsible individual", "Nobody has opened it yet")
	manager.see(http.StatusNotFound, concern.address)
	manager.open("/oversight/concerns").says("main", "There are none.")
	manager.open("/home").hides("main", "A concern about a look")
	manager.open("/oversight/looks").hides("main", "concern about a look", "Why him")
	individual := w.visitor("individual")
	needs := individual.open("/home")
	needs.says("h1", "One thing needs you")
	seen := individual.open(needs.link("A concern about a look"))
	seen.says("main", "Seen by Jules Example")
	answer := individual.open(seen.link("Answer"))
	individual.send(answer, "words", "").refuses(http.StatusBadRequest, "words", "Say what you did, or what you answer.")
	individual.done(answer, "words", "I will ask her.")
	passing := individual.open(seen.link("Pass it on"))
	individual.send(passing, "to", "manager", "words", "x").refuses(http.StatusConflict, "to", "It cannot be passed on to them: nobody there may deal with it. Choose somebody else.", "words", "x")
	closing := individual.open(seen.link("Close it"))
	individual.send(closing, "words", "x").refuses(http.StatusBadRequest, "outcome", "Choose what came of it.", "words", "x")
	individual.done(closing, "words", "It was her duty that day.", "outcome", "in-role").says("main", "Closed by Jules Example: it was part of their work")
	if l := individual.open(closing.address); !strings.Contains(l.text("main"), "This concern is closed.") {
		t.Error("a closed concern can be closed again")
	}
	dpo.open("/oversight/concerns").says("tbody", "About a look of Morgan Example", "Closed")
	individual.open("/home").says("h1", "Nothing needs you today")
	individual.see(http.StatusNotFound, strings.TrimSuffix(concern.address, "?done=concern-raised")+"/seen")
	staff.see(http.StatusNotFound, concern.address)
	staff.see(http.StatusNotFound, "/looks/99999999/concern")
}

// Whoever a record is about reads who looked, by role and reason; no name, and nothing
// of what they may not read.
func TestLookedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	plan := w.add("staff", recordPath(wren, ""), paper("care-plan", "2025-01-01", "one").with("title", "Care plan"))
	told := paper("court-report", "2025-01-01", "two").with("title", "Said in confidence").with("section", "restricted")
	for name, value := range w.lodging() {
		told = told.with(name, value)
	}
	w.visitor("manager").open(w.add("manager", recordPath(wren, ""), told).page(""))
	w.visitor("staff").open(plan.page(""))
	w.visitor("manager").open("/records/" + number(wren))
	subject := w.subject("Wren Sample")
	own := subject.open(subject.open("/records/" + number(wren)).link("Who has looked at your file"))
	own.says("main", "A person who works at your home looked at your care plan.", "A person who works at your home put a new paper in your file: care plan.", "The manager of your home looked at your file.", "They look after people at your home.")
	for _, never := range []string{"Sam ", "Morgan", "confidence", "ourt report"} {
		if strings.Contains(own.text("main"), never) {
			t.Errorf("the page tells %q", never)
		}
	}
	form := subject.open(own.link("Tell us if this worries you: A person who works at your home looked at your care plan."))
	form.says("main", "Who should look into it?").says("aside", "A person who works at your home looked at your care plan.").hides("main", "Sam ", "Care plan of")
	raised := subject.done(form, "to", "manager", "words", "I do not like it.")
	raised.says("main", "I do not like it.").hides("main", "Sam ")
	w.visitor("manager").open(raised.address).says("main", "About a look of Sam Example", "Wren Sample")
	subject.open(raised.address).says("main", "Seen by the person who deals with it").hides("main", "Morgan")
	w.visitor("staff").open(plan.page(""))
	needs := w.visitor("manager").open("/home")
	needs.says("main", "From the young person whose file it is. Raised on")
	if first := needs.text(".app-needs__item"); !strings.HasPrefix(strings.TrimSpace(first), "Look into") || strings.Contains(needs.text(".app-needs__what"), "Wren") {
		t.Errorf("the first need is %q", first)
	}
	w.visitor("manager").open("/oversight").says("main", "From the young person whose file it is.")
	subject.open("/home").hides("main", "There is an answer")
	w.visitor("manager").done(w.visitor("manager").open(strings.Split(raised.address, "?")[0]+"/answered"), "words", "They help you with school.")
	answer := subject.open("/home")
	answer.says("main", "One thing needs you", "There is an answer to what you told us", "You told us on", "Today").hides("main", "Morgan")
	subject.open(answer.link("There is an answer to what you told us")).says("main", "They help you with school.")
	subject.open("/home").says("h1", "Nothing needs you today").hides("main", "There is an answer")
	subject.open("/help").says("main", "Read your file", "Tell us if a look worries you").hides("main", "Approve", "Withdraw a document", "safety panel", "outside your role")
	w.visitor("manager").open("/help").says("main", "Restricted sections", "The safety panel", "See a record outside your role", "Report a concern about a look").hides("main", "Read your file")
	w.visitor("staff").see(http.StatusNotFound, own.address)
	subject.see(http.StatusNotFound, "/records/"+number(w.Records["Finch Sample"])+"/looked")
	for _, strange := range []string{"?before=x", "?before=2025-02-30", "?before=1899-01-01", "?before=2025-01-01"} {
		subject.open(own.address + strange)
	}
}

// Every reason is told, on a record and on a document.
func TestWhyInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	plan := w.add("staff", recordPath(wren, ""), paper("care-plan", "2025-01-01", "one").with("title", "Care plan"))
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values ($1, 2, $2, 7, 1, 'break-glass', 1, 'To help with <form> 7.', now(), now() + interval '1 day')`, int64(w.Actors["staff"].ID), wren)
	staff := w.visitor("staff")
	for _, at := range []string{staff.open("/records/" + number(wren)).link("Why can I see this?"), staff.open(plan.page("")).link("Every reason")} {
		staff.open(at).says("main", "You are a member of staff at Larkfield House", "You asked for access outside your role", "It ends on", "“To help with <form> 7.”", "It shows you the general section and the sensitive section.", "It shows you the general section, the sensitive section and the restricted section.", "With it you can read and add")
	}
	w.visitor("other-staff").see(http.StatusNotFound, "/records/"+number(wren)+"/why")
}

// Journey D7 over the wire: a period, a sample that can be drawn again, a question and
// its answer, what is out of the ordinary, and a copy as CSV.
func TestAuditorsWay(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"dpo", "auditor"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var v *visitor
			if v = w.visitor("dpo"); who == "auditor" {
				v = w.auditor()
			}
			look, key := w.night()
			for range 12 {
				w.footprint("staff", "record.viewed", "Wren Sample", "done")
			}
			oversight := v.open(v.open("/home").link("Oversight"))
			sample := v.open(oversight.link("A random sample"))
			sample.says("h1", "A random sample")
			first := v.ask(http.MethodGet, "/oversight/sample?size=5", nil)
			if first.status != http.StatusSeeOther {
				t.Fatalf("%d", first.status)
			}
			drawn := v.open(first.header.Get("Location"))
			drawn.says("main", "5 looks drawn from", "Seed")
			again := v.open(drawn.link("The address of this sample"))
			if got, want := again.words("tbody tr"), drawn.words("tbody tr"); len(got) != 5 || strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("drawn again: %q, want %q", got, want)
			}
			for _, bad := range []string{"size=0", "size=51", "size=x", "size=5&seed=1&upto=x&from-day=40&from-month=1&from-year=2025"} {
				v.see(http.StatusBadRequest, "/oversight/sample?"+bad)
			}
			asked := v.done(v.open(fmt.Sprintf("/looks/%d/ask", look)), "words", "At that hour?")
			asked.says("main", "There is no answer yet.")
			individual := w.visitor("individual")
			question := individual.open(individual.open("/home").link("Why did you look?"))
			question.says("main", "asked on", "“At that hour?”")
			individual.send(question, "words", "").refuses(http.StatusBadRequest, "words", "Say why you looked.")
			individual.done(question, "words", "=An emergency.").says("main", "=An emergency.")
			individual.send(question, "words", "More.").refuses(http.StatusConflict, "", "You have answered this already. If something was left out, tell whoever asked.")
			v.open("/questions").says("tbody", "You asked Jules Example", "=An emergency.")

			unusual := v.open(oversight.link("Out of the ordinary"))
			unusual.says("tbody", "At night 1 look at 2.00am on", "London time. The responsible individual", "Jules Example", "Nobody has looked into it yet")
			v.see(http.StatusBadRequest, "/oversight/unusual?from-day=1&from-month=1&from-year=2020&until-day=1&until-month=1&until-year=2025").says(".govuk-error-summary", "These are more than 92 days.")
			says := v
			if who == "auditor" { // who reads it, and does not settle it
				says = w.visitor("dpo")
				unusual = says.open(oversight.link("Out of the ordinary"))
			}
			into := says.open(unusual.link("Write down what came of it: At night, Jules Example, " + strings.Split(unusual.text("tbody th"), " on ")[1][:strings.Index(strings.Split(unusual.text("tbody th"), " on ")[1], ",")]))
			says.send(into, "words", "x").refuses(http.StatusBadRequest, "outcome", "Choose what came of it.", "words", "x")
			says.done(into, "words", "They were called.", "outcome", "in-role")
			v.open("/oversight/unusual").says("tbody", "It was part of their work", "“They were called.”")
			individual.open("/oversight/unusual").hides("main", "Jules")
			individual.open("/oversight/looks").hides("tbody", "Wrote down what came of")
			v.open("/oversight/looks").says("tbody", "Wrote down what came of")
			says.see(http.StatusNotFound, strings.Replace(into.address, url.QueryEscape(key), "hours:1:2020-01-01", 1))
			exported(t, w, v)
		})
	}
}

// exported looks at the copy: each footprint once, no cell that is a formula, times in
// both, the checkpoint last, and the taking of it among the footprints.
func exported(t *testing.T, w *world, v *visitor) {
	t.Helper()
	w.Exec(t, `insert into app.actor (id, provider_id, kind, name, post_title, created_by) values (777, $1, 'person', '=HYPERLINK("x")', '+44', 1)`, w.Provider)
	w.Exec(t, `insert into app.footprint (actor_id, action, outcome) values (777, 'session.begun', 'done')`)
	must(t, w.tree.Grow(t.Context(), true))
	l := v.ask(http.MethodGet, v.open("/oversight/looks").link("Take a copy (CSV)"), nil)
	if l.status != http.StatusOK || l.header.Get("Content-Type") != "text/csv; charset=utf-8" || l.header.Get("Content-Disposition") != `attachment; filename="footprints.csv"` {
		t.Fatalf("%d %v", l.status, l.header)
	}
	r := csv.NewReader(strings.NewReader(l.source))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	must(t, err)
	var n int
	w.Scan(t, `select count(*) from app.footprint where action <> 'looks.exported'`, nil, &n)
	if last := lines[len(lines)-1]; last[0] != "checkpoint" || !strings.Contains(last[1], " footprints; root ") {
		t.Errorf("the last line is %q", last)
	}
	seen := map[string]bool{}
	for _, line := range lines[1 : len(lines)-1] {
		if len(line) != len(lines[0]) || seen[line[0]] {
			t.Errorf("%q", line)
		}
		seen[line[0]] = true
		for _, c := range line {
			if c != "" && strings.ContainsAny(c[:1], "=+-@\t\r") {
				t.Errorf("a formula: %q", c)
			}
		}
	}
	if !strings.Contains(l.source, `'=HYPERLINK(""x"")`) || !strings.Contains(l.source, "'+44") {
		t.Error("the strange name is not in it")
	}
	if len(seen) < 20 || len(seen) > n {
		t.Errorf("%d lines of %d footprints", len(seen), n)
	}
	v.open("/oversight/looks").says("tbody", "Took a copy of footprints")
	if l := v.ask(http.MethodGet, "/oversight/looks/export?from-day=31&from-month=2&from-year=2025", nil); l.status != http.StatusBadRequest {
		t.Errorf("%d", l.status)
	}
}
