package cluster_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"custodian/internal/pg/cluster"
)

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every refusal names what is wrong and what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	foreign := open(t)
	write(t, filepath.Join(foreign, "letters.txt"), "not ours")
	old := filepath.Join(open(t), "db")
	write(t, filepath.Join(old, "data", "PG_VERSION"), "9\n")
	for name, c := range map[string]struct {
		o    cluster.Options
		want string
	}{
		"no directory":        {cluster.Options{}, "needs a directory"},
		"somebody else's":     {cluster.Options{Dir: foreign}, "letters.txt"},
		"no programs":         {cluster.Options{Dir: filepath.Join(open(t), "db"), Bin: open(t)}, "postgres_bin is"},
		"version not there":   {cluster.Options{Dir: old}, "postgresql-9"},
		"a setting not known": {cluster.Options{Dir: filepath.Join(open(t), "db"), NoSync: true, Settings: map[string]string{"no_such_setting": "1"}}, "no_such_setting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started, err := cluster.Start(t.Context(), c.o)
			if err == nil {
				started.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error does not say %q:\n%v", c.want, err)
			}
		})
	}
	if b, err := os.ReadFile(filepath.Join(foreign, "letters.txt")); err != nil || string(b) != "not ours" {
		t.Errorf("the other file: %q, %v", b, err)
	}
}

// Cancelled while the cluster is being made, Start leaves nothing, and the next Start works.
func TestCancelledFirstRun(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(open(t), "db")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := cluster.Start(ctx, cluster.Options{Dir: dir, NoSync: true}); err == nil {
		c.Stop()
		t.Fatal("it started")
	}
	left, err := filepath.Glob(filepath.Join(dir, "data*"))
	if err != nil || len(left) != 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
	if got := ask(t, start(t, dir), "select 'yes'"); got != "yes" {
		t.Error(got)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
