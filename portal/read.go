package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/fault"
)

// longestJSON is the most bytes a JSON body may have.
const longestJSON = 64 << 10

// id reads an id from the address. What is not a number names nothing.
func id(c *gin.Context, name string) (int64, error) {
	n, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, notThere()
	}
	return n, nil
}

// number reads a version's number from the address.
func number(c *gin.Context) (int, error) {
	n, err := strconv.ParseInt(c.Param("n"), 10, 32)
	if err != nil || n <= 0 {
		return 0, notThere()
	}
	return int(n), nil
}

// body reads a JSON object into v. An empty body is an empty object.
func body(c *gin.Context, v any) error {
	text, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, longestJSON))
	if tooMuch(err) {
		return largeJSON()
	}
	if err != nil {
		return brokenOff(err)
	}
	if err := plainNames(text); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(v)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return fault.Wrap(fault.Invalid, "The body is not the JSON object that this address takes"+hint(err)+". See /api/v1/openapi.json.", err)
	}
	if _, err = d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "There is something after the JSON object. Send one object only.")
	}
	return nil
}

// plainNames refuses an object in which a name comes twice or is not in small
// letters: the decoder would take either for the field, and the last one would
// win. What is no object is left to the decoder.
func plainNames(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var skipped json.RawMessage
		if err != nil || !ok || d.Decode(&skipped) != nil {
			return nil
		}
		if seen[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			return fault.New(fault.Invalid, fmt.Sprintf("The field %q comes twice, or is not in small letters. Send each field once, as /api/v1/openapi.json writes it.", clip(name)))
		}
		seen[name] = true
	}
	return nil
}

func largeJSON() error {
	return fault.New(fault.TooLarge, fmt.Sprintf("The body is larger than %d bytes, which is the most for JSON.", longestJSON))
}

// tooMuch tells whether a body was over its limit.
func tooMuch(err error) bool {
	_, ok := errors.AsType[*http.MaxBytesError](err)
	return ok
}

// hint names the field that was wrong, where the decoder says.
func hint(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Field != "" {
		return fmt.Sprintf(" (look at %q)", e.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return " (it does not know " + clip(name) + ")"
	}
	return ""
}

// listPage is which part of a list is asked for.
type listPage struct {
	limit  int
	cursor []byte // nil for the beginning
}

const (
	usualPage   = 100
	largestPage = 500
)

// pageOf reads limit and cursor. What an address asks besides these and the
// names in also is refused: a slip in "known" must not answer another question.
func pageOf(c *gin.Context, also ...string) (listPage, error) {
	p := listPage{limit: usualPage}
	var bad []fault.Field
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return p, fault.Wrap(fault.Invalid, "What stands after the ? of the address cannot be read. Write ; as %3B, % as %25 and + as %2B.", err)
	}
	for name, said := range query {
		switch {
		case said[0] == "":
			bad = append(bad, fault.Field{Name: clip(name), Problem: fmt.Sprintf("%q is empty. Give it a value, or leave it out.", clip(name))})
		case name != "limit" && name != "cursor" && !slices.Contains(also, name):
			bad = append(bad, fault.Field{Name: clip(name), Problem: "This address does not ask for that. See /api/v1/openapi.json."})
		case len(said) > 1:
			bad = append(bad, fault.Field{Name: name, Problem: fmt.Sprintf("%s was given twice. Give it once.", name)})
		}
	}
	if s := c.Query("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > largestPage {
			bad = append(bad, fault.Field{Name: "limit", Problem: fmt.Sprintf("limit is a number from 1 to %d.", largestPage)})
		}
		p.limit = n
	}
	if s := c.Query("cursor"); s != "" {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) == 0 || len(b) > 64 {
			bad = append(bad, badCursor())
		}
		p.cursor = b
	}
	return p, fault.Bad(bad)
}

func badCursor() fault.Field {
	return fault.Field{Name: "cursor", Problem: "This cursor is not one that a list gave. Take \"next\" from the page before, or leave it out."}
}

// ids reads the numbers that make up a cursor: each above 0, or all 0 for the
// beginning.
func (p listPage) ids(n int) ([]int64, error) {
	out := make([]int64, n)
	if p.cursor == nil {
		return out, nil
	}
	parts := strings.Split(string(p.cursor), ".")
	if len(parts) != n {
		return nil, fault.Bad([]fault.Field{badCursor()})
	}
	for i, s := range parts {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v <= 0 {
			return nil, fault.Bad([]fault.Field{badCursor()})
		}
		out[i] = v
	}
	return out, nil
}

// listed is a list as it is sent: one page, and where the next begins.
type listed[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// list makes a page of what was found: one more than the limit was asked for, to
// know whether there is a next page. cursor gives the numbers by which the last
// item is found again.
func list[From, To any](p listPage, found []From, show func(From) To, cursor func(From) []int64) listed[To] {
	l := listed[To]{Items: []To{}}
	for _, f := range found[:min(len(found), p.limit)] {
		l.Items = append(l.Items, show(f))
	}
	if len(found) > p.limit {
		var parts []string
		for _, n := range cursor(found[p.limit-1]) {
			parts = append(parts, strconv.FormatInt(n, 10))
		}
		s := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, ".")))
		l.Next = &s
	}
	return l
}

// answer sends a JSON answer.
func answer(c *gin.Context, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Data(status, "application/json", append(b, '\n'))
	return nil
}
