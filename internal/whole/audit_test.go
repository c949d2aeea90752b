package whole

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"custodian/internal/browsertest"
)

// auditor walks step 3 of an auditor's journey on the demonstration: the button,
// the command line and the verifier in Python say that all is whole; after a
// superuser has changed one footprint they say that it is not, and which.
func (s *stack) auditor(t *testing.T) {
	p := s.come(t, auditor, browsertest.Options{Width: 1200}, false)
	check := func(want string) {
		t.Helper()
		p.Open(s.URL + "/oversight/checkpoints")
		p.act("Check now")
		if said := p.Text(); !strings.Contains(said, want) {
			t.Errorf("the page does not say %q: %s", want, said)
		}
		p.Axe()
	}
	check("footprints are as they were signed")
	dir := t.TempDir()
	held, key := filepath.Join(dir, "held.txt"), strings.TrimSpace(s.audit(t, "key"))
	must(t, os.WriteFile(held, []byte(s.audit(t, "checkpoint")), 0o600))
	s.verified(t, 0, filepath.Join(dir, "before"), key, held)

	var event, actor int64
	must(t, s.database().QueryRow(context.Background(), `select f.id, f.actor_id from app.leaf l join app.footprint f on f.id = l.footprint_id where l.place = 321`).Scan(&event, &actor))
	s.tamper(`update app.footprint set actor_id = 1 where id = $1`, event)
	check(fmt.Sprintf("Changed at place 321: footprint %d", event))
	p.Shot("checkpoints-not-whole")
	if out := s.verified(t, 1, filepath.Join(dir, "after"), key, held); !strings.Contains(out, fmt.Sprintf("changed at place 321: footprint %d ", event)) {
		t.Errorf("it is not located:\n%s", out)
	}
	s.tamper(`update app.footprint set actor_id = $2 where id = $1`, event, actor)
	check("footprints are as they were signed")
	p.Shot("checkpoints-whole")
}

// audit runs a verb of the command line beside the portal, with its settings.
func (s *stack) audit(t *testing.T, args ...string) string {
	t.Helper()
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PortalPID))
	must(t, err)
	bin, err := filepath.Abs(filepath.Join(build(t), "custodian"))
	must(t, err)
	c := exec.Command(bin, append([]string{"audit"}, args...)...)
	c.Env = strings.Split(strings.TrimRight(string(env), "\x00"), "\x00")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("custodian audit %v: %v\n%s%s", args, err, out.String(), errs.String())
	}
	return out.String()
}

// verified exports the tree and checks it in both languages.
func (s *stack) verified(t *testing.T, want int, dir, key, held string) string {
	t.Helper()
	s.audit(t, "export", dir)
	script, err := filepath.Abs("../../docs/verify/verify.py")
	must(t, err)
	run := func(name string, args ...string) string {
		c := exec.Command(name, args...)
		out, _ := c.Output()
		if got := c.ProcessState.ExitCode(); got != want {
			t.Errorf("%s %v ended with %d, want %d:\n%s", name, args, got, want, out)
		}
		return string(out)
	}
	a := run(filepath.Join(build(t), "custodian"), "audit", "verify", dir, "--key", key, "--checkpoint", held)
	if b := run("python3", "-B", script, dir, key, held); a != b {
		t.Errorf("the verifiers differ:\n%s\n%s", a, b)
	}
	return a
}
