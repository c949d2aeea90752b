package house

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// add writes the lines of new migrations; it never changes a line that is there.
var add = flag.Bool("add", false, "add new migrations to testdata/migrations.sum")

const sums = self + "/testdata/migrations.sum"

var migrationName = regexp.MustCompile(`^migrations/\d{5}_[a-z0-9_]+\.sql$`)

// migrationRule: a migration that has landed is never edited, because it has already run somewhere.
func migrationRule(tr *tree) (wrong []string) {
	landed := map[string]string{}
	for line := range strings.Lines(string(tr.files[sums])) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || landed[name] != "" {
			wrong = append(wrong, fmt.Sprintf("%s: the line %q is not a sum, two spaces and a file's name of its own", sums, strings.TrimSpace(line)))
		}
		landed[name] = sum
	}
	numbers := map[string]string{}
	for name, body := range tr.files {
		if path.Dir(name) != "migrations" || !strings.HasSuffix(name, ".sql") {
			continue
		}
		if !migrationName.MatchString(name) {
			wrong = append(wrong, name+": a migration is named 00042_what_it_does.sql")
			continue
		}
		base := path.Base(name)
		if other := numbers[base[:5]]; other != "" {
			wrong = append(wrong, fmt.Sprintf("migrations %s and %s have one number", other, base))
		}
		numbers[base[:5]] = base
		have := fmt.Sprintf("%x", sha256.Sum256(body))
		switch landed[base] {
		case have:
		case "":
			wrong = append(wrong, fmt.Sprintf("%s is new: add it by go test ./internal/house -run TestHouse -add", name))
		default:
			wrong = append(wrong, name+" was changed after it landed, where it has already run; put it back, and put right what is wrong in a new migration")
		}
		delete(landed, base)
	}
	for name := range landed {
		wrong = append(wrong, fmt.Sprintf("migrations/%s has landed and is gone or renamed; put it back", name))
	}
	return wrong
}

// addMigrations appends the sums of migrations that have no line yet.
func addMigrations(t *testing.T, tr *tree) {
	t.Helper()
	text := string(tr.files[sums])
	for _, name := range slices.Sorted(maps.Keys(tr.files)) {
		if migrationName.MatchString(name) && !strings.Contains(text, "  "+path.Base(name)+"\n") {
			text += fmt.Sprintf("%x  %s\n", sha256.Sum256(tr.files[name]), path.Base(name))
		}
	}
	tr.files[sums] = []byte(text)
	if err := os.WriteFile("testdata/migrations.sum", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var (
	createView     = regexp.MustCompile(`(?is)\bcreate\s+(?:or\s+replace\s+)?(?:recursive\s+)?view\s+([a-z_.]+)(.*?)\bas\b`)
	enumType       = regexp.MustCompile(`(?is)\bcreate\s+type\s+[a-z_.]+\s+as\s+enum\b`)
	createDefiner  = regexp.MustCompile(`(?is)\bcreate\s+(?:or\s+replace\s+)?function\s+([a-z_.]+).*?\bas\s+\$`)
	securityInvoke = regexp.MustCompile(`(?i)security_invoker\s*=\s*(true|on)`)
)

// schemaRule: three mistakes that undo row-level security without a sound.
func schemaRule(tr *tree) (wrong []string) {
	for name, body := range tr.files {
		if path.Dir(name) != "migrations" || !strings.HasSuffix(name, ".sql") {
			continue
		}
		sql := regexp.MustCompile(`--[^\n]*`).ReplaceAllString(string(body), "")
		for _, m := range createView.FindAllStringSubmatch(sql, -1) {
			if !securityInvoke.MatchString(m[2]) {
				wrong = append(wrong, fmt.Sprintf("%s: the view %s must be made with (security_invoker = true), or it shows what its owner sees", name, m[1]))
			}
		}
		for _, m := range createDefiner.FindAllStringSubmatch(sql, -1) {
			lower := strings.ToLower(m[0])
			if strings.Contains(lower, "security definer") && !strings.Contains(lower, "set search_path") {
				wrong = append(wrong, fmt.Sprintf("%s: the function %s is security definer and must set search_path", name, m[1]))
			}
		}
		if enumType.MatchString(sql) {
			wrong = append(wrong, name+": no enum types; comparing them is not leakproof, so a policy keeps an index from being used")
		}
	}
	return wrong
}
