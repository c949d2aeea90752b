package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/pg"
)

const backlog = 100_000

// BenchmarkBacklog lets the sequencer drain a backlog, and then appends the very
// same leaves to a bare tlog in memory, in one run: into a flat piece of memory,
// and into a map.
func BenchmarkBacklog(b *testing.B) {
	for b.Loop() {
		g := newGrove(b)
		g.leave(backlog, false)
		begun := time.Now()
		placed := 0
		for placed < backlog {
			n, err := g.tree.Sequence(b.Context())
			must(b, err)
			placed += n
		}
		drained := float64(placed) / time.Since(begun).Seconds()
		leaves := g.leaves(b)
		flat, inMap := bare(b, leaves, flatly(len(leaves))), bare(b, leaves, mapped())
		kept := g.bareInDatabase(b, leaves)
		b.ReportMetric(kept, "database/s")
		b.ReportMetric(drained/kept, "drained/database")
		b.ReportMetric(drained, "drained/s")
		b.ReportMetric(flat, "flat/s")
		b.ReportMetric(inMap, "map/s")
		b.ReportMetric(drained/flat, "drained/flat")
		b.ReportMetric(drained/inMap, "drained/map")
	}
}

// memory keeps the hashes of a bare tlog.
type memory struct {
	put func(index int64, h tlog.Hash)
	get func(index int64) tlog.Hash
}

func (m memory) read(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = m.get(x)
	}
	return out, nil
}

// flatly keeps them in one piece of memory made beforehand, the fastest way there is.
func flatly(leaves int) memory {
	stored := make([]tlog.Hash, 2*leaves)
	return memory{func(i int64, h tlog.Hash) { stored[i] = h }, func(i int64) tlog.Hash { return stored[i] }}
}

// mapped keeps them in a map.
func mapped() memory {
	stored := map[int64]tlog.Hash{}
	return memory{func(i int64, h tlog.Hash) { stored[i] = h }, func(i int64) tlog.Hash { return stored[i] }}
}

// bare appends leaves to a bare tlog and gives how many a second.
func bare(b *testing.B, leaves [][]byte, m memory) float64 {
	b.Helper()
	begun := time.Now()
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(i), leaf, tlog.HashReaderFunc(m.read))
		must(b, err)
		at := tlog.StoredHashIndex(0, int64(i))
		for j, h := range hashes {
			m.put(at+int64(j), h)
		}
	}
	return float64(len(leaves)) / time.Since(begun).Seconds()
}

// bareInDatabase appends leaves to a bare tlog whose hashes are kept in a table
// of the same server, in transactions of the sequencer's size: no lock, no
// question of what is settled, no commitments.
func (g *grove) bareInDatabase(b *testing.B, leaves [][]byte) float64 {
	b.Helper()
	g.Exec(b, `create table bare (idx bigint primary key, hash bytea not null)`)
	conn, err := pgx.Connect(b.Context(), g.Super)
	must(b, err)
	defer conn.Close(context.Background())
	m := flatly(len(leaves))
	var indexes []int64
	var hashes [][]byte
	begun := time.Now()
	for from := 0; from < len(leaves); from += 5000 {
		indexes, hashes = indexes[:0], hashes[:0]
		for i := from; i < min(from+5000, len(leaves)); i++ {
			list, err := tlog.StoredHashes(int64(i), leaves[i], tlog.HashReaderFunc(m.read))
			must(b, err)
			for j, h := range list {
				at := tlog.StoredHashIndex(0, int64(i)) + int64(j)
				m.put(at, h)
				indexes, hashes = append(indexes, at), append(hashes, h[:])
			}
		}
		_, err := conn.Exec(b.Context(), `insert into bare select * from unnest($1::bigint[], $2::bytea[])`, indexes, hashes)
		must(b, err)
	}
	return float64(len(leaves)) / time.Since(begun).Seconds()
}

// leaves gives every leaf, as an export has it.
func (g *grove) leaves(b *testing.B) (list [][]byte) {
	b.Helper()
	dir, _ := g.export()
	text, err := os.ReadFile(filepath.Join(dir, tree.FootprintsFile))
	must(b, err)
	for line := range strings.Lines(string(text)) {
		list = append(list, []byte(strings.TrimSuffix(line, "\n")))
	}
	return list
}

// BenchmarkPage asks what a page asks, with the footprint that it leaves and
// without, in turns, as eight people who look at a page now and then do.
func BenchmarkPage(b *testing.B) {
	g := newGrove(b)
	who := access.Actor{ID: manager, Kind: access.Person, Provider: provider}
	const clients = 8
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			for i := range max(b.N, 20) {
				way := []string{"without", "with"}[(i+n)%2]
				begun := time.Now()
				if err := g.page(b.Context(), who, way == "with"); err != nil {
					b.Error(err)
					return
				}
				mu.Lock()
				took[way] = append(took[way], time.Since(begun))
				mu.Unlock()
				time.Sleep(20 * time.Millisecond) // they read
			}
		})
	}
	all.Wait()
	p50 := func(way string) float64 {
		slices.Sort(took[way])
		return float64(took[way][len(took[way])/2]) / 1e6
	}
	b.ReportMetric(p50("with"), "ms-with-p50")
	b.ReportMetric(p50("without"), "ms-without-p50")
	b.ReportMetric(p50("with")-p50("without"), "ms-footprint-p50")
}

// page reads what a record's page reads.
func (g *grove) page(ctx context.Context, who access.Actor, footprint bool) error {
	ask := func(query func(context.Context, string, ...any) (pgx.Rows, error)) error {
		for _, sql := range []string{
			`select r.name from app.record r where r.id = @id`,
			`select d.id, d.title from app.document d where d.record_id = @id order by d.latest_at desc limit 50`,
			`select a.name from app.actor a where a.provider_id = @provider order by a.id limit 50`,
			`select h.name from app.home h where h.provider_id = @provider`,
		} {
			rows, err := query(ctx, sql, pgx.NamedArgs{"id": record, "provider": provider})
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	}
	if !footprint {
		return pg.Read(ctx, g.DB, who, func(tx *pg.Tx) error { return ask(tx.Query) })
	}
	act := audit.Act{Action: access.ViewRecord, Target: audit.Target{Record: record}}
	return audit.Do(ctx, g.DB, who, act, func(tx *audit.Tx) error {
		tx.Record(act)
		return ask(tx.Query)
	})
}
