package versions_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"custodian/internal/fault"
	"custodian/storage"
	"custodian/versions"
)

func (w *world) objects() (n int) {
	w.t.Helper()
	for _, err := range w.store.List(context.Background()) {
		must(w.t, err)
		n++
	}
	return n
}

func TestReceiveRefusesAndKeepsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	png := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 100)...)
	for _, c := range []struct {
		name string
		body io.Reader
		says string
	}{
		{"a.txt", strings.NewReader(""), "empty"},
		{"a.bin", io.LimitReader(zeroes{}, 1<<20+1), "larger than 1 MiB"},
		{"a.bin", io.MultiReader(strings.NewReader(strings.Repeat("x", 100_000)), iotest.ErrReader(io.ErrUnexpectedEOF)), "broke off"},
		{"a.txt", iotest.ErrReader(errors.New("reset")), "broke off"},
		{"../a.txt", strings.NewReader("x"), "character"},
		{`C:\a.txt`, strings.NewReader("x"), "character"},
		{`"a".txt`, strings.NewReader("x"), "character"},
		{"..", strings.NewReader("x"), "only dots"},
		{"say %22hi%22.txt", strings.NewReader("x"), "character"},
		{"", strings.NewReader("x"), "no name"},
		{"a\u202etxt.exe", strings.NewReader("x"), "cannot be seen"},
		{"a\x00.txt", strings.NewReader("x"), "cannot be seen"},
		{strings.Repeat("é", 300), strings.NewReader("x"), "300 letters"},
		{"plan.pdf", strings.NewReader("<!doctype html><script>alert(1)</script>"), "web page"},
		{"plan.pdf", bytes.NewReader(png), "picture"},
		{"photo.png", strings.NewReader("%PDF-1.7\n"), "its content is a PDF."},
		{"letter.docx", strings.NewReader("\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 200)), "program"},
		{"notes.txt", strings.NewReader("<html><body>hello</body></html>"), "web page"},
		{"drawing.png", strings.NewReader(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>`), "picture"},
	} {
		r, err := w.keeper.Receive(t.Context(), c.name, c.body)
		f, ok := fault.Of(err)
		if !ok || f.Kind != fault.Invalid && f.Kind != fault.TooLarge || !strings.Contains(f.Public, c.says) || r != nil {
			t.Errorf("%.40q: %v", c.name, err)
		}
	}
	if n := w.objects(); n != 0 {
		t.Errorf("%d objects were left behind", n)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func TestReceiveTakesAnyFormat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, body := range map[string]string{
		"plan.pdf":                 "%PDF-1.7\n%%EOF",
		"John’s plan (final).docx": "PK\x03\x04 a container that is not recognised further",
		"notes.txt":                "plain",
		"table.csv":                "a,b\n1,2\n",
		"notes":                    "no ending at all",
		"page.html":                "<!doctype html><p>kept as it is, and only ever served as an attachment",
		"odd.xyz":                  "\x00\x01\x02",
		"scan.pdf":                 "not recognisable, so it is believed",
		"مخطط.txt":                 "a name in another script",
	} {
		r, err := w.keeper.Receive(t.Context(), name, strings.NewReader(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.keeper.Discard(t.Context(), r)
	}
	if n := w.objects(); n != 0 {
		t.Errorf("%d objects were left behind", n)
	}
}

// What an upload left behind that never came to a row is removed when it is old
// enough. What has a row never is, nor what this database knows nothing of.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("staff", "procedure", "2026-01-01", "kept")
	must(t, err)
	late := versions.Slot{}
	for range 3 {
		late, err = w.keeper.BeginVersion(t.Context(), w.Actors["staff"], a.Document.ID)
		must(t, err)
		_, err = w.keeper.Receive(t.Context(), "orphan.txt", strings.NewReader("orphan"))
		must(t, err)
	}
	slow, err := w.keeper.Receive(t.Context(), "slow.txt", strings.NewReader("so slow that it is given up"))
	must(t, err)
	_, err = w.sealed.Put(t.Context(), strings.NewReader("of another database, or newer than this one's backup"))
	must(t, err)
	sweep := func(age time.Duration, removed, left int) {
		t.Helper()
		n, err := w.keeper.Sweep(t.Context(), age)
		if err != nil || n != removed || w.objects() != left {
			t.Errorf("removed %d, left %d, %v; want %d, %d", n, w.objects(), err, removed, left)
		}
	}
	sweep(time.Hour, 0, 6)
	sweep(0, 4, 2)
	sweep(0, 0, 2)
	if _, err := w.keeper.AddVersion(t.Context(), w.Actors["staff"], late, versions.Entry{InForceFrom: "2026-02-01"}, slow, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("an upload that was given up was taken: %v", err)
	}
	o, err := w.keeper.Open(t.Context(), w.Actors["staff"], versions.Target{Document: a.Document.ID, Number: 1}, "")
	must(t, err)
	must(t, o.Close())
}

// Two people send a version at the same time: the second is told to look at
// the first one's, and nothing of theirs is left behind.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	a, err := w.document("staff", "procedure", "2026-01-01", "first")
	must(t, err)
	begin := func(who string) (versions.Slot, *versions.Received) {
		slot, err := w.keeper.BeginVersion(ctx, w.Actors[who], a.Document.ID)
		must(t, err)
		r, err := w.keeper.Receive(ctx, "a.txt", strings.NewReader(who))
		must(t, err)
		return slot, r
	}
	slot1, r1 := begin("staff")
	slot2, r2 := begin("staff2")
	e := versions.Entry{InForceFrom: "2026-02-01"}
	b, err := w.keeper.AddVersion(ctx, w.Actors["staff"], slot1, e, r1, "")
	must(t, err)
	if b.Version.Number != 2 {
		t.Errorf("number %d", b.Version.Number)
	}
	if _, err := w.keeper.AddVersion(ctx, w.Actors["staff2"], slot2, e, r2, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("the second got %v", err)
	}
	if n := w.objects(); n != 2 {
		t.Errorf("%d objects for 2 versions", n)
	}
}

// Damage is refused, told in words without internals, and footprinted once.
func TestDamage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("staff", "procedure", "2026-01-01", strings.Repeat("a paper ", 1000))
	must(t, err)
	var name string
	w.Scan(t, `select object_name from app.version where document_id = $1`, []any{a.Document.ID}, &name)
	must(t, w.store.Remove(t.Context(), storage.Name(name)))
	_, err = w.keeper.Open(t.Context(), w.Actors["manager"], versions.Target{Document: a.Document.ID, Number: 1}, "")
	if !fault.Is(err, fault.Damaged) {
		t.Errorf("a missing object: %v", err)
	}
	var n int
	if w.Scan(t, `select count(*) from app.footprint where outcome = 'damaged' and document_id = $1`, []any{a.Document.ID}, &n); n != 1 {
		t.Errorf("%d footprints of damage", n)
	}
}

func FuzzReceiveName(f *testing.F) {
	for _, s := range []string{"a.txt", "../x", "a\u202eb", strings.Repeat("x", 400), "con", ".", "a\"b", "\xff"} {
		f.Add(s)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, name string) {
		r, err := w.keeper.Receive(context.Background(), name, strings.NewReader("x"))
		if err != nil {
			if _, ok := fault.Of(err); !ok {
				t.Errorf("%q: %v is no fault", name, err)
			}
			return
		}
		w.keeper.Discard(context.Background(), r)
		if strings.ContainsAny(r.FileName, "/\\\"\x00\n\r") || len([]rune(r.FileName)) > 200 {
			t.Errorf("%q was accepted", name)
		}
		if _, err := fmt.Sscan(r.MediaType, new(string)); err != nil {
			t.Errorf("%q has no media type", name)
		}
	})
}
