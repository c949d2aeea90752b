package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"custodian/cmd/devstack/provider"
)

// up accepts the report of a portal that runs.
func up(r report) bool { return r.PortalPID != 0 }

// The whole stack around a portal that only answers, with the demonstration on one store and without it on the other: what the
// ready file promises is there, the portal is told the right settings, killed it comes back, and the next run goes on with the
// same people.
func TestStack(t *testing.T) {
	t.Parallel()
	for store, seed := range map[string]string{"s3": "demo", "dir": "none"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			dir := scratch(t)
			args := []string{"--listen", "127.0.0.1:0", "--seed", seed, "--store", store, "--custodian", os.Args[0]}
			r := begin(t, dir, args...)
			first := await(r, up)
			checkReport(t, first)
			checkSettings(t, first)
			checkPeople(t, first)
			checkStory(t, seed, first, r.awaitSaid("Stop with Ctrl-C"))
			checkClosed(t, dir)

			kill(t, first.PortalPID)
			second := await(r, func(n report) bool { return up(n) && n.PortalPID != first.PortalPID })
			if second.URL != first.URL {
				t.Errorf("the portal moved from %s to %s", first.URL, second.URL)
			}
			if err := r.end(syscall.SIGTERM); err != nil {
				t.Errorf("asked to stop, it ends with %v:\n%s", err, r.said)
			}
			if left := at(t, dir); len(left) > 0 {
				t.Errorf("left running: %v", left)
			}
			if _, err := os.Stat(r.ready); !os.IsNotExist(err) {
				t.Errorf("the ready file is still there: %v", err)
			}

			again := await(begin(t, dir, args...), up)
			again.PortalPID, first.PortalPID = 0, 0
			if diff := cmp.Diff(first, again); diff != "" {
				t.Errorf("run again it differs (-first +again):\n%s", diff)
			}
		})
	}
}

func checkReport(t *testing.T, r report) {
	t.Helper()
	for _, who := range []string{"staff", "manager", "inspector", "other-setting-staff", "service", "administrator"} {
		if r.Tokens[who] == "" {
			t.Errorf("no token for %s", who)
		}
	}
	for _, u := range r.Users {
		if u.Email == "" || len(u.Password) < 16 || u.Role == "" || u.Name == "" {
			t.Errorf("half a user: %+v", u)
		}
	}
	for _, page := range []string{r.Inbox, r.Issuer + "/.well-known/openid-configuration"} {
		resp, err := http.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", page, resp.Status)
		}
	}
	for what, path := range map[string]string{"objects": r.Objects, "keyring": r.Keyring} {
		if entries, err := os.ReadDir(path); err != nil || len(entries) == 0 {
			t.Errorf("%s: %d entries, %v", what, len(entries), err)
		}
	}
	l, err := net.Dial("tcp", r.SMTP)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// checkSettings asks the portal what it was told: the stack's settings, and none that happened to be around.
func checkSettings(t *testing.T, r report) {
	t.Helper()
	resp, err := http.Get(r.URL + "/environment")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var env []string
	if err := json.NewDecoder(resp.Body).Decode(&env); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		got[name] = value
	}
	want := map[string]string{
		"CUSTODIAN_PUBLIC_URL": r.URL, "CUSTODIAN_STORE": r.Store, "CUSTODIAN_OIDC_ISSUER": r.Issuer, "CUSTODIAN_OIDC_CLIENT_ID": "custodian",
		"CUSTODIAN_STORE_DIR": "", "PGHOST": "", "CUSTODIAN_LISTEN": strings.TrimPrefix(r.URL, "http://"), "CUSTODIAN_DEMO": "true",
		"CUSTODIAN_OIDC_SECOND_FACTOR_ROLES": "nobody", // Dex cannot say that there was one
	}
	if r.Store == "s3" {
		want["CUSTODIAN_S3_BUCKET"], want["CUSTODIAN_S3_TLS"] = "custodian", "false"
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if !strings.Contains(got["DATABASE_URL"], "user=custodian_app") || !strings.Contains(got["OWNER_DATABASE_URL"], "user=custodian_owner") {
		t.Errorf("databases %q and %q", got["DATABASE_URL"], got["OWNER_DATABASE_URL"])
	}
}

// checkPeople holds the identities in the database against those that the provider will give.
func checkPeople(t *testing.T, r report) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `select issuer || ' ' || subject from app.actor where subject <> ''`)
	if err != nil {
		t.Fatal(err)
	}
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range r.Users {
		id, _, _ := strings.Cut(u.Email, "@")
		stranger := u.Role == "newcomer" || u.Role == "none"
		if slices.Contains(known, r.Issuer+" "+provider.Subject(id)) == stranger {
			t.Errorf("%s, whose role is %q: known by the identity that the provider gives is %v", u.Email, u.Role, stranger)
		}
	}
}

// checkStory looks for the demonstration where it was asked for: its documents, dated back, and nothing where it was not. What
// was printed shows how to sign in in each role, and no token.
func checkStory(t *testing.T, seed string, r report, said string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var versions, year, groups int
	if err := conn.QueryRow(t.Context(), `
		select (select count(*) from app.version), (select extract(year from min(at))::int from app.footprint), (select count(*) from app.group_role where issuer = $1)`,
		r.Issuer).Scan(&versions, &year, &groups); err != nil {
		t.Fatal(err)
	}
	if demo := seed == "demo"; demo != (versions > 200) || demo != (year == 2023) || demo != (groups > 0) || demo != strings.Contains(said, "100% planted") {
		t.Errorf("with --seed %s there are %d versions, footprints since %d, and %d groups; it said:\n%s", seed, versions, year, groups, said)
	}
	shown := map[string]bool{}
	for _, u := range r.Users {
		if strings.Contains(said, "  "+u.Email+" ") && strings.Contains(said, u.Password) && strings.Contains(said, u.Name) {
			if shown[u.Role] {
				t.Errorf("two are shown of the role %s", u.Role)
			}
			shown[u.Role] = true
		}
	}
	for _, u := range r.Users {
		if !shown[u.Role] {
			t.Errorf("nobody of the role %s is shown:\n%s", u.Role, said)
		}
	}
	for who, token := range r.Tokens {
		if strings.Contains(said, token) {
			t.Errorf("the token of %s is shown", who)
		}
	}
	if !strings.Contains(said, stateFile) {
		t.Errorf("it does not say where the tokens are:\n%s", said)
	}
}

// checkClosed looks for files with secrets that others could read. Directories of mode 0700 above them count.
func checkClosed(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"ready.json", "data/state.json", "data/portal.log", "data/provider-keys.json"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	for _, name := range []string{"data/postgres", "data/portal"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

// Killed outright, devstack leaves no program, and the next run recovers.
func TestKilledStackLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	args := []string{"--listen", "127.0.0.1:0", "--seed", "none", "--custodian", os.Args[0]}
	r := begin(t, dir, args...)
	first := await(r, up)
	if len(at(t, dir)) < 3 {
		t.Fatalf("the portal, the S3 server and PostgreSQL should work under %s: %v", dir, at(t, dir))
	}
	_ = r.end(syscall.SIGKILL)
	awaitNobody(t, dir)
	again := await(begin(t, dir, args...), up)
	if again.Tokens["staff"] != first.Tokens["staff"] || again.Issuer != first.Issuer {
		t.Error("the people or their provider have changed")
	}
}

// When PostgreSQL dies everything stops, with a message.
func TestPostgresDies(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	r := begin(t, dir, "--listen", "127.0.0.1:0", "--seed", "none", "--store", "dir", "--custodian", os.Args[0])
	await(r, up)
	note, err := os.ReadFile(filepath.Join(dir, "data", "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(note), "\n")
	kill(t, atoi(t, pid))
	<-r.ended
	if r.err == nil || !strings.Contains(r.said.String(), "PostgreSQL has stopped") {
		t.Errorf("it ended with %v and said:\n%s", r.err, r.said)
	}
	awaitNobody(t, dir)
}

// Stopped while starting, it ends well and leaves nothing.
func TestStoppedWhileStarting(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	r := begin(t, dir, "--listen", "127.0.0.1:0", "--seed", "none", "--custodian", os.Args[0])
	for !strings.Contains(r.said.String(), "Starting PostgreSQL") {
		select {
		case <-r.ended:
			t.Fatalf("ended: %v\n%s", r.err, r.said)
		default:
		}
	}
	if err := r.end(os.Interrupt); err != nil {
		t.Errorf("%v\n%s", err, r.said)
	}
	awaitNobody(t, dir)
}

// Two at once on one data directory: the second is told so.
func TestTwice(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	await(begin(t, dir, "--listen", "127.0.0.1:0", "--seed", "none", "--store", "dir", "--custodian", os.Args[0]), up)
	var out, errs strings.Builder
	if code := run([]string{"--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--custodian", os.Args[0]}, &out, &errs); code != 1 {
		t.Errorf("status %d", code)
	}
	if !strings.Contains(errs.String(), "another devstack uses") {
		t.Errorf("said %s", errs.String())
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "letter"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := func() string { return filepath.Join(t.TempDir(), "data") }
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no such command":  {[]string{"fly"}, 2, "no command fly"},
		"no such flag":     {[]string{"--fly"}, 2, "fly"},
		"too much":         {[]string{"--seed", "none", "more"}, 2, "too much"},
		"open to others":   {[]string{"--listen", "0.0.0.0:0", "--data", fresh()}, 2, "other computers"},
		"no port":          {[]string{"--listen", "127.0.0.1", "--data", fresh()}, 2, "no address"},
		"another seed":     {[]string{"--seed", "all", "--data", fresh()}, 2, "none or demo"},
		"another store":    {[]string{"--store", "tape", "--data", fresh()}, 2, "s3 or dir"},
		"no portal":        {[]string{"--custodian", "/nowhere", "--data", fresh()}, 1, "make build"},
		"port taken":       {[]string{"--listen", busy.Addr().String(), "--custodian", os.Args[0], "--data", fresh()}, 1, "listens on"},
		"somebody else's":  {[]string{"--listen", "127.0.0.1:0", "--custodian", os.Args[0], "--data", foreign}, 1, "letter"},
		"s3 without where": {[]string{"s3"}, 2, "--data and --ready"},
		"s3 open":          {[]string{"s3", "--data", fresh(), "--ready", fresh(), "--listen", "[::]:0"}, 2, "other computers"},
	} {
		var out, errs strings.Builder
		if code := run(c.args, io.MultiWriter(&out), &errs); code != c.code || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%s: status %d, want %d; said %q, want %q in it", name, code, c.code, errs.String(), c.want)
		}
	}
	var out, errs strings.Builder
	if code := run([]string{"help"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "--seed none|demo") {
		t.Errorf("help: status %d, %q", code, out.String())
	}
}

// A data directory goes on with the store and the seed it began with.
func TestStateIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := loadState(dir, "s3", "demo")
	if err != nil {
		t.Fatal(err)
	}
	s.Planted, s.Users = true, []user{{Email: "a@demo.example"}}
	if err := protect(s.Users); err != nil {
		t.Fatal(err)
	}
	if err := s.save(dir); err != nil {
		t.Fatal(err)
	}
	again, err := loadState(dir, "s3", "demo")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("-saved +loaded:\n%s", diff)
	}
	for _, other := range [][2]string{{"dir", "demo"}, {"s3", "none"}} {
		if _, err := loadState(dir, other[0], other[1]); err == nil {
			t.Errorf("%v is taken", other)
		}
	}
}
