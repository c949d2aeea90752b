package looks_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/clock"
	"custodian/internal/looks"
	"custodian/internal/sample"
)

// fill leaves n footprints of the last days at looks at records, by 200 people of 40
// settings; every fortieth of them at the children's home.
func (w *world) fill(n, days int) {
	w.t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Super)
	must(w.t, err)
	defer conn.Close(ctx)
	home := w.Homes[sample.ChildrensHome]
	for _, sql := range []string{
		`set session_replication_role = replica`, `set synchronous_commit = off`,
		fmt.Sprintf(`insert into app.home (id, provider_id, name, kind) select 900000000 + g, %d, 'Home ' || g, 'childrens-home' from generate_series(1, 39) g`, w.Provider),
		fmt.Sprintf(`insert into app.record (id, provider_id, home_id, kind, name, created_by) select 910000000 + g, %d, case when g %% 40 = 0 then %d else 900000000 + g %% 40 end, 0, 'Person ' || g || ' Name' || g, 1 from generate_series(0, 3999) g`, w.Provider, home),
		fmt.Sprintf(`insert into app.actor (id, provider_id, kind, name, created_by) select 920000000 + g, %d, 'person', 'Staff ' || g || ' Name' || g * 7, 1 from generate_series(0, 199) g`, w.Provider),
		fmt.Sprintf(`insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) select 925000000 + g, 920000000 + g, case when g %% 10 = 0 then 'manager' else 'staff' end, %d, case when g %% 40 = 0 then %d else 900000000 + g %% 40 end, '2020-01-01', 1, 'x' from generate_series(0, 199) g`, w.Provider, home),
		`insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from) select 926000000 + h.id - 925000000, h.actor_id, 1, h.home_id, 3, 1, 'role', h.id, 1, 'x', '2020-01-01' from app.role_held h where h.id >= 925000000`,
		fmt.Sprintf(`insert into app.footprint (id, at, actor_id, action, outcome, provider_id, home_id, record_id, class)
			select 930000000 + g, now() - (%[2]d - g::float8 / %[1]d * %[2]d) * interval '1 day', 920000000 + g %% 200, 'record.viewed', 'done', %[3]d, case when g %% 40 = 0 then %[4]d else 900000000 + g %% 40 end, 910000000 + (g %% 100) * 40 + g %% 40, 0
			from generate_series(1, %[1]d) g`, n, days, w.Provider, home),
		`vacuum analyze`,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			w.t.Fatalf("%v in %.80s", err, sql)
		}
	}
}

// What an auditor asks, with a million footprints of a year and with ten thousand of the
// same time: a page of the list, the tenth page after it, what is out of the ordinary in
// 28 days, and a sample; by an auditor of everything and by the manager of one setting.
func BenchmarkLooks(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		w := newWorld(b)
		w.fill(n, 365)
		p := looks.LastDays(looks.UsualDays, clock.DayOf(time.Now()))
		from, until := p.Bounds()
		for _, who := range []string{"dpo", "manager"} {
			actor := w.Actors[who]
			for _, c := range []struct {
				name string
				ask  func() (int, error)
			}{
				{"first", func() (int, error) {
					l, err := looks.Everything(b.Context(), w.DB, actor, looks.Filter{Limit: 51})
					return len(l), err
				}},
				{"half a year ago", func() (int, error) {
					l, err := looks.Everything(b.Context(), w.DB, actor, looks.Filter{Limit: 51, Until: time.Now().AddDate(0, -6, 0)})
					return len(l), err
				}},
				{"unusual", func() (int, error) {
					l, err := looks.OutOfOrdinary(b.Context(), w.DB, actor, p, "", 51)
					return 51 + len(l), err
				}},
				{"sample", func() (int, error) {
					l, err := looks.Draw(b.Context(), w.DB, actor, looks.Sample{From: from, Until: until, Size: 10, Seed: 7, Upto: 1 << 40})
					return 41 + len(l), err
				}},
			} {
				b.Run(fmt.Sprintf("%s/%s/footprints=%d", c.name, who, n), func(b *testing.B) {
					for b.Loop() {
						if got, err := c.ask(); err != nil || got < 51 {
							b.Fatalf("%d %v", got, err)
						}
					}
				})
			}
		}
	}
}

// A whole year of a million footprints as one period would be refused by the page; this
// is the longest that it takes.
func BenchmarkUnusualLongest(b *testing.B) {
	w := newWorld(b)
	w.fill(1_000_000, looks.MostDays)
	p := looks.LastDays(looks.MostDays, clock.DayOf(time.Now()))
	for b.Loop() {
		if _, err := looks.OutOfOrdinary(b.Context(), w.DB, w.Actors["dpo"], p, "", 51); err != nil {
			b.Fatal(err)
		}
	}
}
