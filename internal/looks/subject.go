package looks

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// Told is a look as whoever the record is about is told of it: by role and
// reason, without a name.
type Told struct {
	Day       time.Time // the London day, as midnight UTC
	Act       string    // the action's name
	Kind      string    // of the document, "" for the record
	Basis     string    // "" where no grant shows it any more
	Role      grants.Role
	Near      bool                 // the role was held at the record's own setting
	Reason    grants.OutsideReason // of access outside a role: its kind, never its words
	Note      bool                 // the letter about it stands on the record, and the reader may read it there
	NoteID    int64
	Times     int
	Footprint int64
}

// Own is the record of whoever asks, as they see it.
type Own struct {
	Record int64
	Kind   access.RecordKind
	Home   string // kind of the setting, "" for none
	Looks  []Told
	More   bool
}

// toldDays is how many days with looks are told at a time.
const toldDays = 14

// LookedAt tells whoever a record is about who has looked, the last days first:
// those before a day, zero for the newest. It is for whoever holds a grant to the
// record as its data subject. Asking is recorded.
func LookedAt(ctx context.Context, db *audit.DB, actor access.Actor, record int64, before clock.Day) (Own, error) {
	o := Own{Record: record}
	about := audit.Act{Action: access.ViewLooked, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		var subject bool
		if err := tx.QueryRow(ctx, `select app.is_subject(@record)`, pgx.NamedArgs{"record": record}).Scan(&subject); err != nil {
			return err
		}
		if !subject {
			return fault.NotThere()
		}
		err := tx.QueryRow(ctx, `select r.kind, coalesce(h.kind, '') from app.record r left join app.home h on h.id = r.home_id where r.id = @id`, pgx.NamedArgs{"id": record}).Scan(&o.Kind, &o.Home)
		if err = orNotThere(err); err != nil {
			return err
		}
		if before.IsZero() {
			before = clock.DayOf(tx.Now).Next()
		}
		rows, err := tx.Query(ctx, `
			select l.day, l.act, l.kind, l.basis, l.role, l.near, l.reason, n.id is not null as note, l.note as note_id, l.times, l.footprint_id as footprint
			from app.looked(@record, @before, @days) l left join app.outside_note n on n.id = l.note order by l.day desc, l.footprint_id desc`,
			pgx.NamedArgs{"record": record, "before": before.UTC(), "days": toldDays + 1})
		if err != nil {
			return err
		}
		o.Looks, err = pgx.CollectRows(rows, pgx.RowToStructByName[Told])
		o.cut()
		tx.Record(about)
		return err
	})
	return o, err
}

// cut takes away the day that only says that there is more.
func (o *Own) cut() {
	days := 0
	for i := range o.Looks {
		if i == 0 || !o.Looks[i].Day.Equal(o.Looks[i-1].Day) {
			if days++; days > toldDays {
				o.Looks, o.More = o.Looks[:i], true
				return
			}
		}
	}
}

// ToldOne gives one look, and the record, as whoever that is about is told of it.
// It leaves no footprint: it is asked beside an act that does.
func ToldOne(ctx context.Context, db *audit.DB, actor access.Actor, footprint int64) (Own, error) {
	var o Own
	t := Told{Footprint: footprint, Times: 1}
	err := pg.Read(ctx, db, actor, func(tx *pg.Tx) error {
		return orNotThere(tx.QueryRow(ctx, `
			select l.record_id, l.day, l.act, l.kind, l.basis, l.role, l.near, l.reason, r.kind, coalesce(h.kind, '')
			from app.told_look(@id) l join app.record r on r.id = l.record_id left join app.home h on h.id = r.home_id`, pgx.NamedArgs{"id": footprint}).
			Scan(&o.Record, &t.Day, &t.Act, &t.Kind, &t.Basis, &t.Role, &t.Near, &t.Reason, &o.Kind, &o.Home))
	})
	o.Looks = []Told{t}
	return o, err
}
