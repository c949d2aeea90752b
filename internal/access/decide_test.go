package access_test

import (
	"testing"

	"custodian/internal/access"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	general, restricted := access.ClassOf(access.YoungPerson, access.General), access.ClassOf(access.YoungPerson, access.Restricted)
	place := access.Place{Provider: 1, Home: 2, Record: 3, Document: 4, Class: general}
	grant := func(s access.Scope, at int64, m access.Mask, r access.Right) []access.Grant {
		return []access.Grant{{ID: 9, Scope: s, ScopeID: at, Mask: m, Rights: r}}
	}
	person := access.Actor{ID: 7, Kind: access.Person}
	for name, c := range map[string]struct {
		rights access.Rights
		action access.Action
		place  access.Place
		want   bool
	}{
		"nothing held":             {access.Rights{Actor: person}, access.ViewDocument, place, false},
		"by the home":              {access.Rights{Actor: person, Grants: grant(access.AtHome, 2, access.MaskOf(general), access.Read)}, access.ViewDocument, place, true},
		"another home":             {access.Rights{Actor: person, Grants: grant(access.AtHome, 5, access.EveryClass, access.AllRights)}, access.ViewDocument, place, false},
		"by the document":          {access.Rights{Actor: person, Grants: grant(access.AtDocument, 4, access.MaskOf(general), access.Read)}, access.ViewDocument, place, true},
		"by the version":           {access.Rights{Actor: person, Grants: grant(access.AtVersion, 5, access.MaskOf(general), access.Read)}, access.OpenVersion, access.Place{Provider: 1, Home: 2, Record: 3, Document: 4, Version: 5, Class: general}, true},
		"another version":          {access.Rights{Actor: person, Grants: grant(access.AtVersion, 6, access.EveryClass, access.AllRights)}, access.OpenVersion, access.Place{Provider: 1, Home: 2, Record: 3, Document: 4, Version: 5, Class: general}, false},
		"a version is no document": {access.Rights{Actor: person, Grants: grant(access.AtVersion, 4, access.EveryClass, access.AllRights)}, access.ViewDocument, place, false},
		"another section":          {access.Rights{Actor: person, Grants: grant(access.AtHome, 2, access.MaskOf(general), access.Read)}, access.ViewDocument, access.Place{Provider: 1, Home: 2, Record: 3, Document: 4, Class: restricted}, false},
		"reading is not adding":    {access.Rights{Actor: person, Grants: grant(access.AtHome, 2, access.EveryClass, access.Read)}, access.AddVersion, place, false},
		"managing is not reading":  {access.Rights{Actor: person, Grants: grant(access.AtProvider, 1, access.EveryClass, access.Manage)}, access.ViewDocument, place, false},
		"a shield stands in front": {access.Rights{Actor: person, Grants: grant(access.AtRecord, 3, access.EveryClass, access.AllRights), Shields: []int64{3}}, access.ViewDocument, place, false},
		"a person approves":        {access.Rights{Actor: person, Grants: grant(access.AtHome, 2, access.EveryClass, access.Approve)}, access.ApproveVersion, place, true},
		"a service never approves": {access.Rights{Actor: access.Actor{ID: 7, Kind: access.Service}, Grants: grant(access.AtHome, 2, access.EveryClass, access.AllRights)}, access.ApproveVersion, place, false},
		"no home is no match":      {access.Rights{Actor: person, Grants: grant(access.AtHome, 0, access.EveryClass, access.AllRights)}, access.ViewDocument, access.Place{Provider: 1, Record: 3, Document: 4}, false},
		"an action without right":  {access.Rights{Actor: person, Grants: grant(access.AtHome, 2, access.EveryClass, access.AllRights)}, access.Public, place, false},
	} {
		if _, got := access.Decide(c.rights, c.action, c.place); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	sections := access.Rights{Actor: person, Grants: grant(access.AtRecord, 3, access.MaskOf(restricted), access.Read)}
	if _, ok := access.DecideRecord(sections, access.ViewRecord, place); !ok {
		t.Error("who sees one section of a record sees that it is there")
	}
	document := access.Rights{Actor: person, Grants: grant(access.AtDocument, 4, access.EveryClass, access.Read)}
	if _, ok := access.DecideRecord(document, access.ViewRecord, place); ok {
		t.Error("who sees one document sees the whole record")
	}
}
