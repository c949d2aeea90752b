package portal_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/grants"
)

// What somebody was refused stands in none of the lists that they are shown, there or
// not: on pages, in the copy, and to programs. Somebody else who audits finds it.
func TestRefusalsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren, finch := w.Records["Wren Sample"], w.Records["Finch Sample"]
	plan := w.add("manager", recordPath(wren, ""), paper("care-plan", "2026-01-01", "The words.")).Document.ID
	w.Exec(t, `do $do$ begin set local session_replication_role = replica; update app.document set class = class + 2 where id = `+plan+`; end $do$`)
	w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'family', 1, now())`, int64(w.Actors["manager"].ID), finch)
	const nothing = "98765432"
	young, manager, staff, dpo := w.subject("Wren Sample"), w.visitor("manager"), w.visitor("staff"), w.visitor("dpo")
	own := func(who string) string { return "/people/" + number(int64(w.Actors[who].ID)) + "/footprints" }
	record := "/records/" + number(wren) + "/footprints"
	for _, x := range []struct {
		who    *visitor
		sought []string
		lists  []string
	}{
		{young, []string{"/documents/" + plan, "/documents/" + nothing, "/documents/" + plan + "/footprints", "/records/" + number(finch), "/records/" + nothing}, []string{own("Wren Sample"), record, "/records/" + number(wren) + "/looked"}},
		{staff, []string{"/documents/" + plan, "/documents/" + nothing, "/documents/" + plan + "/versions/1", "/documents/" + nothing + "/versions/1"}, []string{own("staff"), record}},
		{manager, []string{"/records/" + number(finch), "/records/" + nothing}, []string{own("manager"), record, "/oversight/looks", "/oversight/looks?act=refused", "/oversight/looks/export"}},
	} {
		for _, at := range x.sought {
			x.who.see(http.StatusNotFound, at)
		}
		for _, at := range x.lists {
			l := x.who.open(at)
			rows := l.source
			if at != "/oversight/looks/export" {
				rows = l.text("tbody")
			}
			words := []string{nothing, number(finch), "Sought"}
			if x.who != manager { // who audits what others were refused
				words = append(words, plan, "Was refused")
			}
			for _, word := range words {
				if strings.Contains(rows, word) {
					t.Errorf("%s is shown %q in %s", x.who.who, word, at)
				}
			}
		}
	}
	dpo.open("/oversight/looks?act=refused").says("tbody", "Sought: document "+nothing, "Sought: record "+nothing, "Sam Example", "Morgan Example")
	dpo.open(record).says("tbody", "Sam Example", "Was refused")
	// to programs
	w.ok(http.StatusNotFound, "staff", http.MethodGet, "/api/v1/documents/"+plan, nil)
	if a := w.get("staff", recordPath(wren, "/footprints")); strings.Contains(string(a.body), "refused") || strings.Contains(string(a.body), plan) {
		t.Errorf("a program is told of its person's refusals: %s", a.body)
	}
	if a := w.get("dpo", recordPath(wren, "/footprints")); !strings.Contains(string(a.body), "refused") || !strings.Contains(string(a.body), plan) {
		t.Errorf("whoever audits is not told of the refusal: %s", a.body)
	}
	// nobody is asked about one
	var look int64
	w.Scan(t, `select max(id) from app.footprint where outcome = 'refused' and actor_id = $1 and record_id is not null`, []any{int64(w.Actors["staff"].ID)}, &look)
	if l := dpo.open(record); strings.Contains(l.source, "/looks/"+number(look)+"/ask") || !strings.Contains(l.source, "/looks/"+number(look)+"/concern") {
		t.Error("a question is offered about a refusal, or no concern is")
	}
	dpo.see(http.StatusConflict, "/looks/"+number(look)+"/ask").says("main", "They were refused, and saw nothing.")
	if l := dpo.ask(http.MethodPost, "/looks/"+number(look)+"/ask", formOf("words", "Why?")); l.status != http.StatusConflict {
		t.Errorf("asked about a refusal: %d", l.status)
	}
}

// Tokens, and relatives who are declared, are for those who work here: to whoever
// reads their own file, and to somebody whose last role has ended, the pages are not
// there, and nothing points to them.
func TestPagesOfStaffAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	young, left, staff := w.subject("Wren Sample"), w.visitor("staff2"), w.visitor("staff")
	w.endRoles("staff2")
	for _, who := range []*visitor{young, left} {
		was := w.census()
		for _, at := range []string{"/me/tokens/new", "/me/relatives", "/me/relatives/declare"} {
			a, b := who.see(http.StatusNotFound, at), who.see(http.StatusNotFound, "/records/98765432")
			if a.text("main") != b.text("main") {
				t.Errorf("%s: %s answers otherwise than what is not there: %s | %s", who.who, at, a.text("main"), b.text("main"))
			}
		}
		for at, form := range map[string][]string{"/me/tokens/new": {"label", "x", "days", "1"}, "/me/relatives/declare": {"relation", "x", "words", "x"}} {
			if l := who.ask(http.MethodPost, at, formOf(form...)); l.status != http.StatusNotFound {
				t.Errorf("%s: POST %s answers %d", who.who, at, l.status)
			}
			if l := who.ask(http.MethodPost, at, formOf()); l.status != http.StatusNotFound {
				t.Errorf("%s: POST %s with nothing answers %d", who.who, at, l.status)
			}
		}
		if w.census() != was {
			t.Errorf("%s wrote something", who.who)
		}
		if l := who.open("/me"); strings.Contains(l.source, "/me/tokens/new") || strings.Contains(l.source, "/me/relatives") {
			t.Errorf("%s is pointed to what is not theirs", who.who)
		}
	}
	for _, link := range []string{"Make an API token", "Declare a relative or friend whose record may be here"} {
		staff.open(staff.open("/me").link(link))
	}
}

// What came of something unusual is for management to say; an auditor and an inspector
// read the list.
func TestWhoSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, key := w.night()
	list := w.visitor("manager").open("/oversight/unusual")
	_, rest, _ := strings.Cut(list.source, `href="/oversight/unusual/look-into`)
	rest, _, _ = strings.Cut(rest, `"`)
	at := "/oversight/unusual/look-into" + html.UnescapeString(rest)
	if !strings.Contains(at, url.QueryEscape(key)) {
		t.Fatalf("%s is not about %s", at, key)
	}
	for _, who := range []*visitor{w.auditor(), w.visitor("inspector")} {
		l := who.open("/oversight/unusual")
		l.says("tbody", "Nobody has looked into it yet")
		if strings.Contains(l.source, "/oversight/unusual/look-into") {
			t.Errorf("%s is offered to say what came of it", who.who)
		}
		who.see(http.StatusNotFound, at)
		if l := who.ask(http.MethodPost, at, formOf("outcome", "in-role", "words", "x")); l.status != http.StatusNotFound {
			t.Errorf("%s says what came of it: %d", who.who, l.status)
		}
	}
	dpo := w.visitor("dpo")
	dpo.done(dpo.open(at), "outcome", "in-role", "words", "On call.").says("tbody", "On call.")
	w.auditor().open("/oversight/unusual").says("tbody", "On call.")
}

// An administrator is offered technical support alone, and refused every other reason.
func TestAdministratorsAskForSupport(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.as("admin")
	home := admin.get(http.StatusOK, "/outside-role")
	home.says("Technical support")
	home.saysNot("Safeguarding emergency", "Audit or moderation", "Another reason")
	admin.get(http.StatusForbidden, "/outside-role/ask?reason=emergency").says("Your role does not cover this reason.")
	admin.post(http.StatusForbidden, "/outside-role/ask", askForm("record", number(o.Records["Plover Sample"]), "reason", "emergency", "words", "x")).says("asks outside it for technical support alone")
	admin.get(http.StatusNotFound, "/records/"+number(o.Records["Plover Sample"]))
	admin.post(http.StatusSeeOther, "/outside-role/ask", askForm("record", number(o.Records["Plover Sample"]), "reason", "support", "words", "a plan that does not open"))
	admin.get(http.StatusOK, "/records/"+number(o.Records["Plover Sample"]))
	admin.get(http.StatusNotFound, "/records/"+number(o.Records["Sam Example"])+"/shields")
	o.as("staff").get(http.StatusOK, "/outside-role").says("Technical support", "Safeguarding emergency")
}

// Whoever answers for a record and is kept out by a circle is told that it is there,
// and offered nothing to change.
func TestShieldsFromOutsideACircle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	must(t, grants.DrawCircle(t.Context(), w.DB, w.Actors["dpo"], wren, "family", "a manager's cousin"))
	must(t, grants.LetIn(t.Context(), w.DB, w.Actors["dpo"], wren, w.Actors["staff"].ID, "works with her"))
	manager, dpo, at := w.visitor("manager"), w.visitor("dpo"), "/records/"+number(wren)+"/shields"
	offered := dpo.open(at)
	l := manager.open(at)
	l.says("main", "It is kept from you as well")
	for _, words := range []string{"Let somebody in", "Keep it from everybody no longer", "Keep it from somebody"} {
		if !offered.links(words) || l.links(words) {
			t.Errorf("%q is offered to whom it should not, or not to whom it should", words)
		}
	}
	end := offered.link("Keep it from everybody no longer")
	manager.see(http.StatusNotFound, end)
	if l := manager.ask(http.MethodPost, end, formOf("why", "x")); l.status != http.StatusForbidden && l.status != http.StatusNotFound {
		t.Errorf("the circle is ended from outside: %d", l.status)
	}
	for _, rest := range []string{"/let-in", "/from"} {
		manager.see(http.StatusConflict, at+rest).says("main", "kept from you")
		if l := manager.ask(http.MethodPost, at+rest, formOf("who", number(int64(w.Actors["staff2"].ID)), "ground", "other", "why", "x")); l.status != http.StatusForbidden {
			t.Errorf("%s from outside: %d", rest, l.status)
		}
	}
	manager.see(http.StatusNotFound, "/records/"+number(wren))
	dpo.done(dpo.open(end), "why", "over")
	manager.open("/records/" + number(wren))
}

// formOf is a form with these fields, each with its value.
func formOf(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}
