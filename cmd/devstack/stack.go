package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"custodian/cmd/devstack/child"
	"custodian/cmd/devstack/provider"
	"custodian/cmd/devstack/sink"
	"custodian/internal/pg/cluster"
)

// clientID is the portal's name at the sign-in provider.
const clientID = "custodian"

// binVariable names the directory of PostgreSQL's programs, as for the portal itself.
const binVariable = "CUSTODIAN_POSTGRES_BIN"

// stack is everything that runs.
type stack struct {
	opt   options
	out   io.Writer
	state *state
	lock  *os.File

	address string // the portal's, host:port
	url     string
	taken   struct{ provider, inbox, mail net.Listener }

	cluster  *cluster.Cluster
	db       addresses
	store    *child.Process
	s3       s3Ready
	provider *provider.Provider
	inbox    *http.Server
	mail     *smtp.Server
	broken   chan error // what stopped although nobody asked
}

func runAll(ctx context.Context, args []string, out, errs io.Writer) error {
	s := &stack{out: out, broken: make(chan error, 8)}
	if err := s.opt.parse(args, errs); err != nil {
		return err
	}
	defer s.stop()
	for _, step := range []func(context.Context) error{s.claim, s.openDatabase, s.openStore, s.plant, s.openProvider, s.openMail} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.servePortal(ctx)
}

// claim takes the data directory and the ports. The directory lets other accounts pass through, not look: as root, PostgreSQL
// runs as one of them below it.
func (s *stack) claim(context.Context) error {
	if err := os.MkdirAll(s.opt.data, 0o711); err != nil {
		return err
	}
	if s.opt.ready != "" {
		if err := clearReady(s.opt.ready); err != nil {
			return err
		}
	}
	var err error
	if s.lock, err = os.OpenFile(filepath.Join(s.opt.data, lockFile), os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another devstack uses %s; stop it, or give another --data", s.opt.data)
	}
	if s.state, err = loadState(s.opt.data, s.opt.store, s.opt.seed); err != nil {
		return err
	}
	return s.takePorts()
}

func (s *stack) takePorts() error {
	var err error
	last := s.state.Ports
	if s.address, err = settle(s.opt.listen, last.Portal); err != nil {
		return err
	}
	s.url = "http://" + s.address
	if s.taken.provider, err = listenOn(last.Provider); err != nil {
		return err
	}
	if s.taken.inbox, err = listenOn(last.Inbox); err != nil {
		return err
	}
	if s.taken.mail, err = listenOn(last.Mail); err != nil {
		return err
	}
	if s.state.Planted && s.state.Issuer != s.issuer() {
		fmt.Fprintf(s.out, "The sign-in provider's port %d is taken by another program. Until it is free again people cannot sign in; tokens work.\n", last.Provider)
	}
	_, port, _ := net.SplitHostPort(s.address)
	s.state.Ports.Portal, _ = net.LookupPort("tcp", port)
	if !s.state.Planted || last.Provider == 0 {
		s.state.Ports.Provider = portOf(s.taken.provider) // later the people's identities hang on it
	}
	s.state.Ports.Inbox, s.state.Ports.Mail = portOf(s.taken.inbox), portOf(s.taken.mail)
	return s.state.save(s.opt.data)
}

func (s *stack) issuer() string { return provider.IssuerAt(s.taken.provider.Addr()) }

// openDatabase starts PostgreSQL and brings the schema up to date.
func (s *stack) openDatabase(ctx context.Context) error {
	fmt.Fprintln(s.out, "Starting PostgreSQL ...")
	var err error
	if s.cluster, err = cluster.Start(ctx, cluster.Options{
		Dir: filepath.Join(s.opt.data, "postgres"), Bin: os.Getenv(binVariable),
	}); err != nil {
		return err
	}
	return s.prepare(ctx)
}

// openStore starts the S3 server, as a program of its own because it changes its working directory.
func (s *stack) openStore(ctx context.Context) error {
	if s.opt.store != "s3" {
		return nil
	}
	fmt.Fprintln(s.out, "Starting the S3 server ...")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := s.storeDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ready := filepath.Join(dir, "ready.json")
	if err := clearReady(ready); err != nil {
		return err
	}
	log, err := s.openLog("s3.log")
	if err != nil {
		return err
	}
	defer log.Close() // the program has its own copy
	s.store, err = child.Start(child.Program{
		Path: self, Args: []string{"s3", "--data", dir, "--listen", "127.0.0.1:0", "--ready", ready},
		Env: os.Environ(), Dir: dir, Output: log,
	})
	if err != nil {
		return err
	}
	return s.awaitStore(ctx, ready, log.Name())
}

func (s *stack) awaitStore(ctx context.Context, ready, log string) error {
	for {
		if b, err := os.ReadFile(ready); err == nil {
			return json.Unmarshal(b, &s.s3)
		}
		select {
		case <-s.store.Gone():
			return fmt.Errorf("the S3 server could not start (%v); its log is %s", s.store.Err(), log)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *stack) openProvider(ctx context.Context) error {
	log, err := s.openLog("provider.log")
	if err != nil {
		return err
	}
	people := make([]provider.Person, 0, len(s.state.Users))
	for _, u := range s.state.Users {
		people = append(people, provider.Person{Email: u.Email, Name: u.Name, UserID: u.UserID, Hash: u.Hash, Groups: u.Groups})
	}
	s.provider, err = provider.Start(ctx, s.taken.provider, provider.Config{
		ClientID: clientID, ClientSecret: s.state.ClientSecret,
		Redirects:   []string{s.url + "/sign-in/callback"},
		AfterLogout: []string{s.url + "/", s.url + "/signed-out"},
		People:      people,
		KeyFile:     filepath.Join(s.opt.data, "provider-keys.json"),
		Log:         slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	return err
}

func (s *stack) openMail(context.Context) error {
	box := sink.NewInbox(time.Now)
	pages, err := box.Handler()
	if err != nil {
		return err
	}
	s.mail = box.Server()
	s.inbox = &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := s.mail.Serve(s.taken.mail); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			s.broken <- fmt.Errorf("the mail sink has stopped: %w", err)
		}
	}()
	go func() {
		if err := s.inbox.Serve(s.taken.inbox); !errors.Is(err, http.ErrServerClosed) {
			s.broken <- fmt.Errorf("the inbox has stopped: %w", err)
		}
	}()
	return nil
}

// servePortal keeps the portal going until ctx ends or something it needs has stopped.
func (s *stack) servePortal(ctx context.Context) error {
	fmt.Fprintln(s.out, "Starting the portal ...")
	log, err := s.openLog("portal.log")
	if err != nil {
		return err
	}
	defer log.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.keeper(log, s.up()).Run(ctx) }()

	var storeGone <-chan struct{}
	if s.store != nil {
		storeGone = s.store.Gone()
	}
	select {
	case err = <-ended:
		if err != nil {
			err = fmt.Errorf("%w; the portal's log is %s", err, log.Name())
		}
		return err
	case err = <-s.cluster.Done():
		err = fmt.Errorf("PostgreSQL has stopped (%v), so everything stops; its log is %s", err, filepath.Join(s.opt.data, "postgres", "postgres.log"))
	case <-storeGone:
		err = fmt.Errorf("the S3 server has stopped (%v), so everything stops", s.store.Err())
	case err = <-s.provider.Failed():
		err = fmt.Errorf("the sign-in provider has stopped, so everything stops: %w", err)
	case err = <-s.broken:
	}
	cancel()
	<-ended
	return err
}

// up is called each time the portal is ready: the first time the person is told, every time the ready file.
func (s *stack) up() func(pid int) error {
	told := false
	return func(pid int) error {
		r := s.report(pid)
		if s.opt.ready != "" {
			if err := writeJSON(s.opt.ready, r); err != nil {
				return err
			}
		}
		if !told {
			r.print(s.out, s.opt.data)
		} else {
			fmt.Fprintln(s.out, "The portal is ready again.")
		}
		told = true
		return nil
	}
}

func (s *stack) report(pid int) report {
	return report{
		URL: s.url, Inbox: "http://" + s.taken.inbox.Addr().String() + "/", SMTP: s.taken.mail.Addr().String(),
		Issuer: s.issuer(), DatabaseURL: s.db.super, Store: s.opt.store,
		Objects: s.objects(), Keyring: s.keyring(), PortalPID: pid,
		Users: reportUsers(s.state.Users), Tokens: s.state.Tokens,
	}
}

func (s *stack) openLog(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(s.opt.data, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// stop ends what runs, the last started first. The portal has ended before.
func (s *stack) stop() {
	if s.opt.ready != "" && s.state != nil {
		_ = clearReady(s.opt.ready)
	}
	if s.inbox != nil {
		_ = s.inbox.Close()
		_ = s.mail.Close()
	}
	if s.provider != nil {
		_ = s.provider.Stop()
	}
	if s.store != nil {
		if err := s.store.Stop(20 * time.Second); err != nil {
			fmt.Fprintln(s.out, "The S3 server:", err)
		}
	}
	if s.cluster != nil {
		if err := s.cluster.Stop(); err != nil {
			fmt.Fprintln(s.out, "PostgreSQL:", err)
		}
	}
	if s.lock != nil {
		s.lock.Close()
	}
}
