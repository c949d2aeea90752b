// Command devstack runs a whole Custodian on one machine, for demonstration and for tests: a private PostgreSQL, an S3 server,
// an OpenID Connect provider, a mail sink with a web inbox, and then the portal, with fictional people who can sign in.
//
// Promise: everything listens on the loopback interface only; every password and token is random and lies in the data
// directory, readable by its owner alone; stopped, or killed in any way, it leaves no program running; run again on the same
// data directory, it goes on where it was.
//
// Limits: it is not for real records. The inbox asks for no password and the sign-in provider speaks plain HTTP. It is a module
// of its own, and nothing of it is linked into the product.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

const usage = `devstack runs Custodian with everything it needs, for demonstration and tests. It is not for real records.

  devstack [--data DIR] [--listen 127.0.0.1:PORT] [--ready FILE] [--seed none|demo] [--store s3|dir] [--custodian PATH]
        everything, until Ctrl-C
  devstack s3 --data DIR --listen 127.0.0.1:PORT --ready FILE
        only the S3 server
  devstack pg --data DIR --ready FILE
        only PostgreSQL, fast and not safe against a power cut: for tests

`

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings passed in. It returns the exit status: 0 also after a signal, 2 for a wrong command line.
func run(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends us at once; the kernel then stops what we started

	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	var err error
	switch verb {
	case "", "up":
		err = runAll(ctx, args, out, errs)
	case "s3":
		err = runS3(ctx, args, errs)
	case "pg":
		err = runPostgres(ctx, args, errs)
	case "help":
		fmt.Fprint(out, usage)
	default:
		err = wrong("there is no command " + verb)
	}
	var w wrong
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return 0 // asked to stop while starting
	case errors.As(err, &w):
		fmt.Fprintf(errs, "devstack: %v\n\n%s", err, usage)
		return 2
	}
	fmt.Fprintf(errs, "devstack: %v\n", err)
	return 1
}

// wrong is an error in the command line.
type wrong string

func (w wrong) Error() string { return string(w) }

// parse reads flags and refuses what is left over.
func parse(set *flag.FlagSet, args []string, errs io.Writer) error {
	set.SetOutput(io.Discard)
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(errs, usage)
		set.SetOutput(errs)
		set.PrintDefaults()
		return err
	case err != nil:
		return wrong(err.Error())
	case set.NArg() > 0:
		return wrong("there is something too much: " + set.Arg(0))
	}
	return nil
}

// writeJSON writes a file that only its owner can read, whole or not at all.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(append(b, '\n')); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
