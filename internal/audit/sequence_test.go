package audit_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// commits is how many transactions the stress makes.
func commits() int64 {
	if os.Getenv("CUSTODIAN_DEEP") != "" {
		return 100_000
	}
	return 3_000
}

// Writers commit, think, fall back to savepoints and roll back, while rivals
// sequence and are killed in the middle: every committed footprint has one place,
// in the order of transactions, and nothing else has.
func TestNoGapsAndNoDuplicates(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	ctx, stop := context.WithCancel(t.Context())
	var done, places, batches, killed atomic.Int64
	var writers, rivals sync.WaitGroup
	for range 8 {
		writers.Go(func() { g.write(&done, &batches) })
	}
	for range 3 {
		rivals.Go(func() {
			own := audit.NewTree(g.options)
			for ctx.Err() == nil {
				n, err := own.Sequence(ctx)
				if err == nil && n > 0 {
					places.Add(int64(n))
					batches.Add(1)
				}
				time.Sleep(time.Duration(rand.IntN(8)) * time.Millisecond)
			}
		})
	}
	rivals.Go(func() { g.killHolders(ctx, &killed) })
	writers.Wait()
	stop()
	rivals.Wait()
	g.places(g.tree)
	must(t, g.tree.Grow(t.Context(), true))
	var rows, leaves, gaps, twice, disorder, inverted int64
	g.Scan(t, `select (select count(*) from app.footprint), (select count(*) from app.leaf), (select max(place) + 1 - count(*) from app.leaf),
		(select count(*) - count(distinct footprint_id) from app.leaf),
		(select count(*) from (select (epoch, xid, footprint_id) as now, lag((epoch, xid, footprint_id)) over (order by place) as was from app.leaf) o where was > now),
		(select count(*) from (select footprint_id as now, lag(footprint_id) over (order by place) as was from app.leaf) o where was > now)`, nil, &rows, &leaves, &gaps, &twice, &disorder, &inverted)
	if rows != leaves || gaps != 0 || twice != 0 || disorder != 0 {
		t.Errorf("%d footprints, %d leaves, %d gaps, %d twice, %d out of order", rows, leaves, gaps, twice, disorder)
	}
	t.Logf("%d placed in %d batches while they wrote", places.Load(), batches.Load())
	t.Logf("%d commits, %d footprints, %d rivals killed; %d would have been lost or late by id alone", done.Load(), rows, killed.Load(), inverted)
	if killed.Load() == 0 {
		t.Error("no rival was killed")
	}
	dir, _ := g.export()
	if r := g.verify(dir, g.newest()); !r.Whole() || r.Covered != leaves {
		t.Errorf("%s", strings.Join(r.Words, "\n"))
	}
}

// write commits footprints until enough are there, and enough of them were given
// their places meanwhile.
func (g *grove) write(done, batches *atomic.Int64) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, g.App)
	if err != nil {
		g.t.Error(err)
		return
	}
	defer conn.Close(ctx)
	for done.Load() < commits() || batches.Load() < 20 {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `select set_config('app.actor', '5000', true)`); err != nil {
				return err
			}
			for range 1 + rand.IntN(3) {
				if rand.IntN(4) == 0 {
					if _, err := tx.Exec(ctx, `savepoint s`); err != nil {
						return err
					}
				}
				if _, err := tx.Exec(ctx, `insert into app.footprint (actor_id, action, outcome, record_id) values (5000, 'record.viewed', 'done', 3000 + $1::bigint)`, rand.IntN(5)); err != nil {
					return err
				}
				if rand.IntN(30) == 0 { // some think, so that ids and commits are out of step
					time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
				}
			}
			if rand.IntN(10) == 0 {
				return pgx.ErrTxCommitRollback
			}
			return nil
		})
		switch {
		case err == nil:
			done.Add(1)
		case !errors.Is(err, pgx.ErrTxCommitRollback):
			g.t.Error(err)
			return
		}
	}
}

// killHolders ends whoever holds the tree's lock, now and then, and enough times.
// Writers share another one (app.hold_footprints), which is left alone.
func (g *grove) killHolders(ctx context.Context, killed *atomic.Int64) {
	conn, err := pgx.Connect(context.Background(), g.Super)
	if err != nil {
		g.t.Error(err)
		return
	}
	defer conn.Close(context.Background())
	for ctx.Err() == nil && killed.Load() < commits()/100 { // then they are left in peace, however slow the machine is
		var n int64
		err := conn.QueryRow(context.Background(), `select count(*) filter (where pg_terminate_backend(l.pid)) from pg_locks l join pg_database d on d.oid = l.database
			where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted and d.datname = current_database()`).Scan(&n)
		if err != nil {
			g.t.Error(err)
			return
		}
		killed.Add(n)
		pause := 5 * time.Millisecond
		if n > 0 {
			pause = 100 * time.Millisecond
		}
		time.Sleep(pause)
	}
}

// What a transaction that is still open may come before waits for it; then all
// are taken in the order of transactions.
func TestAnOpenTransactionHoldsUpWhatCameAfterIt(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	conn, err := pgx.Connect(t.Context(), g.Super)
	must(t, err)
	defer conn.Close(context.Background())
	open, err := conn.Begin(t.Context())
	must(t, err)
	_, err = open.Exec(t.Context(), `insert into app.footprint (actor_id, action, outcome, request) values (5000, 'record.viewed', 'done', 'first')`)
	must(t, err)
	g.Exec(t, `insert into app.footprint (actor_id, action, outcome, request) values (5000, 'record.viewed', 'done', 'second')`)
	if n, err := g.tree.Sequence(t.Context()); err != nil || n != 0 {
		t.Errorf("%d, %v: taken before what may come before it", n, err)
	}
	must(t, open.Commit(t.Context()))
	g.places(g.tree)
	var order string
	if g.Scan(t, `select string_agg(f.request, ' ' order by l.place) from app.leaf l join app.footprint f on f.id = l.footprint_id`, nil, &order); order != "first second" {
		t.Errorf("taken as %q", order)
	}
}

// A checkpoint is signed after a minute or a thousand footprints, whichever
// comes first, and not before.
func TestWhenCheckpointsAreSigned(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	sizes := func() (s string) {
		g.places(g.tree)
		must(t, g.tree.Grow(t.Context(), false))
		g.Scan(t, `select coalesce(string_agg(size::text, ' ' order by size), '') from app.checkpoint`, nil, &s)
		return s
	}
	for _, step := range []struct {
		more int
		age  string
		want string
	}{{0, "", ""}, {10, "", "10"}, {5, "", "10"}, {984, "", "10"}, {1, "", "10 1000"}, {7, "59 seconds", "10 1000"}, {0, "2 seconds", "10 1000 1007"}, {0, "1 hour", "10 1000 1007"}, {2500, "", "10 1000 1007 2000 3000"}} {
		if step.more > 0 {
			g.leave(step.more, false)
		}
		if step.age != "" {
			g.tamper(`update app.checkpoint set at = at - $1::interval`, step.age)
		}
		if got := sizes(); got != step.want {
			t.Fatalf("after %d more and %s: signed at %q, want %q", step.more, step.age, got, step.want)
		}
	}
}

// A database that was restored into another cluster counts its transactions
// from anew: everything that was there is given its place, and a new epoch
// begins, so that nothing is passed over.
func TestAnotherCluster(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(40, true)
	g.grow()
	g.leave(25, true)
	// as after a restore: what is there was written by transactions that are still to come here
	g.tamper(`update app.footprint set xid = (xid::text::bigint + 1000000000)::text::xid8 where not exists (select from app.leaf l where l.footprint_id = id)`)
	if n, err := g.tree.Sequence(t.Context()); err != nil || n != 0 {
		t.Fatalf("%d, %v: transactions to come were taken for settled", n, err)
	}
	g.tamper(`update app.epoch set cluster = 1`)
	must(t, g.tree.Grow(t.Context(), true))
	g.leave(30, true)
	g.grow()
	var rows, leaves, late, epoch int64
	g.Scan(t, `select (select count(*) from app.footprint), (select count(*) from app.leaf), (select count(*) from app.footprint where epoch = 2), (select max(epoch) from app.checkpoint)`, nil, &rows, &leaves, &late, &epoch)
	if rows != leaves || rows != 96 || late != 31 || epoch != 2 { // one footprint is that of the epoch
		t.Errorf("%d footprints, %d leaves, %d in the new epoch, checkpoints in %d", rows, leaves, late, epoch)
	}
	dir, _ := g.export()
	if r := g.verify(dir, g.newest()); !r.Whole() {
		t.Errorf("%s", strings.Join(r.Words, "\n"))
	}
}

// Nothing is signed that does not continue what was signed, by this program or
// by one that starts anew, until somebody says that it may go on; and that hides
// nothing.
func TestNothingIsSignedOverAFork(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(50, true)
	g.grow()
	g.leave(20, true)
	g.grow()
	held := g.newest()
	// last week's dump
	g.tamper(`delete from app.footprint where id in (select footprint_id from app.leaf where place >= 50)`)
	g.tamper(`delete from app.leaf where place >= 50`)
	g.tamper(`delete from app.checkpoint where size > 50`)
	for what, own := range map[string]*audit.Tree{"the one that runs": g.tree, "one that starts": audit.NewTree(g.options)} {
		if err := own.Grow(t.Context(), true); !errors.Is(err, audit.ErrForked) {
			t.Errorf("%s: %v", what, err)
		}
	}
	g.leave(60, true) // more than before, and others
	g.places(g.tree)
	if err := audit.NewTree(g.options).Grow(t.Context(), true); !errors.Is(err, audit.ErrForked) {
		t.Errorf("a longer one: %v", err)
	}
	if err := g.tree.Accept(t.Context(), ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("accepted without a reason: %v", err)
	}
	must(t, g.tree.Accept(t.Context(), "last week's backup was restored"))
	g.grow()
	dir, _ := g.export()
	if r := g.verify(dir, held); r.Whole() {
		t.Error("with the checkpoint from before, all is taken for whole")
	}
	var n int
	if g.Scan(t, `select count(*) from app.footprint where action = 'epoch.raised'`, nil, &n); n != 1 {
		t.Errorf("accepting left %d footprints", n)
	}
}

// When the key of a record is destroyed, the tree stays whole, and all but the
// words of that record can still be checked. No second key is made.
func TestADestroyedKeyLeavesTheTreeWhole(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(60, true)
	g.grow()
	must(t, os.Remove(filepath.Join(g.keyring, "record-3001.key")))
	g.leave(60, true)
	g.grow()
	if _, err := os.Stat(filepath.Join(g.keyring, "record-3001.key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a second key was made: %v", err)
	}
	dir, x := g.export()
	if r := g.verify(dir, g.newest()); !r.Whole() || x.Unopened == 0 {
		t.Errorf("%+v: %s", x, strings.Join(r.Words, "\n"))
	}
	c, err := g.tree.Check(t.Context(), access.Actor{ID: manager, Kind: access.Person, Provider: provider})
	if err != nil || !c.Whole() || c.Unopened != x.Unopened {
		t.Errorf("%+v, %v", c, err)
	}
	g.tamper(`update app.footprint set action = 'version.added' where id = (select min(id) from app.footprint where record_id = 3001)`)
	if dir, _ := g.export(); g.verify(dir, g.newest()).Whole() {
		t.Error("what was done is not checked any more")
	}
}

// The tree is Custodian's own: nobody reads or adds to it as somebody else, and
// only whoever audits sees what was signed.
func TestTheTreeIsNobodysToTouch(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(20, true)
	g.grow()
	for actor, sees := range map[string]int{"": 0, "5000": 1, "5001": 0} {
		conn, err := pgx.Connect(t.Context(), g.App)
		must(t, err)
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), `select set_config('app.actor', $1, false)`, actor); err != nil {
			t.Fatal(err)
		}
		for sql, want := range map[string]int{`select count(*) from app.leaf`: 0, `select count(*) from app.to_sequence(0, 0, 0, 10)`: 0, `select count(*) from app.outstanding(0, 0, 0, 10)`: 0,
			`select count(*) from app.sequenced(0, 10)`: 0, `select count(*) from app.checkpoint`: sees} {
			var n int
			if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != want {
				t.Errorf("actor %q: %s gives %d, %v; want %d", actor, sql, n, err, want)
			}
		}
		for _, sql := range []string{`insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes) values (1000, 1, 1, '1', '', repeat('x', 32)::bytea)`,
			`insert into app.checkpoint (epoch, size, root, at, note) values (1, 1, sha256('x'), now(), '')`, `insert into app.epoch (number, cluster, why, accepted) values (7, 1, 'x', true)`,
			`select app.hold_footprints()`, `delete from app.leaf`, `update app.checkpoint set size = 1`} {
			_, err := conn.Exec(t.Context(), sql)
			if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "42501" {
				t.Errorf("actor %q: %s: %v", actor, sql, err)
			}
		}
	}
	for _, sql := range []string{`delete from app.leaf`, `update app.leaf set marks = ''`, `truncate app.leaf`, `delete from app.checkpoint`, `truncate app.checkpoint, app.time_stamp`, `update app.epoch set why = 'x'`} {
		conn, err := pgx.Connect(t.Context(), g.Super)
		must(t, err)
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), sql); err == nil {
			t.Errorf("the superuser may %s while the triggers are awake", sql)
		}
	}
}

// What the check of the database finds, it names.
func TestCheck(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(120, true)
	g.grow()
	g.saveAll()
	who := access.Actor{ID: manager, Kind: access.Person, Provider: provider}
	for what, c := range map[string]struct{ sql, kind string }{
		"an edit":             {`update app.footprint set actor_id = 5000 where id = (select footprint_id from app.leaf l join app.footprint f on f.id = l.footprint_id where f.actor_id = 5001 order by place limit 1)`, "changed"},
		"words":               {`update app.footprint set detail = '{"x": 1}' where id = (select footprint_id from app.leaf where place = 50)`, "changed"},
		"a deletion":          {`delete from app.footprint where id = (select footprint_id from app.leaf where place = 7)`, "deleted"},
		"a place":             {`delete from app.leaf where place = 9`, "deleted"},
		"a hash":              {`update app.leaf set hashes = sha256('x') || substring(hashes from 33) where place = 31`, "changed"},
		"a hash of many":      {`update app.leaf set hashes = substring(hashes from 1 for 32) || sha256('x') || substring(hashes from 65) where place = 31`, "hash"},
		"the end":             {`delete from app.leaf where place >= 100`, "cut-off"},
		"one beside the tree": {`insert into app.footprint (id, actor_id, action, outcome, epoch, xid) select 9000001, 5000, 'record.viewed', 'done', epoch, xid from app.footprint order by xid limit 1`, "beside"},
	} {
		g.tamper(c.sql)
		got, err := g.tree.Check(t.Context(), who)
		must(t, err)
		found := false
		for _, f := range got.Found {
			found = found || f.Kind == c.kind
		}
		if !found {
			t.Errorf("%s: found %+v", what, got.Found)
		}
		g.putBack()
	}
	if got, err := g.tree.Check(t.Context(), who); err != nil || !got.Whole() || got.Size < 120 {
		t.Errorf("nothing was changed: %+v, %v", got, err)
	}
	if _, err := g.tree.Check(t.Context(), access.Actor{ID: worker, Kind: access.Person, Provider: provider}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a member of staff: %v", err)
	}
	// nor whoever audits one setting: the check goes through everybody's, and the database says so without the program
	g.tamper(`update app.grants set scope = 1, scope_id = 2100 where actor_id = 5000`)
	if _, err := g.tree.Check(t.Context(), who); !fault.Is(err, fault.NotFound) {
		t.Errorf("whoever audits one setting: %v", err)
	}
	g.checkRefused("5000", "5001", "")
	g.tamper(`update app.grants set scope = 0, scope_id = 2000, mask = 1 where actor_id = 5000`)
	g.checkRefused("5000")
	g.tamper(`update app.grants set rights = 63, mask = 32767 where actor_id = 5000`)
	g.checkRefused("5000")
}

// checkRefused sees that the database takes the footprint without which no check
// begins from none of these actors.
func (g *grove) checkRefused(actors ...string) {
	g.t.Helper()
	conn, err := pgx.Connect(g.t.Context(), g.App)
	must(g.t, err)
	defer conn.Close(context.Background())
	for _, actor := range actors {
		_, err := conn.Exec(g.t.Context(), `select set_config('app.actor', $1, false)`, actor)
		must(g.t, err)
		if _, err := conn.Exec(g.t.Context(), `insert into app.footprint (actor_id, action, outcome) values (app.me(), 'footprints.checked', 'done')`); !pg.Refused(err) {
			g.t.Errorf("actor %q: %v", actor, err)
		}
	}
}

// A receipt is of the footprint as it was signed, or there is none.
func TestReceiptsOfTheDatabase(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(77, true)
	var fresh int64
	g.Scan(t, `select max(id) from app.footprint`, nil, &fresh)
	if _, err := g.tree.Receipt(t.Context(), fresh, false); !fault.Is(err, fault.NotFound) {
		t.Errorf("before it has its place: %v", err)
	}
	g.grow()
	conn, err := pgx.Connect(t.Context(), g.Super)
	must(t, err)
	defer conn.Close(context.Background())
	q, err := conn.Query(t.Context(), `select footprint_id from app.leaf order by place`)
	must(t, err)
	rows, err := pgx.CollectRows(q, pgx.RowTo[int64])
	must(t, err)
	for i, event := range rows {
		r, err := g.tree.Receipt(t.Context(), event, i%2 == 0)
		must(t, err)
		back, err := tree.ParseReceipt(r.Bytes())
		must(t, err)
		if _, err := back.Check(g.tree.Public()); err != nil || back.Place != int64(i) || (len(back.Opened) > 0) != (i%2 == 0) {
			t.Errorf("footprint %d: %v, at place %d with %d opened", event, err, back.Place, len(back.Opened))
		}
		if has := strings.Contains(string(r.Bytes()), "Example"); has != (i%2 == 0) {
			t.Errorf("footprint %d: names in the receipt: %t", event, has)
		}
	}
	g.tamper(`update app.footprint set outcome = 'damaged' where id = $1`, rows[5])
	if _, err := g.tree.Receipt(t.Context(), rows[5], false); !errors.Is(err, tree.ErrReceipt) {
		t.Errorf("of one that was changed: %v", err)
	}
}

// Run stops cleanly, and signs what is there before it does.
func TestRunStopsWithEverythingSigned(t *testing.T) {
	t.Parallel()
	g := newGrove(t)
	g.leave(10, true)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { g.tree.Run(ctx); close(ended) }()
	for signed := 0; signed == 0; time.Sleep(20 * time.Millisecond) {
		g.Scan(t, `select count(*) from app.checkpoint`, nil, &signed)
	}
	g.leave(5, true)
	g.places(audit.NewTree(g.options))
	stop()
	<-ended
	var covered, rows int
	g.Scan(t, `select (select max(size) from app.checkpoint), (select count(*) from app.footprint)`, nil, &covered, &rows)
	if covered != rows {
		t.Errorf("stopped with %d of %d signed; the log: %s", covered, rows, g.log)
	}
	if c, ok, err := g.tree.Foot(t.Context()); err != nil || !ok || c.Size != int64(covered) {
		t.Errorf("the foot says %+v, %v", c, err)
	}
}
