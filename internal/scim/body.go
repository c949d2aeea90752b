package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"custodian/internal/fault"
)

// object is a JSON object. Its names are in small letters, at every depth: SCIM does
// not tell letters apart in them (RFC 7643, 2.1).
type object map[string]any

// parseBody reads one JSON object.
func parseBody(body []byte) (object, error) {
	r := reader{d: json.NewDecoder(bytes.NewReader(body)), left: mostValues}
	r.d.UseNumber()
	v, err := r.value(0)
	if err != nil {
		return nil, syntax(err)
	}
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		return nil, syntax(errors.New("there is something after it"))
	}
	o, ok := v.(object)
	if !ok {
		return nil, syntax(errors.New("it is no object"))
	}
	return o, nil
}

func syntax(err error) error {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{invalidSyntax, fault.Wrap(fault.Invalid, "The body is not a JSON object that this address takes.", err)}
}

type reader struct {
	d    *json.Decoder
	left int
}

func (r *reader) value(depth int) (any, error) {
	if r.left--; r.left < 0 || depth > mostDepth {
		return nil, refuse(fault.Invalid, tooMany, fmt.Sprintf("The body is too deep or holds too much: at most %d values, %d deep.", mostValues, mostDepth))
	}
	t, err := r.d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return r.object(depth)
	case json.Delim('['):
		list := []any{}
		for r.d.More() {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := r.d.Token()
		return list, err
	}
	return t, nil
}

// object reads the rest of an object. A name that comes twice would let two readers
// understand it in two ways.
func (r *reader) object(depth int) (object, error) {
	o := object{}
	for r.d.More() {
		t, err := r.d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string) // the decoder lets nothing else stand there
		name = strings.ToLower(name)
		if _, twice := o[name]; twice {
			return nil, refuse(fault.Invalid, invalidSyntax, "An attribute comes twice in one object. Send it once.")
		}
		if o[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := r.d.Token()
	return o, err
}

// text reads a value that is a text. null is an empty one, and a list of one is that
// one: some services send a multi-valued attribute's value so.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case []any:
		if len(v) == 1 {
			return text(v[0])
		}
	case object:
		if len(v) == 1 {
			if inner, ok := v["value"].(string); ok {
				return inner, true
			}
		}
	}
	return "", false
}

// yes reads a value that is true or false, also as a text.
func yes(v any) (is, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	case []any:
		if len(v) == 1 {
			return yes(v[0])
		}
	case object:
		if len(v) == 1 {
			return yes(v["value"])
		}
	}
	return false, false
}
