package portal_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/login"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
	"custodian/portal"
	"custodian/storage/storagetest"
	"custodian/versions"
)

// times are how long each of several things took, asked in turn so that what
// else the machine does falls on all of them alike.
type times [][]time.Duration

// round asks everything once more.
func (t *times) round(ask ...func()) {
	if *t == nil {
		*t = make(times, len(ask))
	}
	for i, a := range ask {
		start := time.Now()
		a()
		(*t)[i] = append((*t)[i], time.Since(start))
	}
}

// at gives the time under which a part of one thing's rounds stayed, in ms.
func (t times) at(i int, part float64) float64 {
	sorted := slices.Sorted(slices.Values(t[i]))
	return float64(sorted[min(len(sorted)-1, int(part*float64(len(sorted))))].Microseconds()) / 1000
}

// report tells the medians of two things, and their ratio.
func (t times) report(b *testing.B, plain, other string) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(t.at(0, 0.5), plain+"-p50-ms")
	b.ReportMetric(t.at(1, 0.5), other+"-p50-ms")
	b.ReportMetric(t.at(1, 0.5)/t.at(0, 0.5), "ratio")
}

// How long an answer takes that something is not there, and how long where it is
// another's: go test ./portal -run xxx -bench SameTime -benchtime 400x
func BenchmarkSameTime(b *testing.B) {
	g := newGrid(b)
	missing := spot{record: 99999999, submitted: "99999999", approved: "99999999", setting: 99999999, staff: 99999999, held: 99999999}
	theirs := g.spots[slices.IndexFunc(g.spots, func(p spot) bool { return p.home == 2 })]
	for half, routes := range [][]portal.Route{portal.Routes(), portal.PageRoutes()} {
		ask := []func(string, portal.Route, spot) answered{g.program, g.page}[half]
		for _, r := range routes {
			if r.Method != http.MethodGet || !slices.ContainsFunc([]string{"/records/:id", "/documents/:id", "/people/:id"}, func(at string) bool { return strings.Contains(r.Path, at) }) || strings.Contains(r.Path, ":role") {
				continue
			}
			b.Run(strings.ReplaceAll(strings.Trim(r.Path, "/"), "/", "."), func(b *testing.B) {
				role := "staff"
				if strings.HasPrefix(r.Path, "/people") {
					role = "administrator" // to others no person is there
				}
				var t times
				must404 := func(p spot) func() {
					return func() {
						if a := ask(role, r, p); a.status != http.StatusNotFound {
							b.Fatalf("%d", a.status)
						}
					}
				}
				for b.Loop() {
					t.round(must404(missing), must404(theirs))
				}
				t.report(b, "missing", "another's")
			})
		}
	}
}

// How long after the commit that ends somebody's right the last byte of a file
// comes that they are reading: go test ./portal -run xxx -bench Revoked -benchtime 100x
func BenchmarkRevoked(b *testing.B) {
	const size = 1 << 30
	w := newWorldWith(b, 2*size, storagetest.Memory())
	v := w.long(w.library(), size/4) // as much as four of it would be: nobody gets to its end
	grant := func() (id int64) {
		w.Scan(b, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values ($1, 3, $2::bigint, 32767, 1, 'role', 1, 'x', now()) returning id`,
			[]any{int64(w.Actors["other-staff"].ID), v.Document.ID}, &id)
		return id
	}
	conn, err := pgx.Connect(context.Background(), w.Super)
	must(b, err)
	defer conn.Close(context.Background())
	var t times
	for b.Loop() {
		id := grant()
		d := w.download(ending{who: "other-staff"}, v, nil)
		cut := make(chan error, 1)
		go func() { cut <- drain(d) }()
		_, err := conn.Exec(context.Background(), `update app.grants set valid_until = now() where id = $1`, id)
		must(b, err)
		t.round(func() {
			if <-cut == nil {
				b.Fatal("all of it came")
			}
		})
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(t.at(0, 0.5), "p50-ms")
	b.ReportMetric(t.at(0, 0.99), "p99-ms")
	b.ReportMetric(t.at(0, 1), "worst-ms")
}

// drain reads on to the end.
func drain(d *download) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := d.body.Read(buffer)
		if d.came.Add(int64(n)); err != nil {
			return err
		}
	}
}

// The page of a record with 10 grants in the table and with 100,000 of others:
// go test ./portal -run xxx -bench RecordPageGrants -benchtime 400x
func BenchmarkRecordPageGrants(b *testing.B) {
	few, many := newWorld(b), newWorld(b)
	var t times
	var ask []func()
	for _, w := range []*world{few, many} {
		for i := range 20 {
			w.add("staff", w.library(), paper("form", "2026-01-01", fmt.Sprint(i)))
		}
		if w == many {
			w.Exec(b, `insert into app.actor (id, provider_id, kind, name, created_by) select 900000000 + n, $1, 'person', 'Another', 1 from generate_series(1, 2000) n`, w.Provider)
			w.Exec(b, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until)
				select 900000001 + n % 2000, 2 + n % 3, 1000 + n % 5000, 32767, 1, 'role', 1, 'x', now() - interval '1 day', case when n % 7 = 0 then 'infinity' else now() end from generate_series(1, 100000) n`)
		}
		w.Exec(b, `vacuum analyze`)
		secret, at := w.session("staff"), "/records/"+strings.TrimPrefix(w.library(), "/api/v1/records/")
		ask = append(ask, func() { w.seen(b, w.handler, secret, at) })
	}
	for b.Loop() {
		t.round(ask...)
	}
	t.report(b, "10", "100,000")
}

// seen asks for a page that must be there.
func (w *world) seen(b *testing.B, h http.Handler, secret, path string) string {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil)
	r.Header.Set("Cookie", login.SessionCookie+"="+secret)
	a := httptest.NewRecorder()
	if h.ServeHTTP(a, r); a.Code != http.StatusOK {
		b.Fatalf("%s answers %d", path, a.Code)
	}
	return a.Body.String()
}

// The home page and a library's page with 1,000,000 documents in the database,
// under row-level security, and in a second database like it, over a login that
// passes it over: there the queries' own predicates are all there is, and the
// functions that ask the rule for pages ask nothing. That is less than any
// predicate that would do the rule's work.
// go test ./portal -run xxx -bench MillionPages -benchtime 200x
func BenchmarkMillionPages(b *testing.B) {
	fenced, plain := newWorld(b), newWorld(b)
	for _, w := range []*world{fenced, plain} {
		w.documents(b, 1_000_000)
	}
	plain.unfence(b)
	past, err := pg.Open(b.Context(), plain.Super)
	must(b, err)
	defer past.Close()
	plain.handler, err = portal.New(portal.Options{DB: past, Keeper: keeperOn(b, pgtest.Database{DB: past}, versions.Options{UploadLimit: usualLimit}, plain.store), SignIn: plain.signIn, Log: slog.New(slog.DiscardHandler), Version: "test", Ready: func(context.Context) error { return nil }})
	must(b, err)
	library := "/records/" + strings.TrimPrefix(fenced.library(), "/api/v1/records/")
	for _, c := range []struct{ name, who, path string }{
		{"home of staff", "staff", "/home"}, {"home of a manager", "manager", "/home"}, {"home of an inspector", "inspector", "/home"},
		{"library for staff", "staff", library}, {"library for a manager", "manager", library}, {"library for an inspector", "inspector", library},
		{"library on a day", "inspector", library + "?on=2022-06-01"},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			mine, theirs := plain.session(c.who), fenced.session(c.who)
			var t times
			var open, shut string
			for b.Loop() {
				t.round(func() { open = plain.seen(b, plain.handler, mine, c.path) }, func() { shut = fenced.seen(b, fenced.handler, theirs, c.path) })
			}
			if n, m := strings.Count(open, "<tr"), strings.Count(shut, "<tr"); n != m || c.path != "/home" && n < 100 {
				b.Fatalf("the two show %d and %d rows", n, m)
			}
			t.report(b, "plain", "fenced")
		})
	}
}

// unfence takes the rule out of the functions that ask it for pages.
func (w *world) unfence(b *testing.B) {
	b.Helper()
	for _, name := range []string{"shelf_of", "changes_of", "heads_of"} {
		var def string
		w.Scan(b, `select pg_get_functiondef(('app.' || $1)::regproc)`, []any{name}, &def)
		plain := regexp.MustCompile(`\s+and app\.sees\([^)]*\)`).ReplaceAllString(strings.Replace(def, "SECURITY DEFINER", "", 1), "")
		if strings.Contains(plain, "app.sees") || strings.Contains(plain, "DEFINER") || len(plain) > len(def)-50 {
			b.Fatalf("the rule is still there: %s", plain)
		}
		w.Exec(b, plain)
	}
}

// documents plants so many documents of forty settings past every trigger, and in
// the children's home a library of 200 policies with five versions each, among
// a fortieth of them.
func (w *world) documents(b testing.TB, n int) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.Super)
	must(b, err)
	defer conn.Close(ctx)
	library := strings.TrimPrefix(w.library(), "/api/v1/records/")
	for _, sql := range []string{
		`set session_replication_role = replica`, `set synchronous_commit = off`, `alter table app.standing drop constraint standing_one_truth`,
		fmt.Sprintf(`insert into app.home (id, provider_id, name, kind) select 900000000 + g, %d, 'Home ' || g, 'childrens-home' from generate_series(1, 39) g`, w.Provider),
		fmt.Sprintf(`insert into app.record (id, provider_id, home_id, kind, name, created_by) select 910000000 + g, %d, case when g %% 40 = 0 then %d else 900000000 + g %% 40 end, 0, 'Record ' || g, 1
			from generate_series(1, 40000) g`, w.Provider, w.Homes[sample.ChildrensHome]),
		`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 930000000 + g, r.id, r.provider_id, r.home_id, g % 3, 'other', false, 'Paper ' || g, '2020-01-01', 1, timestamptz '2024-01-01' + (g * 7919::bigint % ` + fmt.Sprint(n) + `) * interval '1 second'
			from generate_series(1, ` + fmt.Sprint(n) + `) g join app.record r on r.id = 910000001 + g % 40000`,
		fmt.Sprintf(`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 920000000 + g, %s, %d, %d, 9, 'policy', true, 'Policy ' || g, '2020-01-01', 1, timestamptz '2024-01-01' + g * interval '1 minute' from generate_series(1, 200) g`, library, w.Provider, w.Homes[sample.ChildrensHome]),
		`insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
			select 1000000000 + d.id * 8 + n, d.id, n, '\x` + fmt.Sprintf("%064x", 1) + `', 1, 'text/plain', 'a', d.id || '-' || n, 'x', 1, '2020-01-01', '2020-01-01'
			from app.document d, generate_series(1, case when d.kind = 'policy' then 5 else 1 end) n where d.id > 920000000`,
		`insert into app.standing (document_id, version_id, in_from, in_to, known_from, known_to)
			select document_id, id, f, case when number < 5 and document_id < 930000000 then f + interval '1 year' else 'infinity' end, f, 'infinity' from (select *, timestamptz '2020-01-01' + number * interval '1 year' as f from app.version where id > 1000000000) v`,
		`insert into app.decision (document_id, version_id, verdict, by_actor, at) select document_id, id, 'approved', 1, recorded_at from app.version where document_id between 920000001 and 920000200 and (number < 5 or document_id % 20 <> 0)`,
		`vacuum analyze`,
	} {
		_, err := conn.Exec(ctx, sql)
		must(b, err)
	}
}
