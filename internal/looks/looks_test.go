package looks_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/looks"
	"custodian/internal/people"
	"custodian/internal/sample"
)

func number(id int64) string { return strconv.FormatInt(id, 10) }

// A manager is shown what was done at their own setting and nothing of another's;
// what is about no record follows its setting or the whole provider.
func TestManagersSeeTheirOwnSetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren, teal := w.Records["Wren Sample"], w.Records["Teal Specimen"]
	here := w.leave("staff", "record.viewed", wren, 0, time.Time{}, "done")
	there := w.leave("other-staff", "record.viewed", teal, 0, time.Time{}, "done")
	refused := w.leave("other-staff", "record.viewed", wren, 0, time.Time{}, "refused")
	var list, signed int64
	w.Scan(t, `insert into app.footprint (actor_id, action, outcome, home_id) values ($1, 'documents.listed', 'done', $2) returning id`, []any{int64(w.Actors["staff"].ID), w.Homes[sample.ChildrensHome]}, &list)
	w.Scan(t, `insert into app.footprint (actor_id, action, outcome) values ($1, 'session.begun', 'done') returning id`, []any{int64(w.Actors["staff"].ID)}, &signed)
	for who, want := range map[string]map[int64]bool{
		"manager":       {here: true, there: false, refused: true, list: true, signed: false},
		"other-manager": {here: false, there: true, refused: false, list: false, signed: false},
		"dpo":           {here: true, there: true, refused: true, list: true, signed: true},
		"inspector":     {here: false, there: false, refused: false, list: true, signed: false},
	} {
		got := w.all(who, looks.Filter{})
		for id, w := range want {
			if has(got, id) != w {
				t.Errorf("%s sees %d: %v", who, id, has(got, id))
			}
		}
	}
	for _, who := range []string{"staff", "admin"} {
		if _, err := looks.Everything(t.Context(), w.DB, w.Actors[who], looks.Filter{Limit: 10}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
	// a record that moves takes its footprints along
	must(t, people.Move(t.Context(), w.DB, w.Actors["manager"], wren, w.Homes[sample.Supported], people.Change{On: clock.DayOf(time.Now()), Why: "moves on"}))
	if has(w.all("manager", looks.Filter{}), here) || !has(w.all("supported-manager", looks.Filter{}), here) {
		t.Error("the footprints did not go with the record")
	}
}

// Each row says what its actor was then, and by what they saw the thing.
func TestBasisThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	before := w.leave("staff2", "record.viewed", wren, 0, time.Now().Add(-100*24*time.Hour), "done")
	_, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["staff2"].ID, wren, "knows Wren well")
	must(t, err)
	after := w.leave("staff2", "record.viewed", wren, 0, time.Time{}, "done")
	refused := w.leave("other-staff", "record.viewed", wren, 0, time.Time{}, "refused")
	s, list, err := looks.OfRecord(t.Context(), w.DB, w.Actors["manager"], wren, looks.Filter{Limit: 100})
	must(t, err)
	if !s.Everything || s.Name != "Wren Sample" {
		t.Errorf("%+v", s)
	}
	home := looks.Held{Role: grants.MemberOfStaff, Home: sample.ChildrensHome}
	for _, l := range list {
		switch l.ID {
		case before:
			if !slices.Equal(l.Ways, []looks.Way{{Basis: "role", Held: home}}) || !slices.Equal(l.Roles, []looks.Held{home}) {
				t.Errorf("before: %+v %+v", l.Ways, l.Roles)
			}
		case after:
			if !slices.Equal(l.Ways, []looks.Way{{Basis: "role", Held: home}, {Basis: "key-worker"}}) {
				t.Errorf("after: %+v", l.Ways)
			}
		case refused:
			if len(l.Ways) != 0 || l.Roles[0].Home != sample.FamilyCentre || l.Outcome != "refused" {
				t.Errorf("refused: %+v", l)
			}
		}
	}
}

// Pages follow one another by key: none is lost and none comes twice, in each
// list, and filters narrow them.
func TestListsByKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	plan := w.document("Wren Sample", "Care plan", "care-plan", access.General)
	start := time.Now().Add(-50 * 24 * time.Hour)
	for i := range 40 {
		w.leave([]string{"staff", "staff2"}[i%2], []string{"version.opened", "document.withdrawn", "document.viewed"}[i%3], wren, plan, start.Add(time.Duration(i/2)*time.Hour), []string{"done", "refused"}[i%5/4])
	}
	manager := w.Actors["manager"]
	lists := map[string]func(looks.Filter) ([]looks.Look, error){
		"record": func(f looks.Filter) ([]looks.Look, error) {
			_, l, err := looks.OfRecord(t.Context(), w.DB, manager, wren, f)
			return l, err
		},
		"document": func(f looks.Filter) ([]looks.Look, error) {
			_, l, err := looks.OfDocument(t.Context(), w.DB, manager, plan, f)
			return l, err
		},
		"person": func(f looks.Filter) ([]looks.Look, error) {
			_, l, err := looks.OfPerson(t.Context(), w.DB, manager, w.Actors["staff"].ID, f)
			return l, err
		},
		"everything": func(f looks.Filter) ([]looks.Look, error) { return looks.Everything(t.Context(), w.DB, manager, f) },
	}
	for name, list := range lists {
		for _, f := range []looks.Filter{{}, {Act: looks.Looked}, {Act: looks.Changed}, {Act: looks.Refused}, {Person: w.Actors["staff"].ID}, {From: start.Add(3 * time.Hour), Until: start.Add(9 * time.Hour)}} {
			f.Until = orElse(f.Until, start.Add(24*time.Hour))
			f.Limit = 1000
			whole, err := list(f)
			must(t, err)
			if len(whole) == 0 || name != "everything" && name != "person" && f.Act == looks.AnyAct && f.Person == 0 && f.From.IsZero() && len(whole) != 40 {
				t.Errorf("%s %+v: %d", name, f, len(whole))
			}
			var parts []int64
			for f.Limit = 7; ; {
				p, err := list(f)
				must(t, err)
				for _, l := range p {
					parts = append(parts, l.ID)
				}
				if len(p) < 7 {
					break
				}
				f.Before = p[6].ID
			}
			var ids []int64
			for _, l := range whole {
				ids = append(ids, l.ID)
				if ok := map[looks.Act]bool{looks.AnyAct: true, looks.Looked: l.Outcome == "done" && l.Action != "document.withdrawn", looks.Changed: l.Outcome == "done" && l.Action == "document.withdrawn", looks.Refused: l.Outcome == "refused"}[f.Act]; !ok {
					t.Errorf("%s %s: %s %s", name, f.Act, l.Action, l.Outcome)
				}
			}
			if !slices.Equal(parts, ids) {
				t.Errorf("%s %+v: in parts %v, at once %v", name, f, parts, ids)
			}
		}
	}
}

func orElse(t, other time.Time) time.Time {
	if t.IsZero() {
		return other
	}
	return t
}

// Whoever audits and may not read sees the footprints and no title; whoever may
// not audit sees their own; and who was refused does not learn from their own list
// whether the thing is there (own_test.go).
func TestNoTitleWithoutReading(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	plan := w.document("Wren Sample", "Care plan of Wren", "care-plan", access.Restricted)
	opened := w.leave("manager", "document.viewed", 0, plan, time.Time{}, "done")
	w.auditor("auditor")
	_, list, err := looks.OfDocument(t.Context(), w.DB, w.Actors["auditor"], plan, looks.Filter{Limit: 10})
	must(t, err)
	for _, l := range list {
		if l.Title != "" || l.RecordName != "" {
			t.Errorf("%+v", l)
		}
	}
	if !has(list, opened) || !has(w.all("auditor", looks.Filter{}), opened) {
		t.Error("the auditor does not see the look")
	}
	s, _, err := looks.OfRecord(t.Context(), w.DB, w.Actors["auditor"], wren, looks.Filter{Limit: 10})
	if err != nil || s.Name != "" || !s.Everything || s.Kind != access.YoungPerson {
		t.Errorf("%+v %v", s, err)
	}
	// the look of the auditor is a footprint that the manager sees
	_, seen, err := looks.OfRecord(t.Context(), w.DB, w.Actors["manager"], wren, looks.Filter{Limit: 10})
	must(t, err)
	if seen[0].Action != "footprints.viewed" && seen[1].Action != "footprints.viewed" {
		t.Errorf("%+v", seen)
	}
	// refused: what they may not see stands in their own list neither where it is there nor where it is not
	there := w.leave("other-staff", "record.viewed", wren, 0, time.Time{}, "refused")
	not := w.leave("other-staff", "record.viewed", 99999999, 0, time.Time{}, "refused")
	_, own, err := looks.OfPerson(t.Context(), w.DB, w.Actors["other-staff"], w.Actors["other-staff"].ID, looks.Filter{Limit: 10})
	must(t, err)
	if has(own, there) || has(own, not) || !has(w.all("manager", looks.Filter{}), there) || !has(w.all("dpo", looks.Filter{}), not) {
		t.Errorf("a refusal tells whoever was refused, or is kept from whoever audits: %+v", own)
	}
	for what, ask := range map[string]func() error{
		"another's list": func() error {
			_, _, err := looks.OfPerson(t.Context(), w.DB, w.Actors["staff"], w.Actors["staff2"].ID, looks.Filter{Limit: 1})
			return err
		},
		"another setting's record": func() error {
			_, _, err := looks.OfRecord(t.Context(), w.DB, w.Actors["other-manager"], wren, looks.Filter{Limit: 1})
			return err
		},
		"another setting's document": func() error {
			_, _, err := looks.OfDocument(t.Context(), w.DB, w.Actors["other-manager"], plan, looks.Filter{Limit: 1})
			return err
		},
		"nobody's": func() error {
			_, _, err := looks.OfPerson(t.Context(), w.DB, w.Actors["dpo"], 424242, looks.Filter{Limit: 1})
			return err
		},
	} {
		if err := ask(); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// auditor makes somebody who audits everything and reads nothing.
func (w *world) auditor(who string) {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Avery Example', 1) returning id`, []any{w.Provider}, &id)
	w.Actors[who] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 0, $2, 32767, 64, 'role', 1, 'audits', now() - interval '1 year')`, id, w.Provider)
}

// A record that is shielded from somebody is not in their lists, whatever they audit.
func TestShieldedRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	look := w.leave("staff", "record.viewed", wren, 0, time.Time{}, "done")
	id, err := looks.Raise(t.Context(), w.DB, w.Actors["staff2"], w.leave("staff2", "record.viewed", wren, 0, time.Time{}, "done"), looks.ToManager, "I opened it by mistake.")
	must(t, err)
	if !has(w.all("manager", looks.Filter{}), look) {
		t.Fatal("not seen before the shield")
	}
	w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'family', 1, now())`, int64(w.Actors["manager"].ID), wren)
	if has(w.all("manager", looks.Filter{}), look) {
		t.Error("a shielded record's footprints are listed")
	}
	if _, _, err := looks.OfRecord(t.Context(), w.DB, w.Actors["manager"], wren, looks.Filter{Limit: 1}); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := looks.GetConcern(t.Context(), w.DB, w.Actors["manager"], id); !fault.Is(err, fault.NotFound) {
		t.Errorf("a concern about a shielded record: %v", err)
	}
	if _, _, err := looks.OfPerson(t.Context(), w.DB, w.Actors["manager"], w.Actors["staff"].ID, looks.Filter{Limit: 100}); err != nil {
		t.Error(err)
	}
}
