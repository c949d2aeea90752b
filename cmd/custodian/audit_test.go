package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestAudit walks the whole way as an operator and an auditor would: the portal signs, a checkpoint is taken away, all is
// exported while it runs and after it has stopped, and checked in two languages; a change is found.
func TestAudit(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	place := []string{"--data-dir", data}
	if code, out, errs := run(t, []string{"CUSTODIAN_OIDC_ISSUER=https://sign-in.example", "CUSTODIAN_OIDC_CLIENT_ID=c", "CUSTODIAN_OIDC_CLIENT_SECRET=s"},
		append([]string{"found", "--name", "Example Care", "--administrators", "admins"}, place...)...); code != 0 {
		t.Fatalf("found ended with %d: %s%s", code, out, errs)
	}
	if code, _, errs := run(t, nil, append([]string{"audit", "checkpoint"}, place...)...); code != 1 || !strings.Contains(errs, "Nothing has been signed yet") {
		t.Errorf("before anything is signed: %d, %s", code, errs)
	}
	s := serve(t, nil, place...)
	if s.url == "" {
		_, said := s.end()
		t.Fatalf("it did not start:\n%s", said)
	}
	dir := t.TempDir()
	held := await(t, place)
	checkpoint := filepath.Join(dir, "held.txt")
	write(t, checkpoint, held)
	key := must(t, append([]string{"audit", "key"}, place...)...)
	export := filepath.Join(dir, "export")
	if out := must(t, append([]string{"audit", "export", export}, place...)...); !strings.Contains(out, strings.TrimSpace(key)) {
		t.Errorf("export said %s", out)
	}
	verified(t, 0, export, key, checkpoint)
	receipt(t, place, export, key)
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code, said := s.end(); code != 0 || strings.Contains(said, "alarm") {
		t.Errorf("it ended with %d:\n%s", code, said)
	}
	again := filepath.Join(dir, "again")
	if out := must(t, append([]string{"audit", "export", again}, place...)...); !strings.Contains(out, "1 that wait") { // the export itself
		t.Errorf("at the end not everything was signed: %s", out)
	}
	verified(t, 0, again, key, checkpoint)
	text, err := os.ReadFile(filepath.Join(again, "footprints.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(again, "footprints.tsv"), strings.Replace(string(text), "provider.founded", "provider.founder", 1))
	verified(t, 1, again, key, checkpoint)
	if code, _, errs := run(t, nil, append([]string{"audit", "export", again}, place...)...); code != 1 || !strings.Contains(errs, "is not empty") {
		t.Errorf("into a directory that holds something: %d, %s", code, errs)
	}
}

// await gives the first checkpoint that the running portal signs.
func await(t *testing.T, place []string) string {
	t.Helper()
	for range 100 {
		if code, out, _ := run(t, nil, append([]string{"audit", "checkpoint"}, place...)...); code == 0 {
			return out
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("nothing is signed")
	return ""
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := run(t, nil, args...)
	if code != 0 {
		t.Fatalf("%v ended with %d: %s%s", args, code, out, errs)
	}
	return out
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// verified checks an export with both verifiers, which say the same.
func verified(t *testing.T, want int, dir, key, checkpoint string) {
	t.Helper()
	key = strings.TrimSpace(key)
	code, out, errs := run(t, nil, "audit", "verify", dir, "--key", key, "--checkpoint", checkpoint)
	script, err := filepath.Abs("../../docs/verify/verify.py")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	c := exec.CommandContext(t.Context(), "python3", "-B", script, dir, key, checkpoint)
	c.Stdout, c.Stderr = &said, &said
	_ = c.Run()
	if code != want || c.ProcessState.ExitCode() != want || said.String() != out {
		t.Errorf("want %d\ncustodian ended with %d and said\n%s%s\nverify.py ended with %d and said\n%s", want, code, out, errs, c.ProcessState.ExitCode(), said.String())
	}
}

// receipt takes a receipt of the first footprint and checks it, and copies of it that lie.
func receipt(t *testing.T, place []string, export, key string) {
	t.Helper()
	key = strings.TrimSpace(key)
	text, err := os.ReadFile(filepath.Join(export, "footprints.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	event := strings.Split(string(text), "\t")[1]
	paper := must(t, append([]string{"audit", "receipt", event, "--words"}, place...)...)
	name := filepath.Join(t.TempDir(), "receipt.txt")
	write(t, name, paper)
	if out := must(t, "audit", "check-receipt", name, "--key", key); !strings.Contains(out, "PROVEN") || !strings.Contains(out, "provider.founded") {
		t.Errorf("the receipt says %s", out)
	}
	for what, lie := range map[string]string{
		"another action": strings.Replace(paper, "provider.founded", "provider.founder", 1),
		"another place":  regexp.MustCompile(`place \d+`).ReplaceAllString(paper, "place 7"),
		"another name":   strings.Replace(paper, `"Custodian"`, `"Somebody"`, 1),
		"another size":   regexp.MustCompile(`(custodian\.\w+\n)\d+\n`).ReplaceAllString(paper, "${1}999\n"),
		"half of it":     paper[:len(paper)/2],
	} {
		write(t, name, lie)
		if code, out, _ := run(t, nil, "audit", "check-receipt", name, "--key", key); code != 1 || lie == paper {
			t.Errorf("%s: ended with %d and said %s", what, code, out)
		}
	}
}
