package scim

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"custodian/internal/fault"
)

const listSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// Query is what a list is asked for.
type Query struct {
	where []term
	start int // counted from 1
	count int
	shape shape
}

// shape is which attributes of a resource are answered (RFC 7644, 3.9): only, when it
// is not empty, and never but. Names are in small letters.
type shape struct{ only, but []string }

// ReadQuery reads the query of an address.
func ReadQuery(values url.Values) (Query, error) {
	q := Query{start: 1, count: usualPage, shape: readShape(values)}
	var err error
	if f := strings.TrimSpace(values.Get("filter")); f != "" {
		if q.where, err = parseFilter(f); err != nil {
			return q, err
		}
	}
	if q.start, err = whole(values, "startIndex", 1, 1, mostIndex); err != nil {
		return q, err
	}
	q.count, err = whole(values, "count", usualPage, 0, mostPage)
	return q, err
}

func readShape(values url.Values) shape {
	return shape{names(values.Get("attributes")), names(values.Get("excludedAttributes"))}
}

// ReadShape reads which attributes of one resource are asked for.
func ReadShape(values url.Values) Query { return Query{shape: readShape(values)} }

func whole(values url.Values, name string, usual, least, most int) (int, error) {
	s := values.Get(name)
	if s == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, badValue(name + " is a whole number.")
	}
	return min(max(n, least), most), nil
}

// names reads a list of attributes: of a part of one, the whole counts.
func names(s string) []string {
	var list []string
	for _, n := range strings.Split(s, ",") {
		p, err := parsePath(strings.TrimSpace(n))
		if err == nil && len(list) < 50 {
			list = append(list, p.attr)
		}
	}
	return list
}

// cut leaves out what was not asked for. Id and schemas are always there.
func (s shape) cut(r map[string]any) map[string]any {
	for name := range r {
		low := strings.ToLower(name)
		if low == "id" || low == "schemas" {
			continue
		}
		if len(s.only) > 0 && !slices.Contains(s.only, low) || slices.Contains(s.but, low) {
			delete(r, name)
		}
	}
	return r
}

// leaves tells whether an attribute is asked for.
func (s shape) leaves(name string) bool {
	return (len(s.only) == 0 || slices.Contains(s.only, name)) && !slices.Contains(s.but, name)
}

// asked takes the values out of a filter, for the attributes that may stand in it.
func (q Query) asked(attrs ...string) (map[string]any, error) {
	got := map[string]any{}
	for _, t := range q.where {
		name := t.attr
		if name == "emails" || name == "members" {
			name += ".value"
		}
		_, twice := got[name]
		if !slices.Contains(attrs, name) || twice {
			return nil, refuse(fault.Invalid, invalidFilter, "This filter is not answered. It may compare "+strings.Join(attrs, ", ")+" by eq, each once.")
		}
		if name == "active" {
			is, ok := yes(t.value)
			if !ok {
				return nil, refuse(fault.Invalid, invalidFilter, "active is true or false.")
			}
			got[name] = is
			continue
		}
		s, ok := t.value.(string)
		if !ok || strings.ContainsRune(s, 0) {
			return nil, refuse(fault.Invalid, invalidFilter, "This filter compares a text.")
		}
		got[name] = s
		if name == "id" || name == "members.value" {
			n, err := number(s)
			if err != nil {
				n = -1 // names nothing
			}
			got[name] = n
		}
	}
	return got, nil
}

// listOf makes the answer to a list.
func (q Query) listOf(total int, found []map[string]any) ([]byte, error) {
	for _, r := range found {
		q.shape.cut(r)
	}
	if found == nil {
		found = []map[string]any{}
	}
	return json.Marshal(map[string]any{"schemas": []string{listSchema}, "totalResults": total, "startIndex": q.start, "itemsPerPage": len(found), "Resources": found})
}
