package portal_test

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/login"
)

// sender is somebody who is signed in and sends files from pages, without script.
type sender struct {
	*world
	secret string
	actor  int64
}

// sender gives one of the people a session.
func (w *world) sender(who string) sender {
	w.t.Helper()
	return sender{w, w.session(who), int64(w.Actors[who].ID)}
}

// signOff ends the sessions of whoever it is.
func (s sender) signOff() {
	s.t.Helper()
	s.Exec(s.t, `update app.session set ended_at = clock_timestamp() where actor_id = $1 and ended_at > now()`, s.actor)
}

// seen is a page as it was answered.
type seen struct {
	*http.Response
	text string // without tags, entities and line breaks
	raw  string
	t    testing.TB
}

// A page's own words, and its fields.
var (
	tags    = regexp.MustCompile(`(?s)<(script|style)[^>]*>.*?</(script|style)>|<[^>]*>`)
	fieldOf = regexp.MustCompile(`<(input|option|textarea)\b[^>]*>`)
	attrOf  = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
)

func (s sender) do(r *http.Request) seen {
	s.t.Helper()
	if s.secret != "" {
		r.Header.Set("Cookie", login.SessionCookie+"="+s.secret)
	}
	client := &http.Client{Transport: s.client.Transport.(*checked).next, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return seen{resp, strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(string(b), " "))), " "), string(b), s.t}
}

func (s sender) open(path string) seen {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, s.url+path, nil)
	must(s.t, err)
	return s.do(r)
}

// post sends a form without files.
func (s sender) post(path string, values url.Values) seen {
	s.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+path, strings.NewReader(values.Encode()))
	must(s.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(r)
}

// scrap is a file to be sent.
type scrap struct{ name, content string }

// parcel is a form with files as a browser sends it: the files first, an unused
// file field as a file without a name.
func parcel(t testing.TB, values url.Values, files ...scrap) raw {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range slices.Concat(files, []scrap{{}}) {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="file"; filename="`+strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(f.name)+`"`)
		h.Set("Content-Type", "application/octet-stream")
		part, err := m.CreatePart(h)
		must(t, err)
		_, err = part.Write([]byte(f.content))
		must(t, err)
	}
	for name, all := range values {
		for _, v := range all {
			must(t, m.WriteField(name, v))
		}
	}
	must(t, m.Close())
	return raw{m.FormDataContentType(), &b}
}

func (s sender) request(path string, values url.Values, files ...scrap) *http.Request {
	s.t.Helper()
	sent := parcel(s.t, values, files...)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.url+path, sent.body)
	must(s.t, err)
	r.Header.Set("Content-Type", sent.kind)
	return r
}

// send sends files from a page.
func (s sender) send(path string, values url.Values, files ...scrap) seen {
	s.t.Helper()
	return s.do(s.request(path, values, files...))
}

// status complains about another status than the one wanted, and ends the test.
func (p seen) status(want int) seen {
	p.t.Helper()
	if p.StatusCode != want {
		p.t.Fatalf("%s %s: %d, want %d: %s", p.Request.Method, p.Request.URL.Path, p.StatusCode, want, p.text)
	}
	return p
}

// has complains about words that are missing.
func (p seen) has(words ...string) seen {
	p.t.Helper()
	for _, w := range words {
		if !strings.Contains(p.text, w) {
			p.t.Errorf("%s %s: no %q in: %s", p.Request.Method, p.Request.URL.Path, w, p.text)
		}
	}
	return p
}

// lacks complains about words that are there.
func (p seen) lacks(words ...string) seen {
	p.t.Helper()
	for _, w := range words {
		if strings.Contains(p.text, w) {
			p.t.Errorf("%s %s: there is %q in: %s", p.Request.Method, p.Request.URL.Path, w, p.text)
		}
	}
	return p
}

// to is where a page sends its reader on to; it must.
func (p seen) to() string {
	p.t.Helper()
	return p.status(http.StatusSeeOther).Header.Get("Location")
}

// fields is what stands in the fields of the page's main form.
func (p seen) fields() url.Values {
	values := url.Values{}
	choice := ""
	for _, m := range fieldOf.FindAllStringIndex(p.raw, -1) {
		tag := p.raw[m[0]:m[1]]
		a := map[string]string{}
		for _, x := range attrOf.FindAllStringSubmatch(tag, -1) {
			a[x[1]] = html.UnescapeString(x[2])
		}
		switch {
		case strings.HasPrefix(tag, "<textarea"):
			text, _, _ := strings.Cut(p.raw[m[1]:], "</textarea>")
			values.Set(a["name"], html.UnescapeString(text))
		case strings.HasPrefix(tag, "<option"):
			if strings.Contains(tag, " selected") {
				choice = a["value"]
			}
		case (a["type"] == "radio" || a["type"] == "checkbox") && !strings.Contains(tag, " checked"), a["type"] == "file":
		default:
			values.Set(a["name"], a["value"])
		}
	}
	if choice != "" {
		values.Set("kind", choice)
	}
	return values
}

// wants complains about a field that holds something else.
func (p seen) wants(name, value string) {
	p.t.Helper()
	if got := p.fields().Get(name); got != value {
		p.t.Errorf("%s: the field %s holds %q, want %q", p.Request.URL.Path, name, got, value)
	}
}

// paperFacts are facts that are right for a document that holds from 5 January 2026.
func paperFacts(kind, title string) url.Values {
	v := url.Values{"kind": {kind}, "title": {title}}
	putDay(v, "in_force_from", "5", "1", "2026")
	return v
}

func putDay(v url.Values, name, day, month, year string) {
	v.Set(name+"-day", day)
	v.Set(name+"-month", month)
	v.Set(name+"-year", year)
}

// happenedAgo puts in when something happened, by the clocks of London.
func happenedAgo(v url.Values, ago time.Duration) {
	t := time.Now().Add(-ago).In(clock.London)
	putDay(v, "event_at", t.Format("2"), t.Format("January"), t.Format("2006"))
	v.Set("event_at-time", t.Format("3.04pm"))
}

func recordAdd(id int64) string { return fmt.Sprintf("/records/%d/add", id) }
