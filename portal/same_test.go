package portal_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/sample"
	"custodian/portal"
)

// What is not there and what is somebody else's give the same answer, byte for
// byte, on every route with an id, for programs and on pages; and each attempt
// leaves a footprint.
func TestNotThereAndNotYoursAreTheSame(t *testing.T) {
	t.Parallel()
	g := newGrid(t)
	missing := spot{record: 99999999, submitted: "99999999", approved: "99999999", setting: 99999999, staff: 99999999, held: 99999999, gone: 99999999}
	theirs := g.spots[slices.IndexFunc(g.spots, func(p spot) bool { return p.home == 2 })]
	batch, file := g.stages["manager"].upload()
	others := map[string]string{"tokens/:id": g.stages["manager"].token, "sessions/:id": number(g.stages["manager"].session), "uploads/:id": number(batch), "files/:file": number(file),
		"mappings/:id": number(g.stages["staff"].mapping), "sign-ins/:id": number(g.stages["staff"].stranger)}
	theirs.gone = g.places[2].gone
	maps.Copy(others, theirs.also)
	maps.Copy(others, g.places[2].also)
	refused, before := g.refusals(), g.missed
	ask := func(half int, role string, r portal.Route, p spot) answered {
		p.others = others
		if p.record == missing.record {
			p.others = map[string]string{}
			for name := range others {
				p.others[name] = "99999999"
			}
		}
		was := g.refusals()
		a := []func(string, portal.Route, spot) answered{g.program, g.page}[half](role, r, p)
		if g.refusals() == was {
			t.Errorf("%s %s as %s is answered with %d, and leaves no footprint", r.Method, r.Path, role, a.status)
		}
		a.body = requestID.ReplaceAllString(a.body, "")
		return a
	}
	for half, routes := range [][]portal.Route{portal.Routes(), portal.PageRoutes()} {
		asked := 0
		for _, r := range routes {
			if !strings.Contains(r.Path, "/:id") || strings.Contains(r.Path, "/checkpoints/:id") { // checkpoints are of all footprints, and nobody's own
				continue
			}
			asked++
			same := 0
			for _, role := range []string{"staff", "inspector", "left", "data-protection-officer"} {
				if strings.Contains(r.Path, "/:id/roles/:role") && role == "staff" {
					continue
				}
				a, b := ask(half, role, r, missing), ask(half, role, r, theirs)
				if a.status != http.StatusNotFound || b.status != http.StatusNotFound {
					t.Errorf("%s %s as %s: %d where it is not there, %d where it is another's", r.Method, r.Path, role, a.status, b.status)
				}
				if diff := cmp.Diff(a.body, b.body); diff != "" {
					t.Errorf("%s %s as %s (-missing +forbidden):\n%s", r.Method, r.Path, role, diff)
				}
				if diff := cmp.Diff(headers(a.header), headers(b.header)); diff != "" {
					t.Errorf("%s %s as %s (-missing +forbidden):\n%s", r.Method, r.Path, role, diff)
				}
				same++
			}
			if same < 2 {
				t.Errorf("%s %s is asked by nobody to whom it is not there", r.Method, r.Path)
			}
		}
		if asked < []int{18, 30}[half] {
			t.Errorf("only %d routes with an id", asked)
		}
	}
	g.eachRefused(g.missed-before, refused)
	v := g.add("other-staff", recordPath(g.Records["Policies of "+sample.FamilyCentre], ""), paper("policy", "2026-01-01", "theirs"))
	own := g.add("staff", g.library(), paper("policy", "2026-01-01", "mine"))
	a, b := g.ok(404, "manager", http.MethodPost, "/api/v1/documents/"+own.Document.ID+"/versions/9/approve", nil), g.ok(404, "manager", http.MethodPost, versionPath(v, "/approve"), nil)
	if string(a.body) != string(b.body) {
		t.Errorf("a version that is not there: %s, another's: %s", a.body, b.body)
	}
}

// requestID is the number of one request, which alone differs.
var requestID = regexp.MustCompile(`[0-9a-f]{24}`)

// eachRefused sees to it that the last so many requests each left the footprint
// of a refusal, and no more: requests are told apart by their ids.
func (w *world) eachRefused(tried, before int) {
	w.t.Helper()
	var refusals, requests int
	w.Scan(w.t, `select count(*), count(distinct request) from app.footprint where outcome = 'refused'`, nil, &refusals, &requests)
	if requests-before != tried || refusals-before != tried {
		w.t.Errorf("%d requests that were refused left %d footprints, of %d requests", tried, refusals-before, requests-before)
	}
}

// headers are all but those that differ from answer to answer, in order.
func headers(h http.Header) []string {
	var list []string
	for name, values := range h {
		if name != "X-Request-Id" && name != "Date" {
			list = append(list, name+": "+strings.Join(values, ", "))
		}
	}
	slices.Sort(list)
	return list
}
