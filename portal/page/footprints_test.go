package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"custodian/internal/audit"
)

// actions reads the names of all actions where they are written down.
func actions(t *testing.T) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../internal/access/decide.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok {
			return true
		}
		if kind, ok := lit.Type.(*ast.Ident); !ok || kind.Name != "Action" {
			return true
		}
		for _, e := range lit.Elts {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok || kv.Key.(*ast.Ident).Name != "Name" {
				continue
			}
			name, err := strconv.Unquote(kv.Value.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		return true
	})
	return names
}

// Every action has words, as it was done and as it was tried; and there are no
// words for what is no action.
func TestEveryActionHasWords(t *testing.T) {
	t.Parallel()
	names := actions(t)
	if len(names) < 40 {
		t.Fatalf("only %d actions were found", len(names))
	}
	for _, name := range names {
		d, ok := deeds()[name]
		if !ok || d.done == "" || d.tried == "" {
			t.Errorf("%s has no words for footprints", name)
			continue
		}
		if d.done[0] < 'A' || d.done[0] > 'Z' || d.tried[0] < 'a' || d.tried[0] > 'z' {
			t.Errorf("%s: %q begins a sentence, %q stands within one", name, d.done, d.tried)
		}
	}
	if len(deeds()) != len(names) {
		t.Errorf("%d actions, and words for %d", len(names), len(deeds()))
	}
}

func TestDeeds(t *testing.T) {
	t.Parallel()
	document, version := int64(7), int32(3)
	for want, p := range map[string]audit.Footprint{
		"Opened version 3 of Care plan":          {Action: "version.opened", Outcome: "done", Document: &document, Version: &version, Title: "Care plan"},
		"Opened version 3 of Care plan, in part": {Action: "version.opened", Outcome: "done", Document: &document, Version: &version, Title: "Care plan", Detail: map[string]any{"range": "bytes=0-1"}},
		"Tried to open version 2 of Care plan":   {Action: "version.opened", Outcome: "refused", Document: &document, Title: "Care plan", Detail: map[string]any{"number": 2.0}},
		"Tried to look at the record":            {Action: "record.viewed", Outcome: "refused"},
		"Looked at a document":                   {Action: "document.viewed", Outcome: "done", Document: &document},
		"Asked about the record, as it was on 14 March 2025, by what was known on 1 April 2025": {Action: "record.asked-as-at", Outcome: "done",
			Detail: map[string]any{"date": "2025-03-14", "known": "2025-04-01T23:00:00Z"}},
		"Withdrew Care plan, from 1 June 2026":                   {Action: "document.withdrawn", Outcome: "done", Document: &document, Title: "Care plan", Detail: map[string]any{"from": "2026-06-01"}},
		"Closed the record, on 1 June 2026":                      {Action: "record.closed", Outcome: "done", Detail: map[string]any{"on": "2026-06-01", "home": 4.0}},
		"Added Care plan, sent a second time and not done again": {Action: "document.added", Outcome: "done", Document: &document, Title: "Care plan", Detail: map[string]any{"repeated": true}},
		"Did something that this page has no words for":          {Action: "kettle.boiled", Outcome: "done"},
		"Closed the record":                                      {Action: "record.closed", Outcome: "done", Detail: map[string]any{"on": "<script>", "date": 5.0}},
	} {
		if got := Deed(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	row := footprintRow(audit.Footprint{Action: "version.opened", Outcome: "damaged", Document: &document, Version: &version, Title: "Care plan"}, midnight(t, "2026-01-01"))
	if row.Refused == nil || row.Refused.Words != "The file was damaged" || row.Address != "/documents/7/versions/3" || !strings.HasPrefix(row.What, "Tried to open") {
		t.Errorf("%+v", row)
	}
}
