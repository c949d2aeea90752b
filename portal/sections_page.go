package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/people"
	"custodian/portal/page"
	"custodian/versions"
)

// advisersFor lists who may be named as having advised where somebody may
// restrict what they add.
func (s *server) advisersFor(c *gin.Context, actor access.Actor, w versions.Where) ([]versions.Adviser, error) {
	if !slices.Contains(w.Adds, access.Restricted) {
		return nil, nil
	}
	return s.keeper.Advisers(c.Request.Context(), actor, w.Record)
}

// sectionsOf adds to a record's page what its sections are about: the safety
// panel, the notes of lodging, and the way to what is restricted.
func (s *server) sectionsOf(c *gin.Context, actor access.Actor, v *page.Record, shelf versions.Shelf, q versions.Look) error {
	w := shelf.Where
	if v.Library || !w.May.Read {
		return nil
	}
	panel, err := people.SafetyOf(c.Request.Context(), s.db, actor, w.Record, people.SafetyAsk{Day: q.Day, Known: q.Known})
	if err != nil {
		return err
	}
	v.Safety = page.SafetyOf(panel, v.Asked)
	reads, err := s.keeper.ReadsRestricted(c.Request.Context(), actor, w.Record)
	if err != nil {
		return err
	}
	if reads {
		v.Restricted = page.RestrictedAddress(w.Record)
	}
	notes, err := s.keeper.Notes(c.Request.Context(), actor, w.Record)
	v.Notes = page.NotesOf(notes, reads)
	return err
}

// sectionOf adds to a document's page in which section it lies, and what may be
// done about that.
func (s *server) sectionOf(c *gin.Context, actor access.Actor, v *page.Document, sheet versions.Sheet) error {
	d := sheet.Document
	v.Facts = append(v.Facts, page.Fact{Name: "Section", Text: page.SectionWords(d.Section)})
	moves, err := s.keeper.Moves(c.Request.Context(), actor, d.ID)
	if err != nil {
		return err
	}
	v.Facts = append(v.Facts, page.MovesOf(moves)...)
	at := page.DocumentAddress(d.ID)
	if d.Section == access.Restricted {
		lodging, err := s.keeper.LiveLodging(c.Request.Context(), actor, d.ID)
		if err == nil && lodging != 0 {
			v.May = append(v.May, page.Link{Words: "Why it is restricted, and until when", Address: page.LodgingAddress(lodging)})
		}
		return err
	}
	for _, to := range sheet.MovesTo {
		link := page.Link{Words: "Move it to the " + to.String() + " section", Address: at + "/section"}
		if to == access.Restricted {
			link = page.Link{Words: "Lodge it in the restricted section", Address: at + "/lodge"}
		}
		v.May = append(v.May, link)
	}
	return nil
}

// moveSection moves a document between the general and the sensitive section.
func (s *server) moveSection(c *gin.Context, actor access.Actor) error {
	return s.sectioning(c, actor, access.MoveSection, "section", func(sheet versions.Sheet, _ []versions.Adviser, f *page.Form) page.Change {
		return page.MoveSection(sheet, otherSection(sheet), f)
	}, func(sheet versions.Sheet, values url.Values) error {
		m := versions.SectionMove{To: otherSection(sheet).String(), Why: strings.TrimSpace(values.Get("why"))}
		return s.keeper.MoveSection(c.Request.Context(), actor, sheet.Document.ID, m)
	})
}

// otherSection is the open section in which a document does not lie.
func otherSection(sheet versions.Sheet) access.Section {
	if sheet.Document.Section == access.General {
		return access.Sensitive
	}
	return access.General
}

// lodgePage puts an existing document into the restricted section.
func (s *server) lodgePage(c *gin.Context, actor access.Actor) error {
	return s.sectioning(c, actor, access.Lodge, "lodged", page.Lodge, func(sheet versions.Sheet, values url.Values) error {
		lodging, bad := readLodging(values)
		if err := badDays(bad, lodging.Check(today())); err != nil {
			return err
		}
		return s.keeper.MoveSection(c.Request.Context(), actor, sheet.Document.ID, versions.SectionMove{To: access.Restricted.String(), Lodging: lodging})
	})
}

// sectioning shows the page on which a document goes to another section, and
// does it.
func (s *server) sectioning(c *gin.Context, actor access.Actor, a access.Action, done string,
	face func(versions.Sheet, []versions.Adviser, *page.Form) page.Change, do func(versions.Sheet, url.Values) error) error {
	document, err := id(c, "id")
	if err != nil {
		return err
	}
	sheet, err := s.keeper.Sheet(c.Request.Context(), actor, versions.Ask{Document: document, For: access.MoveSection, Limit: 1})
	if err != nil {
		return err
	}
	if to := otherSection(sheet); a == access.MoveSection && to == access.General {
		if sent, err := s.askForRelease(c, actor, versions.Release{Document: document, To: &to}, nil); sent || err != nil {
			return err
		}
	}
	advisers, err := s.advisersFor(c, actor, sheet.Where)
	if err != nil {
		return err
	}
	status, values := http.StatusOK, page.ReviewIn(nil, "lodging_review_on", today(), usualReview)
	form := page.NewForm(values, nil)
	if c.Request.Method == http.MethodPost {
		if values, err = typed(c); err != nil {
			return err
		}
		if err = do(sheet, values); err == nil {
			return s.done(c, page.DocumentAddress(document), done)
		}
		again, problems, ok := refused(err)
		if !ok {
			return err
		}
		status, form = again, page.NewForm(values, problems)
	}
	v := face(sheet, advisers, form)
	v.Address, v.Caption, v.Submit.Cancel = c.Request.URL.Path, sheet.Document.Title, page.DocumentAddress(document)
	if no := sheet.Cannot(a); no != nil {
		status = refusal(&v, no, status, values, form.Problems())
	}
	if v.Frame, err = s.documentFrame(c, actor, sheet, versions.Ask{}, v.Heading); err != nil {
		return err
	}
	v.Problems = form.Summary()
	return s.show(c, status, "change", v)
}

// usualReview is in how many months what is restricted is looked at again, where
// nobody says another day.
const usualReview = 3
