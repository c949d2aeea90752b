// Package migrations holds the database's schema as numbered SQL files,
// embedded in the binary. A file never changes after it has landed: what is
// wrong is put right by the next number. Every file runs as the role that
// owns the tables, never as a superuser; internal/pg applies them.
package migrations

import "embed"

// Files are the numbered migrations, applied in the order of their names.
//
//go:embed *.sql
var Files embed.FS
