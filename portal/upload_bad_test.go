package portal_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custodian/internal/sample"
	"custodian/storage/storagetest"
	"custodian/versions"
)

// Each file that cannot be kept is named with what to do, and the others of the
// same form are kept.
func TestBadFilesAreNamed(t *testing.T) {
	t.Parallel()
	w := newWorldWith(t, 2<<20, storagetest.Memory())
	s := w.sender("staff")
	good := scrap{"good.txt", "good"}
	for _, c := range []struct {
		file scrap
		says string
	}{
		{scrap{"empty.pdf", ""}, "empty.pdf: The file is empty."},
		{scrap{"photo.jpg", "MZ\x90\x00\x03\x00\x00\x00" + strings.Repeat("\x00", 200)}, "photo.jpg: The file's name ends in .jpg, but its content is a program"},
		{scrap{"letter.pdf", "<!doctype html><html><script>alert(1)</script>"}, "its content is a web page (HTML)"},
		{scrap{"../../etc/passwd", "x"}, "The file's name holds a character that a name may not have"},
		{scrap{`C:\papers\plan.txt`, "x"}, "The file's name holds a character that a name may not have"},
		{scrap{`my "plan".txt`, "x"}, "The file's name holds a character that a name may not have"},
		{scrap{"plan\u202etxt.exe", "x"}, "holds characters that cannot be seen"},
		{scrap{"<img src=x onerror=alert(1)>.txt", "x"}, "The file's name holds a character that a name may not have"},
		{scrap{strings.Repeat("é", 201) + ".txt", "x"}, "205 letters"},
		{scrap{"", "content without a name"}, "The file has no name."},
		{scrap{"large.bin", strings.Repeat("x", 2<<20+1)}, "The file is larger than 2 MiB"},
	} {
		before := w.objects()
		to := s.send(w.libraryAdd(), url.Values{}, c.file, good).to()
		p := s.open(to).has(c.says, "One file to add", "good.txt")
		if strings.Contains(p.raw, "<img src=x") || strings.Contains(p.raw, "\u202e") {
			t.Errorf("%q came back as it was", c.file.name)
		}
		if n := w.objects(); n != before+1 {
			t.Errorf("%q: %d objects more", c.file.name, n-before)
		}
		// alone it is refused on the page itself, with what was typed
		p = s.send(w.libraryAdd(), paperFacts("form", "Typed"), c.file)
		if p.StatusCode < 400 || p.StatusCode >= 500 {
			t.Errorf("%q alone: %d", c.file.name, p.StatusCode)
		}
		p.has("There is a problem", c.says)
		p.wants("title", "Typed")
		if w.objects() != before+1 {
			t.Errorf("%q alone left an object", c.file.name)
		}
		s.post(to+"/drop", url.Values{}).to()
	}
}

// A name with every letter that a name may have is kept as it is.
func TestStrangeButGoodNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	for name, title := range map[string]string{"O'Neill & Sons – plan (final).txt": "O'Neill & Sons – plan (final)", "مريم.txt": "مريم", "日本.txt": "日本", "100%.txt": "100%",
		"no ending": "No ending", ".hidden": ".hidden", "a;b=c.txt": "A;b=c", "éclair_recipe  2.txt": "Éclair recipe 2"} {
		s.open(s.send(w.libraryAdd(), url.Values{}, scrap{name, "content of " + name}).to()).has(strings.Join(strings.Fields(name), " ")).wants("title", title)
	}
}

// What is typed into any field comes back as it was typed, and is never HTML.
func TestEveryFieldIsEscaped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	const nasty = `"><script>alert('x')</script>&amp;`
	values := url.Values{}
	for _, name := range []string{"title", "event_at-day", "event_at-month", "event_at-year", "event_at-time", "late_reason", "who", "who_post", "sender", "in_force_from-day",
		"in_force_from-year", "in_force_to-month", "received_on-day", "review_on-day"} {
		values.Set(name, nasty+name)
	}
	for _, kind := range []string{"incident", "letter", "care-plan", nasty} {
		values.Set("kind", kind)
		values.Set("know", nasty)
		values.Set("key", nasty)
		at := recordAdd(w.Records["Wren Sample"])
		waits := s.open(s.send(at, values, scrap{"n.txt", kind}).to())
		for _, p := range []seen{s.send(at, values), waits, s.post(waits.fileForm(), values)} {
			if strings.Contains(p.raw, "<script>alert") {
				t.Errorf("%s as %s: what was typed is HTML", p.Request.URL.Path, kind)
			}
			for name := range values {
				if name != "kind" && name != "know" && name != "key" {
					p.wants(name, nasty+name)
				}
			}
		}
	}
}

// To anybody else an upload is not there, by whatever address; another setting's
// people cannot send at all, and see the same as where there is nothing.
func TestUploadsAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	to := s.send(w.libraryAdd(), url.Values{}, scrap{"a.txt", "a"}).to()
	file := s.open(to).fileForm()
	nothing := s.open("/uploads/999999999").status(http.StatusNotFound).text
	v := w.document(w.library())
	for _, who := range []string{"manager", "staff2", "other-staff", "inspector", "admin", "other-manager"} {
		o := w.sender(who)
		was, objects := w.refusals(), w.objects()
		for i, p := range []seen{o.open(to), o.open(to + "/more"), o.post(file, paperFacts("form", "Mine now")), o.post(file+"/keep", url.Values{}), o.post(file+"/drop", url.Values{}),
			o.post(to+"/drop", url.Values{}), o.send(to+"/more", url.Values{}, scrap{"b.txt", "b"})} {
			if p.status(http.StatusNotFound); !strings.HasPrefix(p.text, "We cannot find that page") {
				t.Errorf("%s, %d: %s", who, i, p.text)
			}
		}
		if strings.HasPrefix(who, "other") || who == "admin" {
			for _, at := range []string{w.libraryAdd(), "/documents/" + v + "/add"} {
				o.open(at).status(http.StatusNotFound)
				o.send(at, paperFacts("form", "Theirs"), scrap{"t.txt", "t"}).status(http.StatusNotFound)
			}
		}
		if w.objects() != objects || w.refusals() <= was {
			t.Errorf("%s: %d objects, were %d; %d refusals, were %d", who, w.objects(), objects, w.refusals(), was)
		}
	}
	if nothing == "" || w.waiting() != 1 {
		t.Errorf("%d files wait", w.waiting())
	}
	// who may read and not add is told so
	o := w.sender("inspector")
	o.open(w.libraryAdd()).status(http.StatusForbidden).has("You may read here, but not add.")
	o.send(w.libraryAdd(), paperFacts("form", "Kept"), scrap{"t.txt", "t"}).status(http.StatusForbidden).has("You may read here, but not add.").wants("title", "Kept")
	for _, bad := range []string{"/records/0/add", "/records/x/add", "/documents/0/add", "/uploads/x", "/uploads/0/more"} {
		s.open(bad).status(http.StatusNotFound)
	}
}

// document plants a document in a record, past the portal.
func (w *world) document(path string) string {
	w.t.Helper()
	var record int64
	_, err := fmt.Sscanf(path, "/api/v1/records/%d", &record)
	must(w.t, err)
	slot, err := w.keeper.BeginDocument(w.t.Context(), w.Actors["staff"], record)
	must(w.t, err)
	r, err := w.keeper.Receive(w.t.Context(), "d.txt", strings.NewReader("d"))
	must(w.t, err)
	a, err := w.keeper.AddDocument(w.t.Context(), w.Actors["staff"], slot, versions.Entry{Title: "D", Kind: "form", InForceFrom: "2026-01-01"}, r, "")
	must(w.t, err)
	return number(a.Document.ID)
}

// A session that has ended before the form was sent, or ends while it is: what
// was typed is given back, no file is kept, and sent again it stands in the form.
func TestSessionEndsAroundAnUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	values := paperFacts("form", "Long typed")
	was := w.census()
	sent, r := s.slowly(w.libraryAdd(), values, scrap{"a.txt", strings.Repeat("a", 200<<10)})
	sent.half()
	for begun := 0; begun == 0; { // until the file is on its way into the store
		w.Scan(t, `select count(*) from app.upload`, nil, &begun)
	}
	s.signOff()
	sent.rest()
	p := (<-r).status(http.StatusUnauthorized).has("Nothing you typed is lost", "Files could not be kept")
	if is := w.census(); is != was {
		t.Errorf("left:\n%s, was\n%s", is, was)
	}
	if got := p.fields(); got.Get("title") != "Long typed" || got.Get("in_force_from-day") != "5" {
		t.Errorf("given back: %v", got)
	}
	gone := s.send(w.libraryAdd(), values, scrap{"a.txt", "a"}).status(http.StatusUnauthorized)
	if got := gone.fields(); got.Get("title") != "Long typed" || w.objects() != 0 {
		t.Errorf("given back: %v; %d objects", got, w.objects())
	}
	back := w.sender("staff")
	back.post(w.libraryAdd(), p.fields()).status(http.StatusBadRequest).has("Choose a file to add.").wants("title", "Long typed")
}

// slow is a form that is sent in two halves.
type slow struct {
	w    *io.PipeWriter
	body []byte
	t    testing.TB
}

func (s slow) half() {
	s.t.Helper()
	_, err := s.w.Write(s.body[:len(s.body)/2])
	must(s.t, err)
}

func (s slow) rest() {
	s.t.Helper()
	_, err := s.w.Write(s.body[len(s.body)/2:])
	must(s.t, err)
	must(s.t, s.w.Close())
}

func (s sender) slowly(path string, values url.Values, files ...scrap) (slow, <-chan seen) {
	s.t.Helper()
	sent := parcel(s.t, values, files...)
	body, err := io.ReadAll(sent.body)
	must(s.t, err)
	read, write := io.Pipe()
	r, err := http.NewRequest(http.MethodPost, s.url+path, read)
	must(s.t, err)
	r.Header.Set("Content-Type", sent.kind)
	answer := make(chan seen, 1)
	go func() { answer <- s.do(r) }()
	return slow{write, body, s.t}, answer
}

// A form that breaks off leaves nothing: no row, no object, whichever file it
// was at, and also where only the closing boundary is missing.
func TestUploadThatBreaksOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	sent := parcel(t, paperFacts("form", "Cut"), scrap{"a.txt", strings.Repeat("a", 40<<10)}, scrap{"b.txt", strings.Repeat("b", 40<<10)})
	body, err := io.ReadAll(sent.body)
	must(t, err)
	was := w.census()
	for _, at := range []int{100, 30 << 10, 60 << 10, len(body) - 200, len(body) - 3} {
		conn := w.dial()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nCookie: __Host-custodian=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", w.libraryAdd(), s.secret, sent.kind, len(body), body[:at])
		must(t, conn.Close())
		// the same length that ends there, as a browser that was told a wrong size sends it
		r, err := http.NewRequest(http.MethodPost, s.url+w.libraryAdd(), strings.NewReader(string(body[:at])))
		must(t, err)
		r.Header.Set("Content-Type", sent.kind)
		s.do(r).status(http.StatusBadRequest)
	}
	w.until("what broke off leaves nothing", func() bool { return w.census() == was && w.waiting() == 0 }) // the portal learns of a closed connection a little later
}

// Forms that no page of ours makes are answered in words, and leave nothing.
func TestFormsThatNoPageMakes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	post := func(kind, body string) seen {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.url+w.libraryAdd(), strings.NewReader(body))
		must(t, err)
		r.Header.Set("Content-Type", kind)
		return s.do(r)
	}
	many := url.Values{}
	for i := range 400 {
		many.Set(fmt.Sprint("f", i), "x")
	}
	long := paperFacts("form", strings.Repeat("t", 300<<10))
	novel := paperFacts("form", strings.Repeat("t", 170_000))
	for what, p := range map[string]seen{
		"json": post("application/json", `{}`), "no type": post("", ""), "no boundary": post("multipart/form-data", "x"), "another boundary": post("multipart/form-data; boundary=b", "--c\r\n"),
		"many fields": s.send(w.libraryAdd(), many, scrap{"a.txt", "a"}), "too much typed": s.send(w.libraryAdd(), long, scrap{"a.txt", "a"}), "a novel": s.send(w.libraryAdd(), novel, scrap{"a.txt", "a"}),
		"a name of a part that cannot be read": post("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"b\"\r\n\r\nx\r\n--b--\r\n"),
	} {
		if p.StatusCode < 400 || p.StatusCode > 499 || strings.Contains(p.text, "went wrong on our side") {
			t.Errorf("%s: %d %s", what, p.StatusCode, p.text)
		}
	}
	if w.objects() != 0 || w.waiting() != 0 {
		t.Errorf("%d objects, %d wait", w.objects(), w.waiting())
	}
	// a key that is none is no key, and the same form then adds a second time only when it is meant
	values := paperFacts("form", "Without a key")
	values.Set("key", "short")
	s.send(w.libraryAdd(), values, scrap{"a.txt", "a"}).to()
	s.open(s.send(w.libraryAdd(), values, scrap{"a.txt", "a"}).to()).has("The same file is here already")
	if strings.Contains(w.log.String(), "Without a key") || strings.Contains(w.log.String(), "a.txt") || strings.Contains(w.log.String(), sample.ChildrensHome) {
		t.Error("what was typed, or a name, is in the log")
	}
}

// The page's script is told where to go on to, and otherwise gets the same answers.
func TestScriptGetsTheSameAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	r := s.request(w.libraryAdd(), paperFacts("form", "By script"), scrap{"a.txt", "a"})
	r.Header.Set("Custodian-Script", "1")
	if p := s.do(r).status(http.StatusCreated); !documentPage.MatchString(p.Header.Get("Location")) {
		t.Errorf("on to %q", p.Header.Get("Location"))
	}
	r = s.request(w.libraryAdd(), paperFacts("form", "By script"))
	r.Header.Set("Custodian-Script", "1")
	s.do(r).status(http.StatusBadRequest).has("Choose a file to add.").wants("title", "By script")
}

// One person sends four forms at once and no more: the fifth waits until one of
// them is through, and is taken then. Others are not kept waiting.
func TestFormsTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.sender("staff")
	begun := func(want int) {
		t.Helper()
		for n := -1; n < want; {
			w.Scan(t, `select count(*) from app.upload`, nil, &n)
		}
	}
	var forms []slow
	var answers []<-chan seen
	for i := range 5 {
		f, a := s.slowly(w.libraryAdd(), paperFacts("form", fmt.Sprint("Turn ", i)), scrap{"t.txt", strings.Repeat(fmt.Sprint(i), 100<<10)})
		forms, answers = append(forms, f), append(answers, a)
		if i < 4 {
			f.half()
			begun(i + 1)
		}
	}
	go forms[4].half()
	// somebody else goes first, and comes and goes while the fifth waits
	if to := w.sender("manager").send(w.libraryAdd(), paperFacts("form", "Other"), scrap{"o.txt", "o"}).to(); !documentPage.MatchString(to) {
		t.Errorf("somebody else: on to %s", to)
	}
	var waiting int
	if w.Scan(t, `select count(*) from app.upload`, nil, &waiting); waiting != 4 {
		t.Errorf("%d forms of one person are taken at once, want 4", waiting)
	}
	for i := range 4 {
		forms[i].rest()
		(<-answers[i]).to()
	}
	begun(1)
	forms[4].rest()
	(<-answers[4]).to()
}
