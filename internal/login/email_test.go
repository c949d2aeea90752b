package login_test

import (
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/membership"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

// Whoever registers with a child's address at the sign-in service has not got it here:
// an address that the service does not say is theirs is not kept, and no file is
// opened to it.
func TestAnAddressThatIsNotTheirsDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what     string
		verified any
		trusts   bool
		counts   bool
	}{
		{"verified", true, false, true},
		{"verified, as a text", "true", false, true},
		{"not verified", false, false, false},
		{"not verified, as a text", "false", false, false},
		{"nothing said", oidctest.Unsaid, false, false},
		{"a number", 1, false, false},
		{"nothing said, where the service is trusted", oidctest.Unsaid, true, true},
		{"not verified, where the service is trusted", false, true, false},
		{"verified, where the service is trusted", true, true, true},
	} {
		w := newWorldWith(t, oidctest.Options{}, func(o *login.Options) { o.TrustsEmail = c.trusts })
		w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome) // or nobody here is told of strangers
		who := oidctest.Person{Subject: "sub-somebody", Email: "child@demo.example", Name: "Pat Example", EmailVerified: c.verified}
		w.Service.Become(who)
		if _, err := w.finish(w.depart("/home")); err == nil {
			t.Fatal("a stranger is let in")
		}
		var signIn int64
		var kept string
		w.Scan(t, `select id, email from app.sign_in where subject = 'sub-somebody'`, nil, &signIn, &kept)
		if (kept == "child@demo.example") != c.counts || !c.counts && kept != "" {
			t.Errorf("%s: the sign-in keeps %q", c.what, kept)
		}
		_, err := w.Keeper.Welcome(t.Context(), w.Actors["admin"], membership.Welcome{SignIn: signIn, Name: "Pat Example", Own: true})
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		r := grants.Reading{Record: w.Records["Finch Sample"], Email: "child@demo.example", Why: "asked", Checked: "beside me"}
		seen, err := grants.WhoReads(t.Context(), w.DB, w.Actors["manager"], r)
		if c.counts && (err != nil || seen.Name != "Pat Example" || seen.Service != w.Service.Issuer() || time.Since(seen.Since) > time.Hour) || !c.counts && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %+v, %v", c.what, seen, err)
		}
		_, err = grants.LetRead(t.Context(), w.DB, w.Actors["manager"], r)
		if want := map[bool]fault.Kind{true: fault.Conflict, false: fault.Invalid}[c.counts]; !fault.Is(err, want) {
			t.Errorf("%s: opened to nobody who was shown: %v", c.what, err)
		}
		r.To = seen.ID
		if _, err = grants.LetRead(t.Context(), w.DB, w.Actors["manager"], r); (err == nil) != c.counts {
			t.Errorf("%s: %v", c.what, err)
		}
		rehearsed, err := w.SignIn.Rehearse(t.Context())
		w.Must(err)
		sent, err := rehearsed.Finish(t.Context(), w.Service.Answer(t, rehearsed.URL).String())
		if w.Must(err); (sent.Unproven == "") != c.counts || (sent.Email == "") == c.counts {
			t.Errorf("%s: whoever runs the program is told %q and %q", c.what, sent.Email, sent.Unproven)
		}
	}
}

// What the userinfo endpoint says counts for the address that it says it of.
func TestAnAddressOfTheUserInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	for _, c := range []struct {
		verified any
		kept     string
	}{{true, "nia@demo.example"}, {false, ""}} {
		person := logintest.Newcomer("larkfield-staff")
		person.EmailVerified = c.verified
		w.Service.Set(oidctest.GroupsInUserInfo)
		a := w.Enter(person)
		if got := w.Text(`select email from app.sign_in order by id desc limit 1`); got != c.kept {
			t.Errorf("%v keeps %q of %d", c.verified, got, a.Actor.ID)
		}
	}
}
