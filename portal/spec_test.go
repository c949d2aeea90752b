package portal_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"custodian/internal/login"
	"custodian/portal"
)

// specURL is what the description calls itself to the validator; nothing is fetched.
const specURL = "https://custodian.example/openapi.json"

// spec is the description of the interface, ready to judge answers by.
type spec struct {
	doc     map[string]any
	ops     []operation
	mu      sync.Mutex
	checker *jsonschema.Compiler
	schemas map[string]*jsonschema.Schema
}

// operation is one method of one path, and where it stands in the document.
type operation struct {
	method, path, at string
	body             map[string]any
}

var loadSpec = sync.OnceValues(func() (*spec, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(portal.Description()))
	if err != nil {
		return nil, err
	}
	s := &spec{doc: doc.(map[string]any), checker: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	s.checker.AssertFormat()
	if err := s.checker.AddResource(specURL, doc); err != nil {
		return nil, err
	}
	for path, item := range s.doc["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			s.ops = append(s.ops, operation{strings.ToUpper(method), path, "/paths/" + escape(path) + "/" + method, op.(map[string]any)})
		}
	}
	return s, nil
})

func description(t testing.TB) *spec {
	t.Helper()
	s, err := loadSpec()
	must(t, err)
	return s
}

func escape(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}

// at follows a JSON pointer; nil when nothing is there.
func (s *spec) at(pointer string) any {
	var v any = s.doc
	for _, token := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch in := v.(type) {
		case map[string]any:
			v = in[token]
		case []any:
			n, err := strconv.Atoi(token)
			if err != nil || n >= len(in) {
				return nil
			}
			v = in[n]
		default:
			return nil
		}
	}
	return v
}

// resolve follows references of the document's own parts.
func (s *spec) resolve(pointer string) (string, map[string]any) {
	v, _ := s.at(pointer).(map[string]any)
	if ref, ok := v["$ref"].(string); ok {
		return s.resolve(strings.TrimPrefix(ref, "#"))
	}
	return pointer, v
}

// schema compiles the schema at a pointer.
func (s *spec) schema(pointer string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.schemas[pointer]; have != nil {
		return have, nil
	}
	compiled, err := s.checker.Compile(specURL + "#" + pointer)
	if err == nil {
		s.schemas[pointer] = compiled
	}
	return compiled, err
}

// find gives the operation that answers an address.
func (s *spec) find(method, path string) (operation, bool) {
	segments := strings.Split(path, "/")
	i := slices.IndexFunc(s.ops, func(o operation) bool {
		template := strings.Split(o.path, "/")
		return o.method == method && slices.EqualFunc(template, segments, func(t, p string) bool { return t == p || strings.HasPrefix(t, "{") && p != "" })
	})
	if i < 0 {
		return operation{}, false
	}
	return s.ops[i], true
}

// safe are the headers that every answer has.
func safe() map[string]string {
	return map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=(), geolocation=(), microphone=()", "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	}
}

// sandbox is the policy of content, which nothing may run in.
const sandbox = "default-src 'none'; sandbox"

// safe looks at the headers that every answer has, and notes every address that
// an answer gives.
func (c *checked) safe(r *http.Request, resp *http.Response) {
	for name, want := range safe() {
		if name == "Cache-Control" && resp.StatusCode == http.StatusOK && strings.HasPrefix(r.URL.Path, "/assets/") {
			want = "public, max-age=31536000, immutable"
		}
		if name == "Content-Security-Policy" && r.URL.Path == login.FrontChannelPath && resp.StatusCode == http.StatusOK {
			continue // which one other site may frame: sign_out_test.go
		}
		if got := resp.Header.Get(name); got != want && !(name == "Content-Security-Policy" && got == sandbox && resp.Header.Get("Etag") != "") {
			c.t.Errorf("%s %s answered %d with %s: %q, want %q", r.Method, r.URL.Path, resp.StatusCode, name, got, want)
		}
	}
	if l := resp.Header.Get("Location"); l != "" && !regexp.MustCompile(`^/api/v1/[a-z0-9/-]+$`).MatchString(l) {
		c.t.Errorf("%s %s emits the address %q", r.Method, r.URL.Path, l)
	}
}

// plain are headers that need no description: those of HTTP itself, and those
// that every answer has, which TestEveryAnswerIsSafe looks at.
var plain = []string{"Date", "Content-Type", "Content-Length", "Transfer-Encoding", "Connection", "Cache-Control", "Content-Security-Policy",
	"Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options"}

// judge compares an answer with what is described. body is nil for content that streams.
func (s *spec) judge(method, path string, status int, header http.Header, body []byte) error {
	op, ok := s.find(method, path)
	if !ok {
		if status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
			return fmt.Errorf("an address that is not described was answered with %d", status)
		}
		if method == http.MethodHead {
			return nil
		}
		return s.valid("/components/schemas/Problem", body)
	}
	at, response := s.resolve(op.at + "/responses/" + strconv.Itoa(status))
	if response == nil {
		return fmt.Errorf("the status %d is not described: %s", status, body)
	}
	if err := s.judgeHeaders(at, response, header); err != nil {
		return err
	}
	content, _ := response["content"].(map[string]any)
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case method == http.MethodHead:
		return nil
	case len(content) == 0 && len(body) > 0:
		return fmt.Errorf("there is a body, and none is described: %.200s", body)
	case len(content) == 0:
		return nil
	case content[kind] == nil && content["*/*"] == nil:
		return fmt.Errorf("the content type %q is not described", kind)
	case strings.HasSuffix(kind, "json") && content[kind] != nil:
		return s.valid(at+"/content/"+escape(kind)+"/schema", body)
	}
	return nil
}

func (s *spec) judgeHeaders(at string, response map[string]any, header http.Header) error {
	described, _ := response["headers"].(map[string]any)
	for name := range header {
		if described[name] == nil && described[spelt(described, name)] == nil && !slices.Contains(plain, name) {
			return fmt.Errorf("the header %s is not described", name)
		}
	}
	for name := range described {
		pointer, h := s.resolve(at + "/headers/" + escape(name))
		value := header.Get(name)
		if value == "" {
			if h["required"] == true {
				return fmt.Errorf("the header %s is missing", name)
			}
			continue
		}
		schema, err := s.schema(pointer + "/schema")
		if err != nil {
			return err
		}
		if err := schema.Validate(value); err != nil {
			return fmt.Errorf("the header %s: %w", name, err)
		}
	}
	return nil
}

// spelt finds a header's name whatever its capitals: Go writes Etag for ETag.
func spelt(described map[string]any, name string) string {
	for n := range described {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	return ""
}

func (s *spec) valid(pointer string, body []byte) error {
	schema, err := s.schema(pointer)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("not JSON: %w: %.200s", err, body)
	}
	if err := schema.Validate(v); err != nil {
		return fmt.Errorf("%w in %s", err, body)
	}
	return nil
}

// checked compares every answer that a test gets with the description.
type checked struct {
	t    testing.TB
	spec *spec
	next http.RoundTripper
}

func (c *checked) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	var body []byte
	if kind := resp.Header.Get("Content-Type"); strings.Contains(kind, "json") || resp.StatusCode >= 400 {
		if body, err = io.ReadAll(resp.Body); err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(body))
	}
	c.safe(r, resp)
	if forPeople(r.URL.Path) {
		return resp, nil
	}
	if err := c.spec.judge(r.Method, r.URL.Path, resp.StatusCode, resp.Header, body); err != nil {
		c.t.Errorf("%s %s answered %d, against its description: %v", r.Method, r.URL.Path, resp.StatusCode, err)
	}
	return resp, nil
}

// forPeople tells the addresses of pages from those that are described.
func forPeople(path string) bool {
	return !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/assets/") && path != "/healthz" && path != "/readyz"
}
