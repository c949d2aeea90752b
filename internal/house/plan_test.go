package house

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
)

// floors lists the packages of the plan from the ground up, those still to come included. A package may import only from
// floors below its own; packages on one floor are strangers.
var floors = [][]string{
	0:  {"internal/fault", "internal/clock", "internal/token", "reports/layout"},
	1:  {"storage/seal", "internal/render", "reports/pdf", "reports/xlsx", "web", "migrations", "internal/mail", "internal/config", "internal/audit/tree"},
	2:  {"internal/access", "storage", "internal/redact", "internal/pg/cluster"},
	3:  {"internal/pg", "storage/localdir", "storage/s3", "storage/storagetest"},
	4:  {"internal/audit", "internal/jobs"},
	5:  {"internal/people", "internal/grants"},
	6:  {"versions", "internal/proof"},
	7:  {"internal/looks", "internal/share", "internal/search", "reports", "internal/staff", "internal/signoff", "internal/retention", "internal/incidents"},
	8:  {"internal/sar", "internal/membership"},
	9:  {"internal/login", "internal/scim", "portal/page"},
	10: {"portal"},
	11: {"cmd/custodian", "internal/whole"},
}

// neighbours stand beside the house: real or faithful services for tests and for the demonstration. Only tests, one another
// and the demonstration stack may import them.
var neighbours = []string{"internal/pgtest", "internal/s3test", "internal/oidctest", "internal/logintest", "internal/mailtest", "internal/browsertest", "internal/sample", "storage/storagetest"}

// demonstration is a module of its own; nothing of it is linked into the product.
const demonstration = "cmd/devstack"

const self = "internal/house"

// testsOnly hold tests and nothing that anybody could import: this one, and the tests of the whole program.
var testsOnly = []string{self, "internal/whole"}

// doors says which packages may import something costly or dangerous. A key also stands for the packages below it. Tests
// are free, except where noDoor is asked.
var doors = map[string]string{
	"github.com/jackc/pgx/v5/pgxpool":            `^internal/(pg|pgtest)$`,
	"github.com/jackc/pgx/v5":                    `^(reports|versions|cmd/devstack.*|internal/(pg|pgtest|pg/cluster|audit|jobs|people|grants|looks|membership|login|scim|share|sar|retention|staff|signoff|search|incidents|sample))$`,
	"database/sql":                               `^internal/pg$`,
	"github.com/pressly/goose/v3":                `^internal/pg$`,
	"github.com/gin-gonic/gin":                   `^portal$`,
	"github.com/minio/minio-go/v7":               `^storage/s3$`,
	"github.com/minio/sio":                       `^storage/seal$`,
	"github.com/coreos/go-oidc/v3":               `^internal/login$`,
	"github.com/jung-kurt/gofpdf":                `^reports/pdf$`,
	"codeberg.org/go-pdf/fpdf":                   `^(reports/pdf|internal/sample)$`,
	"github.com/xuri/excelize/v2":                `^reports/xlsx$`,
	"github.com/klippa-app/go-pdfium":            `^internal/render$`,
	"github.com/chromedp":                        `^internal/browsertest$`,
	"golang.org/x/oauth2":                        `^internal/login$`,
	"golang.org/x/image":                         `^internal/sample$`,
	"golang.org/x/mod":                           `^internal/audit(/tree)?$`,
	"github.com/digitorus":                       `^internal/audit/tree$`,
	"github.com/BurntSushi/toml":                 `^internal/config$`,
	"github.com/spf13/cobra":                     `^cmd/`,
	"github.com/santhosh-tekuri/jsonschema/v6":   `^$`,
	"pgregory.net/rapid":                         `^$`,
	"github.com/google/go-cmp":                   `^$`,
	"testing":                                    `^(internal/(pgtest|s3test|oidctest|logintest|mailtest|browsertest|sample)|storage/storagetest)$`,
	"net/smtp":                                   `^internal/mail$`,
	"os/exec":                                    `^(internal/pg/cluster|internal/[a-z0-9]+test|cmd/devstack(/.*)?)$`,
	"math/rand":                                  `^$`,
	"unsafe":                                     noDoor,
	"html/template":                              `^(portal/page|cmd/devstack/sink)$`,
	"text/template":                              noDoor,
	module + "/storage":                          `^(versions|storage/.*|internal/(proof|retention|sample|[a-z0-9]+test)|cmd/.*)$`,
	module + "/internal/pg":                      `^(reports|versions|internal/(pgtest|audit|jobs|people|grants|looks|membership|login|scim|share|sar|retention|staff|signoff|search|incidents|sample)|cmd/.*)$`,
	module + "/internal/config":                  `^cmd/`,
	module + "/portal":                           `^cmd/`,
	"github.com/quic-go/quic-go":                 noDoor,
	"github.com/fergusstrange/embedded-postgres": noDoor,
	"github.com/stretchr/testify":                noDoor,
}

// noDoor marks what nobody imports, tests included.
const noDoor = `^\b$`

var badName = regexp.MustCompile(`^(utils?|helpers?|commons?|misc|models?|types|shared|base|libs?|core)$`)

// floorOf returns the floor of a directory, and whether the plan knows it.
func floorOf(dir string) (int, bool) {
	for n, on := range floors {
		if slices.Contains(on, dir) {
			return n, true
		}
	}
	if dir == demonstration || strings.HasPrefix(dir, demonstration+"/") {
		return len(floors) - 1, true
	}
	return 0, false
}

// floorRule: every package stands on a floor and imports only from floors below.
func floorRule(tr *tree) (wrong []string) {
	unknown := map[string]bool{}
	for _, s := range tr.product() {
		if slices.Contains(neighbours, s.dir) {
			continue
		}
		if slices.Contains(testsOnly, s.dir) {
			if len(s.syntax.Decls) > 0 {
				wrong = append(wrong, s.path+" declares something; its package holds tests only")
			}
			continue
		}
		from, ok := floorOf(s.dir)
		if !ok {
			if !unknown[s.dir] {
				wrong = append(wrong, fmt.Sprintf("%s stands on no floor; add it to floors in internal/house and to the plan", s.dir))
			}
			unknown[s.dir] = true
			continue
		}
		for _, i := range s.imports {
			dep, ok := local(i.path)
			if !ok || strings.HasPrefix(s.dir, demonstration) && strings.HasPrefix(dep, demonstration) {
				continue
			}
			if to, ok := floorOf(dep); ok && to >= from {
				wrong = append(wrong, fmt.Sprintf("%s (floor %d) imports %s (floor %d); imports go downwards only", s.path, from, dep, to))
			}
		}
	}
	return wrong
}

// neighbourRule: what serves the tests is not linked into the product.
func neighbourRule(tr *tree) (wrong []string) {
	for _, s := range tr.product() {
		if slices.Contains(neighbours, s.dir) || strings.HasPrefix(s.dir, demonstration) {
			continue
		}
		for _, i := range s.imports {
			dep, _ := local(i.path)
			if slices.Contains(neighbours, dep) || slices.Contains(testsOnly, dep) || strings.HasPrefix(dep, demonstration) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, which is for tests and the demonstration only", s.path, dep))
			}
		}
	}
	return wrong
}

// doorRule: one package for each dangerous or costly dependency.
func doorRule(tr *tree) (wrong []string) {
	for _, s := range tr.source {
		for _, i := range s.imports {
			key, may := doorOf(i.path)
			if key == "" || s.test && may != noDoor || regexp.MustCompile(may).MatchString(s.dir) {
				continue
			}
			wrong = append(wrong, fmt.Sprintf("%s imports %s; only %s may", s.path, i.path, may))
		}
	}
	return wrong
}

// doorOf finds the narrowest door for an import: the longest key that is the import or a parent of it. The house's own
// packages are matched whole, because storage/seal is not storage.
func doorOf(importPath string) (key, may string) {
	for k, m := range doors {
		_, ours := local(k)
		below := !ours && strings.HasPrefix(importPath, k+"/")
		if (importPath == k || below) && len(k) > len(key) {
			key, may = k, m
		}
	}
	return key, may
}

// nameRule: a package is named for what it does.
func nameRule(tr *tree) (wrong []string) {
	for _, s := range tr.source {
		name := strings.TrimSuffix(s.syntax.Name.Name, "_test")
		for _, n := range []string{name, path.Base(s.dir)} {
			if badName.MatchString(n) {
				wrong = append(wrong, fmt.Sprintf("%s: a package is named for what it does, not %q", s.path, n))
				break
			}
		}
	}
	return wrong
}

// commentRule: every package says what it is for.
func commentRule(tr *tree) (wrong []string) {
	said := map[string]bool{}
	for _, s := range tr.product() {
		long := s.syntax.Doc != nil && len(strings.Fields(s.syntax.Doc.Text())) >= 8
		said[s.dir] = said[s.dir] || long
	}
	for dir, ok := range said {
		if !ok {
			wrong = append(wrong, dir+": has no package comment that says what it is for, what it promises and where it ends")
		}
	}
	return wrong
}

// startRule: nothing happens before main; there is no init function.
func startRule(tr *tree) (wrong []string) {
	for _, s := range tr.source {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				wrong = append(wrong, tr.at(f)+": init() runs before main and cannot be given anything; build it in main and pass it")
			}
		}
	}
	return wrong
}
