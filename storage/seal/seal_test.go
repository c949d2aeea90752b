package seal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
)

// body gives n bytes that differ from place to place.
func body(n int) []byte {
	out := make([]byte, 0, n+sha256.Size)
	for i := uint64(0); len(out) < n; i++ {
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
		out = append(out, sum[:]...)
	}
	return out[:n]
}

func sealed(t testing.TB, plain []byte, key Key) []byte {
	t.Helper()
	r, err := NewReader(bytes.NewReader(plain), key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// open reads everything, as a caller does: length first.
func open(object []byte, size int64, key Key) ([]byte, error) {
	want, err := SealedSize(size)
	if err != nil {
		return nil, err
	}
	if int64(len(object)) != want {
		return nil, ErrDamaged
	}
	o, err := OpenAt(bytes.NewReader(object), size, key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, size)
	n, err := o.ReadAt(out, 0)
	return out[:n], err
}

var sizes = []int{
	0, 1, 31, PackageSize - 1, PackageSize, PackageSize + 1, 2 * PackageSize,
	spanPackages*PackageSize - 1, spanPackages * PackageSize, spanPackages*PackageSize + 1, 3*spanPackages*PackageSize + 77,
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			plain, key := body(n), NewKey()
			object := sealed(t, plain, key)
			want, err := SealedSize(int64(n))
			if err != nil || int64(len(object)) != want {
				t.Fatalf("sealed to %d bytes, SealedSize says %d, %v", len(object), want, err)
			}
			got, err := open(object, int64(n), key)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("opened to %d bytes, equal %v, %v", len(got), bytes.Equal(got, plain), err)
			}
			if n > 32 && bytes.Contains(object, plain[:16]) {
				t.Error("the sealed object shows plaintext")
			}
		})
	}
}

func TestReadAtAnywhere(t *testing.T) {
	t.Parallel()
	n := 2*spanPackages*PackageSize + 1234
	plain, key := body(n), NewKey()
	o, err := OpenAt(bytes.NewReader(sealed(t, plain, key)), int64(n), key)
	if err != nil {
		t.Fatal(err)
	}
	if o.Size() != int64(n) {
		t.Fatalf("size %d", o.Size())
	}
	for _, at := range []int{0, 1, PackageSize - 1, PackageSize, PackageSize + 1, n - PackageSize, n - 1234, n - 1, n} {
		for _, length := range []int{0, 1, 100, PackageSize, PackageSize + 1, spanPackages*PackageSize + 5} {
			buf := make([]byte, length)
			k, err := o.ReadAt(buf, int64(at))
			want := plain[at:min(n, at+length)]
			short := at+length > n
			if !bytes.Equal(buf[:k], want) || (err == io.EOF) != short || (err != nil && !short) {
				t.Errorf("ReadAt(%d bytes, %d): %d bytes, %v", length, at, k, err)
			}
		}
	}
	if _, err := o.ReadAt(make([]byte, 1), -1); err == nil || err == io.EOF {
		t.Errorf("negative offset: %v", err)
	}
}

func TestSealedSizeRefuses(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{-1, MaxSize + 1} {
		if _, err := SealedSize(n); err == nil {
			t.Errorf("SealedSize(%d) gave no error", n)
		}
		if _, err := OpenAt(bytes.NewReader(nil), n, NewKey()); err == nil {
			t.Errorf("OpenAt of %d bytes gave no error", n)
		}
	}
	if n, err := SealedSize(MaxSize); err != nil || n != MaxSize+Overhead<<32 {
		t.Errorf("SealedSize(MaxSize) = %d, %v", n, err)
	}
}

// Every damage to any region of the object is found, wherever reading starts.
func TestDamage(t *testing.T) {
	t.Parallel()
	const packages = 20
	n := (packages-1)*PackageSize + 500
	plain, key := body(n), NewKey()
	object := sealed(t, plain, key)
	places := map[string]int{"version": 0, "cipher": 1, "length": 2, "nonce": 4, "nonce end": 15, "payload": 16, "payload end": 16 + PackageSize - 1, "tag": sealedSize - 1}
	for _, pkg := range []int{0, 1, 7, 15, 16, packages - 2} {
		for what, at := range places {
			bad := bytes.Clone(object)
			bad[pkg*sealedSize+at] ^= 1
			o, err := OpenAt(bytes.NewReader(bad), int64(n), key)
			if err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 10)
			if _, err := o.ReadAt(buf, int64(pkg)*PackageSize+17); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s of package %d changed: read there gives %v", what, pkg, err)
			}
			if !bytes.Equal(buf, make([]byte, 10)) {
				t.Errorf("%s of package %d changed: bytes came back", what, pkg)
			}
			if got, err := open(bad, int64(n), key); !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(plain, got) {
				t.Errorf("%s of package %d changed: whole read gives %v", what, pkg, err)
			}
		}
	}
	for bit := range 8 { // the last bytes
		bad := bytes.Clone(object)
		bad[len(bad)-1] ^= 1 << bit
		if _, err := open(bad, int64(n), key); !errors.Is(err, ErrDamaged) {
			t.Errorf("bit %d of the last byte: %v", bit, err)
		}
	}
}

// Packages moved within one object, with headers rewritten so that each opens
// at its new place: number 5 put where 3 was needs nonce N xor 5 xor 3. Plain
// DARE 2.0 accepts them when reading starts there.
func TestMovedPackages(t *testing.T) {
	t.Parallel()
	const packages = 8
	n := packages * PackageSize
	plain, key := body(n), NewKey()
	object := sealed(t, plain, key)
	for from := range packages {
		for to := range packages {
			if from == to {
				continue
			}
			bad := bytes.Clone(object)
			moved := bad[to*sealedSize : (to+1)*sealedSize]
			copy(moved, object[from*sealedSize:])
			number := moved[headerSize-4 : headerSize]
			binary.LittleEndian.PutUint32(number, binary.LittleEndian.Uint32(number)^uint32(from)^uint32(to))
			o, err := OpenAt(bytes.NewReader(bad), int64(n), key)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.ReadAt(make([]byte, 100), int64(to)*PackageSize); !errors.Is(err, ErrDamaged) {
				t.Errorf("package %d in the place of %d: %v", from, to, err)
			}
		}
	}
}

// A sequence of whole packages that ends without the final one is refused
// even when the caller believes the shorter size.
func TestCutWithWrongSize(t *testing.T) {
	t.Parallel()
	n := 3 * PackageSize
	key := NewKey()
	object := sealed(t, body(n), key)
	if _, err := open(object[:2*sealedSize], 2*PackageSize+1, key); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut at a package: %v", err)
	}
	o, err := OpenAt(bytes.NewReader(object[:2*sealedSize]), int64(n), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.ReadAt(make([]byte, 1), 2*PackageSize); !errors.Is(err, ErrDamaged) {
		t.Errorf("read of a package that is not there: %v", err)
	}
}

func TestOtherKey(t *testing.T) {
	t.Parallel()
	plain := body(100)
	object := sealed(t, plain, NewKey())
	if _, err := open(object, 100, NewKey()); !errors.Is(err, ErrDamaged) {
		t.Errorf("another key: %v", err)
	}
	// Only the secret differs: the header fits, the tag must not.
	key := NewKey()
	object = sealed(t, plain, key)
	raw := key.Bytes()
	raw[0] ^= 1
	other, err := ParseKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(object, 100, other); !errors.Is(err, ErrDamaged) {
		t.Errorf("another secret: %v", err)
	}
}

// A body that fails is never sealed as if it had ended, whichever error it
// fails with and wherever.
func TestFailingSource(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{io.ErrUnexpectedEOF, io.ErrClosedPipe, errors.New("cable pulled")} {
		for _, n := range []int{0, 1, PackageSize - 1, PackageSize, PackageSize + 1, 3 * PackageSize} {
			src := io.MultiReader(bytes.NewReader(body(n)), iotest.ErrReader(fail))
			r, err := NewReader(src, NewKey())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, fail) || err == fail {
				t.Errorf("%v after %d bytes: %v", fail, n, err)
			}
		}
	}
}

// A failure of the store is not a finding of damage.
func TestFailingStore(t *testing.T) {
	t.Parallel()
	down := errors.New("store is down")
	o, err := OpenAt(failingAt{down}, 100, NewKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.ReadAt(make([]byte, 1), 0); !errors.Is(err, down) || errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

type failingAt struct{ err error }

func (f failingAt) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestKeyNeverShows(t *testing.T) {
	t.Parallel()
	key := NewKey()
	holder := struct {
		A   int
		Key Key
		key Key
	}{1, key, key}
	secret := key.Bytes()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		for _, x := range []any{key, &key, holder, &holder} {
			s := fmt.Sprintf(verb, x)
			if strings.Contains(s, fmt.Sprintf("%x", secret[:4])) || strings.Contains(s, fmt.Sprint(secret[0], secret[1], secret[2])) {
				t.Errorf("%s of %T shows the key: %s", verb, x, s)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "holder", holder)
	if !strings.Contains(log.String(), hidden) || strings.Contains(log.String(), fmt.Sprintf("%x", secret[:4])) {
		t.Errorf("log: %s", log.String())
	}
	if out, err := json.Marshal(key); err == nil {
		t.Errorf("a key went into JSON: %s", out)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	key := NewKey()
	back, err := ParseKey(key.Bytes())
	if err != nil || !bytes.Equal(back.Bytes(), key.Bytes()) {
		t.Fatalf("a key does not come back: %v", err)
	}
	marked := key.Bytes()
	marked[secretSize] |= finalBit
	for _, bad := range [][]byte{nil, make([]byte, KeySize-1), make([]byte, KeySize+1), marked} {
		if _, err := ParseKey(bad); err == nil {
			t.Errorf("%d bytes were taken for a key", len(bad))
		}
	}
	if _, err := NewReader(bytes.NewReader(nil), Key{}); err == nil {
		t.Error("sealed with no key")
	}
	if _, err := OpenAt(bytes.NewReader(nil), 1, Key{}); err == nil {
		t.Error("opened with no key")
	}
}
