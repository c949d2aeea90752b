package people

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/pg"
)

// Menu is what stands around every page for somebody: who they are and where
// they may go. It is computed from their live grants at each request.
type Menu struct {
	Profile
	Kinds    []access.RecordKind // of records they read or manage anywhere
	Opens    []access.RecordKind // of records they manage somewhere, and so may open
	Adds     []access.RecordKind // of records to which they may add somewhere
	Families bool                // works at a residential family centre, or for the whole provider
	Oversees bool                // audits something, or manages staff files somewhere
	Own      []int64             // their own records, of those who read nothing but these
	Works    bool                // works or visits here: holds a role, and not only on their own record
	Keeps    bool                // keeps the people of some setting, or sees who did what everywhere
	Manages  bool                // keeps the people and settings of the whole provider
}

// Meets tells whether records of a kind occur in this person's work: those of
// families and parents do at residential family centres alone.
func (m Menu) Meets(k access.RecordKind) bool {
	return m.Families || k != access.Family && k != access.Parent
}

// MenuOf gives the menu of an actor.
func MenuOf(ctx context.Context, db *pg.DB, actor access.Actor) (Menu, error) {
	var m Menu
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		if m.Profile, err = profile(ctx, tx); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		for _, k := range access.RecordKinds() {
			if holds(rights, k, access.Read) || holds(rights, k, access.Manage) {
				m.Kinds = append(m.Kinds, k)
			}
			if holds(rights, k, access.Manage) {
				m.Opens = append(m.Opens, k)
			}
			if holds(rights, k, access.Audit) || k == access.Staff && holds(rights, k, access.Manage) {
				m.Oversees = true
			}
			if holds(rights, k, access.Add) {
				m.Adds = append(m.Adds, k)
			}
		}
		err = tx.QueryRow(ctx, `
			select exists (select from app.role_held r left join app.home h on h.id = r.home_id
				where r.actor_id = @id and r.from_at <= now() and r.until_at > now() and (h.id is null or h.kind = 'family-centre')), app.works_here(@id)`,
			pgx.NamedArgs{"id": actor.ID}).Scan(&m.Families, &m.Works)
		if err != nil {
			return err
		}
		staff := access.ClassOf(access.Staff, access.General)
		for _, g := range rights.Grants {
			if g.Basis == "data-subject" && g.Scope == access.AtRecord {
				m.Own = append(m.Own, g.ScopeID)
			}
			m.Keeps = m.Keeps || g.Mask.Has(staff) && (g.Rights&access.Manage != 0 || g.Rights&access.Audit != 0 && g.Scope == access.AtProvider)
		}
		if slices.ContainsFunc(rights.Grants, func(g access.Grant) bool { return g.Basis != "data-subject" }) {
			m.Own = nil
		}
		m.Manages = slices.ContainsFunc(rights.Grants, func(g access.Grant) bool {
			return g.Scope == access.AtProvider && g.Rights&access.Manage != 0 && g.Mask.Has(staff)
		})
		return nil
	})
	return m, err
}

// Works tells whether the actor works or visits here: those who only read their own
// file do not, and neither does somebody whose last role has ended. It leaves no
// footprint: it says nothing about anybody else.
func Works(ctx context.Context, db *pg.DB, actor access.Actor) (bool, error) {
	var works bool
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		return tx.QueryRow(ctx, `select app.works_here(@id)`, pgx.NamedArgs{"id": actor.ID}).Scan(&works)
	})
	return works, err
}

// holds tells whether any grant gives the right on any section of a kind.
func holds(r access.Rights, k access.RecordKind, need access.Right) bool {
	sections := access.MaskOf(access.ClassOf(k, access.General), access.ClassOf(k, access.Sensitive), access.ClassOf(k, access.Restricted))
	return slices.ContainsFunc(r.Grants, func(g access.Grant) bool { return g.Rights&need != 0 && g.Mask&sections != 0 })
}

// profile reads who the actor is and which roles they hold now.
func profile(ctx context.Context, tx *pg.Tx) (Profile, error) {
	var p Profile
	args := pgx.NamedArgs{"id": tx.Actor.ID}
	err := tx.QueryRow(ctx, `
		select a.id, a.kind, a.name, a.post_title, coalesce(p.name, '') from app.actor a left join app.provider p on p.id = a.provider_id where a.id = @id`,
		args).Scan(&p.ID, &p.Kind, &p.Name, &p.PostTitle, &p.Provider)
	if err != nil {
		return p, err
	}
	rows, err := tx.Query(ctx, `
		select r.role, coalesce(h.name, '') as home, r.from_at as "from" from app.role_held r left join app.home h on h.id = r.home_id
		where r.actor_id = @id and r.from_at <= now() and r.until_at > now() order by r.id`, args)
	if err != nil {
		return p, err
	}
	p.Roles, err = pgx.CollectRows(rows, pgx.RowToStructByName[RoleHeld])
	return p, err
}
