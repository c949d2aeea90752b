package portal_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/sample"
	"custodian/portal"
)

// fresh are the acts that ask for a fresh sign-in, by what they are. The names are
// written out: an act that is missing in the program is missed here.
func fresh() map[string][]string {
	return map[string][]string{
		"approving for release": {"content.released", "outsider.let-in", "lodging.shared", "lodging.ended", "consent.recorded"},
		"bulk export":           {"looks.exported"},
		"keys":                  {"token.made", "scim-token.made"},
		"who comes and goes":    {"person.left", "person.back", "group-role.given", "administrator-role.given", "directory.stopped", "sessions.ended", "outside-access.decided"},
	}
}

// Those acts ask for a fresh sign-in and no others, and each is behind a page.
func TestWhatAsksForAFreshSignIn(t *testing.T) {
	t.Parallel()
	inside := []string{"content.released", "outsider.let-in", "administrator-role.given"} // asked by handlers of wider acts: the tests below
	want := map[string]bool{}
	for kind, names := range fresh() {
		for _, name := range names {
			want[name] = true
			if !(access.Action{Name: name}).Fresh() {
				t.Errorf("%s: %s asks for nothing", kind, name)
			}
		}
	}
	behind := map[string]bool{}
	for _, r := range slices.Concat(portal.Routes(), portal.PageRoutes()) {
		if (access.Action{Name: r.Action}).Fresh() != want[r.Action] {
			t.Errorf("%s %s asks for a fresh sign-in: %v", r.Method, r.Path, !want[r.Action])
		}
		behind[r.Action] = behind[r.Action] || !strings.HasPrefix(r.Path, "/api/")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !behind[name] && !slices.Contains(inside, name) {
			t.Errorf("no page does %s", name)
		}
	}
}

// since lets so many minutes pass since everybody who has a session showed who they
// are.
func (w *world) since(minutes int) {
	w.t.Helper()
	w.Exec(w.t, fmt.Sprintf(`set session_replication_role = replica; update app.sign_in set proved_at = at - interval '%d minutes'`, minutes))
}

// releasing is one page on which something is released or somebody let in.
type releasing struct {
	name, path string
	late       bool // only what is typed tells, so that the page itself opens
	fields     []string
	done       string // the act whose footprints are counted
}

func (w *world) releasing() []releasing {
	finch, until := "/records/"+number(w.Records["Finch Sample"]), fields("until", day(20))
	lodging := func() string {
		_, id := w.lodged()
		w.ok(http.StatusNoContent, "manager", http.MethodPost, "/api/v1/lodgings/"+id+"/consult", map[string]string{"answer": "agrees", "words": "Yes.", "on": day(0).String()})
		return "/lodgings/" + id
	}
	next := fields("review_on", day(60))
	staff := "/people/" + number(int64(w.Actors["staff2"].ID)) + "/roles/give"
	visit := "/people/" + number(int64(w.Actors["other-staff"].ID)) + "/roles/give"
	home := number(w.Homes[sample.ChildrensHome])
	policy := w.add("staff", recordPath(w.wren(), ""), paper("policy", "2026-01-01", "what we agreed with her"))
	return []releasing{
		{"sharing with whom it is about", lodging() + "/share", false, append(next, "to_subject", "yes", "with_whom", "Wren", "why", "Typed words"), "lodging.shared"},
		{"sharing with somebody else", lodging() + "/share", false, append(next, "to_subject", "no", "with_whom", "The reviewing officer", "why", "Typed words"), "lodging.shared"},
		{"moving out", lodging() + "/move-out", false, []string{"section", "general", "why", "Typed words"}, "lodging.ended"},
		{"taking back", lodging() + "/withdraw", false, []string{"section", "sensitive", "why", "Typed words"}, "lodging.ended"},
		{"letting somebody read their own file", finch + "/people/own", false, append(until, append(fields("from", day(0)), "email", "young-person@demo.example", "reader", number(int64(w.Actors["young-person"].ID)), "them", "yes", "checked", "beside me", "why", "Typed words")...), "role.given"},
		{"opening to an inspector", finch + "/people/inspector", false, append(until, append(fields("from", day(0)), "to", number(int64(w.Actors["inspector"].ID)), "why", "Typed words")...), "grant.given"},
		{"a consent", finch + "/people/consent", false, append(until, append(fields("from", day(0)), "capacity", "placing-authority", "answer", "yes", "who", "A council", "evidence", "Typed words")...), "consent.recorded"},
		{"the role of inspector", staff, true, append(until, append(fields("from", day(0)), "role", "inspector", "setting", home, "why", "Typed words")...), "role.given"},
		{"the role of visitor", visit, true, append(until, append(fields("from", day(0)), "role", "visitor-44", "setting", home, "why", "Typed words")...), "role.given"},
		{"approving in a file that its subject reads", "/documents/" + policy.Document.ID + "/versions/1/approve", false, append(fields("in_force_from", day(0)), "note", "Typed words", "seen", "0"), "version.approved"},
		{"loosening a document where an inspector reads", "/documents/" + w.put("A paper", "sensitive") + "/section", false, []string{"why", "Typed words"}, "document.sectioned"},
	}
}

// An unlocked screen releases nothing and lets nobody in: each such page asks again,
// and so does what it sends. What was typed is given back, and is done from there once
// its person has shown who they are.
func TestReleasesAskForAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, admin := w.visitor("manager"), w.visitor("admin")
	all := w.releasing()
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) {
			v := manager
			if strings.HasPrefix(r.path, "/people/") {
				v = admin
			}
			ask := func(status int, method string, values url.Values) leaf {
				t.Helper()
				l := v.ask(method, r.path, values)
				if l.status != status {
					t.Fatalf("%s %s: %d, want %d: %s", method, r.path, l.status, status, l.text("main"))
				}
				return l
			}
			w.since(16)
			if r.late {
				ask(http.StatusOK, http.MethodGet, nil)
			} else if l := ask(http.StatusUnauthorized, http.MethodGet, nil); !strings.Contains(l.text("main"), "a sign-in of the last 15 minutes") {
				t.Errorf("it says: %s", l.text("main"))
			}
			values := url.Values{}
			for i := 0; i < len(r.fields); i += 2 {
				values.Set(r.fields[i], r.fields[i+1])
			}
			before := w.did(r.done)
			asked := ask(http.StatusUnauthorized, http.MethodPost, values)
			if !strings.Contains(asked.text("main"), "Nothing you typed is lost") || !strings.Contains(asked.source, "Typed words") {
				t.Errorf("what was typed is lost: %s", asked.text("main"))
			}
			if got := w.did(r.done); got != before {
				t.Errorf("%d acts were done without a fresh sign-in", got-before)
			}
			w.since(0)
			kept := url.Values{}
			for _, n := range asked.all("main form[method=post] input") {
				kept.Add(attr(n, "name"), attr(n, "value"))
			}
			if kept.Has("seen") {
				kept.Set("seen", attr(ask(http.StatusOK, http.MethodGet, nil).all("main form[method=post] input[name=seen]")[0], "value"))
			}
			ask(http.StatusSeeOther, http.MethodPost, kept)
			if got := w.did(r.done); got != before+1 {
				t.Errorf("%d acts were done once they had signed in again", got-before)
			}
		})
	}
}

// did counts how often something was done.
func (w *world) did(action string) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.footprint where outcome = 'done' and action = $1`, []any{action}, &n)
	return n
}

// What releases nothing asks for nothing, so that who is asked still looks: approving
// a policy, also where an inspector reads it, approving in a file that nobody outside
// reads, making it closer, keeping what is restricted, and roles of those who work
// here.
func TestRoutineAsksForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	policy := w.add("staff", w.library(), paper("policy", "2026-01-01", "fires"))
	finch := w.add("staff", recordPath(w.Records["Finch Sample"], ""), paper("policy", "2026-01-01", "what we agreed"))
	_, lodging := w.lodged()
	paths := []string{"/documents/" + policy.Document.ID + "/versions/1/approve", "/documents/" + finch.Document.ID + "/versions/1/approve",
		"/documents/" + w.put("A paper", "general") + "/section", "/lodgings/" + lodging + "/keep", "/records/" + number(w.wren()) + "/people/key-worker"}
	w.since(16)
	for _, path := range paths {
		manager.open(path)
	}
	give := "/people/" + number(int64(w.Actors["other-staff"].ID)) + "/roles/give"
	admin := w.visitor("admin")
	page := admin.open(give)
	w.since(16)
	l := admin.send(page, append(fields("until", day(20)), "role", "staff", "setting", number(w.Homes[sample.ChildrensHome]), "why", "for the test")...)
	if l.status != http.StatusSeeOther {
		t.Errorf("a role of staff: %d", l.status)
	}
}

// A program releases nothing: a token cannot show a fresh sign-in. The attempt is a
// footprint, and what releases nothing goes on.
func TestProgramsReleaseNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	approve := func(status int, record int64) string {
		t.Helper()
		v := w.add("staff", recordPath(record, ""), paper("policy", "2026-01-01", "what we agreed "+number(record)))
		w.ok(status, "manager", http.MethodPost, versionPath(v, "/approve"), nil)
		return v.Document.ID
	}
	section := func(status int, from, to string) {
		t.Helper()
		w.ok(status, "manager", http.MethodPost, "/api/v1/documents/"+w.put("A paper from "+from, from)+"/section", map[string]string{"section": to, "why": "for the test"})
	}
	before := w.refusals()
	approve(http.StatusForbidden, w.wren())
	section(http.StatusForbidden, "sensitive", "general")
	if got := w.refusals() - before; got != 2 {
		t.Errorf("%d refusals are footprints", got)
	}
	approve(http.StatusOK, w.Records["Finch Sample"])
	section(http.StatusNoContent, "general", "sensitive")
	// once nobody outside reads it any more
	w.Exec(t, `update app.role_held set until_at = now() where actor_id = $1`, int64(w.Actors["young-person"].ID))
	approve(http.StatusOK, w.wren())
	section(http.StatusNoContent, "sensitive", "general")
}
