// Package web holds the pages and everything they load, embedded in the program:
// templates as they are written, and what the build made of style sheet, scripts,
// fonts and pictures. An asset's name carries a hash of what is in it, so that a
// browser may keep it for ever. The package renders nothing and serves nothing.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Files are the templates: pages/*.html and parts/*.html.
//
//go:embed pages/*.html parts/*.html
var Files embed.FS

// What the build wrote. Before it ran, only the file that keeps the folder.
//
//go:embed all:built
var folder embed.FS

// ErrNotBuilt says that the program was compiled before its assets were.
var ErrNotBuilt = errors.New("the assets of the pages are not built; run make setup assets, and compile again")

// File is one asset as it is sent.
type File struct {
	Type string // for Content-Type
	Body []byte
	Gzip []byte // the same, compressed, where that makes it smaller; otherwise nil
}

// Asset gives the address of an asset for its plain name: for "app.css",
// something like "/assets/app.0391e416ad.css". It is the function that templates
// call as asset. A name that the build does not know is an error.
func Asset(plain string) (string, error) {
	names, err := manifest(folder)
	if err != nil {
		return "", err
	}
	hashed, ok := names[plain]
	if !ok {
		return "", fmt.Errorf("web: the build made no asset called %q", plain)
	}
	return "/assets/" + hashed, nil
}

// Built gives every asset by the name in its address, the part after /assets/. What
// is under a name never changes, so it is to be sent with
// "Cache-Control: public, max-age=31536000, immutable" (RFC 8246). The bytes are
// not to be written to.
func Built() (map[string]File, error) { return built(folder) }

func built(fsys fs.FS) (map[string]File, error) {
	names, err := manifest(fsys)
	if err != nil {
		return nil, err
	}
	files := make(map[string]File, len(names))
	for plain, hashed := range names {
		kind := types()[path.Ext(hashed)]
		if kind == "" {
			return nil, fmt.Errorf("web: %s is of no type that pages load", plain)
		}
		body, err := fs.ReadFile(fsys, "built/"+hashed)
		if err != nil {
			return nil, fmt.Errorf("web: the manifest names what is not there: %w", err)
		}
		small, err := squeeze(kind, body)
		if err != nil {
			return nil, fmt.Errorf("web: %s: %w", plain, err)
		}
		files[hashed] = File{Type: kind, Body: body, Gzip: small}
	}
	return files, nil
}

// manifest reads what each plain name became.
func manifest(fsys fs.FS) (map[string]string, error) {
	text, err := fs.ReadFile(fsys, "built/manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotBuilt
	}
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	var names map[string]string
	if err := json.Unmarshal(text, &names); err != nil {
		return nil, fmt.Errorf("web: built/manifest.json: %w", err)
	}
	return names, nil
}

// types are those of the files that pages load. The tables of the machine are not
// asked: a small one has none, and then a font has no type at all.
func types() map[string]string {
	return map[string]string{
		".css":   "text/css; charset=utf-8",
		".js":    "text/javascript; charset=utf-8",
		".svg":   "image/svg+xml",
		".png":   "image/png",
		".woff2": "font/woff2",
	}
}

// squeeze compresses, once for all who will ask. Fonts and pictures of dots are
// compressed already, and what does not lose a tenth stays as it is.
func squeeze(kind string, body []byte) ([]byte, error) {
	if kind == "font/woff2" || kind == "image/png" {
		return nil, nil
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() > len(body)*9/10 {
		return nil, nil
	}
	return b.Bytes(), nil
}
