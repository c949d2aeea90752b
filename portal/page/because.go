package page

import (
	"custodian/internal/access"
	"custodian/internal/grants"
)

// Because says why the reader sees something: the grant, in words.
func Because(r grants.Reason, kind access.RecordKind) string {
	if r.Basis == "break-glass" {
		return askedFor(r)
	}
	what := "You have been given this"
	switch {
	case r.Role != "":
		what = "You are " + article(lowerFirst(RoleWords(string(r.Role))))
		if r.Place != "" {
			what += map[bool]string{true: " for ", false: " at "}[r.Scope == access.AtProvider] + r.Place
		}
	case r.Basis == "key-worker":
		what = "You are the key worker of this " + Kind(kind)
	case r.Place != "":
		what += " at " + r.Place
	}
	switch {
	case r.Group:
		what += ", because the sign-in service says that you belong to a group with that role, since " + DayOf(r.From)
	case r.By != "":
		what += ", given by " + r.By + " on " + DayOf(r.From)
	default:
		what += ", since " + DayOf(r.From)
	}
	if r.Until != nil {
		return what + ". It ends on " + DayOf(*r.Until) + "."
	}
	return what + ". It has no end date."
}

// article sets the article before a role: there is one registered manager of a
// home, and many members of staff.
func article(role string) string {
	switch role {
	case "registered manager", "responsible individual", "data protection officer":
		return "the " + role
	case "inspector", "administrator":
		return "an " + role
	}
	return "a " + role
}
