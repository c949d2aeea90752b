package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/pgtest"
	"custodian/storage"
	"custodian/storage/localdir"
)

// grove is a database with a tree of footprints, its keys and its shelf.
type grove struct {
	pgtest.Database
	t       testing.TB
	tree    *audit.Tree
	options audit.TreeOptions
	keys    *storage.Keyring
	keyring string
	shelf   *localdir.Store
	log     *said
}

// said is what was logged.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// The people and records of a grove.
const (
	provider, home, record, document, version = 2000, 2100, 3000, 4000, 4500
	manager, worker                           = 5000, 5001
)

func newGrove(t testing.TB) *grove {
	t.Helper()
	g := &grove{Database: pgtest.New(t), t: t, keyring: filepath.Join(t.TempDir(), "keyring"), log: &said{}}
	root, err := storage.NewFileRoot(filepath.Join(g.keyring, "root.key"))
	must(t, err)
	g.keys, err = storage.OpenKeyring(g.keyring, root)
	must(t, err)
	g.shelf, err = localdir.New(filepath.Join(t.TempDir(), "store"))
	must(t, err)
	signer, err := tree.LoadSigner(filepath.Join(g.keyring, "checkpoint.key"))
	must(t, err)
	g.options = audit.TreeOptions{DB: g.DB, Keys: g.keyFor, Signer: signer, Shelf: g.shelf, Log: slog.New(slog.NewTextHandler(g.log, nil))}
	g.tree = audit.NewTree(g.options)
	for _, sql := range []string{
		`insert into app.provider (id, name) values (2000, 'p')`,
		`insert into app.home (id, provider_id, name, kind) values (2100, 2000, 'h', 'childrens-home')`,
		`insert into app.actor (id, provider_id, kind, name, post_title, created_by) values (5000, 2000, 'person', 'Morgan Example', 'Registered manager', 1), (5001, 2000, 'person', 'Sam Example', 'Support worker', 1)`,
		`insert into app.record (id, provider_id, home_id, kind, name, created_by) select 3000 + n, 2000, 2100, 0, 'Record ' || n, 1 from generate_series(0, 4) n`,
		`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at) values (4000, 3000, 2000, 0, 'other', false, 'A letter', now(), 1, now())`,
		`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5000, 0, 2000, 32767, 127, 'role', 1, 'test', now()), (5001, 1, 2100, 1, 3, 'role', 1, 'test', now())`,
	} {
		g.Exec(t, sql)
	}
	return g
}

func (g *grove) keyFor(ctx context.Context, provider, record int64, create bool) (tree.Key, bool, error) {
	key, err := g.keys.Commitment(ctx, provider, record, create)
	if errors.Is(err, storage.ErrDamaged) { // not there, or another's
		return tree.Key{}, false, nil
	}
	return tree.Key(key), err == nil, err
}

// leave plants footprints, each in a transaction of its own where apart says so.
func (g *grove) leave(n int, apart bool) {
	g.t.Helper()
	const sql = `insert into app.footprint (actor_id, action, outcome, record_id, document_id, sought, detail, request)
		select 5000 + n %% 2, (array['document.viewed', 'version.opened', 'record.viewed'])[1 + n %% 3], case when n %% 11 = 0 then 'refused' else 'done' end,
			case when n %% 7 = 0 then null else 3000 + n %% 5 end, case when n %% 7 <> 0 and n %% 5 = 0 then 4000 end,
			case when n %% 11 = 0 then 'document ' || n else '' end, case when n %% 4 = 0 then jsonb_build_object('number', n) else '{}' end, 'r' || n
		from generate_series(%d, %d) n`
	if !apart {
		g.Exec(g.t, fmt.Sprintf(sql, 1, n))
		return
	}
	conn, err := pgx.Connect(g.t.Context(), g.Super)
	must(g.t, err)
	defer conn.Close(context.Background())
	for i := range n {
		if _, err := conn.Exec(g.t.Context(), fmt.Sprintf(sql, i+1, i+1)); err != nil {
			g.t.Fatal(err)
		}
	}
}

// grow gives every footprint its place and signs. Other tests write to the same
// server, and hold up what is settled as anybody's transactions would.
func (g *grove) grow() {
	g.t.Helper()
	g.places(g.tree)
	must(g.t, g.tree.Grow(g.t.Context(), true))
}

// places waits until every footprint has its place.
func (g *grove) places(by *audit.Tree) {
	g.t.Helper()
	for range 3000 {
		var left int
		_, err := by.Sequence(g.t.Context())
		must(g.t, err)
		g.Scan(g.t, `select (select count(*) from app.footprint) - (select count(*) from app.leaf)`, nil, &left)
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	g.t.Fatal("footprints wait for their places for ever")
}

// tamper runs SQL as the superuser, with the triggers at rest.
func (g *grove) tamper(sql string, args ...any) {
	g.t.Helper()
	must(g.t, g.tampered(sql, args...))
}

func (g *grove) tampered(sql string, args ...any) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, g.Super)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// export writes the tree into a new directory.
func (g *grove) export() (string, audit.Exported) {
	g.t.Helper()
	dir := filepath.Join(g.t.TempDir(), "export")
	x, err := g.tree.Export(g.t.Context(), dir, nil)
	must(g.t, err)
	return dir, x
}

// newest is the newest checkpoint as an auditor would have been given it.
func (g *grove) newest() []byte {
	g.t.Helper()
	var note string
	g.Scan(g.t, `select note from app.checkpoint order by epoch desc, size desc limit 1`, nil, &note)
	return []byte(note)
}

func (g *grove) verify(dir string, held ...[]byte) tree.Report {
	g.t.Helper()
	r, err := tree.Verify(g.t.Context(), dir, g.tree.Public(), held, nil)
	must(g.t, err)
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What is signed is what lies there, in the order in which it was settled; the
// export proves it with the public key alone.
func TestATreeGrowsAndIsSigned(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(2345, false)
	g.leave(20, true)
	g.grow()
	var sizes string
	g.Scan(t, `select string_agg(size::text, ' ' order by size) from app.checkpoint`, nil, &sizes)
	if sizes != "1000 2000 2365" {
		t.Errorf("signed at %s", sizes)
	}
	held := g.newest()
	g.leave(5, true)
	dir, x := g.export()
	r := g.verify(dir, held)
	if !r.Whole() || r.Lines != 2365 || x.Leaves != 2365 || r.Covered != 2365 || r.Waiting != 6 {
		t.Errorf("%+v\n%s", x, strings.Join(r.Words, "\n"))
	}
	names := 0
	for name, err := range g.shelf.Marks(t.Context()) {
		must(t, err)
		if _, ok := tree.ParseName(name); ok {
			names++
		}
	}
	if names != 3 {
		t.Errorf("%d checkpoints are kept outside", names)
	}
	for _, f := range []string{tree.FootprintsFile, tree.WaitingFile} {
		text, err := os.ReadFile(filepath.Join(dir, f))
		must(t, err)
		for _, word := range []string{"Morgan Example", "Sam Example", "Support worker", "Record 1", "A letter", "{"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%q stands in %s", word, f)
			}
		}
	}
	g.grow()
	if r := g.verify(dir, g.newest()); r.Whole() {
		t.Error("a checkpoint of more than there is agrees")
	}
}
