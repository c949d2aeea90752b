package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"custodian/cmd/devstack/child"
)

// passed are the settings that one may try out on the stack: it decides all others itself.
var passed = []string{"CUSTODIAN_UPLOAD_LIMIT", "CUSTODIAN_LOG_LEVEL", "CUSTODIAN_SHUTDOWN_GRACE"}

// environment is the portal's: what every program needs, without any other setting of Custodian or PostgreSQL that happens to
// be set around us, and then the stack's own.
func environment(around []string, settings map[string]string) []string {
	var env []string
	for _, e := range around {
		name, _, _ := strings.Cut(e, "=")
		if slices.Contains(passed, name) || !strings.HasPrefix(name, "CUSTODIAN_") && !strings.HasPrefix(name, "PG") &&
			!strings.HasPrefix(name, "DATABASE_URL") && !strings.HasPrefix(name, "OWNER_DATABASE_URL") {
			env = append(env, e)
		}
	}
	for name, value := range settings {
		env = append(env, name+"="+value)
	}
	return env
}

// keeper keeps the portal going: up is told each time it is ready.
func (s *stack) keeper(log *os.File, up func(pid int) error) child.Keeper {
	return child.Keeper{
		Name: "The portal",
		Program: child.Program{
			Path: s.opt.custodian, Args: []string{"serve"}, Dir: s.opt.data, Output: log,
			Env: environment(os.Environ(), s.settings()),
		},
		Answers:  func(ctx context.Context) error { return answers(ctx, s.url+"/readyz") },
		Up:       up,
		Say:      func(text string) { fmt.Fprintln(s.out, text) },
		Patience: 2 * time.Minute,
		Grace:    30 * time.Second,
	}
}

// settings are the portal's, by the names of its environment.
func (s *stack) settings() map[string]string {
	m := map[string]string{
		"CUSTODIAN_LISTEN":             s.address,
		"CUSTODIAN_PUBLIC_URL":         s.url,
		"CUSTODIAN_DATA_DIR":           s.portalDir(),
		"DATABASE_URL":                 s.db.app,
		"OWNER_DATABASE_URL":           s.db.owner,
		"CUSTODIAN_STORE":              s.opt.store,
		"CUSTODIAN_OIDC_ISSUER":        s.issuer(),
		"CUSTODIAN_OIDC_CLIENT_ID":     clientID,
		"CUSTODIAN_OIDC_CLIENT_SECRET": s.state.ClientSecret,
		"CUSTODIAN_DEMO":               "true",
		// Dex says neither amr nor acr, so nobody of the demonstration could show a second factor.
		"CUSTODIAN_OIDC_SECOND_FACTOR_ROLES": "nobody",
	}
	if s.opt.store == "s3" {
		m["CUSTODIAN_S3_ENDPOINT"] = s.s3.Endpoint
		m["CUSTODIAN_S3_BUCKET"] = s.s3.Bucket
		m["CUSTODIAN_S3_TLS"] = "false"
		m["CUSTODIAN_S3_ACCESS_KEY"] = s.s3.AccessKey
		m["CUSTODIAN_S3_SECRET_KEY"] = s.s3.SecretKey
	}
	return m
}

// answers returns when url answers 200, or ctx ends.
func answers(ctx context.Context, url string) error {
	client := &http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
}
