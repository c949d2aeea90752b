package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"custodian/cmd/devstack/gateway"
	"custodian/cmd/devstack/provider"
	"custodian/internal/pg"
	"custodian/internal/pg/cluster"
	"custodian/internal/sample"
	"custodian/storage"
	"custodian/storage/localdir"
	"custodian/storage/s3"
	"custodian/versions"
)

// addresses of the database, for its three kinds of user.
type addresses struct {
	super, owner, app string
}

// prepare brings the database up to date. When nothing was planted yet, what an interrupted first run may have left is thrown
// away: no portal has worked with it.
func (s *stack) prepare(ctx context.Context) error {
	if !s.state.Planted {
		if err := s.clearUnfinished(ctx); err != nil {
			return err
		}
	}
	if err := pg.MakeDatabase(ctx, s.cluster.URL("postgres", cluster.Superuser), pg.Database); err != nil {
		return err
	}
	s.db = addresses{
		super: s.cluster.URL(pg.Database, cluster.Superuser),
		owner: s.cluster.URL(pg.Database, pg.OwnerRole),
		app:   s.cluster.URL(pg.Database, pg.AppRole),
	}
	if err := pg.Prepare(ctx, s.db.super); err != nil {
		return err
	}
	return pg.Migrate(ctx, s.db.owner)
}

func (s *stack) clearUnfinished(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.cluster.URL("postgres", cluster.Superuser))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `drop database if exists `+pgx.Identifier{pg.Database}.Sanitize()+` with (force)`); err != nil {
		return fmt.Errorf("clear an unfinished first run: %w", err)
	}
	return os.RemoveAll(s.portalDir())
}

// plant puts the fictional provider in place and notes who can sign in. It is done once for a data directory.
func (s *stack) plant(ctx context.Context) error {
	if s.state.Planted {
		return nil
	}
	fmt.Fprintln(s.out, "Planting the fictional provider ...")
	people := sample.Everybody(s.opt.seed)
	for i := range people {
		people[i].Subject = provider.Subject(people[i].ID)
	}
	db, err := pg.Open(ctx, s.db.app)
	if err != nil {
		return err
	}
	defer db.Close()
	keeper, err := s.documents(ctx, db)
	if err != nil {
		return err
	}
	planted, err := sample.Plant(ctx, sample.Options{
		DB: db, Keeper: keeper, Seed: s.opt.seed, Issuer: s.issuer(), Users: people, Super: s.db.super, Progress: newProgress(s.out).told,
	})
	if err != nil {
		return err
	}
	s.state.Users = s.state.Users[:0]
	for _, p := range people {
		s.state.Users = append(s.state.Users, user{Email: p.Email, Name: p.Name, Role: p.Role, Setting: p.Setting, UserID: p.ID, Groups: p.Groups, May: p.May})
	}
	if err := protect(s.state.Users); err != nil {
		return err
	}
	s.state.Tokens, s.state.Issuer, s.state.Planted = planted.Tokens, s.issuer(), true
	return s.state.save(s.opt.data)
}

// documents opens the store and the keyring as the portal will.
func (s *stack) documents(ctx context.Context, db *pg.DB) (*versions.Keeper, error) {
	if err := os.MkdirAll(s.portalDir(), 0o700); err != nil {
		return nil, err
	}
	store, err := s.openDocuments(ctx)
	if err != nil {
		return nil, err
	}
	root, err := storage.NewFileRoot(filepath.Join(s.keyring(), "root.key"))
	if err != nil {
		return nil, err
	}
	keys, err := storage.OpenKeyring(s.keyring(), root)
	if err != nil {
		return nil, err
	}
	return versions.New(versions.Options{DB: db, Sealed: storage.NewSealed(store, keys), UploadLimit: 1 << 20}), nil
}

func (s *stack) openDocuments(ctx context.Context) (storage.Store, error) {
	if s.opt.store == "s3" {
		return s3.New(ctx, s3.Options{
			Endpoint: s.s3.Endpoint, Bucket: s.s3.Bucket, Region: gateway.Region, AccessKey: s.s3.AccessKey, SecretKey: s.s3.SecretKey,
		})
	}
	return localdir.New(s.objects())
}

func (s *stack) portalDir() string { return filepath.Join(s.opt.data, "portal") }

func (s *stack) keyring() string { return filepath.Join(s.portalDir(), "keyring") }

// objects is the folder where the sealed documents lie.
func (s *stack) objects() string {
	if s.opt.store == "s3" {
		return gateway.Objects(s.storeDir(), bucket)
	}
	return filepath.Join(s.portalDir(), "objects")
}

func (s *stack) storeDir() string { return filepath.Join(s.opt.data, "s3") }
