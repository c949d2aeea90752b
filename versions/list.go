package versions

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// State says at a glance how a version stands now.
type State string

// The states. A version that needs approval is submitted until it has it.
const (
	Submitted  State = "submitted"
	Coming     State = "coming"     // approved or told, in force from a day that lies ahead
	InForce    State = "in-force"   // now
	Superseded State = "superseded" // was in force; another is, or none
	Withdrawn  State = "withdrawn"
)

// Period is a time in force. To is nil while no end is known.
type Period struct {
	From time.Time
	To   *time.Time
}

// Decision is an approval.
type Decision struct {
	By, PostTitle, Note string
	At                  time.Time
}

// Said is one thing that was said about when a version holds, kept for ever.
type Said struct {
	Kind string // told, corrected, withdrawn
	Period
	Why string
	By  string
	At  time.Time

	replaced bool // a withdrawal that was said again before any new version
}

// Detailed is a version with what was decided and said about it, as known now.
type Detailed struct {
	Version
	State    State
	Periods  []Period
	Approval *Decision
	Said     []Said
}

// History is a document with its versions, and when it was withdrawn.
type History struct {
	Document  Document
	Versions  []Detailed
	Withdrawn []Said
}

// Versions gives a document with its versions, newest first: those with a
// number below before (0 for the first page), at most limit. Looking is recorded.
func (k *Keeper) Versions(ctx context.Context, actor access.Actor, id int64, before, limit int) (History, error) {
	var h History
	about := audit.Act{Action: access.ViewDocument, Target: audit.Target{Document: id}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		d, err := document(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		h.Document = d.Document
		h.Versions, h.Withdrawn, err = details(ctx, tx.Reader(), id, `(@number = 0 or v.number < @number)`, before, limit)
		tx.Record(about)
		return err
	})
	return h, err
}

// get reads one version back after an act on it, which has left its own footprint.
func (k *Keeper) get(ctx context.Context, actor access.Actor, t Target) (Document, Detailed, error) {
	var d found
	var v Detailed
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		if d, err = document(ctx, tx, t.Document); err != nil {
			return err
		}
		list, _, err := details(ctx, tx, t.Document, `v.number = @number`, t.Number, 1)
		if err == nil && len(list) == 0 {
			err = fault.NotThere()
		}
		if err == nil {
			v = list[0]
		}
		return err
	})
	return d.Document, v, err
}

// details reads versions by a condition of ours on their number, with all that
// was said about them. The conditions are constants of this file.
func details(ctx context.Context, tx *pg.Tx, document int64, which string, number, limit int) ([]Detailed, []Said, error) {
	args := pgx.NamedArgs{"document": document, "number": number, "limit": limit}
	rows, err := tx.Query(ctx, `select `+versionColumns+` from app.version v where v.document_id = @document and `+which+` order by v.number desc limit @limit`, args)
	if err != nil {
		return nil, nil, err
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Detailed, error) {
		var d Detailed
		return d, row.Scan(d.columns()...)
	})
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	byID := make(map[int64]*Detailed, len(list))
	ids := make([]int64, len(list))
	for i := range list {
		byID[list[i].ID], ids[i] = &list[i], list[i].ID
	}
	args["ids"] = ids
	withdrawn, err := histories(ctx, tx, args, byID)
	if err != nil {
		return nil, nil, err
	}
	for i := range list {
		list[i].State = stateOf(&list[i], withdrawn, tx.Now)
	}
	return list, withdrawn, nil
}

// histories fills in decisions, statements and present standings. It gives the
// withdrawals of the document.
func histories(ctx context.Context, tx *pg.Tx, args pgx.NamedArgs, byID map[int64]*Detailed) ([]Said, error) {
	rows, err := tx.Query(ctx, `
		select x.version_id, coalesce(a.name, ''), x.post_title, x.note, x.at from app.decision x left join app.actor a on a.id = x.by_actor
		where x.document_id = @document and x.version_id = any (@ids) and x.verdict = 'approved'`, args)
	if err != nil {
		return nil, err
	}
	var id int64
	var decision Decision
	_, err = pgx.ForEachRow(rows, []any{&id, &decision.By, &decision.PostTitle, &decision.Note, &decision.At}, func() error {
		d := decision
		byID[id].Approval = &d
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `
		select s.version_id, s.in_from, nullif(s.in_to, 'infinity') from app.standing s
		where s.document_id = @document and s.version_id = any (@ids) and s.known_to = 'infinity' order by s.in_from`, args)
	if err != nil {
		return nil, err
	}
	var p Period
	_, err = pgx.ForEachRow(rows, []any{&id, &p.From, &p.To}, func() error {
		byID[id].Periods = append(byID[id].Periods, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows, err = tx.Query(ctx, `
		select coalesce(s.version_id, 0), s.kind, s.in_from, nullif(s.in_to, 'infinity'), s.why, coalesce(a.name, ''), s.said_at,
			s.version_id is null and exists (select from app.statement l where l.document_id = s.document_id and l.version_id is null and l.said_at > s.said_at
				and not exists (select from app.statement t where t.document_id = s.document_id and t.kind = 'told' and t.said_at > s.said_at and t.said_at < l.said_at))
		from app.statement s left join app.actor a on a.id = s.said_by
		where s.document_id = @document and (s.version_id = any (@ids) or s.version_id is null) order by s.said_at`, args)
	if err != nil {
		return nil, err
	}
	var s Said
	var withdrawn []Said
	_, err = pgx.ForEachRow(rows, []any{&id, &s.Kind, &s.From, &s.To, &s.Why, &s.By, &s.At, &s.replaced}, func() error {
		if id == 0 {
			withdrawn = append(withdrawn, s)
		} else {
			byID[id].Said = append(byID[id].Said, s)
		}
		return nil
	})
	return withdrawn, err
}

func stateOf(v *Detailed, withdrawn []Said, now time.Time) State {
	if len(v.Said) == 0 {
		return Submitted
	}
	coming := false
	for _, p := range v.Periods {
		if !p.From.After(now) && (p.To == nil || p.To.After(now)) {
			return InForce
		}
		coming = coming || p.From.After(now)
	}
	switch {
	case coming:
		return Coming
	case slices.ContainsFunc(withdrawn, func(w Said) bool { return !w.replaced && w.At.After(v.Said[0].At) && ends(v, w) }):
		return Withdrawn
	}
	return Superseded
}

// ends tells whether a withdrawal is what ended a version, rather than a later version.
func ends(v *Detailed, w Said) bool {
	if len(v.Periods) == 0 {
		return !v.Said[len(v.Said)-1].From.Before(w.From)
	}
	last := v.Periods[len(v.Periods)-1]
	return last.To != nil && last.To.Equal(w.From)
}

// After is a place in a list of documents: below the one changed last at At,
// with this id. The zero value is the beginning.
type After struct {
	At time.Time
	ID int64
}

// OfHome lists the documents of a setting, latest first. A setting where the
// actor may read nothing is NotFound, as one that is not there. Looking is
// recorded.
func (k *Keeper) OfHome(ctx context.Context, actor access.Actor, home int64, after After, limit int) ([]Document, error) {
	var list []Document
	about := audit.Act{Action: access.ListDocuments, Target: audit.Target{Home: home}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) error {
		var reads bool
		err := tx.QueryRow(ctx, `
			select exists (select from app.scopes(1) s where s.scope = 0 and s.scope_id = h.provider_id or s.scope = 1 and s.scope_id = h.id
				or s.scope = 2 and exists (select from app.record r where r.id = s.scope_id and r.home_id = h.id)
				or s.scope = 3 and exists (select from app.document d where d.id = s.scope_id and d.home_id = h.id))
			from app.home h where h.id = @home`, pgx.NamedArgs{"home": home}).Scan(&reads)
		if pg.None(err) || err == nil && !reads {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		list, err = documents(ctx, tx.Reader(), `d.home_id = @place`, home, after, limit)
		tx.Record(about)
		return err
	})
	return list, err
}

// OfRecord lists the documents of a record, latest first. Looking is recorded.
func (k *Keeper) OfRecord(ctx context.Context, actor access.Actor, id int64, after After, limit int) ([]Document, error) {
	var list []Document
	about := audit.Act{Action: access.ListDocuments, Target: audit.Target{Record: id}}
	err := audit.Do(ctx, k.db, actor, about, func(tx *audit.Tx) (err error) {
		if _, _, err = record(ctx, tx.Reader(), id); err != nil {
			return err
		}
		list, err = documents(ctx, tx.Reader(), `d.record_id = @place`, id, after, limit)
		tx.Record(about)
		return err
	})
	return list, err
}

func documents(ctx context.Context, tx *pg.Tx, where string, place int64, after After, limit int) ([]Document, error) {
	args := pgx.NamedArgs{"place": place, "at": after.At, "id": after.ID, "limit": limit}
	if after.ID == 0 {
		args["at"] = "infinity"
	}
	rows, err := tx.Query(ctx, `
		select `+documentColumns+` from app.document d
		where `+where+` and `+whole+` and (d.latest_at, d.id) < (@at::timestamptz, @id) order by d.latest_at desc, d.id desc limit @limit`, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Document, error) {
		var f found
		return f.Document, row.Scan(f.columns()...)
	})
}
