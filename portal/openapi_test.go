package portal_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"custodian/portal"
	"custodian/versions"
)

// The description has the shape of an OpenAPI 3.1 document. testdata/openapi-shape.json
// is our own and stricter than the standard: a key that it does not know is refused.
func TestDescriptionHasTheShapeOfOpenAPI31(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/openapi-shape.json")
	must(t, err)
	defer f.Close()
	shape, err := jsonschema.UnmarshalJSON(f)
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("https://custodian.example/shape.json", shape))
	schema, err := c.Compile("https://custodian.example/shape.json")
	must(t, err)
	if err := schema.Validate(description(t).doc); err != nil {
		t.Fatal(err)
	}
}

func TestEveryRouteIsDescribedAndNothingElse(t *testing.T) {
	t.Parallel()
	var want, got []string
	param := regexp.MustCompile(`:(\w+)`)
	for _, r := range portal.Routes() {
		want = append(want, fmt.Sprintf("%s %s %s", r.Method, param.ReplaceAllString(r.Path, "{$1}"), r.Action))
	}
	for _, o := range description(t).ops {
		got = append(got, fmt.Sprintf("%s %s %s", o.method, o.path, o.body["x-action"]))
		_, open := o.body["security"]
		if public := o.body["x-action"] == "public"; open != public {
			t.Errorf("%s %s: public is %v, and without sign-in is %v", o.method, o.path, public, open)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-table +description):\n%s", diff)
	}
}

// Every reference leads somewhere, every part is used, every parameter of a
// path is described, and every operation has a name of its own.
func TestDescriptionHangsTogether(t *testing.T) {
	t.Parallel()
	s := description(t)
	used := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if used[ref] = true; s.at(strings.TrimPrefix(ref, "#")) == nil {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(s.doc)
	for part, things := range s.doc["components"].(map[string]any) {
		for name := range things.(map[string]any) {
			if ref := "#/components/" + part + "/" + name; !used[ref] && part != "securitySchemes" {
				t.Errorf("%s is used nowhere", ref)
			}
		}
	}
	names := map[string]bool{}
	inPath := regexp.MustCompile(`\{(\w+)\}`)
	for _, o := range s.ops {
		id := o.body["operationId"].(string)
		if names[id] {
			t.Errorf("two operations are called %s", id)
		}
		names[id] = true
		var want, got []string
		for _, m := range inPath.FindAllStringSubmatch(o.path, -1) {
			want = append(want, m[1])
		}
		list, _ := o.body["parameters"].([]any)
		for i := range list {
			_, p := s.resolve(fmt.Sprintf("%s/parameters/%d", o.at, i))
			if p["in"] == "path" {
				got = append(got, p["name"].(string))
			}
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s %s describes the path parameters %v", o.method, o.path, got)
		}
	}
}

// Every schema is JSON Schema 2020-12; every object says which fields it must
// have and that it has no others; every example fits.
func TestEverySchemaIsStrictAndEveryExampleFits(t *testing.T) {
	t.Parallel()
	s := description(t)
	examples := 0
	fits := func(pointer string, example any) {
		examples++
		schema, err := s.schema(pointer)
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
		} else if err := schema.Validate(example); err != nil {
			t.Errorf("the example of %s: %v", pointer, err)
		}
	}
	var walk func(pointer string, v any)
	walk = func(pointer string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			if list, ok := v.([]any); ok {
				for i, x := range list {
					walk(fmt.Sprintf("%s/%d", pointer, i), x)
				}
			}
			return
		}
		if props, ok := m["properties"].(map[string]any); ok && m["type"] == "object" && !strings.Contains(pointer, "openapi.json") {
			required, _ := m["required"].([]any)
			if more, _ := m["additionalProperties"].(map[string]any); m["additionalProperties"] != false && more["description"] == nil { // others are refused, or it is said what becomes of them
				t.Errorf("%s takes fields that it does not name", pointer)
			}
			for _, r := range required {
				if props[r.(string)] == nil {
					t.Errorf("%s requires %s and does not describe it", pointer, r)
				}
			}
		}
		if schema, ok := m["schema"].(map[string]any); ok && schema != nil {
			if _, err := s.schema(pointer + "/schema"); err != nil {
				t.Errorf("%s: %v", pointer, err)
			}
			if example := m["example"]; example != nil {
				fits(pointer+"/schema", example)
			}
		}
		for key, x := range m {
			walk(pointer+"/"+escape(key), x)
		}
	}
	walk("", s.doc)
	for name, schema := range s.doc["components"].(map[string]any)["schemas"].(map[string]any) {
		list, _ := schema.(map[string]any)["examples"].([]any)
		for _, example := range list {
			fits("/components/schemas/"+name, example)
		}
	}
	if examples < 15 {
		t.Errorf("only %d examples were found", examples)
	}
}

// The form that is described is the form that is read, and the kinds that are
// described are the kinds there are.
func TestDescribedFieldsAreTheOnesThatAreRead(t *testing.T) {
	t.Parallel()
	s := description(t)
	var e versions.Entry
	want := append(slices.Collect(maps.Keys(e.Fields())), "file")
	slices.Sort(want)
	for _, name := range []string{"NewDocument", "NewVersion"} {
		got := slices.Sorted(maps.Keys(s.at("/components/schemas/" + name + "/properties").(map[string]any)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-read +described):\n%s", name, diff)
		}
	}
	var kinds []any
	for _, k := range versions.Kinds() {
		kinds = append(kinds, k.Name)
	}
	if diff := cmp.Diff(kinds, s.at("/components/schemas/DocumentKind/enum")); diff != "" {
		t.Errorf("kinds (-known +described):\n%s", diff)
	}
}

// A test that lets everything through would be worse than none.
func TestTheJudgeOfAnswersFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := description(t)
	fine := http.Header{"X-Request-Id": {"0123456789abcdef01234567"}, "Content-Type": {"application/json"}}
	with := func(name, value string) http.Header {
		h := fine.Clone()
		if h.Set(name, value); value == "" {
			h.Del(name)
		}
		return h
	}
	const body = `{"status":"ok","version":"1"}`
	if err := s.judge(http.MethodGet, "/healthz", 200, fine, []byte(body)); err != nil {
		t.Fatalf("a right answer was refused: %v", err)
	}
	for what, err := range map[string]error{
		"an unknown address":   s.judge(http.MethodGet, "/nowhere", 200, fine, []byte(body)),
		"an unknown status":    s.judge(http.MethodGet, "/healthz", 202, fine, []byte(body)),
		"an unknown field":     s.judge(http.MethodGet, "/healthz", 200, fine, []byte(`{"status":"ok","version":"1","more":1}`)),
		"a missing field":      s.judge(http.MethodGet, "/healthz", 200, fine, []byte(`{"status":"ok"}`)),
		"a wrong value":        s.judge(http.MethodGet, "/healthz", 200, fine, []byte(`{"status":"well","version":"1"}`)),
		"an unknown header":    s.judge(http.MethodGet, "/healthz", 200, with("X-Strange", "1"), []byte(body)),
		"a missing header":     s.judge(http.MethodGet, "/healthz", 200, with("X-Request-Id", ""), []byte(body)),
		"a wrong header":       s.judge(http.MethodGet, "/healthz", 200, with("X-Request-Id", "short"), []byte(body)),
		"another content type": s.judge(http.MethodGet, "/healthz", 200, with("Content-Type", "text/plain"), []byte(body)),
		"a body of nothing":    s.judge(http.MethodGet, "/healthz", 200, fine, nil),
	} {
		if err == nil {
			t.Errorf("%s passed", what)
		}
	}
}
