package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one program that was started and is waited for.
type process struct {
	cmd    *exec.Cmd
	done   chan error    // yields once, then closed
	gone   chan struct{} // closed when the program has ended
	ending atomic.Bool   // whether we asked for it
	err    error         // how it ended; read after gone
}

// command prepares one of the server programs, with nothing inherited that is not needed: this process's working directory
// may be closed to the other account, and its environment holds secrets.
func (c *Cluster) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.dir
	cmd.Env = environment(c.dir)
	cmd.SysProcAttr = c.as.attributes()
	return cmd
}

func environment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + home, "TZ=UTC"}
}

// launch starts cmd and waits for it on a thread of its own: the parent-death signal fires when the *thread* that started the
// program dies, so that thread has to live as long as the program.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan error, 1), gone: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.gone)
		if p.ending.Load() {
			p.done <- nil
		} else {
			p.done <- p.err
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// end asks the program to stop, then asks harder, and returns when it is gone. An error means that it had to be killed, or
// that it had ended badly by itself before.
func (p *process) end(fast, immediate time.Duration) error {
	select {
	case <-p.gone:
		if p.err != nil {
			return fmt.Errorf("PostgreSQL had already stopped: %w", p.err)
		}
		return nil
	default:
	}
	p.ending.Store(true)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fast}, {syscall.SIGQUIT, immediate}} {
		_ = p.cmd.Process.Signal(step.signal)
		select {
		case <-p.gone:
			return nil
		case <-time.After(step.wait):
		}
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the whole group: the server's own children as well
	<-p.gone
	return errors.New("PostgreSQL did not stop when asked and was killed; it will recover at its next start")
}

// pause waits d, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
