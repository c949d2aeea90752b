package main

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The real portal in the real stack: a planted token opens it, and opens it again after the portal was killed.
func TestRealPortal(t *testing.T) {
	t.Parallel()
	dir := scratch(t)
	custodian := filepath.Join(dir, "custodian")
	if out, err := exec.Command("go", "build", "-C", "../..", "-o", custodian, "./cmd/custodian").CombinedOutput(); err != nil {
		t.Fatalf("the portal does not build: %v\n%s", err, out)
	}
	r := begin(t, dir, "--listen", "127.0.0.1:0", "--seed", "none", "--custodian", custodian)
	first := await(r, up)
	if got := whoAmI(t, first, "manager"); got != "Morgan Example" {
		t.Errorf("the manager's token is %q's", got)
	}
	kill(t, first.PortalPID)
	second := await(r, func(n report) bool { return up(n) && n.PortalPID != first.PortalPID })
	if got := whoAmI(t, second, "staff"); got != "Sam Example" {
		t.Errorf("the token of staff is %q's", got)
	}
	if err := r.end(syscall.SIGTERM); err != nil {
		t.Errorf("asked to stop, it ends with %v:\n%s%s", err, r.said, r.logs())
	}
	if left := at(t, dir); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
	if said := r.said.String(); !strings.Contains(said, "The portal has ended") || !strings.Contains(said, first.Tokens["manager"]) {
		t.Errorf("it said:\n%s", said)
	}
}

func whoAmI(t *testing.T, r report, token string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/api/v1/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.Tokens[token])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var me struct{ Name string }
	if err := json.NewDecoder(resp.Body).Decode(&me); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/api/v1/me answers %s, %v", resp.Status, err)
	}
	return me.Name
}
