package page

import (
	"custodian/internal/clock"
	"custodian/versions"
)

// ManagerCard is who managed the setting on the day, and what shows that they can.
type ManagerCard struct {
	Name, Since    string
	Qualifications []QualificationLink
}

// QualificationLink is a qualification, since when it holds and where it is.
type QualificationLink struct{ Title, Address, From string }

// ManagersOf makes the cards. on is the day that was asked about, zero for none.
func ManagersOf(found []versions.Manager, on clock.Day) []ManagerCard {
	var list []ManagerCard
	for _, m := range found {
		c := ManagerCard{Name: m.Name, Since: "since " + DayOf(m.Since)}
		for _, q := range m.Qualifications {
			c.Qualifications = append(c.Qualifications, QualificationLink{q.Title, VersionAddress(q.Document, q.Number) + onQuery(on, clock.Day{}), "from " + DayOf(q.From)})
		}
		list = append(list, c)
	}
	return list
}
