package page

import (
	"strconv"
	"time"

	"custodian/internal/login"
	"custodian/internal/people"
)

// RoleRow is a role that somebody holds.
type RoleRow struct{ Role, Setting, Since string }

// SessionRow is a browser in which somebody is signed in.
type SessionRow struct {
	Begun, Last, Until string
	Current            bool
	End                string
}

// TokenRow is an API token of somebody.
type TokenRow struct {
	Label, Made, Last, Until string
	Status                   Status
	Revoke                   string // "" where it has ended
}

// Myself tells somebody what they may see and why, and where they are signed in.
type Myself struct {
	Frame
	Name, Post, Provider string
	Roles                []RoleRow
	Sessions             []SessionRow
	Tokens               []TokenRow
	MoreTokens           string
}

// MyselfOf makes the page. tokens holds one more than limit where there is a next
// page.
func MyselfOf(p people.Profile, sessions []login.Session, tokens []login.Token, limit int, now time.Time) Myself {
	m := Myself{Name: p.Name, Post: p.PostTitle, Provider: p.Provider}
	for _, r := range p.Roles {
		m.Roles = append(m.Roles, RoleRow{RoleWords(r.Role), upperFirst(place(r.Home)), DayOf(r.From)})
	}
	for _, s := range sessions {
		m.Sessions = append(m.Sessions, SessionRow{Moment(s.BegunAt, now), Moment(s.LastAt, now), Moment(s.ExpiresAt, now), s.Current,
			"/me/sessions/" + strconv.FormatInt(s.ID, 10) + "/end"})
	}
	if len(tokens) > limit {
		tokens = tokens[:limit]
		m.MoreTokens = "/me?tokens=" + strconv.FormatInt(tokens[limit-1].ID, 10)
	}
	for _, t := range tokens {
		m.Tokens = append(m.Tokens, tokenRow(t, now))
	}
	return m
}

func tokenRow(t login.Token, now time.Time) TokenRow {
	r := TokenRow{Label: t.Label, Made: DayOf(t.CreatedAt), Last: "Never", Until: DayOf(t.ExpiresAt), Status: Status{"Live", "good"}}
	if t.LastAt != nil {
		r.Last = Moment(*t.LastAt, now)
	}
	switch {
	case t.RevokedAt != nil:
		r.Status = Status{"Ended " + DayOf(*t.RevokedAt), "past"}
	case !t.ExpiresAt.After(now):
		r.Status = Status{"Expired", "past"}
	default:
		r.Revoke = "/me/tokens/" + strconv.FormatInt(t.ID, 10) + "/revoke"
	}
	return r
}

// NewToken shows a token's secret, the one time that it can be seen.
type NewToken struct {
	Frame
	Secret, Until string
}
