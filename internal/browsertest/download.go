package browsertest

import (
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/browser"
)

// File is something that came down instead of being shown.
type File struct {
	Name  string // as the server proposes it
	Type  string // the Content-Type of the answer, as far as it is known
	Bytes []byte
}

type download struct {
	guid, name, path string
	ended, whole     bool
}

func (w *watch) download(event any, dir string) {
	switch e := event.(type) {
	case *browser.EventDownloadWillBegin:
		if e.FrameID != w.main {
			return
		}
		w.last = &download{guid: e.GUID, name: e.SuggestedFilename, path: filepath.Join(dir, e.GUID)}
		w.downloads[e.GUID] = w.last
		w.pending, w.requested = "", false
	case *browser.EventDownloadProgress:
		if d := w.downloads[e.GUID]; d != nil && e.State != browser.DownloadProgressStateInProgress {
			d.ended, d.whole = true, e.State == browser.DownloadProgressStateCompleted
		}
	}
}

func (w *watch) nothingCame() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last == nil
}

// Downloaded gives what the last act brought down, and removes it from the disk.
func (p *Page) Downloaded() File {
	p.t.Helper()
	// the browser may tell of the download a moment after the tab is at rest
	for end := time.Now().Add(p.o.Wait); p.watch.nothingCame() && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	p.rest()
	p.watch.mu.Lock()
	d, v := p.watch.last, p.watch.latest
	p.watch.last = nil
	p.watch.mu.Unlock()
	if d == nil {
		p.t.Fatalf("browsertest: %s: nothing was downloaded", p.here())
	}
	if !d.whole {
		p.t.Fatalf("browsertest: %s: the download of %s broke off", p.here(), d.name)
	}
	b, err := os.ReadFile(d.path)
	if err != nil {
		p.t.Fatalf("browsertest: %v", err)
	}
	_ = os.Remove(d.path)
	f := File{Name: d.name, Bytes: b}
	if v != nil {
		f.Type = v.mime
	}
	return f
}
