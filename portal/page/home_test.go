package page

import (
	"strings"
	"testing"

	"custodian/internal/clock"
	"custodian/versions"
)

// Whoever approves at several settings is told of which each policy is: their
// titles are the same. For one setting it goes without saying.
func TestWhatWaitsSaysItsSetting(t *testing.T) {
	t.Parallel()
	now := midnight(t, "2026-11-24")
	due := now.AddDate(0, 0, 10)
	fire := func(home string) versions.Need {
		return versions.Need{Title: "Fire safety", Number: 2, HomeName: home, By: "Ada Sample", Post: "NHS nurse", At: now}
	}
	review := fire("")
	review.ReviewOn = &due
	why := func(n versions.Needs) string {
		n.Today = clock.DayOf(now)
		var all []string
		for _, row := range HomeOf(n, nil, nil, nil, now).Needs {
			all = append(all, row.Why)
		}
		return strings.Join(all, "\n")
	}
	one := why(versions.Needs{Approve: []versions.Need{fire("Larch House"), fire("Larch House")}})
	if want := "From Ada Sample, NHS nurse, 24 November."; one != want+"\n"+want {
		t.Errorf("at one setting: %q", one)
	}
	several := why(versions.Needs{Approve: []versions.Need{fire("Larch House"), fire("Elm House")}, Review: []versions.Need{review}})
	for _, want := range []string{"Larch House. From Ada", "Elm House. From Ada", "The whole provider. Review is due"} {
		if !strings.Contains(several, want) {
			t.Errorf("%q is not said in:\n%s", want, several)
		}
	}
}
