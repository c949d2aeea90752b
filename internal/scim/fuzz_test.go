package scim

import (
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"custodian/internal/fault"
)

// refusedWell tells whether an error is one that a directory can be told.
func refusedWell(t *testing.T, err error) {
	t.Helper()
	if f, ok := errors.AsType[*Fault](err); !ok || f.Type == "" || !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
		t.Fatalf("an error of ours: %v", err)
	}
}

// FuzzPatch reads whatever is sent as a PATCH, and does it to a user and a group:
// what comes of it can be kept, or nothing comes of it.
func FuzzPatch(f *testing.F) {
	for _, ops := range []string{
		`[{"op":"Replace","path":"active","value":"False"}]`, `[{"op":"replace","value":{"active":false,"name.familyName":"X"}}]`,
		`[{"op":"remove","path":"members[value eq \"12\"]"}]`, `[{"op":"add","path":"members","value":[{"value":"7"},{"value":"8","type":"Group"}]}]`,
		`[{"op":"replace","path":"emails[type eq \"work\" and primary eq true].value","value":"a@b"}]`, `[{"op":"remove","path":"title"}]`,
		`[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"value":"1"}}]`, `[{"op":"replace","path":"name","value":{"givenName":"\u202e"}}]`,
		`[{"op":"add","path":"displayName","value":["x"]},{"op":"replace","path":"externalId","value":null}]`, `[]`, `{}`, `[{"op":"add","path":"urn:","value":1}]`,
		`[{"op":"add","path":"` + strings.Repeat("a[", 400) + `","value":1}]`, `[{"op":"add","path":"` + strings.Repeat("a[", 5000) + `"}]`, `[{"op":"add","value":{"` + strings.Repeat("a[", 5000) + `":1}}]`,
	} {
		f.Add([]byte(`{"Operations":` + ops + `}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ops, err := parsePatch(body)
		if err != nil {
			refusedWell(t, err)
			return
		}
		u := said{UserName: "a@b", ExternalID: "s", Active: true}
		if err := u.patch(ops); err != nil {
			refusedWell(t, err)
		} else if u.check() != nil || u.UserName == "" || u.name() == "" {
			t.Fatalf("it leaves %+v", u)
		}
		g := group{DisplayName: "g", Members: []int64{1, 2, 3}}
		if err := g.patch(ops); err != nil {
			refusedWell(t, err)
		} else if g.check() != nil || len(g.Members) > mostMembers {
			t.Fatalf("it leaves %+v", g)
		}
		for i, m := range g.Members {
			if m <= 0 || i > 0 && g.Members[i-1] >= m {
				t.Fatalf("the members are %v", g.Members)
			}
		}
	})
}

// FuzzFilter reads whatever is sent as a filter. What it understands is written
// again, and understood the same.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a@b"`, `externalId EQ "x" and active eq true`, `emails[type eq "work"].value eq "a"`, `members.value eq "1"`, `id eq null`, `userName co "a"`,
		`(userName eq "a")`, `not (a eq 1)`, `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "\u00e9"`, `a eq "`, `a eq 1e9`, `[`, `a[b eq 1`, `a eq "b"and c eq "d"`, ` `,
		strings.Repeat("a[", 400), strings.Repeat("a[", 5000), `a[b[c eq 1] eq 2]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		terms, err := parseFilter(s)
		if err != nil {
			refusedWell(t, err)
			return
		}
		var again []string
		for _, term := range terms {
			literal, err := json.Marshal(term.value)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, term.attr+" eq "+string(literal))
		}
		text := strings.Join(again, " and ")
		more, err := parseFilter(text)
		if len(text) <= longestQuery && (err != nil || len(more) != len(terms)) {
			t.Fatalf("%q is %+v, and written again %q is %+v, %v", s, terms, text, more, err)
		}
		q := Query{where: terms}
		if _, err := q.asked("username", "externalid", "id", "active"); err != nil {
			refusedWell(t, err)
		}
	})
}

func TestPathsAndFilters(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"userName": "username", "name.givenName": "name.givenname", `emails[type eq "work"].value`: "emails.value", `members[value eq "2"]`: "members",
		"urn:ietf:params:scim:schemas:core:2.0:Group:displayName": "displayname", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:department",
	} {
		if p, err := parsePath(s); err != nil || p.name() != want {
			t.Errorf("%s: %+v, %v", s, p, err)
		}
	}
	for _, s := range []string{"", " ", "a.", "a[", "a[b]", "a[b eq]", `a[b eq "c"`, `a[b eq "c"].`, "a b", "1a", "a..b", "a.b.c", `a[b[c eq 1] eq 2]`, "urn:", "urn:x", strings.Repeat("a", 1001)} {
		if p, err := parsePath(s); err == nil && s != "urn:x" {
			t.Errorf("%q is a path: %+v", s, p)
		}
	}
	for _, s := range []string{"", "userName", "userName eq", "userName pr", `userName ne "a"`, `userName eq "a" or id eq "b"`, `(userName eq "a")`, `userName eq {"a":1}`, `userName eq "a" and`,
		`userName eq 'a'`, strings.Repeat(`a eq "b" and `, 9) + `a eq "b"`} {
		if terms, err := parseFilter(s); err == nil {
			t.Errorf("%q is answered: %+v", s, terms)
		}
	}
}

// Of several addresses the primary one is kept, and names without letters that hide.
func TestWhatIsKept(t *testing.T) {
	t.Parallel()
	o, err := parseBody([]byte(`{"userName":"a","name":{"givenName":"Ni\u200ea","familyName":"N"},"emails":[{"value":"home@x","type":"home"},{"value":"work@x","type":"work"},{"value":"first@x","primary":"True"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	u := said{Active: true}
	if err := u.of(o); err != nil || u.Email != "first@x" || u.name() != "Nia N" || !u.Active {
		t.Errorf("%+v, %v", u, err)
	}
	if err := u.patch([]op{{does: "replace", path: path{attr: "emails", where: []term{{"type", "home"}}, sub: "value"}, value: "other@x"}}); err != nil || u.Email != "first@x" {
		t.Errorf("the address from home: %+v, %v", u, err)
	}
}

// A change leaves what was there as it was, to be compared with it.
func TestAChangeLeavesWhatWas(t *testing.T) {
	t.Parallel()
	was := group{DisplayName: "g", Members: append(make([]int64, 0, 8), 1, 3)}
	is := was
	if err := is.patch([]op{{does: "add", path: path{attr: "members"}, value: "2", said: true}, {does: "remove", path: path{attr: "members", where: []term{{"value", "1"}}}}}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(was.Members, []int64{1, 3}) || !slices.Equal(is.Members, []int64{2, 3}) {
		t.Errorf("it was %v, and is %v", was.Members, is.Members)
	}
}

// What is nested very deep costs nothing to refuse: neither a path, nor a filter,
// nor a name in the value of an operation.
func TestNestingIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	for what, deep := range map[string]string{"longer than anything read": strings.Repeat("a[", 500_000), "as long as may be read": strings.Repeat("a[", longestQuery/2)} {
		_, err := parsePath(deep)
		refusedWell(t, err)
		_, err = parseFilter(deep)
		refusedWell(t, err)
		body := []byte(`{"Operations":[{"op":"add","path":"` + deep + `","value":1}]}`)
		_, err = parsePatch(body)
		refusedWell(t, err)
		// a frame of the parser for each bracket would show as the stack that the runtime grows
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c := cursor{rest: deep}
		if _, ok := c.path(0); ok || len(c.rest) < len(deep)-len("a[a[") {
			t.Errorf("%s: it is read on until %d bytes are left of %d", what, len(c.rest), len(deep))
		}
		if _, err := parsePath(deep); err == nil {
			t.Errorf("%s: taken", what)
		}
		if runtime.ReadMemStats(&after); after.StackInuse > before.StackInuse+8<<20 {
			t.Errorf("%s: the stack grew from %d to %d bytes", what, before.StackInuse, after.StackInuse)
		}
	}
}
