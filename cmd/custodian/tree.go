package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"custodian/internal/audit"
	"custodian/internal/audit/tree"
	"custodian/internal/config"
	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
	"custodian/storage"
)

// newTree joins the tree of footprints to its database, its keys and the place outside the database where checkpoints are kept.
func newTree(s *config.Settings, db *pg.DB, keys *storage.Keyring, store storage.Store, log *slog.Logger) (*audit.Tree, error) {
	signer, err := tree.LoadSigner(s.CheckpointKeyFile)
	if err != nil {
		return nil, err
	}
	shelf, ok := store.(storage.Marks)
	if !ok {
		return nil, errors.New("this store cannot keep checkpoints")
	}
	o := audit.TreeOptions{DB: db, Keys: keysOf(keys), Signer: signer, Shelf: shelf, Log: log, StampIn: s.TimestampEvery}
	client := &http.Client{Timeout: outsideTime}
	if s.TimestampURL != "" {
		o.Stamp = func(ctx context.Context, signed []byte) ([]byte, error) {
			return tree.Stamp(ctx, client, s.TimestampURL, signed)
		}
	}
	if s.WitnessURL != "" {
		o.Witness = &tree.Witness{URL: s.WitnessURL, Key: s.WitnessKey, Client: client}
	}
	return audit.NewTree(o), nil
}

// outsideTime is how long a service outside may take to answer.
const outsideTime = 15 * time.Second

// keysOf gives the tree its keys from the keyring. One that is damaged, or was put in another's place, counts as gone: then what
// it committed to cannot be checked, and everything else can.
func keysOf(keys *storage.Keyring) audit.KeyFor {
	return func(ctx context.Context, provider, record int64, create bool) (tree.Key, bool, error) {
		key, err := keys.Commitment(ctx, provider, record, create)
		if errors.Is(err, storage.ErrDamaged) {
			return tree.Key{}, false, nil
		}
		return tree.Key(key), err == nil, err
	}
}

// reachDatabase is openDatabase for a verb that may be used while the portal runs: then it goes to the private PostgreSQL that
// the portal started.
func reachDatabase(ctx context.Context, s *config.Settings) (*database, error) {
	if !s.DatabaseURL.IsSet() {
		if address, ok := cluster.Reach(postgresDir(s), pg.Database, pg.AppRole); ok {
			if db, err := pg.Open(ctx, address); err == nil {
				d := &database{DB: db}
				if err := checkSchema(ctx, db); err != nil {
					return nil, errors.Join(err, d.close())
				}
				return d, nil
			}
		}
	}
	return openDatabase(ctx, s)
}

// withTree opens what the tree stands on for one verb, and closes it again.
func (p program) withTree(ctx context.Context, s *config.Settings, do func(*audit.Tree) error) (err error) {
	log := slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelError}))
	if err := openDataDir(s); err != nil {
		return err
	}
	keys, err := openKeyring(s)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	db, err := reachDatabase(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	t, err := newTree(s, db.DB, keys, store, log)
	if err != nil {
		return err
	}
	return do(t)
}

const checkNameTree = "footprints"

// checkTree looks whether footprints get their places.
func checkTree(ctx context.Context, db *pg.DB) finding {
	s, err := audit.State(ctx, db)
	if err != nil {
		return wrong(checkNameTree, err, "see the server's log")
	}
	if s.Behind() > 5*audit.MayWait {
		return wrong(checkNameTree, fmt.Errorf("the oldest footprint without a place in the tree has waited since %s", s.Waits.UTC().Format(time.RFC3339)),
			"see that custodian serve is running, that its log tells of no alarm, and that no transaction is left open in the database server (select * from pg_stat_activity; select * from pg_prepared_xacts)")
	}
	return fine(checkNameTree, "%d have their place in the tree", s.Size)
}
