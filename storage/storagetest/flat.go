package storagetest

import (
	"crypto/sha256"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"

	"custodian/storage"
)

// Flat moves 200 MiB up and down through Sealed over the store, and fails
// unless they come back whole and the heap, live and reserved, grows by less
// than 32 MiB. The test that calls it is not parallel, for Flat measures the
// memory of the whole process.
func Flat(t *testing.T, store storage.Store) {
	t.Helper()
	const size, limit = 200 << 20, 32 << 20
	s := storage.NewSealed(store, Keyring(t))
	peak := watchMemory(t)
	w, err := s.Put(t.Context(), &counting{left: size})
	if err != nil {
		t.Fatal(err)
	}
	b := Binding(w)
	wrapped, err := s.Wrap(t.Context(), w, b)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Open(t.Context(), w.Name, wrapped, b)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := sha256.New()
	if n, err := io.Copy(h, c); n != size || err != nil {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	if w.Size != size || [sha256.Size]byte(h.Sum(nil)) != w.SHA256 {
		t.Error("what came down is not what went up")
	}
	heap, sys := peak()
	t.Logf("200 MiB up and down: live heap grew by %.1f MiB at most, reserved memory by %.1f MiB", float64(heap)/(1<<20), float64(sys)/(1<<20))
	if heap > limit || sys > limit {
		t.Errorf("heap grew by %d bytes and reserved memory by %d; the limit is %d", heap, sys, limit)
	}
}

// watchMemory samples the heap until peak is called, which gives the greatest
// growth of live heap and of memory taken from the system.
func watchMemory(t *testing.T) (peak func() (heap, sys int64)) {
	t.Helper()
	runtime.GC()
	var start runtime.MemStats
	runtime.ReadMemStats(&start)
	stop := make(chan struct{})
	var all sync.WaitGroup
	var heap, sys uint64
	all.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			heap, sys = max(heap, now.HeapAlloc), max(sys, now.Sys)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() (int64, int64) {
		close(stop)
		all.Wait()
		return int64(heap) - int64(start.HeapAlloc), int64(sys) - int64(start.Sys)
	}
}

// counting is a body of left bytes, each other than the one before.
type counting struct {
	left int64
	next byte
}

func (c *counting) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), c.left))
	for i := range p[:n] {
		p[i] = c.next
		c.next += 7
	}
	c.left -= int64(n)
	return n, nil
}
