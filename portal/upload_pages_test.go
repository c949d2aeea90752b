package portal_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/clock"
	"custodian/internal/people"
	"custodian/internal/sample"
	"custodian/versions"
)

func (w *world) libraryAdd() string { return recordAdd(w.Records["Policies of "+sample.ChildrensHome]) }

// waiting counts the files that wait.
func (w *world) waiting() (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.held`, nil, &n)
	return n
}

var documentPage = regexp.MustCompile(`^/documents/\d+/versions/\d+\?done=(added|submitted)$`)

// fileForm finds the address to which the form of the file that is asked about goes.
func (p seen) fileForm() string {
	p.t.Helper()
	m := regexp.MustCompile(`action="(/uploads/\d+/files/\d+)" novalidate`).FindStringSubmatch(p.raw)
	if m == nil {
		p.t.Fatalf("no form of a file in: %s", p.text)
	}
	return m[1]
}

// One file with all its facts right is one form, and done. What needs approval
// is said to be sent for it.
func TestOneFileIsAddedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	form := s.open(w.libraryAdd()).status(http.StatusOK).has("Where it will go", "Policies of "+sample.ChildrensHome, "What we add", "Sam Example, residential support worker", "Once added, it cannot be changed", "up to 1 MB each")
	day := clock.DayOf(time.Now()).UTC()
	form.wants("in_force_from-day", day.Format("2"))
	form.wants("in_force_from-year", day.Format("2006"))
	for kind, want := range map[string]string{"procedure": "added", "policy": "submitted"} {
		values := s.open(w.libraryAdd()).fields()
		values.Set("kind", kind)
		values.Set("title", "Fire safety as a "+kind)
		to := s.send(w.libraryAdd(), values, scrap{"fire.txt", "what to do, as a " + kind}).to()
		if m := documentPage.FindStringSubmatch(to); m == nil || m[1] != want {
			t.Errorf("%s: on to %s", kind, to)
		}
		if want == "added" {
			s.open(to).status(http.StatusOK).has("Fire safety as a procedure", "Added")
		}
	}
	if w.waiting() != 0 || w.objects() != 2 {
		t.Errorf("%d files wait, %d objects", w.waiting(), w.objects())
	}
	var from time.Time
	w.Scan(t, `select wanted_from from app.version order by id desc limit 1`, nil, &from)
	if clock.DayOf(from) != clock.DayOf(time.Now()) {
		t.Errorf("holds from %v", from)
	}
}

// Of each record only the kinds are offered that belong there, and only they are taken.
func TestKindsFitTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("manager")
	for record, kinds := range map[string][2]string{"Policies of " + sample.ChildrensHome: {"policy", "dbs-check"}, "Wren Sample": {"care-plan", "policy"}, "Sam Example": {"dbs-check", "care-plan"}} {
		id := w.Records[record]
		p := s.open(recordAdd(id)).status(http.StatusOK)
		if !strings.Contains(p.raw, `value="`+kinds[0]+`"`) || strings.Contains(p.raw, `value="`+kinds[1]+`"`) {
			t.Errorf("%s does not offer what belongs there", record)
		}
		s.open(s.send(recordAdd(id), paperFacts(kinds[1], "Out of place"), scrap{"a.txt", record}).to()).has("Choose what it is.")
	}
}

// Several files wait together; each is asked about; what was answered for one
// stands in the form of the next; the last one leads to what was added.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	at := recordAdd(w.Records["Wren Sample"])
	to := s.send(at, url.Values{"kind": {"care-plan"}, "title": {"The plan"}}, scrap{"plan.txt", "one"}, scrap{"my_second  plan.txt", "two"}, scrap{"third.txt", "three"}).to()
	p := s.open(to).status(http.StatusOK).has("3 files to add", "plan.txt", "my_second plan.txt", "Text, 3 bytes", "Kept until").lacks("There is a problem")
	p.wants("title", "The plan")
	p.wants("kind", "care-plan")
	for i := range 3 {
		p = s.open(to).status(http.StatusOK)
		values := p.fields()
		if i > 0 {
			p.has(fmt.Sprintf("%d of 3", i))
			p.wants("in_force_from-day", "6")
			p.wants("title", []string{"", "My second plan", "Third"}[i])
		}
		putDay(values, "in_force_from", "6", "1", "2026")
		next := s.post(p.fileForm(), values).to()
		switch {
		case i < 2 && next != to+"?done=added":
			t.Errorf("after %d on to %s", i, next)
		case i == 2 && !documentPage.MatchString(next):
			t.Errorf("at the end on to %s", next)
		}
	}
	s.open(to).status(http.StatusNotFound)
	var titles []string
	w.Scan(t, `select array_agg(title order by id) from app.document`, nil, &titles)
	if !slices.Equal(titles, []string{"The plan", "My second plan", "Third"}) || w.waiting() != 0 || w.objects() != 3 {
		t.Errorf("%q, %d wait, %d objects", titles, w.waiting(), w.objects())
	}
}

// A form with mistakes loses neither the file nor a word: everything is said at
// once, at the field and above, and mended with the file where it is.
func TestWrongFactsKeepTheFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	at := recordAdd(w.Records["Wren Sample"])
	values := url.Values{"kind": {"visit"}, "title": {"Visit by <b>Dr & Co</b>"}, "event_at-time": {"4.10"}, "know": {"told"}, "who_post": {"Nurse"}}
	putDay(values, "event_at", "31", "2", "2026")
	to := s.send(at, values, scrap{"visit.txt", "who came"}).to()
	p := s.open(to).has("There is no 31 February 2026. Check the day it happened.", "Say whether 4.10 is am or pm.", "Enter who told you.", "One file to add").lacks("Enter the day from which it holds")
	for _, field := range []string{"event_at-error", "event_at-time-error", "who-error"} {
		if !strings.Contains(p.raw, `id="`+field+`"`) {
			t.Errorf("nothing is said at %s", field)
		}
	}
	if !strings.Contains(p.raw, `href="#event_at-day"`) || !strings.Contains(p.raw, `<title>Error: `) {
		t.Error("the summary does not lead to the field, or the title does not say that there is an error")
	}
	for name, want := range map[string]string{"title": "Visit by <b>Dr & Co</b>", "event_at-day": "31", "event_at-time": "4.10", "who_post": "Nurse", "know": "told"} {
		p.wants(name, want)
	}
	if strings.Contains(p.raw, "<b>Dr") {
		t.Error("what was typed came back as HTML")
	}
	// mended by halves: the rest is still said
	values = p.fields()
	happenedAgo(values, time.Hour)
	p = s.post(p.fileForm(), values).status(http.StatusBadRequest).has("Enter who told you.").lacks("There is no 31")
	values = p.fields()
	values.Set("who", "Dr Pretend")
	if next := s.post(p.fileForm(), values).to(); !documentPage.MatchString(next) {
		t.Errorf("on to %s", next)
	}
	var source, title string
	w.Scan(t, `select v.source, d.title from app.version v join app.document d on d.id = v.document_id`, nil, &source, &title)
	if source != "Dr Pretend, Nurse" || title != "Visit by <b>Dr & Co</b>" || w.objects() != 1 {
		t.Errorf("source %q, title %q, %d objects", source, title, w.objects())
	}
}

// More than 24 hours after it happened a reason is asked for, and not before.
func TestLateReasonOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	at := recordAdd(w.Records["Wren Sample"])
	const day = 24 * time.Hour
	for _, c := range []struct {
		what, kind, reason string
		ago                time.Duration
		late               bool
	}{
		// the clock of the form goes by minutes, so both lie a minute on their side
		{"23 h 58 m", "incident", "", day - 2*time.Minute, false},
		{"24 h 01 m", "incident", "", day + time.Minute, true},
		{"24 h 01 m with blanks", "incident", "  ", day + time.Minute, true},
		{"24 h 01 m with a reason", "incident", "The line was down.", day + time.Minute, false},
		{"5 days of a kind that records no event", "care-plan", "", 5 * day, false},
	} {
		values := paperFacts(c.kind, c.what)
		values.Set("know", "there")
		values.Set("late_reason", c.reason)
		happenedAgo(values, c.ago)
		to := s.send(at, values, scrap{"i.txt", c.what}).to()
		if late := strings.HasPrefix(to, "/uploads/"); late != c.late {
			t.Errorf("%s: on to %s", c.what, to)
			continue
		}
		if !c.late {
			continue
		}
		p := s.open(to).has("Say why it is late.", "That is 1 day ago.", "Records are made within 24 hours")
		values = p.fields()
		values.Set("late_reason", "I was on sick leave.")
		if next := s.post(p.fileForm(), values).to(); !documentPage.MatchString(next) {
			t.Errorf("%s, with the reason: on to %s", c.what, next)
		}
	}
	var reasons []string
	w.Scan(t, `select array_agg(late_reason order by id) from app.version`, nil, &reasons)
	if want := []string{"", "I was on sick leave.", "I was on sick leave.", "The line was down.", ""}; !slices.Equal(reasons, want) {
		t.Errorf("reasons %q, want %q", reasons, want)
	}
}

// What happened holds from its day; what arrived carries the day and its sender;
// what a kind does not need is left alone, whatever is in it.
func TestFieldsByKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	at := recordAdd(w.Records["Wren Sample"])
	all := paperFacts("letter", "Letter")
	putDay(all, "received_on", "3", "1", "2026")
	putDay(all, "event_at", "99", "99", "9999")
	all.Set("sender", "Northam Council (made up)")
	all.Set("event_at-time", "nonsense")
	if to := s.send(at, all, scrap{"l.txt", "Dear"}).to(); !documentPage.MatchString(to) {
		t.Fatalf("a letter: on to %s", to)
	}
	var received time.Time
	var source string
	w.Scan(t, `select received_on, source from app.version order by id desc limit 1`, nil, &received, &source)
	if received.Format(time.DateOnly) != "2026-01-03" || source != "Northam Council (made up)" {
		t.Errorf("received %v from %q", received, source)
	}
	meeting := url.Values{"kind": {"meeting"}, "title": {"House meeting"}, "know": {"there"}}
	putDay(meeting, "in_force_from", "x", "y", "z")
	happenedAgo(meeting, 2*time.Hour)
	if to := s.send(at, meeting, scrap{"m.txt", "Present"}).to(); !documentPage.MatchString(to) {
		t.Fatalf("a meeting: on to %s", to)
	}
	var from, event time.Time
	w.Scan(t, `select wanted_from, event_at from app.version order by id desc limit 1`, nil, &from, &event)
	if clock.DayOf(from) != clock.DayOf(event) || time.Since(event) < 119*time.Minute || time.Since(event) > 122*time.Minute {
		t.Errorf("holds from %v, happened %v", from, event)
	}
}

// The next version of a document: what it is stands fast, what changed is asked,
// and a version that came meanwhile is told, with nothing lost.
func TestNextVersionOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	v := w.add("staff", w.library(), paper("procedure", "2026-01-01", "one"))
	at := "/documents/" + v.Document.ID + "/add"
	form := s.open(at).status(http.StatusOK).has("Add the next version", "Paper of the test, version 2", "What has changed?", "From when does it hold?").lacks("What is it?", "When did it happen?")
	values := form.fields()
	values.Set("note", "New words on page 2")
	if to := s.send(at, values, scrap{"two.txt", "two"}).to(); to != "/documents/"+v.Document.ID+"/versions/2?done=added" {
		t.Errorf("on to %s", to)
	}
	// the same page, now stale: the second version came from elsewhere
	values.Set("note", "Mine")
	values.Del("key")
	to := s.send(at, values, scrap{"three.txt", "three"}).to()
	p := s.open(to).has("Somebody else added a version", "A newer version came while you were at this one", "Paper of the test, version 2", "three.txt")
	p.wants("note", "Mine")
	if next := s.post(p.fileForm(), p.fields()).to(); next != "/documents/"+v.Document.ID+"/versions/3?done=added" {
		t.Errorf("on to %s", next)
	}
	if list := read[page[version]](w.get("staff", "/api/v1/documents/"+v.Document.ID+"/versions")).Items; len(list) != 3 || list[0].Note != "Mine" || list[1].Note != "New words on page 2" {
		t.Errorf("%+v", list)
	}
}

// The same content in the record is pointed out, with the way to it, and added
// when the box is ticked.
func TestSameContentOnThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	v := w.add("staff", w.library(), paper("procedure", "2026-01-01", "the same words"))
	to := s.send(w.libraryAdd(), paperFacts("form", "Again"), scrap{"again.txt", "the same words"}).to()
	p := s.open(to).has("The same file is here already: Paper of the test, version 1", "added on", "Add it all the same", "There is a problem")
	if !strings.Contains(p.raw, `href="/documents/`+v.Document.ID+`/versions/1"`) {
		t.Error("there is no way to the version that holds it")
	}
	p = s.post(p.fileForm(), p.fields()).status(http.StatusConflict).has("tick the box if you mean to add it once more")
	p.wants("title", "Again")
	values := p.fields()
	values.Set("meant", "yes")
	if next := s.post(p.fileForm(), values).to(); !documentPage.MatchString(next) {
		t.Errorf("on to %s", next)
	}
	// in another record it is no matter
	if to := s.send(recordAdd(w.Records["Wren Sample"]), paperFacts("other", "Elsewhere"), scrap{"again.txt", "the same words"}).to(); !documentPage.MatchString(to) {
		t.Errorf("in another record: on to %s", to)
	}
}

// The very same form sent twice, one after the other or at once, adds one document.
func TestFormSentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	values := s.open(w.libraryAdd()).fields()
	values.Set("kind", "form")
	values.Set("title", "Once")
	first := s.send(w.libraryAdd(), values, scrap{"once.txt", "once"}).to()
	answers := make(chan string, 4)
	for range 4 {
		r := s.request(w.libraryAdd(), values, scrap{"once.txt", "once"})
		go func() {
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			r.Header.Set("Cookie", "__Host-custodian="+s.secret)
			resp, err := client.Do(r)
			if err != nil {
				answers <- err.Error()
				return
			}
			_ = resp.Body.Close()
			answers <- resp.Header.Get("Location")
		}()
	}
	for range 4 {
		if to := <-answers; to != first {
			t.Errorf("again: on to %q, want %q", to, first)
		}
	}
	var documents int
	w.Scan(t, `select count(*) from app.document`, nil, &documents)
	if documents != 1 || w.waiting() != 0 || w.objects() != 1 {
		t.Errorf("%d documents, %d files wait, %d objects", documents, w.waiting(), w.objects())
	}
	// another file under the same key is another form
	if to := s.send(w.libraryAdd(), values, scrap{"once.txt", "another"}).to(); to == first || !documentPage.MatchString(to) {
		t.Errorf("another file: on to %s", to)
	}
}

// Twenty files wait together; of twenty-one the last is named as not kept.
func TestTwentyFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	var files []scrap
	for i := range versions.MostFiles + 1 {
		files = append(files, scrap{fmt.Sprintf("paper %d.txt", i+1), fmt.Sprint("content ", i)})
	}
	s.open(s.send(w.libraryAdd(), url.Values{}, files[:20]...).to()).has("20 files to add").lacks("There is a problem")
	to := s.send(w.libraryAdd(), url.Values{}, files...).to()
	s.open(to).has("20 files to add", "paper 21.txt: It was not kept, for 20 files are the most that can wait together")
	s.send(to+"/more", url.Values{}, files[20]).status(http.StatusBadRequest).has("20 files are the most that can wait together")
	if w.objects() != 40 || w.waiting() != 40 {
		t.Errorf("%d objects, %d wait", w.objects(), w.waiting())
	}
	s.open("/home").has("20 files for Policies of " + sample.ChildrensHome)
	s.open(s.post(to+"/drop", url.Values{}).to()).has("None of the files was added")
	if w.objects() != 20 || w.waiting() != 20 {
		t.Errorf("taken away: %d objects, %d wait", w.objects(), w.waiting())
	}
}

// A record that is closed meanwhile, another tab, a role that ended, a day that
// is over: each is said in words, and keeps what was typed.
func TestStaleUploadForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	record := w.Records["Wren Sample"]
	at := recordAdd(record)
	typedIn := paperFacts("care-plan", "Typed with care")
	to := s.send(at, typedIn, scrap{"a.txt", "a"}, scrap{"b.txt", "b"}).to()
	must(t, people.Close(t.Context(), w.DB, w.Actors["manager"], record, people.Change{Why: "over"}))
	s.open(at).status(http.StatusConflict).has("This record is closed")
	s.send(at, typedIn, scrap{"c.txt", "c"}).status(http.StatusConflict).has("This record is closed").wants("title", "Typed with care")
	p := s.open(to).status(http.StatusOK).has("This record was closed meanwhile")
	values := p.fields()
	p = s.post(p.fileForm(), values).status(http.StatusConflict).has("This record is closed")
	p.wants("title", "Typed with care")
	must(t, people.Reopen(t.Context(), w.DB, w.Actors["manager"], record, people.Change{Why: "not over"}))

	// two tabs: the same form leads to what was added, another is told where it is
	other := url.Values{}
	for name, all := range values {
		other[name] = all
	}
	first := s.post(p.fileForm(), values).to()
	if first != to+"?done=added" {
		t.Fatalf("on to %s", first)
	}
	s.post(p.fileForm(), values).to()
	other.Set("title", "Typed in the other tab")
	s.post(p.fileForm(), other).status(http.StatusConflict).has("added already", "Typed with care, version 1", "Typed in the other tab")
	s.post(p.fileForm()+"/drop", url.Values{}).status(http.StatusConflict).has("no longer waiting")

	// its day over: chosen again, with what was typed
	p = s.open(to)
	values = p.fields()
	values.Set("title", "B, typed before its day was over")
	s.post(p.fileForm()+"/keep", values).to()
	w.Exec(t, `update app.upload set begun_at = begun_at - interval '25 hours'`)
	_, err := w.keeper.Sweep(t.Context(), 24*time.Hour)
	must(t, err)
	s.post(p.fileForm(), values).status(http.StatusConflict).has("kept for a day and is gone")
	gone := s.open(to).has("Choose it again", "b.txt")
	gone.wants("title", "B, typed before its day was over")
	values = gone.fields()
	again := s.send(to+"/more", values, scrap{"b again.txt", "b"}).to()
	p = s.open(again).has("One file to add", "b again.txt").lacks("Choose it again")
	p.wants("title", "B, typed before its day was over")
	last := s.post(p.fileForm(), p.fields()).to()
	if !documentPage.MatchString(last) || w.waiting() != 0 {
		t.Errorf("on to %s, %d wait", last, w.waiting())
	}
	// the upload is gone altogether: the same form still leads to what was added, another is told
	if next := s.post(p.fileForm(), p.fields()).to(); next != last {
		t.Errorf("sent again: on to %s, want %s", next, last)
	}
	values = p.fields()
	values.Set("title", "Other words")
	s.post(p.fileForm(), values).status(http.StatusConflict).has("B, typed before its day was over, version 1", "Other words")
}

// Keeping for later, sending more, looking at another file and taking away lose
// nothing that was typed.
func TestUploadLeftAndTakenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	to := s.send(w.libraryAdd(), url.Values{}, scrap{"a.txt", "a"}, scrap{"b.txt", "b"}).to()
	p := s.open(to)
	values := p.fields()
	values.Set("title", "A, half typed")
	putDay(values, "in_force_from", "31", "", "")
	if next := s.post(p.fileForm()+"/keep", values).to(); next != "/home?done=kept" {
		t.Errorf("on to %s", next)
	}
	s.open("/home?done=kept").has("Finish", "2 files for Policies of "+sample.ChildrensHome, "Your files are kept").lacks("a.txt")
	p = s.open(to)
	p.wants("title", "A, half typed")
	p.wants("in_force_from-day", "31")
	p.wants("in_force_from-month", "")
	second := regexp.MustCompile(`value="file-(\d+)"`).FindStringSubmatch(p.raw)
	if second == nil {
		t.Fatal("there is no way to the second file")
	}
	values.Set("then", "file-"+second[1])
	next := s.post(p.fileForm()+"/keep", values).to()
	s.open(next).wants("title", "B")
	values.Set("then", "more")
	if next = s.post(p.fileForm()+"/keep", values).to(); next != to+"/more" {
		t.Fatalf("on to %s", next)
	}
	s.open(next).status(http.StatusOK).has("Send more files")
	s.send(next, url.Values{}).status(http.StatusBadRequest).has("Choose a file to add.")
	s.open(s.send(next, url.Values{}, scrap{"c.txt", "c"}, scrap{"empty.txt", ""}).to()).has("3 files to add", "c.txt", "empty.txt: The file is empty").wants("title", "A, half typed")
	s.post(p.fileForm()+"/drop", url.Values{}).to()
	s.open(to).has("2 files to add").lacks("a.txt")
	if w.objects() != 2 {
		t.Errorf("%d objects", w.objects())
	}
	s.post(to+"/drop", url.Values{}).to()
	s.open(to).status(http.StatusNotFound)
	if w.objects() != 0 || w.waiting() != 0 {
		t.Errorf("%d objects, %d wait", w.objects(), w.waiting())
	}
	s.open("/home").lacks("Finish")
}
