package page

import (
	"fmt"
	"strings"
	"time"

	"custodian/internal/clock"
)

// Day says a day in words: 14 March 2025.
func Day(d clock.Day) string {
	if d.IsZero() {
		return ""
	}
	return d.UTC().Format("2 January 2006")
}

// DayOf says the London day of an instant.
func DayOf(t time.Time) string { return Day(clock.DayOf(t)) }

// Weekday says a day with its weekday: Monday 23 November 2026.
func Weekday(d clock.Day) string { return d.UTC().Format("Monday 2 January 2006") }

// Hour says the time of day in London: 4.10pm.
func Hour(t time.Time) string { return t.In(clock.London).Format("3.04pm") }

// Moment says when something happened, as one would today: "Today, 8.52am",
// "Yesterday, 4.10pm", "17 November, 9.05am"; the year where it is another.
func Moment(t, now time.Time) string {
	d, today := clock.DayOf(t), clock.DayOf(now)
	switch {
	case d == today:
		return "Today, " + Hour(t)
	case d == today.Plus(-1):
		return "Yesterday, " + Hour(t)
	case d.UTC().Year() == today.UTC().Year():
		return d.UTC().Format("2 January") + ", " + Hour(t)
	}
	return Day(d) + ", " + Hour(t)
}

// From says a period in force: "From 1 September 2026", or
// "2 September 2024 to 31 August 2025" (the last day is in it).
func From(from time.Time, to *time.Time) string {
	if to == nil {
		return "From " + DayOf(from)
	}
	last := clock.DayOf(to.Add(-time.Microsecond))
	return Day(clock.DayOf(from)) + " to " + Day(last)
}

// lowerFrom says a period in the middle of a sentence.
func lowerFrom(s string) string {
	if len(s) > 4 && s[:4] == "From" {
		return "f" + s[1:]
	}
	return s
}

// Until says how far off a day is: "today", "in 12 days", "in 9 months",
// "3 days ago".
func Until(d, today clock.Day) string {
	n := daysBetween(today, d)
	switch {
	case n == 0:
		return "today"
	case n == 1:
		return "tomorrow"
	case n == -1:
		return "yesterday"
	case n > 0:
		return "in " + span(n)
	}
	return span(-n) + " ago"
}

// Overdue says by how much a day has passed: "18 days overdue".
func Overdue(d, today clock.Day) string { return span(daysBetween(d, today)) + " overdue" }

func daysBetween(a, b clock.Day) int { return int(b.UTC().Sub(a.UTC()).Hours() / 24) }

// span says a number of days in the unit a person would use.
func span(days int) string {
	switch {
	case days < 100:
		return count(days, "day")
	case days < 730:
		return count(int(float64(days)/30.44+0.5), "month")
	}
	return count(days/365, "year")
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// Count says how many of something there are: "one policy", "36 policies".
func Count(n int, one, many string) string {
	if n == 1 {
		return "one " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Size says how large a file is: 2.1 MB.
func Size(n int64) string {
	switch {
	case n >= 1e9:
		return trim(float64(n)/1e9) + " GB"
	case n >= 1e6:
		return trim(float64(n)/1e6) + " MB"
	case n >= 1000:
		return fmt.Sprintf("%d KB", (n+500)/1000)
	}
	return count(int(n), "byte")
}

func trim(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") }

// FileKind says what a media type is in words.
func FileKind(media string) string {
	base, _, _ := strings.Cut(media, ";")
	if words, ok := fileKinds()[base]; ok {
		return words
	}
	switch class, kind, _ := strings.Cut(base, "/"); class {
	case "image":
		return "Picture (" + strings.ToUpper(kind) + ")"
	case "audio":
		return "Sound"
	case "video":
		return "Film"
	case "text":
		return "Text"
	}
	return "File"
}

func fileKinds() map[string]string {
	const office = "application/vnd.openxmlformats-officedocument."
	return map[string]string{
		"application/pdf":                         "PDF",
		office + "wordprocessingml.document":      "Word document",
		office + "spreadsheetml.sheet":            "Excel workbook",
		office + "presentationml.presentation":    "PowerPoint slides",
		"application/vnd.oasis.opendocument.text": "OpenDocument text",
		"application/msword":                      "Word document",
		"application/vnd.ms-excel":                "Excel workbook",
		"application/zip":                         "Zip archive",
		"message/rfc822":                          "E-mail",
		"application/vnd.ms-outlook":              "E-mail (Outlook)",
		"text/rtf":                                "Text (RTF)",
		"text/csv":                                "Table (CSV)",
	}
}

// upperFirst begins a sentence, or a fact, with a capital letter.
func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-0x20) + s[1:]
}

// lowerFirst says words that begin with a capital letter in the middle of a sentence.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}
