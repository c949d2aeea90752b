package scim

import (
	"encoding/json"
	"strings"

	"custodian/internal/fault"
)

const (
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

// term is one comparison: an attribute, in small letters, equals a value.
type term struct {
	attr  string
	value any // string, bool, json.Number or nil
}

// path is where something is changed: an attribute, those of its values that a
// filter takes, and a part of it. Names are in small letters.
type path struct {
	attr  string
	where []term
	sub   string
}

// name is the path without its filter: emails.value.
func (p path) name() string {
	if p.sub == "" {
		return p.attr
	}
	return p.attr + "." + p.sub
}

// parsePath reads a path (RFC 7644, 3.5.2, figure 7).
func parsePath(s string) (path, error) {
	c := cursor{rest: s}
	var p path
	ok := len(s) <= longestQuery // asked first: what is longer is not read at all
	if ok {
		p, ok = c.path(0)
	}
	if !ok || c.rest != "" {
		return path{}, refuse(fault.Invalid, invalidPath, "The path of an operation cannot be read.")
	}
	return p, nil
}

// parseFilter reads a filter (RFC 7644, 3.4.2.2) of comparisons by eq that are joined
// by and; others are valid, and not answered here.
func parseFilter(s string) ([]term, error) {
	c := cursor{rest: s}
	var terms []term
	ok := len(s) <= longestQuery
	if ok {
		terms, ok = c.terms(0)
	}
	if !ok || c.rest != "" {
		return nil, refuse(fault.Invalid, invalidFilter, "This filter is not answered. Compare by eq, and join comparisons by and.")
	}
	return terms, nil
}

// cursor reads a text from its beginning.
type cursor struct{ rest string }

func (c *cursor) take(s string) bool {
	rest, ok := strings.CutPrefix(c.rest, s)
	if ok {
		c.rest = rest
	}
	return ok
}

func (c *cursor) spaces() bool {
	was := len(c.rest)
	c.rest = strings.TrimLeft(c.rest, " ")
	return len(c.rest) < was
}

// word takes letters, figures, - and _, beginning with a letter or $.
func (c *cursor) word() (string, bool) {
	n := 0
	for n < len(c.rest) {
		b := c.rest[n]
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || n == 0 && b == '$'
		if !letter && (n == 0 || (b < '0' || b > '9') && b != '-' && b != '_') {
			break
		}
		n++
	}
	w := c.rest[:n]
	c.rest = c.rest[n:]
	return strings.ToLower(w), n > 0
}

// schema takes the name of a schema before an attribute. What belongs to the core
// schemas loses it; what belongs to another keeps it, and is an attribute that
// nobody here knows.
func (c *cursor) schema() string {
	const urn = "urn:"
	if len(c.rest) < len(urn) || !strings.EqualFold(c.rest[:len(urn)], urn) {
		return ""
	}
	end := strings.IndexAny(c.rest, " []\"")
	if end < 0 {
		end = len(c.rest)
	}
	colon := strings.LastIndexByte(c.rest[:end], ':')
	name := c.rest[:colon]
	c.rest = c.rest[colon+1:]
	if strings.EqualFold(name, userSchema) || strings.EqualFold(name, groupSchema) {
		return ""
	}
	return strings.ToLower(name) + ":"
}

// path takes a path. One inside a filter, at a depth above 0, has no filter of its
// own, so that nothing is nested without end.
func (c *cursor) path(depth int) (p path, ok bool) {
	schema := c.schema()
	if p.attr, ok = c.word(); !ok {
		return p, false
	}
	p.attr = schema + p.attr
	if c.take("[") {
		if depth > 0 {
			return p, false
		}
		if p.where, ok = c.terms(1); !ok || !c.take("]") {
			return p, false
		}
	}
	if c.take(".") {
		p.sub, ok = c.word()
	}
	return p, ok
}

// mostTerms is how many comparisons one filter may have.
const mostTerms = 8

func (c *cursor) terms(depth int) ([]term, bool) {
	var list []term
	for len(list) < mostTerms {
		c.spaces()
		t, ok := c.term(depth)
		if !ok {
			return nil, false
		}
		list = append(list, t)
		c.spaces()
		if c.rest == "" || c.rest[0] == ']' {
			return list, true
		}
		if w, ok := c.word(); !ok || w != "and" || !c.spaces() {
			return nil, false
		}
	}
	return nil, false
}

func (c *cursor) term(depth int) (t term, ok bool) {
	p, ok := c.path(depth)
	if !ok || !c.spaces() {
		return t, false
	}
	if op, ok := c.word(); !ok || op != "eq" || !c.spaces() {
		return t, false
	}
	t.attr = p.name()
	t.value, ok = c.literal()
	return t, ok
}

// literal takes a JSON text, number, true, false or null.
func (c *cursor) literal() (any, bool) {
	d := json.NewDecoder(strings.NewReader(c.rest))
	d.UseNumber()
	t, err := d.Token()
	if _, structure := t.(json.Delim); err != nil || structure {
		return nil, false
	}
	c.rest = c.rest[d.InputOffset():]
	return t, true
}
