package portal_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/grants"
	"custodian/internal/sample"
)

// inForce asks a record what was in force, and gives the numbers of the versions.
func (w *world) inForce(who, record, query string) []int {
	w.t.Helper()
	numbers := []int{}
	for _, a := range read[page[added]](w.get(who, record+"/as-at?"+query)).Items {
		numbers = append(numbers, a.Version.Number)
	}
	return numbers
}

// walk takes one document of a record from upload to restoring, and gives it.
func (w *world) walk(author, approver, record, kind string) added {
	w.t.Helper()
	is := func(query string, want ...int) {
		w.t.Helper()
		if got := w.inForce(approver, record, query); !slices.Equal(got, append([]int{}, want...)) {
			w.t.Errorf("as-at %s: version %v, want %v", query, got, want)
		}
	}
	first := w.add(author, record, paper(kind, "2025-03-30", "first edition"))
	approval := func(v added) {
		w.t.Helper()
		a := w.try(approver, http.MethodPost, versionPath(v, "/approve"), map[string]string{"note": "read and agreed"})
		if kind != "policy" {
			if a.StatusCode != http.StatusConflict {
				w.t.Errorf("approving what needs no approval: %d %s", a.StatusCode, a.body)
			}
			return
		}
		if v := read[added](a).Version; a.StatusCode != 200 || v.Approval == nil || v.Approval.Note != "read and agreed" {
			w.t.Errorf("approval: %d %s", a.StatusCode, a.body)
		}
	}
	if kind == "policy" {
		is("date=2025-04-01")
		if first.Version.State != "submitted" {
			w.t.Errorf("before approval the state is %s", first.Version.State)
		}
	}
	approval(first)
	second := read[added](w.ok(201, author, http.MethodPost, "/api/v1/documents/"+first.Document.ID+"/versions", edition("2025-10-26", "second edition")))
	approval(second)
	// the clocks change on 30 March and 26 October 2025: London midnights are 00:00Z and 23:00Z
	is("date=2025-03-29")
	is("date=2025-03-30", 1)
	is("at=2025-03-29T23:59:59Z")
	is("at=2025-03-30T00:00:00Z", 1)
	is("date=2025-10-25", 1)
	is("at=2025-10-25T23:59:59%2B01:00", 1)
	is("at=2025-10-26T00:00:00%2B01:00", 2)
	is("date=2026-01-01", 2)
	before := url.QueryEscape(time.Now().Format(time.RFC3339Nano))

	corrected := read[added](w.ok(200, approver, http.MethodPost, versionPath(second, "/correct"), map[string]string{"in_force_from": "2025-12-01", "why": "the meeting was later"}))
	if said := corrected.Version.Said; len(said) != 2 || said[0].Kind != "told" || said[1].Kind != "corrected" || said[1].Why != "the meeting was later" {
		w.t.Errorf("said: %+v", said)
	}
	is("date=2025-11-10", 1)
	is("date=2025-11-10&known="+before, 2)
	is("date=2025-12-01", 2)

	w.ok(204, approver, http.MethodPost, "/api/v1/documents/"+first.Document.ID+"/withdraw", map[string]string{"from": "2026-02-01", "why": "another paper says it now"})
	is("date=2026-01-31", 2)
	is("date=2026-02-01")
	restored := read[added](w.ok(201, author, http.MethodPost, versionPath(first, "/restore"), map[string]string{"in_force_from": "2026-05-01", "why": "the old words were better"}))
	if restored.Version.Number != 3 || restored.Version.RestoredFrom == nil || *restored.Version.RestoredFrom != 1 || restored.Version.SHA256 != first.Version.SHA256 {
		w.t.Errorf("restored: %+v", restored.Version)
	}
	approval(restored)
	is("date=2026-05-01", 3)
	is("date=2026-04-30")
	if body := w.get(approver, versionPath(restored, "/content")).body; string(body) != "first edition" {
		w.t.Errorf("the restored content is %q", body)
	}
	var states []string
	for _, v := range read[page[version]](w.get(approver, "/api/v1/documents/"+first.Document.ID+"/versions")).Items {
		states = append(states, v.State)
	}
	if diff := cmp.Diff([]string{"in-force", "withdrawn", "superseded"}, states); diff != "" {
		w.t.Errorf("states, newest first (-want +got):\n%s", diff)
	}
	return first
}

// history gives a record's footprints, oldest first, as "who action outcome".
func (w *world) history(who, record string) []string {
	w.t.Helper()
	var list []string
	next := ""
	for {
		p := read[page[footprint]](w.get(who, record+"/footprints?limit=7"+next))
		for _, f := range p.Items {
			list = append(list, f.Actor+" "+f.Action+" "+f.Outcome)
		}
		if p.Next == nil {
			break
		}
		next = "&cursor=" + *p.Next
	}
	slices.Reverse(list)
	return list
}

func TestPolicyFromUploadToRestoring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.walk("staff", "manager", w.library(), "policy")
	if first.Document.Kind != "policy" || first.Version.Author != "Sam Example" {
		t.Errorf("%+v", first)
	}
	asked := func(n int) []string { return slices.Repeat([]string{"Morgan Example record.asked-as-at done"}, n) }
	want := slices.Concat(
		[]string{"Custodian record.opened done", "Sam Example document.added done"}, asked(1),
		[]string{"Morgan Example version.approved done", "Sam Example version.added done", "Morgan Example version.approved done"}, asked(8),
		[]string{"Morgan Example date.corrected done"}, asked(3),
		[]string{"Morgan Example document.withdrawn done"}, asked(2),
		[]string{"Sam Example version.opened done", "Sam Example version.restored done", "Morgan Example version.approved done"}, asked(2),
		[]string{"Morgan Example version.opened done", "Morgan Example document.viewed done"})
	got := w.history("inspector", w.library())
	if len(got) > len(want) {
		got = got[:len(want)] // the inspector's own looks at the list follow, page by page
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("footprints (-want +got):\n%s", diff)
	}
	for _, f := range w.history("staff", w.library()) {
		if !strings.HasPrefix(f, "Sam Example ") {
			t.Errorf("staff see the footprint %q of somebody else", f)
		}
	}
}

func TestStaffFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := recordPath(w.Records["Sam Example"], "")
	first := w.walk("manager", "manager", record, "supervision")
	w.get("inspector", versionPath(first, "/content"))
	w.ok(404, "staff", http.MethodGet, versionPath(first, "/content"), nil)
	if all := strings.Join(w.history("manager", record), "\n"); !strings.Contains(all, "Ira Example version.opened done") || !strings.Contains(all, "Sam Example version.opened refused") {
		t.Errorf("footprints: %s", all)
	}
}

func TestCarePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := recordPath(w.Records["Wren Sample"], "")
	first := w.walk("staff", "manager", record, "care-plan")
	w.ok(404, "inspector", http.MethodGet, versionPath(first, "/content"), nil)
	w.ok(404, "other-staff", http.MethodGet, versionPath(first, "/content"), nil)
	if list := read[page[struct{ ID string }]](w.get("staff", record+"/documents")).Items; len(list) != 1 || list[0].ID != first.Document.ID {
		t.Errorf("the record's documents: %+v", list)
	}
}

type recordView struct {
	ID, Name, Kind, Setting string
	Open                    bool
	History                 []struct{ What, On, Why, By string }
}

func TestRecordFromOpeningToReopening(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok(201, "manager", http.MethodPost, "/api/v1/records", map[string]any{"kind": "young-person", "name": "Robin Sample",
		"setting_id": number(w.Homes[sample.ChildrensHome]), "on": "2026-01-05", "why": "placement began"})
	r := read[recordView](a)
	path := a.Header.Get("Location")
	if path != "/api/v1/records/"+r.ID || !r.Open || r.Setting != sample.ChildrensHome {
		t.Fatalf("%s %+v", path, r)
	}
	var names []string
	for _, r := range read[page[recordView]](w.get("staff", "/api/v1/records?kind=young-person")).Items {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"Finch Sample", "Robin Sample", "Wren Sample"}, names); diff != "" {
		t.Errorf("staff see the records (-want +got):\n%s", diff)
	}
	v := w.add("staff", path, paper("care-plan", "2026-01-05", "plan"))
	w.ok(403, "staff", http.MethodPost, path+"/close", map[string]string{"why": "not mine to close"})
	w.ok(200, "manager", http.MethodPost, path+"/close", map[string]string{"on": "2026-02-01", "why": "moved on"})
	w.ok(409, "manager", http.MethodPost, path+"/close", map[string]string{"why": "again"})
	was := w.census()
	w.ok(409, "staff", http.MethodPost, path+"/documents", paper("care-plan", "2026-02-01", "too late"))
	w.ok(409, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-02-01", "too late"))
	w.ok(409, "staff", http.MethodPost, versionPath(v, "/restore"), map[string]string{"why": "too late"})
	if is := w.census(); is != was {
		t.Errorf("adding to a closed record left something: %s, was %s", is, was)
	}
	w.get("staff", versionPath(v, "/content"))
	w.ok(200, "manager", http.MethodPost, path+"/reopen", map[string]string{"on": "2026-02-10", "why": "came back"})
	w.ok(409, "manager", http.MethodPost, path+"/reopen", map[string]string{"why": "again"})
	w.ok(201, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-02-10", "next plan"))
	var history []string
	for _, e := range read[recordView](w.get("manager", path)).History {
		history = append(history, e.What+" "+e.On+" "+e.Why+" "+e.By)
	}
	want := []string{"opened 2026-01-05 placement began Morgan Example", "closed 2026-02-01 moved on Morgan Example", "reopened 2026-02-10 came back Morgan Example"}
	if diff := cmp.Diff(want, history); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	for _, wrong := range []map[string]string{{"on": "2026-02-09", "why": "before the last change"}, {"on": "2099-01-01", "why": "ahead"}, {"on": "2026-02-30", "why": "no such day"}, {"on": "2026-03-01"}} {
		w.ok(400, "manager", http.MethodPost, path+"/close", wrong)
	}
}

// A record that moves takes its documents along: the old setting's people lose
// it with the next request, a key worker's grant through the old setting ends,
// and the new setting's people have it.
func TestMovedRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := w.Records["Wren Sample"]
	path := recordPath(record, "")
	v := w.add("staff", path, paper("care-plan", "2026-01-05", "plan"))
	_, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], grants.Opening{To: w.Actors["inspector"].ID, Record: record, Until: time.Now().Add(9 * 24 * time.Hour), Why: "to see that it ends"})
	must(t, err)
	for _, who := range []string{"staff", "manager", "inspector"} {
		w.get(who, versionPath(v, "/content"))
	}
	w.ok(404, "other-staff", http.MethodGet, path, nil)
	to := number(w.Homes[sample.FamilyCentre])
	w.ok(403, "staff", http.MethodPost, path+"/move", map[string]string{"setting_id": to, "why": "not mine to move"})
	w.ok(404, "other-manager", http.MethodPost, path+"/move", map[string]string{"setting_id": to, "why": "not mine to take"})
	w.ok(400, "manager", http.MethodPost, path+"/move", map[string]string{"setting_id": "99999999", "why": "nowhere"})
	w.ok(409, "manager", http.MethodPost, path+"/move", map[string]string{"setting_id": number(w.Homes[sample.ChildrensHome]), "why": "is there already"})
	w.ok(204, "manager", http.MethodPost, path+"/move", map[string]string{"setting_id": to, "why": "moved with her family"})
	for _, who := range []string{"staff", "manager", "inspector"} {
		for _, gone := range []string{path, path + "/documents", path + "/footprints", path + "/as-at?date=2026-02-01", versionPath(v, "/content"), "/api/v1/documents/" + v.Document.ID + "/versions"} {
			w.ok(404, who, http.MethodGet, gone, nil)
		}
	}
	for _, who := range []string{"other-staff", "other-manager"} {
		w.get(who, versionPath(v, "/content"))
		if r := read[recordView](w.get(who, path)); r.Setting != sample.FamilyCentre || r.History[len(r.History)-1].What != "moved" {
			t.Errorf("%s sees %+v", who, r)
		}
	}
	w.ok(201, "other-staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-03-01", "plan at the new place"))
	if list := read[page[struct{ ID string }]](w.get("other-staff", "/api/v1/settings/"+to+"/documents")).Items; len(list) != 1 || list[0].ID != v.Document.ID {
		t.Errorf("the new setting lists %+v", list)
	}
}
