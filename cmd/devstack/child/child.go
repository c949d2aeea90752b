// Package child runs programs that must not outlive this one, and keeps one of them going.
//
// Promise: when this process ends in any way, kill -9 included, the kernel tells every program started here to stop. A program
// that is stopped gets time to finish before it is killed.
//
// Limits: Linux only. It looks after the programs it started, not after what those start in turn.
package child

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Program says what to run.
type Program struct {
	Path   string
	Args   []string // without the program's own name
	Env    []string // the whole environment; nothing is inherited
	Dir    string
	Output io.Writer // where what it prints goes
}

// Process is a running program.
type Process struct {
	cmd  *exec.Cmd
	gone chan struct{}
	err  error // how it ended; read after gone
}

// ends is how long what a program has printed is waited for once it has ended: a program that it started in turn may hold its
// output open for ever.
const ends = 5 * time.Second

// Start runs p in a process group of its own, so that Ctrl-C at the terminal reaches this process alone, which then stops
// everything in order.
func Start(p Program) (*Process, error) {
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env, cmd.Dir = p.Env, p.Dir
	if cmd.Env == nil {
		cmd.Env = []string{}
	}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.Output, p.Output, ends
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	r := &Process{cmd: cmd, gone: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The parent-death signal fires when the thread that started the program dies: it has to live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		r.err = cmd.Wait()
		close(r.gone)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Path, err)
	}
	return r, nil
}

// Pid is the program's process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Gone is closed when the program has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Err says how the program ended: nil for exit status 0. It may be asked after Gone.
func (p *Process) Err() error { return p.err }

// Stop asks the program to end and kills it when it has not after grace. It returns when the program is gone; the error says
// that it had to be killed, or that it did not end well.
func (p *Process) Stop(grace time.Duration) error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
		return p.err
	case <-time.After(grace):
	}
	_ = p.cmd.Process.Kill()
	<-p.gone
	return errors.New("it did not stop when asked and was killed")
}
