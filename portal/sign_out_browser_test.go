package portal_test

import (
	"strings"
	"testing"

	"custodian/internal/browsertest"
)

// In a real browser: signing out leads through the service and back, and the back
// button shows nothing of what was there. With script and without.
func TestSignOutInABrowser(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]browsertest.Options{"wide": {Width: 1200}, "phone, no script": {Width: 375, NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			c.Origins = []string{o.url, o.service.Issuer()}
			p := browsertest.Start(t).Visitor(t, c)
			o.service.Become(someone("manager"))
			p.Open(o.url + "/me") // leads through the service
			if p.Path() != "/me" {
				t.Fatalf("it led to %s", p.URL())
			}
			p.Has("Your access")
			p.Click("Sign out")
			p.Has("You have signed out")
			if got := strings.Join(o.service.Left(), " "); got != "sub-manager" || p.Path() != "/signed-out" {
				t.Errorf("the service has signed out %q, and the browser is at %s", got, p.URL())
			}
			p.Axe()
			p.Shot("signed-out")
			o.service.Refuse("access_denied") // so that going back cannot sign anybody in
			p.Allow("400")
			p.Open(o.url + "/me")
			p.HasNot("Your access")
			p.Has("did not let you in")
			p.Axe()
			p.Shot("denied")
			for range 2 { // past the page that says so, to those from before
				p.Back()
				p.HasNot("Your access")
				p.HasNot("Morgan Example")
			}
		})
	}
}
