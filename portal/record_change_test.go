package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/sample"
)

// A record is opened, closed, opened again and moved in a browser, and what
// happened to it stands on its page.
func TestRecordJourneyInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager := w.visitor("manager")
	form := manager.open(manager.open("/records?kind=young-person").link("Open a record"))
	form.says("h1", "Open a young person’s record").says("main", "For example, came to live here.")
	manager.open("/records/open?kind=staff").says("main", "For example, starts work here.").hides("main", "came to live here")
	if at := form.typed().Get("setting_id"); at != number(w.Homes[sample.ChildrensHome]) {
		t.Errorf("the one setting is not chosen: %q", at)
	}
	if got := form.words(".govuk-radios__label"); len(got) != 1 {
		t.Errorf("a manager is offered %q", got)
	}
	said := append(fields("on", day(-3)), "name", "Tansy <i>Sample</i>", "why", "Came to live here.")
	l := manager.done(form, said...)
	l.says("h1", "Tansy <i>Sample</i>").says(".govuk-notification-banner", "The record is open").says("details", "Opened", "“Came to live here.”")
	if title := l.text("title"); strings.Contains(title, "Tansy") {
		t.Errorf("a name stands in the title %q", title)
	}
	record := strings.TrimSuffix(l.address, "?done=opened")

	// the same button twice, and back and again, make no second record; another name does
	was := w.census()
	if again := manager.send(form, said...); again.to != record+"?done=opened" {
		t.Errorf("sent again it leads to %s", again.to)
	}
	if is := w.census(); is != was {
		t.Errorf("a second record was opened:\n%s, was\n%s", is, was)
	}
	if other := manager.send(form, append(said, "name", "Robin Sample")...); other.status != http.StatusSeeOther || other.to == record+"?done=opened" {
		t.Errorf("another name: %d, to %s", other.status, other.to)
	}

	form = manager.open(manager.open(record).link("Close this record"))
	form.says("main", "Nothing can be added to it then.", "It can be opened again.").says("aside", "Young person’s record", sample.ChildrensHome)
	manager.done(form, "why", "Moved out.").says(".app-status", "Closed").says("details", "Closed", "“Moved out.”").hides("main a", "Add documents")
	twice := manager.send(form, "why", "Moved out, I say.")
	twice.refuses(http.StatusConflict, "", "This record is closed already.")
	twice.says("main", "You had written: “Moved out, I say.”", "Go back to it")
	manager.see(http.StatusConflict, record+"/close").says("main", "This record is closed already.")
	manager.done(manager.open(manager.open(record).link("Open this record again")), "why", "Came back.").says(".govuk-notification-banner", "open again")
	manager.see(http.StatusConflict, record+"/reopen").says("main", "This record is open already.")

	form = manager.open(manager.open(record).link("Move this record"))
	if got := form.text(".govuk-radios__label"); got != sample.FamilyCentre+" | "+sample.Supported {
		t.Errorf("it could be moved to %s", got)
	}
	manager.send(form, "why", "x").refuses(http.StatusBadRequest, "setting_id", "Choose a setting.", "why", "x")
	manager.done(form, "setting_id", number(w.Homes[sample.Supported]), "why", "Lives there now.").says("h1", "Young people").says(".govuk-notification-banner", "has moved").hides("main", "Tansy")
	manager.see(http.StatusNotFound, record)
	w.visitor("supported-manager").open(record).says("details", "Moved to "+sample.Supported, "Lives there now.")
}

// Their forms give bad input back and do nothing.
func TestRecordFormsTakeNoNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	manager, admin := w.visitor("manager"), w.visitor("admin")
	library := strings.TrimPrefix(w.library(), "/api/v1")
	was := w.census()
	for _, path := range []string{"/records/open?kind=young-person", library + "/close", library + "/move"} {
		form := manager.open(path)
		for _, c := range []struct {
			field, problem string
			typed          []string
		}{
			{"on", "There is no 31 February 2025. Check ", []string{"on-day", "31", "on-month", "2", "on-year", "2025"}},
			{"on", "Enter the month of ", []string{"on-day", "31", "on-month", "", "on-year", "2025"}},
			{"on", "Enter the day on which ", []string{"on-day", "", "on-month", "", "on-year", ""}},
			{"why", "Enter a reason.", []string{"why", "", "on-day", "1"}},
			{"why", "The reason has 10000 letters. Shorten it to 200 or fewer.", []string{"why", strings.Repeat("w", 10_000)}},
			{"why", "The reason holds characters that cannot be seen. Type it again.", []string{"why", "a\u2066b"}},
		} {
			l := manager.send(form, c.typed...)
			said := strings.TrimPrefix(l.text("#"+c.field+"-error"), "Error: ")
			if !strings.HasPrefix(said, c.problem) {
				t.Errorf("%s: %s says %q, not %q", path, c.field, said, c.problem)
			}
			l.refuses(http.StatusBadRequest, c.field, said, c.typed...)
		}
	}
	open := manager.open("/records/open?kind=young-person")
	manager.send(open, "why", "x", "name", "").refuses(http.StatusBadRequest, "name", "Enter a name.", "why", "x")
	manager.send(open, "why", "x", "name", "<script>alert(1)</script>"+strings.Repeat("n", 200)).
		refuses(http.StatusBadRequest, "name", "The name has 225 letters. Shorten it to 200 or fewer.", "name", "<script>alert(1)</script>"+strings.Repeat("n", 200))
	manager.send(open, append(fields("on", day(2)), "why", "x", "name", "Wren")...).
		refuses(http.StatusBadRequest, "on", "This day lies ahead. Record it on the day it happens.", "name", "Wren")
	for _, at := range []string{"", "x", "-1", "99999999999999999999"} {
		manager.send(open, "why", "x", "name", "Wren", "setting_id", at).refuses(http.StatusBadRequest, "setting_id", "Choose a setting.", "name", "Wren")
	}
	// a setting of somebody else's, the whole provider, a kind that is none
	elsewhere := manager.send(open, "why", "x", "name", "Wren", "setting_id", number(w.Homes[sample.FamilyCentre]))
	elsewhere.refuses(http.StatusForbidden, "", "Only somebody who manages such records at that setting can open one. Ask its manager.", "name", "Wren")
	manager.send(open, "why", "x", "name", "Wren", "setting_id", "0").refuses(http.StatusForbidden, "", "Only somebody who manages such records", "name", "Wren")
	any := manager.open("/records/open?kind=zebra")
	manager.send(any, "why", "x", "name", "Wren").refuses(http.StatusBadRequest, "kind", "Choose what the record is about.", "name", "Wren")
	if is := w.census(); is != was {
		t.Errorf("something was written:\n%s, was\n%s", is, was)
	}
	// an administrator opens staff files anywhere, and the provider's own
	all := admin.open("/records/open?kind=staff")
	if got := len(all.words(".govuk-radios__label")); got != 4 {
		t.Errorf("an administrator is offered %d settings", got)
	}
	admin.done(all, "name", "Kit Example", "why", "x", "setting_id", "0").says("main", "The whole provider", "What is in it you cannot read").hides("main a", "Move this record")
	// back with another day: before what happened last
	manager.send(manager.open(library+"/close"), append(fields("on", dayIn(t, "2000-01-01")), "why", "x")...).
		refuses(http.StatusBadRequest, "on", "This day lies before the last change to the record, on "+long(day(0))+".", "on-year", "2000")
}

// Whoever may not change a record is told so, in the words of the API, or that
// nothing is there; every refusal leaves its footprint.
func TestRecordFormsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	child := fmt.Sprintf("/records/%d", w.Records["Finch Sample"])
	was, refused, tried := w.census(), w.refusals(), 0
	body := url.Values{"on-day": {"1"}, "on-month": {"1"}, "on-year": {"2026"}, "why": {"x"}, "setting_id": {number(w.Homes[sample.Supported])}, "kind": {"young-person"}, "name": {"x"}}
	for who, status := range map[string]int{"staff": 403, "dpo": 403, "inspector": 404, "other-manager": 404, "admin": 404} {
		for _, path := range []string{child + "/close", child + "/reopen", child + "/move"} {
			for _, l := range []leaf{w.visitor(who).ask(http.MethodGet, path, nil), w.visitor(who).ask(http.MethodPost, path, body)} {
				if tried++; l.status != status {
					t.Errorf("%s, %s: %d, want %d: %s", who, path, l.status, status, l.text("main"))
				}
			}
		}
	}
	for _, who := range []string{"staff", "dpo", "inspector", "admin"} {
		for _, l := range []leaf{w.visitor(who).ask(http.MethodGet, "/records/open?kind=young-person", nil), w.visitor(who).ask(http.MethodPost, "/records/open", body)} {
			tried++
			l.says("main", "Only somebody who manages such records at that setting can open one. Ask its manager.")
			if l.status != http.StatusForbidden {
				t.Errorf("%s opens one: %d", who, l.status)
			}
		}
	}
	if n := w.refusals() - refused; n < tried {
		t.Errorf("%d refusals left %d footprints", tried, n)
	}
	if is := w.census(); is != was {
		t.Errorf("something was written:\n%s, was\n%s", is, was)
	}
}

// A member of staff takes their role along: only who manages both settings is
// offered a move, and is told what comes of it.
func TestMovingStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := fmt.Sprintf("/records/%d", w.Records["Sam Example"])
	w.visitor("manager").see(http.StatusForbidden, file+"/move").says("main", "This member of staff takes their role along")
	form := w.visitor("admin").open(file + "/move")
	form.says("main", "their roles move along with it")
	l := w.visitor("admin").done(form, "setting_id", number(w.Homes[sample.Supported]), "why", "Works there now.")
	l.says("h1", "Staff files").says(".govuk-notification-banner", "has moved")
	var at, roles int64
	w.Scan(t, `select r.home_id, (select count(*) from app.role_held h where h.actor_id = r.actor_id and h.home_id = r.home_id and h.until_at > now()) from app.record r where r.id = $1`,
		[]any{w.Records["Sam Example"]}, &at, &roles)
	if at != w.Homes[sample.Supported] || roles != 1 {
		t.Errorf("the file lies at %d, with %d roles there", at, roles)
	}
}
