package portal_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"custodian/internal/browsertest"
	"custodian/internal/grants"
	"custodian/internal/login"
)

// In a real browser: somebody whose role asks for a second step comes without one,
// and is told what to do; with one they are in. Making a token a while later asks
// who they are again, and nothing typed is lost. With script and without.
func TestSecondStepAndStepUpInABrowser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]browsertest.Options{"wide": {Width: 1200}, "phone, no script": {Width: 375, NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOfficeWith(t, httptest.NewServer, func(l *login.Options) {
				l.SecondFactor = login.SecondFactor{Roles: []grants.Role{grants.RegisteredManager}}
			})
			c.Origins = []string{o.url, o.service.Issuer()}
			p := browsertest.Start(t).Visitor(t, c)
			look := func(shot string) {
				t.Helper()
				p.Axe()
				p.Shot(shot)
			}
			p.Allow("401")
			p.Allow("403")
			who := someone("manager")
			o.service.Become(who)
			p.Open(o.url + "/home")
			p.Has("You need a second step to sign in")
			look("second-step")
			who.Methods = []string{"pwd", "otp"}
			o.service.Become(who)
			p.Click("Sign in again")
			p.Has("needs you today")
			p.Open(o.url + "/me")
			p.Has("Chrome on Linux")
			look("me")
			o.stale()
			p.Click("Make an API token")
			p.Has("Sign in again to go on")
			look("fresh")
			p.Click("Sign in again")
			if p.Path() != "/me/tokens/new" {
				t.Fatalf("it leads to %s", p.URL())
			}
			p.Type("What is it for?", "Rota export")
			o.stale() // while they typed
			p.Click("Make the token")
			p.Has("Nothing you typed is lost")
			p.Has("Rota export")
			look("kept")
			other := p.Tab() // as the link does
			other.Open(o.url + "/sign-in?again=1&to=/signed-in")
			other.Has("You are signed in")
			p.Click("Send again")
			p.Has("Your new token")
			boss := o.page(someone("admin"), c.Width)
			boss.Open(fmt.Sprintf("%s/people/%d", o.url, o.Actors["manager"].ID))
			boss.Axe()
			boss.Shot("person")
			boss.Click("Sign them out everywhere")
			boss.Has("All those sign-ins have ended")
			p.Open(o.url + "/help")
			p.HasNot("Sign out")
			if n := o.acts("done", "token.made"); n == 0 || strings.Contains(p.URL(), "Rota") {
				t.Errorf("%d tokens are made; the address is %s", n, p.URL())
			}
		})
	}
}
