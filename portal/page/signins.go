package page

import (
	"fmt"
	"slices"
	"strings"
)

// MappingRow is a group of the sign-in service and the role that it gives.
type MappingRow struct {
	Group, Role, Where, Since string
	By, Why                   string
	Elsewhere                 string // the sign-in service it was made for, where that is another now
	End                       string
}

// GroupRow is a group that came with a sign-in.
type GroupRow struct {
	Name  string
	Gives []string
	Map   string // address for mapping it, where it gives nothing
}

// SignInRow is one sign-in as the service told it.
type SignInRow struct {
	When, Stamp          string
	Name, Email, Subject string
	Groups               []GroupRow
	More                 string // how many groups besides give nothing, "" for none
	Status               Status
	Person               string // address of who they are here
	Give                 string // address for giving a stranger a role
}

// SignIns is the page of what the sign-in service sends and what it gives.
type SignIns struct {
	Frame
	Issuer   string
	Mappings []MappingRow
	Rows     []SignInRow
	Next     string
	Later    bool // not the first page
}

// mostCame is how many groups of either sort a list offers: a longer one nobody
// reads, and a browser may not show. Any group can be named instead.
const mostCame = 500

// CameOptions are the groups that came lately, for the form that maps one: those
// first that give nothing. gives tells by their names which give a role; chosen is
// offered in any case, if it came.
func CameOptions(gives map[string]bool, chosen string) []Option {
	list := []Option{{Value: "", Words: "Another group, named below"}}
	for _, given := range []bool{false, true} {
		var names []string
		for name, is := range gives {
			if is == given {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		if rest := names[min(len(names), mostCame):]; slices.Contains(rest, chosen) {
			names[mostCame-1] = chosen
		}
		names = names[:min(len(names), mostCame)]
		for _, name := range names {
			words := name
			if given {
				words += " (gives a role already)"
			}
			list = append(list, Option{Value: name, Words: words})
		}
	}
	return list
}

// Losing says who loses what when a mapping of a role at a setting ("" for the
// whole provider) ends, and who keeps it by another, a sentence for each.
func Losing(role, home string, lose, keep []string) []string {
	role = lowerFirst(RoleWords(role))
	var list []string
	switch {
	case len(lose) == 0 && len(keep) == 0:
		list = append(list, "Nobody holds a role through it now.")
	case len(lose) == 0:
		list = append(list, "Nobody loses a role.")
	case len(lose) == 1:
		list = append(list, fmt.Sprintf("One person stops being %s %s at once: %s.", role, at(home), lose[0]))
	default:
		list = append(list, fmt.Sprintf("%d people stop being %s %s at once: %s.", len(lose), role, at(home), names(lose)))
	}
	if len(keep) > 0 {
		list = append(list, names(keep)+" "+map[bool]string{true: "keeps", false: "keep"}[len(keep) == 1]+" the role through another group.")
	}
	return append(list, "From now on the group gives nobody this role. A role that was given by hand stays.")
}

// at says where a role holds, in a sentence.
func at(home string) string {
	if home == "" {
		return "for the whole provider"
	}
	return "at " + home
}

// names joins names as one says them: "A", "A and B", "A, B and C".
func names(list []string) string {
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
