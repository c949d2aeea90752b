package versions

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

// statement is something said about when a version holds. The standings that
// follow from it are told by the database, in the same transaction.
type statement struct {
	document int64
	version  *int64 // nil: the document is withdrawn
	kind     string // told, corrected, withdrawn
	from, to time.Time
	why      string
}

func say(ctx context.Context, tx *audit.Tx, s statement) error {
	_, err := tx.Exec(ctx, `
		insert into app.statement (document_id, version_id, kind, in_from, in_to, why, said_by)
		values (@document, @version, @kind, @from, @to, @why, @by)`,
		pgx.NamedArgs{"document": s.document, "version": s.version, "kind": s.kind, "from": s.from, "to": end(s.to), "why": s.why, "by": tx.Actor.ID})
	return err
}

// end gives a period's end as PostgreSQL takes it; the zero time is no end.
func end(t time.Time) any {
	if t.IsZero() {
		return "infinity"
	}
	return t
}

// Approval is what a manager says when approving.
type Approval struct {
	InForceFrom string // the day from which it holds; empty: as its author said
	Note        string
}

// notToApprove refuses an approval that makes no sense, or of one's own work.
func notToApprove(needed, own, approved bool) *fault.Fault {
	switch {
	case !needed:
		return fault.New(fault.Conflict, "Documents of this kind need no approval.")
	case own:
		return fault.New(fault.Forbidden, "You wrote this version, so somebody else must approve it.")
	case approved:
		return fault.New(fault.Conflict, "This version is approved already.")
	}
	return nil
}

// notToCorrect refuses to correct what nothing has been said of.
func notToCorrect(told bool) *fault.Fault {
	if told {
		return nil
	}
	return fault.New(fault.Conflict, "This version has not been approved, so there is no date to correct yet.")
}

// Approve approves a version. It must be a person, with the right to, and
// another than the author. The version is in force from its day on, which may
// lie behind or ahead.
func (k *Keeper) Approve(ctx context.Context, actor access.Actor, t Target, a Approval) (Document, Detailed, error) {
	err := k.about(ctx, actor, access.ApproveVersion, t, noApproving, func(tx *audit.Tx, d found, v version) error {
		if no := notToApprove(d.NeedsApproval, v.own, v.approved); no != nil {
			return no
		}
		from := v.from
		if a.InForceFrom != "" {
			day, err := clock.ParseDay(a.InForceFrom)
			if err != nil {
				return fault.Bad([]fault.Field{{Name: "in_force_from", Problem: noDay("in_force_from")}})
			}
			if from = day.Start(); !v.to.IsZero() && !from.Before(v.to) {
				return fault.Bad([]fault.Field{{Name: "in_force_from", Problem: "This day lies after the last day on which its author says it holds. Enter an earlier one."}})
			}
		}
		if err := fault.Bad(checkText("note", a.Note)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			insert into app.decision (document_id, version_id, verdict, by_actor, post_title, note, at)
			values (@document, @version, 'approved', @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''), @note, @now)`,
			pgx.NamedArgs{"document": d.ID, "version": v.id, "by": actor.ID, "note": a.Note, "now": tx.Now})
		if err != nil {
			return err
		}
		tx.Record(audit.Act{Action: access.ApproveVersion, Target: audit.Target{Version: v.id}, Detail: audit.Detail{"in_force_from": clock.DayOf(from).String()}})
		return say(ctx, tx, statement{d.ID, &v.id, "told", from, v.to, ""})
	})
	if err != nil {
		return Document{}, Detailed{}, err
	}
	return k.get(ctx, actor, t)
}

// Correction says from which day a version really held. What was said before
// stays, and still answers for the time before the correction.
type Correction struct {
	InForceFrom string
	InForceTo   string // the last day; empty: until superseded
	Why         string
}

// CorrectDate corrects the dates of a version that has been told to be in force.
func (k *Keeper) CorrectDate(ctx context.Context, actor access.Actor, t Target, c Correction) (Document, Detailed, error) {
	f, err := Entry{InForceFrom: c.InForceFrom, InForceTo: c.InForceTo}.read(Kind{}, time.Now())
	if bad := fault.CheckLine("why", c.Why); len(bad) > 0 {
		if e, ok := fault.Of(err); ok {
			bad = append(e.Fields, bad...)
		}
		err = fault.Bad(bad)
	}
	if err != nil {
		return Document{}, Detailed{}, err
	}
	err = k.about(ctx, actor, access.CorrectDate, t, noCorrecting, func(tx *audit.Tx, d found, v version) error {
		if no := notToCorrect(v.told); no != nil {
			return no
		}
		tx.Record(audit.Act{Action: access.CorrectDate, Target: audit.Target{Version: v.id}, Detail: audit.Detail{"in_force_from": c.InForceFrom, "in_force_to": c.InForceTo}})
		return say(ctx, tx, statement{d.ID, &v.id, "corrected", f.from, f.to, c.Why})
	})
	if err != nil {
		return Document{}, Detailed{}, err
	}
	return k.get(ctx, actor, t)
}

// Withdraw ends a document from a day on: none of the versions told so far is
// in force from then, and a later version can still be added.
func (k *Keeper) Withdraw(ctx context.Context, actor access.Actor, id int64, from, why string) error {
	day, err := clock.ParseDay(from)
	bad := fault.CheckLine("why", why)
	if err != nil {
		bad = append(bad, fault.Field{Name: "from", Problem: noDay("from")})
	}
	if err := fault.Bad(bad); err != nil {
		return err
	}
	about := audit.Act{Action: access.Withdraw, Target: audit.Target{Document: id}, Detail: audit.Detail{"from": from}}
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "document", id); err != nil {
			return err
		}
		d, err := document(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if err := permit(ctx, tx.Reader(), access.Withdraw, d.place, noWithdrawing); err != nil {
			return err
		}
		tx.Record(about)
		return say(ctx, tx, statement{id, nil, "withdrawn", day.Start(), time.Time{}, why})
	})
}

// version is what decisions about a version need to know of it.
type version struct {
	id             int64
	own            bool // the actor wrote it, or the same content before it was restored
	from, to       time.Time
	approved, told bool
}

// about runs fn, under the document's lock, on a version that the actor sees
// and may do a to.
func (k *Keeper) about(ctx context.Context, actor access.Actor, a access.Action, t Target, no string, fn func(*audit.Tx, found, version) error) error {
	about := audit.Act{Action: a, Target: audit.Target{Document: t.Document}, Detail: audit.Detail{"number": t.Number}}
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "document", t.Document); err != nil {
			return err
		}
		d, err := document(ctx, tx.Reader(), t.Document)
		if err != nil {
			return err
		}
		var v version
		var to *time.Time
		err = tx.QueryRow(ctx, `
			select v.id, v.wanted_from, nullif(v.wanted_to, 'infinity'),
				exists (select from app.version o where o.document_id = v.document_id and o.sha256 = v.sha256 and o.author_id = @actor),
				exists (select from app.decision x where x.version_id = v.id and x.verdict = 'approved'),
				exists (select from app.statement s where s.version_id = v.id)
			from app.version v where v.document_id = @document and v.number = @number`,
			pgx.NamedArgs{"document": t.Document, "number": t.Number, "actor": actor.ID}).Scan(&v.id, &v.from, &to, &v.own, &v.approved, &v.told)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		if to != nil {
			v.to = *to
		}
		if err := permit(ctx, tx.Reader(), a, d.place, no); err != nil {
			return err
		}
		return fn(tx, d, v)
	})
}
