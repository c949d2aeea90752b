package portal_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/sample"
)

// glimpse gives somebody a grant on one version of a document and nothing else of it.
func (w *world) glimpse(who, document string, number int) {
	w.t.Helper()
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from)
		select $1, 4, id, 32767, 255, 'portal-link', 1, 'for the test', now() from app.version where document_id = $2::bigint and number = $3`,
		int64(w.Actors[who].ID), document, number)
}

// A grant on one version opens the addresses that name it, on a page and for a
// program, and no other: not the document's newest, not its list, nothing that
// was said of it, not the record's name, even with every right there is.
func TestAGrantOnOneVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := recordPath(w.Records["Wren Sample"], "")
	v := w.add("staff", record, paper("care-plan", "2026-01-01", "The first words."))
	for i := range 2 {
		w.ok(201, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition(fmt.Sprintf("2026-0%d-01", i+2), fmt.Sprint("Later words ", i)).with("note", "Nobody else’s business"))
	}
	const who = "other-staff" // of another setting
	w.ok(404, who, http.MethodGet, versionPath(v, "/content"), nil)
	w.glimpse(who, v.Document.ID, 1)
	at := "/api/v1/documents/" + v.Document.ID
	if a := w.get(who, at+"/versions/1/content"); string(a.body) != "The first words." {
		t.Errorf("the version is %q", a.body)
	}
	visitor := w.visitor(who)
	leaf := visitor.open("/documents/" + v.Document.ID + "/versions/1")
	for _, word := range []string{"Wren", "Later words", "Nobody else", "Waiting for approval", "In force", "Superseded", "Not approved", `id="versions"`, "/versions/2", "/versions/3", "1 February", "1 March"} {
		if strings.Contains(leaf.source, word) {
			t.Errorf("the page of the version says %q", word)
		}
	}
	for _, word := range []string{"Paper of the test", "paper.txt", "It was shared with you by a link"} {
		if !strings.Contains(leaf.source, word) {
			t.Errorf("the page of the version does not say %q", word)
		}
	}
	nothing := w.ok(404, who, http.MethodGet, "/api/v1/documents/99999999/versions", nil).body
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", at + "/versions", nil}, {"GET", at + "/versions/2/content", nil}, {"GET", at + "/versions/9/content", nil}, {"POST", at + "/versions", edition("2026-05-01", "x")},
		{"POST", at + "/versions/1/approve", nil}, {"POST", at + "/versions/2/approve", nil}, {"POST", at + "/versions/1/correct", map[string]string{"in_force_from": "2026-01-02", "why": "x"}},
		{"POST", at + "/versions/1/restore", map[string]string{"why": "x"}}, {"POST", at + "/withdraw", map[string]string{"from": "2026-06-01", "why": "x"}},
		{"GET", record, nil}, {"GET", record + "/documents", nil}, {"GET", record + "/as-at?date=2026-01-05", nil}, {"GET", record + "/footprints", nil},
	} {
		if a := w.ok(404, who, c.method, c.path, c.body); string(a.body) != string(nothing) {
			t.Errorf("%s %s: %s", c.method, c.path, a.body)
		}
	}
	gone := quoted.ReplaceAllString(visitor.see(404, "/documents/99999999").source, "-")
	for _, path := range []string{"", "/versions/2", "/versions/9", "/versions/2/file", "/add", "/withdraw", "/versions/1/approve", "/versions/1/correct", "/versions/1/restore"} {
		if l := visitor.see(404, "/documents/"+v.Document.ID+path); quoted.ReplaceAllString(l.source, "-") != gone {
			t.Errorf("the answer to %s is another than to what is not there", path)
		}
	}
	for _, list := range []string{"/api/v1/records?kind=young-person", "/api/v1/settings/" + number(w.Homes[sample.FamilyCentre]) + "/documents"} {
		if a := string(w.get(who, list).body); strings.Contains(a, "Wren") || strings.Contains(a, v.Document.ID) {
			t.Errorf("%s lists %s", list, a)
		}
	}
	// whoever reads the rest of the record and one version of what is kept apart meets it in no list either
	w.Exec(t, `set session_replication_role = replica; update app.document set class = 2 where id = `+v.Document.ID)
	w.ok(404, "staff", http.MethodGet, at+"/versions/1/content", nil)
	w.glimpse("staff", v.Document.ID, 1)
	w.get("staff", at+"/versions/1/content")
	for _, list := range []string{record + "/documents", record + "/as-at?date=2026-03-05", "/api/v1/settings/" + number(w.Homes[sample.ChildrensHome]) + "/documents"} {
		if a := string(w.get("staff", list).body); strings.Contains(a, v.Document.ID) {
			t.Errorf("%s lists %s", list, a)
		}
	}
	if l := w.visitor("staff").open("/records/" + number(w.Records["Wren Sample"])); strings.Contains(l.source, v.Document.ID) {
		t.Error("the record's page lists a document of which one version may be seen")
	}
	// a shield stands in front of this grant too, and it ends like any other
	w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'a relative', 1, now())`, int64(w.Actors["staff"].ID), w.Records["Wren Sample"])
	w.ok(404, "staff", http.MethodGet, at+"/versions/1/content", nil)
	w.Exec(t, `update app.grants set valid_until = now() where scope = 4`)
	w.ok(404, who, http.MethodGet, at+"/versions/1/content", nil)
	visitor.see(404, "/documents/"+v.Document.ID+"/versions/1")
}

// What the database itself shows to whoever holds a grant on one version: in
// every table of the schema, by the application's own login.
func TestOneVersionInTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "one"))
	w.ok(200, "manager", http.MethodPost, versionPath(v, "/approve"), nil)
	w.ok(201, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-02-01", "two"))
	w.ok(204, "manager", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/withdraw", map[string]string{"from": "2026-06-01", "why": "x"})
	w.glimpse("other-staff", v.Document.ID, 1)
	conn, err := pgx.Connect(t.Context(), w.App)
	must(t, err)
	defer conn.Close(t.Context())
	_, err = conn.Exec(t.Context(), `select set_config('app.actor', $1, false)`, number(int64(w.Actors["other-staff"].ID)))
	must(t, err)
	for table, want := range map[string]int{"document": 1, "version": 1, "decision": 0, "statement": 0, "standing": 0} {
		var n, all int
		must(t, conn.QueryRow(t.Context(), `select count(*) from app.`+table+` where `+map[bool]string{true: "id", false: "document_id"}[table == "document"]+` = `+v.Document.ID).Scan(&n))
		w.Scan(t, `select count(*) from app.`+table+` where `+map[bool]string{true: "id", false: "document_id"}[table == "document"]+` = `+v.Document.ID, nil, &all)
		if n != want || all == 0 {
			t.Errorf("%d rows of %s are seen of %d, want %d", n, table, all, want)
		}
	}
	var name, numbers string
	if err := conn.QueryRow(t.Context(), `select name from app.record where id = $1`, w.Records["Policies of "+sample.ChildrensHome]).Scan(&name); err == nil {
		t.Errorf("the record's name is seen: %s", name)
	}
	must(t, conn.QueryRow(t.Context(), `select string_agg(number::text, ' ') from app.version where document_id = `+v.Document.ID).Scan(&numbers))
	if numbers != "1" {
		t.Errorf("versions %s are seen", numbers)
	}
}
