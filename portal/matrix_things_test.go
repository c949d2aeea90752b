package portal_test

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/scim"
	"custodian/portal"
)

// aboutOne are the things of which there is one at one's own setting, one at
// another and one in another organisation.
func aboutOne() []string {
	return []string{"/settings/:id", "/people/:id", "/lodgings/:id", "/looks/:id", "/concerns/:id", "/questions/:id", "/outside-role/:id", "/relatives/:id"}
}

// keepers manage the settings; colleagues work there, and ask for nothing in the
// matrix.
func (g *grid) keeper(home int) access.Actor {
	return g.Actors[[]string{"manager", "other-manager", "elsewhere-manager"}[home]]
}

func (g *grid) colleague(home int) access.Actor {
	return g.Actors[[]string{"staff2", "other-staff", "elsewhere-staff"}[home]]
}

// around plants what hangs on a young person's record: a consent to visits, a key
// worker, and at one's own setting its own reader. The other consent is there where
// documents are sensitive: those records are open to a visitor.
func (g *grid) around(p *spot) {
	g.t.Helper()
	ctx, by := g.t.Context(), g.keeper(p.home)
	consent := grants.NewConsent{Record: p.record, Capacity: grants.OfYoungPerson, Answer: grants.Yes, Who: "the young person", Evidence: "for the test", Until: time.Now().AddDate(0, 1, 0)}
	must(g.t, grants.RecordConsent(ctx, g.DB, by, consent))
	var id int64
	g.Scan(g.t, `select max(id) from app.consent`, nil, &id)
	if inStates[p.state] == "sensitive" {
		consent.Capacity, consent.Who = "placing-authority", "a council"
		must(g.t, grants.RecordConsent(ctx, g.DB, by, consent))
	}
	given, err := grants.Entrust(ctx, g.DB, by, g.colleague(p.home).ID, p.record, "for the test")
	must(g.t, err)
	p.also = map[string]string{"consents/:consent": number(id), "grants/:grant": number(given)}
	if p.home == 0 {
		g.letRead("young-person", p.record)
	}
}

// letRead gives somebody a role on their own record.
func (g *grid) letRead(name string, record int64) {
	g.t.Helper()
	_, err := grants.LetRead(g.t.Context(), g.DB, g.keeper(0), grants.Reading{Record: record, Email: name + "@demo.example", To: g.Actors[name].ID, Why: "for the test", Checked: "for the test"})
	must(g.t, err)
}

// one adds a row past every trigger, and gives its number.
func (g *grid) one(sql string, args ...any) (id int64) {
	g.t.Helper()
	must(g.t, g.super.QueryRow(g.t.Context(), sql+` returning id`, args...).Scan(&id))
	return id
}

// at is the young person's record in a state at a home.
func (g *grid) at(home int, state string) *spot {
	i := slices.IndexFunc(g.spots, func(p spot) bool {
		return p.home == home && inStates[p.state] == state && p.kind == access.YoungPerson
	})
	return &g.spots[i]
}

// things plants at each home one of everything that has an address of its own, and
// what closes records off. It comes after all that the fillings plant.
func (g *grid) things() {
	g.t.Helper()
	ctx := g.t.Context()
	_, err := g.super.Exec(ctx, `set session_replication_role = replica`)
	must(g.t, err)
	for i := range g.places {
		young, keeper, staff := g.at(i, "open"), int64(g.keeper(i).ID), int64(g.colleague(i).ID)
		provider := g.keeper(i).Provider
		raiser := g.Actors[[]string{"other-manager", "other-manager", "elsewhere-manager"}[i]].ID
		asked := g.Actors[[]string{"staff", "other-staff", "elsewhere-staff"}[i]].ID
		also := map[string]string{}
		put := func(name string, id int64) int64 { also[name] = number(id); return id }
		look := func(by int64) int64 {
			return g.one(`insert into app.footprint (actor_id, action, outcome, provider_id, home_id, record_id, class) values ($1, 'record.viewed', 'done', $2, $3, $4, $5)`,
				by, provider, young.setting, young.record, int(access.ClassOf(access.YoungPerson, access.General)))
		}
		for _, shut := range g.spots {
			if shut.home != i || inStates[shut.state] != "restricted" {
				continue
			}
			for _, document := range []string{shut.submitted, shut.approved} {
				lodging := g.one(`insert into app.lodging (document_id, record_id, ground, reason, advised_by, originator, review_on, lodged_by) values ($1::bigint, $2, 'in-confidence', 'for the test', $3, 'A neighbour', current_date + 30, $3)`, document, shut.record, keeper)
				g.one(`insert into app.lodging_note (record_id, lodging_id, what, by_actor, at) values ($1, $2, 'lodged', $3, now())`, shut.record, lodging, keeper)
				g.one(`insert into app.consultation (lodging_id, answer, words, on_date, by_actor) values ($1, 'agrees', 'for the test', current_date, $2)`, lodging, keeper)
				if shut.kind == access.YoungPerson {
					put("lodgings/:id", lodging)
				}
			}
		}
		put("looks/:id", look(staff))
		put("concerns/:id", g.one(`insert into app.concern (footprint_id, provider_id, home_id, record_id, class, about_actor, raised_by, wanted, goes_to, words) values ($1, $2, $3, $4, $5, $6, $7, 'manager', 'manager', 'for the test')`,
			look(staff), provider, young.setting, young.record, int(access.ClassOf(access.YoungPerson, access.General)), staff, raiser))
		put("questions/:id", g.one(`insert into app.look_question (footprint_id, about_actor, asked_by, words) values ($1, $2, $3, 'for the test')`, look(int64(asked)), asked, []int64{int64(g.Actors["dpo"].ID), int64(g.Actors["dpo"].ID), keeper}[i]))
		put("outside-role/:id", g.openOutside(i, young))
		if i == 1 {
			put(overseen, g.oversee(young))
		}
		must(g.t, grants.Declare(ctx, g.DB, g.colleague(i), grants.Declaring{Relation: "a cousin", Words: "for the test"}))
		var id int64
		g.Scan(g.t, `select max(id) from app.relative`, nil, &id)
		put("relatives/:id", id)
		name := "gone-" + number(int64(i))
		g.employ(name, grants.MemberOfStaff, provider, young.setting)
		must(g.t, grants.Leave(ctx, g.DB, g.keeper(i), g.Actors[name].ID, time.Time{}, "for the test"))
		g.places[i].gone, g.places[i].also = int64(g.Actors[name].ID), also
		g.closeOff(i)
	}
}

// openOutside lets somebody ask for access outside their role, which is then there
// to be decided, ended and reviewed. In another organisation it is only noted.
func (g *grid) openOutside(home int, young *spot) int64 {
	g.t.Helper()
	if home == 2 {
		return g.one(`insert into app.outside_access (provider_id, record_id, kind, actor_id, reason, section, wanted, asked_at, letter) values ($1, $2, $3, $4, 'audit', 0, $5, now(), 'for the test')`,
			g.keeper(home).Provider, young.record, int(access.YoungPerson), g.colleague(home).ID, string(grants.ForTwoWeeks))
	}
	id, err := grants.AskOutside(g.t.Context(), g.DB, g.Actors[[]string{"other-manager", "staff2"}[home]], grants.Asking{Number: young.record, Reason: grants.ForOversight, Colleague: "Morgan Example", Span: grants.ForTwoWeeks, AtOnce: true})
	must(g.t, err)
	return id
}

// overseen names, among what hangs on a setting, the access of somebody who asks.
const overseen = "outside-role/:id/oversight"

// oversee has the manager give oversight at another setting, which is over: they
// see the record no longer, and have still to write what it came to.
func (g *grid) oversee(young *spot) int64 {
	g.t.Helper()
	manager := g.Actors["manager"]
	id, err := grants.AskOutside(g.t.Context(), g.DB, manager, grants.Asking{Number: young.record, Reason: grants.ForOversight, Colleague: "Robin Example", Span: grants.ForDay})
	must(g.t, err)
	must(g.t, grants.EndOutside(g.t.Context(), g.DB, manager, id, "for the test"))
	return id
}

// closeOff shields the young people's records of a home from somebody who does not
// ask, and draws a circle of all who ask around the one with restricted documents.
func (g *grid) closeOff(home int) {
	g.t.Helper()
	from := g.Actors[[]string{"other-staff", "staff2", "elsewhere-staff"}[home]].ID
	for i := range g.spots {
		p := &g.spots[i]
		if p.home != home || p.kind != access.YoungPerson {
			continue
		}
		p.also[":kind/:shield"] = number(g.one(`insert into app.shield (actor_id, record_id, why, given_by, valid_from) values ($1, $2, 'for the test', 1, now())`, from, p.record))
		if inStates[p.state] == "restricted" {
			circle := g.one(`insert into app.circle (record_id, ground, why, given_by, valid_from) values ($1, 'other', 'for the test', 1, now())`, p.record)
			for _, role := range g.roles[1:] {
				g.one(`insert into app.circle_member (circle_id, actor_id, why, given_by, valid_from) values ($1, $2, 'for the test', 1, now())`, circle, g.Actors[who(role)].ID)
			}
		}
	}
}

// asked is the right request of a program or a directory service.
type asked struct {
	path string
	body any
}

// fillAll fills every route once, before the world is remembered: whatever a
// filling plants is there for everybody who asks, and is put back after each. What
// is somebody's own is filled when they ask.
func (g *grid) fillAll(base stage) {
	g.t.Helper()
	g.filled, g.requests = map[string]filling{}, map[string]asked{}
	for _, r := range portal.PageRoutes() {
		if !own(r) {
			g.filled[r.Method+" "+r.Path] = base.fill(r)
		}
	}
	for _, r := range portal.Routes() {
		if !own(r) {
			path, body := base.right(r)
			g.requests[r.Method+" "+r.Path] = asked{path, body}
		}
	}
	g.fillDirectory()
}

// own tells whether a route is about what only the asker has.
func own(r portal.Route) bool {
	return strings.HasPrefix(r.Path, "/uploads") || strings.HasPrefix(r.Path, "/me/") || strings.Contains(r.Path, "/api/v1/tokens")
}

// fillDirectory connects a directory service, with a person and a group that it
// has told of.
func (g *grid) fillDirectory() {
	g.t.Helper()
	f := newFeed(g.t, g.Database, g.url, g.signIn.Issuer(), g.Actors["admin"])
	var id int64
	g.Scan(g.t, `select max(actor_id) from app.role_held where role = 'directory' and provider_id = $1`, []any{g.Provider}, &id)
	g.Actors["directory"] = access.Actor{ID: access.ActorID(id), Kind: access.Service, Provider: g.Provider}
	g.Tokens["directory"] = f.token
	user := f.user("Zoe Example", "zoe")
	group := f.group("zoes", user)
	at := strings.NewReplacer("/Users/:id", "/Users/"+user, "/Groups/:id", "/Groups/"+group, "/ResourceTypes/:id", "/ResourceTypes/User", "/Schemas/:id", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User")
	groupOf := func(name string) string {
		return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"` + name + `","members":[{"value":"` + user + `"}]}`
	}
	bodies := map[string]string{
		"POST /Users": userOf("Yan Example", "yan"), "PUT /Users/:id": userOf("Zoe Second Example", "zoe"), "PATCH /Users/:id": patchOf(`[{"op":"replace","path":"active","value":false}]`),
		"POST /Groups": groupOf("yans"), "PUT /Groups/:id": groupOf("zoes again"), "PATCH /Groups/:id": patchOf(`[{"op":"remove","path":"members"}]`),
	}
	for _, r := range portal.DirectoryRoutes() {
		a := asked{path: at.Replace(r.Path)}
		if text, ok := bodies[r.Method+" "+strings.TrimPrefix(r.Path, scim.Path)]; ok {
			a.body = text
		} else if r.Method != http.MethodGet && r.Method != http.MethodDelete {
			g.t.Fatalf("say in fillDirectory what %s %s is sent", r.Method, r.Path)
		}
		g.requests[r.Method+" "+r.Path] = a
	}
}
