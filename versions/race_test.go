package versions_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/storage"
	"custodian/versions"
)

// A paper is being added to a young person's record, its transaction still
// open, when the record moves: the move waits and takes the paper along. Papers
// that come later are refused to whoever was left behind.
func TestAddingWhileTheRecordMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	record := w.Records["Wren Sample"]
	slot, err := w.keeper.BeginDocument(ctx, w.Actors["staff"], record)
	must(t, err)
	late, err := w.keeper.Receive(ctx, "a.txt", strings.NewReader("too late"))
	must(t, err)

	conn, err := pgx.Connect(ctx, w.App)
	must(t, err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(ctx)
	must(t, err)
	_, err = tx.Exec(ctx, `select set_config('app.actor', $1, true)`, fmt.Sprint(w.Actors["staff"].ID))
	must(t, err)
	_, err = tx.Exec(ctx, `insert into app.document (record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
		values ($1, $2, 0, 'other', false, 'A note', now(), $3, now())`, record, w.Provider, w.Actors["staff"].ID)
	must(t, err)

	moved := make(chan error, 1)
	go func() {
		moved <- people.Move(ctx, w.DB, w.Actors["manager"], record, w.Homes[sample.Supported], people.Change{Why: "moves"})
	}()
	waiting := 0
	for waiting == 0 && len(moved) == 0 {
		w.Scan(t, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`, nil, &waiting)
	}
	must(t, tx.Commit(ctx))
	must(t, <-moved)
	var astray int
	if w.Scan(t, `select count(*) from app.document d join app.record r on r.id = d.record_id where d.home_id is distinct from r.home_id`, nil, &astray); astray != 0 {
		t.Errorf("%d documents were left at the old setting", astray)
	}
	if _, err := w.keeper.AddDocument(ctx, w.Actors["staff"], slot, versions.Entry{Title: "A note", Kind: "other", InForceFrom: "2026-01-01"}, late, ""); !fault.Is(err, fault.NotFound) {
		t.Errorf("added after the move by the old setting: %v", err)
	}
	if n := w.objects(); n != 0 {
		t.Errorf("%d objects were left behind", n)
	}
}

// With the key of a record missing nothing is added to it: a fresh key in its
// place would part the record for ever. A record that is empty gets its key.
func TestAMissingRecordKeyIsNotReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dir := t.TempDir()
	root, err := storage.NewFileRoot(filepath.Join(dir, "root.key"))
	must(t, err)
	ring, err := storage.OpenKeyring(filepath.Join(dir, "ring"), root)
	must(t, err)
	w.sealed = storage.NewSealed(w.store, ring)
	w.keeper = versions.New(versions.Options{DB: w.DB, Sealed: w.sealed, UploadLimit: 1 << 20})
	a, err := w.document("staff", "procedure", "2026-01-01", "kept")
	must(t, err)
	keys, err := filepath.Glob(filepath.Join(dir, "ring", "record-*.key"))
	must(t, err)
	if len(keys) != 1 {
		t.Fatalf("%d record keys", len(keys))
	}
	must(t, os.Rename(keys[0], keys[0]+".gone"))
	before := w.objects()
	if _, err := w.add("staff", a.Document.ID, versions.Entry{InForceFrom: "2026-02-01"}, "x"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("without the key: %v", err)
	}
	if w.objects() != before {
		t.Error("something was left in the store")
	}
	must(t, os.Rename(keys[0]+".gone", keys[0]))
	_, err = w.add("staff", a.Document.ID, versions.Entry{InForceFrom: "2026-02-01"}, "x")
	must(t, err)
	for n := 1; n <= 2; n++ {
		o, err := w.keeper.Open(t.Context(), w.Actors["staff"], versions.Target{Document: a.Document.ID, Number: n}, "")
		must(t, err)
		must(t, o.Close())
	}
}

// Nobody approves what they wrote, not even after somebody else restored it.
func TestNoRoundaboutApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("manager", "policy", "2026-01-01", "the manager's own words")
	must(t, err)
	r, err := w.keeper.Restore(context.Background(), w.Actors["service"], versions.Target{Document: a.Document.ID, Number: 1}, "", "bring it back")
	must(t, err)
	if err := w.approve("manager", a.Document.ID, r.Version.Number); !fault.Is(err, fault.Forbidden) {
		t.Errorf("their own words in another's name: %v", err)
	}
	var decisions int
	if w.Scan(t, `select count(*) from app.decision`, nil, &decisions); decisions != 0 {
		t.Error("and a decision was written")
	}
}

// A clock that once ran ahead does not make the present wrong.
func TestAClockThatRanAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("staff", "procedure", "2025-01-01", "first")
	must(t, err)
	w.Exec(t, `set session_replication_role = replica; update app.statement set said_at = now() + interval '1 hour'`)
	_, err = w.add("staff", a.Document.ID, versions.Entry{InForceFrom: "2025-06-01"}, "second")
	must(t, err)
	if n := w.inForce(day(t, "2025-07-01"), time.Time{}); n != 2 {
		t.Errorf("version %d, want 2", n)
	}
}
