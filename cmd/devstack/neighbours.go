package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"custodian/cmd/devstack/child"
	"custodian/cmd/devstack/gateway"
	"custodian/internal/pg/cluster"
)

// The two neighbours can be run alone, for tests. Then they end with whoever started them.

// single are the flags of such a verb.
type single struct {
	data, listen, ready string
}

func (s *single) parse(name string, args []string, errs io.Writer) (err error) {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.StringVar(&s.data, "data", "", "the directory to keep everything in")
	set.StringVar(&s.ready, "ready", "", "the file to write when ready")
	if name == "s3" {
		set.StringVar(&s.listen, "listen", "127.0.0.1:0", "the address to listen on; port 0 takes a free one")
	}
	if err := parse(set, args, errs); err != nil {
		return err
	}
	if s.data == "" || s.ready == "" {
		return wrong(name + " needs --data and --ready")
	}
	if s.listen != "" {
		if err := onLoopback(s.listen); err != nil {
			return err
		}
	}
	if s.data, err = filepath.Abs(s.data); err != nil {
		return err
	}
	if s.ready, err = filepath.Abs(s.ready); err != nil {
		return err
	}
	return clearReady(s.ready)
}

// clearReady removes the ready file of an earlier run, which nobody must take for this one's.
func clearReady(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// parentVariable is where the program that starts a neighbour gives its process id, so that the neighbour ends with it however
// soon that is.
const parentVariable = "DEVSTACK_PARENT"

// withParent is ctx, ended also when the program that started us is gone.
func withParent(ctx context.Context) (context.Context, context.CancelFunc, error) {
	parent := 0
	if said := os.Getenv(parentVariable); said != "" {
		var err error
		if parent, err = strconv.Atoi(said); err != nil || parent < 1 {
			return nil, nil, wrong(parentVariable + " must be the process id of whoever starts this")
		}
	}
	gone, err := child.OutliveNobody(parent)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel, nil
}

// s3Ready is what the S3 server's ready file holds.
type s3Ready struct {
	Endpoint  string `json:"endpoint"` // host:port
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
	Bucket    string `json:"bucket"`
}

// bucket is the one bucket of the S3 server.
const bucket = "custodian"

func runS3(ctx context.Context, args []string, errs io.Writer) error {
	var s single
	if err := s.parse("s3", args, errs); err != nil {
		return err
	}
	ctx, cancel, err := withParent(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}
	var keys s3Keys
	if err := keys.load(filepath.Join(s.data, stateFile)); err != nil {
		return err
	}
	err = gateway.Run(ctx, gateway.Config{
		Dir: s.data, Listen: s.listen, Bucket: bucket, AccessKey: keys.AccessKey, SecretKey: keys.SecretKey,
		Ready: func(endpoint string) error {
			return writeJSON(s.ready, s3Ready{Endpoint: endpoint, AccessKey: keys.AccessKey, SecretKey: keys.SecretKey, Bucket: bucket})
		},
	})
	_ = clearReady(s.ready)
	return err
}

func runPostgres(ctx context.Context, args []string, errs io.Writer) error {
	var s single
	if err := s.parse("pg", args, errs); err != nil {
		return err
	}
	ctx, cancel, err := withParent(ctx)
	if err != nil {
		return err
	}
	defer cancel()
	c, err := cluster.Start(ctx, cluster.Options{Dir: s.data, Bin: os.Getenv(binVariable), NoSync: true})
	if err != nil {
		return err
	}
	defer clearReady(s.ready)
	if err := writeJSON(s.ready, map[string]string{"url": c.URL("postgres", cluster.Superuser)}); err != nil {
		return errors.Join(err, c.Stop())
	}
	select {
	case <-ctx.Done():
		return c.Stop()
	case err := <-c.Done():
		return errors.Join(fmt.Errorf("PostgreSQL has stopped: %w", err), c.Stop())
	}
}
