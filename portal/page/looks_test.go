package page_test

import (
	"strings"
	"testing"
	"time"

	"custodian/internal/grants"
	"custodian/internal/looks"
	"custodian/portal/page"
)

// Each reason says its figures, in a sentence.
func TestUnusualReasons(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		v, err := time.Parse(time.DateTime, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	usual, left := 2.5, at("2025-05-12 00:00:00")
	u := looks.Unusual{Actor: "Sam Example", Role: grants.RegisteredManager, Home: "Larch House", Looks: 40, Refused: 2, Usual: &usual, FirstAt: at("2025-05-14 22:30:00"), LastAt: at("2025-05-15 00:10:00"), Since: &left}
	for rule, want := range map[string]string{
		"hours":   "40 looks, 2 of them refused between 11.30pm on 14 May 2025 and 1.10am on 15 May 2025, London time. The registered manager does not work on shift, so looks from 11pm to 6am are listed.",
		"volume":  "40 looks, 2 of them refused from 14 May 2025 to 15 May 2025. In the middle of all days with looks, somebody with the same role (registered manager) has 2.5.",
		"surname": "Sam Example has the same surname as the record: 40 looks, 2 of them refused from 14 May 2025 to 15 May 2025.",
		"left":    "Their role at Larch House ended on 12 May 2025. After that: 40 looks, 2 of them refused from 14 May 2025 to 15 May 2025.",
		"outside": "40 accesses outside their role within a month, from 14 May 2025 to 15 May 2025.",
	} {
		u.Rule = rule
		if got := page.UnusualReason(u); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
	u.Rule, u.Home = "left", ""
	if got, want := page.UnusualReason(u), "Their role for every setting ended on 12 May 2025, and no other role covers these records. After that: 40 looks, 2 of them refused from 14 May 2025 to 15 May 2025."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	u.Rule, u.Looks, u.Refused, u.LastAt = "hours", 1, 0, u.FirstAt
	if got := page.UnusualReason(u); !strings.HasPrefix(got, "1 look at 11.30pm on 14 May 2025, London time.") {
		t.Error(got)
	}
}

// A look is told without a name and in short words, whatever the role and the place.
func TestToldWords(t *testing.T) {
	t.Parallel()
	home, centre := looks.Own{Home: "childrens-home"}, looks.Own{Home: "family-centre"}
	for want, c := range map[string]struct {
		o looks.Own
		t looks.Told
	}{
		"A person who works at your home read your care plan.":                                    {home, looks.Told{Act: "version.opened", Kind: "care-plan", Basis: "role", Role: "staff", Near: true, Times: 1}},
		"Your key worker looked at your file, 4 times.":                                           {home, looks.Told{Act: "record.viewed", Basis: "key-worker", Times: 4}},
		"The manager of another of our homes looked at your file.":                                {home, looks.Told{Act: "documents.listed", Basis: "break-glass", Role: "manager", Reason: grants.ForAudit, Times: 1}},
		"The manager of the centre where you stay agreed to your placement plan.":                 {centre, looks.Told{Act: "version.approved", Kind: "placement-plan", Basis: "role", Role: "manager", Near: true, Times: 1}},
		"A person who works at another of our homes looked at what your file said on a day.":      {home, looks.Told{Act: "record.asked-as-at", Basis: "role", Role: "staff", Times: 1}},
		"A person who works for us looked at a paper in your file: record of an incident.":        {home, looks.Told{Act: "document.viewed", Kind: "incident", Times: 1}},
		"A person who works at your home put in a newer copy of a paper in your file.":            {home, looks.Told{Act: "version.added", Kind: "unheard-of", Basis: "role", Role: "staff", Near: true, Times: 1}},
		"The person who checks how we keep information looked at your file.":                      {home, looks.Told{Act: "record.viewed", Basis: "role", Role: "data-protection-officer", Times: 1}},
		"An inspector read your health plan.":                                                     {home, looks.Told{Act: "version.opened", Kind: "health-plan", Basis: "role", Role: "inspector", Near: true, Times: 1}},
		"A person who works at the place where you live put a new paper in your file: care plan.": {looks.Own{}, looks.Told{Act: "document.added", Kind: "care-plan", Basis: "role", Role: "staff", Near: true, Times: 1}},
	} {
		if got := page.ToldWords(c.t, c.o); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
