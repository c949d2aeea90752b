package audit

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/audit/tree"
	"custodian/internal/pg"
)

// fact is a footprint as the database tells it for the tree.
type fact struct {
	tree.Facts
	tree.Words
}

// into is where the columns of app.leaf_facts go, in their order.
func (f *fact) into() []any {
	return append(f.bare(), &f.Name, &f.Post, &f.Words.Record, &f.Title, &f.Sought, &f.Detail)
}

// bare is where those go that hold no words.
func (f *fact) bare() []any {
	return []any{&f.ID, &f.At, &f.Facts.Actor, &f.Action, &f.Outcome, &f.Provider, &f.Home, &f.Facts.Record, &f.Document, &f.Version, &f.Class, &f.Request, &f.Epoch, &f.Xid}
}

const factColumns = `id, at, actor, action, outcome, provider, home, record, document, version, class, request, epoch, xid, name, post, record_name, title, sought, detail`

// toSequence gives the next footprints that are settled. What the many have in
// common, their people's and records' names, is asked for once.
func toSequence(ctx context.Context, tx *pg.Tx, after end, into []fact) ([]fact, error) {
	rows, err := tx.Query(ctx, `select id, at, actor, action, outcome, provider, home, record, document, version, class, request, epoch, xid, sought, detail
		from app.to_sequence(@epoch, @xid, @id, @most)`, pgx.NamedArgs{"epoch": after.epoch, "xid": after.xid, "id": after.id, "most": atOnce})
	if err != nil {
		return nil, err
	}
	facts, err := collected(rows, into, func(f *fact) []any { return append(f.bare(), &f.Sought, &f.Detail) })
	if err != nil || len(facts) == 0 {
		return nil, err
	}
	return facts, name(ctx, tx, facts)
}

// name fills in the names of whoever and whatever footprints are about.
func name(ctx context.Context, tx *pg.Tx, facts []fact) error {
	actors, records, documents := map[int64][2]string{}, map[int64][2]string{}, map[int64][2]string{}
	for i := range facts {
		actors[facts[i].Facts.Actor] = [2]string{}
		if r := facts[i].Facts.Record; r != nil {
			records[*r] = [2]string{}
		}
		if d := facts[i].Document; d != nil {
			documents[*d] = [2]string{}
		}
	}
	kinds := []map[int64][2]string{actors, records, documents}
	rows, err := tx.Query(ctx, `select kind, id, name, post from app.tree_names(@actors, @records, @documents)`, pgx.NamedArgs{
		"actors": slices.Collect(maps.Keys(actors)), "records": slices.Collect(maps.Keys(records)), "documents": slices.Collect(maps.Keys(documents))})
	if err != nil {
		return err
	}
	var kind int
	var id int64
	var words [2]string
	if _, err := pgx.ForEachRow(rows, []any{&kind, &id, &words[0], &words[1]}, func() error { kinds[kind][id] = words; return nil }); err != nil {
		return err
	}
	for i := range facts {
		f := &facts[i]
		f.Name, f.Post = actors[f.Facts.Actor][0], actors[f.Facts.Actor][1]
		f.Words.Record, f.Title = records[valueOf(f.Facts.Record)][0], documents[valueOf(f.Document)][0]
	}
	return nil
}

// collected adds the footprints of rows to facts.
func collected(rows pgx.Rows, facts []fact, columns func(*fact) []any) ([]fact, error) {
	var f fact
	_, err := pgx.ForEachRow(rows, columns(&f), func() error {
		facts = append(facts, f)
		f.Provider, f.Home, f.Facts.Record, f.Document, f.Version, f.Class = nil, nil, nil, nil, nil, nil // the next row gets numbers of its own
		return nil
	})
	return facts, err
}
