package whole

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A 200 MiB file goes up and comes down byte for byte while the portal grows by
// less than 64 MiB, and no 16 bytes of it stand anywhere under the data
// directory: objects, database, logs, temporary files.
func TestLargeFileStaysSealedAndMemoryFlat(t *testing.T) {
	const size = 200 << 20
	for _, store := range []string{"s3", "dir"} {
		t.Run(store, func(t *testing.T) {
			s := start(t, store)
			plain := newPattern()
			// warm: pools, TLS, caches of the first request are not growth by file size
			_, _, err := s.upload("staff", "/api/v1/records/"+s.library("staff")+"/documents", large("Small"), "small.bin", plain.reader(1<<20))
			must(t, err)
			before, peak, stop := watch(t, s.PortalPID)
			_, a, err := s.upload("staff", "/api/v1/records/"+s.library("staff")+"/documents", large("Large"), "large.bin", plain.reader(size))
			must(t, err)
			want := sha256.New()
			_, err = io.Copy(want, plain.reader(size))
			must(t, err)
			if a.Version.SHA256 != hex.EncodeToString(want.Sum(nil)) || a.Version.Size != size {
				t.Fatalf("stored %+v", a.Version)
			}
			if got := s.digest("/api/v1/documents/" + a.Document.ID + "/versions/1/content"); got != a.Version.SHA256 {
				t.Errorf("what came back is another file: %s", got)
			}
			stop()
			grown := (peak.Load() - before) >> 10
			t.Logf("%s: portal %d MiB before, grew by %d MiB", store, before>>10, grown)
			if grown >= 64 {
				t.Errorf("the portal grew by %d MiB", grown)
			}
			files, bytes := plain.search(t, s.data)
			t.Logf("%s: searched %d files, %d MiB", store, files, bytes>>20)
			if bytes < size {
				t.Errorf("only %d bytes lie under the data directory: the search missed the object", bytes)
			}
		})
	}
}

func large(title string) map[string]string {
	return map[string]string{"title": title, "kind": "recording", "in_force_from": "2026-01-01"}
}

func (s *stack) digest(path string) string {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	must(s.t, err)
	r.Header.Set("Authorization", "Bearer "+s.Tokens["staff"])
	resp, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	h := sha256.New()
	_, err = io.Copy(h, resp.Body)
	must(s.t, err)
	return hex.EncodeToString(h.Sum(nil))
}

// watch samples the resident memory of a process, in KiB.
func watch(t testing.TB, pid int) (before int64, peak *atomic.Int64, stop func()) {
	t.Helper()
	read := func() int64 {
		f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if v, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
				return n
			}
		}
		return 0
	}
	if before = read(); before == 0 {
		t.Fatalf("the memory of process %d cannot be read", pid)
	}
	peak = &atomic.Int64{}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			peak.Store(max(peak.Load(), read()))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return before, peak, func() { close(done); <-ended }
}

// pattern is a plaintext of which every run of 16 bytes is known: one random
// block over and over.
type pattern struct {
	block []byte
	runs  map[[16]byte]bool
	hint  []uint64 // a bit for each hash of a run's first eight bytes
}

const hintBits = 22

func newPattern() *pattern {
	p := &pattern{block: make([]byte, 64<<10), runs: map[[16]byte]bool{}, hint: make([]uint64, 1<<(hintBits-6))}
	r := rand.New(rand.NewPCG(7, 7))
	for i := 0; i < len(p.block); i += 8 {
		binary.LittleEndian.PutUint64(p.block[i:], r.Uint64())
	}
	twice := append(p.block[:len(p.block):len(p.block)], p.block[:16]...)
	for i := range p.block {
		run := [16]byte(twice[i : i+16])
		p.runs[run] = true
		h := hash(run[:8])
		p.hint[h>>6] |= 1 << (h & 63)
	}
	return p
}

func hash(b []byte) uint64 {
	return binary.LittleEndian.Uint64(b) * 0x9E3779B97F4A7C15 >> (64 - hintBits)
}

func (p *pattern) reader(size int64) io.Reader { return io.LimitReader(&cycle{p.block, 0}, size) }

type cycle struct {
	block []byte
	at    int
}

func (c *cycle) Read(p []byte) (int, error) {
	n := copy(p, c.block[c.at:])
	c.at = (c.at + n) % len(c.block)
	return n, nil
}

// search looks for any run of the plaintext in every file below dir.
func (p *pattern) search(t testing.TB, dir string) (files int, size int64) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		files++
		n, err := p.scan(f)
		size += n
		if err == errFound {
			t.Errorf("plaintext stands in %s near byte %d", strings.TrimPrefix(path, dir), n)
			return nil
		}
		return err
	}))
	return files, size
}

var errFound = fmt.Errorf("found")

func (p *pattern) scan(r io.Reader) (int64, error) {
	buf := make([]byte, 1<<20)
	var seen int64
	kept := 0
	for {
		n, err := io.ReadFull(r, buf[kept:])
		seen += int64(n)
		have := buf[:kept+n]
		for i := 0; i+16 <= len(have); i++ {
			if h := hash(have[i:]); p.hint[h>>6]&(1<<(h&63)) != 0 && p.runs[[16]byte(have[i:i+16])] {
				return seen, errFound
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		kept = copy(buf, have[len(have)-15:])
	}
}

// The search itself finds what it looks for.
func TestSearchFindsPlaintext(t *testing.T) {
	t.Parallel()
	p := newPattern()
	junk := make([]byte, 3<<20)
	for i := range junk {
		junk[i] = byte(i * 31)
	}
	if _, err := p.scan(strings.NewReader(string(junk))); err != nil {
		t.Errorf("found plaintext where there is none: %v", err)
	}
	copy(junk[1<<20-7:], p.block[100:116])
	if _, err := p.scan(strings.NewReader(string(junk))); err != errFound {
		t.Errorf("16 bytes across a buffer's edge were not found: %v", err)
	}
}
