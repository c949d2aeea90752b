package versions

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// Ask says what a page about a document is to show.
type Ask struct {
	Document int64
	Number   int // the version; 0: the one in force, or else the newest
	Before   int // its history is listed from below this number; 0: from the newest
	Limit    int // of the history
	Day      clock.Day
	Known    time.Time     // answers about Day as the system knew it then; zero: as it knows now
	For      access.Action // what is to be done with it; ViewDocument, or the zero action, to look
}

// Sheet is a document as a page about it shows it.
type Sheet struct {
	History // of the part that was asked for
	Shown   Detailed
	Holds   *Detailed // the version in force now, nil for none
	Where   Where     // May is about this very document
	Today   clock.Day
	Newest  int          // number of the newest version
	Waiting int          // number of the newest version that waits for approval, 0 for none
	OnDay   int          // number of the version in force on the day asked about, 0 for none
	First   *time.Time   // since when a version was ever in force, as known now
	Own     bool         // the reader wrote what is shown, so somebody else must approve it
	RanOut  map[int]bool // versions whose last day passed with none to follow
	Stamp   int          // another number once anything about the document has changed
	Why     grants.Reason
	MovesTo []access.Section // to which the reader may move it
	Alone   bool             // the reader reads this version alone: nothing is said of how it stands, or of any other
}

// Refusals that pages and acts have in common.
const (
	noApproving   = "Only somebody who may approve here can do this. Ask the manager."
	noCorrecting  = "Only somebody who may approve here can correct a date. Ask the manager."
	noWithdrawing = "Only somebody who may approve here can withdraw a document. Ask the manager."
)

// Sheet gives a document as its page shows it, or as the page on which
// something is to be done with it does; whoever may not do it is refused.
// Looking is recorded.
func (k *Keeper) Sheet(ctx context.Context, actor access.Actor, q Ask) (Sheet, error) {
	var s Sheet
	target := audit.Target{Document: q.Document}
	about := audit.Act{Action: q.For, Target: target}
	if q.For.Name == "" {
		about.Action = access.ViewDocument
	}
	if q.Number != 0 {
		about.Detail = audit.Detail{"number": q.Number}
	}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		d, err := s.find(ctx, tx.Reader(), q)
		if err != nil {
			return err
		}
		if err := mayTry(ctx, tx.Reader(), q.For, d); err != nil {
			return err
		}
		s.Document, s.Today = d.Document, clock.DayOf(tx.Now)
		if err := s.gather(ctx, tx.Reader(), q); err != nil {
			return err
		}
		if d.alone {
			d.place.Version = s.Shown.ID
		}
		if err := s.place(ctx, tx.Reader(), d); err != nil {
			return err
		}
		looked := audit.Act{Action: access.ViewDocument, Target: target, Detail: audit.Detail{}}
		if q.Number != 0 {
			looked.Target.Version = s.Shown.ID
		}
		if !q.Day.IsZero() {
			looked.Detail["date"] = q.Day.String()
		}
		tx.Record(looked)
		return nil
	})
	return s, err
}

// find finds the document. A grant on one version opens the page that names it,
// to look at, and no other.
func (s *Sheet) find(ctx context.Context, tx *pg.Tx, q Ask) (found, error) {
	if q.Number == 0 || q.For.Name != "" && q.For != access.ViewDocument {
		return document(ctx, tx, q.Document)
	}
	d, err := named(ctx, tx, q.Document)
	s.Alone = d.alone
	return d, err
}

// Unchanged refuses, as a Conflict, when anything about a document has changed
// since the sheet with this stamp was read. It leaves a footprint of a refusal
// alone: it is asked before an act that leaves its own.
func (k *Keeper) Unchanged(ctx context.Context, actor access.Actor, about access.Action, id int64, stamp string) error {
	return k.check(ctx, actor, audit.Act{Action: about, Target: audit.Target{Document: id}}, func(tx *pg.Tx) error {
		d, err := document(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayTry(ctx, tx, about, d); err != nil {
			return err
		}
		var now int
		if err := tx.QueryRow(ctx, `select `+stampOf, pgx.NamedArgs{"document": id}).Scan(&now); err != nil {
			return err
		}
		if strconv.Itoa(now) != stamp {
			return fault.New(fault.Conflict, "Something about this document has changed since this page was opened. Look at what is said now, and send it again.")
		}
		return nil
	})
}

// stampOf counts all that was ever said about a document: none of it goes away.
const stampOf = `(select count(*) from app.version v where v.document_id = @document) + (select count(*) from app.decision x where x.document_id = @document)
				+ (select count(*) from app.statement t where t.document_id = @document)`

// mayTry refuses the page of an act to whoever may not carry it out.
func mayTry(ctx context.Context, tx *pg.Tx, a access.Action, d found) error {
	switch a {
	case access.ApproveVersion:
		return permit(ctx, tx, a, d.place, noApproving)
	case access.CorrectDate:
		return permit(ctx, tx, a, d.place, noCorrecting)
	case access.Withdraw:
		return permit(ctx, tx, a, d.place, noWithdrawing)
	case access.RestoreVersion:
		return mayAdd(ctx, tx, a, d.place, d.open)
	case access.MoveSection:
		return permit(ctx, tx, a, d.place, noSectioning)
	}
	return nil
}

// place tells where the document lies, what the reader may do with it, and why
// they see it. Who sees the document alone is told nothing of its record.
func (s *Sheet) place(ctx context.Context, tx *pg.Tx, d found) error {
	w, err := where(ctx, tx, d.Record)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		w = Where{Kind: d.place.Class.Kind(), Open: d.open}
	}
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	may := func(a access.Action) bool {
		_, ok := access.Decide(rights, a, d.place)
		return ok
	}
	grant, reads := access.Decide(rights, access.ViewDocument, d.place)
	w.May = May{Read: reads, Add: may(access.AddVersion), Approve: may(access.ApproveVersion), Manage: may(access.MoveRecord), Audit: may(access.AuditRecord)}
	s.Where = w
	if s.MovesTo, err = openTo(ctx, tx, d.Record, movesTo(rights, d.place)); err != nil {
		return err
	}
	s.Why, err = grants.ReasonOf(ctx, tx, grant)
	return err
}

// Cannot tells what stands in the way of an act as the document is now, nil where
// nothing does. The act itself asks again; this keeps a page from offering what it
// would refuse.
func (s Sheet) Cannot(a access.Action) *fault.Fault {
	approved := s.Shown.Approval != nil
	switch a {
	case access.ApproveVersion:
		return notToApprove(s.Document.NeedsApproval, s.Own && !approved, approved) // to its author too, what is approved is just that
	case access.CorrectDate:
		return notToCorrect(len(s.Shown.Said) > 0)
	case access.MoveSection, access.Lodge:
		return s.cannotSection(a)
	}
	return nil
}

// gather reads the versions.
func (s *Sheet) gather(ctx context.Context, tx *pg.Tx, q Ask) error {
	holds, err := s.numbers(ctx, tx, q)
	if err != nil {
		return err
	}
	if s.Versions, s.Withdrawn, err = details(ctx, tx, q.Document, `(@number = 0 or v.number < @number)`, q.Before, q.Limit); err != nil {
		return err
	}
	shown := q.Number
	if shown == 0 {
		if shown = holds; shown == 0 {
			shown = s.Newest
		}
	}
	v, err := s.one(ctx, tx, shown)
	if err != nil {
		return err
	}
	s.Shown = *v
	if holds != 0 {
		if s.Holds, err = s.one(ctx, tx, holds); err != nil {
			return err
		}
	}
	return tx.QueryRow(ctx, `
		select exists (select from app.version o where o.document_id = @document and o.sha256 = @sha256 and o.author_id = @me)`,
		pgx.NamedArgs{"document": q.Document, "sha256": s.Shown.SHA256, "me": tx.Actor.ID}).Scan(&s.Own)
}

// one gives one version, from those read already where it is among them.
func (s *Sheet) one(ctx context.Context, tx *pg.Tx, number int) (*Detailed, error) {
	if i := slices.IndexFunc(s.Versions, func(v Detailed) bool { return v.Number == number }); i >= 0 {
		return &s.Versions[i], nil
	}
	list, _, err := details(ctx, tx, s.Document.ID, `v.number = @number`, number, 1)
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// numbers reads which version is which.
func (s *Sheet) numbers(ctx context.Context, tx *pg.Tx, q Ask) (holds int, err error) {
	known := q.Known
	if known.IsZero() || known.After(tx.Now) {
		known = unending
	}
	day := q.Day
	if day.IsZero() {
		day = s.Today
	}
	var ran []int32
	err = tx.QueryRow(ctx, `
		select
			coalesce((select max(v.number) from app.version v where v.document_id = @document), 0),
			coalesce((select v.number from app.standing t join app.version v on v.id = t.version_id
				where t.document_id = @document and t.in_from <= @now and t.in_to > @now and t.known_to = 'infinity' limit 1), 0),
			coalesce((select v.number from app.standing t join app.version v on v.id = t.version_id
				where t.document_id = @document and t.in_from <= @day and t.in_to > @day and t.known_from <= @known and t.known_to > @known limit 1), 0),
			(select min(t.in_from) from app.standing t where t.document_id = @document and t.known_to = 'infinity'),
			coalesce((select v.number from app.version v where @approval and v.document_id = @document
				and not exists (select from app.version l join app.decision x on x.version_id = l.id where l.document_id = @document and l.number >= v.number)
				order by v.number desc limit 1), 0),
			(select coalesce(array_agg(v.number), '{}') from app.standing t join app.version v on v.id = t.version_id
				where t.document_id = @document and t.known_to = 'infinity' and t.in_to <= @now and not exists (
					select from app.standing n where n.document_id = @document and n.known_to = 'infinity' and n.in_from = t.in_to)),
			`+stampOf,
		pgx.NamedArgs{"document": q.Document, "now": tx.Now, "day": day.Start(), "known": known, "approval": s.Document.NeedsApproval}).
		Scan(&s.Newest, &holds, &s.OnDay, &s.First, &s.Waiting, &ran, &s.Stamp)
	s.RanOut = make(map[int]bool, len(ran))
	for _, n := range ran {
		s.RanOut[int(n)] = true
	}
	return holds, err
}
