package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/config"
	"custodian/internal/pg"
)

// asProgram makes this test binary be the program itself, so that the tests run real processes of it.
const asProgram = "BE_CUSTODIAN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is the program with the given arguments and an environment that holds nothing but what is given.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Dir = t.TempDir()
	c.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + c.Dir}, env...)
	return c
}

// run runs the program to its end.
func run(t *testing.T, env []string, args ...string) (code int, out, errs string) {
	t.Helper()
	c := command(t, env, args...)
	var o, e bytes.Buffer
	c.Stdout, c.Stderr = &o, &e
	err := c.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		code = exit.ExitCode()
	}
	return code, o.String(), e.String()
}

func TestWords(t *testing.T) {
	t.Parallel()
	loose := filepath.Join(t.TempDir(), "loose")
	if err := os.Mkdir(loose, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(loose, 0o777); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, c := range map[string]struct {
		args      []string
		env       []string
		code      int
		out, errs string
	}{
		"version":         {args: []string{"version"}, out: "custodian development\n"},
		"no verb":         {out: "migrate"},
		"help":            {args: []string{"serve", "--help"}, out: "--shutdown-grace"},
		"strange verb":    {args: []string{"server"}, code: 2, errs: `there is no verb "server"`},
		"strange flag":    {args: []string{"serve", "--port", "80"}, code: 2, errs: "unknown flag: --port"},
		"a word too many": {args: []string{"migrate", "up"}, code: 2, errs: `"up" is one word too many`},
		"bad setting":     {args: []string{"config", "--store", "tape"}, code: 1, errs: `store (flag --store): must be dir or s3, not "tape"`},
		"near miss":       {args: []string{"config"}, env: []string{"CUSTODIAN_LISTN=x:1"}, out: "listen", errs: "did you mean CUSTODIAN_LISTEN?"},
		"roles":           {args: []string{"migrate", "--print-roles"}, out: "create role custodian_app login"},
		"no owner":        {args: []string{"migrate"}, code: 1, errs: "owner_database_url is not set"},
		"no database":     {args: []string{"serve", "--listen", "127.0.0.1:0"}, env: []string{"DATABASE_URL=postgres://u:hush@127.0.0.1:1/d"}, code: 1, errs: "the database does not answer"},
		"loose directory": {args: []string{"serve", "--data-dir", loose}, code: 1, errs: "Run: chmod 700 " + loose},
		"cannot listen":   {args: []string{"serve", "--listen", taken.Addr().String()}, code: 1, errs: "cannot listen on " + taken.Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := run(t, c.env, c.args...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
				t.Errorf("exit %d, want %d\nout: %s\nwant: %s\nerr: %s\nwant: %s", code, c.code, out, c.out, errs, c.errs)
			}
			if strings.Contains(out+errs, "hush") {
				t.Errorf("a password got out: %s%s", out, errs)
			}
		})
	}
}

func TestRolesArePrintedWhole(t *testing.T) {
	t.Parallel()
	if _, out, _ := run(t, nil, "migrate", "--print-roles"); out != pg.RolesSQL() {
		t.Errorf("(-want +got):\n%s", cmp.Diff(pg.RolesSQL(), out))
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "custodian.toml")
	if err := os.WriteFile(file, []byte("upload_limit = \"5MiB\"\ns3_secret_key = \"hush\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"DATABASE_URL=postgres://u:hush@db.example.org/custodian", "CUSTODIAN_LOG_LEVEL=warn"}
	code, out, errs := run(t, env, "config", "--json", "--config", file, "--s3-region", "eu-west-2")
	if code != 0 || errs != "" || strings.Contains(out, "hush") {
		t.Fatalf("exit %d, errors %q, out %s", code, errs, out)
	}
	var lines []struct {
		Setting, Value, Source string
		Secret                 bool
	}
	if err := json.Unmarshal([]byte(out), &lines); err != nil {
		t.Fatal(err)
	}
	got := map[string][2]string{}
	for _, l := range lines {
		got[l.Setting] = [2]string{l.Value, l.Source}
	}
	if len(got) != len(config.Table()) {
		t.Errorf("%d settings shown, want %d", len(got), len(config.Table()))
	}
	for key, want := range map[string][2]string{
		"upload_limit":       {"5MiB", "file " + file},
		"s3_secret_key":      {"set", "file " + file},
		"database_url":       {"set", "environment DATABASE_URL"},
		"owner_database_url": {"not set", "default"},
		"log_level":          {"warn", "environment CUSTODIAN_LOG_LEVEL"},
		"s3_region":          {"eu-west-2", "flag --s3-region"},
		"listen":             {"127.0.0.1:8080", "default"},
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	_, table, _ := run(t, env, "config", "--config", file)
	if !regexp.MustCompile(`(?m)^upload_limit +5MiB +file `).MatchString(table) || strings.Contains(table, "hush") {
		t.Errorf("the table is\n%s", table)
	}
}
