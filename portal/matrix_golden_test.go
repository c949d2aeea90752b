package portal_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"custodian/portal"
)

const matrixHead = `Who may ask for what: made by TestMatrix from the router's own table, to be read, and changed on purpose only (go test ./portal -run TestMatrix -update).

    +  answered         >  done, and sent on       .  not there, as far as they can tell (the same answer as for what is not there at all)
    -  "you may not"    ?  not as it was asked     x  to sign in first

Of records there are three letters: for a young person's record, a library, and a staff file. "closed" is the record; "shielded" is it from whoever asks; "sensitive" and
"restricted" are the sections in which its documents lie. "own" is the setting at which the role is held, or for roles that hold for the whole organisation one of its settings.
A young person's "sensitive" record is open to visitors, by two consents; its "restricted" one has a circle of all who ask around it. The visitor under regulation 25 visits the other
setting, and the parent's own record is not among these. "left" held a role until it was ended; "one-version" holds a grant on version 1 of a document of the first record, and nothing else. Routes with the same answers share a table.
`

// text writes the matrix: one table for all routes that are answered alike.
func (m *matrix) text(halves ...[]portal.Route) (string, int) {
	var b strings.Builder
	b.WriteString(matrixHead)
	cells := 0
	for i, routes := range halves {
		fmt.Fprintf(&b, "\n%s\n", []string{"== What programs ask, with a token", "== What directory services ask, with a token of theirs", "== Pages, in a session"}[i])
		var order []string
		families := map[string][]string{}
		for _, r := range routes {
			table := m.table(r, &cells)
			if families[table] == nil {
				order = append(order, table)
			}
			families[table] = append(families[table], fmt.Sprintf("%-4s %-50s %s\n", r.Method, r.Path, r.Action))
		}
		for _, table := range order {
			b.WriteString("\n" + strings.Join(families[table], "") + table)
		}
	}
	fmt.Fprintf(&b, "\n%d cells\n", cells)
	return b.String(), cells
}

// table is one route's: a line for each role, roles with the same line together.
func (m *matrix) table(r portal.Route, cells *int) string {
	var b strings.Builder
	answers := m.answers[r.Method+" "+r.Path]
	wide := 0
	for _, letters := range answers {
		wide = max(wide, len(letters))
	}
	switch n := len(inStates) * len(atHomes); wide {
	case n * len(aboutKinds):
		fmt.Fprintf(&b, "%48s", "")
		for _, home := range atHomes {
			fmt.Fprintf(&b, "  %-34s", home)
		}
		fmt.Fprintf(&b, "\n%48s", "")
		for range atHomes {
			b.WriteString(" ")
			for _, state := range inStates {
				fmt.Fprintf(&b, " %-6s", state[:min(6, len(state))])
			}
		}
		b.WriteString("\n")
	case len(atHomes):
		fmt.Fprintf(&b, "%48s  own another elsewhere\n", "")
	}
	var order []string
	lines := map[string][]string{}
	for _, role := range gridRoles() {
		letters, asked := answers[role]
		if !asked {
			continue
		}
		*cells += len(letters)
		var line strings.Builder
		for i := 0; i < len(letters); {
			n := 1
			if len(letters) > len(atHomes) {
				n = len(aboutKinds)
			}
			fmt.Fprintf(&line, " %-6s", letters[i:i+n])
			if i += n; len(letters) > len(atHomes) && i%(len(inStates)*len(aboutKinds)) == 0 {
				line.WriteString(" ")
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if lines[text] == nil {
			order = append(order, text)
		}
		lines[text] = append(lines[text], role)
	}
	for _, text := range order {
		names := strings.Join(lines[text], ",")
		if len(names) > 46 {
			names += "\n" + strings.Repeat(" ", 48)
			fmt.Fprintf(&b, "  %s %s\n", names, text)
			continue
		}
		fmt.Fprintf(&b, "  %-46s %s\n", names, text)
	}
	return b.String()
}

// readGolden reads the matrix back: the letters by route and role.
func readGolden(t *testing.T) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile(matrixGolden)
	must(t, err)
	golden := map[string]map[string]string{}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		var routes, roles []string
		for line := range strings.Lines(block) {
			words := strings.Fields(line)
			switch {
			case len(words) == 0:
			case slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, words[0]) && len(words) == 3:
				routes = append(routes, words[0]+" "+words[1])
				golden[routes[len(routes)-1]] = map[string]string{}
			case len(routes) == 0 || words[0] == "own":
			default:
				if slices.Contains(gridRoles(), strings.Split(words[0], ",")[0]) {
					roles, words = strings.Split(words[0], ","), words[1:]
				}
				for _, route := range routes {
					for _, role := range roles {
						golden[route][role] = strings.Join(words, "")
					}
				}
			}
		}
	}
	if len(golden) != len(portal.Routes())+len(portal.PageRoutes())+len(portal.DirectoryRoutes()) {
		t.Fatalf("%s tells of %d routes; there are %d", matrixGolden, len(golden), len(portal.Routes())+len(portal.PageRoutes())+len(portal.DirectoryRoutes()))
	}
	return golden
}
