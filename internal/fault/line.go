package fault

import (
	"fmt"
	"strings"
	"unicode"
)

// Longest is the most letters a line of text may have.
const Longest = 200

// CheckLine says what is wrong with a line that a person typed: empty, too
// long, or holding characters that hide or reorder others (Unicode
// bidirectional controls can make one name look like another). It gives nil
// when nothing is wrong.
func CheckLine(name, text string) []Field {
	words := strings.ReplaceAll(name, "_", " ")
	if name == "why" {
		words = "reason"
	}
	switch n := len([]rune(text)); {
	case strings.TrimSpace(text) == "":
		return []Field{{Name: name, Problem: "Enter " + article(words) + words + "."}}
	case n > Longest:
		return []Field{{Name: name, Problem: fmt.Sprintf("The %s has %d letters. Shorten it to %d or fewer.", words, n, Longest)}}
	case strings.ContainsFunc(text, Hidden):
		return []Field{{Name: name, Problem: "The " + words + " holds characters that cannot be seen. Type it again."}}
	}
	return nil
}

// article is the word before a noun: a title, but an address.
func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an "
	}
	return "a "
}

// Hidden tells whether a character hides or reorders others, or is none.
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029'
}
