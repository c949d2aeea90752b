package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"strings"
)

// How large things may grow before they are taken apart. What one aims at is half of it.
const (
	fileLimit     = 500
	functionLimit = 70
	templateLimit = 150
)

// fileRule: a file of Go that is longer than the limit holds more than one thing.
func fileRule(tr *tree) (wrong []string) {
	for _, s := range tr.source {
		if s.lines > fileLimit {
			wrong = append(wrong, fmt.Sprintf("%s has %d lines; the most is %d", s.path, s.lines, fileLimit))
		}
	}
	return wrong
}

// functionRule: a function does one thing. Tests may be longer, and so may a function that only returns a table.
func functionRule(tr *tree) (wrong []string) {
	for _, s := range tr.product() {
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || isTable(f) {
				continue
			}
			if n := tr.lines(f); n > functionLimit {
				wrong = append(wrong, fmt.Sprintf("%s: %s has %d lines; the most is %d", tr.at(f), f.Name.Name, n, functionLimit))
			}
		}
	}
	return wrong
}

func (tr *tree) lines(n ast.Node) int {
	return tr.fset.Position(n.End()).Line - tr.fset.Position(n.Pos()).Line + 1
}

// isTable says whether all that a function does is to return one composite literal.
func isTable(f *ast.FuncDecl) bool {
	if len(f.Body.List) != 1 {
		return false
	}
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return false
	}
	_, ok = ret.Results[0].(*ast.CompositeLit)
	return ok
}

// templateRule: a page that is longer than the limit wants parts.
func templateRule(tr *tree) (wrong []string) {
	for name, body := range tr.files {
		page := strings.HasSuffix(name, ".html") || strings.HasSuffix(name, ".tmpl") || strings.HasSuffix(name, ".gohtml")
		if n := bytes.Count(body, []byte("\n")); page && strings.HasPrefix(name, "web/") && n > templateLimit {
			wrong = append(wrong, fmt.Sprintf("%s has %d lines; the most for a template is %d", name, n, templateLimit))
		}
	}
	return wrong
}

// makefileRule: recipes are for reading.
func makefileRule(tr *tree) (wrong []string) {
	body, ok := tr.files["Makefile"]
	if !ok {
		return []string{"there is no Makefile"}
	}
	if n := bytes.Count(body, []byte("\n")); n > 80 {
		wrong = append(wrong, fmt.Sprintf("Makefile has %d lines; the most is 80", n))
	}
	return wrong
}
