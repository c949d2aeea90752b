package looks

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

func tooLong(n, most int) string {
	return fmt.Sprintf("This has %d letters. Shorten it to %d or fewer.", n, most)
}

// MostDrawn is how many looks a sample holds at most.
const MostDrawn = 50

// Sample is a drawing of looks: the same one gives the same looks.
type Sample struct {
	From, Until time.Time
	Size        int
	Seed        int64
	Upto        int64 // the newest footprint that there was when it was drawn
}

// Begin gives a new drawing its seed and its end.
func (s Sample) Begin(ctx context.Context, db *audit.DB) (Sample, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return s, err
	}
	s.Seed = int64(binary.BigEndian.Uint32(b[:]) >> 1)
	var err error
	s.Upto, err = pg.NewID(ctx, db)
	return s, err
}

// Drawn is a look of a sample, with the question about it, if one was asked by
// the reader.
type Drawn struct {
	Look
	Question *Question
}

// Draw draws a sample. Drawing is recorded, with its seed.
func Draw(ctx context.Context, db *audit.DB, actor access.Actor, s Sample) ([]Drawn, error) {
	var list []Drawn
	about := audit.Act{Action: access.DrawSample, Detail: Filter{From: s.From, Until: s.Until}.detail(audit.Detail{"seed": s.Seed, "size": s.Size, "upto": s.Upto})}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := needAudit(ctx, tx.Reader()); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select id from app.draw(@from, @until, @upto, @seed, @size)`,
			pgx.NamedArgs{"from": s.From, "until": s.Until, "upto": s.Upto, "seed": s.Seed, "size": min(s.Size, MostDrawn)})
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		found, err := collect(ctx, tx.Reader(), ofIDs, pgx.NamedArgs{"ids": ids})
		if err != nil {
			return err
		}
		questions, err := asked(ctx, tx.Reader(), `where q.footprint_id = any (@ids) and q.asked_by = app.me()`, pgx.NamedArgs{"ids": ids})
		for _, l := range found {
			d := Drawn{Look: l}
			for i := range questions {
				if questions[i].Footprint == l.ID {
					d.Question = &questions[i]
				}
			}
			list = append(list, d)
		}
		tx.Record(about)
		return err
	})
	return list, err
}

// Question is a question to whoever looked, and the answer.
type Question struct {
	ID         int64
	Footprint  int64
	At         time.Time
	Words      string
	By         string
	Asked      string // the name of whoever looked
	Answer     string
	AnsweredAt *time.Time
	ToMe       bool
}

func asked(ctx context.Context, tx *pg.Tx, where string, args pgx.NamedArgs) ([]Question, error) {
	rows, err := tx.Query(ctx, `
		select q.id, q.footprint_id as footprint, q.at, q.words, coalesce(b.name, '') as by, `+audit.ActorName+` as asked, coalesce(w.words, '') as answer, w.at as answered_at, q.about_actor = app.me() as to_me
		from app.look_question q left join app.look_answer w on w.question_id = q.id left join app.actor a on a.id = q.about_actor left join app.actor b on b.id = q.asked_by `+where, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Question])
}

// NoQuestion says why nobody is asked about what they were refused.
const NoQuestion = "They were refused, and saw nothing. A question here would tell them that there is something. Speak with them instead, or report a concern."

// Ask asks whoever left a footprint why they looked; words are optional. Whoever
// audits it may, once, and of what was done only: a question about a refusal would
// tell that there is something. It gives the question's number.
func Ask(ctx context.Context, db *audit.DB, actor access.Actor, footprint int64, words string) (int64, error) {
	if err := fault.Bad(checkWords("words", words, "", 2000)); err != nil {
		return 0, err
	}
	var id int64
	err := audit.Do(ctx, db, actor, audit.Act{Action: access.AskReason, Detail: audit.Detail{"footprint": footprint}}, func(tx *audit.Tx) error {
		l, err := get(ctx, tx.Reader(), footprint)
		if err == nil && (l.Mine || !l.Audited) {
			err = fault.NotThere()
		}
		if err != nil {
			return err
		}
		if l.Outcome != "done" {
			return fault.New(fault.Conflict, NoQuestion)
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.look_question (id, footprint_id, about_actor, asked_by, words) values (@id, @footprint, @me, @me, @words)`,
			pgx.NamedArgs{"id": id, "footprint": footprint, "me": actor.ID, "words": words})
		if pg.Broke(err, "look_question_once") {
			return fault.New(fault.Conflict, "You have asked about this look already. The answer stands with your questions when it comes.")
		}
		a := audit.Act{Action: access.AskReason, Detail: audit.Detail{"question": id}}
		if l.Record != nil {
			a.Target.Record = *l.Record
		}
		tx.Record(a)
		return err
	})
	return id, err
}

// GetQuestion gives a question and the look that it is about, to whoever was asked
// and whoever audits the look. Looking is recorded.
func GetQuestion(ctx context.Context, db *audit.DB, actor access.Actor, id int64) (Question, Look, error) {
	var q Question
	var l Look
	about := audit.Act{Action: access.ViewQuestion, Detail: audit.Detail{"question": id}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if q, l, err = question(ctx, tx.Reader(), id); err == nil {
			tx.Record(about)
		}
		return err
	})
	return q, l, err
}

func question(ctx context.Context, tx *pg.Tx, id int64) (Question, Look, error) {
	list, err := asked(ctx, tx, `where q.id = @id`, pgx.NamedArgs{"id": id})
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return Question{}, Look{}, err
	}
	l, err := get(ctx, tx, list[0].Footprint)
	return list[0], l, err
}

// Answer answers a question that the actor was asked, once.
func Answer(ctx context.Context, db *audit.DB, actor access.Actor, id int64, words string) error {
	about := audit.Act{Action: access.AnswerQuestion, Detail: audit.Detail{"question": id}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		q, _, err := question(ctx, tx.Reader(), id)
		if err == nil && !q.ToMe {
			err = fault.NotThere()
		}
		if err != nil {
			return err
		}
		if err := fault.Bad(checkWords("words", words, "Say why you looked.", longestWords)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into app.look_answer (question_id, by_actor, words) values (@id, @me, @words)`, pgx.NamedArgs{"id": id, "me": actor.ID, "words": words})
		if pg.Broke(err, "look_answer_pkey") {
			return fault.New(fault.Conflict, "You have answered this already. If something was left out, tell whoever asked.")
		}
		tx.Record(about)
		return err
	})
}

// Questions lists the questions that the actor asked or was asked, newest first,
// before the one with id before (0 for the first part). Looking is recorded.
func Questions(ctx context.Context, db *audit.DB, actor access.Actor, before int64, limit int) ([]Question, error) {
	var list []Question
	about := audit.Act{Action: access.ListQuestions}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		list, err = asked(ctx, tx.Reader(), `where (q.asked_by = app.me() or q.about_actor = app.me()) and (@before::bigint = 0 or q.id < @before) order by q.id desc limit @limit`,
			pgx.NamedArgs{"before": before, "limit": limit})
		tx.Record(about)
		return err
	})
	return list, err
}

// Waiting is what waits for somebody: questions to answer, and concerns to deal with.
type Waiting struct {
	Questions []Question
	Concerns  []Concern
}

// mostWaiting is how many of each are given.
const mostWaiting = 30

// WaitsFor tells what waits for the actor, with the concerns first that whoever the
// record is about raised. It leaves no footprint: it is asked
// beside the needs of the home page, which do.
func WaitsFor(ctx context.Context, db *audit.DB, actor access.Actor) (Waiting, error) {
	var w Waiting
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) (err error) {
		w.Questions, err = asked(ctx, tx, `where q.about_actor = app.me() and w.question_id is null order by q.id limit @limit`, pgx.NamedArgs{"limit": mostWaiting})
		if err != nil {
			return err
		}
		if ok, err := audits(ctx, tx); err != nil || !ok {
			return err
		}
		rows, err := tx.Query(ctx, `select * from (`+concernColumns+`
			where c.provider_id = @provider and c.raised_by <> app.me() and not exists (select from app.concern_event e where e.concern_id = c.id and e.what = 'closed') and app.handles(c.id)) x
			order by x.subject is null, x.id limit @limit`, pgx.NamedArgs{"provider": actor.Provider, "limit": mostWaiting})
		if err != nil {
			return err
		}
		w.Concerns, err = pgx.CollectRows(rows, pgx.RowToStructByName[Concern])
		return err
	})
	return w, err
}

// Replied is a concern that was answered or closed since whoever raised it looked.
type Replied struct {
	ID     int64
	Raised time.Time
	At     time.Time // of the answer
}

// Unread lists the concerns of the actor with an answer that they have not opened.
// It leaves no footprint.
func Unread(ctx context.Context, db *audit.DB, actor access.Actor) ([]Replied, error) {
	var list []Replied
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.id, c.at as raised, e.at
			from app.concern c cross join lateral (select x.id, x.at from app.concern_event x where x.concern_id = c.id and x.what in ('answered', 'closed') order by x.id desc limit 1) e
			where c.raised_by = app.me() and not exists (select from app.footprint f
				where f.actor_id = app.me() and f.id > e.id and f.action = @opened and f.outcome = 'done' and f.detail ->> 'concern' = c.id::text)
			order by e.id limit @limit`, pgx.NamedArgs{"opened": access.ViewConcern.Name, "limit": mostWaiting})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Replied])
		return err
	})
	return list, err
}
