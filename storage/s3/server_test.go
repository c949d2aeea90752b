package s3_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"custodian/internal/s3test"
	"custodian/storage"
	"custodian/storage/s3"
	"custodian/storage/storagetest"
)

const longerThanAPart = 8<<20 + 1000

// bare is a client of the bucket that goes round the store.
func bare(t *testing.T, o s3.Options) *minio.Client {
	t.Helper()
	c, err := minio.New(o.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""), Region: o.Region})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A failure in the middle of an object sent in parts leaves no parts behind.
func TestNothingHalfIsLeft(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	s := open(t, o)
	fail := errors.New("cable pulled")
	for _, n := range []int{longerThanAPart, 2 * longerThanAPart} {
		body := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(fail))
		if _, err := s.Put(t.Context(), storage.NewName(), body); !errors.Is(err, fail) {
			t.Errorf("put: %v", err)
		}
	}
	for u := range bare(t, o).ListIncompleteUploads(t.Context(), o.Bucket, "", true) {
		t.Errorf("left: %+v", u)
	}
}

// In a bucket that keeps versions, Remove destroys every one of them.
func TestRemoveDestroysVersions(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	s, c := open(t, o), bare(t, o)
	if err := c.EnableVersioning(t.Context(), o.Bucket); err != nil {
		t.Fatal(err)
	}
	name, other := storage.NewName(), storage.NewName()
	for _, n := range []storage.Name{name, other} {
		if _, err := s.Put(t.Context(), n, strings.NewReader("one")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Put(t.Context(), name, strings.NewReader("two")); !errors.Is(err, storage.ErrExists) {
		t.Errorf("write-once in a bucket with versions: %v", err)
	}
	// An outsider makes a second version, and a marker of deletion over both.
	key := "objects/" + string(name)
	if _, err := c.PutObject(t.Context(), o.Bucket, key, strings.NewReader("three"), 5, minio.PutObjectOptions{SendContentMd5: true}); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveObject(t.Context(), o.Bucket, key, minio.RemoveObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), name); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("open under a marker of deletion: %v", err)
	}
	if err := s.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	left := 0
	for v := range c.ListObjects(t.Context(), o.Bucket, minio.ListObjectsOptions{WithVersions: true, Recursive: true}) {
		if v.Err != nil {
			t.Fatal(v.Err)
		}
		if left++; v.Key != "objects/"+string(other) {
			t.Errorf("left: %s %s", v.Key, v.VersionID)
		}
	}
	if left != 1 {
		t.Errorf("%d versions left, want the other object's one", left)
	}
}

// What else is in the bucket is neither listed nor touched.
func TestOthersInTheBucket(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	s, c := open(t, o), bare(t, o)
	for _, key := range []string{"checkpoints/1", "objects/readme", string(storage.NewName())} {
		if _, err := c.PutObject(t.Context(), o.Bucket, key, strings.NewReader("x"), 1, minio.PutObjectOptions{SendContentMd5: true}); err != nil {
			t.Fatal(err)
		}
	}
	for info, err := range s.List(t.Context()) {
		t.Errorf("listed %+v, %v", info, err)
	}
}

// A second New takes the bucket as it is, with its objects and with uploads
// that are under way.
func TestNewAgain(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	s := open(t, o)
	name, data := storage.NewName(), storagetest.Body(1, longerThanAPart)
	body := io.MultiReader(bytes.NewReader(data), readerFunc(func([]byte) (int, error) {
		_, err := s3.New(t.Context(), o)
		return 0, errors.Join(err, io.EOF)
	}))
	// errors.Join(nil, io.EOF) is not io.EOF itself; the body must end with it.
	if _, err := s.Put(t.Context(), name, endWith(body)); err != nil {
		t.Fatalf("put with a second New in the middle: %v", err)
	}
	got, err := open(t, o).Open(t.Context(), name)
	if err != nil || got.Size() != int64(len(data)) {
		t.Errorf("open: %v", err)
	}
}

// endWith turns an error that is nothing but io.EOF back into it.
func endWith(r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err.Error() == io.EOF.Error() {
			err = io.EOF
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// When the answer to a write is lost on its way, the client sends it again
// and meets its own object: that is success, and not somebody else's object.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	open(t, o) // makes the bucket
	proxy := &lossy{target: o.Endpoint}
	o.Endpoint = proxy.start(t)
	s := open(t, o)
	for _, n := range []int{10, longerThanAPart} {
		data, name := storagetest.Body(1, n), storage.NewName()
		proxy.lose.Store(true)
		if size, err := s.Put(t.Context(), name, bytes.NewReader(data)); err != nil || size != int64(n) {
			t.Errorf("put of %d bytes: %d, %v", n, size, err)
		}
		if proxy.lose.Load() {
			t.Fatalf("put of %d bytes: no answer was lost", n)
		}
		if _, err := s.Put(t.Context(), name, bytes.NewReader(data)); !errors.Is(err, storage.ErrExists) {
			t.Errorf("put again: %v, want ErrExists", err)
		}
		object, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, n)
		if _, err := object.ReadAt(got, 0); err != nil || !bytes.Equal(got, data) {
			t.Errorf("read of %d bytes: %v", n, err)
		}
		object.Close()
	}
}

// lossy passes requests on and once, when told to, drops the answer to the
// one that makes an object.
type lossy struct {
	target string
	lose   atomic.Bool
}

func (l *lossy) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		// The host stays as the client signed it.
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", l.target, r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			q := r.Request.URL.Query()
			makes := r.Request.Method == "PUT" && !q.Has("partNumber") || r.Request.Method == "POST" && q.Has("uploadId")
			if makes && r.StatusCode == http.StatusOK && l.lose.CompareAndSwap(true, false) {
				return errors.New("lost")
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := &http.Server{Handler: forward}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

func TestRefused(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	for what, change := range map[string]func(*s3.Options){
		"wrong secret": func(o *s3.Options) { o.SecretKey += "x" },
		"wrong access": func(o *s3.Options) { o.AccessKey += "x" },
		"no bucket":    func(o *s3.Options) { o.Bucket = "" },
		"bad bucket":   func(o *s3.Options) { o.Bucket = "../x" },
		"no server":    func(o *s3.Options) { o.Endpoint = "" },
	} {
		bad := o
		change(&bad)
		if _, err := s3.New(t.Context(), bad); err == nil {
			t.Errorf("%s: was taken", what)
		} else if strings.Contains(err.Error(), o.SecretKey) {
			t.Errorf("%s: the error shows the secret", what)
		}
	}
}
