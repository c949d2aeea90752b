package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"custodian/internal/config"
	"custodian/storage"
	"custodian/storage/localdir"
	"custodian/storage/s3"
)

// openDataDir makes the data directory when it is not there, and refuses one that other accounts may write to: whoever can
// rename its folders can put their own in place.
func openDataDir(s *config.Settings) error {
	// Run as root, the private PostgreSQL works as another account, which must be able to pass through (not look around).
	// Everything inside is closed by itself.
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 && !s.DatabaseURL.IsSet() {
		mode = 0o711
	}
	if err := os.MkdirAll(s.DataDir, mode); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w", err)
	}
	return checkDataDir(s.DataDir)
}

func checkDataDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return fmt.Errorf("the data directory cannot be used: %w", err)
	case !info.IsDir():
		return fmt.Errorf("the data directory %s is a file; name a directory in data_dir", dir)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("other accounts on this computer may write to the data directory %s (mode %04o), and could put their own files in the place of yours. Run: chmod 700 %s",
			dir, info.Mode().Perm(), dir)
	}
	return nil
}

func openStore(ctx context.Context, s *config.Settings) (storage.Store, error) {
	if s.Store == config.StoreS3 {
		store, err := s3.New(ctx, s3.Options{
			Endpoint: s.S3.Endpoint, Bucket: s.S3.Bucket, Region: s.S3.Region,
			AccessKey: s.S3.AccessKey, SecretKey: s.S3.SecretKey.Reveal(), TLS: s.S3.TLS,
		})
		if err != nil {
			return nil, err
		}
		store.LockMarks(s.CheckpointLock)
		return store, nil
	}
	return localdir.New(s.StoreDir)
}

// openKeyring opens the keys. It never makes a new root key beside a keyring that another one locked: that would look like a
// fresh start and leave every document shut.
func openKeyring(s *config.Settings) (*storage.Keyring, error) {
	if lost, err := rootLost(s); err != nil || lost {
		return nil, errors.Join(err, lostRoot(s, lost))
	}
	root, err := storage.NewFileRoot(s.RootKeyFile)
	if err != nil {
		return nil, err
	}
	return storage.OpenKeyring(s.KeyringDir, root)
}

func lostRoot(s *config.Settings, lost bool) error {
	if !lost {
		return nil
	}
	return fmt.Errorf("the keyring %s holds keys, but the root key that opens them is not at %s. Put it back from your backup, or name its place in root_key_file; "+
		"no new one is made, because nothing stored so far could be read with it", s.KeyringDir, s.RootKeyFile)
}

// rootLost says whether there are keys in the keyring and no root key.
func rootLost(s *config.Settings) (bool, error) {
	if _, err := os.Lstat(s.RootKeyFile); !errors.Is(err, fs.ErrNotExist) {
		return false, nil // there, or not readable: the opening says which
	}
	keys, err := filepath.Glob(filepath.Join(s.KeyringDir, "*.key"))
	return len(keys) > 0, err
}
