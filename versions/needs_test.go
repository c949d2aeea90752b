package versions_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/versions"
)

// names gives things that wait as "title version".
func names(list []versions.Need) (out []string) {
	for _, n := range list {
		out = append(out, fmt.Sprint(n.Title, " ", n.Number))
	}
	return out
}

func (w *world) needs(who string) versions.Needs {
	w.t.Helper()
	n, err := w.keeper.Needs(context.Background(), w.Actors[who])
	must(w.t, err)
	return n
}

// waits compares what waits for somebody: to approve, sent, to review.
func (w *world) waits(when, who string, approve, sent, review []string) {
	w.t.Helper()
	n := w.needs(who)
	for what, d := range map[string]string{"approve": cmp.Diff(approve, names(n.Approve)), "sent": cmp.Diff(sent, names(n.Sent)), "review": cmp.Diff(review, names(n.Review))} {
		if d != "" {
			w.t.Errorf("%s: %s has to %s (-want +got):\n%s", when, who, what, d)
		}
	}
}

// policy adds a policy to a record, as somebody.
func (w *world) policy(who string, record int64, title, review string) int64 {
	w.t.Helper()
	e := versions.Entry{Title: title, Kind: "policy", InForceFrom: "2026-01-01", ReviewOn: review, Note: "note of " + title}
	slot, err := w.keeper.BeginDocument(context.Background(), w.Actors[who], record)
	must(w.t, err)
	a, err := w.keeper.AddDocument(context.Background(), w.Actors[who], slot, e, w.received("words of " + title)[0], "")
	must(w.t, err)
	return a.Document.ID
}

// ahead is a day so many days from now, as it is typed.
func ahead(days int) string { return clock.DayOf(time.Now()).Plus(days).String() }

// everybody but those named has nothing that waits.
func (w *world) nobodyElse(when string, but ...string) {
	w.t.Helper()
	for who := range w.Actors {
		if slices.Contains(but, who) {
			continue
		}
		n := w.needs(who)
		if n.Today = (clock.Day{}); !cmp.Equal(versions.Needs{}, n, cmp.AllowUnexported(clock.Day{})) {
			w.t.Errorf("%s: %s: %+v", when, who, n)
		}
	}
}

// Staff send, and see what they sent; the manager of the setting and the
// responsible individual may approve it. Inspectors, the data protection officer,
// administrators, service accounts with a manager's grants and other settings are
// offered nothing.
func TestNeedsOfEachRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.nobodyElse("at first")
	fire := w.policy("staff", w.library(), "Fire", "")
	n := w.needs("manager")
	want := versions.Need{Document: fire, Title: "Fire", Number: 1, Record: w.library(), RecordName: "Policies of " + sample.ChildrensHome, HomeName: sample.ChildrensHome,
		By: "Sam Example", Post: "Residential support worker", Note: "note of Fire"}
	if len(n.Approve) == 1 {
		want.At = n.Approve[0].At
	}
	if d := cmp.Diff([]versions.Need{want}, n.Approve); d != "" || time.Since(want.At) > time.Hour {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.waits("sent", "individual", []string{"Fire 1"}, nil, nil)
	w.waits("sent", "staff", nil, []string{"Fire 1"}, nil)
	w.nobodyElse("sent", "staff", "manager", "individual")
	// one's own is not offered; a colleague's is
	food := w.policy("manager", w.library(), "Food", "")
	w.waits("two", "manager", []string{"Fire 1"}, []string{"Food 1"}, nil)
	w.waits("two", "individual", []string{"Fire 1", "Food 1"}, nil, nil)
	must(t, w.approve("individual", food, 1))
	must(t, w.approve("manager", fire, 1))
	w.waits("approved", "manager", nil, nil, nil)
	w.nobodyElse("approved", "manager", "individual")
	// what needs no approval waits for nobody
	_, err := w.document("staff", "procedure", "2026-01-01", "x")
	must(t, err)
	w.waits("a procedure", "manager", nil, nil, nil)
	// of two that were sent the newest is offered; with it approved none is left
	for _, body := range []string{"two", "three"} {
		_, err := w.add("staff", fire, versions.Entry{InForceFrom: "2026-02-01"}, body)
		must(t, err)
	}
	w.waits("two versions", "manager", []string{"Fire 3"}, nil, nil)
	must(t, w.approve("manager", fire, 3))
	w.waits("the newest approved", "manager", nil, nil, nil)
	// elsewhere
	w.policy("other-manager", w.Records["Policies of "+sample.FamilyCentre], "Elsewhere", "")
	w.waits("elsewhere", "manager", nil, nil, nil)
	w.waits("elsewhere", "individual", []string{"Elsewhere 1"}, nil, nil)
	w.nobodyElse("elsewhere", "manager", "individual", "other-manager")
	var asked int
	w.Scan(t, `select count(*) from app.footprint where action = 'needs.viewed' and outcome = 'done' and actor_id = $1`, []any{w.Actors["manager"].ID}, &asked)
	if asked != 8 {
		t.Errorf("%d looks left a footprint, want 8", asked)
	}
}

// What one wrote and another brought back is not one's own to approve, and so is
// not offered.
func TestNeedsOfOnesOwnWordsBroughtBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.policy("manager", w.library(), "Fire", "")
	must(t, w.approve("individual", id, 1))
	_, err := w.add("staff", id, versions.Entry{InForceFrom: "2026-02-01"}, "another")
	must(t, err)
	must(t, w.approve("manager", id, 2))
	_, err = w.keeper.Restore(t.Context(), w.Actors["staff"], versions.Target{Document: id, Number: 1}, "", "the old words were better")
	must(t, err)
	w.waits("brought back", "manager", nil, nil, nil)
	w.waits("brought back", "individual", []string{"Fire 3"}, nil, nil)
	w.waits("brought back", "staff", nil, []string{"Fire 3"}, nil)
}

// Reviews are told sixty days ahead by the calendar, of what is in force in an
// open record, with the earliest first.
func TestReviews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for title, days := range map[string]int{"Late": -400, "Yesterday": -1, "Today": 0, "Sixty": 60, "Sixty-one": 61} {
		must(t, w.approve("manager", w.policy("staff", w.library(), title, ahead(days)), 1))
	}
	must(t, w.approve("manager", w.policy("staff", w.library(), "Never", ""), 1))
	w.policy("staff", w.library(), "Waits", ahead(-3)) // not in force
	review := []string{"Late 1", "Yesterday 1", "Today 1", "Sixty 1"}
	n := w.needs("manager")
	if d := cmp.Diff(review, names(n.Review)); d != "" || n.InForce != 6 || n.Soon != 2 || n.Late != 2 || n.Today != clock.DayOf(time.Now()) {
		t.Errorf("%+v (-want +got):\n%s", n, d)
	}
	if r := n.Review[0]; r.By != "" || r.Note != "" || !r.At.IsZero() || clock.DayOf(*r.ReviewOn).String() != ahead(-400) {
		t.Errorf("%+v", r)
	}
	w.waits("reviews", "individual", []string{"Waits 1"}, nil, review)
	w.waits("reviews", "staff", nil, []string{"Waits 1"}, nil)
	w.nobodyElse("reviews", "staff", "manager", "individual")
	// withdrawn, replaced by one that is not due, or put away with its record: nothing to review
	late, yesterday := n.Review[0].Document, n.Review[1].Document
	must(t, w.keeper.Withdraw(t.Context(), w.Actors["manager"], late, ahead(0), "over"))
	_, err := w.add("staff", yesterday, versions.Entry{InForceFrom: ahead(0), ReviewOn: ahead(300)}, "next")
	must(t, err)
	must(t, w.approve("manager", yesterday, 2))
	w.waits("mended", "manager", []string{"Waits 1"}, nil, []string{"Today 1", "Sixty 1"})
	if n := w.needs("manager"); n.InForce != 5 || n.Late != 0 || n.Soon != 2 {
		t.Errorf("mended: %+v", n)
	}
	must(t, people.Close(t.Context(), w.DB, w.Actors["manager"], w.library(), people.Change{Why: "over"}))
	w.waits("closed", "manager", []string{"Waits 1"}, nil, nil)
	if n := w.needs("manager"); n.InForce != 0 || n.Soon != 0 {
		t.Errorf("closed: %+v", n)
	}
}

// What belongs to the whole provider has no setting; who approves for the whole
// provider is told of it, and the manager of one setting is not. Nobody is told of
// a record from which they are shielded.
func TestNeedsOfTheWholeProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wide, err := people.Open(t.Context(), w.DB, access.Custodian(), people.NewRecord{Provider: w.Provider, Kind: access.Library, Name: "Policies of all", Why: "test"})
	must(t, err)
	w.plant(wide, "Wide", 1)
	n := w.needs("individual")
	if len(n.Approve) != 1 || n.Approve[0].HomeName != "" || n.Approve[0].RecordName != "Policies of all" {
		t.Errorf("%+v", n.Approve)
	}
	w.waits("wide", "manager", nil, nil, nil)
	w.nobodyElse("wide", "individual")
	w.policy("staff", w.library(), "Fire", "")
	w.waits("before the shield", "manager", []string{"Fire 1"}, nil, nil)
	w.Exec(t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'kin', 1, now())`, int64(w.Actors["manager"].ID), w.library())
	w.waits("shielded", "manager", nil, nil, nil)
}

// plant writes so many policies with one version each straight into the database.
func (w *world) plant(record int64, title string, many int) {
	w.t.Helper()
	w.Exec(w.t, `with d as (
		insert into app.document (record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
		select id, provider_id, kind * 3, 'policy', true, $2, now(), 1, now() from app.record, generate_series(1, $3::int) where id = $1 returning id)
		insert into app.version (document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
		select id, 1, sha256('x'), 1, 'text/plain', 'a', gen_random_uuid()::text, 'x', 1, now(), now() from d`, record, title, many)
}

// None is left out, however many there are.
func TestNeedsOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plant(w.library(), "One of many", 2500)
	if n := w.needs("manager"); len(n.Approve) != 2500 {
		t.Errorf("%d wait, want 2500", len(n.Approve))
	}
}

// What came lately is told where the actor reads, newest first, with what became
// of it; an approval does not make it come again.
func TestNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	fire := w.policy("staff", w.library(), "Fire", "")
	note := func(who, record, title string) {
		t.Helper()
		slot, err := w.keeper.BeginDocument(t.Context(), w.Actors[who], w.Records[record])
		must(t, err)
		_, err = w.keeper.AddDocument(t.Context(), w.Actors[who], slot, versions.Entry{Title: title, Kind: "other", InForceFrom: "2026-01-01"}, w.received(title)[0], "")
		must(t, err)
	}
	note("staff", "Wren Sample", "A note")
	note("manager", "Sam Example", "A contract")
	note("other-staff", "Teal Specimen", "Elsewhere")
	w.policy("staff2", w.library(), "Food", "")
	must(t, w.approve("manager", fire, 1))
	see := func(who string, want ...string) {
		t.Helper()
		list, err := w.keeper.News(t.Context(), w.Actors[who], 4)
		must(t, err)
		var got []string
		for _, n := range list {
			got = append(got, fmt.Sprint(n.Title, " ", n.Number, " ", n.State, " by ", n.By, " at ", n.HomeName))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", who, d)
		}
	}
	food, fires := "Food 1 submitted by Toni Example at Larkfield House", "Fire 1 approved by Sam Example at Larkfield House"
	wren, contract := "A note 1 added by Sam Example at Larkfield House", "A contract 1 added by Morgan Example at Larkfield House"
	elsewhere := "Elsewhere 1 added by Ollie Example at Bramble Court"
	see("staff", food, wren, fires)
	see("manager", food, contract, wren, fires)
	see("inspector", food, contract, fires)
	see("other-manager", elsewhere)
	see("dpo", food, elsewhere, contract, wren)
	see("admin")
	_, err := w.add("staff", fire, versions.Entry{InForceFrom: "2026-02-01"}, "second")
	must(t, err)
	see("staff", "Fire 2 submitted by Sam Example at Larkfield House", food, wren)
}
