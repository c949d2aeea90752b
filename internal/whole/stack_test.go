package whole

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// stack is a running demonstration stack.
type stack struct {
	t    testing.TB
	data string
	cmd  *exec.Cmd
	file string
	readyFile
}

// readyFile is what the stack says of itself once it is ready. While the portal
// is killed and started again only its process changes; others read the rest.
type readyFile struct {
	URL         string            `json:"url"`
	Issuer      string            `json:"issuer"`
	DatabaseURL string            `json:"database_url"`
	Objects     string            `json:"objects"`
	Keyring     string            `json:"keyring"`
	PortalPID   int               `json:"portal_pid"`
	Tokens      map[string]string `json:"tokens"`
	Users       []struct {
		Email, Password string
	} `json:"users"`
}

// programs are built once, from this tree, so that what is tested is what is here.
var programs struct {
	once sync.Once
	dir  string
	err  error
}

func build(t testing.TB) string {
	t.Helper()
	programs.once.Do(func() {
		programs.dir = filepath.Join("..", "..", "bin")
		for _, p := range []struct{ dir, from, to string }{{"../..", "./cmd/custodian", "bin/custodian"}, {"../../cmd/devstack", ".", "../../bin/devstack"}} {
			cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", p.to, p.from)
			cmd.Dir = p.dir
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				programs.err = fmt.Errorf("build %s: %w\n%s", p.to, err, out)
				return
			}
		}
	})
	if programs.err != nil {
		t.Fatal(programs.err)
	}
	return programs.dir
}

// start runs the stack on a fresh data directory until the test ends, without
// any documents.
func start(t testing.TB, store string) *stack { return startWith(t, store, "none") }

func startWith(t testing.TB, store, seed string) *stack {
	t.Helper()
	bin, err := filepath.Abs(filepath.Join(build(t), "devstack"))
	must(t, err)
	data, err := os.MkdirTemp("", "whole-")
	must(t, err)
	s := &stack{t: t, data: data, file: filepath.Join(data, "ready.json")}
	out, err := os.Create(filepath.Join(data, "devstack.out"))
	must(t, err)
	defer out.Close()
	s.cmd = exec.Command(bin, "--data", filepath.Join(data, "stack"), "--listen", "127.0.0.1:0", "--ready", s.file, "--seed", seed, "--store", store)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(t, s.cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the stack did not stop cleanly: %v", err)
			}
		case <-time.After(time.Minute):
			_ = s.cmd.Process.Kill()
			t.Error("the stack did not stop")
		}
		if t.Failed() {
			said, _ := os.ReadFile(out.Name())
			t.Logf("devstack said:\n%s", said)
		}
		_ = os.RemoveAll(data)
	})
	s.wait(ended, 0)
	return s
}

// wait waits until the stack is ready with another portal than the one given.
func (s *stack) wait(ended <-chan error, not int) {
	s.t.Helper()
	for range 3000 { // two minutes of planting on a busy machine, and some
		var now readyFile
		if b, err := os.ReadFile(s.file); err == nil && json.Unmarshal(b, &now) == nil && now.PortalPID != not {
			if r, err := http.Get(now.URL + "/readyz"); err == nil {
				r.Body.Close()
				if r.StatusCode == http.StatusOK {
					if s.URL == "" {
						s.readyFile = now
					}
					s.PortalPID = now.PortalPID // the one thing that changes
					return
				}
			}
		}
		select {
		case err := <-ended:
			said, _ := os.ReadFile(filepath.Join(s.data, "devstack.out"))
			s.t.Fatalf("the stack ended: %v\n%s", err, said)
		case <-time.After(100 * time.Millisecond):
		}
	}
	s.t.Fatal("the stack did not come up")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call sends a request as somebody and gives the status and the body.
func (s *stack) call(who, method, path string, header http.Header, body io.Reader) (int, []byte, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL+path, body)
	if err != nil {
		return 0, nil, err
	}
	for k, v := range header {
		r.Header[k] = v
	}
	r.Header.Set("Authorization", "Bearer "+s.Tokens[who])
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

// want sends a request that must have this status, and reads the answer.
func (s *stack) want(status int, who, method, path string, body any, into any) {
	s.t.Helper()
	b, err := json.Marshal(body)
	must(s.t, err)
	code, got, err := s.call(who, method, path, nil, bytes.NewReader(b))
	must(s.t, err)
	if code != status {
		s.t.Fatalf("%s %s %s: %d, want %d: %s", who, method, path, code, status, got)
	}
	if into != nil {
		must(s.t, json.Unmarshal(got, into))
	}
}

// added is what an upload is answered with.
type added struct {
	Document struct {
		ID string `json:"id"`
	} `json:"document"`
	Version struct {
		Number int    `json:"number"`
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
		State  string `json:"state"`
	} `json:"version"`
}

// upload streams a form; the file comes last and is never held whole.
func (s *stack) upload(who, path string, fields map[string]string, name string, file io.Reader) (int, added, error) {
	pr, pw := io.Pipe()
	form := multipart.NewWriter(pw)
	go func() {
		for k, v := range fields {
			_ = form.WriteField(k, v)
		}
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.Close()
		}
		pw.CloseWithError(err)
	}()
	code, body, err := s.call(who, http.MethodPost, path, http.Header{"Content-Type": {form.FormDataContentType()}}, pr)
	_ = pr.Close()
	var a added
	if err == nil && code == http.StatusCreated {
		err = json.Unmarshal(body, &a)
	} else if err == nil {
		err = fmt.Errorf("%d: %s", code, body)
	}
	return code, a, err
}

// library is the id of the first library the person sees.
func (s *stack) library(who string) string {
	s.t.Helper()
	var l struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	s.want(http.StatusOK, who, http.MethodGet, "/api/v1/records?kind=library", nil, &l)
	if len(l.Items) == 0 {
		s.t.Fatal("no library")
	}
	return l.Items[0].ID
}

// database connects as the superuser, whom nothing but the triggers stops.
func (s *stack) database() *pgx.Conn {
	s.t.Helper()
	conn, err := pgx.Connect(context.Background(), s.DatabaseURL)
	must(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// tamper runs SQL with the triggers switched off, as somebody would who took
// over the machine.
func (s *stack) tamper(sql string, args ...any) {
	s.t.Helper()
	ctx := context.Background()
	err := pgx.BeginFunc(ctx, s.database(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
	must(s.t, err)
}

// object finds the file in which a stored object lies.
func (s *stack) object(document string, version int) string {
	s.t.Helper()
	var name, found string
	must(s.t, s.database().QueryRow(context.Background(), `select object_name from app.version where document_id = $1::bigint and number = $2`, document, version).Scan(&name))
	must(s.t, filepath.WalkDir(s.Objects, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(strings.ReplaceAll(path, "/", ""), name) {
			found = path
		}
		return err
	}))
	if found == "" {
		s.t.Fatalf("the object of version %d lies nowhere under %s", version, s.Objects)
	}
	return found
}
