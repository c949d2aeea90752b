package versions_test

import (
	"slices"
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/versions"
)

// Every kind belongs in some record, and each record has kinds of its own.
func TestKindsForRecords(t *testing.T) {
	t.Parallel()
	offered := map[string]int{}
	for _, r := range access.RecordKinds() {
		kinds := versions.KindsFor(r)
		for _, k := range kinds {
			offered[k.Name]++
		}
		if len(kinds) < 5 || kinds[len(kinds)-1].Name != "other" {
			t.Errorf("%v: %v", r, kinds)
		}
	}
	for _, k := range versions.Kinds() {
		if offered[k.Name] == 0 {
			t.Errorf("%s belongs nowhere", k.Name)
		}
	}
	library := versions.KindsFor(access.Library)
	for name, want := range map[string]bool{"policy": true, "care-plan": false, "dbs-check": false} {
		if slices.ContainsFunc(library, func(k versions.Kind) bool { return k.Name == name }) != want {
			t.Errorf("%s in a library: %v", name, !want)
		}
	}
}

// A file that cannot be added at once waits with what was typed; the same form
// again finds what came of it, and leaves nothing waiting.
func TestAddSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, staff := t.Context(), w.Actors["staff"]
	send := func(c versions.Claim, key, text string) (int64, versions.Added, error) {
		t.Helper()
		s, err := w.keeper.BeginDocument(ctx, staff, w.library())
		must(t, err)
		if s.Document().ID != 0 || s.Latest() != 0 {
			t.Errorf("a new document's slot: %+v, %d", s.Document(), s.Latest())
		}
		r, err := w.keeper.Receive(ctx, "a.txt", strings.NewReader(text))
		must(t, err)
		return w.keeper.AddSent(ctx, staff, s, map[string]string{"title": c.Title}, r, c, key)
	}
	batch, first, err := send(good(), "key one", "text")
	if err != nil || batch != 0 || first.Repeated || w.count("batch") != 0 {
		t.Fatalf("%d %+v %v", batch, first, err)
	}
	batch, again, err := send(good(), "key one", "text")
	if err != nil || batch != 0 || !again.Repeated || again.Document.ID != first.Document.ID || w.count("held") != 0 || w.objects() != 1 {
		t.Errorf("again: %d %+v %v; %d wait, %d objects", batch, again, err, w.count("held"), w.objects())
	}
	for key, want := range map[string]fault.Kind{"": fault.Conflict, "key two": fault.Conflict} { // the same content, and no repetition
		if batch, _, err = send(good(), key, "text"); !fault.Is(err, want) || batch == 0 || w.batch("staff", batch).Typed["title"] != "A procedure" {
			t.Errorf("under %q: %d %v", key, batch, err)
		}
	}
	bad := good()
	bad.InForceFrom = "never"
	if batch, _, err = send(bad, "key three", "other"); !fault.Is(err, fault.Invalid) || len(w.batch("staff", batch).Files) != 1 {
		t.Errorf("bad facts: %d %v", batch, err)
	}
	if w.objects() != 4 || w.count("held") != 3 || w.count("version") != 1 {
		t.Errorf("%d objects, %d wait, %d versions", w.objects(), w.count("held"), w.count("version"))
	}
}
