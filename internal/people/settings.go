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

// Setting is a setting as administrators see it.
type Setting struct {
	Home
	People int // who hold a role there now
}

// Administers refuses whoever does not keep the people of the whole provider: to
// them it is not there. The database is asked as well: colleagues' names and the
// settings are no secret within a provider, so no policy keeps them back.
func Administers(ctx context.Context, tx *pg.Tx, a access.Action) error {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	place := access.Place{Provider: tx.Actor.Provider, Class: access.ClassOf(access.Staff, access.General)}
	if _, ok := access.Decide(rights, a, place); !ok {
		return fault.NotThere()
	}
	var keeps bool
	err = tx.QueryRow(ctx, `select app.manages(@provider, null, (select app.reach(8)))`, pgx.NamedArgs{"provider": tx.Actor.Provider}).Scan(&keeps)
	if err == nil && !keeps {
		return fault.NotThere()
	}
	return err
}

// Reach is how much of the provider's people somebody is shown.
type Reach struct {
	All   bool // they keep the people of the whole provider
	Audit bool // they see who did what everywhere
}

// Keeps refuses whoever keeps nobody's roles and sees nobody's footprints
// everywhere: to them it is not there. Who keeps one setting's people is shown the
// roles there, and no sign-ins.
func Keeps(ctx context.Context, tx *pg.Tx, a access.Action) (Reach, error) {
	var r Reach
	rights, err := tx.Rights(ctx)
	if err != nil {
		return r, err
	}
	place := access.Place{Provider: tx.Actor.Provider, Class: access.ClassOf(access.Staff, access.General)}
	_, r.All = access.Decide(rights, a, place)
	if a.Needs == access.Manage {
		_, r.Audit = access.Decide(rights, access.AuditRecord, place)
	}
	// the database is asked as well: it shows colleagues to everybody
	var keeps, audits bool
	var at []int64
	err = tx.QueryRow(ctx, `select app.manages(@provider, null, (select app.reach(8))), app.audits(@provider, null, (select app.reach(64))),
		array(select h.id from app.home h where h.provider_id = @provider and app.manages(h.provider_id, h.id, (select app.reach(8))))`,
		pgx.NamedArgs{"provider": tx.Actor.Provider}).Scan(&keeps, &audits, &at)
	if err != nil {
		return r, err
	}
	r.All, r.Audit = r.All && keeps, r.Audit && audits
	if r.All || r.Audit {
		return r, nil
	}
	homes, err := homesOf(ctx, tx)
	if err != nil {
		return r, err
	}
	if slices.ContainsFunc(homes, func(h Home) bool {
		place.Home = h.ID
		_, ok := access.Decide(rights, a, place)
		return ok && slices.Contains(at, h.ID)
	}) {
		return r, nil
	}
	return r, fault.NotThere()
}

// Settings lists the provider's settings, by name. It is for administrators.
// Looking is recorded.
func Settings(ctx context.Context, db *pg.DB, actor access.Actor) ([]Setting, error) {
	var list []Setting
	about := audit.Act{Action: access.ViewSettings}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := Administers(ctx, tx.Reader(), access.ViewSettings); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select h.id, h.name, h.kind, (select count(distinct r.actor_id) from app.role_held r
				where r.home_id = h.id and r.from_at <= now() and r.until_at > now()) as people
			from app.home h where h.provider_id = @provider order by h.name, h.id`, pgx.NamedArgs{"provider": actor.Provider})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Setting])
		tx.Record(about)
		return err
	})
	return list, err
}

// checkHome says all that is wrong with a setting that is to be added.
func checkHome(ctx context.Context, tx *audit.Tx, provider int64, name, kind string) error {
	wrong := fault.CheckLine("name", name)
	if !slices.Contains(HomeKinds(), kind) {
		wrong = append(wrong, fault.Field{Name: "kind", Problem: "Choose what kind of setting it is."})
	}
	if err := fault.Bad(wrong); err != nil {
		return err
	}
	var there bool
	err := tx.QueryRow(ctx, `select exists (select from app.home where provider_id = @provider and lower(name) = lower(@name))`,
		pgx.NamedArgs{"provider": provider, "name": name}).Scan(&there)
	if err == nil && there {
		err = fault.At(fault.Conflict, "name", "There is a setting of this name already. Give this one a name of its own.")
	}
	return err
}
