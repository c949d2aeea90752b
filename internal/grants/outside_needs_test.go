package grants_test

import (
	"testing"

	"custodian/internal/access"
	"custodian/internal/grants"
)

// However many accesses wait to be reviewed, a new one is told, and so is what waits
// for a decision or was escalated: to the manager of the setting, and to whoever
// answers for the whole provider, about what belongs to no setting.
func TestManyDoNotHideTheNew(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	w.back(`update app.record set home_id = null where name = 'Heron Specimen'`)
	// 121 that are over and nobody has reviewed, all of one setting
	const over = `
		with g as (insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
			select nextval('app.ids'), %who, 2, %record, 1, 1, 'break-glass', 1, 'audit', now() - interval '3 days', now() - interval '2 days' from generate_series(1, 121) returning id)
		insert into app.outside_access (provider_id, record_id, kind, actor_id, reason, section, wanted, asked_at, grant_id, letter)
			select %provider, %record, 0, %who, 'audit', 0, 'day', now() - interval '3 days', id, 'x' from g`
	w.back(fill(over, map[string]string{"%who": w.id("other-manager"), "%record": number(w.Records["Plover Sample"]), "%provider": number(w.Provider)}, nil))
	needs := func(who string) grants.OutsideNeeds {
		n, err := grants.OutsideNeedsOf(t.Context(), w.DB, w.Actors[who])
		must(t, err)
		return n
	}
	running := w.asked("manager", w.plover())
	waits := w.asked("staff", w.plover(func(a *grants.Asking) { a.Span = grants.ForTwoWeeks }))
	if n := needs("supported-manager"); len(n.Running) != 1 || n.Running[0].ID != running || len(n.Decide) != 1 || n.Decide[0].ID != waits || len(n.Review) != 30 || !n.More {
		t.Errorf("the manager is told of %d running, %d to decide, %d to review; more: %v", len(n.Running), len(n.Decide), len(n.Review), n.More)
	}
	// whoever answers for the whole provider: nothing of the setting's, and what is theirs
	heron := w.asked("manager", grants.Asking{Name: "Heron Specimen", Kind: access.Parent, Reason: grants.ForAudit, Span: grants.ForDay})
	must(t, grants.ReviewOutside(t.Context(), w.DB, w.Actors["supported-manager"], running, "escalated", "why so?"))
	if n := needs("individual"); len(n.Running) != 1 || n.Running[0].ID != heron || len(n.Judge) != 1 || n.Judge[0].ID != running || len(n.Review)+len(n.Decide) != 0 || n.More {
		t.Errorf("the responsible individual is told of %+v", n)
	}
}
