package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
)

// A pump carries a body to two readers at once: the hash, and the store by
// way of sealing. Its ring of buffers bounds the memory, whatever the body.
const (
	pumpBuffers = 4
	pumpSize    = 256 << 10
)

type pump struct {
	ctx    context.Context // of the store: done when the pump failed
	cancel context.CancelCauseFunc
	free   chan *piece
	toHash chan *piece
	toSeal chan *piece
	now    *piece // what the sealing side reads at present
	at     int
}

// piece is one filled buffer; both readers give it back.
type piece struct {
	data  []byte
	users atomic.Int32
}

func newPump(ctx context.Context) *pump {
	p := &pump{
		free:   make(chan *piece, pumpBuffers),
		toHash: make(chan *piece, pumpBuffers),
		toSeal: make(chan *piece, pumpBuffers),
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	for range pumpBuffers {
		p.free <- &piece{}
	}
	return p
}

// drain reads body to its end in the calling goroutine and returns its length
// and digest. It stops early when ctx is done, when body fails, or when the
// store has stopped reading.
func (p *pump) drain(body io.Reader) (int64, [sha256.Size]byte, error) {
	digest := make(chan [sha256.Size]byte, 1)
	go func() {
		h := sha256.New()
		for c := range p.toHash {
			h.Write(c.data)
			p.release(c)
		}
		digest <- [sha256.Size]byte(h.Sum(nil))
	}()
	size, err := p.feed(body)
	close(p.toHash)
	if err != nil {
		p.cancel(err) // before the channel closes, so that it is no end of file
	}
	close(p.toSeal)
	return size, <-digest, err
}

// feed fills buffers from body until its end.
func (p *pump) feed(body io.Reader) (int64, error) {
	var size int64
	for {
		var c *piece
		select {
		case c = <-p.free:
		case <-p.ctx.Done():
			return size, context.Cause(p.ctx)
		}
		if p.ctx.Err() != nil {
			return size, context.Cause(p.ctx)
		}
		if c.data == nil {
			c.data = make([]byte, pumpSize)
		}
		n, err := Fill(body, c.data[:pumpSize])
		c.data = c.data[:n]
		size += int64(n)
		if err != nil && err != io.EOF {
			return size, fmt.Errorf("read body: %w", err)
		}
		if n > 0 {
			c.users.Store(2)
			p.toHash <- c // never blocks: there is room for every buffer
			p.toSeal <- c
		}
		if err == io.EOF {
			return size, nil
		}
	}
}

// Read is the sealing side: the body's bytes, and io.EOF only after all of
// them.
func (p *pump) Read(b []byte) (int, error) {
	for p.now == nil || p.at == len(p.now.data) {
		if p.now != nil {
			p.release(p.now)
			p.now = nil
		}
		select {
		case <-p.ctx.Done():
			return 0, context.Cause(p.ctx)
		case c, more := <-p.toSeal:
			if !more {
				if p.ctx.Err() != nil {
					return 0, context.Cause(p.ctx)
				}
				return 0, io.EOF
			}
			p.now, p.at = c, 0
		}
	}
	n := copy(b, p.now.data[p.at:])
	p.at += n
	return n, nil
}

func (p *pump) release(c *piece) {
	if c.users.Add(-1) == 0 {
		p.free <- c // never blocks: there is room for every buffer
	}
}

// stop ends feed: the store reads no more.
func (p *pump) stop() { p.cancel(errStopped) }

var errStopped = errors.New("the store stopped reading before the end")
