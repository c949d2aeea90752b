package grants_test

import (
	"strings"
	"testing"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
)

// plover is a request of the children's home's manager for a young person of
// another setting.
func (w *yard) plover(change ...func(*grants.Asking)) grants.Asking {
	a := grants.Asking{Number: w.Records["Plover Sample"], Reason: grants.ForAudit, Span: grants.ForDay}
	for _, c := range change {
		c(&a)
	}
	return a
}

func (w *yard) ask(who string, a grants.Asking) (int64, error) {
	return grants.AskOutside(w.t.Context(), w.DB, w.Actors[who], a)
}

func (w *yard) asked(who string, a grants.Asking) int64 {
	w.t.Helper()
	id, err := w.ask(who, a)
	must(w.t, err)
	return id
}

func (w *yard) outside(who string, id int64) grants.OutsideOne {
	w.t.Helper()
	o, err := grants.OutsideOf(w.t.Context(), w.DB, w.Actors[who], id)
	must(w.t, err)
	return o
}

// later moves all that is dated about accesses outside a role into the past.
func (w *yard) later(by string) {
	w.t.Helper()
	w.Exec(w.t, `set session_replication_role = replica; update app.grants set valid_from = valid_from - interval '`+by+`', valid_until = valid_until - interval '`+by+`' where basis = 'break-glass';
		update app.outside_access set asked_at = asked_at - interval '`+by+`'`)
}

func TestAccessOutsideARole(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.want(false, "manager", "Plover Sample")
	id := w.asked("manager", w.plover())
	w.want(true, "manager", "Plover Sample")
	w.want(false, "staff", "Plover Sample")

	o := w.outside("manager", id)
	if h := o.Until.Sub(*o.From).Hours(); h != 24 || !o.Own || o.MayReview || o.MayDecide {
		t.Errorf("%.1f hours; %+v", h, o)
	}
	const letter = "Plover Sample I have accessed your file for the purpose of audit/moderation."
	if len(o.Notes) != 1 || o.Notes[0].Letter != letter || o.Notes[0].Name != "Morgan Example" {
		t.Errorf("the letter: %+v", o.Notes)
	}
	// whoever reads the record's general section reads the letter; whoever does not, does not
	for who, n := range map[string]int{"supported-manager": 1, "dpo": 1, "individual": 1} {
		list, err := grants.NotesOn(t.Context(), w.DB, w.Actors[who], w.Records["Plover Sample"], 0, 10)
		must(t, err)
		if len(list) != n {
			t.Errorf("%s reads %d letters, want %d", who, len(list), n)
		}
	}
	_, err := grants.NotesOn(t.Context(), w.DB, w.Actors["staff"], w.Records["Plover Sample"], 0, 10)
	w.kind(err, fault.NotFound, "letters on a record that is not theirs")
	if n := w.count(`app.footprint where action = 'outside-access.begun' and outcome = 'done' and record_id = $1 and actor_id = $2`, w.Records["Plover Sample"], w.Actors["manager"].ID); n != 1 {
		t.Errorf("%d footprints", n)
	}
	_, err = w.ask("manager", w.plover())
	w.kind(err, fault.Conflict, "a second time")

	w.later("23 hours 59 minutes")
	w.want(true, "manager", "Plover Sample")
	w.later("1 minute 1 second")
	w.want(false, "manager", "Plover Sample")
	if o := w.outside("manager", id); o.RecordName != "" || !o.Over(*o.Until) {
		t.Errorf("after the end the record is named: %+v", o.Outside)
	}
}

// Every reason has its words in the letter, asks for what it needs, and reaches no
// further than it may.
func TestReasons(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	for _, c := range []struct {
		asking grants.Asking
		letter string
		wrong  string // the field, "" for none
	}{
		{grants.Asking{Reason: grants.ForAudit}, "for the purpose of audit/moderation.", ""},
		{grants.Asking{Reason: grants.ForAudit, Words: "which I may say"}, "for the purpose of audit/moderation.", ""},
		{grants.Asking{Reason: grants.ForOversight, Colleague: "Val Example"}, "for the purpose of ad hoc management oversight as Val Example is unavailable.", ""},
		{grants.Asking{Reason: grants.ForOversight}, "", "colleague"},
		{grants.Asking{Reason: grants.ForOversight, Colleague: "Val", Section: access.Restricted}, "", "section"},
		{grants.Asking{Reason: grants.ForOversight, Colleague: "Val", Oversight: grants.Oversight{Discussion: "talked"}}, "", "analysis"},
		{grants.Asking{Reason: grants.ForSupport, Words: "a plan that does not open."}, "to provide support in relation to a plan that does not open, to help resolve this.", ""},
		{grants.Asking{Reason: grants.ForSupport}, "", "words"},
		{grants.Asking{Reason: grants.ForSupport, Words: "x", Section: access.Restricted}, "", "section"},
		{grants.Asking{Reason: grants.ForEmergency, Words: "Plover has not come home", Section: access.Restricted}, "for the purpose of keeping somebody safe in an emergency: Plover has not come home.", ""},
		{grants.Asking{Reason: grants.ForEmergency, Words: " "}, "", "words"},
		{grants.Asking{Reason: grants.ForOther, Words: "a complaint of a neighbour\n\nabout noise"}, "for the purpose of a complaint of a neighbour\n\nabout noise.", ""},
		{grants.Asking{Reason: grants.ForOther, Words: "hid\u202eden"}, "", "words"},
		{grants.Asking{Reason: grants.ForOther, Words: strings.Repeat("x", 1001)}, "", "words"},
		{grants.Asking{Reason: grants.ForOther, Words: "x", Section: access.Restricted}, "", "section"},
		{grants.Asking{Reason: "curiosity"}, "", "reason"},
		{grants.Asking{Reason: grants.ForAudit, Section: 3}, "", "section"},
		{grants.Asking{Reason: grants.ForAudit, Span: "year"}, "", "span"},
	} {
		a := c.asking
		if a.Number = w.Records["Plover Sample"]; a.Span == "" {
			a.Span = grants.ForDay
		}
		id, err := w.ask("other-manager", a)
		if c.wrong != "" {
			if f, ok := fault.Of(err); !ok || f.Kind != fault.Invalid || len(f.Fields) == 0 || f.Fields[0].Name != c.wrong {
				t.Errorf("%+v: %v, want something wrong with %s", c.asking, err, c.wrong)
			}
			continue
		}
		must(t, err)
		if o := w.outside("other-manager", id); o.Letter != "Plover Sample I have accessed your file "+c.letter || o.Notes[0].Letter != o.Letter {
			t.Errorf("%s: %q", c.asking.Reason, o.Letter)
		}
		if n := w.count(`app.grants g join app.outside_access a on a.grant_id = g.id where a.id = $1 and g.mask = $2 and g.rights = 1`, id, 1<<(c.asking.Section+1)-1); n != 1 {
			t.Errorf("%s: the grant reaches further than section %d", c.asking.Reason, c.asking.Section)
		}
		must(t, grants.EndOutside(t.Context(), w.DB, w.Actors["other-manager"], id, "the test is over"))
		w.want(false, "other-manager", "Plover Sample")
	}
	w.kind(grants.EndOutside(t.Context(), w.DB, w.Actors["staff"], 1, "x"), fault.NotFound, "ending what is not there")
}

// Who may ask, and what a wrong name, another's and a shielded record tell.
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	named := func(name string, kind access.RecordKind) grants.Asking {
		return grants.Asking{Name: name, Kind: kind, Reason: grants.ForAudit, Span: grants.ForDay}
	}
	for _, who := range []string{"inspector", "service"} {
		_, err := w.ask(who, w.plover())
		w.kind(err, fault.Forbidden, who)
	}
	w.asked("staff", named("plover sample", access.YoungPerson))
	w.asked("admin", w.plover(func(a *grants.Asking) { a.Reason, a.Words = grants.ForSupport, "a plan that does not open" }))
	w.want(true, "admin", "Plover Sample")
	// a closed record as well
	w.Exec(t, `set session_replication_role = replica; update app.record set open = false where name = 'Teal Specimen'`)
	w.asked("manager", named("Teal Specimen", access.YoungPerson))
	w.want(true, "manager", "Teal Specimen")

	must(t, grants.ShieldFrom(t.Context(), w.DB, w.Actors["dpo"], w.Records["Heron Specimen"], w.Actors["manager"].ID, "family", "a cousin"))
	says := map[string]bool{}
	for what, a := range map[string]grants.Asking{
		"a name that there is not":     named("Nobody Example", access.YoungPerson),
		"another kind":                 named("Plover Sample", access.Parent),
		"a number that there is not":   {Number: 4, Reason: grants.ForAudit, Span: grants.ForDay},
		"a library":                    named("Policies of Bramble Court", access.Library),
		"a shielded one by its name":   named("Heron Specimen", access.Parent),
		"a shielded one by its number": {Number: w.Records["Heron Specimen"], Reason: grants.ForAudit, Span: grants.ForDay},
	} {
		_, err := w.ask("manager", a)
		w.kind(err, fault.Invalid, what)
		f, _ := fault.Of(err)
		says[f.Public+f.Fields[0].Name+f.Fields[0].Problem] = true
	}
	if len(says) != 1 {
		t.Errorf("the answers differ: %v", says)
	}
	_, err := w.ask("staff", named("Ollie Example", access.Staff))
	w.kind(err, fault.Invalid, "a staff file, by somebody whose right is not about staff")
	_, err = w.ask("manager", w.plover(func(a *grants.Asking) { a.Number = w.Records["Wren Sample"] }))
	w.kind(err, fault.Conflict, "what they can read already")
	// the two tries at the shielded one are refusals on it, marked for the auditor, and the one who tried sees neither
	marked := `app.footprint where actor_id = $1 and record_id = $2 and outcome = 'refused' and detail ->> 'shielded' = 'true'`
	if n := w.count(marked, w.Actors["manager"].ID, w.Records["Heron Specimen"]); n != 2 {
		t.Errorf("%d marked footprints, want 2", n)
	}
	if n := w.count(`app.footprint where action = 'outside-access.sought' and actor_id = $1`, w.Actors["manager"].ID); n != 6 {
		t.Errorf("%d footprints of wrong records, want 6", n)
	}
}

// The longer time: by another person's approval, measured by the database.
func TestALongerTime(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	long := func(span grants.Span, now bool) grants.Asking {
		return w.plover(func(a *grants.Asking) { a.Span, a.AtOnce = span, now })
	}
	decide := func(who string, id int64, yes bool) error {
		return grants.DecideOutside(t.Context(), w.DB, w.Actors[who], id, yes, "it is needed")
	}
	id := w.asked("manager", long(grants.ForTwoWeeks, false))
	w.want(false, "manager", "Plover Sample")
	if o := w.outside("supported-manager", id); !o.MayDecide || len(o.Notes) != 0 || o.RecordName != "Plover Sample" {
		t.Errorf("before the decision: %+v", o)
	}
	_, err := w.ask("manager", long(grants.ForSixMonth, false))
	w.kind(err, fault.Conflict, "a second request while one waits")
	w.kind(decide("manager", id, true), fault.Conflict, "deciding about oneself")
	w.kind(decide("other-manager", id, true), fault.NotFound, "a manager of another setting")
	w.kind(grants.DecideOutside(t.Context(), w.DB, w.Actors["supported-manager"], id, true, ""), fault.Invalid, "without a reason")
	must(t, decide("supported-manager", id, true))
	w.want(true, "manager", "Plover Sample")
	w.kind(decide("individual", id, false), fault.Conflict, "deciding twice")
	if o := w.outside("manager", id); o.Until.Sub(*o.From).Hours() != 14*24 || len(o.Notes) != 1 || !o.Approved {
		t.Errorf("two weeks: %+v", o)
	}
	w.later("13 days 23 hours 59 minutes")
	w.want(true, "manager", "Plover Sample")
	w.later("2 minutes")
	w.want(false, "manager", "Plover Sample")

	id = w.asked("staff", long(grants.ForSixMonth, true))
	w.want(true, "staff", "Plover Sample")
	must(t, decide("individual", id, true))
	o := w.outside("staff", id)
	if want := o.Decided.AddDate(0, 6, 0); o.Until.Sub(want).Abs().Hours() > 25 || len(o.Notes) != 1 {
		t.Errorf("six months end %v; %d letters", o.Until, len(o.Notes))
	}
	must(t, grants.EndOutside(t.Context(), w.DB, w.Actors["supported-manager"], id, "no longer needed"))
	w.want(false, "staff", "Plover Sample")
	w.kind(grants.EndOutside(t.Context(), w.DB, w.Actors["staff"], id, "again"), fault.Conflict, "ending twice")

	id = w.asked("staff2", long(grants.ForTwoWeeks, true))
	must(t, decide("dpo", id, false))
	w.want(true, "staff2", "Plover Sample") // the 24 hours stand
	id = w.asked("other-staff", long(grants.ForTwoWeeks, false))
	must(t, grants.EndOutside(t.Context(), w.DB, w.Actors["other-staff"], id, "not needed"))
	w.kind(decide("individual", id, true), fault.Conflict, "approving what was taken back")
	w.want(false, "other-staff", "Plover Sample")
}

// Whoever loses the right to ask loses what they were given by it.
func TestItEndsWithTheRole(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.asked("staff", w.plover())
	id := w.asked("staff2", w.plover(func(a *grants.Asking) { a.Span = grants.ForTwoWeeks }))
	end := func(who string) {
		var held int64
		w.Scan(t, `select id from app.role_held where actor_id = $1`, []any{w.Actors[who].ID}, &held)
		must(t, grants.End(t.Context(), w.DB, w.Actors["admin"], held))
	}
	end("staff")
	w.want(false, "staff", "Plover Sample")
	end("staff2")
	w.kind(grants.DecideOutside(t.Context(), w.DB, w.Actors["supported-manager"], id, true, "yes"), fault.Conflict, "approving for somebody who has left")
}

// The review: never of oneself, of a whole access, and past the first judge when
// it is escalated.
func TestReview(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	review := func(who string, id int64, verdict string) error {
		return grants.ReviewOutside(t.Context(), w.DB, w.Actors[who], id, verdict, "looked at it")
	}
	id := w.asked("manager", w.plover(func(a *grants.Asking) { a.Reason, a.Colleague = grants.ForOversight, "Val Example" }))
	w.kind(review("manager", id, "accepted"), fault.Conflict, "reviewing oneself")
	w.kind(review("staff", id, "accepted"), fault.NotFound, "by somebody who does not answer for it")
	w.kind(review("supported-manager", id, "accepted"), fault.Conflict, "while it runs")
	needs := func(who string) grants.OutsideNeeds {
		n, err := grants.OutsideNeedsOf(t.Context(), w.DB, w.Actors[who])
		must(t, err)
		return n
	}
	if n := needs("supported-manager"); len(n.Running) != 1 || len(n.Review) != 0 {
		t.Errorf("the manager is not told: %+v", n)
	}
	if n := needs("manager"); len(n.Mine) != 1 || !n.Mine[0].Owes() {
		t.Errorf("whoever has it is not told: %+v", n)
	}
	w.later("25 hours")
	if n := needs("supported-manager"); len(n.Running) != 0 || len(n.Review) != 1 {
		t.Errorf("there is nothing to review: %+v", n)
	}
	w.kind(review("supported-manager", id, "accepted"), fault.Conflict, "before the oversight is written")
	o := grants.Oversight{Discussion: "With Sam.", Analysis: "It is safe.", Direction: "Go on.", Actions: "Sam calls on Monday."}
	w.kind(grants.WriteOversight(t.Context(), w.DB, w.Actors["supported-manager"], id, o), fault.Conflict, "written by another")
	w.kind(grants.WriteOversight(t.Context(), w.DB, w.Actors["manager"], id, grants.Oversight{Analysis: "x"}), fault.Invalid, "written in part")
	must(t, grants.WriteOversight(t.Context(), w.DB, w.Actors["manager"], id, o))
	if notes := w.outside("supported-manager", id).Notes; len(notes) != 2 || notes[1].Oversight != o {
		t.Errorf("notes: %+v", notes)
	}
	w.kind(review("supported-manager", id, "wrong"), fault.Invalid, "a verdict of the second level")
	must(t, review("supported-manager", id, "escalated"))
	if o := w.outside("manager", id); o.Verdict != "" {
		t.Error("whoever it is about is told that it was escalated")
	}
	if n := needs("supported-manager"); len(n.Review)+len(n.Judge) != 0 {
		t.Errorf("still there: %+v", n)
	}
	if n := needs("individual"); len(n.Judge) != 1 {
		t.Errorf("nobody is to judge: %+v", n)
	}
	w.kind(review("supported-manager", id, "accepted"), fault.Conflict, "judging what one escalated")
	must(t, review("dpo", id, "wrong"))
	w.kind(review("individual", id, "accepted"), fault.Conflict, "judging twice")
	if n := needs("individual"); len(n.Judge) != 0 {
		t.Errorf("still to judge: %+v", n)
	}
	for which, n := range map[grants.Which]int{grants.AllOutside: 1, grants.OpenOutside: 0, grants.EscalatedOutside: 1, grants.OwnOutside: 0} {
		list, err := grants.Outsides(t.Context(), w.DB, w.Actors["individual"], which, 0, 10)
		must(t, err)
		if len(list) != n {
			t.Errorf("%s: %d, want %d", which, len(list), n)
		}
	}
	_, err := grants.Outsides(t.Context(), w.DB, w.Actors["staff"], grants.AllOutside, 0, 10)
	w.kind(err, fault.NotFound, "the list, by somebody who answers for nothing")
	// what was looked at is shown beside it
	id = w.asked("manager", w.plover())
	w.want(true, "manager", "Plover Sample")
	if looked := w.outside("supported-manager", id).Looked; len(looked) != 1 || looked[0].Action != "record.viewed" {
		t.Errorf("looked at: %+v", looked)
	}
}
