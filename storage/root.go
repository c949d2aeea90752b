package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// A Root wraps the keys of providers. It is the one secret everything hangs
// on: a file here; a key that never leaves a vault or a hardware module
// elsewhere, which is why wrapping is asked for and the key is not.
type Root interface {
	// Wrap encrypts a key, bound to associated.
	Wrap(ctx context.Context, key, associated []byte) ([]byte, error)
	// Unwrap undoes Wrap. What does not open under the same associated data
	// is an error wrapping ErrDamaged; any other error means that the root
	// could not be asked.
	Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error)
}

// FileRoot is a root key in a file of 32 random bytes.
type FileRoot struct {
	key *[keySize]byte // a pointer, so that printing the struct prints no key
}

var _ Root = (*FileRoot)(nil)

// NewFileRoot reads the root key from path. When there is no file it makes
// one of mode 0600 with a fresh key (and its directory, mode 0700), whole or
// not at all; of several that start at once all end with the same key. A file
// that group or others have rights on, that is no regular file, or that is
// not exactly 32 bytes long is refused.
func NewFileRoot(path string) (*FileRoot, error) {
	root, err := readRoot(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	var key [keySize]byte
	rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	if err := writeOnce(path, key[:]); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("root key: %w", err)
	}
	return readRoot(path)
}

func readRoot(path string) (*FileRoot, error) {
	// Lstat, because a link could point to a file whose directory others own,
	// and opening a named pipe would wait for ever.
	info, err := os.Lstat(path)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("root key: %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if !os.SameFile(info, opened) {
		return nil, fmt.Errorf("root key: %s was replaced while it was read", path)
	}
	if err := private(path, opened); err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	if opened.Size() != keySize {
		return nil, fmt.Errorf("root key: %s has %d bytes and must have %d", path, opened.Size(), keySize)
	}
	root := &FileRoot{key: new([keySize]byte)}
	if _, err := io.ReadFull(f, root.key[:]); err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	return root, nil
}

// Wrap implements Root.
func (r *FileRoot) Wrap(_ context.Context, key, associated []byte) ([]byte, error) {
	return wrapKey(r.key[:], key, associated)
}

// Unwrap implements Root.
func (r *FileRoot) Unwrap(_ context.Context, wrapped, associated []byte) ([]byte, error) {
	return unwrapKey(r.key[:], wrapped, associated)
}

const hiddenRoot = "storage.FileRoot(hidden)"

// Format prints a fixed word for every verb.
func (r *FileRoot) Format(f fmt.State, _ rune) { io.WriteString(f, hiddenRoot) }

// LogValue logs a fixed word.
func (r *FileRoot) LogValue() slog.Value { return slog.StringValue(hiddenRoot) }
