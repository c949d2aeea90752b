package tree

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// spot is a place whose right hash is known and is another than that of what
// lies there.
type spot struct {
	place int64
	right Hash
}

// judge says what the checkpoints that do not agree mean, and where.
func (c *check) judge() {
	n := int64(len(c.leaves))
	if len(c.roots) > 0 {
		c.report.Newest = c.roots[len(c.roots)-1].Checkpoint
		c.report.Covered = c.report.Newest.Size
	}
	var bad []sealed
	for _, s := range c.roots {
		switch {
		case s.good:
		case s.Size < c.good:
			c.find("two-histories", 0, s.Size-1, none, "two histories: the key signed a tree of %d footprints that is not the beginning of the one of %d", s.Size, c.good)
		default:
			bad = append(bad, s)
		}
	}
	if len(bad) > 0 {
		c.broken = bad[0].Size
	}
	// The widest checkpoint whose root follows from the stored hashes makes these hashes as good as signed.
	var spots []spot
	proven := false
	for i := len(bad) - 1; i >= 0 && !proven; i-- {
		if h, ok := c.stored(0, bad[i].Size); ok && h == bad[i].Root {
			proven = true
			spots = c.locate(0, bad[i].Size, bad[i].Root, nil)
		}
	}
	switch {
	case proven:
		c.name(spots)
	case len(bad) > 0 && bad[0].Size <= n:
		c.rewritten(c.goodBefore(bad[0].Size), bad[0].Size)
	}
	if len(bad) > 0 && bad[len(bad)-1].Size > n {
		to := bad[len(bad)-1].Size
		if c.find("cut-off", n, to-1, none, "cut off from place %d to %d: %d footprints that were signed are gone", n, to-1, to-n); c.good < n {
			c.find("unproven", c.good, n-1, none, "not proven from place %d to %d: the footprints there may be others than those that were signed", c.good, n-1)
		}
	}
	if c.report.Covered < n {
		c.tail(c.report.Covered, n)
	}
}

// goodBefore is the widest proven size below another.
func (c *check) goodBefore(size int64) (good int64) {
	for _, s := range c.roots {
		if s.good && s.Size < size {
			good = s.Size
		}
	}
	return good
}

// locate walks down from a hash that is known to be right for the places from
// lo to hi, to those places whose content is another.
func (c *check) locate(lo, hi int64, right Hash, found []spot) []spot {
	if hi <= c.good || c.content(lo, hi) == right {
		return found
	}
	if hi-lo == 1 {
		return append(found, spot{lo, right})
	}
	mid := lo + widest(hi-lo)
	left, ok1 := c.stored(lo, mid)
	rest, ok2 := c.stored(mid, hi)
	if !ok1 || !ok2 || tlog.NodeHash(left, rest) != right {
		c.rewritten(max(lo, c.good), min(hi, int64(len(c.leaves))))
		return found
	}
	return c.locate(mid, hi, rest, c.locate(lo, mid, left, found))
}

// rewritten says of places below one that they are not as they were signed, where
// the stored hashes do not tell which of them. Where nothing lies, something is
// gone, whatever the hashes say. What the first checkpoint that does not agree covers
// is told apart from what lies behind it.
func (c *check) rewritten(from, to int64) {
	if from < c.broken && c.broken < to {
		c.rewritten(from, c.broken)
		from = c.broken
	}
	if from >= to {
		return
	}
	var holes []spot
	for place := from; place < to; place++ {
		if c.gone[place] {
			holes = append(holes, spot{place: place})
		}
	}
	events := c.events(holes)
	for _, s := range holes {
		c.find("deleted", s.place, s.place, events[s.place], "deleted at place %d: footprint %s is gone", s.place, events[s.place])
	}
	c.find("rewritten", from, to-1, none, "rewritten from place %d to %d: the footprints there are not those that were signed", from, to-1)
}

// widest is the largest power of two below n.
func widest(n int64) int64 {
	k := int64(1)
	for 2*k < n {
		k *= 2
	}
	return k
}

// content is the hash of what lies at the places from lo to hi; of zeros where
// some of them are not there.
func (c *check) content(lo, hi int64) Hash {
	if hi > int64(len(c.leaves)) {
		return Hash{}
	}
	var r Roll
	for _, h := range c.leaves[lo:hi] {
		r.Add(h)
	}
	return r.Root()
}

// stored is the same by the stored hashes.
func (c *check) stored(lo, hi int64) (Hash, bool) {
	var parts []Hash
	for lo < hi {
		k, level := int64(1), 0
		for lo%(2*k) == 0 && lo+2*k <= hi {
			k, level = 2*k, level+1
		}
		h, ok := c.hash(tlog.StoredHashIndex(level, lo>>level))
		if !ok {
			return Hash{}, false
		}
		parts = append(parts, h)
		lo += k
	}
	if len(parts) == 0 {
		return Hash{}, false
	}
	h := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0; i-- {
		h = tlog.NodeHash(parts[i], h)
	}
	return h, true
}

func (c *check) hash(index int64) (h Hash, ok bool) {
	if index >= c.said {
		return h, false
	}
	_, err := c.hashes.ReadAt(h[:], index*int64(len(h)))
	return h, err == nil || err == io.EOF
}

// name says of each spot what was done there.
func (c *check) name(spots []spot) {
	right, there := map[Hash]int64{}, map[Hash]bool{}
	for _, s := range spots {
		right[s.right] = s.place
		if h, ok := c.lies(s.place); ok {
			there[h] = true
		}
	}
	events := c.events(spots)
	var moved []int64
	whole := true
	for _, s := range spots {
		h, ok := c.lies(s.place)
		belongs, known := right[h]
		known = known && ok
		lost, e := !there[s.right], events[s.place]
		switch {
		case lost && ok && !known:
			c.find("changed", s.place, s.place, e, "changed at place %d: footprint %s is not as it was signed", s.place, e)
		case lost:
			gone := e
			if ok {
				gone = none
			}
			c.find("deleted", s.place, s.place, gone, "deleted at place %d: footprint %s is gone", s.place, gone)
		case ok && !known:
			c.find("inserted", s.place, s.place, e, "inserted at place %d: footprint %s was not there", s.place, e)
		}
		whole = whole && !lost && (known || !ok)
		if known && belongs != s.place {
			moved = append(moved, s.place)
		}
	}
	if len(moved) > 0 && !whole {
		from, to := moved[0], moved[len(moved)-1]
		c.find("shifted", from, to, none, "shifted from place %d to %d: %d footprints stand at other places than they were signed at", from, to, len(moved))
		return
	}
	for _, place := range moved {
		h, _ := c.lies(place)
		c.find("moved", place, place, events[place], "moved to place %d: footprint %s belongs at place %d", place, events[place], right[h])
	}
}

// lies is the hash of what lies at a place, if anything does.
func (c *check) lies(place int64) (Hash, bool) {
	if place >= int64(len(c.leaves)) || c.gone[place] {
		return Hash{}, false
	}
	return c.leaves[place], true
}

// events reads again which footprints lie at the spots.
func (c *check) events(spots []spot) map[int64]string {
	found := map[int64]string{}
	f, err := os.Open(filepath.Join(c.dir, FootprintsFile))
	if err != nil {
		return found
	}
	defer f.Close()
	in, next := lines(f), 0
	for place := int64(0); next < len(spots) && in.Scan(); place++ {
		if spots[next].place == place {
			line := in.Text()
			if c.gone[place] {
				line = format + line[len(missing):]
			}
			found[place] = event(line)
			next++
		}
	}
	for ; next < len(spots); next++ {
		found[spots[next].place] = none
	}
	return found
}

// tail compares what no checkpoint covers yet with the stored hashes: whoever
// can change one can change the other, so this shows mistakes more than intent.
func (c *check) tail(from, to int64) {
	var spots []spot
	for place := from; place < to; place++ {
		if h, ok := c.hash(tlog.StoredHashIndex(0, place)); c.gone[place] || ok && h != c.leaves[place] {
			spots = append(spots, spot{place, h})
		}
	}
	events := c.events(spots)
	for _, s := range spots {
		e := events[s.place]
		c.find("tail", s.place, s.place, e, "differs at place %d: footprint %s is not as it was when it got its place, after the newest checkpoint", s.place, e)
	}
}

// tell puts the report into words.
func (c *check) tell() {
	r := c.report
	say := func(text string, args ...any) { r.Words = append(r.Words, fmt.Sprintf(text, args...)) }
	say("The export holds %d footprints in the tree, and %d that wait for their place.", r.Lines, r.Waiting)
	if r.Signed > 0 {
		say("The newest signed checkpoint covers %d footprints: %s, %s, root %s.", r.Covered, r.Newest.Origin, r.Newest.At.Format(stamp), r.Newest.Short())
	} else {
		say("There is no signed checkpoint: nothing is proven.")
		c.find("no-checkpoint", -1, -1, none, "no checkpoint: nothing here is signed by this key")
	}
	for _, s := range c.roots {
		if s.held {
			say("The checkpoint held, of %d footprints, %s.", s.Size, map[bool]string{true: "agrees", false: "DOES NOT AGREE"}[s.good])
		}
	}
	for i, f := range r.Findings {
		if i == mostFindings {
			say("... and %d more", len(r.Findings)-mostFindings)
			break
		}
		say("%s", f.Text)
	}
	if r.Whole() {
		say("WHOLE. The %d footprints that are covered are those that were signed.", r.Covered)
		if rest := r.Lines - r.Covered; rest+r.Waiting > 0 {
			say("%d came after the newest checkpoint and are not covered yet.", rest+r.Waiting)
		}
	} else {
		say("NOT WHOLE. Findings: %d.", len(r.Findings))
	}
}
