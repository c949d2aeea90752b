package versions

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
)

// RestrictedSection is the restricted section of a record: what lies in it and
// what once did.
type RestrictedSection struct {
	Where    Where
	Lodgings []Lodged
	May      bool // the reader may lodge there
}

// RestrictedOf lists the lodgings of a record: those in place first, the earliest
// review leading. Who may not read in its restricted section is told that it is
// not there. Looking is recorded.
func (k *Keeper) RestrictedOf(ctx context.Context, actor access.Actor, record int64) (RestrictedSection, error) {
	var s RestrictedSection
	about := audit.Act{Action: access.ViewLodgings, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if s.Where, err = where(ctx, tx.Reader(), record); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		var provider int64
		var own, sees bool
		err = tx.QueryRow(ctx, `select provider_id, app.about_me(id), app.sees(provider_id, home_id, id, 0, (kind * 3 + 2)::smallint, (select app.reach(1)), (select app.shields()))
			from app.record where id = @record`, pgx.NamedArgs{"record": record}).Scan(&provider, &own, &sees)
		if err != nil {
			return err
		}
		place := access.Place{Provider: provider, Home: s.Where.Home, Record: record, Class: access.ClassOf(s.Where.Kind, access.Restricted)}
		if _, ok := access.Decide(rights, access.ViewLodgings, place); !ok || !sees || own || !slices.Contains(access.SectionsOf(s.Where.Kind), access.Restricted) {
			return fault.NotThere()
		}
		_, s.May = access.Decide(rights, access.AddDocument, place)
		rows, err := tx.Query(ctx, `select `+lodgedColumns+` where l.record_id = @record order by e.at desc nulls first, due.on_date, l.id`, pgx.NamedArgs{"record": record})
		if err != nil {
			return err
		}
		s.Lodgings, err = scanLodged(tx.Reader(), rows)
		tx.Record(about)
		return err
	})
	return s, err
}
