package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
)

// insecure are the names by which a check of a certificate, of an identity token or of whoever issued it is switched off, and by which a
// program tells strangers more than it should.
var insecure = map[string]string{
	"InsecureSkipVerify":         "switches off the check of certificates",
	"InsecureSkipSignatureCheck": "switches off the check of signatures",
	"InsecureIssuerURLContext":   "takes another's word for who issued a token",
	"SkipIssuerCheck":            "takes a token of any issuer",
	"SkipClientIDCheck":          "takes a token that is meant for another program",
	"SkipExpiryCheck":            "takes a token that is over",
	"DebugMode":                  "is a mode for debugging",
}

// debugging are packages that show a running program from within.
var debugging = []string{"net/http/pprof", "expvar"}

// secretName is what a value is called that a guess must not be compared with byte by byte; its hash is not among them: it is looked up.
var secretName = regexp.MustCompile(`(?i)(secret|password|passphrase|cookie|nonce|verifier|(^|[a-z])mac$|stateText|fingerprint)`)

// compares are the packages that get secrets from strangers.
var compares = regexp.MustCompile(`^(portal|internal/(login|scim|audit))$`)

// secureRule: no check is switched off, there is no mode for debugging, formats are constants, and secrets are compared in constant time.
func secureRule(tr *tree) (wrong []string) {
	constants := tr.constants()
	for _, s := range tr.product() {
		for _, i := range s.imports {
			if slices.Contains(debugging, i.path) && !slices.Contains(neighbours, s.dir) {
				wrong = append(wrong, s.path+" imports "+i.path+", which shows a running program from within")
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				if why := insecure[n.Name]; why != "" {
					wrong = append(wrong, fmt.Sprintf("%s: %s %s", tr.at(n), n.Name, why))
				}
			case *ast.CallExpr:
				if at := formatAt(s, n); at >= 0 && at < len(n.Args) && n.Ellipsis == token.NoPos && !constant(n.Args[at], constants[s.dir]) {
					wrong = append(wrong, tr.at(n)+": a format is a constant; put what changes beside it")
				}
				if name, ok := s.called(n, "bytes"); ok && name == "Equal" && compares.MatchString(s.dir) && (secret(n.Args[0]) || secret(n.Args[1])) {
					wrong = append(wrong, tr.at(n)+": compare secrets with crypto/subtle, in constant time")
				}
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && compares.MatchString(s.dir) && (secret(n.X) && !fixed(n.Y) || secret(n.Y) && !fixed(n.X)) {
					wrong = append(wrong, tr.at(n)+": compare secrets with crypto/subtle, in constant time")
				}
			}
			return true
		})
	}
	return wrong
}

// formatAt is which argument of a call is a format; -1 for a call that takes none. A call that hands arguments on is go vet's to follow.
func formatAt(s *source, call *ast.CallExpr) int {
	for at, names := range [][]string{{"Sprintf", "Errorf", "Printf"}, {"Fprintf", "Appendf"}} {
		if name, ok := s.called(call, "fmt"); ok && slices.Contains(names, name) {
			return at
		}
	}
	return -1
}

// constants are the names of constants, by directory.
func (tr *tree) constants() map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, s := range tr.product() {
		if found[s.dir] == nil {
			found[s.dir] = map[string]bool{}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names {
						found[s.dir][name.Name] = true
					}
				}
			}
			return true
		})
	}
	return found
}

// constant tells whether an expression is text that stands in the source: a literal, the name of one, or several in one.
func constant(e ast.Expr, names map[string]bool) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.ParenExpr:
		return constant(e.X, names)
	case *ast.BinaryExpr:
		return constant(e.X, names) && constant(e.Y, names)
	case *ast.Ident:
		return names[e.Name]
	}
	return false
}

// fixed tells whether an expression tells nothing: a literal, nil, or a length.
func fixed(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		return e.Name == "nil" || e.Name == "true" || e.Name == "false"
	case *ast.SelectorExpr:
		_, ok := e.X.(*ast.Ident)
		return ok && ast.IsExported(e.Sel.Name) && !secretName.MatchString(e.Sel.Name)
	}
	return false
}

func secret(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return secretName.MatchString(e.Name)
	case *ast.SelectorExpr:
		return secretName.MatchString(e.Sel.Name)
	case *ast.CallExpr:
		return secret(e.Fun) && len(e.Args) == 0
	}
	return false
}
