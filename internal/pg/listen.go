package pg

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Listen hears a channel of notifications on a connection of its own, beside the
// pool's: ready is called when it has begun to hear, and heard with what each
// notification says, once its transaction has committed. It returns when ctx ends
// or the connection is lost; what was said meanwhile is not heard later.
func Listen(ctx context.Context, db *DB, channel string, ready func(), heard func(said string)) error {
	conn, err := pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
	if err != nil {
		return fmt.Errorf("pg: listen: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `listen `+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("pg: listen: %w", err)
	}
	ready()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("pg: listen: %w", err)
		}
		heard(n.Payload)
	}
}
