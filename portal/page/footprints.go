package page

import (
	"fmt"
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/clock"
	"custodian/internal/looks"
)

// FootprintRow is one look, change or refusal.
type FootprintRow struct {
	When, UTC, Stamp string
	Who, Post        string
	Only             string // address of the list of this person's alone, "" where there is none
	Then, By         string // what they were then, and by what they saw it
	What, Address    string
	Where            *Link // the record, in lists of several
	Refused          *Status
	Concern, Ask     string // addresses of what can be made of it, "" for none
}

// Footprints are who looked at something, and what they did.
type Footprints struct {
	Frame
	Heading, Caption string
	Own              bool // the reader sees their own alone
	Several          bool // records: each row names its own
	Intro            string
	Narrow           *Narrow
	Rows             []FootprintRow
	Earlier          string
	Later            string // the newest again, where the list has gone on
	Export           string // address of a copy, "" for none
}

// Narrow is the form that narrows a list of footprints.
type Narrow struct {
	Address     string
	From, Until Date
	Act         Choice
	Person      *Link // whose alone are shown, and the list of everybody's
	PersonID    string
	Opened      bool
}

// FootprintsOf makes the page of a list. found holds one more than limit where the
// list goes on; at is the list's address, with what narrows it.
func FootprintsOf(found []looks.Look, at string, before int64, limit int, now time.Time) Footprints {
	f := Footprints{}
	if len(found) > limit {
		found = found[:limit]
		f.Earlier = with(at, "before", strconv.FormatInt(found[limit-1].ID, 10))
	}
	if before != 0 {
		f.Later = at
	}
	for _, l := range found {
		f.Rows = append(f.Rows, lookRow(l, now))
	}
	return f
}

// LookedWords are those of the link to the footprints, and of their heading:
// whoever may not audit sees their own alone.
func LookedWords(all bool) string {
	if all {
		return "Everyone who has looked"
	}
	return "What you have looked at"
}

func footprintRow(p audit.Footprint, now time.Time) FootprintRow {
	r := FootprintRow{When: Moment(p.At, now), UTC: utc(p.At), Stamp: p.At.UTC().Format(time.RFC3339), Who: p.Actor, Post: p.PostTitle, What: Deed(p),
		Concern: LookAddress(p.ID, "concern")}
	if r.Who == "" {
		r.Who = "Somebody of another organisation"
	}
	if p.Document != nil && p.Title != "" {
		r.Address = DocumentAddress(*p.Document)
		if p.Version != nil {
			r.Address += "/versions/" + strconv.Itoa(int(*p.Version))
		}
	}
	switch p.Outcome {
	case "refused":
		r.Refused = &Status{"Was refused", "closed"}
	case "damaged":
		r.Refused = &Status{"The file was damaged", "late"}
	}
	return r
}

// utc is the time by which a footprint can be held against another clock; the
// day is said where it is another than London's.
func utc(t time.Time) string {
	text := t.UTC().Format("15:04:05") + " UTC"
	if t.UTC().Day() != t.In(clock.London).Day() {
		text += " on " + t.UTC().Format("2 January")
	}
	return text
}

// deed is an action in words: as it was done, and as it was tried. %s is what
// it was done to.
type deed struct{ done, tried string }

// Deed says what a footprint tells, in a sentence without its subject.
func Deed(p audit.Footprint) string {
	d, ok := deeds()[p.Action]
	if !ok {
		d, ok = outsideDeeds()[p.Action]
	}
	if !ok {
		d = deed{"Did something that this page has no words for", "do something that this page has no words for"}
	}
	about := object(p)
	words := fill(d.done, about)
	if p.Outcome != "done" {
		words = "Tried to " + fill(d.tried, about)
	}
	return words + particulars(p)
}

func fill(words, about string) string {
	for i := 0; i+1 < len(words); i++ {
		if words[i] == '%' && words[i+1] == 's' {
			return words[:i] + about + words[i+2:]
		}
	}
	return words
}

// object is what was done something to: "version 3 of Care plan".
func object(p audit.Footprint) string {
	title := p.Title
	if title == "" {
		title = "a document"
		if p.Document == nil {
			title = "the record"
		}
	}
	switch n, ok := p.Detail["number"].(float64); {
	case p.Version != nil:
		return fmt.Sprintf("version %d of %s", *p.Version, title)
	case ok && p.Document != nil:
		return fmt.Sprintf("version %d of %s", int(n), title)
	}
	return title
}

// particulars are the days that a footprint tells of.
func particulars(p audit.Footprint) string {
	text := ""
	for _, d := range []struct{ name, words string }{{"date", ", as it was on "}, {"in_force_from", ", in force from "}, {"in_force_to", " to "}, {"from", ", from "}, {"on", ", on "}} {
		said, ok := p.Detail[d.name].(string)
		if day, err := clock.ParseDay(said); ok && err == nil {
			text += d.words + Day(day)
		}
	}
	if said, ok := p.Detail["known"].(string); ok {
		if at, err := time.Parse(time.RFC3339Nano, said); err == nil {
			text += ", by what was known on " + DayOf(at.Add(-time.Microsecond))
		}
	}
	if said, _ := p.Detail["range"].(string); said != "" {
		text += ", in part"
	}
	if p.Detail["repeated"] == true {
		text += ", sent a second time and not done again"
	}
	return text
}

// deeds are the words of every action.
func deeds() map[string]deed {
	return map[string]deed{
		access.ViewSelf.Name:           {"Looked at their own access", "look at their own access"},
		access.ViewHomes.Name:          {"Looked at the list of settings", "look at the list of settings"},
		access.ListRecords.Name:        {"Looked at the list of records", "look at the list of records"},
		access.ListDocuments.Name:      {"Looked at the list of documents", "look at the list of documents"},
		access.ViewDocument.Name:       {"Looked at %s", "look at %s"},
		access.OpenVersion.Name:        {"Opened %s", "open %s"},
		access.AskAsAt.Name:            {"Asked about the record", "ask about the record"},
		access.ViewRecord.Name:         {"Looked at the record", "look at the record"},
		access.ViewFootprints.Name:     {"Looked at who has looked", "look at who has looked"},
		access.AddDocument.Name:        {"Added %s", "add a document"},
		access.AddVersion.Name:         {"Added %s", "add a version of %s"},
		access.HoldUpload.Name:         {"Sent a file to be added", "send a file to be added"},
		access.ViewUpload.Name:         {"Looked at files that are still to be added", "look at files that are still to be added"},
		access.NoteUpload.Name:         {"Wrote down what a file is, before adding it", "write down what a file is"},
		access.DropUpload.Name:         {"Threw away a file that was not added", "throw away a file that was not added"},
		access.ApproveVersion.Name:     {"Approved %s", "approve %s"},
		access.CorrectDate.Name:        {"Corrected the dates of %s", "correct the dates of %s"},
		access.Withdraw.Name:           {"Withdrew %s", "withdraw %s"},
		access.RestoreVersion.Name:     {"Brought an earlier version back, as %s", "bring back %s"},
		access.OpenRecord.Name:         {"Opened the record", "open a record"},
		access.CloseRecord.Name:        {"Closed the record", "close the record"},
		access.ReopenRecord.Name:       {"Opened the record again", "open the record again"},
		access.MoveRecord.Name:         {"Moved the record to another setting", "move the record"},
		access.Found.Name:              {"Set up the organisation", "set up the organisation"},
		access.AddHome.Name:            {"Added a setting", "add a setting"},
		access.AddActor.Name:           {"Added a person", "add a person"},
		access.GiveRole.Name:           {"Gave a role", "give a role"},
		access.EndRole.Name:            {"Ended a role", "end a role"},
		access.GiveGrant.Name:          {"Gave somebody the right to see this record", "give somebody the right to see this record"},
		access.MakeToken.Name:          {"Made an access token", "make an access token"},
		access.RevokeToken.Name:        {"Ended an access token", "end an access token"},
		access.ViewNeeds.Name:          {"Looked at what waits for them", "look at what waits for them"},
		access.AuditRecord.Name:        {"Looked through everybody’s footprints", "look through everybody’s footprints"},
		access.BeginSession.Name:       {"Signed in", "sign in"},
		access.EndSession.Name:         {"Signed out", "sign out"},
		access.RecordSignIn.Name:       {"Came from the sign-in service", "come in from the sign-in service"},
		access.ViewSignIns.Name:        {"Looked at who signed in", "look at who signed in"},
		access.ViewGroups.Name:         {"Looked at which groups give which roles", "look at which groups give which roles"},
		access.MapGroup.Name:           {"Let a group give a role", "let a group give a role"},
		access.UnmapGroup.Name:         {"Let a group give a role no longer", "stop a group from giving a role"},
		access.ViewPeople.Name:         {"Looked at the list of people", "look at the list of people"},
		access.ViewPerson.Name:         {"Looked at a person and their roles", "look at a person and their roles"},
		access.ViewSettings.Name:       {"Looked at the settings", "look at the settings"},
		access.ListCheckpoints.Name:    {"Looked at the signed checkpoints", "look at the signed checkpoints"},
		access.CheckTree.Name:          {"Checked that no footprint was changed", "check that no footprint was changed"},
		access.ExportTree.Name:         {"Exported all footprints, to be checked elsewhere", "export all footprints"},
		access.RaiseEpoch.Name:         {"Let signing go on after a backup was restored", "let signing go on after a backup was restored"},
		access.Public.Name:             {"Looked at a page for everybody", "look at a page for everybody"},
		access.ViewOversight.Name:      {"Looked at the page for oversight", "look at the page for oversight"},
		access.ListLooks.Name:          {"Looked through footprints", "look through footprints"},
		access.ExportLooks.Name:        {"Took a copy of footprints", "take a copy of footprints"},
		access.DrawSample.Name:         {"Drew a sample of looks", "draw a sample of looks"},
		access.ViewLooked.Name:         {"Looked at who has looked at their own record", "look at who has looked"},
		access.ViewReasons.Name:        {"Looked at why they can see %s", "look at why they can see %s"},
		access.ListUnusual.Name:        {"Looked at what is out of the ordinary", "look at what is out of the ordinary"},
		access.LookInto.Name:           {"Wrote down what came of an unusual look", "write down what came of an unusual look"},
		access.ListConcerns.Name:       {"Looked at concerns", "look at concerns"},
		access.ViewConcern.Name:        {"Looked at a concern", "look at a concern"},
		access.RaiseConcern.Name:       {"Raised a concern about a look", "raise a concern about a look"},
		access.AnswerConcern.Name:      {"Answered a concern", "answer a concern"},
		access.PassConcernOn.Name:      {"Passed a concern on", "pass a concern on"},
		access.CloseConcern.Name:       {"Closed a concern", "close a concern"},
		access.AskReason.Name:          {"Asked somebody why they looked", "ask somebody why they looked"},
		access.ViewQuestion.Name:       {"Looked at a question about a look", "look at a question about a look"},
		access.ListQuestions.Name:      {"Looked at questions about looks", "look at questions about looks"},
		access.AnswerQuestion.Name:     {"Said why they looked", "say why they looked"},
		access.MoveSection.Name:        {"Moved %s to another section", "move %s to another section"},
		access.Lodge.Name:              {"Lodged %s in the restricted section", "lodge %s in the restricted section"},
		access.ViewLodgings.Name:       {"Looked at why %s is restricted", "look at the restricted section"},
		access.ListLodgings.Name:       {"Looked at the register of what is restricted", "look at the register of what is restricted"},
		access.KeepLodging.Name:        {"Kept %s in the restricted section", "keep %s in the restricted section"},
		access.ShareLodging.Name:       {"Recorded that %s was shared", "record that %s was shared"},
		access.EndLodging.Name:         {"Moved %s out of the restricted section", "move %s out of the restricted section"},
		access.AskOriginator.Name:      {"Recorded what whoever told us says about %s", "record what whoever told us says about %s"},
		access.ViewSafety.Name:         {"Looked at the safety panel and its history", "look at the safety panel"},
		access.SaySafety.Name:          {"Added to the safety panel", "add to the safety panel"},
		access.KeepRole.Name:           {"Kept a role, because there is no other administrator", "keep a role"},
		access.ReadDirectory.Name:      {"Read who works here", "read who works here"},
		access.SayUser.Name:            {"Said who works here", "say who works here"},
		access.SayGroup.Name:           {"Said who is in a group", "say who is in a group"},
		access.ViewDirectory.Name:      {"Looked at the directory service", "look at the directory service"},
		access.MakeDirectoryToken.Name: {"Made a token for the directory service", "make a token for the directory service"},
		access.EndDirectoryToken.Name:  {"Ended a token of the directory service", "end a token of the directory service"},
		access.StopDirectory.Name:      {"Stopped following the directory service", "stop following the directory service"},
		access.ViewAccess.Name:         {"Looked at who may see what", "look at who may see what"},
		access.EndGrant.Name:           {"Ended somebody’s right to see this record", "end somebody’s right to see this record"},
		access.RecordConsent.Name:      {"Recorded a consent for the independent visitor", "record a consent for the independent visitor"},
		access.WithdrawConsent.Name:    {"Ended a consent for the independent visitor", "end a consent for the independent visitor"},
		access.Leave.Name:              {"Said that somebody has left", "say that somebody has left"},
		access.Return.Name:             {"Said that somebody is here again", "say that somebody is here again"},
	}
}
