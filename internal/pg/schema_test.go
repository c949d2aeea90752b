package pg_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pgtest"
)

// definers are the functions that run with the rights of their owner, each with
// why it has to. A function of a new migration is added here, with its reason, or
// does without.
var definers = map[string]string{
	"reach":           "the rule reads grants that its subject may not list",
	"shields":         "as reach; of a shield its subject is told nothing",
	"glimpsed":        "as reach, for grants on one version",
	"standings_of":    "asks the rule once for a document where the policy asks it for each of its standings; it calls app.sees",
	"scopes":          "as reach, to drive lists from the places where something may be seen",
	"my_grants":       "the actor's own grants for access.Decide, in one trip",
	"my_provider":     "asked by the policies of the table that it reads",
	"my_kind":         "as my_provider",
	"bearer":          "tells whose token it is before anybody acts; whoever asks must know its hash",
	"visitor":         "as bearer, for a session",
	"lies_in":         "a footprint is seen where its record lies now, whoever may see the record",
	"has_content":     "a record's key is not made afresh while anything was put on it that the asker may not see",
	"managers_at":     "tells who managed a setting to whoever reads its policies, who may not list roles",
	"known_elsewhere": "keeps a stranger from being shown to a provider that is not theirs, without showing it whose they are",
	"speak":           "a trigger that reads every statement on a document, seen or not",
	"retell":          "a trigger that writes standings, which nobody else may",
	"shelve":          "a trigger that reads where a record lies",
	"renew":           "a trigger that writes a document's shelf, which nobody else may",
	"depart":          "a trigger that reads where a record lies",
	"follow":          "a trigger that writes shelves and ends grants by a move",
	"move_roles":      "called by follow alone",
	"role_ends":       "a trigger that ends the grants of a role",
	"entrust":         "a trigger that reads roles the giver may not list",
	"place_footprint": "a trigger that fills in where a footprint belongs, whoever may see it",
}

// schemaRules gives what would be a breach of the rule, and the query that finds it.
func schemaRules() map[string]string {
	return map[string]string{
		"is without forced row-level security": `select c.relname from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'schema_version'
			and not (c.relrowsecurity and c.relforcerowsecurity)`,
		"can be read by the application and has no policy for it": `select c.relname from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'schema_version'
			and has_any_column_privilege('custodian_app', c.oid, 'select, insert, update') and not exists (select from pg_policy p where p.polrelid = c.oid and 'custodian_app'::regrole = any (p.polroles))`,
		"has a policy for everybody": `select p.polrelid::regclass || ' ' || p.polname from pg_policy p where 0 = any (p.polroles)`,
		"shows its reader what its owner sees (a view wants security_invoker, and a materialized one has no policies)": `select c.relname from pg_class c
			where c.relnamespace = 'app'::regnamespace and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(c.reloptions @> '{security_invoker=true}' or c.reloptions @> '{security_invoker=on}', false))`,
		"belongs to the application, or to a superuser": `select o.what from (
				select relname::text as what, relowner as owner from pg_class where relnamespace = 'app'::regnamespace
				union all select proname, proowner from pg_proc where pronamespace = 'app'::regnamespace
				union all select typname, typowner from pg_type where typnamespace = 'app'::regnamespace
				union all select nspname, nspowner from pg_namespace where nspname = 'app') o
			join pg_roles r on r.oid = o.owner where r.rolname = 'custodian_app' or r.rolsuper`,
		"is a role that could pass over the rule": `select rolname from pg_roles where rolname like 'custodian%' and rolname <> current_user and (rolsuper or rolbypassrls or rolcreaterole or rolreplication)`,
		"is more than the application may be":     `select r.rolname from pg_auth_members m join pg_roles r on r.oid = m.roleid where m.member = 'custodian_app'::regrole`,
		"runs with its owner's rights and without a search path of its own": `select p.proname from pg_proc p where p.pronamespace = 'app'::regnamespace and p.prosecdef
			and not coalesce(p.proconfig @> '{"search_path=pg_catalog, app"}', false)`,
		"runs with the rights of one who is more than the rule": `select p.proname from pg_proc p where p.pronamespace = 'app'::regnamespace and p.prosecdef
			and p.proowner::regrole::text not in ('custodian_rule', 'custodian_search')`,
		"follows a document's row, and would show what belongs to the whole document to whoever has a grant on one version (except app.glimpsed(), as in 00019)": `
			select p.polrelid::regclass || ' ' || p.polname from pg_policy p where p.polcmd in ('r', '*') and 'custodian_app'::regrole = any (p.polroles)
				and pg_get_expr(p.polqual, p.polrelid) ~ '\mdocument\M' and pg_get_expr(p.polqual, p.polrelid) !~ '(app\.sees|app\.glimpsed)\('`,
	}
}

// breaches says what in the schema breaks the rule.
func breaches(t *testing.T, conn *pgx.Conn) (said []string) {
	t.Helper()
	for what, sql := range schemaRules() {
		for _, name := range names(t, conn, sql) {
			said = append(said, name+" "+what)
		}
	}
	return said
}

// Every table, view and function of the schema keeps to the rule, those of later
// migrations too: they are read from the database.
func TestEverythingInTheSchemaKeepsToTheRule(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, said := range breaches(t, conn) {
		t.Error(said)
	}
	have := names(t, conn, `select distinct proname from pg_proc where pronamespace = 'app'::regnamespace and prosecdef`)
	for _, name := range have {
		if definers[name] == "" {
			t.Errorf("the function %s runs with its owner's rights: say in definers (internal/pg/schema_test.go) why it has to", name)
		}
	}
	for name := range maps.Keys(definers) {
		if !slices.Contains(have, name) {
			t.Errorf("there is no function %s that runs with its owner's rights", name)
		}
	}
	if tables := names(t, conn, `select relname from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'`); len(tables) < 26 {
		t.Errorf("only these tables are looked at: %s", strings.Join(tables, " "))
	}
}

func names(t *testing.T, conn *pgx.Conn, sql string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return list
}

// Each rule finds its breach.
func TestBreachesOfTheRuleAreFound(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	conn, err := pgx.Connect(t.Context(), d.Super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for breach, found := range map[string]string{
		`alter table app.home no force row level security`:                                                                                   "home is without forced",
		`create table app.fresh (); alter table app.fresh owner to custodian_owner`:                                                          "fresh is without forced",
		`drop policy own on app.batch; drop policy begins on app.batch; drop policy notes on app.batch; drop policy ends on app.batch`:       "batch can be read by the application and has no policy",
		`create policy loose on app.home for select using (true)`:                                                                            "app.home loose has a policy for everybody",
		`create view app.every with (security_invoker = false) as select * from app.document; alter view app.every owner to custodian_owner`: "every shows its reader what its owner sees",
		`create materialized view app.every as select * from app.document`:                                                                   "every shows its reader what its owner sees",
		`alter table app.home owner to custodian_app`:                                                                                        "home belongs to the application",
		`alter role custodian_app bypassrls`:                                                                                                 "custodian_app is a role that could",
		`grant custodian_rule to custodian_app`:                                                                                              "custodian_rule is more than",
		`alter function app.reach(int) reset search_path`:                                                                                    "reach runs with its owner's rights and without",
		`alter function app.reach(int) owner to custodian_owner`:                                                                             "reach runs with the rights of one",
		`alter policy sees on app.standing using (exists (select from app.document d where d.id = document_id))`:                             "app.standing sees follows a document's row",
	} {
		if _, err := conn.Exec(t.Context(), `begin; `+breach); err != nil {
			t.Fatalf("%s: %v", breach, err)
		}
		if said := breaches(t, conn); !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, found) }) {
			t.Errorf("not found: %s; only %q", breach, said)
		}
		if _, err := conn.Exec(t.Context(), `rollback`); err != nil {
			t.Fatal(err)
		}
	}
}
