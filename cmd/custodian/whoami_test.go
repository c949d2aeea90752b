package main

import (
	"bufio"
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"custodian/internal/oidctest"
)

// TestWhoami walks what somebody does who wants to know what their sign-in service sends.
func TestWhoami(t *testing.T) {
	t.Parallel()
	service := oidctest.New(t, oidctest.Options{})
	service.Register("http://127.0.0.1:8080/sign-in/callback", "http://127.0.0.1:8080/signed-out")
	settings := []string{"--data-dir", filepath.Join(shortDir(t), "data"), "--oidc-issuer", service.Issuer(), "--oidc-client-id", oidctest.ClientID, "--oidc-client-secret", oidctest.ClientSecret}
	if code, _, errs := run(t, nil, append([]string{"found", "--name", "Example Care", "--administrators", "care-admins"}, settings...)...); code != 0 {
		t.Fatal(errs)
	}
	service.Become(oidctest.Person{Subject: "sub-nia", Name: "Nia Newcomer", Email: "nia@demo.example", Groups: []string{"care-admins", "walkers"}, Methods: []string{"pwd", "otp"}})
	for name, c := range map[string]struct {
		more  []string
		paste func(string) string
		code  int
		says  []string
	}{
		"met": {[]string{"--oidc-second-factor-roles", "administrator"}, func(at string) string { return at + "\n" }, 0, []string{"Nia Newcomer (nia@demo.example), known by the subject \"sub-nia\"", "Here before: no",
			"administrator, the whole provider (mapping ", "walkers                        nothing", "Would hold: administrator", "amr pwd otp, acr not sent: evidence of one", "Demanded of administrator: met", "Nothing was written"}},
		"no demand, and no line end": {[]string{"--oidc-second-factor-roles", "nobody"}, func(at string) string { return at }, 0, []string{"Demanded of these roles: no"}},
		"by default":                 {nil, func(at string) string { return at }, 0, []string{"Demanded of administrator: met"}},
		"another address":            {nil, func(string) string { return "https://documents.example.org/sign-in/callback?code=x&state=y\n" }, 1, []string{"this is not the address"}},
		"nothing":                    {nil, func(string) string { return "" }, 1, []string{"no address was given"}},
		"a code that is none":        {nil, func(at string) string { return strings.Replace(at, "code=", "code=x", 1) }, 1, []string{"(code: the service answered invalid_grant)"}},
		"no such role":               {[]string{"--oidc-second-factor-roles", "boss"}, nil, 1, []string{`there is no role "boss"`}},
	} {
		code, said := whoami(t, service, c.paste, append(append([]string{"whoami-claims"}, settings...), c.more...))
		if code != c.code {
			t.Errorf("%s: exit %d, want %d: %s", name, code, c.code, said)
		}
		for _, want := range c.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s does not say %q:\n%s", name, want, said)
			}
		}
		for _, secret := range []string{oidctest.ClientSecret, "nonce ", "at_hash", "eyJ", "access_token"} {
			if _, after, _ := strings.Cut(said, "press Enter"); strings.Contains(after, secret) {
				t.Errorf("%s shows %q:\n%s", name, secret, said)
			}
		}
	}
	code, said := whoami(t, service, nil, []string{"whoami-claims", "--data-dir", t.TempDir()})
	if code != 1 || !strings.Contains(said, "oidc_issuer is not set") {
		t.Errorf("without a service: exit %d, %s", code, said)
	}
}

// whoami runs the verb, goes to the address that it prints, and pastes what paste makes of the one that comes back.
func whoami(t *testing.T, service *oidctest.Provider, paste func(string) string, args []string) (int, string) {
	t.Helper()
	c := command(t, nil, args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewReader(out)
	for paste != nil {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if strings.HasPrefix(line, service.Issuer()) {
			if _, err := io.WriteString(in, paste(service.Answer(t, strings.TrimSpace(line)).String())); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err != nil {
			break
		}
	}
	in.Close()
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	said.Write(rest)
	_ = c.Wait() // the code tells
	return c.ProcessState.ExitCode(), said.String() + errs.String()
}
