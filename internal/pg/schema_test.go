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
	"changes_of":      "asks the rule once for a document where the policy asks it for each of its standings; it calls app.sees",
	"heads_of":        "as changes_of, for versions and decisions",
	"shelf_of":        "as changes_of, for all that a record's page says of its documents",
	"scopes":          "as reach, to drive lists from the places where something may be seen",
	"my_grants":       "the actor's own grants for access.Decide, in one trip",
	"my_provider":     "asked by the policies of the table that it reads",
	"my_kind":         "as my_provider",
	"bearer":          "tells whose token it is before anybody acts; whoever asks must know its hash",
	"visitor":         "as bearer, for a session",
	"lies_in":         "a footprint is seen where its record lies now, by whoever holds something there",
	"has_content":     "a record's key is not made afresh while anything was put on it that whoever adds may not see",
	"managers_at":     "tells who managed a setting to whoever reads its policies, who may not list roles",
	"known_elsewhere": "keeps a stranger from being shown to those who keep the people of a provider that is not theirs, without showing whose they are",
	"speak":           "a trigger that reads every statement on a document, seen or not",
	"retell":          "a trigger that writes standings, which nobody else may",
	"shelve":          "a trigger that reads where a record lies",
	"renew":           "a trigger that writes a document's shelf, which nobody else may",
	"depart":          "a trigger that reads where a record lies",
	"follow":          "a trigger that writes shelves and ends grants by a move",
	"move_roles":      "called by follow alone",
	"role_ends":       "a trigger that ends the grants of a role",
	"entrust":         "a trigger that reads roles the giver may not list",
	"place_footprint": "a trigger that fills in where a footprint belongs and to which epoch, whoever may see it",

	"hold_footprints":   "takes the lock that every footprint takes its share of; for Custodian itself",
	"tree_end":          "for Custodian itself alone",
	"tree_waits":        "as tree_end",
	"to_sequence":       "reads every footprint, for Custodian itself alone",
	"tree_names":        "as to_sequence",
	"outstanding":       "as to_sequence",
	"sequenced":         "as to_sequence",
	"never_keyed":       "as has_content, for Custodian itself alone",
	"newest_checkpoint": "stands at the foot of pages of those who audit nothing; it tells hashes and a size",

	"leaves_at":          "the last word on somebody, for whoever may know of it (may_know_of)",
	"has_left":           "as leaves_at, in the policies of sessions and tokens; a yes or no, and null for whoever may not know",
	"departs":            "a trigger that sets when somebody leaves, as the rest of what follows from leaving",
	"leave":              "a trigger that ends roles, grants, tokens and sessions of somebody else",
	"within_stay":        "a trigger that asks when somebody leaves who is given something",
	"role_fits":          "a trigger that reads of which kind a setting is, seen or not",
	"holds":              "the actor's own grants against what they give; where a thing lies counts, not whether they see it",
	"keeps_until":        "the actor's own grants",
	"own_role":           "the actor's own roles, asked by the policies of that table",
	"hands_on":           "as own_role",
	"manages_record":     "the rule for one record, asked by policies which the record's own would ask again",
	"keeps_person":       "reads the roles of somebody that the asker may not list, and tells yes only to whoever keeps them all",
	"opens_to_inspector": "reads the inspector's role, which the giver may not list; what the giver manages and reads is asked of the rule",
	"works_here":         "whether somebody stands in the list of colleagues is no secret at their own provider; their roles are",
	"follow_consents":    "called by triggers; writes the grants that follow from consents, which nobody may give",
	"consent_counts":     "a trigger that calls follow_consents",
	"said_no":            "called by the functions of consents alone",
	"stands_in":          "as said_no; it reads of which kind a record is",
	"consent_fits":       "a trigger that reads what was said before, whoever may list it",
	"consent_ends":       "a trigger that finds the record whose consents wait for one another",
	"overrule":           "called by triggers; ends what was said in the young person's place",
	"consent_refused":    "as overrule",
	"consent_withdrawn":  "as overrule",
	"outsiders_read":     "grants of others, as a yes or no to whoever approves or manages the document",
	"visitor_comes":      "a trigger that calls follow_consents for records that the giver may not see",
	"consents_in_turn":   "a trigger that waits for what ends of records and roles which the actor may not change",
	"visitors_in_turn":   "as consents_in_turn",
	"given_in_turn":      "as consents_in_turn",
	"ends_in_turn":       "as consents_in_turn",
	"move_own":           "called by follow alone",
	"end_consents":       "called by follow and close_grants alone",
	"close_grants":       "called by follow alone",
	"record_lay":         "called by access_to alone",
	"shielded_within":    "called by tell alone",
	"tell":               "called by access_of and access_to alone; it leaves out names and words that the asker may not know",
	"access_of":          "grants of others, to whoever keeps the person, audits the provider, or is that person",
	"access_to":          "grants of others, to whoever manages or audits the record",
	"may_ask_of":         "an auditor may not see the record itself",

	"added_since":         "what somebody added counts towards their day though they may no longer see it; times and sizes of their own",
	"moved_in":            "an auditor of one setting may not see the records that came to it, and sees what was done to them",
	"class_told":          "a trigger that reads moves, seen or not",
	"live_lodging":        "called by triggers alone",
	"advises":             "called by lodge and advisers alone",
	"advisers":            "names those who manage a restricted section to whoever may lodge there, who may not list grants",
	"subject_reads":       "grants of somebody else, to whoever sees a lodging of the record; a yes or no",
	"restricted_register": "for whoever audits what is restricted and may not read it; tells grounds and days, and neither names nor titles nor reasons",
	"release_lacks":       "to whoever works with the document, so that nobody releases what they cannot see was objected to; it tells what to do and no lodging",
	"reach_besides":       "as reach",
	"about_me":            "asked by the policies of what the record itself is asked by; tells the actor whether a file is theirs",
	"class_now":           "asked by the policy of footprints, whose readers may not read the document; a number, to whoever audits it",
	"move_from":           "a trigger that fills in where a document lies",
	"move_to":             "a trigger that writes a document's shelf, which nobody else may",
	"lodge":               "a trigger that reads where a document lies and who manages there",
	"note_lodging":        "a trigger that writes the note, which nobody else may",
	"judge_lodging":       "a trigger that reads lodgings and consultations, seen or not",
	"note_end":            "as note_lodging",
	"date_safety":         "a trigger that reads of which kind a record is",
	"lodged":              "a trigger at commit, when whoever restricted a document may see it no longer",

	"own_shields":        "as shields",
	"shielded":           "called by other functions of the rule: of somebody else's shield nobody is told",
	"answers_wide":       "asks the actor's own grants about a record that may be shielded from them",
	"answers_for":        "as answers_wide",
	"oversees":           "as reach, of somebody else; called by may_keep_from alone",
	"may_keep_from":      "as may_shield",
	"may_lift":           "as answers_wide, of somebody else too: it tells whether anybody in a circle answers for its record, to whoever does",
	"may_shield":         "as may_lift",
	"manages_person":     "reads the roles of somebody else, and tells yes only to whoever manages people where one is",
	"break_until":        "called by other functions of the rule: it is about somebody else too",
	"may_break":          "whether the actor may ask for a record that they do not see",
	"outside_allows":     "asked by a policy before its actor sees what was asked for; it says yes to the grant that was asked for alone",
	"outside_bounds":     "until when somebody else may ask, to them and to whoever decides",
	"outside_runs":       "grants of somebody else, asked by the policy of reviews; a yes or no, to whoever asked for it or reviews it",
	"escalated_to_me":    "asked by the policy of the table that it reads; the one it is about is told no",
	"outside_record":     "finds a record that the actor does not see; one that is shielded from them is not found, and leaves a refusal",
	"shield_file":        "names a record to whoever looks after its shields and may not see it",
	"outside_begin":      "a trigger that writes the letter with the name of a record that its writer does not see",
	"outside_tell":       "a trigger that puts the letter on the record",
	"outside_end":        "a trigger that ends grants of somebody else",
	"break_ends":         "as outside_end",
	"relative_shields":   "a trigger that finds the records that are meant, and shields them from whoever must not learn that there are any",
	"record_shields":     "as relative_shields",
	"relative_withdrawn": "a trigger that ends shields which whoever withdrew may not see",
	"circle_begins":      "a trigger that puts whoever draws a circle into it, before they see it",
	"shield_ends":        "a trigger that closes shields and circles, which nobody else may",
	"mark_shielded":      "a trigger that reads somebody's shields",

	"ways":             "called by the functions below: grants of somebody else as they were",
	"how_seen":         "roles and grants of others behind footprints that the asker may see, which it asks as the policies of footprints do",
	"audited_record":   "an auditor may not see the record; it tells kind and setting",
	"audited_document": "as audited_record",
	"told_subject":     "called by the functions below: footprints of others, for whom the record is about",
	"is_subject":       "the actor's own grants",
	"looked":           "footprints of others by role and day, to whom the record is about; no name, no title",
	"told_of":          "as looked, for one footprint; a yes or no",
	"told_look":        "as looked, for one footprint",
	"deals":            "called by the functions below: grants of somebody else",
	"goes_to":          "as deals",
	"place_concern":    "a trigger that reads the footprint that is meant, seen or not",
	"handles":          "asked by the policies of the tables that it reads",
	"knows_concern":    "as handles, for the policy of footprints",
	"follow_concern":   "a trigger that reads every event of a concern",
	"about_footprint":  "a trigger that reads who left a footprint",
	"draw":             "reads roles and footprints at once; it asks the rule once for a draw, and as the policies of footprints do",
	"unusual":          "as draw, with roles and names that the asker may not list",

	"end_sessions":      "nobody sees another's sessions; for themselves and for whoever manages the organisation's people",
	"end_told_sessions": "as end_sessions, for Custodian itself alone",

	"directory":          "as bearer, for a directory's token",
	"scim_last":          "called by the functions below",
	"scim_inactive":      "as has_left, by the directory's last word",
	"in_group":           "reads what a directory said; for Custodian itself, that directory and its administrators",
	"scim_groups":        "reads what every directory said, for Custodian itself alone",
	"last_sent":          "what somebody's sign-in sent, to the directory and administrators of their provider",
	"scim_left":          "a trigger that ends roles, grants, sessions and tokens of somebody else",
	"administrators":     "called by last_administrator and keep_administrator alone",
	"last_administrator": "reads the roles of others; a yes or no about one role, to whoever keeps the provider's people",
	"keep_administrator": "a trigger that counts administrators, seen or not",

	"lacks_of":             "called by other functions of the rule: it answers whoever calls it, as the seven below",
	"reads_own":            "as lacks_of: grants of somebody else",
	"class_of":             "as lacks_of",
	"lay_of":               "as lacks_of",
	"gone_at":              "as lacks_of: policies and triggers ask whether somebody has left, whoever may read it",
	"is_gone":              "as gone_at",
	"scim_gone":            "as gone_at, by the directory's last word",
	"may_know_of":          "as lacks_of: the actor's own grants, and whether somebody is of the same provider",
	"one_reader_at_a_time": "takes a lock for the triggers below, which nobody else may",
	"released":             "a trigger that reads lodgings and consultations, seen or not",
	"kept_from_me":         "asked by the policy of documents; reads lodgings that whom they are about may not see",
	"outside_until":        "called by other functions of the rule: until when somebody else's right to ask covers a reason",
	"may_ask_for":          "as may_break, for a reason and a section",
	"audits_all":           "as reach: a yes or no about the actor's own rights",
	"asked_for":            "called by looked and told_look: what somebody else asked for",

	"tell_of_said": "a trigger that finds whom a directory spoke of; only their number is told",
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
	callable := names(t, conn, `select distinct proname from pg_proc where pronamespace = 'app'::regnamespace and prosecdef and has_function_privilege('custodian_app', oid, 'execute')`)
	for _, name := range callable {
		if strings.HasPrefix(definers[name], "called by") {
			t.Errorf("the function %s is %s, and the application may call it: its owner has to revoke that", name, definers[name])
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
