package portal_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// The same request under one key is carried out once.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.library() + "/documents"
	send := func(status int, who string, f form, key string) answer {
		t.Helper()
		return w.ok(status, who, http.MethodPost, path, f, "Idempotency-Key", key)
	}
	good := paper("policy", "2026-01-01", "content")
	first := send(201, "staff", good, "k1")
	if first.Header.Get("Idempotency-Replayed") != "" {
		t.Error("the first answer says that it is a repetition")
	}
	was := w.census()
	other := good
	other.boundary = "anotherboundarythanbefore"
	for what, f := range map[string]form{"the same": good, "the same with another boundary": other} {
		again := send(201, "staff", f, "k1")
		if again.Header.Get("Idempotency-Replayed") != "true" || string(again.body) != string(first.body) || again.Header.Get("Location") != first.Header.Get("Location") {
			t.Errorf("%s: %s %v, want %s", what, again.body, again.Header, first.body)
		}
	}
	for what, f := range map[string]form{"another file": paper("policy", "2026-01-01", "other"), "another day": good.with("in_force_from", "2026-01-02"), "another title": good.with("title", "x")} {
		if a := send(409, "staff", f, "k1"); !strings.Contains(string(a.body), "Idempotency-Key") {
			t.Errorf("%s: %s", what, a.body)
		}
	}
	v := read[added](first)
	path = "/api/v1/documents/" + v.Document.ID + "/versions"
	send(409, "staff", edition("2026-01-01", "content"), "k1")
	path = w.library() + "/documents"
	for _, key := range []string{"two words", "", strings.Repeat("k", 201), "clé", "\xff"} {
		send(400, "staff", good, key)
	}
	if is := w.census(); is != was {
		t.Errorf("repetitions and conflicts left something:\n%s, was\n%s", is, was)
	}
	if mine := read[added](send(201, "staff2", good, "k1")); mine.Document.ID == v.Document.ID {
		t.Error("somebody else's key gave my document")
	}
	path = "/api/v1/documents/" + v.Document.ID + "/versions"
	second := send(201, "staff", edition("2026-02-01", "next"), "k2")
	if again := send(201, "staff", edition("2026-02-01", "next"), "k2"); string(again.body) != string(second.body) {
		t.Errorf("a version again: %s", again.body)
	}
	if n := read[page[version]](w.get("staff", path)).Items; len(n) != 2 {
		t.Errorf("%d versions", len(n))
	}
}

// Two at once with one key make one version, and both are told of it.
func TestTwoAtOnceWithOneKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "one"))
	path := "/api/v1/documents/" + v.Document.ID + "/versions"
	const n = 4
	var all sync.WaitGroup
	said := make([]string, n)
	replays := make([]bool, n)
	for i := range n {
		r := w.request("staff", http.MethodPost, path, edition("2026-02-01", "two"), "Idempotency-Key", "k")
		all.Go(func() {
			resp, err := w.client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			said[i] = fmt.Sprint(resp.StatusCode, string(b))
			replays[i] = resp.Header.Get("Idempotency-Replayed") == "true"
		})
	}
	all.Wait()
	firsts := 0
	for i := range n {
		if !strings.HasPrefix(said[i], "201") || said[i] != said[0] {
			t.Errorf("answer %d: %s, and the first: %s", i, said[i], said[0])
		}
		if !replays[i] {
			firsts++
		}
	}
	if list := read[page[version]](w.get("staff", path)).Items; len(list) != 2 || firsts != 1 || w.objects() != 2 {
		t.Errorf("%d versions, %d objects, %d answers that are no repetition", len(list), w.objects(), firsts)
	}
}

// upload is a request whose handler has begun and waits for the body.
type upload struct {
	w    *world
	conn io.ReadWriter
	r    *bufio.Reader
	body string
}

// begin sends the headers of an upload and waits until the portal asks for the
// body, which it does after it has taken note of what is there.
func (w *world) begin(who, path string, f form) upload {
	w.t.Helper()
	sent := f.raw(w.t)
	body, err := io.ReadAll(sent.body)
	must(w.t, err)
	conn := w.dial()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", path, w.token(who), sent.kind, len(body))
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	must(w.t, err)
	if !strings.Contains(line, " 100 ") {
		w.t.Fatalf("the portal did not ask for the body: %s", line)
	}
	_, err = r.ReadString('\n')
	must(w.t, err)
	return upload{w, conn, r, string(body)}
}

// finish sends the body and gives the answer.
func (u upload) finish() answer {
	u.w.t.Helper()
	_, err := io.WriteString(u.conn, u.body)
	must(u.w.t, err)
	resp, err := http.ReadResponse(u.r, nil)
	must(u.w.t, err)
	b, err := io.ReadAll(resp.Body)
	must(u.w.t, err)
	return answer{resp, b, u.w.t}
}

// Two people add a version at once: the one who finishes second is told, and
// has left nothing. The same holds for what changes while content is sent.
func TestWhatChangesWhileContentIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "one"))
	path := "/api/v1/documents/" + v.Document.ID + "/versions"
	mine := w.begin("staff", path, edition("2026-02-01", "mine"))
	theirs := w.begin("staff2", path, edition("2026-02-01", "theirs"))
	if a := theirs.finish(); a.StatusCode != 201 {
		t.Fatalf("the first to finish: %d %s", a.StatusCode, a.body)
	}
	was := w.census()
	if a := mine.finish(); a.StatusCode != 409 || !strings.Contains(string(a.body), "Somebody else added a version") {
		t.Errorf("the second to finish: %d %s", a.StatusCode, a.body)
	}
	if is := w.census(); is != was {
		t.Errorf("the second left something:\n%s, was\n%s", is, was)
	}
	w.ok(201, "staff", http.MethodPost, path, edition("2026-02-01", "mine"))

	document, next := w.begin("staff", w.library()+"/documents", paper("policy", "2026-01-01", "x")), w.begin("staff", path, edition("2026-03-01", "x"))
	w.ok(200, "manager", http.MethodPost, w.library()+"/close", map[string]string{"why": "in the meantime"})
	was = w.census()
	for _, u := range []upload{document, next} {
		if a := u.finish(); a.StatusCode != 409 || !strings.Contains(string(a.body), "closed") {
			t.Errorf("into a record closed meanwhile: %d %s", a.StatusCode, a.body)
		}
	}
	if is := w.census(); is != was {
		t.Errorf("closed meanwhile, and yet something was left:\n%s, was\n%s", is, was)
	}
	w.ok(200, "manager", http.MethodPost, w.library()+"/reopen", map[string]string{"why": "again"})
	document, next = w.begin("staff", w.library()+"/documents", paper("policy", "2026-01-01", "x")), w.begin("staff", path, edition("2026-03-01", "x"))
	w.endRoles("staff")
	for _, u := range []upload{document, next} {
		if a := u.finish(); a.StatusCode != 404 {
			t.Errorf("by somebody whose right ended meanwhile: %d %s", a.StatusCode, a.body)
		}
	}
	if n := w.objects(); n != 3 {
		t.Errorf("%d objects, want those of the three versions", n)
	}
}
