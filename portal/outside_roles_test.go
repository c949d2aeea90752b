package portal_test

import (
	"custodian/internal/grants"
)

// broken is an access outside a role, by the other setting's manager on a young
// person of the children's home, and what a member of staff there declared.
type broken struct{ access, relative int64 }

// outside gives a fresh one, that is still to be decided, ended and reviewed.
func (s stage) outside() broken {
	s.t.Helper()
	var b broken
	var err error
	ctx := s.t.Context()
	s.Scan(s.t, `select coalesce(max(id), 0) from app.outside_access where actor_id = $1 and record_id = $2 and not exists (select from app.outside_decision d where d.access_id = outside_access.id)
		and not exists (select from app.outside_ending e where e.access_id = outside_access.id) and not exists (select from app.outside_review v where v.access_id = outside_access.id)`,
		[]any{s.Actors["other-manager"].ID, s.Records["Wren Sample"]}, &b.access)
	if b.access == 0 {
		s.Exec(s.t, `set session_replication_role = replica; update app.outside_access set wanted = 'day'`)
		s.Exec(s.t, `set session_replication_role = replica; update app.grants set valid_until = greatest(valid_from, now()) where basis = 'break-glass'`)
		b.access, err = grants.AskOutside(ctx, s.DB, s.Actors["other-manager"], grants.Asking{Number: s.Records["Wren Sample"], Reason: grants.ForOversight, Colleague: "Morgan Example", Span: grants.ForTwoWeeks, AtOnce: true})
		must(s.t, err)
	}
	must(s.t, grants.Declare(ctx, s.DB, s.Actors["staff2"], grants.Declaring{Relation: "a cousin", Number: s.Records["Finch Sample"]}))
	s.Scan(s.t, `select max(id) from app.relative`, nil, &b.relative)
	return b
}

// shielded gives a record with a shield that can be ended, and a circle around it
// where one is wanted.
func (s stage) shielded(circle bool) (record, shield int64) {
	s.t.Helper()
	record = s.Records["Finch Sample"]
	must(s.t, grants.ShieldFrom(s.t.Context(), s.DB, s.Actors["dpo"], record, s.Actors["other-staff"].ID, "other", "for the test"))
	s.Scan(s.t, `select max(id) from app.shield where record_id = $1 and relative_id is null`, []any{record}, &shield)
	s.Exec(s.t, `set session_replication_role = replica; update app.circle set valid_until = greatest(valid_from, now()) where valid_until > now()`)
	if circle {
		must(s.t, grants.DrawCircle(s.t.Context(), s.DB, s.Actors["dpo"], record, "other", "for the test"))
	}
	return record, shield
}
