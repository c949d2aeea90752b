package versions_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/versions"
)

// sheet reads a document's sheet as the manager, or as somebody else.
func (w *world) sheet(who string, q versions.Ask) versions.Sheet {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	s, err := w.keeper.Sheet(w.t.Context(), w.Actors[who], q)
	must(w.t, err)
	return s
}

func (w *world) approved(document int64, number int) {
	w.t.Helper()
	_, _, err := w.keeper.Approve(w.t.Context(), w.Actors["manager"], versions.Target{Document: document, Number: number}, versions.Approval{})
	must(w.t, err)
}

// which version is in force, waits, was in force on a day and ran out; whose the
// words are; and what the reader may do.
func TestSheet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.add("staff", 0, versions.Entry{Title: "A policy", Kind: "policy", InForceFrom: "2024-01-01", InForceTo: "2024-12-31"}, "one")
	must(t, err)
	id := first.Document.ID
	s := w.sheet("staff", versions.Ask{Document: id})
	if s.Shown.Number != 1 || s.Holds != nil || s.Waiting != 1 || s.Newest != 1 || !s.Own || s.First != nil || !s.Where.May.Add || s.Where.May.Approve {
		t.Errorf("a version that waits: %+v", s)
	}
	w.approved(id, 1)
	for i, from := range []string{"2025-06-01", "2027-06-01"} {
		_, err := w.add("staff", id, versions.Entry{InForceFrom: from}, from)
		must(t, err)
		w.approved(id, i+2)
	}
	_, err = w.add("staff2", id, versions.Entry{InForceFrom: "2028-01-01"}, "four")
	must(t, err)
	s = w.sheet("manager", versions.Ask{Document: id, Day: onDay(t, "2024-03-01")})
	if s.Shown.Number != 2 || s.Holds == nil || s.Holds.Number != 2 || s.Waiting != 4 || s.Newest != 4 || s.OnDay != 1 || s.Own || !s.RanOut[1] || s.RanOut[2] || !s.Where.May.Approve {
		t.Errorf("which is which: shown %d, holds %+v, %+v", s.Shown.Number, s.Holds, s)
	}
	if clock.DayOf(*s.First).String() != "2024-01-01" || s.Where.Record != w.library() || s.Why.Role != "manager" {
		t.Errorf("%v, %+v, %+v", s.First, s.Where, s.Why)
	}
	for asked, want := range map[string]int{"2023-12-31": 0, "2024-12-31": 1, "2025-01-01": 0, "2025-06-01": 2, "2027-06-01": 3} {
		if got := w.sheet("manager", versions.Ask{Document: id, Number: 2, Day: onDay(t, asked)}).OnDay; got != want {
			t.Errorf("on %s version %d held, want %d", asked, got, want)
		}
	}
	// by what was known before anything was said, nothing held
	if got := w.sheet("manager", versions.Ask{Document: id, Day: onDay(t, "2025-06-01"), Known: time.Now().Add(-time.Hour)}).OnDay; got != 0 {
		t.Errorf("an hour ago version %d was known to hold", got)
	}
	if got := w.sheet("manager", versions.Ask{Document: id, Number: 1, Before: 3, Limit: 1}); len(got.Versions) != 1 || got.Versions[0].Number != 2 || got.Shown.Number != 1 {
		t.Errorf("a part of the history: %+v", got.Versions)
	}
	if _, err := w.keeper.Sheet(t.Context(), w.Actors["manager"], versions.Ask{Document: id, Number: 9, Limit: 1}); !fault.Is(err, fault.NotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}

func onDay(t *testing.T, s string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(s)
	must(t, err)
	return d
}

// Looking leaves a footprint of the version and of the day that was asked about;
// so does a refusal, under what was refused. Asking for the stamp leaves none.
func TestSheetLeavesFootprints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("staff", "policy", "2024-01-01", "one")
	must(t, err)
	id, inspector := a.Document.ID, w.Actors["inspector"]
	s := w.sheet("inspector", versions.Ask{Document: id, Number: 1, Day: onDay(t, "2024-03-01")})
	for what, c := range map[string]struct {
		action access.Action
		want   fault.Kind
	}{"approve": {access.ApproveVersion, fault.Forbidden}, "correct": {access.CorrectDate, fault.Forbidden}, "withdraw": {access.Withdraw, fault.Forbidden}, "restore": {access.RestoreVersion, fault.Forbidden}} {
		if _, err := w.keeper.Sheet(t.Context(), inspector, versions.Ask{Document: id, Number: 1, Limit: 1, For: c.action}); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		if err := w.keeper.Unchanged(t.Context(), inspector, c.action, id, "1"); !fault.Is(err, c.want) {
			t.Errorf("%s, by its stamp: %v", what, err)
		}
	}
	for where, want := range map[string]int{
		`action = 'document.viewed' and outcome = 'done' and version_id is not null and detail->>'date' = '2024-03-01'`:      1,
		`action in ('version.approved', 'date.corrected', 'document.withdrawn', 'version.restored') and outcome = 'refused'`: 8,
	} {
		var n int
		if w.Scan(t, `select count(*) from app.footprint where actor_id = $1 and `+where, []any{int64(inspector.ID)}, &n); n != want {
			t.Errorf("%d footprints of %s, want %d", n, where, want)
		}
	}
	var was, is int
	w.Scan(t, `select count(*) from app.footprint`, nil, &was)
	must(t, w.keeper.Unchanged(t.Context(), w.Actors["manager"], access.ApproveVersion, id, "1"))
	if w.Scan(t, `select count(*) from app.footprint`, nil, &is); is != was {
		t.Errorf("asking for the stamp left %d footprints", is-was)
	}
	if s.Stamp != 1 {
		t.Errorf("the stamp of one version is %d", s.Stamp)
	}
	w.approved(id, 1)
	if err := w.keeper.Unchanged(t.Context(), w.Actors["manager"], access.ApproveVersion, id, "1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("an approval changed nothing: %v", err)
	}
	if err := w.keeper.Unchanged(t.Context(), w.Actors["other-manager"], access.ApproveVersion, id, "1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
}

// Who sees one document alone is told nothing of the record in which it lies.
func TestSheetOfOneDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("staff", "policy", "2024-01-01", "one")
	must(t, err)
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 3, $2, 32767, 1, 'portal-link', 1, 'for the test', now())`,
		int64(w.Actors["other-staff"].ID), a.Document.ID)
	s := w.sheet("other-staff", versions.Ask{Document: a.Document.ID})
	if s.Where.Record != 0 || s.Where.Name != "" || s.Where.HomeName != "" || s.Where.May.Add || !s.Where.May.Read || s.Why.Basis != "portal-link" {
		t.Errorf("%+v, %+v", s.Where, s.Why)
	}
	var refused int
	if w.Scan(t, `select count(*) from app.footprint where outcome = 'refused'`, nil, &refused); refused != 0 {
		t.Errorf("it was taken for a refusal")
	}
}
