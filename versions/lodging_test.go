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
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
	"custodian/versions"
)

// secret is a title that nobody may meet who may not read in the restricted section.
const secret = "What the neighbour told us"

func (w *world) wren() int64 { return w.Records["Wren Sample"] }

// lodging is one in which nothing is wrong.
func (w *world) lodging() versions.Lodging {
	return versions.Lodging{Ground: "in-confidence", Reason: "She asked that he should not learn of it.", AdvisedBy: fmt.Sprint(w.Actors["manager"].ID),
		Originator: "A neighbour, through the social worker", ReviewOn: ahead(90)}
}

// put adds a document to a record, in a section.
func (w *world) put(who string, record int64, e versions.Entry) (versions.Added, error) {
	ctx := context.Background()
	slot, err := w.keeper.BeginDocument(ctx, w.Actors[who], record)
	if err != nil {
		return versions.Added{}, err
	}
	r, err := w.keeper.Receive(ctx, "paper.txt", strings.NewReader("The words of "+e.Title+time.Now().String()))
	must(w.t, err)
	return w.keeper.AddDocument(ctx, w.Actors[who], slot, e, r, "")
}

func (w *world) entry(title, section string) versions.Entry {
	e := versions.Entry{Title: title, Kind: "other", InForceFrom: "2026-01-01", Section: section}
	if section == "restricted" {
		e.Lodging = w.lodging()
	}
	return e
}

// lodged puts a document into the restricted section of Wren's record, and gives
// it and its lodging.
func (w *world) lodged() (document, lodging int64) {
	w.t.Helper()
	a, err := w.put("manager", w.wren(), w.entry(secret, "restricted"))
	must(w.t, err)
	w.Scan(w.t, `select id from app.lodging where document_id = $1`, []any{a.Document.ID}, &lodging)
	return a.Document.ID, lodging
}

// noLogin ends the role of the young person who signs in: whom the record is about
// does not read in it any more.
func (w *world) noLogin() {
	w.t.Helper()
	w.Exec(w.t, `update app.role_held set until_at = now() where actor_id = $1`, int64(w.Actors["young-person"].ID))
}

// subject makes somebody who signs in as the young person a record is about: they
// read and see who looked, in the general and the sensitive section.
func (w *world) subject(record int64) access.Actor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Wren Sample', 1) returning id`, []any{w.Provider}, &id)
	mask := access.MaskOf(access.ClassOf(access.YoungPerson, access.General), access.ClassOf(access.YoungPerson, access.Sensitive))
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, $3, 65, 'data-subject', 1, 'it is about them', now())`,
		id, record, mask)
	w.Actors["subject"] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	return w.Actors["subject"]
}

// helper makes somebody who reads and adds in every section of a record, and does
// not manage it.
func (w *world) helper(record int64) access.Actor {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', 'Kim Helper', 1) returning id`, []any{w.Provider}, &id)
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 2, $2, 32767, 3, 'role', 1, 'for the test', now())`, id, record)
	w.Actors["helper"] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	return w.Actors["helper"]
}

// problem gives the name of the first field that is wrong.
func problem(err error) string {
	f, ok := fault.Of(err)
	if !ok || len(f.Fields) == 0 {
		return fmt.Sprint(err)
	}
	return f.Fields[0].Name
}

func TestWhoMayAddToWhichSection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		who, record, section string
		kind                 fault.Kind // 0: added
	}{
		{"staff", "Wren Sample", "", 0},
		{"staff", "Wren Sample", "general", 0},
		{"staff", "Wren Sample", "sensitive", 0},
		{"staff", "Wren Sample", "restricted", fault.Forbidden},
		{"staff", "Wren Sample", "secret", fault.Invalid},
		{"manager", "Wren Sample", "restricted", 0},
		{"manager", "Sam Example", "sensitive", 0},
		{"manager", "Policies of Larkfield House", "sensitive", fault.Invalid},
		{"inspector", "Sam Example", "sensitive", fault.Forbidden},
	} {
		a, err := w.put(c.who, w.Records[c.record], w.entry("A paper", c.section))
		if c.kind != 0 && !fault.Is(err, c.kind) || c.kind == 0 && err != nil {
			t.Errorf("%s adds to %q of %s: %v", c.who, c.section, c.record, err)
		}
		if want := c.section; err == nil && want != "" && a.Document.Section.String() != want {
			t.Errorf("%s adds to %s and it lies in %s", c.who, want, a.Document.Section)
		}
	}
	where, err := w.keeper.Where(t.Context(), w.Actors["staff"], w.wren())
	if must(t, err); !slices.Equal(where.Adds, []access.Section{access.General, access.Sensitive}) {
		t.Errorf("staff are offered %v", where.Adds)
	}
}

// A lodging needs its ground, reason, adviser, originator and day: each is refused
// where it is missing or wrong, and nothing is left.
func TestLodgingNeedsAllItsFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.helper(w.wren())
	for field, spoil := range map[string]func(*versions.Lodging){
		"ground":               func(l *versions.Lodging) { l.Ground = "" },
		"ground ":              func(l *versions.Lodging) { l.Ground = "<script>alert(1)</script>" },
		"reason":               func(l *versions.Lodging) { l.Reason = " \n" },
		"reason ":              func(l *versions.Lodging) { l.Reason = strings.Repeat("x", 2001) },
		"reason  ":             func(l *versions.Lodging) { l.Reason = "a\u202eb" },
		"advised_by":           func(l *versions.Lodging) { l.AdvisedBy = "" },
		"advised_by ":          func(l *versions.Lodging) { l.AdvisedBy = fmt.Sprint(w.Actors["staff"].ID) },
		"advised_by  ":         func(l *versions.Lodging) { l.AdvisedBy = fmt.Sprint(w.Actors["other-manager"].ID) },
		"advised_by   ":        func(l *versions.Lodging) { l.AdvisedBy = fmt.Sprint(w.Actors["service"].ID) },
		"advised_by    ":       func(l *versions.Lodging) { l.AdvisedBy = "1 or 1=1" },
		"originator":           func(l *versions.Lodging) { l.Originator = "" },
		"lodging_review_on":    func(l *versions.Lodging) { l.ReviewOn = "" },
		"lodging_review_on ":   func(l *versions.Lodging) { l.ReviewOn = ahead(0) },
		"lodging_review_on  ":  func(l *versions.Lodging) { l.ReviewOn = ahead(367) },
		"lodging_review_on   ": func(l *versions.Lodging) { l.ReviewOn = "2027-02-30" },
	} {
		e := w.entry(secret, "restricted")
		spoil(&e.Lodging)
		if _, err := w.put("manager", w.wren(), e); problem(err) != strings.TrimSpace(field) || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", field, err)
		}
	}
	e := w.entry(secret, "restricted")
	e.AdvisedBy = fmt.Sprint(w.Actors["helper"].ID)
	if _, err := w.put("helper", w.wren(), e); problem(err) != "advised_by" {
		t.Errorf("who does not manage advises themself: %v", err)
	}
	if n := w.count("document") + w.count("lodging") + w.count("lodging_note") + w.objects(); n != 0 {
		t.Errorf("%d rows or objects are left of what was refused", n)
	}
	if a, err := w.put("helper", w.wren(), w.entry(secret, "restricted")); err != nil || a.Document.Section != access.Restricted {
		t.Errorf("who may add there lodges on the manager's advice: %v", err)
	}
	e = w.entry(secret, "restricted")
	e.Lodging.ReviewOn = clock.DayOf(time.Now().AddDate(1, 0, 0)).String()
	if _, err := w.put("manager", w.wren(), e); err != nil {
		t.Errorf("a year ahead, on one's own advice as a manager: %v", err)
	}
}

// raw runs statements as one of the people, past the program, and commits.
func (w *world) raw(who string, statements ...string) error {
	conn, err := pgx.Connect(w.t.Context(), w.App)
	must(w.t, err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(w.t.Context())
	must(w.t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	_, err = tx.Exec(w.t.Context(), `select set_config('app.actor', $1, true)`, fmt.Sprint(w.Actors[who].ID))
	must(w.t, err)
	for _, s := range statements {
		if _, err := tx.Exec(w.t.Context(), s); err != nil {
			return err
		}
	}
	return tx.Commit(w.t.Context())
}

// Whatever the program does, the database refuses what the rules of the sections
// refuse.
func TestTheDatabaseHoldsTheSections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.noLogin()
	document, lodging := w.lodged()
	general, err := w.put("manager", w.wren(), w.entry("An ordinary paper", ""))
	must(t, err)
	w.helper(w.wren())
	manager := w.Actors["manager"].ID
	insert := func(class int) string {
		return fmt.Sprintf(`insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			values (900001, %d, %d, %d, 'other', false, 't', now(), app.me(), now())`, w.wren(), w.Provider, class)
	}
	lodge := func(document, adviser any, review string) string {
		return fmt.Sprintf(`insert into app.lodging (document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by)
			values (%v, %d, 'police-ask', 'x', %v, 'x', %s, app.me())`, document, w.wren(), adviser, review)
	}
	move := func(document int64, to int) string {
		return fmt.Sprintf(`insert into app.document_move (document_id, to_class, why, by_actor) values (%d, %d, 'x', app.me())`, document, to)
	}
	event := func(what string) string {
		return fmt.Sprintf(`insert into app.lodging_event (lodging_id, what, why, review_on, by_actor) values (%d, '%s', 'x', case when '%s' = 'kept' then current_date + 30 end, app.me())`, lodging, what, what)
	}
	soon := "current_date + 30"
	for _, c := range []struct {
		what, who string
		sql       []string
	}{
		{"restricted without a lodging", "manager", []string{insert(2)}},
		{"restricted by staff", "staff", []string{insert(2), lodge(900001, manager, soon)}},
		{"an adviser who does not manage", "helper", []string{insert(2), lodge(900001, w.Actors["staff"].ID, soon)}},
		{"the lodger who does not manage as adviser", "helper", []string{insert(2), lodge(900001, w.Actors["helper"].ID, soon)}},
		{"a review that lies behind", "manager", []string{insert(2), lodge(900001, manager, "current_date")}},
		{"a review too far ahead", "manager", []string{insert(2), lodge(900001, manager, "current_date + 400")}},
		{"a lodging of what is not restricted", "manager", []string{lodge(general.Document.ID, manager, soon)}},
		{"a second lodging", "manager", []string{lodge(document, manager, soon)}},
		{"a move by staff", "staff", []string{move(general.Document.ID, 1)}},
		{"a move by who adds and does not manage", "helper", []string{move(general.Document.ID, 1)}},
		{"a move to another kind", "manager", []string{move(general.Document.ID, 4)}},
		{"a move into the restricted section without a lodging", "manager", []string{move(general.Document.ID, 2)}},
		{"a move out of it without a decision", "manager", []string{move(document, 0)}},
		{"a decision to move out without a move", "manager", []string{event("moved-out")}},
		{"a decision by who does not manage", "helper", []string{event("kept")}},
		{"a decision by a service account", "service", []string{event("kept")}},
		{"the class without a move", "manager", []string{fmt.Sprintf(`update app.document set class = 1 where id = %d`, general.Document.ID)}},
		{"a note by hand", "manager", []string{fmt.Sprintf(`insert into app.lodging_note (record_id, lodging_id, what, by_actor, at) values (%d, %d, 'ended', app.me(), now())`, w.wren(), lodging)}},
		{"a lodging taken back", "manager", []string{`delete from app.lodging`}},
	} {
		if err := w.raw(c.who, c.sql...); err == nil {
			t.Errorf("%s was taken", c.what)
		}
	}
	if err := w.raw("manager", insert(2), lodge(900001, manager, soon)); err != nil {
		t.Errorf("with all its facts it is taken: %v", err)
	}
	if err := w.raw("manager", event("moved-out"), move(document, 1)); err != nil {
		t.Errorf("a decision and its move together: %v", err)
	}
	for _, sql := range []string{`update app.document set class = 1`, `update app.lodging set reason = 'y'`, `delete from app.lodging_note`, `truncate app.safety_statement`, `truncate app.lodging cascade`,
		`update app.document_move set why = 'y'`, `update app.lodging_event set why = 'y'`} {
		conn, err := pgx.Connect(t.Context(), w.Super)
		must(t, err)
		if _, err := conn.Exec(t.Context(), sql); !pg.Refused(err) {
			t.Errorf("a superuser: %s: %v", sql, err)
		}
		_ = conn.Close(context.Background())
	}
}

// A lodging is looked at again, shared, and ended, each with what it needs; whoever
// told it is asked before it is given to whom the record is about.
func TestALodgingIsDecidedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, manager := t.Context(), w.Actors["manager"]
	document, id := w.lodged()
	refusedAs := func(what, field string, err error) {
		t.Helper()
		if problem(err) != field {
			t.Errorf("%s: %v", what, err)
		}
	}
	refusedAs("kept without a reason", "why", w.keeper.KeepLodged(ctx, manager, id, versions.Review{ReviewOn: ahead(30)}))
	refusedAs("kept for ever", "review_on", w.keeper.KeepLodged(ctx, manager, id, versions.Review{Why: "x", ReviewOn: ahead(800)}))
	refusedAs("kept until today", "review_on", w.keeper.KeepLodged(ctx, manager, id, versions.Review{Why: "x", ReviewOn: ahead(0)}))
	must(t, w.keeper.KeepLodged(ctx, manager, id, versions.Review{Why: "She still asks for it.", ReviewOn: ahead(60)}))
	if err := w.keeper.KeepLodged(ctx, w.Actors["dpo"], id, versions.Review{Why: "x", ReviewOn: ahead(60)}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who reads there and does not manage: %v", err)
	}
	if err := w.keeper.KeepLodged(ctx, w.Actors["staff"], id, versions.Review{Why: "x", ReviewOn: ahead(60)}); !fault.Is(err, fault.NotFound) {
		t.Errorf("who does not read there: %v", err)
	}
	share := versions.Sharing{WithWhom: "Wren", ToSubject: true, Why: "In a talk with her key worker", ReviewOn: ahead(60)}
	refusedAs("shared with her before whoever told it was asked", "consulted", w.keeper.ShareLodged(ctx, manager, id, share))
	other := share
	other.ToSubject, other.WithWhom = false, "The independent reviewing officer"
	must(t, w.keeper.ShareLodged(ctx, manager, id, other))
	refusedAs("asked tomorrow", "on", w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "objects", Words: "No.", On: ahead(1)}))
	refusedAs("asked without words", "words", w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "not-reached", On: ahead(0)}))
	must(t, w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "objects", Words: "She is afraid of him.", On: ahead(0)}))
	refusedAs("shared against the objection", "despite", w.keeper.ShareLodged(ctx, manager, id, share))
	share.Despite = "He has learnt it from his aunt."
	must(t, w.keeper.ShareLodged(ctx, manager, id, share))

	w.subject(w.wren())
	must(t, w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "objects", Words: "Not on paper.", On: ahead(0)}))
	end := versions.Ending{To: "sensitive", Why: "Everybody knows by now."}
	refusedAs("moved out to where she reads, against the objection", "despite", w.keeper.EndLodging(ctx, manager, id, end))
	must(t, w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "agrees", Words: "Yes, now.", On: ahead(0)}))
	refusedAs("moved to nowhere", "section", w.keeper.EndLodging(ctx, manager, id, versions.Ending{To: "restricted", Why: "x"}))
	must(t, w.keeper.EndLodging(ctx, manager, id, end))
	if err := w.keeper.EndLodging(ctx, manager, id, end); !fault.Is(err, fault.Conflict) {
		t.Errorf("ended twice: %v", err)
	}
	l, err := w.keeper.Lodging(ctx, manager, id)
	must(t, err)
	var what []string
	for _, e := range l.Events {
		what = append(what, e.What)
	}
	if !slices.Equal(what, []string{"moved-out", "shared", "shared", "kept"}) || l.EndedAt == nil || len(l.Asked) != 3 || len(l.Lacks) != 0 {
		t.Errorf("what is kept of it: %v %+v", what, l)
	}
	list, err := w.keeper.OfRecord(ctx, w.Actors["subject"], w.wren(), versions.After{}, 10)
	if must(t, err); len(list) != 1 || list[0].ID != document || list[0].Section != access.Sensitive {
		t.Errorf("she reads %+v", list)
	}
	if _, err := w.keeper.Lodging(ctx, w.Actors["staff"], id); !fault.Is(err, fault.NotFound) {
		t.Errorf("after it left the section staff read why it lay there: %v", err)
	}
}

// Moving out to where whom it is about reads is a release; where they have no
// login it is not, and is asked about when they get it.
func TestReadyForRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, manager := t.Context(), w.Actors["manager"]
	lacks := func(document int64) (list []versions.Lack) {
		t.Helper()
		must(t, pg.Read(ctx, w.DB, w.Actors["staff"], func(tx *pg.Tx) (err error) {
			list, err = versions.ReadyForRelease(ctx, tx, document)
			return err
		}))
		return list
	}
	w.noLogin()
	document, id := w.lodged()
	must(t, w.keeper.EndLodging(ctx, manager, id, versions.Ending{To: "general", Why: "The ground is gone."}))
	if got := lacks(document); !slices.Equal(got, []versions.Lack{versions.LacksOriginator}) {
		t.Errorf("what was restricted once, and nobody asked: %v", got)
	}
	must(t, w.keeper.Consult(ctx, manager, id, versions.Consulted{Answer: "not-reached", Words: "Two letters and a call, no answer.", On: ahead(0)}))
	if got := lacks(document); len(got) != 0 {
		t.Errorf("after all reasonable steps: %v", got)
	}
	ordinary, err := w.put("staff", w.wren(), w.entry("An ordinary paper", ""))
	must(t, err)
	if got := lacks(ordinary.Document.ID); len(got) != 0 {
		t.Errorf("of what was never restricted: %v", got)
	}
	w.subject(w.wren())
	_, second := w.lodged()
	end := versions.Ending{Withdrawn: true, To: "general", Why: "Lodged by mistake."}
	if err := w.keeper.EndLodging(ctx, manager, second, end); problem(err) != "consulted" {
		t.Errorf("withdrawn to where she reads: %v", err)
	}
	if err := w.raw("manager", fmt.Sprintf(`insert into app.lodging_event (lodging_id, what, why, by_actor) values (%d, 'withdrawn', 'x', app.me())`, second)); !pg.Broke(err, "lodging_event_consulted") {
		t.Errorf("past the program: %v", err)
	}
}

// An existing document is moved between sections by whoever manages the record.
func TestDocumentsMoveBetweenSections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, manager := t.Context(), w.Actors["manager"]
	a, err := w.put("staff", w.wren(), w.entry(secret, "general"))
	must(t, err)
	id := a.Document.ID
	to := func(who, section, why string) error {
		return w.keeper.MoveSection(ctx, w.Actors[who], id, versions.SectionMove{To: section, Why: why, Lodging: w.lodging()})
	}
	if err := to("staff", "sensitive", "x"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("staff move it: %v", err)
	}
	if err := to("other-manager", "sensitive", "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another setting's manager moves it: %v", err)
	}
	for _, c := range [][2]string{{"", "section"}, {"elsewhere", "section"}, {"general", "section"}} {
		if err := to("manager", c[0], "x"); problem(err) != c[1] {
			t.Errorf("to %q: %v", c[0], err)
		}
	}
	if err := to("manager", "sensitive", " "); problem(err) != "why" {
		t.Errorf("without a reason: %v", err)
	}
	must(t, to("manager", "sensitive", "It names her school."))
	must(t, to("manager", "restricted", ""))
	if err := to("manager", "general", "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("out of the restricted section without a decision: %v", err)
	}
	moves, err := w.keeper.Moves(ctx, manager, id)
	if must(t, err); len(moves) != 2 || moves[0].To != access.Restricted || moves[1].Why != "It names her school." || moves[1].By != "Morgan Example" {
		t.Errorf("its moves: %+v", moves)
	}
	o, err := w.keeper.Open(ctx, manager, versions.Target{Document: id, Number: 1}, "")
	if must(t, err); o.Close() != nil {
		t.Error("its content is not read from the new section")
	}
}
