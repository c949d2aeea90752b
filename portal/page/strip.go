package page

import (
	"strconv"
	"time"

	"custodian/internal/clock"
	"custodian/versions"
)

// Strip is the picture of when things changed in the two years around a day,
// with the nearest change before it and after it as links.
type Strip struct {
	Heading, Title string
	Ticks          []Tick
	Dots           []Dot
	Now            string // where the day lies
	Day            string
	Before, After  *Link
	Empty          bool
}

// Tick is the beginning of a month.
type Tick struct {
	X, LabelX, Label string
	Year             string // "" where the year does not begin
}

// Dot is a day on which something changed.
type Dot struct {
	X   string
	Sop bool // the statement of purpose changed
}

const (
	stripWidth  = 1046
	stripMonths = 24
)

// StripSpan is the time that the strip around a day shows.
func StripSpan(day clock.Day) (from, to time.Time) {
	t := day.UTC()
	first := time.Date(t.Year(), t.Month()-stripMonths/2, 1, 0, 0, 0, 0, clock.London)
	return first, first.AddDate(0, stripMonths, 0)
}

// StripOf draws the strip. address gives the page's address for another day.
func StripOf(day clock.Day, within []versions.Change, before, after *versions.Change, address func(clock.Day) string) *Strip {
	from, to := StripSpan(day)
	x := func(t time.Time) string {
		return strconv.FormatFloat(stripWidth*float64(t.Sub(from))/float64(to.Sub(from)), 'f', 1, 64)
	}
	s := &Strip{Heading: "Changes around that day", Now: x(day.Start()), Day: Day(day), Empty: len(within) == 0}
	for m := range stripMonths {
		at := from.AddDate(0, m, 0)
		t := Tick{X: x(at), LabelX: x(at.AddDate(0, 0, 15)), Label: at.Format("Jan")}
		if m == 0 || at.Month() == time.January {
			t.Year = at.Format("2006")
		}
		s.Ticks = append(s.Ticks, t)
	}
	var last clock.Day
	for _, c := range within {
		d, sop := clock.DayOf(c.On), c.Kind == "statement-of-purpose"
		if d == last && !sop {
			continue
		}
		last = d
		s.Dots = append(s.Dots, Dot{x(c.On), sop})
	}
	s.Title = "Changes from " + from.Format("January 2006") + " to " + to.AddDate(0, 0, -1).Format("January 2006") + ". " + lies(day, before, after)
	if before != nil {
		s.Before = &Link{"← " + DayOf(before.On) + ": " + changed(before), address(clock.DayOf(before.On))}
	}
	if after != nil {
		s.After = &Link{DayOf(after.On) + ": " + changed(after) + " →", address(clock.DayOf(after.On))}
	}
	return s
}

func changed(c *versions.Change) string {
	if c.Ended {
		return c.Title + " ended"
	}
	return c.Title
}

func lies(day clock.Day, before, after *versions.Change) string {
	switch {
	case before != nil && after != nil:
		return "The day you chose, " + Day(day) + ", lies between the changes of " + DayOf(before.On) + " and " + DayOf(after.On) + "."
	case before != nil:
		return "The last change before " + Day(day) + " was on " + DayOf(before.On) + "; none has come since."
	case after != nil:
		return "The first change after " + Day(day) + " came on " + DayOf(after.On) + "."
	}
	return "Nothing has changed yet."
}

// AddressBy is AddressOn by what was known on another day, where that is not zero.
func AddressBy(record int64, known clock.Day) func(clock.Day) string {
	return func(d clock.Day) string {
		at := AddressOn(record)(d)
		if known.IsZero() {
			return at
		}
		return at + "&" + DayFields(nil, "known", known).Encode()
	}
}

// AddressOn gives the address of a record as at a day.
func AddressOn(record int64) func(clock.Day) string {
	return func(d clock.Day) string {
		return RecordAddress(record) + "?" + DayFields(nil, "on", d).Encode()
	}
}
