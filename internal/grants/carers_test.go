package grants_test

import (
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/pg"
)

// A key worker is somebody who cares for people at the setting: a visitor or an
// inspector has a role there and is none, and who keeps no other role stays none.
func TestKeyWorkersCareForPeopleThere(t *testing.T) {
	t.Parallel()
	w := newYard(t)
	finch := w.Records["Finch Sample"]
	const entrusts = `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, through_home, given_by, why, valid_from)
		select $1, 2, r.id, 3, 3, 'key-worker', r.home_id, app.me(), 'x', now() from app.record r where r.id = $2`
	for _, who := range []string{"visitor-44", "inspector", "young-person"} {
		if _, err := grants.EntrustUntil(t.Context(), w.DB, w.Actors["manager"], w.Actors[who].ID, finch, time.Time{}, "x"); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", who, err)
		}
		if err := w.raw("manager", entrusts, int64(w.Actors[who].ID), finch); !pg.Refused(err) {
			t.Errorf("%s by raw SQL: %v", who, err)
		}
	}
	must(t, w.raw("manager", entrusts, int64(w.Actors["staff2"].ID), finch))

	staff2 := int64(w.Actors["staff2"].ID)
	w.back(`insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) select 900100, ` + number(staff2) + `, 'visitor-44', provider_id, id, now() - interval '1 hour', 1, 'x' from app.home where id = (select home_id from app.record where id = ` + number(finch) + `)`)
	w.Exec(t, `update app.role_held set until_at = now() where actor_id = `+number(staff2)+` and role = 'staff' and until_at > now()`)
	var live int
	w.Scan(t, `select count(*) from app.grants where actor_id = $1 and basis = 'key-worker' and valid_until > now()`, []any{staff2}, &live)
	if live != 0 {
		t.Error("whoever only visits now is key worker still")
	}
}
