package versions

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Where is the record that something lies in, as a page names it, and what the
// reader may do there.
type Where struct {
	Record   int64
	Name     string
	Kind     access.RecordKind
	Home     int64 // 0 for what belongs to the whole provider
	HomeName string
	Open     bool
	Subject  bool // the record is about the reader
	May      May
	Adds     []access.Section // to which the reader may add a new document
}

// May is what the reader's live grants allow at a place. It is what a page
// offers; whether an act is carried out is asked again in the act.
type May struct{ Read, Add, Approve, Manage, Audit bool }

// where finds a record that the actor may read in or manages; NotFound otherwise.
func where(ctx context.Context, tx *pg.Tx, id int64) (Where, error) {
	w := Where{Record: id}
	var home *int64
	var provider int64
	err := tx.QueryRow(ctx, `
		select r.name, r.kind, r.provider_id, r.home_id, coalesce(h.name, ''), r.open
		from app.record r left join app.home h on h.id = r.home_id where r.id = @id`, pgx.NamedArgs{"id": id}).
		Scan(&w.Name, &w.Kind, &provider, &home, &w.HomeName, &w.Open)
	if pg.None(err) {
		return w, fault.NotThere()
	}
	if err != nil {
		return w, err
	}
	if home != nil {
		w.Home = *home
	}
	rights, err := tx.Rights(ctx)
	if err != nil {
		return w, err
	}
	place := access.Place{Provider: provider, Home: w.Home, Record: id, Class: access.ClassOf(w.Kind, access.General)}
	may := func(a access.Action) bool {
		_, ok := access.DecideRecord(rights, a, place)
		return ok
	}
	for _, g := range rights.Grants {
		w.Subject = w.Subject || g.Basis == "data-subject" && g.Scope == access.AtRecord && g.ScopeID == id && g.Rights&access.Read != 0
	}
	if w.Adds, err = openTo(ctx, tx, id, access.MayIn(rights, access.AddDocument, place)); err != nil {
		return w, err
	}
	w.May = May{Read: may(access.ListDocuments), Add: len(w.Adds) > 0, Approve: may(access.ApproveVersion), Manage: may(access.MoveRecord), Audit: may(access.AuditRecord)}
	return w, nil
}

// Where tells where a record lies and what the actor may do there. It leaves no
// footprint: it is asked beside an act that does.
func (k *Keeper) Where(ctx context.Context, actor access.Actor, record int64) (Where, error) {
	var w Where
	err := pg.Read(ctx, k.db, actor, func(tx *pg.Tx) (err error) {
		w, err = where(ctx, tx, record)
		return err
	})
	return w, err
}
