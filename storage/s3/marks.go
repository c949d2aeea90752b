package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"custodian/storage"
)

// marksPrefix is where marks stand, beside the objects.
const marksPrefix = "checkpoints/"

var _ storage.Marks = (*Store)(nil)

// LockMarks says for how long marks are locked in a bucket with object lock. It
// is called before the first is put; without it they are not locked.
func (s *Store) LockMarks(lock time.Duration) { s.lockFor = lock }

// PutMark implements storage.Marks. In a bucket with object lock the mark is
// locked in compliance mode: nobody can remove it before, whoever they are.
func (s *Store) PutMark(ctx context.Context, name string, text []byte) error {
	if err := storage.CheckMark(name, text); err != nil {
		return fmt.Errorf("s3: mark: %w", err)
	}
	var o minio.PutObjectOptions
	o.ContentType, o.DisableContentSha256 = "text/plain; charset=utf-8", true
	o.SetMatchETagExcept("*")
	locked, err := s.locks(ctx)
	if err != nil {
		return fmt.Errorf("s3: mark %s: %w", name, err)
	}
	if locked {
		o.Mode, o.RetainUntilDate = minio.Compliance, time.Now().Add(s.lockFor).UTC().Truncate(time.Second)
	}
	md5Sum, shaSum := digests(text)
	_, err = s.core.PutObject(ctx, s.bucket, marksPrefix+name, bytes.NewReader(text), int64(len(text)), md5Sum, shaSum, o)
	if err == nil {
		return nil
	}
	there, e := s.Mark(ctx, name)
	switch {
	case e == nil && bytes.Equal(there, text):
		return nil // it was there, or the answer was lost
	case e == nil:
		return fmt.Errorf("s3: mark %s: %w", name, storage.ErrExists)
	}
	return fmt.Errorf("s3: mark %s: %w", name, mapped(err))
}

// locks tells whether the bucket has object lock. It is asked each time: marks
// are few, and a bucket may be given one.
func (s *Store) locks(ctx context.Context) (bool, error) {
	if s.lockFor <= 0 {
		return false, nil
	}
	on, _, _, _, err := s.core.GetObjectLockConfig(ctx, s.bucket)
	switch code(err) {
	case "ObjectLockConfigurationNotFoundError", minio.NotImplemented, "MethodNotAllowed", minio.NoSuchKey:
		return false, nil
	}
	return err == nil && on == "Enabled", err
}

// Mark implements storage.Marks.
func (s *Store) Mark(ctx context.Context, name string) ([]byte, error) {
	if err := storage.CheckMark(name, nil); err != nil {
		return nil, fmt.Errorf("s3: mark: %w", err)
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, marksPrefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, fmt.Errorf("s3: mark %s: %w", name, mapped(err))
	}
	text, err := io.ReadAll(io.LimitReader(body, storage.MostMark+1))
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("s3: mark %s: %w", name, err)
	}
	return text, nil
}

// Marks implements storage.Marks.
func (s *Store) Marks(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: marksPrefix, Recursive: true}) {
			if o.Err != nil {
				yield("", fmt.Errorf("s3: marks: %w", o.Err))
				return
			}
			if name := strings.TrimPrefix(o.Key, marksPrefix); storage.CheckMark(name, nil) == nil && !yield(name, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield("", fmt.Errorf("s3: marks: %w", err))
		}
	}
}
