package cluster_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"custodian/internal/pg/cluster"
)

// parentOf makes this test binary a program that starts a cluster and then hangs, to be killed.
const parentOf = "CLUSTER_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentOf); dir != "" {
		if _, err := cluster.Start(context.Background(), cluster.Options{Dir: dir, NoSync: true}); err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
		fmt.Println("ready")
		select {}
	}
	os.Exit(m.Run())
}

// Killed outright, a program leaves no server behind, and the next one starts on the same directory at once.
func TestKilledParent(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) string{"open": open, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(place(t), "db")
			kill := parent(t, dir)
			data, err := filepath.EvalSymlinks(filepath.Join(dir, "data"))
			if err != nil {
				t.Fatal(err)
			}
			if len(standingIn(t, data)) == 0 {
				t.Fatal("no server stands in the data directory, so this test proves nothing")
			}
			kill()
			again := start(t, dir) // while the old server may still be stopping
			if got := ask(t, again, "select 'recovered'"); got != "recovered" {
				t.Error(got)
			}
			if err := again.Stop(); err != nil {
				t.Fatal(err)
			}
			awaitNobody(t, data)
		})
	}
}

func TestKilledParentLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) string{"open": open, "closed": closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(place(t), "db")
			parent(t, dir)()
			awaitNobody(t, filepath.Join(dir, "data"))
		})
	}
}

// After a machine or container stopped hard, the note of the old server can name a process that is now somebody else.
func TestStaleNote(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	c := start(t, dir)
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	note := filepath.Join(dir, "data", "postmaster.pid")
	write(t, note, strconv.Itoa(os.Getpid())+"\n"+filepath.Join(dir, "data")+"\n1700000000\n5432\n\n\n")
	if err := os.Chown(note, int(owner(t, dir)), -1); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, start(t, dir), "select 'yes'"); got != "yes" {
		t.Error(got)
	}
}

// parent starts a program that owns a cluster in dir, and returns what kills it with signal 9 and waits for it.
func parent(t *testing.T, dir string) func() {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentOf+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ready" {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return kill
}

func standingIn(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, l := range links {
		if cwd, err := os.Readlink(l); err == nil && cwd == dir {
			found = append(found, l)
		}
	}
	return found
}

// awaitNobody returns when no process works in dir any more. The bound is only for a test that would hang.
func awaitNobody(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(standingIn(t, dir)) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still running in %s: %v", dir, standingIn(t, dir))
		}
	}
}

// A server that dies by itself is reported, and Stop says so too.
func TestServerDies(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	c, err := cluster.Start(t.Context(), cluster.Options{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	note, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(note), "\n")
	if err := syscall.Kill(number(t, pid), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-c.Done(); err == nil {
		t.Error("Done says that all is well")
	}
	if err := c.Stop(); err == nil {
		t.Error("Stop says that all was well")
	}
	if got := ask(t, start(t, dir), "select 'recovered'"); got != "recovered" {
		t.Error(got)
	}
}

// The log does not grow without bound: a full one is set aside at the next start.
func TestFullLogIsSetAside(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	if err := start(t, dir).Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "postgres.log"), 17<<20); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
	info, err := os.Stat(filepath.Join(dir, "postgres.log"))
	if err != nil || info.Size() >= 17<<20 {
		t.Errorf("log: %v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres.log.old")); err != nil {
		t.Error(err)
	}
}
