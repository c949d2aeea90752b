package storage_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"custodian/storage"
	"custodian/storage/storagetest"
)

// held is a binding for content that waits, in the record of first.
var held = storage.Binding{Provider: first.Provider, Record: first.Record, Document: 9, Version: 9}

// Content that waited gets the identity of its version. The key it had before
// opens what it held, and nothing as the version; the new one the other way round.
func TestAgain(t *testing.T) {
	t.Parallel()
	store := storagetest.Memory()
	s := storage.NewSealed(store, storagetest.Keyring(t))
	k := keep(t, s, []byte("waits for its version"), held)
	before := raw(t, store, k.name)
	to := k.binding
	to.Document, to.Version = first.Document, first.Version
	wrapped, err := s.Again(t.Context(), k.wrapped, k.binding, to)
	if err != nil {
		t.Fatal(err)
	}
	version := kept{k.name, wrapped, to, k.plain}
	if got, err := version.read(t.Context(), s); err != nil || !bytes.Equal(got, k.plain) {
		t.Errorf("the version reads %q, %v", got, err)
	}
	if !bytes.Equal(before, raw(t, store, k.name)) {
		t.Error("the object was written again")
	}
	for what, wrong := range map[string]kept{
		"the key of what was held, as the version": {k.name, k.wrapped, to, nil},
		"the key of the version, as what was held": {k.name, wrapped, k.binding, nil},
	} {
		if _, err := wrong.read(t.Context(), s); !errors.Is(err, storage.ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", what, err)
		}
	}
}

func TestAgainRefuses(t *testing.T) {
	t.Parallel()
	s := storage.NewSealed(storagetest.Memory(), storagetest.Keyring(t))
	k := keep(t, s, []byte("one"), held)
	other := held
	other.Document, other.Version = 10, 10
	o := keep(t, s, []byte("two"), other)
	to := func(change func(*storage.Binding)) storage.Binding {
		b := k.binding
		b.Document, b.Version = first.Document, first.Version
		change(&b)
		return b
	}
	same := func(*storage.Binding) {}
	for what, c := range map[string]struct {
		wrapped []byte
		from    storage.Binding
		to      storage.Binding
		damaged bool
	}{
		"another's key":        {o.wrapped, k.binding, to(same), true},
		"a key that is cut":    {k.wrapped[:len(k.wrapped)-1], k.binding, to(same), true},
		"no key":               {nil, k.binding, to(same), true},
		"as if held elsewhere": {k.wrapped, other, to(same), false},
		"to another provider":  {k.wrapped, k.binding, to(func(b *storage.Binding) { b.Provider++ }), false},
		"to another record":    {k.wrapped, k.binding, to(func(b *storage.Binding) { b.Record++ }), false},
		"to other content":     {k.wrapped, k.binding, to(func(b *storage.Binding) { b.SHA256[0] ^= 1 }), false},
		"to another size":      {k.wrapped, k.binding, to(func(b *storage.Binding) { b.Size++ }), false},
		"to no version":        {k.wrapped, k.binding, to(func(b *storage.Binding) { b.Version = 0 }), false},
	} {
		got, err := s.Again(t.Context(), c.wrapped, c.from, c.to)
		if err == nil || got != nil || errors.Is(err, storage.ErrDamaged) != c.damaged {
			t.Errorf("%s: %d bytes, %v", what, len(got), err)
		}
	}
}

// With the record's key gone nothing is wrapped, and no key takes its place.
func TestAgainMakesNoKey(t *testing.T) {
	t.Parallel()
	r := newRing(t)
	s := storage.NewSealed(storagetest.Memory(), r.keys)
	k := keep(t, s, []byte("one"), held)
	file := filepath.Join(r.dir, "record-2.key")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	to := k.binding
	to.Document, to.Version = first.Document, first.Version
	if _, err := s.Again(t.Context(), k.wrapped, k.binding, to); !errors.Is(err, storage.ErrNoKey) {
		t.Errorf("%v, want ErrNoKey", err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a key took its place: %v", err)
	}
}
