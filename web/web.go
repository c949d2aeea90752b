// Package web holds the pages and styles that the portal serves, embedded in
// the binary. It holds no logic.
package web

import "embed"

// Files are the embedded files, by name.
//
//go:embed *.html *.css *.svg
var Files embed.FS
