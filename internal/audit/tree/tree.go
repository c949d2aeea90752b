// Package tree is the arithmetic of footprints that nobody can change unseen:
// how a footprint becomes a leaf, how leaves become one hash, how that hash is
// signed, and how a stranger checks all of it offline.
//
// Promise: the formats here are those of docs/design/audit-tree.md, to the
// byte, and are never changed; a new one would have a new number. The same
// footprint, with the same key, always gives the same leaf. Verify needs no
// database, no network and no secret; it finds whatever was changed among the
// footprints that a signed checkpoint covers, and says where.
//
// Limits: it proves that footprints are those that were there when the
// checkpoint was signed, not that what they say was true then, and nothing
// about those that came after the last checkpoint. It knows no database and
// decides nothing.
package tree

import (
	"encoding/hex"
	"math/bits"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is the hash of a leaf, of a node, or of a whole tree.
type Hash = tlog.Hash

// LeafHash is the hash of a leaf as RFC 6962 takes it.
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// Short gives the first twelve figures of a hash, for people to compare.
func Short(h Hash) string {
	s := hex.EncodeToString(h[:6])
	return strings.Join([]string{s[:4], s[4:8], s[8:]}, " ")
}

// Roll is a tree that grows leaf by leaf and keeps no more of itself than it
// takes to say its root: one hash for each bit of its size.
type Roll struct {
	size  int64
	peaks []Hash // of the perfect trees it is made of, the widest first
}

// Size is how many leaves were added.
func (r *Roll) Size() int64 { return r.size }

// Add puts one more leaf to the tree.
func (r *Roll) Add(leaf Hash) { r.Append(leaf, nil) }

// Root is the root of the tree so far.
func (r *Roll) Root() Hash {
	if len(r.peaks) == 0 {
		root, _ := tlog.TreeHash(0, nil) // of nothing: it reads no hash
		return root
	}
	h := r.peaks[len(r.peaks)-1]
	for i := len(r.peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(r.peaks[i], h)
	}
	return h
}

// HashesOf is how many hashes are stored with the leaf at a place: its own, and
// that of every perfect tree which it completes.
func HashesOf(place int64) int { return 1 + bits.TrailingZeros64(uint64(place)+1) }

// LastOf tells with which leaf the stored hash of an index lies, and which of
// the hashes stored with that leaf it is.
func LastOf(index int64) (place int64, nth int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<level - 1, level
}

// Append adds a leaf and appends the hashes to be stored with it: its own and
// that of every perfect tree which it completes.
func (r *Roll) Append(leaf Hash, to []byte) []byte {
	to = append(to, leaf[:]...)
	for n := r.size; n&1 == 1; n >>= 1 {
		last := len(r.peaks) - 1
		leaf = tlog.NodeHash(r.peaks[last], leaf)
		to = append(to, leaf[:]...)
		r.peaks = r.peaks[:last]
	}
	r.peaks = append(r.peaks, leaf)
	r.size++
	return to
}

// Resume goes on with a tree of a size from its stored hashes.
func Resume(size int64, read func([]int64) ([]Hash, error)) (*Roll, error) {
	var indexes []int64
	lo := int64(0)
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, lo>>level))
			lo += 1 << level
		}
	}
	peaks, err := read(indexes)
	if err != nil {
		return nil, err
	}
	return &Roll{size, peaks}, nil
}
