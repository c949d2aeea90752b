// Package storagetest is the contract of storage.Store as tests and a
// benchmark.
//
// Purpose: every store runs Run and Bench; Memory is a store for the tests of
// other packages.
//
// Promise: a store that passes Run can carry storage.Sealed. Run checks what
// the contract says in words: write-once under racing writers, nothing left by
// a failure of any kind, exact ranges, complete lists, names that are names.
//
// Limits: it cannot pull the plug. That an object survives a crash of the
// machine is argued in each store, not tested here.
package storagetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"custodian/storage"
)

// Run runs the contract against stores from open. Each check opens a store of
// its own, which must be empty and must not be shared with another check.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	t.Parallel()
	checks := []struct {
		name string
		run  func(t *testing.T, s storage.Store)
	}{
		{"sizes come back whole", checkSizes},
		{"twenty mebibytes come back whole", checkLarge},
		{"a body in small pieces comes back whole", checkPieces},
		{"a second put is refused and changes nothing", checkWriteOnce},
		{"of sixteen racing writers one wins", checkRace},
		{"of racing writers of long objects one wins", checkLongRace},
		{"a failing body leaves nothing", checkFailingBody},
		{"a body cut short leaves nothing", checkCutBody},
		{"a name is free again after a failure", checkFreeAfterFailure},
		{"a failing writer leaves another's object alone", checkFailureKeepsOther},
		{"a context cancelled before leaves nothing", checkCancelledBefore},
		{"a context cancelled in the middle leaves nothing", checkCancelledDuring},
		{"an object that is not there is not found", checkNotFound},
		{"names that are not names are refused", checkNames},
		{"ranges are exact", checkRanges},
		{"reads at and past the end say so", checkEnds},
		{"reads at a negative offset fail", checkNegative},
		{"ranges read at the same time are exact", checkParallelReads},
		{"two opened objects do not disturb each other", checkTwoOpen},
		{"a closed object does not read", checkClosed},
		{"reading ends with the context", checkReadCancelled},
		{"a removed object is gone, and may be removed again", checkRemove},
		{"a removed name is free", checkPutAfterRemove},
		{"an empty store lists nothing", checkListEmpty},
		{"a list is complete and true", checkList},
		{"a list can be left early", checkListEarly},
		{"a list ends with the context", checkListCancelled},
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

// package64 is the plaintext size of a sealed package; sizes around it, and
// around a part of an upload, are where mistakes live.
const (
	package64 = 64 << 10
	part      = 8 << 20
)

// Body gives n bytes that differ from place to place and from seed to seed.
func Body(seed uint64, n int) []byte {
	block := binary.BigEndian.AppendUint64(nil, seed)
	out := make([]byte, 0, n+sha256.Size)
	for i := uint64(0); len(out) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(block[:8], i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

// put stores data under a new name.
func put(t *testing.T, s storage.Store, data []byte) storage.Name {
	t.Helper()
	name := storage.NewName()
	n, err := s.Put(t.Context(), name, bytes.NewReader(data))
	if err != nil || n != int64(len(data)) {
		t.Fatalf("put %d bytes: %d, %v", len(data), n, err)
	}
	return name
}

// whole reads an object.
func whole(t *testing.T, s storage.Store, name storage.Name) []byte {
	t.Helper()
	o := opened(t, s, name)
	data, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()+1))
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return data
}

// opened opens an object until the test ends.
func opened(t *testing.T, s storage.Store, name storage.Name) storage.Object {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { o.Close() }) // some checks have closed it before
	return o
}

// absent fails unless nothing stands under name, by Open and by List.
func absent(t *testing.T, s storage.Store, name storage.Name) {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err == nil {
		t.Errorf("an object of %d bytes is there", o.Size())
		o.Close()
	} else if !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
	if _, ok := listed(t, s)[name]; ok {
		t.Error("the list has it")
	}
}

// listed is the whole list; it fails on a name listed twice.
func listed(t *testing.T, s storage.Store) map[storage.Name]storage.Info {
	t.Helper()
	all := map[storage.Name]storage.Info{}
	for info, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if _, twice := all[info.Name]; twice {
			t.Errorf("listed twice: %s", info.Name)
		}
		all[info.Name] = info
	}
	return all
}

// cancelled is a context that ends once n bytes of r were read.
func cancelled(ctx context.Context, r io.Reader, n int) (context.Context, io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, io.MultiReader(io.LimitReader(r, int64(n)), readerFunc(func(p []byte) (int, error) {
		cancel()
		return r.Read(p)
	}))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
