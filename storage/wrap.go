package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

const (
	keySize = 32 // AES-256: root, provider and record keys
	// wrapFormat is the first byte of every wrapped key: AES-256-GCM, 12
	// bytes of nonce, ciphertext, 16 bytes of tag.
	wrapFormat = 1
)

// Labels begin the associated data of every wrap. Each ends in a zero byte
// and appears nowhere inside another, so a key of one kind never passes for
// one of another kind. The number changes with the format.
const (
	labelProvider = "custodian provider key v1\x00"
	labelRecord   = "custodian record key v1\x00"
	labelData     = "custodian data key v1\x00"
)

// Binding says which version of which document an object belongs to. Its
// encoding is the associated data under which the object's data key is
// wrapped, so the wrapped key opens for this version and for no other.
// Identities are database ids, all above zero; SHA256 and Size are those of
// the plaintext.
type Binding struct {
	Provider, Record, Document, Version int64
	SHA256                              [sha256.Size]byte
	Size                                int64
}

// check refuses a binding with a hole in it: zero is what a forgotten field
// looks like.
func (b Binding) check() error {
	if b.Provider <= 0 || b.Record <= 0 || b.Document <= 0 || b.Version <= 0 {
		return fmt.Errorf("binding of provider %d, record %d, document %d, version %d: every id is above zero",
			b.Provider, b.Record, b.Document, b.Version)
	}
	if b.Size < 0 {
		return fmt.Errorf("binding of document %d, version %d: size %d", b.Document, b.Version, b.Size)
	}
	return nil
}

// associated encodes the binding: every field has a fixed width, so no two
// bindings have one encoding.
func (b Binding) associated() []byte {
	out := numbers(labelData, b.Provider, b.Record, b.Document, b.Version, b.Size)
	return append(out, b.SHA256[:]...)
}

// numbers appends each n to label as 8 bytes, big-endian.
func numbers(label string, ns ...int64) []byte {
	out := []byte(label)
	for _, n := range ns {
		out = binary.BigEndian.AppendUint64(out, uint64(n))
	}
	return out
}

// wrapKey encrypts key under with, bound to associated.
func wrapKey(with, key, associated []byte) ([]byte, error) {
	aead, err := newAEAD(with)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+len(key)+aead.Overhead())
	out[0] = wrapFormat
	nonce := out[1:]
	rand.Read(nonce) // never fails: crypto/rand ends the program instead
	return aead.Seal(out, nonce, key, associated), nil
}

// unwrapKey undoes wrapKey. Everything that does not open under with and
// associated is ErrDamaged.
func unwrapKey(with, wrapped, associated []byte) ([]byte, error) {
	aead, err := newAEAD(with)
	if err != nil {
		return nil, err
	}
	head := 1 + aead.NonceSize()
	if len(wrapped) < head+aead.Overhead() || wrapped[0] != wrapFormat {
		return nil, fmt.Errorf("wrapped key has an unknown form: %w", ErrDamaged)
	}
	key, err := aead.Open(nil, wrapped[1:head], wrapped[head:], associated)
	if err != nil {
		return nil, fmt.Errorf("wrapped key does not open: %w", ErrDamaged)
	}
	return key, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != keySize {
		return nil, errors.New("a wrapping key has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
