package looks

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Route is to whom a concern goes.
type Route string

// The routes: to the manager of the setting, or past them.
const (
	ToManager    Route = "manager"
	ToIndividual Route = "responsible-individual"
	ToDPO        Route = "data-protection-officer"
)

// Routes lists the routes, in the order in which a page offers them.
func Routes() []Route { return []Route{ToManager, ToIndividual, ToDPO} }

// Outcomes are what can come of a concern, or of looking into something unusual.
func Outcomes() []string {
	return []string{"in-role", "spoken-to", "access-changed", "breach", "other"}
}

// Event is something done about a concern.
type Event struct {
	What    string // seen, answered, passed-on, closed
	GoesTo  Route
	Outcome string
	Words   string
	By      string
	At      time.Time
}

// Concern is a concern about a look.
type Concern struct {
	ID         int64
	At         time.Time
	Footprint  int64
	Words      string
	GoesTo     Route // where it is now
	Wanted     Route // where it was sent
	RaisedBy   string
	AboutName  string // "" where the reader may not know who looked
	Mine       bool   // the reader raised it
	Handles    bool   // the reader deals with it
	Known      bool   // the reader may see the footprint itself
	Record     *int64
	RecordName string
	State      string // sent, seen, answered, passed-on, closed
	Outcome    string
	Subject    *access.RecordKind // whose record it is, where whoever it is about raised it
	Events     []Event            `db:"-"`
}

// longestWords is the most letters of what somebody says in a concern.
const longestWords = 4000

// checkWords says what is wrong with a text of several lines.
func checkWords(name, text, empty string, most int) []fault.Field {
	switch n := len([]rune(text)); {
	case strings.TrimSpace(text) == "":
		if empty == "" {
			return nil
		}
		return []fault.Field{{Name: name, Problem: empty}}
	case n > most:
		return []fault.Field{{Name: name, Problem: tooLong(n, most)}}
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && fault.Hidden(r) }):
		return []fault.Field{{Name: name, Problem: "This holds characters that cannot be seen. Type it again."}}
	}
	return nil
}

// Raise raises a concern about a footprint that the reader may see, or may know
// of as whoever the record is about. It goes to whom it was sent, or past them
// where it is about them. It gives its number.
func Raise(ctx context.Context, db *audit.DB, actor access.Actor, footprint int64, to Route, words string) (int64, error) {
	var wrong []fault.Field
	if !known(to) {
		wrong = append(wrong, fault.Field{Name: "to", Problem: "Choose who is to look into it."})
	}
	wrong = append(wrong, checkWords("words", words, "Say what worries you.", longestWords)...)
	if err := fault.Bad(wrong); err != nil {
		return 0, err
	}
	var id int64
	// the footprint is about no record: whoever audits the record may be whom it is about
	about := audit.Act{Action: access.RaiseConcern}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if id, err = tx.NewID(ctx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.concern (id, footprint_id, provider_id, about_actor, raised_by, wanted, goes_to, words)
			select @id, @footprint, @provider, @me, @me, @to, @to, @words where exists (select from app.footprint f where f.id = @footprint) or app.told_of(@footprint)`,
			pgx.NamedArgs{"id": id, "footprint": footprint, "provider": actor.Provider, "me": actor.ID, "to": to, "words": words})
		if err != nil {
			return err
		}
		var there bool
		if err = tx.QueryRow(ctx, `select exists (select from app.concern where id = @id)`, pgx.NamedArgs{"id": id}).Scan(&there); err == nil && !there {
			err = fault.NotThere()
		}
		tx.Record(audit.Act{Action: access.RaiseConcern, Detail: audit.Detail{"concern": id}})
		return err
	})
	return id, err
}

func known(to Route) bool {
	for _, r := range Routes() {
		if r == to {
			return true
		}
	}
	return false
}

const concernColumns = `
	select c.id, c.at, c.footprint_id as footprint, c.words, coalesce(w.goes_to, c.goes_to) as goes_to, c.wanted, coalesce(b.name, '') as raised_by,
		case when f.id is not null then ` + audit.ActorName + ` else '' end as about_name, c.raised_by = app.me() as mine, app.handles(c.id) as handles, f.id is not null as known,
		c.record_id as record, coalesce(r.name, '') as record_name,
		coalesce((select e.what from app.concern_event e where e.concern_id = c.id order by e.what = 'closed' desc, e.id desc limit 1), 'sent') as state,
		coalesce((select e.outcome from app.concern_event e where e.concern_id = c.id and e.what = 'closed'), '') as outcome,
		case when exists (select from app.grants g where g.actor_id = c.raised_by and g.basis = 'data-subject' and g.scope = 2 and g.scope_id = c.record_id
			and g.valid_from <= c.at and g.valid_until > c.at) then coalesce(r.kind, c.class / 3) end as subject
	from app.concern c
	left join lateral (select e.goes_to from app.concern_event e where e.concern_id = c.id and e.what = 'passed-on' order by e.id desc limit 1) w on true
	left join app.footprint f on f.id = c.footprint_id
	left join app.actor a on a.id = c.about_actor
	left join app.actor b on b.id = c.raised_by
	left join app.record r on r.id = c.record_id`

// Concerns lists the concerns that the reader raised or deals with, newest first,
// before the one with id before (0 for the first part). Looking is recorded.
func Concerns(ctx context.Context, db *audit.DB, actor access.Actor, before int64, limit int) ([]Concern, error) {
	var list []Concern
	about := audit.Act{Action: access.ListConcerns}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		rows, err := tx.Query(ctx, concernColumns+`
			where c.provider_id = @provider and (@before::bigint = 0 or c.id < @before) order by c.id desc limit @limit`,
			pgx.NamedArgs{"provider": actor.Provider, "before": before, "limit": limit})
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Concern])
		tx.Record(about)
		return err
	})
	return list, err
}

// GetConcern gives a concern and all that was done about it. The first time that
// somebody who deals with it looks, it counts as seen.
func GetConcern(ctx context.Context, db *audit.DB, actor access.Actor, id int64) (Concern, error) {
	var c Concern
	about := audit.Act{Action: access.ViewConcern, Detail: audit.Detail{"concern": id}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if c, err = concern(ctx, tx.Reader(), id); err != nil {
			return err
		}
		tx.Record(about)
		if !c.Handles || c.Mine {
			return nil
		}
		// two who open it at once, or one who closes it meanwhile, wait for one another
		if err = tx.Lock(ctx, "concern", id); err != nil {
			return err
		}
		if c, err = concern(ctx, tx.Reader(), id); err != nil || c.State == "closed" {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into app.concern_event (concern_id, what, by_actor) select @id, 'seen', @me
			where not exists (select from app.concern_event e where e.concern_id = @id and e.what = 'seen' and e.by_actor = @me)`, pgx.NamedArgs{"id": id, "me": actor.ID})
		if err != nil {
			return err
		}
		c, err = concern(ctx, tx.Reader(), id)
		return err
	})
	return c, err
}

func concern(ctx context.Context, tx *pg.Tx, id int64) (Concern, error) {
	rows, err := tx.Query(ctx, concernColumns+` where c.id = @id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Concern{}, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Concern])
	if err = orNotThere(err); err != nil {
		return c, err
	}
	rows, err = tx.Query(ctx, `
		select e.what, coalesce(e.goes_to, '') as goes_to, coalesce(e.outcome, '') as outcome, e.words, coalesce(a.name, '') as by, e.at
		from app.concern_event e left join app.actor a on a.id = e.by_actor where e.concern_id = @id order by e.id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return c, err
	}
	c.Events, err = pgx.CollectRows(rows, pgx.RowToStructByName[Event])
	return c, err
}

// Step is what somebody does about a concern: one of answered, passed-on, closed.
type Step struct {
	What    string
	To      Route  // passed-on
	Outcome string // closed
	Words   string
}

// Take takes a step about a concern that the reader deals with. Nothing is added
// to one that is closed, and none is passed on to whom it is about.
func Take(ctx context.Context, db *audit.DB, actor access.Actor, id int64, s Step) error {
	action, ok := map[string]access.Action{"answered": access.AnswerConcern, "passed-on": access.PassConcernOn, "closed": access.CloseConcern}[s.What]
	if !ok {
		return fault.NotThere()
	}
	about := audit.Act{Action: action, Detail: audit.Detail{"concern": id}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		c, err := concern(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if !c.Handles {
			return fault.NotThere()
		}
		if err := s.check(); err != nil {
			return err
		}
		args := pgx.NamedArgs{"id": id, "what": s.What, "to": orNull(string(s.To)), "outcome": orNull(s.Outcome), "words": s.Words, "me": actor.ID}
		_, err = tx.Exec(ctx, `insert into app.concern_event (concern_id, what, goes_to, outcome, words, by_actor) values (@id, @what, @to, @outcome, @words, @me)`, args)
		switch {
		case pg.Broke(err, "concern_event_after_end"):
			return fault.New(fault.Conflict, "This concern is closed. Raise a new one if something is left.")
		case pg.Broke(err, "concern_event_to_nobody"):
			return fault.At(fault.Conflict, "to", "It cannot be passed on to them: nobody there may deal with it. Choose somebody else.")
		}
		tx.Record(about)
		return err
	})
}

func (s *Step) check() error {
	var wrong []fault.Field
	empty := "Say what you did, or what you answer."
	switch s.What {
	case "passed-on":
		empty = "Say why you pass it on."
		if s.Outcome = ""; !known(s.To) {
			wrong = append(wrong, fault.Field{Name: "to", Problem: "Choose who is to look into it."})
		}
	case "closed":
		if s.To = ""; !outcome(s.Outcome) {
			wrong = append(wrong, fault.Field{Name: "outcome", Problem: "Choose what came of it."})
		}
	default:
		s.To, s.Outcome = "", ""
	}
	return fault.Bad(append(wrong, checkWords("words", s.Words, empty, longestWords)...))
}

func outcome(text string) bool {
	for _, o := range Outcomes() {
		if o == text {
			return true
		}
	}
	return false
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
