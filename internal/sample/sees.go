package sample

import (
	"context"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
)

// whoSees are the last acts of the story: people who came lately, somebody who reads
// their own file, the consents to a visit, and a manager who is stood in for.
func (t *telling) whoSees() []func(context.Context) error {
	var acts []func(context.Context) error
	for _, u := range t.o.Users {
		if u.Unknown || !u.role.Own() && u.role != grants.ShiftLead {
			continue
		}
		acts = append(acts, func(ctx context.Context) error {
			if err := t.register(ctx, t.o, access.Custodian(), u); err != nil {
				return err
			}
			if !u.role.Own() { // the rest comes with the group, at the sign-in
				return t.give(ctx, access.Custodian(), u, time.Time{}, "in charge of the night shift")
			}
			return t.letRead(ctx, t.o, u)
		})
	}
	consent := func(capacity, who, evidence string) {
		acts = append(acts, func(ctx context.Context) error {
			return grants.RecordConsent(ctx, t.o.DB, t.Actors["manager"], grants.NewConsent{Record: t.Records["Wren Sample"], Capacity: capacity, Answer: grants.Yes, Who: who, Evidence: evidence,
				Until: ahead(90)})
		})
	}
	consent(grants.OfYoungPerson, "Wren Sample", "said so to me, and signed the form in the file")
	consent(grants.OfAuthority, "Social worker of Sampleshire Council", "letter in the file")
	return acts
}

// standIn lays out that a manager on leave was stood in for.
func (t *telling) standIn() {
	var held int64
	at, _ := t.moment("-80 09:30") // a test plants all of it, so that no slip stays unseen
	t.at(at, func(ctx context.Context) (err error) {
		held, err = grants.Give(ctx, t.o.DB, t.Actors["manager"], grants.Giving{To: t.Actors["staff2"].ID, Role: grants.RegisteredManager, Provider: t.Provider,
			Home: t.Homes[ChildrensHome], Until: ahead(14), Why: "stands in while I am on leave"})
		return err
	})
	at, _ = t.moment("-68 08:45")
	t.at(at, func(ctx context.Context) error {
		return grants.EndBecause(ctx, t.o.DB, t.Actors["manager"], held, "back from leave")
	})
}

// ahead is a day to come, by the database's clock; it is dated back with the rest.
func ahead(days int) time.Time { return clock.DayOf(time.Now()).Plus(days).Start() }
