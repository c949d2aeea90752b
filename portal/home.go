package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/looks"
	"custodian/internal/people"
	"custodian/portal/page"
)

// recentRows is how much of what came lately the home page shows.
const recentRows = 6

// home shows what waits for whoever is signed in, and what came lately. Who has
// one library to ask can ask it from here.
func (s *server) home(c *gin.Context, actor access.Actor) error {
	needs, err := s.keeper.Needs(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	news, err := s.keeper.News(c.Request.Context(), actor, recentRows)
	if err != nil {
		return err
	}
	libraries, err := people.Records(c.Request.Context(), s.db, actor, access.Library, 0, 4)
	if err != nil {
		return err
	}
	unfinished, err := s.keeper.Unfinished(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	menu, err := people.MenuOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v := page.HomeOf(needs, unfinished, news, libraries, now())
	v.Add = page.Adding(menu, libraries)
	waits, err := looks.WaitsFor(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v.Wait(nil, page.LookNeeds(waits, now()))
	due, err := s.keeper.DueLodgings(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	v.Wait(page.LodgedNeeds(due), nil)
	outside, err := grants.OutsideNeedsOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	v.Wait(page.OutsideNeedRows(outside, now()), nil)
	v.Wait(page.SubjectNeeds(waits, now()), nil)
	switch {
	case menu.Own != nil:
		v.OfOwn(menu.Own[0])
		answers, err := looks.Unread(c.Request.Context(), s.db, actor)
		if err != nil {
			return err
		}
		v.Wait(page.ToldNeeds(answers, now()), nil)
	case menu.Manages:
		if err := s.forAdministrator(c, actor, &v); err != nil {
			return err
		}
	case menu.Oversees && menu.Kinds == nil:
		v.Oversees()
	}
	if v.Frame, err = s.frame(c, actor, "Home", "/home"); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "home", v)
}

// forAdministrator adds what waits for somebody who keeps people and settings,
// and where they do it: most see no document, so nothing else stands on the page.
func (s *server) forAdministrator(c *gin.Context, actor access.Actor, v *page.Home) error {
	strangers, last := 0, now()
	if s.signIn != nil {
		var err error
		if strangers, last, err = s.members.Strangers(c.Request.Context(), actor); err != nil {
			return err
		}
	}
	v.Administers(strangers, last, now())
	return nil
}
