// Package pgtest gives each test a real PostgreSQL database of its own, with
// the schema in place. The server is TEST_DATABASE_URL (a superuser's address)
// where that is set, else a private one made from the installed programs. When
// neither can be had the test fails: PostgreSQL is needed, not optional.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
)

// server is the one that this test program's databases live on.
var server struct {
	once    sync.Once
	err     error
	base    string // superuser's address of the maintenance database
	dir     string
	cluster *cluster.Cluster
	count   atomic.Int64
	clone   sync.Mutex // a template can be copied only by one at a time
}

// template is the database that every test's is copied from: one for each test
// program, since several may share the server.
func template() string { return fmt.Sprintf("custodian_template_%d", os.Getpid()) }

// Main runs a package's tests and then stops the private server, and before it
// whatever else the package names to be ended. Every package that uses New calls
// it from TestMain.
func Main(m *testing.M, also ...func()) {
	code := m.Run()
	for _, end := range also {
		end()
	}
	if server.base != "" {
		_ = run(context.Background(), server.base, `drop database if exists `+template()+` with (force)`)
	}
	if server.cluster != nil {
		_ = server.cluster.Stop()
		_ = os.RemoveAll(server.dir)
	}
	os.Exit(code)
}

// Database is one test's own database.
type Database struct {
	DB    *pg.DB
	Super string // superuser's address, for making faults that nobody else could make
	App   string
	Owner string
}

// New makes a database with the schema in place; it is dropped when the test ends.
func New(t testing.TB) Database {
	t.Helper()
	ctx := context.Background()
	server.once.Do(func() { server.err = start(ctx) })
	if server.err != nil {
		t.Fatalf("pgtest: a real PostgreSQL is needed: %v", server.err)
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), server.count.Add(1))
	server.clone.Lock()
	err := run(ctx, server.base, `create database `+name+` template `+template()+strategy())
	server.clone.Unlock()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	d := Database{Super: address(name, ""), App: address(name, pg.AppRole), Owner: address(name, pg.OwnerRole)}
	if d.DB, err = pg.Open(ctx, d.App); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		d.DB.Close()
		_ = run(ctx, server.base, `drop database `+name+` with (force)`)
	})
	return d
}

// Exec runs SQL as the superuser, past every policy.
func (d Database) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if err := run(context.Background(), d.Super, sql, args...); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

// Scan reads one row as the superuser, past every policy.
func (d Database) Scan(t testing.TB, sql string, args []any, into ...any) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, d.Super)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, sql, args...).Scan(into...); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
}

func start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	server.base = os.Getenv("TEST_DATABASE_URL")
	if server.base == "" {
		dir, err := os.MkdirTemp("", "pgtest-")
		if err != nil {
			return err
		}
		server.dir = dir
		if server.cluster, err = cluster.Start(ctx, cluster.Options{Dir: dir, NoSync: true}); err != nil {
			return err
		}
		server.base = server.cluster.URL("postgres", cluster.Superuser)
	}
	_ = run(ctx, server.base, `drop database if exists `+template()+` with (force)`)
	if err := run(ctx, server.base, `create database `+template()+` encoding 'UTF8' template template0`); err != nil {
		return err
	}
	if err := pg.Prepare(ctx, address(template(), "")); err != nil {
		return err
	}
	return pg.Migrate(ctx, address(template(), pg.OwnerRole))
}

// strategy: copying files beats copying through the log where nothing waits for the disk.
func strategy() string {
	if server.cluster != nil {
		return ` strategy file_copy`
	}
	return ""
}

// address is the server's address with another database and, unless role is
// empty, another login.
func address(database, role string) string {
	u, err := url.Parse(server.base)
	if err != nil {
		panic(fmt.Sprintf("pgtest: TEST_DATABASE_URL: %v", err))
	}
	u.Path = "/" + database
	if role != "" {
		q := u.Query()
		if q.Has("user") || u.User == nil {
			q.Set("user", role)
			u.RawQuery = q.Encode()
		} else {
			u.User = url.User(role)
		}
	}
	return u.String()
}

func run(ctx context.Context, address, sql string, args ...any) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	return err
}
