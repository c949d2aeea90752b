// Package fault describes failures that a person can be told about.
//
// A fault carries a kind, which decides the status of the answer, a public
// sentence that says what is wrong and what to do, and a cause for the log.
// Anything that is not a fault is an internal error, of which a person sees
// nothing but a number to quote. Public texts never hold names of people or
// content of records.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind sorts faults by what the person can do about them.
type Kind int

// The kinds. Unknown and forbidden things are both NotFound: the answer must
// not tell which.
const (
	Invalid         Kind = iota + 1 // what was sent is wrong; mend it and send again
	Unauthenticated                 // nobody is signed in
	Forbidden                       // the thing may be seen, but this may not be done to it by this person
	NotFound                        // not there, or not for this person
	Conflict                        // someone or something else came first
	TooLarge                        // over a limit
	Damaged                         // stored content is not what was stored
	Unavailable                     // a neighbour is not answering; try again
	Spent                           // as much as may be done for now; there is room again later
)

// Field says what is wrong with one field of what was sent.
type Field struct {
	Name    string `json:"field"`
	Problem string `json:"problem"`
}

// Fault is a failure with a public face.
type Fault struct {
	Kind   Kind
	Public string
	Fields []Field
	Again  time.Time // from when it can be done; zero where that is not known
	cause  error
}

// New makes a fault. public is a whole sentence for the person.
func New(kind Kind, public string) *Fault { return &Fault{Kind: kind, Public: public} }

// Wrap makes a fault with the cause that the log should see.
func Wrap(kind Kind, public string, cause error) *Fault {
	return &Fault{Kind: kind, Public: public, cause: cause}
}

// NotThere is the one answer to whatever does not exist or is not the
// person's to see. It is always the same.
func NotThere() *Fault {
	return New(NotFound, "There is nothing here that you can see. Check the address, or ask the person who gave it to you.")
}

// Bad makes an Invalid fault about fields. It returns nil when there are none,
// so that a check can end with "return fault.Bad(fields)".
func Bad(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	f := New(Invalid, "Some of what was sent needs to be put right.")
	if len(fields) == 1 {
		f.Public = fields[0].Problem
	}
	f.Fields = fields
	return f
}

// At makes a fault of another kind about one field: the sentence stands there and
// above the whole.
func At(kind Kind, field, public string) *Fault {
	return &Fault{Kind: kind, Public: public, Fields: []Field{{Name: field, Problem: public}}}
}

// Error is for logs; it never reaches a browser.
func (f *Fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%s: %v", f.Public, f.cause)
	}
	return f.Public
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.cause }

// Of finds the fault in an error's chain.
func Of(err error) (*Fault, bool) { return errors.AsType[*Fault](err) }

// Is tells whether err is, or wraps, a fault of this kind.
func Is(err error, kind Kind) bool {
	f, ok := Of(err)
	return ok && f.Kind == kind
}
