package main

import (
	"context"
	"fmt"
	"time"

	"custodian/storage"
)

// answerTime is how long everything may take to say that it is ready: whoever asks wants to know soon that it is not.
const answerTime = 5 * time.Second

// engine is what the portal stands on, for asking whether it holds.
type engine struct {
	db    *database
	keys  *storage.Keyring
	store storage.Store
}

// ready returns nil when a document could be stored and read now. The portal answers /readyz by it.
func (e engine) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if err := e.db.Ping(ctx); err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if err := checkSchema(ctx, e.db.DB); err != nil {
		return err
	}
	if err := e.keys.Check(ctx); err != nil {
		return err
	}
	if err := e.store.Check(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	return nil
}
