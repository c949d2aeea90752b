package grants

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Asker is what somebody may ask for outside their role, whatever the record.
type Asker struct {
	May     bool
	Support bool // for technical support alone: their right to ask stands beside no reading
	Audits  bool // they audit or manage what is restricted somewhere
}

func askerOf(r access.Rights) Asker {
	a := Asker{May: MayAsk(r), Support: true}
	restricted := access.MaskOf(access.ClassOf(access.YoungPerson, access.Restricted), access.ClassOf(access.Parent, access.Restricted),
		access.ClassOf(access.Family, access.Restricted), access.ClassOf(access.Staff, access.Restricted))
	for _, g := range r.Grants {
		a.Support = a.Support && g.Rights&(access.Break|access.Read) != access.Break|access.Read
		a.Audits = a.Audits || g.Rights&(access.Audit|access.Manage) != 0 && g.Mask&restricted != 0
	}
	return a
}

// Reasons lists those that they may give, in the order in which a page offers
// them.
func (a Asker) Reasons() []OutsideReason {
	switch {
	case !a.May:
		return nil
	case a.Support:
		return []OutsideReason{ForSupport}
	}
	return OutsideReasons()
}

// Deepest is the closest section that they may ask for with a reason, on some
// record.
func (a Asker) Deepest(r OutsideReason) access.Section {
	if r == ForAudit && !a.Audits {
		return access.Sensitive
	}
	return r.Deepest()
}

// AskerOutside tells what the actor may ask for outside their role. It leaves no
// footprint: it says nothing about any record.
func AskerOutside(ctx context.Context, db *pg.DB, actor access.Actor) (Asker, error) {
	var a Asker
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rights, err := tx.Rights(ctx)
		a = askerOf(rights)
		return err
	})
	return a, err
}

// mayAsk refuses whoever has no right to ask.
func mayAsk(ctx context.Context, tx *pg.Tx) error {
	rights, err := tx.Rights(ctx)
	if err == nil && !MayAsk(rights) {
		err = fault.New(fault.Forbidden, "Your role does not include asking for access outside it. Ask your manager.")
	}
	return err
}

// MayAsk tells whether somebody may ask for access outside their role at all.
func MayAsk(r access.Rights) bool {
	return r.Actor.Kind == access.Person && access.Anywhere(r, func(g access.Grant) bool { return g.Rights&access.Break != 0 })
}

// coversReason refuses a reason for which the actor may ask nowhere, before any
// record is looked for.
func coversReason(ctx context.Context, tx *pg.Tx, reason OutsideReason) error {
	rights, err := tx.Rights(ctx)
	if err == nil && !slices.Contains(askerOf(rights).Reasons(), reason) {
		err = fault.New(fault.Forbidden, "Your role sets up Custodian, and asks outside it for technical support alone. For anything else, ask the manager of the setting.")
	}
	return err
}

// within refuses what the reason does not cover on a record: the database says so as well
// (app.may_ask_for).
func within(ctx context.Context, tx *pg.Tx, record int64, a Asking) error {
	var covered bool
	err := tx.QueryRow(ctx, `select app.may_ask_for(@record, @reason, @section)`, pgx.NamedArgs{"record": record, "reason": a.Reason, "section": a.Section}).Scan(&covered)
	if err != nil || covered {
		return err
	}
	return fault.At(fault.Forbidden, "section", "For an audit, the restricted section is shown only to somebody who audits or manages it where the record is. Choose less, or ask the manager of the setting.")
}
