package storagetest

import (
	"crypto/sha256"
	"io"
	"testing"

	"custodian/storage"
)

// BenchSize is the length of the object that Bench moves.
const BenchSize = 256 << 20

// Bench measures a store bare and sealed, up and down, in one run, so that
// their ratio is fair: plain-up stores the bytes and does nothing else,
// hashed-up takes their SHA-256 first, in the same goroutine, as an unsealed
// store of documents would have to; sealed-up hashes and seals them; plain-down and sealed-down read the
// same length in order.
func Bench(b *testing.B, open func(b *testing.B) storage.Store) {
	store := open(b)
	sealed := storage.NewSealed(store, Keyring(b))
	b.Run("sealed-up", func(b *testing.B) {
		measure(b, func() { benchSealed(b, sealed) }, func() { sweep(b, store) })
	})
	b.Run("plain-up", func(b *testing.B) {
		measure(b, func() { benchPlain(b, store) }, func() { sweep(b, store) })
	})
	b.Run("hashed-up", func(b *testing.B) {
		measure(b, func() {
			body := io.TeeReader(&pattern{left: BenchSize}, sha256.New())
			if _, err := store.Put(b.Context(), storage.NewName(), body); err != nil {
				b.Fatal(err)
			}
		}, func() { sweep(b, store) })
	})
	w := benchSealed(b, sealed)
	binding := Binding(w)
	wrapped, err := sealed.Wrap(b.Context(), w, binding)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sealed-down", func(b *testing.B) {
		measure(b, func() {
			c, err := sealed.Open(b.Context(), w.Name, wrapped, binding)
			if err != nil {
				b.Fatal(err)
			}
			readAll(b, c)
			c.Close()
		}, nil)
	})
	name := benchPlain(b, store)
	b.Run("plain-down", func(b *testing.B) {
		measure(b, func() {
			o, err := store.Open(b.Context(), name)
			if err != nil {
				b.Fatal(err)
			}
			readAll(b, inMegabytes(o))
			o.Close()
		}, nil)
	})
}

// measure times act and not tidy.
func measure(b *testing.B, act, tidy func()) {
	b.SetBytes(BenchSize)
	b.ReportAllocs()
	for b.Loop() {
		act()
		if tidy != nil {
			b.StopTimer()
			tidy()
			b.StartTimer()
		}
	}
}

func benchSealed(b *testing.B, s *storage.Sealed) *storage.Written {
	b.Helper()
	w, err := s.Put(b.Context(), &pattern{left: BenchSize})
	if err != nil {
		b.Fatal(err)
	}
	return w
}

func benchPlain(b *testing.B, s storage.Store) storage.Name {
	b.Helper()
	name := storage.NewName()
	if _, err := s.Put(b.Context(), name, &pattern{left: BenchSize}); err != nil {
		b.Fatal(err)
	}
	return name
}

// sweep removes everything, so that a long run does not fill the disk.
func sweep(b *testing.B, s storage.Store) {
	b.Helper()
	for info, err := range s.List(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Remove(b.Context(), info.Name); err != nil {
			b.Fatal(err)
		}
	}
}

// readAll reads as a web server does: in pieces of 32 KiB.
func readAll(b *testing.B, r io.Reader) {
	b.Helper()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 32<<10))
	if err != nil || n != BenchSize {
		b.Fatalf("read %d bytes, %v", n, err)
	}
}

// inMegabytes reads an object in order, in the pieces that Content asks for,
// so that plain-down makes no more requests than sealed-down.
func inMegabytes(o storage.Object) io.Reader {
	return &megabytes{o: o, buf: make([]byte, 1<<20)}
}

type megabytes struct {
	o    storage.Object
	buf  []byte
	rest []byte
	off  int64
}

func (m *megabytes) Read(p []byte) (int, error) {
	if len(m.rest) == 0 {
		n, err := m.o.ReadAt(m.buf, m.off)
		if n == 0 {
			return 0, err
		}
		m.rest, m.off = m.buf[:n], m.off+int64(n)
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

// pattern is a body of left bytes that costs next to nothing to make.
type pattern struct{ left int64 }

func (r *pattern) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), r.left))
	r.left -= int64(n)
	return n, nil
}
