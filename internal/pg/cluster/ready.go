package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// How long a server that an earlier, killed program left behind may take to stop by itself, and then when asked.
const (
	predecessorLeaves = 5 * time.Second
	predecessorEnds   = 45 * time.Second
)

// awaitReady returns when our server, and not one that was there before, answers a connection.
func (c *Cluster) awaitReady(ctx context.Context) error {
	for {
		if pid, ready := readPidFile(c.data); pid == c.server.cmd.Process.Pid && ready {
			conn, err := pgconn.Connect(ctx, c.URL("postgres", Superuser))
			if err == nil {
				return conn.Close(ctx)
			}
		}
		select {
		case err := <-c.server.done:
			return fmt.Errorf("PostgreSQL stopped while starting (%v); it said:\n%s\nThe whole log: %s", err, c.lastWords(), c.log.Name())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL in %s is not ready: %w", c.dir, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// readPidFile reads the server's own note about itself: line 1 is its process id, line 8 its state
// (PostgreSQL, src/include/utils/pidfile.h). A missing or half-written file is pid 0.
func readPidFile(data string) (pid int, ready bool) {
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	lines := strings.Split(string(b), "\n")
	pid, err = strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil {
		return 0, false
	}
	return pid, len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
}

// awaitPredecessor waits until no server works in the data directory any more. We hold the lock, so what runs there was left
// by a program that was killed, and its parent-death signal is stopping it; if not, it is told to.
func (c *Cluster) awaitPredecessor(ctx context.Context) error {
	asked := false
	for start := time.Now(); ; {
		busy, err := working(c.data)
		if err != nil {
			return err
		}
		if len(busy) == 0 {
			return c.dropStaleNote()
		}
		waited := time.Since(start)
		if pid, _ := readPidFile(c.data); waited > predecessorLeaves && !asked && busy[pid] {
			_ = syscall.Kill(pid, syscall.SIGINT)
			asked = true
		}
		if waited > predecessorEnds {
			return fmt.Errorf("an earlier PostgreSQL still runs on %s and does not stop", c.data)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// dropStaleNote removes the pid file of a server that was killed, when its process id has since been given to something else
// of this account (usual after a container restarts): PostgreSQL would take that for itself, still running. It is safe because
// nothing works in the directory and we hold the lock. In every other case PostgreSQL sees by itself that the file is stale.
func (c *Cluster) dropStaleNote() error {
	pid, _ := readPidFile(c.data)
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	return os.Remove(filepath.Join(c.data, "postmaster.pid"))
}

// working returns the processes whose working directory is data: a server and every one of its own processes stand there.
func working(data string) (map[int]bool, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("see which programs run: %w", err)
	}
	found := map[int]bool{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if cwd, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd")); err == nil && cwd == data {
			found[pid] = true
		}
	}
	return found, nil
}

// lastWords are the last lines of the server's log.
func (c *Cluster) lastWords() []byte {
	const tail = 2048
	f, err := os.Open(c.log.Name())
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > tail {
		_, _ = f.Seek(-tail, io.SeekEnd)
	}
	b, _ := io.ReadAll(io.LimitReader(f, tail))
	return bytes.TrimSpace(b)
}
