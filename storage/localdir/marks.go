package localdir

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"custodian/storage"
)

// marksDir holds the marks. No object can lie in it: their directories have
// names of two characters.
const marksDir = "checkpoints"

var _ storage.Marks = (*Store)(nil)

// PutMark implements storage.Marks. The file may then be read and not written;
// whoever runs the program can still remove it, so a copy elsewhere is worth
// having.
func (s *Store) PutMark(ctx context.Context, name string, text []byte) error {
	err := s.putMark(ctx, name, text)
	if err == nil || !errors.Is(err, storage.ErrExists) {
		return err
	}
	if there, e := s.Mark(ctx, name); e == nil && bytes.Equal(there, text) {
		return nil
	}
	return err
}

func (s *Store) putMark(ctx context.Context, name string, text []byte) (err error) {
	if err := errors.Join(storage.CheckMark(name, text), ctx.Err()); err != nil {
		return fmt.Errorf("localdir: mark: %w", err)
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, tempDir), "mark-") // mode 0600
	if err != nil {
		return fmt.Errorf("localdir: mark: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err == nil {
		err = errors.Join(f.Chmod(0o400), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.publish(f.Name(), filepath.Join(s.dir, marksDir, name))
	}
	if err != nil {
		return fmt.Errorf("localdir: mark %s: %w", name, err)
	}
	return nil
}

// Mark implements storage.Marks.
func (s *Store) Mark(_ context.Context, name string) ([]byte, error) {
	if err := storage.CheckMark(name, nil); err != nil {
		return nil, fmt.Errorf("localdir: mark: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, marksDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("localdir: mark %s: %w", name, storage.ErrNotFound)
	}
	return text, err
}

// Marks implements storage.Marks.
func (s *Store) Marks(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		d, err := os.Open(filepath.Join(s.dir, marksDir))
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield("", fmt.Errorf("localdir: marks: %w", err))
			return
		}
		defer d.Close()
		for {
			names, err := d.Readdirnames(1000)
			for _, name := range names {
				if storage.CheckMark(name, nil) == nil && !yield(name, nil) {
					return
				}
			}
			if len(names) == 0 || ctx.Err() != nil {
				if err = ctx.Err(); err != nil {
					yield("", fmt.Errorf("localdir: marks: %w", err))
				}
				return
			}
			if err != nil {
				yield("", fmt.Errorf("localdir: marks: %w", err))
				return
			}
		}
	}
}
