package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"custodian/internal/pg"
)

func (p program) migrateVerb() *cobra.Command {
	var printRoles bool
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring a database of your own up to date",
		Long: `Bring a database of your own up to date, as the owner of its tables (owner_database_url).

The roles come first, once, from a superuser of that database:

  custodian migrate --print-roles | psql postgres://.../custodian

The private PostgreSQL that Custodian runs when database_url is left out needs neither: serve keeps it up to date.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if printRoles {
				_, err := io.WriteString(p.out, pg.RolesSQL())
				return err
			}
			s, err := p.settings(c)
			if err != nil {
				return err
			}
			if !s.OwnerDatabaseURL.IsSet() {
				return errors.New("owner_database_url is not set. It names your database, signed in as the owner of its tables. " +
					"Without a database of your own there is nothing to do: custodian serve keeps its private PostgreSQL up to date")
			}
			return p.migrate(c.Context(), s.OwnerDatabaseURL.Reveal())
		},
	}
	c.Flags().BoolVar(&printRoles, "print-roles", false, "print the script that makes the database roles, for a superuser to run once")
	return c
}

func (p program) migrate(ctx context.Context, ownerURL string) error {
	if err := pg.Migrate(ctx, ownerURL); err != nil {
		return err
	}
	db, err := pg.Open(ctx, ownerURL)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := checkSchema(ctx, db); err != nil {
		return err
	}
	have, _, err := pg.SchemaVersion(ctx, db)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "The database is at version %d, which is what this program needs.\n", have)
	return err
}
