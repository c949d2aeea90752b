package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/people"
)

// herself makes somebody who signs in as Wren: they read, and see who looked, in
// the general and the sensitive section of their own record.
func (w *world) herself() *visitor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Wren Sample', 1) returning id`, []any{w.Provider}, &id)
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 3, 65, 'data-subject', 1, 'it is about them', now())`, id, w.wren())
	w.Actors["subject"] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	return w.visitor("subject")
}

func (w *world) say(topic people.Topic, words string) {
	w.t.Helper()
	must(w.t, people.SaySafety(w.t.Context(), w.DB, w.Actors["staff"], w.wren(), people.NewStatement{Topic: topic, Words: words, Source: "Her social worker", From: day(-3).String()}))
}

// What a young person meets in the pages and the API about their own record: the
// panel without what must be kept from them, and nothing of what is restricted.
func TestWhatTheSubjectMeets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(people.Risks, "Runs when she is frightened")
	w.say(people.Withheld, "From her father")
	w.say(people.Contact, "None with her father")
	moved := w.put(secret, "general")
	w.put("An ordinary paper", "general")
	w.ok(http.StatusNoContent, "manager", http.MethodPost, "/api/v1/documents/"+moved+"/section", with(w.lodging(), "section", "restricted"))
	_, lodging := w.lodged()
	subject := w.herself()
	record := "/records/" + number(w.wren())
	for _, path := range []string{record, record + "?on-day=1&on-month=2&on-year=2026", record + "/safety", record + "/footprints", "/home", "/records?kind=young-person"} {
		l := subject.open(path)
		for _, words := range []string{secret, "estricted", "lodg", "neighbour", "father", "withheld", "Contact restrictions"} {
			if strings.Contains(l.source, words) {
				t.Errorf("%s tells of %q", path, words)
			}
		}
	}
	if l := subject.open(record); !strings.Contains(l.text("main"), "Runs when she is frightened") || !strings.Contains(l.text("main"), "An ordinary paper") || strings.Contains(l.source, record+"/safety/") {
		t.Errorf("the record shows: %s", l.text("main"))
	}
	api := recordPath(w.wren(), "")
	for _, path := range []string{api, api + "/documents", api + "/footprints", api + "/safety", api + "/as-at?date=" + day(0).String()} {
		a := w.get("subject", path)
		for _, words := range []string{secret, "restricted", "lodging.", "father", `"` + moved + `"`, "withheld"} {
			if strings.Contains(string(a.body), words) {
				t.Errorf("%s tells of %q: %s", path, words, a.body)
			}
		}
	}
	for _, path := range []string{record + "/restricted", record + "/safety/withheld-address", record + "/safety/contact-restrictions", "/lodgings/" + lodging, "/documents/" + moved, "/oversight/restricted"} {
		subject.see(http.StatusNotFound, path)
	}
	subject.see(http.StatusForbidden, record+"/safety/risks")
	w.ok(http.StatusNotFound, "subject", http.MethodGet, api+"/lodgings", nil)
	staff := w.visitor("staff").open(record)
	if main := staff.text("main"); !strings.Contains(main, "None with her father") || strings.Count(main, "Something was lodged in the restricted section") != 2 || strings.Contains(staff.source, secret) || strings.Contains(staff.source, "/lodgings/") {
		t.Errorf("staff are shown: %s", main)
	}
	if news := w.visitor("manager").open("/home"); strings.Contains(news.source, secret) {
		t.Error("what is restricted stands on the manager's home page")
	}
}

// with is a body with one more field.
func with(fields map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range fields {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// Every fact that a page asks for is asked again where it is missing or wrong, at
// its field, with what was typed still there; what looks like a script is words.
func TestSectionPagesRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	const script = `<script>alert("1")</script>`
	document := w.put("A paper", "general")
	_, lodging := w.lodged()
	safety := "/records/" + number(w.wren()) + "/safety/risks"
	right := map[string]url.Values{
		"/documents/" + document + "/lodge":    w.typedLodging(),
		"/documents/" + document + "/section":  {"why": {"x"}},
		"/lodgings/" + lodging + "/keep":       {"why": {"x"}},
		"/lodgings/" + lodging + "/share":      {"why": {"x"}, "with_whom": {"x"}, "to_subject": {"no"}},
		"/lodgings/" + lodging + "/move-out":   {"why": {"x"}, "section": {"general"}},
		"/lodgings/" + lodging + "/withdraw":   {"why": {"x"}, "section": {"sensitive"}},
		"/lodgings/" + lodging + "/originator": {"answer": {"agrees"}, "words": {"x"}},
		safety:                                 {"none": {"no"}, "words": {"x"}, "source": {"x"}},
	}
	days := map[string]string{"/lodgings/" + lodging + "/keep": "review_on", "/lodgings/" + lodging + "/share": "review_on", "/lodgings/" + lodging + "/originator": "on", safety: "from_on"}
	wrong := []struct{ on, field, value string }{
		{"lodge", "ground", ""}, {"lodge", "ground", script}, {"lodge", "reason", " "}, {"lodge", "reason", "a\u202eb"}, {"lodge", "advised_by", ""}, {"lodge", "advised_by", number(int64(w.Actors["staff"].ID))},
		{"lodge", "originator", ""}, {"lodge", "lodging_review_on-year", ""}, {"lodge", "lodging_review_on-year", "1999"}, {"lodge", "lodging_review_on-year", script}, {"lodge", "lodging_review_on-year", "2150"},
		{"section", "why", ""}, {"keep", "why", ""}, {"keep", "review_on-day", "99"}, {"keep", "review_on-year", "2199"},
		{"share", "with_whom", ""}, {"share", "why", ""}, {"share", "to_subject", ""}, {"share", "to_subject", "yes"},
		{"move-out", "section", ""}, {"move-out", "section", "restricted"}, {"move-out", "why", " "}, {"withdraw", "section", script},
		{"originator", "answer", ""}, {"originator", "answer", script}, {"originator", "words", ""}, {"originator", "on-year", "2190"},
		{"risks", "words", ""}, {"risks", "source", ""}, {"risks", "none", "yes"}, {"risks", "from_on-year", "2190"},
	}
	for _, c := range wrong {
		for path, values := range right {
			if !strings.HasSuffix(path, "/"+c.on) {
				continue
			}
			typed := url.Values{}
			for name, v := range values {
				typed[name] = v
			}
			if name := days[path]; name != "" {
				ahead := map[string]int{"review_on": 30, "on": 0, "from_on": 0}[name]
				for f := fields(name, day(ahead)); len(f) > 0; f = f[2:] {
					typed.Set(f[0], f[1])
				}
			}
			typed.Set(c.field, c.value)
			for _, note := range []string{"reason", "why", "words", "source", "with_whom"} {
				if typed.Get(note) == "x" && note != c.field {
					typed.Set(note, script+" kept")
				}
			}
			l := manager.ask(http.MethodPost, path, typed)
			if l.status != http.StatusBadRequest && l.status != http.StatusConflict || len(l.all(".govuk-error-summary")) != 1 {
				t.Errorf("%s with %s=%q: %d %s", path, c.field, c.value, l.status, l.text("main"))
			}
			if strings.Contains(l.source, script) || len(l.all("main script")) > 0 {
				t.Errorf("%s gives %q back as it is", path, script)
			}
			if again := l.typed(); typed.Get("why") == script+" kept" && again.Get("why") != script+" kept" || typed.Get("words") == script+" kept" && again.Get("words") != script+" kept" {
				t.Errorf("%s loses what was typed: %v", path, again)
			}
		}
	}
	var events, statements, consultations int
	w.Scan(t, `select (select count(*) from app.lodging_event), (select count(*) from app.safety_statement), (select count(*) from app.consultation)`, nil, &events, &statements, &consultations)
	if events+statements+consultations != 0 {
		t.Errorf("of what was refused are left %d decisions, %d statements and %d consultations", events, statements, consultations)
	}
}

// What is said of a lodging and in a panel stands in no log, no address, no
// footprint and no title.
func TestWordsOfSectionsStayInTheirRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	const words = "Zyxwv"
	l := w.lodging()
	l["reason"], l["originator"] = words+" reason", words+" originator"
	f := paper("other", "2026-01-01", "x").with("title", words+" title").with("section", "restricted")
	for name, value := range l {
		f = f.with(name, value)
	}
	w.add("manager", recordPath(w.wren(), ""), f)
	var id int64
	w.Scan(t, `select max(id) from app.lodging`, nil, &id)
	at := "/lodgings/" + number(id)
	said := manager.open(at + "/originator").typed()
	said.Set("answer", "objects")
	said.Set("words", words)
	if l := manager.ask(http.MethodPost, at+"/originator", said); l.status != http.StatusSeeOther || strings.Contains(l.to, words) {
		t.Fatalf("%d %s", l.status, l.to)
	}
	manager.done(manager.open(at+"/keep"), "why", words)
	next := manager.done(manager.open("/records/"+number(w.wren())+"/safety/risks"), "words", words, "source", words)
	if !strings.Contains(next.text("main"), words) {
		t.Error("the panel does not say it")
	}
	change := manager.open("/records/" + number(w.wren()) + "/safety/risks")
	if got := change.typed().Get("words"); got != words {
		t.Errorf("to change it one begins from %q", got)
	}
	change.says("main", "takes the place of what stands there now", "Put this in its place")
	for _, path := range []string{at, at + "/share", "/oversight/restricted", "/records/" + number(w.wren()) + "/restricted", "/records/" + number(w.wren()) + "/safety"} {
		page := manager.open(path)
		if title := page.all("title"); len(title) != 1 || strings.Contains(title[0].FirstChild.Data, words) || strings.Contains(title[0].FirstChild.Data, "Wren") {
			t.Errorf("%s has them in its title", path)
		}
	}
	if strings.Contains(w.log.String(), words) {
		t.Errorf("the log has them: %s", w.log)
	}
	var n int
	w.Scan(t, `select count(*) from app.footprint where to_jsonb(footprint)::text ilike '%' || $1 || '%'`, []any{words}, &n)
	if n != 0 {
		t.Errorf("%d footprints have them", n)
	}
}

// The register goes on by its key, in the API as in pages, and a strange place
// begins it again.
func TestRegisterGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		w.lodged()
	}
	type lodging struct{ ID string }
	first := read[page[lodging]](w.get("manager", "/api/v1/lodgings?limit=2"))
	if len(first.Items) != 2 || first.Next == nil {
		t.Fatalf("the first page is %+v", first)
	}
	second := read[page[lodging]](w.get("manager", "/api/v1/lodgings?limit=2&cursor="+*first.Next))
	if len(second.Items) != 1 || second.Next != nil || second.Items[0].ID == first.Items[1].ID {
		t.Errorf("the second page is %+v", second)
	}
	w.ok(http.StatusBadRequest, "manager", http.MethodGet, "/api/v1/lodgings?cursor=x", nil)
	manager := w.visitor("manager")
	for _, query := range []string{"", "?due=never&after=1", "?due=2026-01-01&after=-1", "?after=999"} {
		if l := manager.open("/oversight/restricted" + query); len(l.all("tbody tr")) != 3 {
			t.Errorf("%q shows %d", query, len(l.all("tbody tr")))
		}
	}
	if l := manager.open("/oversight/restricted?due=2199-12-31&after=1"); len(l.all("tbody tr")) != 0 {
		t.Error("behind the last there is more")
	}
	// an auditor who reads nothing is told of days and grounds
	l := w.auditor().open("/oversight/restricted")
	if len(l.all("tbody tr")) != 3 || !strings.Contains(l.source, "Document ") {
		t.Errorf("an auditor is shown %d", len(l.all("tbody tr")))
	}
	for _, words := range []string{"Wren", "Finch", secret, "/lodgings/"} {
		if strings.Contains(l.text("main"), words) || strings.Contains(l.text("tbody"), words) || strings.Contains(l.source, `href="/lodgings/`) {
			t.Errorf("an auditor is told of %q", words)
		}
	}
	unread := read[page[lodging]](w.get("avery", "/api/v1/lodgings?limit=2"))
	if len(unread.Items) != 2 || unread.Next == nil {
		t.Errorf("an auditor's program is told of %+v", unread)
	}
}
