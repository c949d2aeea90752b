package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"custodian/storage/seal"
)

// Reading in sequence starts with one package, so that a short range costs no
// more than it needs, and grows to a megabyte; from there on, the next two are
// fetched and opened while the caller uses the present one.
const (
	firstChunk = seal.PackageSize
	grow       = 4
	maxChunk   = 16 * seal.PackageSize
	aheadBy    = 2
)

// Content is the plaintext of one version, open for reading. Every failure of
// authentication is an error wrapping ErrDamaged, and no byte in doubt is ever
// returned. Read and Seek belong to one goroutine at a time; ReadAt may be called
// from several, and Close from another than reads: it breaks off a Read in hand. ReadAt asks the store for just the packages it
// touches; Read fetches ahead, up to 6 MiB of memory for one Content.
type Content struct {
	cancel context.CancelFunc
	object Object
	opened *seal.Opened

	mu    sync.Mutex // of what follows
	pos   int64      // where Read stands
	now   *chunk     // holds pos, or nil
	ahead []*chunk   // follow now without a gap, oldest first
	next  int64      // where the chunk after ahead starts
	step  int64      // length of that chunk
	spare [][]byte
	err   error // of Read: an error stays until Seek
}

var (
	_ io.ReadSeekCloser = (*Content)(nil)
	_ io.ReaderAt       = (*Content)(nil)
)

var errClosed = errors.New("content is closed")

// chunk is a piece of plaintext on its way.
type chunk struct {
	off  int64
	data []byte
	err  error
	done chan struct{} // closed when data and err are there
}

func (c *chunk) end() int64 { return c.off + int64(len(c.data)) }

// newContent checks the stored length and opens the first package.
func newContent(cancel context.CancelFunc, object Object, stored, size int64, key seal.Key) (*Content, error) {
	if object.Size() != stored {
		return nil, fmt.Errorf("object has %d bytes and must have %d: %w", object.Size(), stored, ErrDamaged)
	}
	opened, err := seal.OpenAt(object, size, key)
	if err != nil {
		return nil, err
	}
	c := &Content{cancel: cancel, object: object, opened: opened, step: firstChunk}
	if size > 0 {
		c.now = c.fetch()
		if <-c.now.done; c.now.err != nil {
			return nil, c.now.err
		}
	}
	return c, nil
}

// Size is the length of the plaintext.
func (c *Content) Size() int64 { return c.opened.Size() }

// ReadAt implements io.ReaderAt.
func (c *Content) ReadAt(p []byte, off int64) (int, error) { return c.opened.ReadAt(p, off) }

// Read implements io.Reader.
func (c *Content) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if c.pos >= c.Size() {
		return 0, io.EOF
	}
	if c.now == nil || c.pos < c.now.off || c.pos >= c.now.end() {
		if c.err = c.advance(); c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.now.data[c.pos-c.now.off:])
	c.pos += int64(n)
	return n, nil
}

// Seek implements io.Seeker. It fetches nothing by itself.
func (c *Content) Seek(offset int64, whence int) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += c.pos
	case io.SeekEnd:
		offset += c.Size()
	default:
		return 0, errors.New("seek: unknown whence")
	}
	if offset < 0 {
		return 0, errors.New("seek: before the start")
	}
	if errors.Is(c.err, errClosed) {
		return 0, c.err
	}
	c.pos, c.err = offset, nil
	return offset, nil
}

// Close stops what is being fetched and closes the object.
func (c *Content) Close() error {
	c.cancel() // a Read in hand fails and gives way
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
	c.err = errClosed
	return c.object.Close()
}

// advance makes now the chunk that holds pos.
func (c *Content) advance() error {
	if c.now != nil && c.pos == c.now.end() {
		c.spare = append(c.spare, c.now.data)
	} else {
		c.drop()
		c.next, c.step = c.pos, firstChunk
	}
	want := 1
	if c.step == maxChunk {
		want += aheadBy // a long read by now
	}
	for len(c.ahead) < want && c.next < c.Size() {
		c.ahead = append(c.ahead, c.fetch())
	}
	c.now, c.ahead = c.ahead[0], c.ahead[1:]
	<-c.now.done
	if err := c.now.err; err != nil {
		c.drop()
		return err
	}
	return nil
}

// drop waits for what is on its way and forgets it.
func (c *Content) drop() {
	for _, a := range c.ahead {
		<-a.done
	}
	c.now, c.ahead = nil, nil
}

// fetch starts to open the chunk at next, up to a package border, and moves
// next behind it.
func (c *Content) fetch() *chunk {
	end := min(c.next-c.next%seal.PackageSize+c.step, c.Size())
	a := &chunk{off: c.next, data: c.buffer(int(end - c.next)), done: make(chan struct{})}
	c.next, c.step = end, min(c.step*grow, maxChunk)
	go func() {
		defer close(a.done)
		_, a.err = c.opened.ReadAt(a.data, a.off)
	}()
	return a
}

func (c *Content) buffer(n int) []byte {
	if last := len(c.spare) - 1; last >= 0 {
		buf := c.spare[last]
		c.spare = c.spare[:last]
		if cap(buf) >= n {
			return buf[:n]
		}
	}
	return make([]byte, n)
}
