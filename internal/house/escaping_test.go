package house

import (
	"go/ast"
	"strings"
)

// escapingRule: pages are escaped, and nothing says of a text that it need not be. The types by which
// html/template takes a text for safe are the way round it, and so are a package that never escapes and a script that writes HTML.
func escapingRule(tr *tree) (wrong []string) {
	tr.eachSelector("html/template", func(_ *source, sel *ast.SelectorExpr, name string) {
		switch name {
		case "HTML", "HTMLAttr", "JS", "JSStr", "URL", "CSS", "Srcset":
			wrong = append(wrong, tr.at(sel)+": template."+name+" switches escaping off")
		}
	})
	for name, body := range tr.files {
		if strings.HasPrefix(name, "web/scripts/") && (strings.Contains(string(body), "innerHTML") || strings.Contains(string(body), "insertAdjacentHTML")) {
			wrong = append(wrong, name+": writes text into a page as HTML; use textContent")
		}
	}
	return wrong
}
