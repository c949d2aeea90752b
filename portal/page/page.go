// Package page is what a person sees: one typed view for each page, the words
// in which days, times and states are said, and the writing of the templates in
// web. It decides nothing and asks nobody: what is in a view is shown, what is
// not in it is not there.
package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"custodian/web"
)

// Pages are the templates, read once.
type Pages struct{ byName map[string]*template.Template }

// New reads every template. Each file of web/pages defines "main", and may
// define "side" parts of its own; web/parts are there for all of them.
func New() (*Pages, error) {
	all := template.New("").Option("missingkey=error").Funcs(template.FuncMap{"asset": web.Asset})
	all, err := all.ParseFS(web.Files, "parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	names, err := fs.Glob(web.Files, "pages/*.html")
	if err != nil {
		return nil, err
	}
	p := &Pages{byName: map[string]*template.Template{}}
	for _, name := range names {
		own, err := all.Clone()
		if err == nil {
			own, err = own.ParseFS(web.Files, name)
		}
		if err != nil {
			return nil, fmt.Errorf("page: %w", err)
		}
		p.byName[strings.TrimSuffix(path.Base(name), ".html")] = own
	}
	return p, nil
}

// Write gives a page as it is sent. It is whole or an error: a view that does
// not fit its template never leaves half a page.
func (p *Pages) Write(name string, view any) ([]byte, error) {
	t, ok := p.byName[name]
	if !ok {
		return nil, fmt.Errorf("page: there is no page %q", name)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "page", view); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return b.Bytes(), nil
}
