package portal

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"custodian/internal/access"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/versions"
)

func (s *server) me(c *gin.Context, actor access.Actor) error {
	p, err := people.Me(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	type role struct {
		Role    string `json:"role"`
		Setting string `json:"setting"`
		From    string `json:"from"`
	}
	roles := []role{}
	for _, r := range p.Roles {
		roles = append(roles, role{r.Role, r.Home, instant(r.From)})
	}
	return answer(c, http.StatusOK, struct {
		ID        ref    `json:"id"`
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		PostTitle string `json:"post_title"`
		Provider  string `json:"provider"`
		Roles     []role `json:"roles"`
	}{refOf(p.ID), string(p.Kind), p.Name, p.PostTitle, p.Provider, roles})
}

type tokenView struct {
	ID        ref     `json:"id"`
	Label     string  `json:"label"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt string  `json:"expires_at"`
	RevokedAt *string `json:"revoked_at"`
	LastAt    *string `json:"last_used_at"`
}

func (s *server) tokens(c *gin.Context, actor access.Actor) error {
	p, before, err := onePlace(c)
	if err != nil {
		return err
	}
	found, err := login.Tokens(c.Request.Context(), s.db, actor, before, p.limit+1)
	if err != nil {
		return err
	}
	show := func(t login.Token) tokenView {
		return tokenView{refOf(t.ID), t.Label, instant(t.CreatedAt), instant(t.ExpiresAt), instantOrNil(t.RevokedAt), instantOrNil(t.LastAt)}
	}
	return answer(c, http.StatusOK, list(p, found, show, func(t login.Token) []int64 { return []int64{t.ID} }))
}

// onePlace reads the page of a list whose cursor is one number.
func onePlace(c *gin.Context, also ...string) (listPage, int64, error) {
	p, err := pageOf(c, also...)
	if err != nil {
		return p, 0, err
	}
	at, err := p.ids(1)
	if err != nil {
		return p, 0, err
	}
	return p, at[0], nil
}

func (s *server) revokeToken(c *gin.Context, actor access.Actor) error {
	token, err := id(c, "id")
	if err != nil {
		return err
	}
	if err := login.Revoke(c.Request.Context(), s.db, actor, token); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func (s *server) homes(c *gin.Context, actor access.Actor) error {
	found, err := people.Homes(c.Request.Context(), s.db, actor)
	if err != nil {
		return err
	}
	type view struct {
		ID   ref    `json:"id"`
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	show := func(h people.Home) view { return view{refOf(h.ID), h.Name, h.Kind} }
	// an organisation's settings are few: they make one page
	return answer(c, http.StatusOK, list(listPage{limit: len(found)}, found, show, nil))
}

func (s *server) kinds(c *gin.Context, _ access.Actor) error {
	kinds := versions.Kinds()
	same := func(k versions.Kind) versions.Kind { return k }
	return answer(c, http.StatusOK, list(listPage{limit: len(kinds)}, kinds, same, nil))
}
