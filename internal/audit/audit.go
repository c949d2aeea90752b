// Package audit is the only way to write, and it leaves a footprint of every
// act.
//
// Do runs a change and commits it together with its footprints; a change that
// recorded nothing is refused. A refusal is a footprint too, committed on its
// own, so that an attempt outlives the transaction it failed in. Footprints
// carry ids, dates and numbers, never names or content. What happened before a
// footprint was committed did not happen: an opened document is served only
// after Do has returned.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// DB is a database, for those above who hold one only to hand it on.
type DB = pg.DB

// ErrSilent refuses a change that left no footprint: a mistake of ours.
var ErrSilent = errors.New("audit: a change was made without a footprint")

// Target is what an act is about: ids, 0 for none. The most precise id is
// enough; where it lies is filled in by the database.
type Target struct{ Home, Record, Document, Version int64 }

func (t Target) String() string {
	switch {
	case t.Version != 0:
		return fmt.Sprintf("version %d", t.Version)
	case t.Document != 0:
		return fmt.Sprintf("document %d", t.Document)
	case t.Record != 0:
		return fmt.Sprintf("record %d", t.Record)
	case t.Home != 0:
		return fmt.Sprintf("home %d", t.Home)
	}
	return ""
}

// Detail is further facts of an act: numbers, dates, byte ranges. Never names
// of people or content.
type Detail map[string]any

// Act is what somebody did, or tried to do.
type Act struct {
	Action access.Action
	Target Target
	Detail Detail
}

// Tx is a transaction that can write. It commits only when it left a footprint.
type Tx struct {
	*pg.WriteTx
	acts []Act
}

// Record leaves a footprint of an act when the transaction commits.
func (tx *Tx) Record(a Act) { tx.acts = append(tx.acts, a) }

// Do runs fn and commits what it did together with the footprints it recorded.
//
// about is what was asked for: when fn comes to a refusal (a fault of kind
// NotFound or Forbidden, or row-level security saying no), everything fn did is
// undone and about is committed as a refused act. The refusal of the database
// itself comes back as the same NotFound that a missing thing gives.
func Do(ctx context.Context, db *pg.DB, actor access.Actor, about Act, fn func(*Tx) error) error {
	err := pg.Write(ctx, db, actor, func(inner *pg.WriteTx) error {
		tx := &Tx{WriteTx: inner}
		if err := fn(tx); err != nil {
			return err
		}
		if len(tx.acts) == 0 {
			return ErrSilent
		}
		return leave(ctx, inner, "done", tx.acts...)
	})
	if pg.Refused(err) {
		err = refusal(err)
	}
	err = stays(err)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		if e := Refuse(ctx, db, actor, about); e != nil {
			return errors.Join(errors.New("audit: a refusal could not be recorded"), e, plain(err))
		}
	}
	return err
}

func refusal(err error) error {
	f := fault.NotThere()
	return fault.Wrap(f.Kind, f.Public, err)
}

// plain keeps the words and drops the fault, so that an unrecorded refusal is
// an internal error and nothing else.
func plain(err error) error { return errors.New(err.Error()) }

// Refuse commits the footprint of a refused act. It is for refusals outside
// Do; Do records its own.
func Refuse(ctx context.Context, db *pg.DB, actor access.Actor, a Act) error {
	return alone(ctx, db, actor, "refused", a)
}

// Damage commits the footprint of content that is not what was stored.
func Damage(ctx context.Context, db *pg.DB, actor access.Actor, a Act) error {
	return alone(ctx, db, actor, "damaged", a)
}

// alone commits one footprint by itself. The person who asked may be gone; the
// footprint is left all the same.
func alone(ctx context.Context, db *pg.DB, actor access.Actor, outcome string, a Act) error {
	ctx = context.WithoutCancel(ctx)
	return pg.Write(ctx, db, actor, func(tx *pg.WriteTx) error { return leave(ctx, tx, outcome, a) })
}

// leave has footprints written last, in one trip with the commit.
func leave(ctx context.Context, tx *pg.WriteTx, outcome string, acts ...Act) error {
	for _, a := range acts {
		detail, err := json.Marshal(a.Detail)
		if err != nil {
			return fmt.Errorf("audit: detail: %w", err)
		}
		if a.Detail == nil {
			detail = []byte("{}")
		}
		sought := ""
		if outcome != "done" {
			sought = a.Target.String()
		}
		tx.Last(`insert into app.footprint (actor_id, action, outcome, home_id, record_id, document_id, version_id, sought, detail, request)
			values (@actor, @action, @outcome, @home, @record, @document, @version, @sought, @detail, @request)`,
			pgx.NamedArgs{"actor": tx.Actor.ID, "action": a.Action.Name, "outcome": outcome, "home": pg.Null(a.Target.Home), "record": pg.Null(a.Target.Record),
				"document": pg.Null(a.Target.Document), "version": pg.Null(a.Target.Version), "sought": sought, "detail": detail, "request": Request(ctx)})
	}
	return nil
}

type requestKey struct{}

// WithRequest carries a request's id into its footprints.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// Request is the id of the request that ctx belongs to, or "".
func Request(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Reader is the reading half of the transaction, for a query that serves
// readers and writers alike.
func (tx *Tx) Reader() *pg.Tx { return &tx.WriteTx.Tx }
