package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
)

// Question asks what was in force. Known asks it as the system knew it at that
// moment; the zero time is now.
type Question struct {
	At    time.Time
	Day   string // the day that was asked about, as it was given; "" for an instant
	Known time.Time
	After int64 // the document after which the list goes on; 0 for its beginning
	Limit int
}

// On asks about a day. In-force periods begin and end at London midnights, so
// every instant of the day has the same answer; its first one is asked about.
func On(day clock.Day) time.Time { return day.Start() }

// Answer is one document that was in force, with the version that was.
type Answer struct {
	Document Document
	Version  Version
	Period   Period // as known then
	Known    time.Time
	Approval *Decision // nil for kinds that need none
}

// AsAt gives, for each document of a record that had a version in force at the
// moment, that version. Others are left out. Asking is recorded, with the
// question. A moment of knowing that lies ahead is answered as of now. It gives
// the moment of asking too: with it as Known, further pages answer the same
// question.
func (k *Keeper) AsAt(ctx context.Context, actor access.Actor, id int64, q Question) ([]Answer, time.Time, error) {
	var list []Answer
	var now time.Time
	about := audit.Act{Action: access.AskAsAt, Target: audit.Target{Record: id}, Detail: audit.Detail{"at": q.At.UTC().Format(time.RFC3339Nano)}}
	if q.Day != "" {
		about.Detail = audit.Detail{"date": q.Day}
	}
	if !q.Known.IsZero() {
		about.Detail["known"] = q.Known.UTC().Format(time.RFC3339Nano)
	}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if _, _, err := record(ctx, tx.Reader(), id); err != nil {
			return err
		}
		now = tx.Now
		known := q.Known
		if known.IsZero() || known.After(tx.Now) {
			known = unending // what is believed now has no end, whatever a clock that ran ahead once wrote down
		}
		// the lateral walk of the plain index is what keeps this the same at a million standings; a join is twice as slow
		rows, err := tx.Query(ctx, `
			select `+documentColumns+`, `+versionColumns+`, s.in_from, nullif(s.in_to, 'infinity'), s.known_from,
				x.at, coalesce(x.post_title, ''), coalesce(x.note, ''), coalesce((select a.name from app.actor a where a.id = x.by_actor), '')
			from app.document d
			cross join lateral (
				select s.version_id, s.in_from, s.in_to, s.known_from from app.standing s
				where s.document_id = d.id and s.in_from <= @at and s.in_to > @at and s.known_from <= @known and s.known_to > @known
				order by s.in_from desc limit 1
			) s
			join app.version v on v.id = s.version_id
			left join app.decision x on x.version_id = v.id and x.verdict = 'approved'
			where d.record_id = @record and d.id > @after
			order by d.id limit @limit`,
			pgx.NamedArgs{"record": id, "at": q.At, "known": known, "after": q.After, "limit": q.Limit})
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, scanAnswer); err != nil {
			return err
		}
		tx.Record(about)
		return nil
	})
	return list, now, err
}

// unending is a moment after every one that was or will be written down.
var unending = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

func scanAnswer(row pgx.CollectableRow) (Answer, error) {
	var a Answer
	var f found
	var approved *time.Time
	var d Decision
	into := append(f.columns(), a.Version.columns()...)
	err := row.Scan(append(into, &a.Period.From, &a.Period.To, &a.Known, &approved, &d.PostTitle, &d.Note, &d.By)...)
	a.Document = f.Document
	if approved != nil {
		d.At = *approved
		a.Approval = &d
	}
	return a, err
}
