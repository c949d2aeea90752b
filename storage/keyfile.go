package storage

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tempPrefix begins the names of key files still being written. One that is
// older than tempAge was left by a crash.
const (
	tempPrefix = ".new-"
	tempAge    = time.Hour
)

// writeOnce creates the file whole or not at all, mode 0600, and never
// replaces one that exists: then it returns an error wrapping fs.ErrExist.
// When it returns nil the file survives a crash of the machine.
func writeOnce(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, tempPrefix) // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, os.Remove(f.Name()))
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the entries of a directory survive a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// removeLeftovers removes files that a crash left half written.
func removeLeftovers(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < tempAge {
			continue // gone already, or somebody is writing it
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// private refuses a file or directory that others may look into.
func private(path string, info fs.FileInfo) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o: group and others must have no rights on it", path, mode)
	}
	return nil
}

// keyText is the content of a key file: a line that says whose key it is, for
// people, and the wrapped key in base64. Only the wrap proves the line.
func keyText(title string, wrapped []byte) []byte {
	return []byte(title + "\n" + base64.StdEncoding.EncodeToString(wrapped) + "\n")
}

// parseKeyText takes the wrapped key out of a key file that has this title.
func parseKeyText(title string, text []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(text), title+"\n")
	if !ok {
		return nil, fmt.Errorf("the key file does not begin with %q: %w", title, ErrDamaged)
	}
	line, ok := strings.CutSuffix(rest, "\n")
	wrapped, err := base64.StdEncoding.Strict().DecodeString(line)
	if !ok || err != nil || strings.ContainsAny(line, "\r\n") {
		return nil, fmt.Errorf("the key file has more or less than one line of base64: %w", ErrDamaged)
	}
	return wrapped, nil
}
