package audit

import (
	"context"
	"fmt"

	"custodian/internal/audit/tree"
)

// ring holds the keys of one batch, so that each is asked for once.
type ring struct {
	ask   KeyFor
	fresh func(record int64) (bool, error) // nil: no key is made
	held  map[[2]int64]*tree.Key           // nil for a key that is gone
}

func (t *Tree) ring(fresh func(int64) (bool, error)) *ring {
	return &ring{t.o.Keys, fresh, map[[2]int64]*tree.Key{}}
}

// all adds the keys of footprints that are to be placed to held.
func (r *ring) all(ctx context.Context, facts []fact, held []tree.Keys) ([]tree.Keys, error) {
	for i := range facts {
		k, err := r.of(ctx, &facts[i])
		if err != nil {
			return nil, err
		}
		held = append(held, k)
	}
	return held, nil
}

// of gives the keys of a footprint that is to be placed.
func (r *ring) of(ctx context.Context, f *fact) (k tree.Keys, err error) {
	provider := valueOf(f.Provider)
	p, err := r.key(ctx, provider, 0, func() (bool, error) { return true, nil })
	if err != nil {
		return k, err
	}
	if p == nil {
		return k, fmt.Errorf("the key of provider %d is not in the keyring", provider)
	}
	k.Provider = *p
	if f.Facts.Record != nil {
		record := *f.Facts.Record
		k.Record, err = r.key(ctx, provider, record, func() (bool, error) { return r.fresh(record) })
	}
	return k, err
}

// key gives a key, made where may says so; nil when it is gone.
func (r *ring) key(ctx context.Context, provider, record int64, may func() (bool, error)) (*tree.Key, error) {
	id := [2]int64{provider, record}
	if k, ok := r.held[id]; ok {
		return k, nil
	}
	key, found, err := r.ask(ctx, provider, record, false)
	if err == nil && !found && r.fresh != nil {
		var make bool
		if make, err = may(); err == nil && make {
			key, found, err = r.ask(ctx, provider, record, true)
		}
	}
	if err != nil {
		return nil, err
	}
	if r.held[id] = nil; found {
		r.held[id] = &key
	}
	return r.held[id], nil
}

// again makes the leaf of a footprint that has its place, as it stands now. A
// commitment whose key is gone stays what it was; opened says that none did.
func (r *ring) again(ctx context.Context, f *fact, was string) (leaf []byte, opened bool, err error) {
	m, ok := tree.ParseMarks(was)
	if !ok {
		return tree.Leaf(f.Facts, tree.Marks{}), true, nil
	}
	never := func() (bool, error) { return false, nil }
	provider := valueOf(f.Provider)
	p, err := r.key(ctx, provider, 0, never)
	if err != nil {
		return nil, false, err
	}
	var record *tree.Key
	if m.OfRecord() && f.Facts.Record != nil {
		if record, err = r.key(ctx, provider, *f.Facts.Record, never); err != nil {
			return nil, false, err
		}
	}
	if p == nil {
		return tree.Leaf(f.Facts, m), false, nil
	}
	now := tree.Commit(tree.Keys{Provider: *p, Record: record}, f.ID, f.Words)
	if m.OfRecord() && record == nil {
		now = tree.Marks{Keyed: m.Keyed, Who: now.Who, About: m.About, Sought: m.Sought, Detail: m.Detail}
		return tree.Leaf(f.Facts, now), false, nil
	}
	return tree.Leaf(f.Facts, now), true, nil
}

func valueOf(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}
