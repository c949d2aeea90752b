package page

import (
	"net/http"
	"slices"
	"strings"
)

// Front is the page for those who are not signed in.
type Front struct {
	Frame
	CanSignIn bool // a sign-in service is set
}

// SignedOut says that the session has ended.
type SignedOut struct {
	Frame
	There string // where the sign-in service signs them out too, "" for nowhere
}

// NotIn says that somebody could not be signed in, or has no role.
type NotIn struct {
	Frame
	Name    string // of the person, where the sign-in service gave one
	Text    string
	Ask     string // whom to ask
	NoRole  bool
	Second  string // the roles that ask for a second step, where one is lacking
	MayPass bool   // starting again may help
}

// Kept is one field of a form that came without a session.
type Kept struct{ Name, Text string }

// Again gives back what was typed into a form whose session had ended. Typed is
// sent again as it is; Shown are the same words, to be read and copied.
type Again struct {
	Frame
	Lead    string // why they have to sign in again
	SignIn  string // where
	Way     bool   // there is nothing typed: they go on from here
	Address string
	Typed   []Kept
	Files   bool
}

// Shown are the fields with something in them, under names that can be read.
func (a Again) Shown() []Kept {
	var list []Kept
	for _, k := range a.Typed {
		if strings.TrimSpace(k.Text) != "" && !slices.Contains([]string{"once", "key", "seen", "latest", "instead", "of"}, k.Name) { // those nobody typed
			list = append(list, Kept{upperFirst(strings.NewReplacer("-", " ", "_", " ").Replace(k.Name)), k.Text})
		}
	}
	return list
}

// Wrong says what went wrong.
type Wrong struct {
	Frame
	Heading, Text string
	Quote         string
	Ours          bool // the fault is ours, and the number helps to find it
}

// WrongHeading says in few words what went wrong. What is not there and what is
// not the reader's have the same.
func WrongHeading(status int, title string) string {
	if status == http.StatusNotFound {
		return "We cannot find that page"
	}
	return title
}

// Plain is a page of words alone.
type Plain struct {
	Frame
	Ask string // whom to ask for help
	Own bool   // the reader reads their own file, and nothing else
}

// NoticeOf says what has just been done, by the word that the address carries;
// nil for a word that is not known.
func NoticeOf(what string) *Notice {
	text, ok := notices()[what]
	if !ok {
		return nil
	}
	return &Notice{Title: "Done", Text: text}
}

// notices are what can have been done, by the word in the address.
func notices() map[string]string {
	return map[string]string{
		"added":             "Added",
		"submitted":         "Sent for approval",
		"approved":          "Approved",
		"corrected":         "The dates are corrected",
		"restored":          "Brought back as a new version",
		"withdrawn":         "Withdrawn",
		"opened":            "The record is open",
		"closed":            "The record is closed",
		"reopened":          "The record is open again",
		"moved":             "The record has moved",
		"role-given":        "The role is given",
		"role-ended":        "The role has ended",
		"taken-in":          "They are taken in, and see nothing until the manager of their file lets them read it",
		"left":              "They have left, or will on that day",
		"back":              "They are here again, and hold no role yet",
		"entrusted":         "They are a key worker of this record",
		"inspected":         "The inspector can read it",
		"own":               "They can read their own file",
		"grant":             "It has ended",
		"consent":           "The consent is recorded",
		"consent-no":        "What they said is recorded",
		"withdrawal":        "The consent has ended",
		"person":            "The person has the role, and comes in at their next sign-in",
		"setting":           "The setting is added",
		"mapped":            "The group now gives that role",
		"unmapped":          "The group gives that role no longer",
		"session":           "That session has ended",
		"sessions":          "All those sign-ins have ended",
		"token":             "That token works no longer",
		"scim-token":        "That token works no longer",
		"scim-stop":         "The directory is followed no longer",
		"dropped":           "The file was not added",
		"none":              "None of the files was added",
		"kept":              "Your files are kept until tomorrow",
		"asked":             "The question is asked",
		"answered":          "Your answer is kept",
		"looked-into":       "What came of it is kept",
		"concern-raised":    "The concern is sent",
		"concern-answered":  "The answer is sent",
		"concern-passed-on": "The concern is passed on",
		"concern-closed":    "The concern is closed",
		"safety":            "The safety panel says it now",
		"section":           "It is in the other section now",
		"lodged":            "It is in the restricted section now. The main file shows a note that something was lodged",
		"lodging-kept":      "It stays in the restricted section until its next review",
		"shared":            "It is recorded with whom it was shared",
		"lodging-out":       "It has left the restricted section",
		"consulted":         "What they said is recorded",
		"outside":           "You can see this record for now. Your letter stands on it",
		"outside-asked":     "A manager is asked. Until then nothing is shown to you",
		"outside-approved":  "The longer time is approved",
		"outside-refused":   "The longer time is not given",
		"outside-ended":     "The access has ended",
		"outside-accepted":  "Accepted",
		"outside-escalated": "Escalated to those who answer for the whole provider",
		"outside-wrong":     "Kept as wrong",
		"outside-written":   "What the oversight came to stands on the record",
		"declared":          "Declared. If there is such a record, it is not shown to you from now on",
		"acted":             "Kept with the declaration",
		"shielded":          "The record is kept from them from now on",
		"circle":            "The record is kept from everybody but you. Let in those who need it",
		"let-in":            "They are let in",
		"shield-ended":      "That shield has ended",
	}
}

// SecondStepFor begins a sentence with the roles that ask for a second step.
func SecondStepFor(roles []string) string {
	var list []string
	for _, r := range roles {
		list = append(list, lowerFirst(RoleWords(r)))
	}
	if len(list) == 1 {
		return "Your role, " + list[0] + ","
	}
	return "Each of your roles " + names(list)
}
