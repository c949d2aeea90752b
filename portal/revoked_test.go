package portal_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/storage/localdir"
	"custodian/storage/storagetest"
)

// ending is one way in which somebody's right to go on reading ends.
type ending struct {
	what, who string
	page      bool // they read in a browser
	end       func(*world, *visitor)
}

func endings() []ending {
	return []ending{
		{"the role", "staff", false, func(w *world, _ *visitor) { w.endRoles("staff") }},
		{"the token", "manager", false, func(w *world, _ *visitor) {
			list := read[page[tokenView]](w.get("manager", "/api/v1/tokens")).Items
			w.ok(204, "manager", http.MethodPost, "/api/v1/tokens/"+list[0].ID+"/revoke", nil)
		}},
		{"the session", "individual", true, func(w *world, v *visitor) {
			var session int64
			w.Scan(w.t, `select max(id) from app.session where actor_id = $1`, []any{int64(w.Actors[v.who].ID)}, &session)
			w.visitor(v.who).ask(http.MethodPost, "/me/sessions/"+number(session)+"/end", nil)
		}},
		{"a grant", "service", false, func(w *world, _ *visitor) {
			w.Exec(w.t, `update app.grants set valid_until = now() where actor_id = $1`, int64(w.Actors["service"].ID))
		}},
		{"their leaving", "staff2", true, func(w *world, _ *visitor) {
			must(w.t, grants.Leave(w.t.Context(), w.DB, w.Actors["admin"], w.Actors["staff2"].ID, time.Time{}, "for the test"))
		}},
	}
}

// download is a file of which some has come.
type download struct {
	body io.ReadCloser
	came atomic.Int64
}

func (d *download) Write(p []byte) (int, error) {
	d.came.Add(int64(len(p)))
	return len(p), nil
}

// download begins a download, and reads its first megabyte.
func (w *world) download(e ending, v added, visitor *visitor) *download {
	w.t.Helper()
	var r *http.Request
	if e.page {
		var err error
		r, err = http.NewRequestWithContext(context.Background(), http.MethodGet, w.url+"/documents/"+v.Document.ID+"/versions/1/file", nil)
		must(w.t, err)
		r.Header.Set("Cookie", login.SessionCookie+"="+visitor.secret)
	} else {
		r = w.request(e.who, http.MethodGet, versionPath(v, "/content"), nil)
	}
	resp, err := w.client.Transport.(*checked).next.RoundTrip(r)
	must(w.t, err)
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s is answered with %s", e.who, resp.Status)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	d := &download{body: resp.Body}
	_, err = io.CopyN(d, d.body, 1<<20)
	must(w.t, err)
	return d
}

// long puts a file of so many bytes into a record.
func (w *world) long(record string, size int64) added {
	w.t.Helper()
	head := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"long.bin\"\r\n\r\n"
	tail := "\r\n--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nLong\r\n--b\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nrecording\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"in_force_from\"\r\n\r\n2026-01-01\r\n--b--\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(zeros{}, size), strings.NewReader(tail))
	return read[added](w.ok(201, "manager", http.MethodPost, record+"/documents", raw{"multipart/form-data; boundary=b", body}))
}

// zeros are bytes without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (w *world) cuts() int { return strings.Count(w.log.String(), `"msg":"request cut"`) }

// A right that ends while 1 GiB is being read cuts it off, whatever the right
// hung on: for somebody who reads as fast as they can, and for somebody who has
// stopped reading for a while, to whom nothing would be sent that could be held
// back by asking each second. How long it takes is measured by BenchmarkRevoked.
func TestRightThatEndsCutsTheStream(t *testing.T) {
	t.Parallel()
	const size = 1 << 30
	store, err := localdir.New(t.TempDir() + "/objects")
	must(t, err)
	w := newWorldWith(t, 2*size, store)
	v := w.long(w.library(), size)
	for _, e := range endings() {
		w.cut(v, e)
	}
	w.refusedTwice("staff", "service") // whose token or session ended is nobody
}

// refusedTwice wants the two downloads of each to have left a refusal.
func (w *world) refusedTwice(who ...string) {
	w.t.Helper()
	for _, name := range who {
		var n int
		w.Scan(w.t, `select count(*) from app.footprint where outcome = 'refused' and action = 'version.opened' and actor_id = $1`, []any{int64(w.Actors[name].ID)}, &n)
		if n != 2 {
			w.t.Errorf("the downloads of %s that were cut left %d refusals", name, n)
		}
	}
}

// cut lets somebody read a file twice, fast and not at all, ends what they read it by,
// and sees both cut off.
func (w *world) cut(v added, e ending) {
	w.t.Helper()
	const under = 64 << 20 // what was on its way, on a busy machine
	visitor := w.visitor(e.who)
	fast, slow := w.download(e, v, visitor), w.download(e, v, visitor)
	cut := make(chan error, 1)
	go func() {
		_, err := io.Copy(fast, fast.body)
		cut <- err
	}()
	was := w.cuts()
	e.end(w, visitor)
	ended, then := time.Now(), fast.came.Load()
	if err := <-cut; err == nil {
		w.t.Errorf("%s ended, and all came", e.what)
	}
	took := time.Since(ended)
	w.until(fmt.Sprintf("%s ended, and both downloads are cut", e.what), func() bool { return w.cuts() == was+2 })
	n, err := io.Copy(slow, slow.body)
	if after := fast.came.Load() - then; after > under || err == nil || n > under {
		w.t.Errorf("%s ended, and %d bytes came to one who read on, %d to one who had stopped (%v)", e.what, after, n, err)
	}
	w.t.Logf("%s ended after %d bytes: the last came %v later, %d bytes on; to one who had stopped %d bytes on", e.what, then, took, fast.came.Load()-then, n)
}

// Without the database's word of a change, as where it cannot be heard, a
// download is cut all the same: rights are asked about each second or 8 MiB.
func TestRightThatEndsIsFoundWithoutWord(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	w := newWorldWith(t, 2*size, storagetest.Memory())
	v := w.long(w.library(), size)
	w.Exec(t, `alter table app.role_held disable trigger tell; alter table app.grants disable trigger tell`)
	e := endings()[0]
	d := w.download(e, v, nil)
	e.end(w, nil)
	if _, err := io.Copy(d, d.body); err == nil || d.came.Load() >= size/2 {
		t.Errorf("%d bytes came (%v)", d.came.Load(), err)
	}
}

// After the connection on which changes are heard was lost, they are heard again,
// and everybody is told to ask once, for what was said meanwhile.
func TestChangesAreHeardAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changes := grants.NewChanges()
	go changes.Run(t.Context(), w.DB, slog.New(slog.DiscardHandler))
	mine, stop := changes.Of(w.Actors["staff"].ID)
	defer stop()
	others, stop2 := changes.Of(w.Actors["manager"].ID)
	defer stop2()
	hear := func(what string, of <-chan struct{}) {
		t.Helper()
		select {
		case <-of:
		case <-time.After(30 * time.Second):
			t.Fatalf("never heard: %s", what)
		}
	}
	change := func() {
		w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 0, $2, 1, 1, 'role', 1, 'x', now())`, int64(w.Actors["staff"].ID), w.Provider)
	}
	hear("that it is heard", mine)
	hear("that it is heard", others)
	change()
	hear("a change", mine)
	w.Exec(t, `select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()`)
	hear("that it is heard again", mine)
	hear("that it is heard again", others)
	change()
	hear("a change after that", mine)
	select {
	case <-others:
		t.Error("somebody else's change was heard")
	default:
	}
}
