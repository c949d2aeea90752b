package portal_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/portal"
)

var update = flag.Bool("update", false, "write testdata/roles.golden anew")

// columns of the matrix: who asks.
func columns() []string {
	return append([]string{"", "staff", "manager", "inspector", "other-staff", "service", "admin", "dpo"}, laterColumns()...)
}

// scene is a library of the children's home with something of its own for
// every route, so that one request does not change the answer to the next.
type scene struct {
	*world
	closing, reopening, moving               string // records
	submitted, approved, corrected, withdraw added
	token                                    string
}

func (w *world) scene(who string) scene {
	w.t.Helper()
	s := scene{world: w}
	for what, into := range map[string]*string{"close": &s.closing, "reopen": &s.reopening, "move": &s.moving} {
		id, err := people.Open(w.t.Context(), w.DB, access.Custodian(), people.NewRecord{Provider: w.Provider, Home: w.Homes[sample.ChildrensHome],
			Kind: access.Library, Name: "To " + what, On: clock.DayOf(time.Now()), Why: "for the test"})
		must(w.t, err)
		*into = recordPath(id, "")
	}
	w.ok(200, "manager", http.MethodPost, s.reopening+"/close", map[string]string{"why": "to be reopened"})
	for _, into := range []*added{&s.submitted, &s.approved, &s.corrected, &s.withdraw} {
		*into = w.add("staff2", w.library(), paper("policy", "2026-01-01", "x"))
		if into != &s.submitted {
			w.ok(200, "manager", http.MethodPost, versionPath(*into, "/approve"), nil)
		}
	}
	actor := w.Actors["staff"]
	if who != "" {
		actor = w.Actors[who]
	}
	made, err := login.NewToken(w.t.Context(), w.DB, access.Custodian(), actor.ID, "to revoke", time.Now().Add(time.Hour))
	must(w.t, err)
	s.token = number(made.ID)
	return s
}

// ask sends the right request for a route, and gives the status.
func (s scene) ask(who string, r portal.Route) int {
	s.t.Helper()
	path, body := s.right(r)
	return s.try(who, r.Method, path, body).StatusCode
}

// right is a request for a route in which nothing is wrong.
func (s scene) right(r portal.Route) (path string, body any) {
	why := map[string]string{"why": "for the test"}
	path = strings.NewReplacer(":name", strings.TrimPrefix(asset(s.t), "/assets/"), ":n", "1").Replace(r.Path)
	doc, record := s.approved, strings.TrimPrefix(s.library(), "/api/v1/records/")
	switch r.Method + " " + r.Path[strings.LastIndex(r.Path, "/"):] {
	case "POST /tokens":
		body = map[string]any{"label": "x"}
	case "POST /records":
		body = map[string]string{"kind": "library", "name": "Another", "setting_id": number(s.Homes[sample.ChildrensHome]), "why": "for the test"}
	case "POST /close":
		record, body = strings.TrimPrefix(s.closing, "/api/v1/records/"), why
	case "POST /reopen":
		record, body = strings.TrimPrefix(s.reopening, "/api/v1/records/"), why
	case "POST /move":
		record, body = strings.TrimPrefix(s.moving, "/api/v1/records/"), map[string]string{"why": "x", "setting_id": number(s.Homes[sample.Supported])}
	case "POST /documents":
		body = paper("policy", "2026-01-01", "x")
	case "POST /versions":
		body = edition("2026-01-01", "x")
	case "POST /withdraw":
		doc, body = s.withdraw, map[string]string{"why": "x", "from": "2026-06-01"}
	case "POST /approve":
		doc = s.submitted
	case "POST /correct":
		doc, body = s.corrected, map[string]string{"why": "x", "in_force_from": "2026-02-01"}
	case "POST /restore":
		body = why
	case "GET /records":
		path += "?kind=library"
	case "GET /as-at":
		path += "?date=2026-01-01"
	}
	for noun, id := range map[string]string{"records": record, "documents": doc.Document.ID, "settings": number(s.Homes[sample.ChildrensHome]), "tokens": s.token} {
		path = strings.Replace(path, noun+"/:id", noun+"/"+id, 1)
	}
	return path, body
}

// Who may ask what: the whole table, for a library of the children's home.
// Change it on purpose, with go test ./portal -run TestRoles -update.
func TestRoles(t *testing.T) {
	t.Parallel()
	const golden = "testdata/roles.golden"
	who := columns()
	matrix := map[string][]int{}
	for _, r := range portal.Routes() {
		matrix[r.Method+r.Path] = make([]int, len(who))
	}
	t.Run("ask", func(t *testing.T) {
		for i, name := range who {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newWorld(t).scene(name)
				for _, r := range portal.Routes() {
					matrix[r.Method+r.Path][i] = s.ask(name, r)
				}
			})
		}
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%-4s %-50s %-22s", "", "", "")
	for _, name := range who {
		if name == "" {
			name = "anonymous"
		}
		fmt.Fprintf(&b, " %11s", name)
	}
	for _, r := range portal.Routes() {
		fmt.Fprintf(&b, "\n%-4s %-50s %-22s", r.Method, r.Path, r.Action)
		for i, status := range matrix[r.Method+r.Path] {
			fmt.Fprintf(&b, " %11d", status)
			if public := r.Action == access.Public.Name; i == 0 && public == (status == 401) {
				t.Errorf("%s %s answers a caller without token with %d", r.Method, r.Path, status)
			}
		}
	}
	b.WriteString("\n")
	if *update {
		must(t, os.WriteFile(golden, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("who may ask what (-want +got):\n%s", diff)
	}
}
