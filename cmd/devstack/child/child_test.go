package child_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
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

	"custodian/cmd/devstack/child"
)

// part makes this test binary one of the programs that the tests need.
const part = "CHILD_TEST_PART"

func TestMain(m *testing.M) {
	switch os.Getenv(part) {
	case "":
		os.Exit(m.Run())
	case "serve": // answers on the given address until told to stop
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		l, err := net.Listen("tcp", os.Args[1])
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, os.Getpid()) }))
		<-stop
	case "deaf": // does not stop when asked
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("deaf")
		time.Sleep(time.Hour)
	case "fail":
		os.Exit(3)
	case "supervise": // keeps a server going, tells its pid and is then killed by the test
		k := keeper(os.Args[1], func(pid int) error { fmt.Println(pid); return nil })
		fmt.Println(k.Run(context.Background()))
	case "follow": // a program that outlives nobody; its own child
		gone, err := child.OutliveNobody(0)
		if err != nil {
			panic(err)
		}
		fmt.Println(os.Getpid())
		<-gone
	case "lead": // starts such a program plainly, and is then killed by the test
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{part + "=follow"}
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		time.Sleep(time.Hour) // not select {}: with nothing left to wake it, the runtime would end the program before the test does
	}
	os.Exit(0)
}

func program(name string, args ...string) child.Program {
	return child.Program{Path: os.Args[0], Args: args, Env: []string{part + "=" + name}, Output: os.Stderr}
}

func keeper(addr string, up func(int) error) child.Keeper {
	return child.Keeper{
		Name: "The server", Program: program("serve", addr), Up: up, Say: func(string) {},
		Patience: time.Minute, Grace: time.Minute,
		Answers: func(ctx context.Context) error {
			for ctx.Err() == nil {
				if resp, err := http.Get("http://" + addr); err == nil {
					resp.Body.Close()
					return nil
				}
				time.Sleep(5 * time.Millisecond)
			}
			return ctx.Err()
		},
	}
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaitDead returns when the process is gone. The bound is only for a test that would hang.
func awaitDead(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// Killed many times, the program comes back each time on the same address; then it stops when asked.
func TestKilledIsStartedAgain(t *testing.T) {
	t.Parallel()
	addr, pids := free(t), make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- keeper(addr, func(pid int) error { pids <- pid; return nil }).Run(ctx) }()
	last := 0
	for range 8 { // more often than a program that never worked would be tried
		pid := <-pids
		if pid == last {
			t.Fatalf("the same process %d again", pid)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		last = pid
	}
	last = <-pids
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("stopping: %v", err)
	}
	awaitDead(t, last)
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	k := keeper(free(t), func(int) error { return errors.New("it cannot be up") })
	k.Program = program("fail")
	var mu sync.Mutex
	var said []string
	k.Say = func(text string) { mu.Lock(); defer mu.Unlock(); said = append(said, text) }
	if err := k.Run(t.Context()); !errors.Is(err, child.ErrGivenUp) {
		t.Fatalf("got %v", err)
	}
	if len(said) != 4 || !strings.Contains(said[0], "exit status 3") {
		t.Errorf("said %q", said)
	}
}

func TestMissingProgram(t *testing.T) {
	t.Parallel()
	if _, err := child.Start(child.Program{Path: "/no/such/program"}); err == nil || !strings.Contains(err.Error(), "/no/such/program") {
		t.Errorf("got %v", err)
	}
}

func TestStopKillsTheDeaf(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := program("deaf")
	p.Output = w
	c, err := child.Start(p)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(time.Millisecond); err == nil {
		t.Error("a program that does not stop is said to have stopped")
	}
	awaitDead(t, c.Pid())
}

// Killed outright, neither a supervisor nor a plain parent leaves its program behind.
func TestKilledParentLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"supervise", "lead"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], free(t))
			cmd.Env = []string{part + "=" + name}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			kill := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
			defer kill()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, 0); err != nil {
				t.Fatalf("the program does not run, so this test proves nothing: %v", err)
			}
			kill()
			awaitDead(t, pid)
		})
	}
}

// The thread that started a program may end while its process lives on: the program must not take that for an end.
func TestParentsThreadMayEnd(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{part + "=follow"}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := make(chan error)
	endThread := make(chan struct{})
	go threadThatEnds(cmd, began, endThread)
	if err := <-began; err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	close(endThread)
	for range 50 { // the signal comes when the thread ends, a little later
		time.Sleep(5 * time.Millisecond)
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "stat"))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			t.Fatal("it ended with the thread")
		}
	}
}
