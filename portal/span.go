package portal

import (
	"time"

	"custodian/internal/clock"
)

// span is a day as the first or the last of a period; the zero span is none.
type span struct{ clock.Day }

func spanOf(text string) span {
	d, err := clock.ParseDay(text)
	if err != nil {
		return span{}
	}
	return span{d}
}

// start is when a period begins whose first day it is.
func (s span) start() time.Time {
	if s.IsZero() {
		return time.Time{}
	}
	return s.Start()
}

// end is when a period ends whose last day it is: the day is in it.
func (s span) end() time.Time {
	if s.IsZero() {
		return time.Time{}
	}
	return s.Next().Start()
}
