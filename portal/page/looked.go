package page

import (
	"fmt"
	"time"

	"custodian/internal/access"
	"custodian/internal/clock"
	"custodian/internal/grants"
	"custodian/internal/looks"
	"custodian/versions"
)

// ToldRow is a look, told to whoever the record is about.
type ToldRow struct {
	Words, Why, Concern string
	Note                string // where the letter about it stands, "" for none that they may read
}

// ToldDay is a day on which somebody looked.
type ToldDay struct {
	Day  string
	Rows []ToldRow
}

// LookedAt tells somebody who has looked at their record, in plain words.
type LookedAt struct {
	Frame
	Days    []ToldDay
	Earlier string
	Later   string
	Ask     string // whom they are told to ask
}

// LookedAtOf makes the page. first is the address of its newest part.
func LookedAtOf(o looks.Own, later bool) LookedAt {
	first := RecordAddress(o.Record) + "/looked"
	v := LookedAt{}
	if later {
		v.Later = first
	}
	for _, t := range o.Looks {
		day := Weekday(DayUTC(t.Day))
		if n := len(v.Days); n == 0 || v.Days[n-1].Day != day {
			v.Days = append(v.Days, ToldDay{Day: day})
		}
		d := &v.Days[len(v.Days)-1]
		row := ToldRow{Words: ToldWords(t, o), Why: toldWhy(t, o), Concern: LookAddress(t.Footprint, "concern")}
		if t.Note {
			row.Note = NoteAddress(o.Record, t.NoteID)
		}
		d.Rows = append(d.Rows, row)
	}
	if o.More {
		v.Earlier = with(first, "before", o.Looks[len(o.Looks)-1].Day.Format(time.DateOnly))
	}
	return v
}

// ToldWords says a look in a sentence, without a name: "A person who works at your
// home read your care plan."
func ToldWords(t looks.Told, o looks.Own) string {
	words := upperFirst(toldWho(t, o)) + " " + toldDid(t) + "."
	if t.Times > 1 {
		words = words[:len(words)-1] + fmt.Sprintf(", %d times.", t.Times)
	}
	return words
}

// toldPlace says where somebody lives or stays, as they would.
func toldPlace(o looks.Own) string {
	switch o.Home {
	case "childrens-home":
		return "your home"
	case "family-centre":
		return "the centre where you stay"
	}
	return "the place where you live"
}

// toldWho says who looked, by role.
func toldWho(t looks.Told, o looks.Own) string {
	switch t.Basis {
	case "key-worker":
		return "your key worker"
	case "inspector-pass":
		return "an inspector"
	case "portal-link":
		return "a person we sent it to"
	}
	wide := map[string]string{"responsible-individual": "the person in charge of all our homes", "data-protection-officer": "the person who checks how we keep information",
		"administrator": "a person who looks after our computers", "auditor": "a person who checks who looks at files", "inspector": "an inspector", "front-door": "a person who helps to decide who can help you",
		"visitor-44": "the visitor who checks your home", "visitor-25": "the visitor who checks the centre", "parent": "a parent", "young-person": "another young person"}
	if words, ok := wide[string(t.Role)]; ok {
		return words
	}
	place := toldPlace(o)
	if !t.Near && t.Role != "" {
		place = "another of our homes"
	}
	switch t.Role {
	case "manager":
		return "the manager of " + place
	case "shift-lead":
		return "the person in charge of the shift at " + place
	case "staff":
		return "a person who works at " + place
	}
	return "a person who works for us"
}

// toldDid says what they did.
func toldDid(t looks.Told) string {
	thing := "your papers"
	if t.Kind != "" {
		thing = "your " + lowerFirst(KindWords(t.Kind))
		if k, ok := versions.KindOf(t.Kind); !ok || k.Name == "other" || k.Event || k.Arrives {
			thing = "a paper in your file"
			if ok && k.Name != "other" {
				thing = "a paper in your file: " + lowerFirst(k.Words)
			}
		}
	}
	switch t.Act {
	case access.AddDocument.Name:
		return "put a new paper in your file: " + lowerFirst(KindWords(t.Kind))
	case access.AddVersion.Name:
		return "put in a newer copy of " + thing
	case access.ApproveVersion.Name:
		return "agreed to " + thing
	case access.OpenVersion.Name:
		return "read " + thing
	case access.ViewDocument.Name:
		return "looked at " + thing
	case access.AskAsAt.Name:
		return "looked at what your file said on a day"
	}
	return "looked at your file"
}

// toldWhy says why they could.
func toldWhy(t looks.Told, o looks.Own) string {
	switch t.Basis {
	case "key-worker":
		return "They help you more than others do, so they can see your file."
	case "break-glass":
		return "They do not usually see your file. " + toldReason(t.Reason)
	case "inspector-pass":
		return "Inspectors check that homes are good and safe."
	case "portal-link":
		return "We sent it to them because they needed it to help you."
	case "":
		return ""
	}
	switch t.Role {
	case "staff", "shift-lead", "manager":
		if t.Near {
			return "They look after people at " + toldPlace(o) + "."
		}
		return "You can ask why they needed to."
	case "inspector":
		return "Inspectors check that homes are good and safe."
	case "data-protection-officer", "auditor":
		return "It is their job to check that files are kept well."
	case "responsible-individual":
		return "It is their job to check that our homes are run well."
	}
	return "It is part of their job."
}

// toldReason says why somebody looked who does not usually: which kind of reason
// they gave, and none of its words, which may name somebody.
func toldReason(r grants.OutsideReason) string {
	return map[grants.OutsideReason]string{
		grants.ForAudit:     "The reason they gave: they had to check if we do our work well.",
		grants.ForOversight: "The reason they gave: a manager was away, and they had to help with a choice.",
		grants.ForSupport:   "The reason they gave: something on the computer was broken, and they had to fix it.",
		grants.ForEmergency: "The reason they gave: they had to act fast to keep someone safe.",
		grants.ForOther:     "They gave a reason in their own words. You can ask us what it was.",
	}[r]
}

// DayUTC reads a plain date as it comes from the database.
func DayUTC(t time.Time) clock.Day {
	d, _ := clock.ParseDay(t.Format(time.DateOnly))
	return d
}

// toldRoute says to whom a concern goes, in the words of a young person's page.
func toldRoute(r looks.Route) string {
	return map[looks.Route]string{looks.ToManager: "the manager", looks.ToIndividual: "the person in charge of all our homes", looks.ToDPO: "the person who checks how we keep information"}[r]
}

// ToldRoutes are to whom a concern can go, in the words of a young person's page.
func ToldRoutes() []Option {
	hints := map[looks.Route]string{looks.ToManager: "If it is about the manager, someone else will read it.", looks.ToIndividual: "They are the manager’s boss.", looks.ToDPO: "They do not work in your home."}
	var list []Option
	for _, r := range looks.Routes() {
		list = append(list, Option{Value: string(r), Words: upperFirst(toldRoute(r)), Hint: hints[r]})
	}
	return list
}
