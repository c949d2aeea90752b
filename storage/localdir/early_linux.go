package localdir

import (
	"os"

	"golang.org/x/sys/unix"
)

// startWriting asks the kernel to begin writing a range out. It is a hint:
// what counts is the fsync at the end, so a failure here changes nothing.
func startWriting(f *os.File, off, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), off, n, unix.SYNC_FILE_RANGE_WRITE)
}
