package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// KeySize is the number of bytes of a Key in its stored form: 32 bytes of
// AES-256 key, then 12 bytes of nonce.
const KeySize = secretSize + nonceSize

const (
	secretSize = 32
	nonceSize  = 12
	// finalBit is the bit of the first nonce byte that DARE 2.0 keeps for
	// itself: it marks the last package.
	finalBit = 0x80
)

// A Key seals exactly one object. It carries the nonce of that object too,
// because the headers inside an object are not proof of their own nonce (see
// the package comment). Its zero value is no key.
//
// A Key never shows itself: fmt and slog print a fixed word.
type Key struct {
	*secret
}

// secret is two pointers away from a Key, because fmt follows one of them
// when a struct with a Key in an unexported field is printed with a verb that
// does not fit, and cannot call Format there.
type secret struct {
	raw *[KeySize]byte
}

// NewKey returns a fresh random key.
func NewKey() Key {
	var raw [KeySize]byte
	rand.Read(raw[:]) // never fails: crypto/rand ends the program instead
	raw[secretSize] &^= finalBit
	return Key{&secret{&raw}}
}

// ParseKey takes back what Bytes gave.
func ParseKey(stored []byte) (Key, error) {
	if len(stored) != KeySize {
		return Key{}, fmt.Errorf("seal: a key has %d bytes, not %d", KeySize, len(stored))
	}
	if stored[secretSize]&finalBit != 0 {
		return Key{}, errors.New("seal: the nonce of a key has its first bit set")
	}
	return Key{&secret{(*[KeySize]byte)(append([]byte(nil), stored...))}}, nil
}

// Bytes gives a copy of the key in its stored form. Whoever calls it wraps
// the bytes before they leave memory.
func (k Key) Bytes() []byte {
	if k.secret == nil {
		return nil
	}
	return append([]byte(nil), k.raw[:]...)
}

const hidden = "seal.Key(hidden)"

// Format prints a fixed word for every verb.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, hidden) }

// LogValue logs a fixed word.
func (k Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText refuses: a bare key is never written anywhere.
func (k Key) MarshalText() ([]byte, error) {
	return nil, errors.New("seal: a bare key is never written out")
}
