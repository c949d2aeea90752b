package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// keepKeys is how many unwrapped keys stay in memory.
const keepKeys = 1024

// Keyring holds the keys of providers and records as small files in one
// directory, apart from the database: the root key wraps provider keys, a
// provider key wraps record keys, a record key wraps data keys. Each wrap is
// bound to the format, the kind and the ids, so files that are swapped or
// renamed are refused.
//
// Deleting `record-<id>.key`, with its backups, makes every copy of that
// record's content unreadable. It takes effect at once: a key held in memory
// is used only as long as its very file is there.
type Keyring struct {
	dir  string
	root Root

	mu   sync.Mutex
	held map[keyID]*heldKey
}

// keyID names a key: a provider's key has record 0.
type keyID struct{ provider, record int64 }

// heldKey is an unwrapped key and the file it came from.
type heldKey struct {
	key  [keySize]byte
	file fs.FileInfo
}

// OpenKeyring opens the keyring in dir, which it creates with mode 0700. A
// directory that group or others have rights on is refused.
func OpenKeyring(dir string, root Root) (*Keyring, error) {
	if root == nil {
		return nil, errors.New("keyring: no root key")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	k := &Keyring{dir: dir, root: root, held: map[keyID]*heldKey{}}
	if err := k.checkDir(); err != nil {
		return nil, err
	}
	if err := removeLeftovers(dir); err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	return k, nil
}

// Format prints the directory, never a key.
func (k *Keyring) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "keyring in %s", k.dir) }

func (k *Keyring) checkDir() error {
	info, err := os.Stat(k.dir)
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("keyring: %s is not a directory", k.dir)
	}
	if err := private(k.dir, info); err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	return nil
}

// Check returns nil when the keyring can be used: the directory is private,
// the root wraps and unwraps, and every provider key opens. It writes nothing.
func (k *Keyring) Check(ctx context.Context) error {
	if err := k.checkDir(); err != nil {
		return err
	}
	var probe [keySize]byte
	rand.Read(probe[:])
	associated := []byte("custodian probe v1\x00")
	wrapped, err := k.root.Wrap(ctx, probe[:], associated)
	if err != nil {
		return fmt.Errorf("keyring: the root does not wrap: %w", err)
	}
	if back, err := k.root.Unwrap(ctx, wrapped, associated); err != nil || !bytes.Equal(back, probe[:]) {
		return errors.Join(errors.New("keyring: the root does not unwrap what it wrapped"), err)
	}
	entries, err := os.ReadDir(k.dir)
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".key"), "provider-")
		provider, err := strconv.ParseInt(digits, 10, 64)
		if !ok || err != nil || e.Name() != (keyID{provider: provider}).file() {
			continue
		}
		if _, _, err := k.read(ctx, keyID{provider: provider}, k.root.Unwrap); err != nil {
			return err
		}
	}
	return nil
}

// Forget drops the record's key from memory. The file stays.
func (k *Keyring) Forget(provider, record int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(keyID{provider, record})
}

// drop wipes a held key. The caller holds mu.
func (k *Keyring) drop(id keyID) {
	if h := k.held[id]; h != nil {
		clear(h.key[:])
		delete(k.held, id)
	}
}

// wrap encrypts a data key under the key of the record, which it may create.
func (k *Keyring) wrap(ctx context.Context, b Binding, key []byte, create bool) ([]byte, error) {
	with, err := k.record(ctx, b.Provider, b.Record, create)
	if err != nil {
		return nil, err
	}
	return wrapKey(with[:], key, b.associated())
}

// unwrap undoes wrap; it creates nothing.
func (k *Keyring) unwrap(ctx context.Context, b Binding, wrapped []byte) ([]byte, error) {
	with, err := k.record(ctx, b.Provider, b.Record, false)
	if err != nil {
		return nil, err
	}
	return unwrapKey(with[:], wrapped, b.associated())
}

// record gives the key of a record by way of its provider's. The provider's
// key is looked at each time, so that its loss takes effect at once too.
func (k *Keyring) record(ctx context.Context, provider, record int64, create bool) (key [keySize]byte, err error) {
	with, err := k.key(ctx, keyID{provider: provider}, create, k.root.Wrap, k.root.Unwrap)
	if err != nil {
		return key, err
	}
	defer clear(with[:])
	wrap := func(_ context.Context, key, associated []byte) ([]byte, error) {
		return wrapKey(with[:], key, associated)
	}
	unwrap := func(_ context.Context, wrapped, associated []byte) ([]byte, error) {
		return unwrapKey(with[:], wrapped, associated)
	}
	return k.key(ctx, keyID{provider, record}, create, wrap, unwrap)
}

// rooted wraps or unwraps with the key one step above.
type rooted func(ctx context.Context, key, associated []byte) ([]byte, error)

// key gives a key from memory or from its file, or creates it.
func (k *Keyring) key(ctx context.Context, id keyID, create bool, wrap, unwrap rooted) ([keySize]byte, error) {
	if key, ok := k.heldKey(id); ok {
		return key, nil
	}
	key, info, err := k.read(ctx, id, unwrap)
	if create && errors.Is(err, ErrNoKey) {
		if err := k.create(ctx, id, wrap); err != nil {
			return key, err
		}
		key, info, err = k.read(ctx, id, unwrap)
	}
	if err != nil {
		return key, err
	}
	if create {
		// Another process may have made the file and not yet made it last.
		if err := syncDir(k.dir); err != nil {
			return key, fmt.Errorf("keyring: %w", err)
		}
	}
	k.hold(id, key, info)
	return key, nil
}

// heldKey gives a key from memory, if its file is still the one it came from.
func (k *Keyring) heldKey(id keyID) (key [keySize]byte, ok bool) {
	info, err := os.Stat(filepath.Join(k.dir, id.file()))
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.held[id]
	if h == nil {
		return key, false
	}
	if err != nil || !os.SameFile(info, h.file) || !info.ModTime().Equal(h.file.ModTime()) || info.Size() != h.file.Size() {
		k.drop(id)
		return key, false
	}
	return h.key, true
}

func (k *Keyring) hold(id keyID, key [keySize]byte, info fs.FileInfo) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for other := range k.held {
		if len(k.held) < keepKeys {
			break
		}
		k.drop(other)
	}
	k.held[id] = &heldKey{key: key, file: info}
}

// create makes a fresh key, unless another was quicker.
func (k *Keyring) create(ctx context.Context, id keyID, wrap rooted) error {
	if err := k.checkOrphans(id); err != nil {
		return err
	}
	var key [keySize]byte
	rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	wrapped, err := wrap(ctx, key[:], id.associated())
	clear(key[:])
	if err != nil {
		return fmt.Errorf("keyring: create %s: %w", id.file(), err)
	}
	err = writeOnce(filepath.Join(k.dir, id.file()), keyText(id.title(), wrapped))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keyring: create %s: %w", id.file(), err)
	}
	return nil
}

// checkOrphans refuses a new provider key while record keys of that provider
// are there: then the old one was lost or not restored, and a new one would
// stand in the place where it has to go back.
func (k *Keyring) checkOrphans(id keyID) error {
	if id.record != 0 {
		return nil
	}
	names, err := fs.Glob(os.DirFS(k.dir), "record-*.key")
	if err != nil {
		return fmt.Errorf("keyring: %w", err)
	}
	prefix := []byte(fmt.Sprintf(titleRecord, id.provider, 0))
	prefix = bytes.TrimSuffix(prefix, []byte("0"))
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(k.dir, name))
		if err == nil && bytes.HasPrefix(text, prefix) {
			return fmt.Errorf("keyring: %s is missing but %s is there: restore it from the backup", id.file(), name)
		}
	}
	return nil
}

// read unwraps the key in a file. A missing file is ErrNoKey and ErrDamaged.
func (k *Keyring) read(ctx context.Context, id keyID, unwrap rooted) (key [keySize]byte, info fs.FileInfo, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keyring: %s: %w", id.file(), err)
		}
	}()
	path := filepath.Join(k.dir, id.file())
	info, err = os.Stat(path) // before reading: a later change shows as another file
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return key, nil, fmt.Errorf("%w: %w", ErrNoKey, ErrDamaged)
	}
	if err != nil {
		return key, nil, err
	}
	wrapped, err := parseKeyText(id.title(), text)
	if err != nil {
		return key, nil, err
	}
	plain, err := unwrap(ctx, wrapped, id.associated())
	if err != nil {
		return key, nil, err
	}
	if copy(key[:], plain) != keySize || len(plain) != keySize {
		return key, nil, fmt.Errorf("the key has %d bytes: %w", len(plain), ErrDamaged)
	}
	clear(plain)
	return key, info, nil
}

func (id keyID) file() string {
	if id.record == 0 {
		return fmt.Sprintf("provider-%d.key", id.provider)
	}
	return fmt.Sprintf("record-%d.key", id.record)
}

const titleRecord = "custodian record key v1, provider %d, record %d"

// title is the first line of the key's file.
func (id keyID) title() string {
	if id.record == 0 {
		return fmt.Sprintf("custodian provider key v1, provider %d", id.provider)
	}
	return fmt.Sprintf(titleRecord, id.provider, id.record)
}

// associated is what the key's wrap is bound to.
func (id keyID) associated() []byte {
	if id.record == 0 {
		return numbers(labelProvider, id.provider)
	}
	return numbers(labelRecord, id.provider, id.record)
}
