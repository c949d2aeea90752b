package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"custodian/internal/audit"
	"custodian/internal/clock"
)

// CheckpointRow is one signed checkpoint.
type CheckpointRow struct {
	When, UTC, Stamp string
	Count, Short     string
	Stamped          bool
	File             string
}

// Checkpoints is the page of what was signed.
type Checkpoints struct {
	Frame
	Newest *CheckpointRow
	Rows   []CheckpointRow
	Next   string
	Later  string // the newest again, where the list has gone on
	Checks bool   // the reader may have all of them checked
}

const checkpointsAddress = "/oversight/checkpoints"

// CheckpointsOf makes the page. list holds one more than limit where it goes on.
func CheckpointsOf(list []audit.Signed, before int64, limit int, now time.Time) Checkpoints {
	v := Checkpoints{}
	if len(list) > limit {
		list = list[:limit]
		v.Next = checkpointsAddress + "?before=" + strconv.FormatInt(list[limit-1].ID, 10)
	}
	if before != 0 {
		v.Later = checkpointsAddress
	}
	for _, s := range list {
		v.Rows = append(v.Rows, CheckpointRow{When: Moment(s.At, now), UTC: utc(s.At), Stamp: s.At.UTC().Format(time.RFC3339), Count: Figures(s.Size), Short: s.Short(), Stamped: s.Stamped,
			File: checkpointsAddress + "/" + strconv.FormatInt(s.ID, 10) + "/file"})
	}
	if before == 0 && len(v.Rows) > 0 {
		v.Newest = &v.Rows[0]
	}
	return v
}

// Tell puts what a check found at the top of the page.
func (v *Checkpoints) Tell(c audit.Checked) {
	if !c.Whole() {
		v.Problems = []Problem{{Text: "The footprints are not as they were signed. Tell whoever runs the service now, and let nothing be tidied up before the cause is found."}}
		for _, f := range c.Found {
			v.Problems = append(v.Problems, Problem{Text: upperFirst(f.Text) + "."})
		}
		return
	}
	text := fmt.Sprintf("All footprints are as they were signed. The newest checkpoint kept outside the database covers %s of them: %s, %s.",
		Figures(c.Against.Size), Minute(c.Against.At), c.Against.Short())
	if c.Against.Size == 0 {
		text = "All footprints are as they were when they came. No checkpoint has been signed yet."
	}
	if since := c.Size - c.Against.Size + c.Waiting; since > 0 {
		text += fmt.Sprintf(" %s came since, and will be signed within a minute.", Figures(since))
	}
	if c.Unopened > 0 {
		text += fmt.Sprintf(" The words of %s of them can no longer be checked, because the key of their record was destroyed.", Figures(c.Unopened))
	}
	v.Notice = &Notice{Title: "Checked", Text: text}
}

// Figures writes a number with commas, as one reads it.
func Figures(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Minute is a moment written out, to the minute: "24 November 2026, 7.03pm".
func Minute(t time.Time) string {
	return strings.TrimSpace(Day(clock.DayOf(t)) + ", " + Hour(t))
}
