package grants_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

func (w *yard) declare(who string, d grants.Declaring) {
	w.t.Helper()
	d.Relation = "my aunt's family"
	must(w.t, grants.Declare(w.t.Context(), w.DB, w.Actors[who], d))
}

// A declared record is not shown from that moment: whatever grants there are, also
// outside a role; and nothing tells whether there was one.
func TestDeclaring(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	ctx := t.Context()
	_, err := grants.Entrust(ctx, w.DB, w.Actors["manager"], w.Actors["staff"].ID, w.Records["Wren Sample"], "key worker")
	must(t, err)
	w.asked("staff", w.plover())
	for _, r := range []string{"Wren Sample", "Plover Sample"} {
		w.want(true, "staff", r)
	}
	w.declare("staff", grants.Declaring{Number: w.Records["Wren Sample"]})
	w.declare("staff", grants.Declaring{Name: "plover SAMPLE", Kind: access.YoungPerson})
	w.declare("staff", grants.Declaring{Name: "Nobody Example", Kind: access.YoungPerson})
	w.declare("staff", grants.Declaring{Number: 12})
	w.declare("staff", grants.Declaring{Words: "my nephew, who may come here"})
	for _, r := range []string{"Wren Sample", "Plover Sample"} {
		w.want(false, "staff", r)
		w.want(true, "dpo", r)
	}
	_, err = w.ask("staff", w.plover())
	w.kind(err, fault.Invalid, "asking for it outside the role")
	// what was declared says the same of all of them
	list, err := grants.OwnDeclared(ctx, w.DB, w.Actors["staff"], 10)
	must(t, err)
	if len(list) != 5 {
		t.Fatalf("%d declarations", len(list))
	}
	for _, d := range list {
		if len(d.ShieldedOf) != 0 || len(d.Acts) != 0 || d.Ended != nil {
			t.Errorf("it tells that there is a record: %+v", d)
		}
	}
	must(t, pg.Read(ctx, w.DB, w.Actors["staff"], func(tx *pg.Tx) error {
		var shields, marked, acts int
		err := tx.QueryRow(ctx, `select (select count(*) from app.shield), (select count(*) from app.footprint where record_id = any (app.shields())), (select count(*) from app.relative_act)`).Scan(&shields, &marked, &acts)
		if shields+marked+acts != 0 {
			t.Errorf("whoever is shielded reads %d shields, %d footprints, %d acts", shields, marked, acts)
		}
		return err
	}))
	// the tries are footprints that say so to whoever audits them
	must(t, pg.Read(ctx, w.DB, w.Actors["manager"], func(tx *pg.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `select count(*) from app.footprint where record_id = $1 and outcome = 'refused' and detail ->> 'shielded' = 'true'`, w.Records["Wren Sample"]).Scan(&n)
		if n != 1 {
			t.Errorf("the manager reads %d marked footprints, want 1", n)
		}
		return err
	}))
	if n := w.count(`app.footprint where outcome = 'refused' and detail ->> 'shielded' = 'true' and actor_id <> $1`, w.Actors["staff"].ID); n != 0 {
		t.Errorf("%d refusals of others are marked", n)
	}
	// one who comes later under a declared name
	w.Exec(t, `insert into app.record (id, provider_id, home_id, kind, name, created_by) values (77, $1, $2, 0, 'NOBODY example', 1)`, w.Provider, w.Homes["Larkfield House"])
	w.Records["later"] = 77
	w.want(false, "staff", "later")
	w.want(true, "staff2", "later")
}

// Wrong declarations, and withdrawing one: by a manager, dated, with why.
func TestWithdrawing(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	ctx := t.Context()
	for field, d := range map[string]grants.Declaring{
		"relation": {Number: 1}, "number": {Relation: "x"}, "words": {Relation: "x", Words: strings.Repeat("x", 1001)}, "name": {Relation: "x", Name: "a\u202eb"},
	} {
		err := grants.Declare(ctx, w.DB, w.Actors["staff"], d)
		if f, ok := fault.Of(err); !ok || f.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	w.kind(grants.Declare(ctx, w.DB, w.Actors["staff"], grants.Declaring{Relation: "x", Number: 1, Name: "y"}), fault.Invalid, "two ways at once")
	w.declare("staff", grants.Declaring{Number: w.Records["Wren Sample"]})
	w.declare("staff", grants.Declaring{Words: "the child of a friend"})
	of := func(who string) []grants.Declared {
		list, err := grants.DeclaredByStaff(ctx, w.DB, w.Actors[who], 0, 10)
		must(t, err)
		return list
	}
	if list := of("manager"); len(list) != 2 || !slices.Equal(list[1].ShieldedOf, []int64{w.Records["Wren Sample"]}) {
		t.Fatalf("the manager is shown %+v", list)
	}
	if n, err := grants.OutsideNeedsOf(ctx, w.DB, w.Actors["manager"]); err != nil || len(n.Declared) != 1 {
		t.Errorf("%+v %v", n.Declared, err)
	}
	if len(of("other-manager")) != 0 {
		t.Error("another setting's manager is shown them")
	}
	_, err := grants.DeclaredByStaff(ctx, w.DB, w.Actors["staff2"], 0, 10)
	w.kind(err, fault.NotFound, "by a colleague")
	words, byNumber := of("manager")[0].ID, of("manager")[1].ID
	act := func(who string, id int64, what string, record int64) error {
		return grants.ActOnDeclared(ctx, w.DB, w.Actors[who], id, what, record, "seen")
	}
	w.kind(act("staff", byNumber, grants.Withdrawn, 0), fault.NotFound, "withdrawing one's own")
	w.refused(w.raw("staff", `insert into app.relative_act (relative_id, what, why, by_actor) values ($1, 'withdrawn', 'x', $2)`, byNumber, w.Actors["staff"].ID), "withdrawing one's own in SQL")
	w.kind(act("manager", words, grants.Shielded, w.Records["Plover Sample"]), fault.Invalid, "a record that the manager does not look after")
	w.kind(act("manager", words, "hide", 0), fault.Invalid, "nothing known")
	w.kind(act("manager", words, grants.Shielded, 0), fault.Invalid, "no number")
	must(t, act("manager", words, grants.Shielded, w.Records["Finch Sample"]))
	w.want(false, "staff", "Finch Sample")
	w.kind(act("manager", words, grants.Shielded, w.Records["Finch Sample"]), fault.Conflict, "twice")
	must(t, act("manager", byNumber, grants.Withdrawn, 0))
	w.want(true, "staff", "Wren Sample")
	w.want(false, "staff", "Finch Sample")
	w.kind(act("manager", byNumber, grants.Noted, 0), fault.Conflict, "after it was withdrawn")
	list, err := grants.OwnDeclared(ctx, w.DB, w.Actors["staff"], 10)
	must(t, err)
	if list[1].Ended == nil || list[1].EndedBy != "Morgan Example" || list[1].EndedWhy != "seen" || list[0].Ended != nil {
		t.Errorf("whoever declared it is told %+v", list)
	}
}

// A manager keeps a record from one person, or from everybody but those named.
func TestShields(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	ctx := t.Context()
	wren := w.Records["Wren Sample"]
	from := func(who, whom string) error {
		return grants.ShieldFrom(ctx, w.DB, w.Actors[who], wren, w.Actors[whom].ID, "high-profile", "in the news")
	}
	w.kind(from("staff", "staff2"), fault.NotFound, "by a member of staff")
	w.kind(from("other-manager", "staff"), fault.NotFound, "by another setting's manager")
	w.kind(from("manager", "manager"), fault.Invalid, "from oneself")
	w.kind(grants.ShieldFrom(ctx, w.DB, w.Actors["manager"], wren, w.Actors["staff"].ID, "whim", ""), fault.Invalid, "without ground and reason")
	must(t, from("manager", "staff"))
	must(t, from("dpo", "manager"))
	w.want(false, "staff", "Wren Sample")
	w.want(false, "manager", "Wren Sample")
	w.want(true, "staff2", "Wren Sample")
	file := func(who string) grants.Shields {
		s, err := grants.ShieldsOf(ctx, w.DB, w.Actors[who], wren)
		must(t, err)
		return s
	}
	_, err := grants.ShieldsOf(ctx, w.DB, w.Actors["manager"], wren)
	w.kind(err, fault.NotFound, "whom it is kept from by name")
	s := file("dpo")
	if len(s.People) != 2 || s.Name != "Wren Sample" {
		t.Fatalf("%+v", s)
	}
	end := func(who string, kind grants.ShieldKind, id int64) error {
		return grants.EndShield(ctx, w.DB, w.Actors[who], wren, kind, id, "over")
	}
	w.kind(end("manager", grants.OfPerson, s.People[0].ID), fault.NotFound, "ending one's own")
	w.refused(w.raw("manager", `insert into app.shield_ending (shield_id, by_actor, why) values ($1, $2, 'x')`, s.People[0].ID, w.Actors["manager"].ID), "ending one's own in SQL")
	must(t, end("dpo", grants.OfPerson, s.People[0].ID))
	w.want(true, "manager", "Wren Sample")
	if s = file("dpo"); len(s.People) != 2 || s.People[0].Live() || s.People[0].EndedBy != "Dana Example" || s.People[0].EndedWhy != "over" {
		t.Errorf("what has ended is gone: %+v", s.People)
	}

	must(t, grants.DrawCircle(ctx, w.DB, w.Actors["manager"], wren, "case-review", "serious case review"))
	for who, sees := range map[string]bool{"manager": true, "staff": false, "staff2": false, "dpo": false, "individual": false} {
		w.want(sees, who, "Wren Sample")
	}
	w.kind(grants.DrawCircle(ctx, w.DB, w.Actors["manager"], wren, "other", "again"), fault.Conflict, "a second circle")
	w.kind(grants.DrawCircle(ctx, w.DB, w.Actors["dpo"], wren, "other", "again"), fault.Conflict, "a second circle, by whom it keeps out and who looks after managers")
	in := func(who, whom string) error {
		return grants.LetIn(ctx, w.DB, w.Actors[who], wren, w.Actors[whom].ID, "needs it")
	}
	must(t, in("manager", "staff2"))
	must(t, in("manager", "staff")) // is let in, and is still shielded by name
	must(t, in("manager", "other-staff"))
	w.kind(in("manager", "staff2"), fault.Conflict, "twice")
	w.kind(in("manager", "manager"), fault.Invalid, "letting oneself in")
	w.want(true, "staff2", "Wren Sample")
	w.want(false, "staff", "Wren Sample")
	w.want(false, "other-staff", "Wren Sample") // no grant shows it
	if s = file("dpo"); s.Sees || s.Now() == nil || len(s.Now().Members) != 4 || s.Name != "Wren Sample" {
		t.Errorf("whoever answers for it does not see who may: %+v", s)
	}
	members := s.Now().Members
	w.kind(end("manager", grants.OfMember, members[0].ID), fault.NotFound, "ending whoever drew it")
	must(t, end("manager", grants.OfMember, members[1].ID))
	w.want(false, "staff2", "Wren Sample")
	must(t, in("manager", "staff2"))
	w.want(true, "staff2", "Wren Sample")
	_, err = w.ask("other-manager", w.plover(func(a *grants.Asking) { a.Number = wren }))
	w.kind(err, fault.Invalid, "outside a role, from beyond the circle")
	must(t, end("manager", grants.OfCircle, s.Now().ID))
	w.want(true, "dpo", "Wren Sample")
	w.want(false, "staff", "Wren Sample")
	w.kind(in("manager", "dpo"), fault.Conflict, "letting in where nothing is kept back")
	w.refused(w.raw("staff2", `insert into app.circle (record_id, ground, why, given_by, valid_from) values ($1, 'other', 'x', $2, now())`, wren, w.Actors["staff2"].ID), "a circle drawn by a member of staff")
	w.refused(w.raw("staff2", `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'x', $1, now())`, w.Actors["staff2"].ID, wren), "a shield set by a member of staff")
}

// With circles of every age, and people in and out of them, SQL and Go agree for
// everybody on every record.
func TestCirclesAreTheSameInSQLAndInGo(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	r := rand.New(rand.NewPCG(20261124, 6))
	periods := []string{"'-infinity', 'infinity'", "now() - interval '1 day', now() + interval '1 day'", "now() - interval '2 days', now() - interval '1 day'", "now() + interval '1 day', 'infinity'", "now(), now()"}
	var actors []access.Actor
	for _, a := range w.Actors {
		actors = append(actors, a)
	}
	slices.SortFunc(actors, func(a, b access.Actor) int { return int(a.ID - b.ID) })
	seen, cases := 0, 0
	for range 6 {
		sql := `set session_replication_role = replica; delete from app.circle_member; delete from app.circle;`
		for _, record := range w.Records {
			if r.IntN(3) == 0 {
				continue
			}
			sql += fmt.Sprintf(`insert into app.circle (id, record_id, ground, why, given_by, valid_from, valid_until) values (%d, %d, 'other', 'x', 1, %s);`, record+100_000, record, periods[r.IntN(len(periods))])
			for _, a := range actors {
				if r.IntN(3) == 0 {
					sql += fmt.Sprintf(`insert into app.circle_member (circle_id, actor_id, why, given_by, valid_from, valid_until) values (%d, %d, 'x', 1, %s);`, record+100_000, a.ID, periods[r.IntN(len(periods))])
				}
			}
		}
		w.Exec(t, sql)
		for _, a := range actors {
			n, yes := w.compare(a)
			cases, seen = cases+n, seen+yes
		}
	}
	if cases < 500 || seen < cases/20 || seen > cases*9/10 {
		t.Errorf("%d cases with %d seen prove little", cases, seen)
	}
}

// compare holds what somebody is shown against access.DecideRecord, and that
// against the circles themselves.
func (w *yard) compare(a access.Actor) (cases, seen int) {
	w.t.Helper()
	var shown []int64
	var rights access.Rights
	must(w.t, pg.Read(w.t.Context(), w.DB, a, func(tx *pg.Tx) (err error) {
		if rights, err = tx.Rights(w.t.Context()); err != nil {
			return err
		}
		rows, err := tx.Query(w.t.Context(), `select id from app.record`)
		if err == nil {
			shown, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		}
		return err
	}))
	conn, err := pgx.Connect(w.t.Context(), w.Super)
	must(w.t, err)
	defer conn.Close(context.Background())
	rows, err := conn.Query(w.t.Context(), `select r.id, r.provider_id, coalesce(r.home_id, 0), r.kind * 3, exists (select from app.circle c where c.record_id = r.id and now() >= c.valid_from and now() < c.valid_until
		and not exists (select from app.circle_member m where m.circle_id = c.id and m.actor_id = $1 and now() >= m.valid_from and now() < m.valid_until)) from app.record r`, int64(a.ID))
	must(w.t, err)
	var p access.Place
	var kept bool
	_, err = pgx.ForEachRow(rows, []any{&p.Record, &p.Provider, &p.Home, &p.Class, &kept}, func() error {
		_, read := access.DecideRecord(rights, access.ViewRecord, p)
		bare := rights
		bare.Shields = nil
		_, otherwise := access.DecideRecord(bare, access.ViewRecord, p)
		if got := slices.Contains(shown, p.Record); got != read || got != (otherwise && !kept) {
			w.t.Errorf("actor %d, record %d: SQL shows it %v, Go %v, the circle keeps it %v", a.ID, p.Record, got, read, kept)
		}
		if cases++; read {
			seen++
		}
		return nil
	})
	must(w.t, err)
	return cases, seen
}
