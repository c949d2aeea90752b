package versions

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Ground is a reason for which something may be kept from whom a record is about,
// in the words of the law's and the sources' grounds.
type Ground struct{ Name, Words string }

// Grounds lists the grounds there are. There is no other.
func Grounds() []Ground {
	return []Ground{
		{"serious-harm", "Telling them would be likely to cause serious harm to them or to somebody else"},
		{"in-confidence", "It was given in the expectation that it would not be passed on"},
		{"third-party-objects", "It is about somebody else, who has said that it must not be passed on"},
		{"police-ask", "The police have asked us to withhold it"},
	}
}

// GroundWords says a ground.
func GroundWords(name string) string {
	for _, g := range Grounds() {
		if g.Name == name {
			return g.Words
		}
	}
	return name
}

// Lodging is what has to be said when a document is restricted from whom the
// record is about, as it was typed.
type Lodging struct {
	Ground     string // the name of one of Grounds
	Reason     string // why, in words
	AdvisedBy  string // the number of the manager who advised
	Originator string // who told it: a person or an organisation
	ReviewOn   string // when it is looked at again, YYYY-MM-DD; at most a year ahead
}

// fields gives the places of a lodging by the names under which forms send them.
func (l *Lodging) fields() map[string]*string {
	return map[string]*string{"ground": &l.Ground, "reason": &l.Reason, "advised_by": &l.AdvisedBy, "originator": &l.Originator, "lodging_review_on": &l.ReviewOn}
}

// Check says everything that is wrong with what was typed.
func (l Lodging) Check(today clock.Day) []fault.Field {
	var bad []fault.Field
	if !slices.ContainsFunc(Grounds(), func(g Ground) bool { return g.Name == l.Ground }) {
		bad = append(bad, fault.Field{Name: "ground", Problem: "Choose on what ground it is kept from them."})
	}
	bad = append(bad, fault.CheckText("reason", l.Reason, "the reason", "Write why it is kept from them.")...)
	if n, err := strconv.ParseInt(l.AdvisedBy, 10, 64); err != nil || n <= 0 {
		bad = append(bad, fault.Field{Name: "advised_by", Problem: noAdviser})
	}
	bad = append(bad, fault.CheckSaid("originator", l.Originator, "who told us", "Enter who told us: a name, a post or an organisation.")...)
	return append(bad, checkReview("lodging_review_on", l.ReviewOn, today)...)
}

const (
	noAdviser = "Choose the manager who advised. It is somebody who manages this record."
	noReview  = "Enter a day for the next review that lies ahead, and no further than a year."
)

// checkReview says what is wrong with the day of a lodging's next review.
func checkReview(name, text string, today clock.Day) []fault.Field {
	d, err := clock.ParseDay(text)
	switch {
	case text == "":
		return []fault.Field{{Name: name, Problem: "Enter the day on which it is looked at again."}}
	case err != nil:
		return []fault.Field{{Name: name, Problem: "Enter a real date for the day of the review. For example, 14 March 2027 is 2027-03-14."}}
	case !today.Before(d), d.UTC().After(today.UTC().AddDate(1, 0, 0)):
		return []fault.Field{{Name: name, Problem: noReview}}
	}
	return nil
}

// wrongLodging turns what the database refused into words at the field.
func wrongLodging(err error, review string) error {
	switch {
	case pg.Broke(err, "lodging_adviser_manages"):
		return fault.Bad([]fault.Field{{Name: "advised_by", Problem: noAdviser}})
	case pg.Broke(err, "lodging_review_ahead"):
		return fault.Bad([]fault.Field{{Name: review, Problem: noReview}})
	case pg.Broke(err, "lodging_once"):
		return fault.New(fault.Conflict, "This document is in the restricted section already.")
	case pg.Broke(err, "lodging_event_live"):
		return fault.New(fault.Conflict, notLodged)
	case pg.Broke(err, "lodging_event_consulted"):
		return fault.At(fault.Conflict, "consulted", needsAsking)
	case pg.Broke(err, "lodging_event_despite"):
		return fault.Bad([]fault.Field{{Name: "despite", Problem: needsDespite}})
	}
	return err
}

// lodge writes the lodging of a document, in the transaction that puts it into the
// restricted section. The database refuses it without a manager's advice, and the
// document without it.
func lodge(ctx context.Context, tx *audit.Tx, document, record int64, l Lodging) error {
	adviser, _ := strconv.ParseInt(l.AdvisedBy, 10, 64)
	review, err := clock.ParseDay(l.ReviewOn)
	if err != nil {
		return fault.Bad(checkReview("lodging_review_on", l.ReviewOn, clock.DayOf(tx.Now)))
	}
	id, err := tx.NewID(ctx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into app.lodging (id, document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by, post_title)
		values (@id, @document, @record, @ground, @reason, @adviser, @originator, @review, @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''))`,
		pgx.NamedArgs{"id": id, "document": document, "record": record, "ground": l.Ground, "reason": strings.TrimSpace(l.Reason), "adviser": adviser,
			"originator": strings.TrimSpace(l.Originator), "review": review.UTC(), "by": tx.Actor.ID})
	if err != nil {
		return wrongLodging(err, "lodging_review_on")
	}
	tx.Record(audit.Act{Action: access.Lodge, Target: audit.Target{Document: document}, Detail: audit.Detail{"lodging": id}})
	return nil
}

// Adviser is somebody who may be named as having advised on a lodging.
type Adviser struct {
	ID         int64
	Name, Post string
}

// Advisers lists who may be named as having advised on what lies in the
// restricted section of a record: nobody, for those who may not lodge there. It
// leaves no footprint: it is asked beside a page that does.
func (k *Keeper) Advisers(ctx context.Context, actor access.Actor, record int64) ([]Adviser, error) {
	var list []Adviser
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `select actor_id, name, post_title from app.advisers(@record)`, pgx.NamedArgs{"record": record})
		if err == nil {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Adviser])
		}
		return err
	})
	return list, err
}

// Note is a note of lodging on the main file: that something was lodged, when,
// and by whom. It tells nothing else.
type Note struct {
	Lodging  int64
	By, Post string
	At       time.Time
	EndedAt  *time.Time // since when it lies there no more
}

// Notes gives the notes of lodging of a record, the newest first. Whom the record
// is about gets none, and neither does a link: that there is one would tell
// something. It leaves no footprint: it is shown beside the record.
func (k *Keeper) Notes(ctx context.Context, actor access.Actor, record int64) ([]Note, error) {
	var list []Note
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		if _, err := where(ctx, tx, record); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select n.lodging_id, coalesce((select a.name from app.actor a where a.id = n.by_actor), ''), n.post_title, n.at, e.at
			from app.lodging_note n left join app.lodging_note e on e.lodging_id = n.lodging_id and e.what = 'ended'
			where n.record_id = @record and n.what = 'lodged' order by n.id desc limit @most`, pgx.NamedArgs{"record": record, "most": mostNotes})
		if err == nil {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Note])
		}
		return err
	})
	return list, err
}

// mostNotes is how many notes of lodging are shown with a record.
const mostNotes = 200

// SectionOf reads a section as it was typed, for a record of a kind.
func SectionOf(text string, k access.RecordKind) (access.Section, []fault.Field) {
	s, ok := access.ParseSection(text)
	if ok && slices.Contains(access.SectionsOf(k), s) {
		return s, nil
	}
	return access.General, []fault.Field{{Name: "section", Problem: "Choose a section that this record has."}}
}

// noSection refuses a section to which the actor may not add.
func noSection(s access.Section) error {
	return fault.At(fault.Forbidden, "section", fmt.Sprintf("You may not add to the %s section here. Choose another, or ask the manager.", s))
}
