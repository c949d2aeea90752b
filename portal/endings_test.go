package portal_test

import (
	"net/http"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/storage/localdir"
)

// recordEndings are the ways in which reading one young person's record ends, each by
// the door through which it ends for people, in an order in which none undoes another.
func (w *world) recordEndings() []ending {
	w.t.Helper()
	ctx, wren := w.t.Context(), w.wren()
	for _, capacity := range []string{grants.OfYoungPerson, grants.OfAuthority} {
		must(w.t, grants.RecordConsent(ctx, w.DB, w.Actors["manager"], grants.NewConsent{Record: wren, Capacity: capacity, Answer: grants.Yes, Who: "x", Evidence: "x", Until: day(9).Start()}))
	}
	outside, err := grants.AskOutside(ctx, w.DB, w.Actors["other-staff"], grants.Asking{Number: wren, Reason: grants.ForEmergency, Words: "for the test", Span: grants.ForDay})
	must(w.t, err)
	w.lets("team-larkfield", grants.MemberOfStaff, sample.ChildrensHome)
	directory := w.feed()
	nia := directory.user("Nia Newcomer", "sub-joiner")
	directory.group("team-larkfield", nia)
	var joiner int64
	w.Scan(w.t, `select id from app.actor where subject = 'sub-joiner'`, nil, &joiner)
	w.Actors["joiner"] = access.Actor{ID: access.ActorID(joiner), Kind: access.Person, Provider: w.Provider}
	return []ending{
		{"a consent", "visitor-44", true, func(w *world, _ *visitor) {
			list, _, err := grants.Consents(ctx, w.DB, w.Actors["manager"], wren)
			must(w.t, err)
			for _, c := range list {
				if c.Capacity == grants.OfYoungPerson {
					must(w.t, grants.WithdrawConsent(ctx, w.DB, w.Actors["manager"], wren, c.ID, "said so"))
				}
			}
		}},
		{"an access outside a role", "other-staff", false, func(w *world, _ *visitor) {
			must(w.t, grants.EndOutside(ctx, w.DB, w.Actors["other-staff"], outside, "seen"))
		}},
		{"what a directory said", "joiner", true, func(w *world, _ *visitor) {
			directory.patch("/Users/"+nia, `[{"op":"replace","path":"active","value":false}]`)
		}},
		{"a shield", "front-door", true, func(w *world, _ *visitor) {
			must(w.t, grants.ShieldFrom(ctx, w.DB, w.Actors["dpo"], wren, w.Actors["front-door"].ID, "family", "her aunt"))
		}},
		{"a circle", "staff2", true, func(w *world, _ *visitor) {
			must(w.t, grants.DrawCircle(ctx, w.DB, w.Actors["manager"], wren, "case-review", "for the test"))
		}},
		{"a move of their staff file", "staff", false, func(w *world, _ *visitor) {
			must(w.t, people.Move(ctx, w.DB, w.Actors["admin"], w.Records["Sam Example"], w.Homes[sample.Supported], people.Change{Why: "for the test"}))
		}},
		{"a move of the record", "shift-lead", true, func(w *world, _ *visitor) {
			must(w.t, people.Move(ctx, w.DB, w.Actors["manager"], wren, w.Homes[sample.Supported], people.Change{Why: "for the test"}))
		}},
	}
}

// As TestRightThatEndsCutsTheStream, for what hangs on one young person's record.
func TestWhatEndsOnARecordCutsTheStream(t *testing.T) {
	t.Parallel()
	const size = 512 << 20
	store, err := localdir.New(t.TempDir() + "/objects")
	must(t, err)
	w := newWorldWith(t, 2*size, store)
	v := w.long(recordPath(w.wren(), ""), size)
	for _, e := range w.recordEndings() {
		w.cut(v, e)
		if e.what == "a circle" {
			s, err := grants.ShieldsOf(t.Context(), w.DB, w.Actors["manager"], w.wren())
			must(t, err)
			must(t, grants.EndShield(t.Context(), w.DB, w.Actors["manager"], w.wren(), grants.OfCircle, s.Now().ID, "over"))
		}
	}
	w.refusedTwice("visitor-44", "other-staff", "front-door", "staff2", "staff", "shift-lead")
}

// A session of before somebody left does not come to life again when they are back and
// hold roles, whether a person or a directory said that they had left.
func TestAnOldSessionStaysEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	back := func(who string) {
		t.Helper()
		must(t, grants.Return(ctx, w.DB, w.Actors["admin"], w.Actors[who].ID, "came back"))
		_, err := grants.Give(ctx, w.DB, w.Actors["admin"], grants.Giving{To: w.Actors[who].ID, Provider: w.Provider, Home: w.Homes[sample.ChildrensHome], Role: grants.MemberOfStaff, Why: "came back"})
		must(t, err)
		w.visitor(who).open("/home") // they do come in again
	}
	said := w.visitor("staff")
	said.open("/home")
	must(t, grants.Leave(ctx, w.DB, w.Actors["manager"], w.Actors["staff"].ID, time.Time{}, "moves away"))
	said.see(http.StatusSeeOther, "/home")
	back("staff")
	if l := said.see(http.StatusSeeOther, "/home"); l.to != "/sign-in?to=%2Fhome" {
		t.Errorf("it leads to %s", l.to)
	}

	w.lets("team-larkfield", grants.MemberOfStaff, sample.ChildrensHome)
	directory := w.feed()
	nia := directory.user("Nia Newcomer", "sub-joiner")
	directory.group("team-larkfield", nia)
	var joiner int64
	w.Scan(t, `select id from app.actor where subject = 'sub-joiner'`, nil, &joiner)
	w.Actors["joiner"] = access.Actor{ID: access.ActorID(joiner), Kind: access.Person, Provider: w.Provider}
	gone := w.visitor("joiner")
	gone.open("/home")
	directory.patch("/Users/"+nia, `[{"op":"replace","path":"active","value":false}]`)
	gone.see(http.StatusSeeOther, "/home")
	directory.patch("/Users/"+nia, `[{"op":"replace","path":"active","value":true}]`)
	w.visitor("joiner").open("/home")
	gone.see(http.StatusSeeOther, "/home")
}
