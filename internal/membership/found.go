package membership

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
)

// Founding is the first organisation of an installation, or a further one.
type Founding struct {
	Name           string
	Issuer         string // of the sign-in service that is configured
	Administrators string // the group of the service whose members administer
	Another        bool   // found it beside one that is there
}

// Found starts an organisation and lets a group of the sign-in service give the
// administrator's role in it, so that its first administrator can sign in and do
// the rest. It is for whoever runs the program. It gives the provider's id; a
// Conflict when an organisation is there and Another is not said, or when the
// group administers another.
func Found(ctx context.Context, db *pg.DB, f Founding) (int64, error) {
	if f.Issuer == "" {
		return 0, NotSetUp()
	}
	if err := fault.Bad(append(fault.CheckLine("name", f.Name), fault.CheckLine("group", f.Administrators)...)); err != nil {
		return 0, err
	}
	var id int64
	err := audit.Do(ctx, db, access.Custodian(), audit.Act{Action: access.Found}, func(tx *audit.Tx) (err error) {
		if err := tx.Lock(ctx, "founding", 0); err != nil {
			return err
		}
		if err := f.clear(ctx, tx); err != nil {
			return err
		}
		if id, err = people.FoundIn(ctx, tx, f.Name); err != nil {
			return err
		}
		_, err = mapIn(ctx, tx, id, f.Issuer, NewMapping{Group: f.Administrators, Role: grants.Administrator, Why: "Set up with the organisation"})
		return err
	})
	return id, err
}

// clear refuses what stands in the way of a founding.
func (f Founding) clear(ctx context.Context, tx *audit.Tx) error {
	var there, mapped bool
	err := tx.QueryRow(ctx, `
		select exists (select from app.provider), exists (select from app.group_role where issuer = @issuer and group_name = @group and until_at > now())`,
		pgx.NamedArgs{"issuer": f.Issuer, "group": f.Administrators}).Scan(&there, &mapped)
	switch {
	case err != nil:
		return err
	case there && !f.Another:
		return fault.New(fault.Conflict, "An organisation has been set up here already.")
	case mapped:
		return fault.New(fault.Conflict, "This group gives a role in another organisation already. Name a group of its own.")
	}
	return nil
}
