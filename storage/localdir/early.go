package localdir

import "os"

// earlyStep is how much is written before the kernel is asked to start.
const earlyStep = 8 << 20

// earlyWriter writes a file from its beginning.
type earlyWriter struct {
	f       *os.File
	written int64
	started int64 // up to here the kernel was asked to write
}

func (w *earlyWriter) write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	w.written += int64(n)
	if err == nil && w.written-w.started >= earlyStep {
		startWriting(w.f, w.started, w.written-w.started)
		w.started = w.written
	}
	return n, err
}
