package portal

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/versions"
)

// How much is served, and for how long, before rights are asked again.
const (
	recheckBytes = 8 << 20
	recheckAfter = time.Second
)

// cutEvery is how often a connection on which nothing more may go out is told so,
// until whoever writes to it has heard.
const cutEvery = 20 * time.Millisecond

// watched is content that stops when the right to read it ends: as soon as the
// database tells of it, also while a slow reader lets us wait, and otherwise
// within a second or 8 MiB.
type watched struct {
	*versions.Opened
	ctx     context.Context
	again   func(context.Context) error // whether the token or session and the right still stand
	checked time.Time
	since   int64

	asking sync.Mutex // one at a time, so that a refusal leaves one footprint
	failed error      // under asking
	ended  chan struct{}
	guard  sync.WaitGroup
}

// watch begins to watch over content that is about to be served. stop ends it.
func (s *server) watch(c *gin.Context, o *versions.Opened, changed <-chan struct{}) *watched {
	stands := still(c)
	w := &watched{Opened: o, ctx: c.Request.Context(), checked: time.Now(), ended: make(chan struct{}), again: func(ctx context.Context) error {
		if err := stands(ctx); err != nil {
			return err
		}
		return o.Still(ctx)
	}}
	w.guard.Go(func() { w.heed(changed, http.NewResponseController(c.Writer)) })
	return w
}

// heed asks again whenever something may have changed, and cuts the connection
// when the right has ended.
func (w *watched) heed(changed <-chan struct{}, control *http.ResponseController) {
	for {
		select {
		case <-w.ended:
			return
		case <-changed:
		}
		if w.ask() == nil {
			continue
		}
		for {
			_ = control.SetWriteDeadline(time.Now()) // wakes a write that waits; one that is just beginning may set another
			select {
			case <-w.ended:
				return
			case <-time.After(cutEvery):
			}
		}
	}
}

// stop ends the watch; nothing touches the connection afterwards.
func (w *watched) stop() {
	close(w.ended)
	w.guard.Wait()
}

// ask asks whether reading may go on.
func (w *watched) ask() error {
	w.asking.Lock()
	defer w.asking.Unlock()
	if w.failed == nil {
		w.failed = w.again(w.ctx)
	}
	return w.failed
}

// refused is why reading stopped, nil where nothing stopped it.
func (w *watched) refused() error {
	w.asking.Lock()
	defer w.asking.Unlock()
	return w.failed
}

// Read reads on, asking for the right again every second or 8 MiB.
func (w *watched) Read(p []byte) (int, error) {
	if err := w.refused(); err != nil {
		return 0, err
	}
	if w.since >= recheckBytes || time.Since(w.checked) >= recheckAfter {
		if err := w.ask(); err != nil {
			return 0, err
		}
		w.since, w.checked = 0, time.Now()
	}
	n, err := w.Opened.Read(p)
	w.since += int64(n)
	if err != nil && err != io.EOF {
		w.asking.Lock()
		w.failed = err
		w.asking.Unlock()
	}
	return n, err
}
