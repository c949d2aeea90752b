package main

import (
	"io"
	"net/http"
	"time"
)

// stalled is how long a sender or a reader may stand still. There is no limit on a whole request: a file of the full upload limit
// over a home's slow line takes hours, and is welcome as long as it moves.
const stalled = 2 * time.Minute

// moving ends connections on which nothing moves for the given time. Every read of a body and every write of an answer gets a
// deadline of its own.
func moving(h http.Handler, patience time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		// The deadline of the last answer on this connection may have passed while it stood idle.
		_ = control.SetWriteDeadline(time.Time{})
		// When the handler returns, what is still buffered goes out, and the rest of a body that it did not read comes in.
		defer func() {
			_ = control.SetWriteDeadline(time.Now().Add(patience))
			_ = control.SetReadDeadline(time.Now().Add(patience))
		}()
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &movingBody{ReadCloser: r.Body, control: control, patience: patience}
		}
		h.ServeHTTP(&movingWriter{ResponseWriter: w, control: control, patience: patience}, r)
	})
}

type movingBody struct {
	io.ReadCloser
	control  *http.ResponseController
	patience time.Duration
}

// Read takes the deadline away afterwards: the server watches the connection while the handler works, and would take a deadline
// that passes then for a visitor who left.
func (b *movingBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(b.patience))
	n, err := b.ReadCloser.Read(p)
	_ = b.control.SetReadDeadline(time.Time{})
	return n, err
}

type movingWriter struct {
	http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration
}

func (w *movingWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience))
	return w.ResponseWriter.Write(p)
}

// Flush is asked for by name by Gin's writer.
func (w *movingWriter) Flush() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience))
	_ = w.control.Flush()
}

// Unwrap is how http.ResponseController reaches what lies beneath.
func (w *movingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
