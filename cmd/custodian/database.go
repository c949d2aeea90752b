package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"custodian/internal/config"
	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
)

// database is the pool, and the server behind it when that is our own.
type database struct {
	*pg.DB
	own *cluster.Cluster // nil for a database of the operator's
}

// postgresDir is where the private PostgreSQL lies.
func postgresDir(s *config.Settings) string { return filepath.Join(s.DataDir, "postgres") }

// openDatabase gives a database that is up to date and signed in to with no more rights than the portal needs, or says what to
// do. Our own server, and one whose owner's login is given, are brought up to date first.
func openDatabase(ctx context.Context, s *config.Settings) (*database, error) {
	d := &database{}
	appURL := s.DatabaseURL.Reveal()
	if appURL == "" && s.OwnerDatabaseURL.IsSet() {
		return nil, errors.New("owner_database_url is set and database_url is not. Set database_url as well, to the login that the portal works with; " +
			"or set neither, to use a private PostgreSQL")
	}
	if appURL == "" {
		var err error
		if d.own, err = cluster.Start(ctx, cluster.Options{Dir: postgresDir(s), Bin: s.PostgresBin}); err != nil {
			return nil, err
		}
		if err := prepareOwn(ctx, d.own); err != nil {
			return nil, errors.Join(err, d.close())
		}
		appURL = d.own.URL(pg.Database, pg.AppRole)
	} else if s.OwnerDatabaseURL.IsSet() {
		if err := pg.Migrate(ctx, s.OwnerDatabaseURL.Reveal()); err != nil {
			return nil, err
		}
	}
	var err error
	if d.DB, err = pg.Open(ctx, appURL); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := errors.Join(checkSchema(ctx, d.DB), pg.CheckRole(ctx, d.DB)); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// prepareOwn makes what is missing in our own server; on every start but the first it finds nothing to do.
func prepareOwn(ctx context.Context, c *cluster.Cluster) error {
	if err := pg.MakeDatabase(ctx, c.URL("postgres", cluster.Superuser), pg.Database); err != nil {
		return err
	}
	if err := pg.Prepare(ctx, c.URL(pg.Database, cluster.Superuser)); err != nil {
		return err
	}
	return pg.Migrate(ctx, c.URL(pg.Database, pg.OwnerRole))
}

// close ends the pool, then the server if it is ours.
func (d *database) close() error {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.own != nil {
		return d.own.Stop()
	}
	return nil
}

// ended yields when our own server has gone; never for a database of the operator's.
func (d *database) ended() <-chan error {
	if d.own == nil {
		return nil
	}
	return d.own.Done()
}

// checkSchema compares the tables with what this program was written for. An older program must not write to newer tables, nor
// a newer program to older ones.
func checkSchema(ctx context.Context, db *pg.DB) error {
	have, want, err := pg.SchemaVersion(ctx, db)
	switch {
	case err != nil:
		return fmt.Errorf("ask for the version of the tables: %w", err)
	case have == 0:
		return fmt.Errorf("the database has no tables of Custodian yet. Run: custodian migrate --print-roles (its output as a superuser, once), "+
			"then: custodian migrate (with owner_database_url). It will then be at version %d", want)
	case have < want:
		return fmt.Errorf("the database is at version %d, and this program needs version %d. Run: custodian migrate (with owner_database_url)", have, want)
	case have > want:
		return fmt.Errorf("the database is at version %d, which is newer than this program knows (%d). Use the newer custodian; "+
			"going back means restoring the backup made before the newer one ran", have, want)
	}
	return nil
}
