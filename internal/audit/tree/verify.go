package tree

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// The files of an export.
const (
	FootprintsFile  = "footprints.tsv"  // a line for each place of the tree
	WaitingFile     = "waiting.tsv"     // footprints that have no place yet
	HashesFile      = "hashes.bin"      // the stored hashes, 32 bytes each
	CheckpointsFile = "checkpoints.txt" // signed checkpoints, with a line == after each
	between         = "==\n"
)

// longestLine bounds a line of an export.
const longestLine = 1 << 16

// mostFindings is how many findings are named; of the rest the count is told.
const mostFindings = 20

// Finding is something that is not as it was signed.
type Finding struct {
	Kind     string
	From, To int64  // places, both included; -1 where the finding has none
	Event    string // the footprint's id, "-" where none is known
	Text     string
}

// Report is what came of a check.
type Report struct {
	Lines    int64 // places in the export
	Waiting  int64 // footprints without a place
	Signed   int   // checkpoints with a good signature
	Newest   Checkpoint
	Covered  int64 // footprints that the newest checkpoint speaks of
	Findings []Finding
	Words    []string // all of it, for people
}

// Whole tells whether nothing was found.
func (r Report) Whole() bool { return len(r.Findings) == 0 }

// check is a verification under way.
type check struct {
	dir    string
	leaves []Hash   // by place; of zeros where the footprint is gone
	gone   []bool   // by place
	roots  []sealed // in order of size
	hashes *os.File
	said   int64 // length of the hashes
	report *Report
	good   int64 // everything before this place is proven
	broken int64 // before this place is something wrong: the size of the first checkpoint that does not agree
}

// sealed is a checkpoint whose signature is good.
type sealed struct {
	Checkpoint
	held bool // and was not taken from the export
	good bool // its root is that of what lies there
}

// Verify checks an export against the public key and against checkpoints that
// were held elsewhere, as signed notes. It tells how far it has come. The error says that the
// check could not be made; what it found stands in the report.
func Verify(ctx context.Context, dir, public string, held [][]byte, told func(done, total int64)) (Report, error) {
	r := Report{}
	v, err := note.NewVerifier(public)
	if err != nil || plain(v.Name()) != v.Name() { // its name is told
		return r, ErrKey
	}
	c := &check{dir: dir, report: &r}
	if c.hashes, err = os.Open(filepath.Join(dir, HashesFile)); err != nil {
		return r, notExport(dir, err)
	}
	defer c.hashes.Close()
	info, err := c.hashes.Stat()
	if err != nil {
		return r, err
	}
	c.said = info.Size() / int64(len(Hash{}))
	if err := c.readCheckpoints(v, held); err != nil {
		return r, err
	}
	last, err := c.readLeaves(ctx, told)
	if err != nil {
		return r, err
	}
	c.judge()
	if err := c.readWaiting(last); err != nil {
		return r, err
	}
	c.tell()
	return r, nil
}

func notExport(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not hold an export: custodian audit export makes one (%w)", dir, err)
	}
	return err
}

func (c *check) find(kind string, from, to int64, event, text string, args ...any) {
	c.report.Findings = append(c.report.Findings, Finding{kind, from, to, event, fmt.Sprintf(text, args...)})
}

// readCheckpoints takes those with a good signature, sorted by size; of two
// that say the same, one.
func (c *check) readCheckpoints(v note.Verifier, held [][]byte) error {
	text, err := os.ReadFile(filepath.Join(c.dir, CheckpointsFile))
	if err != nil {
		return notExport(c.dir, err)
	}
	for _, h := range held {
		cp, err := open(h, v)
		if err != nil {
			c.find("bad-checkpoint", -1, -1, none, "bad checkpoint: the one held is not signed by this key")
			continue
		}
		c.roots = append(c.roots, sealed{Checkpoint: cp, held: true})
	}
	for n, one := range strings.Split(strings.TrimSuffix(string(text), between), between) {
		if one == "" {
			continue
		}
		cp, err := open([]byte(one), v)
		if err != nil {
			c.find("bad-checkpoint", -1, -1, none, "bad checkpoint: number %d of the export is not signed by this key", n+1)
			continue
		}
		c.roots = append(c.roots, sealed{Checkpoint: cp})
	}
	slices.SortStableFunc(c.roots, func(a, b sealed) int { return cmp.Compare(a.Size, b.Size) })
	c.report.Signed = len(c.roots)
	for i := 1; i < len(c.roots); i++ {
		if a, b := c.roots[i-1], c.roots[i]; a.Size == b.Size && a.Root != b.Root {
			c.find("two-histories", 0, a.Size-1, none, "two histories: the key signed two different trees of %d footprints", a.Size)
		}
	}
	return nil
}

// readLeaves reads every place, and sees which checkpoints agree with what lies
// there. It gives the last place in the order of taking.
func (c *check) readLeaves(ctx context.Context, told func(done, total int64)) (last [3]int64, err error) {
	f, err := os.Open(filepath.Join(c.dir, FootprintsFile))
	if err != nil {
		return last, notExport(c.dir, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return last, err
	}
	var roll Roll
	next, read := c.agree(&roll, 0), int64(0)
	in := lines(f)
	for in.Scan() {
		if err := ctx.Err(); err != nil {
			return last, err
		}
		line := in.Text()
		if read += int64(len(line)) + 1; told != nil && len(c.leaves)%4096 == 0 {
			told(read, info.Size())
		}
		isGone := strings.HasPrefix(line, missing+"\t")
		var h Hash
		if !isGone {
			h = LeafHash(in.Bytes())
		}
		if at, ok := order(line); ok && before(last, at) {
			last = at
		}
		c.leaves, c.gone = append(c.leaves, h), append(c.gone, isGone)
		roll.Add(h)
		next = c.agree(&roll, next)
	}
	if told != nil {
		told(info.Size(), info.Size())
	}
	c.report.Lines = int64(len(c.leaves))
	return last, in.Err()
}

// lines reads a file of an export line by line.
func lines(r io.Reader) *bufio.Scanner {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, longestLine), longestLine)
	in.Split(func(data []byte, atEOF bool) (int, []byte, error) { // as bufio.ScanLines, but a CR is part of a line
		if i := slices.Index(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	return in
}

// agree compares the tree so far with the checkpoints of its size.
func (c *check) agree(roll *Roll, next int) int {
	for ; next < len(c.roots) && c.roots[next].Size == roll.Size(); next++ {
		if c.roots[next].Root == roll.Root() {
			c.roots[next].good, c.good = true, roll.Size()
		}
	}
	return next
}

// readWaiting counts footprints without a place. One that would have come
// before the last that has one was put in afterwards: the sequencer passes over
// nothing.
func (c *check) readWaiting(last [3]int64) error {
	f, err := os.Open(filepath.Join(c.dir, WaitingFile))
	if err != nil {
		return notExport(c.dir, err)
	}
	defer f.Close()
	in := lines(f)
	for in.Scan() {
		c.report.Waiting++
		if at, ok := order(in.Text()); !ok || before(at, last) {
			c.find("beside", -1, -1, event(in.Text()), "inserted beside the tree: footprint %s has no place in it, though later ones have", event(in.Text()))
		}
	}
	return in.Err()
}
