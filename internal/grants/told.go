package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Told is one grant, as it is told to whoever may know of it: whose, what it lets
// them do and where, from when to when, by whom and why, and why it ended.
type Told struct {
	Grant        int64
	Actor        access.ActorID
	Name, Post   string
	Kind         access.Kind
	Basis        string
	Role         Role // "" where it does not come from a role
	Scope        access.Scope
	ScopeID      int64
	Place        string // the provider or the setting; of a record the setting it lies at
	Mask         access.Mask
	Rights       access.Right
	From         time.Time
	Until        *time.Time // nil while no end is set
	By, Why      string     // By is "" where Custodian itself gave it
	Group        string
	Handed       bool // handed on by the holder of the role
	Held         int64
	Record       int64 // what it is about, 0 where it covers a place
	RecordKind   access.RecordKind
	RecordName   string // "" where the reader may not know it
	EndedBy, How string // How: role, by-hand, role-ended, record-moved, record-closed, consent-ended, left; "" for its day
	EndedWhy     string
	Shielded     bool // the record is hidden from them, whatever they hold
}

const toldColumns = `
	grant_id, actor_id, name, post_title, kind, basis, role, scope, scope_id, place, mask, rights, from_at, nullif(until_at, 'infinity'), given_by, why, group_name, delegated,
	coalesce(role_held_id, 0), coalesce(record_id, 0), coalesce(record_kind, 0), coalesce(record_name, ''), ended_by, ended_how, ended_why, shielded`

// AccessOf gives what somebody could see at some time in a period, grant by grant,
// oldest first: to themselves, to whoever keeps the provider's people or sees who
// did what everywhere, and of one setting to whoever keeps its people. What happens
// to a grant later is told as it is known now. Looking is recorded.
func AccessOf(ctx context.Context, db *pg.DB, actor access.Actor, who access.ActorID, from, until time.Time) ([]Told, error) {
	var list []Told
	about := audit.Act{Action: access.ViewAccess, Detail: audit.Detail{"actor": who, "on": clock.DayOf(from).String()}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		list, err = told(ctx, tx, `select `+toldColumns+` from app.access_of(@about, @from, @until) order by from_at, grant_id`, int64(who), from, until)
		tx.Record(about)
		return err
	})
	return list, err
}

// AccessTo gives who could see anything of a record at some time in a period, grant
// by grant, by name. It is for whoever manages or audits the record. Looking is
// recorded.
func AccessTo(ctx context.Context, db *pg.DB, actor access.Actor, record int64, from, until time.Time) ([]Told, error) {
	var list []Told
	about := audit.Act{Action: access.ViewAccess, Target: audit.Target{Record: record}, Detail: audit.Detail{"on": clock.DayOf(from).String()}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if list, err = told(ctx, tx, `select `+toldColumns+` from app.access_to(@about, @from, @until) order by name, actor_id, from_at, grant_id`, record, from, until); err != nil {
			return err
		}
		if len(list) == 0 {
			var may bool
			if err := tx.QueryRow(ctx, `select app.may_ask_of(@about)`, pgx.NamedArgs{"about": record}).Scan(&may); err != nil {
				return err
			}
			if !may {
				return fault.NotThere()
			}
		}
		tx.Record(about)
		return nil
	})
	return list, err
}

func told(ctx context.Context, tx *audit.Tx, sql string, about int64, from, until time.Time) ([]Told, error) {
	rows, err := tx.Query(ctx, sql, pgx.NamedArgs{"about": about, "from": from, "until": until})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Told])
}
