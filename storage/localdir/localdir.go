// Package localdir keeps objects as files in one directory tree.
//
// Purpose: the default storage.Store, for one machine or a shared file
// system with hard links.
//
// Promise: the contract of storage.Store. An object is written to a temporary
// file in the same tree, made durable, and then linked to its name, which
// fails when the name is taken; so a name never stands for half an object,
// not even after a power cut. Directories have mode 0700, files 0600. Names
// never become paths: only 32 hexadecimal characters are accepted.
//
// Limits: the tree belongs to this package; files that do not look like
// objects are left alone and not listed. The file system must have hard links
// and honest fsync. No encryption: that is storage.Sealed.
package localdir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"custodian/storage"
)

const (
	tempDir    = "tmp"
	tempAge    = 48 * time.Hour // longer than any upload lasts: an older temporary file was left by a crash
	bufferSize = 1 << 20
	shardChars = 2 // of the name: 256 directories
)

// Store is a directory of objects: <dir>/<first two characters>/<name>.
type Store struct {
	dir     string
	buffers sync.Pool // *[]byte of bufferSize
}

var _ storage.Store = (*Store)(nil)

// New opens the store in dir and creates the directory when it is not there.
// A directory that group or others have rights on is refused. Temporary files
// that a crash left more than an hour ago are removed.
func New(dir string) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, tempDir), 0o700); err != nil {
		return nil, fmt.Errorf("localdir: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("localdir: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("localdir: %s has mode %04o: group and others must have no rights on it", dir, mode)
	}
	s := &Store{dir: dir, buffers: sync.Pool{New: func() any {
		b := make([]byte, bufferSize)
		return &b
	}}}
	if err := s.removeLeftovers(); err != nil {
		return nil, fmt.Errorf("localdir: %w", err)
	}
	return s, nil
}

// removeLeftovers removes old temporary files. A young one may belong to a
// writer in another process.
func (s *Store) removeLeftovers() error {
	dir := filepath.Join(s.dir, tempDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < tempAge {
			continue // gone already, or in use
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Put implements storage.Store.
func (s *Store) Put(ctx context.Context, name storage.Name, body io.Reader) (int64, error) {
	path, err := s.path(name)
	if err != nil {
		return 0, err
	}
	n, err := s.put(ctx, path, body)
	if err != nil {
		return 0, fmt.Errorf("localdir: put %s: %w", name, err)
	}
	return n, nil
}

func (s *Store) put(ctx context.Context, path string, body io.Reader) (int64, error) {
	if _, err := os.Lstat(path); err == nil {
		return 0, storage.ErrExists // early, before the body is read; link decides
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, tempDir), "put-") // mode 0600
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) // what stays after a failure here is removed by New
	n, err := s.copy(ctx, f, body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.publish(f.Name(), path); err != nil {
		return 0, err
	}
	return n, nil
}

// copy moves body into f and asks the kernel to start writing early, so that
// the disk works while the body still comes.
func (s *Store) copy(ctx context.Context, f *os.File, body io.Reader) (int64, error) {
	buf := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(buf)
	w := earlyWriter{f: f}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := storage.Fill(body, *buf)
		if _, err := w.write((*buf)[:n]); err != nil {
			return 0, err
		}
		if err == io.EOF {
			return w.written, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read body: %w", err)
		}
	}
}

// publish gives a finished file its name. When it fails, it leaves no name
// that it made.
func (s *Store) publish(temp, path string) error {
	dir := filepath.Dir(path)
	err := os.Mkdir(dir, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Also when it was there: its maker may not have come this far yet.
	if err := syncDir(s.dir); err != nil {
		return err
	}
	if err := os.Link(temp, path); errors.Is(err, fs.ErrExist) {
		return storage.ErrExists
	} else if err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open implements storage.Store.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Object, error) {
	path, err := s.path(name)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("localdir: open %s: %w", name, err)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("localdir: open %s: %w", name, storage.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("localdir: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("localdir: %w", err), f.Close())
	}
	return &object{File: f, done: ctx.Err, size: info.Size()}, nil
}

// object is an open file that fails once its context is done.
type object struct {
	*os.File
	done func() error
	size int64
}

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	if err := o.done(); err != nil {
		return 0, err
	}
	return o.File.ReadAt(p, off)
}

func (o *object) Size() int64 { return o.size }

// Remove implements storage.Store.
func (s *Store) Remove(ctx context.Context, name storage.Name) error {
	path, err := s.path(name)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("localdir: remove %s: %w", name, err)
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("localdir: %w", err)
	}
	return nil
}

// Check implements storage.Store: the directory, and the one for files on
// their way, are there. A disk that is not mounted shows here.
func (s *Store) Check(context.Context) error {
	for _, dir := range []string{s.dir, filepath.Join(s.dir, tempDir)} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return errors.Join(fmt.Errorf("localdir: %s is not there", dir), err)
		}
	}
	return nil
}

// List implements storage.Store.
func (s *Store) List(ctx context.Context) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		shards, err := os.ReadDir(s.dir)
		for _, shard := range shards {
			if err != nil {
				break
			}
			if len(shard.Name()) != shardChars || !shard.IsDir() {
				continue
			}
			var more bool
			if more, err = s.listShard(ctx, shard.Name(), yield); !more && err == nil {
				return
			}
		}
		if err != nil {
			yield(storage.Info{}, fmt.Errorf("localdir: list: %w", err))
		}
	}
}

// listShard yields the objects of one directory; more says to go on.
func (s *Store) listShard(ctx context.Context, shard string, yield func(storage.Info, error) bool) (more bool, err error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, shard))
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		name := storage.Name(e.Name())
		if name.Check() != nil || e.Name()[:shardChars] != shard {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return false, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if !yield(storage.Info{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// path is where an object stands.
func (s *Store) path(name storage.Name) (string, error) {
	if err := name.Check(); err != nil {
		return "", fmt.Errorf("localdir: %w", err)
	}
	return filepath.Join(s.dir, string(name[:shardChars]), string(name)), nil
}
