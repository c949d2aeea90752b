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
// same leaves to a bare tlog in memory, in one run.
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
		stored := make([]tlog.Hash, 0, 2*len(leaves))
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, x := range indexes {
				out[i] = stored[x]
			}
			return out, nil
		})
		begun = time.Now()
		for i, leaf := range leaves {
			hashes, err := tlog.StoredHashes(int64(i), leaf, read)
			must(b, err)
			stored = append(stored, hashes...)
		}
		bare := float64(len(leaves)) / time.Since(begun).Seconds()
		b.ReportMetric(drained, "drained/s")
		b.ReportMetric(bare, "bare/s")
		b.ReportMetric(drained/bare, "drained/bare")
	}
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
