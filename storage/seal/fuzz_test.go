package seal

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// fuzzKey is fixed so that the seeds below are real objects under it.
func fuzzKey(t testing.TB) Key {
	key, err := ParseKey(bytes.Repeat([]byte{0x42}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Any bytes in the place of an object, read from any offset, give an error or
// exactly the sealed plaintext. The bytes are the object, cut or grown to
// length, with patch laid over it at a place: so the fuzzer reaches deep
// regions, and arbitrary bytes, with small inputs.
func FuzzOpen(f *testing.F) {
	key := fuzzKey(f)
	plain := body(2*PackageSize + 99)
	object := sealed(f, plain, key)
	all := uint32(len(object))
	f.Add([]byte{}, uint32(0), all, uint32(0), uint32(len(plain)))
	f.Add([]byte{}, uint32(0), all-1, uint32(0), uint32(len(plain)))
	f.Add([]byte{}, uint32(0), all+1, uint32(5), uint32(10))
	f.Add([]byte{}, uint32(0), uint32(0), uint32(0), uint32(1))
	f.Add([]byte{}, uint32(0), uint32(sealedSize), uint32(PackageSize), uint32(PackageSize))
	f.Add(object[sealedSize:sealedSize+headerSize], uint32(0), all, uint32(7), uint32(10))
	f.Add(object[2*sealedSize:], uint32(sealedSize), all, uint32(PackageSize), uint32(99))
	f.Add([]byte{0x10, 1, 0xff, 0xff}, uint32(0), all, uint32(0), uint32(9))
	f.Fuzz(func(t *testing.T, patch []byte, at, length, off, n uint32) {
		stored := append(bytes.Clone(object), make([]byte, 1000)...)
		stored = stored[:int(length)%len(stored)]
		if len(stored) > 0 {
			copy(stored[int(at)%len(stored):], patch)
		}
		checkOpen(t, stored, object, plain, int(off)%(len(plain)+10), int(n)%(3*PackageSize))
	})
}

// checkOpen reads n bytes at off from stored and holds them against plain.
func checkOpen(t *testing.T, stored, object, plain []byte, off, n int) {
	o, err := OpenAt(bytes.NewReader(stored), int64(len(plain)), fuzzKey(t))
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, n)
	k, err := o.ReadAt(buf, int64(off))
	want := plain[min(off, len(plain)):min(off+n, len(plain))]
	if k > len(want) || !bytes.Equal(buf[:k], want[:k]) {
		t.Fatalf("%d bytes at %d are not what was sealed", k, off)
	}
	switch {
	case err == nil && k != n, err == io.EOF && k != len(want):
		t.Fatalf("%d of %d bytes at %d with %v", k, n, off, err)
	case err != nil && err != io.EOF && !errors.Is(err, ErrDamaged):
		t.Fatalf("an error of another kind: %v", err)
	}
	whole := len(stored) >= len(object) && bytes.Equal(stored[:len(object)], object)
	if whole && errors.Is(err, ErrDamaged) {
		t.Fatalf("a good object was refused: %v", err)
	}
}

// What is sealed opens to the same bytes, whatever pieces it came in.
func FuzzRoundTrip(f *testing.F) {
	key := fuzzKey(f)
	f.Add([]byte("a care plan"), uint16(0), uint16(3))
	f.Add([]byte{}, uint16(0), uint16(1))
	f.Add(body(PackageSize), uint16(1), uint16(PackageSize-1))
	f.Fuzz(func(t *testing.T, part []byte, repeat, off uint16) {
		plain := bytes.Repeat(part, 1+int(repeat)%64)
		if len(plain) > 4<<20 {
			plain = plain[:4<<20]
		}
		object := sealed(t, plain, key)
		got, err := open(object, int64(len(plain)), key)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes do not come back: %v", len(plain), err)
		}
		o, err := OpenAt(bytes.NewReader(object), int64(len(plain)), key)
		if err != nil {
			t.Fatal(err)
		}
		at := min(int(off), len(plain))
		rest, err := io.ReadAll(io.NewSectionReader(o, int64(at), int64(len(plain)-at)))
		if err != nil || !bytes.Equal(rest, plain[at:]) {
			t.Fatalf("from %d: %v", at, err)
		}
	})
}
