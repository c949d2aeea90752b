package grants

import (
	"regexp"
	"slices"
	"testing"

	"custodian/internal/access"
	"custodian/internal/pgtest"
)

// A role holds the same in SQL (app.bundle), which binds whoever gives grants, and
// in Go, which gives them: each right on each class of content, at each scope.
func TestRolesHoldTheSameInSQL(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	roles := append(Roles(), YoungPerson, Parent, Directory, "key-worker", "")
	var source string
	d.Scan(t, `select prosrc from pg_proc where proname = 'bundle' and pronamespace = 'app'::regnamespace`, nil, &source)
	named := regexp.MustCompile(`\('([a-z0-9-]+)', \d, \d+, \d+\)`).FindAllStringSubmatch(source, -1)
	if len(named) < len(roles)-2 {
		t.Fatalf("only %d bundles are found in SQL", len(named))
	}
	for _, m := range named {
		if !slices.Contains(roles, Role(m[1])) {
			t.Errorf("SQL knows the role %q, and Go does not", m[1])
		}
	}
	cells := 0
	for _, role := range roles {
		b, _ := bundles(role)
		scope := access.AtHome
		if b.wide {
			scope = access.AtProvider
		}
		if b.own {
			scope = access.AtRecord
		}
		var said []bool
		d.Scan(t, `select array_agg(app.bundled($1, s::smallint, 1 << c, 1 << r) order by s, c, r) from generate_series(0, 4) s, generate_series(0, 14) c, generate_series(0, 9) r`, []any{string(role)}, &said)
		i := 0
		for s := range access.Scope(5) {
			for class := range access.Class(15) {
				for r := range 10 {
					want := s == scope && slices.ContainsFunc(b.shares, func(x share) bool { return x.mask.Has(class) && x.rights&(1<<r) != 0 })
					if said[i] != want {
						t.Errorf("%q at scope %d, class %d, right %d: SQL says %v, Go %v", role, s, class, 1<<r, said[i], want)
					}
					i++
					cells++
				}
			}
		}
		for _, x := range b.shares {
			var whole, more bool
			d.Scan(t, `select app.bundled($1, $2, $3, $4), app.bundled($1, $2, $3, $4 | 512)`, []any{string(role), int16(scope), int32(x.mask), int32(x.rights)}, &whole, &more)
			if !whole || more {
				t.Errorf("%q: a whole share is held: %v, and with a right besides: %v", role, whole, more)
			}
		}
	}
	if cells < 10_000 {
		t.Errorf("only %d cells were compared", cells)
	}
}
