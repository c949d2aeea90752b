package access_test

import (
	"slices"
	"testing"

	"custodian/internal/access"
)

func TestSectionsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, s := range access.Sections() {
		if got, ok := access.ParseSection(s.String()); !ok || got != s {
			t.Errorf("%s is read as %s", s, got)
		}
		if c := access.ClassOf(access.Family, s); c.Section() != s || c.Kind() != access.Family {
			t.Errorf("the class of %s is of %s", s, c.Section())
		}
	}
	if s, ok := access.ParseSection(""); !ok || s != access.General {
		t.Error("no section is not the general one")
	}
	for _, wrong := range []string{"General", "secret", "unknown", " "} {
		if _, ok := access.ParseSection(wrong); ok {
			t.Errorf("%q is a section", wrong)
		}
	}
	if access.Section(7).String() != "unknown" || access.Section(-1).String() != "unknown" {
		t.Error("a strange section has a name")
	}
}

// Where somebody may add follows from each section by itself.
func TestMayIn(t *testing.T) {
	t.Parallel()
	place := access.Place{Provider: 1, Home: 2, Record: 3, Class: access.ClassOf(access.YoungPerson, access.Sensitive)}
	rights := access.Rights{Actor: access.Actor{ID: 7, Kind: access.Person}, Grants: []access.Grant{
		{ID: 1, Scope: access.AtHome, ScopeID: 2, Mask: access.MaskOf(access.ClassOf(access.YoungPerson, access.General)), Rights: access.Add},
		{ID: 2, Scope: access.AtRecord, ScopeID: 3, Mask: access.MaskOf(access.ClassOf(access.YoungPerson, access.Restricted)), Rights: access.Add},
		{ID: 3, Scope: access.AtHome, ScopeID: 2, Mask: access.EveryClass, Rights: access.Read},
		{ID: 4, Scope: access.AtHome, ScopeID: 2, Mask: access.MaskOf(access.ClassOf(access.Library, access.General), access.ClassOf(access.Library, access.Sensitive)), Rights: access.Add},
	}}
	if got := access.MayIn(rights, access.AddDocument, place); !slices.Equal(got, []access.Section{access.General, access.Restricted}) {
		t.Errorf("may add to %v", got)
	}
	if got := access.MayIn(rights, access.ViewDocument, place); len(got) != 3 {
		t.Errorf("may read %v", got)
	}
	place.Class = access.ClassOf(access.Library, access.General)
	if got := access.MayIn(rights, access.AddDocument, place); !slices.Equal(got, []access.Section{access.General}) {
		t.Errorf("a library has %v", got)
	}
}
