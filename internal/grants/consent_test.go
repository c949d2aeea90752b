package grants_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// A visitor reads a young person's file while both consents are in date, and not a
// moment longer.
func TestBothConsentsOpenAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const record = "Wren Sample"
	never := func(when string) {
		t.Helper()
		if w.reads("visitor-44", record) {
			t.Errorf("the visitor reads the file %s", when)
		}
	}
	never("with no consent")
	w.must(w.consent(record, grants.OfYoungPerson, time.Time{}, days(30)))
	w.must(w.consent(record, grants.OfParent, time.Time{}, days(30)))
	never("with the young person's and a parent's")
	w.must(w.consent(record, grants.OfAuthority, days(3), days(30)))
	never("before the authority's begins")
	var from, until time.Time
	var n int
	w.Scan(t, `select count(*), min(valid_from), max(valid_until) from app.grants where basis = 'consent'`, nil, &n, &from, &until)
	if n != 2 || !from.Equal(days(3)) || !until.Equal(days(30)) {
		t.Errorf("%d grants from %s until %s", n, from, until)
	}
	w.must(w.consent(record, grants.OfAuthority, time.Time{}, days(10)))
	if !w.reads("visitor-44", record) || w.reads("visitor-25", record) || w.reads("visitor-44", "Finch Sample") {
		t.Error("both consents open this file to this visitor, and nothing else")
	}
	var mask access.Mask
	var rights access.Right
	w.Scan(t, `select bit_or(mask), bit_or(rights) from app.grants where basis = 'consent'`, nil, &mask, &rights)
	if mask.Has(access.ClassOf(access.YoungPerson, access.Restricted)) || rights != access.Read {
		t.Errorf("consents give mask %b with rights %d", mask, rights)
	}
	w.withdraw(record, grants.OfYoungPerson)
	if !w.reads("visitor-44", record) {
		t.Error("a parent's consent does not count once the young person's is withdrawn")
	}
	w.withdraw(record, grants.OfParent)
	never("after the last consent of their own was withdrawn")

	// whoever comes to visit later reads it by the same consents, and another's record not
	w.must(w.consent(record, grants.OfYoungPerson, time.Time{}, days(30)))
	_, err := w.give("admin", w.giving("other-staff", grants.Visitor44, sample.ChildrensHome))
	w.must(err)
	if !w.reads("other-staff", record) {
		t.Error("a visitor who comes later does not read it")
	}
	held, _, _, _ := w.held("other-staff")
	w.must(grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], held, "visits no longer"))
	if w.reads("other-staff", record) {
		t.Error("a visitor who visits no longer reads it")
	}
	w.must(people.Close(t.Context(), w.DB, w.Actors["manager"], w.Records[record], w.change("left")))
	never("after the record was closed")
	if err := w.consent(record, grants.OfYoungPerson, time.Time{}, days(9)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a consent on a closed record: %v", err)
	}
}

// withdraw ends the consents of a capacity.
func (w *world) withdraw(record, capacity string) {
	w.t.Helper()
	list, _, err := grants.Consents(w.t.Context(), w.DB, w.Actors["manager"], w.Records[record])
	w.must(err)
	for _, c := range list {
		if c.Capacity == capacity && c.Until.After(time.Now()) {
			w.must(grants.WithdrawConsent(w.t.Context(), w.DB, w.Actors["manager"], w.Records[record], c.ID, "said so"))
			if err := grants.WithdrawConsent(w.t.Context(), w.DB, w.Actors["manager"], w.Records[record], c.ID, "again"); !fault.Is(err, fault.NotFound) {
				w.t.Errorf("withdrawn twice: %v", err)
			}
		}
	}
}

// What is out of date opens nothing: time alone ends it.
func TestAConsentRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.consent("Wren Sample", grants.OfYoungPerson, time.Time{}, days(1)))
	w.must(w.consent("Wren Sample", grants.OfAuthority, time.Time{}, days(5)))
	if !w.reads("visitor-44", "Wren Sample") {
		t.Fatal("both stand, and the file is closed")
	}
	// two days pass
	w.Exec(t, `set session_replication_role = replica; update app.grants set valid_from = valid_from - interval '2 days', valid_until = valid_until - interval '2 days' where basis = 'consent'`)
	if w.reads("visitor-44", "Wren Sample") {
		t.Error("the young person's consent is out of date, and the file is open")
	}
}

// A record that moves or closes leaves its consents and key workers behind; whoever
// reads their own file goes on reading it.
func TestWhatEndsWithARecord(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(w *world) error{
		"closed": func(w *world) error {
			return people.Close(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], w.change("moved out"))
		},
		"moved": func(w *world) error {
			return people.Move(t.Context(), w.DB, w.Actors["manager"], w.Records["Wren Sample"], w.Homes[sample.Supported], w.change("moved on"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			_, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["inspector"].ID, w.Records["Wren Sample"], "knows them")
			w.must(err)
			w.must(w.consent("Wren Sample", grants.OfYoungPerson, time.Time{}, days(9)))
			w.must(w.consent("Wren Sample", grants.OfAuthority, time.Time{}, days(9)))
			if !w.reads("inspector", "Wren Sample") || !w.reads("visitor-44", "Wren Sample") || !w.reads("young-person", "Wren Sample") {
				t.Fatal("not everybody reads the record to begin with")
			}
			w.must(do(w))
			if w.reads("inspector", "Wren Sample") {
				t.Error("the key worker still reads it")
			}
			if w.reads("visitor-44", "Wren Sample") {
				t.Error("the visitor still reads it")
			}
			if !w.reads("young-person", "Wren Sample") || w.reads("young-person", "Finch Sample") {
				t.Error("the young person does not read their own file, and that alone")
			}
			var told, live int
			w.Scan(t, `select count(*) from app.grant_ending where how like 'record-%' or how = 'consent-ended'`, nil, &told)
			w.Scan(t, `select count(*) from app.consent where until_at > clock_timestamp()`, nil, &live)
			if told < 2 || live != 0 {
				t.Errorf("%d endings are told, and %d consents live", told, live)
			}
		})
	}
}

// A staff file that closes ends the roles at its setting.
func TestAStaffFileCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(people.Close(t.Context(), w.DB, w.Actors["manager"], w.Records["Sam Example"], w.change("left on 31 March")))
	if n := w.liveGrants("staff"); n != 0 {
		t.Errorf("they hold %d grants still", n)
	}
	var why string
	id, _, _, _ := w.held("staff")
	w.Scan(t, `select why from app.role_ending where role_held_id = $1`, []any{id}, &why)
	if why != "left on 31 March" {
		t.Errorf("it ended because %q", why)
	}
}
