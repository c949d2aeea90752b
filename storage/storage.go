// Package storage keeps the bytes of documents, sealed, and the keys that open
// them.
//
// Purpose: Store is what any place for objects has to do (a directory, an S3
// bucket); Sealed encrypts over any Store; Keyring holds the keys of providers
// and records. One object is one version of one document.
//
// Promise: no plaintext and no bare key leaves this package for a disk or a
// network. An object is written once and never overwritten. What is read back
// is what was written, for the very version it was written for, or it is an
// error that wraps ErrDamaged: an object or a wrapped key that was changed,
// cut, or swapped for another is refused. Everything streams; memory does not
// grow with the size of a file. docs/design/sealed-objects.md gives every byte,
// so that object and keys can be opened without this program.
//
// Limits: no rights and no footprints (the packages above decide who may
// open), and no database: the wrapped data key lives in the version's row.
// Losing the keyring directory or the root key loses every document: they are
// backed up apart from the data.
package storage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"custodian/storage/seal"
)

var (
	// ErrNotFound means that no object stands under the name.
	ErrNotFound = errors.New("no such object")
	// ErrExists means that the name is taken. Nothing was changed.
	ErrExists = errors.New("object exists already")
	// ErrDamaged means that stored bytes are not what was written: changed,
	// cut short, grown, swapped, or opened for another version than they were
	// written for. It is a finding to record, not a reason to try again.
	ErrDamaged = seal.ErrDamaged
	// ErrNoKey comes together with ErrDamaged when the keyring has no key for
	// the record: it was destroyed, or the keyring was not restored.
	ErrNoKey = errors.New("no such key in the keyring")
	// ErrName means that a Name does not have the form NewName gives.
	ErrName = errors.New("not an object name")
)

// nameBytes of randomness make a Name that nobody can guess (128 bits).
const nameBytes = 16

// Name is the opaque name of one object: 32 lower-case hexadecimal
// characters from a random source. It says nothing about what it names, and
// it can never be a path.
type Name string

// NewName returns a name that was never given before.
func NewName() Name {
	var b [nameBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return Name(hex.EncodeToString(b[:]))
}

// Check returns an error wrapping ErrName unless n has the form NewName
// gives. Every Store calls it before it touches anything.
func (n Name) Check() error {
	good := len(n) == 2*nameBytes
	for i := 0; good && i < len(n); i++ {
		good = '0' <= n[i] && n[i] <= '9' || 'a' <= n[i] && n[i] <= 'f'
	}
	if !good {
		return fmt.Errorf("name of %d bytes: %w", len(n), ErrName)
	}
	return nil
}

// Info describes a stored object: Size counts the bytes as stored (sealed),
// Modified is when the store took it, by the store's own clock.
type Info struct {
	Name     Name
	Size     int64
	Modified time.Time
}

// A Store keeps objects under names. Its methods may be called at the same
// time, by several processes too. storagetest holds the contract as tests.
type Store interface {
	// Put stores everything body gives until io.EOF and returns its length.
	// Of several writers of one name exactly one succeeds; the others get
	// ErrExists and the object stays as it is. On any error, of body or of
	// ctx or of the store, nothing is left under name by this call. When Put
	// returns without error the object survives a crash of the machine, as
	// far as the store can promise that. Every error of body but io.EOF is a
	// failure (io.ErrUnexpectedEOF too) and is wrapped in what Put returns.
	Put(ctx context.Context, name Name, body io.Reader) (int64, error)

	// Open opens an object for reading, or returns ErrNotFound. ctx governs
	// the Object until it is closed: once ctx is done, reads fail with its
	// error.
	Open(ctx context.Context, name Name) (Object, error)

	// Remove destroys an object, with every version of it that the store
	// keeps. It returns nil when nothing stands under name, so that it can be
	// repeated. Objects that are open may or may not stay readable.
	Remove(ctx context.Context, name Name) error

	// List gives every object that was there during the whole listing, once,
	// in no order. Objects put or removed meanwhile may appear or not. It ends
	// at the first error, which comes with a zero Info.
	List(ctx context.Context) iter.Seq2[Info, error]

	// Check returns nil when the place where objects lie is there and answers.
	Check(ctx context.Context) error
}

// An Object is one stored object, open for reading. ReadAt follows
// io.ReaderAt and may be called at the same time from several goroutines; it
// may cost one request to the store, so large reads are better than many.
type Object interface {
	io.ReaderAt
	io.Closer
	// Size is the length as stored.
	Size() int64
}

// Fill reads from r until buf is full or r ends or fails, for those who write
// a Store. Unlike io.ReadFull it returns io.EOF if and only if r did, so that a
// body that fails with io.ErrUnexpectedEOF is never taken for one that ended.
func Fill(r io.Reader, buf []byte) (int, error) {
	n := 0
	for n < len(buf) {
		k, err := r.Read(buf[n:])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
