package audit_test

import (
	"context"
	"errors"
	"testing"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/fault"
	"custodian/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func count(t *testing.T, d pgtest.Database, where string) (n int) {
	t.Helper()
	d.Scan(t, `select count(*) from app.footprint where `+where, nil, &n)
	return n
}

var act = audit.Act{Action: access.Found}

func found(ctx context.Context, tx *audit.Tx) error {
	_, err := tx.Exec(ctx, `insert into app.provider (name) values ('Example Care')`)
	return err
}

func TestNothingIsWrittenInSilence(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	err := audit.Do(t.Context(), d.DB, access.Custodian(), act, func(tx *audit.Tx) error { return found(t.Context(), tx) })
	if !errors.Is(err, audit.ErrSilent) {
		t.Fatalf("got %v", err)
	}
	var n int
	if d.Scan(t, `select count(*) from app.provider`, nil, &n); n != 0 {
		t.Error("the silent change stayed")
	}
}

func TestTheChangeAndItsFootprintAreOne(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	ctx := audit.WithRequest(t.Context(), "abc")
	err := audit.Do(ctx, d.DB, access.Custodian(), act, func(tx *audit.Tx) error { tx.Record(act); return found(ctx, tx) })
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `outcome = 'done' and action = 'provider.founded' and request = 'abc' and actor_id = 1`); n != 1 {
		t.Errorf("%d footprints", n)
	}
	boom := errors.New("boom")
	err = audit.Do(ctx, d.DB, access.Custodian(), act, func(tx *audit.Tx) error {
		tx.Record(act)
		return errors.Join(found(ctx, tx), boom)
	})
	if !errors.Is(err, boom) || count(t, d, `true`) != 1 {
		t.Errorf("a failed change left a footprint, or lost its error: %v", err)
	}
}

func TestARefusalIsCommittedByItself(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(t, `insert into app.provider (id, name) values (2000, 'p')`)
	d.Exec(t, `insert into app.actor (id, provider_id, kind, name, created_by) values (5000, 2000, 'person', 'a', 1)`)
	somebody := access.Actor{ID: 5000, Kind: access.Person, Provider: 2000}
	about := audit.Act{Action: access.ViewDocument, Target: audit.Target{Document: 4711}}
	// by the program
	err := audit.Do(t.Context(), d.DB, somebody, about, func(*audit.Tx) error { return fault.NotThere() })
	if !fault.Is(err, fault.NotFound) || count(t, d, `outcome = 'refused' and sought = 'document 4711' and document_id is null`) != 1 {
		t.Errorf("%v, %d refusals", err, count(t, d, `outcome = 'refused'`))
	}
	// by the database alone: the same fault, the same footprint
	err = audit.Do(t.Context(), d.DB, somebody, act, func(tx *audit.Tx) error { tx.Record(act); return found(t.Context(), tx) })
	if !fault.Is(err, fault.NotFound) || count(t, d, `outcome = 'refused' and action = 'provider.founded'`) != 1 {
		t.Errorf("%v", err)
	}
	// bad input is no refusal
	err = audit.Do(t.Context(), d.DB, somebody, about, func(*audit.Tx) error { return fault.New(fault.Invalid, "No.") })
	if !fault.Is(err, fault.Invalid) || count(t, d, `outcome = 'refused'`) != 2 {
		t.Errorf("%v", err)
	}
}
