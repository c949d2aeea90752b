package versions_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/versions"
)

// shelf says how a record stood, a line for each document.
func (w *world) shelf(who string, record int64, q versions.Look) (lines []string) {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	s, err := w.keeper.Look(context.Background(), w.Actors[who], record, q)
	must(w.t, err)
	for _, r := range s.Rows {
		line := r.Document.Title + ":"
		switch {
		case r.Answer != nil:
			line += fmt.Sprintf(" version %d from %s", r.Answer.Version.Number, clock.DayOf(r.Answer.Period.From))
			if r.Answer.Approval != nil {
				line += " by " + r.Answer.Approval.By
			}
		case r.Comes != nil:
			line += " comes " + clock.DayOf(*r.Comes).String()
		case r.Ended != nil && r.Gone:
			line += " withdrawn " + clock.DayOf(*r.Ended).String()
		case r.Ended != nil:
			line += " ended " + clock.DayOf(*r.Ended).String()
		}
		if r.Waiting > 0 {
			line += fmt.Sprintf(" waits %d", r.Waiting)
		}
		lines = append(lines, line)
	}
	return lines
}

// on parses a day of a test.
func on(t testing.TB, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	must(t, err)
	return d
}

// A library of each kind of row, asked on days behind, today and ahead, and as
// another day knew it. What waits is told today and ahead only.
func TestLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, manager := t.Context(), w.Actors["manager"]
	policy := func(title, from, to string) int64 {
		t.Helper()
		slot, err := w.keeper.BeginDocument(ctx, w.Actors["staff"], w.library())
		must(t, err)
		a, err := w.keeper.AddDocument(ctx, w.Actors["staff"], slot, versions.Entry{Title: title, Kind: "policy", InForceFrom: from, InForceTo: to}, w.received(title)[0], "")
		must(t, err)
		must(t, w.approve("manager", a.Document.ID, 1))
		return a.Document.ID
	}
	policy("Ended", "2024-01-01", "2024-06-30")
	gone := policy("Gone", "2024-01-01", "")
	must(t, w.keeper.Withdraw(ctx, manager, gone, "2025-01-01", "over"))
	again := policy("Again", "2024-01-01", "")
	must(t, w.keeper.Withdraw(ctx, manager, again, "2025-01-01", "over"))
	_, err := w.add("staff", again, versions.Entry{InForceFrom: "2025-06-01"}, "second")
	must(t, err)
	must(t, w.approve("manager", again, 2))
	_, err = w.add("staff2", again, versions.Entry{InForceFrom: ahead(30)}, "third")
	must(t, err)
	policy("To come", ahead(10), "")
	never := policy("Never held", ahead(20), "")
	must(t, w.keeper.Withdraw(ctx, manager, never, "2025-03-01", "not wanted"))
	w.policy("staff", w.library(), "Waits", "")
	before := time.Now()
	corrected := policy("Corrected", "2024-03-01", "")
	_, _, err = w.keeper.CorrectDate(ctx, manager, versions.Target{Document: corrected, Number: 1}, versions.Correction{InForceFrom: "2024-09-01", Why: "the board met later"})
	must(t, err)

	see := func(q versions.Look, want ...string) {
		t.Helper()
		q.Titled = true
		if d := cmp.Diff(want, w.shelf("inspector", w.library(), q)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", q, d)
		}
	}
	held := "Again: version 2 from 2025-06-01 by Morgan Example"
	comes := "To come: comes " + ahead(10)
	rest := []string{"Corrected: version 1 from 2024-09-01 by Morgan Example", "Ended: ended 2024-07-01", "Gone: withdrawn 2025-01-01", "Never held: withdrawn 2025-03-01"}
	now := append(append([]string{held + " waits 3"}, rest...), comes, "Waits: waits 1")
	see(versions.Look{}, now...)
	see(versions.Look{Day: on(t, ahead(0))}, now...)
	now[5] = "To come: version 1 from " + ahead(10) + " by Morgan Example"
	see(versions.Look{Day: on(t, ahead(10))}, now...)
	see(versions.Look{Day: on(t, ahead(-1))}, append([]string{held}, rest...)...)
	see(versions.Look{Day: on(t, "2025-03-01")}, append([]string{"Again: withdrawn 2025-01-01"}, rest...)...)
	see(versions.Look{Day: on(t, "2024-06-30")}, "Again: version 1 from 2024-01-01 by Morgan Example", "Ended: version 1 from 2024-01-01 by Morgan Example", "Gone: version 1 from 2024-01-01 by Morgan Example")
	see(versions.Look{Day: on(t, "2023-12-31")})
	// as known before the last two: today's knowledge does not show
	see(versions.Look{Day: on(t, ahead(0)), Known: before}, append([]string{held}, append(rest[1:4:4], comes)...)...)
	// latest first
	if got := w.shelf("inspector", w.library(), versions.Look{Limit: 2}); len(got) != 2 || got[0] != "Corrected: version 1 from 2024-09-01 by Morgan Example" || got[1] != "Waits: waits 1" {
		t.Errorf("latest first: %q", got)
	}
	for who, want := range map[string]int{"manager": 7, "staff": 7, "individual": 7, "dpo": 7} {
		if got := w.shelf(who, w.library(), versions.Look{}); len(got) != want {
			t.Errorf("%s sees %q", who, got)
		}
	}
}

// Looking leaves the footprint of what was asked, a refusal too. Whoever manages
// a record without reading in it is shown where it is and nothing that was in force.
func TestLooksLeaveFootprints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	file := w.Records["Sam Example"]
	slot, err := w.keeper.BeginDocument(ctx, w.Actors["manager"], file)
	must(t, err)
	_, err = w.keeper.AddDocument(ctx, w.Actors["manager"], slot, versions.Entry{Title: "Contract", Kind: "contract", InForceFrom: "2026-01-01"}, w.received("x")[0], "")
	must(t, err)
	if got := w.shelf("inspector", file, versions.Look{Day: on(t, "2026-02-01")}); len(got) != 1 {
		t.Errorf("the inspector sees %q", got)
	}
	s, err := w.keeper.Look(ctx, w.Actors["admin"], file, versions.Look{Day: on(t, "2026-02-01"), Limit: 9})
	if err != nil || len(s.Rows) != 0 || s.Where.Name != "Sam Example" || s.Where.May.Read {
		t.Errorf("who only manages: %+v, %v", s, err)
	}
	w.shelf("inspector", file, versions.Look{Known: time.Now()})
	for _, who := range []string{"staff", "other-manager"} {
		if s, err := w.keeper.Look(ctx, w.Actors[who], file, versions.Look{Limit: 9}); !fault.Is(err, fault.NotFound) || len(s.Rows) != 0 {
			t.Errorf("%s: %+v, %v", who, s, err)
		}
	}
	var got string
	w.Scan(t, `select string_agg(action || ' ' || outcome || coalesce(' ' || (detail ->> 'date'), ''), ', ' order by id) from app.footprint where action like 'record.%' and action <> 'record.opened'`, nil, &got)
	want := "record.asked-as-at done 2026-02-01, record.viewed done 2026-02-01, record.asked-as-at done " + ahead(0) + ", record.viewed refused, record.viewed refused"
	if got != want {
		t.Errorf("footprints %q, want %q", got, want)
	}
	// a page cannot begin after what is not there, or lies elsewhere
	elsewhere := w.policy("other-manager", w.Records["Policies of "+sample.FamilyCentre], "Elsewhere", "")
	here := w.policy("manager", w.library(), "Here", "")
	for _, after := range []int64{1, elsewhere, here} {
		if _, err := w.keeper.Look(ctx, w.Actors["manager"], file, versions.Look{After: after, Limit: 9}); !fault.Is(err, fault.Invalid) {
			t.Errorf("after %d: %v", after, err)
		}
	}
}

// What a page offers is what each role may do there.
func TestWhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wide, err := people.Open(t.Context(), w.DB, access.Custodian(), people.NewRecord{Provider: w.Provider, Kind: access.Library, Name: "Policies of all", Why: "test"})
	must(t, err)
	read, audits, approves := versions.May{Read: true}, versions.May{Read: true, Audit: true}, versions.May{Read: true, Approve: true, Audit: true}
	add, all := versions.May{Read: true, Add: true}, versions.May{Read: true, Add: true, Approve: true, Manage: true, Audit: true}
	service := all
	service.Approve = false
	none := versions.May{}
	// those who are not named see nothing
	for record, may := range map[int64]map[string]versions.May{
		w.library():              {"staff": add, "staff2": add, "shift-lead": add, "manager": all, "inspector": audits, "individual": approves, "dpo": audits, "service": service, "visitor-44": read, "front-door": read},
		w.Records["Wren Sample"]: {"staff": add, "staff2": add, "shift-lead": add, "manager": all, "individual": approves, "dpo": audits, "service": service, "front-door": read, "young-person": read},
		w.Records["Sam Example"]: {"manager": all, "inspector": audits, "individual": approves, "dpo": audits, "service": service, "admin": {Manage: true}},
		wide:                     {"individual": approves, "dpo": audits, "front-door": read},
	} {
		for who, a := range w.Actors {
			where, err := w.keeper.Where(t.Context(), a, record)
			want, sees := may[who]
			if !sees {
				if !fault.Is(err, fault.NotFound) || where.May != none || where.Name != "" {
					t.Errorf("%s at %d: %+v, %v", who, record, where, err)
				}
				continue
			}
			must(t, err)
			if where.May != want || where.Record != record || !where.Open || (where.Home == 0) != (record == wide) || (where.HomeName == "") != (record == wide) {
				t.Errorf("%s at %s: %+v, want %+v", who, where.Name, where, want)
			}
		}
	}
	// who adds to a sensitive section only is not offered to add: a new document is general
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 1 << 10, 3, 'role', 1, 'test', now())`,
		int64(w.Actors["admin"].ID), w.library())
	where, err := w.keeper.Where(t.Context(), w.Actors["admin"], w.library())
	if err != nil || where.May != read {
		t.Errorf("sensitive only: %+v, %v", where.May, err)
	}
}

// What waits is listed to whoever may still add it, and to them only.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	list := func() (ids []int64) {
		t.Helper()
		all, err := w.keeper.Unfinished(ctx, staff)
		must(t, err)
		for _, u := range all {
			ids = append(ids, u.Batch)
		}
		return ids
	}
	a, err := w.document("staff", "procedure", "2026-01-01", "x")
	must(t, err)
	library, next := w.sent("staff", 0, "one", "two"), w.sent("staff", a.Document.ID, "three")
	wren, err := w.send("staff", w.Records["Wren Sample"], 0, "four")
	must(t, err)
	if d := cmp.Diff([]int64{wren, next, library}, list()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	must(t, people.Close(ctx, w.DB, w.Actors["manager"], w.Records["Wren Sample"], people.Change{Why: "over"}))
	if got := list(); len(got) != 3 {
		t.Errorf("with a closed record: %v", got)
	}
	// no longer allowed to add, though still to read
	w.Exec(t, `update app.grants set valid_until = now() where actor_id = $1`, int64(staff.ID))
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 1, $2, 32767, 1, 'role', 1, 'test', now())`,
		int64(staff.ID), w.Homes[sample.ChildrensHome])
	if got := list(); len(got) != 0 {
		t.Errorf("a reader has %v to finish", got)
	}
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 32767, 2, 'role', 1, 'test', now())`,
		int64(staff.ID), w.library())
	if d := cmp.Diff([]int64{next, library}, list()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
