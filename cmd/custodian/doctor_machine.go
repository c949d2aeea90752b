package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"custodian/internal/config"
	"custodian/storage"
)

const (
	checkNameDirectory = "data directory"
	checkNameSpace     = "free space"
	checkNameKeys      = "keys"
)

func checkDirectory(_ context.Context, s *config.Settings) []finding {
	if _, err := os.Stat(s.DataDir); errors.Is(err, fs.ErrNotExist) {
		at := existing(s.DataDir)
		if err := writable(at); err != nil {
			return []finding{wrong(checkNameDirectory, err, "make "+s.DataDir+" yourself, owned by the account that runs custodian, or name another in data_dir")}
		}
		return []finding{fine(checkNameDirectory, "%s is not there yet; the first start makes it", s.DataDir)}
	}
	if err := checkDataDir(s.DataDir); err != nil {
		return []finding{wrong(checkNameDirectory, err, "chmod 700 "+s.DataDir+", and see that it belongs to the account that runs custodian")}
	}
	if err := writable(s.DataDir); err != nil {
		return []finding{wrong(checkNameDirectory, err, "give "+s.DataDir+" to the account that runs custodian")}
	}
	return []finding{fine(checkNameDirectory, "%s is ours alone", s.DataDir)}
}

// existing is the nearest directory at or above path that is there.
func existing(path string) string {
	for {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return path
		}
		up := filepath.Dir(path)
		if up == path {
			return path
		}
		path = up
	}
}

// writable tries to make a file; mode bits alone would miss access lists and read-only mounts.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".custodian-doctor-*")
	if err != nil {
		return fmt.Errorf("this account cannot write in %s: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// leastSpace is the least free space on any disk we write to; PostgreSQL stops the hard way when it has none.
const leastSpace = 1 << 30

func checkSpace(_ context.Context, s *config.Settings) []finding {
	need := map[string]int64{existing(s.DataDir): leastSpace}
	if s.Store == config.StoreDir {
		need[existing(s.StoreDir)] = max(leastSpace, s.UploadLimit)
	}
	var all []finding
	for _, dir := range []string{existing(s.DataDir), existing(s.StoreDir)} {
		least, ok := need[dir]
		if !ok {
			continue
		}
		delete(need, dir)
		var disk syscall.Statfs_t
		if err := syscall.Statfs(dir, &disk); err != nil {
			all = append(all, wrong(checkNameSpace, fmt.Errorf("the free space at %s cannot be asked for: %w", dir, err), "see that the disk is mounted"))
			continue
		}
		free := int64(disk.Bavail) * int64(disk.Bsize)
		if free < least {
			all = append(all, wrong(checkNameSpace, fmt.Errorf("%s free at %s, and at least %s should be", inGiB(free), dir, inGiB(least)), "make room, or move data_dir or store_dir to a larger disk"))
			continue
		}
		all = append(all, fine(checkNameSpace, "%s free at %s", inGiB(free), dir))
	}
	return all
}

func inGiB(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

func checkKeys(ctx context.Context, s *config.Settings) []finding {
	lost, err := rootLost(s)
	if err != nil || lost {
		return []finding{wrong(checkNameKeys, errors.Join(err, lostRoot(s, lost)), "restore the keyring and the root key from their own backup")}
	}
	if _, err := os.Lstat(s.RootKeyFile); errors.Is(err, fs.ErrNotExist) {
		return []finding{fine(checkNameKeys, "none yet; the first start makes the root key at %s. Back it up apart from the data", s.RootKeyFile)}
	}
	const advice = "run: chmod 700 on the keyring, chmod 600 on the files in it, as the account that runs custodian; restore what is missing from the keyring's own backup"
	root, err := storage.NewFileRoot(s.RootKeyFile)
	if err != nil {
		return []finding{wrong(checkNameKeys, err, advice)}
	}
	if _, err := os.Lstat(s.KeyringDir); errors.Is(err, fs.ErrNotExist) {
		return []finding{fine(checkNameKeys, "the root key is in order; the keyring %s is not there yet", s.KeyringDir)}
	}
	ring, err := storage.OpenKeyring(s.KeyringDir, root)
	if err == nil {
		err = ring.Check(ctx)
	}
	if err != nil {
		return []finding{wrong(checkNameKeys, err, advice)}
	}
	return []finding{fine(checkNameKeys, "the root key opens the keyring %s. Is it backed up, apart from the data?", s.KeyringDir)}
}
