package portal_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/pgtest"
	"custodian/storage/storagetest"
)

// treeOn grows a tree over a test's database, with keys and a shelf in memory.
func treeOn(t testing.TB, db pgtest.Database) *audit.Tree {
	t.Helper()
	secret, err := tree.NewSigner()
	must(t, err)
	signer, err := tree.ParseSigner(secret)
	must(t, err)
	keys := func(_ context.Context, provider, record int64, _ bool) (tree.Key, bool, error) {
		return tree.Key(sha256.Sum256([]byte(number(provider) + " " + number(record)))), true, nil
	}
	return audit.NewTree(audit.TreeOptions{DB: db.DB, Keys: keys, Signer: signer, Shelf: storagetest.MemoryMarks(), Log: slog.New(slog.DiscardHandler)})
}

// sign gives every footprint its place and signs: other tests' transactions on
// the same server may hold up what is settled.
func (w *world) sign() {
	w.t.Helper()
	for range 3000 {
		_, err := w.tree.Sequence(w.t.Context())
		must(w.t, err)
		var left int
		w.Scan(w.t, `select (select count(*) from app.footprint) - (select count(*) from app.leaf)`, nil, &left)
		if left == 0 {
			must(w.t, w.tree.Grow(w.t.Context(), true))
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("footprints wait for their places for ever")
}

// checkpoint plants the row of a checkpoint and gives its id.
func (w *world) checkpoint() (id int64) {
	w.t.Helper()
	w.Scan(w.t, `insert into app.checkpoint (epoch, size, root, at, note) values (1, (select coalesce(max(size), 0) + 1 from app.checkpoint), sha256('x'), now(), 'x') returning id`, nil, &id)
	return id
}

// Whoever may audit sees what was signed, takes it away, and lets it be checked.
func TestCheckpointsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	manager.open("/oversight/checkpoints").says("main", "Nothing has been signed yet")
	w.sign()
	var note, size string
	w.Scan(t, `select note, size::text from app.checkpoint order by size desc limit 1`, nil, &note, &size)
	page := manager.open("/oversight/checkpoints")
	page.says("main", size, "Download the newest checkpoint")
	file := regexp.MustCompile(`/oversight/checkpoints/\d+/file`).FindString(page.source)
	if l := manager.ask(http.MethodGet, file, nil); l.status != 200 || l.source != note {
		t.Errorf("the file is answered with %d: %s", l.status, l.source)
	}
	key := manager.ask(http.MethodGet, "/oversight/checkpoints/key", nil)
	if _, err := tree.OpenCheckpoint([]byte(note), strings.TrimSpace(key.source)); err != nil {
		t.Errorf("the key that is given does not open the checkpoint: %v", err)
	}
	if strings.Contains(page.source, "Check now") {
		t.Error("a button that is not for whoever audits one setting")
	}
	if l := manager.ask(http.MethodPost, "/oversight/checkpoints/check", nil); l.status != http.StatusNotFound {
		t.Errorf("a check by whoever audits one setting answers %d", l.status)
	}
	dpo := w.visitor("dpo")
	dpo.open("/oversight/checkpoints").says("main", "Check now")
	good := dpo.ask(http.MethodPost, "/oversight/checkpoints/check", nil)
	good.says(".govuk-notification-banner", "footprints are as they were signed")
	var n int
	if w.Scan(t, `select count(*) from app.footprint where action = 'footprints.checked' and outcome = 'done'`, nil, &n); n != 1 {
		t.Errorf("a check left %d footprints", n)
	}
	w.Exec(t, `do $$ begin set local session_replication_role = replica; update app.footprint set actor_id = actor_id + 1 where id = (select footprint_id from app.leaf where place = 3); end $$`)
	bad := dpo.ask(http.MethodPost, "/oversight/checkpoints/check", nil)
	bad.says(".govuk-error-summary", "not as they were signed", "Changed at place 3")
	for _, who := range []string{"staff", "admin"} {
		v := w.visitor(who)
		for _, at := range []string{"/oversight/checkpoints", "/oversight/checkpoints/key", file} {
			if l := v.ask(http.MethodGet, at, nil); l.status != http.StatusNotFound {
				t.Errorf("%s gives %s %d", at, who, l.status)
			}
		}
		if l := v.ask(http.MethodPost, "/oversight/checkpoints/check", nil); l.status != http.StatusNotFound {
			t.Errorf("a check by %s answers %d", who, l.status)
		}
	}
	if w.Scan(t, `select count(*) from app.footprint where action in ('footprints.checked', 'checkpoints.listed') and outcome = 'refused'`, nil, &n); n != 9 {
		t.Errorf("%d refusals left footprints, want 9", n)
	}
}

// The list goes on page by page, and leaves nothing out.
func TestCheckpointsPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 120 {
		w.checkpoint()
	}
	v, seen := w.visitor("manager"), map[string]bool{}
	for at := "/oversight/checkpoints"; at != ""; {
		body := v.open(at).source
		for _, row := range regexp.MustCompile(`the checkpoint of (\d+) footprints`).FindAllStringSubmatch(body, -1) {
			seen[row[1]] = true
		}
		at = ""
		if next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(body); next != nil {
			at = next[1]
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d of 120 were listed", len(seen))
	}
	for _, bad := range []string{"/oversight/checkpoints/x/file", "/oversight/checkpoints/-1/file", "/oversight/checkpoints/99999999/file"} {
		if l := v.ask(http.MethodGet, bad, nil); l.status != http.StatusNotFound {
			t.Errorf("%s answers %d", bad, l.status)
		}
	}
}

var quoted = regexp.MustCompile(`[0-9a-f]{24}`)

// What was signed last stands at the foot of pages of those who are signed in,
// and never on a page for strangers or on an error, which are the same bytes
// before and after.
func TestTheFootOfPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff, nobody := w.visitor("staff"), w.visitor("")
	theirs := "/records/" + number(w.Records["The Specimen family"])
	ask := func() (errors, strangers []string) {
		for _, path := range []string{"/nowhere", theirs, "/people", "/documents/1", "/records/x"} {
			errors = append(errors, quoted.ReplaceAllString(staff.ask(http.MethodGet, path, nil).source, "-"))
		}
		for _, path := range []string{"/", "/help", "/privacy", "/signed-out", "/nowhere"} {
			strangers = append(strangers, quoted.ReplaceAllString(nobody.ask(http.MethodGet, path, nil).source, "-"))
		}
		return errors, strangers
	}
	errors, strangers := ask()
	for _, e := range errors[1:] { // the first is no address at all, and the same for everybody
		if e != errors[1] {
			t.Errorf("what is not there and what is not theirs differ:\n%s", cmp.Diff(errors[1], e))
		}
	}
	w.sign()
	var size string
	var root []byte
	w.Scan(t, `select size::text, root from app.checkpoint order by size desc limit 1`, nil, &size, &root)
	staff.open("/home").says(".app-footer", "Footprints sealed: "+size, tree.Short(tree.Hash(root)))
	again, strangersAgain := ask()
	for i := range errors {
		if errors[i] != again[i] || strings.Contains(again[i], "Footprints sealed") {
			t.Errorf("an error is another page after a checkpoint:\n%s", again[i])
		}
	}
	for i := range strangers {
		if strangers[i] != strangersAgain[i] || strings.Contains(strangersAgain[i], "Footprints sealed") {
			t.Errorf("a page for strangers is another after a checkpoint:\n%s", strangersAgain[i])
		}
	}
	foot := regexp.MustCompile(`(?s)<footer.*</footer>`)
	if a, b := foot.FindString(again[0]), foot.FindString(strangersAgain[4]); a == "" || a != b {
		t.Error("the foot of an error differs between who is signed in and who is not")
	}
}
