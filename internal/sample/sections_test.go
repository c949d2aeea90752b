package sample_test

import (
	"testing"

	"custodian/internal/people"
	"custodian/versions"
)

// A safety panel, what is sensitive, and two lodgings, one of them overdue, all of
// it dated before the day of planting.
func checkSections(t *testing.T, p *planted) {
	on := day(t, today)
	panel, err := people.SafetyOf(t.Context(), p.DB, p.Actors["staff"], p.Records["Wren Sample"], people.SafetyAsk{Day: on})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range panel.Lines {
		if l.Said == nil || !l.Said.At.Before(on.Start()) {
			t.Errorf("the panel says of %s: %+v", l.Topic, l.Said)
		}
	}
	if len(panel.Lines) != 8 || panel.Lines[0].Said.None {
		t.Errorf("the panel is %+v", panel.Lines)
	}
	list, err := p.keeper.Register(t.Context(), p.Actors["manager"], versions.RegisterPlace{}, 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("the register is %+v %v", list, err)
	}
	if late, fresh := list[0], list[1]; late.Due != on.Plus(-40) || fresh.Due != on.Plus(57) || late.RecordName != "Finch Sample" {
		t.Errorf("due on %s and %s", late.Due, fresh.Due)
	}
	var sensitive int
	p.Scan(t, `select count(*) from app.document where class = 4`, nil, &sensitive)
	if sensitive != 1 {
		t.Errorf("%d sensitive documents in staff files", sensitive)
	}
}
