// Package pg is the door to PostgreSQL. Nobody else holds anything with Exec.
//
// Read gives a snapshot that cannot be written to; Write is for internal/audit
// alone, whose Do adds the footprint; Keep writes operational tables that tell
// nothing about anybody. All three set who acts for the transaction, and
// PostgreSQL's forced row-level security does the rest. The password never
// reaches a log.
package pg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"custodian/migrations"
)

// DB is a pool of connections as the application's role.
type DB struct{ pool *pgxpool.Pool }

// Open connects as the application's role. url is a PostgreSQL connection
// string. It fails when the database does not answer.
func Open(ctx context.Context, url string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the database address cannot be read; it should look like postgres://user:password@host/database")
	}
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["application_name"] = "custodian"
	cfg.ConnConfig.RuntimeParams["jit"] = "off"
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "60s"
	if cfg.MaxConns < 10 {
		cfg.MaxConns = 10
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("pg: open: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("pg: the database does not answer: %w", err)
	}
	return &DB{pool}, nil
}

// Close ends all connections, waiting for those in use.
func (db *DB) Close() { db.pool.Close() }

// Ping asks the database for a sign of life.
func (db *DB) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }

// Facts is what doctor asks about a database.
type Facts struct {
	Version int       // major version of the server
	Now     time.Time // its clock
}

// Look reads the facts about the server.
func Look(ctx context.Context, db *DB) (Facts, error) {
	var f Facts
	err := db.pool.QueryRow(ctx, `select current_setting('server_version_num')::int / 10000, clock_timestamp()`).Scan(&f.Version, &f.Now)
	return f, err
}

// SchemaVersion gives the number of the newest migration the database has and
// of the newest this program carries.
func SchemaVersion(ctx context.Context, db *DB) (have, want int64, err error) {
	if want, err = newest(); err != nil {
		return 0, 0, err
	}
	var there bool
	if err = db.pool.QueryRow(ctx, `select to_regclass('app.schema_version') is not null`).Scan(&there); err != nil || !there {
		return 0, want, err
	}
	err = db.pool.QueryRow(ctx, `select coalesce(max(version_id), 0) from app.schema_version where is_applied`).Scan(&have)
	return have, want, err
}

func newest() (int64, error) {
	entries, err := migrations.Files.ReadDir(".")
	if err != nil {
		return 0, err
	}
	var n int64
	if _, err := fmt.Sscanf(entries[len(entries)-1].Name(), "%d_", &n); err != nil {
		return 0, fmt.Errorf("pg: a migration without a number: %w", err)
	}
	return n, nil
}

// CheckRole makes sure that the login of db is one that the policies bind: not
// a superuser, not able to bypass them, owning nothing, and not able to become
// a role that does.
func CheckRole(ctx context.Context, db *DB) error {
	var super, bypass, owns, becomes bool
	err := db.pool.QueryRow(ctx, `
		select r.rolsuper, r.rolbypassrls,
			exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'app' and c.relowner = r.oid),
			exists (select from pg_auth_members m join pg_roles o on o.oid = m.roleid where m.member = r.oid
				and o.rolname in ('custodian_owner', 'custodian_rule', 'custodian_search'))
		from pg_roles r where r.rolname = current_user`).Scan(&super, &bypass, &owns, &becomes)
	switch {
	case err != nil:
		return err
	case super || bypass:
		return errors.New("the database login can pass over row-level security; use the login custodian_app in DATABASE_URL")
	case owns || becomes:
		return errors.New("the database login owns Custodian's tables, or can become their owner; use the login custodian_app in DATABASE_URL")
	}
	return nil
}

// violation gives the name of the constraint that err broke, or "".
func violation(err error) (code, constraint string) {
	if e, ok := errors.AsType[*pgError](err); ok {
		return e.Code, e.ConstraintName
	}
	return "", ""
}

// Broke tells whether err is a refusal by the named constraint.
func Broke(err error, constraint string) bool {
	_, name := violation(err)
	return name != "" && name == constraint
}

// Refused tells whether err is row-level security, or a missing privilege,
// saying no.
func Refused(err error) bool {
	code, _ := violation(err)
	return code == "42501"
}

// Answered tells whether err is the database saying no, so that the
// transaction certainly did not commit. A connection that broke, or a server
// going down, leaves that open.
func Answered(err error) bool {
	code, _ := violation(err)
	return code != "" && !strings.HasPrefix(code, "57") && !strings.HasPrefix(code, "08")
}

// None tells whether err says that a query for one row found none.
func None(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// Abandoned gives the names of objects whose upload was given up, at most limit.
func Abandoned(ctx context.Context, db *DB, limit int) ([]string, error) {
	rows, err := db.pool.Query(ctx, `select object_name from app.upload where abandoned order by begun_at limit $1`, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
