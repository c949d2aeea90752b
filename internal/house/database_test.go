package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	pgPath     = module + "/internal/pg"
	accessPath = module + "/internal/access"
)

// keepers says who may write operational tables through pg.Keep, and which. These tables tell nothing about anybody and may
// be lost: everything else is written through audit.Do, with its footprint.
var keepers = map[string][]string{
	"token_use":   {"internal/login"},
	"session_use": {"internal/login"},
	"scim_use":    {"internal/scim"},
	"idempotency": {"internal/audit"},
	"upload":      {"versions"},
	"batch":       {"versions"}, // its end only: people write theirs through audit.Do
	"job_state":   {"internal/jobs"},
	"outbox":      {"internal/jobs"},
}

// tableWord finds the tables that a statement touches.
var tableWord = regexp.MustCompile(`(?i)\b(?:insert\s+into|do\s+update|update|delete\s+from|from|join|truncate(?:\s+table)?)\s+(?:only\s+)?(?:app\.)?([a-z_]+)`)

// writeWord finds the tables that a statement changes. Every table of the product is in the schema app.
var writeWord = regexp.MustCompile(`(?i)\b(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?)\s+(?:only\s+)?app\.([a-z_]+)`)

// writeRule: what changes something goes through audit.Do.
func writeRule(tr *tree) (wrong []string) {
	tr.eachSelector(pgPath, func(s *source, sel *ast.SelectorExpr, name string) {
		if name == "Write" && s.dir != "internal/audit" {
			wrong = append(wrong, tr.at(sel)+": pg.Write is for internal/audit alone; write through audit.Do, which leaves the footprint")
		}
	})
	return wrong
}

// keepRule: operational tables only, each named above together with who writes it.
func keepRule(tr *tree) (wrong []string) {
	for _, s := range tr.product() {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := s.called(call, pgPath); !ok || name != "Keep" {
				return true
			}
			wrong = append(wrong, tr.kept(s, call)...)
			return true
		})
	}
	return append(wrong, tr.keepPassedOn()...)
}

// kept judges one call of pg.Keep(ctx, db, sql, ...).
func (tr *tree) kept(s *source, call *ast.CallExpr) (wrong []string) {
	if len(call.Args) < 3 {
		return []string{tr.at(call) + ": pg.Keep without a statement"}
	}
	sql, ok := tr.constant(s, call.Args[2])
	if !ok {
		return []string{tr.at(call) + ": the statement of pg.Keep must be a string in this package that this test can read, not one put together"}
	}
	tables := tableWord.FindAllStringSubmatch(sql, -1)
	if len(tables) == 0 {
		return []string{tr.at(call) + ": no table found in the statement of pg.Keep"}
	}
	for _, m := range tables {
		table := strings.ToLower(m[1])
		if table == "set" { // "on conflict ... do update set" names the table before
			continue
		}
		if may, known := keepers[table]; !known {
			wrong = append(wrong, fmt.Sprintf("%s: pg.Keep touches %s, which is not an operational table; write it through audit.Do", tr.at(call), table))
		} else if !slices.Contains(may, s.dir) {
			wrong = append(wrong, fmt.Sprintf("%s: pg.Keep of %s is for %s", tr.at(call), table, strings.Join(may, ", ")))
		}
	}
	return wrong
}

// keepPassedOn finds pg.Keep and pg.Write taken as values, which would hide who calls them.
func (tr *tree) keepPassedOn() (wrong []string) {
	for _, s := range tr.product() {
		called := map[ast.Expr]bool{}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called[n.Fun] = true
			case *ast.SelectorExpr:
				if name, ok := s.selected(n, pgPath); ok && (name == "Keep" || name == "Write") && !called[n] {
					wrong = append(wrong, tr.at(n)+": pg."+name+" is called, never passed on as a value")
				}
			}
			return true
		})
	}
	return wrong
}

// constant reads a string literal, literals joined by +, or a constant of the same package.
func (tr *tree) constant(s *source, e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, e.Kind == token.STRING && err == nil
	case *ast.ParenExpr:
		return tr.constant(s, e.X)
	case *ast.BinaryExpr:
		a, ok1 := tr.constant(s, e.X)
		b, ok2 := tr.constant(s, e.Y)
		return a + b, e.Op == token.ADD && ok1 && ok2
	case *ast.Ident:
		return tr.named(s, e.Name)
	}
	return "", false
}

func (tr *tree) named(s *source, name string) (string, bool) {
	for _, other := range tr.source {
		if other.dir != s.dir || other.test {
			continue
		}
		for _, d := range other.syntax.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, n := range v.Names {
					if n.Name == name && i < len(v.Values) {
						return tr.constant(other, v.Values[i])
					}
				}
			}
		}
	}
	return "", false
}

// ownerRule: a table is written by the one package that owns it. Neighbours of the tests are free.
func ownerRule(tr *tree) (wrong []string) {
	writers := map[string]map[string]bool{}
	for _, s := range tr.product() {
		if slices.Contains(neighbours, s.dir) || strings.HasPrefix(s.dir, demonstration) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			for _, m := range writeWord.FindAllStringSubmatch(lit.Value, -1) {
				table := strings.ToLower(m[1])
				if writers[table] == nil {
					writers[table] = map[string]bool{}
				}
				writers[table][s.dir] = true
			}
			return true
		})
	}
	for table, by := range writers {
		if len(by) > 1 {
			wrong = append(wrong, fmt.Sprintf("the table app.%s is written by %s; one package owns a table", table,
				strings.Join(slices.Sorted(maps.Keys(by)), " and ")))
		}
	}
	return wrong
}

// eachSelector walks over everything the product takes from one package.
func (tr *tree) eachSelector(importPath string, f func(*source, *ast.SelectorExpr, string)) {
	for _, s := range tr.product() {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if name, ok := s.selected(sel, importPath); ok {
					f(s, sel, name)
				}
			}
			return true
		})
	}
}
