package grants

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// longestOpen is for how many days a record is opened to an inspector at most; the
// database holds to it too (migrations/00013_roles.sql).
const longestOpen = 31

// OpensToInspectors tells whether records of a kind are hidden from inspectors until
// a manager opens one to them.
func OpensToInspectors(k access.RecordKind) bool {
	return k == access.YoungPerson || k == access.Family || k == access.Parent
}

// EndsHere tells whether what was given on one record by this basis is ended there,
// by whoever manages it.
func EndsHere(basis string) bool {
	return slices.Contains([]string{"key-worker", "data-subject", "inspector-pass"}, basis)
}

// Opening opens one record to an inspector.
type Opening struct {
	Record      int64
	To          access.ActorID
	From, Until time.Time
	Why         string
}

// Inspecting is somebody who inspects a setting.
type Inspecting struct {
	ID         int64
	Name, Post string
}

// Inspectors lists who has the role of inspector at a setting now, by name, to
// whoever keeps its people. It leaves no footprint: it is asked beside an act that
// does.
func Inspectors(ctx context.Context, db *pg.DB, actor access.Actor, home int64) ([]Inspecting, error) {
	var list []Inspecting
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select a.id, a.name, a.post_title as post from app.actor a where a.kind = 'person' and exists (select from app.role_held h
				where h.actor_id = a.id and h.home_id = @home and h.role = @role and h.from_at <= now() and h.until_at > now())
			order by a.name, a.id`, pgx.NamedArgs{"home": home, "role": Inspector})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Inspecting])
		return err
	})
	return list, err
}

// OpenToInspector lets an inspector read the general part of one case record, for
// some days. It hangs on the record's present setting, where they must have the role
// of inspector, and ends by hand, when the record closes or moves away, or with that
// role. Whoever manages the record may, for no longer than they do. Its faults name
// the fields to, from, until and why.
func OpenToInspector(ctx context.Context, db *pg.DB, actor access.Actor, o Opening) (int64, error) {
	var id int64
	about := audit.Act{Action: access.GiveGrant, Target: audit.Target{Record: o.Record}, Detail: audit.Detail{"to": o.To, "basis": "inspector-pass"}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		s, err := siteOf(ctx, tx, o.Record)
		if err != nil {
			return err
		}
		if !OpensToInspectors(s.kind) {
			return fault.New(fault.Conflict, "Inspectors see this kind of record by their role.")
		}
		if o.From.Before(tx.Now) && !clock.DayOf(o.From).Before(clock.DayOf(tx.Now)) || o.From.IsZero() {
			o.From = tx.Now
		}
		if err := o.allowed(ctx, tx, s); err != nil {
			return err
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from, valid_until)
			values (@id, @to, @scope, @record, @mask, @rights, 'inspector-pass', @home, @by, @why, @from, @until)`,
			pgx.NamedArgs{"id": id, "to": o.To, "scope": access.AtRecord, "record": o.Record, "rights": access.Read, "mask": access.MaskOf(access.ClassOf(s.kind, access.General)),
				"home": s.home, "by": actor.ID, "why": o.Why, "from": o.From, "until": o.Until})
		tx.Record(about)
		return err
	})
	return id, err
}

// allowed checks an opening.
func (o Opening) allowed(ctx context.Context, tx *audit.Tx, s site) error {
	if !s.open {
		return fault.New(fault.Conflict, "This record is closed. Open it again first.")
	}
	wrong := append(wrongDays(tx.Now, o.From, o.Until), wrongText("why", "Enter a reason.", o.Why)...)
	switch {
	case o.Until.IsZero():
		wrong = append(wrong, fault.Field{Name: "until", Problem: "Enter the last day on which they read it."})
	case o.Until.After(clock.DayOf(o.From).Plus(longestOpen).Start()):
		wrong = append(wrong, fault.Field{Name: "until", Problem: "A record is opened for 31 days at most. Enter an earlier day; you can open it again."})
	}
	var inspects, already bool
	var mine *time.Time
	err := tx.QueryRow(ctx, `
		select exists (select from app.role_held where actor_id = @to and home_id = @home and role = @role and from_at <= greatest(now(), @from) and until_at > greatest(now(), @from)),
			exists (select from app.grants where actor_id = @to and scope = @scope and scope_id = @record and basis = 'inspector-pass' and valid_until > now()),
			(select case when max(valid_until) < 'infinity' then max(valid_until) end from app.grants where actor_id = @me and rights & @manage <> 0 and valid_from <= now() and valid_until > now()
				and (scope = 0 and scope_id = @provider or scope = 1 and scope_id = @home))`,
		pgx.NamedArgs{"to": o.To, "home": s.home, "role": Inspector, "record": o.Record, "scope": access.AtRecord, "from": o.From, "me": tx.Actor.ID, "manage": access.Manage,
			"provider": s.provider}).Scan(&inspects, &already, &mine)
	if err != nil {
		return err
	}
	if !inspects {
		wrong = append(wrong, fault.Field{Name: "to", Problem: "Only somebody who has the role of inspector at the record’s setting on that day can be let in. Give them the role there first."})
	}
	if err := fault.Bad(wrong); err != nil {
		return err
	}
	if already {
		return fault.At(fault.Conflict, "to", "This record is open to this inspector already. End that first, or leave it as it is.")
	}
	if mine != nil && o.Until.After(*mine) {
		return tooLong(*mine)
	}
	return nil
}
