package versions

import (
	"slices"
	"strings"

	"custodian/internal/access"
)

// Kind is what a document is: its name in addresses and answers, its words on
// screen, and the rules that come with it.
type Kind struct {
	Name  string `json:"kind"`
	Words string `json:"words"`
	// Approval: another person must approve a version before it is in force
	// (Children's Homes (England) Regulations 2015 reg 16 and Schedule 1; Residential Family Centres
	// Regulations 2002 reg 4; the sources' "approved by [board], date, review date").
	Approval bool `json:"needs_approval"`
	// Event: it records something that happened, and is to be written within 24 hours of it.
	Event bool `json:"records_an_event"`
	// Arrives: it comes from outside and carries the day it was received.
	Arrives bool `json:"arrives"`
}

// Kinds lists every kind of document, in the order in which they are offered.
func Kinds() []Kind {
	return []Kind{
		{Name: "policy", Words: "Policy", Approval: true},
		{Name: "statement-of-purpose", Words: "Statement of purpose", Approval: true},
		{Name: "procedure", Words: "Procedure"},
		{Name: "childrens-guide", Words: "Children’s guide"},
		{Name: "privacy-notice", Words: "Privacy notice"},
		{Name: "form", Words: "Form"},
		{Name: "care-plan", Words: "Care plan"},
		{Name: "placement-plan", Words: "Placement plan"},
		{Name: "pathway-plan", Words: "Pathway plan"},
		{Name: "health-plan", Words: "Health plan"},
		{Name: "education-plan", Words: "Education plan"},
		{Name: "risk-assessment", Words: "Risk assessment"},
		{Name: "assessment", Words: "Assessment"},
		{Name: "behaviour-plan", Words: "Behaviour plan"},
		{Name: "review", Words: "Review"},
		{Name: "agreement", Words: "Agreement"},
		{Name: "statement", Words: "Personal statement"},
		{Name: "visit", Words: "Record of a visit", Event: true},
		{Name: "incident", Words: "Record of an incident", Event: true},
		{Name: "restraint", Words: "Record of a restraint", Event: true},
		{Name: "missing", Words: "Record of a missing episode", Event: true},
		{Name: "complaint", Words: "Record of a complaint", Event: true},
		{Name: "meeting", Words: "Record of a meeting", Event: true},
		{Name: "letter", Words: "Letter received", Arrives: true},
		{Name: "court-report", Words: "Court report or order", Arrives: true},
		{Name: "referral", Words: "Referral", Arrives: true},
		{Name: "inspection-report", Words: "Inspection report", Arrives: true},
		{Name: "application", Words: "Application or CV"},
		{Name: "qualification", Words: "Qualification"},
		{Name: "reference", Words: "Reference", Arrives: true},
		{Name: "dbs-check", Words: "DBS check"},
		{Name: "contract", Words: "Contract"},
		{Name: "supervision", Words: "Supervision"},
		{Name: "appraisal", Words: "Appraisal"},
		{Name: "training", Words: "Training record"},
		{Name: "certificate", Words: "Certificate or insurance"},
		{Name: "photograph", Words: "Photograph"},
		{Name: "recording", Words: "Sound or film"},
		{Name: "other", Words: "Other"},
	}
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	kinds := Kinds()
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return kinds[i], true
}

// KindsFor lists the kinds of document that belong in a record of this kind, in
// the order in which they are offered. It is what people are offered: what came
// from elsewhere may be of any kind.
func KindsFor(r access.RecordKind) []Kind {
	const plans = "care-plan placement-plan pathway-plan health-plan education-plan behaviour-plan"
	const family = "risk-assessment assessment review agreement statement visit incident missing complaint meeting letter court-report referral form photograph recording other"
	fitting := map[access.RecordKind]string{
		access.Library: "policy statement-of-purpose procedure childrens-guide privacy-notice form risk-assessment agreement visit complaint meeting letter " +
			"inspection-report training certificate photograph recording other",
		access.YoungPerson: plans + " restraint certificate " + family,
		access.Family:      plans + " " + family,
		access.Parent:      plans + " certificate " + family,
		access.Staff: "application qualification reference dbs-check contract supervision appraisal training certificate agreement statement incident complaint meeting " +
			"letter form photograph recording other",
	}
	names := strings.Fields(fitting[r])
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !slices.Contains(names, k.Name) })
}
