package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"custodian/storage"
)

func checkRanges(t *testing.T, s storage.Store) {
	n := 3*package64 + 17
	data := Body(1, n)
	o := opened(t, s, put(t, s, data))
	for _, at := range []int{0, 1, package64 - 1, package64, package64 + 1, n - 18, n - 2} {
		for _, length := range []int{1, 2, 100, package64, package64 + 1, n} {
			buf := make([]byte, min(length, n-at))
			if k, err := o.ReadAt(buf, int64(at)); k != len(buf) || err != nil && err != io.EOF {
				t.Errorf("ReadAt(%d bytes, %d): %d, %v", len(buf), at, k, err)
			}
			if !bytes.Equal(buf, data[at:at+len(buf)]) {
				t.Errorf("ReadAt(%d bytes, %d): the bytes differ", len(buf), at)
			}
		}
	}
}

func checkEnds(t *testing.T, s storage.Store) {
	for _, n := range []int{0, 1, 1000, package64} {
		data := Body(1, n)
		o := opened(t, s, put(t, s, data))
		for _, past := range []int64{0, 1, 1 << 40} {
			if k, err := o.ReadAt(make([]byte, 5), int64(n)+past); k != 0 || err != io.EOF {
				t.Errorf("%d bytes, read %d past the end: %d, %v", n, past, k, err)
			}
		}
		if n == 0 {
			continue
		}
		buf := make([]byte, 50)
		if k, err := o.ReadAt(buf, int64(n)-1); k != 1 || err != io.EOF || buf[0] != data[n-1] {
			t.Errorf("%d bytes, read over the end: %d, %v", n, k, err)
		}
		if k, err := o.ReadAt(nil, 0); k != 0 || err != nil {
			t.Errorf("read of nothing: %d, %v", k, err)
		}
	}
}

func checkNegative(t *testing.T, s storage.Store) {
	o := opened(t, s, put(t, s, Body(1, 100)))
	if k, err := o.ReadAt(make([]byte, 5), -1); k != 0 || err == nil || err == io.EOF {
		t.Errorf("read at -1: %d, %v", k, err)
	}
}

func checkParallelReads(t *testing.T, s storage.Store) {
	n := 2 << 20
	data := Body(1, n)
	o := opened(t, s, put(t, s, data))
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for j := range 8 {
				at := (i*8 + j) * (n / 128)
				buf := make([]byte, 5000)
				if k, err := o.ReadAt(buf, int64(at)); k != len(buf) || err != nil {
					t.Errorf("ReadAt %d: %d, %v", at, k, err)
				}
				if !bytes.Equal(buf, data[at:at+len(buf)]) {
					t.Errorf("ReadAt %d: the bytes differ", at)
				}
			}
		})
	}
	all.Wait()
}

func checkTwoOpen(t *testing.T, s storage.Store) {
	one, two := Body(1, 1000), Body(2, 2000)
	a, b := opened(t, s, put(t, s, one)), opened(t, s, put(t, s, two))
	buf := make([]byte, 10)
	for range 2 {
		if _, err := a.ReadAt(buf, 500); err != nil || !bytes.Equal(buf, one[500:510]) {
			t.Errorf("first: %v", err)
		}
		if _, err := b.ReadAt(buf, 1500); err != nil || !bytes.Equal(buf, two[1500:1510]) {
			t.Errorf("second: %v", err)
		}
	}
	a.Close()
	if _, err := b.ReadAt(buf, 0); err != nil || !bytes.Equal(buf, two[:10]) {
		t.Errorf("second, after the first was closed: %v", err)
	}
}

func checkClosed(t *testing.T, s storage.Store) {
	o := opened(t, s, put(t, s, Body(1, 1000)))
	if err := o.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	if k, err := o.ReadAt(make([]byte, 5), 0); k != 0 || err == nil || err == io.EOF {
		t.Errorf("read: %d, %v", k, err)
	}
}

func checkReadCancelled(t *testing.T, s storage.Store) {
	name := put(t, s, Body(1, 1000))
	ctx, cancel := context.WithCancel(t.Context())
	o, err := s.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := o.ReadAt(make([]byte, 5), 0); err != nil {
		t.Fatal(err)
	}
	cancel()
	if k, err := o.ReadAt(make([]byte, 5), 0); k != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("read after the context ended: %d, %v", k, err)
	}
}

func checkRemove(t *testing.T, s storage.Store) {
	name, other := put(t, s, Body(1, 1000)), put(t, s, Body(2, 1000))
	for range 2 {
		if err := s.Remove(t.Context(), name); err != nil {
			t.Fatalf("remove: %v", err)
		}
		absent(t, s, name)
	}
	if err := s.Remove(t.Context(), storage.NewName()); err != nil {
		t.Errorf("remove what never was: %v", err)
	}
	if !bytes.Equal(whole(t, s, other), Body(2, 1000)) {
		t.Error("another object was changed")
	}
}

func checkPutAfterRemove(t *testing.T, s storage.Store) {
	name := put(t, s, Body(1, 1000))
	if err := s.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), name, bytes.NewReader(Body(2, 500))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole(t, s, name), Body(2, 500)) {
		t.Error("the bytes differ")
	}
}

func checkListEmpty(t *testing.T, s storage.Store) {
	if n := len(listed(t, s)); n != 0 {
		t.Errorf("%d objects in an empty store", n)
	}
}

func checkList(t *testing.T, s storage.Store) {
	// A minute of leave for the store's clock, which need not be ours.
	before := time.Now().Add(-time.Minute)
	want := map[storage.Name]int64{}
	for i := range 40 {
		want[put(t, s, Body(uint64(i), i*100))] = int64(i * 100)
	}
	got := listed(t, s)
	if len(got) != len(want) {
		t.Errorf("%d objects listed of %d", len(got), len(want))
	}
	for name, size := range want {
		info, ok := got[name]
		if !ok || info.Size != size || info.Name != name {
			t.Errorf("%s: %+v (listed %v), want size %d", name, info, ok, size)
		}
		if info.Modified.Before(before) || info.Modified.After(time.Now().Add(time.Minute)) {
			t.Errorf("%s: modified %v", name, info.Modified)
		}
	}
}

func checkListEarly(t *testing.T, s storage.Store) {
	for i := range 5 {
		put(t, s, Body(uint64(i), 10))
	}
	for _, err := range s.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := len(listed(t, s)); n != 5 {
		t.Errorf("%d objects in the next list, want 5", n)
	}
}

func checkListCancelled(t *testing.T, s storage.Store) {
	for i := range 5 {
		put(t, s, Body(uint64(i), 10))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.List(ctx) {
		if last != nil {
			t.Fatal("the list went on after an error")
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("list: %v, want context.Canceled", last)
	}
}
