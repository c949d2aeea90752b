package login

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custodian/internal/access"
	"custodian/internal/audit"
	"custodian/internal/pg"
)

// NoSecondFactor says that somebody signed in at the service without a second
// factor, or without the service's saying so, and holds roles that ask for one.
// They have no session.
type NoSecondFactor struct {
	Name  string   // as the service says it
	Roles []string // that ask for it
}

// Error is for logs: it does not say the name.
func (*NoSecondFactor) Error() string {
	return "login: signed in at the service without a second factor"
}

// moment is when it was shown as the database takes it, nil for not said.
func (p proof) moment() *time.Time {
	if p.at.IsZero() {
		return nil
	}
	return &p.at
}

// list is the methods as the database takes them.
func (p proof) list() []string { return append([]string{}, p.methods...) }

// outcome is what came of a sign-in, in one word.
func (e *entry) outcome() string {
	switch {
	case len(e.lacking) > 0:
		return "no-second-factor"
	case e.admitted:
		return "done"
	}
	return "no-role"
}

// judge decides whether what somebody showed is enough: they are who was to come
// back, their session at the service has not been ended meanwhile, and their roles
// do not ask for more.
func (s *SignIn) judge(ctx context.Context, tx *audit.Tx, e *entry, who identity, t transaction) error {
	if t.who != 0 && e.actor.ID != t.who {
		return unfinished("other-person", "Somebody else signed in than the person at work here. Sign out first if you are not that person.", nil)
	}
	if who.proof.sid != "" {
		var over bool
		err := tx.QueryRow(ctx, `select exists (select from app.logout_told where issuer = @issuer and sid = @sid)`,
			pgx.NamedArgs{"issuer": who.issuer, "sid": who.proof.sid}).Scan(&over)
		if err == nil && over {
			err = unfinished("over", "You have signed out at the sign-in service meanwhile.", nil)
		}
		if err != nil {
			return err
		}
	}
	if !e.admitted || who.proof.two(s.opt.SecondFactor) {
		return nil
	}
	held, err := rolesNow(ctx, tx.Reader(), e.actor.ID)
	if e.lacking = s.opt.SecondFactor.demands(held); len(e.lacking) > 0 {
		e.admitted = false
	}
	return err
}

// rolesNow lists the roles that somebody holds at this moment.
func rolesNow(ctx context.Context, tx *pg.Tx, of access.ActorID) ([]string, error) {
	rows, err := tx.Query(ctx, `select distinct role from app.role_held where actor_id = @of and from_at <= clock_timestamp() and until_at > clock_timestamp() order by role`,
		pgx.NamedArgs{"of": of})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Lack is what a session does not show and a request asks for.
type Lack int

// What can be lacking.
const (
	Nothing         Lack = iota
	LacksFreshness       // they showed who they are too long ago, or nobody knows when
	LacksSecondStep      // a role of theirs asks for a second factor
)

// Lacks tells what the session that the actor is in does not show for an action.
// It is asked at each request, since roles are given and settings change while a
// session lasts.
func (s *SignIn) Lacks(ctx context.Context, actor access.Actor, a access.Action) (Lack, error) {
	if !a.Fresh() && len(s.opt.SecondFactor.Roles) == 0 {
		return Nothing, nil
	}
	lack := Nothing
	err := pg.Read(ctx, s.opt.DB, actor, func(tx *pg.Tx) error {
		var p proof
		var at *time.Time
		err := tx.QueryRow(ctx, `
			select i.proved_at, i.amr, i.acr from app.session s join app.sign_in i on i.id = s.sign_in_id where s.id = @session`,
			pgx.NamedArgs{"session": actor.Session}).Scan(&at, &p.methods, &p.context)
		if err != nil {
			return err
		}
		if !p.two(s.opt.SecondFactor) {
			held, err := rolesNow(ctx, tx, actor.ID)
			if err != nil {
				return err
			}
			if len(s.opt.SecondFactor.demands(held)) > 0 {
				lack = LacksSecondStep
				return nil
			}
		}
		if a.Fresh() && (at == nil || tx.Now.Sub(*at) > s.opt.Fresh) {
			lack = LacksFreshness
		}
		return nil
	})
	return lack, err
}

// browserOf says which family of browsers an agent is of, and on which kind of
// computer, in words of ours: "Firefox on Windows". What it sent is not kept.
func browserOf(agent string) string {
	find := func(list ...string) string {
		for i := 0; i < len(list); i += 2 {
			if strings.Contains(agent, list[i]) {
				return list[i+1]
			}
		}
		return ""
	}
	// those first that say another's name as well
	family := find("Edg", "Edge", "OPR/", "Opera", "SamsungBrowser/", "Samsung Internet", "Firefox/", "Firefox", "FxiOS/", "Firefox", "CriOS/", "Chrome",
		"Chrome/", "Chrome", "Safari/", "Safari")
	kind := find("iPhone", "an iPhone", "iPad", "an iPad", "Android", "Android", "Windows", "Windows", "CrOS", "ChromeOS", "Mac OS X", "a Mac", "Linux", "Linux")
	switch {
	case family == "":
		return kind
	case kind == "":
		return family
	}
	return family + " on " + kind
}

// FreshFor is how old a sign-in may be for what asks for a fresh one.
func (s *SignIn) FreshFor() time.Duration { return s.opt.Fresh }
