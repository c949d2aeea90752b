package portal_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"custodian/internal/sample"
)

type problem struct {
	Type, Title, Detail string
	Status              int
	Errors              []struct{ Field, Problem string }
}

const (
	pngHead  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
	htmlPage = "<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
)

// program is the head of an executable of Windows.
func program() string {
	b := []byte(strings.Repeat("\x00", 512))
	copy(b, "MZ")
	b[0x3c] = 0x80
	copy(b[0x80:], "PE\x00\x00\x64\x86")
	return string(b)
}

// Bad input is refused in words, with the right status, and leaves nothing:
// no row and no object.
func TestBadUploads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := paper("policy", "2026-01-01", "content")
	named := func(name, content string) form { f := good; f.name, f.content = name, content; return f }
	policy := w.add("staff", w.library(), good)
	was := w.census()
	for _, c := range []struct {
		what   string
		body   any
		status int
		field  string // that the problem must name; "" for none
	}{
		{"an empty file", named("paper.txt", ""), 400, "file"},
		{"no file", named("", ""), 400, "file"},
		{"a name of blanks", named("  ", "x"), 400, "file"},
		{"a name with ../", named("../../etc/passwd", "x"), 400, "file"},
		{`a name with \`, named(`C:\temp\x.txt`, "x"), 400, "file"},
		{"a name with quotes", named(`say "x".txt`, "x"), 400, "file"},
		{"a name with right-to-left marks", named("report\u202etxt.exe", "x"), 400, "file"},
		{"a name with a line break", raw{"multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''a%0Ab.txt\r\n\r\nx\r\n--b--\r\n")}, 400, "file"},
		{"a name of 300 letters", named(strings.Repeat("é", 296)+".txt", "x"), 400, "file"},
		{"HTML named .pdf", named("policy.pdf", htmlPage), 400, "file"},
		{"a picture named .pdf", named("policy.pdf", pngHead), 400, "file"},
		{"a program named .docx", named("policy.docx", program()), 400, "file"},
		{"HTML named .txt", named("policy.txt", htmlPage), 400, "file"},
		{"a day that does not exist", good.with("in_force_from", "2025-02-29"), 400, "in_force_from"},
		{"a day in other order", good.with("in_force_from", "29.02.2024"), 400, "in_force_from"},
		{"a year out of range", good.with("in_force_from", "0001-01-01"), 400, "in_force_from"},
		{"in force to before from", good.with("in_force_to", "2025-12-31"), 400, "in_force_to"},
		{"in force to that does not exist", good.with("in_force_to", "2026-06-31"), 400, "in_force_to"},
		{"review on no day", good.with("review_on", "soon"), 400, "review_on"},
		{"no title", good.with("title", ""), 400, "title"},
		{"a title of 300 letters", good.with("title", strings.Repeat("a", 300)), 400, "title"},
		{"a title with hidden marks", good.with("title", "Safe\u202eytilop"), 400, "title"},
		{"a title that is no text", good.with("title", "\xff\xfe"), 400, "title"},
		{"no kind", good.with("kind", ""), 400, "kind"},
		{"an unknown kind", good.with("kind", "poem"), 400, "kind"},
		{"no day", good.with("in_force_from", ""), 400, "in_force_from"},
		{"a note with a NUL", good.with("note", "a\x00b"), 400, "note"},
		{"a reason that is no text", good.with("late_reason", "\xff"), 400, "late_reason"},
		{"a note of 3000 letters", good.with("note", strings.Repeat("a", 3000)), 400, "note"},
		{"a field of 20 KiB", good.with("note", strings.Repeat("a", 20<<10)), 400, "note"},
		{"an unknown field", good.with("colour", "blue"), 400, ""},
		{"a field twice", raw{"multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\na\r\n--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nb\r\n--b--\r\n")}, 400, "title"},
		{"the file twice", raw{"multipart/form-data; boundary=b", strings.NewReader(strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nx\r\n", 2) + "--b--\r\n")}, 400, "file"},
		{"a field of no name", raw{"multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Type: text/plain\r\n\r\na\r\n--b--\r\n")}, 400, ""},
		{"a form that ends early", raw{"multipart/form-data; boundary=b", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhalf of it")}, 400, ""},
		{"a form that is none", raw{"multipart/form-data; boundary=b", strings.NewReader("nothing of the kind")}, 400, ""},
		{"a form without boundary", raw{"multipart/form-data", strings.NewReader("x")}, 400, ""},
		{"JSON in place of a form", map[string]string{"title": "x"}, 400, ""},
		{"no body", nil, 400, ""},
		{"a file over the limit", named("big.txt", strings.Repeat("a", usualLimit+1)), 413, ""},
		{"far over the limit", named("big.txt", strings.Repeat("a", usualLimit+2<<20)), 413, ""},
		{"over the limit, length unknown", raw{"multipart/form-data; boundary=b", chunked(filePart("big.txt", usualLimit+1))}, 413, ""},
		{"endless words before the form", raw{"multipart/form-data; boundary=b", chunked(strings.Repeat("words before the form\r\n", 3<<20/23))}, 413, ""},
	} {
		a := w.try("staff", http.MethodPost, w.library()+"/documents", c.body)
		checkProblem(t, c.what, a, c.status, c.field)
		v := c.body
		if f, ok := v.(form); ok { // the same of a version, but for what a version does not have
			if c.field == "title" || c.field == "kind" {
				continue
			}
			delete(f.fields, "title")
			delete(f.fields, "kind")
			checkProblem(t, c.what+" as a version", w.try("staff", http.MethodPost, "/api/v1/documents/"+policy.Document.ID+"/versions", f), c.status, c.field)
		}
	}
	if is := w.census(); is != was {
		t.Errorf("something was left:\n%s, was\n%s", is, was)
	}
}

func checkProblem(t *testing.T, what string, a answer, status int, field string) {
	t.Helper()
	if a.StatusCode != status || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: %d %s, want %d: %s", what, a.StatusCode, a.Header.Get("Content-Type"), status, a.body)
		return
	}
	p := read[problem](a)
	if p.Status != status || len(strings.Fields(p.Detail)) < 3 || strings.Contains(p.Detail, "SQLSTATE") || strings.Contains(p.Detail, "json:") {
		t.Errorf("%s: the problem is not put in words: %+v", what, p)
	}
	for _, e := range p.Errors {
		if e.Field == field {
			return
		}
	}
	if field != "" {
		t.Errorf("%s: the problem does not name %s: %s", what, field, a.body)
	}
}

// chunked is a body whose length the sender does not tell.
func chunked(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }

func filePart(name string, size int) string {
	return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n" + strings.Repeat("a", size) + "\r\n--b--\r\n"
}

// Everything that is wrong is told at once.
func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := read[problem](w.ok(400, "staff", http.MethodPost, w.library()+"/documents",
		form{fields: map[string]string{"in_force_from": "2025-02-29", "review_on": "x"}, name: "a.txt", content: "x"}))
	if len(p.Errors) != 4 {
		t.Errorf("told: %+v", p.Errors)
	}
}

// endless gives a body without end, and counts what of it is taken.
type endless struct{ taken atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.taken.Add(int64(len(p))) > 64<<20 {
		return 0, fmt.Errorf("the body was read on and on")
	}
	return len(p), nil
}

// A file that says beforehand that it is too large is refused before its body
// is read: the server answers after the headers, with the body still unsent.
func TestTooLargeIsRefusedBeforeTheBodyIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.census()
	conn := w.dial()
	fmt.Fprintf(conn, "POST %s/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n", w.library(), w.token("staff"), int64(3<<30))
	resp := w.reply(conn) // not a byte of the body was sent
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", resp.StatusCode)
	}
	// the same of a client that goes on sending, whatever it is told
	body := &endless{}
	r := w.request("staff", http.MethodPost, w.library()+"/documents", raw{"multipart/form-data; boundary=b", body})
	r.ContentLength = 3 << 30
	if resp, err := w.client.Do(r); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", resp.StatusCode)
		}
	}
	if n := body.taken.Load(); n > 32<<20 { // what lies in the buffers of both ends
		t.Errorf("%d bytes of the body were taken", n)
	}
	if is := w.census(); is != was {
		t.Errorf("something was left:\n%s, was\n%s", is, was)
	}
}

// dial opens a bare connection to the portal.
func (w *world) dial() *net.TCPConn {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	must(w.t, err)
	w.t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// reply reads an answer off a bare connection, and judges it as any other.
func (w *world) reply(conn net.Conn) answer {
	w.t.Helper()
	must(w.t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(w.t, err)
	b, err := io.ReadAll(resp.Body)
	must(w.t, err)
	path := strings.TrimPrefix(w.library(), w.url) + "/documents"
	if err := description(w.t).judge(http.MethodPost, path, resp.StatusCode, resp.Header, b); err != nil {
		w.t.Error(err)
	}
	return answer{resp, b, w.t}
}

// A body that is cut in the middle leaves nothing, whether the sender can still
// hear the answer (half closed) or is gone.
func TestBodyCutInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.census()
	start := strings.TrimSuffix(filePart("a.txt", 300<<10), "\r\n--b--\r\n")
	head := "--b\r\nContent-Disposition: form-data; name=\"in_force_from\"\r\n\r\n2026-01-01\r\n"
	for _, after := range []string{head + start, head, head[:20]} {
		conn := w.dial()
		fmt.Fprintf(conn, "POST %s/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n%s",
			w.library(), w.token("staff"), after)
		must(t, conn.CloseWrite())
		if a := w.reply(conn); a.StatusCode != 400 || !strings.Contains(string(a.body), "broke off") {
			t.Errorf("after %d bytes: %d %s", len(after), a.StatusCode, a.body)
		}
	}
	gone := w.dial()
	fmt.Fprintf(gone, "POST %s/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n%s",
		w.library(), w.token("staff"), head+start)
	must(t, gone.SetLinger(0))
	must(t, gone.Close())
	w.until("the request of the sender who left is over", func() bool { return strings.Count(w.log.String(), `"msg":"request`) == 4 })
	if is := w.census(); is != was {
		t.Errorf("something was left:\n%s, was\n%s", is, was)
	}
}

// until waits for something that another goroutine does; it is given long
// enough that only a thing that never happens fails.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	for range 600 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("never: %s", what)
}

// Bad JSON, bad addresses and bad parameters.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "x"))
	was := w.census()
	text := func(s string) raw { return raw{"application/json", strings.NewReader(s)} }
	approve, closing := versionPath(v, "/approve"), w.library()+"/close"
	get, post := http.MethodGet, http.MethodPost
	for _, c := range []struct {
		what, method, path string
		body               any
		status             int
		field              string
	}{
		{"broken JSON", post, closing, text(`{"why": "x`), 400, ""},
		{"two objects", post, closing, text(`{"why":"x"}{"why":"y"}`), 400, ""},
		{"a list", post, closing, text(`[]`), 400, ""},
		{"a number for a text", post, closing, text(`{"why":1}`), 400, ""},
		{"an unknown field", post, closing, text(`{"why":"x","colour":"blue"}`), 400, ""},
		{"a field of another address", post, closing, text(`{"why":"x","setting_id":"1"}`), 400, ""},
		{"an unknown field of 60 KB", post, closing, text(`{"` + strings.Repeat("x", 60<<10) + `":1}`), 400, ""},
		{"huge JSON", post, closing, text(`{"why":"` + strings.Repeat("x", 70<<10) + `"}`), 413, ""},
		{"blanks without end", post, closing, text(`{"why":"x"}` + strings.Repeat(" ", 70<<10)), 413, ""},
		{"no reason", post, closing, text(`{}`), 400, "why"},
		{"no body", post, closing, nil, 400, "why"},
		{"a reason with a NUL", post, closing, text(`{"why":"a\u0000b"}`), 400, "why"},
		{"no such day", post, closing, text(`{"why":"x","on":"2025-02-29"}`), 400, "on"},
		{"a note with a NUL", post, approve, text(`{"note":"a\u0000b"}`), 400, "note"},
		{"approving from no day", post, approve, text(`{"in_force_from":"2025-02-29"}`), 400, "in_force_from"},
		{"correcting to before from", post, versionPath(v, "/correct"), text(`{"in_force_from":"2026-02-01","in_force_to":"2026-01-01","why":"x"}`), 400, "in_force_to"},
		{"correcting without a reason", post, versionPath(v, "/correct"), text(`{"in_force_from":"2026-02-01"}`), 400, "why"},
		{"correcting what has no date", post, versionPath(v, "/correct"), text(`{"in_force_from":"2026-02-01","why":"x"}`), 409, ""},
		{"withdrawing from no day", post, "/api/v1/documents/" + v.Document.ID + "/withdraw", text(`{"from":"","why":"x"}`), 400, "from"},
		{"restoring without a reason", post, versionPath(v, "/restore"), text(`{}`), 400, "why"},
		{"restoring from no day", post, versionPath(v, "/restore"), text(`{"in_force_from":"x","why":"x"}`), 400, "in_force_from"},
		{"opening nothing", post, "/api/v1/records", text(`{}`), 400, "setting_id"},
		{"opening an unknown kind", post, "/api/v1/records", text(`{"kind":"pet","name":"x","setting_id":"1","why":"x"}`), 400, "kind"},
		{"moving nowhere", post, w.library() + "/move", text(`{"why":"x"}`), 400, "setting_id"},
		{"moving to no number", post, w.library() + "/move", text(`{"why":"x","setting_id":"-1"}`), 400, "setting_id"},
		{"a bad cursor", get, "/api/v1/tokens?cursor=!!", nil, 400, "cursor"},
		{"a cursor of another list", get, w.library() + "/documents?cursor=MTA0Mg", nil, 400, "cursor"},
		{"a cursor of letters", get, "/api/v1/tokens?cursor=YWJj", nil, 400, "cursor"},
		{"a cursor to nobody", get, "/api/v1/records?kind=library&cursor=OTk5OTk5OTk", nil, 400, "cursor"},
		{"a cursor below nothing", get, "/api/v1/tokens?cursor=LTU", nil, 400, "cursor"},
		{"a cursor beyond every version", get, "/api/v1/documents/" + v.Document.ID + "/versions?cursor=OTk5OTk5OTk5OTk5", nil, 400, "cursor"},
		{"limit 0", get, "/api/v1/tokens?limit=0", nil, 400, "limit"},
		{"limit 501", get, "/api/v1/tokens?limit=501", nil, 400, "limit"},
		{"limit of letters", get, "/api/v1/tokens?limit=many", nil, 400, "limit"},
		{"limit twice", get, "/api/v1/tokens?limit=1&limit=2", nil, 400, "limit"},
		{"an unknown parameter", get, w.library() + "/as-at?date=2026-01-01&knwon=2026-01-01T00:00:00Z", nil, 400, "knwon"},
		{"no day to ask about", get, w.library() + "/as-at", nil, 400, "date"},
		{"day and instant", get, w.library() + "/as-at?date=2026-01-01&at=2026-01-01T00:00:00Z", nil, 400, "date"},
		{"a day that does not exist", get, w.library() + "/as-at?date=2025-02-29", nil, 400, "date"},
		{"an instant without zone", get, w.library() + "/as-at?at=2026-01-01T00:00:00", nil, 400, "at"},
		{"known at no instant", get, w.library() + "/as-at?date=2026-01-01&known=today", nil, 400, "known"},
		{"records of no kind", get, "/api/v1/records", nil, 400, "kind"},
		{"records of an unknown kind", get, "/api/v1/records?kind=pet", nil, 400, "kind"},
		{"an unknown path", get, "/api/v1/nothing", nil, 404, ""},
		{"an asset that is not there", get, "/assets/nothing.css", nil, 404, ""},
		{"a version of letters", get, "/api/v1/documents/" + v.Document.ID + "/versions/one/content", nil, 404, ""},
		{"an id of letters", get, "/api/v1/records/abc", nil, 404, ""},
		{"an id out of range", get, "/api/v1/records/99999999999999999999", nil, 404, ""},
		{"a slash too many", get, "/api/v1/me/", nil, 404, ""},
	} {
		checkProblem(t, c.what, w.try("manager", c.method, c.path, c.body), c.status, c.field)
	}
	for _, path := range []string{"/robots.txt", "/..%2f..%2fgo.mod", "/home/"} { // a person may have come there
		if a := w.try("", get, path, nil); a.StatusCode != 404 || !strings.Contains(string(a.body), "We cannot find that page") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	for path, allow := range map[string]string{"/api/v1/me": "GET", closing: "POST", "/api/v1/tokens": "GET, POST"} {
		a := w.try("manager", http.MethodDelete, path, nil)
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != allow {
			t.Errorf("DELETE %s: %d, Allow %q", path, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	if is := w.census(); is != was {
		t.Errorf("something was left:\n%s, was\n%s", is, was)
	}
}

// A setting that is not there is a problem of the request, not of ours, also
// for one who may manage at the whole provider.
func TestOpeningAtASettingThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.census()
	a := w.try("admin", http.MethodPost, "/api/v1/records", map[string]string{"kind": "staff", "name": "New Example", "setting_id": "99999999", "why": "hired"})
	checkProblem(t, "no such setting", a, 400, "setting_id")
	w.ok(403, "manager", http.MethodPost, "/api/v1/records", map[string]string{"kind": "library", "name": "x", "setting_id": number(w.Homes[sample.FamilyCentre]), "why": "x"})
	if is := w.census(); is != was {
		t.Errorf("something was left:\n%s, was\n%s", is, was)
	}
}

// A form that ends after any boundary but the closing one is half a form.
func TestFormsThatAreCutAtABoundary(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := w.census()
	var whole strings.Builder
	for _, f := range [][2]string{{"title", "Cut"}, {"kind", "other"}, {"in_force_from", "2026-01-01"}} {
		fmt.Fprintf(&whole, "--BBB\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", f[0], f[1])
	}
	whole.WriteString("--BBB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhello --BBB-- hello\r\n")
	for _, end := range []string{"", "--BBB", "--BBB\r\n", "--BBB\r\nContent-Disposition: form-data; name=\"in_force_to\"\r\n", "--BBB--\r\n"} {
		r, err := http.NewRequest(http.MethodPost, w.url+w.library()+"/documents", strings.NewReader(whole.String()+end))
		must(t, err)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=BBB")
		r.Header.Set("Authorization", "Bearer "+w.token("staff"))
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		resp.Body.Close()
		if end == "--BBB--\r\n" {
			if resp.StatusCode != 201 {
				t.Errorf("the whole form: %d", resp.StatusCode)
			}
			continue
		}
		if resp.StatusCode != 400 {
			t.Errorf("cut after %q: %d", end, resp.StatusCode)
		}
		if is := w.census(); is != was {
			t.Errorf("cut after %q something was left:\n%s, was\n%s", end, is, was)
		}
	}
}

// What stands in an address is read whole or refused, never half understood.
func TestQueriesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, q := range []string{"date=2026-01-01&known=2020-01-01T00:00:00Z;", "date=2026-01-01&known=2020%", "date=2026-01-01&known=", "date=", "date=2026-01-01&limit=", "date=2026-01-01&known=9999-01-01T00:00:00Z"} {
		checkProblem(t, q, w.try("staff", http.MethodGet, w.library()+"/as-at?"+q, nil), 400, "")
	}
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "x"))
	for _, b := range []string{`{"note":"a","note":"b"}`, `{"Note":"a"}`, `{"in_force_from":"2026-02-01","IN_FORCE_FROM":"2020-01-01"}`, `{"note":"a","in_force_\u0066rom":"2020-01-01","ıote":"b"}`, `{"ſote":"b"}`} {
		checkProblem(t, b, w.try("manager", http.MethodPost, versionPath(v, "/approve"), raw{"application/json", strings.NewReader(b)}), 400, "")
	}
}

// A token made with another ends with it, and lasts no longer.
func TestTokensOfTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.newToken("staff", "first", 1)
	w.Tokens["first"] = first.Token
	second := w.newToken("first", "second", 300)
	if !second.Expires.Equal(first.Expires) {
		t.Errorf("the second lasts until %s, the first until %s", second.Expires, first.Expires)
	}
	w.Tokens["second"] = second.Token
	w.ok(200, "second", http.MethodGet, "/api/v1/me", nil)
	w.ok(204, "staff", http.MethodPost, "/api/v1/tokens/"+first.ID+"/revoke", nil)
	w.ok(401, "first", http.MethodGet, "/api/v1/me", nil)
	w.ok(401, "second", http.MethodGet, "/api/v1/me", nil)
}
