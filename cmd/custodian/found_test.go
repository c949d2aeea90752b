package main

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
)

func signInFlags(data string) []string {
	return []string{"--data-dir", data, "--oidc-issuer", "http://127.0.0.1:1/realm", "--oidc-client-id", "custodian", "--oidc-client-secret", "hush"}
}

// TestFound walks what somebody does who sets Custodian up for real, before the first start and after it.
func TestFound(t *testing.T) {
	t.Parallel()
	data := filepath.Join(shortDir(t), "data")
	settings := signInFlags(data)
	found := func(wantCode int, want string, args ...string) {
		t.Helper()
		code, out, errs := run(t, nil, append(append([]string{"found"}, settings...), args...)...)
		if code != wantCode || !strings.Contains(out+errs, want) || strings.Contains(out+errs, "hush") {
			t.Errorf("found %q: exit %d, want %d; it said %s%s, want %q", args, code, wantCode, out, errs, want)
		}
	}
	found(0, "Let a member of the group care-admins open http://127.0.0.1:8080 and sign in", "--name", "Example Care", "--administrators", "care-admins")
	found(1, "has been set up here already. To set up one more", "--name", "Sample Homes", "--administrators", "sample-admins")
	found(1, "gives a role in another organisation already", "--name", "Sample Homes", "--administrators", "care-admins", "--another")
	found(0, "Sample Homes is set up.", "--name", "Sample Homes", "--administrators", "sample-admins", "--another")
	found(1, "--name: The name holds characters that cannot be seen", "--name", "a\x01b", "--administrators", "x", "--another")
	found(1, "--administrators: The group holds characters that cannot be seen", "--name", "Sample Homes", "--administrators", "a\x01b", "--another")

	s := serve(t, nil, settings...)
	if s.url == "" {
		_, said := s.end()
		t.Fatalf("it did not start:\n%s", said)
	}
	found(1, "another running program uses the database", "--name", "Third", "--administrators", "third", "--another")
	if code := s.get(t, "/"); code != http.StatusOK {
		t.Errorf("the first page answered %d", code)
	}
	if code := s.get(t, "/sign-in"); code != http.StatusServiceUnavailable { // nobody listens there
		t.Errorf("a sign-in at a service that is down answered %d", code)
	}
	_ = s.Process.Signal(syscall.SIGTERM)
	s.end()

	c, err := cluster.Start(t.Context(), cluster.Options{Dir: filepath.Join(data, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	}()
	if got, want := ask(t, c.URL(pg.Database, cluster.Superuser), `
		select string_agg(p.name || ' ' || g.issuer || ' ' || g.group_name || ' ' || g.role, ', ' order by g.id)
		from app.group_role g join app.provider p on p.id = g.provider_id`),
		"Example Care http://127.0.0.1:1/realm care-admins administrator, Sample Homes http://127.0.0.1:1/realm sample-admins administrator"; got != want {
		t.Errorf("there is %q, want %q", got, want)
	}
}

func TestFoundWords(t *testing.T) {
	t.Parallel()
	settings := signInFlags(filepath.Join(t.TempDir(), "data"))
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"nothing said": {settings, 2, "say what the organisation is called"},
		"no group":     {append(settings, "--name", "Example Care"), 2, "which group administers it"},
		"no service":   {[]string{"--name", "Example Care", "--administrators", "x"}, 1, "oidc_issuer is not set"},
	} {
		code, _, errs := run(t, nil, append([]string{"found"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, want %d; %s", name, code, c.code, errs)
		}
	}
}

// ask reads one text as the superuser.
func ask(t *testing.T, url, sql string) (answer string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, sql).Scan(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
