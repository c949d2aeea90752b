package s3_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"custodian/internal/s3test"
	"custodian/storage"
	"custodian/storage/s3"
	"custodian/storage/storagetest"
)

func TestStore(t *testing.T) {
	server := s3.Options(s3test.Start(t))
	var buckets atomic.Int32
	storagetest.Run(t, func(t *testing.T) storage.Store {
		o := server
		o.Bucket = fmt.Sprintf("conformance-%d", buckets.Add(1))
		return open(t, o)
	})
}

func TestFlatMemory(t *testing.T) { storagetest.Flat(t, open(t, s3.Options(s3test.Start(t)))) }

func BenchmarkStore(b *testing.B) {
	server := s3.Options(s3test.Start(b))
	storagetest.Bench(b, func(b *testing.B) storage.Store { return open(b, server) })
}

func open(t testing.TB, o s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOptionsHideKeys(t *testing.T) {
	t.Parallel()
	o := s3.Options{Endpoint: "127.0.0.1:1", Bucket: "b", AccessKey: "visible-access", SecretKey: "visible-secret"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(verb, o); strings.Contains(s, "visible") || !strings.Contains(s, "127.0.0.1:1") {
			t.Errorf("%s: %s", verb, s)
		}
	}
}
