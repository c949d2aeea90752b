package membership_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/logintest"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// Somebody whose staff file moves takes along the role that a group gave them, and
// it goes on following the group: it ends when they leave it, and when it gives
// nothing any more. What they moved away from is not given back.
func TestMovedRoleFollowsItsGroup(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*world, int64){
		"the group is left": func(w *world, _ int64) {
			w.Mapping("football", grants.MemberOfStaff, sample.FamilyCentre)
			w.Enter(logintest.Newcomer("football"))
		},
		"the mapping ends": func(w *world, mapping int64) {
			w.Must(w.Keeper.UnmapGroup(w.T.Context(), w.Actors["admin"], mapping))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mapping := w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
			a := w.Enter(logintest.Newcomer("larkfield-staff"))
			w.move(a.Actor.ID, sample.ChildrensHome, sample.Supported)
			const there = "staff Tern Street by group"
			if got := w.Roles(a.Actor.ID); got != there {
				t.Errorf("after the move they hold %q", got)
			}
			w.Enter(logintest.Newcomer("larkfield-staff"))
			if got := w.Roles(a.Actor.ID); got != there {
				t.Errorf("at the next sign-in they hold %q", got)
			}
			end(w, mapping)
			if n := w.Count("app.role_held where actor_id = $1 and home_id = $2 and until_at > now()", int64(a.Actor.ID), w.Homes[sample.Supported]); n != 0 {
				t.Errorf("they keep %q", w.Roles(a.Actor.ID))
			}
		})
	}
}

// move opens somebody's staff file, and moves it.
func (w *world) move(who access.ActorID, from, to string) {
	w.T.Helper()
	admin := w.Actors["admin"]
	file, err := people.Open(w.T.Context(), w.DB, admin, people.NewRecord{Home: w.Homes[from], Kind: access.Staff, Name: "Nia Newcomer", Person: int64(who), On: clock.DayOf(time.Now()), Why: "for the test"})
	w.Must(err)
	w.Must(people.Move(w.T.Context(), w.DB, admin, file, w.Homes[to], people.Change{Why: "for the test"}))
}
