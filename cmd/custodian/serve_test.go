package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
)

// served is a running `custodian serve`.
type served struct {
	*exec.Cmd
	url string

	log   bytes.Buffer // read once lines is closed
	lines chan logLine
}

type logLine struct{ Msg, Listen string }

// serve starts the program and waits until its log says that it is ready, or until it ends.
func serve(t *testing.T, env []string, args ...string) *served {
	t.Helper()
	s := &served{Cmd: command(t, env, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), lines: make(chan logLine, 1000)}
	pipe, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Process.Kill(); _ = s.Wait() })
	go func() {
		defer close(s.lines)
		for in := bufio.NewScanner(pipe); in.Scan(); {
			s.log.Write(append(in.Bytes(), '\n'))
			var line logLine
			if json.Unmarshal(in.Bytes(), &line) == nil {
				s.lines <- line
			}
		}
	}()
	if line := s.await("ready"); line.Listen != "" {
		s.url = "http://" + line.Listen
	}
	return s
}

// await waits for a line of the log; it gives an empty one when the program ends without it.
func (s *served) await(msg string) logLine {
	for line := range s.lines {
		if line.Msg == msg {
			return line
		}
	}
	return logLine{}
}

// end waits for the program and gives its exit code and what it said.
func (s *served) end() (int, string) {
	for range s.lines {
	}
	_ = s.Wait()
	return s.ProcessState.ExitCode(), s.log.String()
}

func (s *served) get(t *testing.T, path string) int {
	t.Helper()
	answer, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// TestServeAlone runs the program with no settings but its place: first start, second start, a rival, the doctor beside it, and stopping.
func TestServeAlone(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	for range 2 {
		s := serve(t, nil, "--data-dir", data)
		if s.url == "" {
			_, said := s.end()
			t.Fatalf("it did not start:\n%s", said)
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if code := s.get(t, path); code != http.StatusOK {
				t.Errorf("%s answered %d", path, code)
			}
		}
		rival := serve(t, nil, "--data-dir", data)
		if code, said := rival.end(); code != 1 || !strings.Contains(said, "another running program") {
			t.Errorf("a rival ended with %d and said\n%s", code, said)
		}
		if code, out, errs := run(t, nil, "doctor", "--data-dir", data, "--listen", strings.TrimPrefix(s.url, "http://")); code != 0 || !strings.Contains(out, "says that it is ready") {
			t.Errorf("doctor beside it ended with %d and said\n%s%s", code, out, errs)
		}
		if err := s.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		code, said := s.end()
		if code != 0 {
			t.Errorf("told to stop, it ended with %d", code)
		}
		for line := range strings.Lines(said) {
			if !json.Valid([]byte(line)) {
				t.Errorf("the log has a line that is not JSON: %s", line)
			}
		}
		if _, err := os.Stat(filepath.Join(data, "postgres", "data", "postmaster.pid")); !os.IsNotExist(err) {
			t.Errorf("PostgreSQL was left behind (%v)", err)
		}
	}
	code, out, errs := run(t, nil, "doctor", "--data-dir", data, "--listen", "127.0.0.1:1")
	if code != 0 || !strings.Contains(out, "Nothing is wrong.") || !strings.Contains(out, "bound by row-level security") {
		t.Errorf("doctor afterwards ended with %d and said\n%s%s", code, out, errs)
	}
	keysStay(t, data)
}

// keysStay sees that a lost root key is asked back for, and never replaced by a new one.
func keysStay(t *testing.T, data string) {
	t.Helper()
	root := filepath.Join(data, "keyring", "root.key")
	if err := os.Rename(root, root+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "keyring", "provider-1.key"), []byte("a key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := serve(t, nil, "--data-dir", data).end(); code != 1 || !strings.Contains(said, "the root key that opens them is not at "+root) {
		t.Errorf("without its root key it ended with %d and said\n%s", code, said)
	}
	if _, err := os.Lstat(root); !os.IsNotExist(err) {
		t.Errorf("a new root key was made beside a keyring that it cannot open (%v)", err)
	}
	code, out, _ := run(t, nil, "doctor", "--data-dir", data, "--listen", "127.0.0.1:1")
	if code != 1 || !strings.Contains(out, "failed       keys:") {
		t.Errorf("without the root key doctor ended with %d and said\n%s", code, out)
	}
}

// TestToldTwice: a second signal does not wait for what is running.
func TestToldTwice(t *testing.T) {
	t.Parallel()
	s := serve(t, nil, "--data-dir", filepath.Join(shortDir(t), "data"), "--shutdown-grace", "1h")
	if s.url == "" {
		_, said := s.end()
		t.Fatalf("it did not start:\n%s", said)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A request whose body never comes whole: the grace would wait for it.
	fmt.Fprint(conn, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
	if code := s.get(t, "/healthz"); code != http.StatusOK { // by now the server has taken both
		t.Errorf("/healthz answered %d", code)
	}
	_ = s.Process.Signal(syscall.SIGTERM)
	if s.await("stopping").Msg == "" {
		t.Fatal("it ended at the first signal, although a request was running")
	}
	_ = s.Process.Signal(syscall.SIGTERM)
	if code, said := s.end(); code != 130 || !strings.Contains(said, "told twice") {
		t.Errorf("told twice, it ended with %d and said\n%s", code, said)
	}
}

// TestOwnDatabase walks what an operator with a database does: roles, migrate, serve, a program that is too old, a wrong login.
func TestOwnDatabase(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), cluster.Options{Dir: filepath.Join(shortDir(t), "pg"), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	super, owner, app := c.URL("records", cluster.Superuser), c.URL("records", pg.OwnerRole), c.URL("records", pg.AppRole)
	if err := pg.MakeDatabase(t.Context(), c.URL("postgres", cluster.Superuser), "records"); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(shortDir(t), "data")
	refused := func(env, want string) {
		t.Helper()
		code, said := serve(t, []string{env}, "--data-dir", data).end()
		if code != 1 || !strings.Contains(said, want) {
			t.Errorf("serve ended with %d and said %q, want %q", code, said, want)
		}
		code, out, _ := run(t, []string{env}, "doctor", "--data-dir", data)
		if code != 1 || !strings.Contains(out, want) {
			t.Errorf("doctor ended with %d and said\n%s\nwant %q", code, out, want)
		}
	}
	if code, _, errs := run(t, []string{"OWNER_DATABASE_URL=" + super, "DATABASE_URL=" + app}, "migrate"); code != 1 || !strings.Contains(errs, "passes over row-level security") {
		t.Errorf("migrate as a superuser ended with %d and said %s", code, errs)
	}
	_, roles, _ := run(t, nil, "migrate", "--print-roles")
	execute(t, super, roles)
	refused("DATABASE_URL="+app, "has no tables of Custodian yet. Run: custodian migrate --print-roles")
	for range 2 {
		if code, out, errs := run(t, []string{"OWNER_DATABASE_URL=" + owner}, "migrate"); code != 0 || !strings.Contains(out, "The database is at version") {
			t.Fatalf("migrate ended with %d and said %s%s", code, out, errs)
		}
	}
	if code, said := serve(t, []string{"OWNER_DATABASE_URL=" + owner}, "--data-dir", data).end(); code != 1 || !strings.Contains(said, "database_url is not") {
		t.Errorf("with the owner's login alone serve ended with %d and said %q", code, said)
	}
	s := serve(t, []string{"DATABASE_URL=" + app}, "--data-dir", data)
	if code := s.get(t, "/readyz"); code != http.StatusOK {
		t.Errorf("/readyz answered %d", code)
	}
	if _, err := os.Stat(filepath.Join(data, "postgres")); !os.IsNotExist(err) {
		t.Errorf("a private PostgreSQL was made although a database was given (%v)", err)
	}
	objects := filepath.Join(data, "objects")
	if err := os.Rename(objects, objects+".gone"); err != nil {
		t.Fatal(err)
	}
	if code := s.get(t, "/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz answered %d although the place for objects is gone", code)
	}
	if err := os.Rename(objects+".gone", objects); err != nil {
		t.Fatal(err)
	}
	execute(t, super, `insert into app.schema_version (version_id, is_applied) values (99999, true)`)
	if code := s.get(t, "/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz answered %d although the tables are newer than the program", code)
	}
	_ = s.Process.Signal(syscall.SIGINT)
	if code, said := s.end(); code != 0 {
		t.Errorf("it ended with %d and said\n%s", code, said)
	}
	refused("DATABASE_URL="+app, "is at version 99999, which is newer than this program knows")
	execute(t, super, `delete from app.schema_version where version_id = (select max(version_id) from app.schema_version where version_id < 99999) or version_id = 99999`)
	refused("DATABASE_URL="+app, "Run: custodian migrate (with owner_database_url)")
	refused("DATABASE_URL="+super, "can pass over row-level security; use the login custodian_app")
}

func execute(t *testing.T, url, sql string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// shortDir is a temporary directory that PostgreSQL's account may pass through when the tests run as root.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "custodian-test-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Geteuid() == 0 {
		if err := os.Chmod(dir, 0o711); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
