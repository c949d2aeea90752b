package page

import (
	"slices"
	"strconv"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/people"
)

// EndAt gives the row of a grant the address at which it is ended. rows notes which
// have theirs.
func EndAt(list []AccessRow, g grants.Told, address string, rows map[string]bool) {
	for i, r := range list {
		if r.Address == PersonAddress(int64(g.Actor)) && r.How == basis(g, g.RecordKind) && r.Why == g.Why && r.When == From(g.From, g.Until) && r.lasts() && !rows[strconv.Itoa(i)] {
			list[i].End, rows[strconv.Itoa(i)] = address, true
			return
		}
	}
}

// lasts tells whether a row is not of something that has ended already.
func (r AccessRow) lasts() bool { return r.Status == nil || r.Status.Look != "past" }

// StandOf says whether both consents stand now, on a record of the kind.
func StandOf(list []grants.Consent, visitor grants.Role, kind access.RecordKind, now time.Time) string {
	stands := func(authority bool) bool {
		return slices.ContainsFunc(list, func(c grants.Consent) bool {
			return c.Purpose == string(visitor) && (c.Capacity == grants.OfAuthority) == authority && !c.From.After(now) && c.Until.After(now)
		})
	}
	switch own, authority := stands(false), stands(true); {
	case own && authority:
		return "Both consents stand: the visitor can read the general and sensitive parts of this file."
	case own:
		return "The placing authority’s consent is missing, so the visitor cannot read this file."
	}
	if grants.StandIn(visitor, kind) {
		switch no := slices.ContainsFunc(list, saidNo); {
		case no:
			return "The young person has said no, so the visitor cannot read this file. Nobody else’s consent stands in for theirs."
		case stands(true):
			return "The young person’s own consent is missing, so the visitor cannot read this file."
		}
	} else if stands(true) {
		return "The young person’s or a parent’s consent is missing, so the visitor cannot read this file."
	}
	return "No consent stands, so the visitor cannot read this file."
}

// saidNo tells whether the young person was asked and said no, or took their yes back.
func saidNo(c grants.Consent) bool {
	return c.Capacity == grants.OfYoungPerson && (!c.Given || c.How == "withdrawn")
}

// Entrust makes the page on which somebody becomes the key worker of a record.
func Entrust(r people.Record, list []people.Colleague, f *Form) Change {
	c := Change{Heading: "Make somebody key worker", Submit: Submit{Words: "Make them key worker"}, FactsTitle: "The record", Facts: recordFacts(r),
		Words: []string{"A key worker reads and adds to the general and sensitive parts of this file. It ends when you end it, when their last role at " + or(r.Home, "the setting") + " ends, and when the record moves or is closed."}}
	options := []Option{{Words: "Choose a colleague"}}
	for _, p := range list {
		options = append(options, Option{Value: strconv.FormatInt(p.ID, 10), Words: joined(p.Name, lowerPost(p.PostTitle))})
	}
	to := f.Choice("to", "Who?", "Everybody with a role at "+or(r.Home, "the setting")+".", options...)
	c.Fields = append(c.Fields, Field{Select: &to})
	c.Ask(f.Date("until", "Until which day?", "The last day. Leave it empty when no end is known."), f.Text("why", "Why?", "For example, “Knows them best since they came”."))
	return c
}

// LetRead makes the page on which somebody is let read their own file. first are the
// lodgings at which something has to be said before.
func LetRead(r people.Record, first []grants.Unreleased, f *Form) Change {
	c := Change{Heading: "Let somebody read their own file", Submit: Submit{Words: "Let them read it"}, FactsTitle: "The record", Facts: recordFacts(r),
		Words: []string{"They read the general and sensitive parts of this file, in their own time, and nothing else. The restricted part is never shown to them. They can add nothing.",
			"It goes along when the record moves, and stays when the record is closed."}}
	c.Ask(f.Line("email", "With which e-mail address do they sign in?", "They signed in once, and an administrator took them in."),
		f.Text("checked", "How did you make sure that it is them?", "For example, “Signed in beside me, with her own telephone”."),
		f.Date("from", "From which day?", "Today, or a day to come."), f.Date("until", "Until which day?", "The last day. Leave it empty when no end is known."),
		f.Text("why", "Why now?", "For example, “Asked for it, and we agreed how to read it together”."))
	for _, l := range first {
		words := "Lodged on " + DayOf(l.At) + ": ask whoever told us, and record what they say"
		if l.Objects {
			words = "Lodged on " + DayOf(l.At) + ": they object. Write why it is passed on all the same"
		}
		c.Links = append(c.Links, Link{words, LodgingAddress(l.Lodging)})
	}
	return c
}

// ConfirmReader shows whom the address belongs to on the page of LetRead, and asks
// whether it is them. What was typed stays in the form.
func ConfirmReader(c *Change, who grants.Reader, f *Form) {
	c.Heading, c.Submit.Words = "Is this the person?", "Go on"
	c.Words = []string{"Nothing has been opened yet. Look at who signs in with this address. Another person may have registered it before the young person or the parent did."}
	if who.Works {
		c.Words = append(c.Words, "This person has a role here. Say yes only if the file is about them all the same, for example as somebody who once lived here.")
	}
	if who.ReadsOther {
		c.Words = append(c.Words, "This person reads another file here as their own already. Say yes only if both files are about them.")
	}
	c.FactsTitle, c.Facts = "Who signs in with this address", []Fact{{"Name", who.Name}, {"E-mail address", who.Email}, {"Sign-in service", or(who.Service, "none yet")}, {"Known here since", DayOf(who.Since)}}
	c.Hidden = append(c.Hidden, Kept{Name: "reader", Text: strconv.FormatInt(int64(who.ID), 10)})
	them := f.Choice("them", "Is "+who.Name+" the person whose file it is?", "", Option{Value: "yes", Words: "Yes, open the file to them"}, Option{Value: "no", Words: "No, open nothing"})
	c.Fields = append([]Field{{Radios: &them}}, c.Fields...)
}

// RecordConsent makes the page on which a consent is recorded, or that somebody
// said no.
func RecordConsent(r people.Record, visitor string, f *Form) Change {
	instead := grants.StandIn(grants.Role(visitor), r.Kind)
	takes := "the placing authority’s, and that of the family or the person whom it is about. "
	if instead {
		takes = "the placing authority’s, and the young person’s own. Somebody with parental responsibility consents in their place only where they do not understand enough to decide, and never once they have said no. "
	}
	c := Change{Heading: "Record a consent", Submit: Submit{Words: "Record it"}, FactsTitle: "The record", Facts: recordFacts(r),
		Words: []string{"For: " + lowerFirst(RoleWords(visitor)) + ". It takes two consents before this file can be read on a visit: " + takes + "Both must be in date. The moment one ends, nothing is shown any more."}}
	c.Ask(f.Choice("capacity", "Who was asked?", "", capacityOptions(instead)...),
		f.Choice("answer", "Do they consent?", "", Option{Value: "yes", Words: "Yes"}, Option{Value: "no", Words: "No", Hint: "It counts from now on, and ends what they had said before. Leave the days as they are."}),
		f.Line("who", "Who said it?", "Name, and for an authority the post."),
		f.Text("evidence", "How do you know?", "For example, “Letter of 2 June, in the file”, or “Said so to me on 2 June; Sam was there”."))
	if instead {
		c.Ask(f.Text("because", "Why does the young person not decide?", "Only for somebody with parental responsibility who consents in their place: what shows that the young person does not understand enough. Leave it empty otherwise."))
	}
	c.Ask(f.Date("from", "From which day?", "Today, or a day to come."), f.Date("until", "Until which day?", "The last day on which it counts."))
	return c
}

// EndGrant makes the page on which something that was given on a record ends.
func EndGrant(r people.Record, g grants.Told, f *Form) Change {
	c := Change{Heading: "End this", Submit: Submit{Words: "End it now"}, FactsTitle: "What ends", Words: []string{"It ends at once, also for what is being read or downloaded. That it was held stays in the history."},
		Facts: []Fact{{"Who", g.Name}, {"What", basis(g, r.Kind)}, {"Since", DayOf(g.From)}, {"Given by", or(g.By, "Custodian")}, {"Why", g.Why}}}
	c.Ask(f.Text("why", "Why does it end?", "For example, “Another colleague takes over”."))
	return c
}

// WithdrawConsent makes the page on which a consent ends.
func WithdrawConsent(g grants.Consent, f *Form) Change {
	c := Change{Heading: "End a consent", Submit: Submit{Words: "End the consent now"}, FactsTitle: "The consent",
		Words: []string{"The visitor can no longer read this file from this moment. That the consent was given stays in the history."},
		Facts: []Fact{{"Whose", CapacityWords(g.Capacity)}, {"Who", g.Who}, {"In date", From(g.From, &g.Until)}, {"How it is known", g.Evidence}}}
	if g.Capacity == grants.OfYoungPerson && g.Purpose == string(grants.Visitor44) {
		c.Words = append(c.Words, "It counts as the young person’s no: from now on nobody else’s consent stands in for theirs on this record.")
	}
	c.Ask(f.Text("why", "Who withdrew it, and what did they say?", "For example, “Told me on the telephone that she does not want it any more”."))
	return c
}

// OpenToInspector makes the page on which a case record is opened to an inspector.
func OpenToInspector(r people.Record, list []grants.Inspecting, f *Form) Change {
	c := Change{Heading: "Open this record to an inspector", FactsTitle: "The record", Facts: recordFacts(r),
		Words: []string{"Inspectors see no case records until one is opened to them. They read the general part of this one, for the days that you say, and nothing else. They can add nothing. Every look is in the footprints.",
			"It ends when you end it, when their role at " + or(r.Home, "the setting") + " ends, and when the record moves or is closed."}}
	if len(list) == 0 {
		c.Words = append(c.Words, "Nobody has the role of inspector at "+or(r.Home, "the setting")+" now. Give them the role first.")
		return c
	}
	c.Submit = Submit{Words: "Open it to them"}
	options := []Option{}
	for _, p := range list {
		options = append(options, Option{Value: strconv.FormatInt(p.ID, 10), Words: joined(p.Name, lowerPost(p.Post))})
	}
	c.Ask(f.Choice("to", "To which inspector?", "", options...), f.Date("from", "From which day?", "Today, or a day to come."),
		f.Date("until", "Until which day?", "The last day, at most 31 days on."), f.Text("why", "Why?", "For example, “Asked to follow one young person’s care through the file”."))
	return c
}
