package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/membership"
	"custodian/internal/pg"
)

// Rehearsal is a sign-in that is only looked at, by whoever runs the program: it
// is redeemed and checked as any other, and lets nobody in.
type Rehearsal struct {
	URL     string // of the service
	BackAt  string // where the service sends the browser to
	t       transaction
	service *service
	opt     Options
}

// Rehearse begins one.
func (s *SignIn) Rehearse(ctx context.Context) (*Rehearsal, error) {
	m, err := s.service.metadata(ctx)
	if err != nil {
		return nil, plainly(err)
	}
	t := newTransaction(home, time.Now())
	return &Rehearsal{m.authorize(t, s.opt.SecondFactor.ACR), s.opt.PublicURL + CallbackPath, t, s.service, s.opt}, nil
}

// Sent is what the service sends about somebody, and what comes of it here.
type Sent struct {
	Issuer, Subject, Name, Email string
	Unproven                     string  // the address that does not count, because it is not said to be theirs
	Claims                       []Claim // of the ID token, by name; what only protects the token is left out
	Groups                       []membership.GroupSent
	Known                        bool      // they have been here before, or somebody gave them a role
	ByHand                       []string  // roles that people here gave them
	Roles                        []string  // all that they would hold
	ProvedAt                     time.Time // zero where the service does not say
	Methods                      []string
	Context                      string
	Two                          bool     // there is evidence of a second factor
	Demanding                    []string // those of the roles that ask for it
}

// Claim is one thing that the service says, as JSON.
type Claim struct{ Name, Value string }

// Finish takes the address that the service sent the browser to. It writes nothing.
func (r *Rehearsal) Finish(ctx context.Context, address string) (Sent, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !same(u.Query().Get("state"), r.t.stateText()) {
		return Sent{}, errors.New("this is not the address that the browser was sent back to for this sign-in: copy all of it, from https:// or http:// to its end")
	}
	who, raw, err := r.service.redeem(ctx, r.t, u.Query())
	if err != nil {
		return Sent{}, plainly(err)
	}
	sent := Sent{Issuer: who.issuer, Subject: who.subject, Name: who.name, Email: who.email, Unproven: who.unproven, ProvedAt: who.proof.at, Methods: who.proof.methods, Context: who.proof.context,
		Two: who.proof.two(r.opt.SecondFactor), Claims: claimsOf(raw)}
	err = pg.Read(ctx, r.opt.DB, access.Custodian(), func(tx *pg.Tx) error { return sent.lookUp(ctx, tx, who.groups) })
	sent.Demanding = r.opt.SecondFactor.demands(sent.Roles)
	return sent, err
}

// claimsOf reads a token that has been checked.
func claimsOf(raw string) []Claim {
	var said map[string]json.RawMessage
	body, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil || json.Unmarshal(body, &said) != nil {
		return nil // which the check had refused
	}
	var list []Claim
	for _, name := range slices.Sorted(maps.Keys(said)) {
		// those that only protect the token help nobody who reads
		if !slices.Contains([]string{"nonce", "at_hash", "c_hash", "s_hash", "jti"}, name) {
			list = append(list, Claim{name, string(said[name])})
		}
	}
	return list
}

// lookUp finds what the groups give, and what somebody has besides.
func (s *Sent) lookUp(ctx context.Context, tx *pg.Tx, groups []string) error {
	var actor, provider int64
	err := tx.QueryRow(ctx, `select id, coalesce(provider_id, 0) from app.actor where issuer = @issuer and subject = @subject`,
		pgx.NamedArgs{"issuer": s.Issuer, "subject": s.Subject}).Scan(&actor, &provider)
	if err != nil && !pg.None(err) {
		return err
	}
	s.Known = actor != 0
	// of several organisations, somebody belongs to the first that takes them in
	rows, err := tx.Query(ctx, `
		with live as (
			select g.* from app.group_role g where g.issuer = @issuer and g.group_name = any (@groups) and g.from_at <= clock_timestamp() and g.until_at > clock_timestamp()
				and (@provider = 0 or g.provider_id = @provider) and app.in_group(g.provider_id, @issuer, @subject, g.group_name, @groups, now()))
		select l.group_name, l.id, l.role, coalesce(h.name, '') from live l left join app.home h on h.id = l.home_id
		where l.provider_id = (select provider_id from live order by id limit 1) order by l.group_name, l.id`,
		pgx.NamedArgs{"issuer": s.Issuer, "subject": s.Subject, "groups": groups, "provider": provider})
	if err != nil {
		return err
	}
	gives := map[string][]membership.Gives{}
	var name string
	var g membership.Gives
	_, err = pgx.ForEachRow(rows, []any{&name, &g.Mapping, &g.Role, &g.Home}, func() error {
		gives[name] = append(gives[name], g)
		s.Roles = append(s.Roles, string(g.Role))
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range groups {
		s.Groups = append(s.Groups, membership.GroupSent{Name: name, Gives: gives[name]})
	}
	rows, err = tx.Query(ctx, `
		select distinct role from app.role_held where actor_id = @actor and group_role_id is null and from_at <= clock_timestamp() and until_at > clock_timestamp() order by role`,
		pgx.NamedArgs{"actor": actor})
	if err != nil {
		return err
	}
	s.ByHand, err = pgx.CollectRows(rows, pgx.RowTo[string])
	s.Roles = append(s.Roles, s.ByHand...)
	slices.Sort(s.Roles)
	s.Roles = slices.Compact(s.Roles)
	return err
}

// plainly says why a rehearsal came to nothing to whoever runs the program: with
// the word of the footprint and the cause, which people who sign in are not told.
func plainly(err error) error {
	r, ok := refusalOf(err)
	if !ok {
		return err
	}
	if cause := r.logged(); cause != "" {
		return fmt.Errorf("%s (%s: %s)", r.words, r.because, cause)
	}
	return fmt.Errorf("%s (%s)", r.words, r.because)
}
