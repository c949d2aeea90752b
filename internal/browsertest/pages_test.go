package browsertest_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"custodian/internal/browsertest"
)

func TestMain(m *testing.M) { browsertest.Main(m) }

// policy is the product's own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// pages are the bodies of a small site; a page's title is its address.
var pages = map[string]string{
	"/": `<h1>Start</h1><p>Nothing   needs
		you today.</p><noscript><p>Script is off.</p></noscript><p id="script"></p><p class="finger">By finger.</p>
		<a href="/form">Add a document</a> <a href="/form">Add a document</a> <a href="/missing">Missing</a>
		<a href="/moved">Moved</a> <a href="/file">The policy</a> <a href="/pdf">The PDF</a> <a href="#foot">To the foot</a> <a href="/slow">Slow</a>
		<ul><li>Fire safety, in force <a href="/?fire">Open</a></li><li>Medicines, superseded <a href="/?medicines">Open</a></li></ul>
		<p id="foot">The foot.</p>`,
	"/form": `<h1>Add a document</h1><form action="/sent" method="post" enctype="multipart/form-data">
		<p><label for="name">Name</label> <input id="name" name="name" value="old"></p>
		<p><label for="why">Why is it late?</label> <textarea id="why" name="why"></textarea></p>
		<fieldset><legend>When did it happen?</legend><div><label for="d1">Day</label><input id="d1" name="d1"></div><div><label for="m1">Month</label><input id="m1" name="m1"></div><div><label for="y1">Year</label><input id="y1" name="y1"></div></fieldset>
		<fieldset><legend>When did you hear?</legend><div><label for="d2">Day</label><input id="d2" name="d2"></div><div><label for="m2">Month</label><input id="m2" name="m2"></div><div><label for="y2">Year</label><input id="y2" name="y2"></div></fieldset>
		<fieldset><legend>How do you know?</legend><input type="radio" name="how" id="h1" value="there"><label for="h1">I was there</label> <input type="radio" name="how" id="h2" value="told"><label for="h2">Someone told me</label></fieldset>
		<p><input type="checkbox" id="sure" name="sure"><label for="sure">I am sure</label></p>
		<p><label for="kind">What is it?</label> <select id="kind" name="kind"><option>Letter</option><option>Care plan</option></select></p>
		<p><label for="file">File</label> <input type="file" id="file" name="file" multiple></p>
		<button>Check <span>and add</span></button></form>`,
	"/upload": `<h1>Upload</h1><form action="/sent" method="post"><label for="up">Files</label>
		<div class="govuk-drop-zone"><button class="govuk-file-upload-button" type="button" id="up" aria-label="Files to add, choose">Choose files</button><input class="away" tabindex="-1" aria-hidden="true" type="file" name="file"></div></form>`,
	"/mismatch": `<h1>Mismatch</h1><button class="govuk-file-upload-button" type="button" aria-label="Something else">Choose files</button>`,
	"/image":    `<h1>Picture</h1><img src="/icon.svg">`,
	"/console":  `<h1>Console</h1><script src="/console.js"></script>`,
	"/throws":   `<h1>Throws</h1><script src="/throws.js"></script>`,
	"/inline":   `<h1>Inline</h1><p style="color:red">Red</p>`,
	"/broken":   `<h1>Broken</h1><img src="/none.png" alt="Nothing">`,
	"/foreign":  `<h1>Foreign</h1><img src="http://localhost:1/x.png" alt="Not ours">`,
	"/wide":     `<h1>Wide</h1><div class="wide">Wide</div>`,
	"/covered":  `<h1>Covered</h1><button>Save</button><div class="cover">A notice</div>`,
	"/blind":    `<h1>Blind</h1><a href="/" class="blind">No outline</a>`,
	"/late":     `<h1>Late</h1><p id="late"></p><script src="/late.js"></script>`,
	"/text":     `<h1>Text</h1><div class="rem">Grows with the reader's text</div>`,
}

const style = `body { margin: 0 } fieldset { min-width: 0 } input, textarea, select { max-width: 100%; box-sizing: border-box } main { outline: none } .wide { width: 1300px } .rem { width: 40rem } .away { position: absolute; opacity: 0; pointer-events: none }
.cover { position: fixed; inset: 0; background: #fff } .blind:focus { outline: none }
.finger { display: none } @media (pointer: coarse) and (hover: none) { .finger { display: block } }`

var scripts = map[string]string{
	"/site.js":    `const s = document.getElementById('script'); if (s) s.textContent = 'Script is on.'`,
	"/console.js": `console.error('the console says')`,
	"/throws.js":  `throw new Error('thrown on purpose')`,
	"/late.js":    `fetch('/slow').then(() => setTimeout(() => { document.getElementById('late').textContent = 'Here at last.' }, 200))`,
}

// site serves the pages under the strict policy.
func site(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(serve))
	t.Cleanup(s.Close)
	return s.URL
}

func serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	switch path := r.URL.Path; {
	case pages[path] != "":
		write(w, r, http.StatusOK, pages[path])
	case scripts[path] != "":
		h.Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, scripts[path])
	case path == "/site.css":
		h.Set("Content-Type", "text/css")
		_, _ = io.WriteString(w, style)
	case path == "/icon.svg":
		h.Set("Content-Type", "image/svg+xml")
		_, _ = io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`)
	case path == "/moved":
		http.Redirect(w, r, "/", http.StatusSeeOther)
	case path == "/slow":
		time.Sleep(300 * time.Millisecond)
		write(w, r, http.StatusOK, `<h1>Slow</h1>`)
	case path == "/file" || path == "/pdf":
		h.Set("Content-Type", map[string]string{"/file": "text/plain", "/pdf": "application/pdf"}[path])
		if path == "/file" {
			h.Set("Content-Disposition", `attachment; filename="policy.txt"`)
		}
		_, _ = io.WriteString(w, "%PDF-1.7 the bytes")
	case path == "/cookie":
		http.SetCookie(w, &http.Cookie{Name: "__Host-who", Value: r.URL.RawQuery, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/who", http.StatusSeeOther)
	case path == "/who":
		c, err := r.Cookie("__Host-who")
		if err != nil {
			c = &http.Cookie{Value: "nobody"}
		}
		write(w, r, http.StatusOK, "<h1>You are "+html.EscapeString(c.Value)+"</h1>")
	case path == "/sent":
		sent(w, r)
	default:
		write(w, r, http.StatusNotFound, `<h1>We cannot find that page</h1>`)
	}
}

func write(w http.ResponseWriter, r *http.Request, status int, main string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>Page %s</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/icon.svg"><link rel="stylesheet" href="/site.css"></head><body><header>Header</header><main>%s</main><script src="/site.js"></script></body></html>`, r.URL.Path, main)
}

// sent shows what came, field by field.
func sent(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var b strings.Builder
	for _, k := range []string{"name", "why", "d1", "m1", "y1", "d2", "m2", "y2", "how", "sure", "kind"} {
		fmt.Fprintf(&b, "<p>%s=%s.</p>", k, html.EscapeString(r.FormValue(k)))
	}
	for _, f := range r.MultipartForm.File["file"] {
		fmt.Fprintf(&b, "<p>file=%s, %d bytes.</p>", html.EscapeString(f.Filename), f.Size)
	}
	write(w, r, http.StatusBadRequest, "<h1>There is a problem</h1>"+b.String())
}

// recorder is a test that may fail without failing the real one.
type recorder struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)                 { r.Fatalf("%s", fmt.Sprint(args...)) }

// complaints gives what a test that does this would be told.
func complaints(t *testing.T, o browsertest.Options, do func(p *browsertest.Page)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(browsertest.Start(r).Visitor(r, o))
	}()
	<-done
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}
