package portal_test

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"custodian/storage/localdir"
)

// A form of three files of 60 MiB goes through the page into the store while
// memory stays flat. It runs by itself, for what others use would be counted.
func TestLargeFormKeepsMemoryFlat(t *testing.T) {
	store, err := localdir.New(t.TempDir() + "/objects")
	must(t, err)
	const size = 60 << 20
	w := newWorldWith(t, size, store)
	s := w.sender("staff")
	s.send(w.libraryAdd(), url.Values{}, scrap{"warm.txt", "warm"}, scrap{"pools.txt", "pools"}).to()
	runtime.GC()
	before, peak, done := inUse(), atomic.Uint64{}, make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
				peak.Store(max(peak.Load(), inUse()))
			}
		}
	}()
	read, write := io.Pipe()
	m := multipart.NewWriter(write)
	go func() {
		var err error
		for i := range 3 {
			var part io.Writer
			if part, err = m.CreateFormFile("file", fmt.Sprintf("film %d.bin", i)); err == nil {
				_, err = io.Copy(part, io.LimitReader(letters(byte(i)), size))
			}
			if err != nil {
				break
			}
		}
		if err == nil {
			err = m.Close()
		}
		write.CloseWithError(err)
	}()
	r, err := http.NewRequest(http.MethodPost, s.url+w.libraryAdd(), read)
	must(t, err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	to := s.do(r).to()
	close(done)
	s.open(to).has("3 files to add", "62.9 MB")
	grown := int64(peak.Load()) - int64(before)
	t.Logf("%d MiB before, grew by %d MiB", before>>20, grown>>20)
	if grown > 48<<20 {
		t.Errorf("memory grew by %d MiB for files of %d MiB", grown>>20, 3*size>>20)
	}
	if !strings.HasPrefix(to, "/uploads/") || w.objects() != 5 {
		t.Errorf("on to %s, %d objects", to, w.objects())
	}
}

func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// letters is an endless file.
type letters byte

func (l letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1 + byte(l)
	}
	return len(p), nil
}
