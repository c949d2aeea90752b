package whole

import (
	"testing"
	"time"

	"custodian/internal/browsertest"
)

// opened walks the access parts of journey D4: case records are hidden from an
// inspector until a manager opens one to them; then that one is read, and why is said;
// every look is a footprint; and when it ends, it is gone. With script and without, on
// a desk and a telephone.
func (s *stack) opened(t *testing.T) {
	wren, finch := s.recordOf("Wren Sample"), s.recordOf("Finch Sample")
	for name, o := range map[string]browsertest.Options{
		"wide": {Width: 1200}, "phone": {Width: 375}, "wide, no script": {Width: 1200, NoScript: true}, "phone, no script": {Width: 375, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			inspector := s.come(t, "inspector", o, false)
			hidden := func(path string) {
				t.Helper()
				inspector.Allow("404")
				inspector.Open(s.URL + path)
				inspector.Has("We cannot find that page")
			}
			hidden(wren)
			hidden("/records/999999999")

			manager := s.come(t, "manager", o, false)
			manager.Open(s.URL + wren)
			manager.act("Who may see this record")
			manager.act("Open it to an inspector")
			manager.Has("Inspectors see no case records until one is opened to them.")
			manager.Axe()
			manager.act("Open it to them")
			manager.Has("There is a problem")
			manager.Choose("Ira Example, inspector")
			until := time.Now().AddDate(0, 0, 2)
			manager.date("Until which day?", "", until.Format("2"), until.Format("1"), until.Format("2006"))
			manager.fill("Why?", "Asked to follow one file, "+name)
			manager.act("Open it to them")
			manager.Has("The inspector can read it")
			manager.Has("Inspector, opened to them")
			manager.Has("Asked to follow one file, " + name)
			manager.Axe()
			manager.Shot("opened-to-inspector")

			inspector.Open(s.URL + "/records?kind=young-person")
			inspector.act("Wren Sample")
			inspector.act("Why can I see this?")
			inspector.Has("This young person’s record was opened to you as an inspector, given by Morgan Example on")
			inspector.Axe()
			inspector.Open(s.URL + wren + "?on-day=1&on-month=2&on-year=2026")
			inspector.act("Care plan")
			inspector.Has("1 February 2026")
			inspector.Shot("inspector-reads-care-plan")
			hidden(finch)
			hidden(wren + "/people")
			inspector.Allow("403")
			inspector.Open(s.URL + wren + "/add")
			inspector.Has("You may read here, but not add.")
			inspector.Open(s.URL + wren + "/footprints")
			inspector.Has("These are your own looks and changes.")
			hidden(wren + "/restricted")
			hidden("/documents/" + s.documentID(t, "Letter from a neighbour"))

			manager.Open(s.URL + wren + "/footprints")
			manager.Has("Ira Example")
			manager.Has("Looked at version 3 of Care plan, as it was on 1 February 2026")
			manager.Has("Seen because it was opened to them as an inspector")

			manager.Open(s.URL + wren + "/people")
			manager.act("End this : Ira Example, Inspector, opened to them")
			manager.fill("Why does it end?", "The inspection is over, "+name)
			manager.act("End it now")
			manager.Has("It has ended")
			manager.Has("The inspection is over, " + name)
			hidden(wren)
		})
	}
}

// documentID is the number of a document of the demonstration, by its title.
func (s *stack) documentID(t *testing.T, title string) (id string) {
	t.Helper()
	must(t, s.database().QueryRow(t.Context(), `select id::text from app.document where title = $1`, title).Scan(&id))
	return id
}
