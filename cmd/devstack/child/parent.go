package child

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// OutliveNobody makes this process end with the one that started it: the returned channel is closed when that one has gone.
// It is called once, from main, whose thread it keeps.
//
// parent is the process that started us, by its own word; 0 where it did not say. One that does say leaves nobody behind even
// when it goes before we come this far: by then whoever took us over would be taken for our parent.
//
// The kernel sends the signal when the *thread* that started us dies, which in a Go program can happen although the program
// lives on. So a signal counts only when we have been handed to another parent.
func OutliveNobody(parent int) (<-chan struct{}, error) {
	if parent == 0 {
		parent = os.Getppid()
	}
	runtime.LockOSThread()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1)
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGUSR1), 0, 0, 0); err != nil {
		return nil, fmt.Errorf("ask to end with the parent: %w", err)
	}
	gone := make(chan struct{})
	go func() {
		for os.Getppid() == parent { // asked first: the parent may have gone before the kernel knew of our wish
			// the kernel tells our threads one after another that the parent has gone, and signals after the first:
			// a thread that asks at once may still be told the old parent, so it is asked again
			select {
			case <-signals:
			case <-time.After(time.Second):
			}
		}
		close(gone)
	}()
	return gone, nil
}
