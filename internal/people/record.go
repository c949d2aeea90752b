package people

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Record is the file kept about a person, a family or a library of policies.
type Record struct {
	ID     int64
	Kind   access.RecordKind
	Name   string
	HomeID *int64 // nil for what belongs to the whole provider
	Home   string
	Open   bool
	Person *int64 // who a staff member's record is about, where they sign in here
}

// Event is one thing that happened to a record.
type Event struct {
	What string // opened, closed, reopened, moved
	On   time.Time
	Home string // where to, of a move or an opening
	Why  string
	By   string
	At   time.Time
}

// NewRecord is a record to be opened.
type NewRecord struct {
	Provider int64 // the actor's own when 0
	Home     int64 // 0 for the whole provider
	Kind     access.RecordKind
	Name     string
	Person   int64 // for a staff member's record: the actor who they are, 0 for none
	On       clock.Day
	Why      string
	Key      string // what a form sends twice opens one record; "" where each is another
}

// Change is what is said when a record is closed, reopened or moved. The zero
// day is today.
type Change struct {
	On  clock.Day
	Why string
}

// Open opens a record. The actor must manage records of its kind there.
func Open(ctx context.Context, db *pg.DB, actor access.Actor, n NewRecord) (int64, error) {
	if err := fault.Bad(append(fault.CheckLine("name", n.Name), fault.CheckLine("why", n.Why)...)); err != nil {
		return 0, err
	}
	if n.Provider == 0 {
		n.Provider = actor.Provider
	}
	var id int64
	about := audit.Act{Action: access.OpenRecord, Detail: audit.Detail{"home": n.Home, "kind": n.Kind.String()}}
	once := n.once()
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		before, again, err := tx.Before(ctx, once)
		if err != nil || again {
			id = before.Document
			tx.Record(audit.Act{Action: access.OpenRecord, Target: audit.Target{Record: id}, Detail: audit.Detail{"repeated": true}})
			return err
		}
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		place := access.Place{Provider: n.Provider, Home: n.Home, Record: id, Class: access.ClassOf(n.Kind, access.General)}
		if _, ok := access.DecideRecord(rights, access.OpenRecord, place); !ok && actor.ID != access.System {
			return fault.New(fault.Forbidden, noOpening)
		}
		home := pg.Null(n.Home)
		if home != nil {
			if err := atHome(ctx, tx, n.Home, n.Provider); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `insert into app.record (id, provider_id, home_id, kind, name, actor_id, created_by) values (@id, @provider, @home, @kind, @name, @person, @by)`,
			pgx.NamedArgs{"id": id, "provider": n.Provider, "home": home, "kind": n.Kind, "name": n.Name, "person": pg.Null(n.Person), "by": actor.ID})
		if err != nil {
			return err
		}
		if err := tx.After(ctx, once, audit.Outcome{Document: id}); err != nil {
			return err
		}
		return tell(ctx, tx, event{record: id, what: "opened", home: home, Change: Change{n.On, n.Why}, act: access.OpenRecord})
	})
	return id, err
}

// once names the request to open a record: the same form with the same words.
// Somebody who goes back and opens another with the form of the first means it.
// The outcome that is remembered is the record's id.
func (n NewRecord) once() audit.Once {
	if n.Key == "" {
		return audit.Once{}
	}
	words := sha256.Sum256(fmt.Appendf(nil, "%d %d %d:%s %s %d:%s", n.Home, n.Kind, len(n.Name), n.Name, n.On, len(n.Why), n.Why))
	return audit.Once{Key: fmt.Sprintf("record %s %x", n.Key, words), Fingerprint: words}
}

// Close closes a record: nothing is added to it until it is reopened.
func Close(ctx context.Context, db *pg.DB, actor access.Actor, record int64, c Change) error {
	return change(ctx, db, actor, record, c, access.CloseRecord, func(Record) (event, error) {
		return event{what: "closed"}, nil
	})
}

// Reopen opens a closed record again.
func Reopen(ctx context.Context, db *pg.DB, actor access.Actor, record int64, c Change) error {
	return change(ctx, db, actor, record, c, access.ReopenRecord, func(Record) (event, error) {
		return event{what: "reopened"}, nil
	})
}

// Move moves a record to another setting of the provider. Its documents go
// along; whoever sees it by their role at the old setting no longer does, and
// grants on it that were given through the old setting end. A member of staff
// takes their roles along, so moving one takes somebody who manages both settings. A move counts from the moment it is recorded: it can
// be dated back, and not ahead.
func Move(ctx context.Context, db *pg.DB, actor access.Actor, record, home int64, c Change) error {
	return change(ctx, db, actor, record, c, access.MoveRecord, func(r Record) (event, error) {
		if *r.HomeID == home {
			return event{}, fault.New(fault.Conflict, "This record is at that setting already.")
		}
		return event{what: "moved", home: &home, from: r.HomeID}, nil
	})
}

// cannot tells what stands in the way of an act as the record is now, nil where
// nothing does.
func (r Record) cannot(a access.Action) *fault.Fault {
	switch {
	case a == access.CloseRecord && !r.Open:
		return fault.New(fault.Conflict, "This record is closed already.")
	case a == access.ReopenRecord && r.Open:
		return fault.New(fault.Conflict, "This record is open already.")
	case a == access.MoveRecord && r.HomeID == nil:
		return fault.New(fault.Conflict, "This record belongs to the whole provider and cannot be moved.")
	}
	return nil
}

// Cannot is what a page says in place of offering the act: to is where the record
// could be moved. The act itself asks again.
func (r Record) Cannot(a access.Action, to []Home) *fault.Fault {
	switch no := r.cannot(a); {
	case no != nil || a != access.MoveRecord || len(to) > 0:
		return no
	case r.Person != nil:
		return fault.New(fault.Forbidden, bothSettings)
	}
	return fault.New(fault.Conflict, "There is no other setting to which it could move.")
}

type event struct {
	Change
	record     int64
	what       string
	home, from *int64
	act        access.Action
}

func change(ctx context.Context, db *pg.DB, actor access.Actor, record int64, c Change, a access.Action, decide func(Record) (event, error)) error {
	if err := fault.Bad(fault.CheckLine("why", c.Why)); err != nil {
		return err
	}
	about := audit.Act{Action: a, Target: audit.Target{Record: record}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "record", record); err != nil {
			return err
		}
		r, place, err := find(ctx, tx.Reader(), record)
		if err != nil {
			return err
		}
		rights, err := tx.Rights(ctx)
		if err != nil {
			return err
		}
		if _, ok := access.DecideRecord(rights, a, place); !ok {
			return fault.New(fault.Forbidden, noChanging)
		}
		if no := r.cannot(a); no != nil {
			return no
		}
		e, err := decide(r)
		if err != nil {
			return err
		}
		e.record, e.Change, e.act = record, c, a
		if e.home != nil {
			if err := atHome(ctx, tx, *e.home, place.Provider); err != nil {
				return err
			}
			there := access.Place{Provider: place.Provider, Home: *e.home, Record: record, Class: place.Class}
			if _, ok := access.DecideRecord(rights, a, there); !ok && r.Person != nil {
				return fault.New(fault.Forbidden, bothSettings)
			}
		}
		return tell(ctx, tx, e)
	})
}

// atHome refuses a setting that the provider does not have.
func atHome(ctx context.Context, tx *audit.Tx, home, provider int64) error {
	var there bool
	err := tx.QueryRow(ctx, `select exists (select from app.home where id = @home and provider_id = @provider)`,
		pgx.NamedArgs{"home": home, "provider": provider}).Scan(&there)
	if err == nil && !there {
		err = fault.Bad([]fault.Field{{Name: "setting_id", Problem: "There is no such setting. Choose one of your organisation's settings."}})
	}
	return err
}

// tell writes an event and its footprint. The day may lie behind but not
// ahead, and not before the event told last.
func tell(ctx context.Context, tx *audit.Tx, e event) error {
	today := clock.DayOf(tx.Now)
	if e.On.IsZero() {
		e.On = today
	}
	if today.Before(e.On) {
		return fault.Bad([]fault.Field{{Name: "on", Problem: "This day lies ahead. Record it on the day it happens."}})
	}
	var last *time.Time
	if err := tx.QueryRow(ctx, `select max(on_date) from app.record_event where record_id = @record`, pgx.NamedArgs{"record": e.record}).Scan(&last); err != nil {
		return err
	}
	if last != nil && e.On.UTC().Before(*last) {
		return fault.Bad([]fault.Field{{Name: "on", Problem: fmt.Sprintf("This day lies before the last change to the record, on %s.", last.Format("2 January 2006"))}})
	}
	detail := audit.Detail{"on": e.On.String()}
	if e.home != nil {
		detail["home"] = *e.home
	}
	if e.from != nil {
		detail["from_home"] = *e.from
	}
	tx.Record(audit.Act{Action: e.act, Target: audit.Target{Record: e.record}, Detail: detail})
	_, err := tx.Exec(ctx, `
		insert into app.record_event (record_id, what, on_date, home_id, from_home_id, why, by_actor)
		values (@record, @what, @on, @home, @from, @why, @by)`,
		pgx.NamedArgs{"record": e.record, "what": e.what, "on": e.On.UTC(), "home": e.home, "from": e.from, "why": e.Why, "by": tx.Actor.ID})
	return err
}
