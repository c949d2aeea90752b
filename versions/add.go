package versions

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

const (
	noAdding = "You may read here, but not add. Ask the manager."
	closed   = "This record is closed, so nothing can be added to it. Reopen it first, or ask its manager to."
)

// Added is what came of adding content.
type Added struct {
	Document Document
	Version  Detailed
	Repeated bool // the same request had been carried out before
}

// AddDocument makes a document with its first version. When it fails nothing is
// left, the content included.
func (k *Keeper) AddDocument(ctx context.Context, actor access.Actor, s Slot, e Entry, r *Received, key string) (Added, error) {
	return k.addDocument(ctx, actor, s, e, r, audit.Once{Key: key, Fingerprint: e.fingerprint("document", s.place.Record, r.SHA256())})
}

func (k *Keeper) addDocument(ctx context.Context, actor access.Actor, s Slot, e Entry, r *Received, once audit.Once) (Added, error) {
	bad := fault.CheckLine("title", e.Title)
	kind, ok := KindOf(e.Kind)
	if !ok {
		bad = append(bad, fault.Field{Name: "kind", Problem: "Choose what it is, such as policy or care-plan."})
	}
	bad = append(bad, e.CheckSection(s.place.Class.Kind(), time.Now())...)
	if err := k.early(ctx, e, kind, bad, r); err != nil {
		return Added{}, err
	}
	id, err := pg.NewID(ctx, k.db)
	if err != nil {
		k.Discard(ctx, r)
		return Added{}, err
	}
	about := audit.Act{Action: access.AddDocument, Target: audit.Target{Record: s.place.Record}}
	s.place.Document, s.kind = id, kind
	return k.add(ctx, actor, about, once, s, e, r, func(tx *audit.Tx) error {
		p, open, err := record(ctx, tx.Reader(), s.place.Record)
		if err != nil {
			return err
		}
		sections, err := maySection(ctx, tx.Reader(), p, open)
		if err != nil {
			return err
		}
		if p.Class, err = e.sectionFor(p.Class.Kind(), sections); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			values (@id, @record, @provider, @class, @kind, @approval, @title, @now, @by, @now)`,
			pgx.NamedArgs{"id": id, "record": p.Record, "provider": p.Provider, "class": p.Class, "kind": kind.Name,
				"approval": kind.Approval, "title": e.Title, "now": tx.Now, "by": actor.ID})
		if err == nil && p.Class.Section() == access.Restricted {
			err = lodge(ctx, tx, id, p.Record, e.Lodging)
		}
		return err
	})
}

// AddVersion adds a version to a document. When it fails nothing is left, the
// content included.
func (k *Keeper) AddVersion(ctx context.Context, actor access.Actor, s Slot, e Entry, r *Received, key string) (Added, error) {
	return k.addVersion(ctx, actor, s, e, r, audit.Once{Key: key, Fingerprint: e.fingerprint("version", s.place.Document, r.SHA256())})
}

func (k *Keeper) addVersion(ctx context.Context, actor access.Actor, s Slot, e Entry, r *Received, once audit.Once) (Added, error) {
	if err := k.early(ctx, e, s.kind, nil, r); err != nil {
		return Added{}, err
	}
	about := audit.Act{Action: access.AddVersion, Target: audit.Target{Document: s.place.Document}}
	return k.add(ctx, actor, about, once, s, e, r, func(tx *audit.Tx) error {
		d, err := document(ctx, tx.Reader(), s.place.Document)
		if err != nil {
			return err
		}
		if err := mayAdd(ctx, tx.Reader(), access.AddVersion, d.place, d.open); err != nil {
			return err
		}
		latest, err := newest(ctx, tx.Reader(), d.ID)
		if err == nil && latest != s.latest {
			return fault.New(fault.Conflict, "Somebody else added a version while this one was being sent. Look at theirs first; then send yours again if it is still wanted.")
		}
		return err
	})
}

// early refuses an entry that is wrong before anything is asked of the
// database, together with what was found wrong before.
func (k *Keeper) early(ctx context.Context, e Entry, kind Kind, bad []fault.Field, r *Received) error {
	if r == nil {
		bad = append(bad, fault.Field{Name: "file", Problem: "Choose a file to add."})
	}
	_, err := e.read(kind, time.Now())
	if f, ok := fault.Of(err); ok {
		bad = append(bad, f.Fields...)
	}
	if err = fault.Bad(bad); err != nil {
		k.Discard(ctx, r)
	}
	return err
}

// add seals the content's key to its row and writes the row, with what begin
// checks and makes in the same transaction.
func (k *Keeper) add(ctx context.Context, actor access.Actor, about audit.Act, once audit.Once, s Slot, e Entry, r *Received, begin func(*audit.Tx) error) (Added, error) {
	var out audit.Outcome
	var repeated, tried bool
	id, err := pg.NewID(ctx, k.db)
	var wrapped []byte
	if err == nil {
		wrapped, err = k.wrap(ctx, actor, about, r, storage.Binding{Provider: s.place.Provider, Record: s.place.Record,
			Document: s.place.Document, Version: id, SHA256: r.written.SHA256, Size: r.written.Size})
	}
	if err == nil {
		tried = true
		err = audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
			if out, repeated, err = tx.Before(ctx, once); err != nil || repeated {
				tx.Record(audit.Act{Action: about.Action, Target: audit.Target{Document: out.Document}, Detail: audit.Detail{"repeated": true}})
				return err
			}
			// the record stays where it is, and open, until this is committed
			if err := tx.Share(ctx, "record", s.place.Record); err != nil {
				return err
			}
			if err := tx.Lock(ctx, "document", s.place.Document); err != nil {
				return err
			}
			if err := lockHeld(ctx, tx, r); err != nil {
				return err
			}
			if err := begin(tx); err != nil {
				return err
			}
			if err := k.takeHeld(ctx, tx, s, r); err != nil {
				return err
			}
			out.Document = s.place.Document
			if out.Number, err = k.write(ctx, tx, id, wrapped, about.Action, s, e, r); err != nil {
				return err
			}
			if err := claim(ctx, tx, r); err != nil {
				return err
			}
			return tx.After(ctx, once, out)
		})
	}
	if repeated || err != nil && (!tried || settled(err)) {
		k.Discard(ctx, r)
	}
	if err != nil {
		return Added{}, k.spent(ctx, actor, about, err)
	}
	d, v, err := k.get(ctx, actor, Target{out.Document, out.Number})
	return Added{d, v, repeated}, err
}

// wrap wraps the content's data key under the key of its record. Only a record
// on which nothing was ever put gets a fresh key: with its key missing, whatever
// is added would be parted from what is there.
func (k *Keeper) wrap(ctx context.Context, actor access.Actor, about audit.Act, r *Received, b storage.Binding) ([]byte, error) {
	if r.held != nil {
		return k.rebind(ctx, actor, r, b)
	}
	var known bool
	err := k.check(ctx, actor, about, func(tx *pg.Tx) (err error) {
		known, err = hasContent(ctx, tx, b.Record)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !known {
		return k.sealed.Wrap(ctx, r.written, b)
	}
	wrapped, err := k.sealed.WrapAgain(ctx, r.written, b)
	return wrapped, noKey(err)
}

// hasContent tells whether anything was ever put on a record, whoever may see that.
// To whoever may add nothing there it is not there: they may by now not, and no key
// is made for them.
func hasContent(ctx context.Context, tx *pg.Tx, record int64) (bool, error) {
	var has *bool
	err := tx.QueryRow(ctx, `select app.has_content(@record)`, pgx.NamedArgs{"record": record}).Scan(&has)
	if err == nil && has == nil {
		err = fault.NotThere()
	}
	return has != nil && *has, err
}

// noKey is what a person is told when the record's key is missing.
func noKey(err error) error {
	if !errors.Is(err, storage.ErrNoKey) {
		return err
	}
	return fault.Wrap(fault.Unavailable, "The key of this record is not in the keyring, so nothing can be added. Tell your administrator: it has to be brought back from the keyring's backup.", err)
}

// settled tells whether a failed transaction certainly did not commit, so that
// its content can go at once. When the connection broke in the commit the
// content stays, and Sweep decides by whether a row speaks of it.
func settled(err error) bool {
	if _, ok := fault.Of(err); ok {
		return true
	}
	return pg.Answered(err)
}

// write writes the version's row, tells that it is in force where no approval
// is needed, and leaves the footprint.
func (k *Keeper) write(ctx context.Context, tx *audit.Tx, id int64, wrapped []byte, a access.Action, s Slot, e Entry, r *Received) (int, error) {
	f, err := e.read(s.kind, tx.Now)
	if err != nil {
		return 0, err
	}
	latest, err := newest(ctx, tx.Reader(), s.place.Document)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `
		insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, source, post_title,
			event_at, received_on, recorded_at, late_reason, note, review_on, wanted_from, wanted_to, restored_from)
		values (@id, @document, @number, @sha256, @size, @media, @name, @object, @key, @author, @source,
			coalesce(nullif(@post, ''), (select a.post_title from app.actor a where a.id = @author), ''),
			@event, @received, @now, @late, @note, @review, @from, @to, @restored)`,
		pgx.NamedArgs{"id": id, "document": s.place.Document, "number": latest + 1, "sha256": r.written.SHA256[:], "size": r.written.Size,
			"media": r.MediaType, "name": r.FileName, "object": string(r.written.Name), "key": wrapped, "author": tx.Actor.ID,
			"source": f.source, "post": f.post, "event": f.event, "received": f.received, "now": tx.Now, "late": f.reason, "note": f.note,
			"review": f.review, "from": f.from, "to": end(f.to), "restored": e.restored})
	if err != nil {
		return 0, err
	}
	if !s.kind.Approval {
		if err := say(ctx, tx, statement{s.place.Document, &id, "told", f.from, f.to, ""}); err != nil {
			return 0, err
		}
	}
	tx.Record(audit.Act{Action: e.action(a), Target: audit.Target{Version: id}, Detail: audit.Detail{"number": latest + 1, "bytes": r.written.Size}})
	return latest + 1, nil
}
