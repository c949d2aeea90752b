package grants

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Declaring is a relative or friend who is declared: by the number of a record,
// by name and kind, or in words. One of the three is said.
type Declaring struct {
	Relation string
	Number   int64
	Name     string
	Kind     access.RecordKind
	Words    string
}

// Declared is a declaration and what came of it. Shields are the records that the
// reader may see and that are kept from whoever declared it.
type Declared struct {
	ID         int64
	Actor      int64
	Who, Post  string
	At         time.Time
	Relation   string
	Number     int64
	Name       string
	Kind       access.RecordKind
	Words      string
	Ended      *time.Time // withdrawn
	EndedBy    string
	EndedWhy   string
	Acts       []RelativeAct `db:"-"`
	ShieldedOf []int64
}

// RelativeAct is what a manager did about a declaration.
type RelativeAct struct {
	What, Why, By string
	At            time.Time
}

func (d Declaring) wrong() []fault.Field {
	var bad []fault.Field
	if strings.TrimSpace(d.Relation) == "" {
		bad = append(bad, fault.Field{Name: "relation", Problem: "Enter how you know each other."})
	} else {
		bad = append(bad, fault.CheckLine("relation", d.Relation)...)
	}
	said := 0
	for _, is := range []bool{d.Number != 0, strings.TrimSpace(d.Name) != "", strings.TrimSpace(d.Words) != ""} {
		if is {
			said++
		}
	}
	switch {
	case said == 0:
		return append(bad, fault.Field{Name: "number", Problem: "Enter a record’s number, a name, or who it is in your own words."})
	case said > 1:
		return append(bad, fault.Field{Name: "number", Problem: "Enter one of the three only: a number, a name, or your own words."})
	case d.Number < 0:
		bad = append(bad, fault.Field{Name: "number", Problem: "Enter the number in figures."})
	case d.Words != "":
		bad = append(bad, checkText("words", "Enter who it is.", d.Words, 1000)...)
	case d.Name != "":
		bad = append(bad, fault.CheckLine("name", d.Name)...)
	}
	return bad
}

// Declare keeps a relative's or friend's record from the actor, from this moment,
// if there is one; nothing tells whether there is. What is declared in words goes
// to a manager.
func Declare(ctx context.Context, db *pg.DB, actor access.Actor, d Declaring) error {
	if err := fault.Bad(d.wrong()); err != nil {
		return err
	}
	about := audit.Act{Action: access.DeclareRelative}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		id, err := tx.NewID(ctx)
		if err != nil {
			return err
		}
		var kind *access.RecordKind
		if d.Name != "" {
			kind = &d.Kind
		}
		_, err = tx.Exec(ctx, `insert into app.relative (id, actor_id, relation, number, name, kind, words) values (@id, @me, @relation, @number, @name, @kind, @words)`,
			pgx.NamedArgs{"id": id, "me": actor.ID, "relation": d.Relation, "number": pg.Null(d.Number), "name": strings.TrimSpace(d.Name), "kind": kind, "words": strings.TrimSpace(d.Words)})
		tx.Record(audit.Act{Action: access.DeclareRelative, Detail: audit.Detail{"relative": id}})
		return err
	})
}

func declared(ctx context.Context, tx *pg.Tx, which string, args pgx.NamedArgs) ([]Declared, error) {
	rows, err := tx.Query(ctx, `
		select d.id, d.actor_id as actor, coalesce(p.name, '') as who, coalesce(p.post_title, '') as post, d.at, d.relation, coalesce(d.number, 0) as number, d.name, coalesce(d.kind, 0) as kind, d.words,
			w.at as ended, coalesce((select x.name from app.actor x where x.id = w.by_actor), '') as ended_by, coalesce(w.why, '') as ended_why,
			(select coalesce(array_agg(s.record_id order by s.id), '{}') from app.shield s join app.record r on r.id = s.record_id where s.relative_id = d.id and s.valid_until > statement_timestamp()) as shielded_of
		from app.relative d left join app.actor p on p.id = d.actor_id left join app.relative_act w on w.relative_id = d.id and w.what = 'withdrawn' `+which, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Declared])
}

// OwnDeclared lists what the actor has declared, newest first. Looking is
// recorded.
func OwnDeclared(ctx context.Context, db *pg.DB, actor access.Actor, limit int) ([]Declared, error) {
	return listDeclared(ctx, db, actor, `where d.actor_id = @me order by d.id desc limit @limit`, pgx.NamedArgs{"me": actor.ID, "limit": limit})
}

// DeclaredByStaff lists what the people whose work the actor looks after have
// declared, newest first, those before the one with id before (0 for the first
// page), at most limit. Looking is recorded.
func DeclaredByStaff(ctx context.Context, db *pg.DB, actor access.Actor, before int64, limit int) ([]Declared, error) {
	return listDeclared(ctx, db, actor, `where d.actor_id <> @me and app.manages_person(d.actor_id) and (@before::bigint = 0 or d.id < @before) order by d.id desc limit @limit`,
		pgx.NamedArgs{"me": actor.ID, "before": before, "limit": limit})
}

func listDeclared(ctx context.Context, db *pg.DB, actor access.Actor, which string, args pgx.NamedArgs) ([]Declared, error) {
	var list []Declared
	about := audit.Act{Action: access.ListRelatives}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		if _, others := args["before"]; others {
			if err := managesStaff(ctx, tx.Reader()); err != nil {
				return err
			}
		}
		list, err = declared(ctx, tx.Reader(), which, args)
		tx.Record(about)
		return err
	})
	return list, err
}

// managesStaff refuses whoever manages no staff anywhere.
func managesStaff(ctx context.Context, tx *pg.Tx) error {
	rights, err := tx.Rights(ctx)
	if err == nil && !slices.ContainsFunc(rights.Grants, func(g access.Grant) bool {
		return g.Rights&access.Manage != 0 && g.Mask.Has(access.ClassOf(access.Staff, access.General))
	}) {
		err = fault.NotThere()
	}
	return err
}

// DeclaredOf gives one declaration of somebody whose work the actor looks after.
// Looking is recorded.
func DeclaredOf(ctx context.Context, db *pg.DB, actor access.Actor, id int64) (Declared, error) {
	var d Declared
	about := audit.Act{Action: access.ListRelatives, Detail: audit.Detail{"relative": id}}
	err := audit.Do(ctx, db, actor, about, func(tx *audit.Tx) (err error) {
		d, err = declaredOne(ctx, tx.Reader(), id)
		tx.Record(about)
		return err
	})
	return d, err
}

func declaredOne(ctx context.Context, tx *pg.Tx, id int64) (Declared, error) {
	list, err := declared(ctx, tx, `where d.id = @id and d.actor_id <> @me`, pgx.NamedArgs{"id": id, "me": tx.Actor.ID})
	if err == nil && len(list) == 0 {
		err = fault.NotThere()
	}
	if err != nil {
		return Declared{}, err
	}
	rows, err := tx.Query(ctx, `
		select x.what, x.why, coalesce((select a.name from app.actor a where a.id = x.by_actor), ''), x.at from app.relative_act x where x.relative_id = @id order by x.id`, pgx.NamedArgs{"id": id})
	if err != nil {
		return Declared{}, err
	}
	list[0].Acts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[RelativeAct])
	return list[0], err
}

// The things that a manager does about a declaration.
const (
	Noted     = "noted"     // there is no such record now
	Shielded  = "shielded"  // this record is kept from them
	Withdrawn = "withdrawn" // it holds no longer
)

// ActOnDeclared does something about a declaration: notes it, keeps a record from
// whoever declared it, or withdraws it, with which what it keeps from them is
// shown again. Whoever looks after that person's work may, and for the second
// whoever answers for the record.
func ActOnDeclared(ctx context.Context, db *pg.DB, actor access.Actor, id int64, what string, record int64, why string) error {
	bad := fault.CheckLine("why", why)
	if !slices.Contains([]string{Noted, Shielded, Withdrawn}, what) {
		bad = append([]fault.Field{{Name: "what", Problem: "Choose what you do about it."}}, bad...)
	}
	if what == Shielded && record <= 0 {
		bad = append(bad, fault.Field{Name: "record", Problem: "Enter the number of the record in figures."})
	}
	if err := fault.Bad(bad); err != nil {
		return err
	}
	about := audit.Act{Action: access.ActOnRelative, Detail: audit.Detail{"relative": id, "what": what}}
	return audit.Do(ctx, db, actor, about, func(tx *audit.Tx) error {
		if err := tx.Lock(ctx, "relative", id); err != nil {
			return err
		}
		d, err := declaredOne(ctx, tx.Reader(), id)
		if err != nil {
			return err
		}
		if d.Ended != nil {
			return fault.New(fault.Conflict, "This was withdrawn already. If it is needed again, the person declares it again.")
		}
		if what == Shielded {
			may, err := mayShield(ctx, tx.Reader(), record)
			if err != nil {
				return err
			}
			if !may {
				return fault.At(fault.Invalid, "record", "We cannot find a record with that number that you look after. Check the number.")
			}
			if slices.Contains(d.ShieldedOf, record) {
				return fault.At(fault.Conflict, "record", "This record is kept from them already.")
			}
			about.Target = audit.Target{Record: record}
			if _, err := shield(ctx, tx, shielding{to: access.ActorID(d.Actor), record: record, ground: "family", why: why, relative: id}); err != nil {
				return err
			}
		}
		tx.Record(about)
		_, err = tx.Exec(ctx, `insert into app.relative_act (relative_id, what, why, by_actor) values (@id, @what, @why, @me)`,
			pgx.NamedArgs{"id": id, "what": what, "why": why, "me": actor.ID})
		return err
	})
}
