// Package cluster runs a private PostgreSQL from the system's own server programs, as a child of this process.
//
// It is what stands behind "no DATABASE_URL given", behind the demonstration stack and behind the tests.
//
// Promise: the first start makes the cluster aside and renames it into place, so an interrupted first run leaves no half
// cluster. Nobody but this account (and root) can reach the server: it listens on no network address, and its socket lies in
// a directory of mode 0700. When this process dies in any way, kill -9 included, the server shuts down by itself. Its log
// holds no statement, no parameter and no row.
//
// Limits: Linux only (it leans on parent-death signals, user namespaces and /proc). One process per directory. It takes no
// backups and does not upgrade a cluster to a newer major version of PostgreSQL; it names the version that is wanted.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Superuser is the role that owns a private cluster. It exists to create the product's roles and database; the product
// itself never works as it.
const Superuser = "custodian_admin"

// How long a stopping server may take before it is asked harder. A fast shutdown writes one checkpoint, normally well under a
// second; a crowded disk can need many.
const (
	fastShutdown      = 30 * time.Second
	immediateShutdown = 10 * time.Second
)

// fullLog is the size in bytes from which the log is set aside at the next start.
const fullLog = 16 << 20

// Options says where a cluster lies and how it runs.
type Options struct {
	// Dir holds everything of the cluster: the data, the log and, where the path is short enough, the socket. It is made
	// when it does not exist. Run as root, it comes to belong to the account that the server runs as.
	Dir string

	// Bin is the directory of the server programs (postgres, initdb). Empty means the newest under
	// /usr/lib/postgresql/*/bin, then the PATH; an existing cluster is always opened by the version that made it.
	Bin string

	// NoSync gives up safety against power loss for speed: for tests only.
	NoSync bool

	// Settings are further server settings (postgresql.conf names). They cannot open the server to the network.
	Settings map[string]string
}

// Cluster is a running server. It is safe for concurrent use.
type Cluster struct {
	dir    string // Options.Dir, absolute and without symbolic links
	data   string
	socket socket
	bin    string
	as     identity
	lock   *os.File
	log    *os.File
	server *process

	stop    sync.Once
	stopErr error
}

// Start makes the cluster on first use, starts it and waits until it answers. ctx bounds the starting only: the server runs
// until Stop, or until this process ends. The errors are written for the person who started the program.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c := &Cluster{}
	if err := c.start(ctx, o); err != nil {
		if c.server != nil {
			c.server.end(fastShutdown, immediateShutdown)
		}
		c.release()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	if err := c.claim(ctx, o); err != nil {
		return err
	}
	if err := c.initialise(ctx, o); err != nil {
		return err
	}
	if err := c.awaitPredecessor(ctx); err != nil {
		return err
	}
	var err error
	if c.socket, err = openSocket(c.dir, c.bin, c.as); err != nil {
		return err
	}
	cmd := c.command("postgres", c.arguments(o)...)
	cmd.Stdout, cmd.Stderr = c.log, c.log
	if c.server, err = launch(cmd); err != nil {
		return fmt.Errorf("start PostgreSQL in %s: %w", c.dir, c.as.explain(err))
	}
	if err := c.awaitReady(ctx); err != nil {
		return err
	}
	c.socket.remember(c.dir, c.as)
	return nil
}

// claim finds the programs, settles as whom they run, and takes the directory for this process alone.
func (c *Cluster) claim(ctx context.Context, o Options) error {
	if o.Dir == "" {
		return errors.New("a private PostgreSQL needs a directory")
	}
	var err error
	if c.dir, err = makeHome(o.Dir); err != nil {
		return err
	}
	c.data = filepath.Join(c.dir, "data")
	if c.bin, err = findPrograms(o.Bin, c.data); err != nil {
		return err
	}
	if c.as, err = chooseIdentity(c.dir, c.data, c.bin); err != nil {
		return err
	}
	if err := c.as.take(c.dir); err != nil {
		return err
	}
	if c.lock, err = takeLock(ctx, filepath.Join(c.dir, "lock"), c.as); err != nil {
		return err
	}
	c.log, err = c.openLog(filepath.Join(c.dir, "postgres.log"))
	return err
}

// openLog opens the server's log, setting a full one aside first: one old log is kept.
func (c *Cluster) openLog(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Size() > fullLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return c.as.openFile(path, os.O_APPEND|os.O_WRONLY)
}

// arguments are the server's command line. What keeps the server private comes last, because the last one counts.
func (c *Cluster) arguments(o Options) []string {
	settings := []string{
		// The log is read by administrators, and what the product stores is not for them: no statement, no row, no value.
		"log_min_error_statement=panic",
		"log_error_verbosity=terse",
	}
	if o.NoSync {
		// synchronous_commit stays on, so that what tests see of ordering is what production does.
		settings = append(settings, "fsync=off", "full_page_writes=off")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Settings)) {
		settings = append(settings, name+"="+o.Settings[name])
	}
	settings = append(settings,
		"listen_addresses=",
		"unix_socket_directories="+c.socket.dir,
		"unix_socket_permissions=0700",
		"port=5432",
	)
	args := []string{"-D", c.data}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	return args
}

// URL is the address of one database of the cluster, for one role. It holds no secret: whoever can reach the socket is let in.
func (c *Cluster) URL(database, role string) string {
	q := url.Values{
		"host":    {c.socket.dir},
		"port":    {"5432"}, // said aloud, or PGPORT in the environment would lead elsewhere
		"user":    {role},
		"sslmode": {"disable"},
	}
	return "postgres:///" + url.PathEscape(database) + "?" + q.Encode()
}

// Done yields once when the server has ended: nil after Stop, what happened otherwise. It is closed after that.
func (c *Cluster) Done() <-chan error {
	return c.server.done
}

// Stop ends the server: first by a fast shutdown (open transactions are rolled back, everything acknowledged is on disk), then
// harder. It waits until the server is gone. Calling it again returns the first answer.
func (c *Cluster) Stop() error {
	c.stop.Do(func() {
		c.stopErr = c.server.end(fastShutdown, immediateShutdown)
		c.socket.remove(c.dir)
		c.release()
	})
	return c.stopErr
}

// release gives the directory back. The lock file itself stays: removing it would let two processes lock two different files.
func (c *Cluster) release() {
	if c.log != nil {
		c.log.Close()
	}
	if c.lock != nil {
		_ = syscall.Flock(int(c.lock.Fd()), syscall.LOCK_UN)
		c.lock.Close()
	}
}
