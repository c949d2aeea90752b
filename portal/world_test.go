package portal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/browsertest"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/oidctest"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/internal/scim"
	"custodian/portal"
	"custodian/storage"
	"custodian/storage/storagetest"
	"custodian/versions"
	"custodian/web"
)

func TestMain(m *testing.M) { pgtest.Main(m, browsertest.Stop) }

// world is a planted provider with the portal in front of it.
type world struct {
	pgtest.Database
	*sample.Planted
	t       testing.TB
	keeper  *versions.Keeper
	store   storage.Store
	signIn  *login.SignIn
	service *oidctest.Provider // at which they would sign in
	handler http.Handler
	tree    *audit.Tree // it grows when a test lets it
	url     string
	client  *http.Client
	log     *lines
	ready   func() error // what the portal's readiness says
}

// usualLimit is the upload limit of most tests' worlds.
const usualLimit = 1 << 20

func newWorld(t testing.TB) *world { return newWorldWith(t, usualLimit, storagetest.Memory()) }

func newWorldWith(t testing.TB, limit int64, store storage.Store) *world {
	t.Helper()
	return newWorldOf(t, versions.Options{UploadLimit: limit}, store)
}

// newWorldOf is newWorldWith whose keeper has more limits than one.
func newWorldOf(t testing.TB, limits versions.Options, store storage.Store) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), t: t, store: store, log: &lines{}, ready: func() error { return nil }}
	w.keeper = keeperOn(t, w.Database, limits, store)
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	must(t, err)
	service := oidctest.New(t, oidctest.Options{})
	w.service = service
	w.signIn = login.NewSignIn(login.Options{DB: w.DB, Issuer: service.Issuer(), ClientID: oidctest.ClientID, ClientSecret: oidctest.ClientSecret, PublicURL: "https://documents.example.org"})
	changes := grants.NewChanges()
	ctx, deaf := context.WithCancel(context.Background())
	var ear sync.WaitGroup
	ear.Go(func() { changes.Run(ctx, w.DB, slog.New(slog.NewJSONHandler(w.log, nil))) })
	t.Cleanup(func() { deaf(); ear.Wait() })
	w.tree = treeOn(t, w.Database)
	handler, err := portal.New(portal.Options{
		DB: w.DB, Keeper: w.keeper, Tree: w.tree, Changes: changes, SignIn: w.signIn, SCIM: scim.New(scim.Options{DB: w.DB, Issuer: w.signIn.Issuer(), PublicURL: "https://documents.example.org"}),
		Log: slog.New(slog.NewJSONHandler(w.log, nil)), Version: "test",
		Ready: func(context.Context) error { return w.ready() },
	})
	must(t, err)
	w.handler = handler
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	w.url, w.client = server.URL, &http.Client{Transport: &checked{t: t, spec: description(t), next: transport}}
	return w
}

// keeperOn keeps documents in a store, under a keyring of its own.
func keeperOn(t testing.TB, db pgtest.Database, limits versions.Options, store storage.Store) *versions.Keeper {
	t.Helper()
	dir := t.TempDir()
	root, err := storage.NewFileRoot(dir + "/root.key")
	must(t, err)
	ring, err := storage.OpenKeyring(dir+"/keyring", root)
	must(t, err)
	limits.DB, limits.Sealed = db.DB, storage.NewSealed(store, ring)
	return versions.New(limits)
}

// session gives one of the people a session, as signing in does, and gives its
// secret. How one comes about is what sign_in_test.go is about.
func (w *world) session(who string) string {
	w.t.Helper()
	actor, ok := w.Actors[who]
	if !ok {
		w.t.Fatalf("there is nobody called %q", who)
	}
	secret := "custodian_session_" + rand.Text()
	answer, hash := sha256.Sum256([]byte("answer "+secret)), sha256.Sum256([]byte(secret))
	w.Exec(w.t, `
		with came as (
			insert into app.sign_in (answer, actor_id, provider_id, issuer, subject, outcome, proved_at)
			values ($1, $2, $3, 'https://sign-in.example', $4, 'done', now()) returning id)
		insert into app.session (actor_id, sign_in_id, hash, expires_at, idle_seconds)
		select $2, id, $5, now() + interval '1 hour', 3600 from came`, answer[:], int64(actor.ID), actor.Provider, who, hash[:])
	return secret
}

// asset is the address of something that every page loads.
func asset(t testing.TB) string {
	t.Helper()
	at, err := web.Asset("app.css")
	must(t, err)
	return at
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lines is what was logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// token gives a live token of one of the people, "" for nobody.
func (w *world) token(who string) string {
	w.t.Helper()
	names := map[string]string{"staff2": "second-staff", "other-staff": "other-setting-staff", "other-manager": "other-setting-manager", "dpo": "data-protection-officer", "admin": "administrator"}
	if name, ok := names[who]; ok {
		who = name
	}
	if who == "" || w.Tokens[who] != "" {
		return w.Tokens[who]
	}
	actor, ok := w.Actors[who]
	if !ok {
		w.t.Fatalf("there is nobody called %q", who)
	}
	made, err := login.NewToken(context.Background(), w.DB, access.Custodian(), actor.ID, who, time.Now().Add(time.Hour))
	must(w.t, err)
	w.Tokens[who] = made.Secret.Reveal()
	return w.Tokens[who]
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
	t    testing.TB
}

// raw is a body sent as it is, with its content type.
type raw struct {
	kind string
	body io.Reader
}

func (w *world) request(who, method, path string, body any, header ...string) *http.Request {
	w.t.Helper()
	var sent raw
	switch b := body.(type) {
	case nil:
	case raw:
		sent = b
	case form:
		sent = b.raw(w.t)
	default:
		text, err := json.Marshal(b)
		must(w.t, err)
		sent = raw{"application/json", bytes.NewReader(text)}
	}
	r, err := http.NewRequestWithContext(context.Background(), method, w.url+path, sent.body)
	must(w.t, err)
	if sent.kind != "" {
		r.Header.Set("Content-Type", sent.kind)
	}
	if token := w.token(who); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// try sends a request and reads the whole answer.
func (w *world) try(who, method, path string, body any, header ...string) answer {
	w.t.Helper()
	resp, err := w.client.Do(w.request(who, method, path, body, header...))
	if err != nil {
		w.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatalf("%s %s: the answer broke off: %v", method, path, err)
	}
	return answer{resp, b, w.t}
}

// ok sends a request that must be answered with the status.
func (w *world) ok(status int, who, method, path string, body any, header ...string) answer {
	w.t.Helper()
	a := w.try(who, method, path, body, header...)
	if a.StatusCode != status {
		w.t.Fatalf("%s %s as %q: %d, want %d: %s", method, path, who, a.StatusCode, status, a.body)
	}
	return a
}

func (w *world) get(who, path string, header ...string) answer {
	w.t.Helper()
	return w.ok(http.StatusOK, who, http.MethodGet, path, nil, header...)
}

// read decodes a JSON answer.
func read[T any](a answer) T {
	a.t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// form is an upload.
type form struct {
	fields   map[string]string
	name     string // of the file; "" sends none
	content  string
	boundary string
}

// with is the form with one field set to another value, "" to leave it out.
func (f form) with(name, value string) form {
	fields := map[string]string{}
	for k, v := range f.fields {
		fields[k] = v
	}
	if fields[name] = value; value == "" {
		delete(fields, name)
	}
	f.fields = fields
	return f
}

func (f form) raw(t testing.TB) raw {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if f.boundary != "" {
		must(t, m.SetBoundary(f.boundary))
	}
	for name, value := range f.fields {
		must(t, m.WriteField(name, value))
	}
	if f.name != "" {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="file"; filename="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.name)+`"`)
		part, err := m.CreatePart(h)
		must(t, err)
		_, err = part.Write([]byte(f.content))
		must(t, err)
	}
	must(t, m.Close())
	return raw{m.FormDataContentType(), &b}
}

// paper is an upload that is right.
func paper(kind, from, content string) form {
	return form{fields: map[string]string{"title": "Paper of the test", "kind": kind, "in_force_from": from}, name: "paper.txt", content: content}
}

// edition is a next version that is right.
func edition(from, content string) form {
	return form{fields: map[string]string{"in_force_from": from}, name: "paper.txt", content: content}
}

type period struct {
	From, FromAt string
	To, UntilAt  *string
}

type version struct {
	Number               int
	SHA256, State, Note  string
	Author               string
	RestoredFrom         *int     `json:"restored_from"`
	ReceivedOn           *string  `json:"received_on"`
	LateReason           string   `json:"late_reason"`
	InForce              []period `json:"in_force"`
	Said                 []struct{ Kind, Why, By, From string }
	Approval             *struct{ By, Note string }
	FileName, MediaType_ string
}

type added struct {
	Document struct{ ID, Record, Title, Kind string }
	Version  version
}

type page[T any] struct {
	Items []T
	Next  *string
}

type footprint struct {
	ID, Actor, Action, Outcome string
	ActorID                    string `json:"actor_id"`
	Document                   *string
	Version                    *int
	Detail                     map[string]any
}

func recordPath(id int64, rest string) string { return fmt.Sprintf("/api/v1/records/%d%s", id, rest) }

func (w *world) library() string {
	return recordPath(w.Records["Policies of "+sample.ChildrensHome], "")
}

func versionPath(a added, rest string) string {
	return fmt.Sprintf("/api/v1/documents/%s/versions/%d%s", a.Document.ID, a.Version.Number, rest)
}

// add uploads a document.
func (w *world) add(who, record string, f form) added {
	w.t.Helper()
	return read[added](w.ok(http.StatusCreated, who, http.MethodPost, record+"/documents", f))
}

// census counts what an act that failed must not have left: rows and objects.
func (w *world) census() string {
	w.t.Helper()
	var rows string
	w.Scan(w.t, `
		select string_agg(t.name || ' ' || t.n, ', ' order by t.name) from (
			select 'documents' as name, count(*) as n from app.document union all select 'versions', count(*) from app.version
			union all select 'decisions', count(*) from app.decision union all select 'statements', count(*) from app.statement
			union all select 'standings', count(*) from app.standing union all select 'keys', count(*) from app.idempotency
			union all select 'records', count(*) from app.record union all select 'events', count(*) from app.record_event
			union all select 'open', count(*) from app.record where open union all select 'tokens', count(*) from app.token
			union all select 'live tokens', count(*) from app.token where revoked_at = 'infinity'
			union all select 'grants', count(*) from app.grants union all select 'live grants', count(*) from app.grants where valid_until > now()
			union all select 'acts', count(*) from app.footprint where outcome = 'done' and not detail ? 'repeated' and action in ('document.added', 'version.added', 'version.approved',
				'date.corrected', 'document.withdrawn', 'version.restored', 'record.opened', 'record.closed', 'record.reopened', 'record.moved', 'token.made', 'token.revoked')
		) t`, nil, &rows)
	return fmt.Sprintf("%s, objects %d", rows, w.objects())
}

func (w *world) objects() int {
	w.t.Helper()
	n := 0
	for _, err := range w.store.List(context.Background()) {
		must(w.t, err)
		n++
	}
	return n
}

// refusals counts the footprints of refusals.
func (w *world) refusals() int {
	w.t.Helper()
	var n int
	w.Scan(w.t, `select count(*) from app.footprint where outcome = 'refused'`, nil, &n)
	return n
}
