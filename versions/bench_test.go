package versions_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/sample"
	"custodian/versions"
)

// fill loads a world with so many standings (two for each superseded version,
// one for the last) on documents of other records, beside a library of 200
// policies with five versions each, and spreads the documents over forty homes.
// It goes past triggers and the exclusion constraint, which guard writing and
// take no part in reading.
func (w *world) fill(standings int) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Super)
	must(w.t, err)
	defer conn.Close(ctx)
	others := max(0, (standings-200*9)/9)
	for _, sql := range []string{
		`set session_replication_role = replica`, `set synchronous_commit = off`,
		`alter table app.standing drop constraint standing_one_truth`,
		fmt.Sprintf(`insert into app.home (id, provider_id, name, kind) select 900000000 + g, %d, 'Home ' || g, 'childrens-home' from generate_series(1, 39) g`, w.Provider),
		fmt.Sprintf(`insert into app.record (id, provider_id, home_id, kind, name, created_by)
			select 910000000 + g, %d, 900000000 + 1 + g %% 39, 0, 'Record ' || g, 1 from generate_series(1, 4000) g`, w.Provider),
		fmt.Sprintf(`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 920000000 + g, %d, %d, %d, 9, 'policy', true, 'Policy ' || g, '2020-01-01', 1, timestamptz '2024-01-01' + g * interval '1 minute' from generate_series(1, 200) g`,
			w.library(), w.Provider, w.Homes[sample.ChildrensHome]),
		fmt.Sprintf(`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 930000000 + g, 910000000 + 1 + g %% 4000, %d, 900000000 + 1 + (1 + g %% 4000) %% 39, 0, 'other', false, 'Paper ' || g, '2020-01-01', 1,
				timestamptz '2024-01-01' + g * interval '1 second' from generate_series(1, %d) g`, w.Provider, others),
		`insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
			select 1000000000 + d.id * 8 + n, d.id, n, '\x` + fmt.Sprintf("%064x", 1) + `', 1, 'text/plain', 'a', d.id || '-' || n, 'x', 1, '2020-01-01', '2020-01-01'
			from app.document d, generate_series(1, 5) n where d.id > 920000000`,
		`insert into app.standing (document_id, version_id, in_from, in_to, known_from, known_to)
			select document_id, id, f, 'infinity', f, case when number = 5 then 'infinity' else f + interval '1 year' end
				from (select *, timestamptz '2020-01-01' + number * interval '1 year' as f from app.version where id > 1000000000) v
			union all select document_id, id, f, f + interval '1 year', f + interval '1 year', 'infinity'
				from (select *, timestamptz '2020-01-01' + number * interval '1 year' as f from app.version where id > 1000000000) v where number < 5`,
		`vacuum analyze`,
	} {
		_, err := conn.Exec(ctx, sql)
		must(w.t, err)
	}
}

// sizes are how many standings the two databases of a benchmark hold.
func sizes(b *testing.B, run func(*testing.B, *world)) {
	for _, n := range []int{1_800, 1_000_000} {
		b.Run(fmt.Sprintf("standings=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.fill(n)
			b.ResetTimer()
			run(b, w)
		})
	}
}

// What was in force in a library of 200 policies on a day.
func BenchmarkAsAt(b *testing.B) {
	sizes(b, func(b *testing.B, w *world) {
		for i := 0; b.Loop(); i++ {
			at := time.Date(2021+i%5, 6, 1, 0, 0, 0, 0, time.UTC)
			list, _, err := w.keeper.AsAt(b.Context(), w.Actors["manager"], w.library(), versions.Question{At: at, Limit: 500})
			if err != nil || len(list) != 200 {
				b.Fatalf("%d, %v", len(list), err)
			}
		}
	})
}

// The first page of a setting's documents, and the one after it.
func BenchmarkListPage(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("documents=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.fillDocuments(n)
			b.ResetTimer()
			for b.Loop() {
				list, err := w.keeper.OfHome(b.Context(), w.Actors["manager"], w.Homes[sample.ChildrensHome], versions.After{}, 51)
				if err != nil || len(list) != 51 {
					b.Fatalf("%d, %v", len(list), err)
				}
				last := list[49]
				if list, err = w.keeper.OfHome(b.Context(), w.Actors["manager"], w.Homes[sample.ChildrensHome], versions.After{At: last.LatestAt, ID: last.ID}, 51); err != nil || len(list) != 51 {
					b.Fatalf("%d, %v", len(list), err)
				}
			}
		})
	}
}

// fillDocuments gives the children's home a fortieth of n documents, or all of
// them when they are few, and others the rest.
func (w *world) fillDocuments(n int) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Super)
	must(w.t, err)
	defer conn.Close(ctx)
	share := 40
	if n < 10_000 {
		share = 1
	}
	for _, sql := range []string{
		`set session_replication_role = replica`, `set synchronous_commit = off`,
		fmt.Sprintf(`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 930000000 + g, case when g %% %[1]d = 0 then %[2]d else 910000000 + g %% 4000 end, %[3]d, case when g %% %[1]d = 0 then %[4]d else 900000000 + g %% 39 end,
				case when g %% 3 = 0 then 1 else 0 end, 'other', false, 'Paper ' || g, '2020-01-01', 1, timestamptz '2024-01-01' + ((g * 7919::bigint) %% %[5]d) * interval '1 second'
			from generate_series(1, %[5]d) g`, share, w.Records["Wren Sample"], w.Provider, w.Homes[sample.ChildrensHome], n),
		`vacuum analyze`,
	} {
		_, err := conn.Exec(ctx, sql)
		must(w.t, err)
	}
}
