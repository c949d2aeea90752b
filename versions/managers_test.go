package versions_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/sample"
	"custodian/versions"
)

// Who managed a setting on a day is told to those who read its policies; a
// qualification to those who see the staff file, as it was on that day.
func TestManagers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home, ctx := w.Homes[sample.ChildrensHome], context.Background()
	handover := time.Date(2026, 2, 3, 12, 0, 0, 0, time.UTC)
	const hold = `insert into app.role_held (actor_id, role, provider_id, home_id, from_at, until_at, given_by, why) values ($1, 'manager', $2, $3, $4, $5, 1, 'for the test')`
	for range 2 { // given twice over, they are still one person
		w.Exec(t, hold, int64(w.Actors["manager"].ID), w.Provider, home, time.Date(2022, 1, 4, 0, 0, 0, 0, time.UTC), handover)
	}
	w.Exec(t, `insert into app.record (provider_id, home_id, kind, name, actor_id, created_by) values ($1, $2, 1, 'Morgan Example', $3, 1)`, w.Provider, home, int64(w.Actors["manager"].ID))
	var file int64
	w.Scan(t, `select id from app.record where actor_id = $1 and kind = 1`, []any{int64(w.Actors["manager"].ID)}, &file)
	for title, from := range map[string]string{"Level 5 diploma": "2021-06-12", "Degree in social work": "2024-07-09"} {
		slot, err := w.keeper.BeginDocument(ctx, w.Actors["manager"], file)
		must(t, err)
		r, err := w.keeper.Receive(ctx, "paper.txt", strings.NewReader(title))
		must(t, err)
		_, err = w.keeper.AddDocument(ctx, w.Actors["manager"], slot, versions.Entry{Title: title, Kind: "qualification", InForceFrom: from}, r, "")
		must(t, err)
	}
	w.Exec(t, hold, int64(w.Actors["service"].ID), w.Provider, home, time.Date(2022, 1, 4, 0, 0, 0, 0, time.UTC), handover) // a program is no manager
	for _, c := range []struct{ who, day, want string }{
		{"inspector", "2022-01-03", ""},
		{"inspector", "2022-01-04", "Morgan Example: Level 5 diploma"},
		{"inspector", "2025-03-14", "Morgan Example: Degree in social work, Level 5 diploma"},
		{"staff", "2025-03-14", "Morgan Example: "},
		{"other-staff", "2025-03-14", ""},
		{"admin", "2025-03-14", ""},
	} {
		found, err := w.keeper.Managers(ctx, w.Actors[c.who], home, onDay(t, c.day))
		must(t, err)
		var text []string
		for _, m := range found {
			var titles []string
			for _, q := range m.Qualifications {
				titles = append(titles, q.Title)
			}
			text = append(text, m.Name+": "+strings.Join(titles, ", "))
			if clock.DayOf(m.Since).String() != "2022-01-04" {
				t.Errorf("since %s", m.Since)
			}
		}
		if got := strings.Join(text, "; "); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.who, c.day, got, c.want)
		}
	}
	// on the day of a handover there are two
	w.Exec(t, hold, int64(w.Actors["staff2"].ID), w.Provider, home, handover, handover.AddDate(0, 6, 0))
	for day, want := range map[string]int{"2026-02-02": 1, "2026-02-03": 2, "2026-02-04": 1} {
		if found, err := w.keeper.Managers(ctx, w.Actors["inspector"], home, onDay(t, day)); err != nil || len(found) != want {
			t.Errorf("%s: %d managers, %v", day, len(found), err)
		}
	}
	// whoever is to come is told to nobody before the day
	w.Exec(t, hold, int64(w.Actors["other-manager"].ID), w.Provider, home, time.Now().AddDate(0, 2, 0), time.Now().AddDate(9, 0, 0))
	if found, err := w.keeper.Managers(ctx, w.Actors["inspector"], home, onDay(t, time.Now().AddDate(1, 0, 0).Format(time.DateOnly))); err != nil || len(found) != 1 || found[0].Name != "Morgan Example" {
		t.Errorf("a year ahead: %v, %v", found, err)
	}
	var n int
	if w.Scan(t, `select count(*) from app.footprint where action = 'documents.listed' and record_id = $1 and actor_id = $2`, []any{file, int64(w.Actors["inspector"].ID)}, &n); n == 0 {
		t.Error("the look into the staff file left no footprint")
	}
}
