package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"custodian/storage"
)

func (m *memory) PutMark(ctx context.Context, name string, text []byte) error {
	if err := errors.Join(storage.CheckMark(name, text), ctx.Err()); err != nil {
		return fmt.Errorf("memory: mark: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if there, ok := m.marks[name]; ok && !bytes.Equal(there, text) {
		return fmt.Errorf("memory: mark %s: %w", name, storage.ErrExists)
	}
	m.marks[name] = bytes.Clone(text)
	return nil
}

func (m *memory) Mark(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, ok := m.marks[name]
	if !ok {
		return nil, fmt.Errorf("memory: mark %s: %w", name, storage.ErrNotFound)
	}
	return bytes.Clone(text), nil
}

func (m *memory) Marks(context.Context) iter.Seq2[string, error] {
	m.mu.Lock()
	names := maps.Clone(m.marks)
	m.mu.Unlock()
	return func(yield func(string, error) bool) {
		for name := range names {
			if !yield(name, nil) {
				return
			}
		}
	}
}

// RunMarks is the contract of storage.Marks as a test. fresh gives an empty one.
func RunMarks(t *testing.T, fresh func(*testing.T) storage.Marks) {
	t.Run("once", func(t *testing.T) { marksOnce(t, fresh(t)) })
	t.Run("names", func(t *testing.T) { marksNames(t, fresh(t)) })
	t.Run("race", func(t *testing.T) { marksRace(t, fresh(t)) })
}

func marksOnce(t *testing.T, m storage.Marks) {
	ctx := t.Context()
	if _, err := m.Mark(ctx, "a-1"); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
	for range 2 { // the same again is no error
		if err := m.PutMark(ctx, "a-1", []byte("one\n")); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.PutMark(ctx, "a-1", []byte("two\n")); !errors.Is(err, storage.ErrExists) {
		t.Errorf("another text under the name: %v", err)
	}
	if got, err := m.Mark(ctx, "a-1"); err != nil || string(got) != "one\n" {
		t.Errorf("%q, %v", got, err)
	}
	for i := range 5 {
		if err := m.PutMark(ctx, fmt.Sprintf("b.%d", i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]bool{}
	for name, err := range m.Marks(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if len(names) != 6 || !names["a-1"] || !names["b.4"] {
		t.Errorf("listed %v", names)
	}
	for range m.Marks(ctx) {
		break // a reader that stops early stops it
	}
}

func marksNames(t *testing.T, m storage.Marks) {
	for _, name := range []string{"", "../x", "a/b", ".hidden", "UPPER", "a b", "a\x00", "-a", strings.Repeat("a", 201)} {
		if err := m.PutMark(t.Context(), name, []byte("x")); !errors.Is(err, storage.ErrName) {
			t.Errorf("put %q: %v", name, err)
		}
		if _, err := m.Mark(t.Context(), name); err == nil {
			t.Errorf("read %q", name)
		}
	}
	if err := m.PutMark(t.Context(), "long", make([]byte, storage.MostMark+1)); err == nil {
		t.Error("a text of any length is kept")
	}
	for name := range m.Marks(t.Context()) {
		t.Errorf("left: %q", name)
	}
}

func marksRace(t *testing.T, m storage.Marks) {
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			switch err := m.PutMark(t.Context(), "raced", []byte{byte(i)}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, storage.ErrExists):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers of one name won", won.Load())
	}
}
