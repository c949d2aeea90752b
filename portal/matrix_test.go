package portal_test

import (
	"context"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"custodian/internal/access"
	"custodian/internal/login"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
	"custodian/portal"
)

const matrixGolden = "testdata/matrix.golden"

// TestMatrix asks every route of the router's own table, in every role, about a
// record of every kind in every state, at one's own setting, at another and at
// another organisation's, and writes down the answers in testdata/matrix.golden,
// which is to be read. It fails where an answer has changed, where something is
// let through that access.Decide does not allow, where what was refused wrote
// something, and where a route is without the right request for it (right in
// roles_test.go, fill in page_roles_test.go). Change it on purpose, with
// go test ./portal -run TestMatrix -update.
//
// TestMutation (make deep; a quarter of it in make test) runs it in a program whose access.Decide allows everything: then
// nothing that the golden file says is refused may be let through.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := &matrix{answers: map[string]map[string][]byte{}}
	if os.Getenv(checksVar) == off {
		m.golden = readGolden(t)
		_, document := access.Decide(access.Rights{}, access.ApproveVersion, access.Place{})
		_, record := access.DecideRecord(access.Rights{}, access.CloseRecord, access.Place{})
		if !document || !record || !access.Anywhere(access.Rights{}, func(access.Grant) bool { return false }) {
			t.Fatal("the checks are to be taken out, and are still there")
		}
	}
	programs, pages, directory := portal.Routes(), portal.PageRoutes(), portal.DirectoryRoutes()
	for _, r := range slices.Concat(programs, pages, directory) {
		m.answers[r.Method+" "+r.Path] = map[string][]byte{}
	}
	t.Run("ask", func(t *testing.T) {
		t.Run("programs", func(t *testing.T) {
			t.Parallel()
			g := newGrid(t)
			g.loosen()
			m.ask(g, slices.Concat(programs, directory), func(g *grid, role string, r portal.Route, p spot) answered { return g.program(role, r, p) })
		})
		for half := range 2 {
			t.Run(fmt.Sprint("pages ", half), func(t *testing.T) {
				t.Parallel()
				if os.Getenv(policiesVar) == off {
					return // the programs' part shows enough
				}
				g := newGrid(t)
				g.roles = slices.DeleteFunc(g.roles, func(role string) bool {
					return role == "service" || role == "directory" || slices.Index(gridRoles(), role)%2 != half // a service account has no browser
				})
				m.ask(g, pages, func(g *grid, role string, r portal.Route, p spot) answered { return g.page(role, r, p) })
			})
		}
	})
	if m.golden != nil {
		return
	}
	m.proven(t)
	text, cells := m.text(programs, directory, pages)
	if t.Logf("%d cells", cells); cells < 10_000 {
		t.Errorf("%d cells are asked, want 10,000", cells)
	}
	if *update {
		must(t, os.WriteFile(matrixGolden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(matrixGolden)
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("who may ask for what (-want +got); if it is meant to be so, go test ./portal -run TestMatrix -update:\n%s", diff)
	}
}

// loosen takes the policies away, where TestMutation wants to see the test fail.
func (g *grid) loosen() { loosen(g.t, g.Database) }

func loosen(t testing.TB, d pgtest.Database) {
	if os.Getenv(policiesVar) == off {
		d.Exec(t, `do $$ declare t text; begin
			for t in select tablename from pg_tables where schemaname = 'app' loop execute format('alter table app.%I disable row level security', t); end loop;
		end $$`)
	}
}

// matrix is what was answered: by route and role, one letter for each spot.
type matrix struct {
	mu      sync.Mutex
	answers map[string]map[string][]byte
	golden  map[string]map[string]string // with the checks taken out: what is refused with them
}

// spotsOf are what a route is asked about.
func (g *grid) spotsOf(r portal.Route) []spot {
	switch {
	case strings.Contains(r.Path, "/records/:id"), strings.Contains(r.Path, "/documents/:id"):
		return g.spots
	case slices.ContainsFunc(aboutOne(), func(thing string) bool { return strings.Contains(r.Path, thing) }):
		return g.places
	}
	return g.spots[:1]
}

// ask asks all routes in all roles. Signing out comes last in each, since it
// would be the end of the others.
func (m *matrix) ask(g *grid, routes []portal.Route, ask func(*grid, string, portal.Route, spot) answered) {
	for _, role := range g.roles {
		rights := g.rights(role)
		for _, r := range routes {
			name, spots := r.Method+" "+r.Path, g.spotsOf(r)
			if role == "anonymous" {
				spots = spots[:1]
			}
			letters := make([]byte, len(spots))
			refused := ""
			for i, p := range spots {
				if letters[i] = ' '; m.golden != nil && !m.again(name, role, i) {
					continue
				}
				a := ask(g, role, r, p)
				letters[i] = letter(g.t, name, a)
				through := strings.ContainsRune("+>", rune(letters[i]))
				if m.golden != nil {
					m.judge(g, name, role, p, m.golden[name][role][i], letters[i])
				} else if through && !oracle(rights, r, p) {
					g.t.Errorf("let through, against access.Decide: %s as %s, %s: %d", name, role, p, a.status)
				}
				if through && r.Method != http.MethodGet {
					g.undo()
				} else if refused == "" && r.Method != http.MethodGet {
					refused = p.String()
				}
			}
			if written := g.undo(); refused != "" && written != nil && r.Path != "/signed-out" {
				g.t.Errorf("let through: %s as %s wrote %s, and was refused (%s)", name, role, strings.Join(written, " "), refused)
			}
			m.mu.Lock()
			m.answers[name][role] = letters
			m.mu.Unlock()
		}
	}
}

// again tells whether a cell is asked without the checks: those that are refused
// with them; a quarter of those about records, and all of them in make deep.
func (m *matrix) again(name, role string, i int) bool {
	was := m.golden[name][role]
	if i >= len(was) || !strings.ContainsRune("-.x", rune(was[i])) {
		return false
	}
	return os.Getenv("CUSTODIAN_DEEP") != "" || len(was) < 4 || (i+len(name)+len(role))%4 == 0
}

// judge tells whether something is let through that is refused with the checks
// in place. A form may be shown where the thing itself may be seen: it says
// nothing, and sending it is refused.
func (m *matrix) judge(g *grid, name, role string, p spot, was, is byte) {
	form := was == '-' && strings.HasPrefix(name, "GET /") && !strings.HasPrefix(name, "GET /api/")
	list := was == '.' && is == '+' && slices.Contains(overviews(), strings.TrimPrefix(name, "GET ")) // TestOverviewsTellNothing reads them
	if strings.ContainsRune("+>", rune(is)) && !(form && is == '+') && !list {
		g.t.Errorf("let through: %s as %s, %s: %c, with its check %c", name, role, p, is, was)
	}
}

// letter is one letter for an answer; the golden file says what each is.
func letter(t testing.TB, route string, a answered) byte {
	switch a.status {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return '+'
	case http.StatusSeeOther:
		if to, _, _ := strings.Cut(a.header.Get("Location"), "?"); to == "/sign-in" {
			return 'x'
		}
		return '>'
	case http.StatusForbidden:
		return '-'
	case http.StatusNotFound:
		return '.'
	case http.StatusUnauthorized:
		return 'x'
	case http.StatusBadRequest, http.StatusConflict:
		return '?'
	}
	if os.Getenv(checksVar) != off { // without its checks the portal asks for the grant by which something was allowed, and there is none
		t.Errorf("%s answers %d: %s", route, a.status, a.body)
	}
	return '!'
}

// String names a spot.
func (p spot) String() string {
	return fmt.Sprintf("%s, %s, %s", atHomes[p.home], inStates[p.state], p.kind)
}

// rights are what somebody holds at the moment.
func (g *grid) rights(role string) (r access.Rights) {
	g.t.Helper()
	if role == "anonymous" {
		return r
	}
	must(g.t, pg.Read(context.Background(), g.DB, g.Actors[who(role)], func(tx *pg.Tx) (err error) {
		r, err = tx.Rights(context.Background())
		return err
	}))
	return r
}

// oracle tells whether access.Decide allows a route's action on what it is about.
// About what is nobody's record it knows nothing.
func oracle(rights access.Rights, r portal.Route, p spot) bool {
	document := strings.Contains(r.Path, "/documents/:id")
	if r.Act.Needs == 0 || !document && !strings.Contains(r.Path, "/records/:id") {
		return true
	}
	place := access.Place{Provider: p.provider(rights), Home: p.setting, Record: p.record, Class: access.ClassOf(p.kind, access.General)}
	act := r.Act
	if act == access.ViewFootprints {
		act.Or = access.Manage // who manages a record sees that it is there, and their own footprints on it
	}
	if !document {
		_, ok := access.DecideRecord(rights, act, place)
		if act.Name == access.ViewFootprints.Name && !ok {
			_, ok = access.DecideRecord(rights, access.AuditRecord, place)
		}
		return ok
	}
	switch inStates[p.state] {
	case "sensitive":
		place.Class++
	case "restricted":
		place.Class += 2
	}
	_, ok := access.Decide(rights, act, place)
	if act.Name == access.ViewFootprints.Name && !ok {
		_, ok = access.Decide(rights, access.AuditRecord, place)
	}
	if one := slices.ContainsFunc(rights.Grants, func(g access.Grant) bool { return g.Scope == access.AtVersion }); one && p.home+p.state == 0 && p.kind == access.YoungPerson {
		ok = ok || strings.Contains(r.Path, "/versions/:n") && (act == access.OpenVersion || act == access.ViewDocument) ||
			act == access.ViewReasons || act.Name == access.ViewFootprints.Name // why they see it, and their own footprints on it
	}
	return ok
}

// provider is the asker's own, but for what lies in another organisation.
func (p spot) provider(r access.Rights) int64 {
	if p.home == 2 {
		return -1
	}
	return r.Actor.Provider
}

// program sends the right request of a program.
func (g *grid) program(role string, r portal.Route, p spot) answered {
	a, ready := g.requests[r.Method+" "+r.Path]
	if !ready {
		a.path, a.body = g.stages[role].right(r)
	}
	if r.Path == "/sign-out/back-channel" { // said anew each time: the same word counts once
		a.body = raw{"application/x-www-form-urlencoded", strings.NewReader(url.Values{"logout_token": {g.service.LogoutToken("somebody", "")}}.Encode())}
	}
	if text, directory := a.body.(string); directory {
		a.body = raw{"application/scim+json", strings.NewReader(text)}
	}
	return g.send(g.request(who(role), r.Method, p.aim(r.Path, a.path), a.body))
}

// page asks for a page, or sends its form as the page itself would.
func (g *grid) page(role string, r portal.Route, p spot) (a answered) {
	s := g.stages[role]
	f, ready := g.filled[r.Method+" "+r.Path]
	if !ready {
		f = s.fill(r)
	}
	stops := r.Method+" "+r.Path == "POST /settings/directory/stop"
	if stops { // which is done when the directory has no token any more
		_, err := g.super.Exec(context.Background(), `update app.scim_token set revoked_at = now() where revoked_at > now()`)
		must(g.t, err)
	}
	if strings.HasPrefix(r.Path, "/uploads") || stops { // files were sent, to wait there
		planted := g.marks
		g.marks = g.look()
		defer func() {
			if is := g.look(); a.status >= 400 && !maps.Equal(is, g.marks) {
				g.t.Errorf("let through: %s %s as %s is answered with %d, and wrote", r.Method, r.Path, role, a.status)
			}
			g.marks = planted
			g.undo()
		}()
	}
	f.path = p.aim(r.Path, f.path)
	ask := func(method, kind, body string) answered {
		q, err := http.NewRequestWithContext(context.Background(), method, g.url+f.path, strings.NewReader(body))
		must(g.t, err)
		if kind != "" {
			q.Header.Set("Content-Type", kind)
		}
		if s.visitor.secret != "" {
			q.Header.Set("Cookie", login.SessionCookie+"="+s.visitor.secret)
		}
		a := g.send(q)
		for name, want := range safe() {
			if got := a.header.Get(name); got != want && !(name == "Content-Security-Policy" && got == sandbox && a.header.Get("Etag") != "") {
				g.t.Errorf("%s %s answers %d with %s: %q, want %q", method, r.Path, a.status, name, got, want)
			}
		}
		return a
	}
	key := role + " " + f.path
	show := func() (answered, url.Values) {
		a, values := ask(http.MethodGet, "", ""), url.Values{}
		if a.status == http.StatusOK {
			top, err := html.Parse(strings.NewReader(a.body))
			must(g.t, err)
			values = leaf{top: top, t: g.t}.typed()
		}
		return a, values
	}
	switch {
	case r.Method == http.MethodGet && slices.ContainsFunc(portal.PageRoutes(), func(other portal.Route) bool { return other.Method == http.MethodPost && other.Path == r.Path }):
		a, g.shown[key] = show() // and it is sent as it was shown, when its turn comes
		return a
	case r.Method != http.MethodPost:
		return ask(r.Method, "", "")
	}
	if strings.HasSuffix(r.Path, "/add") && !strings.HasPrefix(r.Path, "/settings") || strings.HasSuffix(r.Path, "/more") {
		kind, body := f.file(g.t)
		return ask(r.Method, kind, body)
	}
	values, shown := g.shown[key]
	if !shown {
		_, values = show()
	}
	for i := 0; i < len(f.fields); i += 2 {
		values.Set(f.fields[i], f.fields[i+1])
	}
	if strings.HasSuffix(r.Path, "/roles/give") {
		values.Set("setting", number(p.setting))
	}
	return ask(r.Method, "application/x-www-form-urlencoded", values.Encode())
}

// file is one file with its facts, as a form sends them.
func (f filling) file(t testing.TB) (kind, body string) {
	t.Helper()
	var b strings.Builder
	w := multipart.NewWriter(&b)
	for i := 0; i < len(f.fields); i += 2 {
		must(t, w.WriteField(f.fields[i], f.fields[i+1]))
	}
	part, err := w.CreateFormFile("files", "three.txt")
	must(t, err)
	_, err = part.Write([]byte("The words of three."))
	must(t, err)
	must(t, w.Close())
	return w.FormDataContentType(), b.String()
}
