package portal_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custodian/internal/sample"
)

// With the check in every handler taken out, PostgreSQL still refuses: the
// portal is built with an access.Decide that always allows, and the matrix is
// asked of it again. Nothing that is refused with the checks in place may be let
// through. With the policies off as well it must fail, or it would prove nothing
// (what is still refused then asks the rule in its own query).
func TestMutation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source, err := filepath.Abs("../internal/access/decide.go")
	must(t, err)
	changed := filepath.Join(dir, "decide.go")
	must(t, os.WriteFile(changed, allowAll(t, source), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	program := filepath.Join(dir, "mutated.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the portal without its checks: %v\n%s", err, out)
	}
	run := func(env ...string) (string, error) {
		c := exec.CommandContext(t.Context(), program, "-test.run", "^(TestMatrix|TestListsTellNothing|TestOverviewsTellNothing)$", "-test.v")
		c.Env = append(os.Environ(), append(env, checksVar+"="+off)...)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil || !strings.Contains(out, "--- PASS: TestMatrix") || !strings.Contains(out, "--- PASS: TestListsTellNothing") || !strings.Contains(out, "--- PASS: TestOverviewsTellNothing") {
		t.Errorf("the database alone does not refuse everything: %v\n%s", err, out)
	}
	out, err := run(policiesVar + "=" + off)
	if n := len(regexp.MustCompile(`let through: [A-Z]+ /`).FindAllString(out, -1)); err == nil || n < 200 || !strings.Contains(out, "let through: POST /api/v1/records/:id/close") || !strings.Contains(out, "--- FAIL: TestOverviewsTellNothing") {
		t.Errorf("with neither checks nor policies the matrix must fail, and found only %d requests that were let through (%v):\n%s", n, err, out[:min(len(out), 20_000)])
	}
}

// allowAll gives the source of internal/access/decide.go with both decisions, and
// what handlers ask that goes through somebody's grants (access.Anywhere), replaced
// by yes.
func allowAll(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, 0)
	must(t, err)
	done := 0
	for _, d := range slices.Backward(f.Decls) {
		fn, ok := d.(*ast.FuncDecl)
		yes, changed := map[string]string{"Decide": "{ return 1, true ", "DecideRecord": "{ return 1, true ", "Anywhere": "{ return true "}[plainName(fn, ok)]
		if changed {
			from, to := fset.Position(fn.Body.Lbrace).Offset, fset.Position(fn.Body.Rbrace).Offset
			text = slices.Concat(text[:from], []byte(yes), text[to:])
			done++
		}
	}
	if done != 3 {
		t.Fatalf("%d decisions found in %s, want 3", done, path)
	}
	return text
}

// plainName is that of a function that is no method, "" for anything else.
func plainName(fn *ast.FuncDecl, ok bool) string {
	if !ok || fn.Recv != nil {
		return ""
	}
	return fn.Name.Name
}

// Acts that handlers check by other means than access.Decide, and acts that no
// handler offers, are refused by the policies as well. Each statement is first
// seen to work past the policies, so that it is refused for the right reason.
func TestPoliciesRefuseOnTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	policy := w.add("manager", w.library(), paper("policy", "2026-01-01", "x"))
	approved := w.add("staff", w.library(), paper("policy", "2026-01-01", "x"))
	w.ok(200, "manager", "POST", versionPath(approved, "/approve"), nil)
	form := w.add("staff", w.library(), paper("form", "2026-01-01", "x"))
	closed := w.add("staff", recordPath(w.Records["Wren Sample"], ""), paper("form", "2026-01-01", "x"))
	w.ok(200, "manager", "POST", recordPath(w.Records["Wren Sample"], "/close"), map[string]string{"why": "x"})

	const version = `(select id from app.version where document_id = @document limit 1)`
	const decide = `insert into app.decision (document_id, version_id, verdict, by_actor, at) values (@document, ` + version + `, 'approved', @me, now())`
	say := func(kind string) string {
		return `insert into app.statement (document_id, version_id, kind, in_from, said_by) values (@document, ` + map[bool]string{true: "null", false: version}[kind == "withdrawn"] + `, '` + kind + `', '2026-01-01', @me)`
	}
	const next = `insert into app.version (document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
		values (@document, 9, sha256('x'), 1, 'text/plain', 'x', 'x', 'x', @author, now(), now())`
	for _, c := range []struct {
		what, who, document, sql string
		author                   string // "": who
	}{
		{"approving one's own version", "manager", policy.Document.ID, decide, ""},
		{"a service account approves", "service", policy.Document.ID, decide, ""},
		{"staff approve", "staff", policy.Document.ID, decide, ""},
		{"in force without approval", "manager", policy.Document.ID, say("told"), ""},
		{"staff tell of a policy", "staff", approved.Document.ID, say("told"), ""},
		{"staff tell of another's version", "staff2", form.Document.ID, say("told"), ""},
		{"a service account tells of another's version", "service", form.Document.ID, say("told"), ""},
		{"staff correct", "staff", form.Document.ID, say("corrected"), ""},
		{"a service account corrects", "service", form.Document.ID, say("corrected"), ""},
		{"staff withdraw", "staff", form.Document.ID, say("withdrawn"), ""},
		{"a service account withdraws", "service", form.Document.ID, say("withdrawn"), ""},
		{"a version in another's name", "staff", form.Document.ID, next, "manager"},
		{"a version in a closed record", "staff", closed.Document.ID, next, ""},
		{"a version by an inspector", "inspector", form.Document.ID, next, ""},
		{"a document in a closed record", "staff", closed.Document.ID, `insert into app.document (record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select record_id, provider_id, class, kind, false, 'x', now(), @me, now() from app.document where id = @document`, ""},
		{"staff close a record", "staff", form.Document.ID, `insert into app.record_event (record_id, what, on_date, why, by_actor) select record_id, 'closed', now(), 'x', @me from app.document where id = @document`, ""},
		{"a token for somebody else", "staff", form.Document.ID, `insert into app.token (actor_id, hash, label, created_by, expires_at) values (@author, sha256('x'), 'x', @me, now())`, "manager"},
		{"a footprint of somebody else", "staff", form.Document.ID, `insert into app.footprint (actor_id, action, outcome) values (@author, 'version.opened', 'done')`, "manager"},
		{"a grant for oneself", "staff", form.Document.ID, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) select @me, 1, home_id, 32767, 127, 'role', @me, 'x', now() from app.document where id = @document`, ""},
		{"a role for oneself", "staff", form.Document.ID, `insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why) select @me, 'manager', provider_id, home_id, now(), @me, 'x' from app.document where id = @document`, ""},
		{"a standing of one's own making", "manager", form.Document.ID, `insert into app.standing (document_id, version_id, in_from, in_to, known_from) values (@document, ` + version + `, '1990-01-01', '1991-01-01', now())`, ""},
		{"a setting", "manager", form.Document.ID, `insert into app.home (provider_id, name, kind) select provider_id, 'x', 'family-centre' from app.document where id = @document`, ""},
	} {
		if c.author == "" {
			c.author = c.who
		}
		args := pgx.NamedArgs{"document": c.document, "me": w.Actors[c.who].ID, "author": w.Actors[c.author].ID}
		if err := w.undone(w.Super, c.who, c.sql, args); err != nil {
			t.Errorf("%s: the statement does not work even past the policies: %v", c.what, err)
		}
		err := w.undone(w.App, c.who, c.sql, args)
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "42501" {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if got := w.inForce("manager", w.library(), "date=2026-02-01"); len(got) != 2 {
		t.Errorf("in force: %v", got)
	}
	w.ok(404, "other-manager", "GET", w.library(), nil)
	if w.Homes[sample.ChildrensHome] == 0 {
		t.Error("the home moved")
	}
}

// undone runs a statement for somebody and takes it back.
func (w *world) undone(address, who, sql string, args pgx.NamedArgs) error {
	w.t.Helper()
	ctx := w.t.Context()
	conn, err := pgx.Connect(ctx, address)
	must(w.t, err)
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	must(w.t, err)
	defer func() { _ = tx.Rollback(ctx) }()
	_, err = tx.Exec(ctx, `select set_config('app.actor', $1, true)`, number(int64(w.Actors[who].ID)))
	must(w.t, err)
	_, err = tx.Exec(ctx, sql, args)
	return err
}
