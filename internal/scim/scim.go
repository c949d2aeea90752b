// Package scim takes the word of an organisation's directory service about who
// works there and who is in which group: SCIM 2.0 (RFC 7643 and 7644).
//
// A person of the directory is the one whom the sign-in service will call by the
// same subject; they are known before they first sign in, and hold at once what
// their groups give (package membership). Whoever is inactive or deleted there has
// left: their roles, sessions and tokens end in the same transaction, by the
// database. What the directory said is kept, each word from when to when; nothing
// is erased. The last administrator stays.
//
// A directory shows a token of its own kind, which opens nothing else, and acts as
// a service account that holds one right: to say who works here. Everything it
// sends is bounded in size, depth and number. This package reads and answers JSON
// and knows no HTTP: addresses and statuses are the portal's.
package scim

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// The two attributes of a SCIM user that can be what the sign-in service calls the
// person (the ID token's sub).
const (
	ByExternalID = "externalId"
	ByUserName   = "userName"
)

// Path is where the service's addresses begin.
const Path = "/scim/v2"

// The limits of what is sent and answered.
const (
	LongestBody  = 1 << 20
	mostDepth    = 12
	mostValues   = 30_000 // of one body, of any kind
	mostOps      = 1000
	mostMembers  = 10_000
	usualPage    = 100
	mostPage     = 200
	mostIndex    = 1_000_000
	longestQuery = 1000
)

// Options says whose directory is listened to.
type Options struct {
	DB        *pg.DB
	Issuer    string // the sign-in service at which the directory's people sign in
	Subject   string // ByExternalID or ByUserName
	PublicURL string // how the portal is reached; no trailing slash
}

// Service takes what directories say. It may be used by many requests at once.
type Service struct{ opt Options }

// New makes the service.
func New(o Options) *Service {
	if o.Subject == "" {
		o.Subject = ByExternalID
	}
	return &Service{o}
}

// Subject is the attribute that says who somebody is at the sign-in service.
func (s *Service) Subject() string { return s.opt.Subject }

// Address is where directory services reach this one.
func (s *Service) Address() string { return s.opt.PublicURL + Path }

// Fault is a refusal with the word that SCIM has for it (RFC 7644, 3.12).
type Fault struct {
	Type  string
	fault *fault.Fault
}

// Error is for logs.
func (f *Fault) Error() string { return "scim: " + f.Type + ": " + f.fault.Error() }

// Unwrap gives the fault.
func (f *Fault) Unwrap() error { return f.fault }

func refuse(kind fault.Kind, word, public string) error {
	return &Fault{word, fault.New(kind, public)}
}

// The words of SCIM that are used.
const (
	invalidFilter = "invalidFilter"
	invalidPath   = "invalidPath"
	invalidSyntax = "invalidSyntax"
	invalidValue  = "invalidValue"
	mutability    = "mutability"
	noTarget      = "noTarget"
	tooMany       = "tooMany"
	uniqueness    = "uniqueness"
)

func badValue(public string) error { return refuse(fault.Invalid, invalidValue, public) }

// may refuses whoever is no directory: to them it is not there.
func may(ctx context.Context, tx *pg.Tx, a access.Action) error {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	place := access.Place{Provider: tx.Actor.Provider, Class: access.ClassOf(access.Staff, access.General)}
	if _, ok := access.Decide(rights, a, place); !ok {
		return fault.NotThere()
	}
	return nil
}

// say runs fn as one word of a provider's directory: one after the other, so that two
// changes of one group do not undo one another. began is the moment at which
// whatever follows begins and ends.
func (s *Service) say(ctx context.Context, actor access.Actor, about audit.Act, fn func(tx *audit.Tx, began time.Time) error) error {
	return named(audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		began := tx.Now
		if err := may(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		if err := tx.Lock(ctx, "scim", actor.Provider); err != nil {
			return err
		}
		return fn(tx, began)
	}))
}

// named gives the constraints of the tables their words.
func named(err error) error {
	switch {
	case pg.Broke(err, "scim_user_name_once"):
		return refuse(fault.Conflict, uniqueness, "There is a user of this userName already.")
	case pg.Broke(err, "scim_user_subject_once"):
		return refuse(fault.Conflict, uniqueness, "There is a user with this identity at the sign-in service already.")
	case pg.Broke(err, "scim_group_name_once"):
		return refuse(fault.Conflict, uniqueness, "There is a group of this displayName already.")
	}
	return err
}

// read runs fn for a directory that asks, and leaves a footprint.
func (s *Service) read(ctx context.Context, actor access.Actor, detail audit.Detail, fn func(tx *audit.Tx) error) error {
	about := audit.Act{Action: access.ReadDirectory, Detail: detail}
	return audit.Do(ctx, s.opt.DB, actor, about, func(tx *audit.Tx) error {
		if err := may(ctx, tx.Reader(), about.Action); err != nil {
			return err
		}
		tx.Record(about)
		return fn(tx)
	})
}

// number reads an id. What is no number names nothing.
func number(id string) (int64, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return 0, fault.NotThere()
	}
	return n, nil
}

// one reads the row of a thing that must be there.
func one[T any](rows pgx.Rows, err error) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		err = fault.NotThere()
	}
	return v, err
}
