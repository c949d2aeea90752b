package page

import (
	"fmt"
	"strconv"
	"time"

	"custodian/internal/audit"
	"custodian/internal/grants"
)

// LookedRow is what was done of one kind with one thing during an access outside a
// role.
type LookedRow struct {
	FootprintRow
	Times             string
	First, FirstStamp string // when it was done first, "" where that says the same as when it was done last
	Last              string // when that was, after a First
}

func lookedRow(l grants.Looked, now time.Time) LookedRow {
	r := LookedRow{FootprintRow: footprintRow(l.Footprint, now), Times: "Once"}
	if l.Times > 1 {
		r.Times = fmt.Sprintf("%d times", l.Times)
	}
	if first := Moment(l.First, now); first != r.When {
		r.First, r.FirstStamp, r.Last = first, l.First.UTC().Format(time.RFC3339), lowerFirst(r.When)
	}
	return r
}

// looksWords say how often somebody looked.
func looksWords(n int) string {
	if n == 1 {
		return "One look or try"
	}
	return fmt.Sprintf("%d looks and tries", n)
}

// OutsideLooksOf makes the list of every single look during an access. found holds
// one more than limit where the list goes on.
func OutsideLooksOf(o grants.Outside, found []audit.Footprint, before int64, limit int, now time.Time) Footprints {
	at := OutsideAddress(o.ID) + "/looks"
	f := Footprints{Heading: "Looked at meanwhile", Caption: outsideName(o), Intro: "Every single look and try of this person on this record while the access lasted, as far as you may audit it, newest first."}
	if len(found) > limit {
		found = found[:limit]
		f.Earlier = at + "?before=" + strconv.FormatInt(found[limit-1].ID, 10)
	}
	if before != 0 {
		f.Later = at
	}
	for _, p := range found {
		f.Rows = append(f.Rows, footprintRow(p, now))
	}
	return f
}
