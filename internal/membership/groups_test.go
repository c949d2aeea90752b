package membership_test

import (
	"strings"
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

// At each sign-in the roles become what the groups say now.
func TestRolesFollowGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Mapping("larkfield-seniors", grants.MemberOfStaff, sample.ChildrensHome)
	w.Mapping("bramble-managers", grants.RegisteredManager, sample.FamilyCentre)
	w.Mapping("data-protection", grants.DataProtectionOfficer, "")
	var a login.Arrival
	for _, step := range []struct {
		groups []string
		want   string
	}{
		{[]string{"larkfield-staff"}, "staff Larkfield House by group"},
		{[]string{"larkfield-staff", "larkfield-seniors"}, "staff Larkfield House by group"}, // once
		{[]string{"larkfield-seniors"}, "staff Larkfield House by group"},
		{[]string{"bramble-managers", "larkfield-seniors"}, "manager Bramble Court by group, staff Larkfield House by group"},
		{[]string{"data-protection"}, "data-protection-officer everywhere by group"},
		{[]string{"data-protection"}, "data-protection-officer everywhere by group"},
	} {
		a = w.Enter(logintest.Newcomer(step.groups...))
		if got := w.Roles(a.Actor.ID); got != step.want {
			t.Errorf("with %q they hold %q, want %q", step.groups, got, step.want)
		}
	}
	if w.Rights(a.Actor.ID) == 0 {
		t.Error("the role brings no grant")
	}
	// every gap in what somebody held would be a moment without access
	if gaps := w.Text(`select coalesce(string_agg(h.role, ' '), '') from app.role_held h where h.actor_id = $1 and h.until_at < 'infinity' and h.role = 'staff'
		and not exists (select from app.role_held n where n.actor_id = h.actor_id and n.id <> h.id and n.from_at <= h.until_at and n.until_at >= h.until_at)`, int64(a.Actor.ID)); gaps != "" {
		t.Errorf("there was nothing after %s", gaps)
	}
	// the last role ends: the session that is open, and those to come, open nothing
	if _, err := w.Try(logintest.Newcomer("football")); err == nil || w.Roles(a.Actor.ID) != "" || w.Rights(a.Actor.ID) != 0 {
		t.Errorf("after leaving every group: %v, roles %q, %d grants", err, w.Roles(a.Actor.ID), w.Rights(a.Actor.ID))
	}
	if got := w.Text(`select action from app.footprint where action like 'role.%' order by id desc limit 1`); got != "role.ended" {
		t.Errorf("the last footprint of a role is %q", got)
	}
}

// A role that was given by hand is neither given again nor ended.
func TestByHandIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	_, err := grants.Give(t.Context(), w.DB, w.Actors["admin"], grants.Giving{To: a.Actor.ID, Role: grants.MemberOfStaff, Provider: w.Provider, Home: w.Homes[sample.Supported], Why: "covers for a colleague"})
	w.Must(err)
	for _, groups := range [][]string{{"larkfield-staff"}, {}, {"larkfield-staff"}} {
		w.Enter(logintest.Newcomer(groups...))
		want := "staff Tern Street by hand"
		if len(groups) > 0 {
			want = "staff Larkfield House by group, " + want
		}
		if got := w.Roles(a.Actor.ID); got != want {
			t.Errorf("with %q they hold %q, want %q", groups, got, want)
		}
	}
	w.Mapping("tern-street-staff", grants.MemberOfStaff, sample.Supported)
	w.Enter(logintest.Newcomer("tern-street-staff"))
	if got := w.Roles(a.Actor.ID); got != "staff Tern Street by hand" {
		t.Errorf("a role that is held by hand was given by group too: %q", got)
	}
}

// A mapping that ends takes its roles with it at once, but for those who have
// another way to them.
func TestUnmap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.Actors["admin"]
	staff := w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Mapping("larkfield-seniors", grants.MemberOfStaff, sample.ChildrensHome)
	one := w.Enter(logintest.Newcomer("larkfield-staff"))
	two := w.Enter(oidctest.Person{Subject: "sub-two", Name: "Two Example", Groups: []string{"larkfield-staff", "larkfield-seniors"}})
	for who, want := range map[string]fault.Kind{"manager": fault.NotFound, "other-staff": fault.NotFound} {
		if err := w.Keeper.UnmapGroup(t.Context(), w.Actors[who], staff); !fault.Is(err, want) {
			t.Errorf("%s ends a mapping: %v", who, err)
		}
	}
	w.Must(w.Keeper.UnmapGroup(t.Context(), admin, staff))
	if w.Roles(one.Actor.ID) != "" || w.Rights(one.Actor.ID) != 0 || w.Roles(two.Actor.ID) != "staff Larkfield House by group" {
		t.Errorf("one holds %q, two %q", w.Roles(one.Actor.ID), w.Roles(two.Actor.ID))
	}
	if err := w.Keeper.UnmapGroup(t.Context(), admin, staff); !fault.Is(err, fault.NotFound) {
		t.Errorf("a mapping ends twice: %v", err)
	}
	list, err := membership.Groups(t.Context(), w.DB, admin)
	w.Must(err)
	if len(list) != 1 || list[0].Group != "larkfield-seniors" || list[0].Home != sample.ChildrensHome || list[0].By != "Alex Example" || list[0].Why != "for the test" {
		t.Errorf("the mappings are %+v", list)
	}
	if _, err := membership.Groups(t.Context(), w.DB, w.Actors["manager"]); !fault.Is(err, fault.NotFound) {
		t.Errorf("a manager sees the mappings: %v", err)
	}
}

// There is always a way to an administrator.
func TestLastAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.Mapping("care-admins", grants.Administrator, "")
	nia := w.Enter(logintest.Newcomer("care-admins"))
	if got := w.Roles(nia.Actor.ID); got != "administrator everywhere by group" {
		t.Fatalf("they hold %q", got)
	}
	// the planted administrator has no identity at the service, so cannot sign in
	if err := w.Keeper.UnmapGroup(t.Context(), nia.Actor, first); !fault.Is(err, fault.Conflict) || w.Roles(nia.Actor.ID) == "" {
		t.Errorf("the last administrators ended themselves: %v, roles %q", err, w.Roles(nia.Actor.ID))
	}
	second := w.Mapping("other-admins", grants.Administrator, "")
	later := w.Enter(oidctest.Person{Subject: "sub-later", Name: "Later Example", Groups: []string{"care-admins"}})
	// that a group could give the role to somebody is not enough: nobody of it has come yet
	if err := w.Keeper.UnmapGroup(t.Context(), nia.Actor, first); !fault.Is(err, fault.Conflict) || w.Roles(nia.Actor.ID) == "" || w.Roles(later.Actor.ID) == "" {
		t.Errorf("the only administrators who ever came end themselves: %v", err)
	}
	w.Enter(oidctest.Person{Subject: "sub-other", Name: "Other Example", Groups: []string{"other-admins"}})
	w.Must(w.Keeper.UnmapGroup(t.Context(), nia.Actor, first)) // their own way, and a colleague's
	if w.Roles(nia.Actor.ID) != "" || w.Roles(later.Actor.ID) != "" {
		t.Error("the roles outlived their mapping")
	}
	w.Identify("admin", "sub-alex")
	w.Must(w.Keeper.UnmapGroup(t.Context(), w.Actors["admin"], second)) // one who can sign in is left
}

func TestMappingRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	home := w.Homes[sample.ChildrensHome]
	good := membership.NewMapping{Group: "larkfield-staff", Role: grants.MemberOfStaff, Home: home, Why: "for the test"}
	_, err := w.Keeper.MapGroup(t.Context(), w.Actors["admin"], good)
	w.Must(err)
	for name, c := range map[string]struct {
		change func(*membership.NewMapping)
		kind   fault.Kind
		fields string
	}{
		"the same again":    {func(*membership.NewMapping) {}, fault.Conflict, "group"},
		"all of it wrong":   {func(n *membership.NewMapping) { *n = membership.NewMapping{} }, fault.Invalid, "group role why"},
		"no setting":        {func(n *membership.NewMapping) { n.Home = 0 }, fault.Invalid, "setting"},
		"a setting to many": {func(n *membership.NewMapping) { n.Role = grants.Administrator }, fault.Invalid, "setting"},
		"another's setting": {func(n *membership.NewMapping) { n.Home = 1 }, fault.Invalid, "setting"},
		"hidden letters":    {func(n *membership.NewMapping) { n.Group = "a\u202eb" }, fault.Invalid, "group"},
	} {
		n := good
		c.change(&n)
		_, err := w.Keeper.MapGroup(t.Context(), w.Actors["admin"], n)
		f, ok := fault.Of(err)
		if !ok || f.Kind != c.kind {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var fields []string
		for _, one := range f.Fields {
			fields = append(fields, one.Name)
		}
		if got := strings.Join(fields, " "); got != c.fields {
			t.Errorf("%s: wrong are %q, want %q", name, got, c.fields)
		}
	}
	for _, who := range []string{"staff", "manager", "inspector", "dpo", "individual", "service"} {
		n := good
		n.Group = who
		if _, err := w.Keeper.MapGroup(t.Context(), w.Actors[who], n); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s maps a group: %v", who, err)
		}
	}
	if n := w.Count("app.group_role"); n != 1 {
		t.Errorf("%d mappings", n)
	}
}

// What the administrator is shown: what came, and what it gives now.
func TestSignInsAreSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Mapping("football", grants.DataProtectionOfficer, "")
	w.Enter(logintest.Newcomer("larkfield-staff", "choir"))
	w.Enter(logintest.Newcomer("football"))
	admin := w.Actors["admin"]
	list, err := w.Keeper.SignIns(t.Context(), admin, 0, 1)
	w.Must(err)
	older, err := w.Keeper.SignIns(t.Context(), admin, list[0].ID, 5)
	w.Must(err)
	if len(list) != 1 || len(older) != 1 || older[0].ID >= list[0].ID || time.Since(older[0].At) > time.Hour {
		t.Fatalf("the pages are %+v and %+v", list, older)
	}
	g := older[0].Groups
	if len(g) != 2 || g[0].Name != "choir" || len(g[0].Gives) != 0 || g[1].Name != "larkfield-staff" || len(g[1].Gives) != 1 ||
		g[1].Gives[0] != (membership.Gives{Mapping: id, Role: grants.MemberOfStaff, Home: sample.ChildrensHome}) {
		t.Errorf("the groups are %+v", g)
	}
	if n := w.Count("app.footprint where action = 'sign-ins.viewed' and outcome = 'done' and actor_id = $1", int64(admin.ID)); n != 2 {
		t.Errorf("%d footprints of two looks", n)
	}
}
