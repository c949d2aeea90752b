package page

// Frame is what stands around every page. Views embed it.
type Frame struct {
	Title     string // of the page, without the setting's name
	Who       *Who   // nil: nobody is signed in
	Place     string // the setting, or the provider for those who work in several
	Menu      []Item
	Crumbs    []Link
	Back      string // address of the page before, "" for none
	Notice    *Notice
	Problems  []Problem
	Scripts   []string // plain names of scripts besides those of every page
	Demo      bool     // the demonstration says that everything is made up
	Inspector bool     // shows the line that says whose pass this is
	Seal      *Seal    // the newest checkpoint, at the foot of pages of somebody who is signed in
}

// Seal is a checkpoint as it stands at the foot of a page: anybody can write it
// down, and hold it against what is said later.
type Seal struct{ Count, When, Stamp, Short string }

// Who is the person who is signed in.
type Who struct{ Name, Post string }

// Item is one entry of the menu.
type Item struct {
	Words, Address string
	Current        bool
}

// Link is words and where they lead.
type Link struct{ Words, Address string }

// Notice says, at the top of a page, what has just been done.
type Notice struct{ Title, Text string }

// Problem is a line of the summary of what has to be put right. At is the id of
// the field, "" where none is at fault.
type Problem struct{ At, Text string }

// Tab is the text of the browser's tab: what the page is, where, and
// whether something has to be put right.
func (f Frame) Tab() string {
	t := f.Title
	if len(f.Problems) > 0 {
		t = "Error: " + t
	}
	if f.Place != "" {
		t += " - " + f.Place
	}
	return t + " - Custodian"
}
