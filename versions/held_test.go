package versions_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/versions"
)

// sent is a batch of one test: files of these words in the library, or for a document.
func (w *world) sent(who string, document int64, words ...string) int64 {
	w.t.Helper()
	id, err := w.send(who, w.library(), document, words...)
	must(w.t, err)
	return id
}

func (w *world) send(who string, record, document int64, words ...string) (int64, error) {
	ctx := context.Background()
	a := w.Actors[who]
	slot, err := w.keeper.BeginDocument(ctx, a, record)
	if document != 0 {
		slot, err = w.keeper.BeginVersion(ctx, a, document)
	}
	if err != nil {
		return 0, err
	}
	return w.keeper.NewBatch(ctx, a, slot, map[string]string{"title": "as typed", "zero": "a\x00b"}, w.received(words...)...)
}

func (w *world) received(words ...string) []*versions.Received {
	w.t.Helper()
	var files []*versions.Received
	for i, text := range words {
		r, err := w.keeper.Receive(context.Background(), fmt.Sprintf("paper %d.txt", i+1), strings.NewReader(text))
		must(w.t, err)
		files = append(files, r)
	}
	return files
}

func (w *world) batch(who string, id int64) versions.Batch {
	w.t.Helper()
	b, err := w.keeper.Batch(context.Background(), w.Actors[who], id)
	must(w.t, err)
	return b
}

func good() versions.Claim {
	return versions.Claim{Entry: versions.Entry{Title: "A procedure", Kind: "procedure", InForceFrom: "2026-01-01"}}
}

func (w *world) count(table string) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.`+table, nil, &n)
	return n
}

// Three files come together; a refused form keeps all of it; they are added one
// after the other, the last one takes the batch along, and each reads back.
func TestHeldFilesAreAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	id := w.sent("staff", 0, "one", "two", "three")
	b := w.batch("staff", id)
	if b.Came != 3 || len(b.Files) != 3 || b.Record != w.library() || b.Document != 0 {
		t.Fatalf("%+v", b)
	}
	if diff := cmp.Diff(map[string]string{"title": "as typed", "zero": "a\ufffdb"}, b.Typed); diff != "" {
		t.Errorf("typed (-want +got):\n%s", diff)
	}
	if f := b.Files[1]; f.FileName != "paper 2.txt" || f.MediaType != "text/plain; charset=utf-8" || f.Size != 3 || f.Gone || len(f.Same) != 0 {
		t.Errorf("%+v", f)
	}
	bad := good()
	bad.Title, bad.InForceFrom = "", "2026-02-30"
	_, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, bad)
	if f, ok := fault.Of(err); !ok || f.Kind != fault.Invalid || len(f.Fields) != 2 {
		t.Errorf("bad facts: %v", err)
	}
	must(t, w.keeper.Note(ctx, staff, id, map[string]string{"title": "typed again"}))
	if b := w.batch("staff", id); len(b.Files) != 3 || b.Typed["title"] != "typed again" || w.objects() != 3 {
		t.Errorf("after a refusal: %+v, %d objects", b, w.objects())
	}
	for i, text := range []string{"one", "two", "three"} {
		c := good()
		c.Title = text
		a, err := w.keeper.AddHeld(ctx, staff, id, b.Files[i].ID, c)
		must(t, err)
		o, err := w.keeper.Open(ctx, staff, versions.Target{Document: a.Document.ID, Number: 1}, "")
		must(t, err)
		read := make([]byte, 10)
		if n, _ := o.Read(read); string(read[:n]) != text || a.Repeated || a.Document.Title != text || o.Version.FileName != fmt.Sprintf("paper %d.txt", i+1) {
			t.Errorf("%q: %+v", read[:n], a)
		}
		must(t, o.Close())
		if i == 2 {
			break
		}
		if b := w.batch("staff", id); len(b.Files) != 2-i || b.Came != 3 {
			t.Errorf("after %d: %+v", i+1, b)
		}
	}
	if w.count("batch") != 0 || w.count("held") != 0 || w.count("upload") != 0 || w.objects() != 3 {
		t.Errorf("left: %d batches, %d held, %d notes; %d objects", w.count("batch"), w.count("held"), w.count("upload"), w.objects())
	}
	if _, err := w.keeper.Batch(ctx, staff, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("the batch is still there: %v", err)
	}
	for action, want := range map[access.Action]int{access.HoldUpload: 1, access.ViewUpload: 4, access.NoteUpload: 1, access.AddDocument: 3} {
		var n int
		w.Scan(t, `select count(*) from app.footprint where action = $1 and outcome = 'done' and record_id = $2`, []any{action.Name, w.library()}, &n)
		if n != want {
			t.Errorf("%d footprints of %s, want %d", n, action.Name, want)
		}
	}
}

// A version that waited is added to its document, unless another came meanwhile.
func TestHeldVersionMeetsANewerOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	a, err := w.document("staff", "procedure", "2026-01-01", "first")
	must(t, err)
	id := w.sent("staff", a.Document.ID, "mine")
	b := w.batch("staff", id)
	if b.Latest != 1 || b.Document != a.Document.ID {
		t.Fatalf("%+v", b)
	}
	_, err = w.add("staff2", a.Document.ID, versions.Entry{InForceFrom: "2026-02-01"}, "theirs")
	must(t, err)
	c := versions.Claim{Entry: versions.Entry{InForceFrom: "2026-03-01"}, Latest: b.Latest}
	if _, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, c); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "Look at theirs first") {
		t.Errorf("over theirs: %v", err)
	}
	c.Latest = w.batch("staff", id).Latest
	added, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, c)
	must(t, err)
	if added.Version.Number != 3 {
		t.Errorf("number %d", added.Version.Number)
	}
}

// The same content in the record is pointed out, and added when it is meant.
func TestHeldTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	first, err := w.document("staff", "procedure", "2026-01-01", "the same")
	must(t, err)
	other, err := w.send("staff", w.Records["Wren Sample"], 0, "the same")
	must(t, err)
	if b := w.batch("staff", other); len(b.Files[0].Same) != 0 {
		t.Errorf("another record's content is pointed out: %+v", b.Files[0].Same)
	}
	id := w.sent("staff", 0, "the same")
	b, want := w.batch("staff", id), []versions.Same{{Document: first.Document.ID, Title: first.Document.Title, Number: 1, RecordedAt: first.Version.RecordedAt}}
	if diff := cmp.Diff(want, b.Files[0].Same); diff != "" {
		t.Errorf("same (-want +got):\n%s", diff)
	}
	c := good()
	_, err = w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, c)
	if f, ok := fault.Of(err); !ok || f.Kind != fault.Conflict || len(f.Fields) != 1 || f.Fields[0].Name != "meant" {
		t.Errorf("not meant: %v", err)
	}
	c.Meant = true
	_, err = w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, c)
	must(t, err)
}

// Nobody else sees, notes, adds to, adds or takes away what somebody sent: not a
// manager either. To them it is not there.
func TestHeldIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent("staff", 0, "mine")
	held := w.batch("staff", id).Files[0].ID
	mine := w.sent("staff2", 0, "theirs")
	for _, who := range []string{"manager", "staff2", "inspector", "service", "other-manager"} {
		a := w.Actors[who]
		_, seen := w.keeper.Batch(ctx, a, id)
		_, added := w.keeper.AddHeld(ctx, a, id, held, good())
		for what, err := range map[string]error{"seen": seen, "added": added, "noted": w.keeper.Note(ctx, a, id, nil),
			"dropped": w.keeper.DropHeld(ctx, a, id, held), "added to": w.keeper.Hold(ctx, a, id, w.received("more")...)} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s by %s: %v", what, who, err)
			}
		}
	}
	// by way of a batch of their own
	if _, err := w.keeper.AddHeld(ctx, w.Actors["staff2"], mine, held, good()); !fault.Is(err, fault.Conflict) {
		t.Errorf("added by way of another batch: %v", err)
	}
	if err := w.keeper.DropHeld(ctx, w.Actors["staff2"], mine, held); !fault.Is(err, fault.Conflict) {
		t.Errorf("dropped by way of another batch: %v", err)
	}
	list, err := w.keeper.Unfinished(ctx, w.Actors["manager"])
	must(t, err)
	if len(list) != 0 || w.objects() != 2 || w.count("held") != 2 {
		t.Errorf("listed to another: %v; %d objects, %d held", list, w.objects(), w.count("held"))
	}
	if list, err = w.keeper.Unfinished(ctx, w.Actors["staff"]); err != nil || len(list) != 1 || list[0].Batch != id || list[0].Files != 1 || list[0].Record != w.library() {
		t.Errorf("own: %+v, %v", list, err)
	}
	for who, want := range map[string]fault.Kind{"inspector": fault.Forbidden, "other-manager": fault.NotFound} {
		if _, err := w.send(who, w.library(), 0, "x"); !fault.Is(err, want) {
			t.Errorf("%s may send: %v", who, err)
		}
	}
}

// Between sending and adding the record is closed, reopened, or moved out of reach.
func TestHeldWhileTheRecordChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff, manager := t.Context(), w.Actors["staff"], w.Actors["manager"]
	record := w.Records["Wren Sample"]
	id, err := w.send("staff", record, 0, "a note")
	must(t, err)
	held := w.batch("staff", id).Files[0].ID
	c := good()
	c.Kind = "other"
	must(t, people.Close(ctx, w.DB, manager, record, people.Change{Why: "over"}))
	if _, err := w.keeper.AddHeld(ctx, staff, id, held, c); !fault.Is(err, fault.Conflict) {
		t.Errorf("into a closed record: %v", err)
	}
	if n := len(w.batch("staff", id).Files); n != 1 {
		t.Errorf("of what waits for a closed record %d are shown", n)
	}
	must(t, people.Reopen(ctx, w.DB, manager, record, people.Change{Why: "not over"}))
	must(t, people.Move(ctx, w.DB, manager, record, w.Homes[sample.Supported], people.Change{Why: "moves"}))
	if _, err := w.keeper.AddHeld(ctx, staff, id, held, c); !fault.Is(err, fault.NotFound) {
		t.Errorf("into a record out of reach: %v", err)
	}
	if _, err := w.keeper.Batch(ctx, staff, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("seen out of reach: %v", err)
	}
	if list, err := w.keeper.Unfinished(ctx, staff); err != nil || len(list) != 0 {
		t.Errorf("listed out of reach: %v, %v", list, err)
	}
	must(t, people.Move(ctx, w.DB, w.Actors["supported-manager"], record, w.Homes[sample.ChildrensHome], people.Change{Why: "comes back"}))
	_, err = w.keeper.AddHeld(ctx, staff, id, held, c)
	must(t, err)
}

// Two tabs add one file at the same moment: there is one document. The very same
// form sent twice leads to it; another form is told.
func TestHeldAddedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	for _, different := range []bool{false, true} {
		id := w.sent("staff", 0, fmt.Sprint("raced ", different))
		held := w.batch("staff", id).Files[0].ID
		const tabs = 6
		errs := make(chan error, tabs)
		documents := make(chan int64, tabs)
		before := w.count("version")
		for i := range tabs {
			c := good()
			if different {
				c.Title = fmt.Sprint("Tab ", i)
			}
			go func() {
				a, err := w.keeper.AddHeld(ctx, staff, id, held, c)
				documents <- a.Document.ID
				errs <- err
			}()
		}
		done, told := 0, 0
		all := map[int64]bool{}
		for range tabs {
			all[<-documents] = true
			switch err := <-errs; {
			case err == nil:
				done++
			case fault.Is(err, fault.Conflict) && strings.Contains(err.Error(), "added already"):
				told++
			default:
				t.Errorf("different %v: %v", different, err)
			}
		}
		if made := w.count("version") - before; made != 1 || len(all) != 1 || different && done != 1 || !different && done != tabs {
			t.Errorf("different %v: %d versions, %d done, %d told, documents %v", different, made, done, told, all)
		}
	}
	if w.objects() != 2 || w.count("batch") != 0 {
		t.Errorf("%d objects, %d batches", w.objects(), w.count("batch"))
	}
}

// The last two files of a batch, added at the same moment, leave no batch behind.
func TestHeldLastTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	for n := range 5 {
		id := w.sent("staff", 0, fmt.Sprint("left ", n), fmt.Sprint("right ", n))
		errs := make(chan error, 2)
		for _, f := range w.batch("staff", id).Files {
			go func() {
				_, err := w.keeper.AddHeld(ctx, staff, id, f.ID, good())
				errs <- err
			}()
		}
		must(t, <-errs)
		must(t, <-errs)
	}
	if w.count("batch") != 0 || w.count("held") != 0 {
		t.Errorf("%d batches, %d files wait", w.count("batch"), w.count("held"))
	}
}

// A file is taken away with its object, or added, never half of each.
func TestHeldDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	id := w.sent("staff", 0, "one", "two")
	b := w.batch("staff", id)
	must(t, w.keeper.DropHeld(ctx, staff, id, b.Files[0].ID))
	if err := w.keeper.DropHeld(ctx, staff, id, b.Files[0].ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("dropped twice: %v", err)
	}
	if b := w.batch("staff", id); b.Came != 1 || len(b.Files) != 1 || w.objects() != 1 {
		t.Errorf("%+v, %d objects", b, w.objects())
	}
	must(t, w.keeper.DropHeld(ctx, staff, id, b.Files[1].ID))
	if w.count("batch") != 0 || w.count("upload") != 0 || w.objects() != 0 {
		t.Errorf("%d batches, %d notes, %d objects", w.count("batch"), w.count("upload"), w.objects())
	}
	for n := range 10 {
		id := w.sent("staff", 0, fmt.Sprint("raced ", n))
		held := w.batch("staff", id).Files[0].ID
		dropped, added := make(chan error, 1), make(chan error, 1)
		go func() { dropped <- w.keeper.DropHeld(ctx, staff, id, held) }()
		go func() {
			_, err := w.keeper.AddHeld(ctx, staff, id, held, good())
			added <- err
		}()
		d, a := <-dropped, <-added
		if (d == nil) == (a == nil) {
			t.Errorf("dropped: %v; added: %v", d, a)
		}
	}
	if w.objects() != w.count("version") {
		t.Errorf("%d objects for %d versions", w.objects(), w.count("version"))
	}
}
