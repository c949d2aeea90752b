package config

import (
	"strings"
	"time"
)

// Kind is what a setting's text must look like.
type Kind string

// The kinds, each named as the documentation shows it.
const (
	Text     Kind = "text"
	Choice   Kind = "one of a list"
	YesNo    Kind = "true or false"
	Address  Kind = "host:port"
	Web      Kind = "web address"
	Folder   Kind = "directory"
	File     Kind = "file"
	Database Kind = "PostgreSQL address"
	Size     Kind = "size"
	Duration Kind = "length of time"
)

// Setting describes one setting: the single source of its flag, its variable, its default and its documentation.
type Setting struct {
	Key     string   // the key in the file; the other names follow from it
	Kind    Kind     //
	Default string   // the text used when nothing was given; may be empty
	Follows string   // what an empty Default comes to, in words
	Choices []string // for Choice
	Secret  bool     // also taken from a file, never shown
	Help    string   // what it is for, for the person who runs the service
	Group   string   // the heading it stands under in the documentation

	env string                               // the variable's name where it is not CUSTODIAN_KEY
	put func(s *Settings, text string) error // parses and stores; text may be empty
}

// Flag returns the name of the flag, without dashes.
func (s Setting) Flag() string { return strings.ReplaceAll(s.Key, "_", "-") }

// Env returns the name of the environment variable.
func (s Setting) Env() string {
	if s.env != "" {
		return s.env
	}
	return "CUSTODIAN_" + strings.ToUpper(s.Key)
}

// FileFlag, FileEnv and FileKey name the forms of a secret that give a file to read it from.
func (s Setting) FileFlag() string { return s.Flag() + "-file" }

// FileEnv is described at FileFlag.
func (s Setting) FileEnv() string { return s.Env() + "_FILE" }

// FileKey is described at FileFlag.
func (s Setting) FileKey() string { return s.Key + "_file" }

// ConfigFlag and ConfigEnv name the settings file itself; it is not in the table because it cannot stand in the file.
const (
	ConfigFlag = "config"
	ConfigEnv  = "CUSTODIAN_CONFIG"
)

// leastIdle keeps people who work from being signed out: their use is noted once a minute.
const leastIdle = 5 * time.Minute

// The groups, in the order of the documentation.
const (
	groupPlace   = "Where it is reached and where it keeps its data"
	groupDB      = "The database"
	groupStore   = "The store of documents"
	groupKeys    = "The keys"
	groupTree    = "Proof that nobody changed the footprints"
	groupUploads = "Uploads"
	groupSignIn  = "Signing in"
	groupPages   = "What the pages say"
	groupRunning = "Running"
)

// Table returns every setting. The order is that of the documentation.
func Table() []Setting {
	return []Setting{
		{Key: "listen", Kind: Address, Default: "127.0.0.1:8080", Group: groupPlace,
			Help: "The address this computer listens on. Left alone, only this computer can open the portal. To let others in, put a web server that holds your certificate (TLS) in front and leave this as it is.",
			put:  address(func(s *Settings) *string { return &s.Listen })},
		{Key: "public_url", Kind: Web, Follows: "`http://` and the value of listen", Group: groupPlace,
			Help: "The address people type to reach the portal, for example https://documents.example.org. Links the portal writes begin with it.",
			put:  web(func(s *Settings) *string { return &s.PublicURL }, true)},
		{Key: "data_dir", Kind: Folder, Default: "./data", Group: groupPlace,
			Help: "The folder in which everything is kept unless a setting below says otherwise. Only the account that runs Custodian may open it.",
			put:  folder(func(s *Settings) *string { return &s.DataDir })},

		{Key: "database_url", Kind: Database, Secret: true, env: "DATABASE_URL", Follows: "a private PostgreSQL kept in `postgres` under data_dir", Group: groupDB,
			Help: "The PostgreSQL database to use, signed in as the application's own login. Left out, Custodian runs a private PostgreSQL of its own, which needs PostgreSQL's programs on this computer and nothing else.",
			put:  database(func(s *Settings) *Secret { return &s.DatabaseURL })},
		{Key: "owner_database_url", Kind: Database, Secret: true, env: "OWNER_DATABASE_URL", Follows: "`serve` leaves the tables as they are", Group: groupDB,
			Help: "The same database signed in as the owner of its tables. `custodian migrate` needs it to bring the tables up to date. Given to `custodian serve`, the tables are brought up to date at each start.",
			put:  database(func(s *Settings) *Secret { return &s.OwnerDatabaseURL })},
		{Key: "postgres_bin", Kind: Folder, Follows: "the newest version found", Group: groupDB,
			Help: "The folder with PostgreSQL's programs (postgres, initdb), for the private PostgreSQL.",
			put:  folder(func(s *Settings) *string { return &s.PostgresBin })},

		{Key: "store", Kind: Choice, Choices: []string{StoreDir, StoreS3}, Default: StoreDir, Group: groupStore,
			Help: "Where the sealed documents are kept: `dir` is a folder on this computer, `s3` a bucket of an object store.",
			put:  choice(func(s *Settings) *string { return &s.Store }, StoreDir, StoreS3)},
		{Key: "store_dir", Kind: Folder, Follows: "`objects` under data_dir", Group: groupStore,
			Help: "The folder for the sealed documents when store is `dir`.",
			put:  folder(func(s *Settings) *string { return &s.StoreDir })},
		{Key: "s3_endpoint", Kind: Text, Follows: "must be given when store is `s3`", Group: groupStore,
			Help: "The object store's host name, without https://, for example s3.eu-west-2.amazonaws.com.",
			put:  endpoint(func(s *Settings) *string { return &s.S3.Endpoint })},
		{Key: "s3_bucket", Kind: Text, Follows: "must be given when store is `s3`", Group: groupStore,
			Help: "The bucket. It must exist, be used by Custodian alone and not be open to the public.",
			put:  text(func(s *Settings) *string { return &s.S3.Bucket })},
		{Key: "s3_region", Kind: Text, Default: "us-east-1", Group: groupStore,
			Help: "The bucket's region. For data that must stay in the United Kingdom with AWS this is eu-west-2.",
			put:  text(func(s *Settings) *string { return &s.S3.Region })},
		{Key: "s3_tls", Kind: YesNo, Default: "true", Group: groupStore,
			Help: "Whether the object store is reached over TLS. Turn it off only for a store on this same computer.",
			put:  yesNo(func(s *Settings) *bool { return &s.S3.TLS })},
		{Key: "s3_access_key", Kind: Text, Follows: "must be given when store is `s3`", Group: groupStore,
			Help: "The name of the key with which Custodian signs in to the object store.",
			put:  text(func(s *Settings) *string { return &s.S3.AccessKey })},
		{Key: "s3_secret_key", Kind: Text, Secret: true, Follows: "must be given when store is `s3`", Group: groupStore,
			Help: "The secret that belongs to s3_access_key.",
			put:  secret(func(s *Settings) *Secret { return &s.S3.SecretKey })},

		{Key: "keyring_dir", Kind: Folder, Follows: "`keyring` under data_dir", Group: groupKeys,
			Help: "The folder with the keys that open the documents. Without it nothing can ever be read again. Back it up apart from the database and the documents, and never where they are.",
			put:  folder(func(s *Settings) *string { return &s.KeyringDir })},
		{Key: "root_key_file", Kind: File, Follows: "`root.key` in keyring_dir", Group: groupKeys,
			Help: "The file with the root key, which locks all the other keys. It is made at the first start. For more safety keep it on another disk than the keyring.",
			put:  folder(func(s *Settings) *string { return &s.RootKeyFile })},

		{Key: "checkpoint_key_file", Kind: File, Follows: "`checkpoint-signing-key` in keyring_dir", Group: groupTree,
			Help: "The file with the key that signs checkpoints. It is made at the first start. Whoever has it can sign a made-up history, so no administrator of the database should; without it, checkpoints that were signed stay good and new ones are signed by a new key.",
			put:  folder(func(s *Settings) *string { return &s.CheckpointKeyFile })},
		{Key: "checkpoint_lock", Kind: Duration, Default: "87600h", Group: groupTree,
			Help: "How long nobody at all may remove a checkpoint from a bucket that has object lock (compliance mode); 87600h are ten years. Other stores cannot lock.",
			put:  atLeast(0, func(s *Settings) *time.Duration { return &s.CheckpointLock })},
		{Key: "timestamp_url", Kind: Web, Follows: "no time-stamps", Group: groupTree,
			Help: "The address of a time-stamp service (RFC 3161) that confirms when a checkpoint was there. It is sent a hash and nothing else.",
			put:  web(func(s *Settings) *string { return &s.TimestampURL }, false)},
		{Key: "timestamp_every", Kind: Duration, Default: "1h", Group: groupTree,
			Help: "How long to wait at least between two time-stamps.",
			put:  atLeast(time.Minute, func(s *Settings) *time.Duration { return &s.TimestampEvery })},
		{Key: "witness_url", Kind: Web, Follows: "no witness", Group: groupTree,
			Help: "The address of a witness: somebody else's service that signs each checkpoint as well once it has seen that it continues the last one (C2SP tlog-witness). It is sent checkpoints and proofs, never a footprint.",
			put:  web(func(s *Settings) *string { return &s.WitnessURL }, false)},
		{Key: "witness_key", Kind: Text, Follows: "must be given with witness_url", Group: groupTree,
			Help: "The witness's public key, as name+number+letters.",
			put:  text(func(s *Settings) *string { return &s.WitnessKey })},

		{Key: "upload_limit", Kind: Size, Default: "2GiB", Group: groupUploads,
			Help: "The largest file that may be uploaded, in bytes or with KiB, MiB or GiB.",
			put:  size(func(s *Settings) *int64 { return &s.UploadLimit })},
		{Key: "upload_day_limit", Kind: Size, Default: "20GiB", Group: groupUploads,
			Help: "The most that one person may add within 24 hours, with all their API tokens together: so nobody, and no stolen token, fills the store. Files that wait to be added count as well. Whoever comes to it is told from when there is room again. It cannot be less than upload_limit, and is as much where it is not set and upload_limit is more than 20GiB.",
			put:  size(func(s *Settings) *int64 { return &s.UploadDayLimit })},

		{Key: "oidc_issuer", Kind: Web, Follows: "no sign-in service", Group: groupSignIn,
			Help: "The address of your organisation's sign-in service (OpenID Connect). `custodian doctor` checks that it answers as that service.",
			put:  web(func(s *Settings) *string { return &s.OIDC.Issuer }, false)},
		{Key: "oidc_client_id", Kind: Text, Follows: "must be given with oidc_issuer", Group: groupSignIn,
			Help: "The name under which Custodian is registered at the sign-in service.",
			put:  text(func(s *Settings) *string { return &s.OIDC.ClientID })},
		{Key: "oidc_client_secret", Kind: Text, Secret: true, Follows: "must be given with oidc_issuer", Group: groupSignIn,
			Help: "The secret that the sign-in service gave for that registration.",
			put:  secret(func(s *Settings) *Secret { return &s.OIDC.ClientSecret })},
		{Key: "oidc_groups_claim", Kind: Text, Default: "groups", Group: groupSignIn,
			Help: "The name under which the sign-in service sends a person's groups. Administrators say in the portal which group gives which role.",
			put:  text(func(s *Settings) *string { return &s.OIDC.GroupsClaim })},
		{Key: "oidc_trust_email", Kind: YesNo, Default: "false", Group: groupSignIn,
			Help: "Whether an e-mail address counts where your sign-in service does not say that it is the person's (`email_verified`). Set it only where nobody can choose the address themselves: some services, Microsoft Entra ID among them, say nothing and give addresses out. An address of which the service says that it is not verified never counts. What does not count is not kept, and nobody's own file can be opened to it.",
			put:  yesNo(func(s *Settings) *bool { return &s.OIDC.TrustsEmail })},
		{Key: "scim_subject", Kind: Choice, Choices: []string{SubjectExternalID, SubjectUserName}, Default: SubjectExternalID, Group: groupSignIn,
			Help: "Where a directory service tells Custodian who works here (SCIM): the attribute that holds what the sign-in service calls a person (`sub` in the ID token). It must be the same letter by letter, or the person who signs in is not the one whom the directory knows. Set it before the directory sends anybody.",
			put:  choice(func(s *Settings) *string { return &s.SCIMSubject }, SubjectExternalID, SubjectUserName)},
		{Key: "oidc_second_factor_roles", Kind: Text, Default: "administrator, manager, responsible-individual, data-protection-officer, auditor", Group: groupSignIn,
			Help: "The roles whose people must have signed in at the sign-in service with a second factor, such as a code from a phone. Whoever comes without is told what to do and not let in. The service has to say so in the token, by `amr` or `acr`; `custodian whoami-claims` shows what it sends. Other roles can be named as well, or `all` for every role. `nobody` asks it of nobody: only for trying Custodian out, or where the sign-in service demands a second factor of everybody and cannot say so. `custodian doctor` warns of it.",
			put:  words(func(s *Settings) *[]string { return &s.OIDC.SecondFactorRoles })},
		{Key: "oidc_second_factor_acr", Kind: Text, Follows: "none", Group: groupSignIn,
			Help: "Values of `acr` that mean two factors at your sign-in service, separated by commas. Custodian asks the service for them (`acr_values`), and takes them as evidence.",
			put:  words(func(s *Settings) *[]string { return &s.OIDC.SecondFactorACR })},
		{Key: "oidc_second_factor_amr", Kind: Text, Follows: "none but those of RFC 8176", Group: groupSignIn,
			Help: "Further values of `amr` that mean two factors at your sign-in service, separated by commas. `mfa`, and two methods of different sorts such as `pwd` and `otp`, are evidence anyway.",
			put:  words(func(s *Settings) *[]string { return &s.OIDC.SecondFactorAMR })},
		{Key: "fresh_sign_in", Kind: Duration, Default: "15m", Group: groupSignIn,
			Help: "How long ago somebody may have signed in for what asks for a fresh sign-in: making API tokens, saying who administers, mapping groups, ending other people's sessions, taking out footprints, releasing restricted matter, letting somebody read who does not work here. At least 1m.",
			put:  atLeast(time.Minute, func(s *Settings) *time.Duration { return &s.FreshSignIn })},
		{Key: "session_idle", Kind: Duration, Default: "30m", Group: groupSignIn,
			Help: "How long a browser may be left alone before its person has to sign in again, for example 30m. At least 5m.",
			put:  atLeast(leastIdle, func(s *Settings) *time.Duration { return &s.SessionIdle })},
		{Key: "session_limit", Kind: Duration, Default: "12h", Group: groupSignIn,
			Help: "How long a sign-in lasts at most, also for somebody who is busy all the time. Not less than session_idle.",
			put:  atLeast(leastIdle, func(s *Settings) *time.Duration { return &s.SessionLimit })},

		{Key: "help_contact", Kind: Text, Default: "the person who looks after Custodian in your organisation", Group: groupPages,
			Help: "Whom the pages tell people to ask for help, in words that end a sentence beginning with \"Ask\", for example: the office, on 01632 960 001.",
			put:  text(func(s *Settings) *string { return &s.HelpContact })},
		{Key: "demo", Kind: YesNo, Default: "false", Group: groupPages,
			Help: "Whether every page says that all people, places and documents are made up. For demonstrations.",
			put:  yesNo(func(s *Settings) *bool { return &s.Demo })},

		{Key: "log_level", Kind: Choice, Choices: []string{"debug", "info", "warn", "error"}, Default: "info", Group: groupRunning,
			Help: "How much is written to the log. The log names requests and records by number, never a person, a title or a file name.",
			put:  level},
		{Key: "shutdown_grace", Kind: Duration, Default: "20s", Group: groupRunning,
			Help: "How long running uploads and downloads may take to finish when Custodian is asked to stop, for example 20s or 2m.",
			put:  atLeast(0, func(s *Settings) *time.Duration { return &s.ShutdownGrace })},
	}
}
