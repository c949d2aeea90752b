package sink_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"custodian/cmd/devstack/sink"
)

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

// open runs a sink on real ports and returns where mail goes in and where its pages are.
func open(t *testing.T) (mail, pages string) {
	t.Helper()
	box := sink.NewInbox(noon)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := box.Server()
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	h, err := box.Handler()
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	return l.Addr().String(), web.URL
}

func send(t *testing.T, server, raw string) {
	t.Helper()
	raw = strings.ReplaceAll(raw, "\n", "\r\n")
	if err := smtp.SendMail(server, nil, "portal@demo.example", []string{"reader@demo.example", "copy@demo.example"}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func messages(t *testing.T, pages string) []sink.Message {
	t.Helper()
	_, body := get(t, pages+"/api/messages")
	var list struct{ Messages []sink.Message }
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return list.Messages
}

func TestMessageArrives(t *testing.T) {
	t.Parallel()
	server, pages := open(t)
	send(t, server, `From: Custodian <portal@demo.example>
To: reader@demo.example
Subject: =?utf-8?q?Sharing_with_you_=E2=80=93_a_letter?=
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Read it at http://127.0.0.1:8080/l/abc?x=3D1. It ends on =C2=A71.
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+UmVhZCBpdDwvcD4=
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="plan.pdf"

%PDF
--b--
`)
	list := messages(t, pages)
	if len(list) != 1 {
		t.Fatalf("%d messages", len(list))
	}
	m := list[0]
	for what, pair := range map[string][2]string{
		"subject":    {m.Subject, "Sharing with you – a letter"},
		"from":       {m.From, "portal@demo.example"},
		"to":         {strings.Join(m.To, " "), "reader@demo.example copy@demo.example"},
		"text":       {m.Text, "Read it at http://127.0.0.1:8080/l/abc?x=1. It ends on §1."},
		"html":       {m.HTML, "<p>Read it</p>"},
		"attachment": {strings.Join(m.Attachments, " "), "plan.pdf"},
		"received":   {m.Received.Format(time.RFC3339), "2026-03-14T12:00:00Z"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", what, pair[0], pair[1])
		}
	}
	_, page := get(t, pages+"/messages/1")
	if !strings.Contains(page, `<a href="http://127.0.0.1:8080/l/abc?x=1" rel="noreferrer">`) {
		t.Errorf("the address in the text is no link:\n%s", page)
	}
	if _, list := get(t, pages+"/"); !strings.Contains(list, `<a href="/messages/1">Sharing with you – a letter</a>`) {
		t.Errorf("the list does not lead to the message:\n%s", list)
	}
}

// Nothing in a message reaches the browser as markup, and the policy would not run it if it did.
func TestHostileMessage(t *testing.T) {
	t.Parallel()
	server, pages := open(t)
	const bad = `<script>alert(1)</script><img src=x onerror=alert(1)>"'><svg/onload=alert(1)>`
	send(t, server, "Subject: "+bad+"\nContent-Type: text/html\n\n"+bad+"\n")
	send(t, server, "Subject: "+bad+"\n\n"+bad+" javascript:alert(1) http://a.example/\"onmouseover=alert(1) https://x.example/<script>\n")
	send(t, server, "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=\"<script>alert(1)</script>\"\n\nx\n--b--\n")
	for _, path := range []string{"/", "/messages/1", "/messages/2", "/messages/3"} {
		resp, page := get(t, pages+path)
		for _, never := range []string{"<script", "<img", "<svg", `href="javascript:`, `"onmouseover`, `" onmouseover`} {
			if strings.Contains(page, never) {
				t.Errorf("%s holds %s:\n%s", path, never, page)
			}
		}
		if !strings.Contains(page, "&lt;script&gt;") {
			t.Errorf("%s does not show the message's own text, so this test proves nothing:\n%s", path, page)
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
	resp, body := get(t, pages+"/api/messages")
	if resp.Header.Get("Content-Type") != "application/json" || strings.Contains(body, "<script") {
		t.Errorf("the list as JSON is %s: %s", resp.Header.Get("Content-Type"), body)
	}
}

// A message need not be well formed to be shown, and cannot take the sink down.
func TestOddMessages(t *testing.T) {
	t.Parallel()
	deep := "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
	for name, raw := range map[string]string{
		"no message at all": "this is not a message",
		"bytes, not text":   "Subject: a\n\n\xff\xfe\x80 end",
		"no boundary":       "Content-Type: multipart/mixed\n\nbody",
		"cut in the middle": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nhalf",
		"wrong base64":      "Content-Transfer-Encoding: base64\n\n!!!!",
		"endlessly nested":  strings.Repeat(deep, 200),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, pages := open(t)
			send(t, server, raw)
			if got := len(messages(t, pages)); got != 1 {
				t.Fatalf("%d messages", got)
			}
			if resp, page := get(t, pages+"/messages/1"); resp.StatusCode != http.StatusOK || !strings.Contains(page, "<h1>") {
				t.Errorf("its page answers %s", resp.Status)
			}
		})
	}
}

// Only the newest are kept, the newest first.
func TestBound(t *testing.T) {
	t.Parallel()
	box := sink.NewInbox(noon)
	for i := range 507 {
		box.Add("a", []string{"b"}, fmt.Appendf(nil, "Subject: %d\n\nx", i))
	}
	list := box.Newest()
	if len(list) != 500 || list[0].Subject != "506" || list[499].Subject != "7" {
		t.Fatalf("%d kept, from %q to %q", len(list), list[0].Subject, list[len(list)-1].Subject)
	}
	if _, ok := box.Find(7); ok {
		t.Error("message 7 should be forgotten")
	}
	if m, ok := box.Find(8); !ok || m.Subject != "7" {
		t.Errorf("message 8 is %q, %v", m.Subject, ok)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	_, pages := open(t)
	for path, want := range map[string]int{
		"/messages/1": 404, "/messages/x": 404, "/api/messages/1": 404, "/messages/../etc/passwd": 404, "/style.css": 200,
	} {
		if resp, _ := get(t, pages+path); resp.StatusCode != want {
			t.Errorf("%s answers %d, want %d", path, resp.StatusCode, want)
		}
	}
	req, err := http.NewRequest(http.MethodGet, pages+"/api/messages", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "elsewhere.example" // a web page elsewhere whose name was made to point here
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host's name is answered with %s", resp.Status)
	}
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	server, pages := open(t)
	raw := "Subject: big\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 11<<20/78)
	if err := smtp.SendMail(server, nil, "a@demo.example", []string{"b@demo.example"}, []byte(raw)); err == nil {
		t.Error("11 MiB were taken")
	}
	if got := len(messages(t, pages)); got != 0 {
		t.Errorf("%d messages are kept", got)
	}
}
