package tree_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"custodian/internal/audit/tree"
)

// orders are bytes that a terminal takes for an order, or that end or turn a line.
func orders() []string {
	return []string{"\x1b[2J\x1b[HWHOLE. The 8 footprints that are covered are those that were signed.", "\u009b2J", "\x9b2J", "\r1", "1\r", "5001\x00", "\u202e1", "1_0", " 7", "+7", "-7", strings.Repeat("9", 30), ""}
}

// printable tells whether a line can be put on any screen as it is.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// An export may come from somebody who wants to deceive whoever checks it: nothing
// in it reaches the screen but numbers, and both verifiers say the same.
func TestAnExportCannotWriteOnTheScreen(t *testing.T) {
	t.Parallel()
	s, dir := signer(t), t.TempDir()
	whole := filepath.Join(dir, "whole")
	held := filepath.Join(dir, "held.txt")
	must(t, os.WriteFile(held, exported(t, s, whole, 8, 8), 0o600))
	var list []asked
	spoiled := func(what string, files map[string]func([]byte) []byte) {
		to := filepath.Join(dir, fmt.Sprint(len(list)))
		must(t, os.CopyFS(to, os.DirFS(whole)))
		for name, change := range files {
			text, err := os.ReadFile(filepath.Join(to, name))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(to, name), change(text), 0o600))
		}
		list = append(list, asked{Dir: to, Key: s.Public(), Held: held, what: what})
	}
	for _, evil := range orders() {
		for field := range 20 {
			put := func(text []byte) []byte {
				lines := bytes.Split(text, []byte("\n"))
				p := bytes.Split(lines[len(lines)/2], []byte("\t"))
				if len(p) == 20 {
					p[field] = []byte(evil)
				}
				lines[len(lines)/2] = bytes.Join(p, []byte("\t"))
				return bytes.Join(lines, []byte("\n"))
			}
			waiting := func(text []byte) []byte {
				p := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\t"))
				p[field] = []byte(evil)
				return append(bytes.Join(p, []byte("\t")), '\n')
			}
			spoiled(fmt.Sprintf("field %d is %q", field, evil), map[string]func([]byte) []byte{tree.FootprintsFile: put, tree.WaitingFile: waiting})
		}
		spoiled(fmt.Sprintf("a place that is missing is %q", evil), map[string]func([]byte) []byte{tree.FootprintsFile: func(text []byte) []byte {
			lines := bytes.Split(text, []byte("\n"))
			lines[3] = []byte("missing\t" + evil + "\tx")
			return bytes.Join(lines, []byte("\n"))
		}})
		spoiled(fmt.Sprintf("the tree is called %q", evil), map[string]func([]byte) []byte{tree.CheckpointsFile: func(text []byte) []byte { return append([]byte(evil), text...) }})
	}
	for i := range list {
		a := &list[i]
		note, err := os.ReadFile(held)
		must(t, err)
		a.report, a.err = tree.Verify(t.Context(), a.Dir, a.Key, [][]byte{note}, nil)
		must(t, a.err)
		for _, line := range a.report.Words {
			if !printable(line) {
				t.Errorf("%s: it says %q", a.what, line)
			}
		}
	}
	inPython(t, list)
}

// The name in a public key is told, and so has nothing in it that would not print.
func TestAKeyHasAPlainName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "x")
	exported(t, signer(t), dir, 3, 2)
	for name, good := range map[string]bool{"plain.name": true, "\x1b[2J": false, "é": false, "x\u202e": false} {
		_, key, err := note.GenerateKey(rand.Reader, name)
		must(t, err)
		if _, err := tree.Verify(t.Context(), dir, key, nil, nil); (err == nil) != good {
			t.Errorf("a key called %q: %v", name, err)
		}
		if err := exec.CommandContext(t.Context(), "python3", "-B", filepath.Join("..", "..", "..", "docs", "verify", "verify.py"), dir, key).Run(); err == nil || strings.HasSuffix(err.Error(), "2") == good {
			t.Errorf("a key called %q in Python: %v", name, err)
		}
	}
}

// What a receipt tells stands in quotes where somebody wrote it, and prints.
func TestAReceiptCannotWriteOnTheScreen(t *testing.T) {
	t.Parallel()
	for _, evil := range orders() {
		fields := strings.Split(string(tree.Leaf(facts(), tree.Commit(keys(), facts().ID, words()))), "\t")
		for i := range fields {
			f := append([]string(nil), fields...)
			f[i] = evil
			r := tree.Receipt{Leaf: strings.Join(f, "\t"), Opened: []tree.Opened{{Field: "who", Parts: []string{evil, "Zoë"}}, {Field: evil, Parts: []string{evil}}}}
			told := r.Told()
			for _, pair := range told {
				if !printable(pair[0]) || !printable(pair[1]) {
					t.Errorf("it tells %q", pair)
				}
			}
			if len(told) < 2 || !strings.Contains(told[len(told)-2][1], `, "Zo\u00eb"`) {
				t.Errorf("the words are not told in quotes: %q", told)
			}
		}
	}
}
