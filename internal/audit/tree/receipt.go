package tree

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// receiptFormat names the form of a receipt, and stands at its beginning.
const receiptFormat = "custodian-receipt-1"

// Receipt proves that one footprint is in the tree of a signed checkpoint.
type Receipt struct {
	Leaf       string
	Place      int64
	Proof      []Hash
	Opened     []Opened
	Checkpoint []byte
}

// Opened is what stands behind a commitment, with the key that shows it.
type Opened struct {
	Field string
	Key   Key
	Parts []string
}

// ErrReceipt says that a receipt does not prove what it says.
var ErrReceipt = errors.New("this receipt proves nothing")

// Open gives the words behind the commitments of a footprint, for a receipt.
func Open(keys Keys, id int64, w Words, m Marks) []Opened {
	own := EventKey(keys.Provider, id)
	list := []Opened{{"who", own, []string{w.Name, w.Post}}}
	if m.OfRecord() {
		if keys.Record == nil {
			return list
		}
		own = EventKey(*keys.Record, id)
	}
	for _, o := range []struct {
		mark string
		Opened
	}{{m.About, Opened{"about", own, []string{w.Record, w.Title}}}, {m.Sought, Opened{"sought", own, []string{w.Sought}}}, {m.Detail, Opened{"detail", own, []string{w.Detail}}}} {
		if o.mark != none {
			list = append(list, o.Opened)
		}
	}
	return list
}

// Bytes writes a receipt.
func (r Receipt) Bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\nplace %d\n", receiptFormat, r.Leaf, r.Place)
	for _, o := range r.Opened {
		fmt.Fprintf(&b, "opens %s %s", o.Field, base64.StdEncoding.EncodeToString(o.Key[:]))
		for _, p := range o.Parts {
			fmt.Fprintf(&b, " %s", strconv.QuoteToASCII(p))
		}
		b.WriteByte('\n')
	}
	for _, h := range r.Proof {
		fmt.Fprintf(&b, "%s\n", h)
	}
	b.WriteByte('\n')
	b.Write(r.Checkpoint)
	return []byte(b.String())
}

// mostProof bounds the lines of a receipt: no tree is deeper.
const mostProof = 64

// ParseReceipt reads a receipt. It proves nothing yet.
func ParseReceipt(text []byte) (r Receipt, err error) {
	bad := fmt.Errorf("%w: it is not written as one", ErrReceipt)
	head, signed, ok := strings.Cut(string(text), "\n\n")
	p := strings.Split(head, "\n")
	if !ok || len(p) < 3 || len(p) > mostProof+10 || p[0] != receiptFormat || !strings.HasPrefix(p[1], format+"\t") {
		return r, bad
	}
	r.Leaf, r.Checkpoint = p[1], []byte(signed)
	if r.Place, err = strconv.ParseInt(strings.TrimPrefix(p[2], "place "), 10, 64); err != nil {
		return r, bad
	}
	for _, line := range p[3:] {
		if rest, is := strings.CutPrefix(line, "opens "); is {
			o, ok := parseOpened(rest)
			if !ok {
				return r, bad
			}
			r.Opened = append(r.Opened, o)
			continue
		}
		h, err := tlog.ParseHash(line)
		if err != nil {
			return r, bad
		}
		r.Proof = append(r.Proof, h)
	}
	if string(r.Bytes()) != string(text) {
		return r, bad
	}
	return r, nil
}

func parseOpened(s string) (o Opened, ok bool) {
	p := strings.SplitN(s, " ", 3)
	if len(p) != 3 {
		return o, false
	}
	key, err := base64.StdEncoding.DecodeString(p[1])
	if err != nil || len(key) != len(o.Key) {
		return o, false
	}
	o.Field, o.Key = p[0], Key(key)
	for rest := p[2]; rest != ""; rest = strings.TrimPrefix(rest, " ") {
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			return o, false
		}
		part, err := strconv.Unquote(quoted)
		if err != nil {
			return o, false
		}
		o.Parts, rest = append(o.Parts, part), rest[len(quoted):]
	}
	return o, len(o.Parts) > 0
}

// Check proves a receipt with the public key: that the checkpoint is signed,
// that the footprint is at its place in that tree, and that the words shown are
// those that were committed to.
func (r Receipt) Check(public string) (Checkpoint, error) {
	c, err := OpenCheckpoint(r.Checkpoint, public)
	if errors.Is(err, ErrKey) {
		return c, err
	}
	if err != nil {
		return c, fmt.Errorf("%w: its checkpoint is not signed by this key", ErrReceipt)
	}
	if r.Place < 0 || r.Place >= c.Size || tlog.CheckRecord(r.Proof, c.Size, c.Root, r.Place, LeafHash([]byte(r.Leaf))) != nil {
		return c, fmt.Errorf("%w: the footprint is not in the tree that was signed", ErrReceipt)
	}
	fields := strings.Split(r.Leaf, "\t")
	if len(fields) != fieldsOfLeaf {
		return c, fmt.Errorf("%w: the footprint is not written as one", ErrReceipt)
	}
	for _, o := range r.Opened {
		at := map[string]int{"who": fieldWho, "about": fieldAbout, "sought": fieldSought, "detail": fieldDetail}[o.Field]
		if at == 0 || fields[at] != string(mark(nil, true, o.Key, o.Field, o.Parts...)[1:]) {
			return c, fmt.Errorf("%w: the words under %q are not those that were committed to", ErrReceipt, o.Field)
		}
	}
	return c, nil
}

// Told gives what a receipt says, as pairs of a name and a value, fit to be put on a
// screen: what somebody wrote stands in quotes.
func (r Receipt) Told() [][2]string {
	f := strings.Split(r.Leaf, "\t")
	list := [][2]string{}
	if len(f) != fieldsOfLeaf {
		return list
	}
	for _, n := range []struct {
		at   int
		name string
	}{{fieldID, "footprint"}, {fieldAt, "when"}, {fieldActor, "who, by number"}, {fieldAction, "action"}, {fieldOutcome, "outcome"}, {fieldProvider, "provider"}, {fieldHome, "setting"},
		{fieldRecord, "record"}, {fieldDocument, "document"}, {fieldVersion, "version"}, {fieldClass, "class"}, {fieldRequest, "request"}} {
		if f[n.at] != none {
			list = append(list, [2]string{n.name, plain(f[n.at])})
		}
	}
	for _, o := range r.Opened {
		parts := make([]string, len(o.Parts))
		for i, p := range o.Parts {
			parts[i] = shown(p)
		}
		list = append(list, [2]string{plain(o.Field), strings.Join(parts, ", ")})
	}
	return list
}

// Prove gives the proof that a place is in the tree of a size.
func Prove(size, place int64, read func([]int64) ([]Hash, error)) ([]Hash, error) {
	return tlog.ProveRecord(size, place, tlog.HashReaderFunc(read))
}

// Continues tells whether a tree of one size is the beginning of a later one.
func Continues(size int64, root Hash, earlier int64, before Hash, read func([]int64) ([]Hash, error)) (bool, error) {
	if earlier == 0 || earlier == size {
		return earlier == 0 || root == before, nil
	}
	if earlier > size {
		return false, nil
	}
	p, err := tlog.ProveTree(size, earlier, tlog.HashReaderFunc(read))
	if err != nil {
		return false, err
	}
	return tlog.CheckTree(p, size, root, earlier, before) == nil, nil
}

// Consistency gives the proof itself, for a witness.
func Consistency(size, earlier int64, read func([]int64) ([]Hash, error)) ([]Hash, error) {
	if earlier == 0 || earlier == size {
		return nil, nil
	}
	return tlog.ProveTree(size, earlier, tlog.HashReaderFunc(read))
}

// RootOf is the root of the tree of a size, by its stored hashes.
func RootOf(size int64, read func([]int64) ([]Hash, error)) (Hash, error) {
	return tlog.TreeHash(size, tlog.HashReaderFunc(read))
}
