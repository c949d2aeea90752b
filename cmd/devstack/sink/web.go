package sink

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

//go:embed pages
var pages embed.FS

// policy lets a page load its own style sheet and nothing else, and do nothing.
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// web shows the inbox.
type web struct {
	inbox *Inbox
	pages *template.Template
}

// Handler returns the pages: the list at /, a message at /messages/ID, and the same as JSON under /api/messages. It answers
// only requests that name the loopback interface, so that no web page elsewhere can read the mail by a name that it has made
// to point here.
func (b *Inbox) Handler() (http.Handler, error) {
	t, err := template.ParseFS(pages, "pages/*.html")
	if err != nil {
		return nil, err
	}
	w := &web{inbox: b, pages: t}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", w.list)
	mux.HandleFunc("GET /messages/{id}", w.message)
	mux.HandleFunc("GET /api/messages", w.listJSON)
	mux.HandleFunc("GET /api/messages/{id}", w.messageJSON)
	mux.HandleFunc("GET /style.css", func(rw http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(rw, r, pages, "pages/style.css")
	})
	return guarded(mux), nil
}

func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !loopback(r.Host) {
			http.Error(w, "This inbox is for this computer only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

func (w *web) list(rw http.ResponseWriter, _ *http.Request) {
	w.show(rw, "list.html", w.inbox.Newest())
}

// shown is a message as its page shows it.
type shown struct {
	Message
	Body   []piece
	Source bool // the body is the source of an HTML message that has no text
}

func (w *web) message(rw http.ResponseWriter, r *http.Request) {
	m, ok := w.find(r)
	if !ok {
		rw.WriteHeader(http.StatusNotFound)
		w.show(rw, "missing.html", nil)
		return
	}
	s := shown{Message: m, Body: pieces(m.Text)}
	if m.Text == "" && m.HTML != "" {
		s.Body, s.Source = []piece{{Text: m.HTML}}, true
	}
	w.show(rw, "message.html", s)
}

func (w *web) listJSON(rw http.ResponseWriter, _ *http.Request) {
	answer(rw, http.StatusOK, map[string]any{"messages": w.inbox.Newest()})
}

func (w *web) messageJSON(rw http.ResponseWriter, r *http.Request) {
	m, ok := w.find(r)
	if !ok {
		answer(rw, http.StatusNotFound, map[string]any{"error": "no such message"})
		return
	}
	answer(rw, http.StatusOK, m)
}

func (w *web) find(r *http.Request) (Message, bool) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return Message{}, false
	}
	return w.inbox.Find(id)
}

// show renders to a buffer first, so that an error never follows half a page.
func (w *web) show(rw http.ResponseWriter, page string, data any) {
	var b bytes.Buffer
	if err := w.pages.ExecuteTemplate(&b, page, data); err != nil {
		http.Error(rw, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write(b.Bytes())
}

func answer(rw http.ResponseWriter, status int, v any) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(v)
}

// piece is a stretch of text, or a link when URL is set.
type piece struct {
	Text string
	URL  string
}

// pieces finds the web addresses in a text, so that they can be followed. Nothing but http and https becomes a link.
func pieces(text string) []piece {
	var list []piece
	rest := 0
	for _, at := range regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?')\]]`).FindAllStringIndex(text, -1) {
		found := text[at[0]:at[1]]
		if u, err := url.Parse(found); err != nil || u.Host == "" {
			continue
		}
		list = append(list, piece{Text: text[rest:at[0]]}, piece{Text: found, URL: found})
		rest = at[1]
	}
	return append(list, piece{Text: text[rest:]})
}
