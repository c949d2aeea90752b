// Package reports answers questions about what is kept: one file a report, from
// a question and its parameters to rows, under the reader's own rights. It reads
// any table and writes none but its own. reports/layout will hold the one model
// of tables, letters and charts, and reports/pdf and reports/xlsx paint it.
//
// No report has been written yet; the room stands where the plan has it.
package reports
