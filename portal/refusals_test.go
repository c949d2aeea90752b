package portal_test

import (
	"fmt"
	"net/http"
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
