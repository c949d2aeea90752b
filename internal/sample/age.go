package sample

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// mark says that what really happened from a moment on is told to have
// happened from another on.
type mark struct{ real, story time.Time }

// mark notes the moment by the database's clock, which dates the footprints.
func (t *telling) mark(ctx context.Context, story time.Time) error {
	t.now = time.Now().Truncate(time.Microsecond)
	if t.super == nil {
		return nil
	}
	err := t.super.QueryRow(ctx, `select clock_timestamp()`).Scan(&t.now)
	t.marks = append(t.marks, mark{t.now, story})
	return err
}

// dated lists the columns that tell when something was done or known: those
// are dated back. What was said to be true of the world (in force from, to)
// stands as it was said, and the rest is operational.
func dated() map[string]string {
	return map[string]string{
		"provider":     "created_at",
		"home":         "created_at",
		"actor":        "created_at",
		"record":       "created_at",
		"record_event": "at",
		"role_held":    "from_at until_at",
		"role_ending":  "at",
		"group_role":   "from_at until_at",
		"grants":       "valid_from valid_until",
		"shield":       "valid_from valid_until",
		"token":        "created_at",
		"document":     "created_at latest_at",

		"scim_token":      "created_at",
		"scim_user":       "created_at",
		"scim_user_said":  "from_at until_at",
		"scim_group":      "created_at",
		"scim_group_said": "from_at until_at",
		"scim_member":     "from_at until_at",
		"scim_stop":       "at",

		"version":          "event_at recorded_at",
		"decision":         "at",
		"statement":        "said_at",
		"standing":         "known_from known_to",
		"footprint":        "at",
		"concern":          "at",
		"concern_event":    "at",
		"look_question":    "at",
		"look_answer":      "at",
		"looked_into":      "at",
		"document_move":    "at",
		"lodging":          "lodged_at",
		"lodging_event":    "at",
		"consultation":     "at",
		"lodging_note":     "at",
		"safety_statement": "at",
		"grant_ending":     "at",
		"person_event":     "from_at at",
		"consent":          "from_at until_at at",
		"consent_ending":   "at",
		"outside_access":   "asked_at",
		"outside_decision": "at",
		"outside_ending":   "at",
		"outside_note":     "at",
		"outside_review":   "at",
		"circle":           "valid_from valid_until",
		"circle_member":    "valid_from valid_until",
		"relative":         "at",
		"relative_act":     "at",
		"shield_ending":    "at",
	}
}

// age dates everything back to the moments of the story, in one transaction.
// The map from real to told moments is monotone, so that what came before
// something still does, and every constraint goes on holding. Triggers rest
// meanwhile: they are what keeps anybody else from doing this.
func (t *telling) age(ctx context.Context) error {
	if err := t.mark(ctx, t.acts[len(t.acts)-1].at.Add(apart)); err != nil {
		return err
	}
	tx, err := t.super.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit there is nothing left to undo
	if err := t.lay(ctx, tx); err != nil {
		return fmt.Errorf("sample: date back: %w", err)
	}
	if err := t.reviewsBack(ctx, tx); err != nil {
		return err
	}
	tables := dated()
	for _, table := range sortedKeys(tables) {
		if err := dateBack(ctx, tx, table, strings.Fields(tables[table])); err != nil {
			return fmt.Errorf("sample: date %s back: %w", table, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	_, err = t.super.Exec(ctx, `analyze`)
	return err
}

// lay makes pg_temp.told, the map from real to told moments. Within an act
// time goes on as it really did, or slower where the next act comes sooner.
func (t *telling) lay(ctx context.Context, tx pgx.Tx) error {
	for _, sql := range []string{
		`set local session_replication_role = replica`,
		`create temporary table mark (real timestamptz primary key, story timestamptz not null, rate float8 not null) on commit drop`,
		`create function pg_temp.told(t timestamptz) returns timestamptz language sql stable as $$
			select case when t is null or not isfinite(t) then t else coalesce(
				(select m.story + (t - m.real) * m.rate from pg_temp.mark m where m.real <= t order by m.real desc limit 1),
				(select m.story + (t - m.real) from pg_temp.mark m order by m.real limit 1)) end $$`,
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	rows := make([][]any, len(t.marks))
	for i, m := range t.marks {
		rate := 1.0
		if i+1 < len(t.marks) {
			next := t.marks[i+1]
			rate = min(1, next.story.Sub(m.story).Seconds()/max(next.real.Sub(m.real).Seconds(), 1e-6))
		}
		rows[i] = []any{m.real, m.story, rate}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"pg_temp", "mark"}, []string{"real", "story", "rate"}, pgx.CopyFromRows(rows))
	return err
}

// dateBack changes one table row by row, the oldest first: then no row passes
// over the time of another that has not gone back yet, which the exclusion on
// standings would refuse.
func dateBack(ctx context.Context, tx pgx.Tx, table string, columns []string) error {
	set := make([]string, len(columns))
	for i, c := range columns {
		set[i] = c + " = pg_temp.told(" + c + ")"
	}
	name := pgx.Identifier{"app", table}.Sanitize()
	if table != "standing" {
		_, err := tx.Exec(ctx, `update `+name+` set `+strings.Join(set, ", "))
		return err
	}
	_, err := tx.Exec(ctx, `do $$
		declare r record;
		begin
			for r in select ctid from `+name+` order by known_from loop
				update `+name+` set `+strings.Join(set, ", ")+` where ctid = r.ctid;
			end loop;
		end $$`)
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
