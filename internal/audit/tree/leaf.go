package tree

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// format names this encoding of a leaf, and stands at its beginning.
const format = "custodian-footprint-1"

// missing begins the line of an export at a place whose footprint is gone.
const missing = "missing"

// Facts are what a leaf says of a footprint in the clear: ids, times and words
// of a fixed list. None names a person or tells what a document holds.
type Facts struct {
	ID       int64
	At       time.Time
	Actor    int64
	Action   string
	Outcome  string
	Provider *int64
	Home     *int64
	Record   *int64
	Document *int64
	Version  *int64
	Class    *int16
	Request  string
	Epoch    int32
	Xid      int64
}

// Words are what a leaf only commits to: names, and free text.
type Words struct {
	Name, Post    string // of who acted, as known when the leaf was made
	Record, Title string // of what it was about; "" for none
	Sought        string // what a refused act asked for
	Detail        string // the further facts, as PostgreSQL writes them
}

// Key is what commitments are made with.
type Key [sha256.Size]byte

// Keys are those of one footprint. Record is nil where it is about no record,
// or where the record's key is gone.
type Keys struct {
	Provider Key
	Record   *Key
}

// Marks are the commitments of a leaf.
type Marks struct{ Keyed, Who, About, Sought, Detail string }

// Under which key what a footprint says of its record is committed.
const (
	keyedRecord   = "record"
	keyedProvider = "provider"
)

// Unmarked are the marks of a footprint that has no place yet.
func Unmarked() Marks { return Marks{keyedProvider, none, none, none, none} }

// none stands where there is nothing to say.
const none = "-"

// Commit makes the commitments of a footprint. Who acted is committed under the
// provider's key. The rest is committed under the record's, so that nothing of
// it can be guessed at any more once that key is destroyed; where there is no
// record's key it is committed under the provider's, and the names of record
// and document are left out.
func Commit(keys Keys, id int64, w Words) Marks {
	m, _ := ParseMarks(string(AppendMarks(nil, keys, id, w)))
	return m
}

// AppendMarks appends these commitments to b, as Marks.String writes them.
func AppendMarks(b []byte, keys Keys, id int64, w Words) []byte {
	own := EventKey(keys.Provider, id)
	keyed, of := keyedProvider, own
	if keys.Record != nil {
		keyed, of = keyedRecord, EventKey(*keys.Record, id)
	}
	b = mark(append(b, keyed...), true, own, "who", w.Name, w.Post)
	b = mark(b, keys.Record != nil && w.Record+w.Title != "", of, "about", w.Record, w.Title)
	b = mark(b, w.Sought != "", of, "sought", w.Sought)
	return mark(b, w.Detail != "{}", of, "detail", w.Detail)
}

// EventKey is the key of one footprint alone. Given away, it opens the
// commitments of that footprint and of no other.
func EventKey(k Key, id int64) Key {
	var room [64 + 48]byte
	return hmac256(k, strconv.AppendInt(append(append(room[:64], format...), 0), id, 10))
}

// mark appends one commitment, or that there is nothing to say: HMAC-SHA256 over
// the name of the field and its parts, each after a zero byte, which no text in
// PostgreSQL holds.
func mark(b []byte, there bool, own Key, field string, parts ...string) []byte {
	b = append(b, '\t')
	if !there {
		return append(b, none...)
	}
	var room [64 + 192]byte
	message := append(room[:64], field...)
	for _, p := range parts {
		message = append(append(message, 0), p...)
	}
	sum := hmac256(own, message)
	return base64.StdEncoding.AppendEncode(b, sum[:])
}

// hmac256 is HMAC-SHA256 (RFC 2104) of what follows the first 64 bytes of message,
// which are for the padded key. Every footprint takes six of these and each has a key
// of its own, so that crypto/hmac would spend its time on making itself ready.
func hmac256(k Key, message []byte) Key {
	var outer [64 + sha256.Size]byte
	copy(message, inside)
	copy(outer[:], outside)
	subtle.XORBytes(message, message[:len(k)], k[:])
	subtle.XORBytes(outer[:], outer[:len(k)], k[:])
	inner := sha256.Sum256(message)
	copy(outer[64:], inner[:])
	return sha256.Sum256(outer[:])
}

// inside and outside are what a key is padded with: 64 bytes of 0x36 and of 0x5c.
const (
	inside  = "6666666666666666666666666666666666666666666666666666666666666666"
	outside = `\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\`
)

// Leaf writes a footprint as the tree takes it: one line without its end, of
// fields between tabs. Everything about it is fixed, so that the same footprint
// is always the same bytes.
func Leaf(f Facts, m Marks) []byte {
	return AppendLeaf(make([]byte, 0, 400), f, []byte(m.String()))
}

// AppendLeaf appends it to b, with the marks as String writes them.
func AppendLeaf(b []byte, f Facts, marks []byte) []byte {
	b = append(b, format...)
	b = number(b, f.ID)
	b = f.At.UTC().AppendFormat(append(b, '\t'), stamp)
	b = number(b, f.Actor)
	b = word(b, f.Action)
	b = word(b, f.Outcome)
	for _, id := range []*int64{f.Provider, f.Home, f.Record, f.Document, f.Version} {
		b = optional(b, id)
	}
	if f.Class != nil {
		b = number(b, int64(*f.Class))
	} else {
		b = append(b, "\t-"...)
	}
	b = word(b, f.Request)
	b = number(b, int64(f.Epoch))
	b = number(b, f.Xid)
	return append(append(b, '\t'), marks...)
}

// stamp is how moments are written: UTC, to the microsecond.
const stamp = "2006-01-02T15:04:05.000000Z"

// String is the end of a leaf: what the tree keeps of the words.
func (m Marks) String() string {
	return m.Keyed + "\t" + m.Who + "\t" + m.About + "\t" + m.Sought + "\t" + m.Detail
}

// ParseMarks reads what String wrote.
func ParseMarks(s string) (Marks, bool) {
	p := strings.Split(s, "\t")
	if len(p) != 5 {
		return Marks{}, false
	}
	return Marks{p[0], p[1], p[2], p[3], p[4]}, true
}

// OfRecord tells whether the marks were made under a record's key.
func (m Marks) OfRecord() bool { return m.Keyed == keyedRecord }

func number(b []byte, n int64) []byte { return strconv.AppendInt(append(b, '\t'), n, 10) }

func optional(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "\t-"...)
	}
	return number(b, *n)
}

// word writes a text so that it holds no tab, no line end and no space: other
// bytes than letters, figures and . _ : + - are written as % and two figures.
// Nothing is written as -, and - alone as %2D.
func word(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	b = append(b, '\t')
	switch s {
	case "":
		return append(b, none...)
	case none:
		return append(b, "%2D"...)
	}
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._:+-", c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// fields of a leaf, by their place in it.
const (
	fieldID = 1 + iota
	fieldAt
	fieldActor
	fieldAction
	fieldOutcome
	fieldProvider
	fieldHome
	fieldRecord
	fieldDocument
	fieldVersion
	fieldClass
	fieldRequest
	fieldEpoch
	fieldXid
	fieldKeyed
	fieldWho
	fieldAbout
	fieldSought
	fieldDetail
	fieldsOfLeaf
)

// event gives the id that a line of an export speaks of, "-" for none: what is no
// number is not shown, because whoever made the export may have put anything there.
func event(line string) string {
	p := strings.SplitN(line, "\t", fieldID+2)
	if len(p) <= fieldID || !figures(p[fieldID]) {
		return none
	}
	return p[fieldID]
}

// figures tells whether a text is a number as ids are written.
func figures(s string) bool {
	return s != "" && len(s) <= mostFigures && strings.Trim(s, "0123456789") == ""
}

// mostFigures is how long the longest id is.
const mostFigures = 19

// shown gives a text that others wrote as it can be put on a screen: in quotes, and
// nothing in it that a terminal would take for an order.
func shown(s string) string { return strconv.QuoteToASCII(s) }

// plain is a text that can be shown as it is, or shown in quotes.
func plain(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return shown(s)
		}
	}
	return s
}

// order gives the place of a footprint in the order in which it was taken:
// epoch, transaction, id. ok is false for a line that is no leaf.
func order(line string) (at [3]int64, ok bool) {
	p := strings.Split(line, "\t")
	if len(p) != fieldsOfLeaf || p[0] != format {
		return at, false
	}
	for i, f := range []int{fieldEpoch, fieldXid, fieldID} {
		n, err := strconv.ParseInt(p[f], 10, 64)
		if err != nil || !figures(p[f]) {
			return at, false
		}
		at[i] = n
	}
	return at, true
}

// before compares two places in that order.
func before(a, b [3]int64) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}
