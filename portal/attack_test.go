package portal_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/login"
)

// Whoever plants a cookie in somebody's browser gains nothing by it: signing in
// gives a fresh secret, and the planted session is neither used nor taken over.
func TestPlantedCookies(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	attacker, at := d.browser(), must1[*url.URL](t)(url.Parse(d.url))
	attacker.enter(someone("inspector"))
	known := attacker.cookies()[login.SessionCookie]
	for name, planted := range map[string]string{"of the attacker": known, "of nobody": "custodian_session_AAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense": "x"} {
		victim := d.browser()
		victim.client.Jar.SetCookies(at, []*http.Cookie{{Name: login.SessionCookie, Value: planted, Path: "/", Secure: true}})
		victim.enter(someone("admin"))
		mine := victim.cookies()[login.SessionCookie]
		if mine == planted || mine == "" || mine == known {
			t.Errorf("%s: the planted secret stands after signing in", name)
		}
		victim.open(http.StatusOK, "/home").says("People and their roles")
	}
	// the attacker's own session ended when it was found in another's browser: nobody works on in a session that two know
	attacker.open(http.StatusSeeOther, "/home")
	// two cookies of one name, as a sister site could set beside ours: the first decides, and never both
	both := d.browser()
	both.enter(someone("admin"))
	good := both.cookies()[login.SessionCookie]
	both.client.Jar = must1[*cookiejar.Jar](t)(cookiejar.New(nil))
	both.open(http.StatusSeeOther, "/home", "Cookie", login.SessionCookie+"=x; "+login.SessionCookie+"="+good)
	both.open(http.StatusOK, "/home", "Cookie", login.SessionCookie+"="+good+"; "+login.SessionCookie+"=x")
	// names that only look like ours
	for _, name := range []string{"custodian", "__host-custodian", "__Secure-custodian", " " + login.SessionCookie + "x"} {
		both.open(http.StatusSeeOther, "/home", "Cookie", name+"="+good)
	}
}

// forged are headers by which a proxy would tell where a request came from, and
// by which some programs let themselves be told what was asked.
func forged() []string {
	return []string{
		"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Scheme", "X-Forwarded-User",
		"X-Forwarded-Email", "X-Forwarded-Groups", "Forwarded", "X-Real-IP", "True-Client-IP", "X-Client-IP", "CF-Connecting-IP", "X-Original-URL", "X-Rewrite-URL", "X-Original-Host",
		"X-Host", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-User-ID", "X-User", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "X-Auth-Request-Email",
		"X-WEBAUTH-USER", "X-Custom-IP-Authorization", "X-ProxyUser-Ip", "Via", "X-Wap-Profile", "X-Amzn-Oidc-Identity", "X-Ms-Client-Principal-Name", "X-Actor", "X-App-Actor",
	}
}

// Nothing of what is told in a header about where a request came from, or for
// whom, counts: every answer is the one without it, byte for byte.
func TestForgedHeaders(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	in, out := d.browser(), d.browser()
	in.enter(someone("inspector"))
	ask := []struct {
		b      *browser
		status int
		path   string
	}{{in, http.StatusNotFound, "/people"}, {in, http.StatusOK, "/me"}, {out, http.StatusSeeOther, "/home"}, {out, http.StatusOK, "/"}, {out, http.StatusUnauthorized, "/api/v1/me"}}
	for _, q := range ask {
		plain := q.b.open(q.status, q.path)
		for _, name := range forged() {
			for _, value := range []string{"127.0.0.1", "evil.example.org", "https", "/settings", "DELETE", "1", `for=127.0.0.1;host=evil.example.org;proto=http`} {
				got := q.b.open(q.status, q.path, name, value)
				if diff := cmp.Diff(headers(plain.Header), headers(got.Header)); diff != "" || string(plain.body) != string(got.body) {
					t.Fatalf("%s with %s: %s is answered otherwise: %s", q.path, name, value, diff)
				}
			}
		}
	}
	// also not where an address is made for the sign-in service
	location := out.open(http.StatusSeeOther, "/sign-in", "X-Forwarded-Host", "evil.example.org", "X-Forwarded-Proto", "http", "Forwarded", "host=evil.example.org").Header.Get("Location")
	if strings.Contains(location, "evil") {
		t.Errorf("the browser is sent to %s", location)
	}
}

// What stands behind the first request of a connection is never taken for a part
// of it, nor the other way round: requests whose length two readers could see
// differently are refused, and the connection ends with them.
func TestSmuggledRequests(t *testing.T) {
	t.Parallel()
	d := newDoor(t)
	const get, host = "GET /signed-in HTTP/1.1\r\nHost: custodian\r\n\r\n", "Host: custodian\r\n"
	chunked := "Transfer-Encoding: chunked\r\n"
	for name, sent := range map[string]string{
		"two lengths":                "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: 0\r\nContent-Length: 49\r\n\r\n" + get,
		"two lengths in one":         "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: 0, 49\r\n\r\n" + get,
		"a signed length":            "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: +0\r\n\r\n" + get,
		"a length below zero":        "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n" + get,
		"a length in hexadecimal":    "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: 0x0\r\n\r\n" + get,
		"an empty length":            "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: \r\n\r\n" + get,
		"a length too long to hold":  "POST /sign-out HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n" + get,
		"a coding nobody knows":      "POST /sign-out HTTP/1.1\r\n" + host + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + get,
		"two codings":                "POST /sign-out HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + get,
		"the coding twice":           "POST /sign-out HTTP/1.1\r\n" + host + chunked + chunked + "\r\n0\r\n\r\n" + get,
		"a space before the colon":   "POST /sign-out HTTP/1.1\r\n" + host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + get,
		"a folded header":            "POST /sign-out HTTP/1.1\r\n" + host + "X-A: b\r\n Content-Length: 49\r\nTransfer-Encoding:\r\n chunkedx\r\n\r\n0\r\n\r\n" + get,
		"a bare carriage return":     "POST /sign-out HTTP/1.1\r\n" + host + "X-A: b\rContent-Length: 49\r\nContent-Length: z\r\n\r\n" + get,
		"a zero byte in a header":    "GET / HTTP/1.1\r\n" + host + "X-A: b\x00c\r\n\r\n" + get,
		"a header without a name":    "GET / HTTP/1.1\r\n" + host + ": b\r\n\r\n" + get,
		"a line that is no header":   "GET / HTTP/1.1\r\n" + host + "nonsense\r\n\r\n" + get,
		"two hosts":                  "GET / HTTP/1.1\r\n" + host + host + "\r\n" + get,
		"no host":                    "GET / HTTP/1.1\r\n\r\n" + get,
		"a host with a path":         "GET / HTTP/1.1\r\nHost: custodian/evil\r\n\r\n" + get,
		"a size of a chunk too long": "POST /sign-out HTTP/1.1\r\n" + host + chunked + "\r\nfffffffffffffffff\r\n" + get,
		"a size that is no number":   "POST /sign-out HTTP/1.1\r\n" + host + chunked + "\r\n0x0\r\n\r\n" + get,
		"a version nobody speaks":    "GET / HTTP/9.9\r\n" + host + "\r\n" + get,
		"a method with a space":      "GE T / HTTP/1.1\r\n" + host + "\r\n" + get,
		"an endless first line":      "GET /" + strings.Repeat("a", 2<<20) + " HTTP/1.1\r\n" + host + "\r\n" + get,
		"TRACE":                      "TRACE / HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
		"CONNECT":                    "CONNECT evil.example.org:443 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			answers := d.send(t, sent)
			if len(answers) > 1 {
				t.Errorf("what stood behind it was answered: %v", answers)
			}
			for _, a := range answers {
				if a < 400 && !strings.HasPrefix(name, "a size") { // sizes of chunks are seen by whoever reads them, and signing out reads nothing
					t.Errorf("it was answered with %d", a)
				}
			}
		})
	}
	// with a length and a coding at once the coding counts (RFC 9112, 6.3), and what follows the last chunk is a request of its own
	if got := d.send(t, "POST /sign-out HTTP/1.1\r\n"+host+"Content-Length: 3\r\n"+chunked+"\r\n0\r\n\r\nGET /nowhere HTTP/1.1\r\n"+host+"Connection: close\r\n\r\n"); len(got) == 0 || got[0] != http.StatusOK ||
		len(got) == 2 && got[1] != http.StatusNotFound {
		t.Errorf("a length beside a coding: %v", got)
	}
}

// send writes bytes to the portal and gives the status of every answer.
func (d *door) send(t *testing.T, bytes string) (status []int) {
	t.Helper()
	at := must1[*url.URL](t)(url.Parse(d.url))
	raw := must1[net.Conn](t)(net.Dial("tcp", at.Host))
	defer raw.Close()
	config := d.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName, config.NextProtos = "example.com", []string{"http/1.1"}
	conn := tls.Client(raw, config)
	must(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	go func() { _, _ = io.WriteString(conn, bytes); _ = conn.CloseWrite() }() // an answer may come before all is sent, and end it
	r := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			return status
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		status = append(status, answer.StatusCode)
	}
}

// must1 gives what comes without an error.
func must1[V any](t testing.TB) func(V, error) V {
	return func(v V, err error) V { t.Helper(); must(t, err); return v }
}
