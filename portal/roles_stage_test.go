package portal_test

import (
	"strings"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// beside plants what the pages about people need: somebody who has left, a key
// worker, and a consent.
func (s *stage) beside() {
	t, w := s.t, s.world
	t.Helper()
	var err error
	s.gone, err = people.AddActor(t.Context(), w.DB, access.Custodian(), people.NewActor{Provider: w.Provider, Kind: access.Person, Name: "Gail Gone"})
	must(t, err)
	_, err = grants.Give(t.Context(), w.DB, access.Custodian(), grants.Giving{To: access.ActorID(s.gone), Role: grants.MemberOfStaff, Provider: w.Provider, Home: w.Homes[sample.ChildrensHome], Why: "for the test"})
	must(t, err)
	must(t, grants.Leave(t.Context(), w.DB, w.Actors["manager"], access.ActorID(s.gone), time.Time{}, "for the test"))
	record := w.Records["Wren Sample"]
	s.entrusted, err = grants.Entrust(t.Context(), w.DB, w.Actors["manager"], w.Actors["shift-lead"].ID, record, "for the test")
	must(t, err)
	must(t, grants.RecordConsent(t.Context(), w.DB, w.Actors["manager"], grants.NewConsent{Record: record, Capacity: grants.OfYoungPerson, Answer: grants.Yes, Who: "Wren Sample", Evidence: "for the test", Until: time.Now().AddDate(0, 1, 0)}))
	w.Scan(t, `select max(id) from app.consent`, nil, &s.consent)
}

// onPeople is what is put into the forms about who sees a record.
func (s stage) onPeople(path string) []string {
	until := fields("until", day(30))
	switch {
	case strings.HasSuffix(path, "/key-worker"):
		return append([]string{"to", number(int64(s.Actors["staff"].ID)), "why", "for the test"}, until...)
	case strings.HasSuffix(path, "/inspector"):
		return append([]string{"to", number(int64(s.Actors["inspector"].ID)), "why", "for the test"}, append(until, fields("from", day(0))...)...)
	case strings.HasSuffix(path, "/own"):
		return []string{"email", "parent@demo.example", "why", "for the test", "checked", "for the test", "reader", number(int64(s.Actors["parent"].ID)), "them", "yes"}
	case strings.HasSuffix(path, "/consent"):
		return append([]string{"capacity", "placing-authority", "answer", "yes", "who", "A council", "evidence", "for the test"}, until...)
	}
	return nil
}
