package house

import (
	"fmt"
	"go/version"
	"path"
	"regexp"
	"slices"
	"strings"
)

const dependencyList = "docs/adr/dependencies.md"

// top is what may lie at the root of the repository.
var top = []string{
	"cmd", "portal", "storage", "versions", "reports", "migrations", "web", "internal", "docs", ".ci",
	"Makefile", "go.mod", "go.sum", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".gitignore", "LICENSE", "NOTICE",
}

// topRule: the front door stays tidy.
func topRule(tr *tree) (wrong []string) {
	seen := map[string]bool{}
	for name := range tr.files {
		first, _, _ := strings.Cut(name, "/")
		if !slices.Contains(top, first) && !seen[first] {
			wrong = append(wrong, first+": nothing else lies at the top of the repository; see top in internal/house")
		}
		seen[first] = true
	}
	return wrong
}

// someonesPlace finds paths that exist on one person's machine only.
var someonesPlace = regexp.MustCompile(`(^|[^\w.$}/-])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/`)

// placeRule: what is committed does not speak of the machine it was written on.
func placeRule(tr *tree) (wrong []string) {
	for name, body := range tr.files {
		if strings.HasPrefix(name, self+"/") {
			continue // the rule and its examples
		}
		n := 0
		for line := range strings.Lines(string(body)) {
			n++
			if m := someonesPlace.FindString(line); m != "" {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %q is a path of one machine", name, n, strings.TrimSpace(m)))
			}
		}
	}
	return wrong
}

var (
	requireLine = regexp.MustCompile(`(?m)^\s*(?:require\s+)?([a-zA-Z0-9./~_-]+\.[a-zA-Z0-9./~_-]+)\s+(v[^\s]+)([^\n]*)$`)
	listLine    = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|([^|\n]*)\\|([^|\n]*)\\|")
)

// dependencyRule: each dependency that the code names has a line of reason, and no line outlives its dependency.
func dependencyRule(tr *tree) (wrong []string) {
	listed := map[string]bool{}
	for _, m := range listLine.FindAllStringSubmatch(string(tr.files[dependencyList]), -1) {
		listed[m[1]] = true
		if len(strings.Fields(m[3])) < 4 {
			wrong = append(wrong, fmt.Sprintf("%s: the line of %s gives no reason", dependencyList, m[1]))
		}
	}
	required := map[string]bool{}
	for _, file := range []string{"go.mod", demonstration + "/go.mod"} {
		for _, m := range requireLine.FindAllStringSubmatch(string(tr.files[file]), -1) {
			required[m[1]] = true
			if !strings.Contains(m[3], "// indirect") && m[1] != module && !listed[m[1]] {
				wrong = append(wrong, fmt.Sprintf("%s requires %s, which has no line of reason in %s", file, m[1], dependencyList))
			}
		}
	}
	for name := range tr.packages() {
		required[name] = true
		if !listed[name] {
			wrong = append(wrong, fmt.Sprintf("%s asks for %s, which has no line of reason in %s", packageFile, name, dependencyList))
		}
	}
	for name := range listed {
		if !required[name] {
			wrong = append(wrong, fmt.Sprintf("%s has a line for %s, which no go.mod and no %s requires", dependencyList, name, packageFile))
		}
	}
	for _, s := range tr.source {
		for _, i := range s.imports {
			first, _, _ := strings.Cut(i.path, "/")
			if strings.Contains(first, ".") && !under(i.path, listed) {
				wrong = append(wrong, fmt.Sprintf("%s imports %s, whose module has no line of reason in %s", s.path, i.path, dependencyList))
			}
		}
	}
	return wrong
}

// under says whether an import path is one of the modules or lies below it.
func under(importPath string, modules map[string]bool) bool {
	for p := importPath; p != "."; p = path.Dir(p) {
		if modules[p] {
			return true
		}
	}
	return false
}

// atLeast are the oldest versions that are free of a known hole, and which hole.
var atLeast = map[string][2]string{
	"github.com/quic-go/quic-go": {"v0.59.1", "GO-2026-5676"},
}

// holeRule: no go.mod goes back to a version with a known hole.
func holeRule(tr *tree) (wrong []string) {
	for _, file := range []string{"go.mod", demonstration + "/go.mod"} {
		for _, m := range requireLine.FindAllStringSubmatch(string(tr.files[file]), -1) {
			least, ok := atLeast[m[1]]
			// The go package compares "go1.2.3"; the versions pinned here have the same three numbers.
			if ok && version.Compare("go1"+strings.TrimPrefix(m[2], "v0"), "go1"+strings.TrimPrefix(least[0], "v0")) < 0 {
				wrong = append(wrong, fmt.Sprintf("%s requires %s %s, which has %s; at least %s", file, m[1], m[2], least[1], least[0]))
			}
		}
	}
	return wrong
}

var (
	makeWord   = regexp.MustCompile("(?:^|[`$ ])make ([a-z][a-z0-9-]*)")
	makeTarget = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)
	fence      = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```|`(make [a-z0-9-]+)[^`\n]*`")
)

// commandRule: a make command that a document tells people to type exists, and README names the two that matter.
func commandRule(tr *tree) (wrong []string) {
	targets := map[string]bool{}
	for _, m := range makeTarget.FindAllStringSubmatch(string(tr.files["Makefile"]), -1) {
		targets[m[1]] = true
	}
	for name, body := range tr.files {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		said := map[string]bool{}
		for _, code := range fence.FindAllString(string(body), -1) {
			for _, m := range makeWord.FindAllStringSubmatch(strings.ReplaceAll(code, "\n", " "), -1) {
				said[m[1]] = true
				if !targets[m[1]] {
					wrong = append(wrong, fmt.Sprintf("%s says make %s, which the Makefile does not have", name, m[1]))
				}
			}
		}
		for _, must := range []string{"run", "test"} {
			if name == "README.md" && !said[must] {
				wrong = append(wrong, "README.md does not show make "+must)
			}
		}
	}
	return wrong
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

// linkRule: a link from one document to another leads somewhere.
func linkRule(tr *tree) (wrong []string) {
	for name, body := range tr.files {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(string(body), -1) {
			if strings.Contains(m[1], ":") {
				continue
			}
			to := path.Join(path.Dir(name), m[1])
			there := tr.others[to]
			for other := range tr.files {
				there = there || other == to || strings.HasPrefix(other, to+"/")
			}
			if !there {
				wrong = append(wrong, fmt.Sprintf("%s links to %s, which is not there", name, m[1]))
			}
		}
	}
	return wrong
}
