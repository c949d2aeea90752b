package pg_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

// plantAdministrators plants a provider with so many administrators who can sign in
// (roles 6000, 6001, ...), one who cannot (6100), one for a while (6101), and another
// provider's (6200).
func plantAdministrators(t *testing.T, d pgtest.Database, n int) {
	t.Helper()
	d.Exec(t, `insert into app.provider (id, name) values (2000, 'p'), (2001, 'q')`)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, issuer, subject, created_by) select 5000 + n, 2000, 'person', 'a', 'https://one', 's' || n, 1 from generate_series(0, $1::int - 1) n`, n)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, from_at, given_by, why) select 6000 + n, 5000 + n, 'administrator', 2000, now(), 1, 'test' from generate_series(0, $1::int - 1) n`, n)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, issuer, subject, created_by) values (5100, 2000, 'person', 'b', '', '', 1), (5101, 2000, 'person', 'c', 'https://one', 'c', 1), (5200, 2001, 'person', 'd', 'https://one', 'd', 1)`)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, from_at, until_at, given_by, why) values (6100, 5100, 'administrator', 2000, now(), 'infinity', 1, 'test'),
		(6101, 5101, 'administrator', 2000, now(), now() + interval '1 day', 1, 'test'), (6200, 5200, 'administrator', 2001, now(), 'infinity', 1, 'test')`)
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Whoever ends it, as the superuser as well: the last administrator who can sign in
// and has no end set stays.
func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantAdministrators(t, d, 2)
	conn := connect(t, d.Super)
	for _, c := range []struct {
		sql  string
		held bool // back by the database
	}{
		{`update app.role_held set until_at = now() where id = 6200`, true}, // the only one of another provider
		{`update app.role_held set until_at = now() where id in (6000, 6001)`, true},
		{`update app.role_held set until_at = now() + interval '1 year' where id in (6000, 6001)`, true}, // with an end set, in a year there would be none
		{`insert into app.scim_user (id, provider_id, issuer, subject) values (7000, 2001, 'https://one', 'd');
			insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values (7000, 2001, 'https://one', 'd', 'd', false, 1)`, true}, // has left
		{`update app.role_held set until_at = now() where id = 6101`, false},
		{`update app.role_held set until_at = now() where id = 6100`, false},
		{`update app.role_held set until_at = now() where id = 6000`, false},
		{`update app.role_held set until_at = now() where id = 6001`, true},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why) values (5101, 'administrator', 2000, now() + interval '1 hour', 1, 'later'); update app.role_held set until_at = now() where id = 6001`, true},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why) values (5000, 'administrator', 2000, now(), 1, 'test'); update app.role_held set until_at = now() where id = 6001`, false},
	} {
		_, err := conn.Exec(t.Context(), c.sql)
		if c.held != (err != nil) || err != nil && !pg.Broke(err, "administrator_stays") {
			t.Errorf("%s: %v", c.sql, err)
		}
	}
}

// Two administrators end one another at the same moment, at every level of isolation:
// one of them stays.
func TestTwoAdministratorsEndOneAnother(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			d := pgtest.New(t)
			plantAdministrators(t, d, 2)
			var all sync.WaitGroup
			var ready sync.WaitGroup
			ready.Add(2)
			errs := make([]error, 2)
			for i, id := range []string{"6000", "6001"} {
				conn := connect(t, d.Super)
				all.Go(func() {
					// both have ended theirs before either commits
					_, errs[i] = conn.Exec(t.Context(), "begin isolation level "+level+"; update app.role_held set until_at = now() where id = "+id)
					ready.Done()
					ready.Wait()
					if errs[i] == nil {
						_, errs[i] = conn.Exec(t.Context(), "commit")
					}
				})
			}
			all.Wait()
			var left int
			d.Scan(t, `select count(*) from app.role_held where id in (6000, 6001) and until_at = 'infinity'`, nil, &left)
			if left < 1 || errs[0] == nil && errs[1] == nil {
				t.Errorf("%d are left: %v, %v", left, errs[0], errs[1])
			}
			if level == "read committed" && left != 1 {
				t.Errorf("neither could end the other: %v, %v", errs[0], errs[1])
			}
			for _, err := range errs {
				if err != nil && !pg.Broke(err, "administrator_stays") && !strings.Contains(err.Error(), "40P01") && !strings.Contains(err.Error(), "40001") {
					t.Error(err)
				}
			}
		})
	}
}

// A directory's account says who works at its provider, and nothing else: what it may
// write of roles is what a live mapping gives.
func TestWhatADirectoryMayWrite(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantOwn(t, d)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (5600, 2000, 'service', 'd', 1)`)
	d.Exec(t, `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5600, 0, 2000, 8, 256, 'role', 1, 'test', now())`)
	d.Exec(t, `insert into app.scim_user (id, provider_id, issuer, subject) values (7000, 2000, 'https://one', 's')`)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, from_at, given_by, why) values (6500, 5000, 'staff', 2000, now(), 1, 'by hand')`)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (5601, 2000, 'service', 'e', 1)`)
	d.Exec(t, `insert into app.group_role (id, provider_id, issuer, group_name, role, home_id, from_at, given_by, why) values (6002, 2000, 'https://one', 'h', 'staff', 2100, now(), 1, 'test')`)
	d.Exec(t, `insert into app.role_held (id, actor_id, role, provider_id, home_id, from_at, until_at, given_by, why, group_role_id) values (6501, 5000, 'staff', 2000, 2100, now(), now() + interval '9 days', 1, 'x', 6002), (6502, 5600, 'staff', 2000, 2100, now(), 'infinity', 1, 'x', 6002), (6503, 5601, 'staff', 2000, 2100, now(), 'infinity', 1, 'x', 6002)`)
	d.Exec(t, `insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why, record_id, identity_checked) values (5001, 'young-person', 2000, 2100, now(), 1, 'x', 3000, 'x')`)
	const grant = `insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from, valid_until) values `
	for _, c := range []struct {
		sql string
		may bool
	}{
		{`insert into app.actor (provider_id, kind, name, issuer, subject, created_by) values (2000, 'person', 'n', 'https://one', 'n', 5600)`, true},
		{`insert into app.actor (provider_id, kind, name, created_by) values (2000, 'person', 'n', 5600)`, false},
		{`insert into app.actor (provider_id, kind, name, issuer, subject, created_by) values (2000, 'service', 'n', 'https://one', 'n', 5600)`, false},
		{`insert into app.actor (provider_id, kind, name, issuer, subject, created_by) values (2001, 'person', 'n', 'https://one', 'n', 5600)`, false},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why, group_role_id) values (5000, 'staff', 2000, now(), 5600, 'test', 6000)`, true},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why, group_role_id) values (5000, 'administrator', 2000, now(), 5600, 'test', 6000)`, false},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why) values (5000, 'staff', 2000, now(), 5600, 'test')`, false},
		{`insert into app.role_held (actor_id, role, provider_id, from_at, given_by, why, group_role_id) values (5002, 'staff', 2001, now(), 5600, 'test', 6001)`, false},
		{`update app.role_held set until_at = now() where id = 6500`, false},
		{`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, given_by, why, valid_from) values (5600, 0, 2000, 1, 1, 'role', 5600, 'greed', now())`, false},
		{`insert into app.grants (actor_id, scope, scope_id, mask, rights, basis, role_held_id, given_by, why, valid_from) values (5000, 0, 2000, 1, 1, 'role', 6500, 5600, 'greed', now())`, false},
		{grant + `(5000, 1, 2100, 1, 3, 'role', 6501, 5600, 'x', now(), now() + interval '1 day')`, true},
		{grant + `(5000, 1, 2100, 4, 1, 'role', 6501, 5600, 'what is restricted', now(), now() + interval '1 day')`, false},
		{grant + `(5000, 1, 2100, 1, 64, 'role', 6501, 5600, 'to audit', now(), now() + interval '1 day')`, false},
		{grant + `(5000, 1, 2100, 1, 1, 'role', 6501, 5600, 'for longer', now(), 'infinity')`, false},
		{grant + `(5001, 1, 2100, 1, 1, 'role', 6501, 5600, 'by the role of another', now(), now() + interval '1 day')`, false},
		{grant + `(5600, 1, 2100, 1, 1, 'role', 6502, 5600, 'to itself', now(), now() + interval '1 day')`, false},
		{grant + `(5601, 1, 2100, 1, 1, 'role', 6503, 5600, 'to a service', now(), now() + interval '1 day')`, false},
		{`insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why, group_role_id) values (5000, 'staff', 2000, 2100, now(), 5600, 'test', 6002)`, true},
		{`insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why, group_role_id) values (5600, 'staff', 2000, 2100, now(), 5600, 'to itself', 6002)`, false},
		{`insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why, group_role_id) values (5601, 'staff', 2000, 2100, now(), 5600, 'to a service', 6002)`, false},
		{`insert into app.group_role (provider_id, issuer, group_name, role, from_at, given_by, why) values (2000, 'https://one', 'mine', 'administrator', now(), 5600, 'greed')`, false},
		{`insert into app.scim_token (provider_id, actor_id, hash, label, created_by, expires_at) values (2000, 5600, sha256('t'), 't', 5600, now() + interval '1 day')`, false},
		{`insert into app.token (actor_id, hash, label, created_by, expires_at) values (5000, sha256('t'), 't', 5600, now() + interval '1 day')`, false},
		{`insert into app.scim_user (provider_id, issuer, subject) values (2000, 'https://one', 'new')`, true},
		{`insert into app.scim_user (provider_id, issuer, subject) values (2001, 'https://one', 'new')`, false},
		{`insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values (7000, 2000, 'https://one', 's', 's', true, 5600)`, true},
		{`insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values (7000, 2000, 'https://one', 's', 's', true, 5000)`, false},
		{`insert into app.scim_stop (provider_id, by_actor, why) values (2000, 5600, 'test')`, false},
	} {
		as(t, d.App, "5600", func(conn *pgx.Conn) {
			if _, err := conn.Exec(t.Context(), `begin`); err != nil {
				t.Fatal(err)
			}
			tag, err := conn.Exec(t.Context(), c.sql)
			switch {
			case c.may && (err != nil || tag.RowsAffected() != 1):
				t.Errorf("a directory may not: %s: %v", c.sql, err)
			case !c.may && err == nil && tag.RowsAffected() > 0:
				t.Errorf("a directory may: %s", c.sql)
			case !c.may && err != nil && !pg.Refused(err):
				t.Errorf("refused for another reason: %s: %v", c.sql, err)
			}
		})
	}
	as(t, d.App, "5600", func(conn *pgx.Conn) {
		var seen, work, own int
		err := conn.QueryRow(t.Context(), `select (select count(*) from app.record) + (select count(*) from app.document) + (select count(*) from app.sign_in) + (select count(*) from app.session)`).Scan(&seen)
		if err != nil || seen != 0 {
			t.Errorf("a directory sees %d rows of others: %v", seen, err)
		}
		err = conn.QueryRow(t.Context(), `select count(*) filter (where record_id is null), count(*) filter (where record_id is not null) from app.role_held`).Scan(&work, &own)
		if err != nil || work < 4 || own != 0 {
			t.Errorf("a directory sees %d roles, and %d of those who read their own file: %v", work, own, err)
		}
	})
}

// Whoever has left is neither visitor nor bearer, whatever sessions and tokens there
// are; when they come back, those of before do not.
func TestALeaverIsNobody(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	plantOwn(t, d)
	d.Exec(t, `set session_replication_role = replica; update app.actor set issuer = 'https://one', subject = 'zero' where id = 5000; update app.session set idle_seconds = 3600`)
	d.Exec(t, `insert into app.token (id, actor_id, hash, label, created_by, expires_at) values (9500, 5000, sha256('token'), 't', 5000, now() + interval '1 hour')`)
	d.Exec(t, `insert into app.scim_user (id, provider_id, issuer, subject) values (7000, 2000, 'https://one', 'zero'), (7001, 2001, 'https://one', 'zero')`)
	is := func(want int) {
		t.Helper()
		var visitor, bearer, grants int
		d.Scan(t, `select (select count(*) from app.visitor(sha256('0'))), (select count(*) from app.bearer(sha256('token'))), (select count(*) from app.grants where actor_id = 5000 and valid_until > now())`, nil, &visitor, &bearer, &grants)
		if visitor != want || bearer != want || (grants > 0) != (want > 0) {
			t.Errorf("visitor %d, bearer %d, grants %d; want %d", visitor, bearer, grants, want)
		}
	}
	say := func(user, provider int, active bool) {
		t.Helper()
		d.Exec(t, `update app.scim_user_said set until_at = now() where user_id = $1 and until_at = 'infinity'`, user)
		d.Exec(t, `insert into app.scim_user_said (user_id, provider_id, issuer, subject, user_name, active, said_by) values ($1, $2, 'https://one', 'zero', 'z', $3, 1)`, user, provider, active)
	}
	is(1)
	say(7000, 2000, true)
	is(1)
	say(7001, 2001, false) // another provider's directory has no say in it
	is(1)
	say(7000, 2000, false)
	is(0)
	// whatever rows there are
	d.Exec(t, `set session_replication_role = replica; update app.session set ended_at = 'infinity'; update app.token set revoked_at = 'infinity'`)
	is(0)
	d.Exec(t, `set session_replication_role = replica; update app.session set ended_at = now(); update app.token set revoked_at = now()`)
	say(7000, 2000, true)
	is(0)
	var open int
	d.Scan(t, `select (select count(*) from app.session where actor_id = 5000 and ended_at = 'infinity') + (select count(*) from app.token where actor_id = 5000 and revoked_at = 'infinity')`, nil, &open)
	if open != 0 {
		t.Errorf("%d of their sessions and tokens have no end", open)
	}
}
