package house

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// sound is a small tree in which every rule is content.
func sound() map[string]string {
	const sql = "create view app.v with (security_invoker = true) as select 1;\n"
	return map[string]string{
		"go.mod":                       "module custodian\n\nrequire (\n\tgithub.com/gin-gonic/gin v1.12.0\n\tgithub.com/quic-go/quic-go v0.59.1 // indirect\n)\n",
		"Makefile":                     "run:\n\ttrue\ntest:\n\ttrue\n",
		"README.md":                    "Type `make run` or `make test`. See [the list](docs/adr/dependencies.md) and ![it](docs/it.png).\n",
		"docs/it.png":                  "\x89PNG\x00",
		"docs/adr/dependencies.md":     "| module | where | why |\n|---|---|---|\n| `github.com/gin-gonic/gin` | `portal` | routes and binding of the portal |\n| `sass` | the build | makes one style sheet of many |\n",
		securityTable:                  security(),
		cryptography:                   "| import | where |\n|---|---|\n| `crypto/sha256` | `internal/clock` |\n",
		packageFile:                    `{"devDependencies": {"sass": "1.2.3"}}`,
		packageLocks:                   `{"packages": {"": {}, "node_modules/sass": {"version": "1.2.3", "integrity": "sha512-x"}}}`,
		"migrations/00001_first.sql":   sql,
		"migrations/embed.go":          comment("migrations"),
		sums:                           fmt.Sprintf("%x  00001_first.sql\n", sha256.Sum256([]byte(sql))),
		"internal/pg/pg.go":            comment("pg"),
		"internal/access/access.go":    comment("access"),
		"internal/audit/audit.go":      comment("audit") + "import \"custodian/internal/pg\"\nfunc Do() { pg.Write(1, 2, \"insert into app.footprint values (1)\") }\n",
		"internal/login/login.go":      comment("login") + "import \"custodian/internal/pg\"\nconst seen = `update app.token_use set last_at = now()`\nfunc Seen() { pg.Keep(1, 2, seen) }\n",
		"internal/pgtest/pgtest.go":    comment("pgtest") + "import \"custodian/internal/pg\"\nvar _ = pg.DB{}\n",
		"portal/portal.go":             comment("portal") + "import (\n\"github.com/gin-gonic/gin\"\n\"custodian/internal/access\"\n)\nfunc routes(r gin.Engine) { r.GET(\"/me\", access.View, me) }\n",
		"versions/versions.go":         comment("versions") + "func F() string { return \"insert into app.version values (1)\" }\n",
		"cmd/custodian/main.go":        comment("main") + "import \"custodian/portal\"\nfunc main() { portal.Run() }\n",
		"cmd/devstack/go.mod":          "module custodian/cmd/devstack\n",
		"cmd/devstack/main.go":         comment("main") + "import \"custodian/internal/pgtest\"\nfunc main() { pgtest.New() }\n",
		"web/page/page.html":           "<p>\n",
		"internal/pg/pg_test.go":       "package pg\nimport \"os/exec\"\nvar _ = exec.Command\n",
		"internal/clock/day.go":        comment("clock") + "import \"crypto/sha256\"\nvar sum = sha256.Sum256\n",
		"internal/pg/cluster/start.go": comment("cluster") + "import \"os/exec\"\nvar _ = exec.Command\n",
	}
}

// security is a table in which nothing applies.
func security() string {
	var b strings.Builder
	b.WriteString("requirement,level,asks,applies,control,tests\n")
	for level, n := range requirements() {
		for i := range n {
			fmt.Fprintf(&b, "V5.%s.%d,%s,something,no,There is none of it,\n", level, i+1, level)
		}
	}
	return b.String()
}

func comment(pkg string) string {
	return "// Package " + pkg + " is made up, to see whether the rules of the house look.\npackage " + pkg + "\n"
}

// mutations break one thing each. The rule named must notice, in the words given. An empty body removes the file; one that
// begins with + is added to the end of what is there.
var mutations = []struct {
	rule, path, body, says string
}{
	{"floors", "internal/pg/up.go", "package pg\nimport \"custodian/versions\"\n", "imports go downwards only"},
	{"floors", "internal/people/people.go", comment("people") + "import \"custodian/internal/grants\"\n", "(floor 5) imports internal/grants (floor 5)"},
	{"floors", "internal/attic/attic.go", comment("attic"), "internal/attic stands on no floor"},
	{"floors", "internal/whole/w.go", comment("whole") + "const N = 1\n", "its package holds tests only"},
	{"floors", "portal/cmd.go", "package portal\nimport \"custodian/cmd/devstack/stack\"\n", "imports go downwards only"},
	{"neighbours", "versions/cheat.go", "package versions\nimport \"custodian/internal/pgtest\"\n", "for tests and the demonstration only"},
	{"neighbours", "cmd/custodian/cheat.go", "package main\nimport \"custodian/cmd/devstack/stack\"\n", "for tests and the demonstration only"},
	{"doors", "versions/pool.go", "package versions\nimport \"github.com/jackc/pgx/v5/pgxpool\"\n", "only ^internal/(pg|pgtest)$ may"},
	{"doors", "portal/sql.go", "package portal\nimport \"github.com/jackc/pgx/v5\"\n", "portal/sql.go imports github.com/jackc/pgx/v5"},
	{"doors", "portal/store.go", "package portal\nimport \"custodian/storage\"\n", "portal/store.go imports custodian/storage"},
	{"doors", "internal/people/web.go", comment("people") + "import \"github.com/gin-gonic/gin\"\n", "only ^portal$ may"},
	{"doors", "storage/seal/x.go", comment("seal") + "import \"github.com/minio/minio-go/v7/pkg/credentials\"\n", "only ^storage/s3$ may"},
	{"doors", "internal/access/a_test.go", "package access\nimport \"unsafe\"\n", "imports unsafe"},
	{"doors", "versions/run.go", "package versions\nimport \"os/exec\"\n", "imports os/exec"},
	{"doors", "versions/dice.go", "package versions\nimport \"math/rand/v2\"\n", "imports math/rand/v2"},
	{"doors", "internal/pg/t.go", "package pg\nimport \"testing\"\n", "imports testing"},
	{"names", "internal/util/u.go", comment("util"), `named for what it does, not "util"`},
	{"names", "versions/x_test.go", "package helpers_test\n", `not "helpers"`},
	{"comments", "versions/versions.go", "package versions\n", "versions: has no package comment"},
	{"comments", "versions/versions.go", "// Package versions.\npackage versions\n", "versions: has no package comment"},
	{"start", "versions/i.go", "package versions\nfunc init() {}\n", "versions/i.go:2: init() runs before main"},
	{"files", "versions/long.go", "package versions\n" + strings.Repeat("\n", fileLimit), "has 501 lines"},
	{"functions", "versions/long.go", "package versions\nfunc Long() {\n" + strings.Repeat("\n", functionLimit-1) + "}\n", "Long has 71 lines"},
	{"templates", "web/page/page.html", strings.Repeat("<p>\n", templateLimit+1), "has 151 lines"},
	{"makefile", "Makefile", "run:\ntest:\n" + strings.Repeat("\n", 79), "has 81 lines"},
	{"makefile", "Makefile", "", "there is no Makefile"},
	{"write", "versions/w.go", "package versions\nimport \"custodian/internal/pg\"\nfunc f() { pg.Write(1, 2, 3) }\n", "pg.Write is for internal/audit alone"},
	{"write", "versions/w.go", "package versions\nimport door \"custodian/internal/pg\"\nvar f = door.Write\n", "pg.Write is for internal/audit alone"},
	{"doors", "portal/pool.go", "package portal\nimport \"custodian/internal/pg\"\n", "portal/pool.go imports custodian/internal/pg"},
	{"keep", "internal/login/k.go", "package login\nimport \"custodian/internal/pg\"\nfunc f() { pg.Keep(1, 2, `delete from app.footprint`) }\n", "touches footprint, which is not an operational table"},
	{"keep", "internal/login/k.go", "package login\nimport \"custodian/internal/pg\"\nfunc f() { pg.Keep(1, 2, `update app.token_use set x = (select 1 from app.document)`) }\n", "touches document"},
	{"keep", "versions/k.go", "package versions\nimport \"custodian/internal/pg\"\nfunc f() { pg.Keep(1, 2, `update app.token_use set x = 1`) }\n", "pg.Keep of token_use is for internal/login"},
	{"keep", "internal/login/k.go", "package login\nimport \"custodian/internal/pg\"\nfunc f(s string) { pg.Keep(1, 2, s) }\n", "that this test can read"},
	{"keep", "internal/login/k.go", "package login\nimport \"custodian/internal/pg\"\nvar f = pg.Keep\n", "never passed on as a value"},
	{"keep", "internal/login/k.go", "package login\nimport \"custodian/internal/pg\"\nfunc f() { pg.Keep(1, 2, `vacuum`) }\n", "no table found"},
	{"owners", "internal/people/p.go", comment("people") + "const q = `update app.version set number = 1`\n", "app.version is written by internal/people and versions"},
	{"doors", "portal/page/t.go", comment("page") + "import \"text/template\"\nfunc f() { template.New(\"\") }\n", "imports text/template"},
	{"escaping", "portal/page/t.go", comment("page") + "import \"html/template\"\nfunc f(s string) any { return template.HTML(s) }\n", "switches escaping off"},
	{"escaping", "web/scripts/x.js", "list.innerHTML = name\n", "use textContent"},
	{"routes", "portal/r.go", "package portal\nfunc f(r R) { r.POST(\"/x\", handler) }\n", "does not say which access.Action"},
	{"routes", "portal/r.go", "package portal\nimport \"net/http\"\nvar t = []route{{http.MethodGet, api + \"/x\", handler}}\n", "this line of a route table"},
	{"routes", "portal/r.go", "package portal\nfunc f(r R) { for _, t := range table { r.Handle(t.method, t.path, t.handle) } }\n", "does not say which access.Action"},
	{"migrations", "migrations/00001_first.sql", "select 2;\n", "was changed after it landed"},
	{"migrations", "migrations/00001_first.sql", "", "has landed and is gone"},
	{"migrations", "migrations/00002_new.sql", "select 1;\n", "is new: add it"},
	{"migrations", "migrations/00001_other.sql", "select 1;\n", "have one number"},
	{"migrations", "migrations/2_new.sql", "select 1;\n", "a migration is named"},
	{"migrations", sums, "+nonsense\n", "is not a sum"},
	{"schema", "migrations/00002_v.sql", "create or replace view app.w as select 1;\n", "the view app.w must be made with (security_invoker"},
	{"schema", "migrations/00002_v.sql", "create function app.f() returns int language sql security definer as $$ select 1 $$;\n", "must set search_path"},
	{"schema", "migrations/00002_v.sql", "create type app.colour as enum ('red');\n", "no enum types"},
	{"top", "notes.txt", "x\n", "notes.txt: nothing else lies at the top"},
	{"places", "docs/how.md", "Look in /root/" + "secret for it.\n", "is a path of one machine"},
	{"places", "versions/p.go", "package versions\n\nconst p = \"/home/" + "sam/x\"\n", "versions/p.go:3"},
	{"dependencies", "go.mod", "+require github.com/spf13/cobra v1.10.2\n", "has no line of reason"},
	{"dependencies", "cmd/devstack/go.mod", "+require github.com/dexidp/dex v1.0.0\n", "has no line of reason"},
	{"dependencies", "versions/d.go", "package versions\nimport \"github.com/gabriel-vasile/mimetype\"\n", "whose module has no line of reason"},
	{"dependencies", dependencyList, "+| `example.org/gone` | `portal` | it was needed once upon a time |\n", "which no go.mod and no web/package.json requires"},
	{"dependencies", dependencyList, "| `github.com/gin-gonic/gin` | `portal` | routes |\n", "gives no reason"},
	{"holes", "go.mod", "module custodian\nrequire github.com/quic-go/quic-go v0.59.0 // indirect\n", "which has GO-2026-5676"},
	{"dependencies", packageFile, `{"devDependencies": {"sass": "1.2.3", "less": "1.2.3"}}`, "asks for less, which has no line of reason"},
	{"packages", packageFile, `{"devDependencies": {"sass": "^1.2.3"}}`, "name one version"},
	{"packages", packageFile, `{"devDependencies": {"sass": "1.2.4"}}`, "has \"1.2.3\""},
	{"packages", packageFile, `{`, "cannot be read"},
	{"packages", packageLocks, "", "cannot be read"},
	{"packages", packageLocks, `{"packages": {"node_modules/sass": {"version": "1.2.3", "resolved": "https://mirror.example/sass-1.2.3.tgz", "integrity": "sha512-x"}}}`, "no address"},
	{"packages", packageLocks, `{"packages": {"node_modules/sass": {"version": "1.2.3"}}}`, "wants a hash"},
	{"commands", "docs/how.md", "```\nmake coffee\n```\n", "says make coffee"},
	{"commands", "README.md", "Type `make run`.\n", "README.md does not show make test"},
	{"security", securityTable, "", "is not there"},
	{"security", securityTable, "requirement,level\n", "cannot be read"},
	{"security", securityTable, "+V5.1.71,1,something,no,There is none,\n", "has 71 requirements of level 1; there are 70"},
	{"security", securityTable, strings.Replace(security(), "V5.3.1,3,something,no", "V6.3.1,3,something,no", 1), "in a chapter that is not held to it"},
	{"security", securityTable, strings.Replace(security(), "V5.3.1,", "V5.3.2,", 1), "stands twice"},
	{"security", securityTable, strings.Replace(security(), "something,no,There is none of it,", "something,yes,It is done,", 1), "names no test"},
	{"security", securityTable, strings.Replace(security(), "something,no,There is none of it,", "something,yes,It is done,internal/pg TestGone", 1), "which is not there"},
	{"security", securityTable, strings.Replace(security(), "something,no,There is none of it,", "something,open,Not yet,", 1), "is open without a reason"},
	{"security", securityTable, strings.Replace(security(), "something,no,", "something,perhaps,", 1), "say yes, no, operator, open or review"},
	{"cryptography", "versions/c.go", "package versions\nimport \"crypto/hmac\"\n", "does not list crypto/hmac in versions"},
	{"cryptography", "versions/c.go", "package versions\nimport \"crypto/sha1\"\n", "which is broken"},
	{"cryptography", "internal/clock/day.go", comment("clock"), "lists crypto/sha256 in internal/clock, which is not so any more"},
	{"secure", "versions/s.go", "package versions\nimport \"crypto/tls\"\nvar c = &tls.Config{InsecureSkipVerify: true}\n", "switches off the check of certificates"},
	{"secure", "internal/login/s.go", "package login\nimport \"github.com/coreos/go-oidc/v3/oidc\"\nvar c = oidc.Config{SkipExpiryCheck: true}\n", "takes a token that is over"},
	{"secure", "portal/s.go", "package portal\nimport \"github.com/gin-gonic/gin\"\nfunc f() { gin.SetMode(gin.DebugMode) }\n", "is a mode for debugging"},
	{"secure", "portal/s.go", "package portal\nimport _ \"net/http/pprof\"\n", "shows a running program from within"},
	{"secure", "versions/s.go", "package versions\nimport \"fmt\"\nfunc f(title string) string { return fmt.Sprintf(title, 1) }\n", "a format is a constant"},
	{"secure", "versions/s.go", "package versions\nimport (\n\"fmt\"\n\"os\"\n)\nfunc f(title string) { fmt.Fprintf(os.Stdout, \"a \"+title) }\n", "a format is a constant"},
	{"secure", "internal/login/s.go", "package login\nfunc f(secret, typed string) bool { return secret == typed }\n", "in constant time"},
	{"secure", "internal/scim/s.go", "package scim\nimport \"bytes\"\nfunc f(c struct{ Secret []byte }, typed []byte) bool { return bytes.Equal(typed, c.Secret) }\n", "in constant time"},
	{"security", securityTable, strings.Replace(security(), "something,no,There is none of it,", "something,review,by hand,", 1), "does not say where"},
	{"links", "docs/it.png", "", "links to docs/it.png"},
	{"links", "docs/how.md", "[gone](adr/gone.md)\n", "links to adr/gone.md"},
}

func TestSoundTree(t *testing.T) {
	t.Parallel()
	tr := read(t, made(sound()))
	for _, r := range rules() {
		for _, w := range r.look(tr) {
			t.Errorf("%s: %s", r.name, w)
		}
	}
}

func TestMutations(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range mutations {
		seen[m.rule] = true
		t.Run(m.rule+"/"+m.path, func(t *testing.T) {
			t.Parallel()
			files := sound()
			if more, ok := strings.CutPrefix(m.body, "+"); ok {
				files[m.path] += more
			} else if files[m.path] = m.body; m.body == "" {
				delete(files, m.path)
			}
			tr := read(t, made(files))
			for _, r := range rules() {
				if r.name != m.rule {
					continue
				}
				if said := strings.Join(r.look(tr), "\n"); !strings.Contains(said, m.says) {
					t.Errorf("the rule %q should say %q, and says %q", m.rule, m.says, said)
				}
			}
		})
	}
	for _, r := range rules() {
		if !seen[r.name] {
			t.Errorf("no mutation shows that the rule %q can fail", r.name)
		}
	}
}

func made(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, body := range maps.All(files) {
		fsys[name] = &fstest.MapFile{Data: []byte(body)}
	}
	return fsys
}
