package login

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"custodian/internal/fault"
)

const (
	mostGroups   = 2000
	longestEmail = 320
)

// identity is somebody whom the service vouches for. Issuer and subject say who
// they are; the rest is what it says about them.
type identity struct {
	issuer, subject string
	name, email     string
	unproven        string   // the address where it is not said to be theirs: email is "" then
	groups          []string // sorted, none twice
	proof           proof
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// claims reads who somebody is from the ID token, and their groups from the
// userinfo endpoint where the token has none.
func (s *service) claims(ctx context.Context, m *metadata, id *oidc.IDToken, token *oauth2.Token) (identity, error) {
	var said map[string]json.RawMessage
	if err := id.Claims(&said); err != nil {
		return identity{}, unfinished("token", "The sign-in service's answer cannot be read.", nil)
	}
	shown, err := readProof(said, id.IssuedAt, time.Now())
	if err != nil {
		return identity{}, err
	}
	if _, ok := said[s.opt.GroupsClaim]; !ok && m.provider.UserInfoEndpoint() != "" {
		more, err := s.userInfo(ctx, m, id.Subject, token)
		if err != nil {
			return identity{}, err
		}
		// whether an address is theirs counts only of that same address
		if said["email"] == nil {
			delete(said, emailVerified)
		} else if string(said["email"]) != string(more["email"]) {
			delete(more, emailVerified)
		}
		for _, name := range []string{s.opt.GroupsClaim, "name", "email", emailVerified, "preferred_username"} {
			if _, ok := said[name]; !ok && more[name] != nil {
				said[name] = more[name]
			}
		}
	}
	groups, err := readGroups(said, s.opt.GroupsClaim)
	if err != nil {
		return identity{}, err
	}
	who := identity{subject: id.Subject, email: readText(said["email"]), groups: groups, proof: shown}
	who.issuer = s.opt.Issuer // the verifier made sure; where it allows two spellings, ours is the one that is stored
	if len(who.email) > longestEmail {
		who.email = ""
	}
	if !verified(said[emailVerified], s.opt.TrustsEmail) {
		who.email, who.unproven = "", who.email
	}
	for _, name := range []string{readText(said["name"]), readText(said["preferred_username"]), who.email, "Name not given"} {
		if who.name = cleanName(name); who.name != "" {
			break
		}
	}
	return who, nil
}

const emailVerified = "email_verified"

// verified tells whether an e-mail address is the person's own. At some services
// people write in themselves what they like, another's address among it. A few send
// the word as a text.
func verified(raw json.RawMessage, trusted bool) bool {
	switch string(raw) {
	case `true`, `"true"`:
		return true
	case ``, `null`:
		return trusted
	}
	return false
}

// userInfo asks for further claims (OpenID Connect Core 1.0, 5.3), which count
// only when they are about the same subject.
func (s *service) userInfo(ctx context.Context, m *metadata, subject string, token *oauth2.Token) (map[string]json.RawMessage, error) {
	var said map[string]json.RawMessage
	info, err := m.provider.UserInfo(s.context(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, away("provider-down", errors.New("the userinfo endpoint did not answer"))
	}
	if info.Subject != subject {
		return nil, unfinished("token", "The sign-in service's answers are about two people.", nil)
	}
	if err := info.Claims(&said); err != nil {
		return nil, unfinished("token", "The sign-in service's answer cannot be read.", nil)
	}
	return said, nil
}

// readGroups takes a list of names or a single name. A service that only points
// to where the groups could be had (Core 1.0, 5.6.2: some do when there are very
// many) is refused: to take that for none would end everybody's roles.
func readGroups(said map[string]json.RawMessage, claim string) ([]string, error) {
	var elsewhere map[string]any
	if json.Unmarshal(said["_claim_names"], &elsewhere) == nil && elsewhere[claim] != nil {
		return nil, misset("groups-elsewhere", errors.New("the service sends no groups, only a place to ask for them; let it send those only that Custodian needs"))
	}
	raw, ok := said[claim]
	if !ok || string(raw) == "null" {
		return nil, nil
	}
	var groups []string
	if err := json.Unmarshal(raw, &groups); err != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return nil, misset("groups", errors.New("the claim "+claim+" is neither a list of names nor a name"))
		}
		groups = []string{one}
	}
	if len(groups) > mostGroups {
		return nil, misset("groups", errors.New("the service sends more than 2,000 groups; let it send those only that Custodian needs"))
	}
	// a name that could not be mapped (fault.CheckLine) is of no use
	groups = slices.DeleteFunc(groups, func(g string) bool { return len(fault.CheckLine("group", g)) > 0 })
	slices.Sort(groups)
	return slices.Compact(groups), nil
}

func readText(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text) // what is no text counts as not said
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if fault.Hidden(r) {
			return -1
		}
		return r
	}, text))
}

// cleanName makes a name fit to be shown and stored.
func cleanName(name string) string {
	if r := []rune(name); len(r) > fault.Longest {
		name = strings.TrimSpace(string(r[:fault.Longest]))
	}
	return name
}
