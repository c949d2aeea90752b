package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"custodian/internal/config"
	"custodian/internal/grants"
	"custodian/storage"
	"custodian/storage/localdir"
)

// TestDoctorBeforeFirstStart looks at a machine on which nothing has been set up, and leaves it so.
func TestDoctorBeforeFirstStart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	code, out, errs := run(t, nil, "doctor", "--json", "--data-dir", data, "--listen", "127.0.0.1:1")
	var findings []finding
	if err := json.Unmarshal([]byte(out), &findings); err != nil {
		t.Fatalf("%v in %s%s", err, out, errs)
	}
	got := map[string]status{}
	for _, f := range findings {
		got[f.Check] = f.Status
		if f.Status == failed {
			t.Errorf("%+v", f)
		}
	}
	for _, check := range []string{"settings", checkNameDirectory, checkNameSpace, checkNameKeys, checkNameDatabase, checkNameVersion, checkNameClock, checkNameRole, checkNameSchema, checkNameStore} {
		if got[check] != good {
			t.Errorf("%s: %q, want ok", check, got[check])
		}
	}
	if code != 0 || got[checkNameSignIn] != notChecked {
		t.Errorf("exit %d; sign-in %q", code, got[checkNameSignIn])
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("doctor made the data directory (%v)", err)
	}
}

// TestDoctorFindsEachFault sets one thing wrong after the other.
func TestDoctorFindsEachFault(t *testing.T) {
	t.Parallel()
	loose := filepath.Join(shortDir(t), "loose")
	if err := os.Mkdir(loose, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o770); err != nil {
		t.Fatal(err)
	}
	openKey := filepath.Join(t.TempDir(), "root.key")
	if err := os.WriteFile(openKey, make([]byte, 32), 0o644); err != nil {
		t.Fatal(err)
	}
	stranger := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"issuer":"https://someone.example.org"}`)
	}))
	t.Cleanup(stranger.Close)
	busy := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(busy.Close)
	const noDatabase = "DATABASE_URL=postgres://u@127.0.0.1:1/d"
	signIn := []string{"--oidc-client-id", "custodian", "--oidc-client-secret", "hush", "--oidc-issuer"}
	for check, c := range map[string]struct {
		env  []string
		args []string
		says string
	}{
		checkNameDirectory: {args: []string{"--data-dir", loose}, says: "other accounts on this computer may write"},
		checkNameKeys:      {args: []string{"--root-key-file", openKey}, says: openKey},
		checkNameDatabase:  {says: "does not answer"},
		checkNameSpace:     {args: []string{"--upload-limit", "8388607TiB"}, says: "free at"},
		checkNameSignIn:    {args: append(signIn, stranger.URL), says: `the service calls itself "https://someone.example.org"`},
		"settings":         {env: []string{"CUSTODIAN_STORE_DI=/x"}, says: "did you mean CUSTODIAN_STORE_DIR?"},
	} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"doctor", "--json", "--data-dir", filepath.Join(t.TempDir(), "data")}, c.args...)
			code, out, errs := run(t, append([]string{noDatabase}, c.env...), args...)
			var findings []finding
			if err := json.Unmarshal([]byte(out), &findings); err != nil {
				t.Fatalf("%v in %s%s", err, out, errs)
			}
			if code != 1 || strings.Contains(out, "hush") {
				t.Errorf("exit %d, %s", code, out)
			}
			for _, f := range findings {
				if f.Check == check && f.Status == failed && strings.Contains(f.Detail, c.says) && f.Advice != "" {
					return
				}
			}
			t.Errorf("no failed %s that says %q and what to do, in %s", check, c.says, out)
		})
	}
	if _, out, _ := run(t, nil, "doctor", "--data-dir", filepath.Join(t.TempDir(), "data"), "--listen", busy.Listener.Addr().String()); !strings.Contains(out, "is not ready (404") {
		t.Errorf("a stranger on our port is not told of: %s", out)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	var self string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/realm/.well-known/openid-configuration":
			fmt.Fprintf(w, `{"issuer":%q}`, self+"/realm")
		case "/words/.well-known/openid-configuration":
			fmt.Fprint(w, "<p>hello")
		default:
			http.NotFound(w, r)
		}
	}))
	defer provider.Close()
	self = provider.URL
	for issuer, want := range map[string]string{
		self + "/realm": "", self + "/realm/": "calls itself", self + "/words": "did not answer with a configuration",
		self + "/none": "answered 404", "http://127.0.0.1:1": "cannot be reached",
	} {
		_, err := discover(t.Context(), issuer)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", issuer, err, want)
		}
	}
}

// TestSignInIsLookedAt: the service's own addresses, and the one that people type.
func TestSignInIsLookedAt(t *testing.T) {
	t.Parallel()
	var self, token, end string
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"jwks_uri":%q,"end_session_endpoint":%q}`, self, self+"/a", token, self+"/k", end)
	}))
	defer provider.Close()
	self = provider.URL
	for name, c := range map[string]struct {
		public, token, end string
		service, address   status
		says               []string
	}{
		"sound": {"https://documents.example.org", self + "/t", self + "/e", good, good,
			[]string{"https://documents.example.org/sign-in/callback (", "https://documents.example.org/signed-out (", "https://documents.example.org/sign-out/back-channel (",
				"https://documents.example.org/sign-out/front-channel ("}},
		"this computer":      {"http://127.0.0.1:8080", self + "/t", self + "/e", good, good, []string{"http://127.0.0.1:8080/sign-in/callback"}},
		"nobody signed out":  {"https://documents.example.org", self + "/t", "", good, good, []string{"stays signed in there"}},
		"open to listeners":  {"http://documents.example.org", self + "/t", self + "/e", good, failed, []string{"browsers do not keep a sign-in there"}},
		"secrets in the air": {"https://documents.example.org", "http://signin.example.org/t", self + "/e", failed, good, []string{`names "http://signin.example.org/t"`}},
	} {
		token, end = c.token, c.end
		f := checkSignIn(t.Context(), &config.Settings{PublicURL: c.public, OIDC: config.OIDC{Issuer: self}})
		if len(f) != 3 || f[0].Status != c.service || f[1].Status != c.address {
			t.Errorf("%s: %+v", name, f)
			continue
		}
		for _, says := range c.says {
			if !strings.Contains(f[0].Detail+f[1].Detail, says) {
				t.Errorf("%s: %+v do not say %q", name, f, says)
			}
		}
		for _, one := range f[:2] {
			if (one.Status == failed) != (one.Advice != "") {
				t.Errorf("%s: %+v", name, one)
			}
		}
	}
}

// TestSecondFactorIsDemanded: without a word about it, a second factor is demanded of those whose roles open most.
func TestSecondFactorIsDemanded(t *testing.T) {
	t.Parallel()
	s, err := config.Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	demand, err := secondFactor(s)
	want := []grants.Role{grants.Administrator, grants.RegisteredManager, grants.ResponsibleIndividual, grants.DataProtectionOfficer, grants.Auditor}
	if err != nil || !slices.Equal(demand.Roles, want) {
		t.Errorf("demanded of %v (%v), want %v", demand.Roles, err, want)
	}
	if f := checkSecondFactor(s); f.Status != good {
		t.Errorf("%+v", f)
	}
}

// TestSecondFactorIsLookedAt: that nobody is asked for one is warned of, and is no failure; roles that there are not are one.
func TestSecondFactorIsLookedAt(t *testing.T) {
	t.Parallel()
	for roles, want := range map[string]finding{
		"nobody":                   {Status: advised, Detail: "says nobody"},
		"":                         {Status: failed, Detail: "names no role"},
		"nobody manager":           {Status: failed, Detail: `no role "nobody"`},
		"administrator manager":    {Status: good, Detail: "demanded of administrator, manager"},
		"all":                      {Status: good, Detail: "demanded of all"},
		"administrator registered": {Status: failed, Detail: `no role "registered"`},
	} {
		f := checkSecondFactor(&config.Settings{OIDC: config.OIDC{SecondFactorRoles: strings.Fields(roles)}})
		if f.Status != want.Status || !strings.Contains(f.Detail, want.Detail) || (f.Status == good) != (f.Advice == "") {
			t.Errorf("%q: %+v", roles, f)
		}
	}
}

func TestClockAndVersion(t *testing.T) {
	t.Parallel()
	for apart, want := range map[time.Duration]status{0: good, 1999 * time.Millisecond: good, -1999 * time.Millisecond: good, 2 * time.Second: failed, -time.Hour: failed} {
		if f := checkClock(apart); f.Status != want {
			t.Errorf("clocks %v apart: %s, want %s", apart, f.Status, want)
		}
	}
	for major, want := range map[int]status{14: failed, 15: good, 18: good} {
		if f := checkVersion(major); f.Status != want {
			t.Errorf("PostgreSQL %d: %s, want %s", major, f.Status, want)
		}
	}
}

// Stores that break the contract in one way each.
type overwrites struct{ storage.Store }

func (s overwrites) Put(ctx context.Context, name storage.Name, body io.Reader) (int64, error) {
	if err := s.Store.Remove(ctx, name); err != nil {
		return 0, err
	}
	return s.Store.Put(ctx, name, body)
}

type keeps struct{ storage.Store }

func (s keeps) Remove(context.Context, storage.Name) error { return nil }

type shifted struct{ storage.Store }

func (s shifted) Open(ctx context.Context, name storage.Name) (storage.Object, error) {
	o, err := s.Store.Open(ctx, name)
	return shiftedObject{o}, err
}

type shiftedObject struct{ storage.Object }

func (o shiftedObject) ReadAt(p []byte, off int64) (int, error) { return o.Object.ReadAt(p, off+1) }

func TestProbe(t *testing.T) {
	t.Parallel()
	store, err := localdir.New(filepath.Join(t.TempDir(), "objects"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		store storage.Store
		want  string
	}{
		"sound":      {store, ""},
		"overwrites": {overwrites{store}, "lets an object be overwritten"},
		"shifted":    {shifted{store}, "what is read is not what was put"},
		"keeps":      {keeps{store}, "still there after it was removed"},
	} {
		err := probe(t.Context(), c.store)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("reach: %v", err)
	}
	left := 0
	for _, err := range store.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		left++
	}
	if left != 1 { // that of the store which keeps
		t.Errorf("%d objects left, want 1", left)
	}
}
