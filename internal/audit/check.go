package audit

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit/tree"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Signed is a checkpoint as it is listed.
type Signed struct {
	ID int64
	tree.Checkpoint
	Note    []byte
	Stamped bool
}

// mayAudit refuses whoever audits nothing.
func mayAudit(ctx context.Context, tx *Tx) error {
	r, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	if !access.Anywhere(r, func(g access.Grant) bool { return g.Rights&access.Audit != 0 }) {
		return fault.NotThere()
	}
	return nil
}

// MayCheck tells whether somebody may have the whole tree checked: whoever audits
// the whole organisation, since a check goes through all of it.
func MayCheck(r access.Rights) bool {
	return access.Anywhere(r, func(g access.Grant) bool {
		return g.Rights&access.Audit != 0 && g.Scope == access.AtProvider && g.Mask&access.EveryClass == access.EveryClass
	})
}

// Checks tells whether the actor may. It leaves no footprint: it is asked beside an
// act that does.
func Checks(ctx context.Context, db *DB, actor access.Actor) (may bool, err error) {
	err = pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		r, err := tx.Rights(ctx)
		may = MayCheck(r)
		return err
	})
	return may, err
}

// Checkpoints lists the signed checkpoints, newest first, before the one with
// id before (0 for the first page), for whoever may audit anything. Asking is
// itself recorded.
func Checkpoints(ctx context.Context, db *DB, actor access.Actor, before int64, limit int) (list []Signed, err error) {
	about := Act{Action: access.ListCheckpoints}
	err = Do(ctx, db, actor, about, func(tx *Tx) error {
		if err := mayAudit(ctx, tx); err != nil {
			return err
		}
		tx.Record(about)
		list, err = checkpoints(ctx, tx.Reader(), `(@id = 0 or c.id < @id)`, before, limit)
		return err
	})
	return list, err
}

// OneCheckpoint gives a checkpoint by its id.
func OneCheckpoint(ctx context.Context, db *DB, actor access.Actor, id int64) (s Signed, err error) {
	about := Act{Action: access.ListCheckpoints, Detail: Detail{"checkpoint": id}}
	err = Do(ctx, db, actor, about, func(tx *Tx) error {
		if err := mayAudit(ctx, tx); err != nil {
			return err
		}
		list, err := checkpoints(ctx, tx.Reader(), `c.id = @id`, id, 1)
		if err == nil && len(list) == 0 {
			err = fault.NotThere()
		}
		if err != nil {
			return err
		}
		tx.Record(about)
		s = list[0]
		return nil
	})
	return s, err
}

const checkpointsSQL = `select c.id, c.epoch, c.size, c.root, c.at, c.note, exists (select from app.time_stamp s where s.checkpoint_id = c.id) from app.checkpoint c where `

func checkpoints(ctx context.Context, tx *pg.Tx, where string, id int64, limit int) (list []Signed, err error) {
	rows, err := tx.Query(ctx, checkpointsSQL+where+` order by c.id desc limit @limit`, pgx.NamedArgs{"id": id, "limit": limit})
	if err != nil {
		return nil, err
	}
	var s Signed
	var root []byte
	var note string
	_, err = pgx.ForEachRow(rows, []any{&s.ID, &s.Epoch, &s.Size, &root, &s.At, &note, &s.Stamped}, func() error {
		copy(s.Root[:], root)
		s.Note = []byte(note)
		list = append(list, s)
		return nil
	})
	return list, err
}

// Checked is what a check of the tree in the database found.
type Checked struct {
	At       time.Time
	Against  tree.Checkpoint // the newest signed one, as kept outside the database
	Size     int64           // footprints in the tree
	Unopened int64           // whose words can no longer be checked, since their key is gone
	Waiting  int64           // footprints that have no place yet
	Found    []tree.Finding
}

// Whole tells whether nothing was found.
func (c Checked) Whole() bool { return len(c.Found) == 0 }

// mostFound is how many findings a check names.
const mostFound = 20

// Check goes through the whole tree in the database, for whoever audits the whole
// organisation: every footprint as it stands now against its leaf, the leaves
// against the hashes stored, and all of it against the newest checkpoint that is
// kept outside. Asking is itself recorded, and the database refuses that footprint
// of anybody else (policy checks). One check runs at a time.
func (t *Tree) Check(ctx context.Context, actor access.Actor) (c Checked, err error) {
	about := Act{Action: access.CheckTree}
	err = Do(ctx, t.o.DB, actor, about, func(tx *Tx) error {
		tx.Record(about)
		r, err := tx.Rights(ctx)
		if err == nil && !MayCheck(r) {
			err = fault.NotThere()
		}
		return err
	})
	if pg.Refused(err) {
		err = fault.NotThere()
	}
	if err != nil {
		return c, err
	}
	if !t.checking.TryLock() {
		return c, fault.New(fault.Unavailable, "Another check is under way. Try again when it is done: it takes about a minute for a million footprints.")
	}
	defer t.checking.Unlock()
	if c, err = t.look(ctx); err == nil && !c.Whole() {
		t.o.Log.Error("footprints: a check found that the tree is not whole", "findings", len(c.Found), "first", c.Found[0].Text, "alarm", true)
	}
	return c, err
}

// look is Check without asking who wants to know.
func (t *Tree) look(ctx context.Context) (c Checked, err error) {
	if c.Against, err = t.newestOnShelf(ctx, 0); err != nil {
		return c, err
	}
	err = pg.Read(ctx, t.o.DB, access.Custodian(), func(tx *pg.Tx) error {
		if err := tx.QueryRow(ctx, `select clock_timestamp()`).Scan(&c.At); err != nil {
			return err
		}
		roll := tree.Roll{}
		if err := t.walk(ctx, tx, func(l leaf) error {
			c.leaf(&roll, l)
			return nil
		}); err != nil {
			return err
		}
		if c.Size = roll.Size(); c.Size < c.Against.Size {
			c.find("cut-off", "cut off: the newest checkpoint covers %d footprints, and there are %d", c.Against.Size, c.Size)
		}
		e, err := endOf(ctx, tx)
		if err != nil {
			return err
		}
		return t.waiting(ctx, tx, func(f *fact, _ []byte) error {
			if c.Waiting++; before(f, e) {
				c.find("beside", "inserted beside the tree: footprint %d has no place in it, though later ones have", f.ID)
			}
			return nil
		})
	})
	return c, err
}

func (c *Checked) find(kind, text string, args ...any) {
	if len(c.Found) < mostFound {
		c.Found = append(c.Found, tree.Finding{Kind: kind, From: -1, To: -1, Text: fmt.Sprintf(text, args...)})
	}
}

// leaf holds one leaf against what it should be.
func (c *Checked) leaf(roll *tree.Roll, l leaf) {
	for roll.Size() < l.place && len(c.Found) < mostFound {
		c.find("deleted", "deleted at place %d: the place is gone", roll.Size())
		roll.Add(tree.Hash{})
	}
	if !l.there {
		c.find("deleted", "deleted at place %d: footprint %d is gone", l.place, l.footprint)
	} else if !l.opened {
		c.Unopened++
	}
	was := tree.Hash{}
	copy(was[:], l.hashes)
	if l.there && tree.LeafHash(l.body) != was {
		c.find("changed", "changed at place %d: footprint %d is not as it was when it got its place", l.place, l.footprint)
	}
	// The rest goes by the hashes stored, so that one change is found once.
	if !bytes.Equal(roll.Append(was, nil), l.hashes) {
		c.find("hash", "changed at place %d: a hash stored there is not what it was", l.place)
	}
	if c.Against.Size > 0 && roll.Size() == c.Against.Size && roll.Root() != c.Against.Root {
		c.find("rewritten", "rewritten: the first %d footprints are not those that were signed", c.Against.Size)
	}
}

func before(f *fact, e end) bool {
	switch {
	case f.Epoch != e.epoch:
		return f.Epoch < e.epoch
	case f.Xid != e.xid:
		return f.Xid < e.xid
	}
	return f.ID < e.id
}

// leaf is a place in the tree, and the footprint there as it stands now.
type leaf struct {
	place, footprint int64
	there, opened    bool
	body, hashes     []byte
}

// walk gives every place in order.
func (t *Tree) walk(ctx context.Context, tx *pg.Tx, each func(leaf) error) error {
	for from := int64(0); ; {
		keys := t.ring(nil)
		var all []leaf
		var facts []fact
		var marks []string
		rows, err := tx.Query(ctx, `select place, footprint_id, marks, hashes, there, coalesce((s.facts).id, 0), coalesce((s.facts).at, 'epoch'), coalesce((s.facts).actor, 0), coalesce((s.facts).action, ''),
				coalesce((s.facts).outcome, ''), (s.facts).provider, (s.facts).home, (s.facts).record, (s.facts).document, (s.facts).version, (s.facts).class, coalesce((s.facts).request, ''),
				coalesce((s.facts).epoch, 0), coalesce((s.facts).xid, 0), coalesce((s.facts).name, ''), coalesce((s.facts).post, ''), coalesce((s.facts).record_name, ''), coalesce((s.facts).title, ''), coalesce((s.facts).sought, ''), coalesce((s.facts).detail, '')
			from app.sequenced(@from, @most) s`, pgx.NamedArgs{"from": from, "most": portion})
		if err != nil {
			return err
		}
		for rows.Next() {
			var l leaf
			var f fact
			var m string
			if err := rows.Scan(append([]any{&l.place, &l.footprint, &m, &l.hashes, &l.there}, f.into()...)...); err != nil {
				rows.Close()
				return err
			}
			all, facts, marks = append(all, l), append(facts, f), append(marks, m)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for i := range all {
			if all[i].there {
				if all[i].body, all[i].opened, err = keys.again(ctx, &facts[i], marks[i]); err != nil {
					return err
				}
			}
			if err := each(all[i]); err != nil {
				return err
			}
			from = all[i].place + 1
		}
		if len(all) < portion {
			return nil
		}
	}
}

// waiting gives every footprint that has no place, with the leaf it would have.
func (t *Tree) waiting(ctx context.Context, tx *pg.Tx, each func(*fact, []byte) error) error {
	last := end{}
	for {
		var facts []fact
		rows, err := tx.Query(ctx, `select `+factColumns+` from app.outstanding(@epoch, @xid, @id, @most)`,
			pgx.NamedArgs{"epoch": last.epoch, "xid": last.xid, "id": last.id, "most": portion})
		if err != nil {
			return err
		}
		for rows.Next() {
			var f fact
			if err := rows.Scan(f.into()...); err != nil {
				rows.Close()
				return err
			}
			facts = append(facts, f)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for i := range facts {
			f := &facts[i]
			if err := each(f, tree.Leaf(f.Facts, tree.Unmarked())); err != nil {
				return err
			}
			last = end{epoch: f.Epoch, xid: f.Xid, id: f.ID}
		}
		if len(facts) < portion {
			return nil
		}
	}
}
