package versions_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/versions"
)

// decide approves the planted policies but for the newest version of every
// twentieth, has every fourth reviewed soon or late, and adds 5,000 newer papers
// of a young person to the setting, which an inspector may not read.
func (w *world) decide() {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Super)
	must(w.t, err)
	defer conn.Close(ctx)
	for _, sql := range []string{
		`set session_replication_role = replica`, `set synchronous_commit = off`,
		`insert into app.decision (document_id, version_id, verdict, by_actor, at)
			select v.document_id, v.id, 'approved', 1, v.recorded_at from app.version v where v.document_id between 920000001 and 920000200 and (v.number < 5 or v.document_id % 20 <> 0)`,
		`update app.version set review_on = current_date + (document_id % 400)::int - 200 where document_id between 920000001 and 920000200 and document_id % 4 = 0`,
		fmt.Sprintf(`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 925000000 + g, %d, %d, %d, 0, 'other', false, 'Paper ' || g, '2020-01-01', 1, timestamptz '2026-01-01' + g * interval '1 minute' from generate_series(1, 5000) g`,
			w.Records["Wren Sample"], w.Provider, w.Homes[sample.ChildrensHome]),
		`insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
			select 990000000 + d.id - 925000000, d.id, 1, sha256('x'), 1, 'text/plain', 'a', d.id || '-1', 'x', 1, d.latest_at, d.latest_at from app.document d where d.id between 925000001 and 925005000`,
		`vacuum analyze`,
	} {
		_, err := conn.Exec(ctx, sql)
		must(w.t, err)
	}
}

// What the home page of a setting and the page of its library ask, each alone, at
// both sizes of the database.
func BenchmarkPages(b *testing.B) {
	sizes(b, func(b *testing.B, w *world) {
		w.decide()
		manager, inspector := w.Actors["manager"], w.Actors["inspector"]
		long := clock.DayOf(time.Date(2022, 6, 1, 12, 0, 0, 0, time.UTC))
		want := func(b *testing.B, got, want int, err error) {
			if err != nil || got != want {
				b.Fatalf("%d, want %d, %v", got, want, err)
			}
		}
		for _, c := range []struct {
			name string
			ask  func(*testing.B)
		}{
			{"menu", func(b *testing.B) {
				m, err := people.MenuOf(b.Context(), w.DB, manager)
				want(b, len(m.Kinds), 5, err)
			}},
			{"needs", func(b *testing.B) {
				n, err := w.keeper.Needs(b.Context(), manager)
				want(b, len(n.Approve), 10, err)
			}},
			{"needs-everywhere", func(b *testing.B) {
				n, err := w.keeper.Needs(b.Context(), w.Actors["individual"])
				want(b, len(n.Approve), 10, err)
			}},
			{"news", func(b *testing.B) {
				n, err := w.keeper.News(b.Context(), inspector, 6)
				want(b, len(n), 6, err)
			}},
			{"news-everywhere", func(b *testing.B) {
				n, err := w.keeper.News(b.Context(), w.Actors["individual"], 6)
				want(b, len(n), 6, err)
			}},
			{"libraries", func(b *testing.B) {
				l, err := people.Records(b.Context(), w.DB, inspector, access.Library, 0, 4)
				want(b, len(l), 1, err)
			}},
			{"look", func(b *testing.B) {
				s, err := w.keeper.Look(b.Context(), inspector, w.library(), versions.Look{Titled: true, Limit: 101})
				want(b, len(s.Rows), 101, err)
			}},
			{"look-as-at", func(b *testing.B) {
				s, err := w.keeper.Look(b.Context(), inspector, w.library(), versions.Look{Day: long, Titled: true, Limit: 101})
				want(b, len(s.Rows), 101, err)
			}},
			{"changes", func(b *testing.B) {
				within, _, _, err := w.keeper.Changes(b.Context(), inspector, w.library(), long, long.Plus(-365).Start(), long.Plus(365).Start())
				want(b, len(within), 400, err)
			}},
		} {
			b.Run(c.name, func(b *testing.B) {
				for b.Loop() {
					c.ask(b)
				}
			})
		}
	})
}
