package cluster_test

import (
	"context"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"custodian/internal/pg/cluster"

	"github.com/jackc/pgx/v5"
)

// start runs a cluster for the test and ends it with the test, if the test has not.
func start(t *testing.T, dir string) *cluster.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// ask runs one query that answers one text.
func ask(t *testing.T, c *cluster.Cluster, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL("postgres", cluster.Superuser))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func execute(t *testing.T, c *cluster.Cluster, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), c.URL("postgres", cluster.Superuser))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// open returns a directory that every account may enter, as /var/lib/custodian would be. (t.TempDir is closed to others.)
func open(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cluster-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// closed returns a directory that only this account may enter, as a home of mode 0700 is.
func closed(t *testing.T) string {
	t.Helper()
	dir := open(t)
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func owner(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}

func TestFirstRunAndRestart(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) string{"open directory": open, "home of mode 0700": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(place(t), "made", "on", "demand")
			c := start(t, dir)
			for setting, want := range map[string]string{
				"listen_addresses": "", "data_checksums": "on", "server_encoding": "UTF8", "fsync": "off",
				"synchronous_commit": "on", "unix_socket_permissions": "0700", "TimeZone": "UTC",
			} {
				if got := ask(t, c, "select current_setting('"+setting+"')"); got != want {
					t.Errorf("%s is %q, want %q", setting, got, want)
				}
			}
			if got := ask(t, c, "select datcollate from pg_database where datname = 'template1'"); got != "C.UTF-8" {
				t.Errorf("collation %q", got)
			}
			execute(t, c, "create table kept as select 'still here' as word")
			if err := c.Stop(); err != nil {
				t.Fatal(err)
			}
			if err := <-c.Done(); err != nil {
				t.Errorf("Done after Stop: %v", err)
			}
			again := start(t, dir)
			if got := ask(t, again, "select word from kept"); got != "still here" {
				t.Errorf("after a restart: %q", got)
			}
		})
	}
}

// As root the server runs as postgres where that account can come, and stays root's own where it cannot.
func TestWhoOwnsTheFiles(t *testing.T) {
	t.Parallel()
	inOpen, inClosed := uint32(os.Geteuid()), uint32(os.Geteuid())
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal("run as root, this test needs the account postgres: install the package postgresql: ", err)
		}
		inOpen = uint32(number(t, u.Uid))
	}
	for _, c := range []struct {
		parent string
		want   uint32
	}{{open(t), inOpen}, {closed(t), inClosed}} {
		dir := filepath.Join(c.parent, "db")
		start(t, dir)
		for _, path := range []string{dir, filepath.Join(dir, "data"), filepath.Join(dir, "run"), filepath.Join(dir, "postgres.log")} {
			if got := owner(t, path); got != c.want {
				t.Errorf("%s belongs to %d, want %d", path, got, c.want)
			}
		}
		for _, path := range []string{dir, filepath.Join(dir, "run")} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: mode %v, %v; want 0700", path, info.Mode(), err)
			}
		}
	}
}

func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	one, two := start(t, filepath.Join(open(t), "db")), start(t, filepath.Join(open(t), "db"))
	execute(t, one, "create table mark as select 'one' as word")
	execute(t, two, "create table mark as select 'two' as word")
	if a, b := ask(t, one, "select word from mark"), ask(t, two, "select word from mark"); a != "one" || b != "two" {
		t.Errorf("got %q and %q", a, b)
	}
}

// A second program on the same directory is told so, and the first goes on undisturbed.
func TestTheSameDirectoryTwice(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	c := start(t, dir)
	_, err := cluster.Start(t.Context(), cluster.Options{Dir: dir, NoSync: true})
	if err == nil || !strings.Contains(err.Error(), "another running program") {
		t.Fatalf("got %v", err)
	}
	if got := ask(t, c, "select 'alive'"); got != "alive" {
		t.Error(got)
	}
}

func TestALongPathPutsTheSocketElsewhere(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) string{"open": open, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(place(t), strings.Repeat("long-", 20), "db")
			c := start(t, dir)
			host := ask(t, c, "select current_setting('unix_socket_directories')")
			if strings.HasPrefix(host, dir) {
				t.Fatalf("the socket lies in %s", host)
			}
			if info, err := os.Stat(host); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v %v", host, info, err)
			}
			if err := c.Stop(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(host); !os.IsNotExist(err) {
				t.Errorf("%s is left behind: %v", host, err)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(open(t), "db"), NoSync: true,
		Settings: map[string]string{"work_mem": "7MB", "listen_addresses": "127.0.0.1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	if got := ask(t, c, "select current_setting('work_mem')"); got != "7MB" {
		t.Errorf("work_mem is %s", got)
	}
	if got := ask(t, c, "select current_setting('listen_addresses')"); got != "" {
		t.Errorf("a setting opened the server to the network: %q", got)
	}
}

// What the product stores must not come to stand in the server's log, not even when a statement fails.
func TestTheLogHoldsNoContent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	c := start(t, dir)
	execute(t, c, "create table person (name text primary key)")
	execute(t, c, "insert into person values ('Wilhelmina Quill')")
	conn, err := pgx.Connect(t.Context(), c.URL("postgres", cluster.Superuser))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "insert into person values ('Wilhelmina Quill')"); err == nil {
		t.Fatal("the same name twice was taken")
	}
	log, err := os.ReadFile(filepath.Join(dir, "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "person_pkey") {
		t.Error("the failure is not in the log, so this test proves nothing")
	}
	if strings.Contains(string(log), "Wilhelmina") {
		t.Errorf("the log tells a name:\n%s", log)
	}
}
