package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Topic is one thing that keeps somebody safe on shift.
type Topic string

// The topics of the safety panel, with the words that the database knows them by.
const (
	Allergies      Topic = "allergies"
	Medication     Topic = "medication"
	Risks          Topic = "risks"
	Responsibility Topic = "parental-responsibility"
	LegalStatus    Topic = "legal-status"
	Orders         Topic = "orders"
	Contact        Topic = "contact-restrictions"
	Withheld       Topic = "withheld-address"
)

// Topics lists what the panel of a record of this kind asks about, the most
// urgent first; none for a record of somebody who is not cared for. A family's
// health is said on the records of its members.
func Topics(k access.RecordKind) []Topic {
	switch k {
	case access.YoungPerson:
		return []Topic{Allergies, Medication, Risks, Contact, Withheld, Responsibility, LegalStatus, Orders}
	case access.Parent:
		return []Topic{Allergies, Medication, Risks, Contact, Withheld, LegalStatus, Orders}
	case access.Family:
		return []Topic{Risks, Contact, Withheld, Responsibility, LegalStatus, Orders}
	}
	return nil
}

// keptFromSubject are the topics that whom the record is about is not shown: to
// see what is withheld from them, or whom they may not meet, can lead them there.
func keptFromSubject(t Topic) bool { return t == Contact || t == Withheld }

// Statement is what was said about one topic: from which day on, who said it, and
// when that was recorded. None known is a statement too.
type Statement struct {
	ID     int64
	Topic  Topic
	None   bool
	Words  string
	Source string // who said so
	From   time.Time
	By     string
	Post   string
	At     time.Time
}

// Line is one topic of a panel. Without a statement nobody has been asked yet.
type Line struct {
	Topic Topic
	Said  *Statement
}

// Safety is the safety panel of a record on a day. It has no lines where the
// record has no panel, or the reader is not shown it.
type Safety struct {
	Record  Record
	Day     clock.Day
	Lines   []Line
	May     bool        // the reader may add to it
	History []Statement // where it was asked for: everything ever said, newest first
}

// SafetyAsk says of which day the panel is asked, and as it was known when.
type SafetyAsk struct {
	Day   clock.Day // the zero day is today
	Known time.Time // zero: as it is known now
}

// SafetyOf gives the safety panel of a record. It leaves no footprint: it is
// shown beside the record, of which looking is recorded.
func SafetyOf(ctx context.Context, db *pg.DB, actor access.Actor, record int64, q SafetyAsk) (Safety, error) {
	var s Safety
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		s, err = safety(ctx, tx, record, q)
		return err
	})
	return s, err
}

// SafetyHistory gives the panel with everything that was ever said in it. Looking
// is recorded.
func SafetyHistory(ctx context.Context, db *pg.DB, actor access.Actor, record int64, q SafetyAsk) (Safety, error) {
	var s Safety
	about := audit.Act{Action: access.ViewSafety, Target: audit.Target{Record: record}, Detail: audit.Detail{}}
	if !q.Day.IsZero() {
		about.Detail["date"] = q.Day.String()
	}
	if !q.Known.IsZero() {
		about.Detail["known"] = q.Known.UTC().Format(time.RFC3339Nano)
	}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if s, err = safety(ctx, tx.Reader(), record, q); err != nil {
			return err
		}
		if len(s.Lines) == 0 {
			return fault.NotThere()
		}
		rows, err := tx.Query(ctx, `select `+statementColumns+` where s.record_id = @record and (@known::timestamptz is null or s.at <= @known) order by s.id desc`,
			pgx.NamedArgs{"record": record, "known": knownOr(q.Known)})
		if err == nil {
			s.History, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Statement])
		}
		tx.Record(about)
		return err
	})
	return s, err
}

const statementColumns = `s.id, s.topic, s.none_known, s.words, s.source, s.from_on, coalesce((select a.name from app.actor a where a.id = s.by_actor), ''), s.post_title, s.at
	from app.safety_statement s`

// knownOr gives a moment as PostgreSQL takes it; the zero time is none.
func knownOr(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// safety reads the panel. Of what was said for a day and known then, the latest
// start holds, and of equal starts what was said last: what is added later for an
// earlier time does not push out what holds now, as with versions.
func safety(ctx context.Context, tx *pg.Tx, record int64, q SafetyAsk) (Safety, error) {
	r, place, err := find(ctx, tx, record)
	if err != nil {
		return Safety{}, err
	}
	s := Safety{Record: r, Day: q.Day}
	if s.Day.IsZero() {
		s.Day = clock.DayOf(tx.Now)
	}
	var works, reads, adds bool
	err = tx.QueryRow(ctx, `
		select app.sees(@provider, @home, @record, 0, @class, app.reach_besides(1, '{data-subject,portal-link}'), app.shields()),
			app.sees(@provider, @home, @record, 0, @class, app.reach_besides(1, '{portal-link}'), app.shields()),
			app.sees(@provider, @home, @record, 0, @class, app.reach_besides(2, '{data-subject,portal-link}'), app.shields())`,
		pgx.NamedArgs{"provider": place.Provider, "home": pg.Null(place.Home), "record": record, "class": int16(place.Class)}).Scan(&works, &reads, &adds)
	if err != nil || !reads {
		return s, err
	}
	s.May = adds && r.Open
	rows, err := tx.Query(ctx, `
		select distinct on (s.topic) `+statementColumns+`
		where s.record_id = @record and s.from_on <= @day and (@known::timestamptz is null or s.at <= @known)
		order by s.topic, s.from_on desc, s.id desc`, pgx.NamedArgs{"record": record, "day": s.Day.UTC(), "known": knownOr(q.Known)})
	if err != nil {
		return s, err
	}
	said, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Statement])
	for _, t := range Topics(r.Kind) {
		if !works && keptFromSubject(t) {
			continue
		}
		line := Line{Topic: t}
		if i := slices.IndexFunc(said, func(x Statement) bool { return x.Topic == t }); i >= 0 {
			line.Said = &said[i]
		}
		s.Lines = append(s.Lines, line)
	}
	return s, err
}

// NewStatement is something to be said in a safety panel.
type NewStatement struct {
	Topic  Topic
	None   bool // none is known
	Words  string
	Source string // who said so
	From   string // the day from which it is so, YYYY-MM-DD
}

// Check says everything that is wrong with it, for a record of this kind.
func (n NewStatement) Check(k access.RecordKind, today clock.Day) []fault.Field {
	var bad []fault.Field
	wrong := func(name, problem string) { bad = append(bad, fault.Field{Name: name, Problem: problem}) }
	if !slices.Contains(Topics(k), n.Topic) {
		wrong("topic", "Choose one of the topics that the panel of this record has.")
	}
	if n.None && strings.TrimSpace(n.Words) != "" {
		wrong("words", "Either say what is known, or say that none is. Not both.")
	} else if !n.None {
		bad = append(bad, fault.CheckText("words", n.Words, "what is known", "Write what is known, or choose that none is.")...)
	}
	bad = append(bad, fault.CheckSaid("source", n.Source, "who said so", "Enter who said so, and their post.")...)
	switch d, err := clock.ParseDay(n.From); {
	case n.From == "":
		wrong("from_on", "Enter the day from which it is so.")
	case err != nil:
		wrong("from_on", "Enter a real date for the day from which it is so. For example, 14 March 2025 is 2025-03-14.")
	case today.Before(d):
		wrong("from_on", "This day lies ahead, and the panel says what holds now. Enter today or an earlier day.")
	}
	return bad
}

const (
	noSaying   = "You may read the safety panel, but not add to it. Ask the manager."
	noPanel    = "This record has no safety panel."
	closedSafe = "This record is closed, so nothing can be added to its safety panel. Reopen it first, or ask its manager to."
)

// SaySafety says something in the safety panel of a record. What was said before
// stays, with its days.
func SaySafety(ctx context.Context, db *pg.DB, actor access.Actor, record int64, n NewStatement) error {
	about := audit.Act{Action: access.SaySafety, Target: audit.Target{Record: record}}
	if keptFromSubject(n.Topic) {
		about.Detail = audit.Detail{"section": access.Restricted.String()} // so is that it was said
	}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		// the record stays open, and where it is, until this is committed
		if err := tx.Share(ctx, "record", record); err != nil {
			return err
		}
		s, err := safety(ctx, tx.Reader(), record, SafetyAsk{})
		if err != nil {
			return err
		}
		if no := s.Cannot(); no != nil {
			return no
		}
		if err := fault.Bad(n.Check(s.Record.Kind, clock.DayOf(tx.Now))); err != nil {
			return err
		}
		from, _ := clock.ParseDay(n.From)
		tx.Record(about)
		_, err = tx.Exec(ctx, `
			insert into app.safety_statement (record_id, topic, none_known, words, source, from_on, by_actor, post_title)
			values (@record, @topic, @none, @words, @source, @from, @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''))`,
			pgx.NamedArgs{"record": record, "topic": string(n.Topic), "none": n.None, "words": strings.TrimSpace(n.Words), "source": strings.TrimSpace(n.Source),
				"from": from.UTC(), "by": actor.ID})
		return err
	})
}

// Cannot tells what stands in the way of saying something in the panel, nil
// where nothing does.
func (s Safety) Cannot() *fault.Fault {
	switch {
	case len(Topics(s.Record.Kind)) == 0:
		return fault.New(fault.Conflict, noPanel)
	case len(s.Lines) == 0:
		return fault.NotThere()
	case !s.Record.Open:
		return fault.New(fault.Conflict, closedSafe)
	case !s.May:
		return fault.New(fault.Forbidden, noSaying)
	}
	return nil
}

// Words gives what the panel says of a topic, "" where nothing is known or nobody
// was asked.
func (s Safety) Words(t Topic) string {
	for _, l := range s.Lines {
		if l.Topic == t && l.Said != nil {
			return l.Said.Words
		}
	}
	return ""
}
