package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// The pages about the directory service, at a desk and on a telephone, by axe-core.
func TestDirectoryPagesInABrowser(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.maps("team-larkfield", "staff", sample.ChildrensHome)
	f := o.feed()
	nia, gone := f.user("Nia Newcomer", "sub-joiner"), f.user("Lee Leaver", "sub-leaver")
	f.group("team-larkfield", nia)
	f.group("everybody with a very long name of a group that the directory holds", nia, gone)
	f.must(204, http.MethodDelete, "/Users/"+gone, nil)
	for _, width := range []int{1200, 375} {
		p := o.page(someone("admin"), width)
		for name, path := range map[string]string{"settings": "/settings", "directory": "/settings/directory", "new-token": "/settings/directory/tokens/new", "stop": "/settings/directory/stop"} {
			p.Open(o.url + path)
			p.Axe()
			p.Shot(name)
		}
		p.Open(o.url + "/settings/directory/tokens/new")
		p.Type("Which directory is it for?", "Example directory, in its settings for Custodian")
		p.Click("Make the token")
		p.Axe()
		p.Shot("token")
		p.Click("Go to the directory service")
		if text := p.Text(); !strings.Contains(text, "Example directory") || !strings.Contains(text, "team-larkfield") {
			t.Errorf("the page is %s", text)
		}
	}
	o.as("admin").post(400, "/settings/directory/tokens/new", url.Values{"label": {""}, "days": {"9999"}}).says("Enter a label", "from 1 to 731", `value="9999"`)
}
