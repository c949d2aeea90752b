package grants_test

import (
	"testing"

	"custodian/internal/fault"
	"custodian/internal/grants"
)

// Whom a circle keeps out changes nothing about it, whatever they manage; somebody
// in it who answers for the record does, and where nobody there answers any more,
// whoever does so for the whole provider.
func TestWhoLiftsACircle(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	ctx := t.Context()
	wren := w.Records["Wren Sample"]
	must(t, grants.DrawCircle(ctx, w.DB, w.Actors["dpo"], wren, "family", "a manager's cousin"))
	must(t, grants.LetIn(ctx, w.DB, w.Actors["dpo"], wren, w.Actors["staff"].ID, "works with her"))
	must(t, grants.ShieldFrom(ctx, w.DB, w.Actors["dpo"], wren, w.Actors["other-staff"].ID, "other", "a friend"))
	var circle, member, named int64
	w.Scan(t, `select max(id) from app.shield`, nil, &named)
	w.Scan(t, `select max(id) from app.circle`, nil, &circle)
	w.Scan(t, `select id from app.circle_member where actor_id = $1`, []any{int64(w.Actors["staff"].ID)}, &member)
	end := func(who string, kind grants.ShieldKind, id int64) error {
		return grants.EndShield(ctx, w.DB, w.Actors[who], wren, kind, id, "for the test")
	}
	in := func(who, whom string) error {
		return grants.LetIn(ctx, w.DB, w.Actors[who], wren, w.Actors[whom].ID, "for the test")
	}
	stays := func(who, why string) {
		t.Helper()
		s, err := grants.ShieldsOf(ctx, w.DB, w.Actors[who], wren)
		if err == nil && (s.MayChange || s.Now() == nil || s.Find(grants.OfCircle, circle) != nil || s.Find(grants.OfMember, member) != nil) {
			t.Errorf("%s, %s, is offered to change the circle: %+v", who, why, s)
		}
		for what, err := range map[string]error{"ends the circle": end(who, grants.OfCircle, circle), "ends somebody in it": end(who, grants.OfMember, member), "ends the shield of a person": end(who, grants.OfPerson, named), "lets somebody in": in(who, "staff2"),
			"keeps somebody from it": grants.ShieldFrom(ctx, w.DB, w.Actors[who], wren, w.Actors["dpo"].ID, "other", "x")} {
			if !fault.Is(err, fault.Forbidden) && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s %s, %s: %v", who, what, why, err)
			}
		}
		me := w.Actors[who].ID
		w.refused(w.raw(who, `insert into app.shield_ending (circle_id, by_actor, why) values ($1, $2, 'x')`, circle, me), who+" ends the circle in SQL: "+why)
		w.refused(w.raw(who, `insert into app.shield_ending (member_id, by_actor, why) values ($1, $2, 'x')`, member, me), who+" ends somebody in it in SQL: "+why)
		w.refused(w.raw(who, `insert into app.shield_ending (shield_id, by_actor, why) values ($1, $2, 'x')`, named, me), who+" ends the shield of a person in SQL: "+why)
		w.refused(w.raw(who, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'x', $3, now())`, w.Actors["dpo"].ID, wren, me), who+" keeps somebody who is in it from it in SQL: "+why)
		w.refused(w.raw(who, `insert into app.circle_member (circle_id, actor_id, why, given_by, valid_from) values ($1, $2, 'x', $3, now())`, circle, w.Actors["staff2"].ID, me), who+" lets somebody in in SQL: "+why)
	}
	stays("manager", "kept out")
	if s, err := grants.ShieldsOf(ctx, w.DB, w.Actors["individual"], wren); err != nil || !s.MayChange || s.Find(grants.OfCircle, circle) == nil {
		t.Errorf("whoever looks after managers cannot change who is kept out: %+v %v", s, err)
	}
	finch := w.Records["Finch Sample"]
	for _, whom := range []string{"individual", "dpo", "auditor"} { // no manager keeps a record from those who look after managers
		w.kind(grants.ShieldFrom(ctx, w.DB, w.Actors["manager"], finch, w.Actors[whom].ID, "other", "x"), fault.Forbidden, "a manager keeps it from "+whom)
		w.refused(w.raw("manager", `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'x', $3, now())`, w.Actors[whom].ID, finch, w.Actors["manager"].ID), "in SQL from "+whom)
	}
	must(t, grants.ShieldFrom(ctx, w.DB, w.Actors["dpo"], finch, w.Actors["auditor"].ID, "family", "a cousin"))
	stays("staff", "in it, and answering for nothing")
	stays("other-manager", "of another setting")
	// another who answers for it, and is let in
	must(t, in("dpo", "individual"))
	must(t, in("individual", "staff2"))
	// somebody in the circle from whom it is kept by name as well
	must(t, grants.ShieldFrom(ctx, w.DB, w.Actors["dpo"], wren, w.Actors["individual"].ID, "family", "a niece"))
	w.kind(end("individual", grants.OfCircle, circle), fault.NotFound, "whom it is kept from by name")
	stays("manager", "still kept out")

	// nobody in it answers for it any more: the one by name, the other gone
	w.Exec(t, `update app.grants set valid_until = now() where actor_id = $1 and basis = 'role'`, int64(w.Actors["dpo"].ID))
	stays("manager", "kept out, and not answering for the whole provider")
	w.kind(end("individual", grants.OfCircle, circle), fault.NotFound, "whom it is kept from by name, as the last")
	_, err := grants.Give(ctx, w.DB, w.Actors["admin"], grants.Giving{To: w.Actors["staff2"].ID, Role: grants.DataProtectionOfficer, Provider: w.Provider, Why: "for the test"})
	must(t, err)
	must(t, in("staff2", "manager")) // who is let in already, and answers for it now
	w.Exec(t, `update app.circle_member set valid_until = now() where actor_id in ($1, $2) and valid_until = 'infinity'`, int64(w.Actors["staff2"].ID), int64(w.Actors["manager"].ID))
	w.want(false, "staff2", "Wren Sample")
	s, err := grants.ShieldsOf(ctx, w.DB, w.Actors["staff2"], wren)
	if err != nil || !s.MayChange || s.Find(grants.OfCircle, circle) == nil {
		t.Fatalf("the record is lost to everybody: %+v %v", s, err)
	}
	must(t, end("staff2", grants.OfCircle, circle))
	w.want(true, "manager", "Wren Sample")
}

// An administrator sets up and keeps people: they answer for no file, also of staff.
func TestAdministratorsAnswerForNoFile(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	ctx := t.Context()
	file := w.Records["Sam Example"]
	w.want(true, "admin", "Sam Example") // that it is there
	w.kind(grants.ShieldFrom(ctx, w.DB, w.Actors["admin"], file, w.Actors["manager"].ID, "other", "x"), fault.NotFound, "shielding it")
	w.kind(grants.DrawCircle(ctx, w.DB, w.Actors["admin"], file, "other", "x"), fault.NotFound, "a circle around it")
	_, err := grants.ShieldsOf(ctx, w.DB, w.Actors["admin"], file)
	w.kind(err, fault.NotFound, "from whom it is kept")
	w.refused(w.raw("admin", `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'x', $3, now())`, w.Actors["manager"].ID, file, w.Actors["admin"].ID), "a shield in SQL")
	w.refused(w.raw("admin", `insert into app.circle (record_id, ground, why, given_by, valid_from) values ($1, 'other', 'x', $2, now())`, file, w.Actors["admin"].ID), "a circle in SQL")
	// nor do they judge who looked at one from outside their role, or read why
	id := w.asked("other-manager", grants.Asking{Number: file, Reason: grants.ForAudit, Span: grants.ForTwoWeeks, AtOnce: true})
	w.kind(grants.DecideOutside(ctx, w.DB, w.Actors["admin"], id, true, "x"), fault.NotFound, "approving the longer time")
	w.refused(w.raw("admin", `insert into app.outside_review (access_id, level, verdict, why, by_actor) values ($1, 1, 'escalated', 'x', $2)`, id, w.Actors["admin"].ID), "reviewing it in SQL")
	_, err = grants.OutsideOf(ctx, w.DB, w.Actors["admin"], id)
	w.kind(err, fault.NotFound, "reading why")
	must(t, grants.DecideOutside(ctx, w.DB, w.Actors["manager"], id, true, "agreed"))
}

// An administrator asks for access outside their role for technical support alone,
// which they name; somebody who reads records in their work, for any of the reasons.
func TestAdministratorsSupport(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	for _, r := range grants.OutsideReasons() {
		a := w.plover(func(a *grants.Asking) {
			a.Reason, a.Words, a.Colleague = r, "a plan that does not open", "Morgan Example"
		})
		_, err := w.ask("admin", a)
		if r == grants.ForSupport {
			must(t, err)
			continue
		}
		w.kind(err, fault.Forbidden, string(r))
		raw := fill(`insert into app.outside_access (id, provider_id, record_id, kind, actor_id, reason, colleague, words, section, wanted, asked_at, letter) values (90, 1, %record, 0, %me, '%reason', '%colleague', '%words', 0, 'fortnight', now(), '')`,
			map[string]string{"%record": number(w.Records["Finch Sample"]), "%me": w.id("admin"), "%reason": string(r), "%colleague": map[bool]string{true: "x"}[r == grants.ForOversight], "%words": map[bool]string{true: "x"}[r.Worded()]}, nil)
		w.refused(w.raw("admin", raw), string(r)+" in SQL")
	}
	w.want(true, "admin", "Plover Sample")
	w.want(false, "admin", "Finch Sample")
	// who has both roles: on files of people by the one, on a staff file by the other
	_, err := grants.Give(t.Context(), w.DB, w.Actors["admin"], grants.Giving{To: w.Actors["staff2"].ID, Role: grants.Administrator, Provider: w.Provider, Why: "for the test"})
	must(t, err)
	w.asked("staff2", w.plover())
	file := w.plover(func(a *grants.Asking) { a.Number = w.Records["Ollie Example"] })
	_, err = w.ask("staff2", file)
	w.kind(err, fault.Forbidden, "a staff file, for an audit, by the right of an administrator")
	file.Reason, file.Words = grants.ForSupport, "a letter that does not open"
	w.asked("staff2", file)
}

// Whoever only reads their own file, or whose last role has ended, declares nobody and
// makes no token.
func TestOnlyStaffDeclare(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	const declare = `insert into app.relative (actor_id, relation, words) values ($1, 'x', 'x')`
	const token = `insert into app.token (actor_id, hash, label, created_by, expires_at) values ($1, sha256(random()::text::bytea), 'x', $1, now() + interval '1 hour')`
	for _, sql := range []string{declare, token} {
		must(t, w.raw("staff2", sql, w.Actors["staff2"].ID))
	}
	w.Exec(t, `update app.role_held set until_at = greatest(from_at, now()) where actor_id = $1`, int64(w.Actors["staff2"].ID))
	refused := func(what string) {
		for _, sql := range []string{declare, token} {
			w.refused(w.raw("staff2", sql, w.Actors["staff2"].ID), what+": "+sql)
		}
	}
	refused("after the last role ended")
	for _, role := range []string{"young-person", "parent"} {
		w.Exec(t, `insert into app.role_held (actor_id, provider_id, role, record_id, given_by, why, identity_checked, from_at) values ($1, $2, $3, $4, 1, 'x', 'x', now())`, int64(w.Actors["staff2"].ID), w.Provider, role, w.Records["Wren Sample"])
		refused(role)
	}
}
