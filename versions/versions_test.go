package versions_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/storage"
	"custodian/storage/storagetest"
	"custodian/versions"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// world is a planted provider with a keeper over an in-memory store.
type world struct {
	pgtest.Database
	*sample.Planted
	keeper *versions.Keeper
	sealed *storage.Sealed
	store  storage.Store
	t      testing.TB
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), store: storagetest.Memory(), t: t}
	dir := t.TempDir()
	root, err := storage.NewFileRoot(dir + "/root.key")
	must(t, err)
	ring, err := storage.OpenKeyring(dir+"/keyring", root)
	must(t, err)
	w.sealed = storage.NewSealed(w.store, ring)
	w.keeper = versions.New(versions.Options{DB: w.DB, Sealed: w.sealed, UploadLimit: 1 << 20})
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) library() int64 { return w.Records["Policies of "+sample.ChildrensHome] }

func (w *world) document(who, kind, from, body string) (versions.Added, error) {
	return w.add(who, 0, versions.Entry{Title: "A " + kind, Kind: kind, InForceFrom: from}, body)
}

func (w *world) add(who string, document int64, e versions.Entry, body string) (versions.Added, error) {
	ctx := context.Background()
	a := w.Actors[who]
	var slot versions.Slot
	var err error
	if document == 0 {
		slot, err = w.keeper.BeginDocument(ctx, a, w.library())
	} else {
		slot, err = w.keeper.BeginVersion(ctx, a, document)
	}
	if err != nil {
		return versions.Added{}, err
	}
	r, err := w.keeper.Receive(ctx, "paper.txt", strings.NewReader(body))
	if err != nil {
		return versions.Added{}, err
	}
	if document == 0 {
		return w.keeper.AddDocument(ctx, a, slot, e, r, "")
	}
	return w.keeper.AddVersion(ctx, a, slot, e, r, "")
}

func (w *world) approve(who string, document int64, n int) error {
	_, _, err := w.keeper.Approve(context.Background(), w.Actors[who], versions.Target{Document: document, Number: n}, versions.Approval{})
	return err
}

// inForce gives the number of the version of the one document in force, 0 for none.
func (w *world) inForce(at time.Time, known time.Time) int {
	w.t.Helper()
	list, _, err := w.keeper.AsAt(context.Background(), w.Actors["inspector"], w.library(), versions.Question{At: at, Known: known, Limit: 10})
	must(w.t, err)
	switch len(list) {
	case 0:
		return 0
	case 1:
		return list[0].Version.Number
	}
	w.t.Fatalf("%d versions in force", len(list))
	return -1
}

func day(t testing.TB, s string) time.Time {
	d, err := clock.ParseDay(s)
	must(t, err)
	return d.Start()
}

// A member of staff uploads a policy; the manager approves it; the next version
// takes its place on its day; a wrong date is corrected; the policy is withdrawn.
func TestPolicyFromUploadToWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	a, err := w.document("staff", "policy", "2025-03-30", "first edition")
	must(t, err)
	id := a.Document.ID
	if a.Version.State != versions.Submitted || a.Version.Number != 1 {
		t.Fatalf("state %s number %d", a.Version.State, a.Version.Number)
	}
	if n := w.inForce(time.Now(), time.Time{}); n != 0 {
		t.Fatalf("version %d is in force before it was approved", n)
	}
	must(t, w.approve("manager", id, 1))
	_, err = w.add("staff", id, versions.Entry{InForceFrom: "2025-10-26"}, "second edition")
	must(t, err)
	must(t, w.approve("manager", id, 2))
	// the clocks change on 30 March and 26 October 2025: London midnights are 00:00Z and 23:00Z
	for _, c := range []struct {
		at   string
		want int
	}{{"2025-03-29T23:59:59Z", 0}, {"2025-03-30T00:00:00Z", 1}, {"2025-10-25T22:59:00Z", 1}, {"2025-10-25T23:00:00Z", 2}, {"2026-01-01T00:00:00Z", 2}} {
		at, err := time.Parse(time.RFC3339, c.at)
		must(t, err)
		if n := w.inForce(at, time.Time{}); n != c.want {
			t.Errorf("at %s: version %d, want %d", c.at, n, c.want)
		}
	}
	before := time.Now()
	_, v, err := w.keeper.CorrectDate(ctx, w.Actors["manager"], versions.Target{Document: id, Number: 2}, versions.Correction{InForceFrom: "2025-12-01", Why: "the board met later"})
	must(t, err)
	if len(v.Said) != 2 || v.Said[0].Kind != "told" || v.Said[1].Kind != "corrected" {
		t.Errorf("said: %+v", v.Said)
	}
	if n := w.inForce(day(t, "2025-11-10"), time.Time{}); n != 1 {
		t.Errorf("after the correction version %d was in force on 10 November, want 1", n)
	}
	if n := w.inForce(day(t, "2025-11-10"), before); n != 2 {
		t.Errorf("as known before the correction version %d, want 2", n)
	}
	must(t, w.keeper.Withdraw(ctx, w.Actors["manager"], id, "2026-02-01", "replaced by another policy"))
	if n := w.inForce(day(t, "2026-01-31"), time.Time{}); n != 2 {
		t.Errorf("the day before withdrawal: %d", n)
	}
	if n := w.inForce(day(t, "2026-02-01"), time.Time{}); n != 0 {
		t.Errorf("withdrawn, and yet version %d", n)
	}
	h, err := w.keeper.Versions(ctx, w.Actors["manager"], id, 0, 10)
	must(t, err)
	list := h.Versions
	if len(h.Withdrawn) != 1 || h.Withdrawn[0].Why != "replaced by another policy" {
		t.Errorf("withdrawn %+v", h.Withdrawn)
	}
	if list[0].State != versions.Withdrawn || list[1].State != versions.Superseded {
		t.Errorf("states %s, %s", list[0].State, list[1].State)
	}
	restored, err := w.keeper.Restore(ctx, w.Actors["staff"], versions.Target{Document: id, Number: 1}, "", "the old words were better")
	must(t, err)
	if restored.Version.Number != 3 || *restored.Version.RestoredFrom != 1 || !bytes.Equal(restored.Version.SHA256, list[1].SHA256) {
		t.Errorf("restored %+v", restored.Version)
	}
	must(t, w.approve("manager", id, 3))
	if n := w.inForce(time.Now(), time.Time{}); n != 3 {
		t.Errorf("after restoring: %d", n)
	}
	o, err := w.keeper.Open(ctx, w.Actors["inspector"], versions.Target{Document: id, Number: 3}, "")
	must(t, err)
	defer o.Close()
	if b, err := io.ReadAll(o); err != nil || string(b) != "first edition" {
		t.Errorf("content %q, %v", b, err)
	}
}

func TestApprovalRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, err := w.document("manager", "policy", "2026-01-01", "x")
	must(t, err)
	id := a.Document.ID
	for who, kind := range map[string]fault.Kind{"manager": fault.Forbidden, "staff": fault.Forbidden, "inspector": fault.Forbidden, "service": fault.Forbidden, "other-manager": fault.NotFound} {
		if err := w.approve(who, id, 1); !fault.Is(err, kind) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if err := w.approve("manager", id, 9); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such version: %v", err)
	}
	var refused int
	w.Scan(t, `select count(*) from app.footprint where outcome = 'refused'`, nil, &refused)
	if refused != 6 {
		t.Errorf("%d refusals left a footprint, want 6", refused)
	}
	if n := w.inForce(time.Now(), time.Time{}); n != 0 {
		t.Error("in force without approval")
	}
	if access.Custodian().ID != 1 {
		t.Error("the system actor moved")
	}
}
