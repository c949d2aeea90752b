package membership_test

import (
	"testing"

	"custodian/internal/fault"
	"custodian/internal/logintest"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
)

// From an empty database to the first administrator.
func TestFound(t *testing.T) {
	t.Parallel()
	w := logintest.Bare(t, oidctest.Options{}, nil)
	first := membership.Founding{Name: "Example Care", Issuer: w.Service.Issuer(), Administrators: "care-admins"}
	id, err := membership.Found(t.Context(), w.DB, first)
	w.Must(err)
	other := membership.Founding{Name: "Sample Homes", Issuer: w.Service.Issuer(), Administrators: "sample-admins", Another: true}
	for name, c := range map[string]struct {
		change func(*membership.Founding)
		kind   fault.Kind
	}{
		"no service":      {func(f *membership.Founding) { f.Issuer = "" }, fault.Unavailable},
		"no name":         {func(f *membership.Founding) { f.Name = " " }, fault.Invalid},
		"no group":        {func(f *membership.Founding) { f.Administrators = "" }, fault.Invalid},
		"not said":        {func(f *membership.Founding) { f.Another = false }, fault.Conflict},
		"the same admins": {func(f *membership.Founding) { f.Administrators = "care-admins" }, fault.Conflict},
	} {
		f := other
		c.change(&f)
		if _, err := membership.Found(t.Context(), w.DB, f); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second, err := membership.Found(t.Context(), w.DB, other)
	w.Must(err)
	if id == second || w.Count("app.provider") != 2 || w.Count("app.group_role") != 2 {
		t.Errorf("there are %d organisations with %d groups", w.Count("app.provider"), w.Count("app.group_role"))
	}
	a := w.Enter(logintest.Newcomer("sample-admins"))
	if a.Actor.Provider != second || w.Roles(a.Actor.ID) != "administrator everywhere by group" {
		t.Errorf("%+v holds %q", a.Actor, w.Roles(a.Actor.ID))
	}
	// whoever belongs to one organisation gets nothing by the groups of another
	if a = w.Enter(logintest.Newcomer("sample-admins", "care-admins")); w.Roles(a.Actor.ID) != "administrator everywhere by group" {
		t.Errorf("they hold %q", w.Roles(a.Actor.ID))
	}
	if list, err := membership.Groups(t.Context(), w.DB, a.Actor); err != nil || len(list) != 1 || list[0].Group != "sample-admins" {
		t.Errorf("they see the mappings %+v, %v", list, err)
	}
}
