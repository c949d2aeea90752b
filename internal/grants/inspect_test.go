package grants_test

import (
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// opened opens Wren's record to the inspector until tomorrow, and gives the grant.
func (w *world) opened() int64 {
	w.t.Helper()
	id, err := grants.OpenToInspector(w.t.Context(), w.DB, w.Actors["manager"], w.opening())
	w.must(err)
	return id
}

func (w *world) opening() grants.Opening {
	return grants.Opening{Record: w.Records["Wren Sample"], To: w.Actors["inspector"].ID, Until: days(1), Why: "asked to follow one file"}
}

// An inspector sees one record that was opened to them: its general part, to read.
func TestARecordIsOpenedToAnInspector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if w.reads("inspector", "Wren Sample") {
		t.Fatal("the inspector reads it to begin with")
	}
	grant := w.opened()
	if !w.reads("inspector", "Wren Sample") || w.reads("inspector", "Finch Sample") {
		t.Error("the record that was opened is read, and no other")
	}
	var mask access.Mask
	var rights access.Right
	w.Scan(t, `select mask, rights from app.grants where id = $1`, []any{grant}, &mask, &rights)
	if mask != access.MaskOf(access.ClassOf(access.YoungPerson, access.General)) || rights != access.Read {
		t.Errorf("it gives rights %d on %b", rights, mask)
	}
	_, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], w.opening())
	if f, ok := fault.Of(err); !ok || f.Kind != fault.Conflict || f.Fields[0].Name != "to" {
		t.Errorf("opened twice: %v", err)
	}
	w.must(grants.EndGrant(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], grant, "the inspection is over"))
	if w.reads("inspector", "Wren Sample") {
		t.Error("it is read after it was ended")
	}
	ahead := w.opening()
	ahead.From, ahead.Until = days(2), days(4)
	_, err = grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], ahead)
	w.must(err)
	if w.reads("inspector", "Wren Sample") {
		t.Error("it is read before its first day")
	}
}

// It ends with the record's closing or move, and with the role of inspector there,
// whatever other role the inspector has.
func TestWhatEndsAnOpening(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(w *world) error{
		"record-closed": func(w *world) error {
			return people.Close(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], w.change("moved out"))
		},
		"record-moved": func(w *world) error {
			return people.Move(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], w.Homes[sample.Supported], w.change("moved on"))
		},
		"role-ended": func(w *world) error {
			held, _, _, _ := w.held("inspector")
			if _, err := w.give("admin", w.giving("inspector", grants.MemberOfStaff, sample.ChildrensHome)); err != nil {
				return err
			}
			return grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], held, "inspects no longer")
		},
		"role-ended with whoever left": func(w *world) error {
			return grants.Leave(t.Context(), w.DB, w.Actors["admin"], w.Actors["inspector"].ID, time.Time{}, "left")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			grant := w.opened()
			w.must(do(w))
			var live bool
			var how string
			w.Scan(t, `select g.valid_until > clock_timestamp(), e.how from app.grants g join app.grant_ending e on e.grant_id = g.id where g.id = $1`, []any{grant}, &live, &how)
			if live || !strings.HasPrefix(name, how) {
				t.Errorf("live: %v, ended by %q", live, how)
			}
		})
	}
}

// What was typed wrong is said at its field.
func TestOpeningsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	today := clock.DayOf(time.Now())
	for field, change := range map[string]func(o *grants.Opening){
		"to":    func(o *grants.Opening) { o.To = w.Actors["staff"].ID },
		"why":   func(o *grants.Opening) { o.Why = " " },
		"until": func(o *grants.Opening) { o.Until = today.Plus(32).Start() },
		"from":  func(o *grants.Opening) { o.From = today.Plus(-1).Start() },
	} {
		o := w.opening()
		change(&o)
		_, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], o)
		if f, ok := fault.Of(err); !ok || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	o := w.opening()
	o.Until = time.Time{}
	if _, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], o); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a last day: %v", err)
	}
	o = w.opening()
	o.Record = w.Records["Sam Example"]
	if _, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], o); !fault.Is(err, fault.Conflict) {
		t.Errorf("a staff file: %v", err)
	}
	for who, kind := range map[string]fault.Kind{"staff": fault.Forbidden, "dpo": fault.Forbidden, "inspector": fault.NotFound, "other-manager": fault.NotFound, "admin": fault.NotFound} {
		if _, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors[who], w.opening()); !fault.Is(err, kind) {
			t.Errorf("%s opens it: %v", who, err)
		}
	}
}

// Past all our code the database holds to the same.
func TestTheDatabaseBoundsWhatIsOpened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const insert = `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from, valid_until)
		values ($1, $2::smallint, $3, $4, $5, 'inspector-pass', $6, $7, 'x', now(), $8)`
	type row struct {
		by, to      string
		scope       int
		record      string
		mask, right int
		home        string
		until       time.Time
	}
	usual := row{"manager", "inspector", 2, "Wren Sample", 1, 1, sample.ChildrensHome, days(1)}
	try := func(r row) string {
		var home any
		if r.home != "" {
			home = w.Homes[r.home]
		}
		at := w.Records[r.record]
		if r.scope == 1 {
			at = w.Homes[sample.ChildrensHome]
		}
		return w.raw(r.by, insert, int64(w.Actors[r.to].ID), r.scope, at, r.mask, r.right, home, int64(w.Actors[r.by].ID), r.until)
	}
	if code := try(usual); code != "" {
		t.Fatalf("what is allowed is refused: %s", code)
	}
	for name, change := range map[string]func(r *row){
		"by staff":              func(r *row) { r.by = "staff" },
		"by another manager":    func(r *row) { r.by = "other-manager" },
		"by the officer":        func(r *row) { r.by = "dpo" },
		"by an administrator":   func(r *row) { r.by = "admin" },
		"by the inspector":      func(r *row) { r.by = "inspector" },
		"to staff":              func(r *row) { r.to = "staff" },
		"to oneself":            func(r *row) { r.to = "manager" },
		"a whole setting":       func(r *row) { r.scope = 1 },
		"the sensitive section": func(r *row) { r.mask = 3 },
		"the restricted one":    func(r *row) { r.mask = 4 },
		"to add":                func(r *row) { r.right = 3 },
		"to audit":              func(r *row) { r.right = 65 },
		"a staff file":          func(r *row) { r.record, r.mask = "Sam Example", 1<<9 },
		"hanging on nothing":    func(r *row) { r.home = "" },
		"on another setting":    func(r *row) { r.home = sample.Supported },
		"for two months":        func(r *row) { r.until = days(60) },
	} {
		r := usual
		change(&r)
		if code := try(r); code != "42501" {
			t.Errorf("%s: %q", name, code)
		}
	}
	w.must(people.Close(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], w.change("left")))
	if code := try(usual); code != "42501" {
		t.Errorf("a closed record: %q", code)
	}
}
