package grants

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/pg"
)

// Wrong says all that is wrong with a role that a person gives to another, in the
// fields role, setting, from, until and why. A role begins today or later: to date
// it back would tell of access that nobody had.
func (g Giving) Wrong(ctx context.Context, tx *audit.Tx) ([]fault.Field, error) {
	wrong, err := WrongAt(ctx, tx, g.Role, g.Provider, g.Home)
	if err != nil {
		return nil, err
	}
	begins := orElse(g.From, tx.Now)
	if clock.DayOf(begins).Before(clock.DayOf(tx.Now)) {
		wrong = append(wrong, fault.Field{Name: "from", Problem: "A role begins today or later. Enter today, or a day to come."})
	}
	if g.Role == ShiftLead {
		wrong = append(wrong, wrongShift(begins, g.Until)...)
	}
	if !g.Until.IsZero() && (!g.Until.After(begins) || !g.Until.After(tx.Now)) {
		wrong = append(wrong, fault.Field{Name: "until", Problem: "The last day lies before the first. Enter a later one, or leave it empty."})
	}
	return append(wrong, fault.CheckLine("why", g.Why)...), nil
}

// WrongAt says what is wrong with a role at a place of a provider, in the fields
// role and setting: whoever gives it, by hand or through a group.
func WrongAt(ctx context.Context, tx *audit.Tx, r Role, provider, home int64) ([]fault.Field, error) {
	if f, ok := fault.Of(Check(r, home)); ok {
		return f.Fields, nil
	}
	if home == 0 {
		return nil, nil
	}
	var kind string
	err := tx.QueryRow(ctx, `select kind from app.home where id = @home and provider_id = @provider`, pgx.NamedArgs{"home": home, "provider": provider}).Scan(&kind)
	if err == nil && r.Visits() != "" && r.Visits() != kind {
		return []fault.Field{{Name: "setting", Problem: wrongVisit(r)}}, nil
	}
	if err == nil || !pg.None(err) {
		return nil, err
	}
	return []fault.Field{{Name: "setting", Problem: "There is no such setting. Choose one of your organisation's settings."}}, nil
}

func wrongVisit(r Role) string {
	if r == Visitor25 {
		return "This visitor is for a residential family centre. Choose one."
	}
	return "This visitor is for a children’s home. Choose one."
}

// wrongShift refuses to leave somebody in charge of the shift for longer than one.
func wrongShift(from, until time.Time) []fault.Field {
	last := clock.DayOf(from).Plus(longestShift)
	if until.IsZero() {
		return []fault.Field{{Name: "until", Problem: "Enter the day on which the shift ends."}}
	}
	if until.After(last.Start()) {
		return []fault.Field{{Name: "until", Problem: "This is longer than a shift. Enter the day on which it begins, or the next."}}
	}
	return nil
}

// checkAll refuses what is wrong, and a role that somebody has there already for
// the time.
func (g *Giving) checkAll(ctx context.Context, tx *audit.Tx) error {
	if err := tx.Lock(ctx, "roles", int64(g.To)); err != nil {
		return err
	}
	wrong, err := g.Wrong(ctx, tx)
	if err != nil {
		return err
	}
	if err := fault.Bad(wrong); err != nil {
		return err
	}
	if g.From.Before(tx.Now) {
		g.From = tx.Now // "today" is now: midnight has passed
	}
	if err := notLeft(ctx, tx, g.To, "role"); err != nil {
		return err
	}
	if err := g.within(ctx, tx); err != nil {
		return err
	}
	var holds bool
	err = tx.QueryRow(ctx, `
		select exists (select from app.role_held where actor_id = @to and role = @role and provider_id = @provider and coalesce(home_id, 0) = @home
			and from_at < until_at and until_at > greatest(@from::timestamptz, clock_timestamp()) and from_at < @until::timestamptz)`,
		pgx.NamedArgs{"to": g.To, "role": g.Role, "provider": g.Provider, "home": g.Home, "from": g.From, "until": until(g.Until)}).Scan(&holds)
	if err == nil && holds {
		err = fault.At(fault.Conflict, "role", "This person has this role there already for that time. End that one first, or choose another.")
	}
	return err
}
