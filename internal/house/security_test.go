package house

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	securityTable = "docs/security/asvs.csv"
	cryptography  = "docs/security/cryptography.md"
)

// requirements is how many requirements OWASP ASVS 5.0.0 has at level 1, at level 2, and at level 3 of its chapters V5, V7, V8, V11, V14 and V16.
func requirements() map[string]int { return map[string]int{"1": 70, "2": 183, "3": 26} }

// claim is one line of the security table.
type claim struct{ id, level, asks, applies, control, tests string }

func claims(tr *tree) ([]claim, error) {
	r := csv.NewReader(strings.NewReader(string(tr.files[securityTable])))
	r.FieldsPerRecord = 6
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("%s cannot be read: %w", securityTable, err)
	}
	var list []claim
	for _, f := range rows[1:] {
		list = append(list, claim{f[0], f[1], f[2], f[3], f[4], f[5]})
	}
	return list, nil
}

var requirementID = regexp.MustCompile(`^V(\d+)\.\d+\.\d+$`)

// securityRule: every requirement has its line, with a control and tests that are there, or with the reason why it has none.
func securityRule(tr *tree) (wrong []string) {
	if tr.files[securityTable] == nil {
		return []string{securityTable + " is not there"}
	}
	list, err := claims(tr)
	if err != nil {
		return []string{err.Error()}
	}
	written, seen, levels := tr.tests(), map[string]bool{}, map[string]int{}
	for _, c := range list {
		say := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("%s: %s ", securityTable, c.id)+fmt.Sprintf(format, args...))
		}
		m := requirementID.FindStringSubmatch(c.id)
		if m == nil || seen[c.id] || len(strings.Fields(c.control)) < 1 || c.asks == "" {
			say("is no requirement, stands twice, or says nothing")
			continue
		}
		if c.level == "3" && !slices.Contains([]string{"5", "7", "8", "11", "14", "16"}, m[1]) {
			say("is of level 3 in a chapter that is not held to it")
		}
		seen[c.id] = true
		levels[c.level]++
		switch {
		case !slices.Contains([]string{"yes", "no", "operator", "open", "review"}, c.applies):
			say("applies %q; say yes, no, operator, open or review", c.applies)
		case c.applies == "review" && !strings.Contains(c.control, "review of "):
			say("is said to be held by review, and does not say where (review of ...)")
		case c.applies == "yes" && c.tests == "":
			say("is said to be met, and names no test")
		case c.applies == "open" && len(strings.Fields(c.control)) < 4:
			say("is open without a reason")
		}
		for _, name := range c.named() {
			if !written[name] {
				say("names the test %q, which is not there", name)
			}
		}
	}
	for level, want := range requirements() {
		if levels[level] != want {
			wrong = append(wrong, fmt.Sprintf("%s has %d requirements of level %s; there are %d", securityTable, levels[level], level, want))
		}
	}
	return wrong
}

// named are the tests of a claim, as "directory Name".
func (c claim) named() (names []string) {
	for name := range strings.SplitSeq(c.tests, ";") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// tests are all there are, as "directory Name".
func (tr *tree) tests() map[string]bool {
	found := map[string]bool{}
	for _, s := range tr.source {
		for _, d := range s.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				found[s.dir+" "+f.Name.Name] = true
			}
		}
	}
	return found
}

var (
	cryptoImport = regexp.MustCompile(`^(crypto/.+|golang\.org/x/crypto/.+|github\.com/minio/sio|golang\.org/x/mod/sumdb/(note|tlog)|github\.com/coreos/go-oidc/v3/oidc|github\.com/digitorus/.+)$`)
	cryptoLine   = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\|")
)

// cryptoRule: the inventory of cryptography names every package of ours and what it takes, and nothing else; what is broken is not taken.
func cryptoRule(tr *tree) (wrong []string) {
	listed, used := map[string]bool{}, map[string]bool{}
	for _, m := range cryptoLine.FindAllStringSubmatch(string(tr.files[cryptography]), -1) {
		for dir := range strings.SplitSeq(m[2], ", ") {
			listed[m[1]+" in "+dir] = true
		}
	}
	for _, s := range tr.product() {
		if slices.Contains(neighbours, s.dir) || strings.HasPrefix(s.dir+"/", demonstration+"/") {
			continue
		}
		for _, i := range s.imports {
			if !cryptoImport.MatchString(i.path) {
				continue
			}
			broken := slices.Contains([]string{"crypto/md5", "crypto/sha1", "crypto/des", "crypto/rc4"}, i.path)
			if broken && (i.path != "crypto/md5" || s.dir != "storage/s3") { // S3 asks for MD5 as a check of what arrived, beside the SHA-256 that counts
				wrong = append(wrong, s.path+" imports "+i.path+", which is broken")
			}
			used[i.path+" in "+s.dir] = true
		}
	}
	for what := range used {
		if !listed[what] {
			wrong = append(wrong, cryptography+" does not list "+what)
		}
	}
	for what := range listed {
		if !used[what] {
			wrong = append(wrong, cryptography+" lists "+what+", which is not so any more")
		}
	}
	return wrong
}

var ran = flag.String("ran", "", "files of events of test runs (go test -json), with commas between: every test that the security table names must have passed in them")

// The tests that the security table names are not only written: they ran, and passed. `make test` hands over what it ran.
func TestSecurityTable(t *testing.T) {
	list, err := claims(read(t, os.DirFS("../..")))
	if err != nil {
		t.Fatal(err)
	}
	if *ran == "" {
		t.Log("no run was handed over with -ran: whether the tests ran is seen by make test")
		return
	}
	passed := map[string]bool{}
	for name := range strings.SplitSeq(*ran, ",") {
		events(t, name, passed)
	}
	for _, c := range list {
		for _, name := range c.named() {
			if !passed[name] {
				t.Errorf("%s rests on %s, which did not pass in this run", c.id, name)
			}
		}
	}
}

// events adds the tests that passed in a run, as "directory Name".
func events(t *testing.T, name string, passed map[string]bool) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct{ Action, Package, Test string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Action == "pass" && e.Test != "" {
			dir, _ := local(e.Package)
			passed[dir+" "+e.Test] = true
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
