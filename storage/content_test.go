package storage_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"custodian/storage"
	"custodian/storage/storagetest"
)

func TestContentIsAReader(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	for _, n := range []int{0, 1, 3000} { // it calls ReadAt at every offset
		k := keep(t, s, storagetest.Body(1, n), first)
		c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
		if err != nil {
			t.Fatal(err)
		}
		if c.Size() != int64(n) {
			t.Errorf("size %d of %d", c.Size(), n)
		}
		// iotest.TestReader reads in odd ways, seeks, and calls ReadAt.
		if err := iotest.TestReader(c, k.plain); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("read after close: %v", err)
		}
	}
}

// Random seeks and reads against the plaintext.
func TestContentSeeks(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	n := 6<<20 + 777
	k := keep(t, s, storagetest.Body(1, n), first)
	c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	random := rand.New(rand.NewPCG(1, 2))
	at := 0
	for range 300 {
		if random.IntN(3) == 0 {
			at = random.IntN(n + 10)
			if got, err := c.Seek(int64(at), io.SeekStart); got != int64(at) || err != nil {
				t.Fatalf("seek %d: %d, %v", at, got, err)
			}
		}
		buf := make([]byte, 1+random.IntN(1<<random.IntN(22)))
		k1, err := io.ReadFull(c, buf)
		want := k.plain[min(at, n):min(at+len(buf), n)]
		if !bytes.Equal(buf[:k1], want) || (err == nil) != (len(want) == len(buf)) {
			t.Fatalf("read %d at %d: %d, %v", len(buf), at, k1, err)
		}
		at += k1
	}
	for _, bad := range []struct {
		off    int64
		whence int
	}{{-1, io.SeekStart}, {-int64(n) - 1, io.SeekEnd}, {0, 9}} {
		if _, err := c.Seek(bad.off, bad.whence); err == nil {
			t.Errorf("seek %v gave no error", bad)
		}
	}
}

// After a damaged place was met, the sound parts still read and the damaged
// one still does not.
func TestContentSeeksAfterDamage(t *testing.T) {
	t.Parallel()
	store := storagetest.Memory()
	s := storage.NewSealed(store, storagetest.Keyring(t))
	k := keep(t, s, storagetest.Body(1, 4<<20), first)
	bad := raw(t, store, k.name)
	bad[20*sealedPackage+100] ^= 1
	replace(t, store, k.name, bad)
	c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 2 {
		if _, err := io.Copy(io.Discard, c); !errors.Is(err, storage.ErrDamaged) {
			t.Errorf("read all: %v", err)
		}
		for _, sound := range []int64{0, 21 * 65536} {
			if _, err := c.Seek(sound, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 100)
			if _, err := io.ReadFull(c, buf); err != nil || !bytes.Equal(buf, k.plain[sound:sound+100]) {
				t.Errorf("read at %d: %v", sound, err)
			}
		}
		if _, err := c.Seek(20*65536, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, storage.ErrDamaged) {
			t.Errorf("read at the damage: %d, %v", n, err)
		}
		if _, err := c.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
}

// Content serves range requests through net/http as it is.
func TestContentServes(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	k := keep(t, s, storagetest.Body(1, 2<<20), first)
	for _, test := range []struct {
		header   string
		from, to int
	}{{"", 0, 2 << 20}, {"bytes=65530-65545", 65530, 65546}, {"bytes=-5", 2<<20 - 5, 2 << 20}, {"bytes=1000000-", 1000000, 2 << 20}} {
		c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
		if err != nil {
			t.Fatal(err)
		}
		r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
		if test.header != "" {
			r.Header.Set("Range", test.header)
		}
		http.ServeContent(w, r, "x.bin", time.Time{}, c)
		if !bytes.Equal(w.Body.Bytes(), k.plain[test.from:test.to]) {
			t.Errorf("%q: %d bytes, status %d", test.header, w.Body.Len(), w.Code)
		}
		c.Close()
	}
}

// A long read makes few requests to the store, and a short range small ones.
func TestContentRequests(t *testing.T) {
	t.Parallel()
	counted := &counter{Store: storagetest.Memory()}
	s := storage.NewSealed(counted, storagetest.Keyring(t))
	k := keep(t, s, storagetest.Body(1, 32<<20), first)
	c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
	if err != nil {
		t.Fatal(err)
	}
	if n := counted.requests.Load(); n != 1 {
		t.Errorf("open made %d requests, want 1", n)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if n := counted.requests.Load(); n > 36 {
		t.Errorf("32 MiB in %d requests, want at most 36", n)
	}
	counted.requests.Store(0)
	counted.bytes.Store(0)
	if c, err = s.Open(t.Context(), k.name, k.wrapped, k.binding); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Seek(10<<20, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, 1000); err != nil {
		t.Fatal(err)
	}
	if n, size := counted.requests.Load(), counted.bytes.Load(); n != 2 || size != 2*sealedPackage {
		t.Errorf("a range of 1000 bytes made %d requests of %d bytes", n, size)
	}
}

type counter struct {
	storage.Store
	requests, bytes atomic.Int64
}

func (c *counter) Open(ctx context.Context, name storage.Name) (storage.Object, error) {
	o, err := c.Store.Open(ctx, name)
	return &countedObject{o, c}, err
}

type countedObject struct {
	storage.Object
	c *counter
}

func (o *countedObject) ReadAt(p []byte, off int64) (int, error) {
	o.c.requests.Add(1)
	o.c.bytes.Add(int64(len(p)))
	return o.Object.ReadAt(p, off)
}

// Reading ends when the context does, and Close in the middle of reading
// ahead waits for it.
func TestContentCancelled(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	k := keep(t, s, storagetest.Body(1, 8<<20), first)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := s.Open(ctx, k.name, k.wrapped, k.binding)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, 1<<20); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, c); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v, want context.Canceled", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if c, err = s.Open(t.Context(), k.name, k.wrapped, k.binding); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, c, 2<<20); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("close in the middle: %v", err)
	}
}

// Somebody hangs up: Close comes from another goroutine while a Read is under
// way. The Read fails or ends, and nothing falls over.
func TestCloseWhileReading(t *testing.T) {
	t.Parallel()
	keys := storagetest.Keyring(t)
	s := storage.NewSealed(storagetest.Memory(), keys)
	w, err := s.Put(t.Context(), bytes.NewReader(storagetest.Body(1, 8<<20)))
	if err != nil {
		t.Fatal(err)
	}
	b := storagetest.Binding(w)
	wrapped, err := s.Wrap(t.Context(), w, b)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		c, err := s.Open(t.Context(), w.Name, wrapped, b)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, c)
			ended <- err
		}()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Fatal("read from closed content")
		}
	}
}

// A record that has versions keeps its key, or nothing is added to it.
func TestWrapAgainMakesNoKey(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	w, err := s.Put(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	b := storagetest.Binding(w)
	if _, err := s.WrapAgain(t.Context(), w, b); !errors.Is(err, storage.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := s.Wrap(t.Context(), w, b); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WrapAgain(t.Context(), w, b); err != nil {
		t.Errorf("with its key: %v", err)
	}
}
