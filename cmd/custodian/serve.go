package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"custodian/internal/config"
	"custodian/internal/grants"
	"custodian/internal/pg"
	"custodian/internal/scim"
	"custodian/portal"
	"custodian/storage"
	"custodian/versions"
)

func (p program) serveVerb() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the portal",
		Long: `Run the portal until it is told to stop (Ctrl+C, or SIGTERM).

With no settings it keeps everything under ./data, runs a private PostgreSQL there and can be opened from this computer only.
Told to stop, it lets running uploads and downloads finish for as long as shutdown_grace allows; told twice, it stops at once.`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			ctx, stop := p.untilSignal(c.Context())
			defer stop()
			err = p.serve(ctx, s)
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				fmt.Fprintln(p.err, "custodian: stopped before it was ready")
				return nil
			}
			return err
		},
	}
}

// untilSignal ends the context on the first SIGINT or SIGTERM, and the program on the second.
func (p program) untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(p.err, "custodian: told twice; stopping at once")
		p.exit(130)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// serve opens everything, from the ground up, serves until ctx ends, and closes it again in the opposite order.
func (p program) serve(ctx context.Context, s *config.Settings) (err error) {
	log := slog.New(slog.NewJSONHandler(p.err, &slog.HandlerOptions{Level: s.LogLevel}))
	for _, w := range s.Warnings {
		log.Warn("settings", "warning", w)
	}
	keys, store, err := openDocuments(ctx, s)
	if err != nil {
		return err
	}
	// Listening comes before the database, because a port that is taken is the commonest mistake and the quickest to find.
	listener, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s (another program may be using it; see the setting listen): %w", s.Listen, err)
	}
	defer listener.Close()
	db, err := openDatabase(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	e := engine{db: db, keys: keys, store: store}
	keeper := versions.New(versions.Options{DB: db.DB, Sealed: storage.NewSealed(store, keys), UploadLimit: s.UploadLimit, DayLimit: s.UploadDayLimit})
	tidying, tidied := context.WithCancel(ctx)
	var tidier sync.WaitGroup
	tidier.Go(func() { upkeep(tidying, log, db.DB, keeper) })
	changes := grants.NewChanges()
	tidier.Go(func() { changes.Run(tidying, db.DB, log) })
	defer tidier.Wait()
	defer tidied()
	footprints, err := newTree(s, db.DB, keys, store, log)
	if err != nil {
		return err
	}
	growing, grown := context.WithCancel(context.WithoutCancel(ctx)) // until after the last request, whose footprint is signed too
	var grower sync.WaitGroup
	grower.Go(func() { footprints.Run(growing) })
	defer grower.Wait()
	defer grown()
	in, err := signIn(s, db.DB, log)
	if err != nil {
		return err
	}
	handler, err := portal.New(portal.Options{
		DB: db.DB, Keeper: keeper, Tree: footprints, SignIn: in, SCIM: directory(s, db.DB), Changes: changes,
		Log: log, Ready: e.ready, Version: version, Demo: s.Demo, Ask: s.HelpContact,
	})
	if err != nil {
		return err
	}
	log.Info("ready", "listen", listener.Addr().String(), "version", version, "store", s.Store, "private_database", db.own != nil)
	p.greet(s, listener.Addr())
	return answer(ctx, s, log, listener, handler, db.ended())
}

// openDocuments opens the keyring and the store of documents, with the directory that they lie in.
func openDocuments(ctx context.Context, s *config.Settings) (*storage.Keyring, storage.Store, error) {
	if err := openDataDir(s); err != nil {
		return nil, nil, err
	}
	keys, err := openKeyring(s)
	if err != nil {
		return nil, nil, err
	}
	if err := keys.Check(ctx); err != nil {
		return nil, nil, err
	}
	store, err := openStore(ctx, s)
	return keys, store, err
}

// directory takes the word of a directory service, whose people sign in at the sign-in service; nil where none is set.
func directory(s *config.Settings, db *pg.DB) *scim.Service {
	if s.OIDC.Issuer == "" {
		return nil
	}
	return scim.New(scim.Options{DB: db, Issuer: s.OIDC.Issuer, Subject: s.SCIMSubject, PublicURL: s.PublicURL})
}

// greet tells a person at a terminal where to go. A log collector gets the log alone.
func (p program) greet(s *config.Settings, at net.Addr) {
	f, ok := p.out.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	url := s.PublicURL
	if url == "http://"+s.Listen {
		url = "http://" + at.String()
	}
	fmt.Fprintf(f, "Custodian is ready at %s (Ctrl+C stops it)\n", url)
}

// answer serves until ctx ends or the database does, then lets what is running finish.
func answer(ctx context.Context, s *config.Settings, log *slog.Logger, l net.Listener, h http.Handler, databaseEnded <-chan error) error {
	server := &http.Server{
		Handler:           moving(h, stalled),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var cause error
	select {
	case <-ctx.Done():
		log.Info("stopping", "grace", s.ShutdownGrace.String())
	case err := <-databaseEnded:
		cause = errors.Join(errors.New("the private PostgreSQL has ended; its log is postgres.log beside its data"), err)
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.ShutdownGrace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		log.Warn("stopped before everything was finished", "grace", s.ShutdownGrace.String())
		cause = errors.Join(cause, server.Close())
	}
	log.Info("stopped")
	return cause
}
