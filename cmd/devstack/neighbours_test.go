package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func client(t *testing.T, s s3Ready, secret string) *minio.Client {
	t.Helper()
	c, err := minio.New(s.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(s.AccessKey, secret, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is put comes back, an object is written once where that is asked, nobody without the key gets in, and run again the
// server has the same keys and objects.
func TestS3(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	r := begin(t, dir, "s3", "--listen", "127.0.0.1:0")
	s := await(r, func(s s3Ready) bool { return s.Endpoint != "" })
	if s.Bucket != "custodian" {
		t.Errorf("bucket %q", s.Bucket)
	}
	c, ctx := client(t, s, s.SecretKey), t.Context()
	body := make([]byte, 300<<10)
	_, _ = rand.Read(body)
	if _, err := c.PutObject(ctx, s.Bucket, "one", bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{SendContentMd5: true}); err != nil {
		t.Fatal(err)
	}
	once := minio.PutObjectOptions{SendContentMd5: true}
	once.SetMatchETagExcept("*")
	if _, err := c.PutObject(ctx, s.Bucket, "one", strings.NewReader("other"), 5, once); minio.ToErrorResponse(err).Code != "PreconditionFailed" {
		t.Errorf("written over: %v", err)
	}
	if _, err := client(t, s, "wrong").StatObject(ctx, s.Bucket, "one", minio.StatObjectOptions{}); err == nil {
		t.Error("a wrong key is let in")
	}
	compare(t, c, s.Bucket, body)
	if err := r.end(syscall.SIGTERM); err != nil {
		t.Errorf("asked to stop, it ends with %v:\n%s", err, r.said)
	}
	again := await(begin(t, dir, "s3", "--listen", s.Endpoint), func(s s3Ready) bool { return s.Endpoint != "" })
	if again != s {
		t.Errorf("run again: %+v, before %+v", again, s)
	}
	compare(t, c, s.Bucket, body)
}

func compare(t *testing.T, c *minio.Client, bucket string, want []byte) {
	t.Helper()
	o, err := c.GetObject(t.Context(), bucket, "one", minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := io.ReadAll(o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, not the %d that were put", len(got), len(want))
	}
}

func TestS3PortTaken(t *testing.T) {
	t.Parallel()
	s := await(begin(t, scratch(t), "s3", "--listen", "127.0.0.1:0"), func(s s3Ready) bool { return s.Endpoint != "" })
	r := begin(t, scratch(t), "s3", "--listen", s.Endpoint)
	<-r.ended
	if r.err == nil || !strings.Contains(r.said.String(), "address already in use") {
		t.Errorf("%v:\n%s", r.err, r.said)
	}
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	r := begin(t, scratch(t), "pg")
	url := await(r, func(m map[string]string) bool { return m["url"] != "" })["url"]
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var super, fsync string
	if err := conn.QueryRow(t.Context(), `select current_setting('is_superuser'), current_setting('fsync')`).Scan(&super, &fsync); err != nil {
		t.Fatal(err)
	}
	if super != "on" || fsync != "off" {
		t.Errorf("superuser %s, fsync %s", super, fsync)
	}
	if err := r.end(os.Interrupt); err != nil {
		t.Errorf("asked to stop, it ends with %v:\n%s", err, r.said)
	}
}

// A test that is killed leaves neither neighbour behind.
func TestNeighboursEndWithTheirParent(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"s3", "pg"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			dir := scratch(t)
			r := &running{t: t, dir: dir, ready: filepath.Join(dir, "ready.json"), said: &lines{}, ended: make(chan struct{})}
			r.Cmd = exec.Command(os.Args[0], "lead", verb, "--data", filepath.Join(dir, "data"), "--ready", r.ready)
			r.Dir, r.Env = dir, append(os.Environ(), asProgram+"=1")
			r.Stdout, r.Stderr, r.WaitDelay = r.said, r.said, printed
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { killAll(t, dir) })
			await(r, func(m map[string]string) bool { return len(m) > 0 })
			if len(at(t, dir)) < 2 {
				t.Fatalf("the parent and its neighbour should work under %s: %v", dir, at(t, dir))
			}
			_ = r.Process.Kill()
			_ = r.Wait()
			awaitNobody(t, dir)
		})
	}
}

// A neighbour that starts only after its parent has gone ends at once.
func TestNeighbourWithoutParentEnds(t *testing.T) {
	t.Parallel()
	gone := exec.Command(os.Args[0], "help")
	gone.Env = append(os.Environ(), asProgram+"=1")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"s3", "pg"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			dir := scratch(t)
			ctx, stop := context.WithTimeout(t.Context(), time.Minute) // only for a neighbour that would stay
			defer stop()
			r := exec.CommandContext(ctx, os.Args[0], verb, "--data", filepath.Join(dir, "data"), "--ready", filepath.Join(dir, "ready.json"))
			said := &lines{}
			r.Dir, r.Stdout, r.Stderr, r.WaitDelay = dir, said, said, printed
			r.Env = append(os.Environ(), asProgram+"=1", parentVariable+"="+strconv.Itoa(gone.Process.Pid))
			t.Cleanup(func() { killAll(t, dir) })
			if err := r.Run(); ctx.Err() != nil {
				t.Errorf("it stays: %v\n%s", err, said)
			}
			awaitNobody(t, dir)
		})
	}
	r := exec.Command(os.Args[0], "s3", "--data", t.TempDir(), "--ready", filepath.Join(t.TempDir(), "ready.json"))
	r.Env = append(os.Environ(), asProgram+"=1", parentVariable+"=me")
	if said, err := r.CombinedOutput(); err == nil || !strings.Contains(string(said), parentVariable+" must be the process id") {
		t.Errorf("a parent that is no number: %v\n%s", err, said)
	}
}
