package login_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/logintest"
	"custodian/internal/oidctest"
	"custodian/internal/sample"
)

var update = flag.Bool("update", false, "write the list of hostile behaviours in docs/design/sign-in.md anew")

// behaviour is one thing that a provider does. Where taken is set, it does no harm
// and somebody is signed in all the same.
type behaviour struct {
	sabotage
	taken func(*world, login.Arrival) string // says what is wrong, "" for nothing
	how   string                             // what comes of it, for the list
}

func refusedFor(because, words string, f oidctest.Fault) behaviour {
	return behaviour{sabotage: token(f, because, words)}
}

func misfit(because string, f oidctest.Fault) behaviour {
	return behaviour{sabotage: sabotage{faults: []oidctest.Fault{f}, because: because, kind: fault.Unavailable, words: disagree}}
}

func inTrouble(endpoint string, how oidctest.Trouble, because, words string, faults ...oidctest.Fault) behaviour {
	return behaviour{sabotage: sabotage{faults: faults, trouble: map[string]oidctest.Trouble{endpoint: how}, because: because, kind: fault.Unavailable, words: words}}
}

// harmless signs somebody in; check looks at what came of it.
func harmless(how string, f oidctest.Fault, check func(*world, login.Arrival) string) behaviour {
	return behaviour{sabotage: sabotage{faults: []oidctest.Fault{f}}, how: how, taken: check}
}

func asNia(*world, login.Arrival) string { return "" }

func named(want string) func(*world, login.Arrival) string {
	return func(w *world, a login.Arrival) string {
		if got := w.Text(`select name from app.sign_in order by id desc limit 1`); got != want {
			return fmt.Sprintf("the name is %.60q", got)
		}
		return ""
	}
}

// forgeries are ID tokens that other programs have been taken in by.
func forgeries() map[string]behaviour {
	return map[string]behaviour{
		string(oidctest.PublicKeyAsSecret): refusedFor("token", notTrusted, oidctest.PublicKeyAsSecret),
		string(oidctest.SymmetricKeys):     refusedFor("token", notTrusted, oidctest.SymmetricKeys),
		string(oidctest.KeyInToken):        refusedFor("token", notTrusted, oidctest.KeyInToken),
		string(oidctest.KeyByAddress):      refusedFor("token", notTrusted, oidctest.KeyByAddress),
		string(oidctest.CriticalHeader):    refusedFor("token", notTrusted, oidctest.CriticalHeader),
		string(oidctest.TokenIsJSON):       refusedFor("token", notTrusted, oidctest.TokenIsJSON),
		string(oidctest.TokenIsNumber):     refusedFor("token", notTrusted, oidctest.TokenIsNumber),
		string(oidctest.ClaimTwice):        refusedFor("token", notRead, oidctest.ClaimTwice),
		string(oidctest.ClaimInOtherCase):  refusedFor("token", notRead, oidctest.ClaimInOtherCase),
		string(oidctest.NotUTF8):           refusedFor("token", notRead, oidctest.NotUTF8),
		string(oidctest.StrangeSubject):    refusedFor("token", notTrusted, oidctest.StrangeSubject),
		string(oidctest.NoIssuedAt):        refusedFor("issued", "The sign-in service's clock and ours do not agree.", oidctest.NoIssuedAt),
		string(oidctest.NoExpiry):          refusedFor("token", notTrusted, oidctest.NoExpiry),
		string(oidctest.NoAudience):        refusedFor("token", notTrusted, oidctest.NoAudience),
		string(oidctest.LogoutAsToken):     refusedFor("nonce", "The sign-in service's answer belongs to another sign-in.", oidctest.LogoutAsToken),
		string(oidctest.HugeToken):         inTrouble("", oidctest.None, "provider-down", down, oidctest.HugeToken),
		string(oidctest.GroupsMixed):       misfit("groups", oidctest.GroupsMixed),
		string(oidctest.GroupsAsObject):    misfit("groups", oidctest.GroupsAsObject),
		string(oidctest.GroupsNested):      misfit("groups", oidctest.GroupsNested),
		string(oidctest.HugeName):          harmless("signed in; the name is cut", oidctest.HugeName, named(strings.TrimSpace(strings.Repeat("Long ", 40)))),
		string(oidctest.StrangeName):       harmless("signed in; the name is cleaned", oidctest.StrangeName, named("Nia Newcomer")),
		string(oidctest.NameIsList):        harmless("signed in; the e-mail address stands for the name", oidctest.NameIsList, named("nia@demo.example")),
		string(oidctest.GroupsAsText):      harmless("signed in; it is the one group", oidctest.GroupsAsText, asNia),
		string(oidctest.StrangeGroups):     harmless("signed in; what cannot be shown is left out", oidctest.StrangeGroups, asNia),
		string(oidctest.PartyIsUs):         harmless("signed in", oidctest.PartyIsUs, asNia),
	}
}

// keySets are what can be wrong where the keys are published, and where the
// service tells about itself.
func keySets() map[string]behaviour {
	rotated := func(*world, login.Arrival) string { return "" }
	at := func(text string, b behaviour) (string, behaviour) { return text, b }
	all := map[string]behaviour{
		string(oidctest.PrivateKeys):             refusedFor("token", notTrusted, oidctest.PrivateKeys),
		string(oidctest.KeysOfOthers):            refusedFor("token", notTrusted, oidctest.KeysOfOthers),
		string(oidctest.SameKeyName):             harmless("signed in; both are tried", oidctest.SameKeyName, asNia),
		string(oidctest.EncryptionKeys):          harmless("signed in; what a key is said to be for is advice (RFC 7517, 4.2)", oidctest.EncryptionKeys, asNia),
		string(oidctest.ManyKeys):                harmless("signed in", oidctest.ManyKeys, asNia),
		"the key set never ends":                 inTrouble(oidctest.Keys, oidctest.Endless, "provider-down", down),
		"the key set is a page":                  inTrouble(oidctest.Keys, oidctest.Nonsense, "provider-down", down),
		"the key set answers 500":                inTrouble(oidctest.Keys, oidctest.Fails, "provider-down", down),
		"the key set is elsewhere":               inTrouble(oidctest.Keys, oidctest.Away, "provider-down", down),
		"the token's answer never ends":          inTrouble(oidctest.Token, oidctest.Endless, "provider-down", down),
		"the token is to be had away":            inTrouble(oidctest.Token, oidctest.Away, "provider-refuses", disagree),
		"userinfo never ends":                    inTrouble(oidctest.UserInfo, oidctest.Endless, "provider-down", down, oidctest.GroupsInUserInfo),
		"userinfo is far too long":               inTrouble(oidctest.UserInfo, oidctest.Enormous, "provider-down", down, oidctest.GroupsInUserInfo),
		"userinfo is a page":                     inTrouble(oidctest.UserInfo, oidctest.Nonsense, "provider-down", down, oidctest.GroupsInUserInfo),
		"userinfo is elsewhere":                  inTrouble(oidctest.UserInfo, oidctest.Away, "provider-down", down, oidctest.GroupsInUserInfo),
		string(oidctest.UserInfoUnsigned):        inTrouble("", oidctest.None, "provider-down", down, oidctest.UserInfoUnsigned),
		string(oidctest.UserInfoOfNobody):        refusedFor("token", "The sign-in service's answers are about two people.", oidctest.UserInfoOfNobody),
		string(oidctest.CallsItselfOther):        misfit("", oidctest.CallsItselfOther),
		"the answer is that of another provider": {sabotage: sabotage{kind: fault.Invalid, because: "issuer", words: unfinished("The answer came from another sign-in service."), change: mixUp}},
	}
	for text, b := range map[string]behaviour{
		"discovery never ends":           inTrouble(oidctest.Discovery, oidctest.Endless, "", down),
		"discovery is a page":            inTrouble(oidctest.Discovery, oidctest.Nonsense, "", down),
		"discovery answers 500":          inTrouble(oidctest.Discovery, oidctest.Fails, "", down),
		"discovery is elsewhere":         inTrouble(oidctest.Discovery, oidctest.Away, "", down),
		"discovery is slow":              inTrouble(oidctest.Discovery, oidctest.Slow, "", down),
		string(oidctest.PlainAddresses):  inTrouble("", oidctest.None, "", down, oidctest.PlainAddresses),
		string(oidctest.NoTokenEndpoint): inTrouble("", oidctest.None, "", down, oidctest.NoTokenEndpoint),
	} {
		text, b = at(text, b)
		all[text] = b
	}
	all["the key is replaced while somebody signs in"] = behaviour{how: "signed in, by the new key", taken: rotated,
		sabotage: sabotage{between: func(w *world) { w.Service.RotateKey() }}}
	all["discovery names other endpoints while somebody signs in"] = behaviour{how: "signed in; what it said first holds for an hour", taken: rotated,
		sabotage: sabotage{between: func(w *world) { w.Service.Set(oidctest.MovesElsewhere) }}}
	return all
}

// mixUp lets the answer of a second provider come back, which an attacker runs.
func mixUp(tr *trip) {
	tr.answer.Set("iss", "https://attacker.example.org")
	tr.answer.Set("code", "a code of the attacker's provider")
}

// proofs are what can be wrong with when and how somebody showed who they are.
func proofs() map[string]behaviour {
	const notAnew = "The sign-in service did not ask who you are again, or did not say when it last did."
	const later = "The sign-in service says that you will sign in later than now."
	anew := func(because, words string, f oidctest.Fault) behaviour {
		b := refusedFor(because, words, f)
		b.anew = true
		return b
	}
	all := map[string]behaviour{
		"step-up: " + string(oidctest.AsksNobodyAgain): anew("not-anew", notAnew, oidctest.AsksNobodyAgain),
		"step-up: " + string(oidctest.NoAuthTime):      anew("not-anew", notAnew, oidctest.NoAuthTime),
		"step-up: " + string(oidctest.OldAuthTime):     anew("not-anew", notAnew, oidctest.OldAuthTime),
		"step-up: " + string(oidctest.AuthTimeAsText):  anew("not-anew", notAnew, oidctest.AuthTimeAsText),
		"step-up: " + string(oidctest.LaterAuthTime):   anew("auth-time", later, oidctest.LaterAuthTime),
		"step-up: " + string(oidctest.AuthTimeHuge):    anew("auth-time", later, oidctest.AuthTimeHuge),
		string(oidctest.LaterAuthTime):                 refusedFor("auth-time", later, oidctest.LaterAuthTime),
		string(oidctest.NoAuthTime):                    harmless("signed in; whatever asks for a fresh sign-in asks again", oidctest.NoAuthTime, provedAt("never")),
		string(oidctest.OldAuthTime):                   harmless("signed in; whatever asks for a fresh sign-in asks again", oidctest.OldAuthTime, provedAt("long ago")),
		string(oidctest.AuthTimeAsText):                harmless("signed in; it counts as not said", oidctest.AuthTimeAsText, provedAt("never")),
	}
	for _, f := range []oidctest.Fault{oidctest.MethodsAsText, oidctest.MethodsNested, oidctest.MethodsEndless, oidctest.ContextAsNumber} {
		all["second factor: "+string(f)] = behaviour{sabotage: sabotage{faults: []oidctest.Fault{f}, factor: login.SecondFactor{Roles: []grants.Role{grants.MemberOfStaff}, ACR: []string{"2"}}, because: "no-second-factor"}}
	}
	return all
}

func provedAt(want string) func(*world, login.Arrival) string {
	return func(w *world, a login.Arrival) string {
		got := w.Text(`select case when proved_at is null then 'never' when proved_at < at - interval '15 minutes' then 'long ago' else 'just now' end from app.sign_in order by id desc limit 1`)
		if got != want {
			return "they showed who they are " + got
		}
		return ""
	}
}

// logouts are log-out tokens that must end nothing.
func logouts() []oidctest.Fault {
	return []oidctest.Fault{oidctest.LogoutUnsigned, oidctest.LogoutBadSignature, oidctest.LogoutUnknownKey, oidctest.LogoutByOurSecret, oidctest.LogoutNoEvent, oidctest.LogoutOtherEvent,
		oidctest.LogoutEventIsText, oidctest.LogoutWithNonce, oidctest.LogoutEmptyNonce, oidctest.LogoutOtherAudience, oidctest.LogoutOtherIssuer, oidctest.LogoutNoName, oidctest.LogoutOld,
		oidctest.LogoutLater, oidctest.LogoutExpired, oidctest.LogoutNoExpiry, oidctest.LogoutOfNobody, oidctest.LogoutTwice, oidctest.LogoutHuge, oidctest.LogoutIsIDToken}
}

// told are the words of the list for what comes of a behaviour.
func (b behaviour) told() string {
	switch {
	case b.how != "":
		return b.how
	case b.because == "no-second-factor":
		return "refused (no-second-factor)"
	case b.because == "":
		return "nobody is sent there"
	}
	return "refused (" + b.because + ")"
}

// A hostile provider: everything that it does is refused in words for a person,
// and leaves nothing; or it does no harm. The list in the documentation is this one.
func TestHostileProvider(t *testing.T) {
	t.Parallel()
	list := map[string]string{}
	note := func(what, how string) {
		if list[what] != "" && list[what] != how {
			t.Errorf("%q comes to %q and to %q", what, list[what], how)
		}
		list[what] = how
	}
	// those of refused_test.go, which TestRefused tries
	for name, s := range tokens() {
		if len(s.faults) == 1 && name != "groups elsewhere" {
			name = string(s.faults[0])
		}
		note(name, behaviour{sabotage: s}.told())
	}
	for name, s := range services() {
		note(name, behaviour{sabotage: s}.told())
	}
	for _, f := range logouts() {
		note(string(f), "refused; nobody's session ends")
	}
	groups := map[string]map[string]behaviour{"forgeries": forgeries(), "key sets": keySets(), "proofs": proofs()}
	for _, group := range groups {
		for what, b := range group {
			note(what, b.told())
		}
	}
	for what, how := range map[string]string{"a code is used twice": "refused (code, reused)", "an answer is used twice": "refused (foreign)", "a log-out token is used twice": "refused (reused)",
		"a log-out token is about somebody else's session": "refused to end anybody else's", "a step-up comes back with somebody else": "refused (other-person)"} {
		note(what, how) // TestAnswerUsedTwice, TestToldOnce, TestToldOfWhom, TestStepUpIsAboutTheSame
	}
	if len(list) < 40 {
		t.Errorf("%d behaviours; at least 40 are wanted", len(list))
	}
	checkList(t, list)
	for name, group := range groups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Mapping("larkfield-staff", grants.MemberOfStaff, sample.ChildrensHome)
			w.Mapping("care-admins", grants.Administrator, "")
			for _, what := range slices.Sorted(maps.Keys(group)) {
				w.Service.Become(logintest.Newcomer("larkfield-staff"))
				w.meet(what, group[what])
			}
			if strings.Contains(w.log.String(), "Nia Newcomer") || strings.Contains(w.log.String(), "sub-nia") {
				t.Errorf("the log names somebody:\n%s", w.log)
			}
		})
	}
}

// meet tries one behaviour.
func (w *world) meet(what string, b behaviour) {
	w.T.Helper()
	switch {
	case b.because == "no-second-factor":
		w.turnedAway(what, b.sabotage)
	case b.taken == nil && b.because == "":
		w.notSent(what, b.sabotage)
	case b.taken == nil:
		w.attempt(what, b.sabotage)
	default:
		w.SignIn = w.fresh(b.factor)
		a, err := w.through(b.sabotage)
		if err != nil {
			w.T.Errorf("%s: %v\n%s", what, err, w.log)
			return
		}
		if wrong := b.taken(w, a); wrong != "" || !w.lives(a.Secret) || w.Roles(a.Actor.ID) != "staff Larkfield House by group" {
			w.T.Errorf("%s: %s; roles %s", what, wrong, w.Roles(a.Actor.ID))
		}
	}
}

// fresh is a way in that has learned nothing of the service yet, and does not wait long.
func (w *world) fresh(f login.SecondFactor) *login.SignIn {
	transport := &http.Transport{ResponseHeaderTimeout: 500 * time.Millisecond}
	w.T.Cleanup(transport.CloseIdleConnections)
	return login.NewSignIn(login.Options{DB: w.DB, Issuer: w.Service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret,
		PublicURL: publicURL, HTTP: &http.Client{Transport: transport}, Log: w.logger(), SecondFactor: f})
}

// notSent tries what is wrong before anybody leaves: they stay here.
func (w *world) notSent(what string, s sabotage) {
	w.T.Helper()
	w.SignIn = w.fresh(s.factor)
	w.Service.Set(s.faults...)
	for endpoint, how := range s.trouble {
		w.Service.Trouble(endpoint, how)
		defer w.Service.Trouble(endpoint, oidctest.None)
	}
	d, err := w.SignIn.Begin(w.T.Context(), "/home")
	if kind, words := publicText(w.T, err); kind != s.kind || words != s.words || d.URL != "" {
		w.T.Errorf("%s: kind %d %q, sent to %q", what, kind, words, d.URL)
	}
}

// checkList compares the list with that in the documentation.
func checkList(t *testing.T, list map[string]string) {
	t.Helper()
	const at, begin, end = "../../docs/design/sign-in.md", "<!-- the list begins -->\n", "<!-- the list ends -->\n"
	var b strings.Builder
	fmt.Fprintf(&b, "%d behaviours:\n\n| what the sign-in service does | what comes of it |\n|---|---|\n", len(list))
	for _, what := range slices.Sorted(maps.Keys(list)) {
		fmt.Fprintf(&b, "| %s | %s |\n", what, list[what])
	}
	t.Logf("%s", b.String())
	page, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(page), begin)
	was, after, closed := strings.Cut(rest, end)
	switch {
	case !ok || !closed:
		t.Errorf("%s has no place for the list", at)
	case *update:
		if err := os.WriteFile(at, []byte(before+begin+b.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	case was != b.String():
		t.Errorf("%s does not say what is tried here; go test ./internal/login -run TestHostileProvider -update", at)
	}
}

// Log-out tokens that are not good end nothing and leave their footprint.
func TestHostileLogout(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	a := w.Enter(oidctest.Person{Subject: "sub-nia", Name: "Nia Newcomer", Groups: []string{"larkfield-staff"}, Session: "there-1"})
	b := w.Enter(two("larkfield-staff"))
	refusals := func() int { return w.Count("app.footprint where action = 'log-out.told' and outcome = 'refused'") }
	for _, f := range logouts() {
		w.Service.Set(f)
		before := refusals()
		n, err := w.SignIn.Told(t.Context(), w.Service.LogoutToken("sub-nia", "there-1"))
		if kind, words := publicText(t, err); n != 0 || kind != fault.Invalid || words != "This log-out token cannot be taken." || !w.lives(a.Secret) || !w.lives(b.Secret) {
			t.Errorf("%s: %d sessions ended, %v; live: %v, %v", f, n, err, w.lives(a.Secret), w.lives(b.Secret))
		}
		if refusals() != before+1 {
			t.Errorf("%s leaves %d footprints of refusal", f, refusals()-before)
		}
	}
	for _, raw := range []string{"", "x", "a.b.c", strings.Repeat("a", 20<<10)} {
		if _, err := w.SignIn.Told(t.Context(), raw); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
	if n := w.Count("app.logout_told"); n != 0 {
		t.Errorf("%d tokens that are not good were taken down", n)
	}
	// keys that cannot be had: the service may say it again
	w.Service.Set()
	raw := w.Service.LogoutToken("sub-nia", "")
	w.Service.Trouble(oidctest.Keys, oidctest.Down)
	if _, err := w.fresh(login.SecondFactor{}).Told(t.Context(), raw); !fault.Is(err, fault.Unavailable) || !w.lives(a.Secret) {
		t.Errorf("without keys: %v", err)
	}
	w.Service.Trouble(oidctest.Keys, oidctest.None)
	if n, err := w.SignIn.Told(t.Context(), raw); err != nil || n != 1 || w.lives(a.Secret) || !w.lives(b.Secret) {
		t.Errorf("said again it ends %d: %v", n, err)
	}
}

// A log-out token counts once, also when it ended nobody's session.
func TestToldOnce(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	raw := w.Service.LogoutToken("sub-nia", "")
	if n, err := w.SignIn.Told(t.Context(), raw); err != nil || n != 0 {
		t.Fatalf("of nobody here: %d, %v", n, err)
	}
	a := w.Enter(logintest.Newcomer("larkfield-staff"))
	if n, err := w.SignIn.Told(t.Context(), raw); !fault.Is(err, fault.Invalid) || n != 0 || !w.lives(a.Secret) {
		t.Errorf("the second time: %d, %v, lives %v", n, err, w.lives(a.Secret))
	}
	if got := w.Text(`select detail ->> 'because' from app.footprint where action = 'log-out.told' and outcome = 'refused'`); got != "reused" {
		t.Errorf("the footprint says %q", got)
	}
}

// A log-out is about a person, about one session there, or about that session if
// it is that person's.
func TestToldOfWhom(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	at := func(sid string) oidctest.Person {
		p := logintest.Newcomer("larkfield-staff")
		p.Session = sid
		return p
	}
	other := two("larkfield-staff")
	other.Session = "there-of-two"
	for name, c := range map[string]struct {
		subject, sid string
		left         string // who is still in, of the sessions 1, 2, one without a name, and somebody else's
	}{
		"the person":                 {"sub-nia", "", "two"},
		"one session":                {"", "there-1", "2 unnamed two"},
		"one of that person":         {"sub-nia", "there-1", "2 two"}, // the unnamed may be it
		"another person's session":   {"sub-nia", "there-of-two", "1 2 two"},
		"a session that nobody has":  {"", "there-9", "1 2 unnamed two"},
		"a person whom nobody knows": {"sub-x", "", "1 2 unnamed two"},
		"a pattern":                  {"%", "", "1 2 unnamed two"},
	} {
		in := map[string]login.Arrival{"1": w.Enter(at("there-1")), "2": w.Enter(at("there-2")), "unnamed": w.Enter(logintest.Newcomer("larkfield-staff")), "two": w.Enter(other)}
		_, err := w.SignIn.Told(t.Context(), w.Service.LogoutToken(c.subject, c.sid))
		w.Must(err)
		var left []string
		for _, who := range []string{"1", "2", "unnamed", "two"} {
			if w.lives(in[who].Secret) {
				left = append(left, who)
			}
		}
		if got := strings.Join(left, " "); got != c.left {
			t.Errorf("%s: %q are still in, want %q", name, got, c.left)
		}
		for _, s := range []int64{in["1"].Actor.Session, in["2"].Actor.Session, in["unnamed"].Actor.Session, in["two"].Actor.Session} {
			w.Exec(t, fmt.Sprintf(`set session_replication_role = replica; update app.session set ended_at = now() where id = %d; truncate app.logout_told`, s))
		}
	}
	n := w.Count("app.footprint where action = 'session.ended' and outcome = 'done' and detail ->> 'because' = 'back-channel'")
	if n != 3+1+2+1 {
		t.Errorf("%d of 7 sessions that were ended have a footprint", n)
	}
}

// Whoever left the service while their answer was on its way is not let in with it.
func TestAnswerOfAnEndedSession(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	who := logintest.Newcomer("larkfield-staff")
	who.Session = "there-1"
	w.Service.Become(who)
	tr := w.depart("/home")
	_, err := w.SignIn.Told(t.Context(), w.Service.LogoutToken("", "there-1"))
	w.Must(err)
	if a, err := w.finish(tr); !fault.Is(err, fault.Invalid) || a.Actor.ID != 0 || w.why() != "over" {
		t.Errorf("let in: %v; the footprint says %q", err, w.why())
	}
}

// The service's page ends a session by its name, and nobody else's; and tells
// nobody whether there was one.
func TestFramed(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	who := logintest.Newcomer("larkfield-staff")
	who.Session = "there-1"
	a, b := w.Enter(who), w.Enter(two("larkfield-staff"))
	before := w.Count("app.footprint")
	for _, c := range [][2]string{{"", ""}, {w.Service.Issuer(), ""}, {w.Service.Issuer(), "there-2"}, {"https://another.example.org", "there-1"}, {w.Service.Issuer(), strings.Repeat("x", 300)},
		{w.Service.Issuer(), "there-1\x00"}, {"", "there-1"}, {w.Service.Issuer(), "%"}} {
		if n, err := w.SignIn.Framed(t.Context(), c[0], c[1]); n != 0 || err != nil || !w.lives(a.Secret) {
			t.Errorf("%.40q ends %d: %v", c, n, err)
		}
	}
	if w.Count("app.footprint") != before {
		t.Error("strangers leave footprints")
	}
	if n, err := w.SignIn.Framed(t.Context(), w.Service.Issuer(), "there-1"); n != 1 || err != nil || w.lives(a.Secret) || !w.lives(b.Secret) {
		t.Errorf("it ends %d: %v", n, err)
	}
	if got := w.Text(`select detail ->> 'because' from app.footprint where action = 'session.ended' order by id desc limit 1`); got != "front-channel" {
		t.Errorf("the footprint says %q", got)
	}
}

// An answer of the second provider, whole, with its own issuer, code and state.
func TestTwoProviders(t *testing.T) {
	t.Parallel()
	w := newStaffed(t)
	evil := oidctest.New(t, oidctest.Options{})
	evil.Register(publicURL+login.CallbackPath, publicURL+login.AfterPath)
	evil.Become(logintest.Newcomer("larkfield-staff"))
	w.Service.Become(logintest.Newcomer("larkfield-staff"))
	d, err := w.SignIn.Begin(t.Context(), "/home")
	w.Must(err)
	u, err := url.Parse(d.URL)
	w.Must(err)
	there, err := url.Parse(evil.Issuer())
	w.Must(err)
	u.Host = there.Host // the attacker leads the browser to their own
	_, err = w.finish(trip{cookies: []*http.Cookie{logintest.CookieOf(d)}, answer: evil.Answer(t, u.String()).Query()})
	if !fault.Is(err, fault.Invalid) || w.why() != "issuer" || w.Service.Asked(oidctest.Token) != 0 {
		t.Errorf("%v, footprint %q; the code was sent %d times", err, w.why(), w.Service.Asked(oidctest.Token))
	}
	if _, err := w.SignIn.Told(t.Context(), evil.LogoutToken("sub-nia", "")); !fault.Is(err, fault.Invalid) {
		t.Errorf("its log-out token: %v", err)
	}
}
