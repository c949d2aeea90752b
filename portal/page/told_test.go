package page

import (
	"testing"
	"time"

	"custodian/internal/access"
)

// What waits has no number of days before one has gone by, whatever midnight passed.
func TestWaitingSaysSince(t *testing.T) {
	t.Parallel()
	now := midnight(t, "2026-11-24").Add(9 * time.Hour)
	for ago, want := range map[time.Duration]string{
		time.Minute: "New today", 9 * time.Hour: "New today", 9*time.Hour + time.Minute: "Waiting since 11.59pm yesterday", 23 * time.Hour: "Waiting since 10.00am yesterday",
		24 * time.Hour: "Waiting 1 day", 40 * time.Hour: "Waiting 1 day", 48 * time.Hour: "Waiting 2 days", 240 * time.Hour: "Waiting 10 days",
	} {
		if got := waiting(now.Add(-ago), now); got != want {
			t.Errorf("%s ago: %q, want %q", ago, got, want)
		}
	}
	// a day of 23 hours lies between
	if got := waiting(midnight(t, "2026-03-28").Add(23*time.Hour+59*time.Minute), midnight(t, "2026-03-30").Add(time.Minute)); got != "Waiting 1 day" {
		t.Errorf("over a short day: %q", got)
	}
}

// An end at midnight is said by the day that ends.
func TestEndOfADay(t *testing.T) {
	t.Parallel()
	now := midnight(t, "2026-11-24").Add(9 * time.Hour)
	for at, want := range map[time.Time][2]string{
		now.Add(time.Hour):                         {"Today, 10.00am", "Ends today, 10.00am"},
		now.Add(24 * time.Hour):                    {"Tomorrow, 9.00am", "Ends tomorrow, 9.00am"},
		midnight(t, "2026-11-25"):                  {"The end of today", "Ends at the end of today"},
		midnight(t, "2026-11-26"):                  {"The end of tomorrow", "Ends at the end of tomorrow"},
		midnight(t, "2026-12-09"):                  {"The end of 8 December", "Ends at the end of 8 December"},
		midnight(t, "2027-01-01"):                  {"The end of 31 December", "Ends at the end of 31 December"},
		midnight(t, "2027-05-09"):                  {"The end of 8 May 2027", "Ends at the end of 8 May 2027"},
		midnight(t, "2026-12-09").Add(time.Minute): {"9 December, 12.01am", "Ends 9 December, 12.01am"},
	} {
		if got := [2]string{Ahead(at, now), ends(at, now)}; got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

// What somebody reads is said of files once.
func TestContentsOfStaffFiles(t *testing.T) {
	t.Parallel()
	of := func(s access.Section, kinds ...access.RecordKind) (m access.Mask) {
		for _, k := range kinds {
			m |= access.MaskOf(access.ClassOf(k, s))
		}
		return m
	}
	young, staff := access.YoungPerson, access.Staff
	for want, m := range map[string]access.Mask{
		"the general part of staff files":                                   of(access.General, staff),
		"the general part of the files of young people, and of staff files": of(access.General, young, staff),
		"the sensitive part of the files of young people":                   of(access.Sensitive, young),
		"staff files": of(access.General, staff) | of(access.Sensitive, staff) | of(access.Restricted, staff),
		"the sensitive part of staff files; the general part of the files of young people": of(access.General, young) | of(access.Sensitive, staff),
	} {
		if got := contents(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
