package portal_test

import (
	"net/url"
	"strings"

	"custodian/portal"
)

// wren is the young person's record by which the sections are tried: a library has
// but one.
func (w *world) wren() int64 { return w.Records["Wren Sample"] }

// put adds a document to Wren's record, in a section.
func (w *world) put(title, section string) string {
	w.t.Helper()
	f := paper("other", "2026-01-01", "The words of "+title).with("title", title).with("section", section)
	if section == "restricted" {
		for name, value := range w.lodging() {
			f = f.with(name, value)
		}
	}
	return w.add("manager", recordPath(w.wren(), ""), f).Document.ID
}

// lodging is one in which nothing is wrong, as programs send it.
func (w *world) lodging() map[string]string {
	return map[string]string{"ground": "in-confidence", "reason": "She asked that he should not learn of it.", "advised_by": number(int64(w.Actors["manager"].ID)),
		"originator": "A neighbour, through the social worker", "lodging_review_on": day(90).String()}
}

// lodged restricts a new document, and gives its lodging.
func (w *world) lodged() (document, lodging string) {
	w.t.Helper()
	document = w.put(secret, "restricted")
	var id int64
	w.Scan(w.t, `select max(id) from app.lodging`, nil, &id)
	return document, number(id)
}

// secret is a title that nobody may meet who may not read in the restricted section.
const secret = "What the neighbour told us"

// sectionFill gives the right request for a page about sections.
func (s stage) sectionFill(r portal.Route) (filling, bool) {
	wren := number(s.wren())
	reviewed := func(more ...string) []string { return append(fields("review_on", day(60)), more...) }
	at := strings.NewReplacer(":topic", "risks", "/records/:id", "/records/"+wren).Replace(r.Path)
	switch rest := r.Path[strings.LastIndex(r.Path, "/"):]; {
	case strings.HasPrefix(r.Path, "/records/:id/safety") || rest == "/restricted" && strings.HasPrefix(r.Path, "/records"):
		return filling{at, append([]string{"none", "no", "words", "Runs when she is frightened", "source", "Her social worker"}, fields("from_on", day(0))...)}, true
	case rest == "/section":
		return filling{"/documents/" + s.put("A paper", "general") + rest, []string{"why", "It names the doctor."}}, true
	case rest == "/lodge":
		l := s.lodging()
		f := append(fields("lodging_review_on", day(90)), "ground", l["ground"], "reason", l["reason"], "advised_by", l["advised_by"], "originator", l["originator"])
		return filling{"/documents/" + s.put("A paper", "general") + rest, f}, true
	case strings.HasPrefix(r.Path, "/lodgings/:id"):
		_, lodging := s.lodged()
		f := map[string][]string{"/keep": reviewed("why", "She still asks for it."), "/share": reviewed("why", "For her review", "with_whom", "The reviewing officer", "to_subject", "no"),
			"/move-out": {"section", "general", "why", "The ground is gone."}, "/withdraw": {"section", "sensitive", "why", "It was the wrong paper."},
			"/originator": append([]string{"answer", "agrees", "words", "Yes."}, fields("on", day(0))...)}[rest]
		return filling{strings.Replace(r.Path, ":id", lodging, 1), f}, true
	}
	return filling{}, false
}

// sectionRight gives the right request for a route about sections.
func (s scene) sectionRight(r portal.Route) (path string, body any, ok bool) {
	path = strings.Replace(r.Path, "records/:id", "records/"+number(s.wren()), 1)
	switch rest := r.Path[strings.LastIndex(r.Path, "/"):]; {
	case r.Method == "POST" && rest == "/safety":
		return path, map[string]any{"topic": "risks", "words": "Runs when she is frightened", "source": "Her social worker", "from_on": day(0).String()}, true
	case rest == "/safety" || strings.HasSuffix(r.Path, "/lodgings"):
		return path, nil, true
	case rest == "/section":
		return strings.Replace(r.Path, ":id", s.put("A paper", "general"), 1), map[string]string{"section": "sensitive", "why": "It names the doctor."}, true
	case strings.Contains(r.Path, "/lodgings/:id"):
		_, lodging := s.lodged()
		next := day(60).String()
		body = map[string]any{"/keep": map[string]string{"why": "She still asks for it.", "review_on": next},
			"/consult": map[string]string{"answer": "agrees", "words": "Yes.", "on": day(0).String()}}[rest]
		return strings.Replace(r.Path, ":id", lodging, 1), body, true
	}
	return "", nil, false
}

// typedLodging is a lodging in which nothing is wrong, as a page sends it.
func (w *world) typedLodging() url.Values {
	values := url.Values{}
	for name, value := range w.lodging() {
		if name != "lodging_review_on" {
			values.Set(name, value)
		}
	}
	f := fields("lodging_review_on", day(90))
	for i := 0; i < len(f); i += 2 {
		values.Set(f[i], f[i+1])
	}
	return values
}
