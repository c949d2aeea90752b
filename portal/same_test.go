package portal_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/sample"
	"custodian/portal"
)

// What is not there and what is another setting's give the same answer, byte
// for byte, on every route with an id; and each attempt leaves a footprint.
func TestNotThereAndNotYoursAreTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	theirs := recordPath(w.Records["Policies of "+sample.FamilyCentre], "")
	v := w.add("other-staff", theirs, paper("policy", "2026-01-01", "theirs"))
	w.ok(200, "other-manager", http.MethodPost, versionPath(v, "/approve"), nil)
	token := w.newToken("other-staff", "theirs", 30)
	bodies := map[string]any{
		"/close": map[string]string{"why": "x"}, "/reopen": map[string]string{"why": "x"}, "/move": map[string]string{"why": "x", "setting_id": number(w.Homes[sample.Supported])},
		"/documents": paper("policy", "2026-01-01", "x"), "/versions": edition("2026-01-01", "x"), "/withdraw": map[string]string{"from": "2026-01-01", "why": "x"},
		"/approve": map[string]string{}, "/correct": map[string]string{"in_force_from": "2026-01-01", "why": "x"}, "/restore": map[string]string{"why": "x"}, "/revoke": nil,
	}
	lodging := w.lodgedElsewhere(bodies)
	routes, tried := 0, 0
	refused := w.refusals()
	for _, r := range portal.Routes() {
		if !strings.Contains(r.Path, ":id") {
			continue
		}
		routes++
		noun := strings.Split(r.Path, "/")[3]
		real := map[string]string{"records": strings.TrimPrefix(theirs, "/api/v1/records/"), "documents": v.Document.ID, "settings": number(w.Homes[sample.FamilyCentre]), "tokens": token.ID, "lodgings": lodging}[noun]
		var body any
		if r.Method == http.MethodPost {
			var known bool
			if body, known = bodies[r.Path[strings.LastIndex(r.Path, "/"):]]; !known {
				t.Fatalf("no body for %s", r.Path)
			}
		}
		for _, who := range []string{"staff", "manager", "inspector", "service", "admin"} {
			ask := func(id string) answer {
				path := strings.NewReplacer(":id", id, ":n", "1").Replace(r.Path)
				if strings.HasSuffix(path, "/as-at") {
					path += "?date=2026-01-01"
				}
				tried++
				return w.ok(404, who, r.Method, path, body)
			}
			missing, forbidden := ask("99999999"), ask(real)
			if diff := cmp.Diff(string(missing.body), string(forbidden.body)); diff != "" {
				t.Errorf("%s %s as %s (-missing +forbidden):\n%s", r.Method, r.Path, who, diff)
			}
			if diff := cmp.Diff(headers(missing), headers(forbidden)); diff != "" {
				t.Errorf("%s %s as %s (-missing +forbidden):\n%s", r.Method, r.Path, who, diff)
			}
		}
	}
	w.eachRefusedOnce(tried, refused)
	if routes < 18 {
		t.Errorf("only %d routes with an id", routes)
	}
	own := w.add("staff", w.library(), paper("policy", "2026-01-01", "mine"))
	a, b := w.ok(404, "manager", http.MethodPost, "/api/v1/documents/"+own.Document.ID+"/versions/9/approve", nil), w.ok(404, "manager", http.MethodPost, versionPath(v, "/approve"), nil)
	if string(a.body) != string(b.body) {
		t.Errorf("a version that is not there: %s, another's: %s", a.body, b.body)
	}
}

// eachRefusedOnce sees to it that the last so many requests each left the
// footprint of one refusal: requests are told apart by their ids.
func (w *world) eachRefusedOnce(tried, before int) {
	w.t.Helper()
	var refusals, requests int
	w.Scan(w.t, `select count(*), count(distinct request) from app.footprint where outcome = 'refused'`, nil, &refusals, &requests)
	if refusals-before != tried || requests-before != tried {
		w.t.Errorf("%d requests that were refused left %d footprints, of %d requests", tried, refusals-before, requests-before)
	}
}

// headers are all but those that differ from answer to answer, in order.
func headers(a answer) []string {
	var list []string
	for name, values := range a.Header {
		if name != "X-Request-Id" && name != "Date" {
			list = append(list, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(list)
	return list
}
