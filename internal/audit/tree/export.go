package tree

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Export writes a directory that Verify checks. Nothing is held in memory.
type Export struct {
	dir                         string
	files                       []*os.File
	leaves, waiting, hashes, cp *bufio.Writer
	place                       int64
}

// mostGap is the longest run of places without a leaf that is written out.
const mostGap = 1 << 20

// NewExport begins an export in a directory that does not exist yet, or is
// empty.
func NewExport(dir, public string) (_ *Export, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return nil, errors.Join(err, fmt.Errorf("%s is not empty; name a new directory for the export", dir))
	}
	e := &Export{dir: dir}
	for _, f := range []struct {
		name string
		to   **bufio.Writer
	}{{FootprintsFile, &e.leaves}, {WaitingFile, &e.waiting}, {HashesFile, &e.hashes}, {CheckpointsFile, &e.cp}} {
		file, err := os.OpenFile(filepath.Join(dir, f.name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		e.files = append(e.files, file)
		*f.to = bufio.NewWriterSize(file, 1<<18)
	}
	return e, os.WriteFile(filepath.Join(dir, "README.txt"), fmt.Appendf(nil, about, public), 0o600)
}

const about = `This directory holds footprints of Custodian as they stood when it was made:
who did what, when, and to which record, by number. Names and words are not in
it; they stand as codes that tell nothing by themselves.

Whether any of it was changed afterwards, anybody can check, without the
program that it came from:

  custodian audit verify DIRECTORY --key KEY --checkpoint FILE
  python3 verify.py DIRECTORY KEY FILE

KEY is the public key of this installation, and FILE a checkpoint that you were
given earlier. Take both from where you kept them, not from this directory:
whoever could change the one could change the other. The key it was made with
says of itself

  %s
`

// Leaf adds the footprint at a place, with the hashes that were stored with it.
// Places come in order; those that are left out are gone.
func (e *Export) Leaf(place int64, leaf, hashes []byte) error {
	if err := e.fill(place); err != nil {
		return err
	}
	if want := HashesOf(place) * len(Hash{}); len(hashes) != want {
		hashes = make([]byte, want)
	}
	_, err1 := e.leaves.Write(leaf)
	_, err2 := e.hashes.Write(hashes)
	e.place++
	return errors.Join(err1, err2, e.leaves.WriteByte('\n'))
}

// Missing says that the footprint at a place, of which its id at least is
// known, is gone.
func (e *Export) Missing(place, id int64, hashes []byte) error {
	return e.Leaf(place, fmt.Appendf(nil, "%s\t%d", missing, id), hashes)
}

func (e *Export) fill(place int64) error {
	if place < e.place || place-e.place > mostGap {
		return fmt.Errorf("after place %d comes place %d: the table of leaves was changed beyond what can be exported", e.place-1, place)
	}
	for e.place < place {
		if err := e.Leaf(e.place, []byte(missing+"\t"+none), nil); err != nil {
			return err
		}
	}
	return nil
}

// Waits adds a footprint that has no place.
func (e *Export) Waits(leaf []byte) error {
	_, err := e.waiting.Write(append(leaf, '\n'))
	return err
}

// Checkpoint adds a signed checkpoint.
func (e *Export) Checkpoint(signed []byte) error {
	_, err1 := e.cp.Write(signed)
	_, err2 := e.cp.WriteString(between)
	return errors.Join(err1, err2)
}

// Stamp adds the time-stamp of a checkpoint.
func (e *Export) Stamp(name string, token []byte) error {
	dir := filepath.Join(e.dir, StampsDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, filepath.Base(name)+".tsr"), token, 0o600)
}

// Close finishes the export.
func (e *Export) Close() error {
	var all error
	for _, w := range []*bufio.Writer{e.leaves, e.waiting, e.hashes, e.cp} {
		all = errors.Join(all, w.Flush())
	}
	for _, f := range e.files {
		all = errors.Join(all, f.Sync())
	}
	return errors.Join(all, e.close())
}

func (e *Export) close() error {
	var all error
	for _, f := range e.files {
		all = errors.Join(all, f.Close())
	}
	return all
}
