package page_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/people"
	"custodian/portal/page"
)

// Who loses what is said by name, and who keeps the role by another way.
func TestLosing(t *testing.T) {
	t.Parallel()
	after := "From now on the group gives nobody this role. A role that was given by hand stays."
	for name, c := range map[string]struct {
		role, home string
		lose, keep []string
		want       []string
	}{
		"nobody":   {"staff", "Larch House", nil, nil, []string{"Nobody holds a role through it now.", after}},
		"one":      {"administrator", "", []string{"A"}, nil, []string{"One person stops being administrator for the whole provider at once: A.", after}},
		"three":    {"staff", "Larch House", []string{"A", "B", "C"}, nil, []string{"3 people stop being member of staff at Larch House at once: A, B and C.", after}},
		"all keep": {"staff", "Larch House", nil, []string{"A", "B"}, []string{"Nobody loses a role.", "A and B keep the role through another group.", after}},
		"one each": {"staff", "Larch House", []string{"A"}, []string{"B"}, []string{"One person stops being member of staff at Larch House at once: A.", "B keeps the role through another group.", after}},
	} {
		if diff := cmp.Diff(c.want, page.Losing(c.role, c.home, c.lose, c.keep)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A role is told as what it is at the moment: held, to come, over, or never begun.
func TestRolesOfAPerson(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		d, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	until := func(s string) *time.Time { d := at(s); return &d }
	p := people.Person{ID: 7, Name: "Nia", SaidName: "Nia N", Subject: "s", Roles: []people.RoleEver{
		{ID: 1, Role: "staff", Home: "Larch House", From: at("2026-01-05 00:00:00"), Begun: true, MayEnd: true, By: "Alex", Why: "joins"},
		{ID: 2, Role: "manager", MayEnd: true, Home: "Larch House", From: at("2026-12-01 00:00:00"), Until: until("2027-01-01 00:00:00")},
		{ID: 3, Role: "inspector", Home: "Larch House", From: at("2025-05-01 00:00:00"), Until: until("2025-05-03 16:00:00"), Begun: true, Ended: true, EndedBy: "Robin", EndedWhy: "done"},
		{ID: 4, Role: "administrator", From: at("2026-12-01 00:00:00"), Until: until("2026-12-01 00:00:00"), Ended: true},
	}}
	v := page.PersonOf(p, at("2026-06-01 12:00:00"))
	var got []string
	for _, r := range append(v.Now, v.Not...) {
		got = append(got, r.Role+"|"+r.Where+"|"+r.When+"|"+r.Status.Words+"|"+r.Ended+"|"+r.End)
	}
	want := []string{
		"Member of staff|Larch House|From 5 January 2026|Now||/people/7/roles/1/end",
		"Registered manager|Larch House|1 December 2026 to 31 December 2026|From 1 December 2026||/people/7/roles/2/end",
		"Inspector|Larch House|1 May 2025 to 3 May 2025|Ended|Ended by Robin|",
		"Administrator|The whole provider|It was to begin on 1 December 2026|Never began||",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if v.Said != "Nia N" || v.Status != nil {
		t.Errorf("said %q, status %v", v.Said, v.Status)
	}
}

// What was typed before the session ended can be read; what nobody typed is sent
// again and not shown.
func TestAgainShowsWhatWasTyped(t *testing.T) {
	t.Parallel()
	v := page.Again{Typed: []page.Kept{{Name: "from-day", Text: "3"}, {Name: "once", Text: "QRST"}, {Name: "key", Text: "UVW"}, {Name: "seen", Text: "7"}, {Name: "until-day", Text: " "}, {Name: "why", Text: "a\nb"}}}
	if diff := cmp.Diff([]page.Kept{{Name: "From day", Text: "3"}, {Name: "Why", Text: "a\nb"}}, v.Shown()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
