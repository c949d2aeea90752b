package storage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"

	"custodian/storage"
	"custodian/storage/seal"
	"custodian/storage/storagetest"
)

// kept is a sealed version as the packages above keep it.
type kept struct {
	name    storage.Name
	wrapped []byte
	binding storage.Binding
	plain   []byte
}

// keep puts plain as the version that b names.
func keep(t testing.TB, s *storage.Sealed, plain []byte, b storage.Binding) kept {
	t.Helper()
	w, err := s.Put(t.Context(), bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	b.SHA256, b.Size = w.SHA256, w.Size
	wrapped, err := s.Wrap(t.Context(), w, b)
	if err != nil {
		t.Fatal(err)
	}
	return kept{w.Name, wrapped, b, plain}
}

// read opens and reads it all.
func (k kept) read(ctx context.Context, s *storage.Sealed) ([]byte, error) {
	c, err := s.Open(ctx, k.name, k.wrapped, k.binding)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(c)
}

var first = storage.Binding{Provider: 1, Record: 2, Document: 3, Version: 4}

func TestSealedRoundTrip(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	for _, n := range []int{0, 1, 65535, 65536, 65537, 256 << 10, 1<<20 + 1, 5<<20 + 12345} {
		plain := storagetest.Body(uint64(n), n)
		k := keep(t, s, plain, first)
		if k.binding.SHA256 != sha256.Sum256(plain) || k.binding.Size != int64(n) {
			t.Errorf("%d bytes: digest or size is wrong", n)
		}
		got, err := k.read(t.Context(), s)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: equal %v, %v", n, bytes.Equal(got, plain), err)
		}
	}
}

// Objects, names and wrapped keys are fresh each time, so equal documents do
// not show.
func TestEqualBodiesDiffer(t *testing.T) {
	t.Parallel()
	store := storagetest.Memory()
	s := storage.NewSealed(store, storagetest.Keyring(t))
	plain := storagetest.Body(1, 1000)
	a, b := keep(t, s, plain, first), keep(t, s, plain, first)
	if a.name == b.name || bytes.Equal(a.wrapped, b.wrapped) || bytes.Equal(raw(t, store, a.name), raw(t, store, b.name)) {
		t.Error("two objects of the same plaintext have something in common")
	}
	if bytes.Contains(raw(t, store, a.name), plain[:16]) {
		t.Error("the object shows plaintext")
	}
}

func raw(t testing.TB, s storage.Store, name storage.Name) []byte {
	t.Helper()
	o, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	data, err := io.ReadAll(io.NewSectionReader(o, 0, o.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// replace puts other bytes in the place of an object, as somebody with access
// to the disk could.
func replace(t testing.TB, s storage.Store, name storage.Name, data []byte) {
	t.Helper()
	if err := s.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), name, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
}

const sealedPackage = 65536 + seal.Overhead

// Every change to a stored object is refused: at Open when it shows in the
// length or the first package, and when read wherever it is.
func TestObjectDamage(t *testing.T) {
	t.Parallel()
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte {
			b[(at+len(b))%len(b)] ^= 0x10
			return b
		}
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:len(b)-n] } }
	tests := []struct {
		name   string
		change func([]byte) []byte
		atOpen bool
	}{
		{"cut by one byte", cut(1), true},
		{"cut by a package", cut(sealedPackage), true},
		{"cut to one package", func(b []byte) []byte { return b[:sealedPackage] }, true},
		{"cut to nothing", func([]byte) []byte { return nil }, true},
		{"one byte appended", func(b []byte) []byte { return append(b, 0) }, true},
		{"a package appended", func(b []byte) []byte { return append(b, b[:sealedPackage]...) }, true},
		{"version of the first header", flip(0), true},
		{"cipher of the first header", flip(1), true},
		{"length in the first header", flip(2), true},
		{"nonce of the first header", flip(4), true},
		{"first byte of content", flip(16), true},
		{"last byte of the first package", flip(16 + 65535), true},
		{"tag of the first package", flip(sealedPackage - 1), true},
		{"header of a middle package", flip(7 * sealedPackage), false},
		{"content of a middle package", flip(7*sealedPackage + 1000), false},
		{"tag of a middle package", flip(8*sealedPackage - 3), false},
		{"header of the last package", flip(40*sealedPackage + 4), false},
		{"last byte", flip(-1), false},
		{"two packages changed places", func(b []byte) []byte {
			five := bytes.Clone(b[5*sealedPackage : 6*sealedPackage])
			copy(b[5*sealedPackage:], b[9*sealedPackage:10*sealedPackage])
			copy(b[9*sealedPackage:], five)
			return b
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := storagetest.Memory()
			s := storage.NewSealed(store, storagetest.Keyring(t))
			k := keep(t, s, storagetest.Body(7, 40*65536+321), first)
			replace(t, store, k.name, test.change(raw(t, store, k.name)))
			c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding)
			if test.atOpen {
				if !errors.Is(err, storage.ErrDamaged) {
					t.Fatalf("open: %v, want ErrDamaged", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			defer c.Close()
			got, err := io.ReadAll(c)
			if !errors.Is(err, storage.ErrDamaged) || !bytes.HasPrefix(k.plain, got) {
				t.Errorf("read: %d bytes, true so far %v, %v; want ErrDamaged", len(got), bytes.HasPrefix(k.plain, got), err)
			}
			if n, err := c.Read(make([]byte, 10)); n != 0 || !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("read on: %d, %v", n, err)
			}
			all := make([]byte, len(k.plain))
			if _, err := c.ReadAt(all, 0); !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("ReadAt: %v", err)
			}
		})
	}
}

// An object, a wrapped key or a binding of another version is refused before
// a byte is served, with sizes equal so that nothing else can tell them apart.
func TestSwaps(t *testing.T) {
	t.Parallel()
	store := storagetest.Memory()
	s := storage.NewSealed(store, storagetest.Keyring(t))
	a := keep(t, s, storagetest.Body(1, 100_000), first)
	b := keep(t, s, storagetest.Body(2, 100_000), storage.Binding{Provider: 1, Record: 2, Document: 3, Version: 5})
	// Keys of these records exist, so that a wrong id meets a real key.
	keep(t, s, []byte("x"), storage.Binding{Provider: 1, Record: 99, Document: 3, Version: 4})
	keep(t, s, []byte("x"), storage.Binding{Provider: 98, Record: 97, Document: 3, Version: 4})
	with := func(change func(k *kept)) kept {
		k := a
		k.wrapped = bytes.Clone(a.wrapped)
		change(&k)
		return k
	}
	tests := map[string]kept{
		"another object":                 with(func(k *kept) { k.name = b.name }),
		"another wrapped key":            with(func(k *kept) { k.wrapped = b.wrapped }),
		"another object and key":         with(func(k *kept) { k.name, k.wrapped = b.name, b.wrapped }),
		"another object and binding":     with(func(k *kept) { k.name, k.binding = b.name, b.binding }),
		"no wrapped key":                 with(func(k *kept) { k.wrapped = nil }),
		"wrapped key cut":                with(func(k *kept) { k.wrapped = k.wrapped[:len(k.wrapped)-1] }),
		"wrapped key grown":              with(func(k *kept) { k.wrapped = append(k.wrapped, 0) }),
		"format of the wrapped key":      with(func(k *kept) { k.wrapped[0]++ }),
		"nonce of the wrapped key":       with(func(k *kept) { k.wrapped[1] ^= 1 }),
		"content of the wrapped key":     with(func(k *kept) { k.wrapped[20] ^= 1 }),
		"tag of the wrapped key":         with(func(k *kept) { k.wrapped[len(k.wrapped)-1] ^= 1 }),
		"provider without keys":          with(func(k *kept) { k.binding.Provider = 7 }),
		"provider with keys":             with(func(k *kept) { k.binding.Provider = 98 }),
		"record without a key":           with(func(k *kept) { k.binding.Record = 7 }),
		"record with a key":              with(func(k *kept) { k.binding.Record = 99 }),
		"record of another provider":     with(func(k *kept) { k.binding.Record = 97 }),
		"document":                       with(func(k *kept) { k.binding.Document = 7 }),
		"version":                        with(func(k *kept) { k.binding.Version = 5 }),
		"record and document exchanged":  with(func(k *kept) { k.binding.Record, k.binding.Document = 3, 2 }),
		"digest":                         with(func(k *kept) { k.binding.SHA256[31] ^= 1 }),
		"size one less":                  with(func(k *kept) { k.binding.Size-- }),
		"size one more":                  with(func(k *kept) { k.binding.Size++ }),
		"size of nothing":                with(func(k *kept) { k.binding.Size = 0 }),
		"negative size":                  with(func(k *kept) { k.binding.Size = -1 }),
		"size beyond the format":         with(func(k *kept) { k.binding.Size = seal.MaxSize + 1 }),
		"binding of nothing":             with(func(k *kept) { k.binding = storage.Binding{} }),
		"binding of nothing but content": with(func(k *kept) { k.binding = storage.Binding{SHA256: a.binding.SHA256, Size: a.binding.Size} }),
	}
	for name, k := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := s.Open(t.Context(), k.name, k.wrapped, k.binding); !errors.Is(err, storage.ErrDamaged) {
				t.Errorf("open: %v, want ErrDamaged", err)
				if err == nil {
					c.Close()
				}
			}
		})
	}
	for _, k := range []kept{a, b} {
		if got, err := k.read(t.Context(), s); err != nil || !bytes.Equal(got, k.plain) {
			t.Errorf("the true version: %v", err)
		}
	}
}

// Two objects of one length exchanged in the store itself.
func TestSwappedObjects(t *testing.T) {
	t.Parallel()
	store := storagetest.Memory()
	s := storage.NewSealed(store, storagetest.Keyring(t))
	a, b := keep(t, s, storagetest.Body(1, 70_000), first), keep(t, s, storagetest.Body(2, 70_000), first)
	bytesA, bytesB := raw(t, store, a.name), raw(t, store, b.name)
	replace(t, store, a.name, bytesB)
	replace(t, store, b.name, bytesA)
	for _, k := range []kept{a, b} {
		if _, err := s.Open(t.Context(), k.name, k.wrapped, k.binding); !errors.Is(err, storage.ErrDamaged) {
			t.Errorf("open: %v, want ErrDamaged", err)
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	w, err := s.Put(t.Context(), strings.NewReader("a policy"))
	if err != nil {
		t.Fatal(err)
	}
	good := storagetest.Binding(w)
	for name, change := range map[string]func(b *storage.Binding){
		"digest":   func(b *storage.Binding) { b.SHA256[0] ^= 1 },
		"size":     func(b *storage.Binding) { b.Size++ },
		"provider": func(b *storage.Binding) { b.Provider = 0 },
		"record":   func(b *storage.Binding) { b.Record = 0 },
		"document": func(b *storage.Binding) { b.Document = -3 },
		"version":  func(b *storage.Binding) { b.Version = 0 },
	} {
		bad := good
		change(&bad)
		if _, err := s.Wrap(t.Context(), w, bad); err == nil {
			t.Errorf("wrapped with another %s", name)
		}
	}
	if _, err := s.Wrap(t.Context(), &storage.Written{Name: w.Name, SHA256: w.SHA256, Size: w.Size}, good); err == nil {
		t.Error("wrapped a key that is not there")
	}
	if _, err := s.Wrap(t.Context(), w, good); err != nil {
		t.Errorf("the true binding: %v", err)
	}
}

func TestMissingObject(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	k := keep(t, s, []byte("a policy"), first)
	if err := s.Remove(t.Context(), k.name); err != nil {
		t.Fatal(err)
	}
	if _, err := k.read(t.Context(), s); !errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrDamaged) {
		t.Errorf("open: %v, want ErrNotFound", err)
	}
}

// Whatever goes wrong in Put, the store is empty afterwards and the error of
// the body comes back.
func TestPutFailure(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{io.ErrUnexpectedEOF, io.ErrClosedPipe, errors.New("over the limit")} {
		for _, n := range []int{0, 1, 65536, 256 << 10, 3 << 20} {
			store := storagetest.Memory()
			s := storage.NewSealed(store, storagetest.Keyring(t))
			body := io.MultiReader(bytes.NewReader(storagetest.Body(1, n)), iotest.ErrReader(fail))
			if w, err := s.Put(t.Context(), body); !errors.Is(err, fail) || w != nil {
				t.Errorf("%v after %d bytes: %v", fail, n, err)
			}
			for info := range s.List(t.Context()) {
				t.Errorf("%v after %d bytes left %+v", fail, n, info)
			}
		}
	}
}

func TestPutCancelled(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	ctx, cancel := context.WithCancel(t.Context())
	endless := readerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	})
	if _, err := s.Put(ctx, endless); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v, want context.Canceled", err)
	}
	for info := range s.List(t.Context()) {
		t.Errorf("left %+v", info)
	}
}

// A store that fails, or lies, while the body is endless ends Put.
func TestPutStoreFails(t *testing.T) {
	t.Parallel()
	full := errors.New("disk is full")
	for _, after := range []int64{0, 1, 100_000, 3 << 20} {
		s := storage.NewSealed(&badStore{Store: storagetest.Memory(), after: after, err: full}, storagetest.Keyring(t))
		endless := readerFunc(func(p []byte) (int, error) { return len(p), nil })
		if _, err := s.Put(t.Context(), endless); !errors.Is(err, full) {
			t.Errorf("after %d bytes: %v, want %v", after, err, full)
		}
		s = storage.NewSealed(&badStore{Store: storagetest.Memory(), after: after}, storagetest.Keyring(t))
		if _, err := s.Put(t.Context(), endless); err == nil {
			t.Errorf("a store that took %d bytes of an endless body was believed", after)
		}
	}
}

// badStore stops reading after some bytes, with an error or as if all was well.
type badStore struct {
	storage.Store
	after int64
	err   error
}

func (b *badStore) Put(_ context.Context, _ storage.Name, body io.Reader) (int64, error) {
	n, _ := io.CopyN(io.Discard, body, b.after)
	return n, b.err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A Written prints, logs and encodes without its key, whatever the verb.
func TestSecretsDoNotShow(t *testing.T) {
	t.Parallel()
	keys := storagetest.Keyring(t)
	s := storage.NewSealed(storagetest.Memory(), keys)
	w, err := s.Put(t.Context(), strings.NewReader("a policy"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Wrap(t.Context(), w, storagetest.Binding(w)); err != nil {
		t.Fatal(err)
	}
	secret := storage.DataKey(w)
	if len(secret) != seal.KeySize || bytes.Equal(secret, make([]byte, seal.KeySize)) {
		t.Fatal("the test does not have the key")
	}
	hex, decimal, quoted := fmt.Sprintf("%x", secret[3:7]), fmt.Sprint(secret[3:7]), fmt.Sprintf("%#x", secret[3:7])
	forms := []string{hex, strings.ToUpper(hex), strings.Trim(decimal, "[]"), quoted, fmt.Sprintf("%#v", secret[3:7])[len("[]byte{"):25], string(secret[3:7])}
	shows := func(what, text string) {
		for _, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%s shows the key: %s", what, text)
			}
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		for _, x := range []any{w, *w, []*storage.Written{w}, struct{ w storage.Written }{*w}, s, keys} {
			shows(verb, fmt.Sprintf(verb, x))
		}
	}
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	shows("JSON", string(text))
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("put", "written", w, "value", *w, "keys", keys)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("put", "written", w, "value", *w, "keys", keys)
	shows("the log", log.String())
}
