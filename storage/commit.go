package storage

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
)

// commitLabel keeps keys for commitments apart from those that lock content.
const commitLabel = "custodian footprint commitments v1"

// Commitment gives the key under which what footprints say of a record is
// committed, made from the record's own key: it goes when that goes. For record
// 0 it is the provider's, and for provider 0 the whole installation's. With
// create, a key that is not there is made; without, it is ErrNoKey.
func (k *Keyring) Commitment(ctx context.Context, provider, record int64, create bool) (out [keySize]byte, err error) {
	var key [keySize]byte
	if record == 0 {
		key, err = k.key(ctx, keyID{provider: provider}, create, k.root.Wrap, k.root.Unwrap)
	} else {
		key, err = k.record(ctx, provider, record, create)
	}
	if err != nil {
		return out, err
	}
	h := hmac.New(sha256.New, key[:])
	clear(key[:])
	h.Write([]byte(commitLabel))
	h.Sum(out[:0])
	return out, nil
}
