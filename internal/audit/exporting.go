package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Exported says what an export holds.
type Exported struct {
	Leaves      int64
	Waiting     int64
	Checkpoints int64
	OnlyOutside int64 // checkpoints that are kept outside, and not in the database
	Unopened    int64 // footprints whose words could not be held against their leaf: the key is gone
}

// Export writes the whole tree, with the footprints as they stand now and every
// signed checkpoint, into a new directory, for a check that needs nothing else.
// It is a footprint of its own. Memory does not grow with it.
func (t *Tree) Export(ctx context.Context, dir string, told func(done, total int64)) (x Exported, err error) {
	about := Act{Action: access.ExportTree}
	if err := Do(ctx, t.o.DB, access.Custodian(), about, func(tx *Tx) error { tx.Record(about); return nil }); err != nil {
		return x, err
	}
	out, err := tree.NewExport(dir, t.Public())
	if err != nil {
		return x, err
	}
	err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		e, err := endOf(ctx, tx)
		if err != nil {
			return err
		}
		err = t.walk(ctx, tx, func(l leaf) error {
			if x.Leaves++; told != nil && x.Leaves%1000 == 0 {
				told(x.Leaves, max(e.size, x.Leaves))
			}
			if !l.there {
				return out.Missing(l.place, l.footprint, l.hashes)
			}
			if !l.opened {
				x.Unopened++
			}
			return out.Leaf(l.place, l.body, l.hashes)
		})
		if err != nil {
			return err
		}
		if err := t.waiting(ctx, tx, func(_ *fact, body []byte) error { x.Waiting++; return out.Waits(body) }); err != nil {
			return err
		}
		return t.exportSigned(ctx, tx, out, &x)
	})
	if told != nil {
		told(1, 1)
	}
	return x, errors.Join(err, out.Close())
}

// exportSigned writes the checkpoints of the database, and those of the shelf
// that it does not have, or not as they were signed.
func (t *Tree) exportSigned(ctx context.Context, tx *pg.Tx, out *tree.Export, x *Exported) error {
	for after := int64(0); ; {
		list, err := t.signedAfter(ctx, tx, after)
		if err != nil {
			return err
		}
		for _, s := range list {
			after = s.ID
			x.Checkpoints++
			if err := out.Checkpoint(s.note); err != nil {
				return err
			}
			if s.token != nil {
				if err := out.Stamp(s.name, s.token); err != nil {
					return err
				}
			}
		}
		if len(list) < portion {
			break
		}
	}
	var names []string
	for name, err := range t.o.Shelf.Marks(ctx) {
		if err != nil {
			return err
		}
		if c, ok := tree.ParseName(name); ok && c.Origin == t.o.Signer.Name() {
			names = append(names, name)
		}
		if len(names) == portion {
			if err := t.exportOutside(ctx, tx, out, x, names); err != nil {
				return err
			}
			names = names[:0]
		}
	}
	return t.exportOutside(ctx, tx, out, x, names)
}

// row is a checkpoint of the database, with its time-stamp.
type row struct {
	ID          int64
	name        string
	note, token []byte
}

func (t *Tree) signedAfter(ctx context.Context, tx *pg.Tx, after int64) (list []row, err error) {
	rows, err := tx.Query(ctx, `select c.id, c.epoch, c.size, c.root, c.note, s.token from app.checkpoint c left join app.time_stamp s on s.checkpoint_id = c.id
		where c.id > @after order by c.id limit @most`, pgx.NamedArgs{"after": after, "most": portion})
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var r row
		var root []byte
		var note string
		c := tree.Checkpoint{Origin: t.o.Signer.Name()}
		if err := rows.Scan(&r.ID, &c.Epoch, &c.Size, &root, &note, &r.token); err != nil {
			rows.Close()
			return nil, err
		}
		copy(c.Root[:], root)
		r.name, r.note = c.Name(), []byte(note)
		list = append(list, r)
	}
	return list, rows.Err()
}

// exportOutside writes those of the named checkpoints that the database lacks.
func (t *Tree) exportOutside(ctx context.Context, tx *pg.Tx, out *tree.Export, x *Exported, names []string) error {
	epochs, sizes, roots := make([]int32, len(names)), make([]int64, len(names)), make([][]byte, len(names))
	for i, name := range names {
		c, _ := tree.ParseName(name)
		epochs[i], sizes[i], roots[i] = c.Epoch, c.Size, c.Root[:]
	}
	rows, err := tx.Query(ctx, `select u.n, c.note from unnest(@epochs::int[], @sizes::bigint[], @roots::bytea[]) with ordinality as u (epoch, size, root, n)
		left join app.checkpoint c using (epoch, size, root)`, pgx.NamedArgs{"epochs": epochs, "sizes": sizes, "roots": roots})
	if err != nil {
		return err
	}
	var lacks []string
	var n int64
	var note *string
	_, err = pgx.ForEachRow(rows, []any{&n, &note}, func() error {
		if note == nil {
			lacks = append(lacks, names[n-1])
		} else if _, err := tree.OpenCheckpoint([]byte(*note), t.Public()); err != nil {
			lacks = append(lacks, names[n-1])
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range lacks {
		text, err := t.o.Shelf.Mark(ctx, name)
		if err != nil {
			return fmt.Errorf("audit: the checkpoint %s: %w", name, err)
		}
		x.Checkpoints++
		x.OnlyOutside++
		if err := out.Checkpoint(text); err != nil {
			return err
		}
	}
	return nil
}

// Receipt proves, for whoever holds the public key, that a footprint is in the
// tree. With words it opens what the footprint says in names and in free text.
func (t *Tree) Receipt(ctx context.Context, event int64, words bool) (r tree.Receipt, err error) {
	err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		var place int64
		err := tx.QueryRow(ctx, `select place from app.leaf where footprint_id = @id`, pgx.NamedArgs{"id": event}).Scan(&place)
		if pg.None(err) {
			return fault.New(fault.NotFound, "There is no footprint of that number in the tree. A new one gets its place within seconds.")
		}
		if err != nil {
			return err
		}
		var size int64
		var note string
		err = tx.QueryRow(ctx, `select size, note from app.checkpoint where size > @place and epoch = (select max(epoch) from app.checkpoint) order by size limit 1`, pgx.NamedArgs{"place": place}).Scan(&size, &note)
		if pg.None(err) {
			return fault.New(fault.Conflict, "No checkpoint covers that footprint yet. One is signed every minute: try again then.")
		}
		if err != nil {
			return err
		}
		if r, err = t.leafAt(ctx, tx, place, words); err != nil {
			return err
		}
		r.Checkpoint = []byte(note)
		r.Proof, err = tree.Prove(size, place, stored(ctx, tx))
		return err
	})
	if err != nil {
		return r, err
	}
	if _, err := r.Check(t.Public()); err != nil {
		return r, fmt.Errorf("footprint %d is not what was signed, or the tree was changed; custodian audit export and verify say where: %w", event, err)
	}
	return r, nil
}

// leafAt gives the footprint at a place as it stands now.
func (t *Tree) leafAt(ctx context.Context, tx *pg.Tx, place int64, words bool) (r tree.Receipt, err error) {
	r.Place = place
	var f fact
	var was string
	err = tx.QueryRow(ctx, `select s.marks, (s.facts).* from app.sequenced(@place, 1) s where s.there`, pgx.NamedArgs{"place": place}).Scan(append([]any{&was}, f.into()...)...)
	if pg.None(err) {
		return r, fault.New(fault.NotFound, "That footprint had a place in the tree and is gone from the database.")
	}
	if err != nil {
		return r, err
	}
	keys := t.ring(nil)
	body, _, err := keys.again(ctx, &f, was)
	if err != nil {
		return r, err
	}
	r.Leaf = string(body)
	if !words {
		return r, nil
	}
	m, _ := tree.ParseMarks(was)
	provider := valueOf(f.Provider)
	held := tree.Keys{Record: keys.held[[2]int64{provider, valueOf(f.Facts.Record)}]}
	if valueOf(f.Facts.Record) == 0 {
		held.Record = nil
	}
	p := keys.held[[2]int64{provider, 0}]
	if p == nil {
		return r, fault.New(fault.Conflict, "The key that opens the words of that footprint is gone. Ask for the receipt without words.")
	}
	held.Provider = *p
	r.Opened = tree.Open(held, f.ID, f.Words, m)
	return r, nil
}
