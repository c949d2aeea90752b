package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
)

// onceLodged plants a letter in a record that was restricted from whom it is about,
// and is not any more.
func (w *world) onceLodged(record int64) (lodging string) {
	w.t.Helper()
	var document, id int64
	w.Scan(w.t, `select nextval('app.ids'), nextval('app.ids')`, nil, &document, &id)
	w.Exec(w.t, strings.NewReplacer("D", number(document), "L", number(id), "R", number(record), "M", number(int64(w.Actors["manager"].ID))).Replace(`
		insert into app.document (id, record_id, provider_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select D, id, provider_id, kind * 3 + 2, 'letter', false, 'a letter', now(), M, now() from app.record where id = R;
		insert into app.lodging (id, document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by) values (L, D, R, 'in-confidence', 'x', M, 'a neighbour', current_date + 30, M);
		insert into app.lodging_event (lodging_id, what, why, by_actor) values (L, 'moved-out', 'x', M);
		insert into app.document_move (document_id, from_class, to_class, why, by_actor) select id, class, class - 1, 'x', M from app.document where id = D`))
	return number(id)
}

// On the page on which somebody is let read their own file it says what is lacking
// before, and leads to where that is recorded; nothing that was typed is lost.
func TestLettingSomebodyReadLeadsToWhomToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	record := w.Records["Finch Sample"]
	lodging := w.onceLodged(record)
	s := w.sender("manager")
	at := "/records/" + number(record) + "/people/own"
	day := clock.DayOf(time.Now()).UTC()
	typed := url.Values{"email": {"young-person@demo.example"}, "reader": {number(int64(w.Actors["young-person"].ID))}, "them": {"yes"}, "checked": {"Signed in beside me"}, "why": {"Asked for it"},
		"from-day": {day.Format("2")}, "from-month": {day.Format("1")}, "from-year": {day.Format("2006")}}
	p := s.post(at, typed).status(http.StatusConflict).has("restricted from them once", "Whoever told us has not been asked.", "ask whoever told us, and record what they say")
	p.wants("email", "young-person@demo.example")
	if !strings.Contains(p.raw, `href="/lodgings/`+lodging+`"`) {
		t.Error("no way to the lodging's page")
	}
	said := func(answer, despite string) {
		t.Helper()
		s.open("/lodgings/" + lodging + "/originator").status(http.StatusOK).has("If they object: why is it passed on all the same?")
		s.post("/lodgings/"+lodging+"/originator", url.Values{"answer": {answer}, "words": {"What they said"}, "despite": {despite},
			"on-day": {day.Format("2")}, "on-month": {day.Format("1")}, "on-year": {day.Format("2006")}}).status(http.StatusSeeOther)
	}
	said("objects", "")
	s.post(at, typed).status(http.StatusConflict).has("Whoever told us objects.", "they object. Write why it is passed on all the same")
	s.post("/lodgings/"+lodging+"/originator", url.Values{"answer": {"agrees"}, "words": {"Fine"}, "despite": {"Odd"},
		"on-day": {day.Format("2")}, "on-month": {day.Format("1")}, "on-year": {day.Format("2006")}}).status(http.StatusBadRequest).has("This is needed only where they object.")
	said("objects", "It is theirs to know")
	s.open("/lodgings/"+lodging).status(http.StatusOK).has("Passed on all the same: “It is theirs to know”", "Whoever told us has been asked.")
	s.post(at, typed).status(http.StatusSeeOther)
}
