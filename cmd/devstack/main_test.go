package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram makes this test binary devstack itself; asked to serve, it is a portal that does nothing but answer.
const asProgram = "DEVSTACK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asProgram) == "":
		os.Exit(m.Run())
	case len(os.Args) > 1 && os.Args[1] == "serve":
		os.Exit(pretendPortal())
	case len(os.Args) > 1 && os.Args[1] == "lead": // starts devstack plainly, and is then killed by the test
		cmd := exec.Command(os.Args[0], os.Args[2:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Env = append(os.Environ(), parentVariable+"="+strconv.Itoa(os.Getpid()))
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		time.Sleep(time.Hour) // not select {}: with nothing left to wake it, the runtime would end the program before the test does
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// pretendPortal is ready at once and shows the settings it was given.
func pretendPortal() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /environment", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(os.Environ()) })
	s := &http.Server{Addr: os.Getenv("CUSTODIAN_LISTEN"), Handler: mux, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println(err)
		return 1
	}
	return 0
}

// running is a devstack under test.
type running struct {
	*exec.Cmd
	t     *testing.T
	dir   string
	ready string
	said  *lines
	ended chan struct{}
	err   error
}

// lines collects what a program prints.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// scratch is a directory that other accounts may pass through, as the demonstration's usually is.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		awaitNobody(t, dir)
		os.RemoveAll(dir)
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// printed is how long a test waits for what was printed once the program has ended: one that outlives it against the promise
// holds its output open, and is to be told and not waited for.
const printed = 10 * time.Second

// begin starts the program with the given arguments; --data and --ready are added.
func begin(t *testing.T, dir string, args ...string) *running {
	t.Helper()
	r := &running{t: t, dir: dir, ready: filepath.Join(dir, "ready.json"), said: &lines{}, ended: make(chan struct{})}
	args = append(args, "--data", filepath.Join(dir, "data"), "--ready", r.ready)
	r.Cmd = exec.Command(os.Args[0], args...)
	r.Env = append(os.Environ(), asProgram+"=1", "CUSTODIAN_STORE_DIR=/nowhere", "DATABASE_URL=postgres://nowhere.invalid/x", "PGHOST=/nowhere")
	r.Stdout, r.Stderr, r.WaitDelay = r.said, r.said, printed
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		r.err = r.Wait()
		close(r.ended)
	}()
	t.Cleanup(func() {
		_ = r.Process.Kill()
		<-r.ended
	})
	return r
}

// await returns the content of the ready file once good accepts it. The bound is only for a test that would hang.
func await[T any](r *running, good func(T) bool) T {
	r.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var got T
		if b, err := os.ReadFile(r.ready); err == nil {
			if err := json.Unmarshal(b, &got); err != nil {
				r.t.Fatalf("the ready file is not whole: %v", err)
			}
			if good(got) {
				return got
			}
		}
		select {
		case <-r.ended:
			r.t.Fatalf("devstack has ended (%v):\n%s%s", r.err, r.said, r.logs())
		default:
		}
		if time.Now().After(end) {
			r.t.Fatalf("devstack is not ready:\n%s%s", r.said, r.logs())
		}
	}
}

// awaitSaid returns what was printed, once words are in it: the ready file comes a little before.
func (r *running) awaitSaid(words string) string {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); !strings.Contains(r.said.String(), words); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("devstack does not say %q:\n%s", words, r.said)
		}
	}
	return r.said.String()
}

func (r *running) logs() string {
	var all strings.Builder
	for _, name := range []string{"portal.log", "s3.log", "provider.log"} {
		if b, err := os.ReadFile(filepath.Join(r.dir, "data", name)); err == nil {
			fmt.Fprintf(&all, "--- %s\n%s", name, b)
		}
	}
	return all.String()
}

// end sends a signal and returns how the program ended.
func (r *running) end(s os.Signal) error {
	r.t.Helper()
	if err := r.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-r.ended:
	case <-time.After(2 * time.Minute):
		r.t.Fatalf("it does not stop:\n%s", r.said)
	}
	return r.err
}

// at lists the processes that work under dir: everything the stack starts does.
func at(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, l := range links {
		if cwd, err := os.Readlink(l); err == nil && (cwd == dir || strings.HasPrefix(cwd, dir+"/")) {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(l), "cmdline"))
			found = append(found, fmt.Sprintf("%s %q", l, name))
		}
	}
	return found
}

// killAll ends whatever a test has left under its directory.
func killAll(t *testing.T, dir string) {
	t.Helper()
	for _, found := range at(t, dir) {
		var pid int
		if _, err := fmt.Sscanf(found, "/proc/%d/", &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func awaitNobody(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(at(t, dir)) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("still running: %v", at(t, dir))
			return
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s: %v", strconv.Itoa(pid), err)
	}
}
