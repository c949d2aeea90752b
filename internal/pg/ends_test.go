package pg_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pgtest"
)

// Custodian itself gives by a role no more than the role holds.
func TestCustodianGivesWhatARoleHolds(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantOwn(t, d)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) values (6500, 5000, 'staff', 2000, 2100, now(), 1, 'x')`)
	for values, may := range map[string]bool{
		`(5000, 1, 2100, 1, 3, 'role', 6500, 1, 'x', now())`:         true,
		`(5000, 1, 2100, 4, 1, 'role', 6500, 1, 'x', now())`:         false,
		`(5000, 0, 2000, 1, 1, 'role', 6500, 1, 'x', now())`:         false,
		`(5000, 1, 2101, 1, 1, 'role', 6500, 1, 'x', now())`:         false,
		`(5000, 1, 2100, 1, 1, 'role', null, 1, 'x', now())`:         false,
		`(5001, 1, 2100, 1, 1, 'role', 6500, 1, 'x', now())`:         false,
		`(5000, 2, 3000, 7, 1, 'data-subject', null, 1, 'x', now())`: false,
	} {
		as(t, d.App, "1", func(conn *pgx.Conn) {
			_, err := conn.Exec(t.Context(), `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from) values `+values)
			if may != (err == nil) {
				t.Errorf("%s: %v", values, err)
			}
		})
	}
}

// Whoever may end a role is who could give it, past all our code: a setting's
// manager ends the lesser roles there, and neither another manager's nor what that
// one handed on.
func TestWhoEndsARole(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantFile(t, d)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (5003, 2000, 'person', 'administrator', 1)`)
	d.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5003, 0, 2000, 8, 136, 'role', 1, 'test', now())`)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, given_by, why) values (7000, 5002, 'staff', 2000, 2100, now(), 1, 'x'), (7001, 5000, 'manager', 2000, 2100, now(), 1, 'x'),
		(7002, 5001, 'manager', 2000, 2100, now(), 1, 'x'), (7003, 5002, 'staff', 2000, 2101, now(), 1, 'x')`)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, delegated_from) values (7004, 5002, 'manager', 2000, 2100, now(), now() + interval '9 days', 5000, 'x', 7001)`)
	for _, c := range []struct {
		who, held string
		may       bool
	}{
		{"5000", "7000", true},  // staff there
		{"5000", "7002", false}, // another manager there
		{"5000", "7001", false}, // their own
		{"5000", "7003", false}, // staff elsewhere
		{"5000", "7004", true},  // what they handed on
		{"5001", "7004", false}, // what another handed on
		{"5002", "7000", false}, // their own, without managing anything
		{"5003", "7000", true}, {"5003", "7001", true}, {"5003", "7003", true}, {"5003", "7004", true},
		{"1", "7001", true},
	} {
		for _, sql := range []string{
			`update app.role_held set until_at = clock_timestamp() where id = ` + c.held,
			`insert into app.role_ending (role_held_id, by_actor, why) values (` + c.held + `, ` + c.who + `, 'x')`,
		} {
			as(t, d.App, c.who, func(conn *pgx.Conn) {
				if _, err := conn.Exec(t.Context(), `begin`); err != nil {
					t.Fatal(err)
				}
				tag, err := conn.Exec(t.Context(), sql)
				if did := err == nil && tag.RowsAffected() == 1; did != c.may {
					t.Errorf("%s: %s: %v, %v", c.who, sql, did, err)
				}
			})
		}
	}
}
