package portal_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"custodian/internal/login"
)

// visitor is somebody with a session in a browser of their own.
type visitor struct {
	*world
	who    string
	secret string
}

// visitor signs somebody in.
func (w *world) visitor(who string) *visitor {
	w.t.Helper()
	v := &visitor{world: w, who: who}
	if who != "" {
		v.secret = w.session(who)
	}
	return v
}

// leaf is an answer with its page read.
type leaf struct {
	status  int
	to      string // where a redirect leads
	source  string
	top     *html.Node
	address string
	t       testing.TB
	header  http.Header
}

func (v *visitor) ask(method, path string, form url.Values) leaf {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, body)
	must(v.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.secret != "" {
		r.Header.Set("Cookie", login.SessionCookie+"="+v.secret)
	}
	resp, err := http.DefaultTransport.RoundTrip(r) // redirects are looked at, not followed
	must(v.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(v.t, err)
	top, err := html.Parse(strings.NewReader(string(b)))
	must(v.t, err)
	return leaf{resp.StatusCode, resp.Header.Get("Location"), string(b), top, path, v.t, resp.Header}
}

// open opens a page that must be there.
func (v *visitor) open(path string) leaf {
	v.t.Helper()
	return v.see(http.StatusOK, path)
}

// see opens a page that must answer with the status.
func (v *visitor) see(status int, path string) leaf {
	v.t.Helper()
	l := v.ask(http.MethodGet, path, nil)
	if l.status != status {
		v.t.Fatalf("%s opens %s: %d, want %d: %s", v.who, path, l.status, status, l.text("main"))
	}
	return l
}

// send fills in the form of a page and sends it. Fields are given by name; what
// is not given stays as the page had it.
func (v *visitor) send(on leaf, fields ...string) leaf {
	v.t.Helper()
	forms := on.all("main form[method=post]")
	if len(forms) != 1 {
		v.t.Fatalf("%s has %d forms to send", on.address, len(forms))
	}
	values := on.typed()
	for i := 0; i < len(fields); i += 2 {
		if !values.Has(fields[i]) && len(on.all("main input[name="+fields[i]+"]")) == 0 && !strings.Contains(fields[i], "setting_id") && fields[i] != "kind" {
			v.t.Fatalf("%s has no field %s", on.address, fields[i])
		}
		values.Set(fields[i], fields[i+1])
	}
	return v.ask(http.MethodPost, attr(forms[0], "action"), values)
}

// done sends a form that must be taken, and opens the page that follows.
func (v *visitor) done(on leaf, fields ...string) leaf {
	v.t.Helper()
	l := v.send(on, fields...)
	if l.status != http.StatusSeeOther {
		v.t.Fatalf("%s sends %s: %d: %s", v.who, on.address, l.status, l.text("main"))
	}
	return v.open(l.to)
}

// typed is what stands in the fields of a page's form.
func (l leaf) typed() url.Values {
	values := url.Values{}
	for _, n := range l.all("main form[method=post] input") {
		if kind := attr(n, "type"); (kind == "radio" || kind == "checkbox") && !has(n, "checked") {
			continue
		}
		values.Set(attr(n, "name"), attr(n, "value"))
	}
	for _, n := range l.all("main form[method=post] textarea") {
		values.Set(attr(n, "name"), strings.TrimPrefix(inner(n), "\n"))
	}
	for _, n := range l.all("main form[method=post] select option") {
		if has(n, "selected") {
			values.Set(attr(n.Parent, "name"), attr(n, "value"))
		}
	}
	return values
}

// all finds what a selector names: tags, with .class, #id and [name=value], one
// below the other.
func (l leaf) all(selector string) []*html.Node {
	found := []*html.Node{l.top}
	for _, step := range strings.Fields(selector) {
		var next []*html.Node
		seen := map[*html.Node]bool{}
		for _, n := range found {
			for d := range n.Descendants() {
				if matches(d, step) && !seen[d] {
					seen[d] = true
					next = append(next, d)
				}
			}
		}
		found = next
	}
	return found
}

func matches(n *html.Node, step string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	if rest, condition, ok := strings.Cut(step, "["); ok {
		name, value, _ := strings.Cut(strings.TrimSuffix(condition, "]"), "=")
		if attr(n, name) != value {
			return false
		}
		step = rest
	}
	if tag, class, ok := strings.Cut(step, "."); ok {
		return (tag == "" || n.Data == tag) && strings.Contains(" "+attr(n, "class")+" ", " "+class+" ")
	}
	if tag, id, ok := strings.Cut(step, "#"); ok {
		return (tag == "" || n.Data == tag) && attr(n, "id") == id
	}
	return n.Data == step
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// inner is the text below a node, as it stands.
func inner(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// words are the texts of what a selector names, each in one line.
func (l leaf) words(selector string) []string {
	var list []string
	for _, n := range l.all(selector) {
		list = append(list, strings.Join(strings.Fields(flow(n)), " "))
	}
	return list
}

// flow is the text below a node as it is read: cells, lines and paragraphs apart.
func flow(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch d.Type {
		case html.TextNode:
			b.WriteString(d.Data)
		case html.ElementNode:
			if d.Data != "a" && d.Data != "b" && d.Data != "strong" {
				b.WriteByte(' ')
			}
		}
	}
	return b.String()
}

// text is all of it in one.
func (l leaf) text(selector string) string { return strings.Join(l.words(selector), " | ") }

// says fails unless what the selector names holds every one of the words.
func (l leaf) says(selector string, words ...string) leaf {
	l.t.Helper()
	text := l.text(selector)
	for _, w := range words {
		if !strings.Contains(text, w) {
			l.t.Errorf("%s: %s does not say %q: %s", l.address, selector, w, text)
		}
	}
	return l
}

// hides fails when what the selector names holds one of the words.
func (l leaf) hides(selector string, words ...string) leaf {
	l.t.Helper()
	text := l.text(selector)
	for _, w := range words {
		if strings.Contains(text, w) {
			l.t.Errorf("%s: %s says %q: %s", l.address, selector, w, text)
		}
	}
	return l
}

// link gives where a link with these words leads.
func (l leaf) link(words string) string {
	l.t.Helper()
	var there []string
	for _, n := range l.all("a") {
		text := strings.Join(strings.Fields(inner(n)), " ")
		if text == words {
			return attr(n, "href")
		}
		there = append(there, text)
	}
	l.t.Fatalf("%s has no link %q among %q", l.address, words, there)
	return ""
}

// links tells whether there is a link with these words.
func (l leaf) links(words string) bool {
	for _, text := range l.words("a") {
		if text == words {
			return true
		}
	}
	return false
}

// refuses fails unless the page came back with a problem: the same words in the
// summary and at the field, and what was typed still there.
func (l leaf) refuses(status int, field, problem string, typed ...string) {
	l.t.Helper()
	if l.status != status {
		l.t.Errorf("%s: %d, want %d: %s", l.address, l.status, status, l.text("main"))
	}
	if got := l.words(".govuk-error-summary li"); len(got) == 0 || !strings.Contains(strings.Join(got, "|"), problem) {
		l.t.Errorf("%s: the summary says %q, not %q", l.address, got, problem)
	}
	if !strings.HasPrefix(l.text("title"), "Error: ") {
		l.t.Errorf("%s: the title is %q", l.address, l.text("title"))
	}
	if field != "" {
		if got := l.text("#" + field + "-error"); got != "Error: "+problem {
			l.t.Errorf("%s: the field %s says %q, not %q", l.address, field, got, problem)
		}
	}
	values := l.typed()
	for i := 0; i < len(typed); i += 2 {
		if got := values.Get(typed[i]); got != typed[i+1] {
			l.t.Errorf("%s: %s holds %q, and %q was typed", l.address, typed[i], got, typed[i+1])
		}
	}
}
