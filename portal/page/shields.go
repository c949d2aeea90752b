package page

import (
	"strconv"
	"time"

	"custodian/internal/grants"
)

// groundWords say why a record is shielded.
func groundWords(ground string) string {
	return map[string]string{"family": "A colleague’s family or friends", "high-profile": "High profile, such as in the news", "case-review": "Serious case review", "other": "Another ground"}[ground]
}

func askGround(c *Change, f *Form) {
	var list []Option
	for _, g := range grants.Grounds() {
		list = append(list, Option{Value: g, Words: groundWords(g)})
	}
	c.Ask(f.Choice("ground", "On which ground?", "", list...), f.Line("why", "Why?", "It is kept with the shield."))
}

// askWho asks for one of the provider's people.
func askWho(c *Change, f *Form, label string, people []grants.Named) {
	list := []Option{{Words: "Choose a person"}}
	for _, p := range people {
		words := p.Name
		if p.Post != "" {
			words += ", " + lowerPost(p.Post)
		}
		list = append(list, Option{Value: strconv.FormatInt(p.ID, 10), Words: words})
	}
	choice := f.Choice("who", label, "", list...)
	c.Fields = append(c.Fields, Field{Select: &choice})
}

// ShieldFrom makes the page on which a record is kept from one person.
func ShieldFrom(s grants.Shields, f *Form) Change {
	c := Change{Heading: "Keep this record from somebody", Words: []string{"From that moment it is not shown to them, whatever their role. They are not told. Trying to reach it leaves a footprint that the auditor finds."},
		Submit: Submit{Words: "Keep it from them"}}
	askWho(&c, f, "From whom?", s.Everybody)
	askGround(&c, f)
	return c
}

// DrawCircle makes the page on which a record is kept from everybody but those
// named.
func DrawCircle(_ grants.Shields, f *Form) Change {
	c := Change{Heading: "Keep this record from everybody but those named", Words: []string{"From that moment it is shown to nobody but you. Then let in, by name, those who need it. Whoever cares for the young person on shift needs it."},
		Submit: Submit{Words: "Keep it from everybody"}}
	askGround(&c, f)
	return c
}

// LetIn makes the page on which one more person is let in.
func LetIn(s grants.Shields, f *Form) Change {
	c := Change{Heading: "Let somebody in", Words: []string{"It is shown to them again, as far as their role shows it."}, Submit: Submit{Words: "Let them in"}}
	askWho(&c, f, "Who?", s.Everybody)
	c.Ask(f.Line("why", "Why do they need it?", "For example, “Works with her on every shift”"))
	return c
}

// EndShield makes the page on which a shield is ended.
func EndShield(kind grants.ShieldKind, s grants.Shield, now time.Time, f *Form) Change {
	c := Change{Heading: "End this shield", Words: []string{"The record is shown to them again, as far as their role shows it."}, Submit: Submit{Words: "End the shield"}, FactsTitle: "The shield",
		Facts: []Fact{{"From whom", s.Name}, {"Ground", groundWords(s.Ground)}, {"Since", Moment(s.From, now)}, {"Set by", s.By}, {"Why", s.Why}}}
	switch kind {
	case grants.OfCircle:
		c.Words, c.Facts[0].Text = []string{"The record is shown again to everybody whose role shows it."}, "Everybody but those named"
	case grants.OfMember:
		c.Heading, c.Words, c.Submit.Words = "Let them in no longer", []string{"The record is not shown to them any more."}, "Let them in no longer"
		c.Facts = []Fact{{"Who", s.Name}, {"Since", Moment(s.From, now)}, {"Let in by", s.By}, {"Why", s.Why}}
	}
	c.Ask(f.Line("why", "Why does it end?", ""))
	return c
}

// ShieldRow is one person from whom a record is kept, or who is let in.
type ShieldRow struct {
	Name, Ground, Why, When, End, EndWords string
	Ended                                  string
	Status                                 Status
}

// ShieldsPage is from whom a record is kept.
type ShieldsPage struct {
	Frame
	Caption, Record        string
	Add, Draw, LetIn       string
	Outside                bool // the circle keeps the reader out as well
	Circle                 *ShieldRow
	Members, People, Ended []ShieldRow
}

// ShieldsOf makes the page.
func ShieldsOf(s grants.Shields, now time.Time) ShieldsPage {
	at := RecordAddress(s.Record) + "/shields"
	v := ShieldsPage{Caption: s.Name, Add: at + "/from"}
	if s.Sees {
		v.Record = RecordAddress(s.Record)
	}
	row := func(x grants.Shield, kind grants.ShieldKind, name string) ShieldRow {
		r := ShieldRow{Name: name, Why: x.Why, When: "Since " + lowerFirst(Moment(x.From, now)) + ", set by " + x.By, Status: Status{"Kept from them", "closed"}}
		if x.Ground != "" {
			r.Ground = groundWords(x.Ground)
		}
		if !x.Live() {
			r.When = Moment(x.From, now) + " to " + lowerFirst(Ahead(*x.Until, now)) + ", set by " + x.By
			r.Status = Status{"Ended", "past"}
			if x.EndedBy != "" {
				r.Ended = "Ended by " + x.EndedBy + ": “" + x.EndedWhy + "”"
			}
		} else if s.Find(kind, x.ID) != nil {
			r.End = at + "/" + string(kind) + "/" + strconv.FormatInt(x.ID, 10) + "/end"
		}
		if x.Declared != 0 {
			r.When += ". It comes from what they declared, and ends when that is withdrawn"
		}
		return r
	}
	for _, p := range s.People {
		if r := row(p, grants.OfPerson, p.Name); p.Live() {
			v.People = append(v.People, r)
		} else {
			v.Ended = append(v.Ended, r)
		}
	}
	for _, c := range s.Circles {
		r := row(c.Shield, grants.OfCircle, "Everybody but those named")
		if c.Live() {
			v.Circle, v.LetIn = &r, at+"/let-in"
		} else {
			v.Ended = append(v.Ended, r)
		}
		for _, m := range c.Members {
			if m.Live() && !c.Live() {
				m.Until = c.Until // it ended with the circle
			}
			x := row(m, grants.OfMember, m.Name)
			x.Status = Status{"Let in", "good"}
			if m.Live() {
				v.Members = append(v.Members, x)
			} else {
				x.Name, x.Status = m.Name+", who was let in", Status{"Ended", "past"}
				v.Ended = append(v.Ended, x)
			}
		}
	}
	if v.Outside = !s.MayChange; v.Outside {
		v.Add, v.LetIn = "", ""
	}
	if v.Circle == nil && s.Sees {
		v.Draw = at + "/circle"
	}
	return v
}

// RelativeRow is one declaration.
type RelativeRow struct {
	Who, What, Relation, When, Address string
	Status                             Status
	Ended                              string
}

// Relatives are the declarations of one person, or of a manager's staff.
type Relatives struct {
	Frame
	Rows []RelativeRow
	Next string
}

// RelativeRows makes the rows. own are those of the reader, who is told of none
// whether there is such a record.
func RelativeRows(list []grants.Declared, own bool, now time.Time) []RelativeRow {
	var rows []RelativeRow
	for _, d := range list {
		r := RelativeRow{Who: d.Who, What: declaredWhat(d), Relation: d.Relation, When: Moment(d.At, now), Status: Status{"Declared", "good"}}
		if !own {
			r.Address = "/oversight/relatives/" + strconv.FormatInt(d.ID, 10)
			if n := len(d.ShieldedOf); n > 0 {
				r.Status = Status{upperFirst(Count(n, "record", "records")) + " kept from them", "closed"}
			} else if d.Words != "" {
				r.Status = Status{"In words", "next"}
			}
		}
		if d.Ended != nil {
			r.Status = Status{"Withdrawn", "past"}
			r.Ended = "Withdrawn on " + DayOf(*d.Ended) + " by " + d.EndedBy + ": “" + d.EndedWhy + "”"
		}
		rows = append(rows, r)
	}
	return rows
}

func declaredWhat(d grants.Declared) string {
	switch {
	case d.Words != "":
		return d.Words
	case d.Name != "":
		return d.Name + ", " + Kind(d.Kind)
	}
	return "Record " + strconv.FormatInt(d.Number, 10)
}

// Declare makes the page on which a relative or friend is declared.
func Declare(f *Form) Change {
	c := Change{Heading: "Declare a relative or friend", Address: "/me/relatives/declare", Submit: Submit{"Declare", "/me/relatives"},
		Words:      []string{"If there is a record of this person, it is not shown to you from that moment. We do not tell you whether there is one.", "Answer one of the three questions: the number, the name, or your own words."},
		FactsTitle: "What happens then", Facts: []Fact{{"Your manager", "Sees what you declare."}, {"Trying to see the record", "Leaves a footprint that is looked into."}, {"If it is not so any more", "Your manager can withdraw it."}}}
	number := f.Line("number", "What is the record’s number, if you know it?", "For example, 1234")
	number.Width = "10"
	c.Ask(f.Line("relation", "How do you know each other?", "For example, “my sister’s son”"), number,
		f.Line("name", "Or what is their name?", "First name and last name, or the name of the family"), f.Choice("kind", "If you give a name, whose record would it be?", "", kindOptions()...),
		f.Text("words", "Or who is it, in your own words?", "For somebody who may come here one day, or whose exact name you do not know. It goes to your manager."))
	return c
}

// ActOnDeclared makes the page on which a manager acts on a declaration.
func ActOnDeclared(d grants.Declared, f *Form, now time.Time) Change {
	c := Change{Caption: d.Who, Heading: "A relative or friend", Submit: Submit{"Keep", "/oversight/relatives"}, FactsTitle: "What was declared",
		Facts: []Fact{{"By", d.Who}, {"On", Moment(d.At, now)}, {"Who it is", declaredWhat(d)}, {"How they know each other", d.Relation}}}
	for _, r := range d.ShieldedOf {
		c.Links = append(c.Links, Link{"Record that is kept from them: " + strconv.FormatInt(r, 10), RecordAddress(r) + "/shields"})
	}
	for _, a := range d.Acts {
		c.Facts = append(c.Facts, Fact{map[string]string{grants.Noted: "Noted", grants.Shielded: "A record was kept from them", grants.Withdrawn: "Withdrawn"}[a.What], Moment(a.At, now) + ", by " + a.By + ": “" + a.Why + "”"})
	}
	if d.Ended != nil {
		c.Submit.Words, c.Words = "", []string{"This was withdrawn. If it is needed again, the person declares it again."}
		return c
	}
	number := f.Line("record", "Which record, if you keep one from them?", "Its number. For example, 1234")
	number.Width = "10"
	c.Ask(f.Choice("what", "What do you do about it?", "", Option{Value: grants.Shielded, Words: "Keep a record from them"}, Option{Value: grants.Noted, Words: "Note it: there is no such record that I look after"},
		Option{Value: grants.Withdrawn, Words: "Withdraw it: it is not so any more", Hint: "What it keeps from them is shown to them again."}), number, f.Line("why", "Why?", ""))
	return c
}
