package membership_test

import (
	"testing"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/logintest"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

// Two organisations share a sign-in service. Whoever comes to both as a stranger is
// shown to both, until one of them takes them in: from then on they are its own,
// and the other is told nothing of them.
func TestStrangersOfTwoOrganisations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	_, err := membership.Found(t.Context(), w.DB, membership.Founding{Name: "Sample Homes", Issuer: w.Service.Issuer(), Administrators: "sample-admins", Another: true})
	w.Must(err)
	other := w.Enter(oidctest.Person{Subject: "sub-other", Name: "Oona Other", Groups: []string{"sample-admins"}}).Actor
	if _, err := w.Try(logintest.Newcomer("football")); err == nil {
		t.Fatal("a stranger is let in")
	}
	strangers := func(who access.Actor) (ids []int64) {
		t.Helper()
		list, err := w.Keeper.SignIns(t.Context(), who, 0, 10)
		w.Must(err)
		for _, s := range list {
			if s.Subject == "sub-nia" {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
	came := strangers(other)
	if len(came) != 1 || len(strangers(w.Actors["admin"])) != 1 {
		t.Fatalf("the stranger is shown %d times to one and %d times to the other", len(came), len(strangers(w.Actors["admin"])))
	}
	w.Enter(logintest.Newcomer("larkfield-staff"))
	if n := len(strangers(other)); n != 0 {
		t.Errorf("somebody of another organisation is shown %d times", n)
	}
	if n := len(strangers(w.Actors["admin"])); n != 2 {
		t.Errorf("to their own they are shown %d times, want 2", n)
	}
	if _, err := w.Keeper.Stranger(t.Context(), other, came[0]); !fault.Is(err, fault.NotFound) {
		t.Errorf("asked for, they give %v", err)
	}
	_, err = w.Keeper.Welcome(t.Context(), other, membership.Welcome{SignIn: came[0], Name: "Nia", Role: grants.Giving{Role: grants.Administrator, Why: "for the test"}})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("taken in, they give %v", err)
	}
}
