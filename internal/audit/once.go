package audit

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/jackc/pgx/v5"

	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Once names a request that may be sent again: Key is the sender's, and
// Fingerprint is what the request said (its fields and its file's SHA-256, not
// its raw bytes). An empty Key means the request is not repeatable.
type Once struct {
	Key         string
	Fingerprint [sha256.Size]byte
}

// Outcome is what came of a request.
type Outcome struct {
	Document int64
	Number   int
}

// Before tells whether this very request has been carried out already, and
// with what outcome. The same key with other content is a Conflict. Two
// requests with one key wait for one another.
func (tx *Tx) Before(ctx context.Context, o Once) (Outcome, bool, error) {
	var out Outcome
	if o.Key == "" {
		return out, false, nil
	}
	hash := sha256.Sum256([]byte(o.Key))
	if err := tx.Lock(ctx, "idempotency "+o.Key, int64(tx.Actor.ID)); err != nil {
		return out, false, err
	}
	var print []byte
	err := tx.QueryRow(ctx, `select fingerprint, document_id, number from app.idempotency where actor_id = @actor and key_hash = @hash`,
		pgx.NamedArgs{"actor": tx.Actor.ID, "hash": hash[:]}).Scan(&print, &out.Document, &out.Number)
	if pg.None(err) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	if subtle.ConstantTimeCompare(print, o.Fingerprint[:]) != 1 {
		return out, false, fault.New(fault.Conflict, "This Idempotency-Key was used before for a request with other content. Send this one under a new key.")
	}
	return out, true, nil
}

// Known tells whether the actor has carried out a request under this key already,
// whatever it said.
func Known(ctx context.Context, tx *pg.Tx, key string) (bool, error) {
	hash := sha256.Sum256([]byte(key))
	var known bool
	err := tx.QueryRow(ctx, `select exists (select from app.idempotency where actor_id = @actor and key_hash = @hash)`,
		pgx.NamedArgs{"actor": tx.Actor.ID, "hash": hash[:]}).Scan(&known)
	return known, err
}

// After remembers the outcome, in the transaction of the act.
func (tx *Tx) After(ctx context.Context, o Once, out Outcome) error {
	if o.Key == "" {
		return nil
	}
	hash := sha256.Sum256([]byte(o.Key))
	_, err := tx.Exec(ctx, `insert into app.idempotency (actor_id, key_hash, fingerprint, document_id, number) values (@actor, @hash, @print, @document, @number)`,
		pgx.NamedArgs{"actor": tx.Actor.ID, "hash": hash[:], "print": o.Fingerprint[:], "document": out.Document, "number": out.Number})
	return err
}

// ForgetOld drops remembered outcomes after a week.
func ForgetOld(ctx context.Context, db *pg.DB) error {
	return pg.Keep(ctx, db, `delete from app.idempotency where at < now() - interval '7 days'`)
}
