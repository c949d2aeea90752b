package page

import (
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/people"
)

// RecordRow is one record of a list.
type RecordRow struct {
	Name, Address, Setting string
	Status                 Status
}

// Records is a list of the records of one kind.
type Records struct {
	Frame
	Heading string
	Rows    []RecordRow
	Open    string // address for opening one, "" where the reader may not
	Next    string
	More    string // what the next page holds
	Empty   string
}

// RecordsOf makes the list. found holds one more than limit where there is a
// next page.
func RecordsOf(kind access.RecordKind, found []people.Record, limit int) Records {
	r := Records{Heading: Kinds(kind), More: lowerFirst(Kinds(kind)), Empty: "No record is open here."}
	if len(found) > limit {
		found = found[:limit]
		r.Next = ListAddress(kind) + "&after=" + strconv.FormatInt(found[limit-1].ID, 10)
	}
	for _, f := range found {
		r.Rows = append(r.Rows, RecordRow{f.Name, RecordAddress(f.ID), Where(f.Home), OpenStatus(f.Open)})
	}
	return r
}

// OpenStatus says whether a record is open.
func OpenStatus(open bool) Status {
	if open {
		return Status{"Open", "good"}
	}
	return Status{"Closed", "closed"}
}

// Kinds says the records of a kind: "Young people".
func Kinds(k access.RecordKind) string {
	return map[access.RecordKind]string{access.Library: "Policies", access.YoungPerson: "Young people", access.Family: "Families",
		access.Parent: "Parents", access.Staff: "Staff files"}[k]
}

// Kind says one record of a kind: "young person’s record".
func Kind(k access.RecordKind) string {
	return map[access.RecordKind]string{access.Library: "policy library", access.YoungPerson: "young person’s record", access.Family: "family’s record",
		access.Parent: "parent’s record", access.Staff: "staff file"}[k]
}

// EventOf says what happened to a record.
func EventOf(e people.Event) Event {
	v := Event{What: map[string]string{"opened": "Opened", "closed": "Closed", "reopened": "Opened again", "moved": "Moved"}[e.What],
		When: "on " + e.On.Format("2 January 2006"), Why: e.Why, By: e.By}
	if e.What == "moved" && e.Home != "" {
		v.What = "Moved to " + e.Home
	}
	if late := e.At.Sub(e.On); late > 48*time.Hour {
		v.When += " (recorded on " + DayOf(e.At) + ")"
	}
	return v
}
