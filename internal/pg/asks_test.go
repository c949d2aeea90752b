package pg_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

// question is how a function is asked about something of provider 2000.
type question struct {
	ask   string // its arguments
	who   string // who is told something by it
	other string // the arguments with which they are, where those are a secret
	first string // what they do before
	own   bool   // it tells everybody of themselves alone, so that whoever has something is told of that
	open  string // why whoever is signed in is told
	near  string // why those of the same provider are told
	void  bool   // it tells nothing, and does not fail for them
}

// asks are the functions that run with their owner's rights and that the
// application may call. A function of a new migration is added here, with somebody
// whom it tells something: nobody else is told anything.
var asks = map[string]question{
	"about_me":            {ask: `3000`, who: "5000"},
	"access_of":           {ask: `5001, now() - interval '1 day', now() + interval '1 day'`, who: "5001"},
	"access_to":           {ask: `3001, now() - interval '1 day', now() + interval '1 day'`, who: "5001"},
	"added_since":         {ask: `now() - interval '1 day'`, who: "5002", own: true},
	"advisers":            {ask: `3000`, who: "5001"},
	"answers_for":         {ask: `3001, '{}'`, who: "5001"},
	"answers_wide":        {ask: `3001, '{}'`, who: "5003"},
	"audits_all":          {who: "5003", own: true},
	"audited_document":    {ask: `4000`, who: "5001"},
	"audited_record":      {ask: `3001`, who: "5001"},
	"bearer":              {ask: `sha256('guessed')`, other: `sha256('token')`, who: "5001"},
	"changes_of":          {ask: `3000, '-infinity', 'infinity', now(), now()`, who: "5001"},
	"class_now":           {ask: `4000`, who: "5001"},
	"directory":           {ask: `sha256('guessed')`, other: `sha256('directory')`, who: "5600"},
	"draw":                {ask: `'-infinity', 'infinity', 8000, 1, 10`, who: "5001"},
	"end_sessions":        {ask: `5001, null`, who: "5001"},
	"end_told_sessions":   {ask: `'https://one', 'one', ''`, who: "1"},
	"escalated_to_me":     {ask: `9100`, who: "5008"},
	"glimpsed":            {who: "5002", own: true},
	"handles":             {ask: `8500`, who: "5001"},
	"hands_on":            {ask: `7001, 'manager', 2000, 2100, now() + interval '1 hour', 5000`, who: "5001"},
	"has_content":         {ask: `3000`, who: "5001"},
	"has_left":            {ask: `5004`, who: "5001"},
	"heads_of":            {ask: `'{4000}', now()`, who: "5001"},
	"hold_footprints":     {who: "1", void: true},
	"holds":               {ask: `2::smallint, 3001, 1, 1, now()`, who: "5001"},
	"how_seen":            {ask: `'{8000}'`, who: "5001"},
	"in_group":            {ask: `2000, 'https://one', 'a', 'g', '{g}', now()`, who: "5003"},
	"is_subject":          {ask: `3001`, who: "5005"},
	"keeps_person":        {ask: `5001`, who: "5003"},
	"keeps_until":         {ask: `2000, 2100`, who: "5001"},
	"kept_from_me":        {who: "5000", own: true},
	"known_elsewhere":     {ask: `'https://one', 'one'`, who: "5902", own: true},
	"knows_concern":       {ask: `8500`, who: "5001"},
	"last_administrator":  {ask: `7003`, who: "5003"},
	"last_sent":           {ask: `5001`, who: "5003"},
	"leaves_at":           {ask: `5004`, who: "5001"},
	"lies_in":             {ask: `3001`, who: "5001"},
	"looked":              {ask: `3001, '2100-01-01', 30`, who: "5005"},
	"managers_at":         {ask: `2100, '-infinity', 'infinity'`, who: "5001"},
	"manages_person":      {ask: `5002`, who: "5001"},
	"manages_record":      {ask: `3001, 2000, 2100`, who: "5001"},
	"may_ask_for":         {ask: `3001, 'audit', 0::smallint`, who: "5003"},
	"may_ask_of":          {ask: `3001`, who: "5001"},
	"may_break":           {ask: `3001`, who: "5003"},
	"may_keep_from":       {ask: `5002, 3001`, who: "5001"},
	"may_lift":            {ask: `9200`, who: "5001"},
	"may_shield":          {ask: `3001`, who: "5001"},
	"moved_in":            {ask: `2100`, who: "5001"},
	"my_grants":           {who: "5001", own: true},
	"my_kind":             {who: "5001", open: "what they are themselves"},
	"my_provider":         {who: "5001", open: "whose they are themselves"},
	"never_keyed":         {ask: `3001`, who: "1"},
	"newest_checkpoint":   {who: "5001", open: "it stands at the foot of every page"},
	"opens_to_inspector":  {ask: `5006, 2::smallint, 3001, 1, 1, 2100, now(), now() + interval '1 day'`, who: "5001"},
	"outside_allows":      {ask: `6901, 5003, 3001, 1, statement_timestamp(), statement_timestamp() + interval '1 hour'`, who: "5003", first: `insert into app.outside_access (record_id, actor_id, reason, section, wanted, grant_id) values (3001, 5003, 'audit', 0, 'day', 6901)`},
	"outside_bounds":      {ask: `9100`, who: "5003"},
	"outside_record":      {ask: `3001, null, null, 'r'`, who: "5003"},
	"outside_runs":        {ask: `9100`, who: "5001"},
	"outsiders_read":      {ask: `4001, 0::smallint`, who: "5001"},
	"outstanding":         {ask: `0, 0, 0, 10`, who: "1"},
	"own_role":            {ask: `'manager', 2000, 2100`, who: "5001"},
	"own_shields":         {who: "5002", own: true},
	"reach":               {ask: `1`, who: "5001", own: true},
	"reach_besides":       {ask: `1, '{}'`, who: "5001", own: true},
	"release_lacks":       {ask: `4000`, who: "5001"},
	"restricted_register": {ask: `'2000-01-01', 0, 10`, who: "5001"},
	"scim_groups":         {ask: `'https://one', 'seven'`, who: "1"},
	"scim_inactive":       {ask: `5007`, who: "5003"},
	"scopes":              {ask: `1`, who: "5001", own: true},
	"sequenced":           {ask: `0, 10`, who: "1"},
	"shelf_of":            {ask: `3000, now(), now(), now(), true`, who: "5001"},
	"shield_file":         {ask: `3001`, who: "5001"},
	"shields":             {who: "5002", own: true, near: "policies ask it for whoever reads: the number of a record that is kept from them"},
	"subject_reads":       {ask: `3000`, who: "5001"},
	"to_sequence":         {ask: `0, 0, 0, 10`, who: "1"},
	"told_look":           {ask: `8001`, who: "5005"},
	"told_of":             {ask: `8001`, who: "5005"},
	"tree_end":            {who: "1"},
	"tree_names":          {ask: `'{5001}', '{3001}', '{4000}'`, who: "1"},
	"tree_waits":          {who: "1"},
	"unusual":             {ask: `'2000-01-01', '2100-01-01', '00:00', '00:00', 1, 0, '{}', '{}', 3`, who: "5001"},
	"visitor":             {ask: `sha256('guessed')`, other: `sha256('session')`, who: "5001"},
	"works_here":          {ask: `5002`, who: "5001", near: "who works there is no secret among colleagues"},
}

// plantAsked plants, beside plantFile, something for each function to tell of
// provider 2000; and three who may know nothing of it: 5900 and 5902 of another
// provider, the first without any rights and the second with every right there is,
// and 5901 without rights of this one.
func plantAsked(t *testing.T, d pgtest.Database) {
	t.Helper()
	plantFile(t, d)
	for _, sql := range []string{
		`insert into app.provider (id, name) values (2001, 'q')`,
		`insert into app.actor (id, provider_id, kind, name, issuer, subject, created_by) values (5003, 2000, 'person', 'all', '', '', 1), (5004, 2000, 'person', 'left', '', '', 1), (5005, 2000, 'person', 'subject', '', '', 1),
			(5006, 2000, 'person', 'inspector', '', '', 1), (5007, 2000, 'person', 'inactive', 'https://one', 'seven', 1), (5008, 2000, 'person', 'wide', 'https://one', 'one', 1), (5600, 2000, 'service', 'directory', '', '', 1),
			(5900, 2001, 'person', 'stranger', '', '', 1), (5901, 2000, 'person', 'newcomer', '', '', 1), (5902, 2001, 'person', 'elsewhere', '', '', 1)`,
		`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5003, 0, 2000, 32767, 255, 'role', 1, 'test', now()), (5008, 0, 2000, 32767, 37, 'role', 1, 'test', now()),
			(5005, 2, 3001, 3, 1, 'data-subject', 1, 'test', now()), (5600, 0, 2000, 8, 256, 'role', 1, 'test', now()), (5902, 0, 2001, 32767, 511, 'role', 1, 'test', now()),
			(5002, 4, 4500, 32, 1, 'portal-link', 1, 'test', now())`,
		`insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) values (7000, 5002, 'staff', 2000, 2100, '2000-01-01', 1, 'x'), (7001, 5001, 'manager', 2000, 2100, now(), 1, 'x'),
			(7002, 5006, 'inspector', 2000, 2100, now(), 1, 'x'), (7003, 5000, 'administrator', 2000, null, now(), 1, 'x')`,
		`insert into app.person_event (actor_id, what, from_at, why, by_actor) values (5004, 'left', now(), 'x', 1)`,
		`insert into app.shield (actor_id, record_id, why, given_by, valid_from) values (5002, 3001, 'x', 1, now())`,
		`insert into app.footprint (id, actor_id, action, outcome, record_id) values (8001, 5001, 'record.viewed', 'done', 3001)`,
		`insert into app.leaf (place, footprint_id, epoch, xid, marks, hashes) select 0, id, epoch, xid, '', sha256('x') from app.footprint where id = 8000`,
		`insert into app.checkpoint (epoch, size, root, at, note) values (1, 1, sha256('x'), now(), 'x')`,
		`insert into app.sign_in (id, answer, actor_id, provider_id, issuer, subject, groups, outcome) values (7100, sha256('x'), 5001, 2000, 'https://one', 'one', '{g}', 'done')`,
		`insert into app.session (id, actor_id, sign_in_id, hash, expires_at, idle_seconds) values (7200, 5001, 7100, sha256('session'), now() + interval '1 hour', 3600)`,
		`insert into app.token (actor_id, hash, label, created_by, expires_at) values (5001, sha256('token'), 't', 5001, now() + interval '1 hour')`,
		`insert into app.scim_token (provider_id, actor_id, hash, label, created_by, expires_at) values (2000, 5600, sha256('directory'), 't', 1, now() + interval '1 hour')`,
		`insert into app.scim_user (id, provider_id, issuer, subject) values (7300, 2000, 'https://one', 'seven')`,
		`insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values (7300, 2000, 'https://one', 'seven', 's', false, 5600)`,
		`insert into app.scim_group (id, provider_id, issuer) values (7400, 2000, 'https://one')`,
		`insert into app.scim_group_said (group_id, provider_id, issuer, display_name, said_by) values (7400, 2000, 'https://one', 'g', 5600)`,
		`insert into app.scim_member (provider_id, group_id, user_id, said_by) values (2000, 7400, 7300, 5600)`,
		`insert into app.grants (id, actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from, valid_until) values (6900, 5003, 2, 3001, 1, 1, 'break-glass', 5003, 'audit', now(), now() + interval '1 day')`,
		`insert into app.outside_access (id, record_id, actor_id, reason, section, wanted, grant_id) values (9100, 3001, 5003, 'audit', 0, 'day', 6900)`,
		`insert into app.record (id, provider_id, home_id, kind, name, created_by) values (3002, 2000, 2100, 0, 'kept', 1)`,
		`insert into app.circle (id, record_id, ground, why, given_by, valid_from) values (9200, 3002, 'other', 'x', 5001, now())`,
		`insert into app.record_event (record_id, what, on_date, home_id, by_actor, why) values (3001, 'moved', current_date, 2100, 1, 'x')`,
		`insert into app.outside_review (access_id, level, verdict, why, by_actor) values (9100, 1, 'escalated', 'x', 5001)`,
	} {
		d.Exec(t, sql)
	}
}

// told gives what a function says, without what is nothing.
func told(t *testing.T, conn *pgx.Conn, function, args string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `select x::text from app.`+function+`(`+args+`) x`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[*string])
	if err != nil && !pg.Refused(err) {
		t.Fatalf("%s(%s): %v", function, args, err)
	}
	var said []string
	for _, s := range list {
		if s != nil && !slices.Contains([]string{"", "false", "{}", "-infinity"}, *s) {
			said = append(said, *s)
		}
	}
	return said
}

// Whatever runs with its owner's rights tells those who may know, and nobody else:
// neither those of another provider, whatever they may do there, nor those of this
// one who have no rights, nor nobody.
func TestWhatRunsWithItsOwnersRightsAsksWhoAsks(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantAsked(t, d)
	have := names(t, connect(t, d.Super), `select distinct proname from pg_proc where pronamespace = 'app'::regnamespace and prosecdef
		and prorettype <> 'trigger'::regtype and has_function_privilege('custodian_app', oid, 'execute')`)
	for function := range asks {
		if !slices.Contains(have, function) {
			t.Errorf("there is no function %s that the application may call and that runs with its owner's rights", function)
		}
	}
	for _, function := range have {
		q, ok := asks[function]
		if !ok {
			t.Errorf("the application may call %s, which runs with its owner's rights: say in asks whom it tells something", function)
			continue
		}
		for _, stranger := range []string{"", "5900", "5901", "5902"} {
			if q.open != "" && stranger != "" || q.own && stranger == "5902" || q.near != "" && stranger == "5901" {
				continue
			}
			as(t, d.App, stranger, func(conn *pgx.Conn) {
				if said := told(t, conn, function, q.ask); len(said) > 0 {
					t.Errorf("%s(%s) tells %q: %q", function, q.ask, stranger, said)
				}
			})
		}
		tellsWhoMayKnow(t, d, function, q)
	}
}

// tellsWhoMayKnow shows that the question is a real one.
func tellsWhoMayKnow(t *testing.T, d pgtest.Database, function string, q question) {
	t.Helper()
	args := q.ask
	if q.other != "" {
		args = q.other
	}
	as(t, d.App, q.who, func(conn *pgx.Conn) {
		if _, err := conn.Exec(t.Context(), `begin`); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), q.first); err != nil {
			t.Fatalf("%s: %v", q.first, err)
		}
		if q.void {
			if _, err := conn.Exec(t.Context(), `select app.`+function+`(`+args+`)`); err != nil {
				t.Error(err)
			}
			return
		}
		said := told(t, conn, function, args)
		for range 500 { // what is settled waits for the transactions of other tests
			if len(said) > 0 || function != "to_sequence" {
				break
			}
			if _, err := conn.Exec(t.Context(), `commit; select pg_sleep(0.02); begin`); err != nil {
				t.Fatal(err)
			}
			said = told(t, conn, function, args)
		}
		if len(said) == 0 {
			t.Errorf("%s(%s) tells %s nothing", function, args, q.who)
		}
	})
}
