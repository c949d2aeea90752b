package portal_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"custodian/internal/access"
	"custodian/internal/grants"
	"custodian/internal/login"
)

// endRoles ends all roles of one of the people.
func (w *world) endRoles(who string) {
	w.t.Helper()
	var held int64
	w.Scan(w.t, `select id from app.role_held where actor_id = $1 and until_at > now()`, []any{w.Actors[who].ID}, &held)
	must(w.t, grants.End(w.t.Context(), w.DB, access.Custodian(), held))
}

type tokenView struct {
	ID, Token string
	Label     string
	RevokedAt *string   `json:"revoked_at"`
	LastAt    *string   `json:"last_used_at"`
	Expires   time.Time `json:"-"`
}

// newToken makes a token as the page does; who can be one that acts by a token.
func (w *world) newToken(who, label string, days int) tokenView {
	w.t.Helper()
	actor, err := login.Bearer(context.Background(), w.DB, "Bearer "+w.token(who))
	must(w.t, err)
	made, err := login.OwnToken(context.Background(), w.DB, actor, label, days)
	must(w.t, err)
	return tokenView{ID: number(made.ID), Token: made.Secret.Reveal(), Label: label, Expires: made.ExpiresAt}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with := func(secret string) answer {
		t.Helper()
		return w.try("", http.MethodGet, "/api/v1/me", nil, "Authorization", "Bearer "+secret)
	}
	made := w.newToken("staff", "laptop", 1)
	if a := with(made.Token); a.StatusCode != 200 || !strings.Contains(string(a.body), "Sam Example") {
		t.Fatalf("a fresh token: %d %s", a.StatusCode, a.body)
	}
	list := read[page[tokenView]](w.get("staff", "/api/v1/tokens")).Items
	if len(list) != 2 || list[0].ID != made.ID || list[0].Label != "laptop" || list[0].RevokedAt != nil || list[0].LastAt == nil || list[0].Token != "" {
		t.Errorf("tokens: %+v", list)
	}
	w.ok(404, "staff2", http.MethodPost, "/api/v1/tokens/"+made.ID+"/revoke", nil)
	w.ok(204, "staff", http.MethodPost, "/api/v1/tokens/"+made.ID+"/revoke", nil)
	w.ok(404, "staff", http.MethodPost, "/api/v1/tokens/"+made.ID+"/revoke", nil)
	w.ok(403, "staff", http.MethodPost, "/api/v1/tokens", map[string]any{"label": "laptop", "days": 1}) // a program makes none, whoever it acts for
	expired := w.newToken("staff", "old", 30)
	w.Exec(t, `alter table app.token disable trigger user`)
	w.Exec(t, `update app.token set expires_at = now() where id = $1::bigint`, expired.ID)
	w.Exec(t, `alter table app.token enable trigger user`)
	unknown := made.Token[:len(made.Token)-4] + "AAAA"
	said := map[string]bool{}
	for what, header := range map[string]string{"revoked": "Bearer " + made.Token, "out of date": "Bearer " + expired.Token, "unknown": "Bearer " + unknown,
		"none": "", "another scheme": "Basic " + made.Token, "empty": "Bearer ", "no prefix": "Bearer " + strings.TrimPrefix(made.Token, "custodian_"), "very long": "Bearer custodian_" + strings.Repeat("a", 1000)} {
		a := w.ok(401, "", http.MethodGet, "/api/v1/me", nil, "Authorization", header)
		said[string(a.body)] = true
		if len(said) > 1 {
			t.Errorf("%s: the answer tells which it is: %s", what, a.body)
		}
	}
}

// Only hashes are kept: no secret stands anywhere in the database.
func TestTokenSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newToken("staff", "laptop", 30)
	var n int
	w.Scan(t, `select count(*) from app.token where length(hash) = 32`, nil, &n)
	if n < 5 {
		t.Fatalf("%d tokens", n)
	}
	for _, secret := range append([]string{made.Token}, w.Tokens["staff"], w.Tokens["service"]) {
		bare := strings.TrimPrefix(secret, "custodian_")
		w.Scan(t, `select count(*) from (select t::text as row from app.token t union all select f::text from app.footprint f union all select u::text from app.token_use u) x
			where row like '%' || $1 || '%'`, []any{bare}, &n)
		if n != 0 {
			t.Errorf("a token's secret stands in %d rows", n)
		}
		if strings.Contains(w.log.String(), bare) {
			t.Error("a token's secret stands in the log")
		}
	}
}

// Whose role ends sees nothing from the next request on; the token still tells
// who they are.
func TestTokenOfSomebodyWhoseRoleEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.add("staff", w.library(), paper("policy", "2026-01-01", "x"))
	for _, path := range []string{w.library(), versionPath(v, "/content"), w.library() + "/as-at?date=2026-01-01"} {
		w.get("staff", path)
	}
	w.endRoles("staff")
	w.ok(404, "staff", http.MethodGet, w.library(), nil)
	w.ok(404, "staff", http.MethodGet, w.library()+"/as-at?date=2026-01-01", nil)
	w.ok(404, "staff", http.MethodGet, versionPath(v, "/content"), nil)
	w.ok(404, "staff", http.MethodGet, "/api/v1/documents/"+v.Document.ID+"/versions", nil)
	w.ok(404, "staff", http.MethodPost, w.library()+"/documents", paper("policy", "2026-01-01", "x"))
	if list := read[page[recordView]](w.get("staff", "/api/v1/records?kind=library")).Items; len(list) != 0 {
		t.Errorf("records: %+v", list)
	}
	if me := w.get("staff", "/api/v1/me").body; !strings.Contains(string(me), `"roles":[]`) {
		t.Errorf("me: %s", me)
	}
}
