package login_test

import (
	"fmt"
	"strings"
	"testing"

	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

// A rehearsal shows what is sent and what it comes to, and leaves nothing at all.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, oidctest.Options{}, func(o *login.Options) {
		o.SecondFactor = login.SecondFactor{Roles: []grants.Role{grants.MemberOfStaff}}
	})
	mapping := w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Service.Become(logintest.Newcomer("larkfield-staff", "walkers"))
	before := w.census() + fmt.Sprint(w.Count("app.footprint"))
	r, err := w.SignIn.Rehearse(t.Context())
	w.Must(err)
	sent, err := r.Finish(t.Context(), " "+w.Service.Answer(t, r.URL).String()+"\n")
	w.Must(err)
	if r.BackAt != publicURL+login.CallbackPath || sent.Subject != "sub-nia" || sent.Known || sent.Two || strings.Join(sent.Demanding, " ") != "staff" || sent.ProvedAt.IsZero() {
		t.Errorf("%+v", sent)
	}
	if got := fmt.Sprint(sent.Groups); got != fmt.Sprintf("[{larkfield-staff [{%d staff %s}]} {walkers []}]", mapping, sample.ChildrensHome) {
		t.Errorf("the groups give %s", got)
	}
	names := ""
	for _, c := range sent.Claims {
		names += c.Name + " "
	}
	if names != "aud auth_time email email_verified exp groups iat iss name sub " {
		t.Errorf("the claims are %s", names)
	}
	if after := w.census() + fmt.Sprint(w.Count("app.footprint")); after != before {
		t.Errorf("it left %s, before %s", after, before)
	}
	// of somebody who is here, with what they have by hand
	w.Identify("manager", "sub-manager")
	w.Service.Become(oidctest.Person{Subject: "sub-manager", Name: "Mo", Methods: []string{"mfa"}})
	r, err = w.SignIn.Rehearse(t.Context())
	w.Must(err)
	if sent, err = r.Finish(t.Context(), w.Service.Answer(t, r.URL).String()); err != nil || !sent.Known || strings.Join(sent.Roles, " ") != "manager" || !sent.Two {
		t.Errorf("%+v, %v", sent, err)
	}
	for _, f := range []oidctest.Fault{oidctest.AnotherNonce, oidctest.NoAlgorithm, oidctest.ClaimTwice} {
		w.Service.Set(f)
		r, err = w.SignIn.Rehearse(t.Context())
		w.Must(err)
		if _, err := r.Finish(t.Context(), w.Service.Answer(t, r.URL).String()); err == nil {
			t.Errorf("%s is not seen", f)
		}
	}
}
