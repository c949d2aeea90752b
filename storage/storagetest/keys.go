package storagetest

import (
	"path/filepath"
	"testing"

	"custodian/storage"
)

// Keyring gives a fresh keyring that lasts as long as the test.
func Keyring(t testing.TB) *storage.Keyring {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keyring")
	root, err := storage.NewFileRoot(filepath.Join(dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := storage.OpenKeyring(dir, root)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// Binding gives w to a version of its own kind, for tests that need no other.
func Binding(w *storage.Written) storage.Binding {
	return storage.Binding{Provider: 1, Record: 2, Document: 3, Version: 4, SHA256: w.SHA256, Size: w.Size}
}
