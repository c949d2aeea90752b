package grants_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/internal/sample"
)

// lodge puts a document into the restricted section of a record.
func (w *yard) lodge(record int64) (document, lodging int64) {
	w.t.Helper()
	w.Scan(w.t, `select nextval('app.ids'), nextval('app.ids')`, nil, &document, &lodging)
	w.Exec(w.t, fill(`
		insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select D, id, provider_id, kind * 3 + 2, 'letter', false, 'A letter', now(), M, now() from app.record where id = R;
		insert into app.lodging (id, document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by) values (L, D, R, 'in-confidence', 'x', M, 'A neighbour', current_date + 30, M)`,
		map[string]string{"D": number(document), "L": number(lodging), "R": number(record), "M": w.id("manager")}, nil))
	return document, lodging
}

const movesOut = `
	insert into app.lodging_event (lodging_id, what, why, by_actor) values (L, 'moved-out', 'x', M);
	insert into app.document_move (document_id, from_class, to_class, why, by_actor) select id, class, class - 1, 'x', M from app.document where id = D`

// moveOut ends a lodging as the manager, past our code.
func (w *yard) moveOut(document, lodging int64) error {
	return w.rawAll("manager", fill(movesOut, map[string]string{"D": number(document), "L": number(lodging), "M": w.id("manager")}, nil))
}

// rawAll is raw for several statements.
func (w *yard) rawAll(who, sql string) error {
	return w.raw(who, `do $do$ begin `+sql+`; end $do$`)
}

func (w *yard) consulted(lodging int64, answer, despite string) {
	w.t.Helper()
	w.Exec(w.t, `insert into app.consultation (lodging_id, answer, words, on_date, despite, by_actor) values ($1, $2, 'x', current_date, $3, $4)`,
		lodging, answer, despite, int64(w.Actors["manager"].ID))
}

func (w *yard) letRead(record int64, from time.Time) error {
	_, err := grants.LetRead(w.t.Context(), w.DB, w.Actors["manager"], grants.Reading{Record: record, To: w.Actors["young-person"].ID, Email: "young-person@demo.example", From: from, Why: "x", Checked: "x"})
	return err
}

// rawRead lets somebody read their own file past our code: the role, and the grant.
func (w *yard) rawRead(by, to string, record int64) error {
	return w.rawAll(by, fill(`
		insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why, record_id, identity_checked) select 900001, T, 'young-person', provider_id, home_id, now(), M, 'x', id, 'x' from app.record where id = R;
		insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from) values (T, 2, R, 3, 1, 'data-subject', 900001, M, 'x', now())`,
		map[string]string{"R": number(record), "T": w.id(to), "M": w.id(by)}, nil))
}

// wantToAsk fails unless an error says that something has to be said at a lodging.
func (w *yard) wantToAsk(err error, words string) {
	w.t.Helper()
	f, ok := fault.Of(err)
	if !ok || f.Kind != fault.Conflict || len(f.Fields) != 1 || f.Fields[0].Name != "consulted" || !strings.Contains(f.Public, words) || !strings.Contains(f.Public, "lodging’s page") {
		w.t.Errorf("%v, want a conflict that says %q and where", err, words)
	}
}

// What was restricted once is given to nobody by letting them read their own file:
// whoever told it is asked before, and where they object it is said why all the same.
func TestNobodyReadsTheirFileBeforeWhoeverToldItWasAsked(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	finch := w.Records["Finch Sample"]
	document, lodging := w.lodge(finch)
	must(t, w.moveOut(document, lodging)) // nobody has a login: nobody needs to be asked
	w.wantToAsk(w.letRead(finch, time.Time{}), "has not been asked")
	w.wantToAsk(w.letRead(finch, days(3)), "has not been asked")
	if err := w.rawRead("manager", "young-person", finch); !pg.Broke(err, "grants_released") {
		t.Errorf("by raw SQL: %v", err)
	}
	// Custodian itself, on one document
	err := w.rawAll("manager", fill(`set local app.actor = 1; insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (Y, 3, D, 2, 1, 'data-subject', 1, 'x', now())`,
		map[string]string{"Y": w.id("young-person"), "D": number(document)}, nil))
	if !pg.Broke(err, "grants_released") {
		t.Errorf("on the document alone: %v", err)
	}
	list, err := grants.ToRelease(t.Context(), w.DB, w.Actors["manager"], finch)
	if err != nil || len(list) != 1 || list[0].Lodging != lodging || list[0].Objects {
		t.Errorf("to be mended at %+v, %v", list, err)
	}
	if list, err := grants.ToRelease(t.Context(), w.DB, w.Actors["staff"], finch); err != nil || len(list) != 0 {
		t.Errorf("whoever does not see the restricted section is told of %+v, %v", list, err)
	}
	w.consulted(lodging, "objects", "")
	w.wantToAsk(w.letRead(finch, time.Time{}), "objects")
	_, second := w.lodge(finch)
	w.wantToAsk(w.letRead(finch, time.Time{}), "objects") // what lies in the restricted section still is not what they would read
	w.consulted(lodging, "objects", "It is theirs to know, and no harm follows.")
	must(t, w.letRead(finch, time.Time{}))
	if err := w.moveOut(w.documentOf(second), second); !pg.Broke(err, "lodging_event_consulted") {
		t.Errorf("once they read, a lodging ends without asking: %v", err)
	}
	// whoever reads already goes on reading, also where the file moves to
	w.consulted(lodging, "objects", "")
	must(t, people.Move(t.Context(), w.DB, w.Actors["manager"], finch, w.Homes[sample.Supported], people.Change{Why: "x"}))
}

func (w *yard) documentOf(lodging int64) (document int64) {
	w.t.Helper()
	w.Scan(w.t, `select document_id from app.lodging where id = $1`, []any{lodging}, &document)
	return document
}

// Whoever is to read from a day to come counts when a lodging ends today.
func TestReadingToComeCounts(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	finch := w.Records["Finch Sample"]
	document, lodging := w.lodge(finch)
	must(t, w.letRead(finch, days(3)))
	if err := w.moveOut(document, lodging); !pg.Broke(err, "lodging_event_consulted") {
		t.Errorf("ended for somebody who reads in three days: %v", err)
	}
	w.consulted(lodging, "agrees", "")
	must(t, w.moveOut(document, lodging))
}

// Somebody's own staff file: where their work lets them read it, a lodging ends only
// when whoever told it was asked; where that begins later, however it begins, what
// was not asked about is kept from them.
func TestOnesOwnStaffFile(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	file := func(who string) (record int64) {
		w.Scan(t, `insert into app.record (provider_id, home_id, kind, name, created_by, actor_id) select provider_id, home_id, 1, 'A file', 1, $2 from app.record where id = $1 returning id`,
			[]any{w.Records["Finch Sample"], int64(w.Actors[who].ID)}, &record)
		return record
	}
	reads := func(who string, document int64) bool {
		n := 0
		must(t, pg.Read(t.Context(), w.DB, w.Actors[who], func(tx *pg.Tx) error {
			return tx.QueryRow(t.Context(), `select (select count(*) from app.document where id = @id) + (select count(*) from app.shelf_of((select d.record_id from app.document d where d.id = @id), now(), now(), now(), false))`, pgx.NamedArgs{"id": document}).Scan(&n)
		}))
		return n > 0
	}
	document, lodging := w.lodge(file("staff2"))
	must(t, w.moveOut(document, lodging))
	if !reads("manager", document) {
		t.Fatal("the manager does not see what was moved out")
	}
	_, err := grants.Give(t.Context(), w.DB, w.Actors["admin"], grants.Giving{To: w.Actors["staff2"].ID, Role: grants.ResponsibleIndividual, Provider: w.Provider, Why: "x"})
	must(t, err)
	if reads("staff2", document) {
		t.Error("a new role gives somebody what was restricted from them, and nobody was asked")
	}
	w.consulted(lodging, "objects", "")
	if reads("staff2", document) {
		t.Error("it gives it to them although whoever told it objects")
	}
	second, again := w.lodge(w.recordOf(document))
	if err := w.moveOut(second, again); !pg.Broke(err, "lodging_event_consulted") {
		t.Errorf("whose role lets them read their own file is given it without asking: %v", err)
	}
	w.consulted(lodging, "agrees", "")
	if !reads("staff2", document) {
		t.Error("what was asked about is still kept from them")
	}
}

func (w *yard) recordOf(document int64) (record int64) {
	w.t.Helper()
	w.Scan(w.t, `select record_id from app.document where id = $1`, []any{document}, &record)
	return record
}

// A lodging ends and somebody is let read at the same moment: one of them waits for
// the other, and sees it.
func TestALodgingEndsWhileSomebodyIsLetRead(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	for range 8 {
		var record int64
		w.Scan(t, `insert into app.record (provider_id, home_id, kind, name, created_by) select provider_id, home_id, 0, 'A file', 1 from app.record where id = $1 returning id`,
			[]any{w.Records["Finch Sample"]}, &record)
		document, lodging := w.lodge(record)
		ended := make(chan error)
		go func() { ended <- w.moveOut(document, lodging) }()
		let := w.letRead(record, time.Time{})
		if e := <-ended; (e == nil) == (let == nil) {
			t.Errorf("moved out: %v, let read: %v", e, let)
		}
	}
}
