package grants

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

func actorText(id access.ActorID) string { return strconv.FormatInt(int64(id), 10) }

// actOn runs an act about one access that the actor may see and may do. Two who
// act on one access at the same time wait for one another.
func actOn(ctx context.Context, db *pg.DB, actor access.Actor, a access.Action, id int64, detail audit.Detail, may func(OutsideOne) bool, cannot string, do func(*audit.Tx, OutsideOne) error) error {
	if detail == nil {
		detail = audit.Detail{}
	}
	detail["access"] = id
	about := audit.Act{Action: a, Detail: detail}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "outside-access", id); err != nil {
			return err
		}
		o, err := one(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if !may(o) {
			return fault.New(fault.Conflict, cannot)
		}
		about.Target = audit.Target{Record: o.Record}
		tx.Record(about)
		return do(tx, o)
	})
}

// DecideOutside says whether somebody may have the longer time that they asked
// for. Whoever answers for the record may, but never about their own request.
func DecideOutside(ctx context.Context, db *pg.DB, actor access.Actor, id int64, approve bool, why string) error {
	if err := fault.Bad(fault.CheckLine("why", why)); err != nil {
		return err
	}
	return actOn(ctx, db, actor, access.DecideOutside, id, audit.Detail{"approved": approve}, func(o OutsideOne) bool { return o.MayDecide },
		"There is nothing for you to decide here: somebody else has, it was taken back, or you asked for it yourself.", func(tx *audit.Tx, o OutsideOne) error {
			var grant int64
			var err error
			if approve {
				if grant, err = tx.NewID(ctx); err != nil {
					return err
				}
			}
			_, err = tx.Exec(ctx, `insert into app.outside_decision (access_id, approved, by_actor, why, grant_id) values (@id, @approve, @me, @why, @grant)`,
				pgx.NamedArgs{"id": id, "approve": approve, "me": actor.ID, "why": why, "grant": pg.Null(grant)})
			if err == nil && approve {
				err = lend(ctx, tx, id, grant, o.Span)
			}
			return err
		})
}

// EndOutside ends an access now, or takes a request back. Whoever has it may, and
// whoever answers for the record.
func EndOutside(ctx context.Context, db *pg.DB, actor access.Actor, id int64, why string) error {
	if err := fault.Bad(fault.CheckLine("why", why)); err != nil {
		return err
	}
	return actOn(ctx, db, actor, access.EndOutside, id, nil, func(o OutsideOne) bool { return o.MayEnd }, "This access has ended already.", func(tx *audit.Tx, _ OutsideOne) error {
		_, err := tx.Exec(ctx, `insert into app.outside_ending (access_id, by_actor, why) values (@id, @me, @why)`, pgx.NamedArgs{"id": id, "me": actor.ID, "why": why})
		return err
	})
}

// ReviewOutside says whether an access was right. The first to answer for the
// record accepts it, once it is over and what it asks for is written, or
// escalates it at any time; what is escalated somebody else judges, who answers
// for the whole provider: accepted after all, or wrong. What settles it is said when
// nothing runs and nothing waits for a decision any more: nothing comes of an access
// after its review.
func ReviewOutside(ctx context.Context, db *pg.DB, actor access.Actor, id int64, verdict, why string) error {
	bad := checkText("why", "Enter the reason.", why, 1000)
	if verdict != "accepted" && verdict != "escalated" && verdict != "wrong" {
		bad = append([]fault.Field{{Name: "verdict", Problem: "Choose what you found."}}, bad...)
	}
	if err := fault.Bad(bad); err != nil {
		return err
	}
	return actOn(ctx, db, actor, access.ReviewOutside, id, audit.Detail{"verdict": verdict}, func(o OutsideOne) bool { return o.MayReview || o.MayJudge },
		"There is nothing for you to review here: somebody else has, or it was your own.", func(tx *audit.Tx, o OutsideOne) error {
			level := 1
			if o.MayJudge {
				level = 2
			}
			switch {
			case level == 1 && verdict == "wrong" || level == 2 && verdict == "escalated":
				return fault.Bad([]fault.Field{{Name: "verdict", Problem: "Choose what you found."}})
			case verdict != "escalated" && !o.Over(tx.Now):
				return fault.At(fault.Conflict, "verdict", "It is still running, so more may be looked at. End it first, or say what you found when it is over.")
			case verdict != "escalated" && o.Waits():
				return fault.At(fault.Conflict, "verdict", "They asked for a longer time, and nobody has decided about that. Decide first, so that nothing is looked at after the review.")
			case level == 1 && verdict == "accepted" && o.Owes():
				return fault.At(fault.Conflict, "verdict", "What the oversight came to is not written yet. Accept it when it is, or escalate it.")
			}
			_, err := tx.Exec(ctx, `insert into app.outside_review (access_id, level, verdict, why, by_actor) values (@id, @level, @verdict, @why, @me)`,
				pgx.NamedArgs{"id": id, "level": level, "verdict": verdict, "why": why, "me": actor.ID})
			return err
		})
}

// WriteOversight writes on the record what management oversight came to. Whoever
// had the access may, also when it is over: late is better than never, and the
// date shows it.
func WriteOversight(ctx context.Context, db *pg.DB, actor access.Actor, id int64, o Oversight) error {
	if err := fault.Bad(o.Wrong()); err != nil {
		return err
	}
	return actOn(ctx, db, actor, access.NoteOutside, id, nil, func(x OutsideOne) bool { return x.Own && x.Reason == ForOversight && x.From != nil },
		"Only the person who gave the oversight writes what it came to.", func(tx *audit.Tx, x OutsideOne) error { return oversee(ctx, tx, id, x.Record, o) })
}

// OutsideNote is what stands on a record about an access outside a role: the
// letter, or what oversight came to.
type OutsideNote struct {
	ID         int64
	Access     int64
	At         time.Time
	Kind       string // letter, oversight
	Reason     OutsideReason
	Name, Post string
	Letter     string
	Oversight  Oversight
	Linked     bool // the reader may see the access itself
}

func notes(ctx context.Context, tx *pg.Tx, which string, args pgx.NamedArgs) ([]OutsideNote, error) {
	rows, err := tx.Query(ctx, `
		select n.id, n.access_id, n.at, n.kind, n.reason, coalesce(p.name, ''), coalesce(p.post_title, ''), n.letter, n.discussion, n.analysis, n.direction, n.actions,
			exists (select from app.outside_access a where a.id = n.access_id)
		from app.outside_note n left join app.actor p on p.id = n.actor_id `+which, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (OutsideNote, error) {
		var n OutsideNote
		err := row.Scan(&n.ID, &n.Access, &n.At, &n.Kind, &n.Reason, &n.Name, &n.Post, &n.Letter, &n.Oversight.Discussion, &n.Oversight.Analysis, &n.Oversight.Direction, &n.Oversight.Actions, &n.Linked)
		return n, err
	})
}

// NotesOn gives the notes on a record about accesses outside a role, newest
// first, those before the one with id before (0 for the first page), at most
// limit. Looking is recorded.
func NotesOn(ctx context.Context, db *pg.DB, actor access.Actor, record, before int64, limit int) ([]OutsideNote, error) {
	var list []OutsideNote
	about := audit.Act{Action: access.ReadOutside, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		s, rights, err := whereIs(ctx, tx.Reader(), record)
		if err != nil {
			return err
		}
		if _, ok := access.DecideRecord(rights, access.ReadOutside, s.place(record)); !ok {
			return fault.New(fault.Forbidden, "Only somebody who reads this file can read the notes on it. Ask its manager.")
		}
		list, err = notesOn(ctx, tx.Reader(), record, before, limit)
		tx.Record(about)
		return err
	})
	return list, err
}

func notesOn(ctx context.Context, tx *pg.Tx, record, before int64, limit int) ([]OutsideNote, error) {
	return notes(ctx, tx, `where n.record_id = @record and (@before::bigint = 0 or n.id < @before) order by n.id desc limit @limit`,
		pgx.NamedArgs{"record": record, "before": before, "limit": limit})
}

// OnRecord is what the page of a record says about access outside a role.
type OnRecord struct {
	Notes     []OutsideNote // the newest
	Mine      *Outside      // the reader's own that is running
	MayAsk    bool          // the reader could ask for more
	MayShield bool          // the reader looks after its shields
}

// OutsideOn tells it. It leaves no footprint: it is asked beside an act that does.
func OutsideOn(ctx context.Context, db *pg.DB, actor access.Actor, record int64, limit int) (OnRecord, error) {
	var o OnRecord
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		if o.Notes, err = notesOn(ctx, tx, record, 0, limit); err != nil {
			return err
		}
		mine, err := outsides(ctx, tx, `select `+outsideColumns+outsideTables+`
			where a.actor_id = @me and a.record_id = @record and g.until_at > statement_timestamp() order by g.until_at desc limit 1`, pgx.NamedArgs{"me": actor.ID, "record": record})
		if err != nil {
			return err
		}
		if len(mine) > 0 {
			o.Mine = &mine[0]
		}
		var kind access.RecordKind
		var p access.Place
		err = tx.QueryRow(ctx, `select r.kind, r.provider_id, coalesce(r.home_id, 0), app.may_break(r.id), app.answers_for(r.id, app.own_shields()) from app.record r where r.id = @record`,
			pgx.NamedArgs{"record": record}).Scan(&kind, &p.Provider, &p.Home, &o.MayAsk, &o.MayShield)
		if err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		p.Record, p.Class = record, access.ClassOf(kind, access.Restricted)
		if _, all := access.Decide(rights, access.ViewDocument, p); all {
			o.MayAsk = false
		}
		o.MayShield = o.MayShield && kind != access.Library
		return nil
	})
	return o, err
}
