package grants_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/pg"
	"custodian/internal/pgtest"
	"custodian/internal/sample"
)

// yard is a planted provider.
type yard struct {
	pgtest.Database
	*sample.Planted
	t *testing.T
}

func newYard(t *testing.T) *yard {
	t.Helper()
	w := &yard{Database: pgtest.New(t), t: t}
	var err error
	w.Planted, err = sample.Plant(t.Context(), sample.Options{DB: w.DB, Seed: "none"})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sees tells whether somebody is shown a record.
func (w *yard) sees(who, record string) bool {
	w.t.Helper()
	_, _, err := people.Get(w.t.Context(), w.DB, w.Actors[who], w.Records[record])
	if err != nil && !fault.Is(err, fault.NotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *yard) want(sees bool, who, record string) {
	w.t.Helper()
	if w.sees(who, record) != sees {
		w.t.Errorf("%s sees %s: %v", who, record, !sees)
	}
}

func (w *yard) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.Scan(w.t, `select count(*) from `+sql, args, &n)
	return n
}

// kind fails unless an error is a fault of the kind.
func (w *yard) kind(err error, want fault.Kind, what string) {
	w.t.Helper()
	if !fault.Is(err, want) {
		w.t.Errorf("%s: %v, want a fault of kind %d", what, err, want)
	}
}

// raw runs SQL as the application's role for somebody, past all that Go asks, in
// one transaction.
func (w *yard) raw(who, sql string, args ...any) error {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.App)
	must(w.t, err)
	defer conn.Close(context.Background())
	tx, err := conn.Begin(w.t.Context())
	must(w.t, err)
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(w.t.Context(), `select set_config('app.actor', $1, true)`, fmt.Sprint(w.Actors[who].ID)); err != nil {
		return err
	}
	if _, err := tx.Exec(w.t.Context(), sql, args...); err != nil {
		return err
	}
	return tx.Commit(w.t.Context())
}

func (w *yard) refused(err error, what string) {
	w.t.Helper()
	if !pg.Refused(err) {
		w.t.Errorf("%s: %v, want the database to refuse", what, err)
	}
}

// back runs a statement past the triggers that keep everything as it is.
func (w *yard) back(sql string) {
	w.t.Helper()
	w.Exec(w.t, `do $do$ begin set local session_replication_role = replica; `+sql+`; end $do$`)
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func (w *yard) id(who string) string { return number(int64(w.Actors[who].ID)) }

// fill puts words in for their places in SQL.
func fill(sql string, usual, change map[string]string) string {
	for place, words := range usual {
		if other, ok := change[place]; ok {
			words = other
		}
		sql = strings.ReplaceAll(sql, place, words)
	}
	return sql
}
