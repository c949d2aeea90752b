// Package versions keeps documents and their dated versions.
//
// A version is content and never changes. What is said about it is dated twice:
// when it was true (in force from, to) and when Custodian knew it (known from,
// to). So "what was in force on 14 March" and "what did we believe on 1 April
// had been in force on 14 March" have one answer each: never two. Superseding,
// correcting a date and withdrawing add statements; nothing is overwritten.
//
// Content goes to the store first and its row second, so a crash leaves at
// worst an object without a row, which Sweep removes. No database transaction
// is open while content streams.
package versions

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/storage"
)

// Options is what a Keeper needs.
type Options struct {
	DB          *pg.DB
	Sealed      *storage.Sealed
	UploadLimit int64 // bytes of one file
	DayLimit    int64 // bytes that one person may add within 24 hours; 0 for as many as they like
}

// Keeper keeps documents. It is safe for use by many at once.
type Keeper struct {
	db       *pg.DB
	sealed   *storage.Sealed
	limit    int64
	dayLimit int64
	places   chan struct{} // one for each upload that is being stored
}

// New makes a Keeper.
func New(o Options) *Keeper {
	return &Keeper{db: o.DB, sealed: o.Sealed, limit: o.UploadLimit, dayLimit: o.DayLimit, places: make(chan struct{}, mostAtOnce)}
}

// UploadLimit is the size in bytes over which a file is refused.
func (k *Keeper) UploadLimit() int64 { return k.limit }

// Document is one document of a record, whatever its version.
type Document struct {
	ID            int64
	Record        int64
	Kind          string
	Title         string
	Section       access.Section // in which it lies now
	NeedsApproval bool
	CreatedAt     time.Time
	LatestAt      time.Time // when its newest version was recorded
}

// Version is content with the facts of its recording.
type Version struct {
	ID           int64
	Number       int
	SHA256       []byte
	Size         int64
	MediaType    string
	FileName     string
	AuthorID     int64
	Author       string
	Source       string // who told, where that is not the author
	PostTitle    string
	EventAt      *time.Time
	ReceivedOn   *time.Time
	RecordedAt   time.Time
	LateReason   string
	Note         string // what changed, and why
	ReviewOn     *time.Time
	WantedFrom   time.Time // from when its author says it holds
	WantedTo     *time.Time
	RestoredFrom *int32
}

// Target says which version is meant.
type Target struct {
	Document int64
	Number   int
}

// found is a document as the actor may see it, and where it lies.
type found struct {
	Document
	place access.Place
	open  bool // its record is open
	alone bool // the actor reads single versions of it and not the whole
}

const documentColumns = `d.id, d.record_id, d.kind, d.title, d.class % 3, d.needs_approval, d.created_at, d.latest_at`

// whole leaves out of a list of documents d those of which the actor reads single
// versions: their rows are there to name a version where it is opened.
const whole = `d.id <> all ((select app.glimpsed())::bigint[])`

func (f *found) columns() []any {
	return []any{&f.ID, &f.Record, &f.Kind, &f.Title, &f.Section, &f.NeedsApproval, &f.CreatedAt, &f.LatestAt}
}

// document finds a document that the actor may see; NotFound otherwise.
func document(ctx context.Context, tx *pg.Tx, id int64) (found, error) {
	f, err := named(ctx, tx, id)
	if err == nil && f.alone {
		return found{}, fault.NotThere()
	}
	return f, err
}

// named is document for whoever names the version that they want: it finds also
// those documents of which the actor reads single versions. When such a document
// last changed, and where it lies, is not told them.
func named(ctx context.Context, tx *pg.Tx, id int64) (found, error) {
	var f found
	var home *int64
	err := tx.QueryRow(ctx, `
		select `+documentColumns+`, d.provider_id, d.home_id, d.class, coalesce((select r.open from app.record r where r.id = d.record_id), true), not `+whole+`
		from app.document d where d.id = @id`, pgx.NamedArgs{"id": id}).
		Scan(append(f.columns(), &f.place.Provider, &home, &f.place.Class, &f.open, &f.alone)...)
	if pg.None(err) {
		return f, fault.NotThere()
	}
	if home != nil {
		f.place.Home = *home
	}
	f.place.Record, f.place.Document = f.Record, f.ID
	if f.alone {
		f.LatestAt = f.CreatedAt
	}
	return f, err
}

// record finds a record in which the actor may read, as a place; NotFound otherwise.
func record(ctx context.Context, tx *pg.Tx, id int64) (access.Place, bool, error) {
	p := access.Place{Record: id}
	var home *int64
	var kind access.RecordKind
	var open bool
	// who only manages a record sees that it is there, which is no right to its documents: the rule is asked again, for reading
	err := tx.QueryRow(ctx, `
		select provider_id, home_id, kind, open from app.record
		where id = @id and app.sees_record(provider_id, home_id, id, kind, (select app.reach(1)), (select app.shields()))`, pgx.NamedArgs{"id": id}).
		Scan(&p.Provider, &home, &kind, &open)
	if pg.None(err) {
		return p, false, fault.NotThere()
	}
	if home != nil {
		p.Home = *home
	}
	p.Class = access.ClassOf(kind, access.General)
	return p, open, err
}

const versionColumns = `v.id, v.number, v.sha256, v.size, v.media_type, v.file_name, v.author_id,
	coalesce((select a.name from app.actor a where a.id = v.author_id), '') as author, v.source, v.post_title, v.event_at, v.received_on,
	v.recorded_at, v.late_reason, v.note, v.review_on, v.wanted_from, nullif(v.wanted_to, 'infinity') as wanted_to, v.restored_from`

// columns lists where versionColumns go.
func (v *Version) columns() []any {
	return []any{&v.ID, &v.Number, &v.SHA256, &v.Size, &v.MediaType, &v.FileName, &v.AuthorID, &v.Author, &v.Source, &v.PostTitle,
		&v.EventAt, &v.ReceivedOn, &v.RecordedAt, &v.LateReason, &v.Note, &v.ReviewOn, &v.WantedFrom, &v.WantedTo, &v.RestoredFrom}
}

// permit refuses what the actor's rights do not allow on a thing that they see.
func permit(ctx context.Context, tx *pg.Tx, a access.Action, p access.Place, public string) error {
	rights, err := tx.Rights(ctx)
	if err != nil {
		return err
	}
	if _, ok := access.Decide(rights, a, p); !ok {
		return fault.New(fault.Forbidden, public)
	}
	return nil
}

// check asks, in a snapshot of its own, whether something may be begun. Its
// refusals leave their footprint as those of audit.Do.
func (k *Keeper) check(ctx context.Context, actor access.Actor, about audit.Act, fn func(*pg.Tx) error) error {
	err := pg.Read(ctx, k.db, actor, fn)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		if e := audit.Refuse(ctx, k.db, actor, about); e != nil {
			return e
		}
	}
	return err
}
