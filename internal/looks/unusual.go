package looks

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
)

// The rules by which looks are out of the ordinary. They are reasons to look, and
// prove nothing; docs/design/looks.md says how they were chosen.
const (
	Opens      = 6  // o'clock in London: from here to Shuts somebody who works by day may look without a question
	Shuts      = 23 // o'clock
	FloorLooks = 30 // fewer looks in a day than this are never too many
	TimesUsual = 3  // more than this times the middle of what the same role looks at in a day are too many
	Often      = 3  // accesses outside one's role within a month
	UsualDays  = 28 // the period, where none is chosen
	MostDays   = 92 // and the longest
)

// onShift are the roles of those who work at night too.
func onShift() []string { return []string{string(grants.MemberOfStaff), "shift-lead", "key-worker"} }

// notStaff are the roles of those whom the records are about: they look at their
// own, whenever they like.
func notStaff() []string { return []string{"young-person", "parent"} }

// Unusual is something out of the ordinary, with the figures of its reason.
type Unusual struct {
	Rule           string // hours, volume, surname, left, outside
	Key            string // names it: the same acts have the same key each time
	ActorID        int64
	Actor, Post    string
	Role           grants.Role
	Record         *int64
	RecordName     string
	Kind           *access.RecordKind
	Home           string
	Looks, Refused int
	Usual          *float64
	FirstAt        time.Time
	LastAt         time.Time
	Since          *time.Time // when they left
	Footprint      int64
	MayMark        bool  // the reader may say what came of it: they answer for the record
	Into           *Into `db:"-"` // what came of looking into it, nil while nobody has

	IntoOutcome, IntoWords, IntoBy string
	IntoAt                         *time.Time
}

// Into is that somebody looked into it.
type Into struct {
	Outcome, Words, By string
	At                 time.Time
}

// Period is some days, the last in it.
type Period struct{ From, Until clock.Day }

// Bounds are its moments.
func (p Period) Bounds() (from, until time.Time) { return p.From.Start(), p.Until.Next().Start() }

// LastDays is the period of the last days up to today.
func LastDays(n int, today clock.Day) Period { return Period{today.Plus(1 - n), today} }

const unusual = `
	select u.rule, u.key, u.actor_id, ` + audit.ActorName + ` as actor, coalesce(a.post_title, '') as post, u.role, u.record_id as record, coalesce(r.name, '') as record_name,
		(f.class / 3)::smallint as kind, coalesce(h.name, '') as home, u.looks, u.refused, u.usual::float8 as usual, u.first_at, u.last_at, u.since, u.footprint_id as footprint,
		coalesce(app.answers_for(f.record_id, app.shields()), false) as may_mark,
		coalesce(i.outcome, '') as into_outcome, coalesce(i.words, '') as into_words, coalesce(i.by, '') as into_by, i.at as into_at
	from app.unusual(@from, @until, @opens::time, @shuts::time, @floor, @times, @shift, @not_staff, @often) u
	left join app.actor a on a.id = u.actor_id
	left join app.record r on r.id = u.record_id
	left join app.home h on h.id = u.home_id
	left join app.footprint f on f.id = u.footprint_id
	left join lateral (select l.outcome, l.words, l.at, (select b.name from app.actor b where b.id = l.by_actor) as by from app.looked_into l where l.key = u.key order by l.id desc limit 1) i on true`

func unusualArgs(p Period) pgx.NamedArgs {
	from, until := p.Bounds()
	hour := func(n int) string { return time.Date(0, 1, 1, n, 0, 0, 0, time.UTC).Format(time.TimeOnly) }
	return pgx.NamedArgs{"from": from, "until": until, "opens": hour(Opens), "shuts": hour(Shuts), "floor": FloorLooks, "times": TimesUsual, "shift": onShift(), "not_staff": notStaff(), "often": Often}
}

// OutOfOrdinary lists what is out of the ordinary in a period among the looks that
// the reader audits and did not leave themselves, newest first: those after the one
// named by a key ("" for the first part). Looking is recorded.
func OutOfOrdinary(ctx context.Context, db *audit.DB, actor access.Actor, p Period, after string, limit int) ([]Unusual, error) {
	var list []Unusual
	from, until := p.Bounds()
	about := audit.Act{Action: access.ListUnusual, Detail: Filter{From: from, Until: until}.detail(nil)}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := needAudit(ctx, tx.Reader()); err != nil {
			return err
		}
		args := unusualArgs(p)
		args["after"], args["limit"] = after, limit
		rows, err := tx.Query(ctx, `with u as materialized (`+unusual+`)
			select * from u where @after::text = '' or (u.last_at, u.key) < (select b.last_at, b.key from u b where b.key = @after)
			order by u.last_at desc, u.key desc limit @limit`, args)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Unusual])
		settle(list)
		tx.Record(about)
		return err
	})
	return list, err
}

func settle(list []Unusual) {
	for i := range list {
		if u := &list[i]; u.IntoAt != nil {
			u.Into = &Into{u.IntoOutcome, u.IntoWords, u.IntoBy, *u.IntoAt}
		}
	}
}

// GetUnusual gives one thing out of the ordinary, found anew, to whoever may say
// what came of it. Looking is recorded.
func GetUnusual(ctx context.Context, db *audit.DB, actor access.Actor, p Period, key string) (Unusual, error) {
	var u Unusual
	err := audit.Do(ctx, db, actor, audit.Act{Action: access.LookInto}, func(tx *audit.Tx) (err error) {
		u, err = one(ctx, tx, p, key)
		tx.Record(audit.Act{Action: access.ListUnusual})
		return err
	})
	return u, err
}

func one(ctx context.Context, tx *audit.Tx, p Period, key string) (Unusual, error) {
	args := unusualArgs(p)
	args["key"] = key
	rows, err := tx.Query(ctx, unusual+` where u.key = @key`, args)
	if err != nil {
		return Unusual{}, err
	}
	u, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Unusual])
	if err = orNotThere(err); err != nil {
		return u, err
	}
	if !u.MayMark {
		return u, fault.NotThere()
	}
	list := []Unusual{u}
	settle(list)
	return list[0], nil
}

// LookInto writes down what came of looking into something out of the ordinary.
// Whoever answers for the record may; whoever audits or inspects reads it. It can be
// said again; the last word is shown, and all are kept.
func LookInto(ctx context.Context, db *audit.DB, actor access.Actor, p Period, key, result, words string) error {
	return audit.Do(ctx, db, actor, audit.Act{Action: access.LookInto}, func(tx *audit.Tx) error {
		u, err := one(ctx, tx, p, key)
		if err != nil {
			return err
		}
		var wrong []fault.Field
		if !outcome(result) {
			wrong = append(wrong, fault.Field{Name: "outcome", Problem: "Choose what came of it."})
		}
		if err := fault.Bad(append(wrong, checkWords("words", words, "Say what you found.", 2000)...)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.looked_into (key, footprint_id, about_actor, outcome, words, by_actor) values (@key, @footprint, @about, @outcome, @words, @me)`,
			pgx.NamedArgs{"key": u.Key, "footprint": u.Footprint, "about": u.ActorID, "outcome": result, "words": words, "me": actor.ID})
		tx.Record(audit.Act{Action: access.LookInto, Detail: audit.Detail{"key": u.Key, "about": u.ActorID}})
		return err
	})
}
