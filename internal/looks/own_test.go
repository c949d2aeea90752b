package looks_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/internal/pg"
)

// own are the footprints of one's own that somebody finds, by every way that lists
// any: which of these are among them.
func (w *world) own(who string, record, document int64, of ...int64) string {
	w.t.Helper()
	ctx, actor, f := w.t.Context(), w.Actors[who], looks.Filter{Limit: 1000}
	found := ""
	see := func(way string, list []looks.Look, err error) {
		if fault.Is(err, fault.NotFound) {
			return
		}
		must(w.t, err)
		for i, id := range of {
			if has(list, id) {
				found += fmt.Sprintf(" %s:%d", way, i)
			}
		}
	}
	_, list, err := looks.OfPerson(ctx, w.DB, actor, actor.ID, f)
	see("person", list, err)
	_, list, err = looks.OfRecord(ctx, w.DB, actor, record, f)
	see("record", list, err)
	_, list, err = looks.OfDocument(ctx, w.DB, actor, document, f)
	see("document", list, err)
	list, err = looks.Everything(ctx, w.DB, actor, f)
	see("everything", list, err)
	f.Person = actor.ID
	list, err = looks.Everything(ctx, w.DB, actor, f)
	see("everything of one", list, err)
	for _, person := range []access.ActorID{0, actor.ID} {
		f.Person = person
		err = looks.Export(ctx, w.DB, actor, f, func(part []looks.Look) error { see("export", part, nil); return nil })
		if !fault.Is(err, fault.NotFound) {
			must(w.t, err)
		}
	}
	plain, err := audit.OfRecord(ctx, w.DB, actor, record, 0, 1000)
	for _, p := range plain {
		list = []looks.Look{{Footprint: p}}
		see("api", list, nil)
	}
	if !fault.Is(err, fault.NotFound) {
		must(w.t, err)
	}
	for i, id := range of {
		if l, err := looks.Get(ctx, w.DB, actor, id); err == nil {
			found += fmt.Sprintf(" one:%d(%s)", i, l.Title)
		}
		if _, err := looks.Raise(ctx, w.DB, actor, id, looks.ToManager, "I wonder."); err == nil {
			found += fmt.Sprintf(" concern:%d", i)
		}
		must(w.t, pg.Read(ctx, w.DB, actor, func(tx *pg.Tx) error {
			var n int
			err := tx.QueryRow(ctx, `select count(*) from app.footprint where id = $1`, id).Scan(&n)
			if n > 0 {
				found += fmt.Sprintf(" sql:%d", i)
			}
			return err
		}))
	}
	return found
}

// refuse leaves a footprint of a refusal as the program does, and gives its number.
func (w *world) refuse(who string, a access.Action, about audit.Target) (id int64) {
	w.t.Helper()
	must(w.t, audit.Refuse(w.t.Context(), w.DB, w.Actors[who], audit.Act{Action: a, Target: about}))
	w.Scan(w.t, `select max(id) from app.footprint where actor_id = $1`, []any{int64(w.Actors[who].ID)}, &id)
	return id
}

// What somebody sought and may not see leaves the same trace in their own lists,
// whether it is there or not: none. It is so for staff, for whom a record is about,
// for whoever manages, reads and audits everything, and for whoever only audits.
func TestOwnRefusalsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren, finch := w.Records["Wren Sample"], w.Records["Finch Sample"]
	restricted := w.document("Wren Sample", "Kept from most", "care-plan", access.Restricted)
	sensitive := w.document("Wren Sample", "Closely held", "care-plan", access.Sensitive)
	open := w.document("Wren Sample", "Read by all", "care-plan", access.General)
	shut := w.document("Finch Sample", "Of somebody's cousin", "care-plan", access.General)
	w.subject("Wren Sample", "Wren Sample")
	w.auditor("auditor")
	for _, who := range []string{"manager", "dpo", "auditor"} {
		w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'family', 1, now())`, int64(w.Actors[who].ID), finch)
	}
	const nothing = 99_999_999
	there := map[string][]audit.Target{
		"staff":         {{Document: restricted}, {Record: w.Records["Teal Specimen"]}},
		"Wren Sample":   {{Document: restricted}, {Document: sensitive}, {Record: finch}, {Document: shut}, {Home: w.Homes["Larkfield House"], Record: finch}},
		"manager":       {{Record: finch}, {Document: shut}, {Record: w.Records["Teal Specimen"]}},
		"dpo":           {{Record: finch}, {Document: shut}},
		"auditor":       {{Record: finch}, {Document: shut}, {Document: restricted}},
		"other-manager": {{Document: open}, {Record: wren}},
	}
	for who, targets := range there {
		var ids []int64
		for _, about := range append(targets, audit.Target{Record: nothing}, audit.Target{Document: nothing}, audit.Target{Version: nothing}) {
			ids = append(ids, w.refuse(who, access.ViewDocument, about))
		}
		if found := w.own(who, wren, restricted, ids...); found != "" {
			t.Errorf("%s finds of their own refusals%s", who, found)
		}
		if found := w.own(who, finch, shut, ids...); found != "" {
			t.Errorf("%s finds of their own refusals, asking about the shielded record%s", who, found)
		}
	}
	// what is seen may be refused too, such as an approval; and it is told
	for who, about := range map[string]audit.Target{"staff": {Document: open}, "Wren Sample": {Record: wren}, "other-staff": {Home: w.Homes["Larkfield House"]}, "inspector": {}} {
		id := w.refuse(who, access.ApproveVersion, about)
		if _, err := looks.Get(t.Context(), w.DB, w.Actors[who], id); err != nil {
			t.Errorf("%s does not find their own refusal of %+v: %v", who, about, err)
		}
	}
	// whoever audits others sees that they tried: on the record, and where there is none
	tried := w.refuse("staff", access.ViewDocument, audit.Target{Document: restricted})
	missed := w.refuse("staff", access.ViewDocument, audit.Target{Document: nothing})
	if !has(w.all("manager", looks.Filter{}), tried) || !has(w.all("auditor", looks.Filter{}), tried) || !has(w.all("auditor", looks.Filter{}), missed) {
		t.Error("a refusal is kept from whoever audits it")
	}
}

// Nobody is asked about a refusal: the question would tell that there is something.
func TestNoQuestionAboutARefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan := w.document("Wren Sample", "Kept from most", "care-plan", access.Restricted)
	id := w.refuse("staff", access.ViewDocument, audit.Target{Document: plan})
	if _, err := looks.Ask(t.Context(), w.DB, w.Actors["manager"], id, "Why?"); !fault.Is(err, fault.Conflict) {
		t.Errorf("asked about a refusal: %v", err)
	}
	refused := errors.New("none")
	for outcome, id := range map[string]int64{"refused": id, "done": w.leave("staff", "record.viewed", w.Records["Wren Sample"], 0, time.Time{}, "done")} {
		err := pg.Write(t.Context(), w.DB, w.Actors["manager"], func(tx *pg.WriteTx) error {
			if _, err := tx.Exec(t.Context(), `insert into app.look_question (footprint_id, about_actor, asked_by) values ($1, 1, $2)`, id, int64(w.Actors["manager"].ID)); err != nil {
				return err
			}
			return refused
		})
		if pg.Refused(err) != (outcome == "refused") {
			t.Errorf("%s, in SQL: %v", outcome, err)
		}
	}
}
