package portal_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/storage"
)

// pattern is content in which every place differs from the next.
func pattern(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "line %d of the paper\n", i)
	}
	return b.String()[:size]
}

func TestRanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const size = 300 << 10
	text := pattern(size)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", text))
	path := versionPath(v, "/content")
	etag := `"` + v.Version.SHA256 + `"`
	for _, c := range []struct {
		header []string
		status int
		want   string
	}{
		{nil, 200, text},
		{[]string{"Range", "bytes=0-9"}, 206, text[:10]},
		{[]string{"Range", "bytes=65530-65545"}, 206, text[65530:65546]}, // over the border of a sealed package
		{[]string{"Range", "bytes=150000-150009"}, 206, text[150000:150010]},
		{[]string{"Range", fmt.Sprintf("bytes=%d-", size-10)}, 206, text[size-10:]},
		{[]string{"Range", fmt.Sprintf("bytes=%d-%d", size-1, size+100)}, 206, text[size-1:]},
		{[]string{"Range", "bytes=-5"}, 206, text[size-5:]},
		{[]string{"Range", "bytes=-999999999"}, 206, text},
		{[]string{"Range", fmt.Sprintf("bytes=%d-", size)}, 416, ""},
		{[]string{"Range", "bytes=9-1"}, 200, text},
		{[]string{"Range", "bytes=none"}, 200, text},
		{[]string{"Range", "bytes=-0"}, 200, text},
		{[]string{"Range", "bytes=0-4,200000-200004"}, 200, text}, // several at once are not taken, and the whole is sent
		{[]string{"Range", "lines=1-2"}, 200, text},
		{[]string{"Range", "bytes=0-9", "If-Range", etag}, 206, text[:10]},
		{[]string{"Range", "bytes=0-9", "If-Range", `"other"`}, 200, text},
		{[]string{"If-None-Match", etag}, 304, ""},
		{[]string{"If-None-Match", `"other", ` + etag}, 304, ""},
		{[]string{"If-None-Match", `"other"`}, 200, text},
	} {
		a := w.ok(c.status, "staff", http.MethodGet, path, nil, c.header...)
		switch {
		case c.status == 416:
			checkProblem(t, fmt.Sprint(c.header), a, 416, "")
			if r := a.Header.Get("Content-Range"); r != "" && r != fmt.Sprintf("bytes */%d", size) {
				t.Errorf("%v: Content-Range %q", c.header, r)
			}
		case string(a.body) != c.want:
			t.Errorf("%v: %d bytes, want %d", c.header, len(a.body), len(c.want))
		case a.Header.Get("Etag") != etag:
			t.Errorf("%v: ETag %q", c.header, a.Header.Get("Etag"))
		}
		head := w.ok(c.status, "staff", http.MethodHead, path, nil, c.header...)
		if len(head.body) != 0 || c.status < 300 && head.ContentLength != int64(len(c.want)) {
			t.Errorf("HEAD %v: length %d, body %d", c.header, head.ContentLength, len(head.body))
		}
	}
	var got []string
	for _, f := range read[page[footprint]](w.get("manager", w.library()+"/footprints?limit=40")).Items {
		if part, ok := f.Detail["range"].(string); ok && f.Action == "version.opened" && f.Outcome == "done" && f.Detail["number"] == 1.0 {
			got = append(got, part)
		}
	}
	last := fmt.Sprintf("bytes=%d-", size)
	want := []string{`bytes=0-9 if unchanged`, `bytes=0-9 if unchanged`, `bytes=0-9 if unchanged`, `bytes=0-9 if unchanged`,
		last, last, "bytes=-999999999", "bytes=-999999999", "bytes=-5", "bytes=-5"}
	if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
		t.Errorf("footprints, newest first (-want +got):\n%s", diff)
	}
}

// Content is always an attachment under its own name, in a sandbox.
func TestContentIsAnAttachment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"plain.txt", "Zoë’s plan; final 100%.txt", "it's.txt", "漢字 🐦.txt", "a,b=c&d?e#f.txt", "no ending", ".hidden", strings.Repeat("é", 190) + ".txt"} {
		f := paper("form", "2026-01-01", "x")
		f.name = name
		a := w.get("staff", versionPath(w.add("staff", w.library(), f), "/content"))
		disposition, params, err := mime.ParseMediaType(a.Header.Get("Content-Disposition"))
		if err != nil || disposition != "attachment" || params["filename"] != name {
			t.Errorf("%q comes back as %q (%v)", name, a.Header.Get("Content-Disposition"), err)
		}
		if a.Header.Get("Content-Security-Policy") != sandbox {
			t.Errorf("policy: %s", a.Header.Get("Content-Security-Policy"))
		}
	}
	f := paper("form", "2026-01-01", htmlPage)
	f.name = "page.html"
	if a := w.get("staff", versionPath(w.add("staff", w.library(), f), "/content")); !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Error("a web page is shown")
	}
}

// harm changes the one object in the store.
func harm(t *testing.T, store storage.Store, change func([]byte) []byte) {
	t.Helper()
	ctx := t.Context()
	for info, err := range store.List(ctx) {
		must(t, err)
		o, err := store.Open(ctx, info.Name)
		must(t, err)
		b := make([]byte, o.Size())
		if _, err := o.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		must(t, store.Remove(ctx, info.Name))
		if b = change(b); b != nil {
			_, err = store.Put(ctx, info.Name, bytes.NewReader(b))
			must(t, err)
		}
	}
}

// Damaged content is never taken for whole: at the start of what was asked for
// it is a problem, later it cuts the connection; either way it is footprinted.
func TestDamagedContent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := pattern(300 << 10)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", text))
	path := versionPath(v, "/content")
	harm(t, w.store, func(b []byte) []byte { b[200<<10] ^= 1; return b })
	resp, err := w.client.Do(w.request("staff", http.MethodGet, path, nil))
	must(t, err)
	got, err := io.ReadAll(resp.Body)
	must(t, resp.Body.Close())
	if resp.StatusCode != 200 || err == nil || len(got) > 200<<10 || !strings.HasPrefix(text, string(got)) {
		t.Errorf("damaged in the middle: %d, %d bytes, %v", resp.StatusCode, len(got), err)
	}
	if n := w.damages(); n != 1 {
		t.Errorf("%d footprints of damage, want 1", n)
	}
	if a := w.ok(206, "staff", http.MethodGet, path, nil, "Range", "bytes=0-99"); string(a.body) != text[:100] {
		t.Error("the part before the damage is wrong")
	}
	damaged := func(what string, header ...string) {
		t.Helper()
		before := w.damages()
		a := w.ok(500, "staff", http.MethodGet, path, nil, header...)
		if p := read[problem](a); p.Type != "/problems/damaged" || a.Header.Get("Content-Disposition") != "" || a.Header.Get("Etag") != "" {
			t.Errorf("%s: %+v %v", what, p, a.Header)
		}
		if n := w.damages(); n != before+1 {
			t.Errorf("%s left %d footprints of damage", what, n-before)
		}
	}
	damaged("damaged where the range begins", "Range", "bytes=200000-200009")
	damaged("damaged where a suffix begins", "Range", fmt.Sprintf("bytes=-%d", 300<<10-200<<10+50))
	was := w.census()
	w.ok(500, "staff", http.MethodPost, versionPath(v, "/restore"), map[string]string{"why": "must not repeat damage"})
	if is := w.census(); is != was {
		t.Errorf("restoring damaged content left something: %s, was %s", is, was)
	}
	harm(t, w.store, func(b []byte) []byte { b[100] ^= 1; return b })
	damaged("damaged at the start")
	harm(t, w.store, func(b []byte) []byte { return b[:len(b)-1] })
	damaged("cut short")
	harm(t, w.store, func([]byte) []byte { return nil })
	damaged("gone")
	if f := read[page[footprint]](w.get("manager", w.library()+"/footprints?limit=1")).Items[0]; f.Outcome != "damaged" || f.Actor != "Sam Example" || *f.Version != 1 {
		t.Errorf("the newest footprint: %+v", f)
	}
}

func (w *world) damages() int {
	w.t.Helper()
	var n int
	w.Scan(w.t, `select count(*) from app.footprint where outcome = 'damaged' and request <> ''`, nil, &n)
	return n
}

// A file that a browser would take for a script or a style of ours, since it comes
// from our own address, is served as plain bytes.
func TestNoFileIsAScriptOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, content := range map[string]string{"tool.js": "#!/usr/bin/env node\nalert(1)\n", "tool": "#!/usr/bin/node\nalert(1)\n", "page": "<!doctype html><script>alert(1)</script>", "picture": `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`} {
		f := paper("form", "2026-01-05", content)
		f.name = name
		a := w.get("manager", versionPath(w.add("manager", w.library(), f), "/content"))
		if got := a.Header.Get("Content-Type"); got != "application/octet-stream" || string(a.body) != content {
			t.Errorf("%s is served as %s: %s", name, got, a.body)
		}
	}
}
