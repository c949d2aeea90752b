package portal_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A concern can be reported beside every footprint, on every page that lists any:
// those are found in the templates, and each has to be opened here.
func TestAConcernBesideEveryFootprint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := number(w.Records["Wren Sample"])
	plan := w.add("staff", recordPath(w.Records["Wren Sample"], ""), paper("care-plan", "2025-01-01", "one").with("title", "Care plan"))
	w.visitor("staff").open(plan.page(""))
	asked := w.visitor("other-manager")
	asked.ask(http.MethodPost, "/outside-role/ask", askForm("reason", "audit", "record", record))
	asked.open("/records/" + record)
	night := w.footprint("manager", "record.viewed", "Wren Sample", "done")
	w.Exec(t, `do $$ begin set local session_replication_role = replica; update app.role_held set from_at = now() - interval '2 years' where role <> 'shift-lead'; update app.footprint set at = date_trunc('day', now() at time zone 'Europe/London') at time zone 'Europe/London' - interval '22 hours' where id = `+number(night)+`; end $$`)
	var outside int64
	w.Scan(t, `select id from app.outside_access`, nil, &outside)
	sample := w.visitor("dpo").ask(http.MethodGet, "/oversight/sample?size=5", nil).header.Get("Location")
	seen := map[string]bool{}
	for at, who := range map[string]*visitor{
		"/records/" + record + "/footprints": w.visitor("manager"), "/documents/" + plan.Document.ID + "/footprints": w.visitor("manager"), "/people/" + number(int64(w.Actors["staff"].ID)) + "/footprints": w.visitor("dpo"),
		"/oversight/looks": w.visitor("dpo"), sample: w.visitor("dpo"), "/oversight/unusual": w.visitor("dpo"),
		"/outside-role/" + number(outside): w.visitor("manager"), "/records/" + record + "/looked": w.subject("Wren Sample"),
	} {
		l := who.open(at)
		rows := rowsOfFootprints(l.source)
		if len(rows) == 0 {
			t.Errorf("%s lists no footprint", at)
		}
		for _, row := range rows {
			if !regexp.MustCompile(`href="/looks/\d+/concern"`).MatchString(row) {
				t.Errorf("%s: no way to report a concern beside %s", at, row)
			}
		}
		for _, m := range regexp.MustCompile(`<caption class="govuk-visually-hidden">([^<]+)`).FindAllStringSubmatch(l.source, -1) {
			seen[m[1]] = true
		}
	}
	// every template that has a table of footprints was among them
	captions := 0
	for _, dir := range []string{"pages", "parts"} {
		files, err := filepath.Glob(filepath.Join("..", "web", dir, "*.html"))
		must(t, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			must(t, err)
			for _, m := range regexp.MustCompile(`app-footprints"[^>]*><caption class="govuk-visually-hidden">([^<]+)`).FindAllStringSubmatch(string(text), -1) {
				if captions++; !strings.Contains(m[1], "{{") && !seen[m[1]] {
					t.Errorf("%s has a table of footprints, %q, that this test does not open", name, m[1])
				}
			}
		}
	}
	if captions < 3 {
		t.Errorf("only %d tables of footprints are found in the templates", captions)
	}
}

// rowsOfFootprints are the rows of tables of footprints, of what is unusual, and of
// a young person's list.
func rowsOfFootprints(source string) (rows []string) {
	top, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return nil
	}
	var walk func(*html.Node, bool)
	walk = func(n *html.Node, in bool) {
		class := ""
		for _, a := range n.Attr {
			if a.Key == "class" {
				class = a.Val
			}
		}
		if n.Data == "table" && (strings.Contains(class, "app-footprints") || strings.Contains(source, "What is out of the ordinary, newest first")) || n.Data == "ul" && strings.Contains(class, "app-plain-list") {
			in = true
		}
		if in && (n.Data == "tr" && n.Parent.Data == "tbody" || n.Data == "li") {
			var b strings.Builder
			if html.Render(&b, n) == nil {
				rows = append(rows, b.String())
			}
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, in)
		}
	}
	walk(top, false)
	return slices.Compact(rows)
}
