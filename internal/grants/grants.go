// Package grants gives and ends permission to see and do things. The grants
// table is the only source of access: a role is a bundle of grants that begin
// and end with it, and every grant is dated and says who gave it and why.
package grants

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Role is a bundle of grants that a person is given by its name.
type Role string

// The roles.
const (
	MemberOfStaff         Role = "staff"
	RegisteredManager     Role = "manager"
	Inspector             Role = "inspector"
	Administrator         Role = "administrator"
	ResponsibleIndividual Role = "responsible-individual"
	DataProtectionOfficer Role = "data-protection-officer"

	// Directory is held by the account of a directory service, and offered to nobody.
	Directory Role = "directory"
)

// Roles lists the roles, in the order in which a page offers them.
func Roles() []Role {
	return []Role{MemberOfStaff, RegisteredManager, Inspector, ResponsibleIndividual, DataProtectionOfficer, Administrator}
}

// Wide tells whether the role holds for the whole provider, and not at one
// setting.
func (r Role) Wide() bool {
	b, _ := bundles(r)
	return b.wide
}

// share of a bundle: these rights on these classes of content.
type share struct {
	mask   access.Mask
	rights access.Right
}

// bundle is what a role holds, and whether at one home or at the whole provider.
type bundle struct {
	wide   bool
	shares []share
}

// bundles says what each role holds. The administrator sets up and gives
// roles, and never sees content; an inspector reads policies and staff files
// and sees who looked, and no young person's record.
func bundles(r Role) (bundle, bool) {
	classes := func(sections int, kinds ...access.RecordKind) access.Mask {
		var m access.Mask
		for _, k := range kinds {
			for s := range sections {
				m |= access.MaskOf(access.ClassOf(k, access.Section(s)))
			}
		}
		return m
	}
	people := []access.RecordKind{access.YoungPerson, access.Family, access.Parent}
	switch r {
	case MemberOfStaff:
		return bundle{shares: []share{{classes(1, access.Library) | classes(2, people...), access.Read | access.Add | access.Break}}}, true
	case RegisteredManager:
		return bundle{shares: []share{{access.EveryClass, access.Read | access.Add | access.Approve | access.Manage | access.Share | access.Audit | access.Break}}}, true
	case Inspector:
		return bundle{shares: []share{{classes(1, access.Library, access.Staff), access.Read | access.Audit}}}, true
	case Administrator:
		return bundle{wide: true, shares: []share{{classes(1, access.Staff), access.Manage | access.Break}}}, true
	case ResponsibleIndividual:
		return bundle{wide: true, shares: []share{{access.EveryClass, access.Read | access.Approve | access.Audit | access.Break}}}, true
	case Directory:
		return bundle{wide: true, shares: []share{{classes(1, access.Staff), access.Enrol}}}, true
	case DataProtectionOfficer:
		return bundle{wide: true, shares: []share{{access.EveryClass, access.Read | access.Disclose | access.Audit | access.Break}}}, true
	}
	return bundle{}, false
}

// Entrust makes somebody the key worker of a record: they read and add to all
// its general and sensitive content. The grant hangs on the record's present
// setting, where the key worker must have a role, and ends when the record moves
// away or that role ends. Whoever manages the record may.
func Entrust(ctx context.Context, db *pg.DB, actor access.Actor, to access.ActorID, record int64, why string) (int64, error) {
	var id int64
	about := audit.Act{Action: access.GiveGrant, Target: audit.Target{Record: record}, Detail: audit.Detail{"to": to, "basis": "key-worker"}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		// the record does not move until this is committed
		if err := tx.Share(ctx, "record", record); err != nil {
			return err
		}
		var kind access.RecordKind
		var home *int64
		err := tx.QueryRow(ctx, `select kind, home_id from app.record where id = @record`, pgx.NamedArgs{"record": record}).Scan(&kind, &home)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		var works bool
		err = tx.QueryRow(ctx, `select exists (select from app.role_held where actor_id = @to and home_id = @home and from_at <= now() and until_at > now())`,
			pgx.NamedArgs{"to": to, "home": home}).Scan(&works)
		if err == nil && !works {
			err = fault.Bad([]fault.Field{{Name: "to", Problem: "A key worker has a role at the record's setting. Give them one there first."}})
		}
		if err != nil {
			return err
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from)
			values (@id, @to, @scope, @record, @mask, @rights, 'key-worker', @home, @by, @why, now())`,
			pgx.NamedArgs{"id": id, "to": to, "scope": access.AtRecord, "record": record, "rights": access.Read | access.Add,
				"mask": access.MaskOf(access.ClassOf(kind, access.General), access.ClassOf(kind, access.Sensitive)), "home": home, "by": actor.ID, "why": why})
		tx.Record(about)
		return err
	})
	return id, err
}
