package grants_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

type world struct {
	pgtest.Database
	*sample.Planted
	t *testing.T
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Database: pgtest.New(t), t: t}
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// raw runs statements as the portal's own login, past all our code, as if one of
// the people acted; nothing of it stays. It gives the code of the refusal, "" for
// none.
func (w *world) raw(who, sql string, args ...any) string {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.App)
	w.must(err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(w.t.Context())
	w.must(err)
	defer func() { _ = tx.Rollback(context.Background()) }() // what is tried here never stays
	_, err = tx.Exec(w.t.Context(), `select set_config('app.actor', $1, true)`, fmt.Sprint(w.Actors[who].ID))
	w.must(err)
	_, err = tx.Exec(w.t.Context(), sql, args...)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	w.must(err)
	return ""
}

// reads tells whether somebody sees a record, past all our code.
func (w *world) reads(who, record string) bool {
	w.t.Helper()
	n := 0
	w.must(pg.Read(w.t.Context(), w.DB, w.Actors[who], func(tx *pg.Tx) error {
		return tx.QueryRow(w.t.Context(), `select count(*) from app.record where id = @id`, pgx.NamedArgs{"id": w.Records[record]}).Scan(&n)
	}))
	return n == 1
}

// held is the role of somebody that was given last.
func (w *world) held(who string) (id int64, role string, until time.Time, live bool) {
	w.t.Helper()
	w.Scan(w.t, `select id, role, least(until_at, '9999-01-01'), until_at > clock_timestamp() from app.role_held where actor_id = $1 order by id desc limit 1`,
		[]any{int64(w.Actors[who].ID)}, &id, &role, &until, &live)
	return id, role, until, live
}

// liveGrants counts what somebody holds now.
func (w *world) liveGrants(who string) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from app.grants where actor_id = $1 and valid_from <= clock_timestamp() and valid_until > clock_timestamp()`, []any{int64(w.Actors[who].ID)}, &n)
	return n
}

func (w *world) giving(to string, role grants.Role, home string) grants.Giving {
	return grants.Giving{To: w.Actors[to].ID, Role: role, Provider: w.Provider, Home: w.Homes[home], Why: "for the test"}
}

func (w *world) give(by string, g grants.Giving) (int64, error) {
	return grants.Give(w.t.Context(), w.DB, w.Actors[by], g)
}

func (w *world) change(why string) people.Change { return people.Change{Why: why} }

func (w *world) consent(record, capacity string, from, until time.Time) error {
	return w.said(grants.NewConsent{Record: w.Records[record], Capacity: capacity, Answer: grants.Yes, From: from, Until: until})
}

// said records what somebody says who was asked, with what is the same in every test.
func (w *world) said(n grants.NewConsent) error { return w.saidTo("manager", n) }

func (w *world) saidTo(by string, n grants.NewConsent) error {
	n.Evidence = "for the test"
	if n.Who == "" {
		n.Who = "Somebody of the test"
	}
	return grants.RecordConsent(w.t.Context(), w.DB, w.Actors[by], n)
}

func days(n int) time.Time { return clock.DayOf(time.Now()).Plus(n).Start() }
