package people_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type world struct {
	pgtest.Database
	*sample.Planted
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), t: t}
	var err error
	if w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// sees tells whether a record is among those that the actor is shown.
func (w *world) sees(who, record string, kind access.RecordKind) bool {
	w.t.Helper()
	list, err := people.Records(w.t.Context(), w.DB, w.Actors[who], kind, 0, 500)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if r.ID == w.Records[record] {
			return true
		}
	}
	return false
}

func (w *world) move(who, record, home string, c people.Change) error {
	return people.Move(w.t.Context(), w.DB, w.Actors[who], w.Records[record], w.Homes[home], c)
}

// A young person moves: the old setting's staff, and an inspector to whom the file was opened, no longer see
// them, the new setting's do, and the way back is told in the record.
func TestAYoungPersonMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	opening := grants.Opening{To: w.Actors["inspector"].ID, Record: w.Records["Wren Sample"], Until: time.Now().Add(9 * 24 * time.Hour), Why: "to see that it ends"}
	if _, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], opening); err != nil {
		t.Fatal(err)
	}
	if _, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["other-staff"].ID, w.Records["Wren Sample"], "works elsewhere"); !fault.Is(err, fault.Invalid) {
		t.Errorf("entrusted to somebody who does not work there: %v", err)
	}
	see := func(when string, want map[string]bool) {
		t.Helper()
		for who, yes := range want {
			if w.sees(who, "Wren Sample", access.YoungPerson) != yes {
				t.Errorf("%s: %s sees it: %v", when, who, !yes)
			}
		}
	}
	see("before", map[string]bool{"staff": true, "manager": true, "other-staff": false, "other-manager": false, "inspector": true, "admin": false, "dpo": true})
	if err := w.move("other-manager", "Wren Sample", sample.Supported, people.Change{Why: "x"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("another setting's manager: %v", err)
	}
	if err := w.move("staff", "Wren Sample", sample.Supported, people.Change{Why: "x"}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff: %v", err)
	}
	ahead := clock.DayOf(time.Now()).Plus(2)
	if err := w.move("manager", "Wren Sample", sample.Supported, people.Change{On: ahead, Why: "x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a day ahead: %v", err)
	}
	if err := w.move("manager", "Wren Sample", sample.Supported, people.Change{Why: "moved on at 16"}); err != nil {
		t.Fatal(err)
	}
	see("after", map[string]bool{"staff": false, "manager": false, "inspector": false, "supported-manager": true, "dpo": true})
	r, events, err := people.Get(t.Context(), w.DB, w.Actors["supported-manager"], w.Records["Wren Sample"])
	if err != nil || r.Home != sample.Supported || len(events) != 2 || events[1].What != "moved" || events[1].By != "Morgan Example" {
		t.Errorf("%+v %+v %v", r, events, err)
	}
}

// A member of staff moves: their role goes with them, the same moment.
func TestAMemberOfStaffMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, who := range []string{"manager", "other-manager", "staff"} {
		if err := w.move(who, "Sam Example", sample.FamilyCentre, people.Change{Why: "new post"}); !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s, who does not manage both settings: %v", who, err)
		}
	}
	if !w.sees("admin", "Sam Example", access.Staff) || w.sees("admin", "Wren Sample", access.YoungPerson) {
		t.Error("an administrator sees that there are staff, and nobody else")
	}
	if err := w.move("admin", "Sam Example", sample.FamilyCentre, people.Change{Why: "new post"}); err != nil {
		t.Fatal(err)
	}
	if w.sees("staff", "Wren Sample", access.YoungPerson) || !w.sees("staff", "Teal Specimen", access.YoungPerson) {
		t.Error("the role did not move along")
	}
	p, err := people.Me(t.Context(), w.DB, w.Actors["staff"])
	if err != nil || len(p.Roles) != 1 || p.Roles[0].Home != sample.FamilyCentre {
		t.Errorf("%+v %v", p, err)
	}
	var held int
	if w.Scan(t, `select count(*) from app.role_held where actor_id = $1`, []any{w.Actors["staff"].ID}, &held); held != 2 {
		t.Errorf("%d roles were ever held, want the ended and the new one", held)
	}
}

func TestClosedAndReopened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, record := t.Context(), w.Records["Finch Sample"]
	yesterday := clock.DayOf(time.Now()).Plus(-1)
	if err := people.Close(ctx, w.DB, w.Actors["manager"], record, people.Change{On: yesterday, Why: "left"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("closed before it was opened: %v", err)
	}
	if err := people.Reopen(ctx, w.DB, w.Actors["manager"], record, people.Change{Why: "x"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("reopened while open: %v", err)
	}
	for _, step := range []struct {
		do   func() error
		open bool
	}{
		{func() error { return people.Close(ctx, w.DB, w.Actors["manager"], record, people.Change{Why: "left"}) }, false},
		{func() error {
			return people.Reopen(ctx, w.DB, w.Actors["manager"], record, people.Change{Why: "came back"})
		}, true},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if r, _, err := people.Get(ctx, w.DB, w.Actors["staff"], record); err != nil || r.Open != step.open {
			t.Errorf("open: %v, %v", r.Open, err)
		}
	}
	if err := people.Close(ctx, w.DB, w.Actors["manager"], record, people.Change{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("closed without saying why: %v", err)
	}
}

// A role ends: from the next question nothing is seen by it.
func TestARoleEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var held int64
	w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{w.Actors["staff"].ID}, &held)
	if err := grants.End(t.Context(), w.DB, w.Actors["staff2"], held); !fault.Is(err, fault.NotFound) {
		t.Errorf("a colleague ended it: %v", err)
	}
	if err := grants.End(t.Context(), w.DB, w.Actors["other-manager"], held); !fault.Is(err, fault.NotFound) {
		t.Errorf("another setting's manager ended it: %v", err)
	}
	if !w.sees("staff", "Wren Sample", access.YoungPerson) {
		t.Fatal("gone before it ended")
	}
	if err := grants.End(t.Context(), w.DB, w.Actors["manager"], held); err != nil {
		t.Fatal(err)
	}
	if w.sees("staff", "Wren Sample", access.YoungPerson) {
		t.Error("still seen")
	}
	for _, g := range []grants.Giving{
		{To: w.Actors["staff2"].ID, Role: grants.RegisteredManager, Provider: w.Provider, Home: w.Homes[sample.FamilyCentre], Why: "greed"},
		{To: w.Actors["manager"].ID, Role: grants.DataProtectionOfficer, Provider: w.Provider, Why: "greed"},
	} {
		if _, err := grants.Give(t.Context(), w.DB, w.Actors["manager"], g); !fault.Is(err, fault.NotFound) {
			t.Errorf("a manager gave %s beyond their setting: %v", g.Role, err)
		}
	}
}

// Pages follow one another without a gap or a repeat.
func TestRecordsInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 23 {
		if _, err := people.Open(t.Context(), w.DB, w.Actors["manager"], people.NewRecord{Home: w.Homes[sample.ChildrensHome], Kind: access.Library, Name: "Same name", Why: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[int64]bool{}
	after := int64(0)
	for {
		page, err := people.Records(t.Context(), w.DB, w.Actors["dpo"], access.Library, after, 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if seen[r.ID] {
				t.Errorf("record %d twice", r.ID)
			}
			seen[r.ID] = true
			after = r.ID
		}
		if len(page) < 5 {
			break
		}
	}
	if len(seen) != 26 {
		t.Errorf("%d records, want 26", len(seen))
	}
}

// With the last role at a setting go the grants that were given through it.
func TestAKeyWorkerLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["staff2"].ID, w.Records["Finch Sample"], "key worker"); err != nil {
		t.Fatal(err)
	}
	var held int64
	w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{w.Actors["staff2"].ID}, &held)
	ends := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	if _, err := grants.Give(t.Context(), w.DB, access.Custodian(), grants.Giving{To: w.Actors["staff2"].ID, Role: grants.ShiftLead, Provider: w.Provider,
		Home: w.Homes[sample.ChildrensHome], Until: ends, Why: "for an hour"}); err != nil {
		t.Fatal(err)
	}
	if err := grants.End(t.Context(), w.DB, w.Actors["manager"], held); err != nil {
		t.Fatal(err)
	}
	var until time.Time
	w.Scan(t, `select valid_until from app.grants where actor_id = $1 and basis = 'key-worker'`, []any{w.Actors["staff2"].ID}, &until)
	if !until.Equal(ends) {
		t.Errorf("with a role of an hour left the key worker's grant lasts until %s, want %s", until, ends)
	}
	w.Scan(t, `select id from app.role_held where actor_id = $1 and until_at = $2`, []any{w.Actors["staff2"].ID, ends}, &held)
	if err := grants.End(t.Context(), w.DB, w.Actors["manager"], held); err != nil {
		t.Fatal(err)
	}
	var live int
	w.Scan(t, `select count(*) from app.grants where actor_id = $1 and valid_until > now()`, []any{w.Actors["staff2"].ID}, &live)
	if live != 0 || w.sees("staff2", "Finch Sample", access.YoungPerson) {
		t.Errorf("%d grants outlived the role", live)
	}
}

// A role that is to begin later still begins later where its person moves to.
func TestALaterRoleMovesAndStaysLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begins := time.Now().AddDate(0, 1, 0)
	if _, err := grants.Give(t.Context(), w.DB, access.Custodian(), grants.Giving{To: w.Actors["staff"].ID, Role: grants.RegisteredManager, Provider: w.Provider,
		Home: w.Homes[sample.ChildrensHome], From: begins, Why: "promoted next month"}); err != nil {
		t.Fatal(err)
	}
	if err := w.move("admin", "Sam Example", sample.Supported, people.Change{Why: "new post"}); err != nil {
		t.Fatal(err)
	}
	p, err := people.Me(t.Context(), w.DB, w.Actors["staff"])
	if err != nil || len(p.Roles) != 1 || p.Roles[0].Role != string(grants.MemberOfStaff) {
		t.Errorf("roles now: %+v, %v", p.Roles, err)
	}
	var early int
	w.Scan(t, `select count(*) from app.grants where actor_id = $1 and valid_from <= now() and valid_until > now() and rights & 4 = 4`, []any{w.Actors["staff"].ID}, &early)
	if early != 0 {
		t.Error("the manager's grants began before their day")
	}
}
