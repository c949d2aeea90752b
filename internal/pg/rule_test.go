package pg_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"custodian/internal/access"
	"custodian/internal/pgtest"
)

// The rule is stated twice: in SQL, for every row, and in Go, for actions. Here
// somebody holds random grants (on every scope, with every mix of rights and
// sections, of every age, beginning and ending at the very moment of asking or a
// microsecond beside it, with shields in the way) over records with and without
// a home, and the two must agree about every thing and every right, and the
// policies must show just those rows. make deep asks ten times as much.
func TestTheRuleIsTheSameInSQLAndInGo(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s := plantShelf(t, conn)
	rounds, least := 1, 100_000
	if os.Getenv("CUSTODIAN_DEEP") != "" {
		rounds, least = 10, 1_000_000
	}
	var told tally
	for range rounds { // of 100 people each
		rapid.Check(t, func(r *rapid.T) { s.compare(r, conn.PgConn(), drawHolder(r, s), &told) })
	}
	t.Logf("%d cases, %d allowed, of these %d by a grant on one version; %d grants at the very moment", told.cases, told.allowed, told.byVersion, told.exact)
	if told.cases < least || told.allowed < told.cases/100 || told.allowed > told.cases*9/10 || told.byVersion < rounds*5 || told.exact < rounds*20 {
		t.Errorf("%+v proves little", told)
	}
}

// tally counts what was compared.
type tally struct{ cases, allowed, byVersion, exact int }

// shelf is what lies where: the same for everybody.
type shelf struct{ records, documents, versions []access.Place }

// rights are those there are, Break among them.
func everyRight() []access.Right {
	return []access.Right{access.Read, access.Add, access.Approve, access.Manage, access.Share, access.Disclose, access.Audit, access.Break}
}

// plantShelf plants three providers with nine homes, and what lies there: each
// document with up to three versions, about each of which something is told and decided.
func plantShelf(t *testing.T, conn *pgx.Conn) shelf {
	t.Helper()
	for _, sql := range []string{
		`set session_replication_role = replica`,
		`insert into app.provider (id, name) select 2000 + p, 'p' from generate_series(0, 2) p`,
		`insert into app.home (id, provider_id, name, kind) select 2100 + h, 2000 + h % 3, 'h', 'childrens-home' from generate_series(0, 8) h`,
		`insert into app.actor (id, provider_id, kind, name, created_by) values (5000, 2000, 'person', 'a', 1), (5001, 2000, 'service', 'a', 1)`,
		`insert into app.record (id, provider_id, home_id, kind, name, created_by) select 3000 + r, 2000 + (r % 9) % 3, case when r % 7 > 0 then 2100 + r % 9 end, r % 5, 'r', 1 from generate_series(0, 24) r`,
		`insert into app.document (id, record_id, provider_id, home_id, class, kind, needs_approval, title, created_at, created_by, latest_at)
			select 4000 + d, r.id, r.provider_id, r.home_id, r.kind * 3 + d % 3, 'other', false, 't', now(), 1, now() from generate_series(0, 59) d join app.record r on r.id = 3000 + d * 7 % 25`,
		`insert into app.version (id, document_id, number, sha256, size, media_type, file_name, object_name, wrapped_key, author_id, recorded_at, wanted_from)
			select 10000 + d.id * 3 + n, d.id, n, sha256('x'), 1, 'text/plain', 'f', d.id || '-' || n, 'x', 1, now(), now() from app.document d, generate_series(1, 1 + d.id % 3) n`,
		`insert into app.decision (document_id, version_id, verdict, by_actor, at) select document_id, id, 'approved', 1, now() from app.version`,
		`insert into app.statement (document_id, version_id, kind, in_from, said_by) select document_id, id, 'told', now(), 1 from app.version`,
		`insert into app.standing (document_id, version_id, in_from, in_to, known_from) select document_id, id, now() + number * interval '1 day', now() + (number + 1) * interval '1 day', now() from app.version`,
		`set session_replication_role = origin`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	places := func(sql string) []access.Place {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p access.Place, err error) {
			return p, row.Scan(&p.Provider, &p.Home, &p.Record, &p.Document, &p.Version, &p.Class)
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	return shelf{
		records:   places(`select provider_id, coalesce(home_id, 0), id, 0, 0, kind * 3 from app.record order by id`),
		documents: places(`select provider_id, coalesce(home_id, 0), record_id, id, 0, class from app.document order by id`),
		versions:  places(`select d.provider_id, coalesce(d.home_id, 0), d.record_id, d.id, v.id, d.class from app.version v join app.document d on d.id = v.document_id order by v.id`),
	}
}

// moment is a time beside the moment of asking.
type moment struct {
	after int64 // microseconds; the first and the last stand for ever
	sql   string
}

func moments() []moment {
	const day = 24 * 3600 * 1_000_000
	at := func(after int64) moment {
		return moment{after, fmt.Sprintf("statement_timestamp() + %d * interval '1 microsecond'", after)}
	}
	return []moment{{-1 << 62, "'-infinity'"}, at(-2 * day), at(-day), at(-1), at(0), at(1), at(day), {1 << 62, "'infinity'"}}
}

// given is a grant, or a shield, with its time.
type given struct {
	access.Grant
	from, until moment
}

func (g given) live() bool { return g.from.after <= 0 && g.until.after > 0 }

// holder is somebody with what they were given.
type holder struct {
	actor           access.Actor
	grants, shields []given
}

// drawHolder makes one up. Most of what is given is live, or little would be seen.
func drawHolder(r *rapid.T, s shelf) holder {
	h := holder{actor: access.Actor{ID: 5000, Kind: access.Person}}
	if rapid.IntRange(0, 3).Draw(r, "service") == 3 {
		h.actor = access.Actor{ID: 5001, Kind: access.Service}
	}
	all := moments()
	given := func(g given) given {
		from := rapid.SampledFrom([]int{0, 0, 1, 2, 3, 4, 4, 5, 6}).Draw(r, "from")
		until := rapid.SampledFrom([]int{2, 3, 4, 4, 5, 6, 7, 7, 7}).Draw(r, "until")
		g.from, g.until = all[min(from, until)], all[max(from, until)]
		return g
	}
	for range rapid.IntRange(0, 12).Draw(r, "grants") {
		g := access.Grant{Scope: rapid.SampledFrom([]access.Scope{access.AtProvider, access.AtHome, access.AtRecord, access.AtRecord, access.AtDocument, access.AtDocument, access.AtVersion, access.AtVersion, access.AtVersion, access.AtVersion}).Draw(r, "scope")}
		g.Mask = rapid.OneOf(rapid.Just(access.EveryClass), rapid.Just(access.EveryClass), rapid.Custom(func(r *rapid.T) access.Mask {
			return access.Mask(rapid.IntRange(1, int(access.EveryClass)).Draw(r, "classes"))
		})).Draw(r, "mask")
		g.Rights = rapid.OneOf(rapid.Just(access.AllRights), rapid.Just(access.AllRights), rapid.SampledFrom(everyRight()), rapid.Custom(func(r *rapid.T) access.Right {
			return access.Right(rapid.IntRange(1, int(access.AllRights)).Draw(r, "bits"))
		})).Draw(r, "rights")
		v := rapid.SampledFrom(s.versions).Draw(r, "at") // what it is about lies somewhere
		record := rapid.SampledFrom(s.records).Draw(r, "record")
		switch g.Scope {
		case access.AtProvider:
			g.ScopeID = record.Provider
		case access.AtHome:
			g.ScopeID = int64(2100 + rapid.IntRange(0, 8).Draw(r, "home"))
		case access.AtRecord:
			g.ScopeID = record.Record
		case access.AtDocument:
			g.ScopeID = v.Document
		case access.AtVersion:
			g.ScopeID = v.Version
		}
		h.grants = append(h.grants, given(givenOf(g)))
	}
	for range rapid.IntRange(0, 3).Draw(r, "shields") {
		h.shields = append(h.shields, given(givenOf(access.Grant{ScopeID: rapid.SampledFrom(s.records).Draw(r, "shielded").Record})))
	}
	return h
}

func givenOf(g access.Grant) given { return given{Grant: g} }

// question is everything that is asked of the database about a holder, sent as
// one message: so every statement has the same moment, to the microsecond. As the
// superuser the rule itself is asked, past the policies; then as the application
// what the policies show. All of it is undone.
func (h holder) question() string {
	var b strings.Builder
	b.WriteString("begin;")
	for _, g := range h.grants {
		fmt.Fprintf(&b, "insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (%d, %d, %d, %d, %d, 'role', 1, 'x', %s, %s);",
			h.actor.ID, g.Scope, g.ScopeID, g.Mask, g.Rights, g.from.sql, g.until.sql)
	}
	for _, s := range h.shields {
		fmt.Fprintf(&b, "insert into app.shield (actor_id, record_id, why, given_by, valid_from, valid_until) values (%d, %d, 'x', 1, %s, %s);", h.actor.ID, s.ScopeID, s.from.sql, s.until.sql)
	}
	fmt.Fprintf(&b, "select set_config('app.actor', '%d', true);", h.actor.ID)
	const asked = `select need, string_agg(case when %s and (need <> 4 or app.my_kind() = 'person') then '1' else '0' end, '' order by x.id) from %s x%s,
		unnest(array[1, 2, 4, 8, 16, 32, 64, 128]) need, lateral (select app.reach(need) as reach, app.shields() as shields) r group by need order by need;`
	fmt.Fprintf(&b, asked, `app.sees_record(x.provider_id, x.home_id, x.id, x.kind, r.reach, r.shields)`, `app.record`, ``)
	fmt.Fprintf(&b, asked, `app.sees(x.provider_id, x.home_id, x.record_id, x.id, x.class, r.reach, r.shields)`, `app.document`, ``)
	fmt.Fprintf(&b, asked, `app.sees(d.provider_id, d.home_id, d.record_id, d.id, x.id, d.class, r.reach, r.shields)`, `app.version`, ` join app.document d on d.id = x.document_id`)
	b.WriteString(`select string_agg(concat_ws(',', scope, scope_id, mask, rights), ' ' order by id) from app.my_grants();`)
	b.WriteString(`set local role custodian_app;`)
	for _, sql := range shown() {
		b.WriteString(`select string_agg(` + sql + `;`)
	}
	b.WriteString("rollback")
	return b.String()
}

// shown are the questions for what the policies show: ids, in order.
func shown() []string {
	return []string{
		`id::text, ' ' order by id) from app.record`, `id::text, ' ' order by id) from app.document`, `id::text, ' ' order by id) from app.version`,
		`version_id::text, ' ' order by version_id) from app.decision`, `version_id::text, ' ' order by version_id) from app.statement`, `version_id::text, ' ' order by version_id) from app.standing`,
		// the functions that ask the rule for whole pages, past the policies
		`document_id::text, ' ' order by document_id) from generate_series(3000, 3024) r, app.shelf_of(r, now(), now(), now(), true)`,
		`document_id::text, ' ' order by document_id) from app.heads_of(array(select d from generate_series(4000, 4059) d), now())`,
		`distinct document_id::text, ' ') from generate_series(3000, 3024) r, app.changes_of(r, '-infinity', 'infinity', now(), now())`,
	}
}

// compare asks SQL and Go the same questions.
func (s shelf) compare(t *rapid.T, conn *pgconn.PgConn, h holder, told *tally) {
	results, err := conn.Exec(context.Background(), h.question()).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var answers [][][]byte // the rows of every statement that gave some
	for _, r := range results {
		answers = append(answers, r.Rows...)
	}
	answers = answers[1:] // set_config's
	rights := access.Rights{Actor: h.actor}
	var loaded []string
	for _, g := range h.grants {
		if g.from.after == 0 || g.until.after == 0 {
			told.exact++
		}
		if g.live() {
			rights.Grants = append(rights.Grants, g.Grant)
			loaded = append(loaded, fmt.Sprintf("%d,%d,%d,%d", g.Scope, g.ScopeID, g.Mask, g.Rights))
		}
	}
	for _, g := range h.shields {
		if g.live() {
			rights.Shields = append(rights.Shields, g.ScopeID)
		}
	}
	for i, part := range []struct {
		what   string
		places []access.Place
		decide func(access.Rights, access.Action, access.Place) (int64, bool)
	}{{"record", s.records, access.DecideRecord}, {"document", s.documents, access.Decide}, {"version", s.versions, access.Decide}} {
		for j, need := range everyRight() {
			row := answers[i*len(everyRight())+j]
			if string(row[0]) != strconv.Itoa(int(need)) || len(row[1]) != len(part.places) {
				t.Fatalf("the answers about every %s are not in order: %s", part.what, row)
			}
			for k, p := range part.places {
				_, ours := part.decide(rights, access.Action{Name: "x.y", Needs: need}, p)
				told.add(ours)
				if sql := row[1][k] == '1'; sql != ours {
					t.Errorf("%s %+v, right %d: SQL %v, Go %v", part.what, p, need, sql, ours)
				}
			}
		}
	}
	rest := answers[3*len(everyRight()):]
	if got := string(rest[0][0]); got != strings.Join(loaded, " ") {
		t.Errorf("the grants are loaded as %q, and are %q", got, loaded)
	}
	for i, want := range s.visible(rights, told) {
		if got := strings.Fields(string(rest[1+i][0])); !slices.Equal(got, want) {
			t.Errorf("select string_agg(%s shows %v, want %v", shown()[i], got, want)
		}
	}
}

func (t *tally) add(allowed bool) {
	if t.cases++; allowed {
		t.allowed++
	}
}

// visible is what the policies are to show, in the order of shown.
func (s shelf) visible(rights access.Rights, told *tally) [][]string {
	var records, documents, versions, follows, whole []string
	id := func(n int64) string { return strconv.FormatInt(n, 10) }
	for _, p := range s.records {
		if _, ok := access.DecideRecord(rights, access.ViewRecord, p); ok {
			records = append(records, id(p.Record))
		}
	}
	for _, p := range s.versions {
		of := p
		of.Version = 0
		_, all := access.Decide(rights, access.ViewDocument, of)
		_, one := access.Decide(rights, access.OpenVersion, p)
		if one && !all {
			told.byVersion++
		}
		if one { // the document's row names the version
			versions = append(versions, id(p.Version))
			documents = append(documents, id(p.Document))
		}
		if all { // what is told and decided comes with the document alone
			follows = append(follows, id(p.Version))
			whole = append(whole, id(p.Document))
		}
	}
	whole = slices.Compact(whole)
	return [][]string{records, slices.Compact(documents), versions, follows, follows, follows, whole, whole, whole}
}
