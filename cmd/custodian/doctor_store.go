package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"custodian/internal/config"
	"custodian/storage"
)

const checkNameStore = "store"

func checkStore(ctx context.Context, s *config.Settings) []finding {
	advice := "see that " + s.StoreDir + " belongs to the account that runs custodian and that its disk is well"
	where := s.StoreDir
	if s.Store == config.StoreS3 {
		advice = "see that the bucket exists, that the key may put, get, list and delete in it, and that the store supports If-None-Match on put"
		where = "the bucket " + s.S3.Bucket
	} else if _, err := os.Stat(s.StoreDir); errors.Is(err, fs.ErrNotExist) {
		return []finding{fine(checkNameStore, "%s is not there yet; the first start makes it", s.StoreDir)}
	}
	store, err := openStore(ctx, s)
	if err == nil {
		err = probe(ctx, store)
	}
	if err != nil {
		return []finding{wrong(checkNameStore, err, advice)}
	}
	return []finding{fine(checkNameStore, "%s: put, refuse to overwrite, read a part, list and remove all work", where)}
}

// probe walks the contract of a store with one small object of random bytes, and takes it away again.
func probe(ctx context.Context, store storage.Store) (err error) {
	name, body, other := storage.NewName(), make([]byte, 4096), make([]byte, 16)
	rand.Read(body)
	rand.Read(other)
	n, err := store.Put(ctx, name, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("put: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, store.Remove(context.WithoutCancel(ctx), name))
		}
	}()
	if n != int64(len(body)) {
		return fmt.Errorf("put %d bytes, and the store says %d", len(body), n)
	}
	if _, err := store.Put(ctx, name, bytes.NewReader(other)); !errors.Is(err, storage.ErrExists) {
		return fmt.Errorf("the store lets an object be overwritten, which it must refuse (it answered: %v)", err)
	}
	if err := probeRead(ctx, store, name, body); err != nil {
		return err
	}
	if err := probeList(ctx, store); err != nil {
		return err
	}
	if err := store.Remove(ctx, name); err != nil {
		return fmt.Errorf("remove: %w", err)
	}
	if o, err := store.Open(ctx, name); !errors.Is(err, storage.ErrNotFound) {
		if err == nil {
			err = o.Close()
		}
		return errors.Join(errors.New("the object is still there after it was removed"), err)
	}
	return nil
}

func probeRead(ctx context.Context, store storage.Store, name storage.Name, body []byte) error {
	o, err := store.Open(ctx, name)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer o.Close()
	part := make([]byte, 100)
	if _, err := o.ReadAt(part, 1000); err != nil {
		return fmt.Errorf("read a part: %w", err)
	}
	if o.Size() != int64(len(body)) || !bytes.Equal(part, body[1000:1100]) {
		return errors.New("what is read is not what was put")
	}
	return nil
}

// probeList looks at the first object listed only: a full store has millions.
func probeList(ctx context.Context, store storage.Store) error {
	for _, err := range store.List(ctx) {
		if err != nil {
			return fmt.Errorf("list: %w", err)
		}
		return nil
	}
	return errors.New("the list of objects is empty, though one was just put")
}
