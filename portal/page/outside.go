package page

import (
	"fmt"
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
)

// OutsideReasonWords say a reason.
func OutsideReasonWords(r grants.OutsideReason) string {
	return map[grants.OutsideReason]string{grants.ForAudit: "Audit or moderation", grants.ForOversight: "Management oversight for a colleague", grants.ForSupport: "Technical support",
		grants.ForEmergency: "Safeguarding emergency", grants.ForOther: "Another reason"}[r]
}

// OutsideReasonHint says why somebody is offered fewer reasons than others.
func OutsideReasonHint(a grants.Asker) string {
	if a.May && a.Support {
		return "Your role sets up Custodian and reads nothing, so it asks for technical support alone."
	}
	return ""
}

// OutsideReasonOptions are the reasons that somebody may give, with what each is
// for.
func OutsideReasonOptions(a grants.Asker) []Option {
	hints := map[grants.OutsideReason]string{
		grants.ForAudit:     "You check how records are kept, or how decisions are made.",
		grants.ForOversight: "The manager is not available, and you decide for them. You write what was discussed, your analysis, the direction and the actions.",
		grants.ForSupport:   "You put right something in Custodian. You name the issue.",
		grants.ForEmergency: "Somebody has to be kept safe now, and the record is needed for it.",
		grants.ForOther:     "You say why in your own words.",
	}
	var list []Option
	for _, r := range a.Reasons() {
		list = append(list, Option{Value: string(r), Words: OutsideReasonWords(r), Hint: hints[r]})
	}
	return list
}

// SectionsWords say how much is shown: sections up to one.
func SectionsWords(s access.Section) string {
	return [...]string{"General", "General and sensitive", "General, sensitive and restricted"}[s]
}

func spanWords(s grants.Span) string {
	return map[grants.Span]string{grants.ForDay: "24 hours", grants.ForTwoWeeks: "2 weeks", grants.ForSixMonth: "6 months"}[s]
}

// letterBegins is the letter's form, before anybody is named.
func letterBegins(r grants.OutsideReason) string {
	return "“[Name] I have accessed your file " + map[grants.OutsideReason]string{
		grants.ForAudit: "for the purpose of audit/moderation.”", grants.ForOversight: "for the purpose of ad hoc management oversight as [name of manager] is unavailable.”",
		grants.ForSupport: "to provide support in relation to [the issue], to help resolve this.”", grants.ForEmergency: "for the purpose of keeping somebody safe in an emergency: [your words].”",
		grants.ForOther: "for the purpose of [your words].”"}[r]
}

// AskOutside makes the page on which access outside a role is asked for.
func AskOutside(r grants.OutsideReason, asker grants.Asker, f *Form) Change {
	c := Change{Caption: OutsideReasonWords(r), Heading: "Ask for access outside your role", Address: "/outside-role/ask", Submit: Submit{"Open the record", "/outside-role"},
		Words:  []string{"This letter will stand on the record. The young person or the family can read it, with your name: " + letterBegins(r)},
		Hidden: []Kept{{"reason", string(r)}}, FactsTitle: "What happens then",
		Facts: []Fact{{"At once", "You can read it, and add nothing. Every look is kept."}, {"The manager", "Of its setting is told, and looks over afterwards what you looked at."},
			{"If it was not needed", "Looking out of curiosity is misconduct."}, {"When it ends", "By itself. End it before if you are done."}}}
	number := f.Line("record", "What is the record’s number?", "It stands at the end of the record’s address: paste that if it is easier. For example, 1234")
	number.Width = "10"
	c.Ask(number, f.Line("name", "Or the exact name on it", "As it is written there. Leave it empty when you know the number."),
		f.Choice("kind", "If you give a name, whose record is it?", "", kindOptions()...))
	switch {
	case r == grants.ForOversight:
		c.Ask(f.Line("colleague", "Which manager is not available?", "First name and last name. They stand in the letter."))
	case r == grants.ForSupport:
		c.Ask(f.Text("words", "What is the technical issue?", "It stands in the letter, so write it for the young person. For example, “a plan that does not open”"))
	case r == grants.ForEmergency:
		c.Ask(f.Text("words", "What is the emergency?", "It stands in the letter. For example, “somebody needs to know about an allergy”"))
	case r == grants.ForOther:
		c.Ask(f.Text("words", "Why do you need to see it?", "It stands in the letter, after “for the purpose of”."))
	}
	if r == grants.ForAudit && (asker.Audits || f.Typed("words") != "" || f.Typed("section") == strconv.Itoa(int(access.Restricted))) {
		c.Ask(f.Text("words", "Why does the audit need the restricted section?", "Only if you choose the restricted section. It is kept for whoever looks over this access, and does not stand in the letter."))
	}
	var sections []Option
	deepest := asker.Deepest(r)
	if s, err := strconv.Atoi(f.Typed("section")); err == nil && access.Section(s) > deepest && access.Section(s) <= access.Restricted {
		deepest = access.Section(s) // what was chosen stays chosen, with what is wrong with it
	}
	for s := access.General; s <= deepest; s++ {
		sections = append(sections, Option{Value: strconv.Itoa(int(s)), Words: SectionsWords(s)})
	}
	c.Ask(f.Choice("section", "How much do you need to see?", "Choose the least that does.", sections...),
		f.Choice("span", "For how long?", "", Option{Value: string(grants.ForDay), Words: "24 hours", Hint: "At once."},
			Option{Value: string(grants.ForTwoWeeks), Words: "2 weeks", Hint: "When a manager has approved it."}, Option{Value: string(grants.ForSixMonth), Words: "6 months", Hint: "When a manager has approved it."}),
		f.Choice("now", "If a manager has to approve it, what until then?", "", Option{Value: "yes", Words: "Open it now, for the first 24 hours"}, Option{Value: "no", Words: "Wait for the manager"}))
	if r == grants.ForOversight {
		c.Words = append(c.Words, "You can write what the oversight came to now, or later while the access lasts. You are reminded of it.")
		askOversight(&c, f)
	}
	return c
}

func kindOptions() []Option {
	var list []Option
	for _, k := range []access.RecordKind{access.YoungPerson, access.Parent, access.Family, access.Staff} {
		list = append(list, Option{Value: k.String(), Words: upperFirst(Kind(k))})
	}
	return list
}

func askOversight(c *Change, f *Form) {
	c.Ask(f.Text("discussion", "What was discussed, and with whom?", ""), f.Text("analysis", "What is your analysis?", ""),
		f.Text("direction", "Which direction did you give?", ""), f.Text("actions", "Which actions follow?", "What, by whom and by when"))
}

// WriteOversight makes the page on which what oversight came to is written.
func WriteOversight(f *Form) Change {
	c := Change{Heading: "Write what the oversight came to", Words: []string{"It stands on the record with your name and today’s date, and can be read by whoever reads the record."}, Submit: Submit{Words: "Put it on the record"}}
	askOversight(&c, f)
	return c
}

// OutsideRow is one access in a list.
type OutsideRow struct {
	What, Address, Who, Post, Why, When string
	Status                              Status
}

// OutsideStatus says how an access stands, to whoever answers for it or, where
// own, to the one who has it.
func OutsideStatus(o grants.Outside, own bool, now time.Time) Status {
	switch {
	case o.Running(now):
		return Status{"Until " + lowerFirst(Ahead(*o.Until, now)), "soon"}
	case o.Waits() && o.From == nil:
		return Status{"Waits for a manager", "next"}
	case o.From == nil && o.Stopped != nil:
		return Status{"Taken back", "past"}
	case o.From == nil:
		return Status{"Not given", "past"}
	case own && o.Owes():
		return Status{"To be written", "late"}
	case o.Judgement == "wrong":
		return Status{"Was wrong", "late"}
	case o.Judgement == "accepted", o.Verdict == "accepted":
		return Status{"Accepted", "good"}
	case o.Verdict == "escalated":
		return Status{"Escalated", "closed"}
	case own:
		return Status{"Ended", "past"}
	}
	return Status{"To review", "next"}
}

// Ahead says a moment to come, as an end: "Today, 3.10pm", "Tomorrow, 9.05am". The
// midnight at which a day ends is said by that day: "The end of 8 December".
func Ahead(t, now time.Time) string {
	if endsDay(t) {
		return "The end of " + lastDayOf(t, clock.DayOf(now))
	}
	if clock.DayOf(t) == clock.DayOf(now).Plus(1) {
		return "Tomorrow, " + Hour(t)
	}
	return Moment(t, now)
}

// endsDay tells whether a moment is the midnight at which a day ends.
func endsDay(t time.Time) bool { return t.Equal(clock.DayOf(t).Start()) }

// lastDayOf says the day that ends at a moment.
func lastDayOf(t time.Time, today clock.Day) string {
	d := clock.DayOf(t).Plus(-1)
	switch {
	case d == today:
		return "today"
	case d == today.Plus(1):
		return "tomorrow"
	case d.UTC().Year() == today.UTC().Year():
		return d.UTC().Format("2 January")
	}
	return Day(d)
}

// ends says when something ends: "Ends today, 3.10pm", "Ends at the end of today".
func ends(t, now time.Time) string {
	if endsDay(t) {
		return "Ends at " + lowerFirst(Ahead(t, now))
	}
	return "Ends " + lowerFirst(Ahead(t, now))
}

// outsideName says which record, to whoever may see it and to whoever may not.
func outsideName(o grants.Outside) string {
	if o.RecordName == "" {
		return "Record " + strconv.FormatInt(o.Record, 10)
	}
	return o.RecordName
}

// OutsideRows makes rows of a list.
func OutsideRows(list []grants.Outside, own bool, now time.Time) []OutsideRow {
	var rows []OutsideRow
	for _, o := range list {
		rows = append(rows, OutsideRow{outsideName(o), OutsideAddress(o.ID), o.Name, o.Post, OutsideReasonWords(o.Reason), Moment(o.Asked, now), OutsideStatus(o, own, now)})
	}
	return rows
}

// OutsideHome is where access outside a role is asked for, and what somebody has
// asked for.
type OutsideHome struct {
	Frame
	May    bool
	Record string // the number of the record from whose page they come
	Reason Choice
	Rows   []OutsideRow
	Next   string
}

// OutsideList is everybody's.
type OutsideList struct {
	Frame
	Show []Tab
	Rows []OutsideRow
	Next string
}

// Tab is one of several lists, one of which is shown.
type Tab struct {
	Link
	Current bool
}

// OutsideTabs are the lists, with the one that is shown.
func OutsideTabs(which grants.Which) []Tab {
	var list []Tab
	for _, w := range []grants.Which{grants.OpenOutside, grants.EscalatedOutside, grants.AllOutside} {
		words := map[grants.Which]string{grants.OpenOutside: "Not settled", grants.EscalatedOutside: "Escalated", grants.AllOutside: "All"}[w]
		list = append(list, Tab{Link{words, "/oversight/outside-role?show=" + string(w)}, w == which})
	}
	return list
}

// OutsideNeedRows are what waits for somebody about access outside a role, and about
// declared relatives.
func OutsideNeedRows(n grants.OutsideNeeds, now time.Time) []NeedRow {
	var rows []NeedRow
	add := func(verb string, o grants.Outside, path, why string, status Status) {
		rows = append(rows, NeedRow{Verb: verb, What: outsideName(o), Address: OutsideAddress(o.ID) + path, Why: why, Status: status})
	}
	for _, o := range n.Mine {
		switch {
		case o.Owes():
			status := Status{"While you have access", "next"}
			if !o.Running(now) {
				status = Status{"Overdue", "late"}
			} else if endsSoon(o, now) {
				status = Status{ends(*o.Until, now), "soon"}
			}
			add("Write", o, "/oversight", "You gave management oversight outside your role. Write the discussion, your analysis, the direction and the actions.", status)
		case endsSoon(o, now):
			add("Finish", o, "", "Your access outside your role ends soon. Ask again if you still need it.", Status{ends(*o.Until, now), "soon"})
		case o.Running(now):
			add("Finish", o, "", "You can see it outside your role. End it when you are done.", Status{"Until " + lowerFirst(Ahead(*o.Until, now)), "next"})
		}
	}
	for _, o := range n.Decide {
		add("Decide", o, "/decide", fmt.Sprintf("%s asks for %s outside their role: %s.", by(o), spanWords(o.Span), lowerFirst(OutsideReasonWords(o.Reason))), Status{waiting(o.Asked, now), "next"})
	}
	for _, o := range n.Running {
		add("Know", o, "", fmt.Sprintf("%s can see it outside their role: %s.", by(o), lowerFirst(OutsideReasonWords(o.Reason))), Status{"Until " + lowerFirst(Ahead(*o.Until, now)), "soon"})
	}
	for _, o := range n.Review {
		add("Review", o, "/review", by(o)+" had access outside their role. See what was looked at, and say whether it was right.", Status{waiting(*o.Until, now), "next"})
	}
	for _, o := range n.Judge {
		add("Judge", o, "/review", "The access of "+by(o)+" outside their role was escalated to you.", Status{waiting(*o.Reviewed, now), "late"})
	}
	if n.More {
		rows = append(rows, NeedRow{Verb: "See", What: "All accesses outside a role that are not settled", Address: "/oversight/outside-role", Why: "More of them wait for you than are listed here.", Status: Status{"More wait", "next"}})
	}
	for _, d := range n.Declared {
		rows = append(rows, NeedRow{Verb: "Act", What: "A relative or friend who may come here", Address: "/oversight/relatives/" + strconv.FormatInt(d.ID, 10),
			Why: d.Who + " has declared somebody in words. See whether a record has to be kept from them.", Status: Status{waiting(d.At, now), "next"}})
	}
	return rows
}

func by(o grants.Outside) string {
	if o.Post == "" {
		return o.Name
	}
	return o.Name + ", " + lowerPost(o.Post) + ","
}

// askedFor says why somebody sees what they asked for outside their role.
func askedFor(r grants.Reason) string {
	why := lowerFirst(OutsideReasonWords(r.Asked))
	if why == "" {
		why = "a reason that stands on the record"
	}
	text := "You asked for access outside your role, for " + why + ", on " + DayOf(r.From)
	if r.Until == nil {
		return text + "."
	}
	if endsDay(*r.Until) {
		return text + ". It ends at the end of " + Day(clock.DayOf(*r.Until).Plus(-1)) + "."
	}
	return text + ". It ends on " + DayOf(*r.Until) + ", " + Hour(*r.Until) + "."
}

// outsideDeeds are the words of the acts about access outside a role and shields.
func outsideDeeds() map[string]deed {
	return map[string]deed{
		access.AskOutside.Name:      {"Opened the record outside their role", "open the record outside their role"},
		access.SeekOutside.Name:     {"Asked for a record outside their role that they were not given", "ask for a record outside their role"},
		access.ListOutside.Name:     {"Looked at who had access outside their role", "look at who had access outside their role"},
		access.ViewOutside.Name:     {"Looked at an access outside a role", "look at an access outside a role"},
		access.DecideOutside.Name:   {"Decided about a longer access outside a role", "decide about a longer access outside a role"},
		access.EndOutside.Name:      {"Ended an access outside a role", "end an access outside a role"},
		access.ReviewOutside.Name:   {"Reviewed an access outside a role", "review an access outside a role"},
		access.NoteOutside.Name:     {"Wrote what management oversight came to", "write what management oversight came to"},
		access.ReadOutside.Name:     {"Looked at who read the record outside their role", "look at who read the record outside their role"},
		access.ListRelatives.Name:   {"Looked at declared relatives and friends", "look at declared relatives and friends"},
		access.DeclareRelative.Name: {"Declared a relative or friend", "declare a relative or friend"},
		access.ActOnRelative.Name:   {"Acted on a declared relative or friend", "act on a declared relative or friend"},
		access.ViewShields.Name:     {"Looked at from whom the record is kept", "look at from whom the record is kept"},
		access.GiveShield.Name:      {"Kept the record from somebody, or let somebody in", "keep the record from somebody"},
		access.EndShield.Name:       {"Ended a shield of the record", "end a shield of the record"},
	}
}
