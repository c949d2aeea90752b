package storage

import (
	"context"
	"errors"
	"iter"
	"regexp"
)

// Marks keeps small public texts under names of their own, beside the sealed
// objects and outside the database: signed checkpoints. What is kept is kept:
// there is no way here to change or remove one.
type Marks interface {
	// PutMark keeps a text. It returns nil as well when the same text is there
	// already, and ErrExists when another one is.
	PutMark(ctx context.Context, name string, text []byte) error

	// Mark gives a text, or ErrNotFound.
	Mark(ctx context.Context, name string) ([]byte, error)

	// Marks gives the name of every one, in no order, and ends at the first error.
	Marks(ctx context.Context) iter.Seq2[string, error]
}

// MostMark is the longest text that is kept as a mark.
const MostMark = 64 << 10

var markName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,199}$`)

// CheckMark returns an error unless name is one that a mark may have: it can
// never be a path.
func CheckMark(name string, text []byte) error {
	if !markName.MatchString(name) {
		return ErrName
	}
	if len(text) > MostMark {
		return errors.New("too long to be kept as a mark")
	}
	return nil
}
