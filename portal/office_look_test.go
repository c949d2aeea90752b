package portal_test

import (
	"fmt"
	"testing"

	"custodian/internal/browsertest"
)

// Every page of administrators, of one's own access and of words, at both widths:
// nothing that axe-core finds, nothing that scrolls sideways, no complaint of the
// browser.
func TestOfficeLooks(t *testing.T) {
	t.Parallel()
	for _, width := range []int{1200, 375} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.caller().signIn(someone("newcomer", "larch-staff", "everybody"))
			admin := o.as("admin", "administrators")
			admin.post(303, "/sign-ins/map", mapping("larkfield-staff", "staff", o.home(), "The team"))
			o.as("staff", "larkfield-staff")
			o.as("staff")
			person := fmt.Sprintf("/people/%d", o.Actors["staff2"].ID)
			admin.post(303, person+"/roles/give", role("inspector", o.home(), "For a <b>day</b>"))
			var held, given, signIn int64
			o.Scan(t, `select max(id) from app.role_held where actor_id = $1 and role = 'inspector'`, []any{o.Actors["staff2"].ID}, &held)
			o.Scan(t, `select max(id) from app.group_role`, nil, &given)
			o.Scan(t, `select min(id) from app.sign_in`, nil, &signIn)
			admin.post(200, "/me/tokens/new", map[string][]string{"label": {"Rota export"}, "days": {"30"}})

			p := o.page(someone("admin"), width)
			for _, one := range []struct{ name, path string }{
				{"people", "/people"}, {"person", person}, {"role-give", person + "/roles/give"}, {"role-end", fmt.Sprintf("%s/roles/%d/end", person, held)},
				{"settings", "/settings"}, {"setting-add", "/settings/add"}, {"sign-ins", "/sign-ins"}, {"map", "/sign-ins/map"},
				{"unmap", fmt.Sprintf("/sign-ins/mappings/%d/end", given)}, {"welcome", fmt.Sprintf("/sign-ins/%d/give", signIn)},
				{"me", "/me"}, {"token-new", "/me/tokens/new"}, {"help", "/help"}, {"wrong", "/people/1"},
			} {
				if one.name == "wrong" {
					p.Allow("404")
				}
				p.Open(o.url + one.path)
				p.Axe()
				p.Shot(one.name)
			}
			p.Open(o.url + "/settings/add")
			p.Allow("400")
			p.Click("Add the setting")
			p.Axe()
			p.Shot("setting-add-wrong")
			p.Open(o.url + "/me/tokens/new")
			p.Type("What is it for?", "Rota")
			p.Click("Make the token")
			p.Axe()
			p.Shot("token")
			p.Open(o.url + "/signed-in")
			p.Axe()
			p.Shot("signed-in")
			p.Open(o.url + "/settings/add")
			p.Type("What is it called?", "Larch House <b>")
			o.Exec(t, `update app.session set ended_at = clock_timestamp() where ended_at = 'infinity'`)
			p.Allow("401")
			p.Click("Add the setting")
			p.Axe()
			p.Shot("again")
			p.Has("Larch House <b>")

			s := browsertest.Start(t).Visitor(t, browsertest.Options{Width: width, Origins: []string{o.url, o.service.Issuer()}})
			for _, one := range []struct{ name, path string }{{"front", "/"}, {"accessibility", "/accessibility"}, {"privacy", "/privacy"}, {"records-safe", "/records-safe"}, {"signed-out", "/signed-out"}} {
				s.Open(o.url + one.path)
				s.Axe()
				s.Shot(one.name)
			}
			s.Allow("403")
			o.service.Become(someone("nobody"))
			s.Open(o.url + "/sign-in")
			s.Axe()
			s.Shot("not-in")
		})
	}
}
