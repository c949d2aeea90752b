package versions_test

import (
	"fmt"
	"testing"
)

// Which reviews are due for a manager, as the home page asks, with no lodging at
// all and with ten thousand at a hundred settings, a hundred of them the manager's.
func BenchmarkDueLodgings(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := newWorld(b)
			w.fillLodgings(n)
			want := min(n/100, 40)
			for b.Loop() {
				list, err := w.keeper.DueLodgings(b.Context(), w.Actors["manager"])
				if err != nil || len(list) != want {
					b.Fatalf("%d are due: %v", len(list), err)
				}
			}
		})
	}
}

// fillLodgings plants lodgings with a review next month, each in a record of its
// own, a hundredth of them at the children's home.
func (w *world) fillLodgings(n int) {
	w.t.Helper()
	if n == 0 {
		return
	}
	w.Exec(w.t, fmt.Sprintf(`
		set session_replication_role = replica;
		insert into app.home (id, provider_id, name, kind) select 100000 + i, %[1]d, 'Home ' || i, 'childrens-home' from generate_series(1, 99) i;
		insert into app.record (id, provider_id, home_id, kind, name, created_by)
			select 200000 + i, %[1]d, case when i %% 100 = 0 then %[2]d else 100000 + i %% 100 end, 0, 'Young person ' || i, 1 from generate_series(1, %[3]d) i;
		insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 400000 + i, 200000 + i, %[1]d, case when i %% 100 = 0 then %[2]d else 100000 + i %% 100 end, 2, 'other', false, 'Paper', now(), 1, now() from generate_series(1, %[3]d) i;
		insert into app.lodging (document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by)
			select 400000 + i, 200000 + i, 'police-ask', 'x', %[4]d, 'x', current_date + 30, %[4]d from generate_series(1, %[3]d) i;
		set session_replication_role = origin; analyze`, w.Provider, w.Homes["Larkfield House"], n, w.Actors["manager"].ID))
}
