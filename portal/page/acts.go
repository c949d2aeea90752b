package page

import (
	"fmt"

	"custodian/versions"
)

// Approve makes the page on which a version is approved: what changes with it,
// from when, and a note.
func Approve(s versions.Sheet, f *Form) Change {
	v := s.Shown
	c := Change{Heading: fmt.Sprintf("Approve version %d", v.Number), Submit: Submit{Words: "Approve"}, FactsTitle: fmt.Sprintf("Version %d", v.Number), Compare: CompareOf(s)}
	c.Compare.Links = fileLinks(s)
	c.Facts = []Fact{{"Sent by", joined(v.Author, lowerPost(v.PostTitle))}, {"On", DayOf(v.RecordedAt)}}
	if v.Note != "" {
		c.Words = append(c.Words, "What changed, in the author’s words: “"+v.Note+"”")
	}
	hint := fmt.Sprintf("The author says from %s. You can set another day, in the past or ahead.", DayOf(v.WantedFrom))
	if s.Holds != nil && s.Holds.Number != v.Number {
		hint += fmt.Sprintf(" Version %d is in force until then.", s.Holds.Number)
	}
	c.Ask(f.Date("in_force_from", "From which day does it hold?", hint), f.Text("note", "Note (optional)", "For example, what you looked at, or who was asked. Everybody who reads the document sees it."))
	return c
}

// Correct makes the page on which the dates of a version are corrected.
func Correct(s versions.Sheet, f *Form) Change {
	v := s.Shown
	c := Change{Heading: fmt.Sprintf("Correct the dates of version %d", v.Number), Submit: Submit{Words: "Correct the dates"}, FactsTitle: "The dates now"}
	c.Words = []string{"What was said until now stays visible, and still answers questions about what was known before this correction."}
	c.Facts = []Fact{{"Dates given", From(LastSaid(v).From, LastSaid(v).To)}}
	if len(v.Periods) > 0 {
		c.Facts = append(c.Facts, Fact{"In force", InForce(v.Periods)})
	} else {
		c.Facts = append(c.Facts, Fact{"In force", "On no day"})
	}
	if n := len(v.Said); n > 0 {
		c.Facts = append(c.Facts, Fact{"Given by", v.Said[n-1].By + ", " + DayOf(v.Said[n-1].At)})
	}
	c.Ask(f.Date("in_force_from", "From which day did it really hold?", "For example, 14 3 2025"),
		f.Date("in_force_to", "Until which day, if it had a last day?", "Leave this empty where it holds until another version takes its place."),
		f.Line("why", "Why were the dates wrong?", "For example, the board signed it a week later than was typed."))
	return c
}

// Restore makes the page on which an earlier version is brought back.
func Restore(s versions.Sheet, f *Form) Change {
	v := s.Shown
	c := Change{Heading: fmt.Sprintf("Bring version %d back", v.Number), Submit: Submit{Words: "Bring it back"}, FactsTitle: fmt.Sprintf("Version %d", v.Number), Links: fileLinks(s)}
	c.Words = []string{fmt.Sprintf("This makes version %d, with the same content as version %d. Nothing is overwritten, and version %d keeps its own dates.", s.Newest+1, v.Number, v.Number)}
	if s.Document.NeedsApproval {
		c.Words = append(c.Words, "It then waits for somebody who wrote neither version to approve it.")
	}
	if len(v.Periods) > 0 {
		c.Facts = append(c.Facts, Fact{"In force", InForce(v.Periods)})
	}
	c.Facts = append(c.Facts, Fact{"Written by", joined(v.Author, lowerPost(v.PostTitle))})
	c.Ask(f.Date("in_force_from", "From which day does it hold again?", "For example, 14 3 2025"), f.Line("why", "Why is it brought back?", "For example, the newer one was made for another setting."))
	return c
}

// Withdraw makes the page on which a document is withdrawn, and says what will
// come of it.
func Withdraw(s versions.Sheet, f *Form) Change {
	c := Change{Heading: "Withdraw this document", Submit: Submit{Words: "Withdraw"}, FactsTitle: "What is in force now"}
	words := "From the day you enter on, no version that is here now is in force."
	if s.Holds != nil {
		words = fmt.Sprintf("Version %d is in force until the day before the one you enter. From that day on no version that is here now is in force.", s.Holds.Number)
		c.Facts = []Fact{{"Version", fmt.Sprint(s.Holds.Number)}, {"In force", InForce(s.Holds.Periods)}}
		if s.Holds.Approval != nil {
			c.Facts = append(c.Facts, Fact{"Approved by", s.Holds.Approval.By})
		}
	} else {
		c.Facts = []Fact{{"Version", "None"}}
	}
	c.Words = []string{words, "Nothing is deleted: all its versions stay here with their dates, and still answer what was in force before. A new version can be added later."}
	if s.Waiting != 0 {
		c.Words = append(c.Words, fmt.Sprintf("Version %d waits for approval. It can still be approved after this.", s.Waiting))
	}
	c.Ask(f.Date("from", "From which day is it withdrawn?", "For example, 14 3 2025"), f.Line("why", "Why is it withdrawn?", "For example, the visitors procedure covers this now."))
	return c
}

// fileLinks are the files of the version shown and of the one in force.
func fileLinks(s versions.Sheet) []Link {
	list := []Link{fileLink(s.Document.ID, s.Shown)}
	if s.Holds != nil && s.Holds.Number != s.Shown.Number {
		list = append(list, fileLink(s.Document.ID, *s.Holds))
	}
	return list
}

func fileLink(document int64, v versions.Detailed) Link {
	return Link{fmt.Sprintf("Download version %d (%s, %s)", v.Number, FileKind(v.MediaType), Size(v.Size)), VersionAddress(document, v.Number) + "/file"}
}
