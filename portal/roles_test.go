package portal_test

import (
	"flag"
	"net/http"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/portal"
)

var update = flag.Bool("update", false, "write testdata/roles.golden anew")

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

// right is a request for a route in which nothing is wrong.
func (s scene) right(r portal.Route) (path string, body any) {
	if path, body, ok := s.sectionRight(r); ok {
		return path, body
	}
	why := map[string]string{"why": "for the test"}
	path = strings.NewReplacer(":name", strings.TrimPrefix(asset(s.t), "/assets/"), ":n", "1").Replace(r.Path)
	doc, record := s.approved, strings.TrimPrefix(s.library(), "/api/v1/records/")
	switch r.Method + " " + r.Path[strings.LastIndex(r.Path, "/"):] {
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
