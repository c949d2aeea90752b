package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// flood is a form of many fields, each with a name of so many letters.
func flood(fields, letters int, more string) raw {
	var b strings.Builder
	for i := range fields {
		fmt.Fprintf(&b, "--b\r\nContent-Disposition: form-data; name=\"%d-%s\"\r\n\r\nx\r\n", i, strings.Repeat("<", letters))
	}
	b.WriteString(more + "--b--\r\n")
	return raw{"multipart/form-data; boundary=b", strings.NewReader(b.String())}
}

// The names of fields are counted as what is typed into them is: neither a
// stranger nor somebody who is signed in can fill the memory with them.
func TestLongNamesOfFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(s sender, sent raw) seen {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.url+w.libraryAdd(), sent.body)
		must(t, err)
		r.Header.Set("Content-Type", sent.kind)
		return s.do(r)
	}
	const title = "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nBehind the flood\r\n"
	p := post(sender{world: w}, flood(6, 1<<20, title)).status(http.StatusUnauthorized)
	if len(p.raw) > 64<<10 {
		t.Errorf("a stranger's form comes back as a page of %d bytes", len(p.raw))
	}
	p.wants("title", "Behind the flood")
	p = post(w.sender("staff"), flood(6, 1<<20, title)).status(http.StatusRequestEntityTooLarge)
	if len(p.raw) > 64<<10 {
		t.Errorf("the form comes back as a page of %d bytes", len(p.raw))
	}
	p.has("What you typed is too long to be sent")
}

// Of more files than may wait together the names of those left over are shown as
// any that is not kept: short, and without what hides or reorders letters.
func TestNamesOfFilesLeftOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	var files []scrap
	for i := range 20 {
		files = append(files, scrap{fmt.Sprintf("%d.txt", i), "x"})
	}
	files = append(files, scrap{"plan\u202efdp.exe", "x"}, scrap{strings.Repeat("long", 100_000), "x"})
	p := s.open(s.send(w.libraryAdd(), url.Values{}, files...).to()).has("20 files to add", "20 files are the most that can wait together")
	if strings.Contains(p.raw, "\u202e") || strings.Contains(p.raw, strings.Repeat("long", 50)) {
		t.Error("the name of a file that was left over came back as it was")
	}
}

// Somebody who belongs to very many groups, as in a large organisation, does not
// make a page that no browser shows: what gives a role is shown, and of the rest a
// few and how many there are.
func TestVeryManyGroups(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	admin := o.as("admin")
	admin.post(http.StatusSeeOther, "/sign-ins/map", mapping("zz-larkfield", "staff", o.home(), "for the test"))
	o.Exec(t, `insert into app.sign_in (answer, issuer, subject, name, outcome, groups)
		select sha256(n::text::bytea), $1, 'many-' || n, 'Many Groups', 'no-role', array(select 'g-' || n || '-' || i from generate_series(1000, 2998) i) || 'zz-larkfield'::text from generate_series(1, 60) n`,
		o.service.Issuer())
	a := admin.get(http.StatusOK, "/sign-ins")
	a.says("zz-larkfield", "g-60-1000", "And 1979 more that give nothing")
	a.saysNot("g-60-2998")
	if len(a.body) > 1<<20 {
		t.Errorf("the page has %d bytes", len(a.body))
	}
	var last string
	o.Scan(t, `select id::text from app.sign_in where subject = 'many-60'`, nil, &last)
	a = admin.get(http.StatusOK, "/sign-ins/map?group=1998&sign-in="+last)
	if len(a.body) > 256<<10 || !strings.Contains(string(a.body), `value="g-60-2998" selected`) {
		t.Errorf("the form has %d bytes", len(a.body))
	}
}

// The key that a form carries against being sent twice is a stranger's as much as
// any field: one that no page made is no key.
func TestStrangeKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.sender("manager")
	for i, key := range []string{"", "\x00", "\xff\xfe", strings.Repeat("\x00", 30), strings.Repeat("\xff", 30), strings.Repeat("é", 30), strings.Repeat("k", 100_000)} {
		open := url.Values{"kind": {"young-person"}, "name": {fmt.Sprintf("Nobody Number %d", i)}, "why": {"for the test"}, "setting_id": {number(w.Homes[sample.ChildrensHome])}, "once": {key}}
		putDay(open, "on", "5", "1", "2026")
		if p := manager.post("/records/open", open); p.StatusCode != http.StatusSeeOther {
			t.Errorf("a record opened under the key %.40q: %d %.200s", key, p.StatusCode, p.text)
		}
		facts := paperFacts("form", fmt.Sprintf("Paper %d", i))
		facts.Set("key", key)
		if p := manager.send(w.libraryAdd(), facts, scrap{"a.txt", fmt.Sprint("content ", i)}); p.StatusCode != http.StatusSeeOther || strings.HasPrefix(p.Header.Get("Location"), "/uploads/") {
			t.Errorf("a file added under the key %.40q: %d %.200s", key, p.StatusCode, p.text)
		}
	}
}
