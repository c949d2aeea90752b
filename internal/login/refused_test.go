package login_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

const (
	down     = "Your organisation's sign-in service is not answering. Try again in a few minutes. Nothing is lost."
	disagree = "Your organisation's sign-in service and Custodian do not agree about their settings. Trying again does not help until that is put right."
)

func unfinished(why string) string {
	return "This sign-in could not be finished. " + why + " Start again by signing in."
}

// sabotage is one way in which a sign-in goes wrong, and what comes of it.
type sabotage struct {
	faults  []oidctest.Fault
	trouble map[string]oidctest.Trouble // from after the departure on
	refusal string                      // that the service answers with
	change  func(*trip)                 // of what the browser brings
	between func(*world)                // while the browser is at the service
	who     oidctest.Person             // "" for somebody new
	anew    bool                        // they have to show again who they are
	factor  login.SecondFactor
	because string
	kind    fault.Kind
	words   string
}

const (
	notTrusted = "The sign-in service's answer cannot be trusted."
	notRead    = "The sign-in service's answer cannot be read."
	notBegun   = "It was not begun in this browser, or it was finished before."
)

func token(f oidctest.Fault, because, words string) sabotage {
	return sabotage{faults: []oidctest.Fault{f}, because: because, kind: fault.Invalid, words: unfinished(words)}
}

func brought(because, words string, change func(*trip)) sabotage {
	return sabotage{change: change, because: because, kind: fault.Invalid, words: unfinished(words)}
}

func troubled(endpoint string, how oidctest.Trouble, because string) sabotage {
	return sabotage{trouble: map[string]oidctest.Trouble{endpoint: how}, because: because, kind: fault.Unavailable, words: down}
}

func tokens() map[string]sabotage {
	return map[string]sabotage{
		"another nonce":          token(oidctest.AnotherNonce, "nonce", "The sign-in service's answer belongs to another sign-in."),
		"no nonce":               token(oidctest.NoNonce, "nonce", "The sign-in service's answer belongs to another sign-in."),
		"another audience":       token(oidctest.AnotherAudience, "token", notTrusted),
		"two audiences":          token(oidctest.ManyAudiences, "party", "The sign-in service's answer was made for another program."),
		"another party":          token(oidctest.AnotherParty, "party", "The sign-in service's answer was made for another program."),
		"another issuer":         token(oidctest.AnotherIssuer, "token", notTrusted),
		"expired":                token(oidctest.Expired, "token", notTrusted),
		"issued an hour ago":     token(oidctest.IssuedLongAgo, "issued", "The sign-in service's clock and ours do not agree."),
		"issued in an hour":      token(oidctest.IssuedLater, "issued", "The sign-in service's clock and ours do not agree."),
		"not yet":                token(oidctest.NotYet, "token", notTrusted),
		"bad signature":          token(oidctest.BadSignature, "token", notTrusted),
		"unknown key":            token(oidctest.UnknownKey, "token", notTrusted),
		"not signed":             token(oidctest.NoAlgorithm, "token", notTrusted),
		"signed with our secret": token(oidctest.SymmetricAlgorithm, "token", notTrusted),
		"no token":               token(oidctest.NoToken, "token", notTrusted),
		"broken token":           token(oidctest.BrokenToken, "token", notTrusted),
		"about nobody":           token(oidctest.NoSubject, "token", notTrusted),
		"a long subject":         token(oidctest.LongSubject, "token", notTrusted),
		"another access token":   token(oidctest.WrongAccessHash, "at-hash", "The sign-in service's answer does not fit together."),
		"userinfo of another":    token(oidctest.OtherPerson, "token", "The sign-in service's answers are about two people."),
		"another issuer answers": token(oidctest.OtherIssuerAnswers, "issuer", "The answer came from another sign-in service."),
		"nobody answers":         token(oidctest.NobodyAnswers, "issuer", "The answer came from another sign-in service."),
		"groups elsewhere":       {faults: []oidctest.Fault{oidctest.GroupsElsewhere}, because: "groups-elsewhere", kind: fault.Unavailable, words: disagree},
		"groups that are none":   {faults: []oidctest.Fault{oidctest.GroupsAsNumber}, because: "groups", kind: fault.Unavailable, words: disagree},
		"3,000 groups":           {faults: []oidctest.Fault{oidctest.ManyGroups}, because: "groups", kind: fault.Unavailable, words: disagree},
	}
}

func services() map[string]sabotage {
	return map[string]sabotage{
		"token endpoint down":      troubled(oidctest.Token, oidctest.Down, "provider-down"),
		"token endpoint fails":     troubled(oidctest.Token, oidctest.Fails, "provider-error"),
		"token endpoint slow":      troubled(oidctest.Token, oidctest.Slow, "provider-down"),
		"token answer enormous":    troubled(oidctest.Token, oidctest.Enormous, "provider-down"),
		"token answer is nonsense": troubled(oidctest.Token, oidctest.Nonsense, "provider-down"),
		"token endpoint moved": {trouble: map[string]oidctest.Trouble{oidctest.Token: oidctest.Redirects}, because: "provider-refuses",
			kind: fault.Unavailable, words: disagree},
		"keys down":     troubled(oidctest.Keys, oidctest.Down, "provider-down"),
		"keys slow":     troubled(oidctest.Keys, oidctest.Slow, "provider-down"),
		"keys enormous": troubled(oidctest.Keys, oidctest.Enormous, "provider-down"),
		"userinfo down": {faults: []oidctest.Fault{oidctest.GroupsInUserInfo}, trouble: map[string]oidctest.Trouble{oidctest.UserInfo: oidctest.Down},
			because: "provider-down", kind: fault.Unavailable, words: down},
		"userinfo fails": {faults: []oidctest.Fault{oidctest.GroupsInUserInfo}, trouble: map[string]oidctest.Trouble{oidctest.UserInfo: oidctest.Fails},
			because: "provider-down", kind: fault.Unavailable, words: down},
		"denied":               {refusal: "access_denied", because: "denied", kind: fault.Invalid, words: unfinished("The sign-in service did not let you in, or you stopped there.")},
		"cannot just now":      {refusal: "temporarily_unavailable", because: "provider-error", kind: fault.Unavailable, words: down},
		"will not work for us": {refusal: "unauthorized_client", because: "provider-refuses", kind: fault.Unavailable, words: disagree},
		"a strange refusal":    {refusal: "<script>", because: "provider-refuses", kind: fault.Unavailable, words: disagree},
	}
}

func browsers() map[string]sabotage {
	const notKnown = "The sign-in service does not know this answer, or it was used before."
	return map[string]sabotage{
		"another browser":     brought("foreign", notBegun, func(tr *trip) { tr.cookies = nil }),
		"another state":       brought("foreign", notBegun, func(tr *trip) { tr.answer.Set("state", strings.Repeat("A", 43)) }),
		"no state":            brought("foreign", notBegun, func(tr *trip) { tr.answer.Del("state") }),
		"a changed cookie":    brought("foreign", notBegun, func(tr *trip) { flip(tr.cookies[0]) }),
		"another cookie name": brought("foreign", notBegun, func(tr *trip) { tr.cookies[0].Name = "sign-in-" + tr.cookies[0].Name }),
		"a state said twice":  brought("answer", "The sign-in service's answer says a thing twice.", func(tr *trip) { tr.answer.Add("state", "x") }),
		"a code said twice":   brought("answer", "The sign-in service's answer says a thing twice.", func(tr *trip) { tr.answer.Add("code", "x") }),
		"no code":             brought("answer", "The sign-in service's answer is not whole.", func(tr *trip) { tr.answer.Del("code") }),
		"an endless code":     brought("answer", "The sign-in service's answer is not whole.", func(tr *trip) { tr.answer.Set("code", strings.Repeat("x", 4097)) }),
		"a code that is not":  brought("code", notKnown, func(tr *trip) { tr.answer.Set("code", "x") }),
		"another issuer":      brought("issuer", "The answer came from another sign-in service.", func(tr *trip) { tr.answer.Set("iss", "https://another.example.org") }),
		"no issuer":           brought("issuer", "The answer came from another sign-in service.", func(tr *trip) { tr.answer.Del("iss") }),
		"an error and a code": brought("denied", "The sign-in service did not let you in, or you stopped there.", func(tr *trip) { tr.answer.Set("error", "access_denied") }),
		"another's cookie":    brought("foreign", notBegun, func(tr *trip) { tr.cookies[0].Name = "__Host-sign-in-000000000000" }),
	}
}

// flip changes a letter in the middle of a cookie's value.
func flip(c *http.Cookie) {
	b := []byte(c.Value)
	b[len(b)/2] ^= 1
	c.Value = string(b)
}

// Each way in which a sign-in goes wrong comes to its own words, leaves its
// footprint, and nothing else.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]map[string]sabotage{"tokens": tokens(), "services": services(), "browsers": browsers()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
			w.Mapping("care-admins", grants.Administrator, "")
			w.Service.Become(logintest.Newcomer("larkfield-staff"))
			for name, s := range list {
				w.attempt(name, s)
			}
			for _, word := range []string{"sub-nia", "Nia Newcomer", "nia@demo.example", "larkfield-staff", oidctest.ClientSecret, "<script>"} {
				if strings.Contains(w.log.String(), word) {
					t.Errorf("the log says %q:\n%s", word, w.log)
				}
			}
			if strings.Count(w.log.String(), `"msg":"sign-in refused"`) != len(list) {
				t.Errorf("not every refusal is logged, or one twice:\n%s", w.log)
			}
		})
	}
}

// through takes a browser through the service, with what goes wrong on the way.
func (w *world) through(s sabotage) (login.Arrival, error) {
	w.T.Helper()
	if s.who.Subject != "" {
		w.Service.Become(s.who)
	}
	w.Service.Idle(time.Hour) // they showed the service who they are an hour ago
	w.Service.Set(s.faults...)
	w.Service.Refuse(s.refusal)
	begin := w.SignIn.Begin
	if s.anew {
		begin = func(ctx context.Context, to string) (login.Departure, error) {
			return w.SignIn.BeginAgain(ctx, access.Actor{}, to)
		}
	}
	d, err := begin(w.T.Context(), "/records?kind=library")
	if err != nil {
		return login.Arrival{}, err
	}
	tr := trip{cookies: []*http.Cookie{logintest.CookieOf(d)}, answer: w.Service.Answer(w.T, d.URL).Query()}
	for endpoint, how := range s.trouble {
		w.Service.Trouble(endpoint, how)
		defer w.Service.Trouble(endpoint, oidctest.None)
	}
	if s.between != nil {
		s.between(w)
	}
	if s.change != nil {
		s.change(&tr)
	}
	return w.finish(tr)
}

func (w *world) attempt(name string, s sabotage) {
	w.T.Helper()
	before, reasons := w.census(), w.why()
	// a way in of its own: what one attempt learned of the service does not help the next; and a service that hangs is not waited for
	transport := &http.Transport{ResponseHeaderTimeout: 500 * time.Millisecond}
	defer transport.CloseIdleConnections()
	w.SignIn = login.NewSignIn(login.Options{DB: w.DB, Issuer: w.Service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
		PublicURL: publicURL, HTTP: &http.Client{Transport: transport}, Log: w.logger(), SecondFactor: s.factor})
	a, err := w.through(s)
	if err == nil {
		w.T.Fatalf("%s: signed in", name)
	}
	kind, words := publicText(w.T, err)
	if kind != s.kind || words != s.words {
		w.T.Errorf("%s: kind %d %q\nwant kind %d %q", name, kind, words, s.kind, s.words)
	}
	if got := strings.TrimSpace(strings.TrimPrefix(w.why(), reasons)); got != s.because {
		w.T.Errorf("%s: the footprint says %q, want %q", name, got, s.because)
	}
	if a.Secret.Reveal() != "" || a.Actor.ID != 0 || w.census() != before {
		w.T.Errorf("%s: it left %s, before %s", name, w.census(), before)
	}
}

// An answer counts once: for the browser, for the service, and for us when the
// service does not care.
func TestAnswerUsedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	for _, c := range []struct {
		fault   []oidctest.Fault
		because string
		keeps   bool
	}{{nil, "foreign", false}, {nil, "code", true}, {[]oidctest.Fault{oidctest.CodesForGood}, "reused", true}} {
		w.Service.Set(c.fault...)
		tr := w.depart("/home")
		first, err := w.finish(tr)
		w.Must(err)
		if first.CookieName != tr.cookies[0].Name {
			t.Errorf("%s: the cookie to be cleared is %q, want %q", c.because, first.CookieName, tr.cookies[0].Name)
		}
		before := w.census()
		if !c.keeps {
			tr.cookies = []*http.Cookie{session(first)} // as a browser does when it is told
		}
		if _, err := w.finish(tr); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: the second time: %v", c.because, err)
		}
		if got := w.census(); got != before || !w.lives(first.Secret) {
			t.Errorf("%s: the second time left %s, before %s", c.because, got, before)
		}
	}
	if got := w.why(); got != "foreign code reused" {
		t.Errorf("the footprints say %q", got)
	}
}

// An answer that comes late is refused, and its cookie is to be cleared.
func TestLateAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	for by, want := range map[time.Duration]bool{9 * time.Minute: true, 10*time.Minute + 2*time.Second: false} {
		d, err := w.SignIn.Begin(t.Context(), "/me")
		w.Must(err)
		a, err := w.finish(trip{cookies: []*http.Cookie{login.Backdate(oidctest.ClientSecret, d, by)}, answer: w.Service.Answer(t, d.URL).Query()})
		if a.CookieName != d.Name || (err == nil) != want {
			t.Errorf("after %v: %+v, %v", by, a, err)
		}
		if !want {
			if _, words := publicText(t, err); words != unfinished("It took longer than ten minutes.") || w.why() != "late" {
				t.Errorf("it says %q; the footprints %q", words, w.why())
			}
		}
	}
}

// What strangers can cause without limit is written down with a limit.
func TestNonsenseFillsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 70 {
		if _, err := w.SignIn.Finish(t.Context(), login.Answer{Query: url.Values{"state": {"x"}, "code": {"y"}}}); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	}
	if n := w.Count("app.footprint where action = 'session.begun' and outcome = 'refused'"); n != 60 && n != 70 { // 70 when a minute ended meanwhile
		t.Errorf("%d footprints of 70 pieces of nonsense", n)
	}
	if n := strings.Count(w.log.String(), "sign-in refused"); n != 70 {
		t.Errorf("%d of 70 are in the log", n)
	}
}
