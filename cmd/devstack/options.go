package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// options of the whole stack.
type options struct {
	data, listen, ready, seed, store, custodian string
}

func (o *options) parse(args []string, errs io.Writer) error {
	beside := "custodian"
	if self, err := os.Executable(); err == nil {
		beside = filepath.Join(filepath.Dir(self), "custodian")
	}
	set := flag.NewFlagSet("devstack", flag.ContinueOnError)
	set.StringVar(&o.data, "data", ".devstack", "the directory to keep everything in")
	set.StringVar(&o.listen, "listen", "127.0.0.1:8080", "the address of the portal; port 0 takes a free one")
	set.StringVar(&o.ready, "ready", "", "the file to write, as JSON, when the portal is ready")
	set.StringVar(&o.seed, "seed", "demo", "what to plant on first use: none (people, records, an empty library) or demo (documents as well)")
	set.StringVar(&o.store, "store", "s3", "where documents are kept: s3 or dir")
	set.StringVar(&o.custodian, "custodian", beside, "the portal's program")
	if err := parse(set, args, errs); err != nil {
		return err
	}
	if !slices.Contains([]string{"none", "demo"}, o.seed) {
		return wrong("--seed must be none or demo, not " + strconv.Quote(o.seed))
	}
	if !slices.Contains([]string{"s3", "dir"}, o.store) {
		return wrong("--store must be s3 or dir, not " + strconv.Quote(o.store))
	}
	if err := onLoopback(o.listen); err != nil {
		return err
	}
	for _, path := range []*string{&o.data, &o.ready, &o.custodian} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	if info, err := os.Stat(o.custodian); err != nil || info.IsDir() {
		return fmt.Errorf("the portal's program is not at %s; run `make build`, or give --custodian", o.custodian)
	}
	return nil
}

// onLoopback refuses an address that other computers could reach: here every password is shown and mail is open.
func onLoopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return wrong(fmt.Sprintf("%q is no address to listen on; give 127.0.0.1:PORT", address))
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return wrong(fmt.Sprintf("%q could be reached by other computers; this is a demonstration, give 127.0.0.1:PORT", address))
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return wrong(fmt.Sprintf("%q has no good port; give 127.0.0.1:PORT", address))
	}
	return nil
}

// listenOn takes the port of the last run where it is free, else any. Port 0 is "any".
func listenOn(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil && port != 0 {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return l, err
}

func portOf(l net.Listener) int {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// settle turns the portal's address into one with a port that is free now: the given one, or for port 0 the one of the last
// run, or any. The portal has to be told its port beforehand, because the sign-in provider has to know it as well.
func settle(listen string, last int) (string, error) {
	host, port, _ := net.SplitHostPort(listen) // checked by onLoopback
	tries := []string{port}
	if port == "0" {
		tries = []string{strconv.Itoa(last), "0"}
	}
	var err error
	for _, t := range tries {
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort(host, t)); err == nil {
			defer l.Close()
			return net.JoinHostPort(host, strconv.Itoa(portOf(l))), nil
		}
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", fmt.Errorf("another program listens on %s already; stop it, or give another port with --listen", listen)
	}
	return "", err
}
