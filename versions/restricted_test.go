package versions_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
	"custodian/internal/sample"
	"custodian/versions"
)

// Who may not read in the restricted section meets nothing that lies there: in no
// list, no count, no day, no need, no footprint, old or new. To whom the record is about not even the
// note is shown.
func TestNothingTellsOfTheRestrictedSection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	subject := w.subject(w.wren())
	before, err := w.put("manager", w.wren(), w.entry(secret, "general"))
	must(t, err)
	_, err = w.keeper.Versions(ctx, w.Actors["staff"], before.Document.ID, 0, 10)
	must(t, err)
	told := func(who string) string {
		t.Helper()
		actor := w.Actors[who]
		docs, err := w.keeper.OfRecord(ctx, actor, w.wren(), versions.After{}, 10)
		must(t, err)
		shelf, err := w.keeper.Look(ctx, actor, w.wren(), versions.Look{Limit: 10})
		must(t, err)
		within, last, next, err := w.keeper.Changes(ctx, actor, w.wren(), clock.DayOf(time.Now()), time.Now().AddDate(-2, 0, 0), time.Now().AddDate(1, 0, 0))
		must(t, err)
		needs, err := w.keeper.Needs(ctx, actor)
		must(t, err)
		news, err := w.keeper.News(ctx, actor, 10)
		must(t, err)
		due, err := w.keeper.DueLodgings(ctx, actor)
		must(t, err)
		prints, err := audit.OfRecord(ctx, w.DB, actor, w.wren(), 0, 200)
		must(t, err)
		tells := fmt.Sprintf("%d documents %d rows %d changes %v %v %d needs %d news %d due", len(docs), len(shelf.Rows), len(within), last != nil, next != nil,
			len(needs.Approve)+len(needs.Review)+len(needs.Sent), len(news), len(due))
		for _, f := range prints {
			if f.Document != nil && *f.Document == before.Document.ID && access.ActorID(f.ActorID) != actor.ID || strings.HasPrefix(f.Action, "lodging.") || strings.HasPrefix(f.Action, "upload.") {
				tells += " footprint " + f.Action
			}
		}
		return tells
	}
	if got := told("subject"); !strings.HasPrefix(got, "1 documents 1 rows 1 changes") || !strings.Contains(got, "footprint document.added") {
		t.Fatalf("before it is lodged: %s", got)
	}
	must(t, w.keeper.MoveSection(ctx, w.Actors["manager"], before.Document.ID, versions.SectionMove{To: "restricted", Lodging: w.lodging()}))
	_, _ = w.lodged()
	_, err = w.keeper.RestrictedOf(ctx, w.Actors["manager"], w.wren())
	must(t, err)
	const none = "0 documents 0 rows 0 changes false false 0 needs 0 news 0 due"
	if got := told("subject"); got != none {
		t.Errorf("to whom it is about it tells: %s", got)
	}
	if got := told("staff"); got != none {
		t.Errorf("to staff it tells: %s", got)
	}
	if got := told("manager"); !strings.HasPrefix(got, "2 documents 2 rows") || !strings.Contains(got, "lodging.made") || !strings.Contains(got, "lodging.viewed") {
		t.Errorf("the manager sees: %s", got)
	}
	for who, want := range map[string]int{"subject": 0, "staff": 2, "manager": 2} {
		notes, err := w.keeper.Notes(ctx, w.Actors[who], w.wren())
		if must(t, err); len(notes) != want {
			t.Errorf("%s is shown %d notes of lodging", who, len(notes))
		}
	}
	for _, who := range []string{"subject", "staff", "inspector"} {
		if _, err := w.keeper.RestrictedOf(ctx, w.Actors[who], w.wren()); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s opens the restricted section: %v", who, err)
		}
		if _, err := w.keeper.Register(ctx, w.Actors[who], versions.RegisterPlace{}, 10); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s opens the register: %v", who, err)
		}
	}
	must(t, pg.Read(ctx, w.DB, subject, func(tx *pg.Tx) error {
		for _, table := range []string{"lodging", "lodging_event", "consultation", "lodging_note", "document_move", "document"} {
			var n int
			if err := tx.QueryRow(ctx, `select count(*) from app.`+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%d rows of %s are seen by whom it is about: %v", n, table, err)
			}
		}
		return nil
	}))
}

// The register lists what is overdue first, goes on by key, and shows each reader
// what they decide about or audit.
func TestTheRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	var ids []int64
	for range 3 {
		_, id := w.lodged()
		ids = append(ids, id)
	}
	must(t, w.keeper.KeepLodged(ctx, w.Actors["manager"], ids[1], versions.Review{Why: "x", ReviewOn: ahead(20)}))
	w.overdue(ids[2], 12)
	var got []int64
	var place versions.RegisterPlace
	for {
		list, err := w.keeper.Register(ctx, w.Actors["manager"], place, 2)
		must(t, err)
		if len(list) == 0 {
			break
		}
		for _, l := range list {
			got = append(got, l.ID)
			place = versions.RegisterPlace{Due: l.Due, ID: l.ID}
			if late := l.ID == ids[2]; l.Overdue() != late || !l.May {
				t.Errorf("%+v", l)
			}
		}
	}
	if !slices.Equal(got, []int64{ids[2], ids[1], ids[0]}) {
		t.Errorf("the register is %v of %v", got, ids)
	}
	due, err := w.keeper.DueLodgings(ctx, w.Actors["manager"])
	if must(t, err); len(due) != 2 || due[0].ID != ids[2] {
		t.Errorf("what needs the manager: %+v", due)
	}
	list, err := w.keeper.Register(ctx, w.Actors["dpo"], versions.RegisterPlace{}, 10)
	if must(t, err); len(list) != 3 || list[0].May {
		t.Errorf("who audits sees %+v", list)
	}
	if due, err := w.keeper.DueLodgings(ctx, w.Actors["dpo"]); err != nil || len(due) != 0 {
		t.Errorf("who audits and does not manage needs to do %d: %v", len(due), err)
	}
	if list, err := w.keeper.Register(ctx, w.Actors["other-manager"], versions.RegisterPlace{}, 10); err != nil || len(list) != 0 {
		t.Errorf("another setting's manager sees %d: %v", len(list), err)
	}
}

// overdue dates a lodging's review back, which nobody but a superuser can.
func (w *world) overdue(lodging int64, days int) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.Super)
	must(w.t, err)
	defer conn.Close(context.Background())
	for _, sql := range []string{`set session_replication_role = replica`, fmt.Sprintf(`update app.lodging set review_on = current_date - %d where id = %d`, days, lodging)} {
		_, err := conn.Exec(w.t.Context(), sql)
		must(w.t, err)
	}
}

// A manager who has a staff file meets nothing of what is restricted in it, and
// advises on nothing there.
func TestOnesOwnFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, file := t.Context(), w.Records["Morgan Example"]
	w.helper(file)
	if _, err := w.put("helper", file, w.entry(secret, "restricted")); problem(err) != "advised_by" {
		t.Errorf("whom the file is about advised: %v", err)
	}
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 32767, 127, 'role', 1, 'for the test', now())`,
		int64(w.Actors["individual"].ID), file)
	e := w.entry(secret, "restricted")
	e.AdvisedBy = fmt.Sprint(w.Actors["individual"].ID)
	a, err := w.put("helper", file, e)
	must(t, err)
	manager := w.Actors["manager"]
	if _, err := w.keeper.Versions(ctx, manager, a.Document.ID, 0, 10); !fault.Is(err, fault.NotFound) {
		t.Errorf("the document: %v", err)
	}
	if _, err := w.keeper.RestrictedOf(ctx, manager, file); !fault.Is(err, fault.NotFound) {
		t.Errorf("the section: %v", err)
	}
	if _, err := w.put("manager", file, e); !fault.Is(err, fault.Forbidden) {
		t.Errorf("adds there: %v", err)
	}
	where, err := w.keeper.Where(ctx, manager, file)
	if must(t, err); !slices.Equal(where.Adds, []access.Section{access.General, access.Sensitive}) {
		t.Errorf("is offered %v", where.Adds)
	}
	notes, err := w.keeper.Notes(ctx, manager, file)
	if must(t, err); len(notes) != 0 {
		t.Errorf("is shown %d notes", len(notes))
	}
	list, err := w.keeper.Register(ctx, manager, versions.RegisterPlace{}, 10)
	if must(t, err); len(list) != 0 {
		t.Errorf("the register shows %d", len(list))
	}
	prints, err := audit.OfRecord(ctx, w.DB, manager, file, 0, 100)
	must(t, err)
	for _, f := range prints {
		if access.ActorID(f.ActorID) != manager.ID && (f.Document != nil || strings.HasPrefix(f.Action, "lodging.")) {
			t.Errorf("a footprint tells: %+v", f)
		}
	}
	if list, err := w.keeper.Register(ctx, w.Actors["individual"], versions.RegisterPlace{}, 10); err != nil || len(list) != 1 {
		t.Errorf("who manages it besides sees %d: %v", len(list), err)
	}
}

// Whoever is kept from a record, by name or by a circle, is neither offered as having
// advised there nor taken for it; and is again once that has ended.
func TestWhoIsKeptFromARecordDoesNotAdvise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, second := t.Context(), w.Actors["staff2"]
	_, err := grants.Give(ctx, w.DB, access.Custodian(), grants.Giving{To: second.ID, Role: grants.RegisteredManager, Provider: w.Provider, Home: w.Homes[sample.ChildrensHome], Why: "for the test"})
	must(t, err)
	advises := func(when string, want bool) {
		t.Helper()
		list, err := w.keeper.Advisers(ctx, w.Actors["manager"], w.wren())
		must(t, err)
		if offered := slices.ContainsFunc(list, func(a versions.Adviser) bool { return a.ID == int64(second.ID) }); offered != want {
			t.Errorf("%s: the second manager is offered: %v", when, offered)
		}
		e := w.entry("A paper "+when, "restricted")
		e.AdvisedBy = fmt.Sprint(second.ID)
		if _, err := w.put("manager", w.wren(), e); (err == nil) != want || err != nil && problem(err) != "advised_by" {
			t.Errorf("%s: the second manager is taken: %v", when, err)
		}
	}
	live := func() grants.Shields {
		t.Helper()
		s, err := grants.ShieldsOf(ctx, w.DB, w.Actors["dpo"], w.wren())
		must(t, err)
		return s
	}
	advises("before", true)
	must(t, grants.ShieldFrom(ctx, w.DB, w.Actors["dpo"], w.wren(), second.ID, "family", "her nephew"))
	advises("kept from it by name", false)
	must(t, grants.EndShield(ctx, w.DB, w.Actors["dpo"], w.wren(), grants.OfPerson, live().People[0].ID, "over"))
	advises("once that has ended", true)
	must(t, grants.DrawCircle(ctx, w.DB, w.Actors["manager"], w.wren(), "case-review", "serious case review"))
	advises("outside a circle", false)
	must(t, grants.LetIn(ctx, w.DB, w.Actors["manager"], w.wren(), second.ID, "needs it"))
	advises("let in", true)
}
