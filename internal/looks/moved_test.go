package looks_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/looks"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// auditorAt makes somebody who audits one setting, and reads nothing. No role gives
// that today: an auditor's is for the whole provider. A grant can.
func (w *world) auditorAt(who, home string) {
	w.t.Helper()
	var id int64
	w.Scan(w.t, `insert into app.actor (provider_id, kind, name, created_by) values ($1, 'person', $2, 1) returning id`, []any{w.Provider, who}, &id)
	w.Actors[who] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: w.Provider}
	w.Exec(w.t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from)
		values ($1, 1, $2, $3, 64, 'inspector-pass', 1, 'audits this setting', now() - interval '1 year')`, id, w.Homes[home], int64(access.EveryClass))
}

// Whoever audits one setting and reads nothing there sees what was done at it, and
// nothing of another; and of a record that came to it all that was done before, as
// they do on the record's own list.
func TestAuditorOfOneSetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wren, teal := w.Records["Wren Sample"], w.Records["Teal Specimen"]
	w.auditorAt("left behind", sample.ChildrensHome)
	w.auditorAt("moved to", sample.Supported)
	before := w.leave("staff", "record.viewed", wren, 0, time.Now().Add(-48*time.Hour), "done")
	refused := w.leave("other-staff", "record.viewed", wren, 0, time.Now().Add(-47*time.Hour), "refused")
	elsewhere := w.leave("other-staff", "record.viewed", teal, 0, time.Time{}, "done")
	check := func(who string, want bool) {
		t.Helper()
		list := w.all(who, looks.Filter{})
		for _, id := range []int64{before, refused} {
			if has(list, id) != want {
				t.Errorf("%s sees %d: %v", who, id, !want)
			}
		}
		if has(list, elsewhere) {
			t.Errorf("%s sees what was done at another setting", who)
		}
		for _, l := range list {
			if l.Title != "" || l.RecordName != "" {
				t.Errorf("%s is told a name: %+v", who, l)
			}
		}
		_, own, err := looks.OfRecord(t.Context(), w.DB, w.Actors[who], wren, looks.Filter{Limit: 1000})
		if !want {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s asks of the record: %v", who, err)
			}
			return
		}
		must(t, err)
		for _, l := range own {
			if l.ID < before+2 && !has(list, l.ID) {
				t.Errorf("%s sees %d on the record's list and not among everything", who, l.ID)
			}
		}
	}
	check("left behind", true)
	check("moved to", false)
	must(t, people.Move(t.Context(), w.DB, w.Actors["manager"], wren, w.Homes[sample.Supported], people.Change{On: clock.DayOf(time.Now()), Why: "moves on"}))
	check("left behind", false)
	check("moved to", true)
	// a shield hides the record, and what was done to it, from an auditor as from everybody
	w.Exec(t, `insert into app.shield (record_id, actor_id, why, given_by, valid_from) values ($1, $2, 'they know one another', 1, now())`, wren, int64(w.Actors["moved to"].ID))
	check("moved to", false)
}
