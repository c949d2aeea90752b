package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/settings.md anew")

// samples gives every setting a text of its own that differs from its default. A setting without one fails TestReach.
var samples = map[string]string{
	"listen": "127.0.0.1:9999", "public_url": "https://documents.example.org", "data_dir": "/srv/sample",
	"database_url": "postgres://app:hush-db@db.example.org/custodian", "owner_database_url": "postgres://own:hush-own@db.example.org/custodian",
	"postgres_bin": "/opt/pg/bin", "store": "s3", "store_dir": "/srv/objects", "s3_endpoint": "s3.example.org",
	"s3_bucket": "sample-bucket", "s3_region": "eu-west-2", "s3_tls": "false", "s3_access_key": "sample-key",
	"s3_secret_key": "hush-s3", "keyring_dir": "/srv/keys", "root_key_file": "/srv/root/root.key", "upload_limit": "5MiB", "upload_day_limit": "50MiB",
	"oidc_issuer": "https://signin.example.org/realm", "oidc_client_id": "custodian", "oidc_client_secret": "hush-oidc",
	"oidc_groups_claim": "roles", "oidc_trust_email": "true", "oidc_second_factor_roles": "administrator, manager", "oidc_second_factor_acr": "urn:two", "oidc_second_factor_amr": "badge",
	"fresh_sign_in": "5m", "session_idle": "20m", "session_limit": "8h", "help_contact": "the office", "demo": "true",
	"scim_subject":        "userName",
	"checkpoint_key_file": "/srv/keys/signing", "checkpoint_lock": "48h", "timestamp_url": "https://time.example.org/tsa", "timestamp_every": "2h",
	"witness_url": "https://witness.example.org", "witness_key": "witness+12345678+abc",
	"log_level": "debug", "shutdown_grace": "3s",
}

// company gives the settings that agree needs beside the one under test.
func company(t *testing.T, without string) map[string]string {
	flags := map[string]string{}
	for _, s := range Table() {
		if s.Key != without {
			flags[s.Flag()] = samples[s.Key]
		}
	}
	delete(flags, "config")
	if without == "database_url" {
		delete(flags, "owner-database-url")
	}
	return flags
}

// want is what the sample must read as in a Value.
func want(s Setting) string {
	if s.Secret {
		return "set"
	}
	return samples[s.Key]
}

func value(t *testing.T, s *Settings, key string) Value {
	t.Helper()
	for _, v := range s.Values() {
		if v.Setting.Key == key {
			return v
		}
	}
	t.Fatalf("no value of %s", key)
	return Value{}
}

func TestReach(t *testing.T) {
	t.Parallel()
	for _, s := range Table() {
		sample := samples[s.Key]
		if sample == "" || sample == s.Default {
			t.Fatalf("give samples a text for %s that differs from its default", s.Key)
		}
		dir := t.TempDir()
		file := write(t, dir, "custodian.toml", fmt.Sprintf("%s = %q\n", s.Key, sample))
		hush := write(t, dir, "hush", sample+"\n")
		fileByFile := write(t, dir, "byfile.toml", fmt.Sprintf("%s = %q\n", s.FileKey(), hush))
		ways := []struct {
			name, source string
			flag         [2]string
			env          []string
		}{
			{"flag", "flag --" + s.Flag(), [2]string{s.Flag(), sample}, nil},
			{"environment", "environment " + s.Env(), [2]string{}, []string{s.Env() + "=" + sample}},
			{"file", "file " + file, [2]string{"config", file}, nil},
		}
		if s.Secret {
			ways = append(ways, []struct {
				name, source string
				flag         [2]string
				env          []string
			}{
				{"flag to a file", "flag --" + s.FileFlag(), [2]string{s.FileFlag(), hush}, nil},
				{"environment to a file", "environment " + s.FileEnv(), [2]string{}, []string{s.FileEnv() + "=" + hush}},
				{"file to a file", "file " + fileByFile, [2]string{"config", fileByFile}, nil},
			}...)
		}
		for _, way := range ways {
			flags := company(t, s.Key)
			if way.flag[0] != "" {
				flags[way.flag[0]] = way.flag[1]
			}
			got, err := Load(flags, way.env)
			if err != nil {
				t.Errorf("%s by %s: %v", s.Key, way.name, err)
				continue
			}
			v := value(t, got, s.Key)
			if v.Text != want(s) || !strings.HasPrefix(v.Source, way.source) {
				t.Errorf("%s by %s: got %q from %q, want %q from %q", s.Key, way.name, v.Text, v.Source, want(s), way.source)
			}
		}
	}
}

// TestReachesField sees that each setting changes a field of Settings and not only its Value.
func TestReachesField(t *testing.T) {
	t.Parallel()
	without, err := Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Table() {
		with := *without
		if err := s.put(&with, samples[s.Key]); err != nil {
			t.Errorf("%s: %v", s.Key, err)
		}
		if fields(with) == fields(*without) {
			t.Errorf("%s: changes no field", s.Key)
		}
	}
}

// fields writes the exported fields, secrets opened, so that two Settings can be compared.
func fields(s Settings) string {
	s.values = nil
	return fmt.Sprintf("%+v %s %s %s %s", s, s.DatabaseURL.Reveal(), s.OwnerDatabaseURL.Reveal(), s.S3.SecretKey.Reveal(), s.OIDC.ClientSecret.Reveal())
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), "c.toml", `log_level = "warn"`)
	for _, c := range []struct {
		flags  map[string]string
		env    []string
		want   string
		source string
	}{
		{nil, nil, "info", "default"},
		{map[string]string{"config": file}, nil, "warn", "file " + file},
		{nil, []string{"CUSTODIAN_CONFIG=" + file}, "warn", "file " + file},
		{map[string]string{"config": file}, []string{"CUSTODIAN_LOG_LEVEL=error"}, "error", "environment CUSTODIAN_LOG_LEVEL"},
		{map[string]string{"config": file, "log-level": "debug"}, []string{"CUSTODIAN_LOG_LEVEL=error"}, "debug", "flag --log-level"},
		{map[string]string{"config": file}, []string{"CUSTODIAN_LOG_LEVEL="}, "warn", "file " + file},
	} {
		s, err := Load(c.flags, c.env)
		if err != nil {
			t.Fatal(err)
		}
		if v := value(t, s, "log_level"); v.Text != c.want || v.Source != c.source {
			t.Errorf("%v %v: got %q from %q, want %q from %q", c.flags, c.env, v.Text, v.Source, c.want, c.source)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s, err := Load(map[string]string{"data-dir": "/srv/c", "listen": "127.0.0.1:81"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{s.PublicURL, s.StoreDir, s.KeyringDir, s.RootKeyFile, s.UploadLimit, s.UploadDayLimit, s.Store, s.S3.TLS, s.ShutdownGrace, s.DatabaseURL.IsSet(), s.LogLevel}
	want := []any{"http://127.0.0.1:81", "/srv/c/objects", "/srv/c/keyring", "/srv/c/keyring/root.key", int64(2) << 30, int64(20) << 30, "dir", true, 20 * time.Second, false, slog.LevelInfo}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// Files over 20 GiB that could be added before there was a limit of a day still can.
func TestDayHoldsTheLargestFile(t *testing.T) {
	t.Parallel()
	s, err := Load(map[string]string{"upload-limit": "50GiB"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := value(t, s, "upload_day_limit"); s.UploadDayLimit != 50<<30 || v.Text != "50GiB" || v.Source != "flag --upload-limit" {
		t.Errorf("%d, %+v", s.UploadDayLimit, v)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hush := write(t, dir, "hush", "pw")
	for name, c := range map[string]struct {
		flags map[string]string
		env   []string
		file  string
		want  []string // each must stand in the error
	}{
		"unknown key":        {file: "kering_dir = \"x\"\nlisten = \"a:1\"", want: []string{`"kering_dir" is not a setting; did you mean keyring_dir?`}},
		"unknown, none near": {file: "colour = \"blue\"", want: []string{`"colour" is not a setting`}},
		"table in file":      {file: "[s3]\nbucket = \"b\"", want: []string{`"s3" is not a setting`}},
		"list in file":       {file: "listen = [\"a\"]", want: []string{"listen must be a single value"}},
		"not toml":           {file: "listen = \nhush-secret", want: []string{"is not a settings file: line 1"}},
		"no such file":       {flags: map[string]string{"config": filepath.Join(dir, "absent")}, want: []string{"cannot be read", "absent"}},
		"both forms":         {env: []string{"DATABASE_URL=postgres://h/d", "DATABASE_URL_FILE=" + hush}, want: []string{"DATABASE_URL and DATABASE_URL_FILE are both given"}},
		"empty secret file":  {env: []string{"CUSTODIAN_S3_SECRET_KEY_FILE=" + write(t, dir, "empty", "\n")}, want: []string{"is empty"}},
		"wrong secret file":  {env: []string{"CUSTODIAN_S3_SECRET_KEY_FILE=" + write(t, dir, "two", "a\nb\n")}, want: []string{"more than one line"}},
		"no secret file":     {env: []string{"CUSTODIAN_S3_SECRET_KEY_FILE=" + filepath.Join(dir, "none")}, want: []string{"cannot be read"}},
		"all at once": {flags: map[string]string{"listen": "here", "store": "tape", "s3-tls": "yes", "upload-limit": "0", "shutdown-grace": "soon", "log-level": "loud", "public-url": "custodian.example.org"},
			want: []string{"listen (flag --listen): must be a host and a port", `store (flag --store): must be dir or s3, not "tape"`, "s3_tls (", "upload_limit (", "shutdown_grace (", "log_level (", "public_url ("}},
		"port":              {flags: map[string]string{"listen": "127.0.0.1:70000"}, want: []string{`has the port "70000"`}},
		"s3 without":        {flags: map[string]string{"store": "s3"}, want: []string{"s3_endpoint: must be set when store is s3", "s3_bucket", "s3_access_key", "s3_secret_key"}},
		"oidc without":      {flags: map[string]string{"oidc-issuer": "https://x.example.org"}, want: []string{"oidc_client_id", "oidc_client_secret"}},
		"idle too short":    {flags: map[string]string{"session-idle": "299s"}, want: []string{`session_idle (flag --session-idle): must be at least 5m, not "299s"`}},
		"limit too short":   {flags: map[string]string{"session-limit": "0s"}, want: []string{"session_limit (flag --session-limit): must be at least 5m"}},
		"day below a file":  {flags: map[string]string{"upload-limit": "3GiB", "upload-day-limit": "2GiB"}, want: []string{"upload_day_limit: 2GiB is less than upload_limit, 3GiB"}},
		"idle past limit":   {flags: map[string]string{"session-idle": "2h", "session-limit": "1h"}, want: []string{"session_idle: 2h is longer than session_limit, 1h"}},
		"demo":              {flags: map[string]string{"demo": "yes"}, want: []string{`demo (flag --demo): must be true or false, not "yes"`}},
		"contact":           {env: []string{"CUSTODIAN_HELP_CONTACT=the\noffice"}, want: []string{"help_contact (environment CUSTODIAN_HELP_CONTACT): must be one line"}},
		"keys with objects": {flags: map[string]string{"store-dir": "/srv/x", "keyring-dir": "/srv/x/keys"}, want: []string{"keyring_dir: /srv/x/keys lies inside store_dir /srv/x"}},
		"objects with keys": {flags: map[string]string{"store-dir": "/srv/x/y", "keyring-dir": "/srv/x"}, want: []string{"store_dir: /srv/x/y lies inside keyring_dir /srv/x"}},
		"public with path":  {flags: map[string]string{"public-url": "https://h/app"}, want: []string{"must end after the host"}},
		"endpoint as url":   {flags: map[string]string{"s3-endpoint": "https://s3"}, want: []string{"without https://"}},
		"database scheme":   {env: []string{"DATABASE_URL=mysql://u:hush-secret@h/d"}, want: []string{"database_url (environment DATABASE_URL): must be an address that begins with postgres://"}},
		"database unnamed":  {env: []string{"DATABASE_URL=postgres://u:hush-secret@h"}, want: []string{"must name the database"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := c.flags
			if c.file != "" {
				flags = map[string]string{"config": write(t, t.TempDir(), "c.toml", c.file)}
			}
			s, err := Load(flags, c.env)
			if err == nil || s != nil {
				t.Fatalf("Load answered %v, %v; want an error and nothing else", s, err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			if strings.Contains(err.Error(), "hush-secret") {
				t.Errorf("error %q repeats a secret", err)
			}
		})
	}
}

func TestStrangeEnvironment(t *testing.T) {
	t.Parallel()
	s, err := Load(nil, []string{"CUSTODIAN_KEYRNG_DIR=/x", "CUSTODIAN_PORT_8080_TCP_PROTO=tcp", "OTHER=1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"the environment has CUSTODIAN_KEYRNG_DIR, which is not a setting and is not used; did you mean CUSTODIAN_KEYRING_DIR?"}
	if diff := cmp.Diff(want, s.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, "512B": 512, "2GiB": 2 << 30, "10 MiB": 10 << 20, "3KiB": 3 << 10, "8388607TiB": 8388607 << 40} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "1.5GiB", "2GB", "GiB", "8388608TiB", "9223372036854775808", "1 000", "0x10"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d; want an error", text, got)
		}
	}
}

// TestSecretKeepsQuiet tries every ordinary way of letting a secret out.
func TestSecretKeepsQuiet(t *testing.T) {
	t.Parallel()
	s, err := Load(company(t, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", s.DatabaseURL)
		fmt.Fprintf(&out, verb+"\n", *s)
		fmt.Fprintf(&out, verb+"\n", s.Values())
		fmt.Fprintf(&out, verb+"\n", &s.S3)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("x", "a", s.DatabaseURL, "b", s, "c", s.S3, "d", *s)
	}
	for _, v := range []any{s, s.S3, s.DatabaseURL, s.OIDC} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(raw)
	}
	if strings.Contains(out.String(), "hush") || strings.Contains(out.String(), fmt.Sprintf("%x", "hush")) {
		t.Errorf("a secret got out:\n%s", out.String())
	}
	if !strings.Contains(out.String(), "set") || s.DatabaseURL.Reveal() != samples["database_url"] {
		t.Error("the secrets of this test were not there to begin with")
	}
	if reflect.TypeFor[Secret]().NumField() != 1 || reflect.TypeFor[Secret]().Field(0).Type.Kind() != reflect.Func {
		t.Error("Secret holds its text in a field that reflection can read")
	}
}

// TestTable sees that the table is whole: no name twice, every setting described, every group in one place.
func TestTable(t *testing.T) {
	t.Parallel()
	seen, groups, last := map[string]bool{}, map[string]bool{}, ""
	for _, s := range Table() {
		for _, name := range []string{"key " + s.Key, "flag " + s.Flag(), "env " + s.Env()} {
			if seen[name] {
				t.Errorf("%s stands twice", name)
			}
			seen[name] = true
		}
		if len(s.Help) < 40 || !strings.HasSuffix(s.Help, ".") || s.Kind == "" || s.Group == "" || s.put == nil {
			t.Errorf("%s is not fully described", s.Key)
		}
		if (s.Default == "") == (s.Follows == "") {
			t.Errorf("%s must say in exactly one way what it is when left out", s.Key)
		}
		if s.Group != last && groups[s.Group] {
			t.Errorf("%s stands apart from the rest of its group", s.Key)
		}
		groups[s.Group], last = true, s.Group
	}
}

func TestDocumented(t *testing.T) {
	t.Parallel()
	const path = "../../docs/settings.md"
	if *update {
		if err := os.WriteFile(path, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Markdown(), string(have)); diff != "" {
		t.Errorf("docs/settings.md is not what the table says; run: go test ./internal/config -update\n(-table +page):\n%s", diff)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
