package sample

import (
	"context"
	"fmt"
	"time"

	"custodian/internal/clock"
	"custodian/internal/looks"
	"custodian/internal/people"
)

// many is how many records somebody looks at on a day on which it is many.
const many = looks.FloorLooks + 4

// planOversight lays out what an auditor finds in the last weeks: a look at night, a day
// with very many, questions about both, and a concern that goes past the manager.
func (t *telling) planOversight() {
	day := func(back int) clock.Day { return t.today.Plus(-back) }
	at := func(back, hour, minute int) time.Time {
		return day(back).Start().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	look := func(who, record string, when time.Time) {
		t.at(when, func(ctx context.Context) error {
			_, _, err := people.Get(ctx, t.o.DB, t.who(who), t.Records[record])
			return err
		})
	}
	look("individual", "Wren Sample", at(3, 23, 41))
	look("individual", "Finch Sample", at(3, 23, 44))
	for i := range many {
		look("staff2", []string{"Wren Sample", "Finch Sample"}[i%2], at(9, 13, 2+i))
	}
	var full int64
	last := func(ctx context.Context, who string) (int64, error) {
		_, list, err := looks.OfPerson(ctx, t.o.DB, t.who("dpo"), t.who(who).ID, looks.Filter{Act: looks.Looked, Limit: 1})
		if err != nil || len(list) == 0 {
			return 0, fmt.Errorf("sample: the look of %s is not found: %w", who, err)
		}
		return list[0].ID, nil
	}
	ask := func(ctx context.Context, who, words string) (int64, error) {
		look, err := last(ctx, who)
		if err != nil {
			return 0, err
		}
		return looks.Ask(ctx, t.o.DB, t.who("dpo"), look, words)
	}
	t.at(at(9, 14, 30), func(ctx context.Context) (err error) {
		full, err = ask(ctx, "staff2", "You opened many records today. What was it for?")
		return err
	})
	t.at(at(8, 9, 20), func(ctx context.Context) error {
		return looks.Answer(ctx, t.o.DB, t.who("staff2"), full, "I checked the keyworker notes before the review, as Morgan asked me to.")
	})
	t.at(at(2, 9, 12), func(ctx context.Context) error {
		_, err := ask(ctx, "individual", "")
		return err
	})
	t.at(at(5, 10, 40), func(ctx context.Context) error {
		return t.worry(ctx, "staff")
	})
}

// worry raises a concern of somebody about their own last look, past the manager.
func (t *telling) worry(ctx context.Context, who string) error {
	record := t.Records["Wren Sample"]
	if _, _, err := people.Get(ctx, t.o.DB, t.who(who), record); err != nil {
		return err
	}
	_, list, err := looks.OfPerson(ctx, t.o.DB, t.who(who), t.who(who).ID, looks.Filter{Act: looks.Looked, Limit: 1})
	if err != nil || len(list) == 0 {
		return fmt.Errorf("sample: the look of %s is not found: %w", who, err)
	}
	_, err = looks.Raise(ctx, t.o.DB, t.who(who), list[0].ID, looks.ToDPO, "I was asked to open this record for somebody who is not on our team. I would rather tell you than keep it to myself.")
	return err
}
