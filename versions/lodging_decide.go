package versions

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

const (
	noDeciding   = "Only somebody who manages this record can decide about its restricted section. Ask the manager."
	needsAsking  = "Whoever told us has not been asked yet. Ask them first, or write down the steps that were taken to ask them."
	needsDespite = "Whoever told us objects. Write why it is passed on all the same."
)

// Review keeps a document in the restricted section: why its reason still holds,
// and when that is looked at again.
type Review struct {
	Why      string
	ReviewOn string // YYYY-MM-DD
}

// Check says everything that is wrong with it.
func (r Review) Check(today clock.Day) []fault.Field {
	return append(fault.CheckText("why", r.Why, "the reason", "Write why it is still kept from them."), checkReview("review_on", r.ReviewOn, today)...)
}

// KeepLodged keeps a document in the restricted section after a review.
func (k *Keeper) KeepLodged(ctx context.Context, actor access.Actor, id int64, r Review) error {
	return k.decide(ctx, actor, access.KeepLodging, id, r.Check, event{what: "kept", why: r.Why, review: r.ReviewOn}, access.Restricted)
}

// Sharing says with whom the content of a restricted document was shared. It stays
// where it is.
type Sharing struct {
	WithWhom  string
	ToSubject bool // with whom the record is about
	Why       string
	Despite   string // why, although whoever told it objects
	ReviewOn  string // when it is looked at again, YYYY-MM-DD
}

// Check says everything that is wrong with it.
func (s Sharing) Check(today clock.Day) []fault.Field {
	bad := fault.CheckSaid("with_whom", s.WithWhom, "with whom it was shared", "Enter with whom it was shared.")
	bad = append(bad, fault.CheckText("why", s.Why, "the reason", "Write why it was shared, and how.")...)
	bad = append(bad, fault.CheckText("despite", s.Despite, "the answer to the objection", "")...)
	return append(bad, checkReview("review_on", s.ReviewOn, today)...)
}

// ShareLodged records that a restricted document was shared. With whom the record
// is about it is shared only after whoever told it was asked.
func (k *Keeper) ShareLodged(ctx context.Context, actor access.Actor, id int64, s Sharing) error {
	return k.decide(ctx, actor, access.ShareLodging, id, s.Check,
		event{what: "shared", why: s.Why, review: s.ReviewOn, with: s.WithWhom, subject: s.ToSubject, despite: s.Despite}, access.Restricted)
}

// Ending ends a lodging: the document goes to another section.
type Ending struct {
	Withdrawn bool   // it should never have been lodged; otherwise its reason holds no longer
	To        string // the name of the section
	Why       string
	Despite   string // why, although whoever told it objects
}

// Check says everything that is wrong with it.
func (e Ending) Check(clock.Day) []fault.Field {
	var bad []fault.Field
	if to, ok := access.ParseSection(e.To); !ok || e.To == "" || to == access.Restricted {
		bad = append(bad, fault.Field{Name: "section", Problem: "Choose the section to which it goes."})
	}
	bad = append(bad, fault.CheckText("why", e.Why, "the reason", "Write why it is no longer kept from them.")...)
	return append(bad, fault.CheckText("despite", e.Despite, "the answer to the objection", "")...)
}

// EndLodging moves a document out of the restricted section. Where whom the record
// is about can read in it, that gives it to them: whoever told it is asked before.
func (k *Keeper) EndLodging(ctx context.Context, actor access.Actor, id int64, e Ending) error {
	what := "moved-out"
	if e.Withdrawn {
		what = "withdrawn"
	}
	to, _ := access.ParseSection(e.To)
	return k.decide(ctx, actor, access.EndLodging, id, e.Check, event{what: what, why: e.Why, despite: e.Despite}, to)
}

// event is something that is decided about a lodging.
type event struct {
	what, why, review, with, despite string
	subject                          bool
}

// decide writes what was decided about a lodging, and moves its document to where
// it then lies.
func (k *Keeper) decide(ctx context.Context, actor access.Actor, a access.Action, id int64, check func(clock.Day) []fault.Field, e event, to access.Section) error {
	return k.onLodging(ctx, actor, a, id, func(tx *audit.Tx, l Lodged) error {
		if err := fault.Bad(check(clock.DayOf(tx.Now))); err != nil {
			return err
		}
		if l.EndedAt != nil {
			return fault.New(fault.Conflict, notLodged)
		}
		args := pgx.NamedArgs{"lodging": id, "what": e.what, "why": strings.TrimSpace(e.why), "review": nil, "with": strings.TrimSpace(e.with), "subject": e.subject,
			"despite": strings.TrimSpace(e.despite), "by": actor.ID}
		if day, err := clock.ParseDay(e.review); err == nil {
			args["review"] = day.UTC()
		}
		_, err := tx.Exec(ctx, `
			insert into app.lodging_event (lodging_id, what, why, review_on, with_whom, to_subject, despite, by_actor, post_title)
			values (@lodging, @what, @why, @review, @with, @subject, @despite, @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''))`, args)
		if err != nil {
			return wrongLodging(err, "review_on")
		}
		tx.Record(audit.Act{Action: a, Target: audit.Target{Document: l.Document}, Detail: audit.Detail{"lodging": id}})
		if to == access.Restricted {
			return nil
		}
		return moveTo(ctx, tx, l.Document, access.ClassOf(l.RecordKind, to), "Moved out of the restricted section")
	})
}

// onLodging runs fn on a lodging that the actor decides about, under the lock of
// its document.
func (k *Keeper) onLodging(ctx context.Context, actor access.Actor, a access.Action, id int64, fn func(*audit.Tx, Lodged) error) error {
	about := audit.Act{Action: a, Detail: audit.Detail{"lodging": id}}
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		var document int64
		err := tx.QueryRow(ctx, `select document_id from app.lodging where id = @id`, pgx.NamedArgs{"id": id}).Scan(&document)
		if pg.None(err) {
			return fault.NotThere()
		}
		if err == nil {
			err = tx.Lock(ctx, "document", document)
		}
		if err != nil {
			return err
		}
		l, err := lodging(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if !l.May {
			return fault.New(fault.Forbidden, noDeciding)
		}
		return fn(tx, l)
	})
}

// Consulted is what came of asking whoever told it, as it was typed.
type Consulted struct {
	Answer string // agrees, objects, not-reached
	Words  string // what they said, or the steps that were taken
	On     string // the day, YYYY-MM-DD
	// Despite says why it is given to whom it is about although they object: after a
	// lodging has ended, when it cannot be said at its end any more.
	Despite string
}

// Check says everything that is wrong with it.
func (c Consulted) Check(today clock.Day) []fault.Field {
	var bad []fault.Field
	ask := "Write what they said."
	switch c.Answer {
	case "agrees", "objects":
	case "not-reached":
		ask = "Write the steps that were taken to ask them."
	default:
		bad = append(bad, fault.Field{Name: "answer", Problem: "Choose what came of asking them."})
	}
	bad = append(bad, fault.CheckText("words", c.Words, "what was written", ask)...)
	if c.Despite != "" {
		bad = append(bad, fault.CheckText("despite", c.Despite, "the reason", needsDespite)...)
		if c.Answer != "objects" {
			bad = append(bad, fault.Field{Name: "despite", Problem: "This is needed only where they object. Leave it empty, or say above that they object."})
		}
	}
	switch d, err := clock.ParseDay(c.On); {
	case c.On == "":
		bad = append(bad, fault.Field{Name: "on", Problem: "Enter the day on which they were asked."})
	case err != nil:
		bad = append(bad, fault.Field{Name: "on", Problem: "Enter a real date for the day on which they were asked. For example, 14 March 2025 is 2025-03-14."})
	case today.Before(d):
		bad = append(bad, fault.Field{Name: "on", Problem: "This day lies ahead. Enter the day on which they were asked."})
	}
	return bad
}

// Consult records what whoever told it said about its being passed on, or the
// steps that were taken to ask them. It can be recorded after a lodging has ended:
// what was restricted once is asked about before it is released.
func (k *Keeper) Consult(ctx context.Context, actor access.Actor, id int64, c Consulted) error {
	return k.onLodging(ctx, actor, access.AskOriginator, id, func(tx *audit.Tx, l Lodged) error {
		if err := fault.Bad(c.Check(clock.DayOf(tx.Now))); err != nil {
			return err
		}
		on, _ := clock.ParseDay(c.On)
		_, err := tx.Exec(ctx, `
			insert into app.consultation (lodging_id, answer, words, on_date, despite, by_actor, post_title)
			values (@lodging, @answer, @words, @on, @despite, @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''))`,
			pgx.NamedArgs{"lodging": id, "answer": c.Answer, "words": strings.TrimSpace(c.Words), "on": on.UTC(), "despite": strings.TrimSpace(c.Despite), "by": actor.ID})
		tx.Record(audit.Act{Action: access.AskOriginator, Target: audit.Target{Document: l.Document}, Detail: audit.Detail{"lodging": id}})
		return err
	})
}
