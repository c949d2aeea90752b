package page

import (
	"time"

	"custodian/internal/looks"
)

// SampleRow is a look of a sample.
type SampleRow struct {
	FootprintRow
	Question *Link // the question that was asked about it
	Answer   string
}

// SampleRows say what was drawn.
func SampleRows(drawn []looks.Drawn, now time.Time) []SampleRow {
	var list []SampleRow
	for _, d := range drawn {
		row := SampleRow{FootprintRow: lookRow(d.Look, now)}
		row.UTCFirst(d.At)
		if d.Question == nil {
			row.Ask = LookAddress(d.ID, "ask")
		} else {
			row.Question = &Link{"Asked on " + DayOf(d.Question.At), QuestionAddress(d.Question.ID)}
			row.Answer = d.Question.Answer
		}
		list = append(list, row)
	}
	return list
}
