// Package provider is the OpenID Connect provider of the demonstration: Dex, in this process, with a fixed list of people who
// sign in by e-mail address and password.
//
// Promise: authorisation code flow with PKCE (S256), a groups claim, and sessions, so that signing out of the portal can sign
// out here as well (OpenID Connect RP-Initiated Logout 1.0). Signing keys are kept in a file, so that what was signed before a
// restart still verifies.
//
// Limits: plain HTTP, for the loopback interface only. Sessions and refresh tokens are kept in memory.
package provider

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/server/authflow"
	"github.com/dexidp/dex/server/session"
	"github.com/dexidp/dex/server/signer"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
)

// connector is Dex's name for its own list of e-mail addresses and passwords.
const connector = "local"

// tokenLife is how long an ID token is valid.
const tokenLife = time.Hour

// Person can sign in.
type Person struct {
	Email  string
	Name   string
	UserID string
	Hash   string // bcrypt, cost 10 or more
	Groups []string
}

// Config describes the provider and its one client.
type Config struct {
	ClientID     string
	ClientSecret string
	Redirects    []string // where the client may be returned to after signing in
	AfterLogout  []string // and after signing out
	People       []Person
	KeyFile      string // holds the signing keys between runs
	Log          *slog.Logger
}

// Provider is a running provider.
type Provider struct {
	Issuer string
	http   *http.Server
	stop   context.CancelFunc
	failed chan error
}

// IssuerAt is the issuer of a provider that listens on addr.
func IssuerAt(addr net.Addr) string { return "http://" + addr.String() + "/dex" }

// Subject is the `sub` claim that Dex gives the person with userID: the protocol buffer {1: user id, 2: connector} in
// unpadded URL-safe base 64 (dex, server/internal/types.proto).
func Subject(userID string) string {
	var b []byte
	for field, text := range []string{1: userID, 2: connector} {
		if field == 0 {
			continue
		}
		b = append(b, byte(field<<3|2)) // 2: bytes with a length before them
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Start serves the provider on l until Stop.
func Start(ctx context.Context, l net.Listener, c Config) (*Provider, error) {
	store, err := c.storage(ctx)
	if err != nil {
		return nil, err
	}
	sign, err := (&signer.LocalConfig{KeysRotationPeriod: "8760h"}).Open(ctx, store, tokenLife, time.Now, c.Log)
	if err != nil {
		return nil, err
	}
	cookieKey := make([]byte, 32)
	_, _ = rand.Read(cookieKey)                                     // never fails (crypto/rand)
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // Dex's own background work
	p := &Provider{Issuer: IssuerAt(l.Addr()), stop: stop, failed: make(chan error, 1)}
	dex, err := server.NewServer(running, server.Config{
		Issuer:                 p.Issuer,
		Storage:                store,
		Signer:                 sign,
		SupportedResponseTypes: []string{"code"},
		SkipApprovalScreen:     true,
		IDTokensValidFor:       tokenLife,
		PKCE:                   authflow.PKCEConfig{CodeChallengeMethodsSupported: []string{"S256"}},
		Web:                    server.WebConfig{Issuer: "Custodian demonstration"},
		Logger:                 c.Log,
		SessionConfig: &session.Config{
			CookieName:          "demonstration_provider",
			CookieEncryptionKey: cookieKey,
			AbsoluteLifetime:    12 * time.Hour,
			ValidIfNotUsedFor:   time.Hour,
		},
	})
	if err != nil {
		stop()
		return nil, fmt.Errorf("start the sign-in provider: %w", err)
	}
	if err := saveKeys(ctx, store, c.KeyFile); err != nil {
		stop()
		return nil, err
	}
	p.http = &http.Server{Handler: dex, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := p.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			p.failed <- err
		}
	}()
	return p, nil
}

// Failed yields when the provider stopped serving unasked.
func (p *Provider) Failed() <-chan error { return p.failed }

// Stop ends the provider.
func (p *Provider) Stop() error {
	defer p.stop()
	return p.http.Close()
}

func (c Config) storage(ctx context.Context) (storage.Storage, error) {
	store := memory.New(c.Log)
	if err := loadKeys(ctx, store, c.KeyFile); err != nil {
		return nil, err
	}
	var passwords []storage.Password
	for _, p := range c.People {
		passwords = append(passwords, storage.Password{
			Email: p.Email, Hash: []byte(p.Hash), Username: p.Name, Name: p.Name, UserID: p.UserID, Groups: p.Groups,
		})
	}
	store = storage.WithStaticPasswords(store, passwords, c.Log)
	store = storage.WithStaticClients(store, []storage.Client{{
		ID: c.ClientID, Secret: c.ClientSecret, Name: "Custodian",
		RedirectURIs: c.Redirects, PostLogoutRedirectURIs: c.AfterLogout,
	}})
	return storage.WithStaticConnectors(store, []storage.Connector{{ID: connector, Type: connector, Name: "E-mail address"}}), nil
}

func loadKeys(ctx context.Context, store storage.Storage, path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var keys storage.Keys
	if err := json.Unmarshal(b, &keys); err != nil {
		return fmt.Errorf("read the sign-in provider's keys in %s: %w", path, err)
	}
	return store.UpdateKeys(ctx, func(storage.Keys) (storage.Keys, error) { return keys, nil })
}

func saveKeys(ctx context.Context, store storage.Storage, path string) error {
	keys, err := store.GetKeys(ctx)
	if err != nil {
		return fmt.Errorf("the sign-in provider has no keys: %w", err)
	}
	b, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	aside := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new")
	if err := os.WriteFile(aside, b, 0o600); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
