// Package gateway is the S3 server of the demonstration and of the tests: versitygw over a directory.
//
// Promise: what minio-go needs of S3, including conditional writes, versioning and object lock, on one bucket that exists when
// Ready is called. Nobody else on the machine may read the files.
//
// Limits: one per process, whose working directory it changes (so every other path has to be absolute). Plain HTTP, for the
// loopback interface. It does not wait for the disk, so it shows what survives a killed program, not a power cut.
package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
	"github.com/versity/versitygw/s3api"
)

// Region is the one the server reports.
const Region = "us-east-1"

// Config describes the server.
type Config struct {
	Dir       string // absolute
	Listen    string // host:port; port 0 takes a free one
	Bucket    string
	AccessKey string
	SecretKey string
	Ready     func(endpoint string) error // called once, when the bucket is there; endpoint is host:port
}

// Objects is the folder under dir in which the objects of the bucket lie.
func Objects(dir, bucket string) string { return filepath.Join(dir, "objects", bucket) }

// Run serves until ctx ends.
func Run(ctx context.Context, c Config) error {
	addr, err := settle(c.Listen)
	if err != nil {
		return err
	}
	back, err := c.backend()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The server says itself when it has the address. Asking there would not do: somebody else may answer.
	listens := s3api.WithOnListen(func() {
		go func() {
			if err := c.open(ctx, addr); err != nil {
				cancel(err)
			}
		}()
	})
	err = embedgw.RunVersityGW(ctx, back, &embedgw.Config{
		RootUserAccess: c.AccessKey, RootUserSecret: c.SecretKey, Region: Region,
		Ports: []string{addr}, S3Options: []s3api.Option{listens},
		MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10000,
		Quiet: true, KeepAlive: true,
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// backend keeps metadata in extended attributes where the file system has them, else in files beside the objects.
func (c Config) backend() (*posix.Posix, error) {
	objects, versions := filepath.Join(c.Dir, "objects"), filepath.Join(c.Dir, "versions")
	for _, d := range []string{c.Dir, objects, versions} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	opts := posix.PosixOpts{VersioningDir: versions, Concurrency: 64, CopyObjectThreshold: 5 << 30}
	opts.SetNewDirPerm(0o700)
	opts.SetNewFilePerm(0o600)
	var store meta.MetadataStorer = meta.XattrMeta{}
	if (meta.XattrMeta{}).Test(objects) != nil {
		beside := filepath.Join(c.Dir, "metadata")
		if err := os.MkdirAll(beside, 0o700); err != nil {
			return nil, err
		}
		side, err := meta.NewSideCar(beside)
		if err != nil {
			return nil, err
		}
		store, opts.SideCarDir = side, beside
	}
	back, err := posix.New(objects, store, opts)
	if err != nil {
		return nil, fmt.Errorf("open the S3 store in %s: %w", c.Dir, err)
	}
	return back, nil
}

// settle turns port 0 into a free port: the server cannot tell which one it took.
func settle(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || host == "" {
		return "", fmt.Errorf("%q is no address to listen on; give host:port", listen)
	}
	if port != "0" {
		return listen, nil
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// open makes the bucket and says that the server is ready.
func (c Config) open(ctx context.Context, addr string) error {
	if err := c.makeBucket(ctx, addr); err != nil {
		return err
	}
	return c.Ready(addr)
}

// makeBucket asks for the bucket as any client would. That it exists already is fine.
func (c Config) makeBucket(ctx context.Context, addr string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+addr+"/"+c.Bucket, nil)
	if err != nil {
		return err
	}
	nothing := sha256.Sum256(nil)
	sum := hex.EncodeToString(nothing[:])
	req.Header.Set("X-Amz-Content-Sha256", sum)
	keys := aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey}
	if err := v4.NewSigner().SignHTTP(ctx, keys, req, sum, "s3", Region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("make the bucket: %w", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusConflict {
		return fmt.Errorf("make the bucket %s: the server answered %s", c.Bucket, resp.Status)
	}
	return nil
}
