package grants_test

import (
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/fault"
	"custodian/internal/grants"
	"custodian/internal/login"
	"custodian/internal/people"
	"custodian/internal/sample"
)

// Whoever has left holds nothing, and nothing comes to speak for them.
func TestSomebodyLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.Actors["staff"].ID
	_, err := grants.Entrust(t.Context(), w.DB, w.Actors["manager"], who, w.Records["Wren Sample"], "knows them")
	w.must(err)
	if _, err := login.Bearer(t.Context(), w.DB, "Bearer "+w.Tokens["staff"]); err != nil {
		t.Fatalf("their token does not work to begin with: %v", err)
	}
	for name, c := range map[string]struct {
		by, who string
		want    fault.Kind
	}{
		"themselves":                        {"staff", "staff", fault.Forbidden},
		"a colleague":                       {"staff2", "staff", fault.NotFound},
		"another setting's manager":         {"other-manager", "staff", fault.NotFound},
		"the responsible individual":        {"individual", "staff", fault.NotFound},
		"a manager of who works everywhere": {"manager", "dpo", fault.NotFound},
		"the last administrator's manager":  {"manager", "admin", fault.NotFound},
	} {
		if err := grants.Leave(t.Context(), w.DB, w.Actors[c.by], w.Actors[c.who].ID, time.Time{}, "for the test"); !fault.Is(err, c.want) {
			t.Errorf("%s says it: %v", name, err)
		}
	}
	if err := grants.Leave(t.Context(), w.DB, w.Actors["manager"], who, days(-1), "for the test"); !fault.Is(err, fault.Invalid) {
		t.Errorf("left yesterday: %v", err)
	}
	w.must(grants.Leave(t.Context(), w.DB, w.Actors["manager"], who, time.Time{}, "moves away"))
	if n := w.liveGrants("staff"); n != 0 {
		t.Errorf("they hold %d grants still", n)
	}
	if _, err := login.Bearer(t.Context(), w.DB, "Bearer "+w.Tokens["staff"]); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("their token works still: %v", err)
	}
	if _, err := login.NewToken(t.Context(), w.DB, w.Actors["staff"], who, "another", time.Now().Add(time.Hour)); err == nil {
		t.Error("they make another token")
	}
	if err := grants.Leave(t.Context(), w.DB, w.Actors["admin"], who, time.Time{}, "again"); !fault.Is(err, fault.Conflict) {
		t.Errorf("left twice: %v", err)
	}
	if _, err := w.give("admin", w.giving("staff", grants.MemberOfStaff, sample.ChildrensHome)); !fault.Is(err, fault.Conflict) {
		t.Errorf("given a role: %v", err)
	}
	if _, err := grants.EntrustUntil(t.Context(), w.DB, w.Actors["manager"], who, w.Records["Wren Sample"], time.Time{}, "x"); !fault.Is(err, fault.Invalid) {
		t.Errorf("made key worker: %v", err)
	}
	const role = `insert into app.role_held (actor_id, role, provider_id, home_id, from_at, given_by, why) values ($1, 'staff', $2, $3, now(), $4, 'x')`
	if code := w.raw("admin", role, int64(who), w.Provider, w.Homes[sample.ChildrensHome], int64(w.Actors["admin"].ID)); code != "42501" {
		t.Errorf("the database gives them a role: %q", code)
	}
	w.must(grants.Return(t.Context(), w.DB, w.Actors["admin"], who, "came back"))
	if n := w.liveGrants("staff"); n != 0 {
		t.Errorf("what they held came back by itself: %d grants", n)
	}
	_, err = w.give("admin", w.giving("staff", grants.MemberOfStaff, sample.ChildrensHome))
	w.must(err)
	if _, err := login.Bearer(t.Context(), w.DB, "Bearer "+w.Tokens["staff"]); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the token of before works again: %v", err)
	}
}

// Somebody who is going to leave works until then, whatever is given meanwhile.
func TestSomebodyIsGoingToLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := w.Actors["staff"].ID
	w.must(grants.Leave(t.Context(), w.DB, w.Actors["manager"], who, days(7), "end of contract"))
	if !w.reads("staff", "Wren Sample") {
		t.Error("they see nothing a week before")
	}
	if _, err := login.Bearer(t.Context(), w.DB, "Bearer "+w.Tokens["staff"]); err != nil {
		t.Errorf("their token works no longer a week before: %v", err)
	}
	shift := w.giving("staff", grants.ShiftLead, sample.ChildrensHome)
	shift.Until = days(1)
	for _, g := range []grants.Giving{shift, w.giving("staff", grants.Inspector, sample.ChildrensHome)} {
		_, err := w.give("admin", g)
		w.must(err)
	}
	var roles, others int
	w.Scan(t, `select count(*) from app.role_held where actor_id = $1 and until_at > $2`, []any{int64(who), days(7)}, &roles)
	w.Scan(t, `select (select count(*) from app.grants where actor_id = $1 and valid_until > $2) + (select count(*) from app.token where actor_id = $1 and revoked_at > $2)`, []any{int64(who), days(7)}, &others)
	if roles+others != 0 {
		t.Errorf("%d roles and %d grants or tokens outlast the day on which they leave", roles, others)
	}
	w.must(grants.Return(t.Context(), w.DB, w.Actors["manager"], who, "stays after all"))
	var leaves *time.Time
	w.Scan(t, `select app.leaves_at($1)`, []any{int64(who)}, &leaves)
	if leaves != nil {
		t.Errorf("they are still going to leave, on %s", leaves)
	}
}

// The last way to an administrator does not leave.
func TestTheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Exec(t, `set session_replication_role = replica; update app.actor set subject = 's' || id, issuer = 'https://sign-in.example' where kind = 'person'`)
	_, err := w.give("admin", w.giving("dpo", grants.Administrator, ""))
	w.must(err)
	w.must(grants.Leave(t.Context(), w.DB, w.Actors["dpo"], w.Actors["admin"].ID, time.Time{}, "retires"))
	if _, err := people.Settings(t.Context(), w.DB, w.Actors["admin"]); !fault.Is(err, fault.NotFound) {
		t.Errorf("who has left administers: %v", err)
	}
	if err := grants.Leave(t.Context(), w.DB, w.Actors["dpo"], w.Actors["dpo"].ID, time.Time{}, "x"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("said of themselves: %v", err)
	}
	if err := grants.Leave(t.Context(), w.DB, access.Custodian(), w.Actors["dpo"].ID, time.Time{}, "x"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the last administrator left: %v", err)
	}
	if _, err := people.Settings(t.Context(), w.DB, w.Actors["dpo"]); err != nil {
		t.Errorf("the last administrator administers no longer: %v", err)
	}
}
