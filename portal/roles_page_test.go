package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// fill sends the form of a page with these fields, radios among them.
func (v *visitor) fill(on leaf, fields ...string) leaf {
	v.t.Helper()
	values := on.typed()
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	forms := on.all("main form[method=post]")
	if len(forms) != 1 {
		v.t.Fatalf("%s has %d forms to send", on.address, len(forms))
	}
	return v.ask(http.MethodPost, attr(forms[0], "action"), values)
}

// follow opens the page that a form which was taken leads to.
func (v *visitor) follow(l leaf) leaf {
	v.t.Helper()
	if l.status != http.StatusSeeOther {
		v.t.Fatalf("%s sends %s: %d: %s", v.who, l.address, l.status, l.text("main"))
	}
	return v.open(l.to)
}

func (w *world) person(who string) string { return fmt.Sprintf("/people/%d", w.Actors[who].ID) }

// A manager sees who may see a file, makes somebody key worker, ends it; lets a young
// person read; and records consents by which the visitor reads.
func TestWhoMaySeeARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, visitor := w.visitor("manager"), w.visitor("visitor-44")
	record := fmt.Sprintf("/records/%d", w.Records["Finch Sample"])
	at := record + "/people"
	manager.open(record).says("main", "Who may see this record")
	all := manager.open(at)
	all.says("main", "Sam Example", "Member of staff, Larkfield House", "Reads and adds to the general and sensitive parts", "Jules Example", "Responsible individual, the whole provider",
		"Frankie Example", "Reads the general part", "Quinn Example", "Reads and releases all of it, and sees who looked", "Sees who looked", "No consent stands")
	all.hides("main", "Ollie Example", "Lindsay Example")

	form := manager.open(at + "/key-worker")
	manager.fill(form, "to", "").says("main", "There is a problem", "Choose who it is.")
	manager.fill(form, "to", number(int64(w.Actors["staff2"].ID)), "why", " ").says("main", "Enter a reason.")
	for _, who := range []string{"visitor-44", "inspector"} { // who have a role there, and care for nobody
		form.hides("main", w.name(who))
		manager.fill(form, "to", number(int64(w.Actors[who].ID)), "why", "x").says("main", "A key worker cares for people at the record's setting")
	}
	made := manager.follow(manager.fill(form, "to", number(int64(w.Actors["staff2"].ID)), "why", "Knows Finch <best>"))
	made.says("main", "Key worker", "Toni Example", "Knows Finch <best>")
	end := made.link("End this: Toni Example, Key worker")
	manager.follow(manager.fill(manager.open(end), "why", "Another takes over")).says("main", "Ended today", "Another takes over")
	manager.see(http.StatusNotFound, end)

	own := manager.open(at + "/own")
	manager.fill(own, "email", "nobody@demo.example", "why", "asked", "checked", "beside me").says("main", "Nobody who was taken in here signs in with this address")
	manager.fill(own, "email", "young-person@demo.example", "why", "asked").says("main", "Enter how you made sure that it is them.")
	young := w.visitor("young-person")
	young.see(http.StatusNotFound, record)
	shown := manager.fill(own, "email", "Young-Person@demo.example", "why", "asked <now>", "checked", "beside me")
	manager.follow(manager.fill(w.confirms(shown, "Wren Sample", "young-person@demo.example"), "them", "yes")).says("main", "Their own file", "Wren Sample")
	young.open(record)
	young.see(http.StatusNotFound, at)

	ask := manager.open(at + "/consent")
	manager.fill(ask).says("main", "Choose who was asked.", "Choose whether they consent.", "Enter who said it.", "Enter how you know of it.", "Enter the last day on which the consent counts.")
	consent := func(capacity string) leaf {
		return manager.follow(manager.fill(ask, append([]string{"capacity", capacity, "answer", "yes", "who", "Somebody", "evidence", "Letter in the file"}, fields("until", day(30))...)...))
	}
	consent("young-person").says("body", "The consent is recorded").says("main", "The placing authority’s consent is missing")
	visitor.see(http.StatusNotFound, record)
	both := consent("placing-authority")
	both.says("main", "Both consents stand", "Lindsay Example", "Independent visitor, by both consents")
	visitor.open(record)
	manager.follow(manager.fill(manager.open(both.link("End this consent: The placing authority, Somebody")), "why", "Wrote that it is withdrawn")).
		says("main", "Withdrawn, recorded by Morgan Example", "Wrote that it is withdrawn")
	visitor.see(http.StatusNotFound, record)
	manager.follow(manager.fill(ask, "capacity", "young-person", "answer", "no", "who", "Somebody", "evidence", "Said so")).says("body", "What they said is recorded").hides("body", "The consent is recorded")

	bad := manager.ask(http.MethodGet, at+"?on-day=31&on-month=2&on-year=2026", nil)
	if bad.status != http.StatusBadRequest {
		t.Errorf("no such day: %d", bad.status)
	}
	manager.open(at+"?on-day=1&on-month=1&on-year=2020").says("main", "On 1 January 2020", "Nobody could see it on that day.")
}

// An auditor sees who did what and who could, and neither a name of a record nor a
// title.
func TestAnAuditorReadsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := fmt.Sprintf("/records/%d", w.Records["Wren Sample"])
	a := w.add("staff", recordPath(w.Records["Wren Sample"], ""), paper("care-plan", "2026-01-01", "words that nobody may see"))
	w.visitor("young-person").open(record) // a footprint whose name is the record's
	auditor := w.visitor("auditor")
	for _, path := range []string{record, "/documents/" + a.Document.ID, "/documents/" + a.Document.ID + "/versions/1/file"} {
		auditor.see(http.StatusNotFound, path)
	}
	for _, path := range []string{record + "/footprints", record + "/people", "/people", w.person("staff"), "/home"} {
		l := auditor.open(path)
		for _, secret := range []string{"Wren Sample", "Finch Sample", "Paper of the test", "paper.txt", "words that nobody"} {
			if strings.Contains(l.source, secret) {
				t.Errorf("%s tells an auditor %q", path, secret)
			}
		}
	}
	auditor.open(record+"/footprints").says("main", "Sam Example", "A young person’s record, number "+number(w.Records["Wren Sample"]), "The person whose file it is")
	if got := w.try("auditor", http.MethodGet, recordPath(w.Records["Wren Sample"], "/footprints"), nil); strings.Contains(string(got.body), "Paper of the test") || got.StatusCode != http.StatusOK {
		t.Errorf("the API tells an auditor %d %s", got.StatusCode, got.body)
	}
}

// A manager hands their role on; somebody leaves, and is out at the next request.
func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, admin, staff := w.visitor("manager"), w.visitor("admin"), w.visitor("staff")
	give := manager.open(w.person("staff2") + "/roles/give")
	give.says("main", "You can give no more than you hold yourself", "is your own role")
	give.hides("main", "Administrator", "The whole provider", sample.FamilyCentre)
	home := number(w.Homes[sample.ChildrensHome])
	manager.fill(give, "role", "manager", "setting", home, "why", "Leave").says("main", "Enter the last day on which this person stands in for you.")
	manager.follow(manager.fill(give, append([]string{"role", "manager", "setting", home, "why", "Leave"}, fields("until", day(14))...)...)).
		says("main", "Registered manager", "standing in for Morgan Example")
	w.visitor("staff2").open("/people").hides("main", "Last sign-in", "Never")
	admin.open("/people").says("main", "Last sign-in")
	if l := manager.ask(http.MethodPost, w.person("staff2")+"/roles/give", url.Values{"role": {"administrator"}, "setting": {"provider"}, "why": {"x"}}); l.status < 400 {
		t.Errorf("a manager makes an administrator: %d", l.status)
	}

	staff.open("/home")
	w.ok(http.StatusOK, "staff", http.MethodGet, "/api/v1/me", nil)
	left := manager.open(w.person("staff") + "/left")
	left.says("main", "signed out everywhere", "API tokens")
	manager.fill(left, "why", "").says("main", "Enter a reason.")
	if l := manager.fill(left, "why", "Moves away"); l.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", l.status, l.text("main"))
	}
	staff.see(http.StatusSeeOther, "/home")
	w.ok(http.StatusUnauthorized, "staff", http.MethodGet, "/api/v1/me", nil)
	gone := admin.open(w.person("staff"))
	gone.says("main", "Has left", "Moves away", "said by Morgan Example", "This person is here again", "Ended today")
	gone.hides("main", "Give a role")
	admin.see(http.StatusNotFound, w.person("staff")+"/left")
	admin.follow(admin.fill(admin.open(w.person("staff")+"/back"), "why", "Came back")).says("main", "No role now", "Here again from")
	yesterday := admin.open(w.person("staff") + "?on-day=1&on-month=1&on-year=2020")
	yesterday.says("main", "On 1 January 2020", "Nothing.")
	if n := w.rows("person.left"); n != 1 {
		t.Errorf("%d footprints of it", n)
	}
}

// rows counts the footprints of an act that was done.
func (w *world) rows(action string) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.footprint where action = $1 and outcome = 'done'`, []any{action}, &n)
	return n
}

// The menu and the two pages that everybody has offer what somebody can use, and all
// of it opens.
func TestMenus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	work := "What you did, Concerns you raised, Declare a relative or friend whose record may be here"
	for who, want := range map[string][2]string{
		"young-person": {"Home, My file", "What you did, Concerns you raised"},
		"parent":       {"Home, My file", "What you did, Concerns you raised"},
		"staff":        {"Home, Policies, Young people", work + ", Access outside your role"},
		"inspector":    {"Home, Policies, Staff files, Oversight", work},
		"visitor-44":   {"Home, Policies", work},
		"visitor-25":   {"Home, Policies", work},
		"auditor":      {"Home, People, Oversight", work},
		"manager":      {"Home, Policies, Young people, Staff files, People, Oversight", work + ", Access outside your role"},
		"admin":        {"Home, Staff files, People, Settings, Sign-ins, Oversight", work + ", Access outside your role"},
	} {
		v := w.visitor(who)
		menu, me := v.open("/home"), v.open("/me")
		if got := strings.Join(menu.words("#navigation a"), ", "); got != want[0] {
			t.Errorf("the menu of %s is %q", who, got)
		}
		if got := strings.Join(me.words(".app-links a"), ", "); got != want[1] {
			t.Errorf("the page of %s about their access leads to %q", who, got)
		}
		for _, words := range menu.words("#navigation a") {
			if l := v.ask(http.MethodGet, menu.link(words), nil); l.status >= http.StatusBadRequest {
				t.Errorf("%s is offered %q and refused it: %d", who, words, l.status)
			}
		}
		for _, words := range me.words(".app-links a") {
			v.open(me.link(words))
		}
	}
	w.visitor("auditor").open("/home").says("main", "Who has looked, and what is out of the ordinary", "What is in the records is not shown to you.").hides("main", "Nothing has been added")
	young := w.visitor("young-person")
	home := young.open("/home")
	home.says("main", "Your file").hides("body", "Young people", "Finch Sample", "Policies", "Lately at")
	young.open(home.link("Who has looked at your file"))
	file := young.open(home.link("Read your file"))
	file.hides("main", "Add documents", "What you can do", "Close this record", "Who may see this record", "Restricted section")
	young.open("/me").hides("main", "API tokens")
}

// confirms tells that a page asks whether it is somebody, opens nothing yet, and has
// lost nothing that was typed.
func (w *world) confirms(l leaf, name, email string) leaf {
	w.t.Helper()
	if l.status != http.StatusOK {
		w.t.Fatalf("%d: %s", l.status, l.text("main"))
	}
	l.says("main", "Is this the person?", "Nothing has been opened yet", name, email, "Known here since")
	l.hides("main", "There is a problem")
	if kept := l.typed(); kept.Get("why") != "asked <now>" || kept.Get("checked") != "beside me" || kept.Get("them") != "" {
		w.t.Errorf("of what was typed there is left %v", kept)
	}
	return l
}

// Nobody's file is opened to whoever an address happens to belong to: it is shown who
// that is, and somebody says that it is them.
func TestWhoReadsTheirOwnFileIsShownFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	opened := func() (n int) {
		w.Scan(t, `select count(*) from app.grants where basis = 'data-subject' and actor_id in ($1, $2)`, []any{int64(w.Actors["young-person"].ID), int64(w.Actors["parent"].ID)}, &n)
		return n
	}
	before := opened()
	at := fmt.Sprintf("/records/%d/people/own", w.Records["Finch Sample"])
	typed := []string{"email", "parent@demo.example", "why", "asked <now>", "checked", "beside me"}
	shown := w.confirms(manager.fill(manager.open(at), typed...), w.name("parent"), "parent@demo.example")
	// not said, and said no
	again := manager.fill(shown)
	again.says("main", "There is a problem", "Choose whether this is them.", w.name("parent"))
	no := manager.fill(again, "them", "no")
	no.says("main", "There is a problem", "Enter their own address.")
	if no.typed().Get("checked") != "beside me" {
		t.Error("what was typed is lost")
	}
	// another address with the word that was said about the first
	other := w.confirms(manager.fill(shown, "email", "young-person@demo.example", "them", "yes"), w.name("young-person"), "young-person@demo.example")
	other.says("main", "This person reads another file here as their own already.")
	other.hides("main", "has a role here")
	w.confirms(manager.fill(manager.open(at), append([]string{"email", "staff@demo.example"}, typed[2:]...)...), w.name("staff"), "staff@demo.example").says("main", "This person has a role here.")
	// a forged number of somebody else
	w.confirms(manager.fill(other, "reader", number(int64(w.Actors["parent"].ID)), "them", "yes"), w.name("young-person"), "young-person@demo.example")
	manager.fill(manager.open(at), append(typed, "them", "yes")...).says("main", "Is this the person?")
	if n := opened(); n != before {
		t.Fatalf("%d files are opened, before %d", n, before)
	}
	manager.follow(manager.fill(other, "them", "yes"))
	if n := opened(); n != before+1 {
		t.Errorf("%d files are opened, before %d", n, before)
	}
}

func (w *world) name(who string) (name string) {
	w.t.Helper()
	w.Scan(w.t, `select name from app.actor where id = $1`, []any{int64(w.Actors[who].ID)}, &name)
	return name
}
