package clock_test

import (
	"testing"
	"time"

	"custodian/internal/clock"
)

func TestParseDay(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"2026-03-14", "2024-02-29", "1900-01-01", "2199-12-31"} {
		d, err := clock.ParseDay(s)
		if err != nil || d.String() != s {
			t.Errorf("%s: %s, %v", s, d, err)
		}
	}
	for _, s := range []string{"", "2025-02-29", "2026-02-30", "2026-13-01", "2026-3-14", "14/03/2026", "1899-12-31", "2200-01-01", "2026-03-14T00:00:00Z", " 2026-03-14"} {
		if d, err := clock.ParseDay(s); err == nil {
			t.Errorf("%q was taken for %s", s, d)
		}
	}
}

// Days begin at London midnight. On 29 March and 25 October 2026 the clocks
// change, and the day lasts 23 and 25 hours.
func TestDaysAreLondonDays(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		start string
		hours float64
	}{
		"2026-01-15": {"2026-01-15T00:00:00Z", 24},
		"2026-03-29": {"2026-03-29T00:00:00Z", 23},
		"2026-03-30": {"2026-03-29T23:00:00Z", 24},
		"2026-10-25": {"2026-10-24T23:00:00Z", 25},
		"2026-10-26": {"2026-10-26T00:00:00Z", 24},
	} {
		d, err := clock.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Start().Format(time.RFC3339); got != want.start {
			t.Errorf("%s begins at %s, want %s", s, got, want.start)
		}
		if got := d.Next().Start().Sub(d.Start()).Hours(); got != want.hours {
			t.Errorf("%s lasts %v hours, want %v", s, got, want.hours)
		}
		for _, at := range []time.Time{d.Start(), d.Next().Start().Add(-time.Nanosecond)} {
			if clock.DayOf(at) != d {
				t.Errorf("%s falls on %s, want %s", at, clock.DayOf(at), d)
			}
		}
	}
}

// Every day of three centuries is one day before the next and reads back as itself.
func TestEveryDayFollowsTheLast(t *testing.T) {
	t.Parallel()
	n := 0
	for d := clock.First; d.Before(clock.Last); d = d.Next() {
		next := d.Next()
		if !d.Before(next) || next.Plus(-1) != d || !d.Start().Before(next.Start()) || clock.DayOf(d.Start()) != d {
			t.Fatalf("%s and %s", d, next)
		}
		n++
	}
	if n != 109_572 {
		t.Errorf("%d days", n)
	}
}
