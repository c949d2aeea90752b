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
	case r.Basis == "data-subject":
		what = "This is your own file, and you can read it"
	case r.Basis == "consent":
		what = "You visit " + or(r.Place, "this setting") + ", and both consents stand on this " + Kind(kind)
	case r.Basis == "inspector-pass":
		what = "This " + Kind(kind) + " was opened to you as an inspector"
	case r.Basis == "portal-link":
		what = "It was shared with you by a link"
	case r.Role != "":
		what = youAre(r)
	case r.Basis == "key-worker":
		what = "You are the key worker of this " + Kind(kind)
	case r.Place != "":
		what += " at " + r.Place
	}
	if r.Handed {
		what += ", standing in for " + or(r.By, "its holder")
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

// youAre says which role the reader has, and where.
func youAre(r grants.Reason) string {
	words := "You are " + article(lowerFirst(RoleWords(string(r.Role))))
	if r.Role == grants.FrontDoor {
		words = "You work at the front door"
	}
	if r.Place != "" {
		words += map[bool]string{true: " for ", false: " at "}[r.Scope == access.AtProvider] + r.Place
	}
	return words
}

// article sets the article before a role: there is one registered manager of a
// home, and many members of staff.
func article(role string) string {
	switch role {
	case "registered manager", "responsible individual", "data protection officer":
		return "the " + role
	case "person in charge of the shift":
		return "the " + role
	case "inspector", "administrator", "auditor", "independent visitor (regulation 44)":
		return "an " + role
	}
	return "a " + role
}
