package scim

import (
	"fmt"
	"strings"

	"custodian/internal/fault"
)

// op is one operation of a PATCH (RFC 7644, 3.5.2).
type op struct {
	does  string // add, replace or remove
	path  path   // attr "" for the whole resource
	value any
	said  bool // there was a value
}

// parsePatch reads the body of a PATCH. The value of an operation without a path is
// an object, each name of which is a path: one operation each.
func parsePatch(body []byte) ([]op, error) {
	o, err := parseBody(body)
	if err != nil {
		return nil, err
	}
	list, ok := o["operations"].([]any)
	if !ok || len(list) == 0 {
		return nil, refuse(fault.Invalid, invalidSyntax, "A PATCH holds a list of Operations.")
	}
	var ops []op
	for _, v := range list {
		more, err := parseOp(v)
		if err != nil {
			return nil, err
		}
		if ops = append(ops, more...); len(ops) > mostOps {
			return nil, refuse(fault.Invalid, tooMany, fmt.Sprintf("A PATCH holds at most %d operations. Send several.", mostOps))
		}
	}
	return ops, nil
}

func parseOp(v any) ([]op, error) {
	o, ok := v.(object)
	does, _ := o["op"].(string)
	does = strings.ToLower(does)
	if !ok || does != "add" && does != "replace" && does != "remove" {
		return nil, refuse(fault.Invalid, invalidSyntax, "The op of an operation is add, replace or remove.")
	}
	value, said := o["value"]
	at, isText := o["path"].(string)
	switch {
	case o["path"] != nil && !isText:
		return nil, refuse(fault.Invalid, invalidPath, "The path of an operation is a text.")
	case at != "":
		p, err := parsePath(at)
		return []op{{does, p, value, said}}, err
	case does == "remove":
		return nil, refuse(fault.Invalid, noTarget, "A remove names what is removed in its path.")
	}
	all, ok := value.(object)
	if !ok {
		return nil, refuse(fault.Invalid, invalidValue, "An operation without a path has an object as its value.")
	}
	var ops []op
	for _, name := range sorted(all) {
		p, err := parsePath(name)
		if err != nil {
			continue // the name of a schema, or of something that nobody here knows
		}
		ops = append(ops, op{does, p, all[name], true})
	}
	return ops, nil
}
