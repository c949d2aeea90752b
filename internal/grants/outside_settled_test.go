package grants_test

import (
	"testing"

	"custodian/internal/fault"
	"custodian/internal/grants"
)

// past changes what is there, past every policy and trigger.
func (w *yard) past(sql string, words map[string]string) {
	w.t.Helper()
	w.Exec(w.t, fill(`set session_replication_role = replica; `+sql, words, nil))
}

// Six months are not approved after the day that began at once was accepted: what is
// settled is over for good, and what is not over is not settled.
func TestNothingComesOfASettledAccess(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	decide := func(who string, id int64, yes bool) error {
		return grants.DecideOutside(t.Context(), w.DB, w.Actors[who], id, yes, "it is needed")
	}
	review := func(who string, id int64, verdict string) error {
		return grants.ReviewOutside(t.Context(), w.DB, w.Actors[who], id, verdict, "looked at it")
	}
	open := func(who string) int {
		list, err := grants.Outsides(t.Context(), w.DB, w.Actors[who], grants.OpenOutside, 0, 10)
		must(t, err)
		return len(list)
	}
	halfYear := func(who string) int64 {
		return w.asked(who, w.plover(func(a *grants.Asking) { a.Span, a.AtOnce = grants.ForSixMonth, true }))
	}
	accepted, wrong := halfYear("manager"), halfYear("staff")
	must(t, review("supported-manager", wrong, "escalated")) // at any time
	w.kind(review("individual", wrong, "wrong"), fault.Conflict, "judging what runs")
	w.later("25 hours")
	w.want(false, "manager", "Plover Sample")
	w.kind(review("supported-manager", accepted, "accepted"), fault.Conflict, "accepting while six months wait")
	w.kind(review("individual", wrong, "accepted"), fault.Conflict, "judging while six months wait")
	w.kind(review("individual", wrong, "wrong"), fault.Conflict, "judging while six months wait")
	if n := open("individual"); n != 2 {
		t.Errorf("%d are open", n)
	}
	// as it was settled before this was refused
	w.past(`insert into app.outside_review (access_id, level, verdict, why, by_actor) values (%accepted, 1, 'accepted', 'x', %dpo), (%wrong, 2, 'wrong', 'x', %dpo)`,
		map[string]string{"%accepted": number(accepted), "%wrong": number(wrong), "%dpo": w.id("dpo")})
	for _, id := range []int64{accepted, wrong} {
		if o := w.outside("individual", id); o.MayDecide || o.MayReview || o.MayJudge {
			t.Errorf("what is settled may be decided: %+v", o)
		}
		w.kind(decide("individual", id, true), fault.Conflict, "approving what is settled")
		w.kind(decide("individual", id, false), fault.Conflict, "declining what is settled")
	}
	w.want(false, "manager", "Plover Sample")
	w.want(false, "staff", "Plover Sample")

	// what waits is decided first; what was approved is reviewed when it is over
	id := halfYear("staff2")
	w.later("25 hours")
	must(t, decide("supported-manager", id, true))
	w.kind(review("supported-manager", id, "accepted"), fault.Conflict, "accepting what runs for six months")
	if n := open("supported-manager"); n != 1 {
		t.Errorf("%d are open while it runs", n)
	}
	must(t, grants.EndOutside(t.Context(), w.DB, w.Actors["supported-manager"], id, "enough"))
	must(t, review("supported-manager", id, "accepted"))
	id = halfYear("other-staff")
	w.later("25 hours")
	must(t, decide("supported-manager", id, false))
	must(t, review("supported-manager", id, "accepted"))
	if n := open("supported-manager"); n != 0 {
		t.Errorf("%d are open after all were reviewed", n)
	}
	// whatever runs is open, whatever was said of it
	w.past(`update app.grants set valid_until = now() + interval '1 hour' where id = (select grant_id from app.outside_access where id = %accepted)`, map[string]string{"%accepted": number(accepted)})
	n, err := grants.OutsideNeedsOf(t.Context(), w.DB, w.Actors["supported-manager"])
	must(t, err)
	if open("supported-manager") != 1 || len(n.Running) != 1 {
		t.Errorf("what runs after its review is in no list: %+v", n)
	}
}

// The same, past all that Go asks.
func TestTheDatabaseKeepsWhatIsSettled(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	id := w.asked("manager", w.plover(func(a *grants.Asking) { a.Span, a.AtOnce = grants.ForSixMonth, true }))
	const (
		review   = `insert into app.outside_review (access_id, level, verdict, why, by_actor) values ($1, $2, $3, 'x', $4)`
		decision = `insert into app.outside_decision (access_id, approved, by_actor, why) values ($1, false, $2, 'x')`
	)
	says := func(who string, level int, verdict string) error {
		return w.raw(who, review, id, level, verdict, w.Actors[who].ID)
	}
	approve := fill(`insert into app.outside_decision (access_id, approved, by_actor, why, grant_id) values (%access, true, %by, 'x', 91);
		insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (91, %to, 2, %at, 1, 1, 'break-glass', %by, 'audit', now(), now() + interval '14 days')`,
		map[string]string{"%access": number(id), "%by": w.id("supported-manager"), "%to": w.id("manager"), "%at": number(w.Records["Plover Sample"])}, nil)
	w.refused(says("supported-manager", 1, "accepted"), "accepted while it runs")
	w.later("25 hours")
	w.refused(says("supported-manager", 1, "accepted"), "accepted while more waits")
	must(t, says("supported-manager", 1, "escalated"))
	w.refused(says("dpo", 2, "wrong"), "judged wrong while more waits")
	w.refused(says("dpo", 2, "accepted"), "judged right while more waits")
	w.past(`insert into app.outside_review (access_id, level, verdict, why, by_actor) values (%id, 2, 'wrong', 'x', %dpo)`, map[string]string{"%id": number(id), "%dpo": w.id("dpo")})
	w.refused(w.raw("supported-manager", approve), "approved after it was judged")
	w.refused(w.raw("supported-manager", decision, id, w.Actors["supported-manager"].ID), "declined after it was judged")
	w.past(`delete from app.outside_review where level = 2; update app.outside_review set verdict = 'accepted'`, nil)
	w.refused(w.raw("supported-manager", approve), "approved after it was accepted")
	w.past(`update app.outside_review set verdict = 'escalated'`, nil)
	must(t, w.raw("supported-manager", decision, id, w.Actors["supported-manager"].ID)) // escalated, and nothing is settled
	must(t, says("dpo", 2, "wrong"))
}

// What somebody came for does not vanish behind what they look at afterwards: it
// stands beside it in a line of its own, and in the list of every single look.
func TestNoLookIsCrowdedOut(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	id := w.asked("manager", w.plover())
	plover, me := number(w.Records["Plover Sample"]), w.id("manager")
	const look = `insert into app.footprint (actor_id, action, outcome, record_id, request) `
	w.Exec(t, look+`values (`+me+`, 'safety.read', 'done', `+plover+`, 'first')`)
	w.Exec(t, look+`select `+me+`, 'record.viewed', 'done', `+plover+`, 'again' from generate_series(1, 248)`)
	w.Exec(t, look+`values (`+me+`, 'record.viewed', 'refused', `+plover+`, 'tried')`)
	w.Exec(t, look+`values (`+w.id("staff")+`, 'record.viewed', 'refused', `+plover+`, 'somebody else')`)
	o := w.outside("supported-manager", id)
	if o.Looks != 250 || len(o.Looked) != 3 || o.MoreLooked {
		t.Fatalf("%d looks of %d kinds: %+v", o.Looks, len(o.Looked), o.Looked)
	}
	if tried, many, first := o.Looked[0], o.Looked[1], o.Looked[2]; tried.Outcome != "refused" || tried.Times != 1 || many.Times != 248 || many.First.After(many.At) || first.Action != "safety.read" || first.Times != 1 {
		t.Errorf("looked at: %+v", o.Looked)
	}
	var all []int64
	before, pages := int64(0), 0
	for {
		_, list, err := grants.OutsideLooks(t.Context(), w.DB, w.Actors["supported-manager"], id, before, 100)
		must(t, err)
		if len(list) == 0 {
			break
		}
		for _, f := range list {
			all = append(all, f.ID)
		}
		before = list[len(list)-1].ID
		pages++
	}
	var first int64
	w.Scan(t, `select id from app.footprint where request = 'first'`, nil, &first)
	if len(all) != 250 || pages != 3 || all[len(all)-1] != first {
		t.Errorf("%d looks on %d pages, the first of them %d, want %d", len(all), pages, all[len(all)-1], first)
	}
	_, _, err := grants.OutsideLooks(t.Context(), w.DB, w.Actors["staff"], id, 0, 10)
	w.kind(err, fault.NotFound, "the looks, asked by somebody who does not answer for the record")
}
