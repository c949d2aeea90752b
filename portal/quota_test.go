package portal_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/storage/storagetest"
	"custodian/versions"
)

// aDay is what one person may add within a day in these tests.
const aDay = 4000

// newFullWorld is a world with that limit.
func newFullWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, versions.Options{UploadLimit: 3000, DayLimit: aDay}, storagetest.Memory())
}

// earlier makes everything that was sent be sent so much earlier.
func (w *world) earlier(by time.Duration) {
	w.t.Helper()
	w.Exec(w.t, fmt.Sprintf(`do $do$ begin set local session_replication_role = replica; update app.version set recorded_at = recorded_at - interval '%[1]d seconds';
		update app.held set at = at - interval '%[1]d seconds'; end $do$`, int(by.Seconds())))
}

// spent gives the footprints of what was refused because a day was full, by action.
func (w *world) spent() string {
	w.t.Helper()
	var list string
	w.Scan(w.t, `select coalesce(string_agg(action || ' ' || (detail->>'limit'), ', ' order by id), '') from app.footprint where outcome = 'refused' and detail ? 'limit'`, nil, &list)
	return list
}

// Nobody adds more within a day than the limit, by however many tokens; what is
// refused leaves nothing but its footprint, and the answer says when there is
// room again. There is, then.
func TestNobodyFillsTheStore(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	path := w.library() + "/documents"
	bytes := func(n int) form { return paper("form", "2026-01-01", strings.Repeat("x", n)) }
	first := w.add("staff", w.library(), bytes(2500))
	w.earlier(10 * time.Hour)
	w.ok(http.StatusCreated, "staff", http.MethodPost, path, bytes(1400), "Idempotency-Key", "k1")
	was := w.census()

	refused := func(path string, body any) {
		t.Helper()
		a := w.ok(http.StatusTooManyRequests, "staff", http.MethodPost, path, body)
		wait, err := strconv.Atoi(a.Header.Get("Retry-After"))
		if left := time.Duration(wait) * time.Second; err != nil || left > 14*time.Hour || left < 14*time.Hour-10*time.Minute {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
		again := time.Now().Add(time.Duration(wait) * time.Second).In(clock.London)
		var p struct{ Detail string }
		must(t, json.Unmarshal(a.body, &p))
		if !strings.Contains(p.Detail, "One person may add 3.9 KiB within 24 hours") || !strings.Contains(p.Detail, again.Format("pm on 2 January 2006")) {
			t.Errorf("%s", p.Detail)
		}
	}
	refused(path, bytes(200))
	refused("/api/v1/documents/"+first.Document.ID+"/versions", edition("2026-02-01", strings.Repeat("y", 200)))
	refused(versionPath(first, "/restore"), map[string]any{"why": "It was better."})
	if got := w.spent(); got != "document.added 4000, version.added 4000, version.added 4000" {
		t.Errorf("footprints: %s", got)
	}
	if is := w.census(); is != was {
		t.Errorf("what was refused left\n%s, was\n%s", is, was)
	}
	// another token is the same person; another person has their own day; what was carried out is answered again
	w.ok(http.StatusCreated, "staff", http.MethodPost, path, bytes(100))
	if a := w.ok(http.StatusCreated, "staff", http.MethodPost, path, bytes(1400), "Idempotency-Key", "k1"); a.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("a request that had been carried out was carried out again")
	}
	token := w.newToken("staff", "another", 1)
	if a := w.try("", http.MethodPost, path, bytes(1), "Authorization", "Bearer "+token.Token); a.StatusCode != http.StatusTooManyRequests {
		t.Errorf("by another token: %d", a.StatusCode)
	}
	w.add("staff2", w.library(), bytes(200))
	// who can see nothing of what they added has added it all the same
	w.earlier(14*time.Hour + time.Minute)
	w.add("staff", w.library(), bytes(2500))
	w.ok(http.StatusTooManyRequests, "staff", http.MethodPost, path, bytes(1))
}

// A day that is full is told before a byte of the file is taken, where its length
// is announced.
func TestFullDayIsToldBeforeTheFileIsSent(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, versions.Options{UploadLimit: 3 << 20, DayLimit: 4 << 20}, storagetest.Memory())
	w.add("staff", w.library(), paper("form", "2026-01-01", strings.Repeat("x", 3<<20)))
	conn := w.dial()
	fmt.Fprintf(conn, "POST %s/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", w.library(), w.token("staff"), 3<<20)
	if resp := w.reply(conn); resp.StatusCode != http.StatusTooManyRequests { // not a byte of the body was sent
		t.Errorf("status %d", resp.StatusCode)
	}
}

// On pages the refusal stands in the form with all that was typed, files that
// wait count, and what waits can be added whatever was sent since.
func TestFullDayOnPages(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	s := w.sender("staff")
	long := scrap{"long.txt", strings.Repeat("a", 2000)}
	waits := s.send(w.libraryAdd(), url.Values{}, long, scrap{"short.txt", strings.Repeat("b", 1900)}).to()
	was := w.objects()
	values := paperFacts("form", "Typed at length")
	full := func(p seen) seen {
		t.Helper()
		p.status(http.StatusTooManyRequests).has("There is a problem", "One person may add 3.9 KiB within 24 hours", "There is room for it again from")
		if w.objects() != was {
			t.Errorf("%d objects, were %d", w.objects(), was)
		}
		return p
	}
	full(s.send(w.libraryAdd(), values, scrap{"c.txt", strings.Repeat("c", 200)})).wants("title", "Typed at length")
	full(s.send(w.libraryAdd(), values, scrap{"c.txt", strings.Repeat("c", 200)}, scrap{"d.txt", "d"})).wants("title", "Typed at length")
	full(s.send(waits+"/more", url.Values{}, scrap{"c.txt", strings.Repeat("c", 200)}))
	if got := w.spent(); got != "upload.held 4000, upload.held 4000, upload.held 4000" {
		t.Errorf("footprints: %s", got)
	}
	// to the last byte, and then not a byte more: the file is not even taken
	s.send(waits+"/more", url.Values{}, scrap{"e.txt", strings.Repeat("e", 100)}).to()
	was = w.objects()
	full(s.send(w.libraryAdd(), values, scrap{"f.txt", "f"})).wants("title", "Typed at length")
	full(s.send(waits+"/more", url.Values{}, scrap{"f.txt", "f"}))
	if got := w.spent(); !strings.HasSuffix(got, ", document.added 4000, document.added 4000") {
		t.Errorf("footprints: %s", got)
	}
	p := s.open(waits)
	s.post(p.fileForm(), paperFacts("form", "Waited")).to()
	// what is taken away makes room at once
	s.post(s.open(waits).fileForm()+"/drop", url.Values{}).to()
	s.send(w.libraryAdd(), values, scrap{"f.txt", strings.Repeat("f", 100)}).to()
}
