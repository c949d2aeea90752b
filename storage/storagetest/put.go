package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"custodian/storage"
)

func checkSizes(t *testing.T, s storage.Store) {
	for _, n := range []int{0, 1, 31, package64 - 1, package64, package64 + 1, 2 * package64, 1<<20 + 512, part - 1, part, part + 1} {
		data := Body(uint64(n), n)
		name := put(t, s, data)
		if o := opened(t, s, name); o.Size() != int64(n) {
			t.Errorf("size %d of %d", o.Size(), n)
		}
		if !bytes.Equal(whole(t, s, name), data) {
			t.Errorf("%d bytes differ", n)
		}
	}
}

func checkLarge(t *testing.T, s storage.Store) {
	data := Body(20, 20<<20+3)
	if !bytes.Equal(whole(t, s, put(t, s, data)), data) {
		t.Error("the bytes differ")
	}
}

func checkPieces(t *testing.T, s storage.Store) {
	data := Body(3, 300_001)
	for what, body := range map[string]io.Reader{
		"halves":        iotest.HalfReader(bytes.NewReader(data)),
		"end with data": iotest.DataErrReader(bytes.NewReader(data)),
		"empty reads":   &stutter{r: bytes.NewReader(data)},
	} {
		name := storage.NewName()
		n, err := s.Put(t.Context(), name, body)
		if err != nil || n != int64(len(data)) {
			t.Fatalf("%s: %d, %v", what, n, err)
		}
		if !bytes.Equal(whole(t, s, name), data) {
			t.Errorf("%s: the bytes differ", what)
		}
	}
}

// stutter returns no bytes and no error every other time, which io.Reader
// allows.
type stutter struct {
	r     io.Reader
	pause bool
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.pause = !s.pause; s.pause {
		return 0, nil
	}
	return s.r.Read(p[:min(len(p), 7001)])
}

func checkWriteOnce(t *testing.T, s storage.Store) {
	for _, n := range []int{0, 100, part + 100} {
		first := Body(1, n)
		name := put(t, s, first)
		for _, second := range [][]byte{first, Body(2, n), Body(2, 50), Body(2, part+5), nil} {
			if _, err := s.Put(t.Context(), name, bytes.NewReader(second)); !errors.Is(err, storage.ErrExists) {
				t.Errorf("second put of %d over %d bytes: %v, want ErrExists", len(second), n, err)
			}
		}
		if !bytes.Equal(whole(t, s, name), first) {
			t.Errorf("the object of %d bytes was changed", n)
		}
	}
}

func checkRace(t *testing.T, s storage.Store) {
	for range 5 {
		race(t, s, 16, 10_000)
	}
}

func checkLongRace(t *testing.T, s storage.Store) { race(t, s, 4, part+10_000) }

// race lets writers of one name start together, each with its own bytes.
func race(t *testing.T, s storage.Store, writers, size int) {
	t.Helper()
	name := storage.NewName()
	errs := make([]error, writers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range writers {
		data := Body(uint64(i), size)
		all.Go(func() {
			<-start
			_, errs[i] = s.Put(t.Context(), name, bytes.NewReader(data))
		})
	}
	close(start)
	all.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("writers %d and %d both succeeded", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, storage.ErrExists):
			t.Errorf("writer %d: %v, want ErrExists", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody succeeded")
	}
	if !bytes.Equal(whole(t, s, name), Body(uint64(winner), size)) {
		t.Error("the object is not the winner's")
	}
}

// failAt are the places where bodies fail: around the sizes at which a store
// changes its ways.
var failAt = []int{0, 1, package64, 1 << 20, part - 1, part, part + 1, 2*part + 5}

func checkFailingBody(t *testing.T, s storage.Store) {
	checkFailure(t, s, errors.New("cable pulled"))
}

// A body that is cut short fails with io.ErrUnexpectedEOF, which many helpers
// take for the end.
func checkCutBody(t *testing.T, s storage.Store) { checkFailure(t, s, io.ErrUnexpectedEOF) }

func checkFailure(t *testing.T, s storage.Store, fail error) {
	for _, n := range failAt {
		name := storage.NewName()
		body := io.MultiReader(bytes.NewReader(Body(9, n)), iotest.ErrReader(fail))
		if _, err := s.Put(t.Context(), name, body); !errors.Is(err, fail) {
			t.Errorf("after %d bytes: %v, want %v", n, err, fail)
		}
		absent(t, s, name)
	}
}

func checkFreeAfterFailure(t *testing.T, s storage.Store) {
	for _, n := range []int{10, part + 10} {
		name := storage.NewName()
		fail := errors.New("cable pulled")
		body := io.MultiReader(bytes.NewReader(Body(9, n)), iotest.ErrReader(fail))
		if _, err := s.Put(t.Context(), name, body); !errors.Is(err, fail) {
			t.Fatalf("first put: %v", err)
		}
		data := Body(4, n)
		if _, err := s.Put(t.Context(), name, bytes.NewReader(data)); err != nil {
			t.Fatalf("second put: %v", err)
		}
		if !bytes.Equal(whole(t, s, name), data) {
			t.Error("the bytes differ")
		}
	}
}

// The failing writer starts first, so that it cannot see the other's object
// before it fails.
func checkFailureKeepsOther(t *testing.T, s storage.Store) {
	data, fail := Body(5, 5000), errors.New("cable pulled")
	name := storage.NewName()
	body := io.MultiReader(bytes.NewReader(Body(6, part+7)), readerFunc(func([]byte) (int, error) {
		if _, err := s.Put(t.Context(), name, bytes.NewReader(data)); err != nil {
			return 0, fmt.Errorf("the other writer: %w", err)
		}
		return 0, fail
	}))
	if _, err := s.Put(t.Context(), name, body); !errors.Is(err, fail) {
		t.Errorf("put: %v, want %v", err, fail)
	}
	if !bytes.Equal(whole(t, s, name), data) {
		t.Error("the other's object was changed")
	}
}

func checkCancelledBefore(t *testing.T, s storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, n := range []int{0, 10, part + 10} {
		name := storage.NewName()
		if _, err := s.Put(ctx, name, bytes.NewReader(Body(1, n))); !errors.Is(err, context.Canceled) {
			t.Errorf("put of %d bytes: %v, want context.Canceled", n, err)
		}
		absent(t, s, name)
	}
	name := put(t, s, Body(1, 10))
	if _, err := s.Open(ctx, name); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v, want context.Canceled", err)
	}
	if err := s.Remove(ctx, name); !errors.Is(err, context.Canceled) {
		t.Errorf("remove: %v, want context.Canceled", err)
	}
}

func checkCancelledDuring(t *testing.T, s storage.Store) {
	for _, n := range failAt {
		name := storage.NewName()
		ctx, body := cancelled(t.Context(), bytes.NewReader(Body(1, n+1000)), n)
		if _, err := s.Put(ctx, name, body); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled after %d bytes: %v, want context.Canceled", n, err)
		}
		absent(t, s, name)
	}
}

func checkNotFound(t *testing.T, s storage.Store) {
	absent(t, s, storage.NewName())
}

func checkNames(t *testing.T, s storage.Store) {
	good := string(storage.NewName())
	for _, bad := range []string{
		"", ".", "..", "../" + good, "/etc/passwd", "a/b", good + "/", "/" + good[1:], good[:31], good + "0",
		"../../../../../../../../../tmp/xx", "..%2f..%2f..%2f..%2f..%2f..%2f..", "\x00" + good[1:], "G" + good[1:],
		"ABCDEF0123456789ABCDEF0123456789", good[:2] + "/" + good[3:], good[:2] + "\\" + good[3:], good[:29] + "\u202e",
	} {
		name := storage.Name(bad)
		if _, err := s.Put(t.Context(), name, bytes.NewReader([]byte("x"))); !errors.Is(err, storage.ErrName) {
			t.Errorf("put %q: %v, want ErrName", bad, err)
		}
		if _, err := s.Open(t.Context(), name); !errors.Is(err, storage.ErrName) {
			t.Errorf("open %q: %v, want ErrName", bad, err)
		}
		if err := s.Remove(t.Context(), name); !errors.Is(err, storage.ErrName) {
			t.Errorf("remove %q: %v, want ErrName", bad, err)
		}
	}
	if n := len(listed(t, s)); n != 0 {
		t.Errorf("%d objects were made", n)
	}
}
