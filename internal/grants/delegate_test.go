package grants_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/sample"
)

// A manager hands their role on for some days: the history says by whom, and it ends
// with the manager's own.
func TestARoleIsHandedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.giving("staff2", grants.RegisteredManager, sample.ChildrensHome)
	if _, err := w.give("manager", g); !fault.Is(err, fault.Invalid) {
		t.Errorf("handed on for ever: %v", err)
	}
	g.Until = days(14)
	held, err := w.give("manager", g)
	w.must(err)
	var by, from int64
	w.Scan(t, `select given_by, delegated_from from app.role_held where id = $1`, []any{held}, &by, &from)
	own, _, _, _ := w.held("manager")
	if by != int64(w.Actors["manager"].ID) || from != own {
		t.Errorf("given by %d from %d, want from %d", by, from, own)
	}
	if !w.reads("staff2", "Sam Example") {
		t.Fatal("who stands in does not see a staff file")
	}
	// who stands in hands nothing on, and gives no longer than they stand in
	again := w.giving("other-staff", grants.RegisteredManager, sample.ChildrensHome)
	again.Until = days(3)
	if _, err := w.give("staff2", again); !fault.Is(err, fault.Forbidden) {
		t.Errorf("handed on again: %v", err)
	}
	long := w.giving("other-staff", grants.MemberOfStaff, sample.ChildrensHome)
	long.Until = days(30)
	if _, err := w.give("staff2", long); !fault.Is(err, fault.Invalid) {
		t.Errorf("given for longer than they stand in: %v", err)
	}
	w.must(grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], own, "leaves the post"))
	if w.reads("staff2", "Sam Example") {
		t.Error("what was handed on outlives the role that it came from")
	}
	var why string
	w.Scan(t, `select why from app.role_ending where role_held_id = $1`, []any{held}, &why)
	if why == "" {
		t.Error("nothing tells why it ended")
	}
}

// The responsible individual hands on for the whole provider; staff hand on nothing.
func TestWhoHandsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.giving("dpo", grants.ResponsibleIndividual, "")
	g.Until = days(5)
	held, err := w.give("individual", g)
	w.must(err)
	w.must(grants.EndBecause(t.Context(), w.DB, w.Actors["individual"], held, "back from leave"))
	for _, who := range []string{"staff", "inspector", "auditor", "front-door", "visitor-44", "young-person"} {
		for _, r := range []grants.Role{grants.MemberOfStaff, grants.RegisteredManager, grants.Auditor} {
			g := w.giving("other-staff", r, map[bool]string{true: "", false: sample.ChildrensHome}[r.Wide()])
			g.Until = days(1)
			if _, err := w.give(who, g); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s gives %s: %v", who, r, err)
			}
		}
	}
	if _, err := w.give("individual", w.giving("individual", grants.ResponsibleIndividual, "")); err == nil {
		t.Error("somebody gives themselves their own role")
	}
}

// Nobody gives more than they hold, or for longer, whatever code runs: as the
// portal's own login, with nothing but the policies between.
func TestTheDatabaseBoundsWhatIsGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const role = `
		insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, delegated_from)
		values (900001, $1, $2, $3, $4, now(), $5, $6, 'for the test', $7)`
	home, other := w.Homes[sample.ChildrensHome], w.Homes[sample.FamilyCentre]
	own, _, _, _ := w.held("manager")
	w.Exec(t, `update app.grants set valid_until = now() + interval '10 days' where role_held_id = $1`, own)
	w.Exec(t, `update app.role_held set until_at = now() + interval '10 days' where id = $1`, own)
	theirs, _, _, _ := w.held("other-manager")
	to, me := int64(w.Actors["staff2"].ID), int64(w.Actors["manager"].ID)
	soon, late, forever := time.Now().AddDate(0, 0, 5), time.Now().AddDate(0, 0, 20), any("infinity")
	for name, c := range map[string]struct {
		role string
		home any
		till any
		from any
		code string
	}{
		"staff, within":                       {"staff", home, soon, nil, ""},
		"staff, longer than their own":        {"staff", home, late, nil, "42501"},
		"staff, for ever":                     {"staff", home, forever, nil, "42501"},
		"staff elsewhere":                     {"staff", other, soon, nil, "42501"},
		"manager, as their own to give":       {"manager", home, soon, nil, "42501"},
		"manager, handed on":                  {"manager", home, soon, own, ""},
		"manager, handed on for longer":       {"manager", home, late, own, "42501"},
		"manager, from another's role":        {"manager", home, soon, theirs, "42501"},
		"manager elsewhere, handed on":        {"manager", other, soon, own, "42501"},
		"staff, handed on":                    {"staff", home, soon, own, "42501"},
		"administrator":                       {"administrator", nil, soon, nil, "42501"},
		"responsible individual, handed on":   {"responsible-individual", nil, soon, own, "42501"},
		"a young person's role on no record":  {"young-person", home, soon, nil, "23514"},
		"in charge of the shift for a season": {"shift-lead", home, soon, nil, "23514"},
	} {
		if got := w.raw("manager", role, to, c.role, w.Provider, c.home, c.till, me, c.from); got != c.code {
			t.Errorf("%s: %q, want %q", name, got, c.code)
		}
	}
	if got := w.raw("manager", role, me, "manager", w.Provider, home, soon, me, own); got != "42501" {
		t.Errorf("handed on to themselves: %q", got)
	}
	if got := w.raw("admin", role, to, "manager", w.Provider, home, forever, int64(w.Actors["admin"].ID), nil); got != "" {
		t.Errorf("an administrator gives as before: %q", got)
	}
	const grant = `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until)
		select actor_id, $1, $2, $3, $4, $5, id, $6, 'for the test', now(), $7 from app.role_held where id = $8`
	files := access.MaskOf(access.ClassOf(access.YoungPerson, access.General), access.ClassOf(access.YoungPerson, access.Sensitive))
	held, err := w.give("manager", w.giving("other-staff", grants.MemberOfStaff, sample.ChildrensHome))
	w.must(err)
	for name, c := range map[string]struct {
		scope, rights int
		at            int64
		mask          access.Mask
		basis         string
		till          any
		code          string
	}{
		"what the role holds":           {1, 3, home, files, "role", soon, ""},
		"more than the role holds":      {1, 3, home, access.EveryClass, "role", soon, "42501"},
		"a right beside the role's":     {1, 64, home, files, "role", soon, "42501"},
		"a right that they do not hold": {1, 32, home, access.EveryClass, "role", soon, "42501"},
		"for longer":                    {1, 1, home, access.EveryClass, "role", late, "42501"},
		"at the provider":               {0, 1, w.Provider, 1, "role", soon, "42501"},
		"elsewhere":                     {1, 1, other, 1, "role", soon, "42501"},
		"by consents that are not":      {2, 1, w.Records["Wren Sample"], 1, "consent", soon, "42501"},
		"as if it were their own file":  {2, 1, w.Records["Wren Sample"], 1, "data-subject", soon, "42501"},
	} {
		code := w.raw("manager", grant, c.scope, c.at, int32(c.mask), c.rights, c.basis, me, c.till, held)
		if c.basis == "consent" && code == "23514" {
			code = "42501" // without consents there is no such grant at all
		}
		if code != c.code {
			t.Errorf("a grant of %s: %q, want %q", name, code, c.code)
		}
	}
}

// In charge of the shift is for one shift.
func TestAShiftEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.giving("staff2", grants.ShiftLead, sample.ChildrensHome)
	for name, until := range map[string]time.Time{"no end": {}, "three days": days(3)} {
		g.Until = until
		if _, err := w.give("manager", g); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g.Until = days(2)
	_, err := w.give("manager", g)
	w.must(err)
	// as a group of the sign-in service gives it
	_, _, until, live := w.held("shift-lead")
	if !live || until.After(time.Now().Add(25*time.Hour)) {
		t.Errorf("a shift that comes without an end lasts until %s", until)
	}
	for role, home := range map[grants.Role]string{grants.Visitor44: sample.FamilyCentre, grants.Visitor25: sample.ChildrensHome} {
		if _, err := w.give("admin", w.giving("staff2", role, home)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s at %s: %v", role, home, err)
		}
	}
}
