package storage

import (
	"bytes"
	"context"
)

// DataKey lets tests look for the key where it must not be.
func DataKey(w *Written) []byte { return w.key.Bytes() }

// BareKeys gives the keys along the way to a data key, for the test vectors.
func BareKeys(ctx context.Context, k *Keyring, b Binding, wrapped []byte) (provider, record, data []byte, err error) {
	p, err := k.key(ctx, keyID{provider: b.Provider}, false, k.root.Wrap, k.root.Unwrap)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := k.record(ctx, b.Provider, b.Record, false)
	if err != nil {
		return nil, nil, nil, err
	}
	data, err = k.unwrap(ctx, b, wrapped)
	return bytes.Clone(p[:]), bytes.Clone(r[:]), data, err
}
