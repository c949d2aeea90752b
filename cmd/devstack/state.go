package main

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// stateFile holds what has to stay the same from one run to the next, secrets included. Only its owner can read it.
const stateFile = "state.json"

// lockFile is held by the devstack that uses the data directory.
const lockFile = "lock"

// state of one data directory.
type state struct {
	Store        string            `json:"store"`
	Seed         string            `json:"seed"`
	Issuer       string            `json:"issuer"` // under which the people were planted
	Planted      bool              `json:"planted"`
	Ports        ports             `json:"ports"`
	ClientSecret string            `json:"client_secret"`
	Users        []user            `json:"users"`
	Tokens       map[string]string `json:"tokens"`
}

// ports are the ones taken at the last run; they are taken again where they are free, so that addresses stay good.
type ports struct {
	Portal, Provider, Inbox, Mail int
}

// user is a fictional person who can sign in.
type user struct {
	Email    string   `json:"email"`
	Password string   `json:"password"`
	Role     string   `json:"role"`
	Setting  string   `json:"setting"`
	Name     string   `json:"name"`
	UserID   string   `json:"user_id"`
	Groups   []string `json:"groups"`
	May      string   `json:"may"`  // what they can do, in few words
	Hash     string   `json:"hash"` // bcrypt of the password: making it takes longer than all the rest of a warm start
}

// loadState reads the state of dir, or makes a fresh one.
func loadState(dir, store, seed string) (*state, error) {
	s := &state{Store: store, Seed: seed, ClientSecret: rand.Text()}
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if err := fresh(dir); err != nil {
			return nil, err
		}
		return s, s.save(dir)
	case err != nil:
		return nil, err
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, stateFile), err)
	}
	if s.Planted && s.Store != store {
		return nil, fmt.Errorf("%s holds a demonstration on --store %s; go on with that, or give another --data", dir, s.Store)
	}
	if s.Planted && s.Seed != seed {
		return nil, fmt.Errorf("%s holds a demonstration of --seed %s; go on with that, or give another --data", dir, s.Seed)
	}
	s.Store, s.Seed = store, seed
	return s, nil
}

// fresh refuses a directory that holds something else: parts of it would be thrown away.
func fresh(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != lockFile {
			return fmt.Errorf("%s is no data directory of devstack, and it is not empty (%s); give --data another one", dir, e.Name())
		}
	}
	return err
}

func (s *state) save(dir string) error { return writeJSON(filepath.Join(dir, stateFile), s) }

// protect gives everybody without one a random password, and makes the hashes that the provider wants.
func protect(users []user) error {
	for i := range users {
		u := &users[i]
		if u.Password == "" {
			u.Password = strings.ToLower(rand.Text()[:16]) // 80 bits
		}
		hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.DefaultCost)
		if err != nil {
			return err
		}
		u.Hash = string(hash)
	}
	return nil
}

// s3Keys are the S3 server's own credentials, random for each data directory.
type s3Keys struct {
	AccessKey string `json:"access_key"`
	SecretKey string `json:"secret_key"`
}

// load reads the keys, or makes them.
func (k *s3Keys) load(path string) error {
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		k.AccessKey, k.SecretKey = rand.Text()[:20], rand.Text()+rand.Text()
		return writeJSON(path, k)
	case err != nil:
		return err
	}
	if err := json.Unmarshal(b, k); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}
