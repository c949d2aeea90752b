package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/minio/minio-go/v7"

	"custodian/storage"
)

// Open implements storage.Store.
func (s *Store) Open(ctx context.Context, name storage.Name) (storage.Object, error) {
	key, err := keyOf(name)
	if err != nil {
		return nil, err
	}
	info, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("s3: open %s: %w", name, mapped(err))
	}
	read := func(p []byte, off int64) (int, error) {
		n, err := s.readRange(ctx, key, info.ETag, p, off)
		if err != nil {
			return n, fmt.Errorf("s3: read %s: %w", name, err)
		}
		return n, nil
	}
	return &object{read: read, done: ctx.Err, size: info.Size}, nil
}

// readRange fills p from off on with one request. It fails when the object
// is not the one that was opened.
func (s *Store) readRange(ctx context.Context, key, etag string, p []byte, off int64) (int, error) {
	var o minio.GetObjectOptions
	if err := errors.Join(o.SetRange(off, off+int64(len(p))-1), o.SetMatchETag(etag)); err != nil {
		return 0, err
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, key, o)
	if code(err) == minio.PreconditionFailed {
		return 0, fmt.Errorf("it was replaced since it was opened: %w", storage.ErrDamaged)
	}
	if err != nil {
		return 0, mapped(err)
	}
	defer body.Close()
	n, err := storage.Fill(body, p)
	if err == io.EOF && n < len(p) {
		err = io.ErrUnexpectedEOF
	}
	if n == len(p) {
		err = nil
	}
	return n, err
}

// object reads ranges of what was opened.
type object struct {
	read func(p []byte, off int64) (int, error)
	done func() error
	size int64

	mu     sync.Mutex
	closed bool
}

func (o *object) Size() int64 { return o.size }

func (o *object) ReadAt(p []byte, off int64) (int, error) {
	o.mu.Lock()
	closed := o.closed
	o.mu.Unlock()
	switch err := o.done(); {
	case closed:
		return 0, errors.New("s3: object is closed")
	case err != nil:
		return 0, err
	case off < 0:
		return 0, errors.New("s3: negative offset")
	case off >= o.size:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	var end error
	if left := o.size - off; int64(len(p)) > left {
		p, end = p[:left], io.EOF
	}
	n, err := o.read(p, off)
	if err != nil {
		return n, err
	}
	return n, end
}

func (o *object) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	return nil
}
