package localdir_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"custodian/storage"
	"custodian/storage/localdir"
	"custodian/storage/storagetest"
)

func open(t testing.TB, dir string) *localdir.Store {
	t.Helper()
	s, err := localdir.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return open(t, filepath.Join(t.TempDir(), "objects")) })
}

func TestFlatMemory(t *testing.T) {
	storagetest.Flat(t, open(t, filepath.Join(t.TempDir(), "objects")))
}

func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b, filepath.Join(b.TempDir(), "objects")) })
}

// Nothing in the tree can be read by group or others, and a failure leaves no
// temporary file behind.
func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "objects")
	s := open(t, dir)
	for range 3 {
		if _, err := s.Put(t.Context(), storage.NewName(), bytes.NewReader([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	files := 0
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		want := os.FileMode(0o700)
		if !info.IsDir() {
			want = 0o600
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files != 3 {
		t.Errorf("%d files, %v; want 3", files, err)
	}
}

func TestLooseDirectoryRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if _, err := localdir.New(dir); err == nil {
		t.Error("a directory that the group may read was taken")
	}
}

// What a crash left is removed once it is old; what another process writes at
// the moment stays; strange files are neither removed nor listed.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "objects")
	open(t, dir)
	old, young := filepath.Join(dir, "tmp", "put-1"), filepath.Join(dir, "tmp", "put-2")
	strange := filepath.Join(dir, "ab", "notes.txt")
	if err := os.Mkdir(filepath.Dir(strange), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{old, young, strange} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-49 * time.Hour)
	for _, path := range []string{old, strange} {
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the old leftover: %v", err)
	}
	for _, path := range []string{young, strange} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("must stay: %v", err)
		}
	}
	for info, err := range s.List(t.Context()) {
		t.Errorf("listed %+v, %v", info, err)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	storagetest.RunMarks(t, func(t *testing.T) storage.Marks {
		s, err := localdir.New(t.TempDir() + "/store")
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
