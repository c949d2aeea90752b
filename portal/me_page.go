package portal

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/portal/page"
)

// tokenRows is how many tokens somebody's own page shows.
const tokenRows = 20

// myself tells somebody which roles they hold, where they are signed in, and
// which tokens speak for them.
func (s *server) myself(c *gin.Context, actor access.Actor) error {
	p, err := people.Me(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	menu, err := people.MenuOf(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	asks, err := grants.AskerOutside(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	sessions, err := login.Sessions(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	tokens, err := login.Tokens(c.Request.Context(), s.db, actor, after(c, "tokens"), tokenRows+1)
	if err != nil {
		return err
	}
	v := page.MyselfOf(p, menu.Works, asks.May)
	addSessions(&v, sessions)
	addTokens(&v, tokens)
	if v.Frame, err = s.frame(c, actor, "Your access", ""); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "me", v)
}

func addSessions(v *page.Myself, sessions []login.Session) {
	for _, s := range sessions {
		v.Sessions = append(v.Sessions, page.SessionRow{Begun: page.Moment(s.BegunAt, now()), Last: page.Moment(s.LastAt, now()), Until: page.Moment(s.ExpiresAt, now()),
			Current: s.Current, Browser: s.Browser, End: "/me/sessions/" + strconv.FormatInt(s.ID, 10) + "/end"})
	}
}

// addTokens adds tokens to somebody's own page. There is one more than the page
// shows where there is a next page.
func addTokens(v *page.Myself, tokens []login.Token) {
	if len(tokens) > tokenRows {
		tokens = tokens[:tokenRows]
		v.MoreTokens = "/me?tokens=" + strconv.FormatInt(tokens[tokenRows-1].ID, 10)
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, tokenRow(t))
	}
}

func tokenRow(t login.Token) page.TokenRow {
	r := page.TokenRow{Label: t.Label, Made: page.DayOf(t.CreatedAt), Last: "Never", Until: page.DayOf(t.ExpiresAt), Status: page.Status{Words: "Live", Look: "good"}}
	if t.LastAt != nil {
		r.Last = page.Moment(*t.LastAt, now())
	}
	switch {
	case t.RevokedAt != nil:
		r.Status = page.Status{Words: "Ended " + page.DayOf(*t.RevokedAt), Look: "past"}
	case !t.ExpiresAt.After(now()):
		r.Status = page.Status{Words: "Expired", Look: "past"}
	default:
		r.Revoke = "/me/tokens/" + strconv.FormatInt(t.ID, 10) + "/revoke"
	}
	return r
}

// endSession ends one of somebody's own sessions, in another browser.
func (s *server) endSession(c *gin.Context, actor access.Actor) error {
	session, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := login.EndSession(c.Request.Context(), s.db, actor, session); err != nil {
		return err
	}
	return s.done(c, "/me", "session")
}

// ofStaff answers only those who work or visit here: for whoever reads their own
// file, and for somebody whose last role has ended, the page is not there.
func (s *server) ofStaff(a access.Action, h handler) handler {
	return func(c *gin.Context, actor access.Actor) error {
		works, err := people.Works(c.Request.Context(), s.db, actor)
		if err == nil && !works {
			err = s.refuse(c, actor, audit.Act{Action: a})
		}
		if err != nil {
			return err
		}
		return h(c, actor)
	}
}

// endToken ends one of somebody's own API tokens.
func (s *server) endToken(c *gin.Context, actor access.Actor) error {
	token, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := login.Revoke(c.Request.Context(), s.db, actor, token); err != nil {
		return err
	}
	return s.done(c, "/me", "token")
}

// newToken shows the form by which somebody makes a token, and the secret, once.
func (s *server) newToken(c *gin.Context, actor access.Actor) error {
	if c.Request.Method == http.MethodGet {
		return s.askToken(c, actor, http.StatusOK, page.NewForm(url.Values{"days": {strconv.Itoa(login.UsualTokenDays)}}, nil))
	}
	values, err := typed(c)
	if err != nil {
		return err
	}
	made, err := login.OwnToken(c.Request.Context(), s.db, actor, line(values, "label"), daysTyped(values))
	if status, problems, ok := refused(err); ok {
		return s.askToken(c, actor, status, page.NewForm(values, problems))
	}
	if err != nil {
		return err
	}
	v := page.NewToken{Secret: made.Secret.Reveal(), Until: page.DayOf(made.ExpiresAt)}
	if v.Frame, err = s.frame(c, actor, "Your new token", ""); err != nil {
		return err
	}
	return s.show(c, http.StatusOK, "token", v)
}

func (s *server) askToken(c *gin.Context, actor access.Actor, status int, form *page.Form) error {
	days := form.Line("days", "For how many days?", fmt.Sprintf("From 1 to %d. Then it works no longer.", login.MostTokenDays))
	days.Width = "4"
	v := page.Change{Caption: "Your access", Heading: "Make an API token", Address: "/me/tokens/new", Submit: page.Submit{Words: "Make the token", Cancel: "/me"},
		Words: []string{"A token lets a program act as you, with everything you may do. Make one for each program, so that you can end one without the others."}}
	label := form.Line("label", "What is it for?", "For example, Rota export.")
	v.Fields = []page.Field{{Input: &label}, {Input: &days}}
	return s.askPage(c, actor, v, "", status, form)
}
