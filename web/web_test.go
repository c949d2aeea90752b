package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// must gives the names and the files, and says what to do where there are none.
func must(t *testing.T) (map[string]string, map[string]File) {
	t.Helper()
	names, err := manifest(folder)
	if err != nil {
		t.Fatalf("%v", err)
	}
	files, err := Built()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return names, files
}

func TestEveryAssetIsThere(t *testing.T) {
	t.Parallel()
	names, files := must(t)
	for _, plain := range []string{"app.css", "boot.js", "init.js", "govuk-frontend.min.js", "mark.svg", "hanken-normal.woff2", "mono.woff2"} {
		if names[plain] == "" {
			t.Errorf("the build made no %s", plain)
		}
	}
	for plain, hashed := range names {
		address, err := Asset(plain)
		if err != nil || address != "/assets/"+hashed {
			t.Errorf("Asset(%q) = %q, %v; the manifest says %s", plain, address, err, hashed)
		}
		f, ok := files[hashed]
		if !ok || len(f.Body) == 0 || f.Type == "" {
			t.Errorf("%s is not there, is empty or has no type: %q, %d bytes", hashed, f.Type, len(f.Body))
			continue
		}
		if opened, err := unzip(f.Gzip); f.Gzip != nil && (err != nil || !bytes.Equal(opened, f.Body)) {
			t.Errorf("%s compressed is something else: %v", plain, err)
		}
		sum := sha256.Sum256(f.Body)
		ext := path.Ext(plain)
		if want := strings.TrimSuffix(plain, ext) + "." + hex.EncodeToString(sum[:])[:10] + ext; hashed != want {
			t.Errorf("%s became %s; by what is in it, it is %s", plain, hashed, want)
		}
	}
	if css := files[names["app.css"]]; len(css.Gzip) == 0 {
		t.Error("the style sheet is not compressed")
	}
	if len(names) != len(files) {
		t.Errorf("%d names for %d files", len(names), len(files))
	}
}

func unzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func TestNothingElseIsBuilt(t *testing.T) {
	t.Parallel()
	_, files := must(t)
	entries, err := folder.ReadDir("built")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		_, known := files[e.Name()]
		if !known && e.Name() != "manifest.json" && e.Name() != ".gitignore" {
			t.Errorf("built/%s is in no manifest; run make clean assets", e.Name())
		}
	}
}

var (
	loaded   = regexp.MustCompile(`(?:url\(|@import)\s*["']?([^"')\s;]*)`)
	imported = regexp.MustCompile(`\b(?:from|import)\s*\(?\s*["']([^"']+)["']`)
	// GDS Transport by its name and by the names of its files, and the symbols of the Crown.
	foreign = regexp.MustCompile(`(?i)GDS Transport|crest|crown|light-94a07e06a1|bold-b542beb274`)
)

// What a style sheet or a script loads is one of the assets, beside it: nothing from anywhere else, and nothing that is not there.
// Crown symbols and GDS Transport are for services on GOV.UK only.
func TestAssetsLoadOnlyAssets(t *testing.T) {
	t.Parallel()
	names, files := must(t)
	look := func(plain string, find *regexp.Regexp, prefix string, least int) {
		text := string(files[names[plain]].Body)
		found := find.FindAllStringSubmatch(text, -1)
		if len(found) < least {
			t.Errorf("%s loads %d files, fewer than the %d it needs", plain, len(found), least)
		}
		for _, m := range found {
			name, ok := strings.CutPrefix(m[1], prefix)
			if _, there := files[name]; !ok || !there {
				t.Errorf("%s loads %q, which is not among the assets", plain, m[1])
			}
		}
		if strings.HasSuffix(plain, ".css") {
			if m := foreign.FindString(text); m != "" {
				t.Errorf("%s has %q in it", plain, m)
			}
		}
	}
	for plain := range names {
		switch path.Ext(plain) {
		case ".css":
			look(plain, loaded, "", 3)
		case ".js":
			look(plain, imported, "./", 0)
		}
	}
	look("init.js", imported, "./", 1)
	for plain := range names {
		if m := foreign.FindString(plain); m != "" {
			t.Errorf("%s is an asset", plain)
		}
	}
}

var asks = regexp.MustCompile(`\basset\s+"([^"]*)"`)

// A template names assets by the function, and only those that are built.
func TestTemplatesNameAssets(t *testing.T) {
	t.Parallel()
	names, _ := must(t)
	asked := 0
	for _, pattern := range []string{"pages/*.html", "parts/*.html"} {
		templates, err := fs.Glob(Files, pattern)
		if err != nil || len(templates) == 0 {
			t.Fatalf("no templates at %s: %v", pattern, err)
		}
		for _, name := range templates {
			text, err := fs.ReadFile(Files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range asks.FindAllStringSubmatch(string(text), -1) {
				if asked++; names[m[1]] == "" {
					t.Errorf("%s asks for the asset %q, which is not built", name, m[1])
				}
			}
			if strings.Contains(string(text), "/assets/") {
				t.Errorf("%s writes the address of an asset itself; use {{asset %q}}", name, "name")
			}
		}
	}
	if asked == 0 {
		t.Error("no template asks for any asset")
	}
}

func TestAssetUnknown(t *testing.T) {
	t.Parallel()
	must(t)
	for _, name := range []string{"", "app", "APP.CSS", "../web.go", "manifest.json"} {
		if address, err := Asset(name); err == nil || address != "" {
			t.Errorf("Asset(%q) = %q, %v; want an error and nothing", name, address, err)
		}
	}
}

func TestBuiltRefuses(t *testing.T) {
	t.Parallel()
	tree := func(manifest string) fstest.MapFS {
		return fstest.MapFS{
			"built/manifest.json": {Data: []byte(manifest)},
			"built/a.0.css":       {Data: []byte("a{}")},
			"built/a.0.exe":       {Data: []byte("a")},
		}
	}
	if files, err := built(tree(`{"a.css": "a.0.css"}`)); err != nil || len(files) != 1 || files["a.0.css"].Type == "" {
		t.Errorf("a sound folder: %v, %v", slices.Collect(maps.Keys(files)), err)
	}
	for _, c := range []struct {
		what, says string
		fsys       fs.FS
	}{
		{"only the file that keeps the folder", "run make setup assets", fstest.MapFS{"built/.gitignore": {}}},
		{"a manifest cut short", "unexpected end", tree(`{"a.css": "a`)},
		{"a file that is gone", "not there", tree(`{"a.css": "a.1.css"}`)},
		{"a name that leads out", "not there", tree(`{"a.css": "../web.css"}`)},
		{"a type that pages do not load", "of no type", tree(`{"a.exe": "a.0.exe"}`)},
	} {
		files, err := built(c.fsys)
		if err == nil || files != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want an error that says %q", c.what, files, err, c.says)
		}
	}
	if _, err := built(fstest.MapFS{}); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("an empty folder: %v", err)
	}
}

func BenchmarkAsset(b *testing.B) {
	for b.Loop() {
		if _, err := Asset("app.css"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBuilt(b *testing.B) {
	for b.Loop() {
		if _, err := Built(); err != nil {
			b.Fatal(err)
		}
	}
}
