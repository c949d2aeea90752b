package sample

import (
	"context"
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
)

// planOutside lays out accesses outside a role, of which one is reviewed, one
// waits for review and one is running; a declaration; and a shielded record.
func (t *telling) planOutside() {
	moment := func(s string, plus time.Duration) time.Time {
		at, _ := t.moment(s) // a test plants all of it, so that no slip stays unseen
		return at.Add(plus)
	}
	ask := func(who, record string, a grants.Asking, keep *int64) func(context.Context) error {
		return func(ctx context.Context) error {
			a.Number, a.Span = t.Records[record], grants.ForDay
			id, err := grants.AskOutside(ctx, t.o.DB, t.who(who), a)
			if keep != nil {
				*keep = id
			}
			if err != nil {
				return fmt.Errorf("outside the role of %s: %w", who, err)
			}
			return nil
		}
	}
	end := func(who string, id *int64, why string) func(context.Context) error {
		return func(ctx context.Context) error { return grants.EndOutside(ctx, t.o.DB, t.who(who), *id, why) }
	}
	looks := func(who, record string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, _, err := people.Get(ctx, t.o.DB, t.who(who), t.Records[record])
			return err
		}
	}
	var audited, decided int64
	t.at(moment("-20 10:05", 0), ask("other-manager", "Wren Sample", grants.Asking{Reason: grants.ForAudit}, &audited))
	t.at(moment("-20 10:05", 6*time.Minute), looks("other-manager", "Wren Sample"))
	t.at(moment("-20 10:05", 40*time.Minute), end("other-manager", &audited, "I have seen how the plan is reviewed"))
	t.at(moment("-18 09:20", 0), func(ctx context.Context) error {
		return grants.ReviewOutside(ctx, t.o.DB, t.who("manager"), audited, "accepted", "Part of the audit between the two settings. One look, at the list of documents.")
	})
	t.at(moment("-3 14:10", 0), ask("manager", "Plover Sample", grants.Asking{Reason: grants.ForOversight, Colleague: "Val Example", Section: access.General,
		Oversight: grants.Oversight{Discussion: "With Drew Mockingham, by telephone: whether a visit on Saturday can go ahead.", Analysis: "The plan allows it, and nothing in the last two weeks speaks against it.",
			Direction: "The visit goes ahead, with a call before and after.", Actions: "Drew calls at 10am and at 6pm on Saturday, and writes both down."}}, &decided))
	t.at(moment("-3 14:10", 5*time.Minute), looks("manager", "Plover Sample"))
	t.at(moment("-3 14:10", 90*time.Minute), end("manager", &decided, "Decided and written down"))
	t.at(moment("-40 11:30", 0), func(ctx context.Context) error {
		return grants.Declare(ctx, t.o.DB, t.who("staff2"), grants.Declaring{Relation: "my sister’s son", Words: "A nephew of mine, who may come to live here after the summer."})
	})
	t.at(moment("-60 15:00", 0), func(ctx context.Context) error {
		return grants.ShieldFrom(ctx, t.o.DB, t.who("dpo"), t.Records["Finch Sample"], t.who("other-staff").ID, "family", "a cousin of the family; told to us in a supervision")
	})
	day, _ := t.day("-1")
	t.at(hours(day, "", 21, 1).Add(20*time.Minute), ask("admin", "Teal Specimen", grants.Asking{Reason: grants.ForSupport, Words: "a care plan that opens as an empty page"}, nil))
}
