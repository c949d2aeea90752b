package portal_test

import (
	"fmt"
	"strings"
	"time"

	"custodian/internal/clock"
	"custodian/internal/looks"
	"custodian/portal"
)

// night is a look at the library by the responsible individual, at two in the night
// before last: something out of the ordinary.
func (w *world) night() (footprint int64, key string) {
	w.t.Helper()
	day := clock.DayOf(time.Now()).Plus(-2)
	at := day.Next().Start().Add(2 * time.Hour)
	record := w.Records["Policies of Larkfield House"]
	w.Scan(w.t, `insert into app.footprint (actor_id, action, outcome, record_id) values ($1, 'record.viewed', 'done', $2) returning id`, []any{int64(w.Actors["individual"].ID), record}, &footprint)
	w.Exec(w.t, fmt.Sprintf(`do $do$ begin set local session_replication_role = replica;
		update app.footprint set at = '%s' where id = %d;
		update app.role_held set from_at = now() - interval '1 year' where actor_id = %d;
		update app.grants set valid_from = now() - interval '1 year' where actor_id = %[3]d; end $do$`, at.Format(time.RFC3339), footprint, w.Actors["individual"].ID))
	return footprint, fmt.Sprintf("hours:%d:%s", w.Actors["individual"].ID, day)
}

// fillLooks fills the addresses of pages about who has looked: about a look of a
// colleague at the library, a concern about it, and a question that was asked.
func (s stage) fillLooks(r portal.Route) (filling, bool) {
	s.t.Helper()
	if own(r) {
		return filling{}, false
	}
	words := []string{"words", "for the test"}
	look, key := s.night()
	day := clock.DayOf(time.Now())
	switch name := r.Method + " " + r.Path; name {
	case "GET /oversight/unusual/look-into", "POST /oversight/unusual/look-into":
		return filling{fmt.Sprintf("%s?key=%s&from=%s&until=%s", r.Path, key, day.Plus(-10), day), append(words, "outcome", "in-role")}, true
	case "GET /looks/:id/concern", "POST /looks/:id/concern", "GET /looks/:id/ask", "POST /looks/:id/ask":
		return filling{strings.Replace(r.Path, ":id", number(look), 1), append(words, "to", "data-protection-officer")}, true
	case "GET /oversight/concerns/:id", "GET /oversight/concerns/:id/:step", "POST /oversight/concerns/:id/:step":
		id, err := looks.Raise(s.t.Context(), s.DB, s.Actors["dpo"], look, looks.ToManager, "for the test")
		must(s.t, err)
		return filling{strings.NewReplacer(":id", number(id), ":step", "answered").Replace(r.Path), words}, true
	case "GET /questions/:id", "POST /questions/:id":
		id, err := looks.Ask(s.t.Context(), s.DB, s.Actors["dpo"], look, "for the test")
		must(s.t, err)
		return filling{strings.Replace(r.Path, ":id", number(id), 1), words}, true
	case "GET /people/:id/footprints":
		return filling{strings.Replace(r.Path, ":id", number(int64(s.Actors["staff2"].ID)), 1), nil}, true
	case "GET /documents/:id/footprints", "GET /documents/:id/why":
		return filling{strings.Replace(r.Path, ":id", s.approved.Document.ID, 1), nil}, true
	case "GET /records/:id/why", "GET /records/:id/looked":
		return filling{strings.Replace(r.Path, ":id", s.record(), 1), nil}, true
	}
	return filling{}, false
}
