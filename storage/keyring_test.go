package storage_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"custodian/storage"
	"custodian/storage/storagetest"
)

// ring is a keyring and where its files are.
type ring struct {
	dir  string
	keys *storage.Keyring
}

func newRing(t *testing.T) ring {
	t.Helper()
	r := ring{dir: filepath.Join(t.TempDir(), "keyring")}
	r.keys = r.again(t)
	return r
}

// again opens the same keyring as a restarted program does.
func (r ring) again(t *testing.T) *storage.Keyring {
	t.Helper()
	root, err := storage.NewFileRoot(filepath.Join(r.dir, "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := storage.OpenKeyring(r.dir, root)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (r ring) path(name string) string { return filepath.Join(r.dir, name) }

func exchange(t *testing.T, a, b string) {
	t.Helper()
	for _, step := range [][2]string{{a, a + ".x"}, {b, a}, {a + ".x", b}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			t.Fatal(err)
		}
	}
}

func bindingOf(provider, record int64) storage.Binding {
	return storage.Binding{Provider: provider, Record: record, Document: 1, Version: 1}
}

func TestKeyringFiles(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	store := storagetest.Memory()
	k := keep(t, storage.NewSealed(store, r.keys), []byte("a policy"), bindingOf(3, 14))
	for _, name := range []string{"root.key", "provider-3.key", "record-14.key"} {
		info, err := os.Stat(r.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	entries, err := os.ReadDir(r.dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d files in the keyring, want 3 (%v)", len(entries), err)
	}
	got, err := k.read(t.Context(), storage.NewSealed(store, r.again(t)))
	if err != nil || string(got) != "a policy" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if err := r.keys.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

// Key files put in each other's place are refused: as they are, and with
// their first lines rewritten to fit.
func TestSwappedKeyFiles(t *testing.T) {
	t.Parallel()
	for _, rewrite := range []bool{false, true} {
		for _, files := range [][2]string{{"record-1.key", "record-2.key"}, {"record-1.key", "record-3.key"}, {"provider-1.key", "provider-2.key"}, {"provider-1.key", "record-1.key"}} {
			t.Run(strings.Join(files[:], " "), func(t *testing.T) {
				t.Parallel()
				r := newRing(t)
				store := storagetest.Memory()
				s := storage.NewSealed(store, r.keys)
				a := keep(t, s, []byte("one"), bindingOf(1, 1))
				keep(t, s, []byte("two"), bindingOf(1, 2))
				keep(t, s, []byte("three"), bindingOf(2, 3))
				one, two := r.path(files[0]), r.path(files[1])
				if rewrite {
					exchangeSecondLines(t, one, two)
				} else {
					exchange(t, one, two)
				}
				for what, keys := range map[string]*storage.Keyring{"running": r.keys, "restarted": r.again(t)} {
					if _, err := a.read(t.Context(), storage.NewSealed(store, keys)); !errors.Is(err, storage.ErrDamaged) {
						t.Errorf("%s: %v, want ErrDamaged", what, err)
					}
				}
			})
		}
	}
}

func exchangeSecondLines(t *testing.T, a, b string) {
	t.Helper()
	lines := map[string][]string{}
	for _, path := range []string{a, b} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines[path] = strings.SplitAfter(string(text), "\n")
	}
	for path, other := range map[string]string{a: b, b: a} {
		// A new file, as every editor makes one.
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(lines[path][0]+lines[other][1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedKeyFiles(t *testing.T) {
	t.Parallel()
	changes := map[string]func([]byte) []byte{
		"emptied":      func([]byte) []byte { return nil },
		"cut":          func(b []byte) []byte { return b[:len(b)-3] },
		"no last line": func(b []byte) []byte { return b[:len(b)-1] },
		"grown":        func(b []byte) []byte { return append(b, 'x') },
		"a line more":  func(b []byte) []byte { return append(b, '\n') },
		"first line":   func(b []byte) []byte { b[3] ^= 1; return b },
		"wrapped key":  func(b []byte) []byte { b[len(b)-20] ^= 1; return b },
		"format":       func(b []byte) []byte { b[bytes.IndexByte(b, '\n')+1] = 'B'; return b },
	}
	for name, change := range changes {
		for _, file := range []string{"provider-1.key", "record-1.key"} {
			t.Run(name+" "+file, func(t *testing.T) {
				t.Parallel()
				r := newRing(t)
				store := storagetest.Memory()
				k := keep(t, storage.NewSealed(store, r.keys), []byte("one"), bindingOf(1, 1))
				text, err := os.ReadFile(r.path(file))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(r.path(file), change(text), 0o600); err != nil {
					t.Fatal(err)
				}
				keys := r.again(t)
				if _, err := k.read(t.Context(), storage.NewSealed(store, keys)); !errors.Is(err, storage.ErrDamaged) {
					t.Errorf("read: %v, want ErrDamaged", err)
				}
				if err := keys.Check(t.Context()); (err != nil) != (file == "provider-1.key") {
					t.Errorf("check: %v", err)
				}
			})
		}
	}
}

// Deleting a record's key file ends access at once, in a running program too,
// and touches no other record.
func TestDestroyedRecordKey(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	s := storage.NewSealed(storagetest.Memory(), r.keys)
	a, b := keep(t, s, []byte("one"), bindingOf(1, 1)), keep(t, s, []byte("two"), bindingOf(1, 2))
	if _, err := a.read(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.path("record-1.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := a.read(t.Context(), s); !errors.Is(err, storage.ErrNoKey) || !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("destroyed: %v, want ErrNoKey and ErrDamaged", err)
	}
	if _, err := os.Stat(r.path("record-1.key")); !os.IsNotExist(err) {
		t.Errorf("opening made a key: %v", err)
	}
	if got, err := b.read(t.Context(), s); err != nil || string(got) != "two" {
		t.Errorf("another record: %q, %v", got, err)
	}
	// A new key for the same record does not open what the old one closed.
	keep(t, s, []byte("new"), bindingOf(1, 1))
	if _, err := a.read(t.Context(), s); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("after a new key: %v, want ErrDamaged", err)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	s := storage.NewSealed(storagetest.Memory(), r.keys)
	a := keep(t, s, []byte("one"), bindingOf(1, 1))
	r.keys.Forget(1, 1)
	r.keys.Forget(1, 1)
	r.keys.Forget(5, 5)
	if got, err := a.read(t.Context(), s); err != nil || string(got) != "one" {
		t.Errorf("after Forget with the file there: %q, %v", got, err)
	}
}

// A provider key that was lost is not silently replaced.
func TestLostProviderKey(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	s := storage.NewSealed(storagetest.Memory(), r.keys)
	a := keep(t, s, []byte("one"), bindingOf(1, 1))
	keep(t, s, []byte("ten"), bindingOf(10, 10))
	lost := r.path("provider-1.key")
	if err := os.Rename(lost, lost+".away"); err != nil {
		t.Fatal(err)
	}
	s = storage.NewSealed(storagetest.Memory(), r.again(t))
	w, err := s.Put(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	b := bindingOf(1, 2)
	b.SHA256, b.Size = w.SHA256, w.Size
	if _, err := s.Wrap(t.Context(), w, b); err == nil {
		t.Error("a new provider key was made over the keys of the old one")
	}
	if err := os.Rename(lost+".away", lost); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Wrap(t.Context(), w, b); err != nil {
		t.Errorf("after restoring it: %v", err)
	}
	_ = a
}

// Many keyrings over one directory agree on every key.
func TestKeyringRace(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keyring")
	store := storagetest.Memory()
	all := make([]kept, 16)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			root, err := storage.NewFileRoot(filepath.Join(dir, "root.key"))
			if err != nil {
				t.Error(err)
				return
			}
			keys, err := storage.OpenKeyring(dir, root)
			if err != nil {
				t.Error(err)
				return
			}
			s := storage.NewSealed(store, keys)
			w, err := s.Put(t.Context(), strings.NewReader("x"))
			if err != nil {
				t.Error(err)
				return
			}
			b := storagetest.Binding(w)
			wrapped, err := s.Wrap(t.Context(), w, b)
			if err != nil {
				t.Error(err)
			}
			all[i] = kept{name: w.Name, wrapped: wrapped, binding: b}
		})
	}
	wait.Wait()
	s := storage.NewSealed(store, ring{dir: dir}.again(t))
	for i, k := range all {
		if got, err := k.read(t.Context(), s); err != nil || string(got) != "x" {
			t.Errorf("writer %d: %q, %v", i, got, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".new-*")); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestKeyringRefusesLooseDirectory(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	root, err := storage.NewFileRoot(r.path("root.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o701, 0o710, 0o750, 0o777} {
		if err := os.Chmod(r.dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := storage.OpenKeyring(r.dir, root); err == nil {
			t.Errorf("a keyring of mode %o was opened", mode)
		}
		if err := r.keys.Check(t.Context()); err == nil {
			t.Errorf("a keyring of mode %o passes the check", mode)
		}
	}
	if _, err := storage.OpenKeyring(r.path("root.key"), root); err == nil {
		t.Error("a file was opened as a keyring")
	}
}

func TestKeyringLeftovers(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	old, young := r.path(".new-1"), r.path(".new-2")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	r.again(t)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old leftover: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young one: %v", err)
	}
}

func TestFileRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "root.key")
	root, err := storage.NewFileRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
		t.Fatalf("the file: %+v, %v", info, err)
	}
	wrapped, err := root.Wrap(t.Context(), []byte("key"), []byte("for"))
	if err != nil {
		t.Fatal(err)
	}
	same, err := storage.NewFileRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	if key, err := same.Unwrap(t.Context(), wrapped, []byte("for")); err != nil || string(key) != "key" {
		t.Errorf("unwrap: %q, %v", key, err)
	}
	if _, err := same.Unwrap(t.Context(), wrapped, []byte("other")); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("other associated data: %v", err)
	}
	write := func(name string, n int, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, n), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{
		"readable by the group": write("g", 32, 0o640), "readable by others": write("o", 32, 0o604),
		"short": write("s", 31, 0o600), "long": write("l", 33, 0o600), "empty": write("e", 0, 0o600),
		"a directory": dir, "a link": link,
	} {
		if _, err := storage.NewFileRoot(path); err == nil {
			t.Errorf("%s: was taken", what)
		}
	}
}

// failingRoot stands for a vault that does not answer.
type failingRoot struct{ err error }

func (f failingRoot) Wrap(context.Context, []byte, []byte) ([]byte, error)   { return nil, f.err }
func (f failingRoot) Unwrap(context.Context, []byte, []byte) ([]byte, error) { return nil, f.err }

// A root that cannot be asked is not a finding of damage, and another root
// does not pass the check.
func TestOtherRoots(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	store := storagetest.Memory()
	k := keep(t, storage.NewSealed(store, r.keys), []byte("one"), bindingOf(1, 1))
	down := errors.New("vault is sealed")
	keys, err := storage.OpenKeyring(r.dir, failingRoot{down})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.read(t.Context(), storage.NewSealed(store, keys)); !errors.Is(err, down) || errors.Is(err, storage.ErrDamaged) {
		t.Errorf("root down: %v", err)
	}
	if err := keys.Check(t.Context()); !errors.Is(err, down) {
		t.Errorf("check with the root down: %v", err)
	}
	other, err := storage.NewFileRoot(filepath.Join(t.TempDir(), "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = storage.OpenKeyring(r.dir, other); err != nil {
		t.Fatal(err)
	}
	if err := keys.Check(t.Context()); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("check with another root: %v", err)
	}
	if _, err := storage.OpenKeyring(r.dir, nil); err == nil {
		t.Error("opened without a root")
	}
}
