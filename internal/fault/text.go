package fault

import (
	"fmt"
	"strings"
)

// LongestText is the most letters a text of several lines may have.
const LongestText = 2000

// CheckText says what is wrong with a text of several lines that a person typed.
// What says in a sentence what it is: "the reason". An empty one is answered with
// ask, a whole sentence; where that is "", it may be empty. It gives nil when
// nothing is wrong.
func CheckText(name, text, what, ask string) []Field {
	unseen := func(r rune) bool { return Hidden(r) && r != '\n' && r != '\r' && r != '\t' }
	upper := strings.ToUpper(what[:1]) + what[1:]
	switch n := len([]rune(text)); {
	case strings.TrimSpace(text) == "" && ask != "":
		return []Field{{Name: name, Problem: ask}}
	case n > LongestText:
		return []Field{{Name: name, Problem: fmt.Sprintf("%s has %d letters. Shorten it to %d or fewer.", upper, n, LongestText)}}
	case strings.ContainsFunc(text, unseen):
		return []Field{{Name: name, Problem: upper + " holds characters that cannot be seen. Type it again."}}
	}
	return nil
}

// CheckSaid is CheckText for one line that says who or what: no longer than a
// name.
func CheckSaid(name, text, what, ask string) []Field {
	if bad := CheckText(name, text, what, ask); bad != nil {
		return bad
	}
	upper := strings.ToUpper(what[:1]) + what[1:]
	switch n := len([]rune(text)); {
	case n > Longest:
		return []Field{{Name: name, Problem: fmt.Sprintf("%s has %d letters. Shorten it to %d or fewer.", upper, n, Longest)}}
	case strings.ContainsFunc(text, Hidden):
		return []Field{{Name: name, Problem: upper + " holds characters that cannot be seen. Type it again."}}
	}
	return nil
}
