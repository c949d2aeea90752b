package whole

import (
	"strings"
	"testing"

	"custodian/internal/browsertest"
)

// homes says what stands on the first page of each person of the demonstration.
func homes() map[string][]string {
	lately := "Lately at Larkfield House"
	return map[string][]string{
		"staff":             {"Waiting for somebody else", lately, "Show what was in force on", "Add a document to"},
		"staff2":            {"Waiting for somebody else", lately, "Add a document to"},
		"shift-lead":        {lately, "Add a document to"},
		"newcomer":          {"Nothing needs you today", lately, "Add a document to"},
		"manager":           {"A relative or friend who may come here", "What is restricted from Finch Sample", "Missing from home policy, version 4"},
		"other-staff":       {"Lately at Bramble Court", "Observation and assessment policy, version 3"},
		"other-manager":     {"Teal Specimen", "outside their role", "Observation and assessment policy, version 3"},
		"supported-staff":   {"Lately at Tern Street", "Add a document to"},
		"supported-manager": {"Plover Sample", "had access outside their role", "Policies in date"},
		"inspector":         {"Nothing needs you today", "Show what was in force on", lately},
		"visitor-44":        {"Nothing needs you today", "Show what was in force on", lately},
		"visitor-25":        {"Nothing needs you today", "Lately at Bramble Court"},
		"front-door":        {"Nothing needs you today", "Lately at Example Care", "Policies of Tern Street"},
		"individual":        {"things need you", "Larkfield House. From Sam Example"},
		"dpo":               {"A concern about a look", "Lately at Example Care"},
		"admin":             {"What you look after", "People and their roles", "Sign-ins, and which group gives which role"},
		"auditor":           {"What you look after", "Who has looked, and what is out of the ordinary", "What is in the records is not shown to you."},
		"young-person":      {"Your file", "Read your file", "Who has looked at your file"},
		"parent":            {"Your file", "Read your file", "Who has looked at your file"},
		"visitor":           {"You have no role here yet", "Ask the person who looks after Custodian in your organisation."},
	}
}

// everybody signs each person of the demonstration in, and looks at their first page.
func (s *stack) everybody(t *testing.T) {
	for _, u := range s.Users {
		who, _, _ := strings.Cut(u.Email, "@")
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			for _, width := range []int{1200, 375} {
				p := s.come(t, who, browsertest.Options{Width: width}, false)
				words, ok := homes()[who]
				if !ok {
					t.Errorf("nobody says what %s is shown first: %s", who, p.Text())
				}
				for _, w := range words {
					p.Has(w)
				}
				p.Axe()
				p.Shot("first-" + who)
			}
		})
	}
}
