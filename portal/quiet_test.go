package portal_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// Answers that no other test gets are safe too; the client looks at the
// headers of every answer of every test.
func TestEveryAnswerIsSafe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/", asset(t), "/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/kinds"} {
		w.get("", path)
	}
	w.ready = func() error { return errors.New("the cellar is flooded") }
	if a := w.ok(503, "", http.MethodGet, "/readyz", nil); strings.Contains(string(a.body), "cellar") || !strings.Contains(w.log.String(), "cellar") {
		t.Errorf("the cause belongs into the log alone: %s", a.body)
	}
	w.ready = func() error { panic("the cellar is on fire") }
	resp, err := w.client.Transport.(*checked).next.RoundTrip(w.request("", http.MethodGet, "/readyz", nil)) // 500 is not what a working readiness answers
	must(t, err)
	defer resp.Body.Close()
	for name, want := range safe() {
		if got := resp.Header.Get(name); resp.StatusCode != 500 || got != want {
			t.Errorf("a panic answers %d with %s: %q", resp.StatusCode, name, got)
		}
	}
	if !strings.Contains(w.log.String(), "on fire") {
		t.Error("the panic is not in the log")
	}
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
		was := w.census()
		a := w.ok(403, "staff", http.MethodPost, "/api/v1/tokens", map[string]any{"label": "x"}, name, value)
		checkProblem(t, "from another site", a, 403, "")
		if w.census() != was {
			t.Error("another site's request was carried out")
		}
	}
	w.ok(201, "manager", http.MethodPost, "/api/v1/records", map[string]string{"kind": "family", "name": "x", "setting_id": number(w.Homes[sample.ChildrensHome]), "why": "x"}, "Sec-Fetch-Site", "same-origin")
}

// What is logged names nobody and nothing: no person, no record, no title, no
// file name, no setting, no words of a question, no token.
func TestNothingPrivateIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := paper("policy", "2026-01-01", "Contentword")
	f.fields["title"], f.fields["note"], f.fields["source"], f.name = "Titleword", "Noteword", "Sourceword", "Nameword.txt"
	v := w.add("staff", w.library(), f)
	w.walk("staff", "manager", w.library(), "policy")
	w.ok(403, "staff", http.MethodPost, versionPath(v, "/approve"), map[string]string{"note": "Approvalword"})
	w.ok(404, "other-staff", http.MethodGet, versionPath(v, "/content"), nil)
	w.ok(400, "staff", http.MethodPost, w.library()+"/documents", f.with("in_force_from", "Dateword"))
	w.ok(400, "staff", http.MethodGet, "/api/v1/records?kind=Queryword", nil)
	w.ok(404, "staff", http.MethodGet, "/api/v1/Pathword", nil)
	w.ok(404, "staff", http.MethodGet, "/api/v1/records/Idword", nil)
	w.ok(401, "", http.MethodGet, "/api/v1/me", nil, "Authorization", "Bearer custodian_Secretword")
	w.ok(201, "manager", http.MethodPost, "/api/v1/records", map[string]string{"kind": "family", "name": "Familyword", "setting_id": number(w.Homes[sample.ChildrensHome]), "why": "Whyword"})
	w.newToken("staff", "Labelword", 30)
	w.ok(201, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-02-01", "x"), "Idempotency-Key", "Keyword")
	for _, path := range []string{"/api/v1/me", "/api/v1/settings", "/api/v1/records?kind=young-person", w.library() + "/documents", w.library() + "/footprints", versionPath(v, "/content")} {
		w.get("manager", path)
	}
	harm(t, w.store, func([]byte) []byte { return nil })
	w.ok(500, "staff", http.MethodGet, versionPath(v, "/content"), nil)

	log := w.log.String()
	private := []string{"word", "Contentword"[1:], "Example", "Sample", "Specimen", "demo.example", sample.ChildrensHome, url.PathEscape(sample.ChildrensHome), "paper.txt", "first edition", "Paper of the test", "the meeting was later", "custodian_"}
	for name := range w.Records {
		private = append(private, name)
	}
	for _, u := range sample.People() {
		private = append(private, u.Name, u.Email)
		if u.Post != "" { // whoever lives there has none
			private = append(private, u.Post)
		}
	}
	for _, secret := range w.Tokens {
		private = append(private, secret, strings.TrimPrefix(secret, "custodian_"))
	}
	for _, p := range private {
		if strings.Contains(log, p) {
			t.Errorf("%q stands in the log: %s", p, around(log, p))
		}
	}
	lines := strings.Split(strings.TrimSpace(log), "\n")
	if len(lines) < 40 {
		t.Errorf("only %d lines were logged", len(lines))
	}
	for _, line := range lines {
		var entry struct{ Request, Route, Method, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || len(entry.Request) != 24 || entry.Msg == "" {
			t.Errorf("a line without its request: %s", line)
		}
	}
}

func around(s, part string) string {
	i := strings.Index(s, part)
	return s[max(0, i-100):min(len(s), i+100)]
}

// Addresses in answers are made of ids: whoever reads them over a shoulder, or
// in a proxy's log, learns no name.
func TestAddressesNameNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "x"))
	for _, path := range []string{"/api/v1/me", "/api/v1/settings", "/api/v1/records?kind=library", w.library(), w.library() + "/documents", "/api/v1/documents/" + v.Document.ID + "/versions", w.library() + "/footprints"} {
		var walk func(any)
		walk = func(x any) {
			switch x := x.(type) {
			case map[string]any:
				for _, y := range x {
					walk(y)
				}
			case []any:
				for _, y := range x {
					walk(y)
				}
			case string:
				if strings.HasPrefix(x, "/") || strings.Contains(x, "://") {
					t.Errorf("%s gives the address %q", path, x)
				}
			}
		}
		walk(read[any](w.get("manager", path)))
	}
	next := read[page[struct{ ID string }]](w.get("manager", "/api/v1/records?kind=young-person&limit=1")).Next
	if next == nil || strings.ContainsFunc(*next, func(r rune) bool { return r > 'z' }) || len(*next) > 12 {
		t.Errorf("a cursor is no more than an id: %v", next)
	}
}

// The front page stands by itself: one heading of the first rank, the
// landmarks, nothing inline, and every link leads somewhere.
func TestFrontPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := string(w.get("", "/").body)
	for part, times := range map[string]int{`<html lang="en-GB"`: 1, "<title>": 1, "<h1": 1, "<header": 1, "<main ": 1, "<footer": 1, `href="#main-content"`: 1, `id="main-content"`: 1} {
		if n := strings.Count(page, part); n != times {
			t.Errorf("%s is there %d times", part, n)
		}
	}
	if found := regexp.MustCompile(`(?i)<script>|<script [^>]*>[^<]|<style|<[^>]* style=|<[^>]* on\w+=|javascript:`).FindString(page); found != "" {
		t.Errorf("the page holds %q, which its policy forbids", found)
	}
	links := regexp.MustCompile(`(?:href|src)="(/[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Errorf("only %d links", len(links))
	}
	for _, l := range links {
		if l[1] == "/sign-in" { // leads out of the house; TestSignInWholeWay goes there
			w.visitor("").see(http.StatusSeeOther, l[1])
			continue
		}
		w.get("", l[1])
	}
}
