package people_test

import (
	"testing"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/fault"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// Where somebody may open records is what their grants say of that kind; who
// may nowhere is refused, and it leaves a footprint.
func TestOpenings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		who   string
		kind  access.RecordKind
		homes []string
		whole bool
	}{
		{"manager", access.YoungPerson, []string{sample.ChildrensHome}, false},
		{"other-manager", access.Library, []string{sample.FamilyCentre}, false},
		{"admin", access.Staff, []string{sample.FamilyCentre, sample.ChildrensHome, sample.Supported}, true},
	} {
		o, err := people.OpeningsOf(t.Context(), w.DB, w.Actors[c.who], c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if o.Whole != c.whole || len(o.Homes) != len(c.homes) {
			t.Errorf("%s, %s: %+v", c.who, c.kind, o)
			continue
		}
		for i, h := range o.Homes {
			if h.Name != c.homes[i] {
				t.Errorf("%s, %s: %s, want %s", c.who, c.kind, h.Name, c.homes[i])
			}
		}
	}
	for who, kind := range map[string]access.RecordKind{"admin": access.YoungPerson, "staff": access.Library, "inspector": access.Staff, "individual": access.Family} {
		if _, err := people.OpeningsOf(t.Context(), w.DB, w.Actors[who], kind); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s, %s: %v", who, kind, err)
		}
	}
	var n int
	if w.Scan(t, `select count(*) from app.footprint where outcome = 'refused' and action = 'record.opened'`, nil, &n); n != 4 {
		t.Errorf("4 refusals left %d footprints", n)
	}
}

// A form that is sent twice opens one record; one with other words another.
func TestOpenedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := func(who, name, key string) int64 {
		t.Helper()
		home := w.Homes[sample.ChildrensHome]
		id, err := people.Open(t.Context(), w.DB, w.Actors[who], people.NewRecord{Home: home, Kind: access.Library, Name: name, On: clock.Day{}, Why: "x", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := open("manager", "Forms", "k")
	if again := open("manager", "Forms", "k"); again != first {
		t.Error("the same form opened a second record")
	}
	for what, id := range map[string]int64{"other words": open("manager", "Other forms", "k"), "another form": open("manager", "Forms", "l"), "no key": open("manager", "Forms", "")} {
		if id == first {
			t.Errorf("%s opened none", what)
		}
	}
	if one, two := open("manager", "Forms", ""), open("manager", "Forms", ""); one == two {
		t.Error("without a key the second is taken for the first")
	}
}
