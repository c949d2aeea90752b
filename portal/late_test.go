package portal_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/sample"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

// What is recorded more than 24 hours after it happened says why.
func TestLateRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := recordPath(w.Records["Wren Sample"], "")
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }
	visit := paper("visit", "2026-01-05", "who came and what was said")
	const day = 24 * time.Hour
	for _, c := range []struct {
		what   string
		form   form
		status int
	}{
		{"no moment said: now", visit, 201},
		{"23 h 59 m ago", visit.with("event_at", ago(day-time.Minute)), 201},
		{"24 h 01 m ago", visit.with("event_at", ago(day+time.Minute)), 400},
		{"24 h 01 m ago, with blanks for a reason", visit.with("event_at", ago(day+time.Minute)).with("late_reason", "   "), 400},
		{"24 h 01 m ago, with a reason", visit.with("event_at", ago(day+time.Minute)).with("late_reason", "The computer was away for repair."), 201},
		{"of a kind that records no event", visit.with("kind", "care-plan").with("event_at", ago(100*day)), 201},
		{"ahead", visit.with("event_at", ago(-time.Hour)), 400},
		{"no moment at all", visit.with("event_at", "yesterday"), 400},
	} {
		a := w.try("staff", http.MethodPost, record+"/documents", c.form)
		if a.StatusCode != c.status {
			t.Errorf("%s: %d, want %d: %s", c.what, a.StatusCode, c.status, a.body)
		}
		if late := c.form.fields["event_at"] != "" && c.status == 400 && strings.HasPrefix(c.what, "24"); late && !strings.Contains(string(a.body), `"late_reason"`) {
			t.Errorf("%s: the answer does not name late_reason: %s", c.what, a.body)
		}
		if c.status == 201 && c.form.fields["late_reason"] != "" && read[added](a).Version.LateReason != c.form.fields["late_reason"] {
			t.Errorf("%s: the reason was not kept: %s", c.what, a.body)
		}
	}
	// the rule holds for later versions too
	v := w.add("staff", record, visit)
	w.ok(400, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-01-05", "more").with("event_at", ago(day+time.Minute)))
}

// Papers that come from outside carry the day on which they came.
func TestReceivedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := recordPath(w.Records["Wren Sample"], "")
	today := clock.DayOf(time.Now())
	letter := paper("letter", "2026-01-05", "Dear manager")
	if got := w.add("staff", record, letter).Version.ReceivedOn; got == nil || *got != today.String() && *got != today.Next().String() {
		t.Errorf("a letter without the day was received on %v", got)
	}
	if got := w.add("staff", record, letter.with("received_on", "2026-01-03")).Version.ReceivedOn; got == nil || *got != "2026-01-03" {
		t.Errorf("a letter of 3 January was received on %v", got)
	}
	if got := w.add("staff", record, letter.with("kind", "care-plan")).Version.ReceivedOn; got != nil {
		t.Errorf("a care plan of our own was received on %v", *got)
	}
	w.ok(400, "staff", http.MethodPost, record+"/documents", letter.with("received_on", today.Plus(2).String()))
	w.ok(400, "staff", http.MethodPost, record+"/documents", letter.with("received_on", "2026-02-29"))
}

// Lists come page by page, without gaps or repetition, and end.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("procedure", "2026-01-01", "1"))
	for i := range 6 {
		w.add("staff", w.library(), paper("form", "2026-01-01", strconv.Itoa(i)))
		w.ok(201, "staff", http.MethodPost, "/api/v1/documents/"+v.Document.ID+"/versions", edition("2026-01-01", strconv.Itoa(i)))
		w.newToken("staff", "t"+strconv.Itoa(i), 30)
	}
	home := "/api/v1/settings/" + number(w.Homes[sample.ChildrensHome]) + "/documents?"
	for list, want := range map[string]int{
		w.library() + "/documents?": 7, home: 7, w.library() + "/as-at?date=2026-01-01&": 7, "/api/v1/documents/" + v.Document.ID + "/versions?": 7,
		"/api/v1/tokens?": 7, "/api/v1/records?kind=young-person&": 2,
	} {
		for _, limit := range []int{1, 3, 7, 500} {
			seen := map[string]bool{}
			next, n := "", 0
			for {
				p := read[page[struct {
					ID       string
					Number   int
					Document struct{ ID string }
				}]](w.get("staff", list+"limit="+strconv.Itoa(limit)+next))
				for _, i := range p.Items {
					seen[i.ID+" "+strconv.Itoa(i.Number)+" "+i.Document.ID] = true
					n++
				}
				if len(p.Items) > limit {
					t.Errorf("%s: %d items on a page of %d", list, len(p.Items), limit)
				}
				if p.Next == nil {
					break
				}
				next = "&cursor=" + *p.Next
			}
			if n != want || len(seen) != want {
				t.Errorf("%s by %d: %d items, %d different, want %d", list, limit, n, len(seen), want)
			}
		}
	}
}
