package page

import (
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/versions"
)

func TestStatesInWords(t *testing.T) {
	t.Parallel()
	s := versions.Sheet{Today: on(t, "2026-11-24"), Waiting: 5, RanOut: map[int]bool{2: true}}
	for _, c := range []struct {
		number  int
		state   versions.State
		periods []versions.Period
		want    Status
	}{
		{5, versions.Submitted, nil, Status{"Waiting for approval", "next"}},
		{4, versions.Submitted, nil, Status{"Not approved", "quiet"}},
		{3, versions.Coming, []versions.Period{held(t, "2027-04-01", "")}, Status{"From 1 April 2027", "next"}},
		{3, versions.Coming, []versions.Period{held(t, "2024-04-01", "2024-05-01"), held(t, "2027-04-01", "")}, Status{"From 1 April 2027", "next"}},
		{3, versions.InForce, []versions.Period{held(t, "2024-04-01", "")}, Status{"In force", "good"}},
		{1, versions.Superseded, []versions.Period{held(t, "2024-04-01", "2025-04-01")}, Status{"Superseded", "past"}},
		{2, versions.Superseded, []versions.Period{held(t, "2024-04-01", "2025-04-01")}, Status{"Ended 31 March 2025", "past"}},
		{1, versions.Superseded, nil, Status{"Superseded", "past"}},
		{1, versions.Withdrawn, []versions.Period{held(t, "2024-04-01", "2025-02-28")}, Status{"Withdrawn 28 February 2025", "past"}},
		{1, versions.Withdrawn, nil, Status{"Withdrawn", "past"}},
	} {
		v := versions.Detailed{Version: versions.Version{Number: c.number}, State: c.state, Periods: c.periods}
		if got := VersionStatus(s, v); got != c.want {
			t.Errorf("version %d, %s: %+v, want %+v", c.number, c.state, got, c.want)
		}
	}
	s.Document.Kind = "visit" // nobody says of a visit that it is in force
	if got := VersionStatus(s, versions.Detailed{State: versions.InForce, Periods: []versions.Period{held(t, "2024-04-01", "")}}); got != (Status{"Recorded", "quiet"}) {
		t.Errorf("a visit: %+v", got)
	}
	s.Waiting = 0
	if got := VersionStatus(s, versions.Detailed{State: versions.Submitted}); got.Words != "Not approved" {
		t.Errorf("left behind by a later one: %+v", got)
	}
}

func TestOnADayInWords(t *testing.T) {
	t.Parallel()
	first := midnight(t, "2015-05-04")
	for _, c := range []struct {
		day, known  string
		shown, held int
		first       *time.Time
		want, link  string
	}{
		{"2025-03-14", "", 10, 10, &first, "In force on 14 March 2025", ""},
		{"2026-11-24", "", 10, 10, &first, "In force today", ""},
		{"2025-03-14", "2025-04-01", 10, 10, &first, "In force on 14 March 2025, by what we knew on 1 April 2025", ""},
		{"2025-03-14", "", 12, 10, &first, "Version 12 was not in force on 14 March 2025.", "Version 10 was"},
		{"2027-03-14", "", 10, 12, &first, "Version 10 is not to be in force on 14 March 2027.", "Version 12 is to be"},
		{"2010-03-14", "", 10, 0, &first, "There was no statement of purpose on that day. The first came into force on 4 May 2015.", ""},
		{"2025-03-14", "", 10, 0, &first, "No version of this was in force on 14 March 2025.", ""},
		{"2025-03-14", "", 1, 0, nil, "No version of this was in force on 14 March 2025.", ""},
	} {
		s := versions.Sheet{Today: on(t, "2026-11-24"), OnDay: c.held, First: c.first, Shown: versions.Detailed{Version: versions.Version{Number: c.shown}}}
		s.Document = versions.Document{ID: 7, Kind: "statement-of-purpose", Title: "Our statement"}
		known := clock.Day{}
		if c.known != "" {
			known = on(t, c.known)
		}
		d := DocumentOf(s, on(t, c.day), known, 0, 20)
		if got := d.OnDay.Words; got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if got := d.OnDay.Link; c.link == "" && got != nil || c.link != "" && (got == nil || got.Words != c.link || !strings.HasSuffix(got.Address, "?on="+c.day)) {
			t.Errorf("%s: link %+v, want %q", c.day, got, c.link)
		}
	}
}

func TestReasonsInWords(t *testing.T) {
	t.Parallel()
	since, until := midnight(t, "2022-01-04"), midnight(t, "2026-12-31")
	for want, r := range map[string]grants.Reason{
		"You are the registered manager at Larkfield House, given by Gareth Example on 4 January 2022. It has no end date.":                                                           {Basis: "role", Role: grants.RegisteredManager, Scope: access.AtHome, Place: "Larkfield House", From: since, By: "Gareth Example"},
		"You are an inspector at Larkfield House, since 4 January 2022. It ends on 31 December 2026.":                                                                                 {Basis: "role", Role: grants.Inspector, Scope: access.AtHome, Place: "Larkfield House", From: since, Until: &until},
		"You are the data protection officer for Example Care, because the sign-in service says that you belong to a group with that role, since 4 January 2022. It has no end date.": {Basis: "role", Role: grants.DataProtectionOfficer, Place: "Example Care", From: since, Group: true},
		"You are the key worker of this young person’s record, given by Gareth Example on 4 January 2022. It has no end date.":                                                        {Basis: "key-worker", Scope: access.AtRecord, From: since, By: "Gareth Example"},
		"You asked for access outside your role, for audit or moderation, on 4 January 2022. It ends at the end of 4 January 2022.":                                                   {Basis: "break-glass", Asked: grants.ForAudit, Scope: access.AtRecord, From: since, Until: new(since.Add(24 * time.Hour))},
		"You have been given this, since 4 January 2022. It has no end date.":                                                                                                         {Basis: "unheard-of", Scope: access.AtRecord, From: since},
		"This is your own file, and you can read it, given by Gareth Example on 4 January 2022. It has no end date.":                                                                  {Basis: "data-subject", Role: grants.YoungPerson, Scope: access.AtRecord, From: since, By: "Gareth Example"},
		"You visit Larkfield House, and both consents stand on this young person’s record, since 4 January 2022. It ends on 31 December 2026.":                                        {Basis: "consent", Role: grants.Visitor44, Scope: access.AtRecord, Place: "Larkfield House", From: since, Until: &until},
		"You work at the front door for Example Care, since 4 January 2022. It has no end date.":                                                                                      {Basis: "role", Role: grants.FrontDoor, Place: "Example Care", From: since},
		"You are the registered manager at Larkfield House, standing in for Gareth Example, given by Gareth Example on 4 January 2022. It ends on 31 December 2026.":                  {Basis: "role", Role: grants.RegisteredManager, Scope: access.AtHome, Place: "Larkfield House", From: since, Until: &until, By: "Gareth Example", Handed: true},
		"You are an auditor for Example Care, since 4 January 2022. It has no end date.":                                                                                              {Basis: "role", Role: grants.Auditor, Place: "Example Care", From: since},
		"You are the person in charge of the shift at Larkfield House, since 4 January 2022. It has no end date.":                                                                     {Basis: "role", Role: grants.ShiftLead, Scope: access.AtHome, Place: "Larkfield House", From: since},
		"You are an independent visitor (regulation 44) at Larkfield House, since 4 January 2022. It has no end date.":                                                                {Basis: "role", Role: grants.Visitor44, Scope: access.AtHome, Place: "Larkfield House", From: since},
	} {
		if got := Because(r, access.YoungPerson); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What differs is marked, and only that.
func TestCompare(t *testing.T) {
	t.Parallel()
	review := midnight(t, "2027-01-01")
	old := versions.Detailed{Version: versions.Version{Number: 1, SHA256: []byte{1}, Author: "A", FileName: "a.pdf", MediaType: "application/pdf", Size: 10, WantedFrom: midnight(t, "2025-01-01"), RecordedAt: midnight(t, "2025-01-01")}}
	v := old
	v.Number, v.SHA256, v.ReviewOn, v.FileName, v.Note = 2, []byte{2}, &review, "<b>.pdf", "New."
	c := CompareOf(versions.Sheet{Shown: v, Holds: &old})
	changed := map[string]bool{}
	for _, p := range c.Rows {
		changed[p.Name] = p.Changed
		if p.Changed == (p.Old == p.New) {
			t.Errorf("%+v", p)
		}
	}
	for name, want := range map[string]bool{"Review due": true, "File name": true, "Note": true, "Size": false, "Written by": false, "In force": false} {
		if got, there := changed[name]; !there || got != want {
			t.Errorf("%s is changed: %v, there: %v", name, got, there)
		}
	}
	if !strings.HasPrefix(c.Sentence, "The file is different. 3 facts differ.") {
		t.Error(c.Sentence)
	}
	v.SHA256 = old.SHA256
	if c := CompareOf(versions.Sheet{Shown: v, Holds: &old}); !strings.HasPrefix(c.Sentence, "The file is the very same as that of version 1.") {
		t.Error(c.Sentence)
	}
	if c := CompareOf(versions.Sheet{Shown: v}); c.Old != "" || c.Rows[0].Old != "" {
		t.Errorf("there is nothing to compare with: %+v", c)
	}
}

// Whichever part of a history is shown, each version and each withdrawal stands
// in one of them, in the order in which they came.
func TestTimelineInParts(t *testing.T) {
	t.Parallel()
	const limit = 2
	came := midnight(t, "2020-01-01")
	var all []versions.Detailed // newest first
	for n := 5; n >= 1; n-- {
		all = append(all, versions.Detailed{Version: versions.Version{Number: n, RecordedAt: came.AddDate(n, 0, 0)}, State: versions.Superseded})
	}
	s := versions.Sheet{Newest: 5}
	for _, year := range []int{1, 3, 5} { // after the first version, between two parts, after the newest
		s.Withdrawn = append(s.Withdrawn, versions.Said{Period: versions.Period{From: came.AddDate(year, 6, 0)}, At: came.AddDate(year, 6, 0)})
	}
	var seen []string
	for before := 0; ; {
		from := 0
		if before != 0 {
			from = len(all) - before + 1
		}
		s.Versions = all[from:min(from+limit+1, len(all))]
		d := DocumentOf(s, clock.Day{}, clock.Day{}, before, limit)
		for _, h := range d.Timeline {
			seen = append(seen, h.Title)
		}
		if d.Earlier == nil {
			break
		}
		before = s.Versions[limit-1].Number
	}
	want := "Withdrawn from 1 July 2025, Version 5, Version 4, Withdrawn from 1 July 2023, Version 3, Version 2, Withdrawn from 1 July 2021, Version 1"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
}
