package portal_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// How TestMutation runs TestMatrix and TestListsTellNothing in a program of its
// own: with the handlers' checks taken out, and, to see them fail, with the
// policies off as well.
const (
	checksVar   = "CUSTODIAN_TEST_CHECKS"
	policiesVar = "CUSTODIAN_TEST_POLICIES"
	off         = "off"
)

// What a list holds is no matter of its status: lists tell whoever may not see a
// record nothing of it, and everybody but auditors only of their own footprints.
// Nobody approves what they wrote.
func TestListsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.add("manager", w.library(), paper("policy", "2026-01-01", "my own"))
	w.ok(200, "staff", http.MethodGet, versionPath(own, "/content"), nil)
	was := w.census()
	if a := w.try("manager", http.MethodPost, versionPath(own, "/approve"), nil); a.StatusCode != http.StatusForbidden && a.StatusCode != http.StatusNotFound {
		t.Errorf("let through: approving one's own version answered %d", a.StatusCode)
	}
	if is := w.census(); is != was {
		t.Errorf("something was written:\n%s, was\n%s", is, was)
	}
	w.endRoles("staff2")
	for _, who := range []string{"other-staff", "admin", "staff2"} {
		list := string(w.get(who, "/api/v1/records?kind=library").body)
		if strings.Contains(list, sample.ChildrensHome) {
			t.Errorf("let through: %s lists %s", who, list)
		}
	}
	for _, f := range read[page[footprint]](w.get("staff", w.library()+"/footprints")).Items {
		if f.ActorID != fmt.Sprint(w.Actors["staff"].ID) {
			t.Errorf("let through: staff see the footprint %+v", f)
		}
	}
}

// overviews are the lists that span places, and so are for whoever audits or answers
// for anything anywhere: for nobody else is there anything in them.
func overviews() []string {
	return []string{"/oversight", "/oversight/looks", "/oversight/looks/export", "/oversight/unusual", "/oversight/sample", "/oversight/outside-role", "/oversight/checkpoints", "/oversight/checkpoints/key"}
}

// thing is the address of something that a list may name.
var thing = regexp.MustCompile(`href="/(looks|records|documents|people|outside-role|lodgings|oversight/checkpoints)/\d+`)

// Without the check at its door an overview holds nothing: the database decides row
// by row what stands in it, and refuses to go through the tree or to give access
// outside a role.
func TestOverviewsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.visitor("manager").open("/records/" + number(w.Records["Wren Sample"]))
	w.visitor("other-manager").ask(http.MethodPost, "/outside-role/ask", askForm("reason", "audit", "record", number(w.Records["Wren Sample"])))
	w.sign()
	loosen(t, w.Database)
	for _, who := range []string{"staff", "front-door", "visitor-44", "admin"} {
		v := w.visitor(who)
		for _, at := range overviews() {
			if who == "admin" && (at == "/oversight" || at == "/oversight/outside-role") {
				continue // who keeps people, and is told of their relatives
			}
			l := v.ask(http.MethodGet, at, nil)
			if l.status == http.StatusSeeOther {
				l = v.ask(http.MethodGet, l.header.Get("Location"), nil)
			}
			if os.Getenv(checksVar) != off && l.status != http.StatusNotFound {
				t.Errorf("%s answers %s with %d", at, who, l.status)
			}
			_, main, _ := strings.Cut(l.source, "<main")
			if found := thing.FindString(main); found != "" || strings.HasSuffix(at, "export") && l.status == http.StatusOK && strings.Count(l.source, "\n") > 2 {
				t.Errorf("let through: %s tells %s of %s", at, who, found)
			}
		}
		if l := v.ask(http.MethodPost, "/oversight/checkpoints/check", nil); l.status != http.StatusNotFound {
			t.Errorf("let through: a check of the tree by %s answers %d", who, l.status)
		}
	}
	if l := w.visitor("inspector").ask(http.MethodPost, "/outside-role/ask", askForm("reason", "emergency", "record", number(w.Records["Wren Sample"]), "words", "x", "section", "2")); l.status == http.StatusSeeOther {
		t.Error("let through: access outside a role, to somebody who may not ask")
	}
}
