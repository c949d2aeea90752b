package grants_test

import (
	"testing"

	"custodian/internal/grants"
)

// What the database refuses whatever the program does: a grant outside a role in
// any other shape, for somebody else, for longer, or on what is shielded; and
// judging one's own.
func TestTheDatabaseBoundsIt(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	plover, wren, heron := w.Records["Plover Sample"], w.Records["Wren Sample"], w.Records["Heron Specimen"]
	const request = `insert into app.outside_access (id, provider_id, record_id, kind, actor_id, reason, words, section, wanted, asked_at, grant_id, letter)
		values (90, 1, %record, 0, %asker, 'audit', '', %section, '%wanted', now(), 91, 'forged');`
	const grant = `insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
		values (%id, %to, %scope, %at, %mask, %rights, 'break-glass', %by, 'audit', %from, %until)`
	usual := map[string]string{"%record": number(plover), "%asker": w.id("manager"), "%section": "0", "%wanted": "day", "%id": "91", "%to": w.id("manager"), "%scope": "2", "%at": number(plover),
		"%mask": "1", "%rights": "1", "%by": w.id("manager"), "%from": "now()", "%until": "now() + interval '24 hours'"}
	try := func(who string, change map[string]string) error {
		return w.raw(who, fill(request+grant, usual, change))
	}
	must(t, grants.ShieldFrom(t.Context(), w.DB, w.Actors["dpo"], heron, w.Actors["manager"].ID, "family", "a cousin"))
	for what, change := range map[string]map[string]string{
		"a second longer":                 {"%until": "now() + interval '24 hours 1 second'"},
		"for ever":                        {"%until": "'infinity'"},
		"to add":                          {"%rights": "3"},
		"to manage":                       {"%rights": "8"},
		"more sections than asked":        {"%mask": "3"},
		"another kind's section":          {"%mask": "8"},
		"a whole setting":                 {"%scope": "1", "%at": number(w.Homes["Tern Street"])},
		"the whole provider":              {"%scope": "0", "%at": number(w.Provider)},
		"another record than asked":       {"%at": number(wren)},
		"another grant than asked":        {"%id": "92"},
		"for somebody else":               {"%to": w.id("staff")},
		"asked by somebody else":          {"%asker": w.id("staff")},
		"given by somebody else":          {"%by": w.id("individual")},
		"dated back":                      {"%from": "now() - interval '2 minutes'", "%until": "now() + interval '1 hour'"},
		"dated ahead":                     {"%from": "now() + interval '2 minutes'", "%until": "now() + interval '1 hour'"},
		"a shielded record":               {"%record": number(heron), "%at": number(heron), "%mask": "4096"},
		"a library":                       {"%record": number(w.Records["Policies of Tern Street"]), "%at": number(w.Records["Policies of Tern Street"]), "%mask": "512"},
		"the longer time without anybody": {"%wanted": "fortnight", "%until": "now() + interval '14 days'"},
	} {
		if err := try("manager", change); err == nil {
			t.Errorf("%s: is allowed", what)
		}
	}
	for _, who := range []string{"inspector", "service"} {
		w.refused(try(who, map[string]string{"%asker": w.id(who), "%to": w.id(who), "%by": w.id(who)}), who)
	}
	if n := w.count(`app.grants where basis = 'break-glass'`); n != 0 {
		t.Fatalf("%d grants came of it", n)
	}
	if err := w.raw("manager", fill(request, usual, nil)); err == nil {
		t.Error("a request without its grant is kept")
	}
	must(t, try("manager", nil))
	if n := w.count(`app.outside_note where letter like 'Plover Sample I have accessed your file%' and kind = 'letter'`); n != 1 {
		t.Error("the grant has no letter, or a forged one")
	}
	w.refused(w.raw("manager", `insert into app.outside_note (access_id, record_id, actor_id, kind, letter) values (90, $1, $2, 'letter', 'Dear all')`, plover, w.Actors["manager"].ID), "a second letter")
	w.refused(w.raw("manager", `insert into app.outside_note (access_id, record_id, actor_id, kind, discussion, analysis, direction, actions) values (90, $1, $2, 'oversight', 'x', 'x', 'x', 'x')`, plover, w.Actors["manager"].ID), "oversight that was not asked for")
	w.refused(w.raw("manager", `insert into app.outside_review (access_id, level, verdict, why, by_actor) values (90, 1, 'escalated', 'x', $1)`, w.Actors["manager"].ID), "reviewing oneself")
	w.refused(w.raw("supported-manager", `insert into app.outside_review (access_id, level, verdict, why, by_actor) values (90, 1, 'accepted', 'x', $1)`, w.Actors["supported-manager"].ID), "accepting what runs")
	w.refused(w.raw("dpo", `insert into app.outside_review (access_id, level, verdict, why, by_actor) values (90, 2, 'wrong', 'x', $1)`, w.Actors["dpo"].ID), "judging what nobody escalated")
	w.refused(w.raw("other-manager", `insert into app.outside_ending (access_id, by_actor, why) values (90, $1, 'x')`, w.Actors["other-manager"].ID), "ended by somebody else's manager")
	for _, table := range []string{"outside_access", "outside_note", "outside_review", "outside_decision", "outside_ending", "relative", "relative_act", "shield_ending"} {
		w.Exec(t, `do $$ begin update app.`+table+` set id = id; exception when insufficient_privilege or undefined_column then null; end $$`)
		w.refused(w.raw("manager", `delete from app.`+table), "deleting from "+table)
	}
}

// Nobody approves their own longer time, or more than was asked for.
func TestTheDatabaseBoundsApproval(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	id := w.asked("manager", w.plover(func(a *grants.Asking) { a.Span = grants.ForTwoWeeks }))
	const decision = `insert into app.outside_decision (access_id, approved, by_actor, why, grant_id) values (%access, true, %by, 'x', 91);
		insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (91, %to, 2, %at, 1, 1, 'break-glass', %by, 'audit', now(), %until)`
	usual := map[string]string{"%access": number(id), "%by": w.id("supported-manager"), "%to": w.id("manager"), "%at": number(w.Records["Plover Sample"]), "%until": "now() + interval '14 days'"}
	w.refused(w.raw("manager", fill(decision, usual, map[string]string{"%by": w.id("manager")})), "approving one's own")
	w.refused(w.raw("other-manager", fill(decision, usual, map[string]string{"%by": w.id("other-manager")})), "approved by a manager of another setting")
	w.refused(w.raw("supported-manager", fill(decision, usual, map[string]string{"%until": "now() + interval '14 days 1 second'"})), "longer than asked")
	w.refused(w.raw("supported-manager", fill(decision, usual, map[string]string{"%to": w.id("supported-manager")})), "for the one who approves")
	must(t, w.raw("supported-manager", fill(decision, usual, nil)))
	w.want(true, "manager", "Plover Sample")
	day := w.asked("staff", w.plover())
	w.refused(w.raw("supported-manager", fill(decision, usual, map[string]string{"%access": number(day), "%to": w.id("staff")})), "more than the day that was asked for")
}
