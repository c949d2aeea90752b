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
	never("with the young person's alone")
	w.must(w.consent(record, grants.OfAuthority, days(3), days(30)))
	never("before the authority's begins")
	var from, until time.Time
	var n int
	w.Scan(t, `select count(*), min(valid_from), max(valid_until) from app.grants where basis = 'consent'`, nil, &n, &from, &until)
	if n != 1 || !from.Equal(days(3)) || !until.Equal(days(30)) {
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
	never("after the young person took back what they had said")

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
			return // what was said twice is taken back at once
		}
	}
}

// On a young person's record the visitor of regulation 44 takes the young person's
// own consent. A parent's stands in for it with a reason, and never once they said
// no: to begin with, or by taking back what they had said.
func TestAParentStandsIn(t *testing.T) {
	t.Parallel()
	const record = "Wren Sample"
	type said struct {
		capacity, answer, because string
		from, until               int // days from now
		want                      fault.Kind
		who                       string
	}
	const taken, withdrawn = fault.Kind(-1), "withdrawn"
	reason := "is four years old"
	authority := said{grants.OfAuthority, grants.Yes, "", 0, 30, taken, ""}
	own := said{grants.OfYoungPerson, grants.Yes, "", 0, 30, taken, ""}
	parent := said{grants.OfParent, grants.Yes, reason, 0, 30, taken, ""}
	no := said{grants.OfYoungPerson, grants.No, "", 0, 0, taken, ""}
	takesBack := said{grants.OfYoungPerson, withdrawn, "", 0, 0, taken, ""}
	with := func(s said, f func(*said)) said { f(&s); return s }
	for name, c := range map[string]struct {
		said  []said
		reads bool
	}{
		"their own, and the authority's":                        {[]said{own, authority}, true},
		"a parent's with a reason, and the authority's":         {[]said{parent, authority}, true},
		"a parent's without a reason":                           {[]said{with(parent, func(s *said) { s.because, s.want = "", fault.Invalid }), authority}, false},
		"a parent's with blanks for a reason":                   {[]said{with(parent, func(s *said) { s.because, s.want = "  \n", fault.Invalid }), authority}, false},
		"a parent's alone":                                      {[]said{parent}, false},
		"their own and a parent's":                              {[]said{own, parent}, false},
		"they said no, then a parent's":                         {[]said{no, with(parent, func(s *said) { s.want = fault.Conflict }), authority}, false},
		"a parent's, and then they said no":                     {[]said{parent, authority, no}, false},
		"a parent's to come, and then they said no":             {[]said{with(parent, func(s *said) { s.from = 1 }), authority, no}, false},
		"their own taken back, with a parent's from before":     {[]said{own, parent, authority, takesBack}, false},
		"their own taken back, then a parent's":                 {[]said{own, authority, takesBack, with(parent, func(s *said) { s.want = fault.Conflict })}, false},
		"their own given, and then they said no":                {[]said{own, authority, no}, false},
		"they said no, and then yes":                            {[]said{no, authority, own}, true},
		"no, yes, and that taken back, with a parent's between": {[]said{no, own, with(parent, func(s *said) { s.want = fault.Conflict }), authority, takesBack}, false},
		"their own to come, and a parent's now":                 {[]said{with(own, func(s *said) { s.from = 2 }), parent, authority}, true},
		"a parent's to come":                                    {[]said{with(parent, func(s *said) { s.from = 2 }), authority}, false},
		"a parent says no, and another yes":                     {[]said{with(parent, func(s *said) { s.answer = grants.No }), parent, authority}, true},
		"a parent's, and another says no":                       {[]said{parent, with(parent, func(s *said) { s.answer, s.who = grants.No, "Another parent" }), authority}, true},
		"a parent's, and the same says no":                      {[]said{parent, with(parent, func(s *said) { s.answer, s.who = grants.No, " somebody of the Test" }), authority}, false},
		"their own twice, and one taken back":                   {[]said{own, own, authority, takesBack}, false},
		"the authority's twice, and one taken back":             {[]said{own, authority, authority, with(authority, func(s *said) { s.answer = withdrawn })}, false},
		"the authority says no":                                 {[]said{own, authority, with(authority, func(s *said) { s.answer = grants.No })}, false},
		"nobody said whether":                                   {[]said{with(own, func(s *said) { s.answer, s.want = "", fault.Invalid }), authority}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i, s := range c.said {
				if s.answer == withdrawn {
					w.withdraw(record, s.capacity)
					continue
				}
				n := grants.NewConsent{Record: w.Records[record], Who: s.who, Capacity: s.capacity, Answer: s.answer, Because: s.because, Until: days(s.until)}
				if s.from > 0 {
					n.From = days(s.from)
				}
				if err := w.said(n); (s.want == taken) != (err == nil) || err != nil && !fault.Is(err, s.want) {
					t.Fatalf("%d, %s says %s: %v", i+1, s.capacity, s.answer, err)
				}
			}
			if got := w.reads("visitor-44", record); got != c.reads {
				t.Errorf("the visitor reads the file: %v", got)
			}
			list, _, err := grants.Consents(t.Context(), w.DB, w.Actors["manager"], w.Records[record])
			w.must(err)
			for _, one := range list {
				if one.Capacity == grants.OfParent && one.Given && one.Because != reason {
					t.Errorf("a parent's consent stands because of %q", one.Because)
				}
			}
		})
	}
}

// Time alone ends a parent's consent as any other, and what it stood in for.
func TestAParentsConsentRunsOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.said(grants.NewConsent{Record: w.Records["Wren Sample"], Capacity: grants.OfParent, Answer: grants.Yes, Because: "is four years old", Until: days(1)}))
	w.must(w.consent("Wren Sample", grants.OfAuthority, time.Time{}, days(5)))
	if !w.reads("visitor-44", "Wren Sample") {
		t.Fatal("both stand, and the file is closed")
	}
	w.Exec(t, `set session_replication_role = replica; update app.grants set valid_from = valid_from - interval '2 days', valid_until = valid_until - interval '2 days' where basis = 'consent'`)
	if w.reads("visitor-44", "Wren Sample") {
		t.Error("the parent's consent is out of date, and the file is open")
	}
}

// Past all our code the database refuses a parent's word without a reason, after the
// young person's no, and a reason in anybody else's.
func TestNobodyStandsInPastTheCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const insert = `insert into app.consent (record_id, purpose, capacity, who, evidence, stand_in_why, from_at, until_at, recorded_by) values ($1, $2, $3, 'x', 'x', $4, now(), now() + interval '1 day', $5)`
	try := func(capacity, because, want string) {
		t.Helper()
		if got := w.raw("manager", insert, w.Records["Wren Sample"], "visitor-44", capacity, because, int64(w.Actors["manager"].ID)); got != want {
			t.Errorf("%s because of %q: %q, want %q", capacity, because, got, want)
		}
	}
	try("parent", "", "23514")
	try("parent", " ", "23514")
	try("parent", "is four years old", "")
	try("young-person", "is four years old", "23514")
	try("placing-authority", "is four years old", "23514")
	w.must(w.said(grants.NewConsent{Record: w.Records["Wren Sample"], Capacity: grants.OfYoungPerson, Answer: grants.No}))
	try("parent", "is four years old", "23514")
	try("young-person", "", "")
	if got := w.raw("manager", `insert into app.consent_ending (consent_id, by_actor, how, why) select id, $1, 'overruled', 'x' from app.consent limit 1`, int64(w.Actors["manager"].ID)); got != "42501" {
		t.Errorf("a manager overrules: %q", got)
	}
}

// Regulation 25 speaks of no case records: at a family centre any consent of theirs
// does beside the authority's, and nobody has to say why.
func TestConsentsAtAFamilyCentre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for record, capacity := range map[string]string{"The Specimen family": grants.OfParent, "Heron Specimen": grants.OfParent, "Teal Specimen": grants.OfParent} {
		for _, c := range []string{capacity, grants.OfAuthority} {
			if w.reads("visitor-25", record) {
				t.Errorf("%s: the visitor reads it before the consent %q", record, c)
			}
			w.must(w.saidTo("other-manager", grants.NewConsent{Record: w.Records[record], Capacity: c, Answer: grants.Yes, Until: days(9)}))
		}
		if !w.reads("visitor-25", record) {
			t.Errorf("%s: both stand, and the visitor does not read it", record)
		}
	}
	// a no of the one does not undo what the other may say there
	w.must(w.saidTo("other-manager", grants.NewConsent{Record: w.Records["Teal Specimen"], Capacity: grants.OfYoungPerson, Answer: grants.No}))
	if !w.reads("visitor-25", "Teal Specimen") {
		t.Error("at a family centre a parent's consent ended with a young person's no")
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
			_, err := grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], grants.Opening{To: w.Actors["inspector"].ID, Record: w.Records["Wren Sample"], Until: days(9), Why: "asked to see it"})
			w.must(err)
			w.must(w.consent("Wren Sample", grants.OfYoungPerson, time.Time{}, days(9)))
			w.must(w.consent("Wren Sample", grants.OfAuthority, time.Time{}, days(9)))
			if !w.reads("inspector", "Wren Sample") || !w.reads("visitor-44", "Wren Sample") || !w.reads("young-person", "Wren Sample") {
				t.Fatal("not everybody reads the record to begin with")
			}
			w.must(do(w))
			if w.reads("inspector", "Wren Sample") {
				t.Error("the inspector still reads it")
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
