package portal_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// The dimensions of the matrix beside route, method and role.
var (
	atHomes    = [...]string{"own setting", "another setting", "another organisation"}
	inStates   = [...]string{"open", "closed", "shielded", "sensitive", "restricted"}
	aboutKinds = [...]access.RecordKind{access.YoungPerson, access.Library, access.Staff}
)

// spot is what a route is asked about: a record with its documents, or a setting
// with somebody who works there.
type spot struct {
	home, state         int
	kind                access.RecordKind
	record              int64
	submitted, approved string // documents
	setting, staff      int64
	held                int64             // the role of staff
	gone                int64             // somebody who has left
	also                map[string]string // what else there is of its own, by its place in an address
	others              map[string]string // what else an address may name, where it is not to be one's own
}

// grid is a world with a record of every kind, in every state, at every home,
// and somebody in every role. What a request writes is undone before the next.
type grid struct {
	*world
	super    *pgx.Conn
	roles    []string
	stages   map[string]stage
	spots    []spot
	places   []spot // of settings alone
	marks    map[string]mark
	filled   map[string]filling    // the right form for each page
	requests map[string]asked      // the right request of a program
	shown    map[string]url.Values // what stood in a form when it was shown
	missed   int                   // answers that something is not there
}

// mark is how a table looked when everything was planted.
type mark struct {
	Table  string
	Rows   int
	Newest int64
}

// unwatched are tables that requests write by the way: that somebody was here.
func unwatched() []string {
	return []string{"footprint", "token_use", "session_use", "schema_version", "upload"}
}

// gridRoles are those who ask: everybody whom a role makes, whoever has none
// left, whoever holds a grant on one version, a service account, and nobody.
func gridRoles() []string {
	list := []string{"anonymous"}
	for _, r := range grants.Roles() {
		list = append(list, string(r))
	}
	return append(list, "young-person", "parent", "left", "one-version", "service", "directory")
}

// actors of the sample who are in a role already.
func inRole() map[string]string {
	return map[string]string{"responsible-individual": "individual", "data-protection-officer": "dpo", "administrator": "admin"}
}

func newGrid(t testing.TB) *grid {
	t.Helper()
	g := &grid{world: newWorld(t), roles: gridRoles(), stages: map[string]stage{}, shown: map[string]url.Values{}}
	ctx := context.Background()
	var err error
	g.super, err = pgx.Connect(ctx, g.Super)
	must(t, err)
	t.Cleanup(func() { g.super.Close(ctx) })
	elsewhere := g.elsewhere()
	for i, home := range []int64{g.Homes[sample.ChildrensHome], g.Homes[sample.FamilyCentre], elsewhere.Homes["Elsewhere House"]} {
		p := spot{home: i, setting: home, staff: int64(g.Actors[[]string{"staff2", "other-staff", "elsewhere-staff"}[i]].ID)}
		g.Scan(t, `select id from app.role_held where actor_id = $1`, []any{p.staff}, &p.held)
		g.places = append(g.places, p)
		for state := range inStates {
			for _, kind := range aboutKinds {
				g.plant(p, state, kind)
			}
		}
	}
	g.people()
	base := newStageOn(g.world, "staff")
	g.fillAll(base)
	g.setStates()
	g.things()
	for _, role := range g.roles {
		s := base
		if g.stages[role] = s; role == "directory" {
			continue // it has a token of its own kind, and no browser
		}
		s.visitor = g.world.visitor(who(role))
		if role != "anonymous" {
			g.world.visitor(who(role)) // another browser of theirs, to be ended
			g.Scan(t, `select max(id) from app.session`, nil, &s.session)
			made, err := login.NewToken(ctx, g.DB, access.Custodian(), g.Actors[who(role)].ID, "to revoke", time.Now().Add(time.Hour))
			must(t, err)
			s.token = number(made.ID)
			g.token(who(role))
		}
		g.stages[role] = s
	}
	_, err = g.super.Exec(ctx, `set session_replication_role = replica; create schema snap`)
	must(t, err)
	g.marks = g.look()
	for table := range g.marks {
		_, err = g.super.Exec(ctx, `create table snap.`+table+` as table app.`+table)
		must(t, err)
	}
	return g
}

// who is the name under which the world knows a role's actor.
func who(role string) string {
	if role == "anonymous" {
		return ""
	}
	if name := inRole()[role]; name != "" {
		return name
	}
	return role
}

// elsewhere founds another organisation with one setting and two people.
func (g *grid) elsewhere() *sample.Planted {
	g.t.Helper()
	ctx, self := g.t.Context(), access.Custodian()
	p := &sample.Planted{Homes: map[string]int64{}}
	var err error
	p.Provider, err = people.Found(ctx, g.DB, self, "Elsewhere Care")
	must(g.t, err)
	p.Homes["Elsewhere House"], err = people.AddHome(ctx, g.DB, self, p.Provider, "Elsewhere House", "childrens-home")
	must(g.t, err)
	for name, role := range map[string]grants.Role{"elsewhere-staff": grants.MemberOfStaff, "elsewhere-manager": grants.RegisteredManager} {
		g.employ(name, role, p.Provider, p.Homes["Elsewhere House"])
	}
	return p
}

// employ adds a person and gives them a role.
func (g *grid) employ(name string, role grants.Role, provider, home int64) {
	g.t.Helper()
	self := access.Custodian()
	id, err := people.AddActor(g.t.Context(), g.DB, self, people.NewActor{Provider: provider, Kind: access.Person, Name: "Example " + name})
	must(g.t, err)
	g.Actors[name] = access.Actor{ID: access.ActorID(id), Kind: access.Person, Provider: provider}
	if role == "" {
		return
	}
	if role.Wide() {
		home = 0
	}
	_, err = grants.Give(g.t.Context(), g.DB, self, grants.Giving{To: access.ActorID(id), Role: role, Provider: provider, Home: home, Why: "for the test"})
	must(g.t, err)
}

// people sees to it that somebody is in every role.
func (g *grid) people() {
	g.t.Helper()
	for _, role := range g.roles {
		name := who(role)
		if _, there := g.Actors[name]; there || name == "" {
			continue
		}
		switch role {
		case "directory": // comes with its token
		case "left":
			g.employ(name, grants.RegisteredManager, g.Provider, g.Homes[sample.ChildrensHome])
			g.endRoles(name)
		case "one-version":
			g.employ(name, "", g.Provider, 0)
			g.glimpse(name, g.spots[0].approved, 1)
		default:
			g.employ(name, grants.Role(role), g.Provider, g.Homes[sample.ChildrensHome])
		}
	}
}

// plant plants a record with a document that waits for approval, where its kind
// wants one, and one that does not. Nobody who asks in the matrix wrote them, but
// for the service account, which may approve nothing anyway.
func (g *grid) plant(p spot, state int, kind access.RecordKind) {
	g.t.Helper()
	p.state, p.kind = state, kind
	provider := g.Provider
	if p.home == 2 {
		g.Scan(g.t, `select provider_id from app.home where id = $1`, []any{p.setting}, &provider)
	}
	var err error
	p.record, err = people.Open(g.t.Context(), g.DB, access.Custodian(), people.NewRecord{Provider: provider, Home: p.setting, Kind: kind,
		Name: fmt.Sprintf("Planted %s", kind), On: clock.DayOf(time.Now()), Why: "for the test"})
	must(g.t, err)
	author, approver := []string{"service", "other-staff", "elsewhere-staff"}[p.home], []string{"manager", "other-manager", "elsewhere-manager"}[p.home]
	if kind == access.Staff && p.home > 0 {
		author = approver
	}
	what := map[access.RecordKind]string{access.YoungPerson: "care-plan", access.Library: "policy", access.Staff: "qualification"}[kind]
	for _, into := range []*string{&p.submitted, &p.approved} {
		v := g.add(author, recordPath(p.record, ""), paper(what, "2026-01-01", "The words."))
		if *into = v.Document.ID; into == &p.approved && kind == access.Library {
			g.ok(200, approver, http.MethodPost, versionPath(v, "/approve"), nil)
		}
	}
	if kind == access.YoungPerson {
		g.around(&p)
	} else {
		p.also = g.spots[len(g.spots)-1].also // what hangs on the young person's record is not this one's
	}
	g.spots = append(g.spots, p)
}

// setStates brings the records into the states that their spots say. Shielded
// is a record from everybody who asks.
func (g *grid) setStates() {
	g.t.Helper()
	for _, p := range g.spots {
		var sql string
		switch inStates[p.state] {
		case "closed":
			sql = `update app.record set open = false where id = $1`
		case "sensitive":
			sql = `update app.document set class = class + 1 where record_id = $1`
		case "restricted":
			sql = `update app.document set class = class + 2 where record_id = $1`
		case "shielded":
			for _, role := range g.roles[1:] {
				g.Exec(g.t, `insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'a relative', 1, now())`, int64(g.Actors[who(role)].ID), p.record)
			}
			continue
		default:
			continue
		}
		_, err := g.super.Exec(g.t.Context(), `set session_replication_role = replica`)
		must(g.t, err)
		_, err = g.super.Exec(g.t.Context(), sql, p.record)
		must(g.t, err)
	}
}

// look tells how every table looks: how many rows, and the newest transaction in them.
func (g *grid) look() map[string]mark {
	g.t.Helper()
	ctx := context.Background()
	var sql string
	must(g.t, g.super.QueryRow(ctx, `
		select string_agg(format('select %L::text as table, count(*)::int as rows, coalesce(max(xmin::text::bigint), 0) as newest from app.%I', tablename, tablename), ' union all ')
		from pg_tables where schemaname = 'app' and tablename <> all ($1)`, unwatched()).Scan(&sql))
	rows, err := g.super.Query(ctx, sql)
	must(g.t, err)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[mark])
	must(g.t, err)
	marks := map[string]mark{}
	for _, m := range list {
		marks[m.Table] = m
	}
	return marks
}

// undo puts back what was written since everything was planted, and names the
// tables in which something was.
func (g *grid) undo() (written []string) {
	g.t.Helper()
	ctx := context.Background()
	now := g.look()
	for _, table := range slices.Sorted(maps.Keys(now)) {
		if now[table] == g.marks[table] {
			continue
		}
		written = append(written, table)
		var columns string
		must(g.t, g.super.QueryRow(ctx, `select string_agg(quote_ident(attname), ', ') from pg_attribute where attrelid = ('app.' || $1)::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, table).Scan(&columns))
		for _, sql := range []string{
			`delete from app.` + table + ` x where x::text not in (select s::text from snap.` + table + ` s)`,
			`insert into app.` + table + ` (` + columns + `) select ` + columns + ` from snap.` + table + ` s where s::text not in (select x::text from app.` + table + ` x)`,
		} {
			_, err := g.super.Exec(ctx, sql)
			must(g.t, err)
		}
	}
	if written != nil {
		g.marks = g.look()
	}
	return written
}

// answered is what came back, without a network between.
type answered struct {
	status int
	body   string
	header http.Header
}

// send gives a request to the portal itself.
func (g *grid) send(r *http.Request) (a answered) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			a.status = http.StatusInternalServerError
		}
	}()
	g.handler.ServeHTTP(w, r)
	if w.Code == http.StatusNotFound {
		g.missed++
	}
	a = answered{w.Code, w.Body.String(), w.Header()}
	if a.status >= 500 { // the page says nothing, and the log does
		text := strings.TrimSpace(g.log.String())
		a.body = text[strings.LastIndex(text, "\n")+1:]
	}
	return a
}

// aim gives the address of the right request with what it is about put in.
func (p spot) aim(pattern, path string) string {
	path, query, asks := strings.Cut(path, "?")
	parts, names := strings.Split(path, "/"), strings.Split(pattern, "/")
	document := p.approved
	if strings.HasSuffix(pattern, "/approve") {
		document = p.submitted
	}
	for i := 1; i < len(names) && i < len(parts); i++ {
		switch names[i-1] + "/" + names[i] {
		case "records/:id":
			parts[i] = number(p.record)
		case "documents/:id":
			parts[i] = document
		case "settings/:id":
			parts[i] = number(p.setting)
		case "people/:id":
			if parts[i] = number(p.staff); strings.HasSuffix(pattern, "/back") {
				parts[i] = number(p.gone)
			}
		case "roles/:role":
			parts[i] = number(p.held)
		default:
			if its, given := p.also[overseen]; given && p.others == nil && names[i-1]+"/"+names[i] == "outside-role/:id" && strings.HasSuffix(pattern, overseen) {
				parts[i] = its
			} else if its, given := p.also[names[i-1]+"/"+names[i]]; given {
				parts[i] = its
			} else if other, given := p.others[names[i-1]+"/"+names[i]]; given {
				parts[i] = other
			} else if p.others != nil && strings.HasPrefix(names[i], ":") && !slices.Contains([]string{":n", ":topic", ":step", ":kind"}, names[i]) {
				panic("say in TestNotThereAndNotYoursAreTheSame what another's " + names[i-1] + "/" + names[i] + " is")
			}
		}
	}
	path = strings.Join(parts, "/")
	if asks {
		path += "?" + query
	}
	return path
}
