package child_test

import (
	"os/exec"
	"runtime"
	"syscall"
)

// threadThatEnds starts cmd on a thread that ends, without its process, when told to: a goroutine that ends while it holds
// its thread takes the thread with it. Go never lets the first thread of a process end, so that one is only held meanwhile.
func threadThatEnds(cmd *exec.Cmd, began chan<- error, end <-chan struct{}) {
	runtime.LockOSThread()
	if syscall.Gettid() == syscall.Getpid() {
		defer runtime.UnlockOSThread()
		done := make(chan struct{})
		go func() {
			defer close(done)
			threadThatEnds(cmd, began, end)
		}()
		<-done
		return
	}
	began <- cmd.Start()
	<-end
}
