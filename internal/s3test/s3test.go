// Package s3test gives tests a real S3 server.
//
// Purpose: Start runs one as a child process, on loopback, with an empty data
// directory, and stops it when the test ends.
//
// Promise: it is the server of the demonstration, not an imitation. A test
// that cannot have it fails and says why; it is never skipped. When the test
// process is killed, so is the server.
//
// Limits: for tests only. The server comes from cmd/devstack: the program
// named by CUSTODIAN_DEVSTACK, else bin/devstack in the repository, which is
// built when it is not there.
package s3test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long the server may take to start on a busy machine.
const patience = 60 * time.Second

// Options have the fields of s3.Options, so that s3.Options(s3test.Start(t))
// is one; this package does not import the store it serves.
type Options struct {
	Endpoint  string
	Bucket    string
	Region    string
	AccessKey string
	SecretKey string
	TLS       bool
}

// Start runs a server until the test ends. Bucket is a name that does not
// exist yet; with another name in its place the same server serves more.
func Start(t testing.TB) Options {
	t.Helper()
	program := devstack(t)
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	var log bytes.Buffer
	cmd := exec.Command(program, "s3", "--data", filepath.Join(dir, "s3"), "--listen", "127.0.0.1:0", "--ready", ready)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &log, &log, 10*time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}

	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The parent-death signal is sent when this thread ends, so it must
		// not end before the server has.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start the S3 server: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // an error means that it has ended already
		<-ended
	})
	o, err := await(ready, ended)
	if err != nil {
		cmd.Process.Kill()
		err := fmt.Errorf("the S3 server %s: %w", program, err)
		select {
		case e := <-ended: // then log is complete and nobody writes it
			ended <- e
			t.Fatalf("%v\n%s", err, log.String())
		case <-time.After(patience):
			t.Fatal(err)
		}
	}
	o.Bucket, o.Region = "test-objects", "us-east-1"
	return o
}

// await waits for the file that tells where the server listens.
func await(ready string, ended chan error) (Options, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(patience)
	for {
		select {
		case err := <-ended:
			ended <- err
			return Options{}, fmt.Errorf("ended before it was ready: %v", err)
		case <-limit:
			return Options{}, errors.New("was not ready in time")
		case <-tick.C:
		}
		text, err := os.ReadFile(ready)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return Options{}, err
		}
		var told struct {
			Endpoint  string `json:"endpoint"`
			AccessKey string `json:"access_key"`
			SecretKey string `json:"secret_key"`
		}
		if err := json.Unmarshal(text, &told); err != nil {
			return Options{}, fmt.Errorf("%s: %w", ready, err)
		}
		if told.Endpoint == "" || told.AccessKey == "" || told.SecretKey == "" {
			return Options{}, fmt.Errorf("%s does not give endpoint, access_key and secret_key", ready)
		}
		return Options{Endpoint: told.Endpoint, AccessKey: told.AccessKey, SecretKey: told.SecretKey}, nil
	}
}

// devstack finds the program, or builds it.
func devstack(t testing.TB) string {
	t.Helper()
	if program := os.Getenv("CUSTODIAN_DEVSTACK"); program != "" {
		return program
	}
	root, err := repository()
	if err != nil {
		t.Fatalf("find bin/devstack: %v (or name the program in CUSTODIAN_DEVSTACK)", err)
	}
	program := filepath.Join(root, "bin", "devstack")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if err := build(root, program); err != nil {
		t.Fatalf("these tests need the S3 server of cmd/devstack, which does not build: %v", err)
	}
	return program
}

// build makes the program whole or not at all, for several test processes may
// do so at once.
func build(root, program string) error {
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(program), ".devstack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "devstack")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join(root, "cmd", "devstack"), "-o", out, ".")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	return os.Rename(out, program)
}

// repository walks up to the directory whose go.mod is the product's.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if first, _, _ := strings.Cut(string(text), "\n"); err == nil && strings.TrimSpace(first) == "module custodian" {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod of module custodian above the working directory")
		}
		dir = up
	}
}
