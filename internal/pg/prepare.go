package pg

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"custodian/migrations"
)

//go:embed roles.sql
var rolesSQL string

// The database and the two logins that Custodian uses.
const (
	Database  = "custodian"
	OwnerRole = "custodian_owner"
	AppRole   = "custodian_app"
)

// RolesSQL is the script that makes the roles: a superuser runs it once in the
// database that Custodian is to use. It may be run again.
func RolesSQL() string { return rolesSQL }

// Prepare makes the roles in the database that superuserURL names, and gives
// the owner the right to make its schema there. It may be repeated.
func Prepare(ctx context.Context, superuserURL string) error {
	conn, err := pgx.Connect(ctx, superuserURL)
	if err != nil {
		return fmt.Errorf("pg: prepare: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.PgConn().Exec(ctx, rolesSQL).ReadAll(); err != nil {
		return fmt.Errorf("pg: prepare roles: %w", err)
	}
	return nil
}

// MakeDatabase makes the named database where it is not there yet.
// superuserURL leads to any other database of the same server.
func MakeDatabase(ctx context.Context, superuserURL, name string) error {
	conn, err := pgx.Connect(ctx, superuserURL)
	if err != nil {
		return fmt.Errorf("pg: make database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var there bool
	if err := conn.QueryRow(ctx, `select exists (select from pg_database where datname = $1)`, name).Scan(&there); err != nil || there {
		return err
	}
	_, err = conn.Exec(ctx, `create database `+pgx.Identifier{name}.Sanitize()+` encoding 'UTF8' template template0`)
	return err
}

// Migrate brings the schema up to date, as its owner. Two at once wait for one
// another. It refuses to run as a superuser, since what a superuser owns is
// not bound by row-level security.
func Migrate(ctx context.Context, ownerURL string) error {
	cfg, err := pgx.ParseConfig(ownerURL)
	if err != nil {
		return fmt.Errorf("pg: migrate: the owner's database address cannot be read")
	}
	db := stdlib.OpenDB(*cfg)
	defer db.Close()
	var super bool
	if err := db.QueryRowContext(ctx, `select rolsuper or rolbypassrls from pg_roles where rolname = current_user`).Scan(&super); err != nil {
		return fmt.Errorf("pg: migrate: %w", err)
	}
	if super {
		return fmt.Errorf("pg: migrate: the login must be %s, not one that passes over row-level security", OwnerRole)
	}
	if _, err := db.ExecContext(ctx, `create schema if not exists app`); err != nil {
		return fmt.Errorf("pg: migrate: make the schema (has the roles script been run in this database?): %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files,
		goose.WithTableName("app.schema_version"), goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("pg: migrate: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("pg: migrate: %w", err)
	}
	_, err = db.ExecContext(ctx, `grant usage on schema app to custodian_app; grant select on app.schema_version to custodian_app`)
	return err
}
