package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// module is the path of the product's module; what follows it in an import is a directory of this tree.
const module = "custodian"

// tree is the whole repository as the rules see it.
type tree struct {
	files  map[string][]byte // every text file, by its path from the root
	others map[string]bool   // every other file: pictures and samples
	source []*source         // every Go file, in the order of their paths
	fset   *token.FileSet
}

// source is one Go file.
type source struct {
	path    string
	dir     string
	test    bool // _test.go
	syntax  *ast.File
	imports []imported
	lines   int
}

// imported is one import of one file.
type imported struct {
	name string // the name it has in the file
	path string
}

// apart says which directories a checkout may hold without being part of the product.
func apart(dir string) bool {
	switch dir {
	case ".", ".ci":
		return false
	case "bin", "data", "web/built": // what make writes
		return true
	}
	return path.Base(dir) == "node_modules" || path.Base(dir)[0] == '.'
}

// read takes in every text file below the root of fsys and parses the Go files.
func read(t *testing.T, fsys fs.FS) *tree {
	t.Helper()
	tr := &tree{files: map[string][]byte{}, others: map[string]bool{}, fset: token.NewFileSet()}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && apart(name):
			return fs.SkipDir
		case !d.Type().IsRegular(), name == ".git": // a file, in a worktree
			return nil
		}
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
			tr.others[name] = true
			return nil
		}
		tr.files[name] = body
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(tr.files)) {
		if strings.HasSuffix(name, ".go") && !strings.Contains("/"+name, "/testdata/") {
			tr.parse(t, name)
		}
	}
	return tr
}

func (tr *tree) parse(t *testing.T, name string) {
	t.Helper()
	syntax, err := parser.ParseFile(tr.fset, name, tr.files[name], parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := &source{
		path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), syntax: syntax,
		lines: bytes.Count(tr.files[name], []byte("\n")),
	}
	for _, spec := range syntax.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		i := imported{name: importName(p), path: p}
		if spec.Name != nil {
			i.name = spec.Name.Name
		}
		s.imports = append(s.imports, i)
	}
	tr.source = append(tr.source, s)
}

// importName is the name a package most likely has: the last element of its path that is not a version.
func importName(p string) string {
	name := path.Base(p)
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
		name = path.Base(path.Dir(p))
	}
	return name
}

// product returns the Go files that end up in a program, tests left out.
func (tr *tree) product() []*source {
	return slices.DeleteFunc(slices.Clone(tr.source), func(s *source) bool { return s.test })
}

// at says where a node stands, as file:line.
func (tr *tree) at(n ast.Node) string {
	p := tr.fset.Position(n.Pos())
	return p.Filename + ":" + strconv.Itoa(p.Line)
}

// local cuts the module from an import path: "custodian/internal/pg" is internal/pg here.
func local(importPath string) (string, bool) { return strings.CutPrefix(importPath, module+"/") }

// called returns the name of what a call calls on the package imported from importPath: for pg.Keep(...), "Keep".
func (s *source) called(call *ast.CallExpr, importPath string) (string, bool) {
	fun := call.Fun
	if i, ok := fun.(*ast.IndexExpr); ok { // with type arguments
		fun = i.X
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	return s.selected(sel, importPath)
}

// selected returns the name that sel takes from the package imported from importPath.
func (s *source) selected(sel *ast.SelectorExpr, importPath string) (string, bool) {
	x, ok := sel.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	for _, i := range s.imports {
		if i.path == importPath && i.name == x.Name {
			return sel.Sel.Name, true
		}
	}
	return "", false
}
