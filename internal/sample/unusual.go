package sample

import (
	"context"
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
)

// former is somebody who worked here for a while, and whose name is that of a
// family.
func former() User {
	return User{ID: "former", Name: "Casey Specimen", Post: "Bank support worker", Setting: FamilyCentre, role: grants.MemberOfStaff}
}

// planUnusual lays out the rest of what is out of the ordinary in the last weeks:
// somebody with the surname of the family whose record they looked at, who tried
// again when their role had ended, and a manager who often asked for access outside
// their role. planOversight has what was at night, and what was very much.
func (t *telling) planUnusual() {
	moment := func(s string, plus time.Duration) time.Time {
		at, _ := t.moment(s) // a test plants all of it, so that no slip stays unseen
		return at.Add(plus)
	}
	u := former()
	admin := func() access.Actor { return t.Actors["admin"] }
	looks := func(ctx context.Context, who, record string) error {
		_, _, err := people.Get(ctx, t.o.DB, t.who(who), t.Records[record])
		return err
	}
	t.at(moment("-26 09:00", 0), func(ctx context.Context) error {
		if err := t.register(ctx, t.o, admin(), u); err != nil {
			return err
		}
		return t.give(ctx, admin(), u, time.Time{}, "covers shifts for a week")
	})
	t.at(moment("-24 10:15", 0), func(ctx context.Context) error { return looks(ctx, u.ID, "The Specimen family") })
	t.at(moment("-21 17:00", 0), func(ctx context.Context) error { return grants.End(ctx, t.o.DB, admin(), t.held[u.ID]) })
	t.at(moment("-19 18:20", 0), func(ctx context.Context) error { return refused(looks(ctx, u.ID, "The Specimen family")) })

	again := func(day, record, words string) {
		var id int64
		t.at(moment(day, 0), func(ctx context.Context) (err error) {
			id, err = grants.AskOutside(ctx, t.o.DB, t.who("other-manager"), grants.Asking{Number: t.Records[record], Reason: grants.ForOther, Words: words, Span: grants.ForDay})
			if err != nil {
				err = fmt.Errorf("outside the role of the other manager: %w", err)
			}
			return err
		})
		t.at(moment(day, 7*time.Minute), func(ctx context.Context) error { return looks(ctx, "other-manager", record) })
		t.at(moment(day, 50*time.Minute), func(ctx context.Context) error {
			return grants.EndOutside(ctx, t.o.DB, t.who("other-manager"), id, "I have read what I needed")
		})
		t.at(moment(day, 26*time.Hour), func(ctx context.Context) error {
			return grants.ReviewOutside(ctx, t.o.DB, t.who("manager"), id, "accepted", "Agreed between us by telephone before.")
		})
	}
	again("-15 11:20", "Finch Sample", "planning a joint holiday activity with our families")
	again("-8 15:40", "Wren Sample", "planning a joint holiday activity with our families")
}
