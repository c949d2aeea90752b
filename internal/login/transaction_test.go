package login

import (
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custodian/internal/fault"
)

func paths() map[string]string {
	return map[string]string{
		"/": "/", "/records?kind=library": "/records?kind=library", "/documents/7/versions/1/file": "/documents/7/versions/1/file", "/home#top": "/home#top",
		"": home, "home": home, "https://another.example.org": home, "//another.example.org": home, `/\another.example.org`: home, "/\t/another.example.org": home,
		"/.//another.example.org": home, "/..//another.example.org": home, "/a//b": home, "/a b": home, "/é": home, "javascript:alert(1)": home,
		"/\x00": home, "/x\r\nSet-Cookie: a=b": home, "/" + strings.Repeat("x", longestPath): home, "/x?to=https:%2f%2fanother.example.org": "/x?to=https:%2f%2fanother.example.org",
	}
}

func TestReturnPath(t *testing.T) {
	t.Parallel()
	for path, want := range paths() {
		if got := ReturnPath(path); got != want {
			t.Errorf("%q leads to %q, want %q", path, got, want)
		}
	}
}

// stays tells whether a browser that is on our site stays there.
func stays(path string) bool {
	base, _ := url.Parse("https://documents.example.org/sign-in/callback")
	// what a browser does (WHATWG URL, 4.4): tabs and line ends go, a backslash is a slash, %2e a dot, and any other % stays what it is
	seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/", "%2e", ".", "%2E", ".", "%", "%25").Replace(strings.TrimFunc(path, func(r rune) bool { return r <= ' ' }))
	to, err := url.Parse(seen)
	if err != nil {
		return false
	}
	there := base.ResolveReference(to)
	return there.Scheme == "https" && there.Host == "documents.example.org" && !strings.HasPrefix(there.EscapedPath(), "//")
}

func checkPath(t *testing.T, path string) {
	t.Helper()
	got := ReturnPath(path)
	if got != path && got != home {
		t.Errorf("%q becomes %q", path, got)
	}
	if !stays(got) || ReturnPath(got) != got {
		t.Errorf("%q leads to %q, which is not ours", path, got)
	}
}

func FuzzReturnPath(f *testing.F) {
	for path := range paths() {
		f.Add(path)
	}
	f.Fuzz(checkPath)
}

// A cookie's value is what was made here, letter by letter, or it is refused.
func checkCookie(t *testing.T, s sealer, value string) {
	t.Helper()
	tr, ok := s.open(value)
	if ok && s.lock(tr) != value {
		t.Errorf("%q opens as %+v, which is locked as %q", value, tr, s.lock(tr))
	}
}

func FuzzTransaction(f *testing.F) {
	s := newSealer("secret")
	sound := s.lock(newTransaction("/records?kind=library", time.Unix(1_700_000_000, 0)))
	for _, v := range []string{sound, sound[:len(sound)-1], sound + "A", sound + "=", newSealer("other").lock(newTransaction("/", time.Unix(0, 0))), "", "AQ"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) { checkCookie(t, s, value) })
}

// A seeded run of what the two fuzzers do without end.
func TestStrangeCookiesAndPaths(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20261124, 3))
	s := newSealer("secret")
	letters := []string{"/", "%", "%2e", "\\", ".", "//", "a", "%2f", "\t", "\n", "?", "#", "@", ":", "https:", "é", " ", "another.example.org"}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(letters[r.IntN(len(letters))])
		}
		checkPath(t, b.String())
	}
	for range 5_000 {
		tr := newTransaction("/x", time.Unix(r.Int64N(1<<33), 0))
		value := s.lock(tr)
		if back, ok := s.open(value); !ok || back != tr {
			t.Fatalf("%+v comes back as %+v, %v", tr, back, ok)
		}
		raw, err := base64.RawURLEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		raw[r.IntN(len(raw))] ^= 1 << r.IntN(8)
		if _, ok := s.open(base64.RawURLEncoding.EncodeToString(raw)); ok {
			t.Fatal("a cookie with a changed bit opens")
		}
		b := []byte(value)
		b[r.IntN(len(b))] = "AQgw_-=. "[r.IntN(9)]
		checkCookie(t, s, string(b))
	}
	if _, ok := newSealer("other").open(s.lock(newTransaction("/", time.Now()))); ok {
		t.Error("another secret opens our cookies")
	}
	foreign := newTransaction("/", time.Now())
	foreign.to = "//another.example.org"
	if _, ok := s.open(s.lock(foreign)); ok {
		t.Error("a cookie that leads to another site opens, though we never make one")
	}
}

// An answer may take ten minutes, and no more.
func TestLate(t *testing.T) {
	t.Parallel()
	s := newSealer("secret")
	now := time.Now()
	tr := newTransaction("/home", now)
	cookies := []*http.Cookie{{Name: "other", Value: "x"}, {Name: tr.cookieName(), Value: s.lock(tr)}}
	for after, because := range map[time.Duration]string{
		0: "", 9*time.Minute + 59*time.Second: "", 10*time.Minute + 2*time.Second: "late", 24 * time.Hour: "late", -time.Minute: "", -11 * time.Minute: "late",
	} {
		got, err := s.find(cookies, tr.stateText(), now.Add(after))
		r, refused := refusalOf(err)
		if because == "" && (err != nil || got.state != tr.state || got.name != tr.cookieName()) || because != "" && (!refused || r.because != because || !fault.Is(r.public(), fault.Invalid)) {
			t.Errorf("after %v: %+v, %v; want %q", after, got, err, because)
		}
		if got.name == "" {
			t.Errorf("after %v the cookie that is to be cleared is not known", after)
		}
	}
}

// A browser that opens many tabs at once has many sign-ins under way: each of them
// can be finished.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	s := newSealer("secret")
	var cookies []*http.Cookie
	var all []transaction
	for range 50 {
		tr := newTransaction("/home", time.Now())
		all = append(all, tr)
		cookies = append(cookies, &http.Cookie{Name: tr.cookieName(), Value: s.lock(tr)})
	}
	for i, tr := range all {
		if got, err := s.find(cookies, tr.stateText(), time.Now()); err != nil || got.state != tr.state {
			t.Fatalf("tab %d: %v", i+1, err)
		}
	}
	// another's state under our name, and ours under another's
	for name, state := range map[string]string{"foreign": newTransaction("/", time.Now()).stateText(), "none": "", "long": strings.Repeat("A", 1<<16), "not base 64": "$$$"} {
		if _, err := s.find(cookies, state, time.Now()); err == nil {
			t.Errorf("the state %s finds a sign-in", name)
		}
	}
	swapped := []*http.Cookie{{Name: all[0].cookieName(), Value: s.lock(all[1])}, {Name: all[1].cookieName(), Value: s.lock(all[0])}}
	if _, err := s.find(swapped, all[0].stateText(), time.Now()); err == nil {
		t.Error("a transaction is found under another's name")
	}
}

// What goes to the service gives away neither nonce nor verifier.
func TestDepartureTellsNothing(t *testing.T) {
	t.Parallel()
	a, b := newTransaction("/home", time.Now()), newTransaction("/home", time.Now())
	if a.state == b.state || a.nonce == b.nonce || a.verifier == b.verifier || a.cookieName() == b.cookieName() || string(a.answer()) == string(b.answer()) {
		t.Error("two sign-ins have something in common")
	}
	if raw := base64.RawURLEncoding.EncodeToString(a.nonce[:]); a.nonceText() == raw {
		t.Error("the nonce itself is sent, and not its hash")
	}
	if n := len(a.verifierText()); n < 43 || n > 128 {
		t.Errorf("the verifier has %d letters; RFC 7636, 4.1 wants 43 to 128", n)
	}
	if n := len(newSealer("x").lock(newTransaction("/"+strings.Repeat("x", longestPath-1), time.Now()))); n > 3500 {
		t.Errorf("the largest cookie has %d bytes; browsers keep 4096 with name and attributes", n)
	}
}
