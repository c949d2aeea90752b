package whole

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"custodian/internal/browsertest"
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

			p.Open(s.URL + "/oversight/unusual")
			p.Has("Very many looks")
			p.Has("At night")
			p.Has("Toni Example")

			p.Open(s.URL + "/oversight")
			p.act("Access outside one’s role")
			p.Has("Morgan Example")
			p.Axe()
			p.Open(s.URL + "/oversight")
			p.act("Restricted sections")
			p.Has("40 days overdue")
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

// lastLook is the newest look of somebody at a record.
func (s *stack) lastLook(t *testing.T, who string) (id int64) {
	t.Helper()
	must(t, s.database().QueryRow(context.Background(), `
		select f.id from app.footprint f join app.actor a on a.id = f.actor_id where a.name = $1 and f.action = 'record.asked-as-at' or a.name = $1 and f.action = 'record.viewed' order by f.id desc limit 1`, who).Scan(&id))
	return id
}
