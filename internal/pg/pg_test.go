package pg_test

import (
	"testing"

	"custodian/internal/pg"
	"custodian/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestSchemaIsUpToDateAndTheLoginIsBound(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	have, want, err := pg.SchemaVersion(t.Context(), d.DB)
	if err != nil || have != want || want < 5 {
		t.Fatalf("schema %d, want %d: %v", have, want, err)
	}
	if err := pg.CheckRole(t.Context(), d.DB); err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{d.Super, d.Owner} {
		db, err := pg.Open(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		if err := pg.CheckRole(t.Context(), db); err == nil {
			t.Error("a login that is not bound by the policies was accepted")
		}
		db.Close()
	}
}
