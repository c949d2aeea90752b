package house

import (
	"go/ast"
	"slices"
	"strings"
)

// registers are the methods by which a router is told of a route.
var registers = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "Handle", "HandleFunc", "Any", "Match", "StaticFile", "StaticFS", "Static"}

// routeRule: a route says in the place where it stands which action it needs. Two forms are read: a call of one of the methods
// above, which must name an action or pass on the "action" of a table's line, and a line of a table that holds a method.
func routeRule(tr *tree) (wrong []string) {
	for _, s := range tr.product() {
		if s.dir != "portal" && s.dir != "internal/login" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				sel, ok := n.Fun.(*ast.SelectorExpr)
				if ok && len(n.Args) > 1 && slices.Contains(registers, sel.Sel.Name) && !s.namesAction(n) {
					wrong = append(wrong, tr.at(n)+": this route does not say which access.Action it needs")
				}
			case *ast.CompositeLit:
				if anyMethod(s, flat(n.Elts)) && !s.namesAction(n) {
					wrong = append(wrong, tr.at(n)+": this line of a route table does not say which access.Action it needs")
				}
			}
			return true
		})
	}
	return wrong
}

// flat gives the values of a literal's elements, with or without their keys.
func flat(elements []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, 0, len(elements))
	for _, e := range elements {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		out = append(out, e)
	}
	return out
}

func anyMethod(s *source, args []ast.Expr) bool {
	return slices.ContainsFunc(args, func(e ast.Expr) bool {
		switch e := e.(type) {
		case *ast.BasicLit:
			return slices.Contains(registers[:7], strings.Trim(e.Value, "\"`"))
		case *ast.SelectorExpr:
			name, ok := s.selected(e, "net/http")
			return ok && strings.HasPrefix(name, "Method")
		}
		return false
	})
}

// namesAction says whether anything below n is one of access's actions, or the action of a table's line.
func (s *source) namesAction(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			name, ok := s.selected(sel, accessPath)
			found = found || ok && name != "Action" || sel.Sel.Name == "action"
		}
		return !found
	})
	return found
}
