package sample

import (
	"context"
	"errors"
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/versions"
)

// habit says who looks at what, and on every how many days.
type habit struct {
	who   string
	every int
	from  string // the first day
	kind  access.RecordKind
	home  string // "" for every setting
	looks func(*telling, *visit)
}

// visit is somebody sitting down with Custodian: its acts follow one another.
type visit struct {
	habit
	day  clock.Day
	at   time.Time
	seed string
}

func habits() []habit {
	library, young, staff, family, parent := access.Library, access.YoungPerson, access.Staff, access.Family, access.Parent
	return []habit{
		{"staff", 6, firstDay, young, ChildrensHome, reads},
		{"staff", 13, firstDay, library, ChildrensHome, asks},
		{"staff2", 8, firstDay, young, ChildrensHome, reads},
		{"staff2", 17, firstDay, library, ChildrensHome, asks},
		{"manager", 9, firstDay, young, ChildrensHome, oversees},
		{"manager", 11, firstDay, library, ChildrensHome, asks},
		{"manager", 23, firstDay, staff, ChildrensHome, reads},
		{"other-staff", 11, firstDay, young, FamilyCentre, reads},
		{"other-staff", 19, firstDay, library, FamilyCentre, asks},
		{"other-staff", 21, firstDay, parent, FamilyCentre, reads},
		{"other-manager", 14, firstDay, family, FamilyCentre, oversees},
		{"other-manager", 29, firstDay, staff, FamilyCentre, reads},
		{"supported-staff", 9, "2024-09-03", young, Supported, reads},
		{"supported-staff", 33, "2024-09-03", library, Supported, asks},
		{"supported-manager", 15, firstDay, library, Supported, asks},
		{"supported-manager", 18, firstDay, young, Supported, oversees},
		{"individual", 30, firstDay, library, "", asks},
		{"individual", 43, firstDay, young, "", reads},
		{"dpo", 37, firstDay, young, "", oversees},
		{"dpo", 61, firstDay, staff, "", oversees},
		{"other-staff", 211, "2023-09-14", young, ChildrensHome, strays},
		{"admin", 307, "2023-10-04", young, ChildrensHome, strays},
		{"staff", 263, "2023-07-11", staff, ChildrensHome, strays},
	}
}

// planLooks lays out all looks, and the inspections.
func (t *telling) planLooks() {
	for n, h := range habits() {
		d, _ := clock.ParseDay(h.from)
		for d = d.Plus(2 + n%h.every); d.Before(t.today); d = d.Plus(h.every) {
			name := fmt.Sprint(h.who, n)
			h.looks(t, &visit{habit: h, day: d, at: hours(d, name, 8, 11), seed: d.String() + name})
		}
	}
	for _, s := range []string{"2024-04-23", "2024-04-24", "2025-05-13", "2025-05-14", "-12", "-11"} {
		d, _ := t.day(s)
		for i := range 5 {
			h := habit{who: "inspector", kind: access.Library, home: ChildrensHome}
			v := &visit{habit: h, day: d, at: hours(d, "inspection", 9, 1).Add(time.Duration(i) * 75 * time.Minute), seed: fmt.Sprint(s, i)}
			inspects(t, v, i)
		}
	}
}

// then adds an act to the visit, a minute or two after the last.
func (t *telling) then(v *visit, do func(context.Context, access.Actor) error) {
	t.at(v.at, func(ctx context.Context) error { return do(ctx, t.Actors[v.who]) })
	v.at = v.at.Add(time.Duration(25+draw64(v.seed, v.at.String())%130) * time.Second)
}

// choose gives an open record of the visit's kind that lies where the visitor
// looks.
func (t *telling) choose(v *visit, salt string) (string, bool) {
	var list []string
	for _, n := range t.names {
		if t.kinds[n] == v.kind && !t.closed[n] && (v.home == "" || t.lies[n] == v.home) {
			list = append(list, n)
		}
	}
	if len(list) == 0 {
		return "", false
	}
	return list[draw64(v.seed, salt)%uint64(len(list))], true
}

func (t *telling) chooseDoc(record, seed string) (*doc, bool) {
	list := t.shelf[record]
	if len(list) == 0 {
		return nil, false
	}
	return list[draw64(seed, record)%uint64(len(list))], true
}

// reads: finds a record, looks at it, and opens one or two of its documents.
func reads(t *telling, v *visit) {
	var record string
	var found bool
	t.then(v, func(ctx context.Context, a access.Actor) error {
		record, found = t.choose(v, "")
		_, err := people.Records(ctx, t.o.DB, a, v.kind, 0, 50)
		return err
	})
	t.then(v, func(ctx context.Context, a access.Actor) error {
		if !found {
			return nil
		}
		_, _, err := people.Get(ctx, t.o.DB, a, t.Records[record])
		return err
	})
	for i := range 1 + draw64(v.seed, "documents")%2 {
		t.then(v, func(ctx context.Context, a access.Actor) error {
			return t.opens(ctx, a, record, fmt.Sprint(v.seed, i))
		})
	}
}

// opens opens the newest version of some document of a record.
func (t *telling) opens(ctx context.Context, a access.Actor, record, seed string) error {
	d, ok := t.chooseDoc(record, seed)
	if !ok {
		return nil
	}
	o, err := t.o.Keeper.Open(ctx, a, versions.Target{Document: d.id, Number: d.latest}, "")
	if err != nil {
		return err
	}
	return o.Close()
}

// asks: asks what is in force in a library, and opens an answer.
func asks(t *telling, v *visit) {
	var record string
	var found bool
	t.then(v, func(ctx context.Context, a access.Actor) error {
		if record, found = t.choose(v, ""); !found {
			return nil
		}
		return t.asAt(ctx, a, record, v.day)
	})
	t.then(v, func(ctx context.Context, a access.Actor) error {
		d, ok := t.chooseDoc(record, v.seed)
		if !ok {
			return nil
		}
		_, err := t.o.Keeper.Versions(ctx, a, d.id, 0, 20)
		return err
	})
	t.then(v, func(ctx context.Context, a access.Actor) error { return t.opens(ctx, a, record, v.seed) })
}

func (t *telling) asAt(ctx context.Context, a access.Actor, record string, day clock.Day) error {
	_, _, err := t.o.Keeper.AsAt(ctx, a, t.Records[record], versions.Question{At: versions.On(day), Day: day.String(), Limit: 50})
	return err
}

// oversees: reads, and looks at who else has looked.
func oversees(t *telling, v *visit) {
	reads(t, v)
	t.then(v, func(ctx context.Context, a access.Actor) error {
		record, ok := t.choose(v, "")
		if !ok {
			return nil
		}
		_, err := audit.OfRecord(ctx, t.o.DB, a, t.Records[record], 0, 50)
		return err
	})
}

// strays: asks for a record or a document that is not theirs, and is refused.
func strays(t *telling, v *visit) {
	t.then(v, func(ctx context.Context, a access.Actor) error {
		record, ok := t.choose(v, "")
		if !ok {
			return nil
		}
		_, _, err := people.Get(ctx, t.o.DB, a, t.Records[record])
		return refused(err)
	})
	t.then(v, func(ctx context.Context, a access.Actor) error {
		record, _ := t.choose(v, "")
		if len(t.shelf[record]) == 0 {
			return nil
		}
		return refused(t.opens(ctx, a, record, v.seed))
	})
}

// refused turns the refusal that is meant to come into success, and success
// into an error.
func refused(err error) error {
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Forbidden):
		return nil
	case err == nil:
		return errors.New("sample: what should have been refused was allowed")
	}
	return err
}

// inspects: an hour of an inspection. The inspector asks as at days that lie
// behind, reads what was in force, looks into a staff file, and once asks for a
// young person's file, which is not opened to inspectors.
func inspects(t *telling, v *visit, hour int) {
	library := "Policies of " + v.home
	for i := range 2 {
		t.then(v, func(ctx context.Context, a access.Actor) error {
			return t.asAt(ctx, a, library, v.day.Plus(-90*(hour+1)-37*i))
		})
		t.then(v, func(ctx context.Context, a access.Actor) error {
			return t.opens(ctx, a, library, fmt.Sprint(v.seed, i))
		})
	}
	v.kind = access.Staff
	reads(t, v)
	if hour == 3 {
		t.then(v, func(ctx context.Context, a access.Actor) error {
			_, _, err := people.Get(ctx, t.o.DB, a, t.Records["Wren Sample"])
			return refused(err)
		})
	}
	t.then(v, func(ctx context.Context, a access.Actor) error {
		_, err := audit.OfRecord(ctx, t.o.DB, a, t.Records[library], 0, 50)
		return err
	})
}
