package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"custodian/storage/seal"
)

// Sealed keeps encrypted objects in a Store. The order of a new version is
// PutAs under a name that was noted, then Wrap with the version's identity, then
// the row with what Wrap gave. Content that waits for its version is wrapped for
// what holds it, and by Again for the version when that comes. An object whose row never came is found by its note.
type Sealed struct {
	store Store
	keys  *Keyring
}

// NewSealed encrypts over store with keys from the keyring.
func NewSealed(store Store, keys *Keyring) *Sealed {
	return &Sealed{store: store, keys: keys}
}

// Written is an object that was put and has no version yet: where it stands,
// and the digest and length of its plaintext. It also holds the data key,
// which it never shows; drop it once Wrap has been called.
type Written struct {
	Name   Name
	SHA256 [sha256.Size]byte
	Size   int64
	key    seal.Key
}

// String names the object and keeps the key to itself.
func (w *Written) String() string {
	return fmt.Sprintf("object %s of %d bytes, sha256 %x", w.Name, w.Size, w.SHA256)
}

// LogValue is String, for logs.
func (w *Written) LogValue() slog.Value { return slog.StringValue(w.String()) }

// Put is PutAs under a fresh name.
func (s *Sealed) Put(ctx context.Context, body io.Reader) (*Written, error) {
	return s.PutAs(ctx, NewName(), body)
}

// PutAs seals everything body gives until io.EOF under a fresh random key and
// stores it under name, which NewName gave and nobody else uses: for callers
// that write the name down before there is an object. body is read in the calling goroutine only,
// and in large pieces; hashing, sealing and storing run beside it, over
// buffers of 1 MiB in all. On any error nothing is left in the store; an
// error of body is wrapped in what comes back. When the store fails first,
// Put returns as soon as the read of body in hand does.
func (s *Sealed) PutAs(ctx context.Context, name Name, body io.Reader) (*Written, error) {
	w := &Written{Name: name, key: seal.NewKey()}
	p := newPump(ctx)
	sealed, err := seal.NewReader(p, w.key)
	if err != nil {
		return nil, err
	}
	stored := make(chan putResult, 1)
	go func() {
		defer p.stop()
		n, err := s.store.Put(p.ctx, w.Name, sealed)
		stored <- putResult{n, err}
	}()
	w.Size, w.SHA256, err = p.drain(body)
	result := <-stored
	if err == nil || errors.Is(err, errStopped) && result.err != nil {
		err = result.err
	} else if result.err == nil {
		// The store took what there was although its reader failed.
		err = errors.Join(err, s.store.Remove(context.WithoutCancel(ctx), w.Name))
	}
	if err != nil {
		return nil, fmt.Errorf("put object: %w", err)
	}
	if want, err := seal.SealedSize(w.Size); err != nil || want != result.n {
		return nil, errors.Join(fmt.Errorf("put object: stored %d bytes of %d", result.n, want), err,
			s.store.Remove(context.WithoutCancel(ctx), w.Name))
	}
	return w, nil
}

type putResult struct {
	n   int64
	err error
}

// Wrap encrypts the data key of w under the key of b's record, bound to b. It
// creates the keys of provider and record on first use, and they survive a
// crash of the machine before it returns. A digest or size in b that differs
// from w's is refused.
func (s *Sealed) Wrap(ctx context.Context, w *Written, b Binding) ([]byte, error) {
	return s.wrap(ctx, w, b, true)
}

// WrapAgain is Wrap for a record that has versions already. Its key must be
// there: ErrNoKey when it is not, since a fresh key in its place would part the
// record's versions for ever.
func (s *Sealed) WrapAgain(ctx context.Context, w *Written, b Binding) ([]byte, error) {
	return s.wrap(ctx, w, b, false)
}

func (s *Sealed) wrap(ctx context.Context, w *Written, b Binding, create bool) ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	if b.SHA256 != w.SHA256 || b.Size != w.Size {
		return nil, fmt.Errorf("wrap: %v does not have the digest and size of document %d, version %d", w, b.Document, b.Version)
	}
	key := w.key.Bytes()
	if key == nil {
		return nil, errors.New("wrap: the object was not put here")
	}
	defer clear(key)
	return s.keys.wrap(ctx, b, key, create)
}

// Again takes a data key that Wrap gave for from and wraps it for to: the same
// content gets another identity, and no object is copied. Provider, record,
// digest and size must be the same in both; only document and version may
// differ. A key that does not open for from is ErrDamaged, and nothing comes
// back. It creates no keys: ErrNoKey when the record's is gone.
func (s *Sealed) Again(ctx context.Context, wrapped []byte, from, to Binding) ([]byte, error) {
	if err := errors.Join(from.check(), to.check()); err != nil {
		return nil, err
	}
	kept := to
	kept.Document, kept.Version = from.Document, from.Version
	if kept != from {
		return nil, fmt.Errorf("wrap again: document %d, version %d is other content, or lies elsewhere, than document %d, version %d",
			to.Document, to.Version, from.Document, from.Version)
	}
	raw, err := s.keys.unwrap(ctx, from, wrapped)
	if err != nil {
		return nil, fmt.Errorf("wrap again for document %d, version %d: %w", to.Document, to.Version, err)
	}
	defer clear(raw)
	return s.keys.wrap(ctx, to, raw, false)
}

// Open opens the object of the version b names. Before it returns, the
// wrapped key has opened under b, the stored length is the one b.Size calls
// for, and the first package has been decrypted: an object, a key or a
// binding that belongs to another version is ErrDamaged here, before a byte is
// served. A key that was destroyed is ErrNoKey as well. An object that is
// missing is ErrNotFound. ctx governs the Content until it is closed.
func (s *Sealed) Open(ctx context.Context, name Name, wrapped []byte, b Binding) (*Content, error) {
	c, err := s.open(ctx, name, wrapped, b)
	if err != nil {
		return nil, fmt.Errorf("open object of document %d, version %d: %w", b.Document, b.Version, err)
	}
	return c, nil
}

func (s *Sealed) open(ctx context.Context, name Name, wrapped []byte, b Binding) (*Content, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrDamaged)
	}
	want, err := seal.SealedSize(b.Size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrDamaged)
	}
	raw, err := s.keys.unwrap(ctx, b, wrapped)
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	key, err := seal.ParseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrDamaged)
	}
	ctx, cancel := context.WithCancel(ctx)
	object, err := s.store.Open(ctx, name)
	if err != nil {
		cancel()
		return nil, err
	}
	c, err := newContent(cancel, object, want, b.Size, key)
	if err != nil {
		cancel()
		return nil, errors.Join(err, object.Close())
	}
	return c, nil
}

// Remove destroys an object, as Store.Remove does.
func (s *Sealed) Remove(ctx context.Context, name Name) error { return s.store.Remove(ctx, name) }

// List gives every stored object, as Store.List does; sizes are sealed sizes.
func (s *Sealed) List(ctx context.Context) iter.Seq2[Info, error] { return s.store.List(ctx) }
