package tree_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custodian/internal/audit/tree"
)

// exported makes an export of so many footprints, with a checkpoint every
// so many, and gives the newest.
func exported(t testing.TB, s *tree.Signer, dir string, size, every int64) (held []byte) {
	t.Helper()
	x, err := tree.NewExport(dir, s.Public())
	must(t, err)
	var roll tree.Roll
	for place := range size {
		f := facts()
		f.ID, f.Xid, f.At = 5000+place, 100+place/3, f.At.Add(time.Duration(place)*time.Second)
		leaf := tree.Leaf(f, tree.Commit(keys(), f.ID, words()))
		must(t, x.Leaf(place, leaf, roll.Append(tree.LeafHash(leaf), nil)))
		if (place+1)%every == 0 || place == size-1 {
			_, held, err = s.Sign(place+1, roll.Root(), 1, f.At)
			must(t, err)
			must(t, x.Checkpoint(held))
		}
	}
	f := facts()
	f.ID, f.Xid = 5000+size, 100+size
	must(t, x.Waits(tree.Leaf(f, tree.Unmarked())))
	must(t, x.Close())
	return held
}

// asked is one check by both verifiers.
type asked struct {
	Dir, Key, Held string
	what           string
	report         tree.Report
	err            error
}

// Whatever happens to the files of an export, both verifiers say the same of
// it, and neither takes it for whole where what is covered has changed.
func TestBothVerifiersSayTheSame(t *testing.T) {
	t.Parallel()
	s, dir, random := signer(t), t.TempDir(), rand.New(rand.NewPCG(3, 4))
	whole := filepath.Join(dir, "whole")
	heldFile := filepath.Join(dir, "held.txt")
	must(t, os.WriteFile(heldFile, exported(t, s, whole, 150, 40), 0o600))
	files := []string{tree.FootprintsFile, tree.HashesFile, tree.CheckpointsFile, tree.WaitingFile}
	list := []asked{{Dir: whole, Held: heldFile, what: "whole"}, {Dir: whole, what: "without a checkpoint"}}
	for i := range 80 {
		to := filepath.Join(dir, fmt.Sprint(i))
		must(t, os.CopyFS(to, os.DirFS(whole)))
		name := filepath.Join(to, files[i%len(files)])
		text, err := os.ReadFile(name)
		must(t, err)
		what, changed := spoil(random, text)
		must(t, os.WriteFile(name, changed, 0o600))
		list = append(list, asked{Dir: to, Held: heldFile, what: fmt.Sprintf("%s of %s", what, files[i%len(files)])})
	}
	other := signer(t)
	exported(t, other, filepath.Join(dir, "other"), 10, 3)
	list = append(list, asked{Dir: filepath.Join(dir, "other"), Held: heldFile, what: "by another key"})
	must(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	list = append(list, asked{Dir: whole, Held: filepath.Join(dir, "empty"), what: "an empty checkpoint"})
	nothing, err := tree.NewExport(filepath.Join(dir, "nothing"), s.Public())
	must(t, err)
	must(t, nothing.Close())
	list = append(list, asked{Dir: filepath.Join(dir, "nothing"), what: "nothing"}, asked{Dir: filepath.Join(dir, "nothing"), Held: heldFile, what: "nothing left"})
	for i := range list {
		a := &list[i]
		a.Key = s.Public()
		var held [][]byte
		if a.Held != "" {
			text, err := os.ReadFile(a.Held)
			must(t, err)
			held = [][]byte{text}
		}
		a.report, a.err = tree.Verify(t.Context(), a.Dir, a.Key, held, nil)
		must(t, a.err)
		if covered := strings.HasSuffix(a.what, tree.FootprintsFile) || a.Held != heldFile || a.what == "nothing left" || a.what == "by another key"; covered && a.what != "without a checkpoint" && a.report.Whole() {
			t.Errorf("%s is taken for whole", a.what)
		}
	}
	if !list[0].report.Whole() || !list[1].report.Whole() || list[0].report.Waiting != 1 {
		t.Errorf("what is whole is not taken for it: %v", list[0].report.Words)
	}
	inPython(t, list)
}

// spoil changes some bytes.
func spoil(r *rand.Rand, text []byte) (what string, changed []byte) {
	at := r.IntN(len(text))
	switch r.IntN(6) {
	case 0:
		return "a byte", append(append(bytes.Clone(text[:at]), text[at]^byte(1<<r.IntN(8))), text[at+1:]...)
	case 1:
		return "the end", bytes.Clone(text[:at])
	case 2:
		return "a piece twice", append(bytes.Clone(text[:at]), text[at/2:]...)
	case 3:
		return "a piece less", append(bytes.Clone(text[:at/2]), text[at:]...)
	case 4:
		return "nothing left", nil
	default:
		lines := bytes.SplitAfter(text, []byte("\n"))
		a, b := r.IntN(len(lines)), r.IntN(len(lines))
		for bytes.Equal(lines[a], lines[b]) && len(lines) > 2 {
			a, b = r.IntN(len(lines)), r.IntN(len(lines))
		}
		lines[a], lines[b] = lines[b], lines[a]
		if joined := bytes.Join(lines, nil); !bytes.Equal(joined, text) {
			return "two lines", joined
		}
		return "one more line", append(bytes.Clone(text), "missing\t1\n"...)
	}
}

func inPython(t *testing.T, list []asked) {
	t.Helper()
	const program = `import json, sys
sys.path.insert(0, sys.argv[1])
import verify
for line in sys.stdin:
    x = json.loads(line)
    print(json.dumps(verify.verify(x["Dir"], x["Key"], [open(x["Held"], "rb").read()] if x["Held"] else [])))`
	var in, out, errs bytes.Buffer
	for _, x := range list {
		must(t, json.NewEncoder(&in).Encode(x))
	}
	c := exec.CommandContext(t.Context(), "python3", "-B", "-c", program, filepath.Join("..", "..", "..", "docs", "verify"))
	c.Stdin, c.Stdout, c.Stderr = &in, &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("python3: %v\n%s", err, errs.String())
	}
	answers := json.NewDecoder(&out)
	for _, x := range list {
		var said []string
		var whole bool
		must(t, answers.Decode(&[]any{&said, &whole}))
		if a, b := strings.Join(x.report.Words, "\n"), strings.Join(said, "\n"); a != b || whole != x.report.Whole() {
			t.Errorf("%s: the verifiers differ\nGo:\n%s\nPython:\n%s", x.what, a, b)
		}
	}
}

// verify.py is short enough to be read by whoever relies on it.
func TestTheOtherVerifierIsShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/verify/verify.py")
	must(t, err)
	if n := bytes.Count(text, []byte("\n")); n > 150 {
		t.Errorf("verify.py has %d lines; the most is 150", n)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "import ") && line != "import base64, functools, hashlib, os, re, sys\n" {
			t.Errorf("verify.py needs more than Python brings: %s", line)
		}
	}
}

func TestWhatIsNoExport(t *testing.T) {
	t.Parallel()
	s := signer(t)
	if _, err := tree.Verify(t.Context(), t.TempDir(), s.Public(), nil, nil); err == nil || !strings.Contains(err.Error(), "does not hold an export") {
		t.Errorf("an empty directory: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "x")
	exported(t, s, dir, 5, 2)
	if _, err := tree.Verify(t.Context(), dir, "nonsense", nil, nil); err == nil {
		t.Error("a key that is none is taken")
	}
	if _, err := tree.NewExport(dir, s.Public()); err == nil {
		t.Error("an export is written over another")
	}
}
