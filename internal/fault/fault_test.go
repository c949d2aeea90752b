package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"custodian/internal/fault"
)

func TestFaultsAreFoundThroughWraps(t *testing.T) {
	t.Parallel()
	cause := errors.New("connection reset")
	err := fmt.Errorf("outer: %w", fault.Wrap(fault.Unavailable, "Try again.", cause))
	if !fault.Is(err, fault.Unavailable) || fault.Is(err, fault.NotFound) || !errors.Is(err, cause) {
		t.Errorf("lost in %v", err)
	}
	if fault.Is(cause, fault.Invalid) {
		t.Error("any error is taken for a fault")
	}
	if f, _ := fault.Of(err); strings.Contains(f.Public, "reset") {
		t.Error("the cause is public")
	}
}

func TestBad(t *testing.T) {
	t.Parallel()
	if err := fault.Bad(nil); err != nil {
		t.Errorf("nothing is wrong, and yet %v", err)
	}
	err := fault.Bad([]fault.Field{{Name: "a", Problem: "A."}, {Name: "b", Problem: "B."}})
	if f, ok := fault.Of(err); !ok || f.Kind != fault.Invalid || len(f.Fields) != 2 {
		t.Errorf("%v", err)
	}
}

func TestCheckLine(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"Safeguarding", "Zoë’s plan – “draft”", "O'Neill", "مريم", strings.Repeat("x", 200)} {
		if bad := fault.CheckLine("title", good); bad != nil {
			t.Errorf("%q: %v", good, bad)
		}
	}
	for _, wrong := range []string{"", "  ", "\u202etxt.exe", "a\nb", "a\x00b", "a\u2066b", "\ufffd", strings.Repeat("é", 201)} {
		if fault.CheckLine("title", wrong) == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
	for name, want := range map[string]string{"title": "Enter a title.", "why": "Enter a reason.", "post_title": "Enter a post title.", "address": "Enter an address."} {
		if bad := fault.CheckLine(name, ""); bad[0].Name != name || bad[0].Problem != want {
			t.Errorf("an empty %s: %+v", name, bad)
		}
	}
}
