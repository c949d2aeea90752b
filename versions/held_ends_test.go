package versions_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/storage"
	"custodian/versions"
)

// After its day a file is gone and says so; what was typed is there for a week.
// What was added meanwhile stays.
func TestHeldForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	id := w.sent("staff", 0, "added", "forgotten")
	b := w.batch("staff", id)
	kept, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, good())
	must(t, err)
	sweep := func() {
		t.Helper()
		_, err := w.keeper.Sweep(ctx, 24*time.Hour)
		must(t, err)
	}
	w.Exec(t, `update app.upload set begun_at = begun_at - interval '23 hours 59 minutes'; update app.batch set begun_at = begun_at - interval '23 hours 59 minutes'`)
	sweep()
	if b := w.batch("staff", id); len(b.Files) != 1 || b.Files[0].Gone || w.objects() != 2 {
		t.Errorf("before its day is over: %+v", b)
	}
	w.Exec(t, `update app.upload set begun_at = begun_at - interval '1 minute'; update app.batch set begun_at = begun_at - interval '1 minute'`)
	sweep()
	b = w.batch("staff", id)
	if len(b.Files) != 1 || !b.Files[0].Gone || b.Typed["title"] != "as typed" || w.objects() != 1 {
		t.Fatalf("after its day: %+v, %d objects", b, w.objects())
	}
	if _, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, good()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "kept for a day and is gone") {
		t.Errorf("added after its day: %v", err)
	}
	if list, err := w.keeper.Unfinished(ctx, staff); err != nil || len(list) != 0 {
		t.Errorf("nothing waits, and yet %v, %v", list, err)
	}
	must(t, w.keeper.Hold(ctx, staff, id, w.received("chosen again")...))
	must(t, w.keeper.DropHeld(ctx, staff, id, b.Files[0].ID))
	if b = w.batch("staff", id); len(b.Files) != 1 || b.Files[0].Gone || b.Came != 2 {
		t.Errorf("chosen again: %+v", b)
	}
	w.Exec(t, `update app.batch set begun_at = begun_at - interval '7 days'`)
	sweep()
	if _, err := w.keeper.Batch(ctx, staff, id); !fault.Is(err, fault.NotFound) || w.count("held") != 0 {
		t.Errorf("after a week: %v, %d held", err, w.count("held"))
	}
	w.Exec(t, `update app.upload set begun_at = begun_at - interval '1 day'`)
	sweep()
	if w.objects() != 1 || w.count("upload") != 0 {
		t.Errorf("%d objects, %d notes", w.objects(), w.count("upload"))
	}
	o, err := w.keeper.Open(ctx, staff, versions.Target{Document: kept.Document.ID, Number: 1}, "")
	must(t, err)
	must(t, o.Close())
}

// Wherever it is killed, no row is without its object, and Sweep finds the rest.
func TestHeldKilledBetween(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	_ = w.received("stored, and no row came") // killed before NewBatch
	id := w.sent("staff", 0, "given up in the middle")
	b := w.batch("staff", id)
	// the sweep is killed after it gave the upload up, and again after it removed the object
	w.Exec(t, `update app.upload set abandoned = true`)
	if _, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, good()); !fault.Is(err, fault.Conflict) {
		t.Errorf("given up, and added: %v", err)
	}
	var name string
	w.Scan(t, `select object_name from app.held`, nil, &name)
	must(t, w.store.Remove(ctx, storage.Name(name)))
	if b := w.batch("staff", id); !b.Files[0].Gone {
		t.Error("given up, and not shown as gone")
	}
	if n, err := w.keeper.Sweep(ctx, time.Hour); err != nil || n != 2 || w.objects() != 0 || w.count("version") != 0 {
		t.Errorf("swept %d, %v; %d objects, %d versions", n, err, w.objects(), w.count("version"))
	}
	// taking away is killed after the row: the note is left for the sweep
	w.sent("staff", 0, "taken away by halves")
	w.Exec(t, `delete from app.batch`)
	if n, err := w.keeper.Sweep(ctx, 0); err != nil || n != 1 || w.objects() != 0 {
		t.Errorf("swept %d, %v; %d objects", n, err, w.objects())
	}
}

// The key of one held file in another's row opens nothing, and is a finding.
func TestHeldKeysAreBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	id := w.sent("staff", 0, "mine", "more")
	b := w.batch("staff", id)
	w.Exec(t, `update app.held h set wrapped_key = o.wrapped_key, object_name = null from app.held o where o.id <> h.id and h.id = $1`, b.Files[0].ID)
	w.Exec(t, `update app.held h set object_name = (select u.object_name from app.upload u where not exists (select from app.held x where x.object_name = u.object_name)) where object_name is null`)
	if _, err := w.keeper.AddHeld(ctx, staff, id, b.Files[0].ID, good()); !fault.Is(err, fault.Damaged) {
		t.Errorf("under another's key: %v", err)
	}
	var n int
	if w.Scan(t, `select count(*) from app.footprint where outcome = 'damaged' and record_id = $1`, []any{w.library()}, &n); n != 1 || w.count("version") != 0 {
		t.Errorf("%d findings, %d versions", n, w.count("version"))
	}
	if b := w.batch("staff", id); len(b.Files) != 2 {
		t.Errorf("%d files wait", len(b.Files))
	}
}

func TestHeldLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	words := make([]string, versions.MostFiles+1)
	for i := range words {
		words[i] = fmt.Sprint("paper ", i)
	}
	if _, err := w.send("staff", w.library(), 0, words...); !fault.Is(err, fault.Invalid) {
		t.Errorf("%d files: %v", len(words), err)
	}
	if _, err := w.send("staff", w.library(), 0); !fault.Is(err, fault.Invalid) {
		t.Errorf("no file: %v", err)
	}
	id := w.sent("staff", 0, words[1:]...)
	if err := w.keeper.Hold(ctx, staff, id, w.received("one more")...); !fault.Is(err, fault.Invalid) {
		t.Errorf("one more: %v", err)
	}
	if err := w.keeper.Note(ctx, staff, id, map[string]string{"note": strings.Repeat("x", 200_000)}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a novel: %v", err)
	}
	for range 39 {
		w.sent("staff", 0, "x")
	}
	if _, err := w.send("staff", w.library(), 0, "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the 41st upload: %v", err)
	}
	if n := w.objects(); n != 59 || w.count("held") != 59 {
		t.Errorf("%d objects, %d held, want 59", n, w.count("held"))
	}
	must(t, w.keeper.DropHeld(ctx, w.Actors["staff"], id, w.batch("staff", id).Files[0].ID))
	w.Exec(t, `update app.upload set abandoned = true where object_name in (select object_name from app.held where batch_id = (select max(batch_id) from app.held))`)
	w.sent("staff", 0, "room again")
}
