package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/minio/minio-go/v7"

	"custodian/storage"
)

// writerMark is the metadata that says which call of Put wrote an object. A
// request whose answer was lost is sent again by the client and then meets its
// own object; the mark tells that from another writer's.
const writerMark = "Custodian-Writer"

// Put implements storage.Store.
func (s *Store) Put(ctx context.Context, name storage.Name, body io.Reader) (int64, error) {
	key, err := keyOf(name)
	if err != nil {
		return 0, err
	}
	u := upload{store: s, key: key, mark: rand.Text()}
	n, err := u.run(ctx, body)
	if err != nil {
		return 0, fmt.Errorf("s3: put %s: %w", name, err)
	}
	return n, nil
}

// upload is one call of Put.
type upload struct {
	store *Store
	key   string
	mark  string
}

// run peeks up to one part: a body that ends within it has a known length.
func (u *upload) run(ctx context.Context, body io.Reader) (int64, error) {
	buf := u.store.buffers.Get().(*[]byte)
	size, err := u.from(ctx, body, *buf)
	if err == nil {
		// Only then: a request that was broken off may still be reading it.
		u.store.buffers.Put(buf)
	}
	return size, err
}

func (u *upload) from(ctx context.Context, body io.Reader, buf []byte) (int64, error) {
	n, err := read(ctx, body, buf)
	if err == io.EOF {
		return int64(n), u.single(ctx, buf[:n])
	}
	if err != nil {
		return 0, err
	}
	return u.parts(ctx, body, buf)
}

// read fills buf; io.EOF means that body ended, and nothing else does.
func read(ctx context.Context, body io.Reader, buf []byte) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n, err := storage.Fill(body, buf)
	if err != nil && err != io.EOF {
		return n, fmt.Errorf("read body: %w", err)
	}
	if stopped := ctx.Err(); stopped != nil {
		return n, stopped
	}
	return n, err
}

// single sends the whole object in one request.
func (u *upload) single(ctx context.Context, data []byte) error {
	md5Sum, shaSum := digests(data)
	_, err := u.store.core.PutObject(ctx, u.store.bucket, u.key, bytes.NewReader(data), int64(len(data)), md5Sum, shaSum, u.options())
	return u.settle(ctx, err)
}

// digests are sent along, so that the server refuses what was changed on the
// way: MD5 because every server checks it, SHA-256 because the signature
// covers it.
func digests(data []byte) (md5Base64, shaHex string) {
	m, h := md5.Sum(data), sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(m[:]), hex.EncodeToString(h[:])
}

// options ask for a write that never replaces.
func (u *upload) options() minio.PutObjectOptions {
	o := minio.PutObjectOptions{
		UserMetadata:         map[string]string{writerMark: u.mark},
		DisableContentSha256: true, // we give the digest ourselves
	}
	o.SetMatchETagExcept("*")
	return o
}

// settle decides what an error of the final request means. When the answer
// was lost, or says that the name is taken, the object itself tells whether
// this call wrote it.
func (u *upload) settle(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	info, statErr := u.store.core.StatObject(tidy, u.store.bucket, u.key, minio.StatObjectOptions{})
	ours := statErr == nil && info.UserMetadata[writerMark] == u.mark
	switch {
	case ours && ctx.Err() == nil:
		return nil
	case ours:
		return errors.Join(err, u.store.remove(tidy, u.key))
	case statErr == nil:
		return fmt.Errorf("%w: %w", storage.ErrExists, err)
	}
	return mapped(err)
}

// parts sends an object longer than one part; buf holds the first.
func (u *upload) parts(ctx context.Context, body io.Reader, buf []byte) (int64, error) {
	// The condition counts at the end; asking now as well spares sending
	// gigabytes for nothing.
	if _, err := u.store.core.StatObject(ctx, u.store.bucket, u.key, minio.StatObjectOptions{}); err == nil {
		return 0, storage.ErrExists
	}
	begin := minio.PutObjectOptions{UserMetadata: u.options().UserMetadata}
	id, err := u.store.core.NewMultipartUpload(ctx, u.store.bucket, u.key, begin)
	if err != nil {
		return 0, mapped(err)
	}
	size, done, err := u.send(ctx, id, body, buf)
	if err == nil {
		end := minio.PutObjectOptions{}
		end.SetMatchETagExcept("*")
		_, err = u.store.core.CompleteMultipartUpload(ctx, u.store.bucket, u.key, id, done, end)
		err = u.settle(ctx, err)
	}
	if err != nil {
		return 0, errors.Join(err, u.abort(ctx, id))
	}
	return size, nil
}

// send uploads buf, which is full, and then the rest of body part by part.
func (u *upload) send(ctx context.Context, id string, body io.Reader, buf []byte) (int64, []minio.CompletePart, error) {
	var done []minio.CompletePart
	var size int64
	n, end := len(buf), error(nil)
	for n > 0 {
		md5Sum, shaSum := digests(buf[:n])
		part, err := u.store.core.PutObjectPart(ctx, u.store.bucket, u.key, id, len(done)+1, bytes.NewReader(buf[:n]), int64(n),
			minio.PutObjectPartOptions{Md5Base64: md5Sum, Sha256Hex: shaSum, DisableContentSha256: true})
		if err != nil {
			return 0, nil, mapped(err)
		}
		done = append(done, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
		size += int64(n)
		if end == io.EOF {
			break
		}
		if n, end = read(ctx, body, buf); end != nil && end != io.EOF {
			return 0, nil, end
		}
	}
	return size, done, nil
}

// abort frees the parts that were sent, also when ctx has ended.
func (u *upload) abort(ctx context.Context, id string) error {
	tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTime)
	defer cancel()
	err := u.store.core.AbortMultipartUpload(tidy, u.store.bucket, u.key, id)
	if code(err) == minio.NoSuchUpload {
		return nil
	}
	return err
}
