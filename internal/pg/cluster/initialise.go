package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// makeHome makes the cluster's directory and returns its real path. Run as root, missing parents are made so that another
// account can pass through them without being able to list them.
func makeHome(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	parents := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		parents = 0o711
	}
	if err := os.MkdirAll(filepath.Dir(dir), parents); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// initialise makes the cluster unless it exists: aside first, then renamed into place, so that a killed first run leaves
// nothing that looks like a cluster. What such a run left is cleared away here.
func (c *Cluster) initialise(ctx context.Context, o Options) error {
	if err := clearUnfinished(c.dir); err != nil {
		return err
	}
	if made, err := madeBy(c.data); made != "" || err != nil {
		return err
	}
	aside := c.data + ".new-" + rand.Text()[:8]
	args := []string{"-D", aside, "-U", Superuser, "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
		// Whoever reaches the socket, in its directory of mode 0700, is trusted; nobody comes by network.
		"--auth-local=trust", "--auth-host=reject"}
	if o.NoSync {
		args = append(args, "--no-sync")
	}
	cmd := c.command("initdb", args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	p, err := launch(cmd)
	if err != nil {
		return fmt.Errorf("make the database in %s: %w", c.dir, c.as.explain(err))
	}
	select {
	case err = <-p.done:
	case <-ctx.Done():
		_ = p.end(fastShutdown, immediateShutdown)
		err = ctx.Err()
	}
	if err != nil {
		_ = os.RemoveAll(aside)
		return fmt.Errorf("make the database in %s: %w\n%s", c.dir, err, bytes.TrimSpace(said.Bytes()))
	}
	return os.Rename(aside, c.data)
}

// clearUnfinished removes what interrupted first runs left. The directory is locked by this process, so none is going on.
func clearUnfinished(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, "data.new-*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
