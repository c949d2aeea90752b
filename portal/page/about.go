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
	MayPass bool // starting again may help
}

// Kept is one field of a form that came without a session.
type Kept struct{ Name, Text string }

// Again gives back what was typed into a form whose session had ended. Typed is
// sent again as it is; Shown are the same words, to be read and copied.
type Again struct {
	Frame
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
}

// NoticeOf says what has just been done, by the word that the address carries;
// nil for a word that is not known.
func NoticeOf(what string) *Notice {
	text, ok := map[string]string{
		"added":      "Added",
		"submitted":  "Sent for approval",
		"approved":   "Approved",
		"corrected":  "The dates are corrected",
		"restored":   "Brought back as a new version",
		"withdrawn":  "Withdrawn",
		"opened":     "The record is open",
		"closed":     "The record is closed",
		"reopened":   "The record is open again",
		"moved":      "The record has moved",
		"role-given": "The role is given",
		"role-ended": "The role has ended",
		"person":     "The person has the role, and comes in at their next sign-in",
		"setting":    "The setting is added",
		"mapped":     "The group now gives that role",
		"unmapped":   "The group gives that role no longer",
		"session":    "That session has ended",
		"token":      "That token works no longer",
		"dropped":    "The file was not added",
		"none":       "None of the files was added",
		"kept":       "Your files are kept until tomorrow",

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
	}[what]
	if !ok {
		return nil
	}
	return &Notice{Title: "Done", Text: text}
}
