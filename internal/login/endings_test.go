package login_test

import (
	"testing"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

func two(groups ...string) oidctest.Person {
	return oidctest.Person{Subject: "sub-two", Name: "Two Example", Groups: groups}
}

// All sessions of somebody end at once: by themselves, by whoever manages people,
// by Custodian; by nobody else, and nobody else's with them.
func TestAllSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	w.Mapping("larkfield-managers", grants.RegisteredManager, sample.ChildrensHome)
	bystander := w.Enter(two("larkfield-staff"))
	manager := w.Enter(oidctest.Person{Subject: "sub-manager", Name: "Mo Manager", Groups: []string{"larkfield-managers"}})
	by := func(actor access.Actor, of access.ActorID) error {
		return audit.Do(t.Context(), w.DB, actor, audit.Act{Action: access.EndSession}, func(tx *audit.Tx) error {
			n, err := login.EndAll(t.Context(), tx, of, "left")
			if err == nil && n != 2 {
				t.Errorf("%d ended actor %d's %d sessions of 2", actor.ID, of, n)
			}
			return err
		})
	}
	var nia1, nia2 login.Arrival
	again := func() {
		nia1, nia2 = w.Enter(logintest.Newcomer("larkfield-staff")), w.Enter(logintest.Newcomer("larkfield-staff"))
	}
	again()
	for name, actor := range map[string]access.Actor{"a colleague": bystander.Actor, "a manager of one setting": manager.Actor, "a service account": w.Actors["service"]} {
		if err := by(actor, nia1.Actor.ID); !fault.Is(err, fault.NotFound) || !w.lives(nia1.Secret) || !w.lives(nia2.Secret) {
			t.Errorf("%s ends another's sessions: %v", name, err)
		}
		if _, err := login.EndSessionsOf(t.Context(), w.DB, actor, nia1.Actor.ID); !fault.Is(err, fault.NotFound) || !w.lives(nia1.Secret) {
			t.Errorf("%s ends another's sessions by the page: %v", name, err)
		}
	}
	for name, end := range map[string]func() error{
		"themselves":       func() error { return by(nia1.Actor, nia1.Actor.ID) },
		"an administrator": func() error { return by(w.Actors["admin"], nia1.Actor.ID) },
		"Custodian":        func() error { return by(access.Custodian(), nia1.Actor.ID) },
		"the page": func() error {
			n, err := login.EndSessionsOf(t.Context(), w.DB, w.Actors["admin"], nia1.Actor.ID)
			if n != 2 {
				t.Errorf("the page ended %d of 2", n)
			}
			return err
		},
	} {
		before := w.Count("app.footprint where action = 'session.ended' and outcome = 'done' and (detail ->> 'of')::bigint = $1", int64(nia1.Actor.ID))
		w.Must(end())
		if w.lives(nia1.Secret) || w.lives(nia2.Secret) || !w.lives(bystander.Secret) {
			t.Errorf("by %s: live are %v %v, and the bystander %v", name, w.lives(nia1.Secret), w.lives(nia2.Secret), w.lives(bystander.Secret))
		}
		if n := w.Count("app.footprint where action = 'session.ended' and outcome = 'done' and (detail ->> 'of')::bigint = $1", int64(nia1.Actor.ID)); n != before+2 {
			t.Errorf("by %s: %d footprints of 2", name, n-before)
		}
		again()
	}
	if n := w.Count("app.footprint where action = 'sessions.ended' and outcome = 'refused'"); n != 3 {
		t.Errorf("%d refusals of 3 are footprints", n)
	}
	// somebody of another organisation is nobody here
	w.Exec(t, `set session_replication_role = replica; insert into app.provider (id, name) values (77, 'Another'); update app.actor set provider_id = 77 where subject = 'sub-two'`)
	if _, err := login.EndSessionsOf(t.Context(), w.DB, w.Actors["admin"], bystander.Actor.ID); !fault.Is(err, fault.NotFound) || w.Count("app.session where actor_id = $1 and ended_at = 'infinity'", int64(bystander.Actor.ID)) != 1 {
		t.Errorf("another organisation's: %v", err)
	}
}

// Somebody ends all their other sessions, and stays in the one they act in.
func TestOthersEnd(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	first, second, here := w.Enter(logintest.Newcomer("larkfield-staff")), w.Enter(logintest.Newcomer("larkfield-staff")), w.Enter(logintest.Newcomer("larkfield-staff"))
	other := w.Enter(two("larkfield-staff"))
	for _, want := range []int{2, 0} {
		n, err := login.EndOthers(t.Context(), w.DB, here.Actor)
		w.Must(err)
		if n != want || w.lives(first.Secret) || w.lives(second.Secret) || !w.lives(here.Secret) || !w.lives(other.Secret) {
			t.Errorf("%d of %d ended", n, want)
		}
	}
}
