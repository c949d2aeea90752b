package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// The footprints of a record say in words who did what; whoever may not audit
// sees their own, and is told so.
func TestFootprintsInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, staff, inspector := w.visitor("manager"), w.visitor("staff"), w.visitor("inspector")
	a := w.approve("manager", w.add("staff", w.library(), paper("policy", "2025-01-01", "one").with("title", "Visitors <em>policy</em>")))
	staff.open(a.page(""))
	if l := staff.ask(http.MethodGet, a.page("/file"), nil); l.source != "one" {
		t.Errorf("the file holds %q", l.source)
	}
	library := strings.TrimPrefix(w.library(), "/api/v1")
	inspector.open(library + "?on-day=14&on-month=3&on-year=2025")
	staff.see(http.StatusForbidden, a.page("/correct"))
	manager.done(manager.open(a.page("/correct")), append(fields("in_force_from", dayIn(t, "2025-02-01")), "why", "x")...)

	all := manager.open(manager.open(library).link("Everyone who has looked"))
	for _, row := range []string{
		"Opened version 1 of Visitors <em>policy</em> Sam Example Residential support worker",
		"Asked about the record, as it was on 14 March 2025 Ira Example Inspector",
		"Tried to correct the dates of version 1 of Visitors <em>policy</em> Was refused Sam Example",
		"Corrected the dates of version 1 of Visitors <em>policy</em>, in force from 1 February 2025 Morgan Example",
		"Approved version 1 of Visitors <em>policy</em>, in force from 1 January 2025 Morgan Example",
		"Added version 1 of Visitors <em>policy</em> Sam Example",
	} {
		all.says("tbody tr", row)
	}
	all.says("tbody td", "Today, ", " UTC")
	if strings.Contains(all.source, "<em>") {
		t.Error("a title is not escaped")
	}
	if to := all.link("Opened version 1 of Visitors <em>policy</em>"); to != a.page("") {
		t.Errorf("the row leads to %s", to)
	}
	own := staff.open(staff.open(library).link("What you have looked at"))
	own.says("main", "These are your own looks and changes.").hides("tbody", "Morgan", "Ira").says("tbody", "Opened version 1")
	inspector.open(library+"/footprints").says("tbody", "Sam Example", "Morgan Example")
	w.visitor("other-manager").see(http.StatusNotFound, library+"/footprints")
}

// They are shown a part at a time, newest first, and none is lost or comes twice
// when others are left meanwhile.
func TestFootprintsInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	library := strings.TrimPrefix(w.library(), "/api/v1")
	manager := w.visitor("manager")
	for i := range 60 {
		w.Exec(t, `insert into app.footprint (actor_id, action, outcome, record_id, detail) values ($1, 'record.asked-as-at', 'done', $2, jsonb_build_object('date', $3::text))`,
			int64(w.Actors["dpo"].ID), w.Records["Policies of Larkfield House"], dayIn(t, "2020-01-01").Plus(i).String())
	}
	first := manager.open(library + "/footprints")
	seen := first.words("tbody tr")
	if len(seen) != 50 {
		t.Fatalf("the first part has %d", len(seen))
	}
	next := manager.open(first.link("Show earlier"))
	next.link("Back to the newest")
	seen = append(seen, next.words("tbody tr")...)
	for i := range 60 {
		want, n := "as it was on "+dayIn(t, "2020-01-01").Plus(i).UTC().Format("2 January 2006")+" ", 0
		for _, row := range seen {
			if strings.Contains(row, want) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s stands there %d times", want, n)
		}
	}
	for _, strange := range []string{"x", "-1", "1", "99999999999999999999999"} {
		l := manager.ask(http.MethodGet, library+"/footprints?before="+strange, nil)
		if l.status != http.StatusOK {
			t.Errorf("before=%s: %d", strange, l.status)
		}
	}
	manager.open(fmt.Sprintf("%s/footprints?before=1", library)).says("main", "Nothing is further back.")
}
