// Package s3 keeps objects in one bucket of an S3 server.
//
// Purpose: the storage.Store for providers that have object storage.
//
// Promise: the contract of storage.Store. Write-once is the server's own
// conditional write (If-None-Match: *), for objects sent in one request and in
// parts alike. Objects up to 8 MiB go in one request of known length, longer
// ones in parts of 8 MiB, one after the other, so memory stays flat. Every
// request carries the SHA-256 or MD5 of what it sends. What is sent in parts
// is aborted on any failure. In a bucket that keeps versions, Remove destroys
// all of them.
//
// Limits: the server must support conditional writes, as AWS, versitygw and
// current MinIO do; durability is what the server promises. Objects stand
// under the prefix "objects/", signed checkpoints (storage.Marks) under
// "checkpoints/"; everything else in the bucket is left alone. No
// encryption: that is storage.Sealed.
package s3

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"custodian/storage"
)

const (
	prefix   = "objects/"
	partSize = 8 << 20
	// staleUpload is the age at which an upload in parts that nobody finished
	// is aborted. Longer than any upload of one document takes.
	staleUpload = 24 * time.Hour
	// answerTime is how long the server may take to begin an answer, and tries
	// how often it is asked: a server that is stuck must not hang everybody.
	answerTime = 20 * time.Second
	tries      = 3
	// tidyTime bounds what is done after a caller's context has ended.
	tidyTime = 30 * time.Second
	// writeConflict is what AWS answers the loser of two conditional writes at
	// the same moment.
	writeConflict = "ConditionalRequestConflict"
)

// Options say where the bucket is and how to sign in.
type Options struct {
	Endpoint  string // host:port, without a scheme
	Bucket    string
	Region    string
	AccessKey string
	SecretKey string
	TLS       bool
}

// Format prints where, never the keys.
func (o Options) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "bucket %s at %s (region %s, TLS %t)", o.Bucket, o.Endpoint, o.Region, o.TLS)
}

// LogValue logs what Format prints.
func (o Options) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(o)) }

// Store is one bucket.
type Store struct {
	core    minio.Core
	bucket  string
	lockFor time.Duration
	buffers sync.Pool // *[]byte of partSize
}

var _ storage.Store = (*Store)(nil)

// New opens the bucket and makes it when it is not there. Uploads in parts
// that were left unfinished for a day are aborted; a server that does not let
// us is warned about in the log.
func New(ctx context.Context, o Options) (*Store, error) {
	transport, err := minio.DefaultTransport(o.TLS)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	transport.ResponseHeaderTimeout = answerTime
	client, err := minio.New(o.Endpoint, &minio.Options{
		Transport:  transport,
		MaxRetries: tries,
		Creds:      credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure:     o.TLS,
		Region:     o.Region,
		// Checksums in trailers are refused by some servers; MD5 and SHA-256
		// of each request are in its head instead.
		TrailingHeaders: false,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	s := &Store{core: minio.Core{Client: client}, bucket: o.Bucket, buffers: sync.Pool{New: func() any {
		b := make([]byte, partSize)
		return &b
	}}}
	if err := s.makeBucket(ctx, o.Region); err != nil {
		return nil, fmt.Errorf("s3: %v: %w", o, err)
	}
	if err := s.abortStale(ctx); err != nil {
		slog.WarnContext(ctx, "s3: unfinished uploads were not tidied up", "bucket", o.Bucket, "error", err)
	}
	return s, nil
}

// Check implements storage.Store: the bucket is there.
func (s *Store) Check(ctx context.Context) error {
	there, err := s.core.BucketExists(ctx, s.bucket)
	if err == nil && !there {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return fmt.Errorf("s3: bucket %s: %w", s.bucket, err)
	}
	return nil
}

func (s *Store) makeBucket(ctx context.Context, region string) error {
	there, err := s.core.BucketExists(ctx, s.bucket)
	if err != nil || there {
		return err
	}
	err = s.core.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: region})
	if code(err) == "BucketAlreadyOwnedByYou" {
		return nil // another process was quicker
	}
	return err
}

// abortStale ends uploads in parts that a crash left behind; their parts are
// paid for and in no listing.
func (s *Store) abortStale(ctx context.Context) error {
	var all error
	for u := range s.core.ListIncompleteUploads(ctx, s.bucket, prefix, true) {
		if u.Err != nil {
			return errors.Join(all, u.Err)
		}
		if time.Since(u.Initiated) > staleUpload {
			all = errors.Join(all, s.core.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID))
		}
	}
	return all
}

// Remove implements storage.Store.
func (s *Store) Remove(ctx context.Context, name storage.Name) error {
	key, err := keyOf(name)
	if err != nil {
		return err
	}
	if err := s.remove(ctx, key); err != nil {
		return fmt.Errorf("s3: remove %s: %w", name, err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, key string) error {
	// Asked each time: versioning can be switched on at any time, and from
	// then on a plain delete destroys nothing.
	versioning, err := s.core.GetBucketVersioning(ctx, s.bucket)
	if err != nil && code(err) != minio.NotImplemented {
		return err
	}
	if versioning.Status == "" {
		return gone(s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}))
	}
	for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: key, WithVersions: true, Recursive: true}) {
		if o.Err != nil {
			return o.Err
		}
		if o.Key != key {
			continue
		}
		if err := gone(s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{VersionID: o.VersionID})); err != nil {
			return err
		}
	}
	return nil
}

// List implements storage.Store.
func (s *Store) List(ctx context.Context) iter.Seq2[storage.Info, error] {
	return func(yield func(storage.Info, error) bool) {
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(storage.Info{}, fmt.Errorf("s3: list: %w", o.Err))
				return
			}
			name := storage.Name(strings.TrimPrefix(o.Key, prefix))
			if name.Check() != nil {
				continue
			}
			if !yield(storage.Info{Name: name, Size: o.Size, Modified: o.LastModified}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(storage.Info{}, fmt.Errorf("s3: list: %w", err))
		}
	}
}

func keyOf(name storage.Name) (string, error) {
	if err := name.Check(); err != nil {
		return "", fmt.Errorf("s3: %w", err)
	}
	return prefix + string(name), nil
}

// code is the server's word for what went wrong, "" when it said none.
func code(err error) string { return minio.ToErrorResponse(err).Code }

// mapped adds the sentinel that fits to an error of the server.
func mapped(err error) error {
	response := minio.ToErrorResponse(err)
	switch {
	case response.Code == minio.NoSuchKey:
		return fmt.Errorf("%w: %w", storage.ErrNotFound, err)
	case response.Code == minio.PreconditionFailed, response.Code == writeConflict:
		return fmt.Errorf("%w: %w", storage.ErrExists, err)
	}
	return err
}

// gone takes "no such key" for success.
func gone(err error) error {
	if c := code(err); c == minio.NoSuchKey || c == "NoSuchVersion" {
		return nil
	}
	return err
}
