package sample_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

// Every moment in the schema is dated back, or is here with why it is not.
func TestEveryMomentIsDatedBackOrLeftForAReason(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	left := map[string]bool{}
	for _, c := range []string{
		"standing.in_from", "standing.in_to", "statement.in_from", "statement.in_to", "version.wanted_from", "version.wanted_to", // true of the world, and told as such
		"token.expires_at", "token.revoked_at", // of live tokens: they are for the tests and the program that starts it
		"idempotency.at", "upload.begun_at", "batch.begun_at", "held.at", "token_use.last_at", "scim_use.last_at", // operational
		"scim_token.expires_at", "scim_token.revoked_at", // of live tokens
		"epoch.at", "checkpoint.at", "time_stamp.at", // the tree begins when the portal first runs, over footprints that are dated back already
		"sign_in.at", "session.begun_at", "session.ended_at", "session.expires_at", "session_use.last_at", "sign_in.proved_at", "logout_told.at", // nobody has signed in yet
	} {
		left[c] = true
	}
	var all string
	db.Scan(t, `select string_agg(c.table_name || '.' || c.column_name, ' ') from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'app' and t.table_type = 'BASE TABLE' and c.data_type = 'timestamp with time zone'`, nil, &all)
	for table, columns := range sample.Dated() {
		for c := range strings.FieldsSeq(columns) {
			left[table+"."+c] = true
		}
	}
	there := map[string]bool{}
	for c := range strings.FieldsSeq(all) {
		there[c] = true
	}
	if diff := cmp.Diff(there, left); diff != "" {
		t.Errorf("(-in the schema +dated back or left):\n%s", diff)
	}
}
