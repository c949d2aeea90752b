package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/portal/page"
)

// visit answers a page for whoever is signed in. The session is the only thing
// that speaks for them here: an API token opens no page, and a session no API.
func (s *server) visit(a access.Action, h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set(actionKey, a.Name)
		actor, err := s.visitor(c)
		if a != access.Public {
			if fault.Is(err, fault.Unauthenticated) {
				s.askIn(c)
				return
			}
			if err != nil {
				s.fail(c, err)
				return
			}
			if sent, err := s.askMore(c, actor, a, nil); sent || err != nil {
				if err != nil {
					s.fail(c, err)
				}
				return
			}
		}
		if err := h(c, actor); err != nil {
			s.fail(c, err)
		}
	}
}

// visitor tells whose session a request carries.
func (s *server) visitor(c *gin.Context) (access.Actor, error) {
	secret, err := c.Cookie(login.SessionCookie)
	if err != nil {
		secret = ""
	}
	actor, err := login.Visitor(c.Request.Context(), s.db, secret)
	if err != nil {
		return access.Actor{}, err
	}
	c.Set(actorKey, int64(actor.ID))
	c.Set(whoKey, actor)
	c.Set(stillKey, func(ctx context.Context) error {
		_, err := login.Visitor(ctx, s.db, secret)
		return err
	})
	if s.seen.due(actor.Session) {
		if err := login.SessionSeen(c.Request.Context(), s.db, actor); err != nil {
			s.log.Warn("session use not noted", "session", actor.Session, "error", err)
		}
	}
	return actor, nil
}

// askIn sends somebody without a session to sign in and back again. What they
// had typed into a form is not lost: it is given back in a page from which it
// can be sent again.
func (s *server) askIn(c *gin.Context) {
	if m := c.Request.Method; m != http.MethodGet && m != http.MethodHead {
		if err := s.keepTyped(c); err != nil {
			s.fail(c, err)
		}
		return
	}
	c.Redirect(http.StatusSeeOther, "/sign-in?to="+url.QueryEscape(c.Request.URL.RequestURI()))
	c.Abort()
}

// menuKinds are the kinds of records that have a place in the menu, in its order.
func menuKinds() []access.RecordKind {
	return []access.RecordKind{access.Library, access.YoungPerson, access.Family, access.Parent, access.Staff}
}

// myFile is the menu's entry of those who read their own file, and nothing else.
const myFile = "My file"

// frame makes what stands around a page. current is the address of the menu's
// entry that the page belongs to.
func (s *server) frame(c *gin.Context, actor access.Actor, title, current string) (page.Frame, error) {
	f := page.Frame{Title: title, Demo: s.demo, Notice: page.NoticeOf(c.Query("done"))}
	if actor.ID == 0 {
		return f, nil
	}
	m, err := people.MenuOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return f, err
	}
	f.Seal = s.seal(c)
	f.Who, f.Place, f.Inspector = &page.Who{Name: m.Name, Post: m.PostTitle}, placeOf(m), onlyInspects(m)
	add := func(words, address string) {
		f.Menu = append(f.Menu, page.Item{Words: words, Address: address, Current: address == current})
	}
	add("Home", "/home")
	for i, record := range m.Own {
		add(map[bool]string{true: myFile, false: "My other file"}[i == 0], page.RecordAddress(record))
	}
	for _, k := range menuKinds() {
		if slices.Contains(m.Kinds, k) && m.Meets(k) && m.Own == nil {
			add(page.Kinds(k), page.ListAddress(k))
		}
	}
	if m.Keeps && !m.Manages {
		add("People", "/people")
	}
	if m.Manages {
		add("People", "/people")
		add("Settings", "/settings")
		add("Sign-ins", "/sign-ins")
	}
	if m.Oversees {
		add("Oversight", "/oversight")
	}
	return f, nil
}

// placeOf is the setting somebody works in, or the provider when it is not one.
func placeOf(m people.Menu) string {
	place := ""
	for _, r := range m.Roles {
		if r.Home == "" || place != "" && place != r.Home {
			return m.Provider
		}
		place = r.Home
	}
	if place == "" {
		return m.Provider
	}
	return place
}

func onlyInspects(m people.Menu) bool {
	return len(m.Roles) > 0 && !slices.ContainsFunc(m.Roles, func(r people.RoleHeld) bool { return r.Role != string(grants.Inspector) })
}

// show sends a page.
func (s *server) show(c *gin.Context, status int, name string, view any) error {
	b, err := s.pages.Write(name, view)
	if err != nil {
		return err
	}
	c.Data(status, "text/html; charset=utf-8", b)
	return nil
}

// askPage sends a page with one form that is headed by what it asks, with what is
// to be put right in it. menu is the address of the menu's entry that it belongs to.
func (s *server) askPage(c *gin.Context, actor access.Actor, v page.Change, menu string, status int, form *page.Form) error {
	var err error
	if v.Frame, err = s.frame(c, actor, v.Heading, menu); err != nil {
		return err
	}
	v.Back, v.Problems = v.Submit.Cancel, form.Summary()
	return s.show(c, status, "change", v)
}

// done sends somebody on after an act, to a page that says what was done.
func (s *server) done(c *gin.Context, address, what string) error {
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	c.Redirect(http.StatusSeeOther, address+joint+"done="+what)
	return nil
}

// refused tells whether an error is for the form it came from: then the form is
// shown again with what was typed, under the status and with the problems given.
func refused(err error) (status int, problems []fault.Field, ok bool) {
	f, is := fault.Of(err)
	if !is || !slices.Contains([]fault.Kind{fault.Invalid, fault.Conflict, fault.Forbidden, fault.TooLarge, fault.Unavailable, fault.Spent}, f.Kind) {
		return 0, nil, false
	}
	status, _, _ = face(f.Kind)
	if len(f.Fields) > 0 {
		return status, f.Fields, true
	}
	return status, []fault.Field{{Problem: f.Public}}, true
}

// now is the moment by which a page says "today" and "in 9 months".
func now() time.Time { return time.Now() }
