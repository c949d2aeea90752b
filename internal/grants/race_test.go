package grants_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/grants"
	"custodian/internal/sample"
)

// held is a transaction of the portal's own login in which somebody does something,
// kept open until it is let go.
func (w *world) holding(who, sql string, args ...any) (letGo func()) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.App)
	w.must(err)
	w.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	tx, err := conn.Begin(w.t.Context())
	w.must(err)
	_, err = tx.Exec(w.t.Context(), `select set_config('app.actor', $1, true)`, fmt.Sprint(w.Actors[who].ID))
	w.must(err)
	_, err = tx.Exec(w.t.Context(), sql, args...)
	w.must(err)
	return func() { w.t.Helper(); w.must(tx.Commit(w.t.Context())) }
}

// meanwhile does something while a transaction is open, and lets that go when the
// other has ended or waits for it.
func (w *world) meanwhile(letGo func(), do func() error) {
	w.t.Helper()
	done := make(chan error, 1)
	go func() { done <- do() }()
	for waits := 0; waits == 0; {
		select {
		case err := <-done:
			w.must(err)
			letGo()
			return
		case <-time.After(10 * time.Millisecond):
		}
		w.Scan(w.t, `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`, nil, &waits)
	}
	letGo()
	w.must(<-done)
}

// left counts the grants of a kind that somebody holds now or later.
func (w *world) left(who, basis string) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.grants where actor_id = $1 and basis = $2 and valid_until > clock_timestamp()`, []any{int64(w.Actors[who].ID), basis}, &n)
	return n
}

// consenting is the SQL by which a manager records a consent of the authority.
const consenting = `insert into app.consent (record_id, purpose, capacity, who, evidence, from_at, until_at, recorded_by)
	values ($1, 'visitor-44', 'placing-authority', 'Somebody', 'for the test', now(), now() + interval '30 days', app.me())`

// While one consent is recorded the other is withdrawn: the visitor reads nothing,
// whichever of the two comes first.
func TestConsentsThatCrossGiveNothing(t *testing.T) {
	t.Parallel()
	const record = "Wren Sample"
	prepared := func() *world {
		w := newWorld(t)
		w.must(w.consent(record, grants.OfYoungPerson, time.Time{}, days(30)))
		return w
	}
	w := prepared()
	w.meanwhile(w.holding("manager", consenting, w.Records[record]), func() error { w.withdraw(record, grants.OfYoungPerson); return nil })
	if n := w.left("visitor-44", "consent"); n != 0 || w.reads("visitor-44", record) {
		t.Errorf("%d grants outlive the consent that was withdrawn", n)
	}
	w = prepared()
	w.meanwhile(w.holding("manager", `update app.consent set until_at = clock_timestamp() where record_id = $1`, w.Records[record]), func() error {
		return w.consent(record, grants.OfAuthority, time.Time{}, days(30))
	})
	if n := w.left("visitor-44", "consent"); n != 0 || w.reads("visitor-44", record) {
		t.Errorf("%d grants come of a consent that was withdrawn meanwhile", n)
	}
	// two that are recorded at the same moment do not wait for one another in a ring
	w = newWorld(t)
	w.meanwhile(w.holding("manager", consenting, w.Records[record]), func() error { return w.consent(record, grants.OfYoungPerson, time.Time{}, days(30)) })
	if n := w.left("visitor-44", "consent"); n != 1 {
		t.Errorf("both consents were recorded at once, and give %d grants", n)
	}
}

// While a consent is recorded the visitor's role ends, or while it ends the consent is
// recorded; and a visitor comes while a consent is withdrawn.
func TestAVisitorWhoGoesMeanwhileReadsNothing(t *testing.T) {
	t.Parallel()
	const record = "Wren Sample"
	prepared := func() (*world, int64) {
		w := newWorld(t)
		w.must(w.consent(record, grants.OfYoungPerson, time.Time{}, days(30)))
		id, _, _, _ := w.held("visitor-44")
		return w, id
	}
	w, held := prepared()
	w.meanwhile(w.holding("manager", consenting, w.Records[record]), func() error { return grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], held, "visits no longer") })
	if n := w.left("visitor-44", "consent"); n != 0 || w.reads("visitor-44", record) {
		t.Errorf("%d grants outlive the role", n)
	}
	w, held = prepared()
	w.meanwhile(w.holding("admin", `update app.role_held set until_at = clock_timestamp() where id = $1`, held), func() error {
		return w.consent(record, grants.OfAuthority, time.Time{}, days(30))
	})
	if n := w.left("visitor-44", "consent"); n != 0 || w.reads("visitor-44", record) {
		t.Errorf("%d grants come of a role that has ended", n)
	}
	w, _ = prepared()
	w.must(w.consent(record, grants.OfAuthority, time.Time{}, days(30)))
	w.meanwhile(w.holding("manager", `update app.consent set until_at = clock_timestamp() where record_id = $1 and capacity = 'young-person'`, w.Records[record]), func() error {
		_, err := w.give("admin", w.giving("other-staff", grants.Visitor44, sample.ChildrensHome))
		return err
	})
	if n := w.left("other-staff", "consent"); n != 0 {
		t.Errorf("%d grants come of a consent that was withdrawn while the visitor came", n)
	}
}

// While somebody is made key worker, or a record is opened to them, their last role
// there ends; and two roles end at once.
func TestWhatHangsOnARoleThatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	const (
		record = "Wren Sample"
		give   = `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from, valid_until)
			select $1, 2, r.id, 1, 1, $2, r.home_id, app.me(), 'for the test', now(), now() + interval '7 days' from app.record r where r.id = $3`
		end = `update app.role_held set until_at = clock_timestamp() where id = $1`
	)
	for who, basis := range map[string]string{"staff": "key-worker", "inspector": "inspector-pass"} {
		w := newWorld(t)
		held, _, _, _ := w.held(who)
		w.meanwhile(w.holding("manager", give, w.Actors[who].ID, basis, w.Records[record]), func() error {
			return grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], held, "works here no longer")
		})
		if n := w.left(who, basis); n != 0 {
			t.Errorf("%s: %d grants of a %s outlive the last role", basis, n, who)
		}
		w = newWorld(t)
		held, _, _, _ = w.held(who)
		w.meanwhile(w.holding("admin", end, held), func() error {
			if basis == "key-worker" {
				_, _ = grants.EntrustUntil(t.Context(), w.DB, w.Actors["manager"], w.Actors[who].ID, w.Records[record], days(9), "for the test") // refused, or for no time
			} else {
				_, _ = grants.OpenToInspector(t.Context(), w.DB, w.Actors["manager"], w.opening())
			}
			return nil
		})
		if n := w.left(who, basis); n != 0 {
			t.Errorf("%s: %d grants come of a role of a %s that has ended", basis, n, who)
		}
	}
	w := newWorld(t)
	first, _, _, _ := w.held("staff")
	shift := w.giving("staff", grants.ShiftLead, sample.ChildrensHome)
	shift.Until = time.Now().Add(8 * time.Hour)
	second, err := w.give("admin", shift)
	w.must(err)
	w.must(func() error {
		_, err := grants.EntrustUntil(t.Context(), w.DB, w.Actors["manager"], w.Actors["staff"].ID, w.Records[record], days(9), "for the test")
		return err
	}())
	w.meanwhile(w.holding("admin", end, first), func() error {
		return grants.EndBecause(t.Context(), w.DB, w.Actors["admin"], second, "works here no longer")
	})
	if n := w.left("staff", "key-worker"); n != 0 || w.liveGrants("staff") != 0 {
		t.Errorf("two roles that ended at once leave %d grants of a key worker", n)
	}
}
