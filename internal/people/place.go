package people

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Refusals that pages and acts have in common.
const (
	noOpening  = "Only somebody who manages such records at that setting can open one. Ask its manager."
	noChanging = "Only somebody who manages this record can do this. Ask its manager."

	bothSettings = "This member of staff takes their role along, so moving them takes somebody who manages the staff of both settings. Ask an administrator."
)

// Openings is where somebody may open records of a kind: at which settings, by
// name, and whether for the whole provider.
type Openings struct {
	Homes []Home
	Whole bool
}

// OpeningsOf tells where the actor may open records of any of some kinds. Who
// may nowhere is refused; otherwise it leaves no footprint, since the act does.
func OpeningsOf(ctx context.Context, db *pg.DB, actor access.Actor, kinds ...access.RecordKind) (Openings, error) {
	var o Openings
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		o, err = openings(ctx, tx, kinds...)
		return err
	})
	if err == nil && len(o.Homes) == 0 && !o.Whole {
		if err := audit.Refuse(ctx, db, actor, audit.Act{Action: access.OpenRecord}); err != nil {
			return o, err
		}
		err = fault.New(fault.Forbidden, noOpening)
	}
	return o, err
}

func openings(ctx context.Context, tx *pg.Tx, kinds ...access.RecordKind) (Openings, error) {
	var o Openings
	rights, err := tx.Rights(ctx)
	if err != nil {
		return o, err
	}
	may := func(home int64) bool {
		return slices.ContainsFunc(kinds, func(k access.RecordKind) bool {
			_, ok := access.DecideRecord(rights, access.OpenRecord, access.Place{Provider: tx.Actor.Provider, Home: home, Class: access.ClassOf(k, access.General)})
			return ok
		})
	}
	homes, err := homesOf(ctx, tx)
	o.Homes = slices.DeleteFunc(homes, func(h Home) bool { return !may(h.ID) })
	o.Whole = may(0)
	return o, err
}

func homesOf(ctx context.Context, tx *pg.Tx) ([]Home, error) {
	rows, err := tx.Query(ctx, `select id, name, kind from app.home where provider_id = @provider order by name, id`, pgx.NamedArgs{"provider": tx.Actor.Provider})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Home])
}

// ToChange gives a record on which something is to be done, and the settings to
// which it could be moved. Whoever may not do it is refused. Looking is recorded.
func ToChange(ctx context.Context, db *pg.DB, actor access.Actor, record int64, a access.Action) (Record, []Home, error) {
	var r Record
	var to []Home
	about := audit.Act{Action: a, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		var place access.Place
		var err error
		if r, place, err = find(ctx, tx.Reader(), record); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		if _, ok := access.DecideRecord(rights, a, place); !ok {
			return fault.New(fault.Forbidden, noChanging)
		}
		if to, err = homesOf(ctx, tx.Reader()); err != nil {
			return err
		}
		if r.Person != nil { // their roles move along, so somebody manages both
			o, err := openings(ctx, tx.Reader(), r.Kind)
			if err != nil {
				return err
			}
			to = o.Homes
		}
		to = slices.DeleteFunc(to, func(h Home) bool { return r.HomeID != nil && *r.HomeID == h.ID })
		tx.Record(audit.Act{Action: access.ViewRecord, Target: about.Target})
		return nil
	})
	return r, to, err
}
