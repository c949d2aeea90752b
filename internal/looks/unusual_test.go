package looks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/internal/pg"
)

// london is a moment by the clock on the wall.
func london(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, clock.London)
	must(t, err)
	return at
}

var may = looks.Period{From: day("2025-05-01"), Until: day("2025-05-28")}

func day(text string) clock.Day {
	d, err := clock.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return d
}

// keys are what is out of the ordinary for somebody, with the rule's figures.
func (w *world) keys(who string, p looks.Period) map[string]looks.Unusual {
	w.t.Helper()
	list, err := looks.OutOfOrdinary(w.t.Context(), w.DB, w.Actors[who], p, "", 100)
	must(w.t, err)
	got := map[string]looks.Unusual{}
	for _, u := range list {
		rule, rest, _ := strings.Cut(u.Key, ":")
		_, rest, _ = strings.Cut(rest, ":")
		got[rule+" "+u.Actor+" "+rest] = u
	}
	return got
}

func TestUnusual(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.back(`update app.role_held set from_at = '2024-01-01' where role <> 'shift-lead'`, `update app.grants set valid_from = '2024-01-01'`)
	wren, finch, teal := w.Records["Wren Sample"], w.Records["Finch Sample"], w.Records["Teal Specimen"]
	// hours: the manager works by day, staff work at night too; in summer London is an hour ahead
	for _, at := range []string{"2025-05-03 05:59", "2025-05-03 06:00", "2025-05-03 22:59", "2025-05-04 23:00", "2025-05-05 01:10"} {
		w.leave("manager", "record.viewed", wren, 0, london(t, at), "done")
		w.leave("staff", "record.viewed", wren, 0, london(t, at), "done")
	}
	w.leave("manager", "record.closed", wren, 0, london(t, "2025-05-09 03:00"), "done") // no look
	// volume: the middle of a day is 2; 30 are too many, and 29 are not
	for d := 6; d <= 15; d++ {
		for range 2 {
			w.leave("staff2", "record.viewed", finch, 0, london(t, "2025-05-04 12:00").AddDate(0, 0, d), "done")
		}
	}
	for i := range 30 {
		w.leave("staff2", "record.viewed", finch, 0, london(t, "2025-05-06 10:00").Add(time.Duration(i)*time.Minute), "done")
		if i > 0 {
			w.leave("staff2", "record.viewed", finch, 0, london(t, "2025-05-07 10:00").Add(time.Duration(i)*time.Minute), "done")
		}
	}
	// surname: folded, in parts; but not of the library, nor whoever the record is about
	w.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (777001, $1, 'person', 'Ada Šample-Jones', 1), (777002, $1, 'person', 'Bo SPECIMEN', 1)`, w.Provider)
	w.Actors["ada"], w.Actors["bo"] = access.Actor{ID: 777001, Kind: access.Person, Provider: w.Provider}, access.Actor{ID: 777002, Kind: access.Person, Provider: w.Provider}
	w.leave("ada", "record.viewed", finch, 0, london(t, "2025-05-10 10:00"), "done")
	w.leave("bo", "record.viewed", w.Records["The Specimen family"], 0, london(t, "2025-05-10 10:00"), "refused")
	w.leave("ada", "record.viewed", w.Records["Policies of Larkfield House"], 0, london(t, "2025-05-10 10:00"), "done")
	subject := w.subject("Finch Sample", "Finch Sample")
	w.leave("Finch Sample", "record.viewed", finch, 0, london(t, "2025-05-10 02:00"), "done")
	// left: a role that ended; looked all the same, and was refused
	w.back(`update app.role_held set until_at = '2025-05-12' where actor_id = ` + number(int64(w.Actors["other-staff"].ID)))
	w.leave("other-staff", "record.viewed", teal, 0, london(t, "2025-05-11 10:00"), "done")
	w.leave("other-staff", "record.viewed", teal, 0, london(t, "2025-05-13 10:00"), "refused")
	w.leave("other-staff", "record.viewed", teal, 0, london(t, "2025-05-14 10:00"), "done")
	// left: a role for every setting; but not where another role covers the record, nor by access that was asked for outside it
	front := w.Actors["front-door"].ID
	w.back(`update app.role_held set until_at = '2025-05-12' where actor_id = `+number(int64(front)), `update app.grants set valid_until = '2025-05-12' where actor_id = `+number(int64(front)))
	w.back(`insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why) select nextval('app.ids'), ` + number(int64(front)) + `, 'staff', provider_id, id, '2025-05-13', 'infinity', 1, 'x' from app.home where name = 'Larkfield House'`)
	w.leave("front-door", "record.viewed", wren, 0, london(t, "2025-05-11 10:00"), "done")
	w.leave("front-door", "record.viewed", wren, 0, london(t, "2025-05-14 10:00"), "done")
	w.leave("front-door", "record.viewed", teal, 0, london(t, "2025-05-15 10:00"), "refused")
	w.leave("front-door", "record.viewed", w.Records["Plover Sample"], 0, london(t, "2025-05-15 11:00"), "done")
	w.outside("front-door", w.Records["Heron Specimen"], london(t, "2025-05-16 09:00"), 1)
	w.leave("front-door", "record.viewed", w.Records["Heron Specimen"], 0, london(t, "2025-05-16 10:00"), "done")
	// an administrator's role for every setting covers no record; the responsible individual's does
	for _, who := range []string{"admin", "individual"} {
		w.back(`insert into app.role_held (id, actor_id, role, provider_id, from_at, until_at, given_by, why) values (nextval('app.ids'), ` + number(int64(w.Actors[who].ID)) + `, 'front-door', ` + number(w.Provider) + `, '2024-06-01', '2025-05-12', 1, 'x')`)
		w.leave(who, "record.viewed", wren, 0, london(t, "2025-05-20 10:00"), map[string]string{"admin": "refused", "individual": "done"}[who])
	}
	// outside: three within a month, by what was asked for, whether or not there was a grant for it
	for i, at := range []string{"2025-04-29", "2025-05-08", "2025-05-19"} {
		w.outside("staff", wren, london(t, at+" 10:00"), i)
		w.leave("staff", "record.viewed", wren, 0, london(t, at+" 10:0"+number(int64(i+1))), "done")
	}

	want := []string{"hours Morgan Example 2025-05-02", "hours Morgan Example 2025-05-04", "volume Toni Example 2025-05-06", "surname Ada Šample-Jones " + number(finch),
		"surname Bo SPECIMEN " + number(w.Records["The Specimen family"]), "left Ollie Example " + number(w.Homes["Bramble Court"]), "left Frankie Example every", "left Alex Example every", "outside Sam Example 2025-05"}
	got := w.keys("dpo", may)
	var names []string
	for k := range got {
		names = append(names, k)
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("got %q\nwant %q", names, want)
	}
	if u := got["hours Morgan Example 2025-05-04"]; u.Looks != 2 || u.Role != "manager" || !u.FirstAt.Equal(london(t, "2025-05-04 23:00")) {
		t.Errorf("%+v", u)
	}
	if u := got["volume Toni Example 2025-05-06"]; u.Looks != 30 || u.Usual == nil || *u.Usual != 2 {
		t.Errorf("%+v", u)
	}
	if u := got["left Ollie Example "+number(w.Homes["Bramble Court"])]; u.Looks != 2 || u.Refused != 1 || u.Since == nil {
		t.Errorf("%+v", u)
	}
	if u := got["left Frankie Example every"]; u.Looks != 2 || u.Refused != 1 || u.Home != "" || u.Since == nil || !u.Since.Equal(time.Date(2025, 5, 12, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", u)
	}
	if u := got["outside Sam Example 2025-05"]; u.Looks != 3 {
		t.Errorf("%+v", u)
	}
	// the manager is told of their own setting, and not of themselves
	manager := w.keys("manager", may)
	if len(manager) != 4 || manager["left Alex Example every"].Refused != 1 || manager["volume Toni Example 2025-05-06"].Looks != 30 {
		t.Errorf("the manager is told of %+v", manager)
	}
	for _, who := range []string{"staff", "admin", "Finch Sample"} {
		if _, err := looks.OutOfOrdinary(t.Context(), w.DB, w.Actors[who], may, "", 10); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", who, err)
		}
	}
	_ = subject
	lookInto(t, w, got["volume Toni Example 2025-05-06"])
	// in parts
	var keys []string
	for after := ""; ; {
		list, err := looks.OutOfOrdinary(t.Context(), w.DB, w.Actors["dpo"], may, after, 2)
		must(t, err)
		for _, u := range list {
			keys = append(keys, u.Key)
		}
		if len(list) < 2 {
			break
		}
		after = list[1].Key
	}
	if slices.Sort(keys); len(keys) != len(want) || len(slices.Compact(keys)) != len(want) {
		t.Errorf("in parts %q", keys)
	}
}

// Looking into it is kept; the last word is shown, and whom it is about sees neither.
func lookInto(t *testing.T, w *world, u looks.Unusual) {
	t.Helper()
	into := func(who, key, outcome, words string) error {
		return looks.LookInto(t.Context(), w.DB, w.Actors[who], may, key, outcome, words)
	}
	for name, err := range map[string]error{"no words": into("manager", u.Key, "other", " "), "no outcome": into("manager", u.Key, "", "x")} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{"whom it is about": into("staff2", u.Key, "other", "x"), "another setting": into("other-manager", u.Key, "other", "x"), "nothing": into("manager", "volume:1:2025-05-06", "other", "x"),
		"strange": into("manager", "' or true --", "other", "x")} {
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// who audits and answers for nothing reads the list, and does not say what came of it: the database says so as well
	w.auditor("auditor")
	if seen := w.keys("auditor", may)["volume Toni Example 2025-05-06"]; seen.Key != u.Key || seen.MayMark || !w.keys("manager", may)["volume Toni Example 2025-05-06"].MayMark {
		t.Errorf("the auditor is told %+v", seen)
	}
	if err := into("auditor", u.Key, "other", "x"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an auditor says what came of it: %v", err)
	}
	taken := errors.New("taken back")
	for who, refused := range map[string]bool{"auditor": true, "manager": false, "dpo": false, "individual": false} {
		err := pg.Write(t.Context(), w.DB, w.Actors[who], func(tx *pg.WriteTx) error {
			if _, err := tx.Exec(t.Context(), `insert into app.looked_into (key, footprint_id, about_actor, outcome, words, by_actor) values ($1, $2, 1, 'other', 'x', $3)`, u.Key, u.Footprint, int64(w.Actors[who].ID)); err != nil {
				return err
			}
			return taken
		})
		if pg.Refused(err) != refused || !refused && !errors.Is(err, taken) {
			t.Errorf("%s, in SQL: %v", who, err)
		}
	}
	must(t, into("manager", u.Key, "in-role", "Audit week."))
	must(t, into("dpo", u.Key, "spoken-to", "I have spoken to them."))
	got := w.keys("dpo", may)["volume Toni Example 2025-05-06"]
	if got.Into == nil || got.Into.Outcome != "spoken-to" || got.Into.By != "Dana Example" {
		t.Errorf("%+v", got.Into)
	}
	if n := w.count("manager", `select count(*) from app.looked_into`); n != 2 {
		t.Errorf("%d kept", n)
	}
	if n := w.count("staff2", `select count(*) from app.looked_into`); n != 0 {
		t.Errorf("whom it is about sees %d", n)
	}
}

func TestSurnames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, want := range map[string]string{"Zoë O’Neill-Šmith": "oneill,smith", "Ann O'NEILL": "oneill", "The Specimen family": "specimen", "Madonna": "madonna", "Bo van der Berg": "berg", "Łucja Żółw": "zołw", "A B–C": "b,c"} {
		var got string
		w.Scan(t, `select array_to_string(app.surnames($1), ',')`, []any{name}, &got)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
