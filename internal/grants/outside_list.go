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

// Outside is one access outside a role: who asked for what and why, and what came
// of it. RecordName and HomeName are "" where the reader may not see the record.
type Outside struct {
	ID                   int64
	Record               int64
	RecordName, HomeName string
	Actor                int64
	Name, Post           string // of whoever asked
	Reason               OutsideReason
	Colleague, Words     string
	Section              access.Section
	Span                 Span
	Asked                time.Time
	Letter               string
	From, Until          *time.Time // nil where nothing was given
	Decided              *time.Time // about the longer time
	Approved             bool
	DecidedBy            string
	DecidedWhy           string
	Stopped              *time.Time // ended before its time, or taken back
	StoppedBy            string
	StoppedWhy           string
	Verdict              string // of the first review: accepted, escalated; "" for none
	Reviewed             *time.Time
	ReviewedBy           string
	ReviewedWhy          string
	Judgement            string // of an escalated one: accepted, wrong; "" for none
	Judged               *time.Time
	JudgedBy             string
	JudgedWhy            string
	Noted                bool // what oversight came to is written
}

// Running tells whether it is open at a moment.
func (o Outside) Running(now time.Time) bool { return o.Until != nil && o.Until.After(now) }

// Waits tells whether a manager has still to say whether it may last longer.
func (o Outside) Waits() bool { return o.Span != ForDay && o.Decided == nil && o.Stopped == nil }

// Over tells whether it was given and has ended, so that it can be judged.
func (o Outside) Over(now time.Time) bool { return o.Until != nil && !o.Until.After(now) }

// Settled tells whether it is said for good whether it was right.
func (o Outside) Settled() bool { return o.Verdict == "accepted" || o.Judgement != "" }

// Owes tells whether what oversight came to is still to be written.
func (o Outside) Owes() bool { return o.Reason == ForOversight && !o.Noted && o.From != nil }

const outsideColumns = `
	a.id, a.record_id, coalesce(r.name, ''), coalesce(h.name, ''), a.actor_id, coalesce(p.name, ''), coalesce(p.post_title, ''), a.reason, a.colleague, a.words, a.section, a.wanted, a.asked_at, a.letter,
	g.from_at, g.until_at, d.at, coalesce(d.approved, false), coalesce((select x.name from app.actor x where x.id = d.by_actor), ''), coalesce(d.why, ''),
	e.at, coalesce((select x.name from app.actor x where x.id = e.by_actor), ''), coalesce(e.why, ''),
	coalesce(v.verdict, ''), v.at, coalesce((select x.name from app.actor x where x.id = v.by_actor), ''), coalesce(v.why, ''),
	coalesce(w.verdict, ''), w.at, coalesce((select x.name from app.actor x where x.id = w.by_actor), ''), coalesce(w.why, ''),
	exists (select from app.outside_note n where n.access_id = a.id and n.kind = 'oversight')`

const outsideTables = `
	from app.outside_access a
	left join app.record r on r.id = a.record_id
	left join app.home h on h.id = r.home_id
	left join app.actor p on p.id = a.actor_id
	left join app.outside_decision d on d.access_id = a.id
	left join app.outside_ending e on e.access_id = a.id
	left join app.outside_review v on v.access_id = a.id and v.level = 1
	left join app.outside_review w on w.access_id = a.id and w.level = 2
	left join lateral (select min(g.valid_from) as from_at, max(g.valid_until) as until_at from app.grants g where g.id in (a.grant_id, d.grant_id)) g on true`

func outsides(ctx context.Context, tx *pg.Tx, sql string, args pgx.NamedArgs) ([]Outside, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Outside])
}

// Which of them a list shows.
type Which string

// The lists: of everybody's that the actor answers for or audits, those that wait
// for somebody, those that were escalated; and the actor's own.
const (
	AllOutside       Which = "all"
	OpenOutside      Which = "open"
	EscalatedOutside Which = "escalated"
	OwnOutside       Which = "own"
)

// Outsides lists accesses outside a role, newest first, those before the one with
// id before (0 for the first page), at most limit. Looking is recorded.
func Outsides(ctx context.Context, db *pg.DB, actor access.Actor, which Which, before int64, limit int) ([]Outside, error) {
	var list []Outside
	about := audit.Act{Action: access.ListOutside, Detail: audit.Detail{"which": which}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if which != OwnOutside {
			if err := attends(ctx, tx.Reader()); err != nil {
				return err
			}
		}
		list, err = outsides(ctx, tx.Reader(), `select `+outsideColumns+outsideTables+`
			where (@which = 'own') = (a.actor_id = @me) and a.provider_id = @provider and (@before::bigint = 0 or a.id < @before)
				and (@which <> 'open' or (v.verdict is null or v.verdict = 'escalated' and w.verdict is null or g.until_at > statement_timestamp()) and not (g.until_at is null and (e.at is not null or d.approved is false)))
				and (@which <> 'escalated' or v.verdict = 'escalated')
			order by a.id desc limit @limit`,
			pgx.NamedArgs{"me": actor.ID, "provider": actor.Provider, "which": which, "before": before, "limit": limit})
		tx.Record(about)
		return err
	})
	return list, err
}

// attends refuses whoever neither answers for records nor audits them.
func attends(ctx context.Context, tx *pg.Tx) error {
	rights, err := tx.Rights(ctx)
	if err == nil && !Attends(rights) {
		err = fault.NotThere()
	}
	return err
}

// Attends tells whether somebody answers for records, or audits them: then they
// see who had access outside their role.
func Attends(r access.Rights) bool {
	return access.Anywhere(r, func(g access.Grant) bool {
		return g.Rights&(access.Manage|access.Audit) != 0 || g.Scope == access.AtProvider && g.Rights&(access.Approve|access.Disclose) != 0
	})
}

// OutsideOne is one access with what was looked at during it, and what the reader
// may do about it.
type OutsideOne struct {
	Outside
	Own                                    bool
	Notes                                  []OutsideNote
	Looks                                  int      // how often they looked at the record or tried to, meanwhile
	Looked                                 []Looked // at what; what was looked at last comes first
	MoreLooked                             bool     // Looked does not hold all of it
	MayDecide, MayEnd, MayReview, MayJudge bool
}

// OutsideOf gives one of them. Looking is recorded.
func OutsideOf(ctx context.Context, db *pg.DB, actor access.Actor, id int64) (OutsideOne, error) {
	var o OutsideOne
	about := audit.Act{Action: access.ViewOutside, Detail: audit.Detail{"access": id}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if o, err = one(ctx, tx.Reader(), id); err != nil {
			return err
		}
		if o.Notes, err = notes(ctx, tx.Reader(), `where n.access_id = @id order by n.id`, pgx.NamedArgs{"id": id}); err != nil {
			return err
		}
		if o.From != nil {
			if err = o.look(ctx, tx.Reader()); err != nil {
				return err
			}
		}
		about.Target = audit.Target{Record: o.Record}
		tx.Record(about)
		return nil
	})
	return o, err
}

func one(ctx context.Context, tx *pg.Tx, id int64) (OutsideOne, error) {
	list, err := outsides(ctx, tx, `select `+outsideColumns+outsideTables+` where a.id = @id`, pgx.NamedArgs{"id": id})
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return OutsideOne{}, err
	}
	o := OutsideOne{Outside: list[0]}
	o.Own = access.ActorID(o.Actor) == tx.Actor.ID
	var answers, wide bool
	var judge string
	err = tx.QueryRow(ctx, `
		select app.answers_for(@record, app.shields()), app.answers_wide(@record, app.shields()),
			coalesce((select v.by_actor::text from app.outside_review v where v.access_id = @id and v.level = 1), '')`,
		pgx.NamedArgs{"record": o.Record, "id": id}).Scan(&answers, &wide, &judge)
	live := o.Running(tx.Now) || o.Waits()
	o.MayDecide = answers && !o.Own && o.Waits() && !o.Settled()
	o.MayEnd = (answers || o.Own) && live && o.Stopped == nil
	o.MayReview = answers && !o.Own && o.From != nil && o.Verdict == ""
	o.MayJudge = wide && !o.Own && o.Verdict == "escalated" && o.Judgement == "" && judge != actorText(tx.Actor.ID)
	return o, err
}

// LeastLacking is the least section, from one up to another, of a record that the
// actor does not read: the one to begin at where they read all of them, or may not
// see the record, of which nothing is told. It leaves no footprint.
func LeastLacking(ctx context.Context, db *pg.DB, actor access.Actor, record int64, from, upto access.Section) (access.Section, error) {
	least := from
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		var p access.Place
		var kind access.RecordKind
		err := tx.QueryRow(ctx, `select provider_id, coalesce(home_id, 0), kind from app.record where id = @id`, pgx.NamedArgs{"id": record}).Scan(&p.Provider, &p.Home, &kind)
		if pg.None(err) {
			return nil
		}
		if err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		p.Record = record
		for s := from; s <= upto; s++ {
			p.Class = access.ClassOf(kind, s)
			if _, reads := access.Decide(rights, access.ViewDocument, p); !reads {
				least = s
				return nil
			}
		}
		return nil
	})
	return least, err
}
