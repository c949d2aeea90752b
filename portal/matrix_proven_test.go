package portal_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// provenElsewhere are the routes that nobody in the matrix is let through, each
// with why, and the test that sees it answer.
func provenElsewhere() map[string][2]string {
	return map[string][2]string{
		"GET /sign-in/callback": {"it answers a browser that comes back from the sign-in service, which the matrix does not walk to", "TestSignInWholeWay"},
		"POST /api/v1/tokens":   {"it is refused to everybody: a program makes no token, and a person does on a page", "TestTokens"},
	}
}

// proven fails where a route is let through for nobody: that everybody is refused
// would then prove nothing. Those that are seen to answer elsewhere are listed, with a
// test that there is, and only for as long as the matrix does not see it itself.
func (m *matrix) proven(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	var tests strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		must(t, err)
		tests.Write(text)
	}
	for route, roles := range m.answers {
		through := false
		for _, letters := range roles {
			through = through || slices.ContainsFunc(letters, func(b byte) bool { return b == '+' || b == '>' })
		}
		elsewhere, listed := provenElsewhere()[route]
		switch {
		case !through && !listed:
			t.Errorf("%s is let through for nobody: give it a filling that succeeds, or say in provenElsewhere which test sees it answer", route)
		case through && listed:
			t.Errorf("%s is let through: take it from provenElsewhere", route)
		case listed && !strings.Contains(tests.String(), "\nfunc "+elsewhere[1]+"(t *testing.T) {"):
			t.Errorf("%s is to be proven by %s, which is not there", route, elsewhere[1])
		}
	}
	for route := range provenElsewhere() {
		if _, there := m.answers[route]; !there {
			t.Errorf("%s is in provenElsewhere, and there is no such route", route)
		}
	}
}
