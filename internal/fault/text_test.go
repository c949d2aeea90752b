package fault_test

import (
	"strings"
	"testing"

	"custodian/internal/fault"
)

func TestCheckText(t *testing.T) {
	t.Parallel()
	const ask = "Write why."
	for _, c := range []struct{ text, ask, want string }{
		{"Because.\nAnd so on.\t", ask, ""},
		{"<script>alert(1)</script>", ask, ""}, // words like any others: they are escaped where they are shown
		{"", "", ""},
		{" \n ", ask, ask},
		{strings.Repeat("é", 2000), ask, ""},
		{strings.Repeat("é", 2001), ask, "The reason has 2001 letters. Shorten it to 2000 or fewer."},
		{"a\u202eb", ask, "The reason holds characters that cannot be seen. Type it again."},
		{"a\x00b", "", "The reason holds characters that cannot be seen. Type it again."},
	} {
		bad := fault.CheckText("why", c.text, "the reason", c.ask)
		if c.want == "" && bad != nil || c.want != "" && (len(bad) != 1 || bad[0].Problem != c.want || bad[0].Name != "why") {
			t.Errorf("%.20q: %v, want %q", c.text, bad, c.want)
		}
	}
	for _, wrong := range []string{"", "a\nb", strings.Repeat("x", 201)} {
		if bad := fault.CheckSaid("source", wrong, "who said so", "Enter who said so."); len(bad) != 1 || bad[0].Name != "source" {
			t.Errorf("%.20q: %v", wrong, bad)
		}
	}
	if bad := fault.CheckSaid("source", "Zoë O'Neill, nurse", "who said so", "Enter who said so."); bad != nil {
		t.Errorf("a name and a post: %v", bad)
	}
}
