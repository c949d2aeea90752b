package tree_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"custodian/internal/audit/tree"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// leafOf gives some bytes for a place.
func leafOf(place int64) []byte { return fmt.Appendf(nil, "leaf %d", place) }

// The tree is that of x/mod's tlog, at every size: root, stored hashes, and
// going on from them.
func TestTheTreeIsThatOfTlog(t *testing.T) {
	t.Parallel()
	var stored []tree.Hash
	read := func(indexes []int64) ([]tree.Hash, error) {
		out := make([]tree.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	}
	var roll tree.Roll
	for place := range int64(600) {
		want, err := tlog.StoredHashes(place, leafOf(place), tlog.HashReaderFunc(read))
		must(t, err)
		got := roll.Append(tree.LeafHash(leafOf(place)), nil)
		if len(want) != tree.HashesOf(place) || len(got) != len(want)*len(tree.Hash{}) {
			t.Fatalf("place %d stores %d hashes, want %d", place, len(got)/32, len(want))
		}
		for i, h := range want {
			if !bytes.Equal(h[:], got[32*i:32*i+32]) {
				t.Fatalf("place %d, hash %d", place, i)
			}
			if at, nth := tree.LastOf(tlog.StoredHashIndex(i, place>>i)); at != place || nth != i {
				t.Fatalf("hash %d of place %d is sought with %d, %d", i, place, at, nth)
			}
		}
		stored = append(stored, want...)
		root, err := tlog.TreeHash(place+1, tlog.HashReaderFunc(read))
		must(t, err)
		again, err := tree.Resume(place+1, read)
		must(t, err)
		if roll.Root() != root || again.Root() != root || again.Size() != place+1 {
			t.Fatalf("the root of %d differs", place+1)
		}
	}
	var none tree.Roll
	if empty := sha256.Sum256(nil); none.Root() != tree.Hash(empty) {
		t.Error("the root of nothing")
	}
}

func facts() tree.Facts {
	id := func(n int64) *int64 { return &n }
	class := int16(0)
	return tree.Facts{ID: 5012, At: time.Date(2026, 3, 14, 9, 26, 53, 589793000, time.UTC), Actor: 17, Action: "version.opened", Outcome: "done", Provider: id(2000), Home: id(2100),
		Record: id(3000), Document: id(4000), Version: id(4500), Class: &class, Request: "0123456789abcdef01234567", Epoch: 1, Xid: 789}
}

func words() tree.Words {
	return tree.Words{Name: "Sam Example", Post: "Residential support worker", Record: "Wren Sample", Title: "Care plan", Sought: "", Detail: `{"number": 2}`}
}

// keys of the vector: bytes 0 to 31, and 32 to 63.
func keys() tree.Keys {
	var k tree.Keys
	k.Record = new(tree.Key)
	for i := range k.Provider {
		k.Provider[i], k.Record[i] = byte(i), byte(32+i)
	}
	return k
}

// The leaf of docs/design/audit-tree.md, to the byte: another encoding needs
// another number.
func TestVector(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/design/audit-tree.md")
	must(t, err)
	leaf := tree.Leaf(facts(), tree.Commit(keys(), facts().ID, words()))
	for _, want := range []string{strings.ReplaceAll(string(leaf), "\t", " "), tree.LeafHash(leaf).String()} {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/design/audit-tree.md does not have\n%s", want)
		}
	}
	if tree.EventKey(keys().Provider, 5012) == tree.EventKey(keys().Provider, 5013) {
		t.Error("two footprints have one key")
	}
}

// Every fact shows in the leaf, and so does every word, as long as its key is
// there. Without the record's key nothing of the record is committed to, and
// who acted still is.
func TestEveryFactShows(t *testing.T) {
	t.Parallel()
	seven, class := int64(7), int16(7)
	leaves := map[string]string{}
	note := func(what string, f tree.Facts, w tree.Words, k tree.Keys) {
		leaf := string(tree.Leaf(f, tree.Commit(k, f.ID, w)))
		if same, ok := leaves[leaf]; ok {
			t.Errorf("%s and %s are one leaf", what, same)
		}
		leaves[leaf] = what
		if n := strings.Count(leaf, "\t"); n != 19 || strings.ContainsAny(leaf, "\n\r ") {
			t.Errorf("%s: %d tabs in %q", what, n, leaf)
		}
	}
	note("as it is", facts(), words(), keys())
	for what, change := range map[string]func(*tree.Facts, *tree.Words){
		"id": func(f *tree.Facts, _ *tree.Words) { f.ID++ }, "at": func(f *tree.Facts, _ *tree.Words) { f.At = f.At.Add(time.Microsecond) }, "actor": func(f *tree.Facts, _ *tree.Words) { f.Actor++ },
		"action": func(f *tree.Facts, _ *tree.Words) { f.Action += "x" }, "a tab": func(f *tree.Facts, _ *tree.Words) { f.Action += "\t" }, "a percent": func(f *tree.Facts, _ *tree.Words) { f.Action += "%09" },
		"outcome": func(f *tree.Facts, _ *tree.Words) { f.Outcome = "refused" }, "provider": func(f *tree.Facts, _ *tree.Words) { f.Provider = &seven }, "no provider": func(f *tree.Facts, _ *tree.Words) { f.Provider = nil },
		"home": func(f *tree.Facts, _ *tree.Words) { f.Home = &seven }, "record": func(f *tree.Facts, _ *tree.Words) { f.Record = &seven }, "document": func(f *tree.Facts, _ *tree.Words) { f.Document = &seven },
		"version": func(f *tree.Facts, _ *tree.Words) { f.Version = &seven }, "class": func(f *tree.Facts, _ *tree.Words) { f.Class = &class }, "no class": func(f *tree.Facts, _ *tree.Words) { f.Class = nil },
		"request": func(f *tree.Facts, _ *tree.Words) { f.Request = "-" }, "no request": func(f *tree.Facts, _ *tree.Words) { f.Request = "" }, "epoch": func(f *tree.Facts, _ *tree.Words) { f.Epoch++ }, "xid": func(f *tree.Facts, _ *tree.Words) { f.Xid++ },
		"name": func(_ *tree.Facts, w *tree.Words) { w.Name += "x" }, "post": func(_ *tree.Facts, w *tree.Words) { w.Post += "x" }, "name and post run together": func(_ *tree.Facts, w *tree.Words) { w.Name, w.Post = w.Name+w.Post, "" },
		"record's name": func(_ *tree.Facts, w *tree.Words) { w.Record += "x" }, "title": func(_ *tree.Facts, w *tree.Words) { w.Title += "x" }, "sought": func(_ *tree.Facts, w *tree.Words) { w.Sought = "x" },
		"detail": func(_ *tree.Facts, w *tree.Words) { w.Detail = "{}" }, "more detail": func(_ *tree.Facts, w *tree.Words) { w.Detail = `{"number": 3}` },
	} {
		f, w := facts(), words()
		change(&f, &w)
		note(what, f, w, keys())
	}
	other := keys()
	other.Record[0]++
	note("another key", facts(), words(), other)
	gone := keys()
	gone.Record = nil
	note("no key of the record", facts(), words(), gone)
	a := tree.Commit(gone, 1, words())
	w := words()
	w.Record, w.Title = "Somebody else", "Another"
	if b := tree.Commit(gone, 1, w); a != b || a.About != "-" || a.OfRecord() || a.Who != tree.Commit(keys(), 1, words()).Who {
		t.Errorf("without the record's key: %+v", a)
	}
}

// signer makes a key for a test.
func signer(t testing.TB) *tree.Signer {
	t.Helper()
	secret, err := tree.NewSigner()
	must(t, err)
	s, err := tree.ParseSigner(secret)
	must(t, err)
	return s
}

func TestTheKeyIsMadeOnceAndKeptShut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deeper", "key")
	a, err := tree.LoadSigner(path)
	must(t, err)
	b, err := tree.LoadSigner(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)
	if a.Public() != b.Public() || info.Mode().Perm() != 0o600 || a.Public() == signer(t).Public() {
		t.Errorf("%s, %s, mode %v", a.Public(), b.Public(), info.Mode())
	}
	for what, spoil := range map[string]func() error{
		"open to others": func() error { return os.Chmod(path, 0o640) },
		"not a key":      func() error { return os.WriteFile(path, []byte("PRIVATE+KEY+x+00000000+AAAA"), 0o600) },
		"empty":          func() error { return os.Truncate(path, 0) },
		"a link":         func() error { return os.Rename(path, path+"2") },
	} {
		must(t, spoil())
		if what == "a link" {
			must(t, os.Symlink(path+"2", path))
		}
		if _, err := tree.LoadSigner(path); err == nil {
			t.Errorf("%s: taken", what)
		}
		if what == "a link" {
			must(t, os.Remove(path))
			must(t, os.Rename(path+"2", path))
		}
		must(t, os.Chmod(path, 0o600))
	}
}

func TestCheckpoints(t *testing.T) {
	t.Parallel()
	s, other := signer(t), signer(t)
	root := tree.LeafHash([]byte("x"))
	c, note, err := s.Sign(1234, root, 2, time.Date(2026, 11, 24, 19, 3, 0, 1234, time.UTC))
	must(t, err)
	got, err := tree.OpenCheckpoint(note, s.Public())
	if err != nil || got != c {
		t.Errorf("%+v, %v; want %+v", got, err, c)
	}
	if named, ok := tree.ParseName(c.Name()); !ok || named.Size != c.Size || named.Root != c.Root || named.Epoch != c.Epoch || named.Origin != c.Origin {
		t.Errorf("by its name %q: %+v, %v", c.Name(), named, ok)
	}
	for _, name := range []string{"", "x", c.Name() + "x", strings.Replace(c.Name(), "-e2-", "-e02-", 1), strings.ToUpper(c.Name()), c.Name() + ".tsr"} {
		if _, ok := tree.ParseName(name); ok {
			t.Errorf("%q is taken for a name", name)
		}
	}
	if _, err := tree.OpenCheckpoint(note, other.Public()); err == nil {
		t.Error("another key opens it")
	}
	for _, key := range []string{"", "x", s.Public() + "x", s.Public()[1:]} {
		if _, err := tree.OpenCheckpoint(note, key); err == nil {
			t.Errorf("the key %q opens it", key)
		}
	}
	for i := range note {
		if i == len(note)-3 {
			continue // of the last letter before the = base64 leaves two bits unread
		}
		bad := bytes.Clone(note)
		bad[i] ^= 1
		if _, err := tree.OpenCheckpoint(bad, s.Public()); err == nil {
			t.Errorf("with byte %d changed (%q) it is still good", i, bad)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add([]byte("custodian-receipt-1\ncustodian-footprint-1\t1\nplace 0\nopens who AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \"a\" \"b\"\n\nx\n1\n"))
	f.Add([]byte("custodian-receipt-1\ncustodian-footprint-1\t\nplace 9\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := tree.ParseReceipt(text)
		if err != nil {
			return
		}
		if !bytes.Equal(r.Bytes(), text) {
			t.Errorf("read and written again it is another: %q", r.Bytes())
		}
		if _, err := r.Check("x+00000000+AA=="); err == nil {
			t.Error("a receipt is proven by no key")
		}
		r.Told()
	})
}

// A receipt proves its footprint in a tree of any size, and opens no more than
// it was given.
func TestReceipts(t *testing.T) {
	t.Parallel()
	s, random := signer(t), rand.New(rand.NewPCG(1, 2))
	for range 40 {
		size := 1 + random.Int64N(300)
		at := random.Int64N(size)
		m := tree.Commit(keys(), facts().ID, words())
		leaf := tree.Leaf(facts(), m)
		var roll tree.Roll
		var stored []byte
		for place := range size {
			h := tree.LeafHash(leafOf(place))
			if place == at {
				h = tree.LeafHash(leaf)
			}
			stored = roll.Append(h, stored)
		}
		proof, err := tree.Prove(size, at, func(indexes []int64) ([]tree.Hash, error) {
			out := make([]tree.Hash, len(indexes))
			for i, x := range indexes {
				copy(out[i][:], stored[32*x:])
			}
			return out, nil
		})
		must(t, err)
		_, note, err := s.Sign(size, roll.Root(), 1, time.Now())
		must(t, err)
		r := tree.Receipt{Leaf: string(leaf), Place: at, Proof: proof, Opened: tree.Open(keys(), facts().ID, words(), m), Checkpoint: note}
		back, err := tree.ParseReceipt(r.Bytes())
		must(t, err)
		if _, err := back.Check(s.Public()); err != nil || len(back.Opened) != 3 {
			t.Fatalf("size %d, place %d: %v, %d opened", size, at, err, len(back.Opened))
		}
		text := string(r.Bytes())
		for _, swap := range [][2]string{{"Sam", "Tom"}, {"Wren", "Jane"}, {"version.opened", "version.closed"}, {"\t3000\t", "\t3001\t"}, {"opens who", "opens about"}} {
			if bad, err := tree.ParseReceipt([]byte(strings.Replace(text, swap[0], swap[1], 1))); err == nil {
				if _, err := bad.Check(s.Public()); err == nil {
					t.Errorf("with %q for %q it is still proven", swap[1], swap[0])
				}
			}
		}
		back.Place = (at + 1) % (size + 1)
		if _, err := back.Check(s.Public()); err == nil {
			t.Errorf("it is proven at place %d of %d too", back.Place, size)
		}
	}
}
