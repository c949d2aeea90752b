package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/sio"
)

// Opened gives the plaintext of one sealed object, from any offset.
type Opened struct {
	src     io.ReaderAt
	size    int64
	key     Key
	scratch sync.Pool // *[]byte: ciphertext on its way, at most one span each
}

// OpenAt opens the object in src, which was sealed under key from size bytes.
// It reads nothing yet. The caller has compared the stored length with
// SealedSize(size); bytes of src beyond that are never looked at.
func OpenAt(src io.ReaderAt, size int64, key Key) (*Opened, error) {
	if _, err := SealedSize(size); err != nil {
		return nil, err
	}
	if key.secret == nil {
		return nil, errors.New("seal: no key")
	}
	return &Opened{src: src, size: size, key: key}, nil
}

// Size is the number of plaintext bytes.
func (o *Opened) Size() int64 { return o.size }

// ReadAt is io.ReaderAt over the plaintext. It asks src for at most 1 MiB at
// a time, and for whole packages only. When it fails, the n bytes before the
// failure are authentic; a failure of src itself is passed on and is not
// ErrDamaged. Calls may run at the same time as far as src allows it.
func (o *Opened) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("seal: negative offset")
	}
	if off >= o.size {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	var end error
	if left := o.size - off; int64(len(p)) > left {
		p, end = p[:left], io.EOF
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		n := spanPackages*PackageSize - at%PackageSize // up to a package border
		part := p[done:min(int64(len(p)), int64(done)+n)]
		k, err := o.readSpan(part, at)
		done += k
		if err != nil {
			return done, err
		}
	}
	return done, end
}

// readSpan fills p, which touches at most spanPackages packages and ends
// within the object.
func (o *Opened) readSpan(p []byte, off int64) (int, error) {
	first, last := off/PackageSize, (off+int64(len(p))-1)/PackageSize
	from := first * sealedSize
	to := (last + 1) * sealedSize
	if whole, _ := SealedSize(o.size); to > whole {
		to = whole
	}
	buf := o.take(int(to - from))
	defer o.scratch.Put(buf)
	n, err := o.src.ReadAt(*buf, from)
	if n < len(*buf) {
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, fmt.Errorf("seal: object ends %d bytes into packages %d to %d: %w", n, first, last, ErrDamaged)
		}
		return 0, fmt.Errorf("seal: read packages %d to %d: %w", first, last, err)
	}
	n, err = o.decrypt(p, *buf, uint32(first), off-first*PackageSize)
	if err != nil {
		return n, fmt.Errorf("seal: packages %d to %d: %w: %w", first, last, err, ErrDamaged)
	}
	return n, nil
}

// decrypt opens the packages in sealed, the first of which has number first,
// and fills p with their plaintext from skip on.
func (o *Opened) decrypt(p, sealed []byte, first uint32, skip int64) (int, error) {
	// sio compares every later header of this call with the first one.
	if !o.key.hasNonce(sealed) {
		return 0, errors.New("package belongs to another place or object")
	}
	config, err := o.key.config(first)
	if err != nil {
		return 0, err
	}
	plain, err := sio.DecryptReader(bytes.NewReader(sealed), config)
	if err != nil {
		return 0, err
	}
	if _, err := io.CopyN(io.Discard, plain, skip); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(plain, p)
	if err == nil {
		// sio gives its own buffer back only when it meets the end; without
		// this, a long read leaves 64 KiB of garbage for every mebibyte.
		var beyond [1]byte
		_, _ = plain.Read(beyond[:])
	}
	return n, err
}

// take gives a buffer of n bytes.
func (o *Opened) take(n int) *[]byte {
	if buf, ok := o.scratch.Get().(*[]byte); ok && cap(*buf) >= n {
		*buf = (*buf)[:n]
		return buf
	}
	buf := make([]byte, n)
	return &buf
}
