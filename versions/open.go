package versions

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

// Opened is content being read. Its reader fails, and leaves a footprint, as
// soon as the content turns out not to be what was stored.
type Opened struct {
	Document Document
	Version  Version

	keeper  *Keeper
	actor   access.Actor
	act     audit.Act
	content *storage.Content
	damaged func() error // leaves the footprint
	once    sync.Once
}

var _ io.ReadSeekCloser = (*Opened)(nil)

// Open opens a version's content. What part is asked for (a Range header, or
// "") goes into the footprint, which is committed before this returns. Damaged
// content is refused with a fault of that kind, and footprinted.
func (k *Keeper) Open(ctx context.Context, actor access.Actor, t Target, part string) (*Opened, error) {
	o := &Opened{keeper: k, actor: actor}
	var name string
	var wrapped []byte
	var place access.Place
	about := audit.Act{Action: access.OpenVersion, Target: audit.Target{Document: t.Document}, Detail: audit.Detail{"number": t.Number}}
	if part != "" {
		about.Detail["range"] = part[:min(len(part), 100)]
	}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		d, err := named(ctx, tx.Reader(), t.Document)
		if err != nil {
			return err
		}
		o.Document, place = d.Document, d.place
		err = tx.QueryRow(ctx, `select `+versionColumns+`, v.object_name, v.wrapped_key from app.version v where v.document_id = @document and v.number = @number`,
			pgx.NamedArgs{"document": t.Document, "number": t.Number}).Scan(append(o.Version.columns(), &name, &wrapped)...)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		place.Version = o.Version.ID
		if err := permit(ctx, tx.Reader(), access.OpenVersion, place, ""); fault.Is(err, fault.Forbidden) {
			return fault.NotThere()
		} else if err != nil {
			return err
		}
		o.act = audit.Act{Action: about.Action, Target: audit.Target{Version: o.Version.ID}, Detail: about.Detail}
		tx.Record(o.act)
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.damaged = func() error { return audit.Damage(ctx, k.db, actor, o.act) }
	o.content, err = k.sealed.Open(ctx, storage.Name(name), wrapped, storage.Binding{Provider: place.Provider, Record: place.Record,
		Document: t.Document, Version: o.Version.ID, SHA256: [32]byte(o.Version.SHA256), Size: o.Version.Size})
	return o, o.damage(err)
}

// Still asks whether the actor may go on reading. Long streams ask it again
// and again, so that a right that ended counts from the next stretch served.
// A refusal leaves its footprint.
func (o *Opened) Still(ctx context.Context) error {
	return o.keeper.check(ctx, o.actor, o.act, func(tx *pg.Tx) error {
		var there bool
		err := tx.QueryRow(ctx, `select exists (select from app.version where id = @id)`, pgx.NamedArgs{"id": o.Version.ID}).Scan(&there)
		if err == nil && !there {
			return fault.NotThere()
		}
		return err
	})
}

// Probe reads at an offset, so that content which is damaged there is refused
// before an answer has begun.
func (o *Opened) Probe(off int64) error {
	if off < 0 || off >= o.Version.Size {
		return nil
	}
	_, err := o.content.ReadAt(make([]byte, 1), off)
	return o.damage(err)
}

// Read reads on.
func (o *Opened) Read(p []byte) (int, error) {
	n, err := o.content.Read(p)
	return n, o.damage(err)
}

// Seek moves to another place.
func (o *Opened) Seek(offset int64, whence int) (int64, error) { return o.content.Seek(offset, whence) }

// Close ends the reading.
func (o *Opened) Close() error { return o.content.Close() }

// damage turns content that is not what was stored, or is not there, into a
// fault that a person can be told, and footprints it once.
func (o *Opened) damage(err error) error {
	if !errors.Is(err, storage.ErrDamaged) && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	var left error
	o.once.Do(func() { left = o.damaged() })
	return errors.Join(fault.Wrap(fault.Damaged, "This file is not as it was stored, so it is not shown. Nothing you did caused this. Tell your administrator, who can bring it back from a backup.", err), left)
}
