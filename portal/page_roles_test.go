package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/sample"
	"custodian/portal"
)

// pageColumns are those who ask for pages. A service account has no browser.
func pageColumns() []string {
	return []string{"", "staff", "manager", "inspector", "other-staff", "admin", "dpo"}
}

// stage is a scene with what only pages have: sessions, uploads that wait, a
// mapping, and a stranger who tried to sign in.
type stage struct {
	scene
	visitor                          *visitor
	session, mapping, stranger, held int64
}

func newStage(t *testing.T, who string) stage {
	t.Helper()
	s := stage{scene: newWorld(t).scene(who)}
	w := s.world
	if who != "" {
		w.visitor(who) // another browser of theirs, to be ended
		w.Scan(t, `select max(id) from app.session`, nil, &s.session)
	}
	s.visitor = w.visitor(who)
	var err error
	s.mapping, err = w.signIn.MapGroup(t.Context(), w.Actors["admin"], login.NewMapping{Group: "larkfield-staff", Role: grants.MemberOfStaff, Home: w.Homes[sample.ChildrensHome], Why: "for the test"})
	must(t, err)
	w.Scan(t, `insert into app.sign_in (answer, issuer, subject, name, outcome) values (sha256('stranger'), $1, 'stranger', 'Vic Visitor', 'no-role') returning id`, []any{w.signIn.Issuer()}, &s.stranger)
	w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{int64(w.Actors["staff2"].ID)}, &s.held)
	return s
}

// upload lets two files wait, of whoever asks if they may add, else of a
// colleague. It gives the upload and one of its files.
func (s stage) upload() (batch, file int64) {
	s.t.Helper()
	by := s.visitor
	if who := s.visitor.who; who != "staff" && who != "manager" {
		by = s.world.visitor("staff")
	}
	const part = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"%s.txt\"\r\n\r\nThe words of %s.\r\n"
	body := fmt.Sprintf(part+part+"--b--\r\n", "one", "one", "two", "two")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/records/"+s.record()+"/add", strings.NewReader(body))
	must(s.t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	r.Header.Set("Cookie", login.SessionCookie+"="+by.secret)
	resp, err := http.DefaultTransport.RoundTrip(r)
	must(s.t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("two files are not kept: %s", resp.Status)
	}
	s.Scan(s.t, `select batch_id, max(id) from app.held group by batch_id order by batch_id desc limit 1`, nil, &batch, &file)
	return batch, file
}

func (s stage) record() string { return strings.TrimPrefix(s.library(), "/api/v1/records/") }

func (s stage) number(path string) string { return strings.TrimPrefix(path, "/api/v1/records/") }

// filling says how the address of a page is filled, and what is put into its form.
type filling struct {
	path   string
	fields []string
}

// fill gives the right request for a route. A page without ids, whose form needs
// nothing, has no line here: it is asked as it stands.
func (s stage) fill(r portal.Route) filling {
	s.t.Helper()
	home, actor := number(s.Homes[sample.ChildrensHome]), number(int64(s.Actors["staff2"].ID))
	document := func(a added, rest string) string { return "/documents/" + a.Document.ID + rest }
	waiting := func(rest string) string {
		batch, file := s.upload()
		return strings.NewReplacer(":id", number(batch), ":file", number(file)).Replace("/uploads/:id" + rest)
	}
	why := []string{"why", "for the test"}
	role := append([]string{"role", "staff", "setting", home}, why...)
	switch name := r.Method + " " + r.Path; name {
	case "GET /sign-in/callback":
		return filling{"/sign-in/callback?state=x&code=y", nil}
	case "POST /me/sessions/:id/end":
		return filling{"/me/sessions/" + number(s.session) + "/end", nil}
	case "POST /me/tokens/new":
		return filling{r.Path, []string{"label", "for the test", "days", "30"}}
	case "POST /me/tokens/:id/revoke":
		return filling{"/me/tokens/" + s.token + "/revoke", nil}
	case "GET /people/:id", "GET /people/:id/roles/give":
		return filling{strings.Replace(r.Path, ":id", actor, 1), nil}
	case "POST /people/:id/roles/give":
		return filling{strings.Replace(r.Path, ":id", actor, 1), append([]string{"role", "staff", "setting", number(s.Homes[sample.Supported])}, why...)}
	case "GET /people/:id/roles/:role/end", "POST /people/:id/roles/:role/end":
		return filling{strings.NewReplacer(":id", actor, ":role", number(s.held)).Replace(r.Path), why}
	case "POST /settings/add":
		return filling{r.Path, []string{"name", "Another House", "kind", "childrens-home"}}
	case "POST /sign-ins/map":
		return filling{r.Path, append([]string{"group", "bramble-staff"}, role...)}
	case "GET /sign-ins/mappings/:id/end", "POST /sign-ins/mappings/:id/end":
		return filling{strings.Replace(r.Path, ":id", number(s.mapping), 1), nil}
	case "GET /sign-ins/:id/give", "POST /sign-ins/:id/give":
		return filling{strings.Replace(r.Path, ":id", number(s.stranger), 1), append([]string{"name", "Vic Visitor", "post", "Support worker"}, role...)}
	case "GET /records":
		return filling{"/records?kind=library", nil}
	case "GET /records/open":
		return filling{"/records/open?kind=library", nil}
	case "POST /records/open":
		return filling{r.Path, append([]string{"kind", "library", "name", "Another", "setting_id", home}, why...)}
	case "GET /records/:id", "GET /records/:id/footprints", "GET /records/:id/add":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), nil}
	case "GET /records/:id/close", "POST /records/:id/close":
		return filling{strings.Replace(r.Path, ":id", s.number(s.closing), 1), why}
	case "GET /records/:id/reopen", "POST /records/:id/reopen":
		return filling{strings.Replace(r.Path, ":id", s.number(s.reopening), 1), why}
	case "GET /records/:id/move", "POST /records/:id/move":
		return filling{strings.Replace(r.Path, ":id", s.number(s.moving), 1), append([]string{"setting_id", number(s.Homes[sample.Supported])}, why...)}
	case "POST /records/:id/add":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), append([]string{"title", "Paper of the test", "kind", "policy"}, fields("in_force_from", day(0))...)}
	case "POST /documents/:id/add":
		return filling{document(s.approved, "/add"), fields("in_force_from", day(0))}
	case "GET /records/:id/outside":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), nil}
	case "GET /outside-role/ask":
		return filling{r.Path + "?reason=audit", nil}
	case "POST /outside-role/ask":
		return filling{r.Path, []string{"reason", "audit", "record", number(s.Records["Plover Sample"]), "section", "0", "span", "day"}}
	case "POST /me/relatives/declare":
		return filling{r.Path, []string{"relation", "a cousin", "number", "12"}}
	case "GET /oversight/relatives/:id", "POST /oversight/relatives/:id":
		return filling{strings.Replace(r.Path, ":id", number(s.outside().relative), 1), append([]string{"what", "noted"}, why...)}
	case "GET /records/:id/shields", "GET /records/:id/shields/from", "POST /records/:id/shields/from", "GET /records/:id/shields/circle", "POST /records/:id/shields/circle",
		"GET /records/:id/shields/let-in", "POST /records/:id/shields/let-in", "GET /records/:id/shields/:kind/:shield/end", "POST /records/:id/shields/:kind/:shield/end":
		record, shield := s.shielded(strings.Contains(r.Path, "let-in"))
		return filling{strings.NewReplacer(":id", number(record), ":kind", "person", ":shield", number(shield)).Replace(r.Path), append([]string{"who", actor, "ground", "other"}, why...)}
	case "GET /outside-role/:id", "GET /outside-role/:id/decide", "POST /outside-role/:id/decide", "GET /outside-role/:id/end", "POST /outside-role/:id/end",
		"GET /outside-role/:id/review", "POST /outside-role/:id/review", "GET /outside-role/:id/oversight", "POST /outside-role/:id/oversight":
		return filling{strings.Replace(r.Path, ":id", number(s.outside().access), 1), append([]string{"approve", "no", "verdict", "escalated", "discussion", "x", "analysis", "x", "direction", "x", "actions", "x"}, why...)}
	case "GET /documents/:id", "GET /documents/:id/add":
		return filling{document(s.approved, strings.TrimPrefix(r.Path, "/documents/:id")), nil}
	case "GET /documents/:id/withdraw", "POST /documents/:id/withdraw":
		return filling{document(s.withdraw, "/withdraw"), append(fields("from", day(1)), why...)}
	case "GET /documents/:id/versions/:n", "GET /documents/:id/versions/:n/file", "HEAD /documents/:id/versions/:n/file":
		return filling{document(s.approved, strings.Replace(strings.TrimPrefix(r.Path, "/documents/:id"), ":n", "1", 1)), nil}
	case "GET /documents/:id/versions/:n/approve", "POST /documents/:id/versions/:n/approve":
		return filling{document(s.submitted, "/versions/1/approve"), nil}
	case "GET /documents/:id/versions/:n/correct", "POST /documents/:id/versions/:n/correct":
		return filling{document(s.corrected, "/versions/1/correct"), append(fields("in_force_from", day(-1)), why...)}
	case "GET /documents/:id/versions/:n/restore", "POST /documents/:id/versions/:n/restore":
		return filling{document(s.approved, "/versions/1/restore"), why}
	case "GET /uploads/:id", "GET /uploads/:id/more", "POST /uploads/:id/more", "POST /uploads/:id/drop", "POST /uploads/:id/files/:file/drop", "POST /uploads/:id/files/:file/keep":
		return filling{waiting(strings.TrimPrefix(r.Path, "/uploads/:id")), nil}
	case "POST /uploads/:id/files/:file":
		return filling{waiting("/files/:file"), append([]string{"title", "Paper of the test", "kind", "policy"}, fields("in_force_from", day(0))...)}
	}
	if strings.Contains(r.Path, ":") {
		s.t.Fatalf("say in fill how the address of %s %s is filled", r.Method, r.Path)
	}
	return filling{r.Path, nil}
}

// request asks for a page, or sends its form as the page itself would.
func (s stage) request(r portal.Route) int {
	s.t.Helper()
	f := s.fill(r)
	if r.Method != http.MethodPost {
		return s.ask(r.Method, f.path, nil).status
	}
	if strings.HasSuffix(r.Path, "/add") && !strings.HasPrefix(r.Path, "/settings") || strings.HasSuffix(r.Path, "/more") {
		return s.sendFile(f)
	}
	values := url.Values{}
	if form := s.ask(http.MethodGet, f.path, nil); form.status == http.StatusOK {
		values = form.typed()
	}
	for i := 0; i < len(f.fields); i += 2 {
		values.Set(f.fields[i], f.fields[i+1])
	}
	return s.ask(http.MethodPost, f.path, values).status
}

// sendFile sends one file with its facts.
func (s stage) sendFile(f filling) int {
	s.t.Helper()
	var body strings.Builder
	for i := 0; i < len(f.fields); i += 2 {
		fmt.Fprintf(&body, "--b\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", f.fields[i], f.fields[i+1])
	}
	body.WriteString("--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"three.txt\"\r\n\r\nThe words of three.\r\n--b--\r\n")
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+f.path, strings.NewReader(body.String()))
	must(s.t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	if s.visitor.secret != "" {
		r.Header.Set("Cookie", login.SessionCookie+"="+s.visitor.secret)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	must(s.t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// ask asks for a page, and looks at the headers that every page has.
func (s stage) ask(method, path string, form url.Values) leaf {
	s.t.Helper()
	l := s.visitor.ask(method, path, form)
	for name, want := range safe() {
		if got := l.header.Get(name); got != want && !(name == "Content-Security-Policy" && got == sandbox && l.header.Get("Etag") != "") {
			s.t.Errorf("%s %s answers %d with %s: %q, want %q", method, path, l.status, name, got, want)
		}
	}
	return l
}

// Who may ask for which page, for a library of the children's home. Signing out
// is asked last, since it ends the session. Change it on purpose, with
// go test ./portal -run TestPageRoles -update.
func TestPageRoles(t *testing.T) {
	t.Parallel()
	const golden = "testdata/page-roles.golden"
	who, routes := pageColumns(), portal.PageRoutes()
	matrix := make([][]int, len(routes))
	for i := range matrix {
		matrix[i] = make([]int, len(who))
	}
	t.Run("ask", func(t *testing.T) {
		for column, name := range who {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, name)
				last := -1
				for i, r := range routes {
					if r.Path == "/sign-out" {
						last = i
						continue
					}
					matrix[i][column] = s.request(r)
				}
				if last < 0 {
					t.Fatal("nobody can sign out")
				}
				matrix[last][column] = s.request(routes[last])
				if name != "" && s.ask(http.MethodGet, "/home", nil).status != http.StatusSeeOther {
					t.Error("after signing out the session opens a page")
				}
			})
		}
	})
	text := pageTable(t, who, routes, matrix)
	if *update {
		must(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("who may ask for which page (-want +got):\n%s", diff)
	}
}

// pageTable writes the matrix, and looks at what must hold in every line of it.
func pageTable(t *testing.T, who []string, routes []portal.Route, matrix [][]int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%-4s %-40s %-20s", "", "", "")
	for _, name := range who {
		if name == "" {
			name = "anonymous"
		}
		fmt.Fprintf(&b, " %11s", name)
	}
	for i, r := range routes {
		fmt.Fprintf(&b, "\n%-4s %-40s %-20s", r.Method, r.Path, r.Action)
		for column, status := range matrix[i] {
			fmt.Fprintf(&b, " %11d", status)
			if status >= http.StatusInternalServerError {
				t.Errorf("%s %s as %q answers %d", r.Method, r.Path, who[column], status)
			}
		}
		closed := map[string]int{http.MethodGet: http.StatusSeeOther, http.MethodHead: http.StatusSeeOther, http.MethodPost: http.StatusUnauthorized}[r.Method]
		if r.Action != access.Public.Name && matrix[i][0] != closed {
			t.Errorf("%s %s answers somebody without a session with %d, want %d", r.Method, r.Path, matrix[i][0], closed)
		}
	}
	b.WriteString("\n")
	return b.String()
}
