package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func askForm(change ...string) url.Values {
	v := url.Values{"reason": {"audit"}, "record": {""}, "name": {""}, "kind": {"young-person"}, "section": {"0"}, "span": {"day"}, "now": {"yes"}}
	for i := 0; i < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return v
}

// A manager opens a record of another setting, its own manager is told, reviews it
// when it is over, and a colleague never learns of it.
func TestOutsideRolePages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	m, theirs := o.as("manager"), o.as("supported-manager")
	record := "/records/" + number(o.Records["Plover Sample"])
	m.get(http.StatusNotFound, record)
	m.get(http.StatusOK, "/outside-role").says("Access outside your role", "Safeguarding emergency", "Nothing yet")
	m.get(http.StatusBadRequest, "/outside-role/ask").says("Choose why you need to see the record.")
	m.get(http.StatusOK, "/outside-role/ask?reason=emergency").says("What is the emergency?", "General, sensitive and restricted")
	m.get(http.StatusOK, "/outside-role/ask?reason=support").saysNot("General, sensitive and restricted")
	// nothing typed is lost, and each mistake is said
	a := m.post(http.StatusBadRequest, "/outside-role/ask", askForm("reason", "oversight", "record", "twelve", "colleague", ""))
	a.says("Enter the record’s number in figures.", `value="twelve"`)
	m.post(http.StatusBadRequest, "/outside-role/ask", askForm("reason", "oversight", "record", "12")).says("Enter the name of the manager who is not available.")
	m.post(http.StatusBadRequest, "/outside-role/ask", askForm("reason", "other", "name", "Plover Sample", "words", "")).says("Enter why you need to see the record.", "Plover Sample")
	m.post(http.StatusBadRequest, "/outside-role/ask", askForm("name", "Nobody Example")).says("We cannot find a record with that number", "Nobody Example")
	m.post(http.StatusBadRequest, "/outside-role/ask", askForm("name", "Plover Sample", "kind", "x")).says("Choose whose record it is.")
	m.post(http.StatusBadRequest, "/outside-role/ask", askForm("name", "Plover Sample", "section", "7", "span", "x")).says("Choose how much you need to see.", "Choose how long you need it.")
	m.post(http.StatusBadRequest, "/outside-role/ask", url.Values{}).says("Choose why you need to see the record.")

	a = m.post(http.StatusSeeOther, "/outside-role/ask", askForm("name", "Plover Sample", "reason", "oversight", "colleague", "Val Example"))
	if at := a.Header.Get("Location"); at != record+"?done=outside" {
		t.Fatalf("sent on to %s", at)
	}
	const letter = "Plover Sample I have accessed your file for the purpose of ad hoc management oversight as Val Example is unavailable."
	m.get(http.StatusOK, record).says("You see this record outside your role until tomorrow", "Looked at from outside", letter, "Write what the oversight came to")
	m.get(http.StatusOK, "/home").says("Write", "Plover Sample")
	theirs.get(http.StatusOK, record).says(letter, "Morgan Example, registered manager", "What this means", "From whom it is kept")
	theirs.get(http.StatusOK, "/home").says("Know", "Morgan Example, registered manager, can see it outside their role: management oversight")
	o.as("staff").get(http.StatusNotFound, record)

	var id int64
	o.Scan(t, `select id from app.outside_access`, nil, &id)
	at := "/outside-role/" + number(id)
	m.get(http.StatusOK, at).says("Until tomorrow", "Write what the oversight came to", "End it now")
	m.get(http.StatusConflict, at+"/review").says("There is nothing for you to do here")
	m.post(http.StatusBadRequest, at+"/oversight", url.Values{"analysis": {"It is safe."}}).says("Enter what was discussed", "It is safe.")
	m.post(http.StatusSeeOther, at+"/oversight", url.Values{"discussion": {"With Drew.\nAt noon."}, "analysis": {"It is safe."}, "direction": {"Go on."}, "actions": {"Drew calls on Monday."}})
	theirs.get(http.StatusOK, record+"/outside").says("With Drew.\nAt noon.", "Drew calls on Monday.", letter)
	theirs.post(http.StatusConflict, at+"/review", url.Values{"verdict": {"accepted"}, "why": {"all well"}}).says("It is still running", "all well")
	m.post(http.StatusBadRequest, at+"/end", url.Values{}).says("Enter a reason.")
	m.post(http.StatusSeeOther, at+"/end", url.Values{"why": {"seen"}})
	m.get(http.StatusNotFound, record)
	theirs.get(http.StatusOK, "/home").says("Review", "say whether it was right", "Plover Sample")
}

// A declared or shielded record is not there: the same bytes as what never was.
func TestShieldedIsNotThere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	s := o.as("staff")
	wren := "/records/" + number(o.Records["Wren Sample"])
	s.get(http.StatusOK, wren)
	s.get(http.StatusOK, "/me").says("/me/relatives")
	for _, form := range []url.Values{{"relation": {""}, "number": {"1"}}, {"relation": {"x"}}, {"relation": {"x"}, "number": {"-4"}}, {"relation": {"x"}, "name": {"Wren"}, "kind": {"library"}}, {"relation": {"x"}, "number": {"1"}, "words": {"y"}}} {
		s.post(http.StatusBadRequest, "/me/relatives/declare", form)
	}
	there := s.post(http.StatusSeeOther, "/me/relatives/declare", url.Values{"relation": {"my niece"}, "name": {"Wren Sample"}, "kind": {"young-person"}})
	not := s.post(http.StatusSeeOther, "/me/relatives/declare", url.Values{"relation": {"my niece"}, "name": {"Nobody Example"}, "kind": {"young-person"}})
	if there.Header.Get("Location") != not.Header.Get("Location") || string(there.body) != string(not.body) {
		t.Error("the answer tells whether there is such a record")
	}
	plain := func(a answer, id string) string {
		return strings.ReplaceAll(strings.ReplaceAll(string(a.body), a.Header.Get("X-Request-Id"), "REQUEST"), id, "ID")
	}
	for _, rest := range []string{"", "/outside", "/footprints", "/shields", "/add"} {
		a, b := s.get(http.StatusNotFound, wren+rest), s.get(http.StatusNotFound, "/records/4711"+rest)
		if plain(a, number(o.Records["Wren Sample"])) != plain(b, "4711") {
			t.Errorf("%s: what is shielded answers otherwise than what is not there", rest)
		}
	}
	one := s.post(http.StatusBadRequest, "/outside-role/ask", askForm("record", number(o.Records["Wren Sample"])))
	two := s.post(http.StatusBadRequest, "/outside-role/ask", askForm("record", "4711"))
	if plain(one, number(o.Records["Wren Sample"])) != plain(two, "4711") {
		t.Error("asking outside the role tells what is shielded")
	}
	list := s.get(http.StatusOK, "/me/relatives")
	list.says("Wren Sample, young person", "Nobody Example, young person")
	if strings.Count(mainOf(list), "Declared</strong>") != 2 {
		t.Errorf("the two stand otherwise in the list: %s", mainOf(list))
	}
	m := o.as("manager")
	m.get(http.StatusOK, "/oversight/relatives").says("Sam Example", "One record kept from them")
	m.get(http.StatusOK, wren+"/shields").says("Sam Example", "It comes from what they declared")
	var n int
	o.Scan(t, `select count(*) from app.footprint where outcome = 'refused' and record_id = $1 and detail ->> 'shielded' = 'true'`, []any{o.Records["Wren Sample"]}, &n)
	if n != 6 {
		t.Errorf("%d marked refusals, want 6", n)
	}
}

// A manager keeps a record from one person and from everybody, and ends both.
func TestShieldPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	m := o.as("manager")
	at := "/records/" + number(o.Records["Wren Sample"])
	who := func(id string) string { return number(int64(o.Actors[id].ID)) }
	m.post(http.StatusBadRequest, at+"/shields/from", url.Values{}).says("Choose the ground.")
	m.post(http.StatusBadRequest, at+"/shields/from", url.Values{"who": {"x"}, "ground": {"family"}, "why": {"her aunt"}}).says("Choose a person.", "her aunt")
	m.post(http.StatusSeeOther, at+"/shields/from", url.Values{"who": {who("staff")}, "ground": {"family"}, "why": {"her aunt"}})
	o.as("staff").get(http.StatusNotFound, at)
	m.get(http.StatusOK, at+"/shields").says("Sam Example", "Kept from them", "A colleague’s family or friends", "her aunt")
	m.get(http.StatusConflict, at+"/shields/let-in").says("There is nobody to let in")
	m.post(http.StatusSeeOther, at+"/shields/circle", url.Values{"ground": {"case-review"}, "why": {"ordered by the board"}})
	o.as("staff2").get(http.StatusNotFound, at)
	o.as("dpo").get(http.StatusNotFound, at)
	o.as("dpo").get(http.StatusOK, at+"/shields").says("Wren Sample", "Kept from everybody but those named", "Morgan Example")
	m.post(http.StatusSeeOther, at+"/shields/let-in", url.Values{"who": {who("staff2")}, "why": {"every shift"}})
	m.post(http.StatusConflict, at+"/shields/let-in", url.Values{"who": {who("staff2")}, "why": {"again"}}).says("This person is let in already.")
	o.as("staff2").get(http.StatusOK, at)
	var shield, circle int64
	o.Scan(t, `select (select id from app.shield), (select id from app.circle)`, nil, &shield, &circle)
	m.get(http.StatusNotFound, at+"/shields/nothing/"+number(shield)+"/end")
	m.get(http.StatusNotFound, at+"/shields/circle/"+number(shield)+"/end")
	m.post(http.StatusBadRequest, at+"/shields/circle/"+number(circle)+"/end", url.Values{}).says("Enter a reason.")
	m.post(http.StatusSeeOther, at+"/shields/circle/"+number(circle)+"/end", url.Values{"why": {"the review is over"}})
	m.post(http.StatusSeeOther, at+"/shields/person/"+number(shield)+"/end", url.Values{"why": {"left the family"}})
	o.as("staff").get(http.StatusOK, at)
	m.get(http.StatusOK, at+"/shields").says("Nobody by name.", "Earlier", "the review is over", "Morgan Example, who was let in")
}

// From a record that somebody reads in part, the least section is chosen that they do
// not have; of one that they may not see, nothing is told. An address pasted for the
// number is taken for it.
func TestOutsideRoleFromARecord(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	chosen := regexp.MustCompile(`name="section"[^>]*value="(\d)"[^>]*checked`)
	for _, c := range []struct{ who, reason, record, want string }{
		{"staff", "emergency", "Wren Sample", "2"}, // reads the general and the sensitive section
		{"staff", "emergency", "Plover Sample", "1"},
		{"staff", "other", "Plover Sample", "0"},
		{"manager", "audit", "Wren Sample", "0"}, // reads all of it
	} {
		body := string(o.as(c.who).get(http.StatusOK, "/outside-role/ask?reason="+c.reason+"&record="+number(o.Records[c.record])).body)
		if m := chosen.FindStringSubmatch(body); m == nil || m[1] != c.want {
			t.Errorf("%s, %s, %s: %q is chosen, want %s", c.who, c.reason, c.record, m, c.want)
		}
	}
	m, plover := o.as("manager"), number(o.Records["Plover Sample"])
	for _, not := range []string{"https://care.example/records/", "https://care.example/records/x", "/records/0", "/documents/" + plover, "records/12x"} {
		m.post(http.StatusBadRequest, "/outside-role/ask", askForm("record", not)).says("Enter the record’s number in figures.")
	}
	for section, at := range []string{" https://care.example/records/" + plover + "/footprints?before=4 ", "/records/" + plover} {
		m.post(http.StatusSeeOther, "/outside-role/ask", askForm("record", at, "section", number(int64(section))))
	}
}

// What a reason does not reach is not offered, and answered in plain words to
// whoever sends it all the same, with what they typed.
func TestOutsideRoleReasonsByRole(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const restricted = "General, sensitive and restricted"
	staff, manager, admin := o.as("staff"), o.as("manager"), o.as("admin")
	staff.get(http.StatusOK, "/outside-role/ask?reason=audit").saysNot(restricted, "Why does the audit need the restricted section?")
	manager.get(http.StatusOK, "/outside-role/ask?reason=audit").says(restricted, "Why does the audit need the restricted section?", "I have accessed your file for the purpose of audit/moderation.")
	manager.get(http.StatusOK, "/outside-role/ask?reason=support").says("I have accessed your file to provide support in relation to [the issue], to help resolve this.")
	manager.post(http.StatusBadRequest, "/outside-role/ask", askForm("name", "Plover Sample", "section", "2")).says("Enter why the audit needs the restricted section.", "Plover Sample")
	for _, p := range []*caller{staff, manager} {
		p.post(http.StatusForbidden, "/outside-role/ask", askForm("name", "Plover Sample", "section", "2", "words", "the lodging of March")).
			says("the restricted section is shown only to somebody who audits or manages it where the record is", "the lodging of March", restricted)
	}
	offered := admin.get(http.StatusOK, "/outside-role")
	offered.says("Technical support", "reads nothing")
	offered.saysNot("Audit or moderation", "Safeguarding emergency", "Another reason")
	admin.get(http.StatusForbidden, "/outside-role/ask?reason=emergency").says("reads nothing")
	admin.post(http.StatusForbidden, "/outside-role/ask", askForm("reason", "emergency", "name", "Plover Sample", "section", "2", "words", "an emergency of mine")).says("asks outside it for technical support alone", "an emergency of mine")
	admin.post(http.StatusSeeOther, "/outside-role/ask", askForm("reason", "support", "name", "Plover Sample", "words", "a plan that does not open"))
}
