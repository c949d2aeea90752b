package page

import (
	"slices"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/versions"
)

// midnight is a London midnight.
func midnight(t *testing.T, day string) time.Time {
	t.Helper()
	return on(t, day).Start()
}

func on(t *testing.T, day string) clock.Day {
	t.Helper()
	d, err := clock.ParseDay(day)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// span of a version in force; to is the first day on which it no longer is, "" for none.
func held(t *testing.T, from, to string) versions.Period {
	t.Helper()
	p := versions.Period{From: midnight(t, from)}
	if to != "" {
		end := midnight(t, to)
		p.To = &end
	}
	return p
}

func TestDaysInWords(t *testing.T) {
	t.Parallel()
	today := on(t, "2026-11-24")
	for day, want := range map[string]string{
		"2026-11-24": "today", "2026-11-25": "tomorrow", "2026-11-23": "yesterday", "2026-12-06": "in 12 days", "2026-11-21": "3 days ago",
		"2027-09-01": "in 9 months", "2030-01-01": "in 3 years", "2024-11-24": "2 years ago",
	} {
		if got := Until(on(t, day), today); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
	if got := Overdue(on(t, "2026-11-06"), today); got != "18 days overdue" {
		t.Error(got)
	}
	now := time.Date(2026, 7, 1, 8, 5, 0, 0, time.UTC) // 9.05am in London
	for when, want := range map[time.Time]string{
		now: "Today, 9.05am", now.Add(-17 * time.Hour): "Yesterday, 4.05pm", now.AddDate(0, -2, 0): "1 May, 9.05am", now.AddDate(-2, -6, 0): "1 January 2024, 8.05am",
	} {
		if got := Moment(when, now); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	// the last day is in the period, in summer and over the change of the clocks
	for _, c := range []struct{ from, to, want string }{
		{"2026-09-01", "", "From 1 September 2026"}, {"2024-09-02", "2025-09-01", "2 September 2024 to 31 August 2025"}, {"2026-03-29", "2026-03-30", "29 March 2026 to 29 March 2026"},
	} {
		p := held(t, c.from, c.to)
		if got := From(p.From, p.To); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	two := []versions.Period{held(t, "2024-01-01", "2024-02-01"), held(t, "2024-06-01", "")}
	if got := InForce(two); got != "1 January 2024 to 31 January 2024, and from 1 June 2024" {
		t.Error(got)
	}
	// half past midnight in a London summer is the day before in UTC
	if got := utc(time.Date(2026, 6, 30, 23, 30, 1, 0, time.UTC)); got != "23:30:01 UTC on 30 June" {
		t.Error(got)
	}
}

func TestAnswerInWords(t *testing.T) {
	t.Parallel()
	policy := versions.Document{Kind: "policy", NeedsApproval: true}
	answer3 := func(day, known string, kind access.RecordKind, held []versions.Document, came, ended, waits int, more bool) string {
		s := versions.Shelf{Day: on(t, day), Today: on(t, "2026-11-24"), Where: versions.Where{Kind: kind}}
		var rows []versions.Row
		then := midnight(t, "2020-01-01")
		for _, d := range held {
			rows = append(rows, versions.Row{Document: d, Answer: &versions.Answer{}})
		}
		for range came {
			rows = append(rows, versions.Row{Comes: &then})
		}
		for range ended {
			rows = append(rows, versions.Row{Ended: &then})
		}
		for range waits {
			rows = append(rows, versions.Row{})
		}
		var by clock.Day
		if known != "" {
			by = on(t, known)
		}
		first, also := answer(rows, s, by, more)
		return first + "|" + also
	}
	policies := func(n int, more ...string) []versions.Document {
		list := slices.Repeat([]versions.Document{policy}, n)
		for _, kind := range more {
			list = append(list, versions.Document{Kind: kind})
		}
		return list
	}
	for got, want := range map[string]string{
		answer3("2025-03-14", "", access.Library, policies(36), 1, 1, 0, false): "36 policies were in force on 14 March 2025.|One was approved for later. One had ended or been withdrawn.",
		answer3("2025-03-14", "", access.Library, policies(1), 0, 0, 0, false):  "One policy was in force on 14 March 2025.|",
		answer3("2025-03-14", "", access.Library, policies(0), 0, 0, 0, false):  "No policy was in force on 14 March 2025.|",
		answer3("2026-11-24", "", access.Staff, policies(2), 1, 2, 2, false):    "2 documents are in force today.|One is to come. 2 have ended or were withdrawn. 2 wait for their first approval.",
		answer3("2027-01-01", "", access.Staff, policies(1), 0, 0, 0, false):    "One document is in force on 1 January 2027, as things stand now.|",
		answer3("2025-03-14", "", access.Library, policies(3), 0, 0, 0, true):   "These are the first 3 policies, as they stood on 14 March 2025.|",
		// as many as the rows that say "In force": what came and what happened is told apart
		answer3("2025-03-14", "", access.Library, policies(2, "inspection-report"), 0, 1, 0, false):      "2 policies were in force on 14 March 2025.|One had been received or recorded. One had ended or been withdrawn.",
		answer3("2026-11-24", "", access.YoungPerson, policies(1, "letter", "incident"), 0, 0, 0, false): "One document is in force today.|2 were received or recorded.",
		answer3("2025-03-14", "", access.Library, policies(2, "certificate"), 0, 0, 0, false):            "3 documents were in force on 14 March 2025.|",
		answer3("2025-03-14", "2025-01-01", access.Library, policies(2), 0, 0, 0, false):                 "2 policies were in force on 14 March 2025, by what we knew on 1 January 2025.|",
		answer3("2026-11-24", "2025-01-01", access.Library, policies(1), 0, 0, 0, false):                 "One policy was in force on 24 November 2026, by what we knew on 1 January 2025.|",
		answer3("2027-01-01", "2025-01-01", access.Library, nil, 0, 0, 0, false):                         "No policy is in force on 1 January 2027, by what we knew on 1 January 2025.|",
		answer3("2025-03-14", "2025-01-01", access.Library, policies(3), 0, 0, 0, true):                  "These are the first 3 policies, as they stood on 14 March 2025, by what we knew on 1 January 2025.|",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
