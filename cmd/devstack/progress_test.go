package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Where no terminal shows it, progress is four lines, however many parts there
// are; on a terminal it is one line that is written over.
func TestProgress(t *testing.T) {
	t.Parallel()
	for _, total := range []int{4, 7651} {
		var out strings.Builder
		p := newProgress(&out)
		for i := range total {
			p.told(i+1, total)
		}
		if diff := cmp.Diff("  25% planted\n  50% planted\n  75% planted\n  100% planted\n", out.String()); diff != "" {
			t.Errorf("%d parts (-want +got):\n%s", total, diff)
		}
	}
	var out strings.Builder
	p := &progress{out: &out, bar: true}
	for i := range 1000 {
		p.told(i+1, 1000)
	}
	steps := strings.Split(out.String(), "\r")
	if len(steps) != 101 || steps[50] != "  [####################....................]  50%" || steps[100] != "  [########################################] 100%\n" {
		t.Errorf("the bar moves %d times: %q", len(steps), steps)
	}
}
