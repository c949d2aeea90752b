// Package config reads Custodian's settings: one table, four places a value can come from, one answer.
//
// It promises that every setting in Table can be given as a flag, in the environment and in a file, and that a flag beats
// the environment, the environment beats the file, and the file beats the default; that a key it does not know is refused
// by name; that every value can say where it came from; and that a secret cannot be printed, logged or encoded by accident.
//
// It only reads: it makes no directory, opens no connection and does not judge whether a server answers (`custodian doctor`
// does). An environment variable that is set but empty counts as not set.
package config

import (
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"strings"
	"time"
)

// Settings are the values in force for one run of the program, checked and with every default filled in.
type Settings struct {
	Listen    string // host:port the portal listens on
	PublicURL string // how people reach the portal; no trailing slash
	DataDir   string

	DatabaseURL      Secret // empty: a private PostgreSQL under DataDir/postgres
	OwnerDatabaseURL Secret // empty: serve does not migrate a database it did not start
	PostgresBin      string // empty: the newest found

	Store    string // StoreDir or StoreS3
	StoreDir string
	S3       S3

	KeyringDir  string
	RootKeyFile string

	CheckpointKeyFile string
	CheckpointLock    time.Duration // how long a bucket with object lock holds checkpoints fast
	TimestampURL      string
	TimestampEvery    time.Duration
	WitnessURL        string
	WitnessKey        string

	UploadLimit    int64 // bytes of one file
	UploadDayLimit int64 // bytes that one person may add within 24 hours

	OIDC         OIDC
	SCIMSubject  string        // SubjectExternalID or SubjectUserName
	FreshSignIn  time.Duration // how old a sign-in may be for what asks for a fresh one
	SessionIdle  time.Duration // how long a browser may be left alone
	SessionLimit time.Duration // how long a sign-in lasts at most

	HelpContact string // whom people are told to ask
	Demo        bool   // every page says that all is made up

	LogLevel      slog.Level
	ShutdownGrace time.Duration

	// Warnings are sentences about values that work but are probably not meant.
	Warnings []string

	values []Value
}

// The two values of Settings.Store.
const (
	StoreDir = "dir"
	StoreS3  = "s3"
)

// The two values of Settings.SCIMSubject: attributes of a SCIM user.
const (
	SubjectExternalID = "externalId"
	SubjectUserName   = "userName"
)

// S3 says which bucket holds the objects when Store is StoreS3.
type S3 struct {
	Endpoint  string // host or host:port
	Bucket    string
	Region    string
	TLS       bool
	AccessKey string
	SecretKey Secret
}

// OIDC says which sign-in service is trusted.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret Secret
	GroupsClaim  string // under which it sends a person's groups
	TrustsEmail  bool   // an address is the person's although the service does not say so

	SecondFactorRoles                []string // whose people need a second factor; "all" for every role, "nobody" for none
	SecondFactorACR, SecondFactorAMR []string // what the service says where there was one
}

// Value is one setting as it stands, for showing to a person.
type Value struct {
	Setting Setting
	Text    string // the value in force; for a secret "set" or "not set"
	Source  string // such as "flag --listen", "environment CUSTODIAN_LISTEN", "file custodian.toml" or "default"
}

// Values returns every setting in the order of Table. It never holds the text of a secret.
func (s *Settings) Values() []Value { return slices.Clone(s.values) }

// Load reads the settings. flags holds the flags that were given, by name without the dashes (also "config", and "<name>-file"
// for a secret); environ holds KEY=value lines as os.Environ gives them.
//
// The error, when there is one, lists every mistake, each a sentence that names the setting and where the value came from.
func Load(flags map[string]string, environ []string) (*Settings, error) {
	in := sources{flags: flags, env: environment(environ)}
	if err := in.readFile(); err != nil {
		return nil, err
	}
	s := &Settings{Warnings: in.strangers()}
	got := map[string]found{}
	var mistakes []error
	for _, setting := range Table() {
		f, err := in.find(setting)
		if err == nil {
			err = setting.put(s, f.text)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s (%s): %w", setting.Key, f.source, err))
		}
		got[setting.Key] = f
	}
	if len(mistakes) == 0 {
		derive(s, got)
		mistakes = append(mistakes, s.agree(got)...)
	}
	if len(mistakes) > 0 {
		return nil, &Error{Mistakes: mistakes}
	}
	for _, setting := range Table() {
		s.values = append(s.values, got[setting.Key].shown(setting))
	}
	return s, nil
}

// Error lists what is wrong with the settings.
type Error struct{ Mistakes []error }

// Error returns one line per mistake.
func (e *Error) Error() string {
	lines := make([]string, 0, len(e.Mistakes)+1)
	lines = append(lines, "the settings cannot be used:")
	for _, m := range e.Mistakes {
		lines = append(lines, "  "+m.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes.
func (e *Error) Unwrap() []error { return e.Mistakes }

// derive fills in the values whose default hangs on another setting.
func derive(s *Settings, got map[string]found) {
	fill := func(key string, to *string, text string) {
		if *to == "" {
			*to = text
			got[key] = found{text: text, source: "default"}
		}
	}
	fill("public_url", &s.PublicURL, "http://"+s.Listen)
	fill("store_dir", &s.StoreDir, join(s.DataDir, "objects"))
	if s.UploadDayLimit < s.UploadLimit && got["upload_day_limit"].source == "default" {
		s.UploadDayLimit = s.UploadLimit // who let larger files in before there was a limit of a day is not shut out by it
		got["upload_day_limit"] = got["upload_limit"]
	}
	fill("keyring_dir", &s.KeyringDir, join(s.DataDir, "keyring"))
	fill("root_key_file", &s.RootKeyFile, join(s.KeyringDir, "root.key"))
	fill("checkpoint_key_file", &s.CheckpointKeyFile, join(s.KeyringDir, "checkpoint-signing-key"))
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
}

// agree checks the settings against one another.
func (s *Settings) agree(got map[string]found) []error {
	var mistakes []error
	need := func(why string, keys ...string) {
		for _, key := range keys {
			if got[key].text == "" {
				mistakes = append(mistakes, fmt.Errorf("%s: must be set %s", key, why))
			}
		}
	}
	if s.Store == StoreS3 {
		need("when store is s3", "s3_endpoint", "s3_bucket", "s3_access_key", "s3_secret_key")
	}
	if s.OIDC.Issuer != "" {
		need("when oidc_issuer is set", "oidc_client_id", "oidc_client_secret")
	}
	if s.WitnessURL != "" {
		need("when witness_url is set", "witness_key")
	}
	if s.UploadLimit > s.UploadDayLimit {
		mistakes = append(mistakes, fmt.Errorf("upload_day_limit: %s is less than upload_limit, %s, so the largest files could never be added", got["upload_day_limit"].text, got["upload_limit"].text))
	}
	if s.SessionIdle > s.SessionLimit {
		mistakes = append(mistakes, fmt.Errorf("session_idle: %s is longer than session_limit, %s", got["session_idle"].text, got["session_limit"].text))
	}
	if s.Store == StoreDir && inside(s.KeyringDir, s.StoreDir) {
		mistakes = append(mistakes, fmt.Errorf("keyring_dir: %s lies inside store_dir %s; keys must be kept, and backed up, apart from what they open", s.KeyringDir, s.StoreDir))
	}
	if s.Store == StoreDir && inside(s.StoreDir, s.KeyringDir) {
		mistakes = append(mistakes, fmt.Errorf("store_dir: %s lies inside keyring_dir %s; keys must be kept, and backed up, apart from what they open", s.StoreDir, s.KeyringDir))
	}
	sort.Slice(mistakes, func(i, j int) bool { return mistakes[i].Error() < mistakes[j].Error() })
	return mistakes
}
