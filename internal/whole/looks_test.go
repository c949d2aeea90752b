package whole

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"custodian/internal/browsertest"
	"custodian/internal/clock"
)

// auditor is who audits in the journeys: whoever holds the right to audit everywhere.
const auditor = "auditor"

// oversight walks who has looked and journey D7: an auditor picks days, draws a sample,
// asks why and reads the answer, looks at what is out of the ordinary, raises a concern
// past the manager and takes a copy; with script and without, on a desk and a telephone.
func (s *stack) oversight(t *testing.T) {
	for name, o := range map[string]browsertest.Options{
		"wide": {Width: 1200}, "phone": {Width: 375}, "wide, no script": {Width: 1200, NoScript: true}, "phone, no script": {Width: 375, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			come := func(who string) person { return s.come(t, who, o, false) }
			wren := s.recordOf("Wren Sample")
			staff := come("staff")
			staff.Open(s.URL + wren)
			staff.act("Why can I see this?")
			staff.Has("You are a member of staff at Larkfield House")
			staff.Axe()
			look := s.lastLook(t, "Sam Example")

			manager := come("manager")
			manager.Open(s.URL + wren)
			manager.act("Everyone who has looked")
			manager.Has("Looked at the record")
			manager.Has("Seen by role: member of staff")
			manager.Axe()

			p := come(auditor)
			p.Open(s.URL + "/oversight")
			p.act("A random sample")
			p.fill("How many?", "3")
			p.act("Draw")
			p.Has("3 looks drawn from")
			drawn := p.Text()
			p.act("The address of this sample")
			if p.Text() != drawn {
				t.Errorf("drawn again: %s\nwant: %s", p.Text(), drawn)
			}
			p.Axe()

			p.Open(s.URL + fmt.Sprintf("/looks/%d/ask", look))
			p.fill("Anything to add? (optional)", "Asked in the test, "+name)
			p.act("Ask")
			p.Has("There is no answer yet.")
			staff.Open(s.URL + "/home")
			staff.act("Why did you look?")
			staff.fill("Why did you look?", "I read the plan before my shift, "+name)
			staff.act("Send the answer")
			staff.Has("I read the plan before my shift, " + name)
			p.Open(s.URL + "/questions")
			p.Has("I read the plan before my shift, " + name)

			s.fromTheSample(t, p, name)
			s.unusualLooks(p)

			p.Open(s.URL + "/oversight")
			p.act("Access outside one’s role")
			p.Has("Morgan Example")
			p.act("All")
			p.Has("Robin Example")
			p.Has("Audit or moderation")
			p.Has("Another reason")
			p.Axe()
			p.Open(s.URL + "/oversight")
			p.act("Restricted sections")
			p.Has("40 days overdue")
			p.Axe()

			p.Open(s.URL + "/oversight")
			p.act("Checkpoints")
			p.act("Check now")
			p.Has("All footprints are as they were signed.")
			p.Axe()

			p.Open(s.URL + fmt.Sprintf("/looks/%d/concern", look))
			p.Choose("The responsible individual")
			p.fill("What worries you?", "Raised in the test, "+name)
			p.act("Send it")
			p.Has("Nobody has opened it yet.")
			at := p.Path()
			manager.Allow("404")
			manager.Open(s.URL + strings.SplitN(at, "?", 2)[0])
			manager.Has("We cannot find that page")

			p.Open(s.URL + "/oversight/looks")
			p.act("Take a copy (CSV)")
			if f := p.Downloaded(); f.Type != "text/csv" && !strings.HasPrefix(f.Type, "text/csv;") || !strings.Contains(string(f.Bytes), "\r\ncheckpoint,") {
				t.Errorf("the copy is %d bytes of %s", len(f.Bytes), f.Type)
			}
			p.Open(s.URL + "/oversight/looks")
			p.Has("Took a copy of footprints")
		})
	}
}

// askWhy finds what is hidden in a link by which a look of a sample is asked about.
var askWhy = regexp.MustCompile(`Ask why ?: (.+?) Report a concern`)

// fromTheSample draws a sample of a period and asks about one of its looks.
func (s *stack) fromTheSample(t *testing.T, p person, name string) {
	today := clock.DayOf(time.Now())
	p.Open(s.URL + "/oversight/sample")
	s.pick(p, "From which day?", today.Plus(-60))
	s.pick(p, "Until which day?", today.Plus(-1))
	p.fill("How many?", "20")
	p.act("Draw")
	p.Has("20 looks drawn from")
	all := askWhy.FindAllStringSubmatch(p.Text(), -1)
	i := slices.IndexFunc(all, func(m []string) bool { return !strings.Contains(m[1], "Sam Example") }) // who is asked something else meanwhile
	if i < 0 {
		t.Fatalf("there is nothing to ask about: %s", p.Text())
	}
	p.act("Ask why : " + all[i][1])
	p.fill("Anything to add? (optional)", "From the sample, "+name)
	p.act("Ask")
	p.Has("There is no answer yet.")
}

// unusualLooks picks a period, in which each of the five kinds is listed with its
// reason, and one in which most of them are not.
func (s *stack) unusualLooks(p person) {
	today := clock.DayOf(time.Now())
	p.Open(s.URL + "/oversight/unusual")
	s.pick(p, "From which day?", today.Plus(-27))
	s.pick(p, "Until which day?", today.Plus(-1))
	p.act("Show")
	for _, reason := range []string{
		"does not work on shift, so looks from 11pm to 6am are listed.", "somebody with the same role (member of staff) has", "Casey Specimen has the same surname as the record",
		"Their role at Bramble Court ended on ", "3 accesses outside their role within a month",
	} {
		p.Has(reason)
	}
	for _, who := range []string{"Jules Example", "Toni Example", "Casey Specimen", "Robin Example"} {
		p.Has(who)
	}
	p.Axe()
	s.pick(p, "From which day?", today.Plus(-14))
	s.pick(p, "Until which day?", today.Plus(-2))
	p.act("Show")
	p.Has("somebody with the same role (member of staff) has")
	p.HasNot("Their role at Bramble Court ended on ")
	p.HasNot("Casey Specimen")
}

func (s *stack) pick(p person, question string, day clock.Day) {
	at := day.UTC()
	p.date(question, "", strconv.Itoa(at.Day()), strconv.Itoa(int(at.Month())), strconv.Itoa(at.Year()))
}

// lastLook is the newest look of somebody at a record.
func (s *stack) lastLook(t *testing.T, who string) (id int64) {
	t.Helper()
	must(t, s.database().QueryRow(context.Background(), `
		select f.id from app.footprint f join app.actor a on a.id = f.actor_id where a.name = $1 and f.action = 'record.asked-as-at' or a.name = $1 and f.action = 'record.viewed' order by f.id desc limit 1`, who).Scan(&id))
	return id
}
