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
