package pg

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"custodian/internal/access"
)

type pgError = pgconn.PgError

// Tx is a transaction that can read. Now is its one moment.
type Tx struct {
	Actor access.Actor
	Now   time.Time

	inner  *pgxpool.Conn
	rights *access.Rights
}

// Query runs a query; the caller collects the rows.
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return tx.inner.Query(ctx, sql, args...)
}

// QueryRow runs a query for one row.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return tx.inner.QueryRow(ctx, sql, args...)
}

// Rights are the actor's, loaded once inside this transaction.
func (tx *Tx) Rights(ctx context.Context) (access.Rights, error) {
	if tx.rights != nil {
		return *tx.rights, nil
	}
	r := access.Rights{Actor: tx.Actor, At: tx.Now}
	rows, err := tx.inner.Query(ctx, `select id, scope, scope_id, mask, rights, basis from app.my_grants()`)
	if err != nil {
		return r, err
	}
	if r.Grants, err = pgx.CollectRows(rows, pgx.RowToStructByPos[access.Grant]); err != nil {
		return r, fmt.Errorf("pg: rights: %w", err)
	}
	if err = tx.inner.QueryRow(ctx, `select app.shields()`).Scan(&r.Shields); err != nil {
		return r, fmt.Errorf("pg: shields: %w", err)
	}
	tx.rights = &r
	return r, nil
}

// WriteTx is a transaction that can write. Only internal/audit makes one.
type WriteTx struct {
	Tx
	last pgx.Batch
}

// Exec runs a statement that changes something.
func (tx *WriteTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return tx.inner.Exec(ctx, sql, args...)
}

// Send runs a batch of statements in one trip.
func (tx *WriteTx) Send(ctx context.Context, b *pgx.Batch) error {
	return tx.inner.SendBatch(ctx, b).Close()
}

// Last has a statement run when all else is done, in one trip with the commit.
func (tx *WriteTx) Last(sql string, args ...any) { tx.last.Queue(sql, args...) }

// Share waits until nobody has the thing under Lock, and keeps it so; others may
// share it. As with Lock, Now moves to the present.
func (tx *WriteTx) Share(ctx context.Context, noun string, id int64) error {
	if _, err := tx.inner.Exec(ctx, `select pg_advisory_xact_lock_shared(hashtextextended(@noun, @id))`, pgx.NamedArgs{"noun": noun, "id": id}); err != nil {
		return err
	}
	return tx.inner.QueryRow(ctx, `select clock_timestamp()`).Scan(&tx.Now)
}

// Lock waits until nobody else works on the thing, then moves Now to the
// present: a time taken before the wait would put known periods out of order.
// It must come before anything that uses Now.
func (tx *WriteTx) Lock(ctx context.Context, noun string, id int64) error {
	if _, err := tx.inner.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended(@noun, @id))`, pgx.NamedArgs{"noun": noun, "id": id}); err != nil {
		return err
	}
	return tx.inner.QueryRow(ctx, `select clock_timestamp()`).Scan(&tx.Now)
}

// NewID takes a fresh id. Rows are inserted under ids taken beforehand, since
// INSERT ... RETURNING would need the right to see the row.
func (tx *WriteTx) NewID(ctx context.Context) (int64, error) {
	var id int64
	err := tx.inner.QueryRow(ctx, `select nextval('app.ids')`).Scan(&id)
	return id, err
}

// NewID takes a fresh id outside a transaction, for what must know its number
// before its content is sealed.
func NewID(ctx context.Context, db *DB) (int64, error) {
	var id int64
	err := db.pool.QueryRow(ctx, `select nextval('app.ids')`).Scan(&id)
	return id, err
}

// Read runs fn at one moment, in a snapshot that cannot be written to.
func Read(ctx context.Context, db *DB, actor access.Actor, fn func(*Tx) error) error {
	return run(ctx, db, `begin isolation level repeatable read read only`, actor, func(tx *Tx) (*pgx.Batch, error) { return &pgx.Batch{}, fn(tx) })
}

// Write runs fn in a transaction that can write, and commits when it returns
// nil. It is tried again, from the start, when PostgreSQL asks for that.
// internal/audit alone may call it.
func Write(ctx context.Context, db *DB, actor access.Actor, fn func(*WriteTx) error) error {
	var err error
	for range 5 {
		// read committed: a statement after a lock must see what the one who held it committed
		err = run(ctx, db, `begin isolation level read committed read write`, actor, func(tx *Tx) (*pgx.Batch, error) {
			w := &WriteTx{Tx: *tx}
			err := fn(w)
			return &w.last, err
		})
		if code, _ := violation(err); code != "40001" && code != "40P01" {
			break
		}
	}
	return err
}

// run runs fn in a transaction. It begins in one trip together with the word of
// who acts, and ends in one together with what fn gives to be done last. Whatever
// goes wrong, nothing of it stays.
func run(ctx context.Context, db *DB, begin string, actor access.Actor, fn func(*Tx) (*pgx.Batch, error)) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release() // which throws away a connection that is still in a transaction, or busy
	defer func() {
		if conn.Conn().PgConn().TxStatus() != idle {
			_, _ = conn.Exec(ctx, `rollback`) // when this fails, the connection goes
		}
	}()
	tx := &Tx{Actor: actor, inner: conn}
	b := &pgx.Batch{}
	b.Queue(begin)
	b.Queue(`select now() from set_config('app.actor', $1, true)`, strconv.FormatInt(int64(actor.ID), 10)).QueryRow(func(row pgx.Row) error { return row.Scan(&tx.Now) })
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("pg: enter: %w", err)
	}
	last, err := fn(tx)
	if err != nil {
		return err
	}
	last.Queue(`commit`).Exec(func(done pgconn.CommandTag) error {
		if done.String() != "COMMIT" { // an error that fn passed over had ended it already
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return conn.SendBatch(ctx, last).Close()
}

// idle is the status of a connection that is in no transaction.
const idle = 'I'

// Keep writes operational tables: those that tell nothing about anybody and
// may be lost. The house test names them, and who may call this.
func Keep(ctx context.Context, db *DB, sql string, args ...any) error {
	_, err := db.pool.Exec(ctx, sql, args...)
	return err
}

// Bearer tells for whom a token speaks, by the SHA-256 of its secret. None(err)
// when it is not known, ended or out of date.
func Bearer(ctx context.Context, db *DB, hash []byte) (access.Actor, error) {
	var a access.Actor
	err := db.pool.QueryRow(ctx, `select token_id, actor_id, kind, provider_id from app.bearer($1)`, hash).
		Scan(&a.Token, &a.ID, &a.Kind, &a.Provider)
	return a, err
}

// Visitor tells whose session a browser is in, by the SHA-256 of its secret.
// None(err) when it is not known, ended, left idle too long or out of date.
func Visitor(ctx context.Context, db *DB, hash []byte) (access.Actor, error) {
	var a access.Actor
	err := db.pool.QueryRow(ctx, `select session_id, actor_id, kind, provider_id from app.visitor($1)`, hash).
		Scan(&a.Session, &a.ID, &a.Kind, &a.Provider)
	return a, err
}

// Directory tells for which directory service a token speaks, by the SHA-256 of
// its secret. None(err) when it is not known, ended or out of date, or may not say
// anything any more. The token is one of a kind of its own.
func Directory(ctx context.Context, db *DB, hash []byte) (access.Actor, error) {
	var a access.Actor
	err := db.pool.QueryRow(ctx, `select token_id, actor_id, kind, provider_id from app.directory($1)`, hash).
		Scan(&a.Token, &a.ID, &a.Kind, &a.Provider)
	return a, err
}

// Null gives an id as PostgreSQL takes it: 0 stands for none.
func Null(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}
