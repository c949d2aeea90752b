package versions

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

// Sections lists the sections to which the actor may add, in the record for which
// the slot is.
func (s Slot) Sections() []access.Section { return s.sections }

// sectionFor gives the class of a new document: the section that was asked for,
// where its record has it and the actor may add to it.
func (e Entry) sectionFor(kind access.RecordKind, may []access.Section) (access.Class, error) {
	section, bad := SectionOf(e.Section, kind)
	if bad != nil {
		return 0, fault.Bad(bad)
	}
	if !slices.Contains(may, section) {
		return 0, noSection(section)
	}
	return access.ClassOf(kind, section), nil
}

// CheckSection says what is wrong with the section that was chosen for a new
// document and with what goes with it.
func (e Entry) CheckSection(kind access.RecordKind, now time.Time) []fault.Field {
	section, bad := SectionOf(e.Section, kind)
	if section == access.Restricted {
		bad = append(bad, e.Lodging.Check(clock.DayOf(now))...)
	}
	return bad
}

// SectionMove says where a document goes, and why. Going to the restricted
// section is lodging it: the reason is that of the lodging.
type SectionMove struct {
	To  string // the name of a section
	Why string
	Lodging
}

// Check says everything that is wrong with a move of a document in a record of a
// kind.
func (m SectionMove) Check(kind access.RecordKind, today clock.Day) []fault.Field {
	section, bad := SectionOf(m.To, kind)
	switch {
	case m.To == "":
		return []fault.Field{{Name: "section", Problem: "Choose the section to which it goes."}}
	case section == access.Restricted:
		return append(bad, m.Lodging.Check(today)...)
	}
	return append(bad, fault.CheckText("why", m.Why, "the reason", "Write why it goes there.")...)
}

const (
	noSectioning = "Only somebody who manages this record can move a document to another section. Ask the manager."
	oneSection   = "This record has one section alone."
	isLodged     = "This document is in the restricted section. It leaves it where its lodging is decided about."
	notLodged    = "This document is not in the restricted section any more. Open the page again to see where it is."
)

// MoveSection moves a document to another section of its record; into the
// restricted section with its lodging. Whoever manages both may. Out of the
// restricted section a document goes by End.
func (k *Keeper) MoveSection(ctx context.Context, actor access.Actor, id int64, m SectionMove) error {
	about := audit.Act{Action: access.MoveSection, Target: audit.Target{Document: id}}
	return audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "document", id); err != nil {
			return err
		}
		d, err := document(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if err := permit(ctx, tx.Reader(), access.MoveSection, d.place, noSectioning); err != nil {
			return err
		}
		kind := d.place.Class.Kind()
		if err := fault.Bad(m.Check(kind, clock.DayOf(tx.Now))); err != nil {
			return err
		}
		if kind == access.Library {
			return fault.New(fault.Conflict, oneSection)
		}
		to, _ := access.ParseSection(m.To)
		if no := cannotMove(d.place.Class.Section(), to); no != nil {
			return no
		}
		there := d.place
		there.Class = access.ClassOf(kind, to)
		if err := permit(ctx, tx.Reader(), access.MoveSection, there, noSectioning); err != nil {
			return err
		}
		if to == access.Restricted {
			// before the move: afterwards somebody who may not read there would not see the document
			if err := permit(ctx, tx.Reader(), access.AddDocument, there, noLodging); err != nil {
				return err
			}
			if err := lodge(ctx, tx, id, d.Record, m.Lodging); err != nil {
				return err
			}
			m.Why = "Lodged in the restricted section"
		} else {
			tx.Record(audit.Act{Action: access.MoveSection, Target: audit.Target{Document: id}, Detail: audit.Detail{"section": to.String()}})
		}
		return moveTo(ctx, tx, id, there.Class, m.Why)
	})
}

const noLodging = "You may not add to the restricted section here. Ask the manager."

func cannotMove(from, to access.Section) *fault.Fault {
	switch {
	case from == access.Restricted:
		return fault.New(fault.Conflict, isLodged)
	case from == to:
		return fault.At(fault.Conflict, "section", "This document is in that section already. Choose another.")
	}
	return nil
}

// moveTo writes the move; the document's shelf follows by the table's trigger.
func moveTo(ctx context.Context, tx *audit.Tx, document int64, to access.Class, why string) error {
	_, err := tx.Exec(ctx, `
		insert into app.document_move (document_id, to_class, why, by_actor, post_title)
		values (@document, @to, @why, @by, coalesce((select a.post_title from app.actor a where a.id = @by), ''))`,
		pgx.NamedArgs{"document": document, "to": int16(to), "why": strings.TrimSpace(why), "by": tx.Actor.ID})
	return err
}

// Moved is one move of a document between sections.
type Moved struct {
	From, To access.Section
	Why      string
	By, Post string
	At       time.Time
}

// Moves gives the moves of a document between sections that the actor may know
// of, the newest first. It leaves no footprint: it is shown beside the document.
func (k *Keeper) Moves(ctx context.Context, actor access.Actor, document int64) ([]Moved, error) {
	var list []Moved
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) error {
		rows, err := tx.Query(ctx, `
			select m.from_class % 3, m.to_class % 3, m.why, coalesce((select a.name from app.actor a where a.id = m.by_actor), ''), m.post_title, m.at
			from app.document_move m where m.document_id = @document order by m.id desc`, pgx.NamedArgs{"document": document})
		if err == nil {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Moved])
		}
		return err
	})
	return list, err
}

// movesTo lists the sections to which whoever holds the rights may move a document
// from where it lies: none from the restricted one, which it leaves by a decision.
func movesTo(r access.Rights, p access.Place) []access.Section {
	if p.Class.Section() == access.Restricted {
		return nil
	}
	if _, ok := access.Decide(r, access.MoveSection, p); !ok {
		return nil
	}
	return slices.DeleteFunc(access.MayIn(r, access.MoveSection, p), func(to access.Section) bool {
		there := p
		there.Class = access.ClassOf(p.Class.Kind(), to)
		_, adds := access.Decide(r, access.AddDocument, there)
		return to == p.Class.Section() || to == access.Restricted && !adds
	})
}

// openTo leaves out the restricted section of the actor's own file: it is kept from
// them, whatever they manage.
func openTo(ctx context.Context, tx *pg.Tx, record int64, sections []access.Section) ([]access.Section, error) {
	if !slices.Contains(sections, access.Restricted) {
		return sections, nil
	}
	var own bool
	err := tx.QueryRow(ctx, `select app.about_me(@record)`, pgx.NamedArgs{"record": record}).Scan(&own)
	if own {
		sections = slices.DeleteFunc(sections, func(s access.Section) bool { return s == access.Restricted })
	}
	return sections, err
}

// cannotSection tells what stands in the way of moving a document to the other
// open section, or to the restricted one.
func (s Sheet) cannotSection(a access.Action) *fault.Fault {
	lodging := a == access.Lodge
	switch {
	case s.Document.Section == access.Restricted:
		return fault.New(fault.Conflict, isLodged)
	case !slices.ContainsFunc(s.MovesTo, func(to access.Section) bool { return (to == access.Restricted) == lodging }):
		if len(access.SectionsOf(s.Where.Kind)) == 1 {
			return fault.New(fault.Conflict, oneSection)
		}
		return fault.New(fault.Forbidden, noSectioning)
	}
	return nil
}
