// Package clock counts days as the law in England counts them: by the London
// calendar. It is pure: it reads no clock and does no I/O. Instants are kept in
// UTC; a day runs from one London midnight to the next, so on the two days a
// year when the clocks change it lasts 23 or 25 hours.
package clock

import (
	"fmt"
	"time"
	_ "time/tzdata" // a machine without a time zone database still knows London
)

// London is the time zone in which days are counted.
var London = mustLoad("Europe/London")

func mustLoad(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic("clock: the embedded time zone database lacks " + name)
	}
	return l
}

// Day is a calendar day in London. The zero Day is no day.
type Day struct{ year, month, date int }

// First and Last bound the days that are accepted: earlier or later ones are
// slips of the keyboard.
var (
	First = Day{1900, 1, 1}
	Last  = Day{2199, 12, 31}
)

// ParseDay reads YYYY-MM-DD. A date that does not exist, such as 30 February,
// is refused, as is one before First or after Last.
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("%q is not a date. Give the day as YYYY-MM-DD, such as 2026-03-14", clip(s))
	}
	d := Day{t.Year(), int(t.Month()), t.Day()}
	if d.Before(First) || Last.Before(d) {
		return Day{}, fmt.Errorf("%s is out of range. Give a day from %s to %s", d, First, Last)
	}
	return d, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 30 {
		return string(r[:30])
	}
	return s
}

// DayOf gives the London day on which an instant falls.
func DayOf(t time.Time) Day {
	y, m, d := t.In(London).Date()
	return Day{y, int(m), d}
}

// Start is the instant at which the day begins: its London midnight, in UTC.
func (d Day) Start() time.Time {
	return time.Date(d.year, time.Month(d.month), d.date, 0, 0, 0, 0, London).UTC()
}

// Next is the day after.
func (d Day) Next() Day { return d.Plus(1) }

// Plus is n calendar days later, or earlier for a negative n.
func (d Day) Plus(n int) Day {
	t := time.Date(d.year, time.Month(d.month), d.date+n, 12, 0, 0, 0, time.UTC)
	return Day{t.Year(), int(t.Month()), t.Day()}
}

// Before tells whether d comes before e.
func (d Day) Before(e Day) bool { return d.UTC().Before(e.UTC()) }

// IsZero tells whether this is no day at all.
func (d Day) IsZero() bool { return d == Day{} }

// UTC is midnight of the calendar day in UTC: the form in which a plain date
// (not an instant) goes into and comes out of the database.
func (d Day) UTC() time.Time {
	return time.Date(d.year, time.Month(d.month), d.date, 0, 0, 0, 0, time.UTC)
}

// String gives YYYY-MM-DD.
func (d Day) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.date) }
