package looks_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/looks"
)

// as runs SQL as the application does, for one of the people.
func (w *world) as(who string, sql string, into any, args ...any) error {
	w.t.Helper()
	conn, err := pgx.Connect(context.Background(), w.App)
	must(w.t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), `select set_config('app.actor', $1, false)`, number(int64(w.Actors[who].ID)))
	must(w.t, err)
	if into == nil {
		_, err = conn.Exec(context.Background(), sql, args...)
		return err
	}
	return conn.QueryRow(context.Background(), sql, args...).Scan(into)
}

func (w *world) count(who, sql string, args ...any) int {
	w.t.Helper()
	var n int
	must(w.t, w.as(who, sql, &n, args...))
	return n
}

// A concern goes to the manager, or past them; the one it is about sees neither the
// concern, nor what is done about it, nor the footprints of that.
func TestConcernsGoPastWhoTheyAreAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	by := map[string]int64{}
	for _, who := range []string{"staff", "manager", "dpo", "individual"} {
		by[who] = w.leave(who, "record.viewed", wren, 0, time.Time{}, "done")
	}
	for _, c := range []struct {
		reporter, about string
		to, goes        looks.Route
		sees            []string
	}{
		{"manager", "staff", looks.ToManager, looks.ToManager, []string{"manager"}},
		{"manager", "staff", looks.ToDPO, looks.ToDPO, []string{"manager", "dpo"}},
		{"inspector", "", looks.ToManager, "", nil}, // audits no young person's record
		{"dpo", "manager", looks.ToManager, looks.ToIndividual, []string{"dpo", "individual"}},
		{"individual", "manager", looks.ToDPO, looks.ToDPO, []string{"dpo", "individual"}},
		{"manager", "dpo", looks.ToDPO, looks.ToIndividual, []string{"manager", "individual"}},
		{"manager", "individual", looks.ToIndividual, looks.ToDPO, []string{"manager", "dpo"}},
		{"staff", "staff", looks.ToManager, looks.ToManager, []string{"staff", "manager"}},
	} {
		about := c.about
		if about == "" {
			about = "staff"
		}
		id, err := looks.Raise(t.Context(), w.DB, w.Actors[c.reporter], by[about], c.to, "Why did they look?")
		if c.goes == "" {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s may raise one: %v", c.reporter, err)
			}
			continue
		}
		must(t, err)
		got, err := looks.GetConcern(t.Context(), w.DB, w.Actors[c.reporter], id)
		must(t, err)
		if got.GoesTo != c.goes || got.Wanted != c.to {
			t.Errorf("%s about %s to %s goes to %s, want %s", c.reporter, c.about, c.to, got.GoesTo, c.goes)
		}
		for _, who := range []string{"staff", "staff2", "manager", "other-manager", "dpo", "individual", "admin", "inspector"} {
			want := 0
			for _, s := range c.sees {
				if s == who {
					want = 1
				}
			}
			if n := w.count(who, `select count(*) from app.concern where id = $1`, id); n != want {
				t.Errorf("%s about %s to %s: %s sees it: %d", c.reporter, c.about, c.to, who, n)
			}
			if n := w.count(who, `select count(*) from app.footprint where action like 'concern.%' and detail ->> 'concern' = $1::text`, number(id)); n > 0 && want == 0 || n == 0 && want == 1 && who != "manager" {
				t.Errorf("%s about %s to %s: %s sees its footprints: %d", c.reporter, c.about, c.to, who, n)
			}
			if _, err := looks.GetConcern(t.Context(), w.DB, w.Actors[who], id); (err == nil) != (want == 1) {
				t.Errorf("%s opens it: %v", who, err)
			}
		}
	}
}

// What whoever a record is about raised comes first, however late; what colleagues
// raised about the same record is told apart from it.
func TestConcernOfTheYoungPersonComesFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := w.leave("staff", "record.viewed", w.Records["Wren Sample"], 0, time.Time{}, "done")
	wren := w.subject("Wren Sample", "Wren Sample")
	w.back(`with h as (insert into app.role_held (id, actor_id, role, provider_id, home_id, record_id, identity_checked, from_at, given_by, why)
		select nextval('app.ids'), ` + number(int64(wren.ID)) + `, 'young-person', r.provider_id, r.home_id, r.id, 'x', now() - interval '1 year', 1, 'x' from app.record r where r.id = ` + number(w.Records["Wren Sample"]) + ` returning id, actor_id)
		update app.grants g set role_held_id = h.id from h where g.actor_id = h.actor_id`)
	raise := func(who access.Actor, to looks.Route) int64 {
		id, err := looks.Raise(t.Context(), w.DB, who, look, to, "Why?")
		must(t, err)
		return id
	}
	first, second := raise(w.Actors["staff"], looks.ToManager), raise(wren, looks.ToManager)
	wait, err := looks.WaitsFor(t.Context(), w.DB, w.Actors["manager"])
	must(t, err)
	if c := wait.Concerns; len(c) != 2 || c[0].ID != second || c[0].Subject == nil || *c[0].Subject != access.YoungPerson || c[1].ID != first || c[1].Subject != nil {
		t.Errorf("%+v", c)
	}
	third := raise(wren, looks.ToDPO)
	for _, who := range []string{"individual", "dpo"} { // who reads nothing of the record is told as well
		if who == "individual" {
			must(t, looks.Take(t.Context(), w.DB, w.Actors["dpo"], third, looks.Step{What: "passed-on", To: looks.ToIndividual, Words: "For you."}))
		}
		wait, err := looks.WaitsFor(t.Context(), w.DB, w.Actors[who])
		must(t, err)
		if c := wait.Concerns; len(c) != 1 || c[0].ID != third || c[0].Subject == nil {
			t.Errorf("%s: %+v", who, c)
		}
	}
}

// It is seen, answered, passed on and closed, each kept; then nothing is added.
func TestConcernsAreDealtWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := w.leave("staff", "record.viewed", w.Records["Wren Sample"], 0, time.Time{}, "done")
	reporter := w.subject("Wren Sample", "Wren Sample")
	id, err := looks.Raise(t.Context(), w.DB, reporter, look, looks.ToManager, "I do not know who this was.\nPlease look.")
	must(t, err)
	c, err := looks.GetConcern(t.Context(), w.DB, reporter, id)
	must(t, err)
	if c.State != "sent" || c.AboutName != "" || c.Known || !c.Mine || c.Handles {
		t.Errorf("the reporter sees %+v", c)
	}
	manager, dpo := w.Actors["manager"], w.Actors["dpo"]
	wait, err := looks.WaitsFor(t.Context(), w.DB, manager)
	must(t, err)
	if len(wait.Concerns) != 1 || wait.Concerns[0].ID != id || wait.Concerns[0].Subject == nil || *wait.Concerns[0].Subject != access.YoungPerson {
		t.Errorf("%+v waits for the manager", wait)
	}
	unread := func(who access.Actor) int {
		list, err := looks.Unread(t.Context(), w.DB, who)
		must(t, err)
		return len(list)
	}
	at := make(chan error, 8)
	for range cap(at) { // opened several times at once
		go func() { _, err := looks.GetConcern(t.Context(), w.DB, manager, id); at <- err }()
	}
	for range cap(at) {
		must(t, <-at)
	}
	if c, err = looks.GetConcern(t.Context(), w.DB, manager, id); err != nil || c.State != "seen" || len(c.Events) != 1 || c.AboutName != "Sam Example" {
		t.Errorf("%+v %v", c, err)
	}
	take := func(who access.Actor, s looks.Step) error { return looks.Take(t.Context(), w.DB, who, id, s) }
	for name, bad := range map[string]looks.Step{"no words": {What: "answered"}, "blank": {What: "answered", Words: " \n"}, "long": {What: "answered", Words: strings.Repeat("é", 4001)}, "hidden": {What: "answered", Words: "a\u202eb"},
		"to nobody": {What: "passed-on", Words: "x"}, "to somebody": {What: "passed-on", Words: "x", To: "staff"}, "no outcome": {What: "closed", Words: "x"}, "strange": {What: "closed", Words: "x", Outcome: "x"}} {
		if err := take(manager, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"the reporter": take(reporter, looks.Step{What: "closed", Outcome: "other", Words: "x"}), "whom it is about": take(w.Actors["staff"], looks.Step{What: "answered", Words: "x"}),
		"who does not have it": take(dpo, looks.Step{What: "answered", Words: "x"}), "no step": take(manager, looks.Step{What: "seen", Words: "x"})} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if unread(reporter) != 0 {
		t.Error("that it was seen counts as an answer")
	}
	must(t, take(manager, looks.Step{What: "answered", Words: "It was their keyworker."}))
	if unread(reporter) != 1 || unread(manager) != 0 {
		t.Error("whoever raised it is not told of the answer, or somebody else is")
	}
	_, err = looks.GetConcern(t.Context(), w.DB, reporter, id)
	must(t, err)
	if unread(reporter) != 0 {
		t.Error("the answer is still new after it was opened")
	}
	must(t, take(manager, looks.Step{What: "passed-on", To: looks.ToDPO, Words: "For you to decide."}))
	if c, err = looks.GetConcern(t.Context(), w.DB, dpo, id); err != nil || c.GoesTo != looks.ToDPO || !c.Handles {
		t.Errorf("%+v %v", c, err)
	}
	must(t, take(dpo, looks.Step{What: "closed", Outcome: "in-role", Words: "They worked with you."}))
	if err := take(manager, looks.Step{What: "answered", Words: "One more thing."}); !fault.Is(err, fault.Conflict) {
		t.Errorf("after the end: %v", err)
	}
	if unread(reporter) != 1 {
		t.Error("whoever raised it is not told of the end")
	}
	if c, err = looks.GetConcern(t.Context(), w.DB, reporter, id); err != nil || c.State != "closed" || c.Outcome != "in-role" || len(c.Events) != 5 {
		t.Errorf("%+v %v", c, err)
	}
	if wait, _ = looks.WaitsFor(t.Context(), w.DB, dpo); len(wait.Concerns) != 0 {
		t.Error("it still waits")
	}
	list, err := looks.Concerns(t.Context(), w.DB, reporter, 0, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%d %v", len(list), err)
	}
	if list, _ = looks.Concerns(t.Context(), w.DB, reporter, id, 10); len(list) != 0 {
		t.Error("the next part holds the same")
	}
}

// A concern about the DPO cannot be passed on to the DPO.
func TestNotPassedOnToWhomItIsAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	look := w.leave("dpo", "record.viewed", w.Records["Wren Sample"], 0, time.Time{}, "done")
	id, err := looks.Raise(t.Context(), w.DB, w.Actors["individual"], look, looks.ToManager, "x")
	must(t, err)
	err = looks.Take(t.Context(), w.DB, w.Actors["manager"], id, looks.Step{What: "passed-on", To: looks.ToDPO, Words: "x"})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
}

// What the rows say cannot be got round by writing them by hand.
func TestByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	look := w.leave("staff", "record.viewed", wren, 0, time.Time{}, "done")
	me := func(who string) int64 { return int64(w.Actors[who].ID) }
	concern := `insert into app.concern (footprint_id, provider_id, about_actor, raised_by, wanted, goes_to, words) values ($1, $2, $3, $4, 'manager', 'manager', 'x')`
	for name, err := range map[string]error{
		"in another's name":        w.as("manager", concern, nil, look, w.Provider, me("staff"), me("dpo")),
		"about what is not theirs": w.as("other-staff", concern, nil, look, w.Provider, me("staff"), me("other-staff")),
		"a question by the asked":  w.as("staff", `insert into app.look_question (footprint_id, about_actor, asked_by) values ($1, $2, $2)`, nil, look, me("staff")),
		"a question from outside":  w.as("other-manager", `insert into app.look_question (footprint_id, about_actor, asked_by) values ($1, $2, $3)`, nil, look, me("staff"), me("other-manager")),
		"a mark on one's own":      w.as("staff", `insert into app.looked_into (key, footprint_id, about_actor, outcome, words, by_actor) values ('hours:1:2026-01-01', $1, $2, 'other', 'x', $3)`, nil, look, me("manager"), me("staff")),
		"the ways of others":       w.as("dpo", `select count(*) from app.ways(1, now(), 1, 1, 1, 1, 1::smallint)`, nil),
		"who deals with what":      w.as("dpo", `select app.deals('manager', null, null, 1, 1, 1::smallint)`, nil),
	} {
		if err == nil {
			t.Errorf("%s is let through", name)
		}
	}
	// who and where are not the writer's to say
	must(t, w.as("manager", concern, nil, look, w.Provider, me("dpo"), me("manager")))
	var about, record int64
	w.Scan(t, `select about_actor, record_id from app.concern where footprint_id = $1`, []any{look}, &about, &record)
	if about != me("staff") || record != wren {
		t.Errorf("about %d on %d", about, record)
	}
	for _, sql := range []string{`update app.concern set words = 'y'`, `delete from app.concern`, `truncate app.concern cascade`, `truncate app.looked_into`, `truncate app.look_answer`} {
		if err := w.as("manager", sql, nil); err == nil {
			t.Errorf("%s is let through", sql)
		}
	}
}

// Whoever a record is about is told roles and reasons by day: no name, no title, and
// nothing of a document that they may not read.
func TestTheirOwnList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	subject := w.subject("Wren Sample", "Wren Sample")
	plan, secret := w.document("Wren Sample", "Care plan of Wren", "care-plan", access.General), w.document("Wren Sample", "What was said in confidence", "court-report", access.Restricted)
	private := w.document("Wren Sample", "Health", "health-plan", access.Sensitive)
	at := time.Date(2025, 3, 3, 23, 30, 0, 0, time.UTC) // in the winter, London has the same hour
	w.back(`update app.role_held set from_at = '2020-01-01' where role <> 'shift-lead'`, `update app.grants set valid_from = '2020-01-01'`)
	for range 3 {
		w.leave("staff", "document.viewed", 0, plan, at, "done")
	}
	w.leave("manager", "record.viewed", wren, 0, at.Add(time.Hour), "done")
	w.leave("dpo", "record.viewed", wren, 0, at.Add(2*time.Hour), "done")
	hidden := []int64{w.leave("manager", "document.viewed", 0, secret, at, "done"), w.leave("manager", "document.added", 0, secret, at.Add(48*time.Hour), "done"), w.leave("staff", "document.viewed", 0, private, at, "done"),
		w.leave("other-staff", "record.viewed", wren, 0, at, "refused"), w.leave("manager", "footprints.viewed", wren, 0, at, "done"), w.leave("manager", "grant.given", wren, 0, at, "done")}
	own, err := looks.LookedAt(t.Context(), w.DB, subject, wren, clock.Day{})
	must(t, err)
	type line struct {
		day, act, kind, role string
		near                 bool
		times                int
	}
	var got []line
	for _, l := range own.Looks {
		got = append(got, line{l.Day.Format(time.DateOnly), l.Act, l.Kind, string(l.Role), l.Near, l.Times})
	}
	want := []line{{"2025-03-04", "record.viewed", "", "data-protection-officer", false, 1}, {"2025-03-04", "record.viewed", "", "manager", true, 1}, {"2025-03-03", "document.viewed", "care-plan", "staff", true, 3}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	for _, id := range hidden {
		if _, err := looks.ToldOne(t.Context(), w.DB, subject, id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%d is told: %v", id, err)
		}
		if _, err := looks.Raise(t.Context(), w.DB, subject, id, looks.ToManager, "x"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a concern about %d tells that it is there: %v", id, err)
		}
	}
	// what was once open and is restricted now is told no longer
	w.back(`update app.document set class = 2 where id = ` + number(plan))
	own, err = looks.LookedAt(t.Context(), w.DB, subject, wren, clock.Day{})
	if err != nil || len(own.Looks) != 2 {
		t.Errorf("%+v %v", own.Looks, err)
	}
	for who, record := range map[string]int64{"staff": wren, "manager": wren, "Wren Sample": w.Records["Finch Sample"]} {
		if _, err := looks.LookedAt(t.Context(), w.DB, w.Actors[who], record, clock.Day{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if n := w.count("manager", `select count(*) from app.looked($1, 'infinity', 1000)`, wren); n != 0 {
		t.Errorf("the manager is told %d lines", n)
	}
}

// Their list goes on day by day.
func TestTheirOwnListByDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren := w.Records["Wren Sample"]
	subject := w.subject("Wren Sample", "Wren Sample")
	today := time.Now().In(clock.London)
	for i := range 33 {
		noon := time.Date(today.Year(), today.Month(), today.Day()-1-i, 12, 0, 0, 0, clock.London) // whatever the clocks do at night
		for range 2 {
			w.leave("staff", "record.viewed", wren, 0, noon, "done")
		}
	}
	seen := map[time.Time]int{}
	for before, more := (clock.Day{}), true; more; {
		own, err := looks.LookedAt(t.Context(), w.DB, subject, wren, before)
		must(t, err)
		for _, l := range own.Looks {
			seen[l.Day] += l.Times
		}
		if more = own.More; more {
			before, err = clock.ParseDay(own.Looks[len(own.Looks)-1].Day.Format(time.DateOnly))
			must(t, err)
		}
	}
	if len(seen) != 33 {
		t.Errorf("%d days", len(seen))
	}
	for day, n := range seen {
		if n != 2 {
			t.Errorf("%s: %d", day, n)
		}
	}
}

// Where two manage a setting, a concern about one of them still goes past both; and
// where nobody is above them, the other deals with it and the one it is about sees
// nothing.
func TestTwoManagers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 1, $2, 32767, 95, 'role', 1, 'manages too', now() - interval '1 year')`,
		int64(w.Actors["staff2"].ID), w.Homes["Larkfield House"])
	look := w.leave("manager", "record.viewed", w.Records["Wren Sample"], 0, time.Time{}, "done")
	raise := func() (looks.Route, int64) {
		id, err := looks.Raise(t.Context(), w.DB, w.Actors["staff2"], look, looks.ToManager, "x")
		must(t, err)
		var goes looks.Route
		w.Scan(t, `select goes_to from app.concern where id = $1`, []any{id}, &goes)
		return goes, id
	}
	if goes, _ := raise(); goes != looks.ToIndividual {
		t.Errorf("it goes to %s", goes)
	}
	w.back(`update app.grants set valid_until = valid_from where actor_id in (` + number(int64(w.Actors["individual"].ID)) + `, ` + number(int64(w.Actors["dpo"].ID)) + `)`)
	goes, id := raise()
	if goes != looks.ToManager {
		t.Errorf("with nobody above them it goes to %s", goes)
	}
	if c, err := looks.GetConcern(t.Context(), w.DB, w.Actors["staff2"], id); err != nil || !c.Handles {
		t.Errorf("%+v %v", c, err)
	}
	if n := w.count("manager", `select count(*) from app.concern`); n != 0 {
		t.Errorf("whom it is about sees %d", n)
	}
}
