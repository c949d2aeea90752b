package grants

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

// Grounds for a shield, in the order in which a page offers them: a colleague's
// family, a high profile, a serious case review, another.
func Grounds() []string { return []string{"family", "high-profile", "case-review", "other"} }

// Shield is one person who must not see a record, or one who alone may.
type Shield struct {
	ID        int64
	Name      string
	Ground    string // "" for somebody in a circle
	Why, By   string
	From      time.Time
	Until     *time.Time // nil while it holds
	EndedBy   string
	EndedWhy  string
	Declared  int64 // the declaration that it comes from, 0 for none
	Setter    bool  // whoever drew the circle
	CircleWas int64 // of somebody in a circle: which
}

// Live tells whether it holds.
func (s Shield) Live() bool { return s.Until == nil }

// Circle is drawn around a record that everybody but those in it must not see.
type Circle struct {
	Shield
	Members []Shield `db:"-"`
}

// Shields are all shields of a record, and who could be named in one.
type Shields struct {
	Record     int64
	Name, Home string
	Kind       access.RecordKind
	Sees       bool // the reader may see the record itself
	People     []Shield
	Circles    []Circle
	MayChange  bool    // the reader may change them: no circle holds that keeps them out
	Everybody  []Named // the provider's people, without the reader
}

// Now is the circle that holds, nil for none.
func (s Shields) Now() *Circle {
	for i := range s.Circles {
		if s.Circles[i].Live() {
			return &s.Circles[i]
		}
	}
	return nil
}

// Named is somebody who can be named.
type Named struct {
	ID         int64
	Name, Post string
}

// ShieldsOf tells from whom a record is kept. Whoever answers for it may know,
// also where a circle keeps it from them; whom it is kept from by name may not.
// Looking is recorded.
func ShieldsOf(ctx context.Context, db *pg.DB, actor access.Actor, record int64) (Shields, error) {
	s := Shields{Record: record}
	about := audit.Act{Action: access.ViewShields, Target: audit.Target{Record: record}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		err := tx.QueryRow(ctx, `select name, kind, home, exists (select from app.record where id = @record) from app.shield_file(@record)`, pgx.NamedArgs{"record": record}).
			Scan(&s.Name, &s.Kind, &s.Home, &s.Sees)
		if pg.None(err) || err == nil && s.Kind == access.Library {
			return fault.NotThere()
		}
		if err != nil {
			return err
		}
		tx.Record(about)
		return s.fill(ctx, tx.Reader())
	})
	return s, err
}

const shieldEnding = `
	left join app.actor b on b.id = t.given_by left join app.shield_ending e on `

func (s *Shields) fill(ctx context.Context, tx *pg.Tx) error {
	var err error
	args := pgx.NamedArgs{"record": s.Record, "me": tx.Actor.ID, "provider": tx.Actor.Provider}
	if s.People, err = shields(ctx, tx, `
		select t.id, coalesce(p.name, '') as name, t.ground, t.why, coalesce(b.name, '') as by, t.valid_from as "from", case when t.valid_until <= statement_timestamp() then t.valid_until end as until,
			coalesce((select x.name from app.actor x where x.id = e.by_actor), '') as ended_by, coalesce(e.why, '') as ended_why, coalesce(t.relative_id, 0) as declared, false as setter, 0::bigint as circle_was
		from app.shield t left join app.actor p on p.id = t.actor_id`+shieldEnding+`e.shield_id = t.id where t.record_id = @record order by t.id desc`, args); err != nil {
		return err
	}
	rounds, err := shields(ctx, tx, `
		select t.id, '' as name, t.ground, t.why, coalesce(b.name, '') as by, t.valid_from as "from", case when t.valid_until <= statement_timestamp() then t.valid_until end as until,
			coalesce((select x.name from app.actor x where x.id = e.by_actor), '') as ended_by, coalesce(e.why, '') as ended_why, 0::bigint as declared, false as setter, 0::bigint as circle_was
		from app.circle t`+shieldEnding+`e.circle_id = t.id where t.record_id = @record order by t.id desc`, args)
	if err != nil {
		return err
	}
	members, err := shields(ctx, tx, `
		select t.id, coalesce(p.name, '') as name, '' as ground, t.why, coalesce(b.name, '') as by, t.valid_from as "from", case when t.valid_until <= statement_timestamp() then t.valid_until end as until,
			coalesce((select x.name from app.actor x where x.id = e.by_actor), '') as ended_by, coalesce(e.why, '') as ended_why, 0::bigint as declared, t.actor_id = t.given_by as setter, t.circle_id as circle_was
		from app.circle_member t join app.circle c on c.id = t.circle_id left join app.actor p on p.id = t.actor_id`+shieldEnding+`e.member_id = t.id where c.record_id = @record order by t.id`, args)
	if err != nil {
		return err
	}
	for _, r := range rounds {
		s.Circles = append(s.Circles, Circle{r, slices.DeleteFunc(slices.Clone(members), func(m Shield) bool { return m.CircleWas != r.ID })})
	}
	if err := tx.QueryRow(ctx, `select app.may_shield(@record)`, args).Scan(&s.MayChange); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `select id, name, post_title from app.actor where provider_id = @provider and kind = 'person' and id <> @me order by name, id`, args)
	if err != nil {
		return err
	}
	s.Everybody, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Named])
	return err
}

func shields(ctx context.Context, tx *pg.Tx, sql string, args pgx.NamedArgs) ([]Shield, error) {
	rows, err := tx.Query(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Shield])
}

// mayShield tells whether the actor may change the shields of a record.
func mayShield(ctx context.Context, tx *pg.Tx, record int64) (bool, error) {
	var yes bool
	err := tx.QueryRow(ctx, `select app.may_shield(@record)`, pgx.NamedArgs{"record": record}).Scan(&yes)
	return yes, err
}

// answersFor tells whether the actor answers for a record.
func answersFor(ctx context.Context, tx *pg.Tx, record int64) (bool, error) {
	var yes bool
	err := tx.QueryRow(ctx, `select app.answers_for(@record, app.own_shields())`, pgx.NamedArgs{"record": record}).Scan(&yes)
	return yes, err
}

type shielding struct {
	to               access.ActorID
	record, relative int64
	ground, why      string
}

func shield(ctx context.Context, tx *audit.Tx, s shielding) (int64, error) {
	id, err := tx.NewID(ctx)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `
		insert into app.shield (id, actor_id, record_id, ground, why, given_by, valid_from, relative_id) values (@id, @to, @record, @ground, @why, @me, now(), @relative)`,
		pgx.NamedArgs{"id": id, "to": s.to, "record": s.record, "ground": s.ground, "why": s.why, "me": tx.Actor.ID, "relative": pg.Null(s.relative)})
	return id, err
}

// keptOut is for whoever answers for a record and is kept from it by a circle.
func keptOut() error {
	return fault.New(fault.Forbidden, "This record is kept from you as well, so you cannot change from whom it is kept. Ask one of those who are named.")
}

// onShields runs a change of a record's shields for somebody who answers for it.
// Whom a circle keeps out changes none of them.
func onShields(ctx context.Context, db *pg.DB, actor access.Actor, a access.Action, record int64, bad []fault.Field, do func(*audit.Tx, *Shields) (audit.Detail, error)) error {
	if err := fault.Bad(bad); err != nil {
		return err
	}
	about := audit.Act{Action: a, Target: audit.Target{Record: record}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "shields", record); err != nil {
			return err
		}
		answers, err := answersFor(ctx, tx.Reader(), record)
		if err == nil && !answers {
			err = fault.NotThere()
		}
		if err != nil {
			return err
		}
		s := &Shields{Record: record}
		if err := s.fill(ctx, tx.Reader()); err != nil {
			return err
		}
		if !s.MayChange {
			return keptOut()
		}
		if about.Detail, err = do(tx, s); err == nil {
			tx.Record(about)
		}
		return err
	})
}

func checkShield(ground, why string) []fault.Field {
	var bad []fault.Field
	if !slices.Contains(Grounds(), ground) {
		bad = append(bad, fault.Field{Name: "ground", Problem: "Choose the ground."})
	}
	return append(bad, fault.CheckLine("why", why)...)
}

func (s *Shields) knows(who access.ActorID) bool {
	return slices.ContainsFunc(s.Everybody, func(n Named) bool { return access.ActorID(n.ID) == who })
}

func whoProblem() error {
	return fault.Bad([]fault.Field{{Name: "who", Problem: "Choose a person."}})
}

// ShieldFrom keeps a record from one person, whatever their grants say.
func ShieldFrom(ctx context.Context, db *pg.DB, actor access.Actor, record int64, who access.ActorID, ground, why string) error {
	return onShields(ctx, db, actor, access.GiveShield, record, checkShield(ground, why), func(tx *audit.Tx, s *Shields) (audit.Detail, error) {
		if !s.knows(who) {
			return nil, whoProblem()
		}
		var may bool
		if err := tx.QueryRow(ctx, `select app.may_keep_from(@who, @record)`, pgx.NamedArgs{"who": who, "record": record}).Scan(&may); err != nil {
			return nil, err
		}
		if !may {
			return nil, fault.At(fault.Forbidden, "who", "This person looks after how records are kept here. Only the responsible individual or the data protection officer can keep a record from them.")
		}
		id, err := shield(ctx, tx, shielding{to: who, record: record, ground: ground, why: why})
		return audit.Detail{"shield": id, "from": who}, err
	})
}

// DrawCircle keeps a record from everybody but the actor; whoever else is to see
// it is let in by name.
func DrawCircle(ctx context.Context, db *pg.DB, actor access.Actor, record int64, ground, why string) error {
	return onShields(ctx, db, actor, access.GiveShield, record, checkShield(ground, why), func(tx *audit.Tx, s *Shields) (audit.Detail, error) {
		if s.Now() != nil {
			return nil, fault.New(fault.Conflict, "This record is kept from everybody but those named already.")
		}
		id, err := tx.NewID(ctx)
		if err == nil {
			_, err = tx.Exec(ctx, `insert into app.circle (id, record_id, ground, why, given_by, valid_from) values (@id, @record, @ground, @why, @me, now())`,
				pgx.NamedArgs{"id": id, "record": record, "ground": ground, "why": why, "me": actor.ID})
		}
		return audit.Detail{"circle": id}, err
	})
}

// LetIn lets one more person see a record that is kept from everybody else. Their
// grants still have to show it to them.
func LetIn(ctx context.Context, db *pg.DB, actor access.Actor, record int64, who access.ActorID, why string) error {
	return onShields(ctx, db, actor, access.GiveShield, record, fault.CheckLine("why", why), func(tx *audit.Tx, s *Shields) (audit.Detail, error) {
		circle := s.Now()
		if circle == nil {
			return nil, fault.New(fault.Conflict, "This record is kept from everybody no longer. There is nobody to let in.")
		}
		if !s.knows(who) {
			return nil, whoProblem()
		}
		id, err := tx.NewID(ctx)
		if err == nil {
			_, err = tx.Exec(ctx, `insert into app.circle_member (id, circle_id, actor_id, why, given_by, valid_from) values (@id, @circle, @who, @why, @me, now())`,
				pgx.NamedArgs{"id": id, "circle": circle.ID, "who": who, "why": why, "me": actor.ID})
		}
		if pg.Broke(err, "circle_member_once") {
			err = fault.At(fault.Conflict, "who", "This person is let in already.")
		}
		return audit.Detail{"circle": circle.ID, "to": who}, err
	})
}

// ShieldKind says which of a record's shields is ended.
type ShieldKind string

// The kinds: a person from whom it is kept, the circle, somebody in the circle.
const (
	OfPerson ShieldKind = "person"
	OfCircle ShieldKind = "circle"
	OfMember ShieldKind = "member"
)

// Find gives one of the shields that hold and that the reader may end, nil where
// there is none. What comes from a declaration ends with it, and whoever drew the
// circle stays in it.
func (s Shields) Find(kind ShieldKind, id int64) *Shield {
	if !s.MayChange {
		return nil
	}
	list := s.People
	switch kind {
	case OfCircle:
		list = nil
		if c := s.Now(); c != nil {
			list = []Shield{c.Shield}
		}
	case OfMember:
		list = nil
		if c := s.Now(); c != nil {
			list = c.Members
		}
	case OfPerson:
	default:
		return nil
	}
	for i := range list {
		if list[i].ID == id && list[i].Live() && list[i].Declared == 0 && !list[i].Setter {
			return &list[i]
		}
	}
	return nil
}

// EndShield ends one of a record's shields now. Nobody ends what keeps themselves
// out; where nobody in a circle answers for the record any more, whoever does so
// for the whole provider ends it.
func EndShield(ctx context.Context, db *pg.DB, actor access.Actor, record int64, kind ShieldKind, id int64, why string) error {
	return onShields(ctx, db, actor, access.EndShield, record, fault.CheckLine("why", why), func(tx *audit.Tx, s *Shields) (audit.Detail, error) {
		if s.Find(kind, id) == nil {
			return nil, fault.NotThere()
		}
		only := func(k ShieldKind) *int64 {
			if k == kind {
				return &id
			}
			return nil
		}
		_, err := tx.Exec(ctx, `insert into app.shield_ending (shield_id, circle_id, member_id, by_actor, why) values (@shield, @circle, @member, @me, @why)`,
			pgx.NamedArgs{"shield": only(OfPerson), "circle": only(OfCircle), "member": only(OfMember), "me": actor.ID, "why": why})
		return audit.Detail{"kind": kind, "shield": id}, err
	})
}
