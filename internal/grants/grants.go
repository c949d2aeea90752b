// Package grants gives and ends permission to see and do things. The grants
// table is the only source of access: a role is a bundle of grants that begin
// and end with it, and every grant is dated and says who gave it and why.
package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Entrust makes somebody the key worker of a record, until somebody ends it.
func Entrust(ctx context.Context, db *pg.DB, actor access.Actor, to access.ActorID, record int64, why string) (int64, error) {
	return EntrustUntil(ctx, db, actor, to, record, time.Time{}, why)
}

// EntrustUntil makes somebody the key worker of a record: they read and add to all
// its general and sensitive content. The grant hangs on the record's present
// setting, where the key worker must have a role, and ends when the record closes
// or moves away or that role ends. Whoever manages the record may, for no longer
// than they do. Its faults name the fields to, until and why.
func EntrustUntil(ctx context.Context, db *pg.DB, actor access.Actor, to access.ActorID, record int64, last time.Time, why string) (int64, error) {
	var id int64
	about := audit.Act{Action: access.GiveGrant, Target: audit.Target{Record: record}, Detail: audit.Detail{"to": to, "basis": "key-worker"}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		s, err := siteOf(ctx, tx, record)
		if err != nil {
			return err
		}
		if err := tx.Lock(ctx, "key workers", record); err != nil { // nobody becomes one twice
			return err
		}
		ends, err := entrusted(ctx, tx, s, to, record, last, why)
		if err != nil {
			return err
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from, valid_until)
			values (@id, @to, @scope, @record, @mask, @rights, 'key-worker', @home, @by, @why, now(), @until)`,
			pgx.NamedArgs{"id": id, "to": to, "scope": access.AtRecord, "record": record, "rights": access.Read | access.Add, "until": until(ends),
				"mask": access.MaskOf(access.ClassOf(s.kind, access.General), access.ClassOf(s.kind, access.Sensitive)), "home": s.home, "by": actor.ID, "why": why})
		tx.Record(about)
		return err
	})
	return id, err
}

// Carers are the roles of those who care for people at a setting, and so can be key
// workers there.
func Carers() []Role { return []Role{MemberOfStaff, ShiftLead, RegisteredManager} }

// entrusted checks that somebody can be made key worker, and says until when.
func entrusted(ctx context.Context, tx *audit.Tx, s site, to access.ActorID, record int64, last time.Time, why string) (time.Time, error) {
	if !s.open {
		return last, fault.New(fault.Conflict, "This record is closed. Open it again first.")
	}
	wrong := append(wrongDays(tx.Now, time.Time{}, last), wrongText("why", "Enter a reason.", why)...)
	var works, already bool
	var mine *time.Time
	err := tx.QueryRow(ctx, `
		select exists (select from app.role_held where actor_id = @to and home_id = @home and role = any(@carers) and record_id is null and from_at <= now() and until_at > now()),
			exists (select from app.grants where actor_id = @to and scope = @scope and scope_id = @record and basis = 'key-worker' and valid_until > now()),
			(select case when max(valid_until) < 'infinity' then max(valid_until) end from app.grants where actor_id = @me and rights & @manage <> 0 and valid_from <= now() and valid_until > now()
				and (scope = 0 and scope_id = @provider or scope = 1 and scope_id = @home))`,
		pgx.NamedArgs{"to": to, "home": s.home, "carers": Carers(), "record": record, "scope": access.AtRecord, "me": tx.Actor.ID, "manage": access.Manage, "provider": s.provider}).Scan(&works, &already, &mine)
	if err != nil {
		return last, err
	}
	if !works {
		wrong = append(wrong, fault.Field{Name: "to", Problem: "A key worker cares for people at the record's setting: a member of staff, the person in charge of the shift, or the manager. Give them such a role there first."})
	}
	if err := fault.Bad(wrong); err != nil {
		return last, err
	}
	if already {
		return last, fault.At(fault.Conflict, "to", "This person is the key worker already.")
	}
	if mine != nil && last.IsZero() {
		last = *mine
	}
	if mine != nil && last.After(*mine) {
		return last, tooLong(*mine)
	}
	return last, nil
}
