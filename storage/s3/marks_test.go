package s3_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"custodian/internal/s3test"
	"custodian/storage"
	"custodian/storage/s3"
	"custodian/storage/storagetest"
)

func TestMarks(t *testing.T) {
	t.Parallel()
	server := s3.Options(s3test.Start(t))
	var buckets atomic.Int32
	storagetest.RunMarks(t, func(t *testing.T) storage.Marks {
		o := server
		o.Bucket = fmt.Sprintf("marks-%d", buckets.Add(1))
		return open(t, o)
	})
}

// In a bucket with object lock a mark cannot be removed or replaced, with the
// very key that wrote it.
func TestMarksAreLocked(t *testing.T) {
	t.Parallel()
	o := s3.Options(s3test.Start(t))
	c := bare(t, o)
	if err := c.MakeBucket(t.Context(), o.Bucket, minio.MakeBucketOptions{ObjectLocking: true}); err != nil {
		t.Fatal(err)
	}
	s := open(t, o)
	s.LockMarks(time.Hour)
	if err := s.PutMark(t.Context(), "kept", []byte("as it was")); err != nil {
		t.Fatal(err)
	}
	info, err := c.StatObject(t.Context(), o.Bucket, "checkpoints/kept", minio.StatObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	until, err := time.Parse(time.RFC3339, info.Metadata.Get("X-Amz-Object-Lock-Retain-Until-Date"))
	if mode := info.Metadata.Get("X-Amz-Object-Lock-Mode"); err != nil || mode != "COMPLIANCE" || time.Until(until) < 50*time.Minute {
		t.Errorf("retention %q until %v, %v", mode, until, err)
	}
	if err := c.RemoveObject(t.Context(), o.Bucket, "checkpoints/kept", minio.RemoveObjectOptions{VersionID: info.VersionID, GovernanceBypass: true}); err == nil {
		t.Error("a locked mark was removed")
	}
	if got, err := s.Mark(t.Context(), "kept"); err != nil || string(got) != "as it was" {
		t.Errorf("%q, %v", got, err)
	}
}
