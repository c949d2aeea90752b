package versions

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

const (
	// KeptFor is how long a file waits, and how old an upload is that the sweep gives up.
	KeptFor = 24 * time.Hour
	// MostFiles is how many files may wait together.
	MostFiles = 20
	// mostBatches is how many uploads one person may leave unfinished.
	mostBatches = 40
	// longestTyped is how many bytes of what was typed are kept.
	longestTyped = 150_000
)

// NewBatch keeps files that were received for a slot until each is added, and
// what was typed about them. When it fails nothing is left, the content included.
func (k *Keeper) NewBatch(ctx context.Context, actor access.Actor, s Slot, typed map[string]string, files ...*Received) (int64, error) {
	words, err := typedJSON(typed)
	var id int64
	if err == nil {
		id, err = pg.NewID(ctx, k.db)
	}
	if err != nil {
		k.discardAll(ctx, files)
		return 0, err
	}
	return id, k.hold(ctx, actor, s, id, files, func(tx *audit.Tx) error {
		var open int
		err := tx.QueryRow(ctx, `
			select count(*) from app.batch b where b.actor_id = @actor and exists (
				select from app.held h join app.upload u on u.object_name = h.object_name where h.batch_id = b.id and not u.abandoned)`,
			pgx.NamedArgs{"actor": actor.ID}).Scan(&open)
		if err == nil && open >= mostBatches {
			err = fault.New(fault.Conflict, fmt.Sprintf("You have %d uploads that are not finished, which is the most there may be. Finish some of them or take them away, then send this one again.", open))
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.batch (id, actor_id, record_id, document_id, typed, files) values (@id, @actor, @record, @document, @typed, @files)`,
			pgx.NamedArgs{"id": id, "actor": actor.ID, "record": s.place.Record, "document": pg.Null(s.place.Document), "typed": words, "files": len(files)})
		return err
	})
}

// Hold keeps more files in a batch. When it fails they are not left; those that
// were there stay.
func (k *Keeper) Hold(ctx context.Context, actor access.Actor, batch int64, files ...*Received) error {
	var s Slot
	err := k.check(ctx, actor, upload(access.HoldUpload, batch), func(tx *pg.Tx) error {
		b, err := batchRow(ctx, tx, batch)
		if err == nil {
			s, err = slot(ctx, tx, b.Record, b.Document)
		}
		return err
	})
	if err != nil {
		k.discardAll(ctx, files)
		return err
	}
	return k.hold(ctx, actor, s, batch, files, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "batch", batch); err != nil {
			return err
		}
		b, err := batchRow(ctx, tx.Reader(), batch)
		if err == nil && b.Came+len(files) > MostFiles {
			err = tooMany()
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update app.batch set files = files + @files where id = @id`, pgx.NamedArgs{"id": batch, "files": len(files)})
		return err
	})
}

func tooMany() error {
	return file(fmt.Sprintf("%d files are the most that can wait together. Add those that are here first, then send the others.", MostFiles))
}

// upload is an act about a batch, which has no place of its own.
func upload(a access.Action, batch int64) audit.Act {
	return audit.Act{Action: a, Detail: audit.Detail{"upload": batch}}
}

// hold wraps the keys of files for the rows that hold them and writes the rows,
// after begin has made or found their batch.
func (k *Keeper) hold(ctx context.Context, actor access.Actor, s Slot, batch int64, files []*Received, begin func(*audit.Tx) error) error {
	about := audit.Act{Action: access.HoldUpload, Target: audit.Target{Record: s.place.Record, Document: s.place.Document}}
	rows, bytes, err := k.wrapHeld(ctx, actor, about, s, batch, files)
	tried := err == nil
	if tried {
		err = audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
			if err := tx.Share(ctx, "record", s.place.Record); err != nil {
				return err
			}
			if _, err := slot(ctx, tx.Reader(), s.place.Record, s.place.Document); err != nil {
				return err
			}
			if err := tx.Lock(ctx, "uploads", int64(actor.ID)); err != nil {
				return err
			}
			if err := begin(tx); err != nil {
				return err
			}
			if err := k.room(ctx, tx.Reader(), bytes); err != nil {
				return err
			}
			about.Detail = audit.Detail{"upload": batch, "files": len(files), "bytes": bytes}
			tx.Record(about)
			return tx.Send(ctx, rows)
		})
	}
	if err != nil && (!tried || settled(err)) {
		k.discardAll(ctx, files)
	}
	return k.spent(ctx, actor, about, err)
}

// wrapHeld gives the statements that write the rows of files, and their bytes.
func (k *Keeper) wrapHeld(ctx context.Context, actor access.Actor, about audit.Act, s Slot, batch int64, files []*Received) (*pgx.Batch, int64, error) {
	if len(files) == 0 {
		return nil, 0, file("Choose a file to add.")
	}
	if len(files) > MostFiles {
		return nil, 0, tooMany()
	}
	rows := &pgx.Batch{}
	var bytes int64
	for _, f := range files {
		id, err := pg.NewID(ctx, k.db)
		if err != nil {
			return nil, 0, err
		}
		wrapped, err := k.wrap(ctx, actor, about, f, heldBinding(s.place, id, f.written))
		if err != nil {
			return nil, 0, err
		}
		bytes += f.written.Size
		rows.Queue(`insert into app.held (id, batch_id, object_name, file_name, media_type, size, sha256, wrapped_key) values (@id, @batch, @object, @name, @media, @size, @sha256, @key)`,
			pgx.NamedArgs{"id": id, "batch": batch, "object": string(f.written.Name), "name": f.FileName, "media": f.MediaType, "size": f.written.Size,
				"sha256": f.written.SHA256[:], "key": wrapped})
	}
	return rows, bytes, nil
}

// heldBinding binds the key of a file that waits to the row that holds it. Ids
// of held files, documents and versions come from one sequence, so no version
// has this binding.
func heldBinding(p access.Place, id int64, w *storage.Written) storage.Binding {
	return storage.Binding{Provider: p.Provider, Record: p.Record, Document: id, Version: id, SHA256: w.SHA256, Size: w.Size}
}

func (k *Keeper) discardAll(ctx context.Context, files []*Received) {
	for _, f := range files {
		k.Discard(ctx, f)
	}
}

// typedJSON is what was typed as the database keeps it, which takes no zero bytes.
func typedJSON(typed map[string]string) ([]byte, error) {
	plain := maps.Clone(typed)
	for name, text := range plain {
		plain[name] = strings.ReplaceAll(text, "\x00", "\ufffd")
	}
	if plain == nil {
		plain = map[string]string{}
	}
	words, err := json.Marshal(plain)
	if err == nil && len(words) > longestTyped {
		err = fault.New(fault.TooLarge, "What you typed is too long to be kept. Make it shorter.")
	}
	return words, err
}
