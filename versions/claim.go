package versions

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

// heldAs is where content waits, and its key there.
type heldAs struct {
	batch, id int64
	from      storage.Binding
	wrapped   []byte
	meant     bool // to be added although the record holds the same content
}

// Claim is what a person says of a file that waits.
type Claim struct {
	Entry
	Latest int  // the document's newest version as the person saw it: if there is another by now, they are told (Conflict)
	Meant  bool // the record holds the same content, and it is to be added all the same
}

// AddHeld adds a file that waits, to where its batch belongs. Its content is not
// copied. When it fails the file goes on waiting; when it succeeds it no longer
// waits, and with its last file the batch is gone. The same claim sent again gets
// what came of it (Repeated); another claim to a file that was added already is
// a Conflict, which comes with what was added.
func (k *Keeper) AddHeld(ctx context.Context, actor access.Actor, batch, held int64, c Claim) (Added, error) {
	return k.addHeld(ctx, actor, batch, held, c, claimed(held, c))
}

// claimed is how a claim to a file is known again.
func claimed(held int64, c Claim) audit.Once {
	return audit.Once{Key: fmt.Sprintf("held %d", held), Fingerprint: c.fingerprint("held", held, [32]byte{})}
}

// AddedBefore tells what came of a claim to a file that was added already, as AddHeld
// does; ok is false where it was not. It is asked when the batch was not there, which
// has left its footprint: it leaves no other of a refusal.
func (k *Keeper) AddedBefore(ctx context.Context, actor access.Actor, held int64, c Claim) (added Added, ok bool, err error) {
	return k.before(ctx, actor, claimed(held, c))
}

// addHeld adds a file that waits, once under the key given.
func (k *Keeper) addHeld(ctx context.Context, actor access.Actor, batch, held int64, c Claim, once audit.Once) (Added, error) {
	var s Slot
	var r *Received
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		s, r, err = heldFile(ctx, tx, batch, held)
		return err
	})
	if err != nil {
		added, ok, e := k.before(ctx, actor, once)
		if e == nil && !ok && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden)) {
			e = audit.Refuse(ctx, k.db, actor, upload(access.HoldUpload, batch))
		}
		if ok || e != nil {
			return added, e
		}
		return Added{}, err
	}
	r.held.meant = c.Meant
	var added Added
	if s.place.Document == 0 {
		added, err = k.addDocument(ctx, actor, s, c.Entry, r, once)
	} else {
		s.latest = c.Latest
		added, err = k.addVersion(ctx, actor, s, c.Entry, r, once)
	}
	if fault.Is(err, fault.Conflict) {
		if added, ok, e := k.before(ctx, actor, once); ok || e != nil {
			return added, e
		}
	}
	return added, err
}

// heldFile finds a file that waits, and asks again whether it may be added.
func heldFile(ctx context.Context, tx *pg.Tx, batch, held int64) (Slot, *Received, error) {
	b, err := batchRow(ctx, tx, batch)
	if err != nil {
		return Slot{}, nil, err
	}
	s, err := slot(ctx, tx, b.Record, b.Document)
	if err != nil {
		return s, nil, err
	}
	var hash []byte
	var gone bool
	r := &Received{written: &storage.Written{}, held: &heldAs{batch: batch, id: held}}
	err = tx.QueryRow(ctx, `
		select h.file_name, h.media_type, h.size, h.sha256, h.wrapped_key, coalesce(h.object_name, ''), coalesce(u.abandoned, true)
		from app.held h left join app.upload u on u.object_name = h.object_name where h.id = @held and h.batch_id = @batch`,
		pgx.NamedArgs{"held": held, "batch": batch}).Scan(&r.FileName, &r.MediaType, &r.written.Size, &hash, &r.held.wrapped, &r.written.Name, &gone)
	switch {
	case pg.None(err):
		return s, nil, NotWaiting()
	case err != nil:
		return s, nil, err
	case gone:
		return s, nil, dayOver()
	}
	r.written.SHA256 = [32]byte(hash)
	r.held.from = heldBinding(s.place, held, r.written)
	return s, r, nil
}

// NotWaiting says that a file was dealt with meanwhile.
func NotWaiting() error {
	return fault.New(fault.Conflict, "This file is no longer waiting: it was added or taken away in another tab.")
}

func dayOver() error {
	return fault.New(fault.Conflict, "The file was kept for a day and is gone. Choose it again; what you typed is still here.")
}

// before tells whether a file that waited was added already, by this actor. ok
// with a nil error means that the very same claim was sent again.
func (k *Keeper) before(ctx context.Context, actor access.Actor, once audit.Once) (added Added, ok bool, err error) {
	var out audit.Outcome
	var same bool
	var sent error
	err = audit.Do(ctx, k.db, actor, upload(access.HoldUpload, 0), func(tx *audit.Tx) error {
		out, same, sent = tx.Before(ctx, once)
		if out.Document == 0 {
			return errors.Join(sent, errNotBefore)
		}
		action := access.AddDocument
		if out.Number > 1 {
			action = access.AddVersion
		}
		tx.Record(audit.Act{Action: action, Target: audit.Target{Document: out.Document}, Detail: audit.Detail{"repeated": true}})
		return nil
	})
	if errors.Is(err, errNotBefore) {
		return Added{}, false, sent
	}
	if err != nil {
		return Added{}, false, err
	}
	d, v, err := k.get(ctx, actor, Target{out.Document, out.Number})
	if err == nil && !same {
		err = fault.New(fault.Conflict, "This file was added already, in another tab or with other facts. Look at what is there before you add anything more.")
	}
	return Added{d, v, true}, true, err
}

var errNotBefore = errors.New("not added before")

// lockHeld keeps others from a file's batch until the transaction ends; where it
// did not wait, the actor's own other uploads, with which it shares their day.
func lockHeld(ctx context.Context, tx *audit.Tx, r *Received) error {
	if r.held == nil {
		return tx.Lock(ctx, "uploads", int64(tx.Actor.ID))
	}
	return tx.Lock(ctx, "batch", r.held.batch)
}

// takeHeld ends a file's waiting in the transaction that adds it. Content that
// lies in the record already is refused, unless it is meant. What waited has had
// its room since it came; for other content room is asked for.
func (k *Keeper) takeHeld(ctx context.Context, tx *audit.Tx, s Slot, r *Received) error {
	if r.held == nil {
		return k.room(ctx, tx.Reader(), r.written.Size)
	}
	if !r.held.meant {
		var twice bool
		err := tx.QueryRow(ctx, `select exists (`+sameContent+`)`, pgx.NamedArgs{"sha256": r.written.SHA256[:], "record": s.place.Record}).Scan(&twice)
		if err == nil && twice {
			err = fault.At(fault.Conflict, "meant", "The same file is here already. Look at it first; tick the box if you mean to add it once more.")
		}
		if err != nil {
			return err
		}
	}
	return release(ctx, tx, r.held.batch, r.held.id)
}

// release deletes the row of a file that waits, and its batch with the last one.
// Whoever comes second finds no row. The caller holds the batch's lock.
func release(ctx context.Context, tx *audit.Tx, batch, held int64) error {
	tag, err := tx.Exec(ctx, `delete from app.held where id = @held and batch_id = @batch`, pgx.NamedArgs{"held": held, "batch": batch})
	if err == nil && tag.RowsAffected() != 1 {
		err = NotWaiting()
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `delete from app.batch b where b.id = @batch and not exists (select from app.held h where h.batch_id = b.id)`, pgx.NamedArgs{"batch": batch})
	return err
}

// claim takes the note of an upload away: from here on the version's row speaks
// for the object. An upload that took so long that it was given up is refused.
func claim(ctx context.Context, tx *audit.Tx, r *Received) error {
	tag, err := tx.Exec(ctx, `delete from app.upload where object_name = @name and not abandoned`, pgx.NamedArgs{"name": string(r.written.Name)})
	switch {
	case err != nil || tag.RowsAffected() == 1:
		return err
	case r.held != nil:
		return dayOver()
	}
	return fault.New(fault.Conflict, "The upload took so long that it was given up. Send it again.")
}

// rebind wraps the key of a file that waits for the version that it becomes. A
// key that does not open is a finding, and leaves its footprint.
func (k *Keeper) rebind(ctx context.Context, actor access.Actor, r *Received, b storage.Binding) ([]byte, error) {
	wrapped, err := k.sealed.Again(ctx, r.held.wrapped, r.held.from, b)
	if errors.Is(err, storage.ErrDamaged) && !errors.Is(err, storage.ErrNoKey) {
		about := audit.Act{Action: access.HoldUpload, Target: audit.Target{Record: b.Record}, Detail: audit.Detail{"upload": r.held.batch}}
		err = errors.Join(fault.Wrap(fault.Damaged, "The file that was kept is not as it was sent, so it is not added. Take it away and choose it again, and tell your administrator.", err),
			audit.Damage(ctx, k.db, actor, about))
	}
	return wrapped, noKey(err)
}
