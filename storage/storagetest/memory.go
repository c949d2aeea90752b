package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"custodian/storage"
)

// Memory returns an empty Store that lives in memory, for the tests of other
// packages. It keeps the contract as the real ones do, but for surviving a
// crash.
func Memory() storage.Store { return &memory{objects: map[storage.Name]*stored{}} }

// MemoryMarks returns an empty storage.Marks that lives in memory.
func MemoryMarks() storage.Marks { return &memory{marks: map[string][]byte{}} }

type memory struct {
	mu      sync.Mutex
	objects map[storage.Name]*stored
	marks   map[string][]byte
}

type stored struct {
	data     []byte
	modified time.Time
}

func (m *memory) Put(ctx context.Context, name storage.Name, body io.Reader) (int64, error) {
	if err := name.Check(); err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	data, err := io.ReadAll(stopped{ctx, body})
	if err != nil {
		return 0, fmt.Errorf("memory: put %s: read body: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.objects[name] != nil {
		return 0, fmt.Errorf("memory: put %s: %w", name, storage.ErrExists)
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("memory: put %s: %w", name, err)
	}
	m.objects[name] = &stored{data: data, modified: time.Now()}
	return int64(len(data)), nil
}

// stopped is a reader that fails once its context is done.
type stopped struct {
	ctx context.Context
	r   io.Reader
}

func (s stopped) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

func (m *memory) Open(ctx context.Context, name storage.Name) (storage.Object, error) {
	if err := name.Check(); err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("memory: open %s: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.objects[name]
	if s == nil {
		return nil, fmt.Errorf("memory: open %s: %w", name, storage.ErrNotFound)
	}
	return &object{Reader: bytes.NewReader(s.data), done: ctx.Err}, nil
}

type object struct {
	*bytes.Reader
	done   func() error
	closed atomic.Bool
}

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	if o.closed.Load() {
		return 0, errors.New("memory: object is closed")
	}
	if err := o.done(); err != nil {
		return 0, err
	}
	return o.Reader.ReadAt(p, off)
}

func (o *object) Close() error {
	o.closed.Store(true)
	return nil
}

func (m *memory) Check(ctx context.Context) error { return ctx.Err() }

func (m *memory) Remove(ctx context.Context, name storage.Name) error {
	if err := name.Check(); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: remove %s: %w", name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.objects, name)
	return nil
}

func (m *memory) List(ctx context.Context) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		m.mu.Lock()
		objects := maps.Clone(m.objects)
		m.mu.Unlock()
		for name, s := range objects {
			if err := ctx.Err(); err != nil {
				yield(storage.Info{}, fmt.Errorf("memory: list: %w", err))
				return
			}
			if !yield(storage.Info{Name: name, Size: int64(len(s.data)), Modified: s.modified}, nil) {
				return
			}
		}
	}
}
