package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"custodian/internal/browsertest"
	"custodian/internal/login"
)

// behind puts a site in front of the portal on which a session can be taken up by
// an address, as signing in does.
func (s sender) behind() string {
	s.t.Helper()
	to, err := url.Parse(s.url)
	must(s.t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/taken-up" {
			http.SetCookie(w, &http.Cookie{Name: login.SessionCookie, Value: s.secret, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
			http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusSeeOther)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(front.Close)
	return front.URL
}

// onDisk writes files for a browser to choose.
func onDisk(t testing.TB, files ...scrap) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, f := range files {
		p := filepath.Join(dir, f.name)
		must(t, os.WriteFile(p, []byte(f.content), 0o600))
		paths = append(paths, p)
	}
	return paths
}

// The pages on which files are sent, at both widths, with script and without.
func TestUploadPagesLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.sender("staff")
	site := staff.behind()
	b := browsertest.Start(t)
	record := w.Records["Wren Sample"]
	for _, o := range []browsertest.Options{{Width: 1200}, {Width: 375}, {Width: 375, NoScript: true}, {Width: 1200, NoScript: true}} {
		suffix := map[bool]string{true: "-plain"}[o.NoScript]
		p := b.Visitor(t, o)
		p.Open(site + "/taken-up?to=" + recordAdd(record))
		p.Axe()
		p.Shot("add" + suffix)
		p.Choose("Record of an incident")
		p.TypeDate("When did it happen?", "14", "11", "2025")
		p.Type("At what time?", "4.10pm")
		p.Choose("Someone told me")
		p.Axe()
		p.Shot("add-incident" + suffix)
		p.Attach("Files", onDisk(t, scrap{"visit_notes.txt", "notes " + suffix}, scrap{"letter.txt", "the letter" + suffix}, scrap{"bad.pdf", "<html>x</html>"})...)
		p.Shot("add-files" + suffix)
		p.Click("Check and add")
		p.Has("2 files to add")
		p.Has("bad.pdf: The file's name ends in .pdf")
		p.Axe()
		p.Shot("waiting" + suffix)
		p.Click("Check and add")
		p.Has("Say why it is late")
		p.Axe()
		p.Shot("waiting-wrong" + suffix)
	}
}
