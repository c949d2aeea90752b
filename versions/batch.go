package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

// Batch is files that came together and wait to be added, one after the other,
// with what was typed about them. Only whoever sent them sees it. Files wait for
// a day, what was typed for a week.
type Batch struct {
	ID       int64
	Record   int64
	Document int64  // whose next version is to be added; 0 for new documents
	Title    string // of that document
	Kind     string // of that document
	Latest   int    // number of that document's newest version now
	Typed    map[string]string
	Came     int // how many files there were: those added since, and those still here
	BegunAt  time.Time
	Files    []Held
}

// Held is one file that waits.
type Held struct {
	ID        int64
	FileName  string
	MediaType string // by content
	Size      int64
	SHA256    []byte
	At        time.Time
	Gone      bool   // its day is over: it has to be chosen again
	Same      []Same // where the same content lies in this record already
}

// Same is a version with the same content, in a document that the actor may read.
type Same struct {
	Document   int64
	Title      string
	Number     int
	RecordedAt time.Time
}

// Unfinished is a batch in a list.
type Unfinished struct {
	Batch, Record, Document int64
	Name                    string // of the record
	Files                   int    // that still wait
	BegunAt                 time.Time
}

// Note keeps what was typed about a batch, in place of what was kept before.
func (k *Keeper) Note(ctx context.Context, actor access.Actor, batch int64, typed map[string]string) error {
	words, err := typedJSON(typed)
	if err != nil {
		return err
	}
	return k.own(ctx, actor, access.NoteUpload, batch, func(tx *audit.Tx, _ Batch) error {
		_, err := tx.Exec(ctx, `update app.batch set typed = @typed where id = @id`, pgx.NamedArgs{"id": batch, "typed": words})
		return err
	})
}

// Batch shows a batch. One that is not there, or somebody else's, is NotFound.
func (k *Keeper) Batch(ctx context.Context, actor access.Actor, batch int64) (Batch, error) {
	var out Batch
	err := k.own(ctx, actor, access.ViewUpload, batch, func(tx *audit.Tx, b Batch) (err error) {
		out = b
		if b.Document != 0 {
			d, err := document(ctx, tx.Reader(), b.Document)
			if err != nil {
				return err
			}
			out.Title, out.Kind = d.Title, d.Kind
			if out.Latest, err = newest(ctx, tx.Reader(), b.Document); err != nil {
				return err
			}
		}
		out.Files, err = heldFiles(ctx, tx.Reader(), b)
		return err
	})
	return out, err
}

// DropHeld takes a file away that was not added, and its batch with the last one.
func (k *Keeper) DropHeld(ctx context.Context, actor access.Actor, batch, held int64) error {
	var name *string
	err := k.own(ctx, actor, access.DropUpload, batch, func(tx *audit.Tx, b Batch) error {
		if err := tx.Lock(ctx, "batch", batch); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `select object_name from app.held where id = @held and batch_id = @batch`, pgx.NamedArgs{"held": held, "batch": batch}).Scan(&name)
		if pg.None(err) {
			return NotWaiting()
		}
		if err == nil {
			_, err = tx.Exec(ctx, `update app.batch set files = files - 1 where id = @batch`, pgx.NamedArgs{"batch": batch})
		}
		if err != nil {
			return err
		}
		return release(ctx, tx, batch, held)
	})
	if err == nil && name != nil {
		k.Discard(ctx, &Received{written: &storage.Written{Name: storage.Name(*name)}})
	}
	return err
}

// Unfinished lists the actor's own batches in which files wait, newest first:
// those that they could add now, or once the record is reopened.
func (k *Keeper) Unfinished(ctx context.Context, actor access.Actor) ([]Unfinished, error) {
	var list []Unfinished
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select b.id, b.record_id, coalesce(b.document_id, 0), r.name, count(*), b.begun_at
			from app.batch b join app.record r on r.id = b.record_id join app.held h on h.batch_id = b.id join app.upload u on u.object_name = h.object_name
			where b.actor_id = @actor and not u.abandoned and (
				b.document_id is null and app.sees_record(r.provider_id, r.home_id, r.id, r.kind, (select app.reach(2)), (select app.shields()))
				or exists (select from app.document d where d.id = b.document_id
					and app.sees(d.provider_id, d.home_id, d.record_id, d.id, d.class, (select app.reach(2)), (select app.shields()))))
			group by b.id, r.name order by b.begun_at desc, b.id desc limit @most`, pgx.NamedArgs{"actor": actor.ID, "most": mostBatches})
		if err == nil {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Unfinished])
		}
		return err
	})
	return list, err
}

// own runs fn on a batch of the actor's own, for which they still have the
// right to add, and leaves a footprint where the batch belongs.
func (k *Keeper) own(ctx context.Context, actor access.Actor, a access.Action, batch int64, fn func(*audit.Tx, Batch) error) error {
	about := upload(a, batch)
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		b, err := batchRow(ctx, tx.Reader(), batch)
		if err != nil {
			return err
		}
		// a record that was closed meanwhile still shows what waits; adding to it says that it is closed
		if _, err := slot(ctx, tx.Reader(), b.Record, b.Document); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		about.Target = audit.Target{Record: b.Record, Document: b.Document}
		tx.Record(about)
		return fn(tx, b)
	})
}

// batchRow reads a batch of the actor's own without its files.
func batchRow(ctx context.Context, tx *pg.Tx, id int64) (Batch, error) {
	b := Batch{ID: id}
	err := tx.QueryRow(ctx, `select record_id, coalesce(document_id, 0), typed, files, begun_at from app.batch where id = @id and actor_id = @actor`,
		pgx.NamedArgs{"id": id, "actor": tx.Actor.ID}).Scan(&b.Record, &b.Document, &b.Typed, &b.Came, &b.BegunAt)
	if pg.None(err) {
		err = fault.NotThere()
	}
	return b, err
}

// heldFiles reads what waits in a batch, and where the same content lies in the
// record already.
func heldFiles(ctx context.Context, tx *pg.Tx, b Batch) ([]Held, error) {
	args := pgx.NamedArgs{"batch": b.ID, "record": b.Record}
	rows, err := tx.Query(ctx, `
		select h.id, h.file_name, h.media_type, h.size, h.sha256, h.at, coalesce(u.abandoned, true)
		from app.held h left join app.upload u on u.object_name = h.object_name where h.batch_id = @batch order by h.id`, args)
	if err != nil {
		return nil, err
	}
	files, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Held, err error) {
		return h, row.Scan(&h.ID, &h.FileName, &h.MediaType, &h.Size, &h.SHA256, &h.At, &h.Gone)
	})
	if err != nil {
		return nil, err
	}
	for i := range files {
		args["sha256"] = files[i].SHA256
		rows, err := tx.Query(ctx, sameContent+` order by v.recorded_at desc, v.id desc limit 3`, args)
		if err != nil {
			return nil, err
		}
		if files[i].Same, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Same]); err != nil {
			return nil, err
		}
	}
	return files, nil
}

const sameContent = `select d.id, d.title, v.number, v.recorded_at from app.version v join app.document d on d.id = v.document_id where v.sha256 = @sha256 and d.record_id = @record`
