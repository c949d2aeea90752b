package portal_test

import (
	"fmt"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/portal"
)

// A time of day is read as people write it. One that may be morning or
// afternoon is asked about, never guessed.
func TestTimesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4.10pm": "16:10", "4:10 PM": "16:10", "4 pm": "16:00", "4p.m.": "16:00", "16:10": "16:10", "16.10": "16:10", "1610": "16:10", "04:10": "04:10", "0410": "04:10",
		"12am": "00:00", "12.30pm": "12:30", "noon": "12:00", " Midnight ": "00:00", "0:05": "00:05", "23.59": "23:59", "11 59 pm": "23:59",
		"4.10": "Say whether 4.10 is am or pm.", "12:30": "Say whether 12:30 is am or pm.", "10": "Say whether 10 is am or pm.",
		"": "no", "24:00": "no", "13pm": "no", "0am": "no", "4.60pm": "no", "half past four": "no", "4.1pm": "no", "-1": "no", "٤pm": "no", "4.10pmx": "no", "99999": "no",
	} {
		hour, minute, problem := portal.ReadTime(text)
		got := fmt.Sprintf("%02d:%02d", hour, minute)
		if problem != "" {
			got = problem
		}
		if want == "no" {
			want = "Enter the time it happened, such as 4.10pm."
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// On the nights on which the clocks change an hour is missing, or comes twice:
// the missing one is said, of the other it is the first.
func TestTimesOnTheNightsOfTheClockChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day          string
		hour, minute int
		want         string
	}{
		{"2026-03-29", 0, 59, "2026-03-29T00:59:00Z"}, {"2026-03-29", 1, 30, ""}, {"2026-03-29", 2, 0, "2026-03-29T01:00:00Z"},
		{"2026-10-25", 0, 30, "2026-10-24T23:30:00Z"}, {"2026-10-25", 1, 30, "2026-10-25T00:30:00Z"}, {"2026-10-25", 2, 0, "2026-10-25T02:00:00Z"},
		{"2026-07-01", 0, 0, "2026-06-30T23:00:00Z"}, {"2026-01-01", 12, 0, "2026-01-01T12:00:00Z"},
	} {
		d, err := clock.ParseDay(c.day)
		must(t, err)
		at, problem := portal.LondonTime(d, c.hour, c.minute)
		if (c.want == "") != (problem != "") || c.want != "" && at.Format(time.RFC3339) != c.want {
			t.Errorf("%s %d:%02d: %v %q, want %q", c.day, c.hour, c.minute, at, problem, c.want)
		}
	}
}
